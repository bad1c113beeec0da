// A list filtered by fuzzy search: type, choose, Enter. Items come from a callback; ranking by text_fuzzy.
// The caller owns the state; no allocation.
#ifndef VIEWS_WIDGETS_PALETTE_H
#define VIEWS_WIDGETS_PALETTE_H

#include <stddef.h>

#include "views/canvas.h"
#include "views/input.h"
#include "views/widgets/prompt.h"

#define PALETTE_MATCHES 256 // best matches kept

struct palette_item { // zeroed before each call
    const char *text; // matched and shown; valid until the next call
    const char *note; // right side: its key or its value; NULL = none
    const char *help; // shown under the list for the chosen item; NULL = none
};

struct palette_model {
    void *data;
    size_t count;
    void (*item)(void *data, size_t index, struct palette_item *out);
};

struct palette_state { // zeroed, then palette_open
    struct prompt prompt;
    size_t matches[PALETTE_MATCHES]; // item indices, best first
    size_t match_count;
    size_t chosen; // into matches
};

enum palette_result { PALETTE_PASS, PALETTE_REDRAW, PALETTE_ACCEPT, PALETTE_CANCEL };

void palette_open(struct palette_state *state, const struct palette_model *model);
enum palette_result palette_event(struct palette_state *state, const struct palette_model *model,
                                  const struct input_event *event);
// The chosen item's index; model->count when nothing matches.
size_t palette_choice(const struct palette_state *state, const struct palette_model *model);
// Draws a box over what is there.
void palette_draw(struct canvas *canvas, struct rect rect, const char *title, const struct palette_model *model,
                  const struct palette_state *state);

#endif
