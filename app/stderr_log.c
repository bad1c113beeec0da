#include "app/stderr_log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"

enum status stderr_log_open(struct stderr_log *log, struct error *error) {
    int ends[2];
    *log = (struct stderr_log){.read_fd = -1, .saved_fd = -1};
    if (pipe(ends))
        return error_set(error, STATUS_IO, "standard error cannot be caught (%s)", strerror(errno));
    int saved = dup(STDERR_FILENO);
    // Both ends without waiting: a library that writes more than the pipe holds must not stop training.
    bool fine = saved >= 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 && fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0 &&
                dup2(ends[1], STDERR_FILENO) >= 0;
    close(ends[1]);
    if (!fine) {
        int code = errno;
        close(ends[0]);
        if (saved >= 0)
            close(saved);
        return error_set(error, STATUS_IO, "standard error cannot be caught (%s)", strerror(code));
    }
    log->read_fd = ends[0];
    log->saved_fd = saved;
    return STATUS_OK;
}

static void end_line(struct stderr_log *log) {
    if (log->length)
        log_add(LOG_WARNING, "%.*s", log->length, log->line);
    log->length = 0;
}

void stderr_log_read(struct stderr_log *log) {
    char bytes[4096];
    ssize_t count;
    while ((count = read(log->read_fd, bytes, sizeof bytes)) > 0)
        for (ssize_t i = 0; i < count; i++) {
            if (bytes[i] == '\n' || log->length == (int)sizeof log->line - 1)
                end_line(log);
            if (bytes[i] != '\n')
                log->line[log->length++] = bytes[i];
        }
}

void stderr_log_close(struct stderr_log *log) {
    if (log->read_fd < 0)
        return;
    dup2(log->saved_fd, STDERR_FILENO);
    char bytes[4096];
    ssize_t count;
    while ((count = read(log->read_fd, bytes, sizeof bytes)) > 0)
        if (write(STDERR_FILENO, bytes, (size_t)count) < 0)
            break;
    close(log->saved_fd);
    close(log->read_fd);
    log->read_fd = log->saved_fd = -1;
}
