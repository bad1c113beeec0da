// What the engine reports goes into the curves, the snapshot and the store, one transaction a drain.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/lab/noise_scale.h"
#include "core/session_private.h"

enum { EVENTS_AT_ONCE = 64, METRICS_AT_ONCE = 4096 };

// ---- rates ------------------------------------------------------------------------------------------------

static const struct step_metrics *last_point(const struct curve *curve) {
    return curve->point_count ? &curve->points[curve->point_count - 1] : NULL;
}

// The first point at or after `seconds`; the points' times never go back.
static const struct step_metrics *first_since(const struct curve *curve, double seconds) {
    size_t low = 0, high = curve->point_count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (curve->points[middle].seconds < seconds)
            low = middle + 1;
        else
            high = middle;
    }
    return &curve->points[low];
}

// What the newest row says about the batch size that the run has now.
static void refresh_gauge(struct session *session) {
    struct snapshot *view = &session->view;
    const struct curve *curve = session->live ? &session->live->curve : NULL;
    const struct noise_row *row = curve && curve->noise_count ? &curve->noise[curve->noise_count - 1] : NULL;
    double batch = (double)session->run_params.batch;
    view->noise = row;
    view->gauge = (struct noise_gauge){.known = row && isfinite(row->noise_scale)};
    if (!view->gauge.known)
        return;
    view->gauge.ratio = batch / row->noise_scale;
    view->gauge.left = noise_share_left(row->noise_scale, batch);
    view->gauge.steps = noise_steps(row->noise_scale, batch, 2 * batch);
    view->gauge.samples = noise_samples(row->noise_scale, batch, 2 * batch);
    bool timed = row->batch == session->run_params.batch;
    view->gauge.seconds = timed ? view->gauge.steps * row->double_seconds / row->step_seconds : (double)NAN;
    view->gauge.measured = row->double_measured;
}

void session_refresh_rates(struct session *session) {
    struct snapshot *view = &session->view;
    const struct curve *curve = session->live ? &session->live->curve : NULL;
    refresh_gauge(session);
    view->seconds_left = NAN;
    view->samples_per_s = view->microseconds_per_step = 0;
    if (!curve || curve->point_count < 2)
        return;
    const struct step_metrics *now = last_point(curve), *recent = first_since(curve, now->seconds - 1);
    if (recent == now) // steps of more than a second
        recent = now - 1;
    double passed = now->seconds - recent->seconds;
    if (passed > 0 && now->step > recent->step) {
        view->samples_per_s = (double)(now->samples - recent->samples) / passed;
        view->microseconds_per_step = 1e6 * passed / (double)(now->step - recent->step);
    }
    const struct step_metrics *past = first_since(curve, now->seconds - 10);
    if (past == now)
        past = now - 1;
    double epochs = now->epoch - past->epoch;
    if (epochs > 0 && run_is_alive(view->state))
        view->seconds_left =
            fmax(0, (double)session->params.epochs - now->epoch) * (now->seconds - past->seconds) / epochs;
}

static const double times_kept = 2; // seconds, at least

// A run that is alive shows what the last seconds went into: since the older of two looks.
static void refresh_times(struct session *session) {
    struct run_times now = engine_times(session->engine), *looks = session->times;
    session->view.times = session_run_alive(session) ? run_times_since(&now, &looks[0]) : now;
    if (run_times_sum(&now) - run_times_sum(&looks[1]) < times_kept)
        return;
    looks[0] = looks[1];
    looks[1] = now;
}

// From here to the last epoch's end, at the batch size the run has now.
static void recount_steps(struct session *session) {
    const struct step_metrics *now = last_point(&session->live->curve);
    const struct train_params *params = &session->run_params;
    double rows = (double)session->live->record.train_rows, batch = (double)params->batch;
    double epoch = now ? now->epoch : 0, into = epoch - floor(epoch);
    double whole = params->drop_last ? floor(rows / batch) : ceil(rows / batch);
    double rest = into > 0 ? ceil(round((1 - into) * rows) / batch) : whole;
    double left = rest + fmax(0, (double)params->epochs - floor(epoch) - 1) * whole;
    session->view.steps_total = (now ? now->step : 0) + (uint64_t)(epoch >= (double)params->epochs ? 0 : left);
}

// ---- events ---------------------------------------------------------------------------------------------------

static bool is_better(const struct run_record *record, const struct epoch_row *row) {
    const struct epoch_row *best = &record->best_row;
    if (best->epoch == 0)
        return true;
    if (!isnan(row->val_accuracy))
        return isnan(best->val_accuracy) || row->val_accuracy > best->val_accuracy;
    if (!isnan(row->val_rmse))
        return isnan(best->val_rmse) || row->val_rmse < best->val_rmse;
    return row->train_loss < best->train_loss;
}

void run_take_epoch(struct run_view *run, const struct epoch_row *row) {
    struct run_record *record = &run->record;
    struct curve *curve = &run->curve;
    record->epochs = row->epoch;
    record->final_row = *row;
    if (is_better(record, row))
        record->best_row = *row;
    if (vec_reserve(&curve->epochs, &curve->epoch_capacity, curve->epoch_count + 1, sizeof *curve->epochs))
        curve->epochs[curve->epoch_count++] = *row;
}

static void take_started(struct session *session, const struct event *event) {
    struct run_record *record = &session->live->record;
    snprintf(session->view.device.backend, sizeof session->view.device.backend, "%s", event->started.backend);
    snprintf(session->view.device.name, sizeof session->view.device.name, "%s", event->started.device);
    snprintf(session->view.device.detail, sizeof session->view.device.detail, "%s", event->started.detail);
    snprintf(session->view.device.precision, sizeof session->view.device.precision, "%s", event->started.precision);
    session->view.device.threads = event->started.threads;
    session->beside.own = event->started.busy;
    session->view.device.bytes = event->started.bytes;
    session->view.steps_total = event->started.steps_total;
    session_watch_gpu(session, event->started.bus);
    snprintf(record->device, sizeof record->device, "%s", event->started.device);
    snprintf(record->precision, sizeof record->precision, "%s", event->started.precision);
}

static void take_rows(struct session *session, const struct event *event) {
    struct run_record *record = &session->live->record;
    take_started(session, event);
    record->train_rows = event->started.train_rows;
    record->validation_rows = event->started.validation_rows;
    record->test_rows = event->started.test_rows;
    session_message(session, MESSAGE_INFO, "%+lld row%s: %llu train and %llu validate from here on",
                    (long long)event->started.added_rows, event->started.added_rows == 1 ? "" : "s",
                    (unsigned long long)event->started.train_rows, (unsigned long long)event->started.validation_rows);
}

static void tell_end(struct session *session) {
    const struct run_record *record = &session->live->record;
    const struct epoch_row *row = &record->final_row;
    char figure[64] = "";
    if (record->epochs > 0 && !isnan(row->val_accuracy))
        snprintf(figure, sizeof figure, ": validation accuracy %.1f %%", 100 * row->val_accuracy);
    else if (record->epochs > 0 && !isnan(row->val_rmse))
        snprintf(figure, sizeof figure, ": validation RMSE %.4g", row->val_rmse);
    if (record->state != RUN_FAILED) // what failed has been told
        session_message(session, MESSAGE_INFO, "run %lld is %s%s", (long long)record->id, run_state_name(record->state),
                        figure);
}

static void take_state(struct session *session, enum run_state state) {
    struct run_record *record = &session->live->record;
    session->view.state = record->state = state;
    session->wants_pause = state == RUN_PAUSED || (session->wants_pause && state == RUN_OPENING);
    if (run_is_alive(state))
        return;
    session_leave_gpu(session);
    record->ended = clock_wall();
    tell_end(session);
}

static void take_change(struct session *session, const struct event *event) {
    struct error error;
    const char *name = event->change.name, *to = event->change.to;
    if (params_set(&train_table, &session->run_params, name, to, &error) ||
        params_set(&train_table, &session->params, name, to, &error))
        session_tell_error(session, &error);
    recount_steps(session);
    session_refresh_model(session);
    if (text_equal(name, "follow_rows"))
        session_growth_look(session);
}

void session_take_event(struct session *session, const struct event *event) {
    struct run_record *record = &session->live->record;
    switch (event->kind) {
    case EVENT_STATE:
        take_state(session, event->state);
        break;
    case EVENT_STARTED:
        take_started(session, event);
        break;
    case EVENT_EPOCH:
        run_take_epoch(session->live, &event->epoch);
        break;
    case EVENT_CHANGE:
        take_change(session, event);
        break;
    case EVENT_CHECKPOINT:
        snprintf(record->checkpoint, sizeof record->checkpoint, "%s", event->text);
        break;
    case EVENT_WARNING: // perhaps a value that was refused: what the run really has is shown again
        session->params = session->run_params;
        session_message(session, MESSAGE_WARNING, "%.*s", ERROR_TEXT_SIZE - 1, event->text);
        break;
    case EVENT_ERROR:
        session->lab.gone_wrong = true;
        session_message(session, MESSAGE_ERROR, "%.*s", ERROR_TEXT_SIZE - 1, event->text);
        break;
    case EVENT_ROWS:
        take_rows(session, event);
        break;
    case EVENT_RANGE:
        session_show_range(session, &event->range, event->step, true);
        break;
    case EVENT_MARK:
    case EVENT_NOISE:
    case EVENT_LAYER:
        break;
    }
    curve_mark(&session->live->curve, event);
    session_publish(session);
    if (session->listener)
        session->listener(session->listener_context, event);
}

// ---- metrics ----------------------------------------------------------------------------------------------------

// Straight into the curve. Stops after what the ring can hold: a fast run must not keep the screen waiting.
bool run_take_metrics(struct session *session, struct engine *engine, struct run_view *run) {
    struct curve *curve = &run->curve;
    size_t before = curve->point_count;
    for (size_t read = METRICS_AT_ONCE; read == METRICS_AT_ONCE && curve->point_count - before < METRICS_KEPT;) {
        if (!long_array_reserve(&curve->points_kept, &curve->points, &curve->point_capacity,
                                curve->point_count + METRICS_AT_ONCE, sizeof *curve->points)) {
            session_message(session, MESSAGE_ERROR, "out of memory: the curves of this run have a gap from here on");
            break;
        }
        read = engine_metrics(engine, curve->points + curve->point_count, METRICS_AT_ONCE);
        curve->point_count += read;
    }
    const struct step_metrics *last = last_point(curve);
    if (last) {
        run->record.steps = last->step;
        run->record.samples = last->samples;
        run->record.seconds = last->seconds;
    }
    return curve->point_count > before;
}

// ---- the store -----------------------------------------------------------------------------------------------------

static enum status write(struct session *session, const struct run_view *run, const struct event *events, size_t count,
                         size_t from, struct error *error) {
    int64_t id = run->record.id;
    enum status status = store_begin(session->store, error);
    if (status)
        return status;
    for (size_t i = 0; i < count && !status; i++)
        status = store_event(session->store, id, &events[i], error);
    if (!status && run->curve.point_count > from)
        status = store_metrics(session->store, id, run->curve.points + from, run->curve.point_count - from, error);
    if (!status)
        status = store_run_update(session->store, &run->record, error);
    if (!status)
        return store_commit(session->store, error);
    store_rollback(session->store);
    return status;
}

// A store that cannot be written does not end the run: it is said once, until it works again.
void run_keep(struct session *session, const struct run_view *run, const struct event *events, size_t count,
              size_t from) {
    struct error error;
    enum status status = write(session, run, events, count, from, &error);
    if (status && !session->store_failed)
        session_message(session, MESSAGE_ERROR, "the run goes on, but is not kept: %s", error.text);
    session->store_failed = status != STATUS_OK;
    for (size_t i = 0; i < session->run_count; i++) {
        if (session->runs[i].id == run->record.id)
            session->runs[i] = run->record;
    }
}

// What only the device finds: such a run has nothing to be listed for. One of a race or a sweep stays, as the outcome of
// its place.
static void drop_unbegun(struct session *session) {
    const struct run_record *record = &session->live->record;
    struct error error;
    bool began = session->view.device.name[0] != '\0' || record->steps > 0 || record->checkpoint[0] != '\0';
    if (record->state != RUN_FAILED || began || record->experiment != 0)
        return;
    if (store_run_delete(session->store, record->id, &error) || session_refresh_runs(session, &error))
        session_tell_error(session, &error);
}

static void start_again(struct session *session) {
    struct error error;
    session->restart = false;
    if (session_start(session, &error))
        session_tell_error(session, &error);
}

size_t run_read_events(struct engine *engine, struct event **events) {
    size_t count = 0, capacity = 0, read = EVENTS_AT_ONCE;
    *events = NULL;
    while (read == EVENTS_AT_ONCE && vec_reserve(events, &capacity, count + EVENTS_AT_ONCE, sizeof **events)) {
        read = engine_events(engine, *events + count, EVENTS_AT_ONCE);
        count += read;
    }
    return count;
}

// Events are read before metrics: when the last event is here, so is every step before it.
bool session_drain_run(struct session *session) {
    struct event *events;
    if (!session->live || !session_run_alive(session))
        return false;
    size_t count = run_read_events(session->engine, &events), from = session->live->curve.point_count;
    bool news = run_take_metrics(session, session->engine, session->live) || count > 0;
    for (size_t i = 0; i < count; i++)
        session_take_event(session, &events[i]);
    refresh_times(session);
    if (news) {
        run_keep(session, session->live, events, count, from);
        session_publish(session);
        drop_unbegun(session);
        if (session_run_alive(session))
            store_tidy(session->store);
    }
    mem_free(events);
    if (session->restart && !session_run_alive(session))
        start_again(session);
    return news;
}
