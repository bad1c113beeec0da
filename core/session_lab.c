#include "core/session_lab.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/session_lab_results.h"
#include "core/session_private.h"

// ---- what the store keeps --------------------------------------------------------------------------------------

static const char *const modes[] = {[PIPELINE_AUTO] = "auto", [PIPELINE_NECESSARY] = "none", [PIPELINE_EDITED] = "edited"};

// {"plan": …, "data": how it was opened, "fingerprint": of it, "pipeline": unless it is what recipe says}.
static enum status keep_plan(const struct session *session, char **text, struct error *error) {
    struct str path = {0};
    char fingerprint[32], *recipe = NULL;
    enum status status = file_absolute(session->load.path, &path, error);
    if (!status && session->mode == PIPELINE_EDITED)
        status = pipeline_save(session->pipeline, false, &recipe, error);
    cJSON *object = cJSON_CreateObject(), *data = status ? NULL : load_settings_json(&session->load);
    if (!status) {
        cJSON_ReplaceItemInObjectCaseSensitive(data, "path", cJSON_CreateString(str_text(&path)));
        cJSON_AddItemToObject(object, "plan", experiment_json(session->lab.plan, true));
        cJSON_AddItemToObject(object, "data", data);
        cJSON_AddStringToObject(object, "mode", modes[session->mode]);
        if (recipe)
            cJSON_AddItemToObject(object, "pipeline", cJSON_Parse(recipe));
        snprintf(fingerprint, sizeof fingerprint, "%llu", (unsigned long long)session->source->fingerprint);
        cJSON_AddStringToObject(object, "fingerprint", fingerprint);
        char *printed = cJSON_PrintUnformatted(object);
        *text = printed ? mem_string(printed) : NULL;
        cJSON_free(printed);
        if (!*text)
            status = error_memory(error, "the plan of a group", 0);
    }
    cJSON_Delete(object);
    mem_free(recipe);
    str_free(&path);
    return status;
}

// ---- beginning and ending ------------------------------------------------------------------------------------------

static void forget(struct session *session) {
    lab_view_clear(&session->lab.view);
    mem_free(session->lab.plan);
    session->lab.plan = NULL;
}

void session_close_lab(struct session *session) {
    session->lab.view.active = false;
    forget(session);
}

static enum status take_plan(struct session *session, const struct experiment *plan, struct error *error) {
    session->lab.plan = mem_copy(plan, sizeof *plan);
    if (!session->lab.plan)
        return error_memory(error, "the plan of a group", sizeof *plan);
    session->lab.slot = SIZE_MAX;
    session->lab.began = clock_now();
    session->lab.loading = session->lab.stopping = session->lab.gone_wrong = false;
    enum status status = lab_view_make(&session->lab.view, session->lab.plan, error);
    if (status)
        forget(session);
    return status;
}

static void trim_batches(struct experiment *plan, size_t rows) {
    while (plan->usual_batches && plan->batch_count > 1 && (uint64_t)plan->batches[plan->batch_count - 1] > rows)
        plan->batch_count--;
}

// What is aimed at must be a figure that runs on this data have.
static enum status check_figure(const struct session *session, const struct experiment *plan, struct error *error) {
    bool classes = session->source->task == SOURCE_CLASSIFY, race = plan->kind == EXPERIMENT_RACE;
    bool accuracy = race ? !isnan(plan->target_accuracy) : text_equal(plan->objective, "accuracy");
    if (accuracy && !classes)
        return error_set(error, STATUS_INVALID, "%s has a number to predict, of which there is no accuracy; choose %s",
                         session->dataset->name, race ? "a target loss" : "the objective rmse or loss");
    if (classes && !race && text_equal(plan->objective, "rmse"))
        return error_set(error, STATUS_INVALID,
                         "%s has classes to predict, of which there is no rmse; choose the objective accuracy or loss",
                         session->dataset->name);
    return STATUS_OK;
}

static enum status fit_to_data(const struct session *session, struct experiment *plan, struct error *error) {
    size_t rows = session->source->part_count[PART_TRAIN];
    plan->base = session->params;
    if (plan->kind == EXPERIMENT_RACE) {
        trim_batches(plan, rows);
        int64_t largest = plan->batches[plan->batch_count - 1];
        if (rows > 0 && (uint64_t)largest > rows)
            return error_set(error, STATUS_INVALID, "batch size %lld is larger than the %zu training rows",
                             (long long)largest, rows);
        if (plan->samples > 0 && rows > 0)
            plan->base.epochs = (plan->samples + (int64_t)rows - 1) / (int64_t)rows;
    }
    enum status status = check_figure(session, plan, error);
    return status ? status : experiment_check(plan, error);
}

enum status session_check_lab(const struct session *session, struct error *error) {
    if (session->lesson.view.active)
        return error_set(error, STATUS_STATE, "a lesson is at work, which sets what its runs have; stop it first");
    if (!session->lab.view.active)
        return STATUS_OK;
    return error_set(error, STATUS_STATE, "a %s is at work, which sets what its runs have; stop it first",
                     experiment_kind_name(session->lab.plan->kind));
}

enum status session_check_free(const struct session *session, struct error *error) {
    enum status status = session_check_lab(session, error);
    if (status)
        return status;
    if (session_run_alive(session))
        return error_set(error, STATUS_STATE, "a run is alive: stop it before beginning a race, a sweep or a lesson");
    return STATUS_OK;
}

enum status session_experiment_start(struct session *session, const struct experiment *wanted, struct error *error) {
    struct experiment plan = *wanted;
    struct train_params before = session->params;
    enum status status = session_check_free(session, error);
    if (!status && plan.kind == EXPERIMENT_RACE) // what a race does not decide must not stand in its way
        session->params.batch = 1;
    if (!status)
        status = session_check_start(session, error);
    session->params = before;
    if (!status)
        status = fit_to_data(session, &plan, error);
    if (status)
        return status;
    forget(session);
    struct experiment_record record = {0};
    snprintf(record.kind, sizeof record.kind, "%s", experiment_kind_name(plan.kind));
    snprintf(record.name, sizeof record.name, "%.127s", session->dataset->name);
    status = take_plan(session, &plan, error);
    if (!status)
        status = keep_plan(session, &record.plan, error);
    if (!status)
        status = store_experiment_add(session->store, &record, error);
    mem_free(record.plan);
    if (status) {
        forget(session);
        session_publish(session);
        return status;
    }
    struct lab_view *view = &session->lab.view;
    view->id = record.id;
    view->active = true;
    view->classify = session->source->task == SOURCE_CLASSIFY;
    snprintf(view->state, sizeof view->state, "open");
    snprintf(view->name, sizeof view->name, "%s", record.name);
    lab_view_refresh(view);
    session->lab.before = session->params;
    session->lab.fingerprint = session->source->fingerprint;
    session_drain_lab(session);
    return STATUS_OK;
}

// ---- going on ----------------------------------------------------------------------------------------------------------

static enum status plan_of(const struct experiment_record *record, const cJSON *object, struct experiment *plan,
                           struct error *error) {
    *plan = experiment_usual(strcmp(record->kind, "race") == 0 ? EXPERIMENT_RACE : EXPERIMENT_SWEEP);
    enum status status = experiment_parse(cJSON_GetObjectItemCaseSensitive(object, "plan"), plan, error);
    if (!status)
        status = experiment_check(plan, error);
    if (status)
        error_prefix(error, "group %lld cannot be read", (long long)record->id);
    return status;
}

static enum status open_record(struct session *session, int64_t id, struct experiment_record *record, cJSON **object,
                               struct error *error) {
    struct experiment plan;
    enum status status = store_experiment(session->store, id, record, error);
    if (status)
        return status;
    *object = cJSON_Parse(record->plan);
    mem_free(record->plan);
    record->plan = NULL;
    status = plan_of(record, *object, &plan, error);
    if (!status) {
        forget(session);
        status = take_plan(session, &plan, error);
    }
    if (!status) {
        session->lab.view.id = record->id;
        snprintf(session->lab.view.state, sizeof session->lab.view.state, "%s", record->state);
        snprintf(session->lab.view.name, sizeof session->lab.view.name, "%s", record->name);
        status = lab_view_read(&session->lab.view, session->store, error);
    }
    if (status) {
        cJSON_Delete(*object);
        *object = NULL;
        forget(session);
        session_publish(session);
    }
    return status;
}

enum status session_experiment_show(struct session *session, int64_t id, struct error *error) {
    struct experiment_record record;
    cJSON *object = NULL;
    enum status status = session_check_lab(session, error);
    if (!status)
        status = open_record(session, id, &record, &object, error);
    cJSON_Delete(object);
    session_publish(session);
    return status;
}

static enum status read_request(const cJSON *object, struct load_request *request, struct error *error) {
    const cJSON *pipeline = cJSON_GetObjectItemCaseSensitive(object, "pipeline");
    enum status status =
        load_settings_parse(cJSON_GetObjectItemCaseSensitive(object, "data"), &request->settings, error);
    char *text = pipeline && !status ? cJSON_PrintUnformatted(pipeline) : NULL;
    if (text)
        status = pipeline_load(text, "the pipeline of the group", &request->pipeline, error);
    cJSON_free(text);
    request->keeps_target = true;
    return status;
}

enum status session_experiment_resume(struct session *session, int64_t id, struct error *error) {
    struct experiment_record record;
    struct load_request request = {0};
    cJSON *object = NULL;
    enum status status = session_check_free(session, error);
    if (!status)
        status = store_experiment_lock(session->store, id, error);
    if (!status)
        status = open_record(session, id, &record, &object, error);
    if (!status)
        status = read_request(object, &request, error);
    if (status) {
        store_experiment_unlock(session->store, id);
        load_request_clear(&request);
        cJSON_Delete(object);
        return status;
    }
    const char *fingerprint = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "fingerprint"));
    session->lab.fingerprint = fingerprint ? strtoull(fingerprint, NULL, 10) : 0;
    cJSON_Delete(object);
    session->lab.before = session->params;
    session->params = session->lab.plan->base;
    session->lab.view.active = session->lab.loading = true;
    return session_request_load(session, &request, STATUS_OK);
}

void session_experiment_cancel(struct session *session) {
    struct error error;
    if (!session->lab.view.active)
        return;
    session->lab.stopping = true;
    if (session->lab.slot != SIZE_MAX && session_run_alive(session) && session_stop(session, &error))
        session_tell_error(session, &error);
    session_stop_beside(session);
    session_drain_lab(session);
}

// ---- what has ended -----------------------------------------------------------------------------------------------------

static void finish(struct session *session, const char *state) {
    struct lab_view *view = &session->lab.view;
    struct error error;
    view->active = session->lab.loading = false;
    session->lab.slot = SIZE_MAX;
    snprintf(view->state, sizeof view->state, "%s", state);
    if (store_experiment_state(session->store, view->id, state, &error))
        session_tell_error(session, &error);
    store_experiment_unlock(session->store, view->id);
    if (session_change_params(session, &session->lab.before, &error))
        session_tell_error(session, &error);
    if (strcmp(state, "done") == 0)
        session_message(session, MESSAGE_INFO, "the %s is done: %zu runs in %.1f s",
                        experiment_kind_name(session->lab.plan->kind), view->done, view->wall);
    session_publish(session);
}

void session_lab_conclude(struct session *session, size_t slot, const struct run_view *run, uint64_t bytes,
                          const struct run_times *times, bool gone_wrong) {
    struct lab_view *view = &session->lab.view;
    struct error error;
    const struct run_record *record = &run->record;
    bool done = record->state == RUN_DONE, failed = !done && (gone_wrong || record->state == RUN_FAILED);
    if (!done && !failed) { // somebody stopped it
        view->trials[slot].state = TRIAL_WAITING;
        session->lab.stopping = true;
        return;
    }
    if (store_experiment_outcome(session->store, view->id, slot, done ? "done" : "failed", &error))
        session_tell_error(session, &error);
    struct run_summary summary = {.record = record, .curve = &run->curve, .bytes = bytes, .failed = failed};
    run_times_add(&view->spent, times);
    view->wall = clock_now() - session->lab.began;
    lab_view_conclude(view, slot, &summary);
    session_publish(session);
}

static void conclude(struct session *session) {
    size_t slot = session->lab.slot;
    session->lab.slot = SIZE_MAX;
    session_lab_conclude(session, slot, session->live, session->view.device.bytes, &session->view.times,
                         session->lab.gone_wrong);
}

// A trial that cannot even be begun (a batch larger than the rows, a model that does not fit the data).
static void refuse(struct session *session, size_t slot, const struct train_params *params, const struct error *error) {
    lab_view_refuse(&session->lab.view, slot, params, error);
    if (session->lab.slot == slot)
        session->lab.slot = SIZE_MAX;
    session_message(session, MESSAGE_WARNING, "%.480s", error->text);
}

static enum status launch(struct session *session, const struct trial *next, struct error *error) {
    struct run_record from = {0};
    enum status status = session_check_start(session, error);
    if (!status && next->from != SIZE_MAX)
        status = store_run(session->store, session->lab.view.trials[next->from].run, &from, error);
    session->lab.gone_wrong = false;
    session->lab.slot = next->slot;
    if (!status)
        status = session_launch(session, from.id, from.id ? LAUNCH_FORK : LAUNCH_NEW, from.checkpoint, error);
    return status;
}

static bool data_changed(const struct session *session) {
    struct train_params base = session->lab.plan->base;
    return session->lab.loading && session->source && session->params.seed == base.seed && session->lab.fingerprint &&
           session->source->fingerprint != session->lab.fingerprint;
}

static void begin_next(struct session *session) {
    struct lab_view *view = &session->lab.view;
    struct trial next;
    struct train_params params;
    struct error error;
    if (!lab_view_next(view, &next)) {
        if (session_beside_alive(session) == 0)
            finish(session, "done");
        return;
    }
    enum status status = experiment_params(session->lab.plan, next.slot, &params, &error);
    if (!status)
        status = session_change_params(session, &params, &error);
    if (!status && (session->job.active || session->wanted)) // prepared anew: come back when it is done
        return;
    if (!status)
        status = launch(session, &next, &error);
    if (status) {
        refuse(session, next.slot, &params, &error);
        return;
    }
    lab_view_begin(view, next.slot, session->live->record.id, &session->params);
    session_publish(session);
}

// A trial needs the rows as they are prepared now; others wait for the session's own engine.
static bool same_rows(const struct session *session, const struct train_params *params) {
    bool same = session_index_from(params) == session_index_from(&session->params);
    for (size_t i = 0; same && i < train_table.count; i++) {
        const struct param *row = &train_table.rows[i];
        same = !session_shapes_data(row) || params_equal(row, params, &session->params);
    }
    return same;
}

static enum status check_trial(const struct session *session, const struct train_params *params, struct error *error) {
    struct model *model = NULL;
    enum status status = trainer_check(params, session->source, error);
    if (!status)
        status = model_make(params, trainer_model_data(params, session->source), &model, error);
    model_free(model);
    return status;
}

static void begin_beside(struct session *session) {
    struct trial next;
    struct train_params params;
    while (session_beside_room(session) && lab_view_next(&session->lab.view, &next) && session_beside_ready(session)) {
        struct error error;
        enum status status = experiment_params(session->lab.plan, next.slot, &params, &error);
        if (!status && !same_rows(session, &params))
            return;
        if (!status)
            status = check_trial(session, &params, &error);
        if (!status)
            status = session_beside_begin(session, &next, &params, &error);
        if (status)
            refuse(session, next.slot, &params, &error);
    }
}

// Rows that are there after a load; before it has ended the job is at work.
static bool is_ready(struct session *session) {
    if (session_data_busy(session))
        return false;
    if (session->job_status && session->lab.loading) {
        finish(session, session->lab.view.state);
        return false;
    }
    if (data_changed(session)) {
        session->job_status = error_set(&session->job_error, STATUS_INVALID,
                                        "group %lld cannot go on: %s has changed since it was begun",
                                        (long long)session->lab.view.id, session->load.path);
        session_tell_error(session, &session->job_error);
        finish(session, session->lab.view.state);
        return false;
    }
    session->lab.loading = false;
    return true;
}

void session_drain_lab(struct session *session) {
    struct error error;
    session_drain_beside(session);
    if (!session->lab.view.active)
        return;
    if (session_run_alive(session)) {
        bool diverged = session->view.state == RUN_PAUSED && session->lab.gone_wrong;
        if (diverged && session_stop(session, &error)) // nobody is here to steer it
            session_tell_error(session, &error);
        if (!session->lab.stopping && !session_data_busy(session))
            begin_beside(session);
        return;
    }
    if (session->lab.slot != SIZE_MAX && session->live)
        conclude(session);
    if (session->lab.stopping) {
        session_stop_beside(session);
        if (session_beside_alive(session) == 0)
            finish(session, "stopped");
        return;
    }
    while (session->lab.view.active && !session_run_alive(session) && is_ready(session)) {
        size_t failed = session->lab.view.failed;
        begin_next(session);
        if (session->lab.view.failed == failed)
            break;
    }
}
