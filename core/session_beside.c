// Runs of a sweep beside the session's own, each with an engine of its own: a small net keeps one core busy, and the
// others would have nothing to do. Nothing shows them while they run; they are drained as the session's own run is, and
// what has ended becomes a trial like any other. Engines stay for the next run until the session ends.
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/session_lab_results.h"
#include "core/session_private.h"

size_t session_beside_alive(const struct session *session) {
    size_t alive = 0;
    for (size_t i = 0; i < session->beside.count; i++)
        alive += session->beside.runs[i].run != NULL;
    return alive;
}

// ---- beginning --------------------------------------------------------------------------------------------------

// Threads of those at work; one that has not said yet will have as many as the session's own.
static int threads_at_work(const struct session *session) {
    int own = session->beside.own, sum = own;
    for (size_t i = 0; i < session->beside.count; i++) {
        const struct run_beside *beside = &session->beside.runs[i];
        if (beside->run)
            sum += beside->threads > 0 ? beside->threads : own;
    }
    return sum;
}

// A race compares times, a halving sweep would promote by who is quicker, a GPU has one queue, and rows that join a run
// join the session's own.
bool session_beside_room(const struct session *session) {
    const struct experiment *plan = session->lab.plan;
    const struct snapshot *view = &session->view;
    bool known = view->state == RUN_TRAINING && view->device.backend[0] != '\0', processor = session->beside.own > 0;
    if (!known || !processor || plan->kind != EXPERIMENT_SWEEP || session->follow.file.path)
        return false;
    if (plan->at_once > 0)
        return 1 + session_beside_alive(session) < (size_t)plan->at_once;
    return plan->method != SWEEP_HALVING && session_beside_alive(session) + 1 < SWEEP_AT_ONCE_MOST &&
           threads_at_work(session) + session->beside.own <= sysconf(_SC_NPROCESSORS_ONLN);
}

static struct run_beside *at_rest(struct session *session) {
    for (size_t i = 0; i < session->beside.count; i++)
        if (!session->beside.runs[i].run)
            return &session->beside.runs[i];
    return NULL;
}

// Where the system has no room for another thread, there are as many as there are: trials follow each other on those.
bool session_beside_ready(struct session *session) {
    struct error error;
    if (at_rest(session) || session->beside.refused)
        return at_rest(session) != NULL;
    bool room = vec_reserve(&session->beside.runs, &session->beside.capacity, session->beside.count + 1,
                            sizeof *session->beside.runs);
    struct run_beside *made = room ? &session->beside.runs[session->beside.count] : NULL;
    if (made)
        *made = (struct run_beside){0};
    session->beside.refused = !made || engine_open(&made->engine, &session->wake, &error);
    session->beside.count += !session->beside.refused;
    return !session->beside.refused;
}

enum status session_beside_begin(struct session *session, const struct trial *next, const struct train_params *params,
                                 struct error *error) {
    struct run_record from = {0};
    struct run_beside *beside = at_rest(session);
    enum status status = STATUS_OK;
    if (next->from != SIZE_MAX)
        status = store_run(session->store, session->lab.view.trials[next->from].run, &from, error);
    if (!status)
        status = session_launch_beside(session, beside->engine, params, next->slot, &from, &beside->run, error);
    if (status)
        return status;
    beside->slot = next->slot;
    beside->threads = 0;
    beside->bytes = 0;
    beside->gone_wrong = beside->stopping = false;
    lab_view_begin(&session->lab.view, next->slot, beside->run->record.id, params);
    session_publish(session);
    return STATUS_OK;
}

// ---- draining ---------------------------------------------------------------------------------------------------

static void take_state(struct run_record *record, enum run_state state) {
    record->state = state;
    if (!run_is_alive(state))
        record->ended = clock_wall();
}

static void take_event(struct session *session, struct run_beside *beside, const struct event *event) {
    struct run_record *record = &beside->run->record;
    bool wrong = event->kind == EVENT_ERROR, told = wrong || event->kind == EVENT_WARNING;
    switch (event->kind) {
    case EVENT_STATE:
        take_state(record, event->state);
        break;
    case EVENT_STARTED:
        beside->threads = event->started.busy;
        beside->bytes = event->started.bytes;
        snprintf(record->device, sizeof record->device, "%s", event->started.device);
        snprintf(record->precision, sizeof record->precision, "%s", event->started.precision);
        break;
    case EVENT_EPOCH:
        run_take_epoch(beside->run, &event->epoch);
        break;
    case EVENT_CHECKPOINT:
        snprintf(record->checkpoint, sizeof record->checkpoint, "%s", event->text);
        break;
    default:
        break;
    }
    curve_mark(&beside->run->curve, event);
    beside->gone_wrong = beside->gone_wrong || wrong;
    if (told)
        session_message(session, wrong ? MESSAGE_ERROR : MESSAGE_WARNING, "run %lld: %.*s", (long long)record->id,
                        ERROR_TEXT_SIZE - 1, event->text);
    if (told && session->listener)
        session->listener(session->listener_context, event);
}

static void stop(struct session *session, struct run_beside *beside) {
    struct error error;
    bool alive = beside->run && !beside->stopping && run_is_alive(engine_state(beside->engine));
    beside->stopping = beside->stopping || alive;
    if (alive && engine_command(beside->engine, &(struct command){.kind = COMMAND_STOP}, &error))
        session_tell_error(session, &error);
}

static void drain(struct session *session, struct run_beside *beside) {
    struct event *events;
    size_t count = run_read_events(beside->engine, &events), from = beside->run->curve.point_count;
    bool news = run_take_metrics(session, beside->engine, beside->run) || count > 0;
    for (size_t i = 0; i < count; i++)
        take_event(session, beside, &events[i]);
    if (news)
        run_keep(session, beside->run, events, count, from);
    mem_free(events);
    if (beside->gone_wrong && beside->run->record.state == RUN_PAUSED) // nobody is here to steer it
        stop(session, beside);
}

static void conclude(struct session *session, struct run_beside *beside) {
    struct run_view *run = beside->run;
    struct run_times times = engine_times(beside->engine);
    beside->run = NULL;
    if (session->lab.view.active)
        session_lab_conclude(session, beside->slot, run, beside->bytes, &times, beside->gone_wrong);
    run_view_free(run);
}

void session_drain_beside(struct session *session) {
    for (size_t i = 0; i < session->beside.count; i++) {
        struct run_beside *beside = &session->beside.runs[i];
        if (beside->run)
            drain(session, beside);
        if (beside->run && !run_is_alive(beside->run->record.state))
            conclude(session, beside);
    }
}

// ---- ending -----------------------------------------------------------------------------------------------------

void session_stop_beside(struct session *session) {
    for (size_t i = 0; i < session->beside.count; i++)
        stop(session, &session->beside.runs[i]);
}

void session_close_beside(struct session *session) {
    session_stop_beside(session);
    while (session_beside_alive(session) > 0) {
        poll(&(struct pollfd){.fd = session->wake.read_fd, .events = POLLIN}, 1, 1000);
        wake_clear(&session->wake);
        session_drain_beside(session);
    }
    for (size_t i = 0; i < session->beside.count; i++)
        engine_close(session->beside.runs[i].engine);
    mem_free(session->beside.runs);
    memset(&session->beside, 0, sizeof session->beside);
}
