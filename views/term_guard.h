// Puts the terminal back whatever ends the process. One terminal at a time; everything the handlers touch is static
// and async-signal-safe. Used by term.c only.
#ifndef VIEWS_TERM_GUARD_H
#define VIEWS_TERM_GUARD_H

#include <stdbool.h>
#include <termios.h>

#include "core/base/status.h"
#include "core/base/wake.h"

#define TERM_GUARD_BYTES 512

struct term_guard_setup {
    int fd;
    char enter[TERM_GUARD_BYTES], leave[TERM_GUARD_BYTES]; // NUL-terminated
    struct termios raw, saved;
    const struct wake *wake; // signaled when the size changed or the screen was taken again
};

void term_guard_enter(const struct term_guard_setup *setup); // takes the screen, installs the handlers
void term_guard_leave(void);                                 // puts everything back; may be called twice
bool term_guard_resumed(void); // the process was stopped and goes on: draw anew. Clears the flag.

#endif
