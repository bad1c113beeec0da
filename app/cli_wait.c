#include "app/cli_wait.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number) {
    interrupted = signal_number;
}

void cli_catch_interrupts(void) {
    struct sigaction action, before;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_interrupt;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN) // nohup batchlab train …
        sigaction(SIGHUP, &action, NULL);
}

bool cli_interrupted(void) {
    return interrupted != 0;
}

enum status cli_wait_news(const struct session *session, struct error *error) {
    int fds[2];
    struct pollfd wait[2];
    size_t count = session_poll_fds(session, fds);
    for (size_t i = 0; i < count; i++)
        wait[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    int most = session_timeout(session);
    if (poll(wait, (nfds_t)count, most >= 0 && most < 1000 ? most : 1000) < 0 && errno != EINTR)
        return error_set(error, STATUS_IO, "waiting for the engine failed (%s)", strerror(errno));
    return STATUS_OK;
}
