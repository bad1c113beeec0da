// Meters in eighth blocks: ▕██████▌     ▏, in ASCII [######    ]. Stateless.
#ifndef VIEWS_WIDGETS_GAUGE_H
#define VIEWS_WIDGETS_GAUGE_H

#include "views/canvas.h"

// The bare bar in exactly `width` columns with its two end marks (none when width < 5). NaN: unknown, drawn as
// a dim bar without a value; outside [0,1] is clamped.
void gauge_bar(struct canvas *canvas, int x, int y, int width, double share, enum ink ink);
// Only the filled part, over what is there: for bars on any ground.
void gauge_fill(struct canvas *canvas, int x, int y, int width, double share, enum ink ink);
// "label ▕████▏ text" in one row: the bar takes what label and text leave; without room only the text.
void gauge_draw(struct canvas *canvas, struct rect row, const char *label, double share, const char *text, enum ink ink);
// Shares side by side in one bar without end marks, each in its own ink (edges to the nearest eighth in UTF-8;
// whole cells in ASCII, where part i is drawn as letter 'a' + i).
void gauge_stack(struct canvas *canvas, int x, int y, int width, const double *shares, const enum ink *inks,
                 size_t count);

#endif
