#include "app/tui.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/cli.h"
#include "app/crash.h"
#include "app/detach.h"
#include "app/plain.h"
#include "app/stderr_log.h"
#include "core/base/clock.h"
#include "core/base/str.h"
#include "core/session.h"
#include "datasets/input.h"
#include "views/config.h"
#include "views/frame.h"
#include "views/term.h"

#define FRAME_SECONDS (1.0 / 30)
// What comes by itself (nobody pressed a key) takes no more of a slow line than this, but is never older than that.
#define NEWS_BYTES_A_SECOND 16e3
#define NEWS_SECONDS_MOST 0.25
#define EVENTS_AT_ONCE 256 // between two frames, so that a flood of input cannot stop the drawing

struct screen {
    struct session *session;
    struct terminal *term;
    struct frame *frame;
    struct canvas canvas;
    struct canvas_pictures pictures; // where the terminal shows some
    struct stderr_log log;
    struct config config;
    size_t theme;
    bool asks_background; // nobody chose a theme
    double shown; // when the last frame was sent
    size_t sent;  // bytes of all frames before it
    bool asked;   // the person has done something since: news waits, this does not
    bool leaving;
    int64_t detach; // the run that goes on without the screen; 0 = none
};

static volatile sig_atomic_t ended; // by SIGINT, SIGTERM or SIGHUP

static void on_end(int signal_number) {
    ended = signal_number;
}

static void catch_ends(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_end;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

// ---- opening ------------------------------------------------------------------------------------------

static enum status color_option(const struct arguments *arguments, enum term_color *chosen, struct error *error) {
    static const struct {
        const char *text;
        enum term_color value;
    } names[] = {{"auto", TERM_COLOR_AUTO},
                 {"8", TERM_COLOR_8},
                 {"16", TERM_COLOR_16},
                 {"256", TERM_COLOR_256},
                 {"true", TERM_COLOR_TRUE}};
    const char *text = arguments->flags[FLAG_COLOR], *no_color = getenv("NO_COLOR");
    *chosen = TERM_COLOR_AUTO;
    if (arguments->flags[FLAG_NO_COLOR] || (!text && no_color && no_color[0]))
        *chosen = TERM_COLOR_NONE;
    if (!text)
        return STATUS_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text_equal(names[i].text, text)) {
            *chosen = names[i].value;
            return STATUS_OK;
        }
    return error_set(error, STATUS_INVALID, "--color \"%s\": must be auto, 8, 16, 256 or true", text);
}

static bool choose_theme(struct screen *screen, const char *name) {
    for (size_t i = 0; theme_at(i); i++)
        if (text_equal(theme_name(theme_at(i)), name)) {
            screen->theme = i;
            return true;
        }
    return false;
}

// The flag, else the person's settings, else what suits the terminal's background.
static enum status theme_option(struct screen *screen, const struct arguments *arguments, struct error *error) {
    const char *flag = arguments->flags[FLAG_THEME], *name = flag ? flag : screen->config.theme;
    screen->asks_background = !name[0];
    if (!name[0] || choose_theme(screen, name))
        return STATUS_OK;
    return error_set(error, STATUS_INVALID, "--theme \"%s\": must be dark, light, safe, 16 or mono", name);
}

static enum status open_terminal(struct screen *screen, const struct arguments *arguments, struct error *error) {
    const struct config *config = &screen->config;
    struct term_options options = {0};
    enum status status = config_read(&screen->config, error);
    if (!status)
        status = color_option(arguments, &options.color, error);
    if (!status)
        status = theme_option(screen, arguments, error);
    if (status)
        return status;
    options.no_mouse = arguments->flags[FLAG_NO_MOUSE] || config->no_mouse;
    options.no_pictures = config->no_pictures;
    options.theme = screen->asks_background ? NULL : theme_at(screen->theme);
    status = term_open(&screen->term, &options, error);
    if (status)
        return status;
    screen->canvas.ascii = arguments->flags[FLAG_ASCII] || config->ascii || !text_equal(nl_langinfo(CODESET), "UTF-8");
    return STATUS_OK;
}

static enum status open_what(struct screen *screen, const struct arguments *arguments,
                             const struct load_options *options, enum tui_what what, int64_t run, struct error *error) {
    if (what == TUI_WATCH)
        return session_watch(screen->session, run, error);
    if (what == TUI_CONTINUE)
        return session_continue(screen->session, run, error);
    return arguments->file_count ? session_load(screen->session, arguments->files[0], options, error) : STATUS_OK;
}

static enum status open_session(struct screen *screen, const struct arguments *arguments, enum tui_what what,
                                int64_t run, struct error *error) {
    struct load_options options;
    enum status status = cli_load_options(arguments, &options, error);
    if (!status)
        status = session_open(
            &screen->session,
            &(struct session_options){.previews = true, .follow = arguments->flags[FLAG_FOLLOW] != NULL}, error);
    for (size_t i = 0; !status && i < arguments->setting_count; i++)
        status = session_set(screen->session, arguments->settings[i].name, arguments->settings[i].text, error);
    return status ? status : open_what(screen, arguments, &options, what, run, error);
}

// What comes through a pipe is data; keys then come from the terminal itself.
static enum status take_pipe(const struct arguments *arguments, struct error *error) {
    int data = -1, keyboard = -1;
    uint64_t bytes = 0;
    if (arguments->file_count == 0 || !text_equal(arguments->files[0], INPUT_STANDARD) || !isatty(STDOUT_FILENO))
        return STATUS_OK;
    enum status status = input_open(INPUT_STANDARD, &data, &bytes, NULL, error); // spooled now
    if (status)
        return status;
    close(data);
    keyboard = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (keyboard >= 0) {
        dup2(keyboard, STDIN_FILENO);
        close(keyboard);
    }
    return STATUS_OK;
}

enum status tui_check_terminal(struct error *error) {
    if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
        return STATUS_OK;
    return error_set(error, STATUS_UNSUPPORTED,
                     "the screen needs a terminal; without one use the command line: batchlab train FILE …, "
                     "batchlab profile FILE (batchlab --help lists all)");
}

static enum status open_screen(struct screen *screen, const struct arguments *arguments, enum tui_what what,
                               int64_t run, struct error *error) {
    enum status status = take_pipe(arguments, error);
    if (!status)
        status = tui_check_terminal(error);
    if (!status)
        status = open_session(screen, arguments, what, run, error);
    if (status)
        return status;
    catch_ends(); // before term_open: these ends save the run first
    status = stderr_log_open(&screen->log, error);
    if (status)
        return status;
    crash_install(screen->log.saved_fd);
    status = open_terminal(screen, arguments, error);
    if (!status)
        status = frame_open(&screen->frame, screen->session, what == TUI_DATA ? VIEW_DATA : VIEW_TRAIN, error);
    if (!status && screen->config.mistakes)
        session_message(screen->session, MESSAGE_WARNING, "%s%s", screen->config.first,
                        screen->config.mistakes > 1 ? " (! shows the others)" : "");
    return status;
}

static void close_screen(struct screen *screen) {
    frame_close(screen->frame);
    term_close(screen->term);
    stderr_log_close(&screen->log);
    canvas_free(&screen->canvas);
    canvas_pictures_free(&screen->pictures);
    session_close(screen->session);
}

// ---- the loop -----------------------------------------------------------------------------------------

static void copy(struct screen *screen, const char *text) {
    bool taken = term_copy(screen->term, text);
    session_message(screen->session, taken ? MESSAGE_INFO : MESSAGE_WARNING,
                    taken ? "sent to the terminal's clipboard" : "this terminal offers programs no clipboard (its Ms is not set)");
    frame_touch(screen->frame);
}

static void obey(struct screen *screen, enum frame_act act) {
    switch (act) {
    case FRAME_QUIT:
        screen->leaving = true;
        break;
    case FRAME_DETACH:
        screen->leaving = true;
        screen->detach = session_snapshot(screen->session)->run->record.id;
        break;
    case FRAME_SUSPEND:
        term_suspend(screen->term);
        frame_touch(screen->frame);
        break;
    case FRAME_REDRAW:
        term_redraw(screen->term);
        break;
    case FRAME_NEXT_THEME:
        screen->asks_background = false;
        screen->theme = theme_at(screen->theme + 1) ? screen->theme + 1 : 0;
        term_set_theme(screen->term, theme_at(screen->theme));
        frame_touch(screen->frame);
        break;
    case FRAME_COPY:
        copy(screen, frame_copied(screen->frame));
        break;
    case FRAME_NOTHING:
        break;
    }
}

static void suit_background(struct screen *screen, bool light) {
    if (!screen->asks_background || !choose_theme(screen, light ? "light" : "dark"))
        return;
    screen->asks_background = false;
    term_set_theme(screen->term, theme_at(screen->theme));
    frame_touch(screen->frame);
}

static void take_offer(struct screen *screen) {
    if (term_shows_pictures(screen->term))
        screen->canvas.pictures = &screen->pictures;
    frame_touch(screen->frame);
}

static enum status read_input(struct screen *screen, struct error *error) {
    struct input_event event;
    for (int i = 0; i < EVENTS_AT_ONCE && !screen->leaving; i++) {
        enum status status = term_read(screen->term, &event, error);
        if (status || event.type == INPUT_NONE)
            return status;
        screen->asked = true;
        if (event.type == INPUT_RESIZE)
            frame_touch(screen->frame);
        else if (event.type == INPUT_BACKGROUND)
            suit_background(screen, event.light);
        else if (event.type == INPUT_OFFER)
            take_offer(screen);
        else
            obey(screen, frame_event(screen->frame, &event));
    }
    return STATUS_OK;
}

static double next_frame(const struct screen *screen) {
    double line = (double)(term_bytes(screen->term) - screen->sent) / NEWS_BYTES_A_SECOND;
    double pause = screen->asked ? 0 : fmin(line, NEWS_SECONDS_MOST);
    return screen->shown + fmax(FRAME_SECONDS, pause);
}

static enum status show(struct screen *screen, struct error *error) {
    int width, height;
    bool shown = true;
    term_size(screen->term, &width, &height);
    if (width != screen->canvas.width || height != screen->canvas.height) {
        enum status status = canvas_resize(&screen->canvas, width, height, error);
        if (status)
            return status;
    }
    screen->canvas.mono = theme_is_mono(theme_at(screen->theme), term_depth(screen->term));
    frame_draw(screen->frame, &screen->canvas);
    screen->shown = clock_now();
    screen->sent = term_bytes(screen->term);
    enum status status = term_show(screen->term, &screen->canvas, &shown, error);
    if (shown)
        screen->asked = false;
    else
        frame_touch(screen->frame); // the terminal still reads the last one: what a key did must not wait for longer
    return status;
}

static int wait_milliseconds(const struct screen *screen) {
    int lone_escape = term_timeout(screen->term), frame = session_timeout(screen->session);
    if (frame_dirty(screen->frame)) {
        double left = next_frame(screen) - clock_now();
        int shown = left <= 0 ? 0 : (int)(left * 1000) + 1;
        frame = frame < 0 || shown < frame ? shown : frame;
    }
    if (frame < 0 || (lone_escape >= 0 && lone_escape < frame))
        return lone_escape;
    return frame;
}

static void wait_for_news(struct screen *screen) {
    struct pollfd fds[TERM_POLL_FDS + 3];
    int count = term_poll(screen->term, fds), session_fds[2];
    size_t more = session_poll_fds(screen->session, session_fds);
    for (size_t i = 0; i < more; i++)
        fds[count++] = (struct pollfd){.fd = session_fds[i], .events = POLLIN};
    fds[count++] = (struct pollfd){.fd = screen->log.read_fd, .events = POLLIN};
    if (poll(fds, (nfds_t)count, wait_milliseconds(screen)) <= 0)
        return;
    if (fds[count - 1].revents & POLLIN)
        stderr_log_read(&screen->log);
}

static enum status loop(struct screen *screen, struct error *error) {
    enum status status = STATUS_OK;
    while (!status && !screen->leaving && !ended) {
        if (session_drain(screen->session))
            frame_touch(screen->frame);
        status = read_input(screen, error);
        if (!status && frame_dirty(screen->frame) && clock_now() >= next_frame(screen))
            status = show(screen, error);
        if (!status && !screen->leaving && !ended)
            wait_for_news(screen);
    }
    return status;
}

int tui_show(const struct arguments *arguments, enum tui_what what, int64_t run) {
    if (arguments->flags[FLAG_PLAIN])
        return plain_show(arguments, what, run);
    struct screen screen = {.log = {.read_fd = -1, .saved_fd = -1}, .shown = -1};
    struct error error;
    enum status status = open_screen(&screen, arguments, what, run, &error);
    bool opened = status == STATUS_OK;
    if (opened)
        status = loop(&screen, &error);
    close_screen(&screen);
    if (status)
        return opened || status != STATUS_INVALID ? cli_fail(&error) : cli_usage(&error);
    if (ended) { // the run is saved and the terminal restored: now end as the signal asks
        signal(ended, SIG_DFL);
        raise(ended);
    }
    return screen.detach && detach_go_on(screen.detach, &error) ? cli_fail(&error) : EXIT_DONE;
}

int tui_run(const struct arguments *arguments) {
    return tui_show(arguments, TUI_DATA, 0);
}
