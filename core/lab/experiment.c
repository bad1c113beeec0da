#include "core/lab/experiment.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/lab/axis.h"

static const char *const kinds[] = {"race", "sweep"};
static const char *const methods[] = {"grid", "random", "halving"};
static const char *const objectives[] = {"auto", "accuracy", "rmse", "loss"};

const char *experiment_kind_name(enum experiment_kind kind) {
    return kinds[kind];
}

const char *sweep_method_name(enum sweep_method method) {
    return methods[method];
}

const char *rate_rule_name(enum rate_rule rule) {
    return rate_rules[rule];
}

struct experiment experiment_usual(enum experiment_kind kind) {
    struct experiment usual = {.kind = kind,
                               .batches = {8, 16, 32, 64, 128, 256, 512, 1024},
                               .batch_count = 8,
                               .usual_batches = true,
                               .seeds = 1,
                               .target_loss = NAN,
                               .target_accuracy = NAN,
                               .trials = 20,
                               .eta = 3,
                               .first_epochs = 1,
                               .seed = 1,
                               .objective = "auto"};
    params_defaults(&train_table, &usual.base);
    return usual;
}

// ---- setting ------------------------------------------------------------------------------------------------

static enum status choose(const char *what, const char *text, const char *const *names, size_t count, size_t *chosen,
                          struct error *error) {
    for (size_t i = 0; i < count; i++) {
        if (text_equal(names[i], text)) {
            *chosen = i;
            return STATUS_OK;
        }
    }
    struct str all = {0};
    for (size_t i = 0; i < count; i++)
        str_format(&all, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", names[i]);
    error_set(error, STATUS_INVALID, "%s \"%s\": must be %s", what, text, str_text(&all));
    str_free(&all);
    return STATUS_INVALID;
}

// Those before AdaScale, which follows the gradients of one run.
enum status experiment_set_rule(struct experiment *experiment, const char *text, struct error *error) {
    size_t chosen = 0;
    enum status status = choose("rule", text, rate_rules, RATE_ADASCALE, &chosen, error);
    if (!status)
        experiment->rule = (enum rate_rule)chosen;
    return status;
}

enum status experiment_set_method(struct experiment *experiment, const char *text, struct error *error) {
    size_t chosen = 0;
    enum status status = choose("method", text, methods, sizeof methods / sizeof *methods, &chosen, error);
    if (!status)
        experiment->method = (enum sweep_method)chosen;
    return status;
}

enum status experiment_set_objective(struct experiment *experiment, const char *text, struct error *error) {
    size_t chosen = 0;
    enum status status = choose("objective", text, objectives, sizeof objectives / sizeof *objectives, &chosen, error);
    if (!status)
        snprintf(experiment->objective, sizeof experiment->objective, "%s", objectives[chosen]);
    return status;
}

static enum status add_batch(struct experiment *experiment, int64_t batch, struct error *error) {
    if (batch < 1 || batch > 1000000)
        return error_set(error, STATUS_INVALID, "batch size %lld: must be from 1 to 1000000", (long long)batch);
    for (size_t i = 0; i < experiment->batch_count; i++)
        if (experiment->batches[i] == batch)
            return error_set(error, STATUS_INVALID, "batch size %lld stands twice in the list", (long long)batch);
    if (experiment->batch_count == RACE_BATCHES_MOST)
        return error_set(error, STATUS_INVALID, "a race takes at most %d batch sizes", RACE_BATCHES_MOST);
    size_t at = experiment->batch_count++;
    for (; at > 0 && experiment->batches[at - 1] > batch; at--)
        experiment->batches[at] = experiment->batches[at - 1];
    experiment->batches[at] = batch;
    return STATUS_OK;
}

enum status experiment_set_batches(struct experiment *experiment, const char *text, struct error *error) {
    struct experiment made = *experiment;
    enum status status = STATUS_OK;
    made.batch_count = 0;
    made.usual_batches = false;
    for (const char *at = text; !status; at++) {
        char word[32];
        size_t length = strcspn(at, ",");
        int64_t batch = 0;
        snprintf(word, sizeof word, "%.*s", (int)(length < 31 ? length : 31), at);
        if (length == 0 || length > 30 || !integer_parse(word, &batch))
            return error_set(error, STATUS_INVALID, "batch sizes \"%s\": must be whole numbers with commas between, such as 8,16,32",
                             text);
        status = add_batch(&made, batch, error);
        at += length;
        if (*at == '\0')
            break;
    }
    if (!status)
        *experiment = made;
    return status;
}

enum status experiment_add_axes(struct experiment *experiment, const char *text, struct error *error) {
    struct experiment made = *experiment;
    enum status status = STATUS_OK;
    for (const char *at = text; at && !status;) {
        const char *end = axis_end(at);
        if (made.axis_count == SWEEP_AXES_MOST)
            return error_set(error, STATUS_INVALID, "a sweep varies at most %d parameters", SWEEP_AXES_MOST);
        status = axis_parse(at, (size_t)(end - at), &made.axes[made.axis_count], error);
        for (size_t i = 0; i < made.axis_count && !status; i++)
            if (strcmp(made.axes[i].name, made.axes[made.axis_count].name) == 0)
                status = error_set(error, STATUS_INVALID, "%s is varied twice", made.axes[i].name);
        made.axis_count++;
        at = *end ? end + 1 : NULL;
    }
    if (!status)
        *experiment = made;
    return status;
}

// ---- the slots ------------------------------------------------------------------------------------------------

size_t experiment_rungs(const struct experiment *experiment) {
    if (experiment->kind != EXPERIMENT_SWEEP || experiment->method != SWEEP_HALVING)
        return 1;
    size_t rungs = 1;
    for (int64_t epochs = experiment->first_epochs; epochs < experiment->base.epochs; epochs *= experiment->eta)
        rungs++;
    return rungs;
}

int64_t experiment_rung_epochs(const struct experiment *experiment, size_t rung) {
    if (experiment_rungs(experiment) == 1)
        return experiment->base.epochs;
    int64_t epochs = experiment->first_epochs;
    for (size_t i = 0; i < rung && epochs < experiment->base.epochs; i++)
        epochs *= experiment->eta;
    return epochs < experiment->base.epochs ? epochs : experiment->base.epochs;
}

static size_t trials_of(const struct experiment *experiment) {
    if (experiment->method != SWEEP_GRID)
        return (size_t)experiment->trials;
    size_t product = 1;
    for (size_t i = 0; i < experiment->axis_count && product <= EXPERIMENT_SLOTS_MOST; i++)
        product *= axis_count(&experiment->axes[i]);
    return product;
}

size_t experiment_slots(const struct experiment *experiment) {
    if (experiment->kind == EXPERIMENT_RACE)
        return experiment->batch_count * (size_t)experiment->seeds;
    return trials_of(experiment) * experiment_rungs(experiment);
}

void experiment_value(const struct experiment *experiment, size_t trial, size_t axis, char out[PARAM_TEXT_SIZE]) {
    if (experiment->method != SWEEP_GRID) {
        axis_draw(&experiment->axes[axis], (uint64_t)experiment->seed, trial * SWEEP_AXES_MOST + axis, out);
        return;
    }
    for (size_t i = experiment->axis_count; i-- > axis + 1;) // the last axis runs fastest
        trial /= axis_count(&experiment->axes[i]);
    axis_at(&experiment->axes[axis], trial % axis_count(&experiment->axes[axis]), out);
}

double experiment_place(const struct experiment *experiment, size_t trial, size_t axis) {
    char text[PARAM_TEXT_SIZE];
    experiment_value(experiment, trial, axis, text);
    return axis_place(&experiment->axes[axis], text);
}

static void race_params(const struct experiment *experiment, size_t slot, struct train_params *params) {
    int64_t batch = experiment->batches[slot % experiment->batch_count];
    double factor = rate_factor(experiment->rule, (double)batch / (double)experiment->base.batch);
    params->batch = batch;
    params->seed += (int64_t)(slot / experiment->batch_count);
    params->lr *= factor;
    if (text_equal(params->optimizer, "muon"))
        params->muon_lr *= factor;
}

// The optimizer first: it brings its usual learning rate along, where nobody chose one.
static enum status set_values(const struct experiment *experiment, size_t trial, struct train_params *params,
                              struct error *error) {
    char text[PARAM_TEXT_SIZE];
    enum status status = STATUS_OK;
    for (int first = 1; first >= 0; first--) {
        for (size_t i = 0; i < experiment->axis_count && !status; i++) {
            bool optimizer = text_equal(experiment->axes[i].name, "optimizer");
            if (optimizer != (first == 1))
                continue;
            experiment_value(experiment, trial, i, text);
            if (optimizer && params->lr == train_usual_rate(params->optimizer))
                params->lr = train_usual_rate(text);
            status = params_set(&train_table, params, experiment->axes[i].name, text, error);
        }
    }
    return status;
}

enum status experiment_params(const struct experiment *experiment, size_t slot, struct train_params *params,
                              struct error *error) {
    size_t rungs = experiment_rungs(experiment);
    *params = experiment->base;
    if (experiment->kind == EXPERIMENT_RACE) {
        race_params(experiment, slot, params);
        return STATUS_OK;
    }
    enum status status = set_values(experiment, slot / rungs, params, error);
    if (!status && experiment->method == SWEEP_HALVING)
        params->epochs = experiment_rung_epochs(experiment, slot % rungs);
    return status;
}

// ---- checking ---------------------------------------------------------------------------------------------------

static enum status check_axes(const struct experiment *experiment, struct error *error) {
    if (experiment->axis_count == 0)
        return error_set(error, STATUS_INVALID, "the sweep varies nothing: name parameters, such as lr=1e-4..1e-1");
    for (size_t i = 0; i < experiment->axis_count; i++) {
        enum status status = axis_check(&experiment->axes[i], &experiment->base, error);
        if (!status && experiment->method == SWEEP_HALVING && text_equal(experiment->axes[i].name, "epochs"))
            status = error_set(error, STATUS_INVALID, "epochs cannot be varied by halving, which decides them itself");
        if (status)
            return status;
    }
    return STATUS_OK;
}

static enum status check_target(const struct experiment *experiment, struct error *error) {
    double accuracy = experiment->target_accuracy;
    if (!isnan(accuracy) && !isnan(experiment->target_loss))
        return error_set(error, STATUS_INVALID, "give a target loss or a target accuracy, not both");
    if (!isnan(accuracy) && !(accuracy > 0 && accuracy <= 1))
        return error_set(error, STATUS_INVALID, "target accuracy %g: must be greater than 0 and at most 1", accuracy);
    if (!isnan(experiment->target_loss) && !isfinite(experiment->target_loss))
        return error_set(error, STATUS_INVALID, "the target loss must be a number");
    return STATUS_OK;
}

enum status experiment_check(const struct experiment *experiment, struct error *error) {
    enum status status = STATUS_OK;
    if (experiment->kind == EXPERIMENT_RACE) {
        status = check_target(experiment, error);
        if (!status && (experiment->seeds < 1 || experiment->seeds > 1000))
            status = error_set(error, STATUS_INVALID, "seeds %lld: must be from 1 to 1000", (long long)experiment->seeds);
    } else {
        status = check_axes(experiment, error);
        if (!status && (experiment->trials < 1 || experiment->trials > EXPERIMENT_SLOTS_MOST))
            status = error_set(error, STATUS_INVALID, "trials %lld: must be from 1 to %d", (long long)experiment->trials,
                               EXPERIMENT_SLOTS_MOST);
        if (!status && (experiment->eta < 2 || experiment->eta > 100))
            status = error_set(error, STATUS_INVALID, "eta %lld: must be from 2 to 100", (long long)experiment->eta);
        if (!status && (experiment->at_once < 0 || experiment->at_once > SWEEP_AT_ONCE_MOST))
            status = error_set(error, STATUS_INVALID, "at once %lld: must be from 0 to %d", (long long)experiment->at_once,
                               SWEEP_AT_ONCE_MOST);
        if (!status && (experiment->first_epochs < 1 || experiment->first_epochs > experiment->base.epochs))
            status = error_set(error, STATUS_INVALID, "first epochs %lld: must be from 1 to the %lld epochs of a run",
                               (long long)experiment->first_epochs, (long long)experiment->base.epochs);
    }
    if (!status && experiment_slots(experiment) > EXPERIMENT_SLOTS_MOST)
        status = error_set(error, STATUS_INVALID, "that makes more than %d runs", EXPERIMENT_SLOTS_MOST);
    return status;
}

// ---- what comes next --------------------------------------------------------------------------------------------

static bool useful(const struct slot_result *result) {
    return result->done && !result->failed && !isnan(result->score);
}

// The best trial among the best 1/eta of what rung `rung` has finished that has not been on the next; SIZE_MAX: none.
static size_t promotable(const struct experiment *experiment, const struct slot_result *results, size_t rung) {
    size_t rungs = experiment_rungs(experiment), trials = trials_of(experiment), finished = 0, best = SIZE_MAX;
    for (size_t t = 0; t < trials; t++)
        finished += results[t * rungs + rung].done;
    for (size_t t = 0; t < trials; t++) {
        const struct slot_result *own = &results[t * rungs + rung];
        const struct slot_result *next = &results[t * rungs + rung + 1];
        if (!useful(own) || next->done || next->running)
            continue;
        size_t better = 0; // ties go to the earlier trial
        for (size_t other = 0; other < trials; other++) {
            const struct slot_result *its = &results[other * rungs + rung];
            better += useful(its) && (its->score < own->score || (its->score == own->score && other < t));
        }
        if (better >= finished / (size_t)experiment->eta)
            continue;
        if (best == SIZE_MAX || own->score < results[best * rungs + rung].score)
            best = t;
    }
    return best;
}

bool experiment_next(const struct experiment *experiment, const struct slot_result *results, struct trial *next) {
    size_t rungs = experiment_rungs(experiment), slots = experiment_slots(experiment);
    for (size_t rung = rungs - 1; rung-- > 0;) {
        size_t trial = promotable(experiment, results, rung);
        if (trial != SIZE_MAX) {
            *next = (struct trial){.slot = trial * rungs + rung + 1, .from = trial * rungs + rung};
            return true;
        }
    }
    for (size_t slot = 0; slot < slots; slot += rungs) {
        if (!results[slot].done && !results[slot].running) {
            *next = (struct trial){.slot = slot, .from = SIZE_MAX};
            return true;
        }
    }
    return false;
}
