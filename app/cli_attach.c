// batchlab attach and watch: the screen on a run that another process trains.
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "app/cli.h"
#include "app/tui.h"
#include "core/session.h"

enum { PATIENCE = 120 }; // seconds that a run has to save itself

static enum status run_of(const struct arguments *arguments, int64_t *run, struct error *error) {
    *run = 0;
    return arguments->file_count > 0 ? cli_number(arguments->files[0], "run", run, error) : STATUS_OK;
}

// NULL: there is none.
static const struct run_record *record_of(const struct session *session, int64_t run) {
    const struct snapshot *snapshot = session_snapshot(session);
    for (size_t i = 0; i < snapshot->run_count; i++)
        if (snapshot->runs[i].id == run)
            return &snapshot->runs[i];
    return NULL;
}

static enum status refuse(const struct session *session, int64_t run, const struct run_owner *owner,
                          struct error *error) {
    const struct run_record *record = record_of(session, run);
    if (run == 0)
        return error_set(error, STATUS_MISSING, "no run is detached; `batchlab runs` lists those there are");
    if (!record)
        return error_set(error, STATUS_MISSING, "there is no run %" PRId64 "; `batchlab runs` lists those there are", run);
    if (owner->process == 0 && record->state == RUN_DONE)
        return error_set(error, STATUS_STATE, "run %" PRId64 " is done; batchlab watch %" PRId64 " shows it", run, run);
    if (owner->process == 0)
        return error_set(error, STATUS_STATE, "run %" PRId64 " is not alive; batchlab resume %" PRId64 " goes on with it",
                         run, run);
    return error_set(error, STATUS_STATE,
                     "run %" PRId64 " is trained by process %" PRId64 ", which has a terminal of its own; "
                     "batchlab watch %" PRId64 " shows it",
                     run, owner->process, run);
}

static enum status wait_until_saved(const struct session *session, int64_t run, struct error *error) {
    struct run_owner owner;
    for (int tenths = 0; session_run_owner(session, &run, &owner); tenths++) {
        if (tenths == 10 * PATIENCE)
            return error_set(error, STATUS_STATE, "process %" PRId64 " has not saved run %" PRId64 " in %d seconds; try again",
                             owner.process, run, PATIENCE);
        poll(NULL, 0, 100);
    }
    return STATUS_OK;
}

// Asks the process that trains it to save it and end.
static enum status take_over(int64_t *run, struct error *error) {
    struct session *session = NULL;
    struct run_owner owner = {0};
    enum status status = session_open(&session, &(struct session_options){.no_profile = true}, error);
    if (status)
        return status;
    if (!session_run_owner(session, run, &owner) || !owner.detached)
        status = refuse(session, *run, &owner, error);
    if (!status && kill((pid_t)owner.process, SIGTERM) != 0)
        status = error_set(error, STATUS_IO, "cannot reach process %" PRId64 " that trains run %" PRId64 ": %s",
                           owner.process, *run, strerror(errno));
    if (!status)
        status = wait_until_saved(session, *run, error);
    session_close(session);
    return status;
}

int cli_attach(const struct arguments *arguments) {
    struct error error;
    int64_t run;
    if (run_of(arguments, &run, &error))
        return cli_usage(&error);
    if (!arguments->flags[FLAG_PLAIN] && tui_check_terminal(&error)) // before anything is stopped
        return cli_fail(&error);
    return take_over(&run, &error) ? cli_fail(&error) : tui_show(arguments, TUI_CONTINUE, run);
}

int cli_watch(const struct arguments *arguments) {
    struct error error;
    int64_t run;
    return run_of(arguments, &run, &error) ? cli_usage(&error) : tui_show(arguments, TUI_WATCH, run);
}
