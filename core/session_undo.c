// Undo and redo: everything the person set, as it was before each change.
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/session_private.h"

static void past_clear(struct past *past) {
    mem_free(past->pipeline);
    mem_free(past->load);
    *past = (struct past){0};
}

void history_clear(struct history *history) {
    for (size_t i = 0; i < history->count; i++)
        past_clear(&history->items[i]);
    mem_free(history->items);
    *history = (struct history){0};
}

static enum status capture(const struct session *session, struct past *past, struct error *error) {
    *past = (struct past){.params = session->params, .mode = session->mode};
    enum status status = STATUS_OK;
    if (session->pipeline && session->mode == PIPELINE_EDITED)
        status = pipeline_save(session->pipeline, false, &past->pipeline, error);
    if (!status && session->load.path) {
        cJSON *object = load_settings_json(&session->load);
        char *text = cJSON_PrintUnformatted(object);
        past->load = text ? mem_string(text) : NULL;
        cJSON_free(text);
        cJSON_Delete(object);
        if (!past->load)
            status = error_memory(error, "what can be undone", 0);
    }
    if (status)
        past_clear(past);
    return status;
}

// The oldest goes when there are many.
static enum status push(struct history *history, struct past *past, struct error *error) {
    if (history->count == HISTORY_MOST) {
        past_clear(&history->items[0]);
        memmove(history->items, history->items + 1, --history->count * sizeof *history->items);
    }
    if (!vec_reserve(&history->items, &history->capacity, history->count + 1, sizeof *history->items)) {
        past_clear(past);
        return error_memory(error, "what can be undone", sizeof *past);
    }
    history->items[history->count++] = *past;
    return STATUS_OK;
}

enum status history_record(struct session *session, struct error *error) {
    struct past now;
    enum status free = session_check_lab(session, error);
    if (free)
        return free;
    enum status status = capture(session, &now, error);
    if (!status)
        status = push(&session->undo, &now, error);
    if (!status)
        history_clear(&session->redo);
    return status;
}

static enum status restore_load(struct session *session, const char *json, struct error *error) {
    struct load_request request = {.reload = true, .keeps_target = true};
    cJSON *object = cJSON_Parse(json);
    enum status status = load_settings_parse(object, &request.settings, error);
    cJSON_Delete(object);
    if (status)
        return status;
    load_request_clear(&session->request);
    session->request = request;
    session_want(session, WORK_LOAD);
    return STATUS_OK;
}

// `now` is what `then` replaces.
static enum status restore(struct session *session, const struct past *then, const struct past *now,
                           struct error *error) {
    struct pipeline *pipeline = NULL;
    enum status status = STATUS_OK;
    if (then->pipeline)
        status = pipeline_load(then->pipeline, "the pipeline before", &pipeline, error);
    if (!status)
        status = session_change_params(session, &then->params, error);
    if (status) {
        pipeline_free(pipeline);
        return status;
    }
    bool same = then->mode == now->mode && text_equal(then->pipeline, now->pipeline);
    session->mode = then->mode;
    if (pipeline) {
        pipeline_free(session->pipeline);
        session->pipeline = pipeline;
    }
    if (then->load && !text_equal(then->load, now->load))
        status = restore_load(session, then->load, error);
    else if (!same && session->dataset)
        session_want(session, WORK_PREPARE);
    session_publish(session);
    return status;
}

static enum status travel(struct session *session, struct history *from, struct history *to, const char *what,
                          struct error *error) {
    struct past now;
    if (from->count == 0)
        return error_set(error, STATUS_STATE, "there is nothing to %s", what);
    enum status status = capture(session, &now, error);
    if (!status)
        status = push(to, &now, error);
    if (status)
        return status;
    struct past *then = &from->items[from->count - 1];
    if ((status = restore(session, then, &to->items[to->count - 1], error))) {
        past_clear(&to->items[--to->count]);
        return status;
    }
    past_clear(then);
    from->count--;
    session_publish(session);
    return STATUS_OK;
}

enum status session_undo(struct session *session, struct error *error) {
    return travel(session, &session->undo, &session->redo, "undo", error);
}

enum status session_redo(struct session *session, struct error *error) {
    return travel(session, &session->redo, &session->undo, "redo", error);
}

const struct past *history_next(const struct history *history) {
    return history->count > 0 ? &history->items[history->count - 1] : NULL;
}

bool history_same_data(const struct session *session, const struct past *past) {
    struct past now;
    struct error error;
    if (capture(session, &now, &error))
        return false;
    bool same = past->mode == now.mode && text_equal(past->pipeline, now.pipeline) && text_equal(past->load, now.load);
    past_clear(&now);
    return same;
}

enum status history_step_back(struct session *session, struct error *error) {
    struct past now;
    enum status status = capture(session, &now, error);
    if (!status)
        status = push(&session->redo, &now, error);
    if (status)
        return status;
    past_clear(&session->undo.items[--session->undo.count]);
    session_publish(session);
    return STATUS_OK;
}
