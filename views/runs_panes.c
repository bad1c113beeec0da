// What stands beside the table of runs: everything about one run, or in what several runs differ.
#include "views/runs_view.h"

#include <math.h>
#include <stdio.h>

#include "core/base/str.h"
#include "views/widgets/plot.h"

#define LABEL_WIDTH 17
#define CURVE_COLUMNS 160 // dots

// ---- lines of label and value, scrolled -------------------------------------------------------------------

struct lines {
    struct canvas *canvas;
    struct rect rect;
    int skip, row;
};

static void line(struct lines *lines, const char *label, struct style style, const char *value) {
    int y = lines->rect.y + lines->row++ - lines->skip;
    if (y < lines->rect.y || y >= lines->rect.y + lines->rect.height)
        return;
    int label_width = lines->rect.width < 2 * LABEL_WIDTH ? lines->rect.width / 2 : LABEL_WIDTH;
    canvas_field(lines->canvas, lines->rect.x, y, label_width - 1, TEXT_LEFT, style_ink(INK_DIM), label);
    canvas_field(lines->canvas, lines->rect.x + label_width, y, lines->rect.width - label_width, TEXT_LEFT, style,
                 value);
}

static void field_line(struct lines *lines, const char *label, const char *name, const struct run_record *run) {
    struct runs_field field;
    struct error error;
    char text[RUNS_TEXT_SIZE];
    if (runs_field_find(name, &field, &error))
        return;
    if (runs_field_text(&field, run, text)[0])
        line(lines, label, style_ink(INK_TEXT), text);
}

static void result_lines(struct lines *lines, const struct run_record *run) {
    char text[RUNS_TEXT_SIZE], best[64], train[TEXT_NUMBER_SIZE], val[TEXT_NUMBER_SIZE];
    struct runs_field field;
    struct error error;
    field_line(lines, "state", "state", run);
    if (run->final_row.epoch > 0) {
        snprintf(text, sizeof text, "%s training · %s validation",
                 text_real(run->final_row.train_loss, 4, NUMBER_SCREEN, train),
                 text_real(run->final_row.val_loss, 4, NUMBER_SCREEN, val));
        line(lines, "loss", style_ink(INK_TEXT), text);
    }
    field_line(lines, run->classify ? "accuracy" : "RMSE", "result", run);
    if (run->best_row.epoch > 0 && !runs_field_find("best", &field, &error)) {
        snprintf(best, sizeof best, "%.40s at epoch %llu", runs_field_text(&field, run, text),
                 (unsigned long long)run->best_row.epoch);
        line(lines, "best", style_bold(INK_GOOD), best);
    }
}

static void fact_lines(struct lines *lines, const struct run_record *run) {
    char text[1200], train[TEXT_NUMBER_SIZE], val[TEXT_NUMBER_SIZE], test[TEXT_NUMBER_SIZE];
    line(lines, "data", style_ink(INK_TEXT), run->data_path);
    if (run->train_rows > 0) {
        snprintf(text, sizeof text, "%s training · %s validation · %s test",
                 text_integer((int64_t)run->train_rows, NUMBER_SCREEN, train),
                 text_integer((int64_t)run->validation_rows, NUMBER_SCREEN, val),
                 text_integer((int64_t)run->test_rows, NUMBER_SCREEN, test));
        line(lines, "rows", style_ink(INK_TEXT), text);
    }
    snprintf(text, sizeof text, "%s · %s", run->device, run->precision);
    line(lines, "device", style_ink(INK_TEXT), text);
    field_line(lines, "started", "started", run);
    field_line(lines, "time", "seconds", run);
    field_line(lines, "epochs done", "done", run);
    field_line(lines, "steps", "steps", run);
    if (run->parent > 0) {
        snprintf(text, sizeof text, "run %lld, at step %s", (long long)run->parent,
                 text_integer((int64_t)run->begun, NUMBER_SCREEN, train));
        line(lines, "parent", style_ink(INK_TEXT), text);
    }
    line(lines, "checkpoint", style_ink(run->checkpoint[0] ? INK_TEXT : INK_DIM),
         run->checkpoint[0] ? run->checkpoint : "none: cannot be resumed");
}

// Those that are not at their default stand out.
static void parameter_lines(struct lines *lines, const struct run_record *run) {
    struct train_params defaults;
    params_defaults(&train_table, &defaults);
    for (size_t i = 0; i < train_table.count; i++) {
        char text[PARAM_TEXT_SIZE];
        const struct param *param = &train_table.rows[i];
        bool changed = !params_equal(param, &run->params, &defaults);
        params_get(param, &run->params, text);
        line(lines, param->label, changed ? style_bold(INK_NUMBER) : style_ink(INK_DIM), text[0] ? text : "-");
    }
}

// ---- the small curve --------------------------------------------------------------------------------------

static void draw_curve(const struct runs_state *state, struct canvas *canvas, struct rect rect) {
    static double x[2][TRACK_POINTS(CURVE_COLUMNS)], y[2][TRACK_POINTS(CURVE_COLUMNS)]; // too much for a stack
    struct plot_series series[2] = {{.name = "training", .ink = INK_TRAINING},
                                    {.name = "validation", .ink = INK_VALIDATION}};
    const struct track *tracks[2] = {&state->steps, &state->epochs};
    double end = 0;
    for (int i = 0; i < 2; i++)
        if (tracks[i]->count > 0)
            end = fmax(end, track_place(tracks[i], TRACK_EPOCHS, tracks[i]->count - 1));
    for (int i = 0; i < 2; i++) {
        series[i].x = x[i];
        series[i].y = y[i];
        series[i].count = track_reduce(tracks[i], i == 0 ? TRACK_LOSS_MEAN : TRACK_LOSS, TRACK_EPOCHS, 0, end,
                                       CURVE_COLUMNS, x[i], y[i]);
    }
    struct plot plot = {
        .series = series, .count = 2, .auto_x = true, .auto_y = true, .legend = true, .x_label = "epochs"};
    plot_draw(canvas, rect, &plot);
}

// ---- panes ------------------------------------------------------------------------------------------------

static void draw_detail(const struct runs_state *state, const struct run_record *run, struct canvas *canvas,
                        struct rect rect) {
    struct lines lines = {.canvas = canvas, .rect = rect_inset(rect, 1, 0), .skip = state->scroll};
    bool curve = state->shown == run->id && (state->steps.count > 0 || state->epochs.count > 0);
    if (curve && rect.height >= 24)
        draw_curve(state, canvas, rect_take_top(&lines.rect, rect.height / 3 < 12 ? rect.height / 3 : 12));
    line(&lines, "name", style_bold(INK_TITLE), run->name);
    if (run->note[0])
        line(&lines, "note", style_ink(INK_ACCENT), run->note);
    result_lines(&lines, run);
    fact_lines(&lines, run);
    line(&lines, "", (struct style){0}, "");
    parameter_lines(&lines, run);
}

static void difference_line(struct canvas *canvas, struct rect row, const char *label, struct style style,
                            const char *const *values, size_t count) {
    int label_width = row.width < 3 * LABEL_WIDTH ? row.width / 3 : LABEL_WIDTH;
    int width = (row.width - label_width) / (int)count;
    canvas_field(canvas, row.x, row.y, label_width - 1, TEXT_LEFT, style_ink(INK_DIM), label);
    for (size_t i = 0; i < count && width > 1; i++)
        canvas_field(canvas, row.x + label_width + (int)i * width, row.y, width - 1, TEXT_RIGHT, style, values[i]);
}

struct difference {
    const struct run_record *runs[RUNS_COMPARED_MOST];
    size_t count;
    char texts[RUNS_COMPARED_MOST][RUNS_TEXT_SIZE];
    const char *values[RUNS_COMPARED_MOST];
};

static bool read_field(struct difference *difference, const struct runs_field *field) {
    bool differs = false;
    for (size_t i = 0; i < difference->count; i++) {
        difference->values[i] = runs_field_text(field, difference->runs[i], difference->texts[i]);
        differs = differs || !text_equal(difference->values[i], difference->values[0]);
    }
    return differs;
}

static void named_line(struct difference *difference, struct canvas *canvas, struct rect *rect, const char *name,
                       const char *label, enum ink ink, bool always) {
    struct runs_field field;
    struct error error;
    if (rect->height > 0 && !runs_field_find(name, &field, &error) && (read_field(difference, &field) || always))
        difference_line(canvas, rect_take_top(rect, 1), label, style_bold(ink), difference->values, difference->count);
}

static void draw_difference(const struct runs_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                            struct rect rect) {
    struct difference difference = {.count = 0};
    difference.count = runs_compared(state, snapshot, difference.runs);
    rect = rect_inset(rect, 1, 0);
    if (difference.count < 2) {
        canvas_wrap(canvas, rect, 0, style_ink(INK_DIM), "Space chooses runs; here stands in what they differ.");
        return;
    }
    named_line(&difference, canvas, &rect, "id", "run", INK_TITLE, true);
    named_line(&difference, canvas, &rect, "data", "data", INK_WARNING, false);
    named_line(&difference, canvas, &rect, "model", "model", INK_TEXT, false);
    size_t same = 0;
    for (size_t i = 0; i < train_table.count; i++) {
        const struct param *param = &train_table.rows[i];
        struct runs_field field = {.name = param->name, .param = param};
        if (text_equal(param->name, "model"))
            continue;
        if (!read_field(&difference, &field))
            same++;
        else if (rect.height > 0)
            difference_line(canvas, rect_take_top(&rect, 1), param->label, style_ink(INK_NUMBER), difference.values,
                            difference.count);
    }
    named_line(&difference, canvas, &rect, "loss", "final loss", INK_TEXT, true);
    named_line(&difference, canvas, &rect, "result", "result", INK_TEXT, true);
    named_line(&difference, canvas, &rect, "best", "best", INK_GOOD, true);
    named_line(&difference, canvas, &rect, "seconds", "time", INK_TEXT, true);
    if (rect.height > 0)
        canvas_print(canvas, rect.x, rect.y, style_ink(INK_DIM), "%zu other parameters are the same.", same);
}

void runs_draw_pane(const struct runs_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                    struct rect rect) {
    const struct run_record *run = runs_selected(state, snapshot);
    char title[48] = "differences";
    if (state->pane == RUNS_PANE_DETAIL && run)
        snprintf(title, sizeof title, "run %lld", (long long)run->id);
    struct rect inside =
        canvas_pane(canvas, rect, state->pane_focused, title,
                    state->pane_focused || state->pane == RUNS_PANE_DIFFERENCE ? NULL : "Tab to scroll");
    struct rect old = canvas_clip(canvas, inside);
    if (state->pane == RUNS_PANE_DIFFERENCE)
        draw_difference(state, snapshot, canvas, inside);
    else if (run)
        draw_detail(state, run, canvas, inside);
    canvas_unclip(canvas, old);
}
