// An engine with a folder of its own and everything it has told so far, for tests of the engine. What goes wrong ends
// the test with its sentence.
#ifndef TESTS_SUPPORT_ENGINE_RIG_H
#define TESTS_SUPPORT_ENGINE_RIG_H

#include "core/engine/engine.h"

enum {
    RIG_EVENTS = 4096,
    RIG_METRICS = 1 << 17,
    RIG_PATIENCE = 60, // seconds without news until a test gives up
};

struct engine_rig {
    struct engine *engine;
    struct event events[RIG_EVENTS];
    struct step_metrics *metrics; // [RIG_METRICS]
    size_t event_count, metric_count;
    enum run_state state; // as the events say
    char folder[64];
    struct error error;
};

extern struct engine_rig rig;

// Before and after each test.
int rig_set_up(void **state);
int rig_tear_down(void **state);

void rig_must(enum status status); // of a call that was given &rig.error
void rig_forget(void);             // events and metrics so far

// A small run on the reference backend, kept in "run" of the folder.
struct engine_run rig_run(struct source *source, int64_t epochs);
void rig_start(const struct engine_run *run);
void rig_start_paused(const struct engine_run *run); // at its beginning, without a pace
void rig_send(enum command_kind kind, const char *name, const char *text);

void rig_drain(void);
void rig_wait_news(void);
void rig_wait_state(enum run_state state); // of a run that is alive until then
void rig_wait_end(void);
void rig_wait_steps(size_t count);                        // until so many metrics are there
void rig_wait_events(enum event_kind kind, size_t count); // until so many events of a kind are there
void rig_step(void);                                      // one step of a paused run, waited for

size_t rig_count(enum event_kind kind);
const struct event *rig_find(enum event_kind kind, size_t nth);

#endif
