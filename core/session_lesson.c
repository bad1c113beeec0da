// The runs of a lesson, one after the other, and what they measured.
#include "core/session_lesson.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/session_private.h"

// ---- parameters ---------------------------------------------------------------------------------------------

static enum status assign_all(struct train_params *params, const char *text, struct error *error) {
    char name[PARAM_TEXT_SIZE], value[PARAM_TEXT_SIZE];
    enum status status = STATUS_OK;
    while (!status && assignment_next(&text, name, value)) {
        bool usual = params->lr == train_usual_rate(params->optimizer); // a rate that nobody chose follows the optimizer
        status = params_set(&train_table, params, name, value, error);
        if (!status && usual && text_equal(name, "optimizer"))
            params->lr = train_usual_rate(params->optimizer);
    }
    return status;
}

// Every run begins from the lesson's own parameters: nothing of the run before stays. `before`: what the person had.
static enum status params_of(const struct lesson *lesson, size_t run, const struct train_params *before,
                             struct train_params *out, struct error *error) {
    params_defaults(&train_table, out);
    memcpy(out->device, before->device, sizeof out->device);
    memcpy(out->precision, before->precision, sizeof out->precision);
    out->threads = before->threads;
    enum status status = assign_all(out, lesson->params, error);
    return status ? status : assign_all(out, lesson->runs[run].params, error);
}

// ---- figures ------------------------------------------------------------------------------------------------

static double lowest(const struct curve *curve) {
    double value = NAN;
    for (size_t i = 0; i < curve->epoch_count; i++)
        value = fmin(value, curve->epochs[i].val_loss);
    return value;
}

static void measure(const struct run_view *run, struct lesson_outcome *outcome) {
    const struct run_record *record = &run->record;
    const struct curve *curve = &run->curve;
    const struct epoch_row *last = &record->final_row;
    struct lesson_figures *figures = &outcome->figures;
    bool any = record->epochs > 0;
    *figures = (struct lesson_figures){.steps = (double)record->steps,
                                       .samples = (double)record->samples,
                                       .seconds = record->seconds,
                                       .train_loss = any ? last->train_loss : (double)NAN,
                                       .train_accuracy = any ? last->train_accuracy : (double)NAN,
                                       .val_loss = any ? last->val_loss : (double)NAN,
                                       .val_accuracy = any ? last->val_accuracy : (double)NAN,
                                       .best_accuracy = any ? record->best_row.val_accuracy : (double)NAN,
                                       .best_loss = lowest(curve),
                                       .rate = any ? last->samples_per_s : (double)NAN,
                                       .first_loss = any ? curve->epochs[0].train_loss : (double)NAN,
                                       .diverged = record->state != RUN_DONE,
                                       .sharpness = NAN};
    outcome->train_rows = record->train_rows;
    outcome->steps = curve_steps(curve);
    outcome->step_count = outcome->steps ? curve->point_count : 0;
    float *gradients = mem_alloc(curve->point_count + 1, sizeof *gradients);
    for (size_t i = 0; gradients && i < outcome->step_count; i++)
        gradients[i] = curve->points[i].gradient_norm;
    if (gradients)
        lesson_measure(outcome->steps, gradients, outcome->step_count, any ? (size_t)curve->epochs[0].step : 0, figures);
    mem_free(gradients);
}

// On a thread of its own: it takes longer than many a run.
static enum status probe(void *context, struct task *task, struct error *error) {
    struct lesson_probe *probe = context;
    struct kept_rows own = {0};
    struct notes notes = {0};
    struct backend *backend = NULL;
    struct trainer *trainer = NULL;
    const struct kept_run *kept = probe->kept;
    size_t count;
    enum status status = kept_run_rows(kept, &own, &notes, task, error);
    if (!status)
        status = trainer_backend(&kept->params, &backend, error);
    if (!status)
        status = trainer_open(&trainer, &kept->params, own.source, backend, error);
    if (!status)
        status = trainer_load(trainer, kept->checkpoint, error);
    if (!status)
        status = probe_sharpness_of_rows(trainer, SHARPNESS_ROWS, &probe->found, &count, task, error);
    trainer_close(trainer);
    backend_close(backend);
    kept_rows_clear(&own);
    notes_free(&notes);
    return status;
}

static enum status begin_probe(struct session *session, int64_t run, struct error *error) {
    struct lesson_probe *work = &session->lesson.probe;
    enum status status = session_kept_run(session, run, "last", &work->kept, error);
    if (!status)
        status = job_start(&session->lesson.job, probe, work, &session->wake, error);
    session->lesson.view.probing = !status;
    return status;
}

// ---- beginning and ending -----------------------------------------------------------------------------------

static void finish(struct session *session, const char *reason) {
    struct lesson_view *view = &session->lesson.view;
    view->active = view->probing = false;
    snprintf(view->reason, sizeof view->reason, "%s", reason);
    if (reason[0])
        session_message(session, MESSAGE_WARNING, "%s", reason);
    else
        session_message(session, MESSAGE_INFO, "the lesson is done: what to look at, and its question, are in Lab (7)");
    session_publish(session);
}

// The data is prepared once, as the first run has it.
static enum status check_runs(const struct session *session, const struct train_params *first, struct error *error) {
    const struct lesson *lesson = session->lesson.view.lesson;
    struct train_params params;
    enum status status = STATUS_OK;
    for (size_t i = 1; i < lesson->run_count && !status; i++) {
        status = params_of(lesson, i, &session->params, &params, error);
        if (!status && !text_equal(params.recipe, first->recipe))
            status = error_set(error, STATUS_INVALID,
                               "the runs of a lesson share one recipe: name it in its line \"params\"");
    }
    return status;
}

static enum status begin(struct session *session, struct load_request *request, struct error *error) {
    struct str path = {0};
    struct train_params params;
    struct lesson_view *view = &session->lesson.view;
    enum status status = params_of(view->lesson, 0, &session->params, &params, error);
    if (!status)
        status = check_runs(session, &params, error);
    if (!status)
        status = session_sample_path(view->lesson->data, &path, error);
    if (!status)
        status = load_settings_make(&request->settings, str_text(&path), NULL, error);
    str_free(&path);
    if (status)
        return status;
    for (size_t i = 0; i < LESSON_RUNS_MOST; i++) {
        mem_free(view->outcomes[i].steps);
        view->outcomes[i] = (struct lesson_outcome){0};
    }
    *view = (struct lesson_view){.lesson = view->lesson, .number = view->number, .active = true};
    session->lesson.before = session->params;
    session->lesson.stopping = session->lesson.begun = false;
    session->params = params;
    follow_end(&session->follow.file);
    return STATUS_OK;
}

enum status session_lesson_begin(struct session *session, struct error *error) {
    struct load_request request = {.keeps_target = false};
    enum status status = session_check_free(session, error);
    if (!status && !session->lesson.view.lesson)
        status = error_set(error, STATUS_STATE, "no lesson is open; choose one first");
    if (!status)
        status = begin(session, &request, error);
    return session_request_load(session, &request, status);
}

void session_lesson_cancel(struct session *session) {
    struct error error;
    if (!session->lesson.view.active)
        return;
    session->lesson.stopping = true;
    job_cancel(&session->lesson.job);
    if (session->lesson.begun && session_run_alive(session) && session_stop(session, &error))
        session_tell_error(session, &error);
    session_drain_lesson(session);
}

// ---- one run after the other --------------------------------------------------------------------------------

static void next_run(struct session *session) {
    struct lesson_view *view = &session->lesson.view;
    struct lesson_figures figures[LESSON_RUNS_MOST];
    if (session->lesson.stopping) {
        finish(session, "the lesson was stopped");
        return;
    }
    if (++view->at < view->lesson->run_count)
        return;
    for (size_t i = 0; i < view->lesson->run_count; i++)
        figures[i] = view->outcomes[i].figures;
    lesson_right(view->lesson, figures, view->right);
    view->measured = true;
    finish(session, "");
}

// The run at work has ended.
static void conclude(struct session *session) {
    struct lesson_view *view = &session->lesson.view;
    struct lesson_outcome *outcome = &view->outcomes[view->at];
    struct error error;
    char note[64];
    enum run_state state = session->live->record.state;
    session->lesson.begun = false;
    session->lesson.stopping |= state == RUN_STOPPED && !session->lab.gone_wrong; // by hand
    if (state == RUN_FAILED) {
        snprintf(note, sizeof note, "run %lld of the lesson failed", (long long)outcome->run);
        finish(session, note);
        return;
    }
    measure(session->live, outcome);
    outcome->ended = true;
    snprintf(note, sizeof note, "lesson, %s", view->lesson->runs[view->at].name);
    enum status status = session_run_note(session, outcome->run, note, &error);
    bool sharp = lesson_asks(view->lesson, "sharpness") && state == RUN_DONE;
    if (!status && sharp && !session->lesson.stopping)
        status = begin_probe(session, outcome->run, &error);
    if (status)
        finish(session, error.text);
    else if (!view->probing)
        next_run(session);
}

static void take_probe(struct session *session) {
    struct lesson_view *view = &session->lesson.view;
    kept_run_free(session->lesson.probe.kept);
    session->lesson.probe.kept = NULL;
    view->probing = false;
    if (session->lesson.job.status && !session->lesson.stopping) {
        finish(session, session->lesson.job.error.text);
        return;
    }
    view->outcomes[view->at].figures.sharpness = session->lesson.probe.found.sharpness;
    next_run(session);
}

static void begin_run(struct session *session) {
    struct lesson_view *view = &session->lesson.view;
    struct train_params params;
    struct error error;
    enum status status = session->job_status ? (error = session->job_error, session->job_status) : STATUS_OK;
    if (!status)
        status = params_of(view->lesson, view->at, &session->lesson.before, &params, &error);
    if (!status)
        status = session_change_params(session, &params, &error);
    if (!status && session_data_busy(session)) // prepared anew: come back when it is done
        return;
    if (!status)
        status = session_check_start(session, &error);
    if (!status)
        status = session_launch(session, 0, LAUNCH_NEW, "", &error);
    if (status) {
        finish(session, error.text);
        return;
    }
    session->lesson.begun = true;
    session->lab.gone_wrong = false;
    view->outcomes[view->at].run = session->live->record.id;
    session_publish(session);
}

void session_drain_lesson(struct session *session) {
    struct error error;
    if (!session->lesson.view.active)
        return;
    if (job_take(&session->lesson.job))
        take_probe(session);
    if (session->lesson.view.probing)
        return;
    if (session_run_alive(session)) {
        bool diverged = session->view.state == RUN_PAUSED && session->lab.gone_wrong;
        if (diverged && session_stop(session, &error)) // nobody is here to steer it
            session_tell_error(session, &error);
        return;
    }
    if (session->lesson.begun)
        conclude(session);
    else if (session->lesson.stopping)
        next_run(session);
    if (session->lesson.view.active && !session->lesson.view.probing && !session_data_busy(session))
        begin_run(session);
}
