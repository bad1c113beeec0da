// Steps: one, or several that the device gets at once.
#include <math.h>

#include "core/base/clock.h"
#include "core/train/keep.h"
#include "core/train/metrics.h"
#include "core/train/schedule.h"
#include "core/train/state.h"

_Static_assert((int)STEPS_MOST <= (int)METRIC_SLOTS, "steps that are queued together have a row of figures each");

static enum status check_can_step(const struct trainer *trainer, struct error *error) {
    if (trainer->predicts_only) {
        return error_set(error, STATUS_STATE, "this model was opened for prediction only; resume its run to train it");
    }
    if (trainer_finished(trainer)) {
        return error_set(error, STATUS_STATE, "all %lld epochs are done; raise the number of epochs to go on",
                         (long long)trainer->params.epochs);
    }
    return STATUS_OK;
}

// A new epoch's order goes to the device once; steps then only move along it.
static enum status load_order(struct trainer *trainer, struct error *error) {
    bool fresh;
    const uint32_t *order = sampler_order(&trainer->sampler, &fresh);
    if (!fresh || trainer->device.staged) { // a stage has the rows of every step brought
        return STATUS_OK;
    }
    struct buffer *rows = trainer->device.bindings[PLAN_TRAIN].slots[SLOT_ROWS];
    enum status status = trainer->backend->api->upload(trainer->backend, rows, 0, trainer->sampler.count, order, error);
    if (status) {
        trainer->sampler.ordered_epoch = UINT64_MAX; // to be sent again
    }
    return status;
}

struct step_args trainer_arguments(const struct trainer *trainer) {
    const struct train_params *params = &trainer->params;
    double rate = trainer->rate_factor * schedule_rate(params, sampler_epochs(&trainer->sampler));
    return (struct step_args){
        .seed = (uint64_t)params->seed,
        .step = trainer->steps,
        .first = trainer->sampler.position,
        .metric_slot = (int)(trainer->steps % METRIC_SLOTS),
        .lr = rate,
        .momentum = params->momentum,
        .weight_decay = params->weight_decay,
        .label_smoothing = params->label_smoothing,
        .nesterov = params->nesterov,
        .beta1 = params->beta1,
        .beta2 = params->beta2,
        .rms_decay = params->rms_decay,
        .epsilon = params->epsilon,
        .muon_lr = params->muon_lr * rate / params->lr,
        .decoupled = params->decoupled || trainer->optimizer->decoupled,
        .clip = params->clip,
        .average = params->ema,
        .huber_delta = params->huber_delta,
        .epoch = trainer->sampler.epoch,
        .augment = trainer_augment(params),
    };
}

// Where the trainer is.
struct place {
    struct sampler sampler;
    uint64_t steps, samples;
};

static struct place place_of(const struct trainer *trainer) {
    return (struct place){trainer->sampler, trainer->steps, trainer->samples};
}

static void go_to(struct trainer *trainer, const struct place *place) {
    trainer->sampler = place->sampler;
    trainer->steps = place->steps;
    trainer->samples = place->samples;
}

// A step of `batch` rows is done. True: and the epoch with it.
static bool advance(struct trainer *trainer, size_t batch) {
    trainer->steps++;
    trainer->samples += batch;
    return sampler_advance(&trainer->sampler, batch, (size_t)trainer->params.batch, trainer->params.drop_last);
}

static struct step_result finish_step(struct trainer *trainer, size_t batch, const struct step_args *args,
                                      const double sums[METRIC_COUNT]) {
    trainer->last_first = args->first;
    trainer->last_batch = batch;
    bool ended = advance(trainer, batch);
    struct step_result result = {
        .step = trainer->steps,
        .samples = trainer->samples,
        .epoch = sampler_epochs(&trainer->sampler),
        .batch = batch,
        .lr = args->lr,
        .epoch_ended = ended,
        .begun = NAN,
        .gathered = NAN,
    };
    metrics_step(sums, trainer->source, &result);
    trainer->last_loss_finite = isfinite(result.loss);
    return result;
}

// The rows of the next step on the device, and what it needs there.
static enum status prepare_step(struct trainer *trainer, size_t *batch, struct error *error) {
    enum status status = load_order(trainer, error);
    *batch = status ? 0 : sampler_next(&trainer->sampler, (size_t)trainer->params.batch);
    if (!status) {
        status = parts_ready(trainer, *batch, error);
    }
    return !status && trainer->device.staged ? stage_step(trainer, *batch, error) : status;
}

// `rate`: in place of the schedule's; NULL: the schedule's.
static enum status do_step(struct trainer *trainer, const double *rate, struct step_result *result,
                           struct error *error) {
    double sums[METRIC_COUNT];
    double begun = trainer->timed ? clock_now() : (double)NAN, gathered = NAN;
    size_t batch;
    enum status status = prepare_step(trainer, &batch, error);
    if (status) {
        return status;
    }
    struct step_args args = trainer_arguments(trainer);
    args.gathered = trainer->timed ? &gathered : NULL;
    if (rate != NULL) {
        args.muon_lr *= *rate / args.lr;
        args.lr = *rate;
    }
    status = parts_run(trainer, batch, &args, sums, error);
    if (status) {
        return status;
    }
    *result = finish_step(trainer, batch, &args, sums);
    result->begun = begun;
    result->gathered = gathered;
    trainer->timed = false;
    return STATUS_OK;
}

enum status trainer_step(struct trainer *trainer, struct step_result *result, struct error *error) {
    enum status status = check_can_step(trainer, error);
    return status ? status : do_step(trainer, NULL, result, error);
}

enum status trainer_step_at(struct trainer *trainer, double rate, struct step_result *result, struct error *error) {
    if (trainer->predicts_only) {
        return check_can_step(trainer, error);
    }
    return do_step(trainer, &rate, result, error);
}

// ---- several --------------------------------------------------------------------------------------------

// Of the next steps, how many may be queued together: those of whole batches up to the end of the epoch.
static size_t steps_together(const struct trainer *trainer, size_t most) {
    size_t batch = (size_t)trainer->params.batch, whole = (trainer->sampler.count - trainer->sampler.position) / batch;
    bool each = trainer->backend->api->run_many == NULL || trainer->device.staged || !parts_whole(trainer, batch);
    most = most < STEPS_MOST ? most : STEPS_MOST;
    return each || whole < 2 ? 1 : whole < most ? whole : most;
}

static enum status do_steps(struct trainer *trainer, size_t count, struct step_result *results, size_t *done,
                            struct error *error) {
    struct step_args args[STEPS_MOST];
    double sums[STEPS_MOST][METRIC_COUNT];
    double begun = trainer->timed ? clock_now() : (double)NAN, gathered = NAN;
    size_t batch;
    enum status status = prepare_step(trainer, &batch, error);
    if (status) {
        return status;
    }
    struct place before = place_of(trainer);
    for (size_t i = 0; i < count; i++) {
        args[i] = trainer_arguments(trainer);
        advance(trainer, batch);
    }
    go_to(trainer, &before);
    args[0].gathered = trainer->timed ? &gathered : NULL;
    status = parts_run_many(trainer, batch, args, count, sums, error);
    if (status) {
        return status;
    }
    bool finite = true;
    for (*done = 0; *done < count && finite; ++*done) { // behind one that is not finite there were none
        results[*done] = finish_step(trainer, batch, &args[*done], sums[*done]);
        finite = results[*done].finite;
    }
    results[0].begun = begun;
    results[0].gathered = gathered;
    trainer->timed = false;
    return STATUS_OK;
}

enum status trainer_steps(struct trainer *trainer, size_t most, struct step_result *results, size_t *count,
                          struct error *error) {
    *count = 0;
    enum status status = check_can_step(trainer, error);
    if (status) {
        return status;
    }
    size_t together = steps_together(trainer, most);
    if (together > 1) {
        return do_steps(trainer, together, results, count, error);
    }
    status = do_step(trainer, NULL, results, error);
    *count = !status;
    return status;
}

void trainer_time_step(struct trainer *trainer) {
    trainer->timed = true;
}
