// The workbench as a dialogue of lines: for people who listen to a screen reader, for slow lines, and for scripts.
// Nothing is drawn or moved, there is no color, and every line says one thing. Commands are words (plain_parts.h
// lists them); `help` tells them all. Where nobody types, lines come from a pipe, and its end is the dialogue's.
#ifndef APP_PLAIN_H
#define APP_PLAIN_H

#include <stdint.h>

#include "app/args.h"
#include "app/tui.h"

int plain_show(const struct arguments *arguments, enum tui_what what, int64_t run); // exit status

#endif
