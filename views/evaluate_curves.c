// Curves of one class against the rest, what a threshold gives and costs, and how far chances can be believed.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "views/evaluate_parts.h"
#include "views/widgets/histogram.h"
#include "views/widgets/plot.h"

// ---- ROC and precision–recall --------------------------------------------------------------------------------------

static void draw_waiting(struct canvas *canvas, struct rect rect, const char *title) {
    struct rect inside = canvas_pane(canvas, rect, false, title, NULL);
    canvas_field(canvas, inside.x + 1, inside.y, inside.width - 2, TEXT_LEFT, style_ink(INK_DIM), "working it out …");
}

static void set_plot(struct evaluate_chart *chart, size_t count, const char *x_label) {
    chart->plot = (struct plot){
        .series = chart->series, .count = count, .x_high = 1, .y_high = 1, .x_label = x_label};
}

// What guessing would give, the curve, and where the threshold is on it.
static void set_curve(struct evaluate_chart *chart, const char *name, const struct curve_points *points, double at_x,
                      double at_y, const char *x_label) {
    chart->at[0] = at_x;
    chart->at[1] = at_y;
    chart->series[0] = (struct plot_series){
        .x = chart->ends[0], .y = chart->ends[1], .count = 2, .ink = INK_FAINT, .line = PLOT_DOTTED};
    chart->series[1] = (struct plot_series){
        .name = name, .x = points->x, .y = points->y, .count = points->count, .ink = INK_VALIDATION};
    chart->series[2] = (struct plot_series){
        .x = &chart->at[0], .y = &chart->at[1], .count = 1, .ink = INK_CURSOR, .line = PLOT_POINTS};
    set_plot(chart, 3, x_label);
    chart->plot.cursor_shown = isfinite(at_x);
    chart->plot.cursor = at_x;
}

static void set_ends(struct evaluate_chart *chart, double x0, double y0, double x1, double y1) {
    chart->ends[0][0] = x0;
    chart->ends[0][1] = x1;
    chart->ends[1][0] = y0;
    chart->ends[1][1] = y1;
}

static void roc_chart(const struct evaluate_state *state, const struct measurement *made,
                      const struct class_curves *curves, struct evaluate_chart *chart) {
    struct threshold_figures at = ranking_at(&curves->ranking, state->threshold, 1, 1);
    snprintf(chart->title, sizeof chart->title, "ROC of %.100s", evaluate_class(made, curves->of_class));
    set_ends(chart, 0, 0, 1, 1);
    set_curve(chart, "ROC", &curves->roc, 1 - at.specificity, at.recall, "false positive rate");
}

static void precision_recall_chart(const struct evaluate_state *state, const struct class_curves *curves,
                                   struct evaluate_chart *chart) {
    const struct ranking *ranking = &curves->ranking;
    double base = (double)ranking->positives / fmax(1, (double)(ranking->positives + ranking->negatives));
    struct threshold_figures at = ranking_at(ranking, state->threshold, 1, 1);
    bool defined = at.true_positive + at.false_positive > 0;
    snprintf(chart->title, sizeof chart->title, "precision and recall");
    set_ends(chart, 0, base, 1, base);
    set_curve(chart, "precision", &curves->precision_recall, at.recall, defined ? at.precision : (double)NAN, "recall");
}

static void draw_curve(struct canvas *canvas, struct rect rect, const struct evaluate_chart *chart, double area) {
    char note[64], number[TEXT_NUMBER_SIZE];
    bool narrow = rect.width < 44; // no room for all words
    if (isnan(area))
        snprintf(note, sizeof note, "not defined");
    else
        snprintf(note, sizeof note, "%s%s", narrow ? "" : "area ", text_fixed(area, 4, NUMBER_SCREEN, number));
    plot_draw(canvas, canvas_pane(canvas, rect, false, chart->title, note), &chart->plot);
}

void evaluate_curves_draw(const struct evaluate_page_context *page) {
    const struct class_curves *curves = page->snapshot->evaluate.curves;
    static const struct layout_part halves[] = {{.weight = 1}, {.weight = 1}};
    struct evaluate_chart roc = {0}, pairs = {0};
    struct rect rects[2];
    if (!curves) {
        draw_waiting(page->canvas, page->rect, "curves");
        return;
    }
    if (page->rect.width >= 72)
        layout_columns(page->rect, halves, 2, 0, rects);
    else
        layout_rows(page->rect, halves, 2, 0, rects);
    roc_chart(page->state, page->made, curves, &roc);
    precision_recall_chart(page->state, curves, &pairs);
    draw_curve(page->canvas, rects[0], &roc, curves->auc);
    draw_curve(page->canvas, rects[1], &pairs, curves->average_precision);
}

// ---- the threshold ----------------------------------------------------------------------------------------------------

#define THRESHOLDS 201

enum { SWEEP_THRESHOLD, SWEEP_PRECISION, SWEEP_RECALL, SWEEP_F1, SWEEP_COST, SWEEPS };

// Returns how many precisions there are: where no row is taken, there is none.
static size_t make_sweep(const struct ranking *ranking, int balance, double sweep[SWEEPS][THRESHOLDS]) {
    double false_positive, false_negative;
    size_t precise = 0;
    evaluate_costs(balance, &false_positive, &false_negative);
    double most = fmax(1, fmax(false_positive * (double)ranking->negatives, false_negative * (double)ranking->positives));
    for (int i = 0; i < THRESHOLDS; i++) {
        double threshold = (double)i / (THRESHOLDS - 1);
        struct threshold_figures at = ranking_at(ranking, threshold, false_positive, false_negative);
        sweep[SWEEP_THRESHOLD][i] = threshold;
        sweep[SWEEP_PRECISION][i] = at.precision;
        sweep[SWEEP_RECALL][i] = at.recall;
        sweep[SWEEP_F1][i] = at.f1;
        sweep[SWEEP_COST][i] = at.cost / most;
        precise += at.true_positive + at.false_positive > 0;
    }
    return precise;
}

static void threshold_chart(const struct evaluate_state *state, const struct measurement *made,
                            const struct class_curves *curves, struct evaluate_chart *chart) {
    double(*sweep)[THRESHOLDS] = mem_alloc(SWEEPS, sizeof *sweep);
    snprintf(chart->title, sizeof chart->title, "%.100s against the rest", evaluate_class(made, curves->of_class));
    set_plot(chart, sweep ? 4 : 0, "threshold");
    chart->plot.legend = true;
    chart->plot.cursor_shown = true;
    chart->plot.cursor = state->threshold > 1 ? 1 : state->threshold;
    chart->own = sweep ? sweep[0] : NULL;
    if (!sweep)
        return;
    size_t precise = make_sweep(&curves->ranking, state->balance, sweep);
    chart->series[0] = (struct plot_series){.name = "precision", .ink = INK_CLASS_0};
    chart->series[1] = (struct plot_series){.name = "recall", .ink = INK_CLASS_1, .line = PLOT_DASHED};
    chart->series[2] = (struct plot_series){.name = "F1", .ink = INK_CLASS_2};
    chart->series[3] = (struct plot_series){.name = "cost", .ink = INK_CLASS_5, .line = PLOT_DOTTED};
    for (int i = 0; i < 4; i++) {
        chart->series[i].x = sweep[SWEEP_THRESHOLD];
        chart->series[i].y = sweep[SWEEP_PRECISION + i];
        chart->series[i].count = i == 0 ? precise : THRESHOLDS;
    }
}

static struct rect sweep_rect(struct rect rect) {
    rect_take_right(&rect, rect.width >= 100 ? 44 : 34);
    return rect;
}

static void draw_square(const struct evaluate_page_context *page, const struct threshold_figures *at, struct rect *rect) {
    const uint64_t counts[2][2] = {{at->true_positive, at->false_negative}, {at->false_positive, at->true_negative}};
    static const char *const heads[] = {"taken", "not taken"};
    struct canvas *canvas = page->canvas;
    const char *name = evaluate_class(page->made, page->snapshot->evaluate.of_class);
    int label = rect->width - 20 > 6 ? rect->width - 20 : 6;
    struct rect row = rect_take_top(rect, 1);
    for (int k = 0; k < 2; k++)
        canvas_field(canvas, row.x + label + 9 * k, row.y, 9 + 2 * k, TEXT_RIGHT, style_ink(INK_DIM), heads[k]);
    for (int truth = 0; truth < 2; truth++) {
        char text[TEXT_NUMBER_SIZE];
        row = rect_take_top(rect, 1);
        canvas_field(canvas, row.x, row.y, label, TEXT_LEFT, style_ink(INK_TEXT), truth == 0 ? name : "the rest");
        for (int k = 0; k < 2; k++)
            canvas_field(canvas, row.x + label + 9 * k, row.y, 9 + 2 * k, TEXT_RIGHT,
                         style_bold(truth == k ? INK_GOOD : INK_WARNING),
                         text_integer((int64_t)counts[truth][k], NUMBER_SCREEN, text));
    }
    rect_take_top(rect, 1);
}

static void draw_at_threshold(const struct evaluate_page_context *page, const struct class_curves *curves,
                              struct rect rect) {
    double false_positive, false_negative;
    char text[3][TEXT_NUMBER_SIZE], title[96];
    evaluate_costs(page->state->balance, &false_positive, &false_negative);
    struct threshold_figures at =
        ranking_at(&curves->ranking, page->state->threshold, false_positive, false_negative);
    snprintf(title, sizeof title, "at %s", text_fixed(at.threshold, 3, NUMBER_SCREEN, text[0]));
    rect = rect_inset(canvas_pane(page->canvas, rect, false, title, "← → moves it"), 1, 0);
    draw_square(page, &at, &rect);
    struct evaluate_line lines[] = {{.name = "precision"},   {.name = "recall"},    {.name = "specificity"},
                                    {.name = "F1"},          {.name = "accuracy"},  {.name = "an alarm costs"},
                                    {.name = "a miss costs"}, {.name = "all cost"}, {.name = "cheapest (m)"}};
    const double figures[] = {at.precision, at.recall, at.specificity, at.f1, at.accuracy};
    for (int i = 0; i < 5; i++)
        text_fixed(figures[i], 4, NUMBER_SCREEN, lines[i].value);
    evaluate_number(false_positive, text[1]);
    evaluate_number(false_negative, text[2]);
    snprintf(lines[5].value, sizeof lines[5].value, "%.20s  ↓ raises it", text[1]);
    snprintf(lines[6].value, sizeof lines[6].value, "%.20s  ↑ raises it", text[2]);
    text_count(at.cost, NUMBER_SCREEN, lines[7].value);
    text_fixed(ranking_cheapest(&curves->ranking, false_positive, false_negative), 3, NUMBER_SCREEN, lines[8].value);
    evaluate_lines(page->canvas, rect, lines, sizeof lines / sizeof *lines);
}

void evaluate_threshold_draw(const struct evaluate_page_context *page) {
    const struct class_curves *curves = page->snapshot->evaluate.curves;
    struct rect rect = sweep_rect(page->rect), side = page->rect;
    struct evaluate_chart chart = {0};
    if (!curves) {
        draw_waiting(page->canvas, page->rect, "threshold");
        return;
    }
    rect_take_left(&side, rect.width);
    threshold_chart(page->state, page->made, curves, &chart);
    plot_draw(page->canvas, canvas_pane(page->canvas, rect, true, chart.title, NULL), &chart.plot);
    draw_at_threshold(page, curves, side);
    evaluate_chart_clear(&chart);
}

bool evaluate_threshold_move(struct evaluate_state *state, enum request request) {
    double by = request == REQUEST_RIGHT       ? 0.01
                : request == REQUEST_LEFT      ? -0.01
                : request == REQUEST_PAGE_UP   ? 0.1
                : request == REQUEST_PAGE_DOWN ? -0.1
                                               : 0;
    int costs = request == REQUEST_UP ? 1 : request == REQUEST_DOWN ? -1 : 0;
    bool ends = request == REQUEST_FIRST_COLUMN || request == REQUEST_LAST_COLUMN;
    if (ends)
        state->threshold = request == REQUEST_LAST_COLUMN;
    else if (by != 0)
        state->threshold = fmin(1, fmax(0, round(state->threshold * 100) / 100 + by));
    state->balance += costs;
    state->balance = state->balance > 6 ? 6 : state->balance < -6 ? -6 : state->balance;
    return ends || by != 0 || costs != 0;
}

bool evaluate_threshold_click(struct evaluate_state *state, const struct snapshot *snapshot, struct rect rect, int x,
                              int y) {
    struct evaluate_chart chart = {0};
    if (!snapshot->evaluate.curves)
        return false;
    threshold_chart(state, snapshot->evaluate.made, snapshot->evaluate.curves, &chart);
    struct plot_frame frame = plot_measure(&chart.plot, rect_inset(sweep_rect(rect), 1, 1));
    bool hit = rect_contains(frame.rect, x, y);
    if (hit)
        state->threshold = fmin(1, fmax(0, round(plot_x_at(&chart.plot, &frame, x) * 100) / 100));
    evaluate_chart_clear(&chart);
    return hit;
}

// ---- calibration ----------------------------------------------------------------------------------------------------------

static void calibration_chart(const struct measurement *made, struct evaluate_chart *chart) {
    const struct class_figures *of = &made->figures.of_classes;
    size_t count = 0;
    double *x = mem_alloc(2 * CALIBRATION_BINS, sizeof *x), *y = x + CALIBRATION_BINS;
    for (int i = 0; x && i < CALIBRATION_BINS; i++) {
        if (of->bins[i].rows == 0)
            continue;
        x[count] = of->bins[i].confidence;
        y[count++] = of->bins[i].accuracy;
    }
    snprintf(chart->title, sizeof chart->title, "share that was right");
    set_ends(chart, 0, 0, 1, 1);
    chart->own = x;
    chart->series[0] = (struct plot_series){
        .x = chart->ends[0], .y = chart->ends[1], .count = 2, .ink = INK_DIM, .line = PLOT_DOTTED};
    chart->series[1] = (struct plot_series){.name = "share right", .x = x, .y = y, .count = count, .ink = INK_VALIDATION};
    set_plot(chart, x ? 2 : 0, "chance it gave");
}

static void draw_diagram(const struct evaluate_page_context *page, struct rect rect) {
    struct evaluate_chart chart = {0};
    char note[64], ece[TEXT_NUMBER_SIZE];
    calibration_chart(page->made, &chart);
    snprintf(note, sizeof note, "ECE %s", evaluate_number(page->made->figures.of_classes.ece, ece));
    rect = canvas_pane(page->canvas, rect, true, chart.title, note);
    plot_draw(page->canvas, rect, &chart.plot);
    struct rect inside = plot_measure(&chart.plot, rect).rect;
    for (size_t i = 0; chart.own && i < chart.series[1].count; i++) // one bin alone is no line
        canvas_put(page->canvas, inside.x + (int)lround(chart.series[1].x[i] * (inside.width - 1)),
                   inside.y + (int)lround((1 - chart.series[1].y[i]) * (inside.height - 1)), style_bold(INK_VALIDATION),
                   0x25CF);
    evaluate_chart_clear(&chart);
}

static void draw_counts(const struct evaluate_page_context *page, struct rect rect) {
    const struct class_figures *of = &page->made->figures.of_classes;
    double counts[CALIBRATION_BINS];
    for (int i = 0; i < CALIBRATION_BINS; i++)
        counts[i] = (double)of->bins[i].rows;
    struct histogram_chart chart = {
        .counts = counts, .bins = CALIBRATION_BINS, .low = 0, .high = 1, .ink = INK_BAR, .axis = true};
    histogram_draw(page->canvas, rect_inset(canvas_pane(page->canvas, rect, false, "rows by that chance", NULL), 1, 0),
                   &chart);
}

static void draw_bins(const struct evaluate_page_context *page, struct rect rect) {
    const struct class_figures *of = &page->made->figures.of_classes;
    struct canvas *canvas = page->canvas;
    static const char *const heads[] = {"rows", "said", "is"};
    rect = rect_inset(canvas_pane(canvas, rect, false, "by chance", "is − said"), 1, 0);
    struct rect row = rect_take_top(&rect, 1);
    for (int k = 0; k < 3; k++)
        canvas_field(canvas, row.x + 8 * k, row.y, 7, TEXT_RIGHT, style_ink(INK_DIM), heads[k]);
    for (int i = CALIBRATION_BINS - 1; i >= 0 && !rect_empty(rect); i--) {
        const struct calibration_bin *bin = &of->bins[i];
        char text[TEXT_NUMBER_SIZE];
        if (bin->rows == 0)
            continue;
        row = rect_take_top(&rect, 1);
        canvas_field(canvas, row.x, row.y, 7, TEXT_RIGHT, style_ink(INK_NUMBER),
                     text_integer((int64_t)bin->rows, NUMBER_SCREEN, text));
        canvas_field(canvas, row.x + 8, row.y, 7, TEXT_RIGHT, style_ink(INK_TEXT),
                     text_fixed(bin->confidence, 3, NUMBER_SCREEN, text));
        canvas_field(canvas, row.x + 16, row.y, 7, TEXT_RIGHT, style_ink(INK_TEXT),
                     text_fixed(bin->accuracy, 3, NUMBER_SCREEN, text));
        double gap = bin->accuracy - bin->confidence;
        canvas_print(canvas, row.x + 24, row.y, style_ink(fabs(gap) > 0.1 ? INK_WARNING : INK_DIM), "%s%s",
                     gap >= 0 ? "+" : "", text_fixed(gap, 3, NUMBER_SCREEN, text));
    }
}

void evaluate_calibration_draw(const struct evaluate_page_context *page) {
    struct rect left = page->rect, side = rect_take_right(&left, page->rect.width >= 100 ? 44 : 34);
    struct rect counts = rect_take_bottom(&left, left.height / 4 > 4 ? left.height / 4 : 4);
    draw_diagram(page, left);
    draw_counts(page, counts);
    draw_bins(page, side);
}

// ---- charts as such ---------------------------------------------------------------------------------------------------

void evaluate_chart_clear(struct evaluate_chart *chart) {
    mem_free(chart->own);
    *chart = (struct evaluate_chart){0};
}

size_t evaluate_charts(const struct evaluate_state *state, const struct snapshot *snapshot,
                       struct evaluate_chart charts[EVALUATE_CHARTS_MOST]) {
    const struct class_curves *curves = snapshot->evaluate.curves;
    const struct measurement *made = snapshot->evaluate.made;
    memset(charts, 0, EVALUATE_CHARTS_MOST * sizeof *charts);
    if (state->page == EVALUATE_SCATTER || state->page == EVALUATE_RESIDUALS)
        evaluate_number_chart(state, made, &charts[0]);
    else if (state->page == EVALUATE_CALIBRATION)
        calibration_chart(made, &charts[0]);
    else if (state->page == EVALUATE_THRESHOLD && curves)
        threshold_chart(state, made, curves, &charts[0]);
    else if ((state->page == EVALUATE_CURVES || state->page == EVALUATE_CLASSES) && curves)
        roc_chart(state, made, curves, &charts[0]);
    else
        return 0;
    if (state->page != EVALUATE_CURVES && state->page != EVALUATE_CLASSES)
        return 1;
    precision_recall_chart(state, curves, &charts[1]);
    return 2;
}
