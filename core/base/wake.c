#include "core/base/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/eventfd.h>

static bool open_pair(struct wake *wake) {
    wake->read_fd = wake->write_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return wake->read_fd >= 0;
}
#else
static bool open_pair(struct wake *wake) {
    int ends[2];
    if (pipe(ends) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    }
    wake->read_fd = ends[0];
    wake->write_fd = ends[1];
    return true;
}
#endif

enum status wake_open(struct wake *wake, struct error *error) {
    if (!open_pair(wake)) {
        int reason = errno;
        *wake = (struct wake){-1, -1};
        return error_set(error, STATUS_IO, "could not make a wake-up descriptor: %s; close some files and try again",
                         strerror(reason));
    }
    return STATUS_OK;
}

void wake_close(struct wake *wake) {
    if (wake->write_fd >= 0 && wake->write_fd != wake->read_fd)
        close(wake->write_fd);
    if (wake->read_fd >= 0)
        close(wake->read_fd);
    *wake = (struct wake){-1, -1};
}

void wake_signal(const struct wake *wake) {
    int saved = errno; // a signal handler must leave it as it was
    const uint64_t one = 1;
    while (write(wake->write_fd, &one, sizeof one) < 0 && errno == EINTR) {
    } // a full pipe or counter is a wake-up already
    errno = saved;
}

void wake_clear(const struct wake *wake) {
    unsigned char waste[256];
    ssize_t got;
    do {
        got = read(wake->read_fd, waste, sizeof waste);
    } while (got == (ssize_t)sizeof waste || (got < 0 && errno == EINTR));
}
