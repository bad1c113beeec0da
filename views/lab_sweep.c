// The sweep: every trial as a line through its values (parallel coordinates), the best so far, how much each parameter
// matters, and a table, the best first.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "views/lab_parts.h"
#include "views/widgets/bars.h"
#include "views/widgets/dots.h"

// ---- the order of the table ---------------------------------------------------------------------------------

static double score_of(const struct lab_trial *trial) {
    return trial->state == TRIAL_RUNNING ? -HUGE_VAL : trial->state == TRIAL_DONE && !isnan(trial->score) ? trial->score : HUGE_VAL;
}

// By insertion, one after the other: the list is short, and mostly in order from the last time.
void lab_sweep_refresh(struct lab_state *state, const struct lab_view *lab) {
    for (size_t slot = 0; slot < lab->count; slot++) {
        const struct lab_trial *trial = &lab->trials[slot];
        if (trial->state == TRIAL_WAITING ||
            !vec_reserve(&state->trials, &state->trial_capacity, state->trial_count + 1, sizeof *state->trials))
            continue;
        size_t low = 0, high = state->trial_count;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (score_of(&lab->trials[state->trials[middle]]) <= score_of(trial))
                low = middle + 1;
            else
                high = middle;
        }
        memmove(state->trials + low + 1, state->trials + low, (state->trial_count - low) * sizeof *state->trials);
        state->trials[low] = slot;
        state->trial_count++;
    }
}

// ---- parallel coordinates -----------------------------------------------------------------------------------

enum owner { OWNER_REST, OWNER_GOOD, OWNER_BEST };

static void line(struct dots *dots, int x0, int y0, int x1, int y1, uint8_t owner) {
    for (int x = x0; x <= x1; x++) {
        double a = (double)(x - x0) / (double)(x1 - x0), b = (double)(x + 1 - x0) / (double)(x1 - x0);
        int from = y0 + (int)lround(a * (y1 - y0)), to = y0 + (int)lround(fmin(1, b) * (y1 - y0));
        dots_column(dots, x, from < to ? from : to, from < to ? to : from, owner);
    }
}

struct scale { // of the figure
    double low, high;
};

static struct scale scale_of(const struct lab_view *lab) {
    struct scale scale = {INFINITY, -INFINITY};
    for (size_t i = 0; i < lab->count; i++) {
        const struct lab_trial *trial = &lab->trials[i];
        if (trial->state != TRIAL_DONE || !isfinite(trial->figure))
            continue;
        scale.low = fmin(scale.low, trial->figure);
        scale.high = fmax(scale.high, trial->figure);
    }
    return scale;
}

// The place of a trial on axis `axis` of `count`, the last being its figure; 0 below, 1 above.
static double place(const struct lab_view *lab, size_t slot, size_t axis, struct scale scale) {
    size_t trial = slot / experiment_rungs(lab->plan);
    if (axis < lab->plan->axis_count)
        return experiment_place(lab->plan, trial, axis);
    return scale.high > scale.low ? (lab->trials[slot].figure - scale.low) / (scale.high - scale.low) : 0.5;
}

static void draw_trial(const struct lab_view *lab, struct dots *dots, size_t slot, struct scale scale, uint8_t owner) {
    size_t axes = lab->plan->axis_count + 1;
    int before_x = 0, before_y = 0;
    for (size_t i = 0; i < axes; i++) {
        double at = place(lab, slot, i, scale);
        int x = (int)((double)(dots->width - 1) * (double)i / (double)(axes - 1));
        int y = (int)lround((1 - fmin(1, fmax(0, isnan(at) ? 0 : at))) * (dots->height - 1));
        if (i > 0 && x > before_x)
            line(dots, before_x, before_y, x, y, owner);
        before_x = x;
        before_y = y;
    }
}

static void label_axis(const struct lab_view *lab, struct canvas *canvas, struct rect room, size_t axis,
                       struct scale scale) {
    size_t axes = lab->plan->axis_count + 1;
    const struct axis *varied = axis < lab->plan->axis_count ? &lab->plan->axes[axis] : NULL;
    char low[64] = "", high[64] = "";
    int x = room.x + (int)((double)(room.width - 1) * (double)axis / (double)(axes - 1));
    if (!varied && scale.high >= scale.low) {
        snprintf(low, sizeof low, "%.3g", scale.low);
        snprintf(high, sizeof high, "%.3g", scale.high);
    } else if (varied && varied->values[0]) {
        const char *last = strrchr(varied->values, '|');
        snprintf(low, sizeof low, "%.*s", (int)(strcspn(varied->values, "|") % 60), varied->values);
        snprintf(high, sizeof high, "%.60s", last ? last + 1 : varied->values);
    } else if (varied) {
        snprintf(low, sizeof low, "%.3g", varied->low);
        snprintf(high, sizeof high, "%.3g", varied->high);
    }
    const char *texts[] = {varied ? varied->name : lab->figure_name, high, low};
    int rows[] = {room.y, room.y + 1, room.y + room.height - 1};
    for (int i = 0; i < 3; i++) {
        int width = text_width(texts[i], strlen(texts[i])), left = axis == 0 ? x : axis + 1 == axes ? x - width + 1 : x - width / 2;
        canvas_text(canvas, left, rows[i], i == 0 ? style_bold(INK_TITLE) : style_ink(INK_DIM), texts[i]);
    }
}

static void draw_parallel(const struct lab_state *state, const struct lab_view *lab, struct canvas *canvas,
                          struct rect pane) {
    static const char letters[] = ".o*";
    const struct style styles[] = {style_ink(INK_FAINT), style_ink(INK_RUN), style_bold(INK_ACCENT)};
    struct rect room = rect_inset(canvas_pane(canvas, pane, false, "trials", "the best stand out"), 1, 0), plot = room;
    struct scale scale = scale_of(lab);
    struct dots dots = {0};
    struct error error;
    rect_take_top(&plot, 2);
    rect_take_bottom(&plot, 1);
    if (plot.width < 4 || plot.height < 2)
        return;
    if (dots_open(&dots, plot, canvas->ascii ? DOTS_ASCII : DOTS_BRAILLE, &error) == STATUS_OK) {
        for (size_t i = state->trial_count; i-- > 0;) { // the best last, on top of the others
            const struct lab_trial *trial = &lab->trials[state->trials[i]];
            if (trial->state == TRIAL_DONE && !isnan(trial->score))
                draw_trial(lab, &dots, state->trials[i], scale,
                           state->trials[i] == lab->best                ? OWNER_BEST
                           : i < (state->trial_count + 3) / 4           ? OWNER_GOOD
                                                                        : OWNER_REST);
        }
        dots_draw(&dots, canvas, styles, letters);
        dots_close(&dots);
    }
    for (size_t i = 0; i <= lab->plan->axis_count; i++)
        label_axis(lab, canvas, room, i, scale);
}

// ---- the best so far, and importance ----------------------------------------------------------------------------

static void draw_best(const struct lab_view *lab, struct canvas *canvas, struct rect pane) {
    double *each = mem_alloc(2 * lab->order_count + 1, sizeof *each), *best = each ? each + lab->order_count : NULL;
    const struct lab_trial *found = NULL;
    for (size_t i = 0; each && i < lab->order_count; i++) {
        const struct lab_trial *trial = &lab->trials[lab->order[i]];
        if (trial->state == TRIAL_DONE && !isnan(trial->score) && (!found || trial->score < found->score))
            found = trial;
        each[i] = trial->state == TRIAL_DONE ? trial->figure : (double)NAN;
        best[i] = found ? found->figure : (double)NAN;
    }
    struct plot_series series[] = {
        {.name = "runs", .y = each, .count = each ? lab->order_count : 0, .ink = INK_RUN, .line = PLOT_POINTS},
        {.name = "best", .y = best, .count = each ? lab->order_count : 0, .ink = INK_ACCENT},
    };
    struct plot plot = {.series = series, .count = 2, .auto_x = true, .auto_y = true, .x_label = "runs",
                        .empty = "no run has ended yet"};
    char note[64] = "";
    if (lab->best != SIZE_MAX)
        snprintf(note, sizeof note, "%.5g", lab->trials[lab->best].figure);
    struct rect inside = canvas_pane(canvas, pane, false, "best so far", note[0] ? note : NULL);
    plot_draw(canvas, inside, &plot);
    mem_free(each);
}

static void draw_importance(const struct lab_view *lab, struct canvas *canvas, struct rect pane) {
    struct bar bars[SWEEP_AXES_MOST];
    char texts[SWEEP_AXES_MOST][16];
    if (rect_empty(pane))
        return;
    for (size_t i = 0; i < lab->plan->axis_count; i++) {
        double share = lab->importance[i];
        snprintf(texts[i], sizeof texts[i], "-");
        if (!isnan(share))
            snprintf(texts[i], sizeof texts[i], "%.2f", share);
        bars[i] = (struct bar){.label = lab->plan->axes[i].name,
                               .value = isnan(share) ? 0 : share,
                               .text = texts[i],
                               .ink = INK_BAR};
    }
    struct rect inside = canvas_pane(canvas, pane, false, "importance", "share of variance");
    bars_draw(canvas, inside, bars, lab->plan->axis_count);
}

// ---- the table ---------------------------------------------------------------------------------------------------

enum sweep_column { TRIAL, RUN, EPOCHS, FIGURE, TIME, VALUES };

static void column(void *data, int64_t index, struct table_view_column *out) {
    const struct lab_sweep_data *sweep = data;
    const char *titles[] = {"trial", "run", "epochs", sweep->lab->figure_name, "time"};
    out->title = index < VALUES ? titles[index] : sweep->lab->plan->axes[index - VALUES].name;
    out->right = true;
}

static void cell(void *data, int64_t row, int64_t index, struct table_view_cell *out) {
    const struct lab_sweep_data *sweep = data;
    const struct lab_view *lab = sweep->lab;
    size_t slot = sweep->state->trials[row], trial = slot / experiment_rungs(lab->plan);
    const struct lab_trial *ran = &lab->trials[slot];
    if (slot == lab->best)
        out->style = style_bold(INK_GOOD);
    switch (index) {
    case TRIAL:
        snprintf(out->text, sizeof out->text, "%zu", trial);
        break;
    case RUN:
        snprintf(out->text, sizeof out->text, "%lld", (long long)ran->run);
        break;
    case EPOCHS:
        snprintf(out->text, sizeof out->text, "%llu", (unsigned long long)ran->final_row.epoch);
        break;
    case FIGURE:
        if (ran->state == TRIAL_RUNNING || ran->state == TRIAL_FAILED || isnan(ran->figure))
            snprintf(out->text, sizeof out->text, "%s", ran->state == TRIAL_RUNNING ? "at work" : "failed");
        else
            snprintf(out->text, sizeof out->text, "%.5g", ran->figure);
        break;
    case TIME:
        snprintf(out->text, sizeof out->text, "%.2f s", ran->seconds);
        break;
    default:
        experiment_value(lab->plan, trial, (size_t)(index - VALUES), out->text);
    }
}

struct table_view_model lab_sweep_table(struct lab_sweep_data *data, const struct lab_state *state,
                                        const struct lab_view *lab) {
    *data = (struct lab_sweep_data){state, lab};
    return (struct table_view_model){.data = data,
                                     .rows = (int64_t)state->trial_count,
                                     .columns = (int64_t)(VALUES + lab->plan->axis_count),
                                     .column = column,
                                     .cell = cell};
}

void lab_sweep_draw(const struct lab_state *state, const struct lab_view *lab, struct canvas *canvas,
                    const struct lab_places *at) {
    struct lab_sweep_data data;
    struct table_view_model model = lab_sweep_table(&data, state, lab);
    draw_parallel(state, lab, canvas, at->left);
    draw_best(lab, canvas, at->right);
    draw_importance(lab, canvas, at->lower_right);
    struct rect inside = canvas_pane(canvas, at->table, true, "runs, the best first", NULL);
    table_view_draw(canvas, inside, &model, &state->rows[EXPERIMENT_SWEEP], true);
}
