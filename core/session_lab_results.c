#include "core/session_lab_results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

// ---- the view ---------------------------------------------------------------------------------------------------

enum status lab_view_make(struct lab_view *view, const struct experiment *plan, struct error *error) {
    size_t count = experiment_slots(plan);
    *view = (struct lab_view){
        .plan = plan, .count = count, .best = SIZE_MAX, .soonest = SIZE_MAX, .target = NAN};
    view->trials = mem_alloc(count, sizeof *view->trials);
    view->order = mem_alloc(count, sizeof *view->order);
    view->results = mem_alloc(count, sizeof *view->results);
    for (size_t i = 0; i < SWEEP_AXES_MOST; i++)
        view->importance[i] = NAN;
    return view->trials && view->order && view->results ? STATUS_OK
                                       : error_memory(error, "the runs of a group", count * sizeof *view->trials);
}

static void clear_trial(struct lab_trial *trial) {
    reach_free(&trial->reach);
    mem_free(trial->curve);
    mem_free(trial->params);
    mem_free(trial->reason);
    *trial = (struct lab_trial){0};
}

void lab_view_clear(struct lab_view *view) {
    for (size_t i = 0; view->trials && i < view->count; i++)
        clear_trial(&view->trials[i]);
    mem_free(view->trials);
    mem_free(view->order);
    mem_free(view->results);
    *view = (struct lab_view){0};
}

double lab_epochs(const struct lab_trial *trial, double samples) {
    return trial->samples > 0 && trial->final_row.epoch > 0
               ? samples / ((double)trial->final_row.samples / (double)trial->final_row.epoch)
               : 0;
}

// ---- one run --------------------------------------------------------------------------------------------------------

// The same number of samples for every batch size of the plan: a quarter of an epoch, or the largest batch.
static uint64_t window_of(const struct experiment *plan, uint64_t train_rows) {
    uint64_t window = train_rows / 4, largest = (uint64_t)plan->batches[plan->batch_count - 1];
    return window > largest ? window : largest;
}

struct reach_step *curve_steps(const struct curve *curve) {
    struct reach_step *steps = mem_alloc(curve->point_count + 1, sizeof *steps);
    for (size_t i = 0; steps && i < curve->point_count; i++) {
        const struct step_metrics *point = &curve->points[i];
        steps[i] = (struct reach_step){.step = point->step,
                                       .samples = point->samples,
                                       .seconds = point->seconds,
                                       .loss = point->loss,
                                       .batch = point->batch};
    }
    return steps;
}

static void take_curve(struct lab_trial *trial, const struct experiment *plan, const struct run_summary *summary) {
    struct reach_step *steps = curve_steps(summary->curve);
    struct error error;
    size_t count = summary->curve->point_count;
    uint64_t window = window_of(plan, summary->record->train_rows);
    trial->curve = mem_alloc(TRIAL_CURVE, sizeof *trial->curve);
    if (steps && trial->curve)
        trial->curve_count = reach_curve(steps, count, window, trial->curve, TRIAL_CURVE);
    if (steps)
        reach_make(steps, count, window, &trial->reach, &error);
    mem_free(steps);
}

size_t lab_live_curve(const struct lab_view *view, const struct run_view *run, struct reach_point out[TRIAL_CURVE]) {
    struct reach_step *steps = curve_steps(&run->curve);
    size_t count = steps ? reach_curve(steps, run->curve.point_count, window_of(view->plan, run->record.train_rows), out,
                                       TRIAL_CURVE)
                         : 0;
    mem_free(steps);
    return count;
}

static void reach_accuracy(struct lab_trial *trial, const struct curve *curve, double target) {
    double *figures = mem_alloc(curve->epoch_count + 1, sizeof *figures);
    struct reach_at *where = mem_alloc(curve->epoch_count + 1, sizeof *where);
    for (size_t i = 0; figures && where && i < curve->epoch_count; i++) {
        const struct epoch_row *row = &curve->epochs[i];
        figures[i] = epoch_figure(row, true);
        where[i] = (struct reach_at){(double)row->step, (double)row->samples, row->seconds};
    }
    trial->reached = figures && where && reach_figure(figures, where, curve->epoch_count, target, true, &trial->at);
    mem_free(figures);
    mem_free(where);
}

static double lowest_loss(const struct curve *curve) {
    double lowest = NAN;
    for (size_t i = 0; i < curve->epoch_count; i++) {
        double loss = isnan(curve->epochs[i].val_loss) ? curve->epochs[i].train_loss : curve->epochs[i].val_loss;
        lowest = fmin(lowest, loss); // which passes over NaN
    }
    return lowest;
}

static const char *figure_name(const struct experiment *plan, bool classify) {
    if (text_equal(plan->objective, "loss"))
        return "val_loss";
    if (text_equal(plan->objective, "auto"))
        return classify ? "val_accuracy" : "val_rmse";
    return text_equal(plan->objective, "accuracy") ? "val_accuracy" : "val_rmse";
}

// Training figures stand in where no rows validate. NaN: that figure is not one of this kind of data.
static void take_score(struct lab_trial *trial, const struct experiment *plan, const struct run_summary *summary) {
    const struct epoch_row *best = &summary->record->best_row;
    const char *name = figure_name(plan, trial->classify);
    if (text_equal(name, "val_loss"))
        trial->figure = lowest_loss(summary->curve);
    else
        trial->figure = epoch_figure(best, text_equal(name, "val_accuracy"));
    if (summary->record->epochs == 0 || summary->failed)
        trial->figure = NAN;
    trial->score = text_equal(name, "val_accuracy") ? -trial->figure : trial->figure;
}

// Seconds of training alone: every epoch says how many rows it took in a second of it.
static void take_rate(struct lab_trial *trial, const struct curve *curve) {
    double samples = 0, seconds = 0, steps = 0;
    const struct epoch_row *before = NULL;
    for (size_t i = 0; i < curve->epoch_count; before = &curve->epochs[i++]) {
        const struct epoch_row *row = &curve->epochs[i];
        double rows = (double)(row->samples - (before ? before->samples : 0));
        if (!(row->samples_per_s > 0) || rows <= 0)
            continue;
        samples += rows;
        seconds += rows / row->samples_per_s;
        steps += (double)(row->step - (before ? before->step : 0));
    }
    trial->samples_per_s = seconds > 0 ? samples / seconds : (double)NAN;
    trial->step_seconds = steps > 0 ? seconds / steps : (double)NAN;
}

static void take_summary(struct lab_view *view, size_t slot, const struct run_summary *summary) {
    struct lab_trial *trial = &view->trials[slot];
    const struct run_record *record = summary->record;
    trial->run = record->id;
    trial->state = summary->failed ? TRIAL_FAILED : TRIAL_DONE;
    trial->steps = record->steps;
    trial->samples = record->samples;
    trial->seconds = record->seconds;
    trial->bytes = summary->bytes;
    trial->classify = view->classify = record->classify;
    trial->final_row = record->final_row;
    trial->best_row = record->best_row;
    if (!trial->params)
        trial->params = mem_copy(&record->params, sizeof record->params);
    take_rate(trial, summary->curve);
    take_score(trial, view->plan, summary);
    if (view->plan->kind == EXPERIMENT_RACE) {
        take_curve(trial, view->plan, summary);
        if (!isnan(view->plan->target_accuracy))
            reach_accuracy(trial, summary->curve, view->plan->target_accuracy);
    }
    view->done += !summary->failed;
    view->failed += summary->failed;
    view->seconds += record->seconds;
    view->order[view->order_count++] = slot;
}

// ---- all runs of a race ------------------------------------------------------------------------------------------------

// Up to two digits, so that the target can be said and every run reached it some time before its end.
static double round_up(double value) {
    char text[32];
    double unit = pow(10, floor(log10(value)) - 1), rounded = ceil(value / unit) * unit;
    snprintf(text, sizeof text, "%.2g", rounded);
    return number_parse(text, &rounded) ? rounded : value;
}

// Without a target given: the lowest loss that every run that did not fail reached.
static void find_target(struct lab_view *view) {
    double worst = -INFINITY;
    view->has_target = true;
    view->target_chosen = false;
    view->target = isnan(view->plan->target_accuracy) ? view->plan->target_loss : view->plan->target_accuracy;
    if (!isnan(view->target))
        return;
    for (size_t i = 0; i < view->count; i++) {
        const struct lab_trial *trial = &view->trials[i];
        if (trial->state == TRIAL_DONE && trial->reach.count > 0)
            worst = fmax(worst, trial->reach.points[trial->reach.count - 1].loss);
    }
    view->has_target = view->target_chosen = worst > 0 && isfinite(worst);
    view->target = view->has_target ? round_up(worst) : NAN;
}

static void find_reached(struct lab_view *view) {
    for (size_t i = 0; i < view->count && isnan(view->plan->target_accuracy); i++) {
        struct lab_trial *trial = &view->trials[i];
        trial->reached = view->has_target && trial->state == TRIAL_DONE &&
                         reach_find(&trial->reach, view->target, &trial->at);
    }
}

struct tally { // Welford's
    double mean, squares; // squares: of what is off the mean
    size_t count;
};

static void tally_add(struct tally *tally, double value) {
    if (isnan(value))
        return;
    tally->count++;
    double off = value - tally->mean;
    tally->mean += off / (double)tally->count;
    tally->squares += off * (value - tally->mean);
}

static struct spread spread_of(const struct tally *tally) {
    return (struct spread){.mean = tally->count > 0 ? tally->mean : (double)NAN,
                           .sd = tally->count > 1 ? sqrt(tally->squares / (double)(tally->count - 1)) : (double)NAN};
}

static void fill_row(const struct lab_view *view, size_t index, struct race_row *row) {
    const struct experiment *plan = view->plan;
    struct tally tallies[8] = {{0}};
    *row = (struct race_row){.batch = plan->batches[index], .predicted = NAN};
    for (size_t slot = index; slot < view->count; slot += plan->batch_count) {
        const struct lab_trial *trial = &view->trials[slot];
        if (trial->state != TRIAL_DONE)
            continue;
        row->done++;
        row->bytes = trial->bytes > row->bytes ? trial->bytes : row->bytes;
        row->lr = trial->params ? trial->params->lr : row->lr;
        tally_add(&tallies[0], trial->step_seconds);
        tally_add(&tallies[1], trial->samples_per_s);
        tally_add(&tallies[5], trial->final_row.train_loss);
        tally_add(&tallies[6], epoch_figure(&trial->final_row, trial->classify));
        tally_add(&tallies[7], epoch_figure(&trial->best_row, trial->classify));
        if (!trial->reached)
            continue;
        row->reached++;
        tally_add(&tallies[2], trial->at.steps);
        tally_add(&tallies[3], trial->at.samples);
        tally_add(&tallies[4], trial->at.seconds);
    }
    row->step_seconds = spread_of(&tallies[0]).mean;
    row->samples_per_s = spread_of(&tallies[1]).mean;
    row->steps = spread_of(&tallies[2]);
    row->samples = spread_of(&tallies[3]);
    row->seconds = spread_of(&tallies[4]);
    row->final_loss = spread_of(&tallies[5]);
    row->final = spread_of(&tallies[6]);
    row->best = spread_of(&tallies[7]);
}

static void fit_line(struct lab_view *view) {
    struct tradeoff_point *points = mem_alloc(view->count + 1, sizeof *points);
    struct error error;
    size_t count = 0;
    for (size_t i = 0; points && i < view->count; i++) {
        const struct lab_trial *trial = &view->trials[i];
        if (trial->reached && trial->at.samples > 0)
            points[count++] = (struct tradeoff_point){
                (double)view->plan->batches[i % view->plan->batch_count], trial->at.samples};
    }
    view->fitted = points && tradeoff_fit(points, count, 1, &view->fit, &error) == STATUS_OK;
    snprintf(view->fit_reason, sizeof view->fit_reason, "%s",
             view->fitted ? "" : points ? error.text : "out of memory");
    mem_free(points);
}

static void find_soonest(struct lab_view *view) {
    view->soonest = SIZE_MAX;
    for (size_t i = 0; i < view->row_count && view->fitted; i++) {
        struct race_row *row = &view->rows[i];
        if (row->done == 0 || isnan(row->step_seconds))
            continue;
        row->predicted = tradeoff_seconds(&view->fit, (double)row->batch, row->step_seconds);
        if (view->soonest == SIZE_MAX || row->predicted < view->rows[view->soonest].predicted)
            view->soonest = i;
    }
}

// ---- all runs of a sweep ---------------------------------------------------------------------------------------------------

// With halving by what trials did on the first rung, where all of them have been.
static void weigh_axes(struct lab_view *view) {
    size_t rungs = experiment_rungs(view->plan), trials = view->count / rungs, used = 0;
    double *x = mem_alloc(trials + 1, sizeof *x), *score = mem_alloc(trials + 1, sizeof *score);
    for (size_t axis = 0; x && score && axis < view->plan->axis_count; axis++) {
        used = 0;
        for (size_t t = 0; t < trials; t++) {
            const struct lab_trial *trial = &view->trials[t * rungs];
            score[used] = trial->state == TRIAL_DONE ? trial->score : (double)NAN;
            if (isnan(score[used]))
                continue;
            x[used++] = experiment_place(view->plan, t, axis);
        }
        view->importance[axis] = experiment_importance(x, score, used, view->plan->axes[axis].values[0] != '\0');
    }
    mem_free(x);
    mem_free(score);
}

static void find_best(struct lab_view *view) {
    view->best = SIZE_MAX;
    for (size_t i = 0; i < view->order_count; i++) {
        const struct lab_trial *trial = &view->trials[view->order[i]];
        if (trial->state == TRIAL_DONE && !isnan(trial->score) &&
            (view->best == SIZE_MAX || trial->score < view->trials[view->best].score))
            view->best = view->order[i];
    }
}

void lab_view_refresh(struct lab_view *view) {
    view->figure_name = figure_name(view->plan, view->classify);
    if (view->plan->kind == EXPERIMENT_SWEEP) {
        find_best(view);
        weigh_axes(view);
        return;
    }
    find_target(view);
    find_reached(view);
    view->row_count = view->plan->batch_count;
    for (size_t i = 0; i < view->row_count; i++)
        fill_row(view, i, &view->rows[i]);
    fit_line(view);
    find_soonest(view);
}

// ---- from the store and from the run that ended --------------------------------------------------------------------------

static enum status read_bytes(struct store *store, int64_t run, uint64_t *bytes, struct error *error) {
    struct event *events = NULL;
    size_t count = 0;
    enum status status = store_run_events(store, run, NULL, &events, &count, error);
    for (size_t i = 0; i < count; i++)
        if (events[i].kind == EVENT_STARTED)
            *bytes = events[i].started.bytes;
    mem_free(events);
    return status;
}

static enum status read_slot(struct lab_view *view, struct store *store, const struct experiment_slot *slot,
                             struct error *error) {
    struct run_record record;
    struct curve curve = {0};
    struct run_summary summary = {.record = &record, .curve = &curve, .failed = strcmp(slot->outcome, "failed") == 0};
    if (slot->slot >= view->count)
        return error_set(error, STATUS_INVALID, "group %lld has a run that its plan does not know", (long long)view->id);
    enum status status = store_run(store, slot->run, &record, error);
    if (status || (record.state != RUN_DONE && !summary.failed))
        return status;
    if (view->plan->kind == EXPERIMENT_RACE) { // a sweep needs no curves
        status = store_run_metrics(store, slot->run, NULL, &curve.points, &curve.point_count, error);
        if (!status)
            status = read_bytes(store, slot->run, &summary.bytes, error);
    }
    if (!status)
        status = store_run_epochs(store, slot->run, &curve.epochs, &curve.epoch_count, error);
    if (!status)
        take_summary(view, (size_t)slot->slot, &summary);
    mem_free(curve.points);
    mem_free(curve.epochs);
    return status;
}

static int by_end(const void *a, const void *b) {
    const struct experiment_slot *x = a, *y = b;
    return x->ended != y->ended ? (x->ended > y->ended) - (x->ended < y->ended) : (x->run > y->run) - (x->run < y->run);
}

enum status lab_view_read(struct lab_view *view, struct store *store, struct error *error) {
    struct experiment_slot *slots = NULL;
    size_t count = 0;
    enum status status = store_experiment_slots(store, view->id, &slots, &count, error);
    if (!status && count > 0)
        qsort(slots, count, sizeof *slots, by_end);
    for (size_t i = 0; i < count && !status; i++)
        status = read_slot(view, store, &slots[i], error);
    mem_free(slots);
    if (!status)
        lab_view_refresh(view);
    return status;
}

void lab_view_begin(struct lab_view *view, size_t slot, int64_t run, const struct train_params *params) {
    struct lab_trial *trial = &view->trials[slot];
    trial->run = run;
    trial->state = TRIAL_RUNNING;
    mem_free(trial->params);
    trial->params = mem_copy(params, sizeof *params);
    size_t at_work = 0;
    for (size_t i = 0; i < view->count; i++)
        at_work += view->trials[i].state == TRIAL_RUNNING;
    view->at_once = at_work > view->at_once ? at_work : view->at_once;
}

void lab_view_refuse(struct lab_view *view, size_t slot, const struct train_params *params, const struct error *error) {
    struct lab_trial *trial = &view->trials[slot];
    clear_trial(trial);
    *trial = (struct lab_trial){.state = TRIAL_FAILED,
                                .params = mem_copy(params, sizeof *params),
                                .reason = mem_string(error->text),
                                .figure = NAN,
                                .score = NAN};
    view->failed++;
    view->order[view->order_count++] = slot;
    lab_view_refresh(view);
}

void lab_view_conclude(struct lab_view *view, size_t slot, const struct run_summary *summary) {
    take_summary(view, slot, summary);
    lab_view_refresh(view);
}

bool lab_view_next(const struct lab_view *view, struct trial *next) {
    for (size_t i = 0; i < view->count; i++)
        view->results[i] = (struct slot_result){.done = view->trials[i].state >= TRIAL_DONE,
                                                .failed = view->trials[i].state == TRIAL_FAILED,
                                                .running = view->trials[i].state == TRIAL_RUNNING,
                                                .score = view->trials[i].score};
    return experiment_next(view->plan, view->results, next);
}
