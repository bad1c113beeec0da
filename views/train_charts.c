// The two charts of the Train view: loss, and accuracy or RMSE.
#include "views/train_view.h"

#include <math.h>
#include <stdio.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "views/widgets/plot_export.h"
#include "views/widgets/plot_scale.h"

#define MARKS_MOST 64
#define NAME_SIZE 32

static const double decays[TRAIN_SMOOTHINGS] = {0, 0.6, 0.9, 0.98, 0.995};
static const char *const axis_names[TRACK_AXES] = {"epochs", "steps", "samples", "seconds"};

struct chart_curve {
    const struct track *track;
    enum track_line line;
    bool named; // in the legend
    char name[NAME_SIZE];
};

struct train_chart {
    struct plot plot;
    struct plot_series series[PLOT_SERIES_MOST];
    struct chart_curve curves[PLOT_SERIES_MOST];
    struct plot_mark marks[MARKS_MOST];
    double *points; // x and y of every series
    int columns;
};

double train_decay(int smoothing) {
    return decays[smoothing];
}

const struct plot *train_chart_plot(const struct train_chart *chart) {
    return &chart->plot;
}

static double track_end(const struct track *track, enum track_axis axis) {
    return track->count > 0 ? track_place(track, axis, track->count - 1) : 0;
}

double train_end(const struct train_state *state) {
    double end = 0;
    for (size_t i = 0; i < state->runs; i++)
        end = fmax(end, fmax(track_end(&state->steps[i], state->axis), track_end(&state->epochs[i], state->axis)));
    if (!(end > 0))
        return 1;
    double grain = exp2(floor(log2(end))) / 8;
    return state->growing ? grain * ceil(end / grain) : end;
}

void train_window(const struct train_state *state, double *low, double *high) {
    *low = state->zoomed ? state->low : 0;
    *high = state->zoomed ? state->high : train_end(state);
}

// ---- curves -----------------------------------------------------------------------------------------------

static bool has_values(const struct track *track, enum track_line line) {
    struct track_block range = track_range(track, line, 0, track->count);
    return range.low <= range.high;
}

static void add_curve(struct train_chart *chart, const struct track *track, enum track_line line, enum ink ink,
                      enum plot_line style, const char *name) {
    if (track->count == 0 || chart->plot.count == PLOT_SERIES_MOST)
        return;
    size_t at = chart->plot.count++;
    chart->series[at] = (struct plot_series){.ink = ink, .line = style};
    chart->curves[at] = (struct chart_curve){.track = track, .line = line, .named = name != NULL};
    snprintf(chart->curves[at].name, NAME_SIZE, "%s", name ? name : "every step");
    chart->series[at].name = chart->curves[at].name; // for files: the screen has a legend of its own
}

// The first in gray and dotted. Several differ by color and, up to five, by line; none is solid, as the run itself is.
static void add_overlay(struct train_chart *chart, const struct track *steps, const struct track *epochs,
                        enum track_line line, size_t index) {
    char name[NAME_SIZE];
    bool validation = has_values(epochs, line);
    const struct track *track = validation ? epochs : steps;
    snprintf(name, sizeof name, "run %lld%s", (long long)track->run, validation ? "" : " train");
    add_curve(chart, track, validation ? line : (enum track_line)(line + TRACK_LOSS_MEAN),
              index == 0 ? INK_RUN : theme_class_ink(index + 1), (enum plot_line)(PLOT_DASHED + (index + 1) % (PLOT_POINTS - PLOT_DASHED)), name);
}

static void choose_curves(struct train_chart *chart, const struct train_state *state, enum track_line line,
                          bool classify) {
    const struct track *steps = &state->steps[0], *epochs = &state->epochs[0];
    if (steps->decay > 0)
        add_curve(chart, steps, line, INK_DIM, PLOT_SOLID, NULL);
    for (size_t i = 1; i < state->runs; i++)
        if (state->steps[i].classify == classify || line == TRACK_LOSS)
            add_overlay(chart, &state->steps[i], &state->epochs[i], line, i - 1);
    add_curve(chart, steps, (enum track_line)(line + TRACK_LOSS_MEAN), INK_TRAINING, PLOT_SOLID, "training");
    if (has_values(epochs, line))
        add_curve(chart, epochs, line, INK_VALIDATION, PLOT_SOLID, "validation");
}

static void fill_series(struct train_chart *chart, const struct train_state *state) {
    size_t room = TRACK_POINTS(chart->columns);
    for (size_t i = 0; i < chart->plot.count; i++) {
        double *x = chart->points + 2 * i * room, *y = x + room;
        chart->series[i].x = x;
        chart->series[i].y = y;
        chart->series[i].count = track_reduce(chart->curves[i].track, chart->curves[i].line, state->axis,
                                              chart->plot.x_low, chart->plot.x_high, chart->columns, x, y);
    }
}

// ---- marks ------------------------------------------------------------------------------------------------

static double mark_place(const struct mark *mark, enum track_axis axis) {
    const double places[TRACK_AXES] = {mark->epoch, (double)mark->step, (double)mark->samples, mark->seconds};
    return places[axis];
}

// The newest ones inside the window; labels only where the next mark leaves room for one.
static void choose_marks(struct train_chart *chart, const struct train_state *state, const struct curve *curve,
                         bool labels) {
    double span = chart->plot.x_high - chart->plot.x_low, room = span * 6 / chart->columns;
    size_t first = curve->mark_count > MARKS_MOST ? curve->mark_count - MARKS_MOST : 0;
    for (size_t i = first; i < curve->mark_count; i++) {
        const struct mark *mark = &curve->marks[i];
        double x = mark_place(mark, state->axis);
        bool crowded = i + 1 < curve->mark_count && mark_place(&curve->marks[i + 1], state->axis) - x < room;
        bool quiet = mark->kind == EVENT_CHECKPOINT || !labels || crowded;
        chart->marks[chart->plot.mark_count++] = (struct plot_mark){
            .x = x,
            .label = quiet ? "" : mark->text,
            .ink = mark->kind == EVENT_CHECKPOINT || mark->kind == EVENT_ROWS ? INK_FAINT : INK_MARK};
    }
    chart->plot.marks = chart->marks;
}

// ---- the chart --------------------------------------------------------------------------------------------

static bool is_classification(const struct train_state *state, const struct snapshot *snapshot) {
    if (snapshot->run)
        return state->steps[0].classify;
    return !snapshot->source || snapshot->source->task == SOURCE_CLASSIFY;
}

static void set_axes(struct train_chart *chart, const struct train_state *state, bool percent, bool loss) {
    struct plot *plot = &chart->plot;
    train_window(state, &plot->x_low, &plot->x_high);
    plot->auto_y = !percent;
    plot->y_high = 100;
    plot->log_y = loss && state->log_loss;
    plot->cursor_shown = state->cursor_shown;
    plot->cursor = state->cursor;
    plot->x_label = axis_names[state->axis];
}

enum status train_chart_open(struct train_chart **out, const struct train_state *state, const struct snapshot *snapshot,
                             enum train_shown which, int columns, struct error *error) {
    struct train_chart *chart = mem_alloc(1, sizeof *chart);
    bool loss = which == TRAIN_LOSS;
    if (!chart)
        return error_memory(error, "a chart", sizeof *chart);
    chart->columns = columns > 1 ? columns : 1;
    chart->plot.series = chart->series;
    bool classify = is_classification(state, snapshot);
    set_axes(chart, state, !loss && classify, loss);
    choose_curves(chart, state, loss ? TRACK_LOSS : TRACK_METRIC, classify);
    size_t values = 2 * TRACK_POINTS(chart->columns) * (chart->plot.count + 1);
    chart->points = mem_alloc(values, sizeof *chart->points);
    if (!chart->points) {
        train_chart_close(chart);
        return error_memory(error, "a chart", values * sizeof(double));
    }
    fill_series(chart, state);
    if (state->steps[0].curve)
        choose_marks(chart, state, state->steps[0].curve, loss);
    chart->plot.empty = state->steps[0].out_of_memory ? "not enough memory for the curves" : "no points yet";
    *out = chart;
    return STATUS_OK;
}

void train_chart_close(struct train_chart *chart) {
    if (!chart)
        return;
    mem_free(chart->points);
    mem_free(chart);
}

enum { SLICES_PICTURE = 1000, SLICES_POINTS = 20000 };

static const char *chart_title(const struct train_state *state, const struct snapshot *snapshot, bool loss) {
    return loss ? "loss" : is_classification(state, snapshot) ? "accuracy" : "RMSE";
}

enum status train_charts_save(const struct train_state *state, const struct snapshot *snapshot, const char *path,
                              struct error *error) {
    struct train_chart *charts[2] = {NULL, NULL};
    struct plot_panel panels[2];
    size_t count = 0;
    int columns = text_ends(path, ".svg") ? SLICES_PICTURE : SLICES_POINTS;
    enum status status = STATUS_OK;
    if (!state->steps[0].curve)
        return error_set(error, STATUS_STATE, "there is no run yet whose curves could be written");
    for (int i = 0; i < 2 && !status; i++) {
        enum train_shown which = i == 0 ? TRAIN_LOSS : TRAIN_METRIC;
        if (state->shown != TRAIN_BOTH && state->shown != TRAIN_LAYERS && state->shown != which)
            continue;
        status = train_chart_open(&charts[count], state, snapshot, which, columns, error);
        if (!status) {
            panels[count] = (struct plot_panel){.title = chart_title(state, snapshot, i == 0), .plot = &charts[count]->plot};
            count++;
        }
    }
    if (!status)
        status = plot_save(panels, count, path, error);
    train_chart_close(charts[0]);
    train_chart_close(charts[1]);
    return status;
}

// ---- what stands on the frame of a chart -------------------------------------------------------------------

static char *value_text(double value, bool percent, char out[TEXT_NUMBER_SIZE]) {
    if (isnan(value))
        return snprintf(out, TEXT_NUMBER_SIZE, "-"), out;
    return percent ? text_fixed(value, 1, NUMBER_SCREEN, out) : text_real(value, 3, NUMBER_SCREEN, out);
}

static double newest_value(const struct chart_curve *curve) {
    return curve->track->count ? track_value(curve->track, curve->line, curve->track->count - 1) : (double)NAN;
}

#define SHORT_BELOW 60 // columns of a pane

static void legend_text(const struct train_chart *chart, const struct train_state *state, size_t i, bool narrow,
                        char *out, size_t size) {
    const struct chart_curve *curve = &chart->curves[i];
    char number[TEXT_NUMBER_SIZE];
    bool percent = !chart->plot.auto_y;
    double value = state->cursor_shown ? track_value_at(curve->track, curve->line, state->axis, state->cursor)
                                       : newest_value(curve);
    const char *name = curve->name;
    if (narrow && curve->track == &state->steps[0])
        name = "train";
    else if (narrow && curve->track == &state->epochs[0])
        name = "val";
    value_text(value, percent, number);
    snprintf(out, size, " %s %s%s", name, number, percent && !narrow && !isnan(value) ? " %" : "");
}

// From the right, in order of weight: validation, training, then other runs while there is room.
static void draw_legend(const struct train_chart *chart, const struct train_state *state, struct canvas *canvas,
                        struct rect pane, int used) {
    static const char letters[] = "*o+x#@%&=~$^vwzs"; // the ones plot.c gives to series on an ASCII canvas
    int x = pane.x + pane.width - 2;
    canvas_put(canvas, x, pane.y, (struct style){0}, ' ');
    for (size_t i = chart->plot.count; i-- > 0;) {
        char text[96];
        struct style style = style_ink(chart->series[i].ink);
        if (!chart->curves[i].named)
            continue;
        legend_text(chart, state, i, pane.width < SHORT_BELOW, text, sizeof text);
        int width = text_width(text, canvas->ascii) + 3;
        if (x - width < used)
            return;
        x -= width;
        canvas_put(canvas, x, pane.y, style, ' ');
        if (canvas->ascii)
            canvas_print(canvas, x + 1, pane.y, style, "%c%c", letters[i], letters[i]);
        else
            canvas_text(canvas, x + 1, pane.y, style, plot_line_sample(chart->series[i].line));
        canvas_text(canvas, x + 3, pane.y, style, text);
    }
}

static const struct step_metrics *cursor_step(const struct train_state *state) {
    const struct track *track = &state->steps[0];
    if (track->count == 0 || !state->cursor_shown)
        return NULL;
    size_t at = track_find(track, state->axis, state->cursor);
    bool after = at == track->count || track_place(track, state->axis, at) > state->cursor;
    return track_step(track, at > 0 && after ? at - 1 : at);
}

static void cursor_text(const struct step_metrics *point, char *out, size_t size) {
    char epoch[TEXT_NUMBER_SIZE], step[TEXT_NUMBER_SIZE], lr[TEXT_NUMBER_SIZE];
    snprintf(out, size, "epoch %s · step %s · lr %s · batch %u", text_fixed(point->epoch, 2, NUMBER_SCREEN, epoch),
             text_integer((int64_t)point->step, NUMBER_SCREEN, step),
             text_real((double)point->lr, 3, NUMBER_SCREEN, lr), point->batch);
}

static bool broken(const struct train_state *state, char *out, size_t size) {
    const struct track *track = &state->steps[0];
    char step[TEXT_NUMBER_SIZE];
    if (track->count == 0 || isfinite(track_value(track, TRACK_LOSS, track->count - 1)))
        return false;
    text_integer((int64_t)track_step(track, track->count - 1)->step, NUMBER_SCREEN, step);
    snprintf(out, size, "× step %s not finite · R rolls back", step);
    return true;
}

// The bottom line: what the cursor reads, what went wrong, or how the curves are drawn.
static void draw_foot(const struct train_state *state, struct canvas *canvas, struct rect pane, bool loss) {
    char text[128] = "", number[TEXT_NUMBER_SIZE];
    const struct step_metrics *point = cursor_step(state);
    struct style style = style_ink(INK_DIM);
    if (loss && broken(state, text, sizeof text))
        style = style_bold(INK_ERROR);
    else if (point && (loss || state->shown == TRAIN_METRIC))
        cursor_text(point, text, sizeof text), style = style_ink(INK_CURSOR);
    else if (state->zooming)
        snprintf(text, sizeof text, "zoom: + - and arrows · 0 whole · Esc done"), style = style_ink(INK_ACCENT);
    else if (state->zoomed)
        snprintf(text, sizeof text, "a part · 0 shows all"), style = style_ink(INK_ACCENT);
    else if (!loss && state->shown == TRAIN_BOTH)
        return;
    else if (train_decay(state->smoothing) > 0)
        snprintf(text, sizeof text, "%smean over %s steps", loss && state->log_loss ? "log · " : "",
                 text_real(1 / (1 - train_decay(state->smoothing)), 3, NUMBER_SCREEN, number));
    else
        snprintf(text, sizeof text, "%severy step", loss && state->log_loss ? "log · " : "");
    int most = pane.width - 5, y = pane.y + pane.height - 1;
    char cut[160];
    text_cut(text, most, canvas->ascii, cut, sizeof cut);
    canvas_print(canvas, pane.x + 2, y, style, " %s ", cut);
}

// A dot a cell is easily overlooked: while they are few, ends of epochs get a sign of their own. In ASCII each has one.
static void draw_epoch_signs(const struct train_chart *chart, struct canvas *canvas, struct rect inside) {
    const struct plot *plot = &chart->plot;
    const struct plot_series *series = plot->count > 0 ? &plot->series[plot->count - 1] : NULL;
    struct plot_frame frame = plot_measure(plot, inside);
    if (!series || canvas->ascii || series->ink != INK_VALIDATION ||
        series->count * 3 > (size_t)(frame.rect.width > 0 ? frame.rect.width : 0))
        return;
    for (size_t i = 0; i < series->count; i++) {
        double across = plot_share(series->x[i], frame.x_low, frame.x_high, false);
        double up = plot_share(series->y[i], frame.y_low, frame.y_high, plot->log_y);
        if (!(across >= 0 && across <= 1 && up >= 0 && up <= 1))
            continue;
        int x = frame.rect.x + (int)lround(across * (frame.rect.width - 1));
        int y = frame.rect.y + (int)lround((1 - up) * (frame.rect.height - 1));
        canvas_put(canvas, x, y, style_bold(INK_VALIDATION), 0x25CF);
    }
}

static void draw_selection(const struct train_state *state, struct canvas *canvas, struct rect inside) {
    int from = state->drag_from < state->drag_to ? state->drag_from : state->drag_to;
    int to = state->drag_from < state->drag_to ? state->drag_to : state->drag_from;
    if (state->dragging)
        canvas_paint_back(canvas,
                          rect_intersect(inside, (struct rect){from, inside.y, to - from + 1, inside.height - 1}),
                          INK_SELECTED);
}

void train_chart_draw(const struct train_state *state, const struct snapshot *snapshot, enum train_shown which,
                      struct canvas *canvas, struct rect pane) {
    struct train_chart *chart;
    struct error error;
    bool loss = which == TRAIN_LOSS;
    const char *title = chart_title(state, snapshot, loss);
    struct rect inside = canvas_pane(canvas, pane, false, title, NULL);
    if (train_chart_open(&chart, state, snapshot, which, 2 * inside.width, &error)) {
        canvas_wrap(canvas, inside, 0, style_ink(INK_ERROR), error.text);
        return;
    }
    plot_draw(canvas, inside, &chart->plot);
    draw_epoch_signs(chart, canvas, inside);
    draw_legend(chart, state, canvas, pane, pane.x + text_width(title, canvas->ascii) + 3);
    draw_foot(state, canvas, pane, loss);
    draw_selection(state, canvas, inside);
    train_chart_close(chart);
}
