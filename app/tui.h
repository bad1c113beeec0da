// The screen: the loop that waits for keys, engine and jobs, and draws what changed, at most 30 times
// a second. Refused with a sentence where there is no terminal.
#ifndef APP_TUI_H
#define APP_TUI_H

#include "app/args.h"

int tui_run(const struct arguments *arguments); // exit status

#endif
