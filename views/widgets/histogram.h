// Histograms: upright bars in eighth blocks, one or two over the same axis. Stateless.
#ifndef VIEWS_WIDGETS_HISTOGRAM_H
#define VIEWS_WIDGETS_HISTOGRAM_H

#include "views/canvas.h"

struct histogram_chart {
    const double *counts; // >= 0; NaN counts as 0
    size_t bins;
    double low, high; // values at the two ends of the axis
    enum ink ink;
    bool axis; // the last row carries low and high
    bool log;  // bar height by log(1 + count)
};

// Bins are joined or spread to fill the width, keeping the area. Columns that are not empty show at least one eighth.
void histogram_draw(struct canvas *canvas, struct rect rect, const struct histogram_chart *chart);
// One row of eighth blocks.
void histogram_row(struct canvas *canvas, int x, int y, int width, const double *counts, size_t bins, enum ink ink);

#endif
