// The engine: one background thread that owns trainer and backend while a run lives. Commands go
// in, events and metrics come out, a wake descriptor becomes readable when there is news: at once for
// events, at most 60 times a second for metrics. No lock is held while training. All functions here
// are for one other thread (the main one), none waits for the engine except engine_close.
// Every step leaves one record of metrics; a reader that stays away for more than METRICS_KEPT steps
// loses the newest ones, and engine_dropped counts them.
// A step whose loss or gradient is not finite pauses the run with an EVENT_ERROR that names it; no
// checkpoint is written over the last good one from then on, until the run is rolled back.
#ifndef CORE_ENGINE_ENGINE_H
#define CORE_ENGINE_ENGINE_H

#include "core/base/wake.h"
#include "core/engine/command.h"
#include "core/engine/event.h"
#include "core/train/source.h"

struct engine;

struct engine_run { // everything a run needs; copied
    struct train_params params;
    struct source *source; // shared
    char folder[1024];     // checkpoints: FOLDER/step-N.ckpt (demanded) and FOLDER/last.ckpt; "" = none
    char resume[1024];     // checkpoint to go on from, "" = a fresh start
    double seconds;        // that it took until that checkpoint: its own go on from there
    bool fork;             // with `params`, not the checkpoint's: each difference is told as EVENT_CHANGE
    const char *extra;     // a JSON object kept in checkpoints (recipe, encoding), or NULL; copied. The engine
                           // adds the member "epoch_so_far", so that a resumed epoch has the same means
};

enum { METRICS_KEPT = 1 << 18, COMMANDS_MOST = 256 };

// `wake`: signalled when there is news, the caller's and shared as it likes; NULL: one of its own.
enum status engine_open(struct engine **engine, const struct wake *wake, struct error *error);
void engine_close(struct engine *engine); // stops a living run (checkpoint saved), joins the thread
const struct wake *engine_wake(const struct engine *engine);

// Refused with STATUS_STATE while a run lives. Opening the backend and the trainer happens on the
// engine's thread: failures come as EVENT_ERROR and state RUN_FAILED.
enum status engine_start(struct engine *engine, const struct engine_run *run, struct error *error);
// STATUS_STATE (with a sentence) when the queue is full or no run lives to take it. What a run refuses
// later (a value it cannot have) comes as EVENT_WARNING.
enum status engine_command(struct engine *engine, const struct command *command, struct error *error);

// The run goes on with these rows (shared) from the end of the present epoch on, and with `extra` (copied) in place of
// what it was given for its checkpoints; EVENT_ROWS tells when. Rows offered before and not taken yet are let go. Rows
// that it cannot take come as EVENT_WARNING, and it keeps its own.
enum status engine_change_source(struct engine *engine, struct source *source, const char *extra, struct error *error);

// The newest copy of the model that COMMAND_COPY asked for and nobody has taken yet, the caller's from now on; NULL: none.
struct model_copy; // core/train/trainer.h
struct model_copy *engine_copy(struct engine *engine);

size_t engine_events(struct engine *engine, struct event *events, size_t most);
size_t engine_metrics(struct engine *engine, struct step_metrics *metrics, size_t most);
uint64_t engine_dropped(const struct engine *engine);
struct run_times engine_times(struct engine *engine); // of the present run or the last, as of the last news
// May be ahead of the events that have been read.
enum run_state engine_state(const struct engine *engine);

#endif
