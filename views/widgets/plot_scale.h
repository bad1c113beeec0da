// The arithmetic of a plot's axes, shared by plot.c and plot_axes.c: nothing is owned.
#ifndef VIEWS_WIDGETS_PLOT_SCALE_H
#define VIEWS_WIDGETS_PLOT_SCALE_H

#include "views/widgets/plot.h"

double plot_scale(double value, bool log); // log10 on a logarithmic axis; NaN where there is no logarithm
// 0 … 1 along the axis.
double plot_share(double value, double low, double high, bool log);
// Round values in [low, high], at most about `most`; returns how many. *step: between them, 0 on a logarithmic axis.
#define PLOT_TICKS_MOST 16
size_t plot_axis_ticks(double low, double high, int most, bool log, double values[PLOT_TICKS_MOST], double *step);
void plot_limits(const struct plot *plot, struct plot_frame *frame);
// Draws axes, tick labels and grid around and inside frame->rect.
void plot_draw_axes(struct canvas *canvas, struct rect rect, const struct plot *plot, const struct plot_frame *frame);
int plot_label_width(const struct plot *plot, const struct plot_frame *frame, int rows);

#endif
