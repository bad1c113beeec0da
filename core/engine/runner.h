// One run as the engine's thread works on it: opens backend and trainer, steps, evaluates at the end
// of every epoch, saves checkpoints, and says what happened through the lanes. Knows no commands and
// no threads. Private to core/engine; owns what it opens, runner_close ends it.
#ifndef CORE_ENGINE_RUNNER_H
#define CORE_ENGINE_RUNNER_H

#include <cjson/cJSON.h>

#include "core/engine/engine.h"
#include "core/engine/lanes.h"
#include "core/train/trainer.h"

struct epoch_sums { // over the rows of the epoch so far
    uint64_t rows;
    double loss, correct, squared, seconds;
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
    struct epoch_sums sums;
    uint64_t train_rows;
    double next_checkpoint; // epochs
    double due;             // the clock when the next step may begin, where params.pace asks for rests
    uint64_t saved_step;    // of last.ckpt; UINT64_MAX: none yet
    bool diverged;          // the weights are no longer worth keeping
};

enum runner_outcome { RUNNER_GOES_ON, RUNNER_DIVERGED, RUNNER_FINISHED };

// Takes run->source's reference. `extra` is copied before. EVENT_STARTED when it went well.
enum status runner_open(struct runner *runner, struct error *error);
void runner_close(struct runner *runner); // safe on one that failed to open
void runner_wind(struct runner *runner);  // time runs from now on: after a pause
double runner_rest(const struct runner *runner, double now); // seconds until the next step is due; <= 0: now
enum status runner_step(struct runner *runner, enum runner_outcome *outcome, struct error *error);
uint64_t runner_steps(const struct runner *runner); // 0 before it is open
void runner_tell(struct runner *runner, enum event_kind kind, const char *text);

// These tell what became of them; a refusal is told too and changes nothing.
void runner_set(struct runner *runner, const char *name, const char *text);
void runner_save_last(struct runner *runner); // FOLDER/last.ckpt; nothing when it is there already or the run diverged
void runner_save_now(struct runner *runner);  // FOLDER/step-N.ckpt
void runner_roll_back(struct runner *runner, const char *path);

// runner_extra.c: the sums of the unfinished epoch, kept in checkpoints. NULL: no memory. mem_free the text.
char *extra_text(cJSON *extra, const struct epoch_sums *sums);
void extra_read_sums(const char *text, struct epoch_sums *sums); // zeros when there are none

#endif
