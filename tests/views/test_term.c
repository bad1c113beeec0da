// A real pseudo-terminal with a child on it that opens the screen; whatever ends the child, the terminal must be as
// it was. The parent keeps the terminal's other end open, so that its settings can be read afterwards.
#include "tests/views/check.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "views/term.h"

struct console {
    int master, slave;
    pid_t child;
    struct termios before;
    char seen[262144];
    size_t length;
};

// Two frames of many colors, more than the terminal takes while nobody reads; then only input is looked at.
static void show_large_frames(struct terminal *term) {
    struct canvas canvas = {0};
    struct error error;
    struct input_event event = {0};
    bool shown;
    if (canvas_resize(&canvas, 80, 24, &error) != STATUS_OK)
        _exit(6);
    for (unsigned frame = 0; frame < 2; frame++) {
        for (unsigned i = 0; i < 80 * 24; i++)
            canvas_put(&canvas, (int)(i % 80), (int)(i / 80),
                       style_on(color_rgb(i, i / 7, frame), color_rgb(i / 3, frame, i)), 0x2580);
        canvas_text(&canvas, 60, 23, (struct style){0}, frame ? "the very end" : "first");
        if (term_show(term, &canvas, &shown, &error) != STATUS_OK)
            _exit(8);
    }
    while (event.code != 'c') {
        struct pollfd fds[TERM_POLL_FDS];
        poll(fds, (nfds_t)term_poll(term, fds), -1);
        if (term_read(term, &event, &error) != STATUS_OK)
            _exit(7);
    }
    canvas_free(&canvas);
}

static void act(struct terminal *term, const struct input_event *event, bool *alive) {
    if (event->type == INPUT_RESIZE)
        dprintf(STDOUT_FILENO, "<%dx%d>", event->width, event->height);
    if (event->type == INPUT_KEY && event->code == 'q')
        *alive = false;
    if (event->type == INPUT_KEY && event->code == 'e')
        exit(3); // without term_close
    if (event->type == INPUT_KEY && event->code == 's')
        raise(SIGSEGV);
    if (event->type == INPUT_KEY && event->code == 'b')
        show_large_frames(term);
    if (event->type == INPUT_KEY && event->code == 'z')
        term_suspend(term);
    if (event->type == INPUT_KEY && event->code == 'y')
        dprintf(STDOUT_FILENO, term_copy(term, "a\033b") ? "<copied>" : "<no clipboard>");
    if (event->type == INPUT_KEY && event->code == CODE_ESCAPE)
        dprintf(STDOUT_FILENO, "<escape>");
    if (event->type == INPUT_PASTE)
        dprintf(STDOUT_FILENO, "<paste %s>", event->paste);
}

static void run_child(void) {
    struct term_options options = {0};
    struct canvas canvas = {0};
    struct terminal *term;
    struct error error;
    if (term_open(&term, &options, &error) != STATUS_OK || canvas_resize(&canvas, 20, 5, &error) != STATUS_OK)
        _exit(9);
    canvas_text(&canvas, 0, 0, (struct style){0}, "ready");
    for (bool alive = true; alive;) {
        struct pollfd fds[TERM_POLL_FDS];
        struct input_event event;
        bool shown;
        if (term_show(term, &canvas, &shown, &error) != STATUS_OK)
            _exit(8);
        poll(fds, (nfds_t)term_poll(term, fds), term_timeout(term));
        do {
            if (term_read(term, &event, &error) != STATUS_OK)
                _exit(7);
            act(term, &event, &alive);
        } while (alive && event.type != INPUT_NONE);
    }
    term_close(term);
    canvas_free(&canvas);
    exit(0);
}

// Reads until `text` has been seen after position `from`, or two seconds have passed.
static bool wait_for(struct console *console, size_t from, const char *text) {
    for (int tries = 0; tries < 100; tries++) {
        struct pollfd wait = {.fd = console->master, .events = POLLIN};
        console->seen[console->length] = '\0';
        if (console->length >= from && strstr(console->seen + from, text))
            return true;
        if (poll(&wait, 1, 20) > 0 && console->length < sizeof console->seen - 1) {
            ssize_t count = read(console->master, console->seen + console->length, sizeof console->seen - 1 - console->length);
            console->length += count > 0 ? (size_t)count : 0;
        }
    }
    return false;
}

// A shell with one job: says when it stops and whether the terminal was cooked by then, and lets it go on.
static int run_job(void) {
    struct termios now;
    int status;
    pid_t job = fork();
    if (job == 0) {
        signal(SIGTTOU, SIG_IGN);
        setpgid(0, 0);
        tcsetpgrp(STDIN_FILENO, getpid());
        signal(SIGTTOU, SIG_DFL);
        run_child();
    }
    while (waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status)) {
        tcgetattr(STDIN_FILENO, &now);
        dprintf(STDOUT_FILENO, "<stopped %s>", now.c_lflag & ICANON ? "cooked" : "raw");
        kill(job, SIGCONT);
    }
    return status;
}

static struct console *start(bool as_job) {
    static struct console console;
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    struct rlimit no_core = {0, 0};
    console = (struct console){0};
    assert_int_equal(openpty(&console.master, &console.slave, NULL, NULL, &size), 0);
    assert_int_equal(tcgetattr(console.slave, &console.before), 0);
    console.child = fork();
    assert_true(console.child >= 0);
    if (console.child == 0) {
        setrlimit(RLIMIT_CORE, &no_core);
        for (int number = 1; number < 32; number++) // cmocka's own, and what a background job ignores
            signal(number, SIG_DFL);
        setenv("TERM", "xterm-256color", 1);
        close(console.master);
        login_tty(console.slave);
        if (as_job)
            _exit(run_job());
        run_child();
    }
    assert_true(wait_for(&console, 0, "ready"));
    return &console;
}

static int finish(struct console *console) {
    int status = 0;
    struct termios after;
    assert_true(wait_for(console, 0, "\033[?1049l")); // the shell's screen is back
    for (int tries = 0; waitpid(console->child, &status, WNOHANG) == 0; tries++) {
        if (tries == 200)
            kill(console->child, SIGKILL);
        poll(NULL, 0, 10);
    }
    assert_non_null(strstr(console->seen, "\033[?1002l")); // no mouse reports
    assert_non_null(strstr(console->seen, "\033[?2004l")); // no marked pastes
    assert_non_null(strstr(console->seen, "\033[?25h"));   // the cursor
    assert_int_equal(tcgetattr(console->slave, &after), 0);
    assert_int_equal(after.c_lflag, console->before.c_lflag);
    assert_int_equal(after.c_iflag, console->before.c_iflag);
    assert_int_equal(after.c_oflag, console->before.c_oflag);
    assert_int_equal(fcntl(console->slave, F_GETFL) & O_NONBLOCK, 0); // nor is the shell's descriptor touched
    close(console->master);
    close(console->slave);
    return status;
}

static void type(struct console *console, const char *keys) {
    assert_int_equal(write(console->master, keys, strlen(keys)), (ssize_t)strlen(keys));
}

static void quitting_restores(void **state) {
    struct console *console = start(false);
    (void)state;
    type(console, "q");
    assert_true(WIFEXITED(finish(console)));
    console = start(false);
    type(console, "e");
    assert_int_equal(WEXITSTATUS(finish(console)), 3);
}

static void signals_restore_and_still_kill(void **state) {
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
    (void)state;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct console *console = start(false);
        kill(console->child, signals[i]);
        int status = finish(console);
#ifndef __SANITIZE_ADDRESS__
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signals[i]);
#endif
        (void)status;
    }
}

static void stopping_gives_the_screen_back_and_takes_it_again(void **state) {
    struct console *console = start(true);
    (void)state;
    type(console, "z");
    assert_true(wait_for(console, 0, "<stopped cooked>"));
    size_t from = (size_t)(strstr(console->seen, "<stopped") - console->seen);
    assert_non_null(strstr(console->seen, "\033[?1049l"));
    assert_true(wait_for(console, from, "\033[?1049h"));
    assert_true(wait_for(console, from, "ready")); // drawn anew
    type(console, "q");
    assert_int_equal(WEXITSTATUS(finish(console)), 0);
}

static void a_stop_that_nobody_ends_is_no_stop(void **state) {
    struct console *console = start(false); // an orphaned process group
    (void)state;
    size_t from = console->length;
    type(console, "z");
    assert_true(wait_for(console, from, "\033[?1049h"));
    assert_true(wait_for(console, from, "ready"));
    type(console, "q");
    assert_int_equal(WEXITSTATUS(finish(console)), 0);
}

static void sizes_and_keys_arrive(void **state) {
    struct console *console = start(false);
    struct winsize size = {.ws_row = 1, .ws_col = 1};
    (void)state;
    assert_int_equal(ioctl(console->master, TIOCSWINSZ, &size), 0);
    assert_true(wait_for(console, 0, "<1x1>"));
    type(console, "\033");
    assert_true(wait_for(console, 0, "<escape>"));
    type(console, "\033[200~q\033[201~");
    assert_true(wait_for(console, 0, "<paste q>"));
    type(console, "q");
    assert_true(WIFEXITED(finish(console)));
}

static void what_is_copied_reaches_the_clipboard(void **state) {
    struct console *console = start(false);
    (void)state;
    type(console, "y");
    assert_true(wait_for(console, 0, "<copied>"));
    assert_true(wait_for(console, 0, "\033]52;c;YRti\007")); // base64 -w0 of the three bytes
    type(console, "q");
    assert_true(WIFEXITED(finish(console)));
}

static void a_frame_arrives_whole_however_slowly_it_is_taken(void **state) {
    struct console *console = start(false);
    (void)state;
    type(console, "b");
    usleep(300000); // the frames are written, nobody reads
    assert_true(wait_for(console, 0, "the very end"));
    type(console, "cq");
    assert_true(WIFEXITED(finish(console)));
}

static void what_is_no_terminal_is_refused_in_words(void **state) {
    struct term_options options = {0};
    struct terminal *term = NULL;
    struct error error;
    int pipe_ends[2], kept = dup(STDOUT_FILENO);
    (void)state;
    assert_int_equal(pipe(pipe_ends), 0);
    dup2(pipe_ends[1], STDOUT_FILENO);
    enum status status = term_open(&term, &options, &error);
    dup2(kept, STDOUT_FILENO);
    assert_int_equal(status, STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "batchlab train"));
    assert_null(term);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    close(kept);
}

static int open_with(const char *name) {
    struct console console;
    int status = 0;
    assert_int_equal(openpty(&console.master, &console.slave, NULL, NULL, NULL), 0);
    console.child = fork();
    if (console.child == 0) {
        struct term_options options = {0};
        struct terminal *term;
        struct error error;
        setenv("TERM", name, 1);
        login_tty(console.slave);
        _exit((int)term_open(&term, &options, &error));
    }
    assert_int_equal(waitpid(console.child, &status, 0), console.child);
    close(console.master);
    close(console.slave);
    return WEXITSTATUS(status);
}

static void terminals_that_cannot_are_refused(void **state) {
    (void)state;
    assert_int_equal(open_with("dumb"), STATUS_UNSUPPORTED);
    assert_int_equal(open_with(""), STATUS_UNSUPPORTED);
    assert_int_equal(open_with("no-such-terminal"), STATUS_MISSING);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quitting_restores),
        cmocka_unit_test(signals_restore_and_still_kill),
        cmocka_unit_test(stopping_gives_the_screen_back_and_takes_it_again),
        cmocka_unit_test(a_stop_that_nobody_ends_is_no_stop),
        cmocka_unit_test(sizes_and_keys_arrive),
        cmocka_unit_test(what_is_copied_reaches_the_clipboard),
        cmocka_unit_test(a_frame_arrives_whole_however_slowly_it_is_taken),
        cmocka_unit_test(what_is_no_terminal_is_refused_in_words),
        cmocka_unit_test(terminals_that_cannot_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
