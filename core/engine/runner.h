// One run as the engine's thread works on it: opens backend and trainer, steps, evaluates at the end
// of every epoch, saves checkpoints, and says what happened through the lanes. Knows no commands and
// no threads. Private to core/engine; owns what it opens, runner_close ends it.
#ifndef CORE_ENGINE_RUNNER_H
#define CORE_ENGINE_RUNNER_H

#include <cjson/cJSON.h>

#include "core/engine/engine.h"
#include "core/engine/lanes.h"
#include "core/engine/runner_lab.h"
#include "core/train/trainer.h"

struct epoch_sums { // over the rows of the epoch so far
    uint64_t rows;
    double loss, weight, correct, squared, seconds; // loss: by the weight of its rows
    uint64_t steps, clipped; // of the epoch so far; in how many of them the gradient was clipped
    uint64_t skipped;        // … and how many were skipped, since it overflowed in fp16
};

struct best_epoch { // by its validation loss; epoch 0: none yet
    uint64_t epoch;
    double loss;
};

struct runner_extra { // what a checkpoint keeps of the runner itself
    struct epoch_sums sums;
    struct best_epoch best;
    struct lab_state lab;
};

struct runner {
    struct engine_run run;
    cJSON *extra;
    struct backend *backend;
    struct trainer *trainer;
    struct lanes *lanes;
    struct task *task; // cancelled to cut an evaluation short
    double seconds;    // since the start, pauses left out
    double mark;       // the clock when `seconds` was last brought up to date
    struct run_times times, epoch_began; // so far; when the epoch began
    double step_data, step_keeping;      // of the last step that was timed
    unsigned untimed;                    // steps since then
    bool told_skipped;                   // that steps are skipped
    bool disturbed;                      // there was more to do before the next step than usual
    struct epoch_sums sums;
    struct source *offered; // rows to go on with when the epoch is over; owned
    cJSON *offered_extra;
    uint64_t train_rows;
    double next_checkpoint; // epochs
    double due;             // the clock when the next step may begin, where params.pace asks for rests
    uint64_t saved_step;    // of last.ckpt; UINT64_MAX: none yet
    bool saved;             // there is a checkpoint
    struct best_epoch best;       // while params.patience waits for a better one
    struct best_epoch best_saved; // what FOLDER/best.ckpt is the checkpoint of; epoch 0: there is none
    struct held_checkpoint *best_held; // the best one's, until it is time to write it; NULL: it is written
    struct runner_extra best_extra;    // that belongs to it
    double best_due;                   // the clock from when on the next one may be written
    bool stops;             // patience is at its end
    bool diverged;          // the weights are no longer worth keeping
    struct runner_lab lab;
};

// RUNNER_WAITED: the rows of the next step are not there yet, no step was made.
enum runner_outcome { RUNNER_GOES_ON, RUNNER_WAITED, RUNNER_DIVERGED, RUNNER_FINISHED };

// Takes run->source's reference. `extra` is copied before. EVENT_STARTED when it went well.
enum status runner_open(struct runner *runner, struct error *error);
void runner_close(struct runner *runner); // safe on one that failed to open
void runner_wind(struct runner *runner);  // time runs from now on: after a pause
double runner_rest(const struct runner *runner, double now); // seconds until the next step is due; <= 0: now
// One step, or up to `most` of them, at least 1, where they are so short that the device gets several at once and nothing
// has to happen in between.
enum status runner_step(struct runner *runner, size_t most, enum runner_outcome *outcome, struct error *error);
uint64_t runner_steps(const struct runner *runner); // 0 before it is open
void runner_tell(struct runner *runner, enum event_kind kind, const char *text);

// These tell what became of them; a refusal is told too and changes nothing.
void runner_set(struct runner *runner, const char *name, const char *text);    // with what rules make of it
bool runner_change(struct runner *runner, const char *name, const char *text); // that one alone; false: it is as it was
// Rows for the next epoch (shared), and what then is kept in checkpoints (copied; NULL: as before).
void runner_offer(struct runner *runner, struct source *rows, const char *extra);
void runner_tell_changes(struct runner *runner, const struct train_params *before); // what has changed since then
void runner_copy(struct runner *runner);    // the model as it is now, to the lanes
void runner_disturb(struct runner *runner); // more than usual comes before the next step, whose times are then looked at

// runner_checkpoint.c
enum status runner_make_folder(const char *folder, struct error *error); // where checkpoints go
// `forked`: gets the parameters of the checkpoint, and the run keeps its own; NULL: it takes those
// of the checkpoint.
enum status runner_load(struct runner *runner, const char *path, struct train_params *forked, struct error *error);
void runner_plan_checkpoint(struct runner *runner); // the next one, after what has been trained
void runner_save_last(struct runner *runner); // FOLDER/last.ckpt; nothing when it is there already or the run diverged
bool runner_save(struct runner *runner, const char *name); // FOLDER/name; false: it has been told why not, or no folder
void runner_save_now(struct runner *runner);  // FOLDER/step-N.ckpt
void runner_roll_back(struct runner *runner, const char *path);

// runner_best.c: an epoch has ended with that validation loss (NaN: not measured). Keeps the best one's checkpoint, and
// sets `stops` when params.patience has waited long enough. Epochs of small models follow each other faster than files
// should: a better one is held in memory until some seconds after the last one was written, or the run pauses or ends.
void runner_judge(struct runner *runner, uint64_t epoch, double loss);
void runner_keep_best(struct runner *runner); // what is held is written now
bool runner_best_due(const struct runner *runner); // something is held, and it is time
void runner_forget_best(struct runner *runner); // what is held is let go
void runner_finish(struct runner *runner); // the last checkpoint, and the best one again, where one was looked for

// runner_extra.c: the sums of the unfinished epoch, the best epoch and the state of the lab, kept in checkpoints beside
// what the caller keeps there. NULL: no memory. mem_free the text.
char *extra_text(cJSON *extra, const struct runner_extra *own);
struct runner_extra runner_extra(const struct runner *runner); // as it is now
void extra_read(struct runner *runner, const char *text); // zeros when there are none

#endif
