// The race: losses of all batch sizes over each other, samples to the target against batch size with the fitted line,
// and a table.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "views/lab_parts.h"

// ---- curves -----------------------------------------------------------------------------------------------------

static void add_curve(struct lab_state *state, const struct reach_point *points, size_t count, double rows,
                      int64_t batch) {
    size_t at = state->series;
    if (count == 0 || at == PLOT_SERIES_MOST)
        return;
    for (size_t i = 0; i < count; i++) {
        state->x[at][i] = lab_x_of(state->x_axis, &points[i], rows);
        state->y[at][i] = points[i].loss;
    }
    state->points[at] = count;
    snprintf(state->names[at], sizeof state->names[at], "%lld", (long long)batch);
    state->series++;
}

// The first seed of every batch size, and the run at work.
void lab_race_refresh(struct lab_state *state, const struct snapshot *snapshot, const struct lab_view *lab) {
    struct reach_point live[TRIAL_CURVE];
    for (size_t i = 0; i < lab->plan->batch_count; i++) {
        const struct lab_trial *trial = &lab->trials[i];
        double rows = trial->final_row.epoch > 0 ? (double)trial->final_row.samples / (double)trial->final_row.epoch : 0;
        if (trial->state == TRIAL_RUNNING && snapshot->run && snapshot->run->record.id == trial->run)
            add_curve(state, live, lab_live_curve(lab, snapshot->run, live), (double)snapshot->run->record.train_rows,
                      lab->plan->batches[i]);
        else if (trial->curve)
            add_curve(state, trial->curve, trial->curve_count, rows, lab->plan->batches[i]);
    }
}

static void draw_curves(const struct lab_state *state, struct canvas *canvas, struct rect pane) {
    struct plot_series series[PLOT_SERIES_MOST];
    char note[64];
    for (size_t i = 0; i < state->series; i++)
        series[i] = (struct plot_series){.name = state->names[i],
                                         .x = state->x[i],
                                         .y = state->y[i],
                                         .count = state->points[i],
                                         .ink = theme_class_ink(i),
                                         .line = plot_line_of(i)};
    struct plot plot = {.series = series,
                        .count = state->series,
                        .auto_x = true,
                        .auto_y = true,
                        .log_y = state->log_y,
                        .legend = true,
                        .x_label = lab_x_names[state->x_axis],
                        .empty = "the first run is on its way"};
    snprintf(note, sizeof note, "%sx: %s", state->log_y ? "log · " : "", lab_x_names[state->x_axis]);
    struct rect inside = canvas_pane(canvas, pane, false, "loss by batch size", note);
    plot_draw(canvas, inside, &plot);
}

// ---- the trade-off ------------------------------------------------------------------------------------------------

enum { LINE = 64, DRAWN_MOST = 512 };

static size_t fill_points(const struct lab_view *lab, double *x, double *y) {
    size_t count = 0;
    for (size_t i = 0; i < lab->count && count < DRAWN_MOST; i++) {
        if (!lab->trials[i].reached)
            continue;
        x[count] = (double)lab->plan->batches[i % lab->plan->batch_count];
        y[count++] = lab->trials[i].at.samples;
    }
    return count;
}

static void draw_tradeoff(const struct lab_view *lab, struct canvas *canvas, struct rect pane) {
    double x[DRAWN_MOST], y[DRAWN_MOST], line_x[LINE], line_y[LINE];
    struct plot_series series[2];
    char note[64] = "", label[32];
    struct plot plot = {.series = series,
                        .auto_x = true,
                        .auto_y = true,
                        .log_x = true,
                        .log_y = true,
                        .x_label = "batch",
                        .empty = "no run has reached the target yet"};
    double low = (double)lab->plan->batches[0], high = (double)lab->plan->batches[lab->plan->batch_count - 1];
    for (size_t i = 0; i < LINE && lab->fitted; i++) {
        line_x[i] = low * pow(high / low, (double)i / (LINE - 1));
        line_y[i] = lab->fit.e_min + lab->fit.s_min * line_x[i];
    }
    if (lab->fitted)
        series[plot.count++] = (struct plot_series){
            .name = "fitted", .x = line_x, .y = line_y, .count = LINE, .ink = INK_ACCENT};
    series[plot.count] = (struct plot_series){
        .name = "runs", .x = x, .y = y, .count = fill_points(lab, x, y), .ink = INK_TRAINING, .line = PLOT_POINTS};
    plot.count++;
    snprintf(label, sizeof label, "%.3g", lab->fit.critical_batch);
    struct plot_mark mark = {.x = lab->fit.critical_batch, .label = label, .ink = INK_MARK};
    if (lab->fitted && lab->fit.resolved && mark.x >= low && mark.x <= high) {
        plot.marks = &mark;
        plot.mark_count = 1;
    }
    if (lab->has_target)
        snprintf(note, sizeof note, "to %s %.3g", isnan(lab->plan->target_accuracy) ? "loss" : "accuracy", lab->target);
    struct rect inside = canvas_pane(canvas, pane, false, "samples", note[0] ? note : NULL);
    plot_draw(canvas, inside, &plot);
}

// ---- the table -------------------------------------------------------------------------------------------------------

enum race_column { BATCH, RATE, STEP_TIME, SPEED, MEMORY, STEPS, SAMPLES, SECONDS, BEST, FINAL, RUNS, COLUMNS };

static void column(void *data, int64_t index, struct table_view_column *out) {
    static const char *const titles[COLUMNS] = {"batch",   "rate",       "ms/step", "samples/s", "memory", "steps",
                                                "samples", "seconds to", "best",    "final",     "runs"};
    (void)data;
    out->title = titles[index];
    out->right = true;
}

static void put_spread(char *out, size_t room, struct spread spread, double scale, int digits) {
    if (isnan(spread.sd))
        snprintf(out, room, "%.*f", digits, scale * spread.mean);
    else
        snprintf(out, room, "%.*f ± %.*f", digits, scale * spread.mean, digits, scale * spread.sd);
}

static void cell(void *data, int64_t index, int64_t which, struct table_view_cell *out) {
    const struct lab_view *lab = data;
    const struct race_row *row = &lab->rows[index];
    double scale = lab->classify ? 100 : 1;
    int digits = lab->classify ? 1 : 4;
    char number[TEXT_NUMBER_SIZE];
    bool soonest = lab->soonest == (size_t)index;
    out->missing = which > BATCH && which != RUNS && (row->done == 0 || (which >= STEPS && which <= SECONDS && row->reached == 0));
    if (out->missing)
        return;
    switch ((enum race_column)which) {
    case BATCH:
        snprintf(out->text, sizeof out->text, "%lld", (long long)row->batch);
        break;
    case RATE:
        snprintf(out->text, sizeof out->text, "%.4g", row->lr);
        break;
    case STEP_TIME:
        snprintf(out->text, sizeof out->text, "%.4g", 1e3 * row->step_seconds);
        break;
    case SPEED:
        snprintf(out->text, sizeof out->text, "%s", text_count(row->samples_per_s, NUMBER_SCREEN, number));
        break;
    case MEMORY:
        snprintf(out->text, sizeof out->text, "%s", text_bytes((double)row->bytes, NUMBER_SCREEN, number));
        break;
    case STEPS:
        put_spread(out->text, sizeof out->text, row->steps, 1, 0);
        break;
    case SAMPLES:
        put_spread(out->text, sizeof out->text, row->samples, 1, 0);
        break;
    case SECONDS:
        put_spread(out->text, sizeof out->text, row->seconds, 1, 3);
        break;
    case BEST:
        put_spread(out->text, sizeof out->text, row->best, scale, digits);
        break;
    case FINAL:
        put_spread(out->text, sizeof out->text, row->final, scale, digits);
        break;
    case RUNS:
        snprintf(out->text, sizeof out->text, "%zu", row->done);
        break;
    case COLUMNS:
        break;
    }
    if (soonest)
        out->style = style_bold(INK_GOOD);
}

struct table_view_model lab_race_table(const struct lab_view *lab) {
    return (struct table_view_model){.data = (void *)(uintptr_t)lab, // the callbacks only read it
                                     .rows = (int64_t)lab->row_count,
                                     .columns = COLUMNS,
                                     .column = column,
                                     .cell = cell};
}

static void describe(const struct lab_view *lab, char *out, size_t room) {
    const struct tradeoff *fit = &lab->fit;
    size_t used = 0;
    out[0] = '\0';
    if (!lab->fitted)
        return;
    if (fit->resolved && !isnan(fit->low))
        snprintf(out, room, "critical batch %.3g (%.3g … %.3g)", fit->critical_batch, fit->low, fit->high);
    else if (fit->resolved)
        snprintf(out, room, "critical batch %.3g", fit->critical_batch);
    else
        snprintf(out, room, "critical batch unresolved");
    used = strlen(out);
    if (lab->soonest != SIZE_MAX)
        snprintf(out + used, room - used, " · soonest here: %lld", (long long)lab->rows[lab->soonest].batch);
}

void lab_race_draw(const struct lab_state *state, const struct snapshot *snapshot, const struct lab_view *lab,
                   struct canvas *canvas, const struct lab_places *at) {
    struct table_view_model model = lab_race_table(lab);
    char note[160];
    (void)snapshot;
    draw_curves(state, canvas, at->left);
    draw_tradeoff(lab, canvas, at->right);
    describe(lab, note, sizeof note);
    struct rect inside = canvas_pane(canvas, at->table, true, "batch sizes", note[0] ? note : NULL);
    table_view_draw(canvas, inside, &model, &state->rows[EXPERIMENT_RACE], true);
}
