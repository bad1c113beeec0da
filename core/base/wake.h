// A descriptor that a poll loop can wait on and any thread can make readable. Wake-ups only wake:
// what happened is found in the queues. Waking twice before it is cleared is one wake-up.
#ifndef CORE_BASE_WAKE_H
#define CORE_BASE_WAKE_H

#include "core/base/status.h"

struct wake {
    int read_fd, write_fd; // eventfd on Linux (both the same), a non-blocking pipe elsewhere
};

enum status wake_open(struct wake *wake, struct error *error);
void wake_close(struct wake *wake);
void wake_signal(const struct wake *wake); // any thread, also a signal handler
void wake_clear(const struct wake *wake);  // the polling thread

#endif
