// A tiny curve in one row. Stateless.
#ifndef VIEWS_WIDGETS_SPARKLINE_H
#define VIEWS_WIDGETS_SPARKLINE_H

#include "views/canvas.h"

// The newest `width` values (or all of them, maxima joined, when `whole`), scaled to [low, high]; low == high: fitted
// to the values. NaN leaves a blank.
void sparkline_draw(struct canvas *canvas, int x, int y, int width, const double *values, size_t count, double low,
                    double high, bool whole, enum ink ink);

#endif
