// Training without a terminal: the command forks before any thread is there; its child leads a session of its own and
// goes on, its parent waits for the child's word and ends with it.
#ifndef APP_DETACH_H
#define APP_DETACH_H

#include <stdint.h>

#include "core/base/status.h"

// Returns in the child only, with the descriptor for detach_settle. In the parent it does not return: it prints the
// word and ends with 0, or with 1 when the child ended without one (it said why on standard error).
enum status detach_begin(int *word, struct error *error);
// From now on what is printed goes to the file at `log`; `text` is the word, one line. `word` is closed.
void detach_settle(int word, const char *log, const char *text);
// The program again, as the command that goes on with a saved run without a terminal. Returns only when that
// cannot be.
enum status detach_go_on(int64_t run, struct error *error);

#endif
