// What lies over a view, one at a time: help, the log, the command palette, a question, a value to
// type. Private to the frame. Plain state, no allocation.
#ifndef VIEWS_OVERLAY_H
#define VIEWS_OVERLAY_H

#include "core/session.h"
#include "views/request.h"
#include "views/widgets/palette.h"

enum overlay_kind { OVERLAY_NONE, OVERLAY_HELP, OVERLAY_LOG, OVERLAY_PALETTE, OVERLAY_VALUE, OVERLAY_QUIT,
                    OVERLAY_UNDO, OVERLAY_CHARTS };

// What the frame is to do after an event.
struct overlay_result {
    bool handled;
    bool quit;            // the question was answered with "leave"
    bool detach;          // and with "let it run"
    enum request request; // chosen in the palette
    char path[PROMPT_SIZE]; // that the view's charts are to be written to; "" = none
    bool failed;          // `error` is to be told
    struct error error;
};

struct overlay {
    enum overlay_kind kind;
    enum view_id view;  // help and palette: of this view
    int scroll;         // help, log: first line
    struct palette_state palette;
    const struct param *param; // OVERLAY_VALUE: being set
    struct prompt prompt;
    char refusal[ERROR_TEXT_SIZE]; // of the value being typed; "" = fine
    struct prompt_history history; // palette
    struct undo_choice undo;       // OVERLAY_UNDO
    struct prompt_history files;   // OVERLAY_CHARTS
};

// Undo, or first the question how far.
void overlay_undo(struct overlay *overlay, struct session *session, struct overlay_result *result);
void overlay_open(struct overlay *overlay, enum overlay_kind kind, enum view_id view);
struct overlay_result overlay_event(struct overlay *overlay, struct session *session, const struct input_event *event);
void overlay_draw(const struct overlay *overlay, const struct snapshot *snapshot, struct canvas *canvas,
                  struct rect area);

#endif
