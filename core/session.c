#include "core/session.h"

#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/session_private.h"

// ---- the snapshot ---------------------------------------------------------------------------------------

void session_publish(struct session *session) {
    struct snapshot *view = &session->view;
    view->version++;
    session->changed = true;
    bool open = !session->preview; // of data that is only looked at nothing else is known
    view->preview = !open;
    view->following = session->follow.file.path != NULL;
    view->rows_join = session->growth.recipe && !session->growth.ended && session_run_alive(session) &&
                      session->run_params.follow_rows;
    bool counted = open && session->dataset && session->dataset->table && session->follow.rows != SIZE_MAX;
    view->followed_rows = counted ? (int64_t)session->dataset->table->rows - (int64_t)session->follow.rows : 0;
    view->dataset = open ? session->dataset : session->preview;
    view->profile = open ? session->profile : NULL;
    view->split = open && session->split.part ? &session->split : NULL;
    view->pipeline = session->pipeline;
    view->fitted = session->fitted;
    view->prepared = open ? session->prepared : NULL;
    view->source = open ? session->source : NULL;
    view->source_notes = session->source ? &session->notes : NULL;
    view->suggested = session->mode != PIPELINE_EDITED;
    if (!view->suggested)
        view->pipeline_reasons[0] = '\0';
    view->params = &session->params;
    view->layers = session->layers;
    view->run = session->live;
    view->overlays = (const struct run_view *const *)session->overlays;
    view->overlay_count = session->overlay_count;
    view->runs = session->runs;
    view->run_count = session->run_count;
    view->metrics_dropped = engine_dropped(session->engine);
    view->batches.plan = session->batches.plan;
    view->batches.making = session->batches.job.active && session->batches.work.source;
    view->batches.made = view->batches.making ? task_share(&session->batches.job.task) : 1;
    view->lab = session->lab.plan ? &session->lab.view : NULL;
    view->lessons = session->lesson.shelf;
    view->lesson_count = session->lesson.shelf_count;
    view->lesson = session->lesson.view.lesson ? &session->lesson.view : NULL;
    static const struct row_order as_read;
    view->rows.order = open ? &session->rows.order : &as_read;
    view->can_undo = session->undo.count > 0;
    view->can_redo = session->redo.count > 0;
}

const struct snapshot *session_snapshot(const struct session *session) {
    return &session->view;
}

struct source *session_source(const struct session *session) {
    return session->source;
}

void session_message(struct session *session, enum message_kind kind, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(session->view.message, sizeof session->view.message, format, arguments);
    va_end(arguments);
    session->view.message_kind = kind;
    static const enum log_level levels[] = {LOG_INFO, LOG_INFO, LOG_WARNING, LOG_ERROR};
    log_add(levels[kind], "%s", session->view.message);
    session_publish(session);
}

void session_tell_error(struct session *session, const struct error *error) {
    session_message(session, error->status == STATUS_CANCELLED ? MESSAGE_WARNING : MESSAGE_ERROR, "%s", error->text);
}

void session_clear_message(struct session *session) {
    session->view.message_kind = MESSAGE_NONE;
    session->view.message[0] = '\0';
    session_publish(session);
}

// ---- opening and closing ----------------------------------------------------------------------------------

enum status session_open(struct session **out, const struct session_options *options, struct error *error) {
    struct session *session = mem_alloc(1, sizeof *session);
    if (!session)
        return error_memory(error, "the session", sizeof *session);
    session->no_profile = options->no_profile;
    session->previews = options->previews;
    session->follow.wanted = options->follow;
    session->wake.read_fd = session->wake.write_fd = -1;
    session->loaded_target = -1;
    session->view.seconds_left = NAN;
    params_defaults(&train_table, &session->params);
    enum status status = wake_open(&session->wake, error);
    if (!status)
        status = store_open(&session->store, options->store_path, error);
    if (!status && options->detached)
        store_detached(session->store);
    if (!status)
        status = engine_open(&session->engine, NULL, error);
    if (!status)
        status = session_refresh_runs(session, error);
    if (status) {
        session_close(session);
        return status;
    }
    session_refresh_model(session);
    session_publish(session);
    *out = session;
    return STATUS_OK;
}

// The end of the run is drained too, so that the store has it; nothing else is, lest new work begin.
static void end_run(struct session *session) {
    struct error error;
    if (!session_run_alive(session) || engine_command(session->engine, &(struct command){.kind = COMMAND_QUIT}, &error))
        return;
    session->restart = false;
    while (session_run_alive(session)) {
        struct pollfd descriptor = {.fd = engine_wake(session->engine)->read_fd, .events = POLLIN};
        poll(&descriptor, 1, 1000);
        wake_clear(engine_wake(session->engine));
        session_drain_run(session);
    }
}

void session_close(struct session *session) {
    if (!session)
        return;
    session->wanted = 0;
    session_close_lab(session); // before its run ends: no other is begun
    session_close_lesson(session);
    session_close_range(session);
    job_close(&session->job);
    session_close_batches(session);
    session_forget_rows(session);
    session_close_evaluate(session);
    session_close_beside(session);
    if (session->engine)
        end_run(session);
    session_leave_gpu(session);
    engine_close(session->engine);
    store_close(session->store);
    work_clear(&session->work);
    load_request_clear(&session->request);
    session_forget_prepared(session);
    pipeline_free(session->pipeline);
    profile_free(session->profile);
    dataset_free(session->dataset);
    dataset_free(session->preview);
    follow_end(&session->follow.file);
    csv_growing_free(session->follow.growing);
    growth_clear(&session->growth);
    growth_clear(&session->resume.growth);
    load_settings_clear(&session->load);
    history_clear(&session->undo);
    history_clear(&session->redo);
    run_view_free(session->live);
    for (size_t i = 0; i < session->overlay_count; i++)
        run_view_free(session->overlays[i]);
    mem_free(session->overlays);
    mem_free(session->live_extra);
    mem_free(session->runs);
    mem_free(session->layers);
    if (session->wake.read_fd >= 0)
        wake_close(&session->wake);
    mem_free(session);
}

// ---- draining ------------------------------------------------------------------------------------------------

size_t session_poll_fds(const struct session *session, int fds[2]) {
    fds[0] = engine_wake(session->engine)->read_fd;
    fds[1] = session->wake.read_fd;
    return 2;
}

const char *session_folder(const struct session *session) {
    return store_folder(session->store);
}

void session_listen(struct session *session, session_listener *listener, void *context) {
    session->listener = listener;
    session->listener_context = context;
}

// A rate is that of the present stage: reading says nothing about profiling.
bool session_look_at_job(struct job *from, struct job_look *look, struct job_view *job) {
    double now = clock_now();
    struct task *task = &from->task;
    const char *stage = atomic_load(&task->stage);
    if (look->stage && stage == look->stage && now - look->looked < 0.05)
        return false;
    look->looked = now;
    if (stage != look->stage) {
        look->stage = stage;
        look->began = now;
    }
    job->stage = stage;
    job->unit = atomic_load(&task->unit);
    job->done = atomic_load(&task->done);
    job->total = atomic_load(&task->total);
    double passed = now - look->began;
    bool known = passed > 0.1 && job->done > 0;
    job->rate = known ? (double)job->done / passed : NAN;
    job->seconds_left = known && job->total >= job->done ? (double)(job->total - job->done) / job->rate : NAN;
    return true;
}

bool session_drain(struct session *session) {
    wake_clear(engine_wake(session->engine));
    wake_clear(&session->wake);
    session_take_over(session);
    session_follow_look(session);
    if (session->job.active && session_look_at_job(&session->job, &session->look, &session->view.job))
        session_publish(session);
    session_drain_batches(session);
    session_drain_rows(session);
    session_drain_gpu(session);
    session_drain_range(session);
    if (session_drain_run(session) || session_watch_look(session))
        session_refresh_rates(session);
    session_drain_evaluate(session);
    session_drain_fork(session);
    session_drain_lab(session);
    session_drain_lesson(session);
    bool changed = session->changed;
    session->changed = false;
    return changed;
}

enum status session_wait(struct session *session, struct error *error) {
    for (;;) {
        session_drain(session);
        if (!session->job.active && !session->wanted && !session->batches.job.active &&
            !session->rows.job.active)
            break;
        struct pollfd descriptor = {.fd = session->wake.read_fd, .events = POLLIN};
        poll(&descriptor, 1, 1000);
    }
    enum status status = session->job_status;
    if (status)
        *error = session->job_error;
    session->job_status = STATUS_OK;
    return status;
}
