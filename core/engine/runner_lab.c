#include "core/engine/runner_lab.h"

#include <math.h>
#include <stdio.h>

#include "core/base/clock.h"
#include "core/base/str.h"
#include "core/engine/runner.h"
#include "core/lab/range_test.h"
#include "core/lab/rules.h"
#include "core/train/schedule.h"

#define DECAY 0.98      // of samples in the averages: the last 100 count
#define SHARE_MOST 0.03 // of the time of the steps, for measuring where no interval is given
#define LAYERS_SHARE 0.015 // the same, for looking into layers
enum { LAYERS_SAMPLES = 128 }; // of a run
enum { STEERED_EVERY = 32, STEPS_BEFORE = 100, SAMPLES_BETWEEN = 10, STEPS_REMEMBERED = 200 };
static const double told_every = 0.1; // seconds, where no interval is given

static bool adascale(const struct train_params *params) {
    return rate_rule_of(params) == RATE_ADASCALE;
}

static bool steers(const struct train_params *params) {
    return adascale(params) || text_equal(params->batch_rule, "noise");
}

void runner_lab_open(struct runner *runner) {
    struct runner_lab *lab = &runner->lab;
    const struct train_params *params = trainer_params(runner->trainer);
    struct error error;
    size_t batch, part;
    lab->meter.seed = (uint64_t)params->seed;
    lab->opened = runner_steps(runner);
    if (lab->state.base_batch == 0)
        lab->state.base_batch = params->batch;
    // So that the first sample takes no longer than the others; what fails here is told when it is measured.
    if ((params->noise_scale || steers(params)) && noise_choose(runner->trainer, &batch, &part))
        (void)trainer_gradient_ready(runner->trainer, part, &error);
    if (params->histograms)
        (void)trainer_gradient_ready(runner->trainer, layers_rows(runner->trainer), &error);
}

void runner_lab_close(struct runner *runner) {
    noise_meter_close(&runner->lab.meter);
    layer_meter_close(&runner->lab.layers);
}

// ---- the noise scale ----------------------------------------------------------------------------------

static bool measures(const struct runner *runner) {
    const struct train_params *params = trainer_params(runner->trainer);
    return (params->noise_scale || steers(params)) && !runner->lab.refused && !runner->diverged;
}

// Steps from one sample to the next; 0: it is the clock that counts.
static int64_t interval(const struct train_params *params) {
    return params->noise_scale && params->noise_every > 0 ? params->noise_every : steers(params) ? STEERED_EVERY : 0;
}

bool runner_lab_due(const struct runner *runner) {
    const struct runner_lab *lab = &runner->lab;
    int64_t every = interval(trainer_params(runner->trainer));
    if (!measures(runner))
        return false;
    if (every > 0)
        return runner_steps(runner) % (uint64_t)every == 0 || lab->state.noise.count == 0;
    // A sample costs up to three steps (small parts are slow): the first one waits until that is within the share.
    return runner_steps(runner) - lab->opened >= STEPS_BEFORE && lab->spent <= SHARE_MOST * runner->times.steps;
}

static double timed_step(const struct runner_lab *lab, int64_t batch) {
    for (int i = 0; i < lab->timed_count; i++)
        if (lab->timed[i].batch == batch && lab->timed[i].steps > 0)
            return lab->timed[i].seconds;
    return NAN;
}

// From a step of B rows and a part of b: the line through both, at 2B rows.
static double draw_on(const struct runner_lab *lab, double step, int64_t batch, size_t part) {
    double rows = (double)batch - (double)part;
    if (!(lab->part_seconds > 0 && rows > 0))
        return NAN;
    return step + fmax(0, (step - lab->part_seconds) / rows) * (double)batch;
}

// `seconds`: of this sample, which no other time has yet.
static void tell_row(struct runner *runner, const struct noise_sample *sample, double seconds) {
    struct runner_lab *lab = &runner->lab;
    struct noise_estimate estimate = noise_estimate(&lab->state.noise);
    struct event event = {.kind = EVENT_NOISE, .step = runner_steps(runner)};
    int64_t batch = trainer_params(runner->trainer)->batch;
    double step = timed_step(lab, batch), twice = timed_step(lab, 2 * batch),
           all = run_times_sum(&runner->times) + seconds;
    event.noise = (struct noise_row){
        .step = event.step,
        .samples_seen = trainer_samples_done(runner->trainer),
        .epoch = trainer_epochs_done(runner->trainer),
        .seconds = runner->seconds,
        .batch = batch,
        .rows = (uint32_t)sample->batch,
        .part = (uint32_t)sample->part,
        .trace = estimate.trace,
        .gradient_sq = estimate.gradient_sq,
        .noise_scale = estimate.noise_scale,
        .low = estimate.low,
        .high = estimate.high,
        .diversity = estimate.diversity,
        .resolved = estimate.resolved,
        .cost = lab->spent / all,
        .step_seconds = step,
        .double_seconds = isnan(twice) ? draw_on(lab, step, batch, sample->part) : twice,
        .double_measured = !isnan(twice),
    };
    lanes_event(runner->lanes, event);
}

// The batch rule "noise": by one factor of 2, and not before the averages have seen something of the last one.
static void follow_noise(struct runner *runner) {
    struct lab_state *state = &runner->lab.state;
    const struct train_params *params = trainer_params(runner->trainer);
    char text[32];
    if (!text_equal(params->batch_rule, "noise") || state->noise.count - state->adapted < SAMPLES_BETWEEN)
        return;
    struct noise_estimate estimate = noise_estimate(&state->noise);
    int64_t most = batch_rule_most(params, runner->train_rows);
    int64_t batch = batch_towards_noise(params, &estimate, params->batch, most);
    if (batch == params->batch)
        return;
    snprintf(text, sizeof text, "%lld", (long long)batch);
    state->adapted = state->noise.count;
    runner_set(runner, "batch", text);
}

static enum status sample(struct runner *runner, struct noise_sample *taken, struct error *error) {
    struct runner_lab *lab = &runner->lab;
    size_t batch, part;
    if (!noise_choose(runner->trainer, &batch, &part))
        return error_set(error, STATUS_INVALID, "there are too few training rows to measure the noise scale");
    enum status status = trainer_gradient_ready(runner->trainer, part, error);
    double begun = clock_now();
    if (!status)
        status = noise_measure(&lab->meter, runner->trainer, runner_steps(runner), batch, part, taken, error);
    double seconds = (clock_now() - begun) * (double)part / (double)batch;
    lab->part_seconds = lab->part_seconds > 0 ? 0.9 * lab->part_seconds + 0.1 * seconds : seconds;
    return status;
}

void runner_lab_measure(struct runner *runner) {
    struct runner_lab *lab = &runner->lab;
    struct noise_sample taken;
    struct error error;
    double begun = clock_now();
    if (sample(runner, &taken, &error)) {
        lab->refused = true;
        error_prefix(&error, "no gradient statistics");
        runner_tell(runner, EVENT_WARNING, error.text);
        return;
    }
    noise_add(&lab->state.noise, &taken, DECAY);
    double now = clock_now();
    lab->spent += now - begun;
    bool every = trainer_params(runner->trainer)->noise_every > 0;
    if (every || now - lab->told >= told_every) {
        lab->told = now;
        tell_row(runner, &taken, now - begun);
    }
    follow_noise(runner);
}

void runner_lab_stepped(struct runner *runner, int64_t batch, double seconds) {
    struct runner_lab *lab = &runner->lab;
    int at = 0;
    while (at < lab->timed_count && lab->timed[at].batch != batch)
        at++;
    if (at == TIMED_BATCHES)
        return;
    if (at == lab->timed_count) { // the first step of a size warms caches: it is not counted
        lab->timed[at].batch = batch;
        lab->timed[at].steps = 0;
        lab->timed_count++;
        return;
    }
    uint64_t steps = ++lab->timed[at].steps;
    double share = 1 / (double)(steps < STEPS_REMEMBERED ? steps : STEPS_REMEMBERED);
    lab->timed[at].seconds = steps == 1 ? seconds : lab->timed[at].seconds + share * (seconds - lab->timed[at].seconds);
}

// ---- layers -------------------------------------------------------------------------------------------

// So often over the whole run that a picture of it has enough columns, unless that would take too much of the time.
bool runner_layers_due(const struct runner *runner) {
    const struct runner_lab *lab = &runner->lab;
    return trainer_params(runner->trainer)->histograms && !lab->layers_refused && !runner->diverged &&
           (runner_steps(runner) >= lab->layers_next || runner_steps(runner) < lab->layers_last) && // rolled back
           (lab->layers_spent == 0 || lab->layers_spent <= LAYERS_SHARE * runner->times.steps);
}

static void tell_layers(struct runner *runner, double begun) {
    struct runner_lab *lab = &runner->lab;
    const struct model *model = trainer_model(runner->trainer);
    struct event event = {.kind = EVENT_LAYER, .step = runner_steps(runner)};
    struct layer_row *row = &event.layer;
    *row = (struct layer_row){.step = event.step,
                              .samples_seen = trainer_samples_done(runner->trainer),
                              .epoch = trainer_epochs_done(runner->trainer),
                              .seconds = runner->seconds,
                              .distance = lab->layers.distance,
                              .length = lab->layers.length};
    for (size_t i = 0; i < model->count; i++)
        row->layers += model->layers[i].weight_count > 0;
    for (size_t i = 0; i < model->count; i++) {
        const struct layer *layer = &model->layers[i];
        if (layer->weight_count == 0)
            continue;
        struct layer_look look = layers_look(&lab->layers, &lab->meter, layer);
        double spent = lab->layers_spent + clock_now() - begun;
        snprintf(row->name, sizeof row->name, "%s", layer->name);
        row->weights = layer->weight_count;
        row->histogram = look.histogram;
        row->moved = look.moved;
        row->norm = look.norm;
        row->cost = spent / (run_times_sum(&runner->times) + clock_now() - begun);
        lanes_event(runner->lanes, event);
        row->layer++;
    }
}

void runner_layers_measure(struct runner *runner) {
    struct runner_lab *lab = &runner->lab;
    struct error error;
    uint64_t steps = runner_steps(runner), all = steps + trainer_steps_left(runner->trainer);
    double begun = clock_now();
    if (layers_measure(&lab->layers, &lab->meter, runner->trainer, steps, &error)) {
        lab->layers_refused = true;
        error_prefix(&error, "no layer histograms");
        runner_tell(runner, EVENT_WARNING, error.text);
        return;
    }
    tell_layers(runner, begun);
    lab->layers_spent += clock_now() - begun;
    lab->layers_last = steps;
    lab->layers_next = steps + (all > LAYERS_SAMPLES ? all / LAYERS_SAMPLES : 1);
}

// ---- rules --------------------------------------------------------------------------------------------

static double gain(const struct lab_state *state, int64_t batch) {
    struct noise_estimate means = noise_means(&state->noise); // before every step: no interval
    double base = (double)state->base_batch;
    return state->noise.count > 0 ? adascale_gain(means.trace, means.gradient_sq, base, (double)batch / base) : 1;
}

static double ramp(const struct runner *runner, const struct train_params *params) {
    const struct lab_state *state = &runner->lab.state;
    uint64_t since = runner_steps(runner) - state->ramp_step;
    if (state->ramp_from <= 0 || params->rule_warmup <= 0 || since >= (uint64_t)params->rule_warmup)
        return 1;
    return state->ramp_from + (1 - state->ramp_from) * (double)since / (double)params->rule_warmup;
}

static void grow_in_place_of_decay(struct runner *runner) {
    const struct train_params *params = trainer_params(runner->trainer);
    double progress = trainer_epochs_done(runner->trainer) / (double)params->epochs;
    double factor = schedule_find(params->schedule)->factor(progress < 1 ? progress : 1);
    int64_t most = batch_rule_most(params, runner->train_rows);
    int64_t batch = batch_in_place_of_decay(factor, runner->lab.state.base_batch, params->batch, most);
    char text[32];
    if (batch == params->batch)
        return;
    snprintf(text, sizeof text, "%lld", (long long)batch);
    runner_change(runner, "batch", text);
}

uint64_t runner_lab_free(const struct runner *runner) {
    const struct train_params *params = trainer_params(runner->trainer);
    int64_t every = interval(params);
    if (adascale(params) || text_equal(params->batch_rule, "increase") || ramp(runner, params) < 1)
        return 1; // every step has a rate of its own
    return measures(runner) && every > 0 ? (uint64_t)every - runner_steps(runner) % (uint64_t)every : UINT64_MAX;
}

double runner_lab_seconds(const struct runner *runner) {
    return timed_step(&runner->lab, trainer_params(runner->trainer)->batch);
}

void runner_lab_prepare(struct runner *runner) {
    const struct train_params *params = trainer_params(runner->trainer);
    const struct lab_state *state = &runner->lab.state;
    bool increase = text_equal(params->batch_rule, "increase");
    double factor = 1;
    if (increase) {
        grow_in_place_of_decay(runner);
        factor *= (double)params->batch / (double)state->base_batch;
    }
    if (adascale(params))
        factor *= gain(state, params->batch);
    trainer_set_rate_factor(runner->trainer, factor * ramp(runner, params));
}

// "%.10g": what a rate is multiplied by and divided by again reads as it did.
static void scale_rate(struct runner *runner, const char *name, double rate, double factor) {
    char text[64];
    snprintf(text, sizeof text, "%.10g", rate * factor);
    runner_change(runner, name, text);
}

static void batch_changed(struct runner *runner, const struct train_params *before) {
    struct lab_state *state = &runner->lab.state;
    const struct train_params *params = trainer_params(runner->trainer);
    enum rate_rule rule = rate_rule_of(params);
    double k = (double)params->batch / (double)before->batch, factor = rate_factor(rule, k);
    if (text_equal(params->batch_rule, "increase")) // a person's batch is where it goes on from
        state->base_batch = (int64_t)fmax(1, round((double)state->base_batch * k));
    if (rule == RATE_STAYS)
        return;
    if (rule == RATE_ADASCALE)
        factor = gain(state, params->batch) / gain(state, before->batch);
    else
        scale_rate(runner, "lr", before->lr, factor);
    if (rule != RATE_ADASCALE && text_equal(params->optimizer, "muon"))
        scale_rate(runner, "muon_lr", before->muon_lr, factor);
    state->ramp_step = runner_steps(runner);
    state->ramp_from = factor > 1 ? 1 / factor : 0;
}

void runner_lab_changed(struct runner *runner, const struct train_params *before, const char *name) {
    const struct train_params *params = trainer_params(runner->trainer);
    runner->lab.refused = runner->lab.layers_refused = false;
    if (params->batch != before->batch)
        batch_changed(runner, before);
    else if (text_equal(name, "lr_rule") || text_equal(name, "batch_rule"))
        runner->lab.state.base_batch = params->batch;
}

// ---- the range test -----------------------------------------------------------------------------------

void runner_range_test(struct runner *runner) {
    struct range_test test = {.low = RANGE_LOW, .high = RANGE_HIGH};
    struct event event = {.kind = EVENT_RANGE, .step = runner_steps(runner)};
    struct error error;
    if (range_test_run(runner->trainer, &test, runner->task, &error)) {
        error_prefix(&error, "range test");
        runner_tell(runner, EVENT_WARNING, error.text);
        return;
    }
    event.range = range_curve_of(&test);
    lanes_event(runner->lanes, event);
}
