// The view vtable: one file per view, one row in views.c. Drawing has no side effects and reads only the
// snapshot and the view's own state; acting goes through the session. The frame owns `state` (zeroed,
// `state_size` bytes), calls open once before anything else and close once at the end.
// Main thread only.
#ifndef VIEWS_VIEW_H
#define VIEWS_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/status.h"
#include "views/canvas.h"
#include "views/input.h"
#include "views/request.h"

struct session;
struct snapshot; // core/session.h

enum view_result {
    VIEW_PASS,    // not mine: the frame may use it
    VIEW_HANDLED, // taken, nothing to draw
    VIEW_REDRAW,  // taken, draw again
};

#define VIEW_COPY_SIZE 16384

// What a view may ask of the frame while it handles an event or a request; zeroed before each call.
struct view_wish {
    enum view_id go; // another view; VIEW_NONE = stay
    bool has_row;    // and there the row `row` of the data as read
    size_t row;
    bool failed;     // show `error` on the progress line
    struct error error;
    char message[256]; // said on the progress line; "" = nothing
    char copy[VIEW_COPY_SIZE]; // for the terminal's clipboard; "" = nothing
};

struct view_context {
    struct session *session;
    const struct snapshot *snapshot; // as of the last drain
    struct rect area;                // where the view was drawn last: for the mouse and for paging
    bool ascii;
    struct view_wish *wish;
};

// Something was asked of the session with `wish->error`: it is shown when that failed.
enum view_result view_acted(const struct view_context *context, enum status status);
// Says a finished sentence on the progress line.
enum view_result view_say(const struct view_context *context, const char *sentence);

struct view {
    enum view_id id;
    const char *name;  // "data": palette, command line, golden screens
    const char *title; // "Data": its tab
    int min_width, min_height;
    size_t state_size;
    enum status (*open)(void *state, struct session *session, struct error *error); // NULL: nothing to do
    void (*close)(void *state);                                                    // NULL: nothing to do
    // Raw input: mouse, paste, and every key while an edit line is open. NULL: passes everything.
    enum view_result (*event)(void *state, const struct view_context *context, const struct input_event *event);
    enum view_result (*request)(void *state, const struct view_context *context, enum request request);
    // Called before each draw: brings what the view derives from the snapshot up to date. NULL: nothing to do.
    void (*refresh)(void *state, const struct snapshot *snapshot);
    // The view comes to be shown, or another takes its place. NULL: nothing to do.
    void (*seen)(void *state, struct session *session, bool seen);
    // Shows that row of the data as read (0 = the first). NULL: the view has no rows.
    void (*show_row)(void *state, struct session *session, size_t row);
    bool (*modal)(const void *state); // true while an edit line is open; NULL: never
    void (*draw)(const void *state, const struct snapshot *snapshot, struct canvas *canvas, struct rect area);
};

#endif
