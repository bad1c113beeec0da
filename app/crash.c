#include "app/crash.h"

#include <execinfo.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static int crash_fd = STDERR_FILENO;

static void say(const char *text) {
    if (write(crash_fd, text, strlen(text)) < 0)
        return; // nothing is left to say it with
}

static void on_crash(int signal_number) {
    void *frames[64];
    say("batchlab crashed: ");
    say(signal_number == SIGSEGV ? "segmentation fault" : signal_number == SIGABRT ? "abort" : "fatal signal");
    say("\nwhere (newest first):\n");
    backtrace_symbols_fd(frames, backtrace(frames, 64), crash_fd);
    say("runs keep their last checkpoint: batchlab runs lists them\n");
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

void crash_install(int stderr_fd) {
    static const int signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
    void *warm[1];
    backtrace(warm, 1); // loads what it needs now: not safe later, inside a handler
    crash_fd = stderr_fd;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_crash;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
}
