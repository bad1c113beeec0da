// batchlab train and resume: plain progress lines, or one JSON object a line.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/cli.h"
#include "app/cli_folds.h"
#include "app/cli_session.h"
#include "app/detach.h"
#include "app/cli_wait.h"
#include "app/json.h"
#include "app/run_lines.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/session.h"

struct report {
    struct session *session;
    bool json;
    bool started, failed; // such an event came
    bool detached;
    int word; // detached: what the waiting terminal reads; -1: it has been told
};

// ---- JSON lines -----------------------------------------------------------------------------------------

static void json_params(cJSON *object, const struct train_params *params) {
    cJSON *values = cJSON_AddObjectToObject(object, "params");
    for (size_t i = 0; i < train_table.count; i++) {
        const struct param *row = &train_table.rows[i];
        char text[PARAM_TEXT_SIZE];
        params_get(row, params, text);
        if (row->type == PARAM_SWITCH)
            cJSON_AddBoolToObject(values, row->name, text_equal(text, "yes"));
        else if (row->type == PARAM_INTEGER || row->type == PARAM_REAL)
            cJSON_AddRawToObject(values, row->name, text);
        else
            cJSON_AddStringToObject(values, row->name, text);
    }
}

static void json_recipe(cJSON *object, const struct snapshot *snapshot) {
    char *json = NULL;
    struct error error;
    if (!snapshot->fitted || pipeline_save(snapshot->fitted, false, &json, &error))
        return;
    cJSON_AddItemToObject(object, "recipe", cJSON_Parse(json));
    mem_free(json);
}

static void json_rows(cJSON *object, const struct event *event) {
    cJSON *rows = cJSON_AddObjectToObject(object, "rows");
    json_number(rows, "train", (double)event->started.train_rows);
    json_number(rows, "validation", (double)event->started.validation_rows);
    json_number(rows, "test", (double)event->started.test_rows);
}

static void json_started(cJSON *object, const struct snapshot *snapshot, const struct event *event) {
    cJSON_AddStringToObject(object, "event", "start");
    json_number(object, "run", (double)snapshot->run->record.id);
    cJSON *device = cJSON_AddObjectToObject(object, "device");
    cJSON_AddStringToObject(device, "backend", event->started.backend);
    cJSON_AddStringToObject(device, "name", event->started.device);
    json_number(device, "threads", event->started.threads);
    cJSON_AddStringToObject(device, "precision", event->started.precision);
    json_rows(object, event);
    json_params(object, &snapshot->run->record.params);
    json_recipe(object, snapshot);
}

// Null each when no epoch has ended yet.
static void json_figures(cJSON *object, const struct epoch_row *row, bool classify) {
    static const struct epoch_row none = {.train_loss = NAN,
                                          .train_accuracy = NAN,
                                          .train_rmse = NAN,
                                          .val_loss = NAN,
                                          .val_accuracy = NAN,
                                          .val_rmse = NAN};
    row = row->epoch ? row : &none;
    json_number(object, "train_loss", row->train_loss);
    json_number(object, classify ? "train_accuracy" : "train_rmse", classify ? row->train_accuracy : row->train_rmse);
    json_number(object, "val_loss", row->val_loss);
    json_number(object, classify ? "val_accuracy" : "val_rmse", classify ? row->val_accuracy : row->val_rmse);
}

// Shares of the time, none before there was any.
static void json_times(cJSON *object, const struct run_times *times) {
    double sum = run_times_sum(times);
    cJSON *shares = cJSON_AddObjectToObject(object, "time");
    json_number(shares, "steps", times->steps / sum);
    json_number(shares, "data", times->data / sum);
    json_number(shares, "evaluation", times->evaluation / sum);
    json_number(shares, "keeping", times->keeping / sum);
    json_number(shares, "rest", times->rest / sum);
    double read = times->reading + times->reader_waits;
    if (!(read > 0))
        return;
    cJSON *reader = cJSON_AddObjectToObject(shares, "reader"); // shares of its own time
    json_number(reader, "reading", times->reading / read);
    json_number(reader, "waiting", times->reader_waits / read);
}

static void json_epoch(cJSON *object, const struct epoch_row *row, bool classify) {
    cJSON_AddStringToObject(object, "event", "epoch");
    json_number(object, "epoch", (double)row->epoch);
    json_number(object, "step", (double)row->step);
    json_number(object, "samples", (double)row->samples);
    json_number(object, "seconds", row->seconds);
    json_number(object, "lr", row->lr);
    json_number(object, "batch", (double)row->batch);
    json_figures(object, row, classify);
    json_number(object, "samples_per_s", row->samples_per_s);
    if (!isnan(row->clipped))
        json_number(object, "clipped", row->clipped);
    if (row->scale > 0) {
        json_number(object, "loss_scale", row->scale);
        json_number(object, "skipped_steps", (double)row->skipped);
    }
    json_times(object, &row->times);
}

static void json_noise(cJSON *object, const struct noise_row *row) {
    cJSON_AddStringToObject(object, "event", "noise");
    json_number(object, "step", (double)row->step);
    json_number(object, "epoch", row->epoch);
    json_number(object, "batch", (double)row->batch);
    json_number(object, "rows", row->rows);
    json_number(object, "micro_batch", row->part);
    json_number(object, "trace", row->trace);
    json_number(object, "gradient_sq", row->gradient_sq);
    json_number(object, "noise_scale", row->noise_scale);
    json_number(object, "low", row->low);
    json_number(object, "high", row->high);
    cJSON_AddBoolToObject(object, "resolved", row->resolved);
    json_number(object, "diversity", row->diversity);
    json_number(object, "cost", row->cost);
}

// The histograms themselves are kept with the run; a line of JSON is for how far the layer has come.
static void json_layer(cJSON *object, const struct layer_row *row) {
    cJSON_AddStringToObject(object, "event", "layer");
    json_number(object, "step", (double)row->step);
    json_number(object, "epoch", row->epoch);
    cJSON_AddStringToObject(object, "layer", row->name);
    json_number(object, "weights", (double)row->weights);
    json_number(object, "moved", row->moved);
    json_number(object, "norm", row->norm);
    json_number(object, "zero_gradients", row->histogram.zeros);
    json_number(object, "distance", row->distance);
    json_number(object, "cost", row->cost);
}

static void json_event(const struct report *report, const struct event *event) {
    const struct snapshot *snapshot = session_snapshot(report->session);
    cJSON *object = cJSON_CreateObject();
    bool print = true;
    if (event->kind == EVENT_STARTED) {
        json_started(object, snapshot, event);
    } else if (event->kind == EVENT_EPOCH) {
        json_epoch(object, &event->epoch, snapshot->run->record.classify);
        if (snapshot->device.gpu.number > 0)
            json_gpu(object, &snapshot->device.gpu);
    } else if (event->kind == EVENT_CHANGE) {
        cJSON_AddStringToObject(object, "event", "change");
        json_number(object, "step", (double)event->step);
        cJSON_AddStringToObject(object, "param", event->change.name);
        cJSON_AddStringToObject(object, "from", event->change.from);
        cJSON_AddStringToObject(object, "to", event->change.to);
    } else if (event->kind == EVENT_ROWS) {
        cJSON_AddStringToObject(object, "event", "rows");
        json_number(object, "step", (double)event->step);
        json_number(object, "added", (double)event->started.added_rows);
        json_rows(object, event);
    } else if (event->kind == EVENT_NOISE) {
        json_noise(object, &event->noise);
    } else if (event->kind == EVENT_LAYER) {
        json_layer(object, &event->layer);
    } else if (event->kind == EVENT_MARK) {
        cJSON_AddStringToObject(object, "event", "mark");
        json_number(object, "step", (double)event->step);
        cJSON_AddStringToObject(object, "message", event->text);
    } else if (event->kind == EVENT_WARNING || event->kind == EVENT_ERROR) {
        cJSON_AddStringToObject(object, "event", event->kind == EVENT_WARNING ? "warning" : "error");
        cJSON_AddStringToObject(object, "message", event->text);
    } else {
        print = false;
    }
    if (print)
        json_print_line(object);
    cJSON_Delete(object);
}

static void json_done(const struct run_record *record, const struct run_times *times) {
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "event", "done");
    json_number(object, "run", (double)record->id);
    json_number(object, "epochs", (double)record->epochs);
    json_number(object, "steps", (double)record->steps);
    json_number(object, "seconds", record->seconds);
    json_number(object, "samples_per_s", record->seconds > 0 ? (double)record->samples / record->seconds : NAN);
    json_figures(cJSON_AddObjectToObject(object, "final"), &record->final_row, record->classify);
    cJSON *best = cJSON_AddObjectToObject(object, "best");
    json_number(best, "epoch", record->best_row.epoch ? (double)record->best_row.epoch : NAN);
    json_figures(best, &record->best_row, record->classify);
    cJSON_AddStringToObject(object, "state", run_state_name(record->state));
    json_times(object, times);
    json_print_line(object);
    cJSON_Delete(object);
}

// ---- what comes from the engine ---------------------------------------------------------------------------

static void leave_terminal(struct report *report) {
    char log[1200], text[160];
    int64_t run = session_snapshot(report->session)->run->record.id;
    snprintf(log, sizeof log, "%s/%" PRId64 "/output.log", session_folder(report->session), run);
    snprintf(text, sizeof text, "run %" PRId64 " trains without a terminal; batchlab attach %" PRId64 " comes back to it\n",
             run, run);
    detach_settle(report->word, log, text);
    report->word = -1;
}

static void on_event(void *context, const struct event *event) {
    struct report *report = context;
    if (event->kind == EVENT_STARTED && report->word >= 0)
        leave_terminal(report);
    report->started = report->started || event->kind == EVENT_STARTED;
    if (event->kind == EVENT_ERROR) {
        report->failed = true;
        fprintf(stderr, "batchlab: %s\n", event->text);
    }
    if (report->json)
        json_event(report, event);
    else
        run_lines_event(session_snapshot(report->session), event);
    fflush(stdout);
}

// ---- running --------------------------------------------------------------------------------------------

static bool ended(enum run_state state) {
    return state == RUN_DONE || state == RUN_STOPPED || state == RUN_FAILED;
}

static enum status follow(struct report *report, struct error *error) {
    bool stopping = false;
    for (;;) {
        session_drain(report->session);
        const struct snapshot *snapshot = session_snapshot(report->session);
        if (ended(snapshot->state))
            return STATUS_OK;
        bool stuck = report->failed && snapshot->state == RUN_PAUSED; // diverged: nobody is here to steer it
        if ((cli_interrupted() || stuck) && !stopping) {
            stopping = true;
            enum status status = session_stop(report->session, error);
            if (status)
                return status;
        }
        enum status status = cli_wait_news(report->session, error);
        if (status)
            return status;
    }
}

// Follows the run to its end and prints the last line. Returns the exit status.
static int finish(struct report *report) {
    struct error error;
    enum status status = follow(report, &error);
    if (status)
        return cli_fail(&error);
    const struct snapshot *snapshot = session_snapshot(report->session);
    const struct run_record *record = &snapshot->run->record;
    if (report->started && report->json)
        json_done(record, &snapshot->times);
    else if (report->started)
        run_lines_done(record, &snapshot->times);
    if (cli_interrupted())
        fprintf(stderr, "batchlab: stopped at step %" PRIu64 " and saved; batchlab resume %" PRId64 " goes on\n",
                record->steps, record->id);
    return record->state == RUN_DONE && !report->failed ? EXIT_DONE : EXIT_FAILED;
}

// Followed is what rows join the run for, unless it is said otherwise.
static enum status set_follow(struct session *session, const struct arguments *arguments, struct error *error) {
    const struct train_params *params = session_snapshot(session)->params;
    if (arguments->flags[FLAG_DETACH] && params->folds > 1 && !cli_setting(arguments, "fold"))
        return error_set(error, STATUS_INVALID, "--detach trains one run; name one fold with --fold");
    if (arguments->flags[FLAG_FOLLOW] == NULL)
        return STATUS_OK;
    if (params->folds > 1 && !cli_setting(arguments, "fold"))
        return error_set(error, STATUS_INVALID,
                         "--follow: rows that come meanwhile belong to no fold of all of them; name one with --fold");
    return cli_setting(arguments, "follow_rows") ? STATUS_OK : session_set(session, "follow_rows", "yes", error);
}

// Every fold in turn, each a run of its own, until one fails or the person stops it.
static int train_folds(struct report *report, size_t folds) {
    struct session *session = report->session;
    struct error error;
    size_t done = 0;
    int exit_status = EXIT_DONE;
    struct run_record *runs = mem_alloc(folds, sizeof *runs);
    enum status status = runs ? STATUS_OK : error_memory(&error, "the runs of the folds", folds * sizeof *runs);
    while (!status && exit_status == EXIT_DONE && !cli_interrupted() && done < folds) {
        char fold[32];
        snprintf(fold, sizeof fold, "%zu", done + 1);
        report->started = false;
        status = session_set(session, "fold", fold, &error);
        if (!status)
            status = session_wait(session, &error);
        if (!status)
            status = session_start(session, &error);
        if (!status)
            exit_status = finish(report);
        if (!status && exit_status == EXIT_DONE)
            runs[done++] = session_snapshot(session)->run->record;
    }
    if (runs)
        cli_folds_print(runs, done, folds, report->json);
    mem_free(runs);
    return status ? cli_fail(&error) : done < folds ? EXIT_FAILED : exit_status;
}

static int train(struct report *report, const struct arguments *arguments, const struct load_options *options) {
    struct session *session = report->session;
    struct error error;
    enum status status = cli_set_params(session, arguments, &error);
    if (!status)
        status = set_follow(session, arguments, &error);
    if (!status)
        status = cli_open_data(session, arguments, options, &error);
    if (!status) {
        cli_catch_interrupts(); // from here on there is a run to save
        int64_t folds = session_snapshot(session)->params->folds;
        if (folds > 1 && !cli_setting(arguments, "fold"))
            return train_folds(report, (size_t)folds);
        status = session_start(session, &error);
    }
    return status ? cli_fail(&error) : finish(report);
}

static enum status open_report(const struct arguments *arguments, struct report *report, struct error *error) {
    *report = (struct report){.json = arguments->flags[FLAG_JSON] != NULL,
                              .detached = arguments->flags[FLAG_DETACH] != NULL,
                              .word = -1};
    struct session_options options = {.no_profile = true,
                                      .follow = arguments->flags[FLAG_FOLLOW] != NULL,
                                      .detached = report->detached};
    enum status status = report->detached ? detach_begin(&report->word, error) : STATUS_OK;
    if (!status)
        status = session_open(&report->session, &options, error);
    if (!status)
        session_listen(report->session, on_event, report);
    return status;
}

int cli_train(const struct arguments *arguments) {
    struct load_options load;
    struct report report;
    struct error error;
    if (cli_check_steps(arguments, &error) || cli_load_options(arguments, &load, &error))
        return cli_usage(&error);
    if (open_report(arguments, &report, &error))
        return cli_fail(&error);
    int exit_status = train(&report, arguments, &load);
    session_close(report.session);
    return exit_status;
}

// With more epochs it is another run, which keeps everything else: a fork.
static enum status go_on(struct report *report, const struct arguments *arguments, int64_t run, struct error *error) {
    const char *epochs = cli_setting(arguments, "epochs");
    char changes[64];
    snprintf(changes, sizeof changes, "epochs=%.40s", epochs ? epochs : "");
    return epochs             ? session_fork(report->session, run, "last", changes, error)
           : report->detached ? session_continue(report->session, run, error)
                              : session_resume(report->session, run, error);
}

int cli_resume(const struct arguments *arguments) {
    struct report report;
    struct error error;
    int64_t run = 0;
    if (cli_number(arguments->files[0], "run", &run, &error))
        return cli_usage(&error);
    if (open_report(arguments, &report, &error))
        return cli_fail(&error);
    enum status status = go_on(&report, arguments, run, &error);
    if (!status)
        status = session_wait(report.session, &error);
    cli_catch_interrupts();
    int exit_status = status ? cli_fail(&error) : finish(&report);
    session_close(report.session);
    return exit_status;
}

// Every parameter that is given, as session_fork reads it.
static enum status changes_of(const struct arguments *arguments, struct str *out, struct error *error) {
    for (size_t i = 0; i < arguments->setting_count; i++)
        str_format(out, "%s%s=%s", i > 0 ? "," : "", arguments->settings[i].name, arguments->settings[i].text);
    return out->failed ? error_memory(error, "the parameters of a fork", out->length) : STATUS_OK;
}

int cli_fork(const struct arguments *arguments) {
    struct report report = {.session = NULL};
    struct str changes = {0};
    struct error error;
    int64_t run = 0;
    const char *which = arguments->flags[FLAG_CHECKPOINT];
    if (cli_number(arguments->files[0], "run", &run, &error))
        return cli_usage(&error);
    if (open_report(arguments, &report, &error))
        return cli_fail(&error);
    enum status status = changes_of(arguments, &changes, &error);
    if (!status)
        status = session_fork(report.session, run, which ? which : "last", str_text(&changes), &error);
    if (!status)
        status = session_wait(report.session, &error);
    cli_catch_interrupts();
    int exit_status = status ? cli_fail(&error) : finish(&report);
    session_close(report.session);
    str_free(&changes);
    return exit_status;
}
