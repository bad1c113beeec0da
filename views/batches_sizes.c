// What a batch size costs and brings: figures of the present one, a table of all, noise against size.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "views/batches_parts.h"
#include "views/widgets/plot.h"

#define EPOCHS_LOOKED 4096 // of a run, from its end

size_t batches_updates(const struct batches_cut *cut, size_t size) {
    size_t rows = cut->plan->rows, full = rows / size;
    return full + (rows % size && (!cut->dropped || full == 0));
}

char *batches_noise_text(double noise, char out[TEXT_NUMBER_SIZE]) {
    char number[TEXT_NUMBER_SIZE];
    if (isnan(noise))
        snprintf(out, TEXT_NUMBER_SIZE, "-");
    else
        snprintf(out, TEXT_NUMBER_SIZE, "%.32s", text_percent(noise, noise < 0.00995 ? 2 : 1, NUMBER_SCREEN, number));
    return out;
}

char *batches_time_text(double seconds, char out[TEXT_NUMBER_SIZE]) {
    static const char *const units[] = {"µs", "ms", "s"};
    char number[TEXT_NUMBER_SIZE];
    int unit = seconds < 0.9995e-3 ? 0 : seconds < 0.9995 ? 1 : 2;
    text_real(seconds * (unit == 0 ? 1e6 : unit == 1 ? 1e3 : 1), 3, NUMBER_SCREEN, number);
    snprintf(out, TEXT_NUMBER_SIZE, "%.32s %s", seconds > 0 ? number : "-", units[unit]);
    return out;
}

// ---- measured speed -------------------------------------------------------------------------------------

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// A paced run says nothing about speed; another model, other data or another device nothing about this one.
static bool comparable(const struct run_record *run, const struct snapshot *snapshot) {
    const struct train_params *a = &run->params, *b = snapshot->params;
    bool same_model = text_equal(a->model, b->model) && text_equal(a->hidden, b->hidden) && a->dropout == b->dropout;
    bool same_device = text_equal(a->device, b->device) && a->threads == b->threads &&
                       text_equal(a->precision, b->precision) &&
                       (!snapshot->device.name[0] || text_equal(run->device, snapshot->device.name));
    return same_model && same_device && a->pace == 0 && run->train_rows == snapshot->source->part_count[PART_TRAIN] &&
           snapshot->dataset && text_equal(base_name(run->data_path), base_name(snapshot->dataset->path));
}

static void note_row(struct batches_state *state, const struct snapshot *snapshot, const struct epoch_row *row,
                     bool earlier) {
    for (size_t i = 0; i < snapshot->batches.size_count && i < BATCH_SIZES_MOST; i++) {
        struct batch_speed *speed = &state->speeds[i];
        if ((int64_t)snapshot->batches.sizes[i].size == row->batch && row->samples_per_s > 0 && speed->samples_per_s == 0)
            *speed = (struct batch_speed){row->samples_per_s, earlier};
    }
}

static void note_curve(struct batches_state *state, const struct snapshot *snapshot, const struct run_view *run) {
    const struct curve *curve = &run->curve;
    size_t looked = curve->epoch_count < EPOCHS_LOOKED ? curve->epoch_count : EPOCHS_LOOKED;
    if (comparable(&run->record, snapshot))
        for (size_t i = 0; i < looked; i++)
            note_row(state, snapshot, &curve->epochs[curve->epoch_count - 1 - i], !run->live);
}

// The newest measurement counts: this run's, then those laid over, then the store's from new to old.
void batches_find_speeds(struct batches_state *state, const struct snapshot *snapshot) {
    memset(state->speeds, 0, sizeof state->speeds);
    if (!snapshot->source)
        return;
    if (snapshot->run && batches_alive(snapshot) && snapshot->samples_per_s > 0 && snapshot->params->pace == 0) {
        struct epoch_row now = {.batch = snapshot->params->batch, .samples_per_s = snapshot->samples_per_s};
        note_row(state, snapshot, &now, false);
    }
    if (snapshot->run)
        note_curve(state, snapshot, snapshot->run);
    for (size_t i = 0; i < snapshot->overlay_count; i++)
        note_curve(state, snapshot, snapshot->overlays[i]);
    for (size_t i = 0; i < snapshot->run_count; i++)
        if (comparable(&snapshot->runs[i], snapshot))
            note_row(state, snapshot, &snapshot->runs[i].final_row, true);
}

static size_t present(const struct snapshot *snapshot) {
    size_t at = 0;
    while (at < snapshot->batches.size_count && snapshot->batches.sizes[at].size != (size_t)snapshot->params->batch)
        at++;
    return at;
}

static bool fits(const struct snapshot *snapshot, size_t index) {
    uint64_t room = snapshot->batches.memory_free;
    return room == 0 || snapshot->batches.sizes[index].bytes <= room;
}

// ---- figures --------------------------------------------------------------------------------------------

enum figure { FIGURE_UPDATES, FIGURE_ALL, FIGURE_BYTES, FIGURE_MEMORY, FIGURE_NOISE, FIGURE_SPEED, FIGURES };

struct figure_text {
    const char *label;
    char value[96], note[96];
    bool bad;
};

static void say_memory(const struct snapshot *snapshot, struct figure_text *out) {
    char number[TEXT_NUMBER_SIZE];
    size_t at = present(snapshot);
    uint64_t bytes = at < snapshot->batches.size_count ? snapshot->batches.sizes[at].bytes : 0;
    if (!bytes) {
        snprintf(out->value, sizeof out->value, "-");
        return;
    }
    snprintf(out->value, sizeof out->value, "≈ %s", text_bytes((double)bytes, NUMBER_SCREEN, number));
    if (snapshot->batches.memory_free)
        snprintf(out->note, sizeof out->note, "of %s free on the %s",
                 text_bytes((double)snapshot->batches.memory_free, NUMBER_SCREEN, number), snapshot->batches.device);
    out->bad = !fits(snapshot, at);
}

static void say_updates(const struct batches_cut *cut, struct figure_text *out) {
    char a[TEXT_NUMBER_SIZE];
    snprintf(out->value, sizeof out->value, "%s",
             text_integer((int64_t)batches_updates(cut, cut->size), NUMBER_SCREEN, a));
    if (cut->size > cut->plan->rows)
        snprintf(out->note, sizeof out->note, "larger than the training rows");
    else if (cut->rest)
        snprintf(out->note, sizeof out->note, cut->dropped ? "%s row%s left out" : "the last one of %s row%s",
                 text_integer((int64_t)cut->rest, NUMBER_SCREEN, a), cut->rest == 1 ? "" : "s");
    out->bad = cut->size > cut->plan->rows;
}

static void say_speed(const struct batches_state *state, const struct snapshot *snapshot, struct figure_text *out) {
    char number[TEXT_NUMBER_SIZE];
    size_t at = present(snapshot);
    double rate = at < BATCH_SIZES_MOST && at < snapshot->batches.size_count ? state->speeds[at].samples_per_s : 0;
    if (!(rate > 0)) {
        snprintf(out->value, sizeof out->value, "not measured yet");
        return;
    }
    snprintf(out->value, sizeof out->value, "%s", batches_time_text((double)snapshot->params->batch / rate, number));
    snprintf(out->note, sizeof out->note, "%s samples/s%s", text_count(rate, NUMBER_SCREEN, number),
             state->speeds[at].earlier ? ", earlier run" : "");
}

static size_t bytes_of_row(const struct source *source) {
    return (size_t)shape_count(source->sample) * dtype_size(source->dtype);
}

static void say(const struct batches_state *state, const struct snapshot *snapshot, const struct batches_cut *cut,
                enum figure figure, struct figure_text *out) {
    char a[TEXT_NUMBER_SIZE], b[TEXT_NUMBER_SIZE];
    static const char *const labels[FIGURES] = {"updates an epoch", "updates in all",  "bytes a batch",
                                                "memory",           "noise of shares", "a step"};
    int64_t updates = (int64_t)batches_updates(cut, cut->size);
    *out = (struct figure_text){.label = labels[figure]};
    switch (figure) {
    case FIGURE_UPDATES:
        say_updates(cut, out);
        break;
    case FIGURE_ALL:
        snprintf(out->value, sizeof out->value, "%s",
                 text_integer(updates * snapshot->params->epochs, NUMBER_SCREEN, a));
        snprintf(out->note, sizeof out->note, "%s epochs", text_integer(snapshot->params->epochs, NUMBER_SCREEN, b));
        break;
    case FIGURE_BYTES:
        snprintf(out->value, sizeof out->value, "%s",
                 text_bytes((double)cut->size * (double)bytes_of_row(cut->plan->source), NUMBER_SCREEN, a));
        snprintf(out->note, sizeof out->note, "%s a row",
                 text_bytes((double)bytes_of_row(cut->plan->source), NUMBER_SCREEN, b));
        break;
    case FIGURE_MEMORY:
        say_memory(snapshot, out);
        break;
    case FIGURE_NOISE:
        snprintf(out->value, sizeof out->value, "%s", batches_noise_text(batch_plan_measured(cut->plan, cut->size), a));
        snprintf(out->note, sizeof out->note, "theory %s",
                 batches_noise_text(batch_plan_error(cut->plan, cut->size), b));
        break;
    case FIGURE_SPEED:
        say_speed(state, snapshot, out);
        break;
    case FIGURES:
        break;
    }
}

void batches_figures_draw(const struct batches_state *state, const struct snapshot *snapshot,
                          const struct batches_cut *cut, struct canvas *canvas, struct rect area) {
    char title[64], number[TEXT_NUMBER_SIZE];
    snprintf(title, sizeof title, "batch size %s", text_integer(snapshot->params->batch, NUMBER_SCREEN, number));
    struct rect inside = rect_inset(canvas_pane(canvas, area, false, title, "[ ]"), 1, 0);
    struct rect old = canvas_clip(canvas, inside);
    for (int i = 0; i < FIGURES; i++) {
        struct rect row = rect_take_top(&inside, 1);
        struct figure_text text;
        say(state, snapshot, cut, (enum figure)i, &text);
        canvas_field(canvas, row.x, row.y, 17, TEXT_LEFT, style_ink(INK_DIM), text.label);
        int used = canvas_text(canvas, row.x + 18, row.y, style_bold(text.bad ? INK_ERROR : INK_NUMBER), text.value);
        int x = row.x + 18 + (used > 11 ? used + 2 : 13);
        canvas_text(canvas, x, row.y, style_ink(text.bad ? INK_ERROR : INK_DIM), text.note);
    }
    canvas_unclip(canvas, old);
}

// Figures side by side, as many as there is room for.
static void draw_line(const struct batches_state *state, const struct snapshot *snapshot, const struct batches_cut *cut,
                      const enum figure *figures, struct canvas *canvas, struct rect row) {
    int x = row.x, end = row.x + row.width;
    for (size_t i = 0; figures[i] != FIGURES; i++) {
        struct figure_text text;
        say(state, snapshot, cut, figures[i], &text);
        int label = text_width(text.label, canvas->ascii), value = text_width(text.value, canvas->ascii);
        int note = text_width(text.note, canvas->ascii);
        if (x + label + 1 + value > end)
            return;
        canvas_text(canvas, x, row.y, style_ink(INK_DIM), text.label);
        canvas_text(canvas, x + label + 1, row.y, style_bold(text.bad ? INK_ERROR : INK_NUMBER), text.value);
        x += label + value + 3;
        if (note && x - 1 + note <= end) {
            canvas_text(canvas, x - 1, row.y, style_ink(text.bad ? INK_ERROR : INK_DIM), text.note);
            x += note + 2;
        }
    }
}

void batches_summary_draw(const struct batches_state *state, const struct snapshot *snapshot,
                          const struct batches_cut *cut, struct canvas *canvas, struct rect area) {
    static const enum figure lines[][3] = {{FIGURE_UPDATES, FIGURE_NOISE, FIGURES},
                                           {FIGURE_MEMORY, FIGURE_ALL, FIGURES},
                                           {FIGURE_SPEED, FIGURE_BYTES, FIGURES}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines && area.height > 0; i++)
        draw_line(state, snapshot, cut, lines[i], canvas, rect_take_top(&area, 1));
}

// ---- the table ------------------------------------------------------------------------------------------

enum size_column { SIZE_ROWS, SIZE_UPDATES, SIZE_MEMORY, SIZE_NOISE, SIZE_THEORY, SIZE_STEP, SIZE_SPEED, SIZE_COLUMNS };

struct sizes_data {
    const struct batches_state *state;
    const struct snapshot *snapshot;
    const struct batches_cut *cut;
};

static void size_column(void *data, int64_t column, struct table_view_column *out) {
    static const struct {
        const char *title;
        int width;
    } columns[SIZE_COLUMNS] = {{"size", 6},   {"updates", 9}, {"memory", 9}, {"noise", 7},
                               {"theory", 7}, {"step", 7},    {"rows/s", 7}};
    (void)data;
    out->title = columns[column].title;
    out->width = columns[column].width;
    out->right = true;
}

static void say_size(const struct sizes_data *from, size_t index, enum size_column column, char *text, size_t room) {
    const struct batch_size *size = &from->snapshot->batches.sizes[index];
    const struct batch_plan *plan = from->cut->plan;
    const struct batch_speed *speed = &from->state->speeds[index];
    char number[TEXT_NUMBER_SIZE] = "";
    switch (column) {
    case SIZE_ROWS:
        text_integer((int64_t)size->size, NUMBER_SCREEN, number);
        break;
    case SIZE_UPDATES:
        text_integer((int64_t)batches_updates(from->cut, size->size), NUMBER_SCREEN, number);
        break;
    case SIZE_MEMORY:
        if (size->bytes)
            text_bytes((double)size->bytes, NUMBER_SCREEN, number);
        break;
    case SIZE_NOISE:
        batches_noise_text(batch_plan_measured(plan, size->size), number);
        break;
    case SIZE_THEORY:
        batches_noise_text(batch_plan_error(plan, size->size), number);
        break;
    case SIZE_STEP:
        if (speed->samples_per_s > 0)
            batches_time_text((double)size->size / speed->samples_per_s, number);
        break;
    case SIZE_SPEED:
        if (speed->samples_per_s > 0)
            text_count(speed->samples_per_s, NUMBER_SCREEN, number);
        break;
    case SIZE_COLUMNS:
        break;
    }
    snprintf(text, room, "%s%s", column == SIZE_MEMORY && !fits(from->snapshot, index) ? "✗ " : "", number);
}

static void size_cell(void *data, int64_t row, int64_t column, struct table_view_cell *out) {
    const struct sizes_data *from = data;
    size_t index = (size_t)row;
    bool now = from->snapshot->batches.sizes[index].size == (size_t)from->snapshot->params->batch;
    say_size(from, index, (enum size_column)column, out->text, sizeof out->text);
    out->style = style_ink(column == SIZE_THEORY ? INK_DIM : INK_TEXT);
    if (column >= SIZE_STEP && from->state->speeds[index].earlier)
        out->style = style_ink(INK_DIM);
    if (column == SIZE_ROWS)
        out->style = style_ink(INK_NUMBER);
    if (now)
        out->style = style_bold(INK_ACCENT);
    if (!fits(from->snapshot, index) || from->snapshot->batches.sizes[index].size > from->cut->plan->rows)
        out->style = (struct style){.fg = column == SIZE_MEMORY ? INK_ERROR : INK_DIM,
                                    .attributes = column == SIZE_MEMORY ? 0 : STYLE_STRIKE};
}

static struct table_view_model sizes_model(struct sizes_data *data, const struct batches_state *state,
                                           const struct snapshot *snapshot, const struct batches_cut *cut) {
    *data = (struct sizes_data){state, snapshot, cut};
    return (struct table_view_model){.data = data,
                                     .rows = (int64_t)snapshot->batches.size_count,
                                     .columns = SIZE_COLUMNS,
                                     .column = size_column,
                                     .cell = size_cell};
}

// Until the table is gone into, the present size is the one shown as chosen.
static struct table_view_state shown_state(const struct batches_state *state, const struct snapshot *snapshot) {
    struct table_view_state shown = state->sizes;
    if (state->pane != BATCHES_SIZES)
        shown.row = (int64_t)present(snapshot);
    return shown;
}

void batches_sizes_draw(const struct batches_state *state, const struct snapshot *snapshot,
                        const struct batches_cut *cut, struct canvas *canvas, struct rect area) {
    struct sizes_data data;
    struct table_view_model model = sizes_model(&data, state, snapshot, cut);
    struct table_view_state shown = shown_state(state, snapshot);
    char note[64] = "", number[TEXT_NUMBER_SIZE];
    if (snapshot->batches.memory_free)
        snprintf(note, sizeof note, "%s free: %s", snapshot->batches.device,
                 text_bytes((double)snapshot->batches.memory_free, NUMBER_SCREEN, number));
    bool focused = state->pane == BATCHES_SIZES;
    struct rect inside = rect_inset(canvas_pane(canvas, area, focused, "batch sizes", note[0] ? note : NULL), 1, 0);
    table_view_draw(canvas, inside, &model, &shown, focused);
}

bool batches_sizes_request(struct batches_state *state, const struct snapshot *snapshot, const struct batches_cut *cut,
                           struct rect area, bool ascii, enum request request) {
    struct sizes_data data;
    struct table_view_model model = sizes_model(&data, state, snapshot, cut);
    return table_view_request(&state->sizes, &model, rect_inset(area, 2, 1), ascii, request);
}

bool batches_sizes_event(struct batches_state *state, const struct snapshot *snapshot, const struct batches_cut *cut,
                         struct rect area, bool ascii, const struct input_event *input) {
    struct sizes_data data;
    struct table_view_model model = sizes_model(&data, state, snapshot, cut);
    return table_view_event(&state->sizes, &model, rect_inset(area, 2, 1), ascii, input);
}

// ---- noise against size ---------------------------------------------------------------------------------

void batches_noise_draw(const struct snapshot *snapshot, const struct batches_cut *cut, struct canvas *canvas,
                        struct rect area) {
    double x[BATCH_SIZES_MOST], theory[BATCH_SIZES_MOST], measured[BATCH_SIZES_MOST];
    size_t count = 0;
    for (size_t i = 0; i < snapshot->batches.size_count && i < BATCH_SIZES_MOST; i++) {
        size_t size = snapshot->batches.sizes[i].size;
        if (size >= cut->plan->rows)
            break;
        x[count] = (double)size;
        theory[count] = 100 * batch_plan_error(cut->plan, size);
        measured[count++] = 100 * batch_plan_measured(cut->plan, size);
    }
    struct plot_series series[] = {
        {.name = "theory", .x = x, .y = theory, .count = count, .ink = INK_RUN, .line = PLOT_DOTTED},
        {.name = "measured", .x = x, .y = measured, .count = count, .ink = INK_TRAINING, .line = PLOT_SOLID}};
    char label[48], number[TEXT_NUMBER_SIZE];
    snprintf(label, sizeof label, "batch %s", text_integer((int64_t)cut->size, NUMBER_SCREEN, number));
    struct plot_mark mark = {(double)cut->size, label, INK_MARK};
    struct plot plot = {.series = series,
                        .count = 2,
                        .marks = &mark,
                        .mark_count = 1,
                        .auto_x = true,
                        .auto_y = true,
                        .log_x = true,
                        .log_y = true,
                        .legend = true,
                        .x_label = "rows a batch",
                        .empty = "one row: no noise"};
    char title[80];
    snprintf(title, sizeof title, "noise of %s shares, %%", cut->plan->ranges ? "range" : "class");
    plot_draw(canvas, canvas_pane(canvas, area, false, title, NULL), &plot);
}
