// Opening data and saying how it is to be read.
#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/session_private.h"

// Takes over what the request owns, also when it fails.
enum status session_request_load(struct session *session, struct load_request *request, enum status status) {
    if (status) {
        load_request_clear(request);
        return status;
    }
    session->resume.run = 0;
    load_request_clear(&session->request);
    session->request = *request;
    *request = (struct load_request){0};
    session_want(session, WORK_LOAD);
    return STATUS_OK;
}

// The run to come or at work keeps its own rows; the recipe is read now, so that a mistake is told at once.
enum status session_load(struct session *session, const char *path, const struct load_options *options,
                         struct error *error) {
    struct load_request request = {0};
    enum pipeline_mode mode;
    enum status status = session_check_lab(session, error);
    if (!status)
        status = recipe_read(session->params.recipe, &mode, &request.pipeline, error);
    if (!status)
        status = load_settings_make(&request.settings, path, options, error);
    if (!status && options && options->target) {
        struct train_params params = session->params;
        status = params_set(&train_table, &params, "target", options->target, error);
        session->params = params;
    }
    follow_end(&session->follow.file);
    if (!status && session->follow.wanted && request.settings.more_count > 0)
        status = session_refuse_several(error);
    if (!status && session->follow.wanted)
        status = session_follow_begin(session, path, error);
    bool same = session->load.path && strcmp(session->load.path, path) == 0;
    request.keeps_target = same || !session->dataset || (options && options->target);
    return session_request_load(session, &request, status);
}

enum status session_check_table(const struct session *session, struct error *error) {
    if (session->preview)
        return error_set(error, STATUS_STATE, "%s is still being read; wait for the rest", session->preview->name);
    if (!session->dataset)
        return error_set(error, STATUS_STATE, "no data is open; open a file first");
    if (!session->dataset->table)
        return error_set(error, STATUS_UNSUPPORTED, "%s holds images, which have no columns", session->dataset->name);
    return STATUS_OK;
}

static enum status find_column(const struct session *session, const char *column, struct error *error) {
    enum status status = session_check_table(session, error);
    if (status || table_find(session->dataset->table, column) >= 0)
        return status;
    return table_no_column(session->dataset->table, column, error);
}

enum status session_set_target(struct session *session, const char *column, struct error *error) {
    struct train_params params = session->params;
    enum status status =
        (session->dataset || session->preview) && column[0] ? find_column(session, column, error) : STATUS_OK;
    if (!status)
        status = params_set(&train_table, &params, "target", column, error);
    if (status || strcmp(params.target, session->params.target) == 0)
        return status;
    if ((status = history_record(session, error)))
        return status;
    session->params = params;
    if (session->dataset)
        session_want(session, WORK_PREPARE);
    session_publish(session);
    return STATUS_OK;
}

// A copy of how the file was opened, to be changed and read again.
static enum status begin_reload(struct session *session, struct load_request *request, struct error *error) {
    struct load_options options = load_settings_options(&session->load, NULL);
    request->reload = request->keeps_target = true;
    return load_settings_make(&request->settings, session->load.path, &options, error);
}

static enum status end_reload(struct session *session, struct load_request *request, enum status status,
                              struct error *error) {
    if (!status)
        status = history_record(session, error);
    return session_request_load(session, request, status);
}

enum status session_set_type(struct session *session, const char *column, const char *name, struct error *error) {
    struct load_request request = {0};
    enum column_type type;
    bool amount;
    enum status status = find_column(session, column, error);
    if (!status && !column_type_asked(name, &type, &amount))
        status = error_set(error, STATUS_INVALID, "type \"%s\": must be " COLUMN_TYPES_ASKED, name);
    if (!status)
        status = begin_reload(session, &request, error);
    if (!status)
        status = load_settings_set_type(&request.settings, column, type, amount, error);
    return end_reload(session, &request, status, error);
}

enum status session_add_missing_token(struct session *session, const char *token, struct error *error) {
    struct load_request request = {0};
    enum status status = session_check_table(session, error);
    if (!status && !token[0])
        status = error_set(error, STATUS_INVALID, "an empty cell is missing already; name another token");
    if (!status)
        status = begin_reload(session, &request, error);
    if (!status)
        status = load_settings_add_token(&request.settings, token, error);
    return end_reload(session, &request, status, error);
}

enum status session_reload(struct session *session, bool grown, struct error *error) {
    struct load_request request = {.grown = grown};
    enum status status = begin_reload(session, &request, error);
    return session_request_load(session, &request, status);
}

enum status session_read_on(struct session *session, struct error *error) {
    enum status status = session_check_table(session, error);
    if (!status && !session->dataset->partial)
        status = error_set(error, STATUS_STATE, "all rows of %s are here", session->dataset->name);
    return status ? status : session_reload(session, false, error);
}

// ---- going on with a run -----------------------------------------------------------------------------------

static enum status read_recipe_member(const cJSON *extra, const char *path, struct pipeline **pipeline,
                                      struct error *error) {
    char *text = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(extra, "recipe"));
    if (!text)
        return error_set(error, STATUS_INVALID, "%s holds no recipe, so its data cannot be prepared again", path);
    struct pipeline *fitted = NULL;
    enum status status = pipeline_load(text, path, &fitted, error);
    if (!status)
        status = pipeline_copy(fitted, pipeline, error);
    pipeline_free(fitted);
    cJSON_free(text);
    return status;
}

enum status session_request_of_checkpoint(const char *path, struct load_request *request, struct error *error) {
    struct checkpoint_header header = {0};
    enum status status = checkpoint_read_header(path, &header, error);
    if (status)
        return status;
    cJSON *extra = header.extra ? cJSON_Parse(header.extra) : NULL;
    status = load_settings_parse(cJSON_GetObjectItemCaseSensitive(extra, "data"), &request->settings, error);
    if (!status)
        status = read_recipe_member(extra, path, &request->pipeline, error);
    if (!status)
        status = growth_of_checkpoint(extra, &header.params, request, error);
    request->params = header.params;
    request->fingerprint = header.fingerprint;
    snprintf(request->checkpoint, sizeof request->checkpoint, "%s", path);
    cJSON_Delete(extra);
    checkpoint_header_clear(&header);
    return status;
}

// A run of no steps would follow.
static enum status check_unfinished(const struct run_record *record, const struct load_request *request,
                                    struct error *error) {
    long long run = (long long)record->id, epochs = (long long)request->params.epochs;
    if (record->state != RUN_DONE || record->epochs < (uint64_t)epochs)
        return STATUS_OK;
    return error_set(error, STATUS_INVALID,
                     "run %lld has all of its %lld epoch%s behind it; give it more, such as --epochs %lld", run, epochs,
                     epochs == 1 ? "" : "s", 2 * epochs);
}

static enum status go_on(struct session *session, int64_t run, bool same, struct error *error) {
    struct run_record record;
    struct load_request request = {.resume = run, .same = same};
    if (session_run_alive(session))
        return error_set(error, STATUS_STATE, "a run is alive: stop it before going on with run %lld", (long long)run);
    enum status status = session_check_lab(session, error);
    if (!status)
        status = store_run(session->store, run, &record, error);
    struct run_owner owner;
    if (!status && same && store_run_owner(session->store, run, &owner))
        status = error_set(error, STATUS_STATE, "run %lld is alive already: process %lld trains it", (long long)run,
                           (long long)owner.process);
    if (!status && (!record.checkpoint[0] || !file_exists(record.checkpoint)))
        status = error_set(error, STATUS_MISSING, "run %lld left no checkpoint to go on from", (long long)run);
    if (!status)
        status = session_request_of_checkpoint(record.checkpoint, &request, error);
    if (!status)
        status = check_unfinished(&record, &request, error);
    return session_request_load(session, &request, status);
}

enum status session_resume(struct session *session, int64_t run, struct error *error) {
    return go_on(session, run, false, error);
}

enum status session_continue(struct session *session, int64_t run, struct error *error) {
    return go_on(session, run, true, error);
}
