// Curves. Every dot column draws the minimum–maximum of the points that fall into it, so no spike is lost; NaN and
// infinite values make a gap with a × at the bottom of the plot. Series have a color and a line style and a name,
// so they can be told apart without color. Stateless: series data is the caller's, read during the call.
#ifndef VIEWS_WIDGETS_PLOT_H
#define VIEWS_WIDGETS_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "views/canvas.h"
#include "views/widgets/dots.h"

#define PLOT_SERIES_MOST 16

enum plot_line { PLOT_SOLID, PLOT_DASHED, PLOT_DOTTED, PLOT_LONG_DASHED, PLOT_DASH_DOT, PLOT_SPARSE, PLOT_POINTS };
const char *plot_line_sample(enum plot_line line); // two columns of it, for legends
// Of curves of one kind: six that follow each other differ without any color.
static inline enum plot_line plot_line_of(size_t index) {
    return (enum plot_line)(index % PLOT_POINTS);
}

struct plot_series {
    const char *name; // NULL: not in the legend
    const double *x;  // ascending (PLOT_POINTS: any order); NULL: 0, 1, 2, …
    const double *y;
    size_t count;
    enum ink ink;
    enum plot_line line;
};

struct plot_mark { // a vertical line with a label: "batch 128→512"
    double x;
    const char *label;
    enum ink ink;
};

struct plot {
    const struct plot_series *series; // later ones are drawn over earlier ones
    size_t count;
    const struct plot_mark *marks;
    size_t mark_count;
    bool auto_x, auto_y; // fit the data; otherwise the limits below
    double x_low, x_high, y_low, y_high;
    bool log_x, log_y;   // values <= 0 are left out, as a gap with a sign
    bool legend;
    bool cursor_shown; // a vertical line that reads every series at its x
    double cursor;
    const char *x_label; // "epochs"; NULL = none
    const char *empty;   // shown when there is no point at all: "no data yet"
    enum dots_kind kind; // DOTS_ASCII is forced on an ASCII canvas
};

// Where the curves themselves lie inside `rect`, and the limits in force; what is drawn and what the mouse
// means share this.
struct plot_frame {
    struct rect rect;  // cells of the curves
    double x_low, x_high, y_low, y_high;
    int label_width;
    bool empty; // no finite point
};

struct plot_frame plot_measure(const struct plot *plot, struct rect rect);
void plot_draw(struct canvas *canvas, struct rect rect, const struct plot *plot);
double plot_x_at(const struct plot *plot, const struct plot_frame *frame, int column); // x of a cell column's middle
// The value of a series at x: the last point at or before it. NaN when there is none.
double plot_value_at(const struct plot_series *series, double x);

// Exponential moving average with bias correction over the whole series; NaN inputs stay NaN and do not count.
// out[i] = Σ d^(i-j) y[j] / Σ d^(i-j). `out` holds `count`; decay 0 copies.
void plot_ema(const double *y, size_t count, double decay, double *out);
// Round steps (1, 2, 5 × 10^k) for at most `most` ticks in [low, high]; returns the first, sets the step.
double plot_ticks(double low, double high, int most, double *step);

#endif
