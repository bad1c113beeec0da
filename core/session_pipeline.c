// Edits of the pipeline: each can be undone, and is fitted again in the background.
#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/session_private.h"

enum { RECIPE_BYTES_MOST = 64 << 20 };

enum status recipe_read(const char *text, enum pipeline_mode *mode, struct pipeline **pipeline, struct error *error) {
    if (strcmp(text, "auto") == 0 || strcmp(text, "none") == 0) {
        *mode = text[0] == 'a' ? PIPELINE_AUTO : PIPELINE_NECESSARY;
        return STATUS_OK;
    }
    char *json = NULL;
    size_t size;
    *mode = PIPELINE_EDITED;
    enum status status = file_read(text, RECIPE_BYTES_MOST, &json, &size, error);
    if (!status)
        status = pipeline_load(json, text, pipeline, error);
    mem_free(json);
    return status;
}

static enum status check_editable(const struct session *session, struct error *error) {
    if (!session->dataset)
        return error_set(error, STATUS_STATE, "no data is open; open a file first");
    if (!session->pipeline)
        return error_set(error, STATUS_STATE, "the pipeline is still being suggested; wait a moment");
    return STATUS_OK;
}

static enum status check_step(const struct session *session, size_t index, struct error *error) {
    enum status status = check_editable(session, error);
    if (!status && index >= session->pipeline->count)
        status = error_set(error, STATUS_INVALID, "the pipeline has %zu steps, so there is no step %zu",
                           session->pipeline->count, index + 1);
    return status;
}

static void edited(struct session *session) {
    session->mode = PIPELINE_EDITED;
    session_want(session, WORK_PREPARE);
}

enum status session_step_insert(struct session *session, size_t index, const char *kind, struct error *error) {
    enum status status = check_editable(session, error);
    const struct step_kind *found = step_kind_find(kind);
    if (!status && !found)
        status = error_set(error, STATUS_MISSING, "there is no step '%s'", kind);
    if (!status)
        status = history_record(session, error);
    if (!status)
        status = pipeline_insert(session->pipeline, index < session->pipeline->count ? index : session->pipeline->count,
                                 found, error);
    if (!status)
        edited(session);
    return status;
}

enum status session_step_remove(struct session *session, size_t index, struct error *error) {
    enum status status = check_step(session, index, error);
    if (!status)
        status = history_record(session, error);
    if (!status) {
        pipeline_remove(session->pipeline, index);
        edited(session);
    }
    return status;
}

enum status session_step_move(struct session *session, size_t from, size_t to, struct error *error) {
    enum status status = check_step(session, from, error);
    if (!status)
        status = check_step(session, to, error);
    if (!status && from != to && !(status = history_record(session, error))) {
        pipeline_move(session->pipeline, from, to);
        edited(session);
    }
    return status;
}

enum status session_step_switch(struct session *session, size_t index, struct error *error) {
    enum status status = check_step(session, index, error);
    if (!status)
        status = history_record(session, error);
    if (!status) {
        session->pipeline->steps[index]->enabled = !session->pipeline->steps[index]->enabled;
        edited(session);
    }
    return status;
}

// Tried on a copy first: a refused value leaves no trace in the history.
enum status session_step_set(struct session *session, size_t index, const char *name, const char *text,
                             struct error *error) {
    struct pipeline *copy = NULL;
    enum status status = check_step(session, index, error);
    if (!status)
        status = pipeline_copy(session->pipeline, &copy, error);
    if (!status)
        status = params_set(copy->steps[index]->kind->params, copy->steps[index]->settings, name, text, error);
    if (!status)
        status = history_record(session, error);
    if (status) {
        pipeline_free(copy);
        return status;
    }
    pipeline_free(session->pipeline);
    session->pipeline = copy;
    edited(session);
    return STATUS_OK;
}

// Takes `pipeline` (NULL unless the mode is edited).
static enum status replace(struct session *session, enum pipeline_mode mode, struct pipeline *pipeline,
                           struct error *error) {
    enum status status = history_record(session, error);
    if (status) {
        pipeline_free(pipeline);
        return status;
    }
    session->mode = mode;
    if (pipeline) {
        pipeline_free(session->pipeline);
        session->pipeline = pipeline;
    }
    session_want(session, WORK_PREPARE);
    return STATUS_OK;
}

enum status session_suggest(struct session *session, bool necessary_only, struct error *error) {
    if (!session->dataset)
        return error_set(error, STATUS_STATE, "no data is open; open a file first");
    return replace(session, necessary_only ? PIPELINE_NECESSARY : PIPELINE_AUTO, NULL, error);
}

enum status session_recipe(struct session *session, const char *text, bool inline_steps, struct error *error) {
    enum pipeline_mode mode = PIPELINE_EDITED;
    struct pipeline *pipeline = NULL;
    struct train_params params = session->params;
    if (inline_steps && !session->dataset)
        return error_set(error, STATUS_STATE, "no data is open; open a file before giving it steps");
    enum status status =
        inline_steps ? pipeline_parse(text, &pipeline, error) : recipe_read(text, &mode, &pipeline, error);
    if (!status && !inline_steps)
        status = params_set(&train_table, &params, "recipe", text, error);
    if (!status && session->dataset)
        status = replace(session, mode, pipeline, error);
    else
        pipeline_free(pipeline); // read again when a file is opened
    if (!status) {
        session->params = params;
        session_publish(session);
    }
    return status;
}

enum status session_save_recipe(struct session *session, const char *path, struct error *error) {
    char *json = NULL;
    struct file_writer writer = {0};
    enum status status = check_editable(session, error);
    if (!status)
        status = pipeline_save(session->pipeline, false, &json, error);
    if (!status)
        status = file_create(&writer, path, error);
    if (!status) {
        fprintf(writer.stream, "%s\n", json);
        status = file_commit(&writer, error);
    }
    file_abort(&writer);
    mem_free(json);
    return status;
}

enum status session_export(struct session *session, const char *path, struct error *error) {
    if (!session->prepared)
        return error_set(error, STATUS_STATE, "the data is not prepared yet, so there is nothing to export");
    if (!session->prepared->stages)
        return error_set(error, STATUS_UNSUPPORTED, "%s holds images; only tables can be exported as CSV",
                         session->dataset->name);
    if (strlen(path) >= sizeof session->export_path)
        return error_set(error, STATUS_INVALID, "the path is longer than %zu bytes: %s",
                         sizeof session->export_path - 1, path);
    snprintf(session->export_path, sizeof session->export_path, "%s", path);
    session_want(session, WORK_EXPORT);
    return STATUS_OK;
}
