#include "core/engine/runner.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"

enum { TIMED_EVERY = 16 };
static const double timed_always = 20e-6; // seconds of a step
static const double longest_wait = 0.05;  // for data, between two looks at the commands
static const double longest_row = 2e-3;   // of steps that the device gets at once: as long a live change has to wait

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

void runner_disturb(struct runner *runner) {
    runner->disturbed = true;
    trainer_time_step(runner->trainer);
}

void runner_wind(struct runner *runner) {
    runner->mark = clock_now();
    runner_disturb(runner);
}

static double *between_steps(struct runner *runner) {
    return trainer_params(runner->trainer)->pace > 0 ? &runner->times.rest : &runner->times.keeping;
}

// What passed since the steps before: one that looked at no clock is taken to have waited like the last one that did. Of
// steps that went to the device at once the first one looks, and each has waited for its rows.
static void account_steps(struct runner *runner, const struct step_result *first, size_t count, double passed) {
    bool timed = isfinite(first->begun);
    double before = runner->mark - passed;
    double keeping = timed ? first->begun - before : runner->step_keeping;
    double data = (timed ? first->gathered - first->begun : runner->step_data) * (double)count;
    keeping = fmax(0, fmin(keeping, passed));
    data = isfinite(data) ? fmax(0, fmin(data, passed - keeping)) : 0;
    *between_steps(runner) += keeping;
    runner->times.data += data;
    runner->times.steps += passed - keeping - data;
    if (timed && !runner->disturbed) {
        runner->step_keeping = keeping;
        runner->step_data = data / (double)count;
        runner->untimed = 0;
    }
    if (runner->disturbed || passed >= timed_always || ++runner->untimed >= TIMED_EVERY)
        trainer_time_step(runner->trainer);
    runner->disturbed = false;
}

// What passed since the last look at the clock was this.
static void account(struct runner *runner, double *stage) {
    *stage += tick(runner, clock_now());
    trainer_reads_ahead(runner->trainer, &runner->times.reading, &runner->times.reader_waits);
    runner_disturb(runner);
    lanes_set_times(runner->lanes, &runner->times);
}

// ---- opening ----------------------------------------------------------------------------------------

static enum status read_extra(struct runner *runner, struct error *error) {
    const char *text = runner->run.extra;
    runner->extra = text ? cJSON_Parse(text) : cJSON_CreateObject();
    if (cJSON_IsObject(runner->extra))
        return STATUS_OK;
    return error_set(error, STATUS_INVALID, "what a run keeps in its checkpoints must be a JSON object, and there must be memory to read it");
}

static void tell_rows(struct runner *runner, enum event_kind kind, int64_t added) {
    struct event event = {.kind = kind, .step = runner_steps(runner)};
    const struct source *source = runner->run.source;
    struct device_info info = {0};
    runner->backend->api->describe(runner->backend, &info);
    snprintf(event.started.backend, sizeof event.started.backend, "%s", runner->backend->api->name);
    snprintf(event.started.device, sizeof event.started.device, "%s", info.name);
    snprintf(event.started.detail, sizeof event.started.detail, "%s", info.detail);
    snprintf(event.started.precision, sizeof event.started.precision, "%.7s", runner->run.params.precision);
    snprintf(event.started.bus, sizeof event.started.bus, "%s", info.bus);
    event.started.threads = info.threads;
    event.started.busy = trainer_threads(runner->trainer);
    event.started.bytes = trainer_bytes(runner->trainer);
    event.started.train_rows = source->part_count[PART_TRAIN];
    event.started.validation_rows = source->part_count[PART_VALIDATION];
    event.started.test_rows = source->part_count[PART_TEST];
    event.started.added_rows = added;
    event.started.steps_total = runner_steps(runner) + trainer_steps_left(runner->trainer);
    lanes_event(runner->lanes, event);
}

static void warn_of_emulation(struct runner *runner) {
    struct device_info info = {0};
    enum precision precision = PRECISION_F32;
    struct error error = {0};
    runner->backend->api->describe(runner->backend, &info);
    if (!precision_parse(runner->run.params.precision, &precision, &error) && info.emulated & 1u << precision) {
        char text[160];
        snprintf(text, sizeof text, "this processor has no instructions for %s: they are emulated, slower than f32",
                 precision_name(precision));
        runner_tell(runner, EVENT_WARNING, text);
    }
}

enum status runner_open(struct runner *runner, struct error *error) {
    const struct engine_run *run = &runner->run;
    struct train_params forked;
    runner->saved_step = UINT64_MAX;
    runner->seconds = run->seconds;
    enum status status = read_extra(runner, error);
    if (!status && run->folder[0])
        status = runner_make_folder(run->folder, error);
    if (!status)
        status = trainer_backend(&run->params, &runner->backend, error);
    if (!status)
        status = trainer_open(&runner->trainer, &run->params, run->source, runner->backend, error);
    if (!status && run->resume[0])
        status = runner_load(runner, run->resume, run->fork ? &forked : NULL, error);
    if (status)
        return status;
    runner->train_rows = run->source->part_count[PART_TRAIN];
    runner_lab_open(runner);
    runner_plan_checkpoint(runner);
    tell_rows(runner, EVENT_STARTED, 0);
    warn_of_emulation(runner);
    if (run->fork && run->resume[0])
        runner_tell_changes(runner, &forked);
    // Something to roll back to, should the first epoch diverge.
    if (run->params.checkpoint_every > 0)
        runner_save_last(runner);
    runner_wind(runner);
    return STATUS_OK;
}

void runner_close(struct runner *runner) {
    runner_forget_best(runner);
    runner_lab_close(runner);
    trainer_close(runner->trainer);
    backend_close(runner->backend);
    source_release(runner->run.source);
    source_release(runner->offered);
    cJSON_Delete(runner->extra);
    cJSON_Delete(runner->offered_extra);
    *runner = (struct runner){.lanes = runner->lanes, .task = runner->task};
}

// ---- stepping ---------------------------------------------------------------------------------------

static void add_to_epoch(struct epoch_sums *sums, const struct step_result *result, double seconds) {
    double rows = (double)result->batch;
    sums->rows += result->batch;
    sums->loss += result->loss * result->weight;
    sums->weight += result->weight;
    sums->steps++;
    sums->clipped += result->clip < 1;
    sums->skipped += result->skipped;
    sums->correct += result->accuracy * rows;
    sums->squared += result->rmse * result->rmse * rows;
    sums->seconds += seconds;
}

// `seconds`: when it ended, since the run's start.
static void push_metrics(struct runner *runner, const struct step_result *result, double seconds) {
    bool classify = runner->run.source->task == SOURCE_CLASSIFY;
    struct step_metrics metrics = {
        .step = result->step,
        .samples = result->samples,
        .epoch = result->epoch,
        .seconds = seconds,
        .lr = (float)result->lr,
        .loss = (float)result->loss,
        .accuracy_or_rmse = (float)(classify ? result->accuracy : result->rmse),
        .gradient_norm = (float)result->gradient_norm,
        .update_ratio = (float)(result->weight_norm > 0 ? result->update_norm / result->weight_norm : 0),
        .batch = (uint32_t)result->batch,
    };
    if (lanes_due(runner->lanes, runner->mark))
        trainer_reads_ahead(runner->trainer, &runner->times.reading, &runner->times.reader_waits);
    lanes_metrics(runner->lanes, &metrics, &runner->times, runner->mark);
}

// A stop asked for meanwhile cuts the evaluation short: its figures are then NaN, "not measured".
static enum status end_epoch(struct runner *runner, const struct step_result *result, struct error *error) {
    struct evaluation validation = {.loss = NAN, .accuracy = NAN, .rmse = NAN};
    enum status status = trainer_evaluate(runner->trainer, PART_VALIDATION, &validation, runner->task, error);
    if (status == STATUS_CANCELLED)
        validation = (struct evaluation){.loss = NAN, .accuracy = NAN, .rmse = NAN};
    else if (status)
        return status;
    account(runner, &runner->times.evaluation);
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
        .train_loss = sums->loss / sums->weight,
        .train_accuracy = sums->correct / rows,
        .train_rmse = sqrt(sums->squared / rows),
        .val_loss = validation.loss,
        .val_accuracy = validation.accuracy,
        .val_rmse = validation.rmse,
        .clipped = trainer_params(runner->trainer)->clip > 0 ? (double)sums->clipped / (double)sums->steps : (double)NAN,
        .skipped = sums->skipped,
        .scale = result->scale,
        .samples_per_s = sums->seconds > 0 ? rows / sums->seconds : 0,
        .times = run_times_since(&runner->times, &runner->epoch_began),
    };
    runner->epoch_began = runner->times;
    runner->sums = (struct epoch_sums){0};
    lanes_event(runner->lanes, event);
    if (result->finite)
        runner_judge(runner, event.epoch.epoch, validation.loss);
    if (trainer_params(runner->trainer)->patience > 0)
        account(runner, &runner->times.keeping);
    return STATUS_OK;
}

// The first time; with the epochs they are counted.
static void tell_skipped(struct runner *runner, const struct step_result *result) {
    char text[EVENT_TEXT_SIZE];
    if (!result->skipped || runner->told_skipped)
        return;
    runner->told_skipped = true;
    snprintf(text, sizeof text,
             "step %llu: its gradient, multiplied by %g to keep what is small in fp16, overflowed; the step was skipped and "
             "the next one's is multiplied by %g. Some such steps are usual: each epoch says how many",
             (unsigned long long)result->step, result->scale, result->scale / 2);
    runner_tell(runner, EVENT_WARNING, text);
}

static void tell_diverged(struct runner *runner, const struct step_result *result) {
    char text[EVENT_TEXT_SIZE], where[ERROR_TEXT_SIZE];
    bool loss = !isfinite(result->loss), gradient = !isfinite(result->gradient_norm);
    double bad = loss ? result->loss : gradient ? result->gradient_norm : result->weight_norm;
    bool data = trainer_blame(runner->trainer, where);
    snprintf(text, sizeof text,
             "step %llu: the %s is %s%s%s (learning rate %g, batch size %zu); the run is paused: %s %s",
             (unsigned long long)result->step, loss ? "loss" : gradient ? "gradient" : "weights' length",
             isnan(bad) ? "not a number" : "infinite", where[0] ? ", first " : "", where, result->lr, result->batch,
             runner->saved_step == UINT64_MAX ? "start again" : "roll back to the last checkpoint, or start again,",
             data ? "with a step that mends such values" : "at a lower learning rate");
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

// Something to roll back to: checkpoints of the rows before are no use any more.
static void tell_grown(struct runner *runner, int64_t added) {
    runner_forget_best(runner); // and its loss was that of other rows
    runner->best = (struct best_epoch){0};
    tell_rows(runner, EVENT_ROWS, added);
    runner->saved_step = UINT64_MAX;
    if (runner->saved)
        runner_save_last(runner);
}

static void take_offered(struct runner *runner) {
    struct error error;
    struct source *old = runner->run.source, *rows = runner->offered;
    cJSON *extra = runner->offered_extra;
    runner->offered = NULL;
    runner->offered_extra = NULL;
    enum status status = STATUS_OK;
    bool same = rows->fingerprint == old->fingerprint;
    if (!same)
        status = trainer_change_source(runner->trainer, rows, &error);
    if (status) {
        error_prefix(&error, "the run keeps its rows");
        runner_tell(runner, EVENT_WARNING, error.text);
    }
    if (!status && extra) {
        cJSON_Delete(runner->extra);
        runner->extra = extra;
        extra = NULL;
    }
    if (!status && !same) {
        runner->run.source = rows;
        runner->train_rows = rows->part_count[PART_TRAIN];
        tell_grown(runner, (int64_t)rows->rows - (int64_t)old->rows);
        rows = old;
    }
    source_release(rows);
    cJSON_Delete(extra);
    account(runner, &runner->times.data);
}

void runner_offer(struct runner *runner, struct source *rows, const char *extra) {
    source_release(runner->offered);
    cJSON_Delete(runner->offered_extra);
    runner->offered = source_share(rows);
    runner->offered_extra = extra ? cJSON_Parse(extra) : NULL;
}

// Rows that are read from a file may not be there yet; the time until they are is measured apart from the step.
static enum status wait_for_rows(struct runner *runner, bool *ready, struct error *error) {
    enum status status = trainer_wait(runner->trainer, 0, ready, error);
    if (status || *ready)
        return status;
    account(runner, between_steps(runner));
    status = trainer_wait(runner->trainer, longest_wait, ready, error);
    account(runner, &runner->times.data);
    return status;
}

// Counted as keeping records.
static void look_at_gradients(struct runner *runner) {
    bool noise = runner_lab_due(runner), layers = runner_layers_due(runner);
    if (!noise && !layers)
        return;
    account(runner, between_steps(runner));
    if (noise)
        runner_lab_measure(runner);
    if (layers)
        runner_layers_measure(runner);
    account(runner, &runner->times.keeping);
}

// So many of the next steps may go to the device at once.
static size_t steps_at_once(const struct runner *runner, size_t most) {
    const struct train_params *params = trainer_params(runner->trainer);
    double step = runner_lab_seconds(runner), until = runner->next_checkpoint - trainer_epochs_done(runner->trainer);
    if (params->pace > 0 || !(step > 0))
        return 1;
    double count = fmin((double)most, longest_row / step);
    count = fmin(count, until * (double)runner->train_rows / (double)params->batch);
    count = fmin(count, (double)runner_lab_free(runner));
    return count < 1 ? 1 : (size_t)count;
}

// What these steps have given goes where it is kept and told.
static void record_steps(struct runner *runner, const struct step_result *results, size_t count) {
    double passed = tick(runner, clock_now()), before = runner->times.steps;
    account_steps(runner, results, count, passed);
    double seconds = (runner->times.steps - before) / (double)count, each = passed / (double)count;
    for (size_t i = 0; i < count; i++) {
        runner_lab_stepped(runner, (int64_t)results[i].batch, seconds);
        add_to_epoch(&runner->sums, &results[i], each);
        push_metrics(runner, &results[i], runner->seconds - each * (double)(count - 1 - i));
        tell_skipped(runner, &results[i]);
    }
    plan_rest(runner);
}

enum status runner_step(struct runner *runner, size_t most, enum runner_outcome *outcome, struct error *error) {
    struct step_result results[STEPS_MOST];
    size_t count;
    if (trainer_finished(runner->trainer)) { // resumed at its end, or the number of epochs was lowered
        *outcome = RUNNER_FINISHED;
        return STATUS_OK;
    }
    if (runner->offered && trainer_between_epochs(runner->trainer) && !runner->diverged)
        take_offered(runner);
    bool ready;
    enum status status = wait_for_rows(runner, &ready, error);
    *outcome = RUNNER_WAITED;
    if (status || !ready)
        return status;
    look_at_gradients(runner);
    runner_lab_prepare(runner);
    status = trainer_steps(runner->trainer, steps_at_once(runner, most), results, &count, error);
    if (status)
        return status;
    record_steps(runner, results, count);
    const struct step_result *last = &results[count - 1]; // an end of an epoch, figures that are not finite: behind it
    if (last->epoch_ended && (status = end_epoch(runner, last, error)))
        return status;
    if (runner_best_due(runner)) {
        runner_keep_best(runner);
        account(runner, &runner->times.keeping);
    }
    *outcome = runner->stops || trainer_finished(runner->trainer) ? RUNNER_FINISHED : RUNNER_GOES_ON;
    if (!last->finite) {
        tell_diverged(runner, last);
        runner->diverged = true;
        *outcome = RUNNER_DIVERGED;
    } else if (last->epoch >= runner->next_checkpoint) {
        runner_plan_checkpoint(runner);
        runner_save_last(runner);
        account(runner, &runner->times.keeping);
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

void runner_tell_changes(struct runner *runner, const struct train_params *before) {
    const struct train_params *now = trainer_params(runner->trainer);
    for (size_t i = 0; i < train_table.count; i++) {
        const struct param *row = &train_table.rows[i];
        char from[PARAM_TEXT_SIZE], to[PARAM_TEXT_SIZE];
        bool meant = strcmp(row->group, "device") != 0 && strcmp(row->name, "model_file") != 0; // a copy's path
        if (meant && !params_equal(row, before, now))
            tell_change(runner, row->name, params_get(row, before, from), params_get(row, now, to));
    }
}

void runner_set(struct runner *runner, const char *name, const char *text) {
    struct train_params before = *trainer_params(runner->trainer);
    if (runner_change(runner, name, text))
        runner_lab_changed(runner, &before, name);
}

bool runner_change(struct runner *runner, const char *name, const char *text) {
    struct error error;
    size_t before, after;
    runner_disturb(runner);
    trainer_changes(runner->trainer, &before);
    if (trainer_set(runner->trainer, name, text, &error)) {
        runner_tell(runner, EVENT_WARNING, error.text);
        return false;
    }
    const struct parameter_change *changes = trainer_changes(runner->trainer, &after);
    for (size_t i = before; i < after; i++)
        tell_change(runner, changes[i].name, changes[i].from, changes[i].to);
    return after > before;
}

void runner_copy(struct runner *runner) {
    struct model_copy *copy = NULL;
    struct error error;
    if (trainer_copy(runner->trainer, &copy, &error))
        runner_tell(runner, EVENT_WARNING, error.text);
    else
        lanes_copy(runner->lanes, copy);
    runner_disturb(runner);
}
