// While the screen is up, what libraries write to standard error goes to the log instead of over the
// screen. Main thread only.
#ifndef APP_STDERR_LOG_H
#define APP_STDERR_LOG_H

#include "core/base/status.h"

struct stderr_log {
    int read_fd, saved_fd; // -1 while closed
    char line[240];
    int length;
};

enum status stderr_log_open(struct stderr_log *log, struct error *error);
void stderr_log_read(struct stderr_log *log);  // when read_fd is readable
void stderr_log_close(struct stderr_log *log); // what is left goes to the real standard error

#endif
