// Work on the data in the background: reading, preparing, exporting, profiling, one at a time and in
// that order. An edit cancels the work it makes stale and asks for it again.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/log.h"
#include "core/session_private.h"
#include "core/train/loss.h"
#include "datasets/recent.h"

// ---- on the job's thread -----------------------------------------------------------------------------

static void give_preview(void *context, struct dataset *dataset) {
    struct work *work = context;
    dataset_free(atomic_exchange(&work->preview, dataset));
    wake_signal(work->wake);
}

static enum status load(void *context, struct task *task, struct error *error) {
    struct work *work = context;
    struct load_options options = load_settings_options(&work->load, work->target);
    options.keeps_partial = work->keeps_partial;
    options.rows_most = work->rows_most;
    options.growing = work->growing;
    if (work->previews) {
        options.preview = give_preview;
        options.preview_context = work;
    }
    return dataset_open(work->load.path, &options, &work->made, task, error);
}

enum status work_prepare(void *context, struct task *task, struct error *error) {
    struct work *work = context;
    struct split_settings settings = split_settings_of(&work->params);
    struct split_view view = {0};
    struct error reason;
    if (work->growth)
        return growth_prepare(work, task, error);
    enum status status = split_make(work->dataset, &settings, &work->split, task, error);
    if (!status)
        status = split_view_open(&view, work->dataset, &work->split, error);
    if (!status && work->mode != PIPELINE_EDITED)
        status =
            pipeline_suggest(&view.dataset, work->mode == PIPELINE_NECESSARY, session_index_from(&work->params),
                             &work->settings, &work->reasons, error);
    if (!status)
        status = pipeline_copy(work->settings, &work->fitted, error);
    if (!status)
        status = pipeline_run(work->fitted, &view.dataset, &work->split, &work->prepared, task, error);
    if (!status && work->split.note[0])
        status = notes_add(&work->notes, 0, NULL, error, "%s", work->split.note);
    // Data that no model can use yet can still be looked at and prepared further.
    if (!status && source_make(&view.dataset, work->prepared, &work->split, loss_task_name(work->params.loss),
                               &work->notes, &work->source, &reason))
        snprintf(work->source_reason, sizeof work->source_reason, "%s", reason.text);
    split_view_close(&view);
    return status;
}

static enum status profile(void *context, struct task *task, struct error *error) {
    struct work *work = context;
    return profile_make(work->dataset, NULL, &work->profile, task, error);
}

static enum status write_export(void *context, struct task *task, struct error *error) {
    struct work *work = context;
    task_begin(task, "Writing", "rows", work->table->rows);
    return table_write_csv(work->table, work->path, error);
}

// ---- what belongs to it ----------------------------------------------------------------------------------

void work_clear(struct work *work) {
    load_settings_clear(&work->load);
    dataset_free(work->made);
    csv_growing_free(work->growing);
    dataset_free(atomic_exchange(&work->preview, NULL));
    pipeline_free(work->settings);
    pipeline_free(work->fitted);
    str_free(&work->reasons);
    split_free(&work->split);
    prepared_free(work->prepared);
    source_release(work->source);
    notes_free(&work->notes);
    profile_free(work->profile);
    *work = (struct work){0};
}

void load_request_clear(struct load_request *request) {
    load_settings_clear(&request->settings);
    pipeline_free(request->pipeline);
    growth_clear(&request->growth);
    *request = (struct load_request){0};
}

void session_forget_source(struct session *session, const char *reason) {
    source_release(session->source);
    session->source = NULL;
    snprintf(session->view.source_reason, sizeof session->view.source_reason, "%s", reason);
}

void session_forget_prepared(struct session *session) {
    session_forget_source(session, "the data is not prepared yet");
    prepared_free(session->prepared);
    session->prepared = NULL;
    pipeline_free(session->fitted);
    session->fitted = NULL;
    split_free(&session->split);
    session->split = (struct split){0};
    notes_free(&session->notes);
    session->notes = (struct notes){0};
}

// ---- taking over results -----------------------------------------------------------------------------------

static enum status use_request(struct session *session, struct error *error) {
    struct load_request *request = &session->request;
    if (request->reload)
        return STATUS_OK;
    enum pipeline_mode mode = PIPELINE_EDITED;
    struct pipeline *pipeline = request->pipeline;
    request->pipeline = NULL;
    if (!pipeline) {
        enum status status = recipe_read(session->params.recipe, &mode, &pipeline, error);
        if (status)
            return status;
    }
    pipeline_free(session->pipeline);
    session->pipeline = pipeline;
    session->mode = mode;
    history_clear(&session->undo);
    history_clear(&session->redo);
    return STATUS_OK;
}

static void note_opened(const char *path) {
    struct error error;
    if (recent_add(path, &error))
        log_add(LOG_WARNING, "what was opened is not remembered: %s", error.text);
}

// How the rows of the table that is open are shown, to be shown so again when it has been read anew.
struct shown_rows {
    struct row_order order; // its rows are not kept
    char column[256];       // it is sorted by; "" = none
};

static void note_shown(const struct session *session, struct shown_rows *shown) {
    const struct row_order *order = &session->rows.order;
    *shown = (struct shown_rows){.order.sorted = order->sorted};
    memcpy(shown->order.filter, order->filter, sizeof order->filter);
    if (order->sorted)
        snprintf(shown->column, sizeof shown->column, "%s",
                 session->dataset->table->columns[abs(order->sorted) - 1]->name);
}

static enum status take_load(struct session *session, struct error *error) {
    struct load_request *request = &session->request;
    struct shown_rows shown = {0};
    bool again = request->reload && session->dataset && session->dataset->table;
    enum status status = use_request(session, error);
    if (status)
        return status;
    session_forget_prepared(session);
    session_forget_batches(session);
    if (again)
        note_shown(session, &shown);
    session_forget_rows(session);
    profile_free(session->profile);
    session->profile = NULL;
    dataset_free(session->dataset);
    session->dataset = session->work.made;
    session->work.made = NULL;
    if (again && session->dataset->table)
        session_rows_again(session, &shown.order, shown.column);
    session->loaded_target = session->dataset->table ? session->dataset->table->target : -1;
    if (session->previews && !request->reload)
        note_opened(request->settings.path);
    load_settings_clear(&session->load);
    session->load = request->settings;
    request->settings = (struct load_settings){0};
    session->resume.run = request->resume;
    if (request->resume) {
        session->params = request->params;
        session->resume.fingerprint = request->fingerprint;
        session->resume.same = request->same;
        session->resume.fork = request->fork;
        memcpy(session->resume.checkpoint, request->checkpoint, sizeof request->checkpoint);
        growth_clear(&session->resume.growth);
        session->resume.growth = request->growth;
        request->growth = (struct growth){0};
    } else if (!request->keeps_target) {
        session->params.target[0] = '\0';
    }
    load_request_clear(request);
    csv_growing_free(session->follow.growing);
    session->follow.growing = session->work.growing;
    session->work.growing = NULL;
    session_follow_loaded(session);
    session->wanted &= ~(unsigned)WORK_GROW;
    session_growth_look(session);
    session->wanted |= session->no_profile ? WORK_PREPARE : WORK_PREPARE | WORK_PROFILE;
    session->view.pipeline_stale = true;
    return STATUS_OK;
}

static void resume_run(struct session *session) {
    struct error error;
    int64_t parent = session->resume.run;
    session->resume.run = 0;
    enum status status;
    if (!session->source)
        status = error_set(&error, STATUS_STATE, "run %lld cannot go on: %s", (long long)parent,
                           session->view.source_reason);
    else if (session->source->fingerprint != session->resume.fingerprint)
        status = error_set(&error, STATUS_INVALID, "run %lld cannot go on: %s has changed since it was trained",
                           (long long)parent, session->load.path);
    else
        status = session_launch(session, parent,
                                session->resume.same   ? LAUNCH_SAME
                                : session->resume.fork ? LAUNCH_FORK
                                                       : LAUNCH_NEW,
                                session->resume.checkpoint, &error);
    if (!status)
        return;
    session->job_status = status;
    session->job_error = error;
    session_tell_error(session, &error);
}

static void take_prepared(struct session *session) {
    struct work *work = &session->work;
    bool told = strcmp(work->split.note, session->split.note) == 0;
    session_forget_prepared(session);
    if (work->mode != PIPELINE_EDITED) {
        pipeline_free(session->pipeline);
        session->pipeline = work->settings;
        work->settings = NULL;
        snprintf(session->view.pipeline_reasons, sizeof session->view.pipeline_reasons, "%s", str_text(&work->reasons));
    }
    session->fitted = work->fitted;
    session->fitted_rows = work->growth ? work->growth->first_rows : 0;
    session->prepared = work->prepared;
    session->split = work->split;
    session->source = work->source;
    session->notes = work->notes;
    memcpy(session->view.source_reason, work->source_reason, sizeof work->source_reason);
    work->fitted = NULL;
    work->prepared = NULL;
    work->split = (struct split){0};
    work->source = NULL;
    work->notes = (struct notes){0};
    if (!told && session->split.note[0])
        session_message(session, MESSAGE_INFO, "%s", session->split.note);
    session_refresh_model(session);
    if (session->resume.run)
        resume_run(session);
}

// The same file, read again and stopped before it came as far as before.
static bool is_shorter(const struct session *session) {
    const struct dataset *made = session->work.made, *open = session->dataset;
    return session->request.reload && made->partial && open && open->table && made->table->rows < open->table->rows;
}

static enum status take_result(struct session *session, struct error *error) {
    struct work *work = &session->work;
    switch (work->kind) {
    case WORK_LOAD: {
        if (is_shorter(session)) {
            load_request_clear(&session->request);
            return error_set(error, STATUS_CANCELLED, "reading was stopped; the rows from before stay");
        }
        enum status status = take_load(session, error);
        if (!status && session->dataset->partial && !session->resume.run)
            session_message(session, MESSAGE_WARNING, "reading was stopped: these are the first %zu rows; O reads on",
                            session->dataset->table->rows);
        return status;
    }
    case WORK_PREPARE:
        take_prepared(session);
        break;
    case WORK_PROFILE:
        session->profile = work->profile;
        work->profile = NULL;
        break;
    case WORK_GROW:
        session_take_grown(session);
        break;
    case WORK_EXPORT:
        session_message(session, MESSAGE_INFO, "wrote %zu row%s to %s", work->table->rows,
                        work->table->rows == 1 ? "" : "s", work->path);
        break;
    case WORK_NONE:
        break;
    }
    return STATUS_OK;
}

static void take_failure(struct session *session, enum status status, const struct error *error) {
    enum work_kind kind = session->work.kind;
    if (status == STATUS_CANCELLED && (session->wanted & kind))
        return; // it begins anew
    if (kind == WORK_GROW) {
        session_growth_failed(session, error);
        return;
    }
    if (kind == WORK_LOAD)
        load_request_clear(&session->request);
    if (kind == WORK_PREPARE) {
        session_forget_source(session, error->text);
        session_refresh_model(session);
        session->resume.run = 0;
    }
    session->job_status = status;
    session->job_error = *error;
    session_tell_error(session, error);
}

static void take_preview(struct session *session) {
    struct dataset *preview = atomic_exchange(&session->work.preview, NULL);
    if (!preview)
        return;
    dataset_free(session->preview);
    session->preview = preview;
    session_publish(session);
}

static void forget_preview(struct session *session) {
    dataset_free(session->preview);
    session->preview = NULL;
}

void session_take_over(struct session *session) {
    take_preview(session);
    if (job_take(&session->job)) {
        struct error error = session->job.error;
        enum status status = session->job.status;
        bool stale = status == STATUS_OK && (session->wanted & session->work.kind) != 0;
        forget_preview(session);
        if (!status && !stale)
            status = take_result(session, &error);
        if (status)
            take_failure(session, status, &error);
        work_clear(&session->work);
        session->view.pipeline_stale = (session->wanted & WORK_PREPARE) != 0;
        session->view.job = (struct job_view){0};
        session_publish(session);
    }
    if (!session->job.active && session->wanted)
        session_start_work(session);
}

// ---- starting --------------------------------------------------------------------------------------------------

static void choose_target(struct session *session) {
    struct table *table = session->dataset->table;
    if (!table)
        return;
    int found = session->params.target[0] ? table_find(table, session->params.target) : session->loaded_target;
    table->target = found;
}

// The work's own copy of what it needs: edits may come while it is at work.
static enum status fill_work(struct session *session, enum work_kind kind, struct error *error) {
    struct work *work = &session->work;
    *work = (struct work){.kind = kind, .dataset = session->dataset, .params = session->params, .mode = session->mode};
    if (kind == WORK_LOAD) {
        struct load_options options = load_settings_options(&session->request.settings, NULL);
        work->keeps_partial = session->previews && !session->request.resume;
        work->previews = work->keeps_partial && !session->request.reload;
        work->wake = &session->wake;
        if (text_equal(session->follow.file.path, session->request.settings.path)) {
            work->growing = session->request.grown ? session->follow.growing : csv_growing_make();
            session->follow.growing = session->request.grown ? NULL : session->follow.growing;
        }
        work->rows_most = session->request.rows;
        if (session->request.keeps_target)
            memcpy(work->target, session->params.target, sizeof work->target);
        if (session->request.resume)
            memcpy(work->target, session->request.params.target, sizeof work->target);
        return load_settings_make(&work->load, session->request.settings.path, &options, error);
    }
    if (kind == WORK_GROW)
        work->growth = &session->growth;
    if (kind == WORK_PREPARE) {
        choose_target(session);
        if (session->resume.run && session->resume.growth.recipe)
            work->growth = &session->resume.growth;
        if (session->mode == PIPELINE_EDITED)
            return pipeline_copy(session->pipeline, &work->settings, error);
    }
    if (kind == WORK_EXPORT) {
        if (!session->prepared)
            return error_set(error, STATUS_STATE, "the data is not prepared, so there is nothing to export");
        work->table = session->prepared->stages[session->prepared->stage_count - 1];
        memcpy(work->path, session->export_path, sizeof work->path);
    }
    return STATUS_OK;
}

static const struct {
    enum work_kind kind;
    job_work *work;
} works[] = {{WORK_LOAD, load}, {WORK_GROW, growth_work}, {WORK_PREPARE, work_prepare}, {WORK_EXPORT, write_export}, {WORK_PROFILE, profile}};

void session_start_work(struct session *session) {
    struct error error;
    size_t i = 0;
    while (!(session->wanted & works[i].kind))
        i++;
    session->wanted &= ~(unsigned)works[i].kind;
    enum status status = fill_work(session, works[i].kind, &error);
    const char *subject = session->work.kind == WORK_LOAD ? session->work.load.path : session->load.path;
    snprintf(session->view.job.subject, sizeof session->view.job.subject, "%s", subject ? path_base(subject) : "");
    session->view.job.active = true;
    session->look.stage = NULL;
    if (!status)
        status = job_start(&session->job, works[i].work, &session->work, &session->wake, &error);
    if (status) {
        session->view.job.active = false;
        take_failure(session, status, &error);
        work_clear(&session->work);
    }
    session_publish(session);
}

bool session_data_busy(const struct session *session) {
    bool working = session->job.active && session->work.kind != WORK_PROFILE && session->work.kind != WORK_EXPORT;
    return working || (session->wanted & (WORK_LOAD | WORK_PREPARE)) != 0;
}

void session_want(struct session *session, enum work_kind kind) {
    enum work_kind now = session->job.active ? session->work.kind : WORK_NONE;
    session->wanted |= kind;
    session->job_status = STATUS_OK;
    if (kind == WORK_PREPARE)
        session->view.pipeline_stale = true;
    if ((kind == WORK_LOAD || kind == WORK_PREPARE) && (now == WORK_PREPARE || now == WORK_PROFILE || now == WORK_GROW || now == kind)) {
        session->wanted |= now; // a load that fails must leave the rest as it would have been
        job_cancel(&session->job);
    }
    if (!session->job.active)
        session_start_work(session);
    session_publish(session);
}

void session_cancel(struct session *session) {
    if (session->wanted & WORK_PREPARE)
        session_forget_source(session, "preparing the data was stopped; any change of the pipeline begins it anew");
    session->wanted = 0;
    session->resume.run = 0;
    job_cancel(&session->job);
    session_cancel_rows(session);
}
