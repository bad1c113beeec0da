// A layer of dots finer than cells: braille (2×4 a cell), quadrant blocks (2×2) or plain characters (1×1).
// Plots and sparklines are drawn with it. dots_open allocates, dots_close frees.
#ifndef VIEWS_WIDGETS_DOTS_H
#define VIEWS_WIDGETS_DOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "views/canvas.h"

enum dots_kind { DOTS_BRAILLE, DOTS_BLOCK, DOTS_ASCII };

struct dots {
    struct rect rect; // cells
    int width, height; // dots
    int across, down;  // dots per cell
    enum dots_kind kind;
    uint8_t *bits;   // per cell: dot (x, y) of the cell is bit y * across + x
    uint8_t *owners; // per cell: who drew last
};

enum status dots_open(struct dots *dots, struct rect rect, enum dots_kind kind, struct error *error);
void dots_close(struct dots *dots);
void dots_set(struct dots *dots, int x, int y, uint8_t owner); // dot coordinates from the top left; outside: nothing
void dots_column(struct dots *dots, int x, int from, int to, uint8_t owner);
// Puts non-empty cells on the canvas; `styles` and (ASCII only) `letters` by owner.
void dots_draw(const struct dots *dots, struct canvas *canvas, const struct style *styles, const char *letters);

#endif
