// The screen: the loop that waits for keys, engine and jobs, and draws what changed, at most 30 times
// a second. Refused with a sentence where there is no terminal.
#ifndef APP_TUI_H
#define APP_TUI_H

#include <stdint.h>

#include "app/args.h"

enum tui_what {
    TUI_DATA,     // the files that are named
    TUI_WATCH,    // a run that another process trains
    TUI_CONTINUE, // a run that goes on here
};

int tui_run(const struct arguments *arguments); // TUI_DATA; exit status
int tui_show(const struct arguments *arguments, enum tui_what what, int64_t run);
enum status tui_check_terminal(struct error *error); // whether there is one

#endif
