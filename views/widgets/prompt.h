// A one-line editor: UTF-8, cursor by whole characters, words, history, paste. Fixed size, no allocation.
// Keys: arrows, Home/End, Ctrl-A/E/B/F, Ctrl-W, Ctrl-U/K, Alt-B/F, Backspace, Delete; Up and Down walk the history.
#ifndef VIEWS_WIDGETS_PROMPT_H
#define VIEWS_WIDGETS_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "views/canvas.h"
#include "views/input.h"

#define PROMPT_SIZE 512
#define PROMPT_HISTORY 32

struct prompt_history { // shared by the prompts of one purpose; zeroed = empty
    char lines[PROMPT_HISTORY][PROMPT_SIZE];
    size_t count; // lines[count-1] is the newest
};

struct prompt { // zeroed = empty
    char text[PROMPT_SIZE]; // always valid UTF-8, NUL-terminated
    size_t length, cursor;  // bytes; the cursor stands before text[cursor]
    size_t back;            // how far back in the history; 0 = the line being typed
    char draft[PROMPT_SIZE];
};

enum prompt_result {
    PROMPT_PASS,    // not an editing key
    PROMPT_MOVED,   // only the cursor
    PROMPT_CHANGED, // the text
    PROMPT_ACCEPT,  // Enter
    PROMPT_CANCEL,  // Esc
};

void prompt_set(struct prompt *prompt, const char *text); // cursor at the end; cut to fit
enum prompt_result prompt_event(struct prompt *prompt, const struct prompt_history *history, // NULL: none
                                const struct input_event *event);
void prompt_remember(struct prompt_history *history, const char *text); // drops an equal older line
// Draws label and text into one row, scrolled so that the cursor is seen, and shows the terminal's cursor.
void prompt_draw(struct canvas *canvas, struct rect row, const char *label, const struct prompt *prompt);
void prompt_draw_field(struct canvas *canvas, struct rect row, struct style style, const struct prompt *prompt);

#endif
