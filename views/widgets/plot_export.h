// Plots as files: a picture as SVG, in the colors of the light theme, or the points as CSV, in the series' own order.
// What comes from data is escaped. No terminal is needed.
#ifndef VIEWS_WIDGETS_PLOT_EXPORT_H
#define VIEWS_WIDGETS_PLOT_EXPORT_H

#include "core/base/status.h"
#include "core/base/str.h"
#include "views/widgets/plot.h"

struct plot_room { // of a plot in the picture, in pixels: between the ends of its axes
    double left, top, width, height;
};
struct plot_panel { // plots that stand side by side in one picture
    const char *title; // raw text from data is fine
    const struct plot *plot;
    // What lies below its series, drawn by someone who knows; NULL: nothing.
    void (*ground)(const void *of, const struct plot_room *room, struct str *out);
    const void *ground_of;
};

// One <svg> element; str->failed when memory runs out.
void plot_svg(const struct plot_panel *panels, size_t count, struct str *out);
// Lines "chart,series,x,y"; series without a name are left out.
void plot_csv(const struct plot_panel *panels, size_t count, struct str *out);
// Atomic. What the path ends in decides: .svg or .csv; anything else is refused.
enum status plot_save(const struct plot_panel *panels, size_t count, const char *path, struct error *error);

#endif
