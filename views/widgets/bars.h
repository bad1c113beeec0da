// Horizontal labelled bars: "Private  ████████▌ 22 696". Stateless.
#ifndef VIEWS_WIDGETS_BARS_H
#define VIEWS_WIDGETS_BARS_H

#include "views/canvas.h"

struct bar {
    const char *label; // raw text from data is fine
    double value;      // >= 0
    const char *text;  // after the bar; NULL = the value
    enum ink ink;
};

// One row per bar, the widest value fills the room; when not all fit, the last row says "… 12 more".
void bars_draw(struct canvas *canvas, struct rect rect, const struct bar *bars, size_t count);

#endif
