// batchlab get: downloads an official data set. Progress goes to standard error: one line that is written
// over in a terminal, a new line every few seconds elsewhere. The path to open goes to standard output.
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/cli.h"
#include "core/base/clock.h"
#include "core/base/str.h"
#include "datasets/get.h"

#define LINE_SECONDS 5.0 // between lines, where there is no terminal

static struct task task;

static void on_interrupt(int signal_number) {
    (void)signal_number;
    atomic_store(&task.cancelled, true);
}

static void catch_interrupts(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_interrupt;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

struct meter {
    bool terminal, open; // open: the line in the terminal has no end yet
    double shown;
    char file[64]; // of the last line
};

static void line_text(const struct get_progress *progress, char *out, size_t size) {
    double mib = 1 << 20;
    char left[16] = "-";
    if (isfinite(progress->seconds_left))
        clock_text(progress->seconds_left, left);
    int length = snprintf(out, size, "%s  %3.0f %%  %.1f of %.1f MiB", progress->file,
                          floor(100 * (double)progress->done / (double)progress->total), (double)progress->done / mib,
                          (double)progress->total / mib);
    if (length < 0 || (size_t)length >= size)
        return;
    out += length;
    size -= (size_t)length;
    if (progress->checking)
        snprintf(out, size, "  checking");
    else if (isfinite(progress->rate))
        snprintf(out, size, "  %.1f MiB/s  %s left", progress->rate / mib, left);
}

static void on_progress(void *context, const struct get_progress *progress) {
    struct meter *meter = context;
    char text[160];
    double now = clock_now();
    bool new_file = !text_equal(meter->file, progress->file), last = progress->checking;
    if (!meter->terminal && progress->done == progress->resumed && !last) // nothing has come yet
        return;
    if (!meter->terminal && !new_file && !last && now - meter->shown < LINE_SECONDS)
        return;
    if (!meter->terminal && last && meter->shown < 0) // said already
        return;
    if (meter->open && new_file)
        fputc('\n', stderr);
    if (new_file && progress->resumed > 0 && progress->resumed < progress->total)
        fprintf(stderr, "%s: going on after %.1f MiB\n", progress->file, (double)progress->resumed / (1 << 20));
    snprintf(meter->file, sizeof meter->file, "%s", progress->file);
    meter->shown = last ? -1 : now;
    line_text(progress, text, sizeof text);
    if (meter->terminal)
        fprintf(stderr, "\r%-78s", text);
    else
        fprintf(stderr, "%s\n", text);
    meter->open = meter->terminal;
    fflush(stderr);
}

static enum status unknown_set(const char *name, struct error *error) {
    struct str known = {0};
    for (size_t i = 0; i < get_set_count(); i++)
        str_format(&known, "%s%s (%s)", i == 0 ? "" : "; ", get_set_at(i)->name, get_set_at(i)->help);
    enum status status =
        error_set(error, STATUS_INVALID, "there is no set \"%s\" to get; there are %s", name, str_text(&known));
    str_free(&known);
    return status;
}

int cli_get(const struct arguments *arguments) {
    const struct get_set *set = get_set_find(arguments->files[0]);
    const char *mirror = arguments->flags[FLAG_MIRROR], *named = getenv("BATCHLAB_MIRROR");
    struct meter meter = {.terminal = isatty(STDERR_FILENO) == 1};
    struct get_options options = {.folder = arguments->flags[FLAG_FOLDER],
                                  .mirror = mirror              ? mirror
                                            : named && named[0] ? named
                                                                : NULL,
                                  .progress = on_progress,
                                  .context = &meter};
    struct str path = {0};
    struct error error;
    if (!set) {
        unknown_set(arguments->files[0], &error);
        return cli_usage(&error);
    }
    catch_interrupts();
    fprintf(stderr, "%s: %s (%s)\n", set->name, set->help, set->made_by);
    enum status status = get_set(set, &options, &path, &task, &error);
    if (meter.open)
        fputc('\n', stderr);
    if (!status)
        puts(str_text(&path));
    str_free(&path);
    return status ? cli_fail(&error) : EXIT_DONE;
}
