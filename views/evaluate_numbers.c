// Predicted numbers: against the true ones, and what is left between them.
#include <math.h>
#include <stdio.h>

#include "core/base/mem.h"
#include "views/evaluate_parts.h"
#include "views/widgets/histogram.h"
#include "views/widgets/plot.h"

static void widen(const double *values, size_t count, double *low, double *high) {
    for (size_t i = 0; i < count; i++) {
        *low = fmin(*low, values[i]);
        *high = fmax(*high, values[i]);
    }
}

static void scatter_chart(const struct evaluate_state *state, const struct measurement *made,
                          struct evaluate_chart *chart) {
    double low = INFINITY, high = -INFINITY;
    widen(state->points.truth, state->points.count, &low, &high);
    widen(state->points.predicted, state->points.count, &low, &high);
    double room = high > low ? (high - low) * 0.03 : 1;
    for (int i = 0; i < 2; i++) {
        chart->ends[i][0] = low - room;
        chart->ends[i][1] = high + room;
    }
    snprintf(chart->title, sizeof chart->title, "predicted %.100s", made->target_name);
    chart->series[0] = (struct plot_series){
        .x = chart->ends[0], .y = chart->ends[1], .count = 2, .ink = INK_DIM, .line = PLOT_DOTTED};
    chart->series[1] = (struct plot_series){.name = "predicted",
                                            .x = state->points.truth,
                                            .y = state->points.predicted,
                                            .count = state->points.count,
                                            .ink = INK_VALIDATION,
                                            .line = PLOT_POINTS};
    chart->plot = (struct plot){.series = chart->series,
                                .count = 2,
                                .x_low = low - room,
                                .x_high = high + room,
                                .y_low = low - room,
                                .y_high = high + room,
                                .x_label = "true"};
}

static void residual_chart(const struct evaluate_state *state, struct evaluate_chart *chart) {
    size_t count = state->points.count;
    double low = INFINITY, high = -INFINITY;
    chart->own = mem_alloc(count + 1, sizeof *chart->own);
    for (size_t i = 0; chart->own && i < count; i++)
        chart->own[i] = state->points.predicted[i] - state->points.truth[i];
    widen(state->points.predicted, count, &low, &high);
    chart->ends[0][0] = low;
    chart->ends[0][1] = high;
    snprintf(chart->title, sizeof chart->title, "residual: predicted − true");
    chart->series[0] = (struct plot_series){
        .x = chart->ends[0], .y = chart->ends[1], .count = 2, .ink = INK_DIM, .line = PLOT_DOTTED};
    chart->series[1] = (struct plot_series){.name = "residual",
                                            .x = state->points.predicted,
                                            .y = chart->own,
                                            .count = chart->own ? count : 0,
                                            .ink = INK_VALIDATION,
                                            .line = PLOT_POINTS};
    chart->plot = (struct plot){
        .series = chart->series, .count = 2, .auto_x = true, .auto_y = true, .x_label = "predicted"};
}

void evaluate_number_chart(const struct evaluate_state *state, const struct measurement *made,
                           struct evaluate_chart *chart) {
    if (state->page == EVALUATE_RESIDUALS)
        residual_chart(state, chart);
    else
        scatter_chart(state, made, chart);
}

static void draw_chart(const struct evaluate_page_context *page, struct rect rect) {
    struct evaluate_chart chart = {0};
    evaluate_number_chart(page->state, page->made, &chart);
    plot_draw(page->canvas, canvas_pane(page->canvas, rect, true, chart.title, NULL), &chart.plot);
    evaluate_chart_clear(&chart);
}

static void draw_histogram(const struct evaluate_page_context *page, struct rect rect) {
    const struct evaluate_state *state = page->state;
    struct histogram_chart chart = {.counts = state->points.bins,
                                    .bins = EVALUATE_BINS,
                                    .low = -state->points.reach,
                                    .high = state->points.reach,
                                    .ink = INK_BAR,
                                    .axis = true};
    histogram_draw(page->canvas, rect_inset(canvas_pane(page->canvas, rect, false, "residuals", NULL), 1, 0), &chart);
}

static void draw_figures(const struct evaluate_page_context *page, struct rect rect) {
    const struct number_figures *of = &page->made->figures.of_numbers;
    struct evaluate_line lines[] = {{.name = "RMSE"}, {.name = "MAE"},  {.name = "R²"},
                                    {.name = "bias"}, {.name = "sd"},   {.name = "largest"},
                                    {.name = "rows"}, {.name = "unknown"}};
    const double figures[] = {of->rmse, of->mae, of->r2, of->bias, page->state->points.sd, page->state->points.reach};
    for (int i = 0; i < 6; i++)
        evaluate_number(figures[i], lines[i].value);
    text_integer((int64_t)of->rows, NUMBER_SCREEN, lines[6].value);
    text_integer((int64_t)of->unknown, NUMBER_SCREEN, lines[7].value);
    evaluate_lines(page->canvas, rect_inset(canvas_pane(page->canvas, rect, false, "figures", NULL), 1, 0), lines,
                   sizeof lines / sizeof *lines);
}

void evaluate_scatter_draw(const struct evaluate_page_context *page) {
    struct rect left = page->rect, side = rect_take_right(&left, page->rect.width >= 100 ? page->rect.width / 3 : 26);
    draw_chart(page, left);
    draw_figures(page, rect_take_top(&side, side.height >= 20 ? 10 : side.height / 2));
    draw_histogram(page, side);
}

void evaluate_residuals_draw(const struct evaluate_page_context *page) {
    struct rect above = page->rect, below = rect_take_bottom(&above, page->rect.height / 3);
    draw_chart(page, above);
    draw_histogram(page, below);
}
