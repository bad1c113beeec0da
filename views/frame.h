// The frame: what stands around every view — tabs, state, the line for progress and messages, footer —
// and what lies over it: help, command palette, log, questions. It turns input into requests and hands
// them to the view first, then acts itself. It draws into a canvas and knows no terminal.
// frame_close frees it. Main thread only.
#ifndef VIEWS_FRAME_H
#define VIEWS_FRAME_H

#include "core/session.h"
#include "views/view.h"

struct frame;

enum frame_act { // what only the terminal's owner can do
    FRAME_NOTHING,
    FRAME_QUIT,
    FRAME_DETACH, // quit, and the run goes on by itself
    FRAME_SUSPEND,
    FRAME_REDRAW,
    FRAME_NEXT_THEME,
    FRAME_COPY, // frame_copied to the clipboard
};

enum status frame_open(struct frame **frame, struct session *session, enum view_id first, struct error *error);
void frame_close(struct frame *frame); // NULL allowed
enum frame_act frame_event(struct frame *frame, const struct input_event *event);
void frame_draw(struct frame *frame, struct canvas *canvas);
bool frame_dirty(const struct frame *frame); // something visible changed since the last frame_draw
void frame_touch(struct frame *frame);       // draw again: the snapshot changed, a new size
enum view_id frame_view(const struct frame *frame);
const char *frame_copied(const struct frame *frame); // what a view copied last; until the next event

#endif
