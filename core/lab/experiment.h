// What a race or a sweep is: a plan that says, given what has been found so far, which run comes next. Plain values
// and no randomness but that of the plan's own seed, so the same results give the same next run: whoever was stopped
// goes on where the results end. A plan is written as JSON, in the store and in files that people write.
// A place of the plan is a slot: of a race batch size and seed; of a sweep the trial, and with halving its rung too.
#ifndef CORE_LAB_EXPERIMENT_H
#define CORE_LAB_EXPERIMENT_H

#include <cjson/cJSON.h>

#include "core/lab/rules.h"
#include "core/params.h"

enum experiment_kind { EXPERIMENT_RACE, EXPERIMENT_SWEEP };
enum sweep_method { SWEEP_GRID, SWEEP_RANDOM, SWEEP_HALVING };
const char *experiment_kind_name(enum experiment_kind kind);
const char *sweep_method_name(enum sweep_method method);
const char *rate_rule_name(enum rate_rule rule);

enum { RACE_BATCHES_MOST = 32, SWEEP_AXES_MOST = 12, SWEEP_AT_ONCE_MOST = 64, AXIS_TEXT = 1024, EXPERIMENT_SLOTS_MOST = 100000 };

struct axis { // one parameter that a sweep varies: over a range, or over values
    char name[48];
    double low, high; // a range when `values` is ""
    bool log;
    int64_t points;         // of a range in a grid
    char values[AXIS_TEXT]; // "16|32|64"
};

struct experiment {
    enum experiment_kind kind;
    struct train_params base; // what is not varied; not part of the JSON that people write
    // race
    int64_t batches[RACE_BATCHES_MOST];
    size_t batch_count;
    bool usual_batches; // nobody named them: those larger than the training rows are left out
    int64_t seeds, samples; // samples: in place of base.epochs; 0 = not given
    enum rate_rule rule;
    double target_loss, target_accuracy; // NaN = not given; both NaN: what every batch size reaches
    // sweep
    enum sweep_method method;
    struct axis axes[SWEEP_AXES_MOST];
    size_t axis_count;
    int64_t trials, eta, first_epochs, seed;
    int64_t at_once; // runs at the same time, where the processor trains; 0 = as many as it has room for
    char objective[16]; // auto | accuracy | rmse | loss: of the validation rows
};

struct experiment experiment_usual(enum experiment_kind kind);

// "8,16,32": whole numbers from 1, each once, in any order.
enum status experiment_set_batches(struct experiment *experiment, const char *text, struct error *error);
enum status experiment_set_rule(struct experiment *experiment, const char *text, struct error *error);
enum status experiment_set_method(struct experiment *experiment, const char *text, struct error *error);
enum status experiment_set_objective(struct experiment *experiment, const char *text, struct error *error);
// "lr=1e-4..1e-1:log:5,batch=16|32|64,hidden=64,64|128": a range (log or linear as the parameter table says, unless it
// is named; how many points of it a grid takes, 5) or values. Adds to what is there.
enum status experiment_add_axes(struct experiment *experiment, const char *text, struct error *error);

// "lr=0.01,hidden=64,64": the next assignment of such a list from *at on, which moves behind it; false: there is none.
// Without "=" all of it is the name.
bool assignment_next(const char **at, char name[PARAM_TEXT_SIZE], char value[PARAM_TEXT_SIZE]);

// {"kind":"sweep","method":"random","trials":50,"over":{"lr":{"from":1e-4,"to":0.1,"log":true,"points":5},
// "batch":[16,32,64]},"params":{"epochs":5}}; "params" are read into base. NULL: no memory.
cJSON *experiment_json(const struct experiment *experiment, bool with_params);
// Adds to a usual one. Unknown members are refused by name.
enum status experiment_parse(const cJSON *object, struct experiment *experiment, struct error *error);

// Whether it can be run at all, before anything is; also the values of every axis.
enum status experiment_check(const struct experiment *experiment, struct error *error);
size_t experiment_slots(const struct experiment *experiment); // how many there can be
size_t experiment_rungs(const struct experiment *experiment); // of halving; else 1
int64_t experiment_rung_epochs(const struct experiment *experiment, size_t rung);
// The values of trial `trial` of a sweep on axis `axis`, as text.
void experiment_value(const struct experiment *experiment, size_t trial, size_t axis, char out[PARAM_TEXT_SIZE]);
// Where that value lies on its axis, 0 to 1: in a range (in factors where it goes in factors), or among its values.
double experiment_place(const struct experiment *experiment, size_t trial, size_t axis);
// All parameters of a slot.
enum status experiment_params(const struct experiment *experiment, size_t slot, struct train_params *params,
                              struct error *error);

struct slot_result {
    bool done, failed; // failed: it diverged or could not be run; not tried again
    bool running;
    double score;      // lower is better; NaN counts as failed
};
struct trial {
    size_t slot, from; // from: the slot whose checkpoint it goes on from; SIZE_MAX = none
};
// The next slot to run given `results` of all slots; false: everything has been run, or runs. Races and grids go in order,
// halving promotes as ASHA does (Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning"): whenever the
// best 1/eta of what a rung has finished holds a trial that has not gone on, it goes on; else a new trial begins.
bool experiment_next(const struct experiment *experiment, const struct slot_result *results, struct trial *next);

// How much a parameter matters: the share of the scores' variance that lies between its values (ranges: between four
// groups of equal size), less what chance alone would give (epsilon squared, Kelley 1935): (between − (k−1)·within/(n−k))
// / total, not below 0. NaN with fewer than two groups or no more scores than groups. `x`: numbers, or the index of a
// value when `values`.
double experiment_importance(const double *x, const double *score, size_t count, bool values);

#endif
