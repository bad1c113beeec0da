// Forks: a new run from a checkpoint of another, with other parameters.
#include <stdio.h>
#include <string.h>

#include "core/session_private.h"

static enum status change(struct train_params *params, const char *changes, struct error *error) {
    char name[PARAM_TEXT_SIZE], value[PARAM_TEXT_SIZE];
    struct train_params made = *params;
    enum status status = STATUS_OK;
    while (!status && assignment_next(&changes, name, value)) {
        const struct param *row = params_find(&train_table, name);
        status = params_set(&train_table, &made, name, value, error);
        if (!status && row && (session_shapes_data(row) || strcmp(row->name, "recipe") == 0) &&
            !params_equal(row, &made, params))
            status = error_set(error, STATUS_INVALID,
                               "%s decides which rows train, so a fork keeps that of its run; begin a new run instead",
                               row->label);
    }
    if (!status)
        *params = made;
    return status;
}

// Before anything is loaded: are there epochs left?
static enum status check_epochs(const struct run_record *record, const char *which, const struct load_request *request,
                                struct error *error) {
    bool whole = strcmp(which, "last") == 0 && record->epochs >= (uint64_t)request->params.epochs;
    if (!whole)
        return STATUS_OK;
    long long epochs = (long long)request->params.epochs;
    return error_set(error, STATUS_INVALID, "run %lld has all of its %lld epoch%s behind it; give it more, such as epochs %lld",
                     (long long)record->id, epochs, epochs == 1 ? "" : "s", 2 * epochs);
}

static enum status begin(struct session *session, int64_t run, const char *which, const char *changes,
                         struct error *error) {
    struct run_record record;
    struct load_request request = {0};
    char path[1024];
    enum status status = store_run(session->store, run, &record, error);
    if (!status)
        status = session_find_checkpoint(session, &record, which, path, error);
    if (!status)
        status = session_request_of_checkpoint(path, &request, error);
    request.resume = run;
    request.fork = true;
    if (!status)
        status = change(&request.params, changes, error);
    if (!status)
        status = check_epochs(&record, which, &request, error);
    return session_request_load(session, &request, status);
}

enum status session_fork(struct session *session, int64_t run, const char *which, const char *changes,
                         struct error *error) {
    enum status status = session_check_lab(session, error);
    if (status)
        return status;
    if (!session_run_alive(session))
        return begin(session, run, which, changes, error);
    if (session->live->record.id != run)
        return error_set(error, STATUS_STATE, "a run is alive: stop it before forking another");
    struct train_params trial = session->params;
    if (strlen(changes) >= sizeof session->fork.changes)
        return error_set(error, STATUS_INVALID, "a fork takes changes of at most %zu bytes",
                         sizeof session->fork.changes - 1);
    status = change(&trial, changes, error); // a mistake must not end the run
    if (!status)
        status = session_stop(session, error);
    if (status)
        return status;
    snprintf(session->fork.changes, sizeof session->fork.changes, "%s", changes);
    session->fork.run = run;
    return STATUS_OK;
}

void session_drain_fork(struct session *session) {
    struct error error;
    int64_t run = session->fork.run;
    if (run == 0 || session_run_alive(session))
        return;
    session->fork.run = 0;
    if (begin(session, run, "last", session->fork.changes, &error))
        session_tell_error(session, &error);
}
