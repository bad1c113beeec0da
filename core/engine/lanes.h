// The two lanes out of the engine: events in a growing list behind a lock that is held for a copy
// only, metrics in a ring without one. Written by the engine's thread, read by the main one.
// Private to core/engine. Owned by the engine; lanes_close frees them.
#ifndef CORE_ENGINE_LANES_H
#define CORE_ENGINE_LANES_H

#include <pthread.h>

#include "core/base/ring.h"
#include "core/base/wake.h"
#include "core/engine/event.h"

struct lanes {
    struct ring metrics;
    double last_wake; // the engine's thread only
    pthread_mutex_t lock;
    pthread_cond_t room;
    struct event *events;
    size_t first, count, capacity; // events[first … first + count - 1] wait to be read
    bool closing;
    struct wake wake;
};

enum status lanes_open(struct lanes *lanes, struct error *error);
void lanes_close(struct lanes *lanes);
// Never loses one: when memory runs out it waits until the reader has made room or is closing.
void lanes_event(struct lanes *lanes, struct event event); // wall is set here
void lanes_metrics(struct lanes *lanes, const struct step_metrics *metrics, double now);
size_t lanes_read_events(struct lanes *lanes, struct event *events, size_t most);
void lanes_stop_waiting(struct lanes *lanes); // the reader is closing

#endif
