#include "views/term_guard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static const int crash_signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};


#define SIGNALS (COUNT_OF(end_signals) + COUNT_OF(crash_signals) + 3)

static struct term_guard_setup guard;
static volatile sig_atomic_t active;  // the handlers stand
static volatile sig_atomic_t given;   // the screen is given back for a while
static volatile sig_atomic_t resumed; // and was taken again: draw anew
static struct {
    int number;
    struct sigaction old;
} installed[SIGNALS];
static size_t installed_count;
static char crash_stack[65536]; // so that a stack overflow can still be answered

// The descriptor does not block; a terminal that is slow gets a second, a dead one no more.
static void write_all(const char *bytes) {
    size_t left = strlen(bytes);
    for (int tries = 0; left > 0 && tries < 20;) {
        ssize_t count = write(guard.fd, bytes, left);
        if (count > 0) {
            bytes += count;
            left -= (size_t)count;
        } else if (errno == EAGAIN) {
            struct pollfd wait = {.fd = guard.fd, .events = POLLOUT};
            poll(&wait, 1, 50);
            tries++;
        } else if (errno != EINTR) {
            return;
        }
    }
}

static void take_screen(void) {
    tcsetattr(guard.fd, TCSADRAIN, &guard.raw);
    write_all(guard.enter);
}

// Input that nobody read (the tail of a mouse report) must not land in the shell.
static void give_screen(void) {
    write_all(guard.leave);
    tcsetattr(guard.fd, TCSAFLUSH, &guard.saved);
}

// The default where nothing is known: a signal must never come back to its own handler.
static void restore_old(int number) {
    struct sigaction old = {.sa_handler = SIG_DFL};
    for (size_t i = 0; i < installed_count; i++)
        if (installed[i].number == number)
            old = installed[i].old;
    sigaction(number, &old, NULL);
}

// Whoever had the signal before (a crash report, the core dump) finds a usable terminal.
static void on_end(int number) {
    int saved = errno;
    if (active) {
        active = 0;
        give_screen();
    }
    restore_old(number);
    raise(number); // delivered when this handler returns
    errno = saved;
}

static void take_again(void) {
    take_screen();
    given = 0;
    resumed = 1;
    wake_signal(guard.wake);
}

// In a process group that no shell looks after, the system drops the stop: then nobody sends SIGCONT, and the screen
// is taken again at once.
static void on_stop(int number) {
    int saved = errno;
    struct sigaction stop = {.sa_handler = SIG_DFL}, mine;
    sigset_t one, before;
    if (active) {
        give_screen();
        given = 1;
    }
    sigaction(number, &stop, &mine);
    sigemptyset(&one);
    sigaddset(&one, number);
    raise(number);
    pthread_sigmask(SIG_UNBLOCK, &one, &before); // stops here
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    sigaction(number, &mine, NULL);
    if (active && given)
        take_again();
    errno = saved;
}

static void on_continue(int number) {
    int saved = errno;
    (void)number;
    if (active)
        take_again();
    errno = saved;
}

static void on_resize(int number) {
    int saved = errno;
    (void)number;
    if (active)
        wake_signal(guard.wake);
    errno = saved;
}

static void install(int number, void (*handler)(int), bool only_default) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK | SA_RESTART}, old;
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &old) != 0 || (only_default && old.sa_handler != SIG_DFL))
        return;
    installed[installed_count].number = number;
    installed[installed_count++].old = old;
    sigaction(number, &action, NULL);
}

static void install_all(void) {
    stack_t stack = {.ss_sp = crash_stack, .ss_size = sizeof crash_stack}, old;
    if (sigaltstack(NULL, &old) == 0 && (old.ss_flags & SS_DISABLE))
        sigaltstack(&stack, NULL);
    for (size_t i = 0; i < COUNT_OF(end_signals); i++)
        install(end_signals[i], on_end, true);
    for (size_t i = 0; i < COUNT_OF(crash_signals); i++)
        install(crash_signals[i], on_end, false);
    install(SIGTSTP, on_stop, true);
    install(SIGCONT, on_continue, false);
    install(SIGWINCH, on_resize, false);
}

void term_guard_enter(const struct term_guard_setup *setup) {
    static bool at_exit;
    guard = *setup;
    resumed = 0;
    installed_count = 0;
    take_screen();
    active = 1;
    install_all();
    if (!at_exit)
        at_exit = atexit(term_guard_leave) == 0;
}

void term_guard_leave(void) {
    if (!active)
        return;
    active = 0;
    give_screen();
    for (size_t i = installed_count; i-- > 0;)
        sigaction(installed[i].number, &installed[i].old, NULL);
    installed_count = 0;
}

bool term_guard_resumed(void) {
    bool was = resumed;
    resumed = 0;
    return was;
}
