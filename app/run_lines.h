// What a run says, a line for each event, on standard output; warnings on standard error.
#ifndef APP_RUN_LINES_H
#define APP_RUN_LINES_H

#include "core/session.h"

// Events that have no line of their own print none.
void run_lines_event(const struct snapshot *snapshot, const struct event *event);
void run_lines_done(const struct run_record *record, const struct run_times *times); // when it has ended

#endif
