// The log that the log pane and `--verbose` show: the last lines in memory, whichever thread wrote
// them. Never the terminal: what libraries print on stderr is caught by app/ and comes in here too.
#ifndef CORE_BASE_LOG_H
#define CORE_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_INFO, LOG_WARNING, LOG_ERROR };

struct log_line {
    double wall; // seconds since 1970
    enum log_level level;
    char text[240]; // UTF-8, one line
};

void log_add(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
uint64_t log_count(void);                            // lines ever written
bool log_get(uint64_t index, struct log_line *line); // false when it is gone or not there yet

#endif
