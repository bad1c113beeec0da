// A matrix as a picture in a file: all of it, whatever part the screen shows. What comes from data is escaped.
#ifndef VIEWS_WIDGETS_HEATMAP_EXPORT_H
#define VIEWS_WIDGETS_HEATMAP_EXPORT_H

#include "core/base/str.h"
#include "views/widgets/heatmap.h"

struct heatmap_words {
    const char *title, *rows, *columns; // what stands above, and what rows and columns are
};

// One <svg> element; out->failed when memory runs out.
void heatmap_svg(const struct heatmap *map, const struct heatmap_words *words, struct str *out);

#endif
