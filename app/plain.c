#include "app/plain.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/cli.h"
#include "app/detach.h"
#include "app/plain_parts.h"
#include "app/run_lines.h"
#include "core/base/clock.h"
#include "core/base/str.h"

#define PROGRESS_SECONDS 5.0
#define TELL_SECONDS 5.0 // between two epochs' lines, where somebody listens
#define LINE_MOST 65536

static const struct plain_row {
    const char *name, *usage, *help;
    size_t least, most;
    plain_command *run;
} rows[] = {
#define X(name, usage, least, most, help) {#name, usage, help, least, most, plain_##name},
    PLAIN_COMMANDS(X)
#undef X
};
enum { ROWS = sizeof rows / sizeof *rows };

static volatile sig_atomic_t interrupted, ended;

static void on_signal(int number) {
    if (number == SIGINT)
        interrupted = 1;
    else
        ended = number;
}

static void catch_signals(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGPIPE, &action, NULL); // nobody reads any more: the run is saved first
}

// ---- news ---------------------------------------------------------------------------------------------------

static void tell_started(const struct snapshot *snapshot, const struct event *event) {
    printf("run %" PRId64 ", %s, begins on %s: %" PRIu64 " training rows, %" PRIu64 " validation, %" PRIu64 " test\n",
           snapshot->run->record.id, snapshot->run->record.name, event->started.backend, event->started.train_rows,
           event->started.validation_rows, event->started.test_rows);
}

static void tell_epoch(struct plain *plain, const struct event *event) {
    double now = clock_now();
    if (plain->tell_every < 0 || now < plain->told + plain->tell_every)
        return;
    plain->told = now;
    plain_epoch_line(&event->epoch, session_snapshot(plain->session)->run->record.classify);
}

static void on_event(void *context, const struct event *event) {
    struct plain *plain = context;
    plain->checkpoints += event->kind == EVENT_CHECKPOINT;
    plain->refused = plain->refused || event->kind == EVENT_WARNING || event->kind == EVENT_ERROR;
    if (event->kind == EVENT_STARTED)
        tell_started(session_snapshot(plain->session), event);
    else if (event->kind == EVENT_EPOCH)
        tell_epoch(plain, event);
    else if (event->kind != EVENT_WARNING && event->kind != EVENT_ERROR) // the session's message says them
        run_lines_event(session_snapshot(plain->session), event);
}

static void tell_message(struct plain *plain) {
    const struct snapshot *snapshot = session_snapshot(plain->session);
    if (snapshot->message_kind == MESSAGE_NONE)
        return;
    plain->failed = plain->failed || snapshot->message_kind == MESSAGE_ERROR;
    printf("%s%s\n", snapshot->message_kind == MESSAGE_ERROR     ? "error: "
                     : snapshot->message_kind == MESSAGE_WARNING ? "warning: "
                                                                 : "",
           snapshot->message);
    session_clear_message(plain->session);
}

static void tell_state(struct plain *plain) {
    enum run_state before = plain->state, now = session_snapshot(plain->session)->state;
    plain->state = now;
    if (now == RUN_PAUSED && before == RUN_TRAINING)
        puts("the run is paused");
    else if (now == RUN_TRAINING && before == RUN_PAUSED)
        puts("the run goes on");
}

static void take_news(struct plain *plain) {
    session_drain(plain->session);
    tell_state(plain);
    tell_message(plain);
    fflush(stdout);
}

// A second at most; with `lines` also until something is typed.
static enum status wait_news(const struct plain *plain, bool lines, struct error *error) {
    int fds[2], most = session_timeout(plain->session);
    struct pollfd wait[3];
    size_t count = session_poll_fds(plain->session, fds);
    for (size_t i = 0; i < count; i++)
        wait[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    if (lines)
        wait[count++] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(wait, (nfds_t)count, most >= 0 && most < 1000 ? most : 1000) < 0 && errno != EINTR)
        return error_set(error, STATUS_IO, "waiting for the engine failed (%s)", strerror(errno));
    return STATUS_OK;
}

// ---- work that is waited for ---------------------------------------------------------------------------------

static bool working(const struct snapshot *snapshot) {
    return snapshot->job.active || snapshot->rows.job.active || snapshot->batches.making || snapshot->evaluate.making;
}

static void tell_progress(const struct snapshot *snapshot) {
    const struct job_view *job = snapshot->job.active ? &snapshot->job : &snapshot->rows.job;
    if (!job->active)
        return;
    printf("%s %s", job->stage ? job->stage : "working on", job->subject);
    if (job->total)
        printf(": %.0f %%", 100 * (double)job->done / (double)job->total);
    printf("\n");
    fflush(stdout);
}

enum status plain_settle(struct plain *plain, struct error *error) {
    double told = clock_now();
    enum status status = STATUS_OK;
    interrupted = 0;
    take_news(plain);
    while (!status && !ended && working(session_snapshot(plain->session))) {
        if (interrupted) {
            interrupted = 0;
            session_cancel(plain->session);
            session_evaluate_cancel(plain->session);
        }
        if (clock_now() > told + PROGRESS_SECONDS) {
            told = clock_now();
            tell_progress(session_snapshot(plain->session));
        }
        status = wait_news(plain, false, error);
        take_news(plain);
    }
    return status;
}

enum status plain_wait_run(struct plain *plain, plain_done *done, uint64_t since, struct error *error) {
    enum status status = STATUS_OK;
    interrupted = 0;
    while (!status && !ended && !interrupted && !(done && done(plain, since)) &&
           (session_run_alive(plain->session) || session_snapshot(plain->session)->range_active)) {
        if (!done && session_snapshot(plain->session)->state == RUN_PAUSED)
            return error_set(error, STATUS_STATE, "the run is paused: pause lets it go on, stop saves it");
        status = wait_news(plain, false, error);
        take_news(plain);
    }
    interrupted = 0;
    return status;
}

// ---- commands --------------------------------------------------------------------------------------------------

enum status plain_number(const struct plain_line *line, size_t word, const char *what, size_t least, size_t most,
                         size_t fallback, size_t *number, struct error *error) {
    int64_t value = 0;
    *number = fallback;
    if (word >= line->count)
        return STATUS_OK;
    enum status status = cli_number(line->words[word], what, &value, error);
    if (!status && ((uint64_t)value < least || (uint64_t)value > most))
        status = most < least ? error_set(error, STATUS_MISSING, "%s %s: there is none", what, line->words[word])
                              : error_set(error, STATUS_INVALID, "%s %s: must be %zu to %zu", what, line->words[word],
                                          least, most);
    if (!status)
        *number = (size_t)value;
    return status;
}

enum status plain_table_now(const struct plain *plain, const struct table **table, struct error *error) {
    const struct dataset *dataset = session_snapshot(plain->session)->dataset;
    if (!dataset)
        return error_set(error, STATUS_STATE, "nothing is open; open FILE opens a table or an image set");
    if (!dataset->table)
        return error_set(error, STATUS_STATE, "%s has pictures, not columns; data tells about them", dataset->name);
    *table = dataset->table;
    return STATUS_OK;
}

enum status plain_table(struct plain *plain, const struct table **table, struct error *error) {
    enum status status = plain_settle(plain, error);
    return status ? status : plain_table_now(plain, table, error);
}

enum status plain_find_column(const struct table *table, const char *name, size_t *index, struct error *error) {
    int found = table_find(table, name);
    if (found < 0)
        return table_no_column(table, name, error);
    *index = (size_t)found;
    return STATUS_OK;
}

static const struct plain_row *find_row(const char *name) {
    for (size_t i = 0; i < ROWS; i++)
        if (text_equal(rows[i].name, name))
            return &rows[i];
    return NULL;
}

static enum status unknown(const char *name, struct error *error) {
    struct text_nearest nearest = text_nearest_of(name);
    char hint[TEXT_HINT_SIZE];
    for (size_t i = 0; i < ROWS; i++)
        text_nearest_try(&nearest, rows[i].name);
    return error_set(error, STATUS_INVALID, "there is no command \"%.80s\"; %s", name,
                     nearest.name ? text_nearest_hint(&nearest, hint) : "help tells all");
}

enum status plain_help(struct plain *plain, const struct plain_line *line, struct error *error) {
    (void)plain;
    const struct plain_row *one = line->count > 0 ? find_row(line->words[0]) : NULL;
    if (line->count > 0 && !one)
        return unknown(line->words[0], error);
    for (size_t i = 0; i < ROWS; i++)
        if (!one || one == &rows[i])
            printf("%s%s%s: %s\n", rows[i].name, rows[i].usage[0] ? " " : "", rows[i].usage, rows[i].help);
    return STATUS_OK;
}

enum status plain_quit(struct plain *plain, const struct plain_line *line, struct error *error) {
    const char *how = line->count > 0 ? line->words[0] : "";
    bool alive = session_run_alive(plain->session);
    if (how[0] && !text_equal(how, "stop") && !text_equal(how, "detach"))
        return error_set(error, STATUS_INVALID, "quit \"%s\": must be stop or detach", how);
    if (alive && !how[0])
        return error_set(error, STATUS_STATE,
                         "a run is alive: quit stop saves it and leaves, quit detach lets it train on alone");
    plain->detach = alive && text_equal(how, "detach");
    plain->leaving = true;
    return STATUS_OK;
}

// The next word of the text, its quotes taken off; the last word takes all that is left. Changes the text.
static char *take_word(char **text, bool last) {
    char *word = *text + strspn(*text, " \t"), quote = *word == '"' ? '"' : '\0';
    char *end = quote ? strchr(word + 1, '"') : word + strcspn(word, " \t");
    bool whole = end && (!last || (quote && end[1 + strspn(end + 1, " \t")] == '\0'));
    if (quote && end && (whole || !last))
        word++;
    else if (last || !end)
        end = word + strlen(word);
    *text = *end ? end + 1 : end;
    *end = '\0';
    if (last && !(quote && whole))
        while (end > word && isspace((unsigned char)end[-1]))
            *--end = '\0';
    return word;
}

static enum status obey(struct plain *plain, char *text, struct error *error) {
    struct plain_line line = {0};
    const char *name = take_word(&text, false);
    const struct plain_row *row = find_row(name);
    if (!name[0] || name[0] == '#') // an empty line, or a remark in a script
        return STATUS_OK;
    if (!row)
        return unknown(name, error);
    while (line.count < row->most && text[strspn(text, " \t")]) {
        line.words[line.count] = take_word(&text, line.count + 1 == row->most);
        line.count++;
    }
    if (line.count < row->least || text[strspn(text, " \t")])
        return error_set(error, STATUS_INVALID, "usage: %s%s%s", row->name, row->usage[0] ? " " : "", row->usage);
    enum status status = row->run(plain, &line, error);
    return status ? status : plain_settle(plain, error);
}

static void run_line(struct plain *plain, char *text) {
    struct error error;
    if (obey(plain, text, &error)) {
        plain->failed = true;
        printf("error: %s\n", error.text);
    }
}

// ---- lines -----------------------------------------------------------------------------------------------------

struct input {
    char text[LINE_MOST];
    size_t length;
    bool over;     // the end was read
    bool too_long; // the line that is being read: it is left out
};

// The first whole line, taken off; false: there is none yet.
static bool take_line(struct input *input, char line[LINE_MOST]) {
    char *end = memchr(input->text, '\n', input->length);
    if (!end && input->length + 1 >= sizeof input->text) {
        input->too_long = true;
        input->length = 0;
    }
    if (!end && !(input->over && input->length > 0))
        return false;
    size_t length = end ? (size_t)(end - input->text) : input->length, used = end ? length + 1 : length;
    memcpy(line, input->text, length);
    line[length > 0 && line[length - 1] == '\r' ? length - 1 : length] = '\0';
    for (size_t i = 0; i < length; i++) // a line has no zero bytes
        line[i] = line[i] || i + 1 == length ? line[i] : '?';
    memmove(input->text, input->text + used, input->length - used);
    input->length -= used;
    if (input->too_long) {
        printf("error: a line is longer than %d bytes; it is left out\n", LINE_MOST);
        line[0] = '\0';
    }
    input->too_long = false;
    return true;
}

static void read_more(struct input *input) {
    struct pollfd ready = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&ready, 1, 0) <= 0)
        return;
    ssize_t count = read(STDIN_FILENO, input->text + input->length, sizeof input->text - 1 - input->length);
    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN))
        input->over = true;
    else if (count > 0)
        input->length += (size_t)count;
}

static void prompt(const struct plain *plain) {
    if (plain->typed && !plain->leaving)
        fputs("> ", stdout);
    fflush(stdout);
}

static void on_interrupt(struct plain *plain) {
    interrupted = 0;
    printf("%squit leaves\n", session_run_alive(plain->session) ? "stop ends the run; " : "");
    prompt(plain);
}

static bool is_paused(struct plain *plain, uint64_t since) {
    (void)since;
    return session_snapshot(plain->session)->state == RUN_PAUSED; // nobody is left to let it go on
}

static enum status converse(struct plain *plain, struct error *error) {
    static struct input input;
    static char line[LINE_MOST];
    enum status status = STATUS_OK;
    prompt(plain);
    while (!status && !plain->leaving && !ended) {
        take_news(plain);
        if (interrupted)
            on_interrupt(plain);
        if (take_line(&input, line)) {
            run_line(plain, line);
            prompt(plain);
            continue;
        }
        if (input.over)
            return plain->typed ? STATUS_OK : plain_wait_run(plain, is_paused, 0, error);
        status = wait_news(plain, true, error);
        read_more(&input);
    }
    return status;
}

// ---- opening -----------------------------------------------------------------------------------------------------

static enum status open_what(struct plain *plain, const struct arguments *arguments, const struct load_options *options,
                             enum tui_what what, int64_t run, struct error *error) {
    enum status status = STATUS_OK;
    if (what == TUI_WATCH)
        status = session_watch(plain->session, run, error);
    else if (what == TUI_CONTINUE)
        status = session_continue(plain->session, run, error);
    else if (arguments->file_count)
        status = session_load(plain->session, arguments->files[0], options, error);
    return status ? status : plain_settle(plain, error);
}

static enum status begin(struct plain *plain, const struct arguments *arguments, enum tui_what what, int64_t run,
                         struct error *error) {
    struct load_options options;
    enum status status = cli_load_options(arguments, &options, error);
    if (!status)
        status = session_open(&plain->session,
                              &(struct session_options){.follow = arguments->flags[FLAG_FOLLOW] != NULL}, error);
    for (size_t i = 0; i < arguments->setting_count && !status; i++)
        status = session_set(plain->session, arguments->settings[i].name, arguments->settings[i].text, error);
    if (status)
        return status;
    session_listen(plain->session, on_event, plain);
    catch_signals();
    status = open_what(plain, arguments, &options, what, run, error);
    if (!status && session_snapshot(plain->session)->dataset)
        status = plain_data(plain, &(struct plain_line){0}, error);
    if (!status && plain->typed)
        puts("help tells every command");
    return status;
}

// The living run is saved by closing the session; what becomes of it is said.
static int leave(struct plain *plain) {
    const struct snapshot *snapshot = session_snapshot(plain->session);
    bool alive = session_run_alive(plain->session);
    int64_t run = snapshot->run ? snapshot->run->record.id : 0;
    struct error error;
    session_close(plain->session);
    fflush(stdout);
    if (plain->detach && detach_go_on(run, &error))
        return cli_fail(&error);
    if (alive)
        printf("run %lld is stopped and saved; batchlab resume %lld goes on\n", (long long)run, (long long)run);
    return plain->failed && !plain->typed ? EXIT_FAILED : EXIT_DONE;
}

int plain_show(const struct arguments *arguments, enum tui_what what, int64_t run) {
    struct plain plain = {.typed = isatty(STDIN_FILENO) == 1};
    struct error error;
    plain.tell_every = plain.typed ? TELL_SECONDS : 0;
    enum status status = begin(&plain, arguments, what, run, &error);
    bool opened = plain.session != NULL;
    if (!status)
        status = converse(&plain, &error);
    if (status) {
        session_close(plain.session);
        return opened || status != STATUS_INVALID ? cli_fail(&error) : cli_usage(&error);
    }
    int exit_status = leave(&plain);
    if (ended) {
        fflush(stdout);
        signal(ended, SIG_DFL);
        raise(ended);
    }
    return exit_status;
}
