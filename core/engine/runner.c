#include "core/engine/runner.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/mem.h"

enum { CHECKPOINT_PATH_SIZE = EVENT_TEXT_SIZE };

uint64_t runner_steps(const struct runner *runner) {
    return runner->trainer ? trainer_steps_done(runner->trainer) : 0;
}

void runner_tell(struct runner *runner, enum event_kind kind, const char *text) {
    struct event event = {.kind = kind, .step = runner_steps(runner)};
    snprintf(event.text, sizeof event.text, "%s", text);
    lanes_event(runner->lanes, event);
}

// Brings `seconds` up to date; returns how many there were since the last time.
static double tick(struct runner *runner, double now) {
    double passed = now - runner->mark;
    runner->mark = now;
    runner->seconds += passed;
    return passed;
}

void runner_wind(struct runner *runner) {
    runner->mark = clock_now();
}

// ---- opening ----------------------------------------------------------------------------------------

static enum status read_extra(struct runner *runner, struct error *error) {
    const char *text = runner->run.extra;
    runner->extra = text ? cJSON_Parse(text) : cJSON_CreateObject();
    if (cJSON_IsObject(runner->extra))
        return STATUS_OK;
    return error_set(error, STATUS_INVALID, "what a run keeps in its checkpoints must be a JSON object");
}

static enum status make_folder(const char *folder, struct error *error) {
    enum { LONGEST_NAME = 32 }; // "/step-18446744073709551615.ckpt"
    if (strlen(folder) + LONGEST_NAME > CHECKPOINT_PATH_SIZE)
        return error_set(error, STATUS_INVALID, "the folder for checkpoints has a path longer than %d bytes: %s",
                         CHECKPOINT_PATH_SIZE - LONGEST_NAME, folder);
    return file_make_folder(folder, error);
}

static enum status open_backend(struct runner *runner, struct error *error) {
    const struct train_params *params = &runner->run.params;
    struct backend_options options = {.threads = (int)params->threads};
    enum status status = precision_parse(params->precision, &options.precision, error);
    return status ? status : backend_open(params->device, &options, &runner->backend, error);
}

static enum status load(struct runner *runner, const char *path, struct error *error) {
    struct checkpoint_header header = {0};
    enum status status = checkpoint_read_header(path, &header, error);
    if (!status)
        status = trainer_load(runner->trainer, path, error);
    if (!status)
        extra_read_sums(header.extra, &runner->sums);
    checkpoint_header_clear(&header);
    return status;
}

static void tell_started(struct runner *runner) {
    struct event event = {.kind = EVENT_STARTED, .step = runner_steps(runner)};
    const struct source *source = runner->run.source;
    struct device_info info = {0};
    runner->backend->api->describe(runner->backend, &info);
    snprintf(event.started.backend, sizeof event.started.backend, "%s", runner->backend->api->name);
    snprintf(event.started.device, sizeof event.started.device, "%s", info.name);
    snprintf(event.started.detail, sizeof event.started.detail, "%s", info.detail);
    snprintf(event.started.precision, sizeof event.started.precision, "%.7s", runner->run.params.precision);
    event.started.threads = info.threads;
    event.started.bytes = trainer_bytes(runner->trainer);
    event.started.train_rows = source->part_count[PART_TRAIN];
    event.started.validation_rows = source->part_count[PART_VALIDATION];
    event.started.test_rows = source->part_count[PART_TEST];
    event.started.steps_total = runner_steps(runner) + trainer_steps_left(runner->trainer);
    lanes_event(runner->lanes, event);
}

static void plan_next_checkpoint(struct runner *runner) {
    double every = runner->run.params.checkpoint_every, done = trainer_epochs_done(runner->trainer);
    runner->next_checkpoint = every > 0 ? (floor(done / every) + 1) * every : INFINITY;
}

enum status runner_open(struct runner *runner, struct error *error) {
    const struct engine_run *run = &runner->run;
    runner->saved_step = UINT64_MAX;
    enum status status = read_extra(runner, error);
    if (!status && run->folder[0])
        status = make_folder(run->folder, error);
    if (!status)
        status = open_backend(runner, error);
    if (!status)
        status = trainer_open(&runner->trainer, &run->params, run->source, runner->backend, error);
    if (!status && run->resume[0])
        status = load(runner, run->resume, error);
    if (status)
        return status;
    runner->train_rows = run->source->part_count[PART_TRAIN];
    plan_next_checkpoint(runner);
    tell_started(runner);
    // Something to roll back to, should the first epoch diverge.
    if (run->params.checkpoint_every > 0)
        runner_save_last(runner);
    runner_wind(runner);
    return STATUS_OK;
}

void runner_close(struct runner *runner) {
    trainer_close(runner->trainer);
    backend_close(runner->backend);
    source_release(runner->run.source);
    cJSON_Delete(runner->extra);
    *runner = (struct runner){.lanes = runner->lanes, .task = runner->task};
}

// ---- stepping ---------------------------------------------------------------------------------------

static void add_to_epoch(struct epoch_sums *sums, const struct step_result *result, double seconds) {
    double rows = (double)result->batch;
    sums->rows += result->batch;
    sums->loss += result->loss * rows;
    sums->correct += result->accuracy * rows;
    sums->squared += result->rmse * result->rmse * rows;
    sums->seconds += seconds;
}

static void push_metrics(struct runner *runner, const struct step_result *result) {
    bool classify = runner->run.source->task == SOURCE_CLASSIFY;
    struct step_metrics metrics = {
        .step = result->step,
        .samples = result->samples,
        .epoch = result->epoch,
        .seconds = runner->seconds,
        .lr = (float)result->lr,
        .loss = (float)result->loss,
        .accuracy_or_rmse = (float)(classify ? result->accuracy : result->rmse),
        .gradient_norm = (float)result->gradient_norm,
        .update_ratio = (float)(result->weight_norm > 0 ? result->update_norm / result->weight_norm : 0),
        .batch = (uint32_t)result->batch,
    };
    lanes_metrics(runner->lanes, &metrics, runner->mark);
}

// A stop asked for meanwhile cuts the evaluation short: its figures are then NaN, "not measured".
static enum status end_epoch(struct runner *runner, const struct step_result *result, struct error *error) {
    struct evaluation validation = {.loss = NAN, .accuracy = NAN, .rmse = NAN};
    enum status status = trainer_evaluate(runner->trainer, PART_VALIDATION, &validation, runner->task, error);
    if (status == STATUS_CANCELLED)
        validation = (struct evaluation){.loss = NAN, .accuracy = NAN, .rmse = NAN};
    else if (status)
        return status;
    tick(runner, clock_now());
    const struct epoch_sums *sums = &runner->sums;
    double rows = (double)sums->rows;
    struct event event = {.kind = EVENT_EPOCH, .step = result->step};
    event.epoch = (struct epoch_row){
        .epoch = (uint64_t)llround(result->epoch),
        .step = result->step,
        .samples = result->samples,
        .seconds = runner->seconds,
        .lr = result->lr,
        .batch = trainer_params(runner->trainer)->batch,
        .train_loss = sums->loss / rows,
        .train_accuracy = sums->correct / rows,
        .train_rmse = sqrt(sums->squared / rows),
        .val_loss = validation.loss,
        .val_accuracy = validation.accuracy,
        .val_rmse = validation.rmse,
        .samples_per_s = sums->seconds > 0 ? rows / sums->seconds : 0,
    };
    runner->sums = (struct epoch_sums){0};
    lanes_event(runner->lanes, event);
    return STATUS_OK;
}

static void tell_diverged(struct runner *runner, const struct step_result *result) {
    char text[ERROR_TEXT_SIZE];
    bool loss = !isfinite(result->loss);
    snprintf(
        text, sizeof text,
        "step %llu: the %s is %s at learning rate %g, batch size %zu; the run is paused: %s at a lower learning rate",
        (unsigned long long)result->step, loss ? "loss" : "gradient",
        isnan(loss ? result->loss : result->gradient_norm) ? "not a number" : "infinite", result->lr, result->batch,
        runner->saved_step == UINT64_MAX ? "start again" : "roll back to the last checkpoint, or start again,");
    runner_tell(runner, EVENT_ERROR, text);
}

double runner_rest(const struct runner *runner, double now) {
    return trainer_params(runner->trainer)->pace > 0 ? runner->due - now : 0;
}

// Steps come evenly; one that was late does not make the following ones hurry.
static void plan_rest(struct runner *runner) {
    double pace = trainer_params(runner->trainer)->pace;
    if (pace > 0)
        runner->due = fmax(runner->due + 1 / pace, runner->mark);
}

enum status runner_step(struct runner *runner, enum runner_outcome *outcome, struct error *error) {
    struct step_result result;
    if (trainer_finished(runner->trainer)) { // resumed at its end, or the number of epochs was lowered
        *outcome = RUNNER_FINISHED;
        return STATUS_OK;
    }
    enum status status = trainer_step(runner->trainer, &result, error);
    if (status)
        return status;
    add_to_epoch(&runner->sums, &result, tick(runner, clock_now()));
    push_metrics(runner, &result);
    plan_rest(runner);
    if (result.epoch_ended && (status = end_epoch(runner, &result, error)))
        return status;
    *outcome = trainer_finished(runner->trainer) ? RUNNER_FINISHED : RUNNER_GOES_ON;
    if (!result.finite) {
        tell_diverged(runner, &result);
        runner->diverged = true;
        *outcome = RUNNER_DIVERGED;
    } else if (result.epoch >= runner->next_checkpoint) {
        plan_next_checkpoint(runner);
        runner_save_last(runner);
        tick(runner, clock_now());
    }
    return STATUS_OK;
}

// ---- what can be asked of it --------------------------------------------------------------------------

static void tell_change(struct runner *runner, const char *name, const char *from, const char *to) {
    struct event event = {.kind = EVENT_CHANGE, .step = runner_steps(runner)};
    snprintf(event.change.name, sizeof event.change.name, "%s", name);
    snprintf(event.change.from, sizeof event.change.from, "%s", from);
    snprintf(event.change.to, sizeof event.change.to, "%s", to);
    lanes_event(runner->lanes, event);
}

void runner_set(struct runner *runner, const char *name, const char *text) {
    struct error error;
    size_t before, after;
    trainer_changes(runner->trainer, &before);
    if (trainer_set(runner->trainer, name, text, &error)) {
        runner_tell(runner, EVENT_WARNING, error.text);
        return;
    }
    const struct parameter_change *changes = trainer_changes(runner->trainer, &after);
    for (size_t i = before; i < after; i++)
        tell_change(runner, changes[i].name, changes[i].from, changes[i].to);
}

static bool save(struct runner *runner, const char *path) {
    struct error error;
    char *extra = extra_text(runner->extra, &runner->sums);
    enum status status = extra ? trainer_save(runner->trainer, path, extra, &error)
                               : error_memory(&error, "a checkpoint's recipe and encoding", 0);
    mem_free(extra);
    runner_tell(runner, status ? EVENT_ERROR : EVENT_CHECKPOINT, status ? error.text : path);
    return status == STATUS_OK;
}

void runner_save_last(struct runner *runner) {
    uint64_t step = runner_steps(runner);
    if (runner->diverged || !runner->run.folder[0] || runner->saved_step == step)
        return;
    char path[CHECKPOINT_PATH_SIZE];
    snprintf(path, sizeof path, "%.990s/last.ckpt", runner->run.folder);
    if (save(runner, path))
        runner->saved_step = step;
}

void runner_save_now(struct runner *runner) {
    char path[CHECKPOINT_PATH_SIZE];
    if (!runner->run.folder[0]) {
        runner_tell(runner, EVENT_WARNING, "this run has no folder to keep checkpoints in");
        return;
    }
    if (runner->diverged) {
        runner_tell(runner, EVENT_WARNING, "the weights are not finite, so no checkpoint is kept: roll back first");
        return;
    }
    snprintf(path, sizeof path, "%.990s/step-%llu.ckpt", runner->run.folder, (unsigned long long)runner_steps(runner));
    save(runner, path);
}

void runner_roll_back(struct runner *runner, const char *path) {
    struct error error;
    struct train_params before = *trainer_params(runner->trainer);
    if (load(runner, path, &error)) {
        runner_tell(runner, EVENT_WARNING, error.text);
        return;
    }
    runner->diverged = false;
    runner->saved_step = UINT64_MAX;
    plan_next_checkpoint(runner);
    for (size_t i = 0; i < train_table.count; i++) {
        const struct param *row = &train_table.rows[i];
        char from[PARAM_TEXT_SIZE], to[PARAM_TEXT_SIZE];
        if (!params_equal(row, &before, trainer_params(runner->trainer)))
            tell_change(runner, row->name, params_get(row, &before, from),
                        params_get(row, trainer_params(runner->trainer), to));
    }
    char text[64];
    snprintf(text, sizeof text, "rolled back to step %llu", (unsigned long long)runner_steps(runner));
    runner_tell(runner, EVENT_MARK, text);
}
