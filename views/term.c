#include "views/term.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "views/term_guard.h"
#include "views/term_keys.h"
#include "views/term_output.h"

#define NCURSES_NOMACROS
#include <curses.h>
#include <term.h>

#define COPY_MOST 100000 // bytes; xterm and tmux take no more in one sequence
#define ESCAPE_SECONDS 0.04 // longer than the bytes of one key are apart, shorter than a person notices

// Does it take a picture of one pixel the way of kitty? Which abilities has it? How large is a cell? Who knows none of
// these says nothing.
#define PICTURES_QUESTION "\033_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\033\\\033[c\033[16t"

struct terminal {
    int fd;
    struct wake wake;
    struct key_reader reader;
    struct term_output output;
    size_t sent, total; // bytes of output.bytes already written; all bytes ever
    int width, height;
    double last_input; // clock_now of the newest bytes
    bool titled;
};

// ---- terminfo --------------------------------------------------------------------------------------

// A capability without its padding ("$<5>"); "" when the terminal lacks it. At most `size` bytes.
static char *capability(const char *name, char *out, size_t size) {
    const char *text = tigetstr(name);
    size_t length = 0;
    out[0] = '\0';
    if (!text || text == (char *)-1)
        return out;
    while (*text && length + 1 < size) {
        if (text[0] == '$' && text[1] == '<' && strchr(text, '>')) {
            text = strchr(text, '>') + 1;
            continue;
        }
        out[length++] = *text++;
    }
    out[length] = '\0';
    return out;
}

// Our output writes the ANSI forms that all terminals of today share; this is where that is made sure.
static bool moves_like_ansi(void) {
    char cup[64];
    capability("cup", cup, sizeof cup);
    const char *expanded = cup[0] ? tparm(cup, 4L, 9L, 0L, 0L, 0L, 0L, 0L, 0L, 0L) : NULL;
    return expanded && strcmp(expanded, "\033[5;10H") == 0;
}

static enum status check_terminal(struct error *error) {
    const char *name = getenv("TERM");
    int why = 0;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return error_set(error, STATUS_UNSUPPORTED,
                         "The screen needs a terminal, and %s is not one; use a subcommand such as \"batchlab train "
                         "FILE\" instead (see batchlab --help).",
                         isatty(STDIN_FILENO) ? "stdout" : "stdin");
    if (!name || !name[0] || strcmp(name, "dumb") == 0)
        return error_set(error, STATUS_UNSUPPORTED,
                         "The screen needs a terminal that can move its cursor, and TERM is \"%s\"; use a subcommand "
                         "such as \"batchlab train FILE\" instead (see batchlab --help).",
                         name ? name : "");
    if (setupterm(name, STDOUT_FILENO, &why) != OK)
        return error_set(error, STATUS_MISSING,
                         why < 0 ? "The terminfo data base was not found; install it (Debian: ncurses-base) or set "
                                   "TERMINFO. TERM is \"%s\"."
                                 : "The terminal type \"%s\" is unknown here; set TERM to one that is known, such as "
                                   "xterm-256color.",
                         name);
    if (moves_like_ansi())
        return STATUS_OK;
    del_curterm(cur_term);
    return error_set(error, STATUS_UNSUPPORTED,
                     "The terminal type \"%s\" does not move its cursor the ANSI way; set TERM to what the terminal "
                     "really is, such as xterm-256color.",
                     name);
}

static enum color_depth find_depth(enum term_color wanted) {
    static const enum color_depth fixed[] = {[TERM_COLOR_NONE] = DEPTH_NONE,
                                             [TERM_COLOR_8] = DEPTH_8,
                                             [TERM_COLOR_16] = DEPTH_16,
                                             [TERM_COLOR_256] = DEPTH_256,
                                             [TERM_COLOR_TRUE] = DEPTH_TRUE};
    if (wanted != TERM_COLOR_AUTO)
        return fixed[wanted];
    const char *says = getenv("COLORTERM");
    int colors = tigetnum("colors");
    if (says && (strcmp(says, "truecolor") == 0 || strcmp(says, "24bit") == 0))
        return DEPTH_TRUE;
    if (tigetflag("RGB") > 0 || tigetflag("Tc") > 0 || colors > 256)
        return DEPTH_TRUE;
    return colors >= 256 ? DEPTH_256 : colors >= 16 ? DEPTH_16 : colors >= 8 ? DEPTH_8 : DEPTH_NONE;
}

static void learn_keys(struct key_reader *reader) {
    static const struct {
        const char *capability;
        uint32_t code;
    } keys[] = {{"kcuu1", CODE_UP},        {"kcud1", CODE_DOWN},     {"kcub1", CODE_LEFT},    {"kcuf1", CODE_RIGHT},
                {"khome", CODE_HOME},      {"kend", CODE_END},       {"kpp", CODE_PAGE_UP},   {"knp", CODE_PAGE_DOWN},
                {"kdch1", CODE_DELETE},    {"kich1", CODE_INSERT},   {"kcbt", CODE_TAB},      {"kf1", CODE_F1},
                {"kf2", CODE_F1 + 1},      {"kf3", CODE_F1 + 2},     {"kf4", CODE_F1 + 3},    {"kf5", CODE_F1 + 4},
                {"kf6", CODE_F1 + 5},      {"kf7", CODE_F1 + 6},     {"kf8", CODE_F1 + 7},    {"kf9", CODE_F1 + 8},
                {"kf10", CODE_F1 + 9},     {"kf11", CODE_F1 + 10},   {"kf12", CODE_F1 + 11}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char bytes[32];
        size_t length = strlen(capability(keys[i].capability, bytes, sizeof bytes));
        bool standard = bytes[0] == '\033' && (bytes[1] == '[' || bytes[1] == 'O'); // the reader knows these
        if (length < 2 || length >= sizeof reader->strings[0].bytes || standard)
            continue;
        memcpy(reader->strings[reader->string_count].bytes, bytes, length + 1);
        reader->strings[reader->string_count++].code = keys[i].code;
    }
}

static void make_strings(struct term_guard_setup *setup, bool mouse) {
    char smcup[96], smkx[48], rmcup[96], rmkx[48], cnorm[48];
    snprintf(setup->enter, sizeof setup->enter, "%s%s\033[?7l\033[?2004h\033[?1004h%s",
             capability("smcup", smcup, sizeof smcup), capability("smkx", smkx, sizeof smkx),
             mouse ? "\033[?1002h\033[?1006h" : "");
    capability("cnorm", cnorm, sizeof cnorm);
    snprintf(setup->leave, sizeof setup->leave, "\033[?2026l%s\033[?1004l\033[?2004l\033[?7h\033[0m\033[2J%s%s%s",
             mouse ? "\033[?1006l\033[?1002l" : "", cnorm[0] ? cnorm : "\033[?25h",
             capability("rmkx", rmkx, sizeof rmkx), capability("rmcup", rmcup, sizeof rmcup));
}

// ---- open and close --------------------------------------------------------------------------------

// A description of its own: making stdout's non-blocking would do the same to the shell that shares it.
static int open_terminal(struct error *error) {
    const char *name = ttyname(STDOUT_FILENO);
    int flags = O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int fd = name ? open(name, flags) : -1;
    if (fd < 0)
        fd = open("/dev/tty", flags);
    if (fd < 0)
        error_set(error, STATUS_IO, "The terminal %s cannot be opened: %s.", name ? name : "/dev/tty", strerror(errno));
    return fd;
}

static void read_size(struct terminal *term) {
    struct winsize size = {0};
    bool known = ioctl(term->fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
    int width = known ? size.ws_col : tigetnum("cols"), height = known ? size.ws_row : tigetnum("lines");
    term->width = width < 1 ? 80 : width > CANVAS_MOST ? CANVAS_MOST : width;
    term->height = height < 1 ? 24 : height > CANVAS_MOST ? CANVAS_MOST : height;
    if (known && size.ws_xpixel > 0 && size.ws_ypixel > 0) {
        term->output.pictures.cell_width = size.ws_xpixel / size.ws_col;
        term->output.pictures.cell_height = size.ws_ypixel / size.ws_row;
    }
}

static enum status start(struct terminal *term, const struct term_options *options, struct error *error) {
    struct term_guard_setup setup = {.wake = &term->wake};
    term->fd = setup.fd = open_terminal(error);
    if (term->fd < 0)
        return error->status;
    enum status status = wake_open(&term->wake, error);
    if (status != STATUS_OK)
        return status;
    if (tcgetattr(term->fd, &setup.saved) != 0)
        return error_set(error, STATUS_IO, "The terminal's settings cannot be read: %s.", strerror(errno));
    setup.raw = setup.saved;
    setup.raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
    setup.raw.c_oflag &= ~(tcflag_t)OPOST;
    setup.raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
    setup.raw.c_cflag = (setup.raw.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
    setup.raw.c_cc[VMIN] = 1;
    setup.raw.c_cc[VTIME] = 0;
    make_strings(&setup, !options->no_mouse);
    learn_keys(&term->reader);
    read_size(term);
    term->output.theme = options->theme ? options->theme : theme_at(0);
    term->output.depth = find_depth(options->color);
    term->output.synchronized = tigetnum("colors") >= 256;
    term->titled = tigetflag("XT") > 0;
    term_output_restart(&term->output);
    if (term->titled && !options->theme)
        str_add(&term->output.bytes, "\033]11;?\a"); // which background? INPUT_BACKGROUND is the answer
    if (term->titled && !options->no_pictures)
        str_add(&term->output.bytes, PICTURES_QUESTION);
    term_guard_enter(&setup);
    return STATUS_OK;
}

static void release(struct terminal *term) {
    key_reader_free(&term->reader);
    term_output_free(&term->output);
    if (term->wake.read_fd > 0)
        wake_close(&term->wake);
    if (term->fd >= 0)
        close(term->fd);
    mem_free(term);
    del_curterm(cur_term);
}

enum status term_open(struct terminal **term, const struct term_options *options, struct error *error) {
    enum status status = check_terminal(error);
    if (status != STATUS_OK)
        return status;
    struct terminal *opened = mem_alloc(1, sizeof *opened);
    if (!opened) {
        del_curterm(cur_term);
        return error_memory(error, "the terminal", sizeof *opened);
    }
    status = start(opened, options, error);
    if (status != STATUS_OK) {
        release(opened);
        return status;
    }
    *term = opened;
    return STATUS_OK;
}

void term_close(struct terminal *term) {
    if (!term)
        return;
    term_guard_leave();
    release(term);
}

void term_size(const struct terminal *term, int *width, int *height) {
    *width = term->width;
    *height = term->height;
}

enum color_depth term_depth(const struct terminal *term) {
    return term->output.depth;
}

void term_set_theme(struct terminal *term, const struct theme *theme) {
    term->output.theme = theme;
    term_output_restart(&term->output);
}

// ---- sending ---------------------------------------------------------------------------------------

static bool output_waits(const struct terminal *term) {
    return term->sent < term->output.bytes.length;
}

static enum status send(struct terminal *term, struct error *error) {
    struct str *bytes = &term->output.bytes;
    while (output_waits(term)) {
        ssize_t count = write(term->fd, bytes->text + term->sent, bytes->length - term->sent);
        if (count > 0) {
            term->sent += (size_t)count;
            term->total += (size_t)count;
        } else if (count < 0 && errno == EAGAIN) {
            return STATUS_OK;
        } else if (count < 0 && errno != EINTR) {
            return error_set(error, STATUS_IO, "The terminal is gone: %s.", strerror(errno));
        }
    }
    str_clear(bytes);
    term->sent = 0;
    return STATUS_OK;
}

// ---- input -----------------------------------------------------------------------------------------

int term_poll(const struct terminal *term, struct pollfd fds[TERM_POLL_FDS]) {
    fds[0] = (struct pollfd){.fd = term->fd, .events = (short)(POLLIN | (output_waits(term) ? POLLOUT : 0))};
    fds[1] = (struct pollfd){.fd = term->wake.read_fd, .events = POLLIN};
    return TERM_POLL_FDS;
}

int term_timeout(const struct terminal *term) {
    if (!key_reader_waiting(&term->reader))
        return -1;
    double left = ESCAPE_SECONDS - (clock_now() - term->last_input);
    return left > 0 ? (int)(left * 1000) + 1 : 0;
}

static bool size_event(struct terminal *term, struct input_event *event) {
    int width = term->width, height = term->height;
    wake_clear(&term->wake);
    if (term_guard_resumed())
        term_output_restart(&term->output);
    else if (read_size(term), width == term->width && height == term->height)
        return false;
    read_size(term);
    *event = (struct input_event){.type = INPUT_RESIZE, .width = term->width, .height = term->height};
    return true;
}

static enum status read_bytes(struct terminal *term, struct error *error) {
    char bytes[256];
    size_t room = key_reader_room(&term->reader);
    ssize_t count = read(term->fd, bytes, room < sizeof bytes ? room : sizeof bytes);
    if (count > 0) {
        key_reader_add(&term->reader, bytes, (size_t)count);
        term->last_input = clock_now();
    } else if (room > 0 && (count == 0 || (errno != EAGAIN && errno != EINTR))) {
        return error_set(error, STATUS_IO, "The terminal is gone.");
    }
    return STATUS_OK;
}

// Kitty's way is the better one, whichever answer comes first.
static void take_offer(struct terminal *term, const struct input_event *event) {
    struct term_pictures *pictures = &term->output.pictures;
    if (event->offer == OFFER_CELL) {
        pictures->cell_width = event->width;
        pictures->cell_height = event->height;
    } else if (pictures->way != PICTURES_KITTY) {
        pictures->way = event->offer == OFFER_KITTY ? PICTURES_KITTY : PICTURES_SIXEL;
    }
    term_output_restart(&term->output);
}

bool term_shows_pictures(const struct terminal *term) {
    return term->output.pictures.way != PICTURES_NONE;
}

enum status term_read(struct terminal *term, struct input_event *event, struct error *error) {
    *event = (struct input_event){.type = INPUT_NONE};
    enum status sent = send(term, error);
    if (sent != STATUS_OK)
        return sent;
    if (size_event(term, event))
        return STATUS_OK;
    key_reader_next(&term->reader, false, event);
    if (event->type == INPUT_OFFER)
        take_offer(term, event);
    if (event->type != INPUT_NONE)
        return STATUS_OK;
    enum status status = read_bytes(term, error);
    if (status != STATUS_OK)
        return status;
    bool final = clock_now() - term->last_input >= ESCAPE_SECONDS;
    key_reader_next(&term->reader, final, event);
    if (event->type == INPUT_OFFER)
        take_offer(term, event);
    return STATUS_OK;
}

// ---- output ----------------------------------------------------------------------------------------

enum status term_show(struct terminal *term, const struct canvas *canvas, bool *shown, struct error *error) {
    *shown = false;
    enum status status = send(term, error);
    if (status != STATUS_OK || output_waits(term))
        return status;
    status = term_output_frame(&term->output, canvas, error);
    if (status != STATUS_OK)
        return status;
    *shown = true;
    return send(term, error);
}

void term_redraw(struct terminal *term) {
    term_output_restart(&term->output);
}

void term_suspend(struct terminal *term) {
    raise(SIGTSTP);
    term_output_restart(&term->output);
}

size_t term_bytes(const struct terminal *term) {
    return term->total;
}

void term_title(struct terminal *term, const char *title) {
    char safe[256];
    if (!term->titled)
        return;
    text_cut(title, 80, false, safe, sizeof safe);
    str_format(&term->output.bytes, "\033]2;%s\007", safe);
}

bool term_copy(struct terminal *term, const char *text) {
    char *form = tigetstr("Ms");
    size_t length = strlen(text);
    struct str encoded = {0};
    if (form == NULL || form == (char *)-1 || length > COPY_MOST)
        return false;
    str_add_base64(&encoded, text, length);
    if (!encoded.failed)
        str_add(&term->output.bytes, tiparm(form, "c", str_text(&encoded)));
    bool sent = !encoded.failed && !term->output.bytes.failed;
    str_free(&encoded);
    return sent;
}
