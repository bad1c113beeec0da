// The engine: one background thread that owns trainer and backend while a run lives. Commands go
// in, events and metrics come out, a wake descriptor becomes readable when there is news. No lock is
// held while training. All functions here are for one other thread (the main one), none waits for
// the engine except engine_close.
#ifndef CORE_ENGINE_ENGINE_H
#define CORE_ENGINE_ENGINE_H

#include "core/base/wake.h"
#include "core/engine/command.h"
#include "core/engine/event.h"
#include "core/train/source.h"

struct engine;

struct engine_run { // everything a run needs; copied
    struct train_params params;
    struct source *source;   // shared
    char folder[1024];       // where checkpoints go: FOLDER/step-N.ckpt and FOLDER/last.ckpt
    char resume[1024];       // checkpoint to go on from, "" = a fresh start
    const char *extra;       // text kept in checkpoints (recipe, encoding); copied
};

enum status engine_open(struct engine **engine, struct error *error);
void engine_close(struct engine *engine); // stops a living run (checkpoint saved), joins the thread
const struct wake *engine_wake(const struct engine *engine);

// Refused with STATUS_STATE while a run lives. Opening the backend and the trainer happens on the
// engine's thread: failures come as EVENT_ERROR and state RUN_FAILED.
enum status engine_start(struct engine *engine, const struct engine_run *run, struct error *error);
// False (with a sentence) when the queue is full or no run lives to take it.
enum status engine_command(struct engine *engine, const struct command *command, struct error *error);

size_t engine_events(struct engine *engine, struct event *events, size_t most);
size_t engine_metrics(struct engine *engine, struct step_metrics *metrics, size_t most);
uint64_t engine_dropped(const struct engine *engine);
enum run_state engine_state(const struct engine *engine);

#endif
