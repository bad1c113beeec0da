// What the Evaluate view asks of the session: which run and weights are measured, the jobs that do it, and the plane of
// two features kept in step with a living run. The engine is asked for a copy of the weights and goes on at once; what
// is made of it happens on a job's thread.
#include "core/session_evaluate_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "datasets/images.h"

static const double seconds_between_planes = 0.25, seconds_to_answer = 1;

// ---- asking --------------------------------------------------------------------------------------------------------

static void want(struct session *session, const struct evaluate_wish *wish) {
    session->evaluate.used = session->evaluate.measures = true;
    session->evaluate.asks_copy = text_equal(wish->which, "now");
    session->view.evaluate.wish = *wish;
    session->view.evaluate.reason[0] = '\0';
    if (session->evaluate.job.active && session->evaluate.work.kind == EVALUATE_MEASURE)
        job_cancel(&session->evaluate.job);
    evaluate_list_checkpoints(session);
    session_drain_evaluate(session);
    session_publish(session);
}

enum status session_evaluate(struct session *session, const struct evaluate_wish *asked, struct error *error) {
    struct evaluate_wish wish;
    struct kept_run *kept = NULL;
    enum status status = evaluate_resolve(session, asked, &wish, error);
    if (!status && !text_equal(wish.which, "now")) // is it there?
        status = session_kept_run(session, wish.run, wish.which, &kept, error);
    kept_run_free(kept);
    if (status)
        return status;
    session->evaluate.asked_for = *asked;
    want(session, &wish);
    return STATUS_OK;
}

// What was asked for may stand for another thing by now: a run has begun or ended.
static void look_again(struct session *session) {
    struct evaluate_view *view = &session->view.evaluate;
    struct evaluate_wish wish;
    struct error error;
    if (!evaluate_find_run(session, 0))
        return;
    if (evaluate_resolve(session, &session->evaluate.asked_for, &wish, &error)) {
        snprintf(view->reason, sizeof view->reason, "%s", error.text);
        return;
    }
    if (view->wish.run == 0 || !evaluate_same_wish(&wish, &view->wish))
        want(session, &wish);
}

enum status session_evaluate_seen(struct session *session, bool seen, struct error *error) {
    (void)error;
    if (!session->evaluate.used) {
        session->evaluate.asked_for.part = PART_VALIDATION;
        session->evaluate.curves_tried = SIZE_MAX;
        session->evaluate.alive = session_run_alive(session);
    }
    session->evaluate.used = true;
    session->evaluate.seen = seen;
    if (seen)
        look_again(session);
    evaluate_list_checkpoints(session);
    session_publish(session);
    return STATUS_OK;
}

void session_evaluate_cancel(struct session *session) {
    struct evaluate_view *view = &session->view.evaluate;
    if (session->evaluate.measures && !view->reason[0])
        snprintf(view->reason, sizeof view->reason, "measuring was stopped");
    session->evaluate.measures = session->evaluate.asks_copy = false;
    session->evaluate.writes = EVALUATE_MEASURE;
    job_cancel(&session->evaluate.job);
    session_publish(session);
}

void session_evaluate_every_epoch(struct session *session, bool on) {
    session->view.evaluate.every_epoch = on;
    session->evaluate.epochs = session->live ? session->live->curve.epoch_count : 0;
    session_publish(session);
}

void session_evaluate_class(struct session *session, size_t of_class) {
    const struct shown_measurement *made = session->evaluate.made;
    if (!made || of_class >= made->measurement->classes)
        return;
    session->view.evaluate.of_class = of_class;
    session->evaluate.curves_tried = SIZE_MAX;
    session_drain_evaluate(session);
    session_publish(session);
}

static enum status write_file(struct session *session, enum evaluate_kind kind, const char *path, struct error *error) {
    if (!session->evaluate.made)
        return error_set(error, STATUS_STATE, "nothing has been measured yet that could be written");
    if (session->evaluate.writes != EVALUATE_MEASURE)
        return error_set(error, STATUS_STATE, "%s is still being written", session->evaluate.path);
    if (strlen(path) >= sizeof session->evaluate.path)
        return error_set(error, STATUS_INVALID, "the path is longer than %zu bytes", sizeof session->evaluate.path - 1);
    if (!path[0])
        return error_set(error, STATUS_INVALID, "a file needs a name");
    session->evaluate.writes = kind;
    snprintf(session->evaluate.path, sizeof session->evaluate.path, "%s", path);
    session_drain_evaluate(session);
    return STATUS_OK;
}

enum status session_evaluate_export(struct session *session, const char *path, struct error *error) {
    return write_file(session, EVALUATE_PREDICTIONS, path, error);
}

enum status session_evaluate_points(struct session *session, const char *path, struct error *error) {
    const struct shown_measurement *made = session->evaluate.made;
    if (made && made->measurement->figures.classify && !session->view.evaluate.curves)
        return error_set(error, STATUS_STATE, "the curves are still being made; try again in a moment");
    return write_file(session, EVALUATE_POINTS, path, error);
}

// ---- what is shown, shared with jobs --------------------------------------------------------------------------------

static struct shown_measurement *hold(struct shown_measurement *shown) {
    shown->references++;
    return shown;
}

static void let_go(struct shown_measurement *shown) {
    if (!shown || --shown->references > 0)
        return;
    measurement_free(shown->measurement);
    mem_free(shown);
}

static void clear_work(struct evaluate_work *work) {
    measurement_free(work->making);
    if (work->kind != EVALUATE_POINTS) // there they are those that are shown
        class_curves_free(work->curves);
    let_go(work->of);
    *work = (struct evaluate_work){0};
}

static void clear_plane(struct plane_work *plane) {
    boundary_free(plane->boundary);
    model_copy_free(plane->copy);
    let_go(plane->of);
    *plane = (struct plane_work){0};
}

static void say(struct session *session, const char *reason) {
    snprintf(session->view.evaluate.reason, sizeof session->view.evaluate.reason, "%s", reason);
}

// ---- on the jobs' threads ---------------------------------------------------------------------------------------------

static enum status work_on(void *context, struct task *task, struct error *error) {
    struct evaluate_work *work = context;
    struct predict_counts counts = {0};
    enum status status = STATUS_OK;
    switch (work->kind) {
    case EVALUATE_MEASURE:
        status = measurement_fill(work->making, task, error);
        break;
    case EVALUATE_CURVES:
        return class_curves_make(&work->of->measurement->figures, work->of_class, &work->curves, error);
    case EVALUATE_PREDICTIONS:
        status = write_predictions(work->of->measurement, work->path, &counts, task, error);
        work->written = counts.predicted;
        return status;
    case EVALUATE_POINTS:
        return write_points(work->of->measurement, work->curves, work->path, task, error);
    }
    if (!status && work->making->figures.classify) {
        work->of_class = work->of_class < work->making->classes ? work->of_class : work->making->classes == 2;
        status = class_curves_make(&work->making->figures, work->of_class, &work->curves, error);
    }
    return status;
}

static enum status work_on_plane(void *context, struct task *task, struct error *error) {
    struct plane_work *plane = context;
    const struct measurement *of = plane->of->measurement;
    return plane_make(of, plane->copy ? plane->copy : of->copy, &plane->boundary, task, error);
}

// ---- starting jobs --------------------------------------------------------------------------------------------------

// The same rows, whatever becomes of the data that is open. NULL: no memory, it is read anew.
static struct dataset *share_dataset(const struct dataset *dataset) {
    struct error error;
    struct dataset *shared = mem_alloc(1, sizeof *shared);
    if (!shared)
        return NULL;
    shared->kind = dataset->kind;
    shared->name = mem_string(dataset->name);
    shared->path = mem_string(dataset->path);
    bool done = shared->name && shared->path;
    if (done && dataset->table)
        done = table_share(dataset->table, &shared->table, &error) == STATUS_OK;
    if (dataset->images)
        shared->images = images_share(dataset->images);
    if (done)
        return shared;
    dataset_free(shared);
    return NULL;
}

static void use_rows(struct measurement *measurement, const struct dataset *data, struct source *source) {
    if (measurement->data || !data || !source || source->fingerprint != measurement->kept->fingerprint)
        return;
    measurement->data = share_dataset(data);
    measurement->source = measurement->data ? source_share(source) : NULL;
}

static void start_job(struct session *session, struct evaluate_work work) {
    struct error error;
    session->evaluate.work = work;
    if (!job_start(&session->evaluate.job, work_on, &session->evaluate.work, &session->wake, &error))
        return;
    say(session, error.text);
    clear_work(&session->evaluate.work);
}

// Takes the copy.
static void start_measuring(struct session *session, struct model_copy *copy) {
    const struct evaluate_wish *wish = &session->view.evaluate.wish;
    const struct shown_measurement *made = session->evaluate.made;
    struct error error;
    struct measurement *measurement = mem_alloc(1, sizeof *measurement);
    session->evaluate.measures = session->evaluate.asks_copy = false;
    session->evaluate.epochs = session->live ? session->live->curve.epoch_count : 0;
    if (!measurement) {
        model_copy_free(copy);
        error_memory(&error, "a measurement", sizeof *measurement);
        say(session, error.text);
        return;
    }
    measurement->number = ++session->evaluate.numbers;
    measurement->wish = *wish;
    measurement->copy = copy;
    if (copy ? session_kept_live(session, copy, &measurement->kept, &error)
             : session_kept_run(session, wish->run, wish->which, &measurement->kept, &error)) {
        say(session, error.text);
        measurement_free(measurement);
        return;
    }
    measurement->record = measurement->kept->record;
    // Where the person computes now, which need not be where the run was trained; a living run is in a hurry.
    measurement->kept->params.threads = session_run_alive(session) ? 1 : session->params.threads;
    memcpy(measurement->kept->params.device, session->params.device, sizeof session->params.device);
    if (!wish->path[0] && !session->preview)
        use_rows(measurement, session->dataset, session->source);
    if (!wish->path[0] && made)
        use_rows(measurement, made->measurement->data, made->measurement->source);
    start_job(session, (struct evaluate_work){.kind = EVALUATE_MEASURE,
                                              .making = measurement,
                                              .of_class = made ? session->view.evaluate.of_class : SIZE_MAX});
}

static bool wants_curves(const struct session *session) {
    const struct shown_measurement *made = session->evaluate.made;
    size_t of_class = session->view.evaluate.of_class;
    bool there = session->evaluate.curves && session->evaluate.curves->of_class == of_class;
    return made && made->measurement->figures.classify && !there && session->evaluate.curves_tried != of_class;
}

static void start_next(struct session *session) {
    enum evaluate_kind writes = session->evaluate.writes;
    if (session->evaluate.job.active)
        return;
    if (session->evaluate.measures && !session->evaluate.asks_copy) {
        start_measuring(session, NULL);
    } else if (wants_curves(session)) {
        session->evaluate.curves_tried = session->view.evaluate.of_class;
        start_job(session, (struct evaluate_work){.kind = EVALUATE_CURVES,
                                                  .of = hold(session->evaluate.made),
                                                  .of_class = session->view.evaluate.of_class});
    } else if (writes != EVALUATE_MEASURE && session->evaluate.made) {
        struct evaluate_work work = {.kind = writes, .of = hold(session->evaluate.made)};
        work.curves = writes == EVALUATE_POINTS ? session->evaluate.curves : NULL;
        snprintf(work.path, sizeof work.path, "%s", session->evaluate.path);
        start_job(session, work);
    }
}

// ---- the plane ------------------------------------------------------------------------------------------------------

static bool plane_possible(struct session *session) {
    int columns[2];
    struct error error;
    char *reason = session->view.evaluate.boundary_reason;
    reason[0] = '\0';
    if (!plane_check(session->evaluate.made->measurement, columns, &error))
        return true;
    snprintf(reason, ERROR_TEXT_SIZE, "%s", error.text);
    return false;
}

// Whether the weights that are shown move on.
static bool plane_moves(const struct session *session) {
    const struct shown_measurement *made = session->evaluate.made;
    const struct boundary *boundary = session->evaluate.boundary;
    return session->evaluate.seen && made && made->measurement->copy && boundary &&
           evaluate_is_living(session, made->measurement->wish.run) && boundary->step != session->live->record.steps &&
           !session->evaluate.plane_job.active &&
           clock_now() - session->evaluate.plane_began >= seconds_between_planes;
}

// Takes the copy; NULL: the weights that were measured.
static void start_plane(struct session *session, struct model_copy *copy) {
    struct error error;
    session->evaluate.plane = (struct plane_work){.of = hold(session->evaluate.made), .copy = copy};
    session->evaluate.plane_began = clock_now();
    if (!job_start(&session->evaluate.plane_job, work_on_plane, &session->evaluate.plane, &session->wake, &error))
        return;
    snprintf(session->view.evaluate.boundary_reason, ERROR_TEXT_SIZE, "%s", error.text);
    clear_plane(&session->evaluate.plane);
}

static void start_first_plane(struct session *session) {
    if (!session->evaluate.made || session->evaluate.plane_tried || session->evaluate.plane_job.active ||
        !session->evaluate.seen)
        return;
    session->evaluate.plane_tried = true;
    if (plane_possible(session))
        start_plane(session, NULL);
}

static void take_plane(struct session *session) {
    struct plane_work *plane = &session->evaluate.plane;
    if (!job_take(&session->evaluate.plane_job))
        return;
    bool current = plane->of == session->evaluate.made;
    if (session->evaluate.plane_job.status == STATUS_OK && current) {
        boundary_free(session->evaluate.boundary);
        session->evaluate.boundary = plane->boundary;
        plane->boundary = NULL;
    } else if (session->evaluate.plane_job.status && current) {
        snprintf(session->view.evaluate.boundary_reason, ERROR_TEXT_SIZE, "%s", session->evaluate.plane_job.error.text);
    }
    clear_plane(plane);
    session_publish(session);
}

// ---- finished jobs -----------------------------------------------------------------------------------------------------

static void forget_boundary(struct session *session) {
    boundary_free(session->evaluate.boundary);
    session->evaluate.boundary = NULL;
    session->view.evaluate.boundary_reason[0] = '\0';
}

static void take_measurement(struct session *session, struct evaluate_work *work) {
    struct shown_measurement *shown = mem_alloc(1, sizeof *shown), *before = session->evaluate.made;
    if (!shown) {
        say(session, "out of memory: the measurement cannot be shown");
        return;
    }
    bool same_run = before && before->measurement->wish.run == work->making->wish.run;
    *shown = (struct shown_measurement){1, work->making};
    work->making = NULL;
    class_curves_free(session->evaluate.curves);
    session->evaluate.curves = work->curves;
    work->curves = NULL;
    session->view.evaluate.of_class = session->evaluate.curves ? session->evaluate.curves->of_class : 0;
    session->evaluate.curves_tried = SIZE_MAX;
    session->evaluate.made = shown;
    session->evaluate.plane_tried = false;
    if (!same_run || !evaluate_is_living(session, shown->measurement->wish.run))
        forget_boundary(session);
    let_go(before);
}

static void take_writing(struct session *session, const struct evaluate_work *work) {
    if (session->evaluate.job.status)
        session_tell_error(session, &session->evaluate.job.error);
    else if (work->kind == EVALUATE_PREDICTIONS)
        session_message(session, MESSAGE_INFO, "%zu predictions are in %s", work->written, work->path);
    else
        session_message(session, MESSAGE_INFO, "the points are in %s", work->path);
    session->evaluate.writes = EVALUATE_MEASURE;
}

static void take_job(struct session *session) {
    struct evaluate_work *work = &session->evaluate.work;
    if (!job_take(&session->evaluate.job))
        return;
    enum status status = session->evaluate.job.status;
    const char *sentence = session->evaluate.job.error.text;
    if (work->kind == EVALUATE_PREDICTIONS || work->kind == EVALUATE_POINTS) {
        take_writing(session, work);
    } else if (work->kind == EVALUATE_MEASURE && !session->evaluate.measures) { // nothing else is wanted by now
        if (status)
            say(session, sentence);
        else
            take_measurement(session, work);
        if (status && status != STATUS_CANCELLED) // whole, and in the log
            session_tell_error(session, &session->evaluate.job.error);
    } else if (work->kind == EVALUATE_CURVES && !status) {
        class_curves_free(session->evaluate.curves);
        session->evaluate.curves = work->curves;
        work->curves = NULL;
    } else if (work->kind == EVALUATE_CURVES) {
        say(session, sentence);
    }
    clear_work(work);
    session_publish(session);
}

// ---- the living run ----------------------------------------------------------------------------------------------------

static void take_copy(struct session *session) {
    struct model_copy *copy = engine_copy(session->engine);
    if (!copy)
        return;
    session->evaluate.asked = 0;
    if (session->evaluate.measures && session->evaluate.asks_copy && !session->evaluate.job.active)
        start_measuring(session, copy);
    else if (plane_moves(session) && session->evaluate.made->measurement->source &&
             copy->fingerprint == session->evaluate.made->measurement->source->fingerprint)
        start_plane(session, copy);
    else
        model_copy_free(copy);
}

static void ask_copy(struct session *session) {
    bool measures = session->evaluate.measures && session->evaluate.asks_copy && !session->evaluate.job.active;
    double now = clock_now();
    bool waits = session->evaluate.asked > 0 && now - session->evaluate.asked < seconds_to_answer;
    struct error error;
    if (waits || session->view.state == RUN_OPENING || !(measures || plane_moves(session)))
        return;
    if (!engine_command(session->engine, &(struct command){.kind = COMMAND_COPY}, &error))
        session->evaluate.asked = now;
}

static void follow_run(struct session *session) {
    const struct evaluate_view *view = &session->view.evaluate;
    bool alive = session_run_alive(session), before = session->evaluate.alive;
    session->evaluate.alive = alive;
    if (session->evaluate.asks_copy && !alive) // it ended before it could answer
        session->evaluate.measures = session->evaluate.asks_copy = false;
    if (alive != before && session->evaluate.seen)
        look_again(session);
    if (alive && session->evaluate.seen && view->every_epoch && text_equal(view->wish.which, "now") &&
        session->live->curve.epoch_count > session->evaluate.epochs && !view->making)
        session->evaluate.measures = session->evaluate.asks_copy = true;
}

static void show(struct session *session) {
    struct evaluate_view *view = &session->view.evaluate;
    const struct job *job = &session->evaluate.job;
    bool at_work = job->active && session->evaluate.work.kind == EVALUATE_MEASURE;
    bool making = at_work || session->evaluate.measures;
    bool changed = making || making != view->making || job->active;
    const struct class_curves *curves = session->evaluate.curves;
    view->making = making;
    view->stage = at_work ? atomic_load(&job->task.stage) : NULL;
    view->share = at_work ? task_share(&job->task) : 0;
    view->made = session->evaluate.made ? session->evaluate.made->measurement : NULL;
    view->curves = curves && curves->of_class == view->of_class ? curves : NULL;
    view->boundary = session->evaluate.boundary;
    if (changed)
        session_publish(session);
}

void session_drain_evaluate(struct session *session) {
    if (!session->evaluate.used)
        return;
    take_job(session);
    take_plane(session);
    follow_run(session);
    take_copy(session);
    ask_copy(session);
    start_next(session);
    start_first_plane(session);
    show(session);
}

void session_close_evaluate(struct session *session) {
    job_close(&session->evaluate.job);
    job_close(&session->evaluate.plane_job);
    clear_work(&session->evaluate.work);
    clear_plane(&session->evaluate.plane);
    class_curves_free(session->evaluate.curves);
    session->evaluate.curves = NULL;
    forget_boundary(session);
    let_go(session->evaluate.made);
    session->evaluate.made = NULL;
    session->evaluate.used = false;
}
