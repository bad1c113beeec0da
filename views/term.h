// The terminal. The only door to it; the only source file that includes curses.
//
// ncurses gives us the terminfo data base (capabilities, key strings, padding); cells and keys are our
// own. Why: the canvas is already a screen model with a diff, so curses' second copy would cost time and
// memory; its color pairs cannot hold 24-bit thumbnails without recycling pairs under live cells; and its
// reader blocks up to ESCDELAY, loses mouse columns above 223, and cannot be tested without a terminal.
// Our output writes only the runs that changed, moves the cursor the cheapest of four ways, and emits
// only the SGR parts that differ.
//
// term_open puts the terminal in its state and installs handlers; term_close, and every way the process
// can end (exit, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL), put it back.
// A signal for which the program had its own handler before term_open keeps it, after the terminal is
// restored only for the crashing ones. SIGTSTP restores, stops; SIGCONT takes the screen again.
// One terminal per process; one thread.
#ifndef VIEWS_TERM_H
#define VIEWS_TERM_H

#include <poll.h>
#include <stdbool.h>

#include "core/base/status.h"
#include "views/canvas.h"
#include "views/input.h"
#include "views/theme.h"

struct terminal; // owned by the caller of term_open; term_close frees it

enum term_color { TERM_COLOR_AUTO, TERM_COLOR_NONE, TERM_COLOR_8, TERM_COLOR_16, TERM_COLOR_256, TERM_COLOR_TRUE };

struct term_options {
    bool no_mouse;
    enum term_color color;     // AUTO: COLORTERM and terminfo decide; the caller maps NO_COLOR to NONE
    bool no_pictures;          // the terminal is not asked whether it can show pixels (INPUT_OFFER)
    const struct theme *theme; // NULL: dark, and the terminal is asked for its background (INPUT_BACKGROUND)
};

// Refuses with a sentence when stdin or stdout is not a terminal, TERM is unset, unknown or "dumb", or the
// terminal cannot move its cursor.
enum status term_open(struct terminal **term, const struct term_options *options, struct error *error);
void term_close(struct terminal *term); // NULL is allowed

void term_size(const struct terminal *term, int *width, int *height); // >= 1 each
enum color_depth term_depth(const struct terminal *term);
void term_set_theme(struct terminal *term, const struct theme *theme); // takes effect with the next frame

// Fills what poll must wait for (2 entries) and returns the count. A frame that is still being written
// asks for POLLOUT.
#define TERM_POLL_FDS 2
int term_poll(const struct terminal *term, struct pollfd fds[TERM_POLL_FDS]);
// Milliseconds until a lone Esc counts as the key, -1 when none is waiting: an upper limit for poll.
int term_timeout(const struct terminal *term);

// Takes the next event; type INPUT_NONE when there is none. Never waits. Sends on what the terminal has not
// taken yet of the last frame. STATUS_IO when the terminal is gone (hung up).
enum status term_read(struct terminal *term, struct input_event *event, struct error *error);

// Sends what differs from the last frame. Never waits: when the terminal has not taken the last frame yet,
// that is sent on first and `*shown` is false; call again after poll.
enum status term_show(struct terminal *term, const struct canvas *canvas, bool *shown, struct error *error);
bool term_shows_pictures(const struct terminal *term); // it has said so: canvas.pictures is worth the while
void term_redraw(struct terminal *term);  // the next frame is sent whole (Ctrl-L)
void term_suspend(struct terminal *term); // Ctrl-Z: restores, stops the process, returns after SIGCONT
size_t term_bytes(const struct terminal *term); // written since term_open: for benches
// To the clipboard (OSC 52), at most 100 KB. False where the terminal offers none (terminfo's Ms).
bool term_copy(struct terminal *term, const char *text);
void term_title(struct terminal *term, const char *title); // window title where the terminal can

#endif
