// A real terminal for tests: the program runs in a tmux pane of a server of its own. All waits are
// bounded. The set-up of `make test` installs tmux.
#ifndef TESTS_SUPPORT_TMUX_H
#define TESTS_SUPPORT_TMUX_H

#include <stdbool.h>

// Starts a server with one pane running sh; false when that failed.
bool tmux_open(int width, int height);
void tmux_close(void);
void tmux_type(const char *text);   // a line for the shell, with Enter
void tmux_keys(const char *keys);   // tmux's names: "5", "Space", "Escape", "]"
void tmux_resize(int width, int height);
const char *tmux_screen(void);      // the pane as text, until the next call
bool tmux_wait(const char *text, double seconds);  // until the screen shows it
bool tmux_wait_gone(const char *text, double seconds);

#endif
