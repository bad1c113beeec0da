#include "views/widgets/histogram.h"

#include <math.h>

static double bin_count(double count) {
    return count > 0 ? count : 0; // also for NaN
}

// What falls into column i of `width` when each bin's count is spread evenly over its interval: joining and spreading
// both keep the area, so the shape does not depend on how bins and columns meet.
static double column_count(const double *counts, size_t bins, int i, int width) {
    double per_column = (double)bins / width, low = i * per_column, high = low + per_column, sum = 0;
    for (size_t bin = (size_t)low; bin < bins && (double)bin < high; bin++)
        sum += bin_count(counts[bin]) * (fmin(high, (double)bin + 1) - fmax(low, (double)bin));
    return sum;
}

static double scale(double count, bool log) {
    return log ? log1p(count) : count;
}

static void draw_bar(struct canvas *canvas, int x, int bottom, int height, double share, struct style style) {
    int parts = canvas->ascii ? 2 : 8;
    int filled = (int)lround(share * height * parts);
    if (share > 0 && filled == 0)
        filled = 1;
    for (int row = 0; row < height; row++) {
        int here = filled - row * parts;
        if (here <= 0)
            return;
        uint32_t code = here >= parts ? 0x2588 : 0x2580 + (uint32_t)here;
        if (canvas->ascii)
            code = here >= parts ? '#' : '.';
        canvas_put(canvas, x, bottom - row, style, code);
    }
}

static void draw_axis(struct canvas *canvas, struct rect row, int width, const struct histogram_chart *chart) {
    char low[TEXT_NUMBER_SIZE], high[TEXT_NUMBER_SIZE];
    struct style style = style_ink(INK_DIM);
    int used = canvas_text(canvas, row.x, row.y, style, text_real(chart->low, 5, NUMBER_SCREEN, low));
    text_real(chart->high, 5, NUMBER_SCREEN, high);
    int x = width - text_width(high, canvas->ascii);
    if (x > used)
        canvas_text(canvas, row.x + x, row.y, style, high);
    if (x - used > 3)
        canvas_hline(canvas, row.x + used + 1, row.y, x - used - 2, style_ink(INK_FAINT));
}

void histogram_draw(struct canvas *canvas, struct rect rect, const struct histogram_chart *chart) {
    if (rect_empty(rect) || chart->bins == 0)
        return;
    struct rect old = canvas_clip(canvas, rect), bars = rect;
    struct rect axis = rect_take_bottom(&bars, chart->axis && rect.height > 1 ? 1 : 0);
    int width = rect.width;
    double most = 0;
    for (int i = 0; i < width; i++)
        most = fmax(most, column_count(chart->counts, chart->bins, i, width));
    for (int i = 0; i < width && most > 0; i++) {
        double share = scale(column_count(chart->counts, chart->bins, i, width), chart->log) / scale(most, chart->log);
        draw_bar(canvas, bars.x + i, bars.y + bars.height - 1, bars.height, share, style_ink(chart->ink));
    }
    if (!rect_empty(axis))
        draw_axis(canvas, axis, width, chart);
    canvas_unclip(canvas, old);
}

void histogram_row(struct canvas *canvas, int x, int y, int width, const double *counts, size_t bins, enum ink ink) {
    struct histogram_chart chart = {.counts = counts, .bins = bins, .ink = ink};
    histogram_draw(canvas, (struct rect){x, y, width, 1}, &chart);
}
