#include "core/engine/lanes.h"

#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/engine/engine.h"
#include "core/train/trainer.h"

enum { EVENTS_RESERVED = 64 };
static const double seconds_between_wakes = 1.0 / 60;

enum status lanes_open(struct lanes *lanes, const struct wake *wake, struct error *error) {
    enum status status = wake ? STATUS_OK : wake_open(&lanes->own, error);
    if (status)
        return status;
    lanes->wake = wake ? wake : &lanes->own;
    pthread_mutex_init(&lanes->lock, NULL);
    pthread_cond_init(&lanes->room, NULL);
    if (!ring_open(&lanes->metrics, sizeof(struct step_metrics), METRICS_KEPT) ||
        !vec_reserve(&lanes->events, &lanes->capacity, EVENTS_RESERVED, sizeof *lanes->events)) {
        lanes_close(lanes);
        return error_memory(error, "queues of the engine", METRICS_KEPT * sizeof(struct step_metrics));
    }
    return STATUS_OK;
}

void lanes_close(struct lanes *lanes) {
    ring_close(&lanes->metrics);
    model_copy_free(lanes_take_copy(lanes));
    mem_free(lanes->events);
    pthread_cond_destroy(&lanes->room);
    pthread_mutex_destroy(&lanes->lock);
    if (lanes->wake == &lanes->own)
        wake_close(&lanes->own);
}

// Room for one more; what was read makes room first, but never moves the rest more often than it doubles.
static bool make_room(struct lanes *lanes) {
    if (lanes->first > 0 && lanes->first >= lanes->count) {
        memmove(lanes->events, lanes->events + lanes->first, lanes->count * sizeof *lanes->events);
        lanes->first = 0;
    }
    return vec_reserve(&lanes->events, &lanes->capacity, lanes->first + lanes->count + 1, sizeof *lanes->events);
}

void lanes_event(struct lanes *lanes, struct event event) {
    double now = clock_now();
    event.wall = clock_wall();
    pthread_mutex_lock(&lanes->lock);
    bool room = make_room(lanes);
    while (!room && !lanes->closing) {
        wake_signal(lanes->wake); // epochs of which nobody was told may be what fills the memory
        pthread_cond_wait(&lanes->room, &lanes->lock);
        room = make_room(lanes);
    }
    if (room)
        lanes->events[lanes->first + lanes->count++] = event;
    bool due = event.kind != EVENT_EPOCH || now - lanes->last_told >= seconds_between_wakes;
    if (due)
        lanes->last_told = now;
    pthread_mutex_unlock(&lanes->lock);
    if (due)
        wake_signal(lanes->wake);
}

void lanes_set_times(struct lanes *lanes, const struct run_times *times) {
    pthread_mutex_lock(&lanes->lock);
    lanes->times = *times;
    pthread_mutex_unlock(&lanes->lock);
}

struct run_times lanes_read_times(struct lanes *lanes) {
    pthread_mutex_lock(&lanes->lock);
    struct run_times times = lanes->times;
    pthread_mutex_unlock(&lanes->lock);
    return times;
}

bool lanes_due(const struct lanes *lanes, double now) {
    return now - lanes->last_wake >= seconds_between_wakes;
}

void lanes_metrics(struct lanes *lanes, const struct step_metrics *metrics, const struct run_times *times, double now) {
    ring_push(&lanes->metrics, metrics);
    if (!lanes_due(lanes, now))
        return;
    lanes->last_wake = now;
    lanes_set_times(lanes, times);
    wake_signal(lanes->wake);
}

void lanes_copy(struct lanes *lanes, struct model_copy *copy) {
    model_copy_free(atomic_exchange(&lanes->copy, copy));
    wake_signal(lanes->wake);
}

struct model_copy *lanes_take_copy(struct lanes *lanes) {
    return atomic_exchange(&lanes->copy, NULL);
}

size_t lanes_read_events(struct lanes *lanes, struct event *events, size_t most) {
    pthread_mutex_lock(&lanes->lock);
    size_t count = lanes->count < most ? lanes->count : most;
    memcpy(events, lanes->events + lanes->first, count * sizeof *events);
    lanes->first += count;
    lanes->count -= count;
    pthread_cond_signal(&lanes->room);
    pthread_mutex_unlock(&lanes->lock);
    return count;
}

void lanes_stop_waiting(struct lanes *lanes) {
    pthread_mutex_lock(&lanes->lock);
    lanes->closing = true;
    pthread_cond_signal(&lanes->room);
    pthread_mutex_unlock(&lanes->lock);
}
