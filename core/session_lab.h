// Races and sweeps: a plan (core/lab/experiment.h) whose runs follow each other or, in a sweep, are trained side by side
// (session_beside.c); each is an ordinary run of the store, and a group ties them together. They are begun, followed and told apart in session_drain, so that the screen stays alive
// and the command line needs no more than to drain. What has ended is kept before the next begins: a plan can be gone
// on with after any end of the program, no run being lost or counted twice. Part of session.h.
#ifndef CORE_SESSION_LAB_H
#define CORE_SESSION_LAB_H

#include "core/engine/event.h"
#include "core/lab/options.h"
#include "core/lab/reach.h"
#include "core/lab/tradeoff.h"

struct session;

enum trial_state { TRIAL_WAITING, TRIAL_RUNNING, TRIAL_DONE, TRIAL_FAILED };
enum { TRIAL_CURVE = 400 };

struct lab_trial { // one slot of the plan
    int64_t run;   // 0 = not begun
    enum trial_state state;
    struct train_params *params; // of the slot; NULL until it is begun
    char *reason;                // why it could not even be begun; NULL: it was
    uint64_t steps, samples, bytes; // bytes: device memory
    double seconds, step_seconds, samples_per_s; // of the run; of training alone
    bool classify;
    struct epoch_row final_row, best_row;
    double figure, score; // what the sweep is after, as measured; lower is better
    struct reach reach;   // race: of the training loss
    struct reach_point *curve;
    size_t curve_count;
    bool reached; // the target
    struct reach_at at;
};

struct spread {
    double mean, sd; // sd: ddof 1, NaN of one
};

struct race_row { // one batch size over its seeds
    int64_t batch;
    size_t done, reached;
    double lr, step_seconds, samples_per_s;
    uint64_t bytes;
    struct spread steps, samples, seconds; // to the target, of those that reached it
    struct spread final_loss, final, best; // loss: training; final and best: validation accuracy or RMSE
    double predicted;                      // seconds to the target by the fitted line; NaN = no line
};

struct lab_view {
    int64_t id;      // of the group
    bool active;     // it is at work
    char state[16];  // open, done, stopped
    char name[128];  // of the data
    const struct experiment *plan;
    struct lab_trial *trials; // [count] by slot
    size_t count, done, failed;
    struct slot_result *results; // [count] what the plan goes by
    size_t *order; // slots in the order in which they ended
    size_t order_count;
    size_t at_once; // runs, at the most so far
    bool classify;
    double seconds;        // in runs that ended
    double wall;           // since this process began with it
    struct run_times spent; // of that, in the runs that ended; what is missing went by between runs
    // race
    bool has_target, target_chosen; // chosen: by the program, as what every batch size reached
    double target;                  // loss, or accuracy where the plan names one
    struct race_row rows[RACE_BATCHES_MOST];
    size_t row_count;
    bool fitted;
    struct tradeoff fit;
    char fit_reason[ERROR_TEXT_SIZE]; // why there is none
    size_t soonest;                   // row; SIZE_MAX = unknown
    // sweep
    size_t best;               // slot; SIZE_MAX = none yet
    const char *figure_name;   // "val_accuracy"
    double importance[SWEEP_AXES_MOST];
};

// Both are refused while a run or an experiment lives, or data is not ready. The plan is copied; its base is what the
// session has set (session_snapshot()->params), to which the parameters come back when it is over. A race leaves out
// batch sizes larger than the training rows when nobody named them.
enum status session_experiment_start(struct session *session, const struct experiment *plan, struct error *error);
// Opens the group's data again (a job) and goes on with what has not ended.
enum status session_experiment_resume(struct session *session, int64_t id, struct error *error);
// Shows a group as it is in the store; nothing is run.
enum status session_experiment_show(struct session *session, int64_t id, struct error *error);
// Stops the run at work (its checkpoint is saved) and begins no other. Nothing when none is active.
void session_experiment_cancel(struct session *session);

// The curve so far of the run of a race that is at work. Returns how many points.
struct run_view;
size_t lab_live_curve(const struct lab_view *view, const struct run_view *run, struct reach_point out[TRIAL_CURVE]);
// Epochs of a point on the curve of a trial.
double lab_epochs(const struct lab_trial *trial, double samples);

#endif
