// A form: labels, values, units, ranges, help and errors beside the field they belong to. It knows nothing of
// parameter tables: the caller's callback fills one row at a time. Caller owns everything; drawing changes nothing.
#ifndef VIEWS_WIDGETS_FORM_H
#define VIEWS_WIDGETS_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/status.h"
#include "views/canvas.h"
#include "views/input.h"
#include "views/request.h"
#include "views/widgets/prompt.h"

#define FORM_TEXT_SIZE 256

struct form_row { // zeroed before each call
    const char *section; // non-NULL: a heading, not a field
    const char *label;
    char value[FORM_TEXT_SIZE];
    const char *unit;           // NULL or "" = none
    char range[FORM_TEXT_SIZE]; // "greater than 0 and at most 100"
    const char *help;           // one line, shown for the chosen row
    const char *choices;        // "sgd|adam": shown for the chosen row
    bool changed;               // differs from its default: marked
    bool live;                  // may change while a run lives: marked
    bool disabled;              // shown, cannot be chosen
};

struct form_model {
    void *data;
    size_t rows;
    void (*row)(void *data, size_t index, struct form_row *out);
};

struct form_state { // zeroed = first field chosen
    size_t chosen, top;
    bool editing;
    struct prompt edit;
    char error[ERROR_TEXT_SIZE]; // refusal of the text being typed, shown under the field; "" = none
};

// Label column as wide as the widest label; the help and range of the chosen row stand at the bottom.
void form_draw(struct canvas *canvas, struct rect rect, const struct form_model *model, const struct form_state *state,
               bool focused);
bool form_request(struct form_state *state, const struct form_model *model, struct rect rect, enum request request);
void form_edit_begin(struct form_state *state, const struct form_model *model);
// While editing: PROMPT_CHANGED = validate state->edit.text and set state->error; PROMPT_ACCEPT = store it, then
// set `editing` false, or set `error` and leave it true; PROMPT_CANCEL has already ended it.
enum prompt_result form_event(struct form_state *state, const struct input_event *event);
// The field under the mouse, or false.
bool form_hit(const struct form_model *model, const struct form_state *state, struct rect rect, int x, int y,
              size_t *index);

#endif
