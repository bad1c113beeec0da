#include "core/base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/str.h"

enum { LINES_KEPT = 1024 };

static struct log_line lines[LINES_KEPT];
static uint64_t written;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// Control characters would break the one line on screen that a log line is.
static void make_one_line(char *text) {
    text[utf8_cut(text, strlen(text))] = '\0';
    for (char *c = text; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    }
}

void log_add(enum log_level level, const char *format, ...) {
    struct log_line line = {.wall = clock_wall(), .level = level};
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line.text, sizeof line.text, format, arguments);
    va_end(arguments);
    if (length < 0)
        line.text[0] = '\0';
    make_one_line(line.text);
    pthread_mutex_lock(&lock);
    lines[written % LINES_KEPT] = line;
    written++;
    pthread_mutex_unlock(&lock);
}

uint64_t log_count(void) {
    pthread_mutex_lock(&lock);
    uint64_t count = written;
    pthread_mutex_unlock(&lock);
    return count;
}

bool log_get(uint64_t index, struct log_line *line) {
    pthread_mutex_lock(&lock);
    bool there = index < written && written - index <= LINES_KEPT;
    if (there)
        *line = lines[index % LINES_KEPT];
    pthread_mutex_unlock(&lock);
    return there;
}
