// The learning-rate range test: on the living run, by its engine; else on a model that nobody has trained, by a job.
#include <stdio.h>

#include "core/lab/range_test.h"
#include "core/session_private.h"

static enum status try_rates(void *context, struct task *task, struct error *error) {
    struct range_work *work = context;
    struct range_test test = {.low = RANGE_LOW, .high = RANGE_HIGH};
    struct backend *backend = NULL;
    struct trainer *trainer = NULL;
    enum status status = trainer_backend(&work->params, &backend, error);
    if (!status)
        status = trainer_open(&trainer, &work->params, work->source, backend, error);
    if (!status)
        status = range_test_run(trainer, &test, task, error);
    if (!status)
        work->made = range_curve_of(&test);
    trainer_close(trainer);
    backend_close(backend);
    return status;
}

static enum status start(struct session *session, struct error *error) {
    struct range_work *work = &session->range.work;
    if (session->range.job.active)
        return error_set(error, STATUS_STATE, "a range test is at work already; it takes a moment");
    enum status status = session_check_lab(session, error);
    if (!status)
        status = session_check_start(session, error);
    if (status)
        return status;
    *work = (struct range_work){.params = session->params, .source = source_share(session->source)};
    status = job_start(&session->range.job, try_rates, work, &session->wake, error);
    if (status)
        source_release(work->source);
    session->view.range_active = !status;
    session_publish(session);
    return status;
}

enum status session_range_test(struct session *session, struct error *error) {
    return session->watch.run != 0 || session_run_alive(session)
               ? session_command(session, COMMAND_RANGE_TEST, "", error)
               : start(session, error);
}

void session_show_range(struct session *session, const struct range_curve *curve, uint64_t step, bool of_run) {
    session->range.shown = *curve;
    session->view.range = &session->range.shown;
    session->view.range_step = step;
    session->view.range_of_run = of_run;
    session->view.range_count++;
    session_message(session, MESSAGE_INFO,
                    of_run ? "range test of %d steps: the run is as it was before"
                           : "range test of %d steps on a fresh model: no run was made",
                    curve->count);
}

void session_drain_range(struct session *session) {
    if (!job_take(&session->range.job))
        return;
    struct error *error = &session->range.job.error;
    source_release(session->range.work.source);
    session->view.range_active = false;
    if (session->range.job.status == STATUS_OK)
        session_show_range(session, &session->range.work.made, 0, false);
    else if (session->range.job.status != STATUS_CANCELLED)
        session_tell_error(session, error);
    session_publish(session);
}

void session_close_range(struct session *session) {
    bool active = session->range.job.active;
    job_close(&session->range.job);
    if (active)
        source_release(session->range.work.source);
}
