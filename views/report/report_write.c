// What a report tells, in order. How it is written is the form's: report_html.c, report_markdown.c.
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "views/report/report.h"
#include "core/base/version.h"

struct writing {
    const struct report_form *form;
    struct str *out;
    struct str line; // being put together
};

static void cell(const struct writing *writing, const char *text) {
    writing->form->cell(writing->out, text);
}

static void row_begins(const struct writing *writing) {
    writing->form->row_begins(writing->out);
}

static void row_ends(const struct writing *writing) {
    writing->form->row_ends(writing->out);
}

// The table begins, with its row of titles.
static void table_of(const struct writing *writing, const char *const *titles, size_t count) {
    writing->form->table_begins(writing->out);
    for (size_t i = 0; i < count; i++)
        writing->form->title(writing->out, titles[i]);
    writing->form->titles_end(writing->out, count);
}

// The line that was put together, as that.
static void tell_as(struct writing *writing, void (*as)(struct str *out, const char *text)) {
    as(writing->out, str_text(&writing->line));
    str_clear(&writing->line);
}

// ---- the table of runs ------------------------------------------------------------------------------------------------

static const char *const figures[] = {"run",    "name",  "state",   "started",   "batch",      "rate",       "seed",
                                      "epochs", "steps", "seconds", "samples/s", "train loss", "validation", "best"};
enum { FIGURES = sizeof figures / sizeof *figures };

static void put_percent(double value, bool classify, char out[PARAM_TEXT_SIZE]) {
    if (isnan(value))
        snprintf(out, PARAM_TEXT_SIZE, "-");
    else if (classify)
        snprintf(out, PARAM_TEXT_SIZE, "%.2f %%", 100 * value);
    else
        snprintf(out, PARAM_TEXT_SIZE, "RMSE %.5g", value);
}

static void put_figure(const struct whole_run *run, size_t index, char out[PARAM_TEXT_SIZE]) {
    const struct run_record *record = &run->record;
    const struct epoch_row *last = &record->final_row, *best = &record->best_row;
    double nothing = NAN;
    time_t started = (time_t)record->started;
    struct tm broken;
    out[0] = '\0';
    switch (index) {
    case 0:
        snprintf(out, PARAM_TEXT_SIZE, "%" PRId64, record->id);
        break;
    case 1:
        snprintf(out, PARAM_TEXT_SIZE, "%s", record->name);
        break;
    case 2:
        snprintf(out, PARAM_TEXT_SIZE, "%s", run_state_name(record->state));
        break;
    case 3:
        if (gmtime_r(&started, &broken))
            strftime(out, PARAM_TEXT_SIZE, "%Y-%m-%d %H:%M UTC", &broken);
        break;
    case 4:
        snprintf(out, PARAM_TEXT_SIZE, "%" PRId64, record->params.batch);
        break;
    case 5:
        snprintf(out, PARAM_TEXT_SIZE, "%.4g", record->params.lr);
        break;
    case 6:
        snprintf(out, PARAM_TEXT_SIZE, "%" PRId64, record->params.seed);
        break;
    case 7:
        snprintf(out, PARAM_TEXT_SIZE, "%" PRIu64, record->epochs);
        break;
    case 8:
        snprintf(out, PARAM_TEXT_SIZE, "%" PRIu64, record->steps);
        break;
    case 9:
        snprintf(out, PARAM_TEXT_SIZE, "%.2f", record->seconds);
        break;
    case 10:
        snprintf(out, PARAM_TEXT_SIZE, record->seconds > 0 ? "%.0f" : "-", (double)record->samples / record->seconds);
        break;
    case 11:
        snprintf(out, PARAM_TEXT_SIZE, last->epoch ? "%.5f" : "-", last->train_loss);
        break;
    case 12:
        put_percent(last->epoch == 0 ? nothing : record->classify ? last->val_accuracy : last->val_rmse,
                    record->classify, out);
        break;
    default:
        put_percent(best->epoch == 0 ? nothing : record->classify ? best->val_accuracy : best->val_rmse,
                    record->classify, out);
    }
}

static void add_figures(struct writing *writing, const struct report *report) {
    char text[PARAM_TEXT_SIZE];
    table_of(writing, figures, FIGURES);
    for (size_t run = 0; run < report->count; run++) {
        row_begins(writing);
        for (size_t i = 0; i < FIGURES; i++) {
            put_figure(&report->runs[run], i, text);
            cell(writing, text);
        }
        row_ends(writing);
    }
    writing->form->table_ends(writing->out);
}

// ---- parameters -------------------------------------------------------------------------------------------------

// Another value than the default in one of the runs.
static bool worth_telling(const struct report *report, const struct param *row) {
    struct train_params defaults;
    params_defaults(&train_table, &defaults);
    for (size_t i = 0; i < report->count; i++)
        if (!params_equal(row, &report->runs[i].record.params, &defaults))
            return true;
    return false;
}

static void add_params(struct writing *writing, const struct report *report) {
    char text[PARAM_TEXT_SIZE];
    writing->form->heading(writing->out, "Parameters");
    writing->form->paragraph(writing->out, "Those that are not at their default in every run.");
    writing->form->table_begins(writing->out);
    writing->form->title(writing->out, "parameter");
    writing->form->title(writing->out, "default");
    for (size_t run = 0; run < report->count; run++) {
        str_format(&writing->line, "run %" PRId64, report->runs[run].record.id);
        tell_as(writing, writing->form->title);
    }
    writing->form->titles_end(writing->out, report->count + 2);
    for (size_t i = 0; i < train_table.count; i++) {
        const struct param *row = &train_table.rows[i];
        if (!worth_telling(report, row))
            continue;
        row_begins(writing);
        cell(writing, row->label);
        cell(writing, row->fallback);
        for (size_t run = 0; run < report->count; run++)
            cell(writing, params_get(row, &report->runs[run].record.params, text));
        row_ends(writing);
    }
    writing->form->table_ends(writing->out);
}

// ---- one run ----------------------------------------------------------------------------------------------------

static void add_members(const cJSON *step, struct str *out) {
    static const char *const hidden[] = {"step", "state", "fitted"};
    const cJSON *member;
    size_t told = 0;
    cJSON_ArrayForEach(member, step) {
        bool hides = false;
        for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
            hides |= text_equal(member->string, hidden[i]);
        char *text = hides ? NULL : cJSON_PrintUnformatted(member);
        if (text && strlen(text) < 400)
            str_format(out, "%s%s %s", told++ > 0 ? ", " : ": ", member->string, text);
        cJSON_free(text);
    }
}

static void add_steps(struct writing *writing, const struct whole_run *run) {
    cJSON *recipe = run->recipe ? cJSON_Parse(run->recipe) : NULL;
    const cJSON *steps = cJSON_GetObjectItemCaseSensitive(recipe, "steps"), *step;
    int count = cJSON_GetArraySize(steps), number = 0;
    if (count > 0) {
        str_format(&writing->line, "preparation in %d step%s, fitted on the training rows", count, count == 1 ? "" : "s");
        tell_as(writing, writing->form->item);
    }
    cJSON_ArrayForEach(step, steps) {
        const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(step, "step"));
        str_format(&writing->line, "step %d of the preparation: %s", ++number, kind ? kind : "?");
        add_members(step, &writing->line);
        tell_as(writing, writing->form->item);
    }
    cJSON_Delete(recipe);
}

// NULL: it never began.
static const struct event *started_of(const struct whole_run *run) {
    for (size_t i = 0; i < run->event_count; i++)
        if (run->events[i].kind == EVENT_STARTED)
            return &run->events[i];
    return NULL;
}

// "step 120: batch from 32 to 64", and marks, warnings, errors; false: the event is not of that kind.
static bool put_event(const struct event *event, struct str *out) {
    if (event->kind == EVENT_CHANGE)
        str_format(out, "step %" PRIu64 ": %s from %s to %s", event->step, event->change.name, event->change.from,
                   event->change.to);
    else if (event->kind == EVENT_MARK || event->kind == EVENT_WARNING || event->kind == EVENT_ERROR)
        str_format(out, "step %" PRIu64 ": %s%s", event->step,
                   event->kind == EVENT_WARNING ? "warning: "
                   : event->kind == EVENT_ERROR ? "error: "
                                                : "",
                   event->text);
    else
        return false;
    return true;
}

enum { EPOCHS_SHOWN = 12 };

// Where no curves are drawn: some epochs, evenly spaced, the last one among them.
static void add_epochs(struct writing *writing, const struct whole_run *run) {
    bool classify = run->record.classify;
    const char *const titles[] = {"epoch",           "step",
                                  "seconds",         "training loss",
                                  classify ? "training accuracy" : "training RMSE",
                                  "validation loss", classify ? "validation accuracy" : "validation RMSE"};
    enum { TITLES = sizeof titles / sizeof *titles };
    size_t every = (run->epoch_count + EPOCHS_SHOWN - 1) / EPOCHS_SHOWN;
    if (run->epoch_count == 0)
        return;
    table_of(writing, titles, TITLES);
    for (size_t i = (run->epoch_count - 1) % every; i < run->epoch_count; i += every) {
        row_begins(writing);
        const struct epoch_row *row = &run->epochs[i];
        const double values[TITLES] = {(double)row->epoch, (double)row->step, row->seconds, row->train_loss,
                                       classify ? row->train_accuracy : row->train_rmse, row->val_loss,
                                       classify ? row->val_accuracy : row->val_rmse};
        for (size_t k = 0; k < TITLES; k++) {
            char text[PARAM_TEXT_SIZE];
            snprintf(text, sizeof text, k < 2 ? "%.0f" : k == 2 ? "%.3f" : "%.5g", values[k]);
            cell(writing, text);
        }
        row_ends(writing);
    }
    writing->form->table_ends(writing->out);
}

static void add_facts(struct writing *writing, const struct whole_run *run) {
    const struct run_record *record = &run->record;
    const struct event *started = started_of(run);
    struct str *line = &writing->line;
    str_format(line, "data: %s, %" PRIu64 " rows train, %" PRIu64 " validate, %" PRIu64 " test", record->data_path,
               record->train_rows, record->validation_rows, record->test_rows);
    tell_as(writing, writing->form->item);
    if (record->parent) {
        str_format(line, "goes on from run %" PRId64, record->parent);
        tell_as(writing, writing->form->item);
    }
    if (started) {
        str_format(line, "on %s: %s, %d thread%s, %s", started->started.backend, started->started.device,
                   started->started.threads, started->started.threads == 1 ? "" : "s", started->started.precision);
        tell_as(writing, writing->form->item);
    }
}

static void add_run(struct writing *writing, const struct whole_run *run) {
    const struct run_record *record = &run->record;
    str_format(&writing->line, "Run %" PRId64 ": %s", record->id, record->name);
    tell_as(writing, writing->form->heading);
    writing->form->list_begins(writing->out);
    add_facts(writing, run);
    add_steps(writing, run);
    for (size_t i = 0; i < run->event_count; i++)
        if (put_event(&run->events[i], &writing->line))
            tell_as(writing, writing->form->item);
    if (record->note[0]) {
        str_format(&writing->line, "note: %s", record->note);
        tell_as(writing, writing->form->item);
    }
    writing->form->list_ends(writing->out);
    if (!writing->form->curves)
        add_epochs(writing, run);
}

// ---- all of it --------------------------------------------------------------------------------------------------

static void add_environment(struct writing *writing) {
    struct utsname system;
    writing->form->heading(writing->out, "Environment");
    str_add(&writing->line, "batchlab " BATCHLAB_VERSION);
    if (uname(&system) == 0)
        str_format(&writing->line, ", %s %s on %s", system.sysname, system.release, system.machine);
    str_add(&writing->line, ". The same seed, data, backend and threads repeat a run bit for bit.");
    tell_as(writing, writing->form->paragraph);
}

void report_write(const struct report *report, const struct report_form *form, struct str *out) {
    struct writing writing = {.form = form, .out = out};
    form->begins(out, report);
    add_figures(&writing, report);
    if (form->curves)
        form->curves(out, report);
    add_params(&writing, report);
    for (size_t i = 0; i < report->count; i++)
        add_run(&writing, &report->runs[i]);
    add_environment(&writing);
    form->ends(out);
    out->failed |= writing.line.failed;
    str_free(&writing.line);
}
