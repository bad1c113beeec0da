// Frames to bytes: what must be sent to turn the last frame into the next. Pure, so that the number of bytes and
// their meaning can be tested without a terminal. Zeroed plus depth and theme is a start; term_output_free releases.
#ifndef VIEWS_TERM_OUTPUT_H
#define VIEWS_TERM_OUTPUT_H

#include "core/base/str.h"
#include "views/canvas.h"
#include "views/term_pictures.h"
#include "views/theme.h"

struct term_output {
    struct str bytes; // grows; the caller sends and clears it
    const struct theme *theme;
    enum color_depth depth;
    bool synchronized; // wrap large frames so that the terminal shows them at once
    struct canvas last; // what the terminal shows
    bool whole;         // the next frame starts from a cleared screen
    struct pen pen;     // in force in the terminal
    int x, y;           // its cursor; x -1 = unknown
    bool cursor_shown;
    struct style style; // resolved last: cells in a row mostly share it
    struct pen resolved;
    bool resolved_valid;
    struct term_pictures pictures;
};

void term_output_free(struct term_output *output);
void term_output_restart(struct term_output *output); // the terminal's state is unknown: clear, then send all
enum status term_output_frame(struct term_output *output, const struct canvas *canvas, struct error *error);

#endif
