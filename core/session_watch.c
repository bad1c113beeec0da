// Watching a run that another process trains: what it has added to the store is read twice a second and shown as the
// session's own run would be.
#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/session_private.h"

#define LOOK_SECONDS 0.5

void session_watch_end(struct session *session) {
    session->watch.run = 0;
}

bool session_watching(const struct session *session) {
    return session->watch.run != 0;
}

bool session_run_owner(const struct session *session, int64_t *run, struct run_owner *owner) {
    if (*run)
        return store_run_owner(session->store, *run, owner);
    for (size_t i = 0; i < session->run_count; i++)
        if (run_is_alive(session->runs[i].state) && store_run_owner(session->store, session->runs[i].id, owner) &&
            owner->detached) {
            *run = session->runs[i].id;
            return true;
        }
    return false;
}

static enum status add_metrics(struct session *session, struct error *error) {
    struct curve *curve = &session->live->curve;
    struct step_metrics *points = NULL;
    size_t count = 0;
    enum status status =
        store_run_metrics(session->store, session->watch.run, &session->watch.metrics, &points, &count, error);
    if (!status &&
        !long_array_reserve(&curve->points_kept, &curve->points, &curve->point_capacity, curve->point_count + count,
                            sizeof *curve->points))
        status = error_memory(error, "the curves of a run", count * sizeof *points);
    for (size_t i = 0; i < count && !status; i++)
        curve->points[curve->point_count++] = points[i];
    mem_free(points);
    return status;
}

// What was read is shown; a run whose process is gone has ended, though nobody wrote that down.
static enum status look(struct session *session, bool *news, struct error *error) {
    struct run_view *live = session->live;
    struct run_owner owner;
    struct event *events = NULL;
    size_t count = 0, before = live->curve.point_count;
    int64_t run = session->watch.run;
    bool alive = store_run_owner(session->store, run, &owner); // before reading: what it wrote last is read
    enum status status = add_metrics(session, error);
    if (!status)
        status = store_run_events(session->store, run, &session->watch.events, &events, &count, error);
    for (size_t i = 0; i < count && !status; i++)
        session_take_event(session, &events[i]);
    mem_free(events);
    if (!status)
        status = store_run(session->store, run, &live->record, error);
    *news = count > 0 || live->curve.point_count > before || !alive;
    if (!status && !alive) {
        session->view.state = live->record.state =
            run_is_alive(live->record.state) ? RUN_STOPPED : live->record.state;
        session_watch_end(session);
    }
    return status;
}

bool session_watch_look(struct session *session) {
    struct error error;
    bool news = false;
    if (session->watch.run == 0 || clock_now() < session->watch.next)
        return false;
    if (look(session, &news, &error)) {
        session_tell_error(session, &error);
        session_watch_end(session);
    }
    session->watch.next = clock_now() + LOOK_SECONDS;
    if (news)
        session_publish(session);
    return news;
}

enum status session_watch(struct session *session, int64_t run, struct error *error) {
    struct run_view *view = mem_alloc(1, sizeof *view);
    if (view == NULL)
        return error_memory(error, "the curves of a run", sizeof *view);
    enum status status = session_run_alive(session)
                             ? error_set(error, STATUS_STATE, "a run is alive here: stop it before watching another")
                             : store_run(session->store, run, &view->record, error);
    if (status) {
        run_view_free(view);
        return status;
    }
    run_view_free(session->live);
    session->live = view;
    session->params = session->run_params = view->record.params;
    session->view.state = view->record.state;
    session->watch.run = run;
    session->watch.metrics = session->watch.events = 0;
    session->watch.next = 0;
    session_refresh_model(session);
    session_watch_look(session);
    if (session_watching(session))
        session_message(session, MESSAGE_INFO, "run %lld is trained by another process and only watched here",
                        (long long)run);
    session_refresh_rates(session);
    session_publish(session);
    return STATUS_OK;
}
