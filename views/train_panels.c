// The header line and the panels below the curves of the Train view.
#include "views/train_view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "views/widgets/gauge.h"
#include "views/widgets/histogram.h"

#define GRAPH_MOST 512

bool train_alive(const struct snapshot *snapshot) {
    return snapshot->state == RUN_OPENING || snapshot->state == RUN_TRAINING || snapshot->state == RUN_PAUSED;
}

static const struct step_metrics *newest(const struct train_state *state) {
    const struct track *track = &state->steps[0];
    return track->count > 0 ? track_step(track, track->count - 1) : NULL;
}

static char *real_text(double value, int digits, char out[TEXT_NUMBER_SIZE]) {
    return isnan(value) ? (snprintf(out, TEXT_NUMBER_SIZE, "-"), out) : text_real(value, digits, NUMBER_SCREEN, out);
}

// ---- header -----------------------------------------------------------------------------------------------

static void progress_text(const struct train_state *state, const struct snapshot *snapshot, bool wide, char *out,
                          size_t size) {
    char epoch[TEXT_NUMBER_SIZE], step[TEXT_NUMBER_SIZE], total[TEXT_NUMBER_SIZE], rate[TEXT_NUMBER_SIZE], left[16];
    const struct step_metrics *last = newest(state);
    struct str text = {0};
    str_format(&text, "%s/%s", text_fixed(last ? last->epoch : 0, 1, NUMBER_SCREEN, epoch),
               text_integer(snapshot->params->epochs, NUMBER_SCREEN, total));
    str_format(&text, "%sstep %s", wide ? "   " : "  ",
               text_integer(last ? (int64_t)last->step : 0, NUMBER_SCREEN, step));
    if (snapshot->steps_total > 0)
        str_format(&text, "/%s", text_integer((int64_t)snapshot->steps_total, NUMBER_SCREEN, total));
    if (snapshot->samples_per_s > 0)
        str_format(&text, "%s%s samples/s", wide ? "   " : "  ",
                   text_count(snapshot->samples_per_s, NUMBER_SCREEN, rate));
    if (train_alive(snapshot) && isfinite(snapshot->seconds_left))
        str_format(&text, "%s%s left", wide ? "   " : "  ", clock_text(snapshot->seconds_left, left));
    snprintf(out, size, "%s", str_text(&text));
    str_free(&text);
}

static void draw_hint(const struct snapshot *snapshot, struct canvas *canvas, struct rect rect) {
    char text[ERROR_TEXT_SIZE + 64], epochs[TEXT_NUMBER_SIZE], batch[TEXT_NUMBER_SIZE];
    struct style style = style_ink(INK_TEXT);
    if (snapshot->source) {
        snprintf(text, sizeof text, "Space starts a run: %s, %s epochs in batches of %s.",
                 text_equal(snapshot->params->model, "auto") ? "the model that fits the data" : snapshot->params->model,
                 text_integer(snapshot->params->epochs, NUMBER_SCREEN, epochs),
                 text_integer(snapshot->params->batch, NUMBER_SCREEN, batch));
    } else if (snapshot->source_reason[0]) {
        snprintf(text, sizeof text, "Nothing to train on: %s", snapshot->source_reason);
        style = style_ink(INK_WARNING);
    } else {
        snprintf(text, sizeof text, "Nothing to train on yet: 1 goes to Data, where o opens a file.");
    }
    canvas_wrap(canvas, rect, 0, style, text);
}

static int draw_name(const struct snapshot *snapshot, struct canvas *canvas, int x, int y, int room) {
    char text[192], cut[192];
    snprintf(text, sizeof text, "run %lld", (long long)snapshot->run->record.id);
    int used = canvas_text(canvas, x, y, style_bold(INK_TITLE), text);
    snprintf(text, sizeof text, " · %s", snapshot->run->record.name);
    return used + canvas_text(canvas, x + used, y, style_ink(INK_TEXT),
                              text_cut(text, room - used, canvas->ascii, cut, sizeof cut));
}

void train_draw_header(const struct train_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                       struct rect rect) {
    char progress[160], seed[64];
    rect = rect_inset(rect, 1, 0);
    if (!snapshot->run) {
        draw_hint(snapshot, canvas, rect);
        return;
    }
    bool wide = rect.height == 1;
    const struct step_metrics *last = newest(state);
    double share = last && snapshot->params->epochs > 0 ? last->epoch / (double)snapshot->params->epochs : 0;
    snprintf(seed, sizeof seed, "%sseed %lld", snapshot->rows_join ? "new rows join · " : "",
             (long long)snapshot->params->seed);
    int seed_width = text_width(seed, canvas->ascii);
    progress_text(state, snapshot, wide, progress, sizeof progress);
    int used = draw_name(snapshot, canvas, rect.x, rect.y, wide ? rect.width / 3 : rect.width - seed_width - 2);
    canvas_text(canvas, rect.x + rect.width - seed_width, rect.y, style_ink(INK_DIM), seed);
    struct rect row = {rect.x, rect.y + 1, rect.width, 1};
    if (wide)
        row = (struct rect){rect.x + used + 3, rect.y, rect.width - used - seed_width - 6, 1};
    gauge_draw(canvas, row, "epoch", share, progress, snapshot->state == RUN_FAILED ? INK_ERROR : INK_GAUGE);
}

// ---- graphs over the window of the curves ------------------------------------------------------------------

static double samples_per_s(const struct track *track, size_t from, size_t to) {
    const struct step_metrics *first = track_step(track, from > 0 ? from - 1 : from), *last = track_step(track, to - 1);
    double seconds = last->seconds - first->seconds;
    return seconds > 0 ? (double)(last->samples - first->samples) / seconds : (double)NAN;
}

enum graph { GRAPH_GRADIENT, GRAPH_RATIO, GRAPH_SPEED };

static double graph_value(const struct track *track, enum graph graph, size_t from, size_t to) {
    if (graph == GRAPH_SPEED)
        return samples_per_s(track, from, to);
    struct track_block range = track_range(track, graph == GRAPH_RATIO ? TRACK_RATIO : TRACK_GRADIENT, from, to);
    return range.low <= range.high ? (double)range.high : (double)NAN;
}

// The largest value of each column; a column without a step keeps the value before it. Returns the columns used.
static size_t gather(const struct train_state *state, enum graph graph, size_t width, double *values) {
    double low, high, value = 0;
    const struct track *track = &state->steps[0];
    train_window(state, &low, &high);
    size_t row = track_find(track, state->axis, low), used = 0;
    for (size_t i = 0; i < width; i++) {
        double end = i + 1 < width ? low + (high - low) * (double)(i + 1) / (double)width : nextafter(high, INFINITY);
        size_t next = track_find(track, state->axis, end);
        double here = next > row ? graph_value(track, graph, row, next) : value;
        value = isnan(here) ? value : here;
        used = next > row ? i + 1 : used;
        values[i] = value;
        row = next;
    }
    return used;
}

#define WIDE_RANGE 100 // from here on heights are logarithmic

// Heights from a tenth below the least value on; false when the values lie close enough to be drawn as they are.
static bool to_logarithms(double *values, size_t count) {
    double least = INFINITY, most = 0;
    for (size_t i = 0; i < count; i++) {
        least = values[i] > 0 && values[i] < least ? values[i] : least;
        most = fmax(most, values[i]);
    }
    if (!(most > WIDE_RANGE * least))
        return false;
    for (size_t i = 0; i < count; i++)
        values[i] = values[i] > 0 ? log10(values[i] / least) + 0.1 * log10(most / least) : 0;
    return true;
}

// True when heights are logarithms.
static bool draw_graph(const struct train_state *state, struct canvas *canvas, struct rect rect, enum graph graph,
                       enum ink ink) {
    double values[GRAPH_MOST] = {0};
    size_t width = rect.width < GRAPH_MOST ? (size_t)(rect.width > 0 ? rect.width : 0) : GRAPH_MOST;
    if (state->steps[0].count == 0 || rect_empty(rect))
        return false;
    size_t used = gather(state, graph, width, values);
    bool logarithmic = graph != GRAPH_SPEED && to_logarithms(values, used);
    for (size_t i = used; i < width; i++)
        values[i] = 0;
    struct histogram_chart chart = {.counts = values, .bins = width, .ink = ink};
    histogram_draw(canvas, rect, &chart);
    return logarithmic;
}

// ---- panels -----------------------------------------------------------------------------------------------

static int figure(struct canvas *canvas, int x, int y, const char *label, const char *value) {
    int used = canvas_text(canvas, x, y, style_ink(INK_DIM), label) + 1;
    return used + canvas_text(canvas, x + used, y, style_bold(INK_NUMBER), value);
}

static void rate_text(const struct train_state *state, const struct snapshot *snapshot, char *out, size_t size) {
    char set[TEXT_NUMBER_SIZE], now[TEXT_NUMBER_SIZE];
    const struct step_metrics *last = newest(state);
    double lr = snapshot->params->lr;
    text_real(lr, 4, NUMBER_SCREEN, set);
    bool scheduled = train_alive(snapshot) && last && fabs((double)last->lr - lr) > 1e-3 * lr;
    if (scheduled)
        snprintf(out, size, "%s  now %s", set, text_real((double)last->lr, 3, NUMBER_SCREEN, now));
    else
        snprintf(out, size, "%s", set);
}

static void control(struct canvas *canvas, struct rect inside, int row, const char *label, const char *value,
                    const char *keys) {
    if (row >= inside.height)
        return;
    int y = inside.y + row, keys_width = text_width(keys, canvas->ascii);
    canvas_text(canvas, inside.x + 1, y, style_ink(INK_DIM), label);
    canvas_text(canvas, inside.x + 16, y, style_bold(INK_NUMBER), value);
    canvas_text(canvas, inside.x + inside.width - keys_width - 1, y, style_bold(INK_KEY), keys);
}

// What the optimizer keeps of earlier steps: its momentum, or its betas.
static const char *memory_text(const struct train_params *params, char *text, size_t size) {
    char first[TEXT_NUMBER_SIZE], second[TEXT_NUMBER_SIZE];
    bool betas = params_used(&train_table, params_find(&train_table, "beta1"), params, NULL);
    bool momentum = params_used(&train_table, params_find(&train_table, "momentum"), params, NULL);
    text_real(betas ? params->beta1 : params->momentum, 4, NUMBER_SCREEN, first);
    text_real(params->beta2, 6, NUMBER_SCREEN, second);
    snprintf(text, size, "%s%s%s", betas || momentum ? first : "all", betas ? " " : "", betas ? second : "");
    return betas ? "betas" : momentum ? "momentum" : "memory";
}

static void draw_memory(const struct train_params *params, struct canvas *canvas, struct rect inside, int row) {
    char text[2 * TEXT_NUMBER_SIZE];
    const char *label = memory_text(params, text, sizeof text);
    control(canvas, inside, row, label, text, ":");
}

static void draw_controls(const struct train_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                          struct rect pane) {
    const struct train_params *params = snapshot->params;
    struct rect inside = canvas_pane(canvas, pane, false, "controls", NULL);
    char text[160];
    rate_text(state, snapshot, text, sizeof text);
    control(canvas, inside, 0, "learning rate", text, "+ -");
    control(canvas, inside, 1, "batch size", text_integer(params->batch, NUMBER_SCREEN, text), "[ ]");
    draw_memory(params, canvas, inside, 2);
    control(canvas, inside, 3, "weight decay", text_real(params->weight_decay, 4, NUMBER_SCREEN, text), ":");
    control(canvas, inside, 4, "epochs", text_integer(params->epochs, NUMBER_SCREEN, text), ":");
    control(canvas, inside, 5, "schedule", params->schedule, "");
    control(canvas, inside, 6, "optimizer", params->optimizer, "");
    if (snapshot->weight_count > 0)
        control(canvas, inside, 7, "weights", text_integer((int64_t)snapshot->weight_count, NUMBER_SCREEN, text), "");
}

// Of the last epoch: how many of its steps had too long a gradient, and what fp16 multiplies gradients by; "" where
// neither is known.
static const char *gradient_note(const struct snapshot *snapshot, char text[48]) {
    const struct curve *curve = snapshot->run ? &snapshot->run->curve : NULL;
    const struct epoch_row *last = curve && curve->epoch_count > 0 ? &curve->epochs[curve->epoch_count - 1] : NULL;
    bool clips = last && snapshot->params->clip > 0 && !isnan(last->clipped), scales = last && last->scale > 0;
    int length = clips ? snprintf(text, 48, "clipped %.0f %%", 100 * last->clipped) : 0;
    text[length] = '\0';
    if (scales)
        snprintf(text + length, 48 - (size_t)length, "%sloss scale %.0f", clips ? ", " : "", last->scale);
    return text;
}

static void draw_gradient(const struct train_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                          struct rect pane) {
    char note[48];
    gradient_note(snapshot, note);
    struct rect inside = rect_inset(canvas_pane(canvas, pane, false, "gradient", note[0] ? note : NULL), 1, 0);
    char text[TEXT_NUMBER_SIZE];
    const struct step_metrics *last = newest(state);
    if (train_has_noise(snapshot))
        train_draw_noise(snapshot, canvas, rect_take_bottom(&inside, inside.height / 2 + 1));
    struct rect upper = rect_take_top(&inside, inside.height / 2), row = rect_take_top(&upper, 1);
    figure(canvas, row.x, row.y, "norm |g|", real_text(last ? (double)last->gradient_norm : (double)NAN, 3, text));
    if (draw_graph(state, canvas, upper, GRAPH_GRADIENT, INK_BAR))
        canvas_field(canvas, row.x + row.width - 4, row.y, 4, TEXT_RIGHT, style_ink(INK_DIM), "log");
    row = rect_take_top(&inside, 1);
    int used = figure(canvas, row.x, row.y, "update/weight",
                      real_text(last ? (double)last->update_ratio : (double)NAN, 3, text));
    bool logarithmic = draw_graph(state, canvas, inside, GRAPH_RATIO, INK_BAR_OTHER);
    if (used + 20 <= row.width)
        canvas_field(canvas, row.x + row.width - 18, row.y, 18, TEXT_RIGHT, style_ink(INK_DIM),
                     logarithmic ? "usual: 0.001  log" : "usual: 0.001");
}

static void device_text(const struct snapshot *snapshot, char *out, size_t size) {
    if (!snapshot->device.name[0])
        snprintf(out, size, "no run yet");
    else
        snprintf(out, size, "%s · %d %s · %s", snapshot->device.backend, snapshot->device.threads,
                 snapshot->device.threads == 1 ? "thread" : "threads", snapshot->device.precision);
}

static char *step_time_text(double microseconds, char out[TEXT_NUMBER_SIZE]) {
    char number[TEXT_NUMBER_SIZE];
    bool known = microseconds > 0 && isfinite(microseconds), slow = microseconds >= 1e4;
    text_real(slow ? microseconds / 1e3 : microseconds, 3, NUMBER_SCREEN, number);
    snprintf(out, TEXT_NUMBER_SIZE, "%.32s %s", known ? number : "-", slow ? "ms" : "µs");
    return out;
}

// "waits for data 3 %"; "" before there is a run.
static const char *wait_text(const struct snapshot *snapshot, char *out, size_t size) {
    double sum = run_times_sum(&snapshot->times);
    if (sum > 0)
        snprintf(out, size, "waits for data %.0f %%", 100 * snapshot->times.data / sum);
    return sum > 0 ? out : "";
}

static void draw_times(const struct snapshot *snapshot, struct canvas *canvas, struct rect row) {
    const struct run_times *times = &snapshot->times;
    double sum = run_times_sum(times);
    char text[160];
    if (!(sum > 0))
        return;
    int used = canvas_text(canvas, row.x, row.y, style_bold(INK_NUMBER), wait_text(snapshot, text, sizeof text)) + 2;
    struct str rest = {0};
    double read = times->reading + times->reader_waits;
    if (read > 0)
        str_format(&rest, "reading ahead waits %.0f %%  ", 100 * times->reader_waits / read);
    str_format(&rest, "steps %.0f %%  evaluation %.0f %%  records %.0f %%", 100 * times->steps / sum,
               100 * times->evaluation / sum, 100 * times->keeping / sum);
    if (times->rest > 0)
        str_format(&rest, "  rest %.0f %%", 100 * times->rest / sum);
    canvas_field(canvas, row.x + used, row.y, row.width - used, TEXT_LEFT, style_ink(INK_DIM), str_text(&rest));
    str_free(&rest);
}

static void draw_gpu(const struct telemetry_reading *gpu, struct canvas *canvas, struct rect row) {
    char text[200];
    enum ink ink = gpu->number == 1 && gpu->lost[0] ? INK_DIM : gpu->lost[0] ? INK_WARNING : INK_NUMBER;
    canvas_field(canvas, row.x, row.y, row.width, TEXT_LEFT, style_ink(ink), telemetry_text(gpu, text, sizeof text));
}

static void draw_device(const struct train_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                        struct rect pane) {
    struct rect inside = rect_inset(canvas_pane(canvas, pane, false, "device", NULL), 1, 0);
    char text[160], number[TEXT_NUMBER_SIZE];
    device_text(snapshot, text, sizeof text);
    struct rect row = rect_take_top(&inside, 1);
    int used = canvas_text(canvas, row.x, row.y, style_ink(INK_TEXT), text) + 2;
    canvas_field(canvas, row.x + used, row.y, row.width - used, TEXT_LEFT, style_ink(INK_DIM), snapshot->device.name);
    row = rect_take_top(&inside, 1);
    used = figure(canvas, row.x, row.y, "step", step_time_text(snapshot->microseconds_per_step, number)) + 3;
    figure(canvas, row.x + used, row.y, "samples/s",
           snapshot->samples_per_s > 0 ? text_count(snapshot->samples_per_s, NUMBER_SCREEN, number) : "-");
    draw_times(snapshot, canvas, rect_take_top(&inside, 1));
    if (snapshot->device.gpu.number > 0)
        draw_gpu(&snapshot->device.gpu, canvas, rect_take_top(&inside, 1));
    row = rect_take_bottom(&inside, 1);
    used =
        figure(canvas, row.x, row.y, "memory", text_bytes((double)snapshot->device.bytes, NUMBER_SCREEN, number)) + 3;
    if (snapshot->metrics_dropped > 0)
        canvas_print(canvas, row.x + used, row.y, style_ink(INK_WARNING), "%s points lost",
                     text_integer((int64_t)snapshot->metrics_dropped, NUMBER_SCREEN, number));
    draw_graph(state, canvas, inside, GRAPH_SPEED, INK_GAUGE);
}

// ---- everything in two lines --------------------------------------------------------------------------------

static int key_figure(struct canvas *canvas, int x, int y, const char *label, const char *value, const char *keys) {
    int used = figure(canvas, x, y, label, value) + 1;
    used += canvas_text(canvas, x + used, y, style_bold(INK_KEY), keys);
    return used + 2;
}

static void draw_compact(const struct train_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                         struct rect pane) {
    struct rect inside = rect_inset(canvas_pane(canvas, pane, false, NULL, NULL), 1, 0);
    const struct step_metrics *last = newest(state);
    char text[160], number[TEXT_NUMBER_SIZE];
    int x = inside.x, y = inside.y, end = inside.x + inside.width;
    struct rect old = canvas_clip(canvas, inside);
    rate_text(state, snapshot, text, sizeof text);
    x += key_figure(canvas, x, y, "learning rate", text, "+ -");
    x += key_figure(canvas, x, y, "batch", text_integer(snapshot->params->batch, NUMBER_SCREEN, number), "[ ]");
    const char *memory = memory_text(snapshot->params, text, sizeof text);
    x += figure(canvas, x, y, memory, text) + 2;
    if (x + 14 <= end)
        figure(canvas, x, y, "decay", text_real(snapshot->params->weight_decay, 3, NUMBER_SCREEN, number));
    x = inside.x;
    y++;
    x += figure(canvas, x, y, "|g|", real_text(last ? (double)last->gradient_norm : (double)NAN, 2, number)) + 1;
    draw_graph(state, canvas, (struct rect){x, y, 8, 1}, GRAPH_GRADIENT, INK_BAR);
    x += 10;
    x += figure(canvas, x, y, "update/weight", real_text(last ? (double)last->update_ratio : (double)NAN, 2, number)) +
         2;
    if (!train_has_noise(snapshot) || inside.width >= 90) // the noise scale says more than the time of a step
        x += figure(canvas, x, y, "step", step_time_text(snapshot->microseconds_per_step, number)) + 2;
    if (train_has_noise(snapshot))
        train_noise_short(snapshot, text, sizeof text);
    else if (wait_text(snapshot, text, sizeof text)[0] == '\0')
        device_text(snapshot, text, sizeof text);
    canvas_field(canvas, x, y, end - x, TEXT_LEFT, style_ink(INK_DIM), text);
    if (snapshot->metrics_dropped > 0)
        canvas_field(canvas, end - 14, inside.y, 14, TEXT_RIGHT, style_ink(INK_WARNING), "points lost");
    canvas_unclip(canvas, old);
}

void train_draw_panels(const struct train_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                       const struct train_places *at) {
    if (!rect_empty(at->compact))
        draw_compact(state, snapshot, canvas, at->compact);
    if (rect_empty(at->controls))
        return;
    draw_controls(state, snapshot, canvas, at->controls);
    draw_gradient(state, snapshot, canvas, at->gradient);
    draw_device(state, snapshot, canvas, at->device);
}
