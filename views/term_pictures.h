// Pictures pixel by pixel, where the terminal said that it can show them: by the graphics protocol of kitty, or as sixel.
// A picture covers cells that show the same in half blocks, which is what is seen where something else lies on them.
// Formats: kitty's "Terminal graphics protocol" document; DEC's VT330/VT340 manual, chapter 14. Pure: frames to bytes.
#ifndef VIEWS_TERM_PICTURES_H
#define VIEWS_TERM_PICTURES_H

#include "core/base/str.h"
#include "views/canvas.h"

enum picture_way { PICTURES_NONE, PICTURES_SIXEL, PICTURES_KITTY };

#define PICTURES_MOST 256 // on the screen at once; further ones stay half blocks

struct term_pictures {
    enum picture_way way;
    int cell_width, cell_height; // pixels; 0 = unknown: no sixel, and kitty scales by itself
    struct shown_picture {
        struct rect rect; // empty = this place is free
        uint64_t hash;    // of its pixels and size
    } shown[PICTURES_MOST];
    bool kept[PICTURES_MOST]; // of the frame at work: it stays
    struct str room;          // scratch
};

void term_pictures_free(struct term_pictures *pictures);
// The screen was cleared, and with it every picture.
void term_pictures_restart(struct term_pictures *pictures, struct str *out);
// Before the cells of a frame: takes away what is not shown any more. For every rectangle whose cells must be sent
// again, because the terminal has no other way, `uncover` is called.
void term_pictures_begin(struct term_pictures *pictures, const struct canvas *canvas, struct str *out,
                         void (*uncover)(void *data, struct rect rect), void *data);
// Behind the cells: puts up what is new. True when the cursor has moved.
bool term_pictures_end(struct term_pictures *pictures, const struct canvas *canvas, struct str *out);

#endif
