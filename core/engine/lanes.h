// The two lanes out of the engine: events in a growing list behind a lock that is held for a copy
// only, metrics in a ring without one. Written by the engine's thread, read by the main one.
// Private to core/engine. Owned by the engine; lanes_close frees them.
#ifndef CORE_ENGINE_LANES_H
#define CORE_ENGINE_LANES_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/base/ring.h"
#include "core/base/wake.h"
#include "core/engine/event.h"

struct model_copy; // core/train/trainer.h

struct lanes {
    struct ring metrics;
    double last_wake; // the engine's thread only
    double last_told; // of an event; under the lock. Epochs of microseconds do not wake the reader each
    struct run_times times; // under the lock
    pthread_mutex_t lock;
    pthread_cond_t room;
    struct event *events;
    size_t first, count, capacity; // events[first … first + count - 1] wait to be read
    bool closing;
    struct wake own;         // where no other was given
    const struct wake *wake; // what the reader polls
    _Atomic(struct model_copy *) copy; // of the model, not taken yet; owned
};

enum status lanes_open(struct lanes *lanes, const struct wake *wake, struct error *error); // wake NULL: its own
void lanes_close(struct lanes *lanes);
// Never loses one: when memory runs out it waits until the reader has made room or is closing.
void lanes_event(struct lanes *lanes, struct event event); // wall is set here
// `times` are handed on when the reader is woken.
void lanes_metrics(struct lanes *lanes, const struct step_metrics *metrics, const struct run_times *times, double now);
bool lanes_due(const struct lanes *lanes, double now); // lanes_metrics would wake the reader
void lanes_set_times(struct lanes *lanes, const struct run_times *times);
struct run_times lanes_read_times(struct lanes *lanes);
// The newest copy stands in place of one that nobody took. Whoever takes it frees it.
void lanes_copy(struct lanes *lanes, struct model_copy *copy);
struct model_copy *lanes_take_copy(struct lanes *lanes); // NULL: none
size_t lanes_read_events(struct lanes *lanes, struct event *events, size_t most);
void lanes_stop_waiting(struct lanes *lanes); // the reader is closing

#endif
