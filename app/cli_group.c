#include "app/cli_group.h"

#include <inttypes.h>
#include <stdio.h>

#include "app/cli.h"
#include "app/cli_session.h"
#include "app/cli_wait.h"

const char *trial_state_name(enum trial_state state) {
    static const char *const names[] = {"waiting", "running", "done", "failed"};
    return names[state];
}

enum status cli_own_options(const struct arguments *arguments, const struct param_table *table, void *options,
                            struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < arguments->setting_count && !status; i++)
        if (params_find(table, arguments->settings[i].name))
            status = params_set(table, options, arguments->settings[i].name, arguments->settings[i].text, error);
    return status;
}

static void on_event(void *context, const struct event *event) {
    (void)context;
    if (event->kind == EVENT_WARNING || event->kind == EVENT_ERROR)
        fprintf(stderr, "batchlab: %s\n", event->text);
}

// Tells every run that has ended once; `told` of them were before.
static size_t tell(const struct group_command *command, const struct lab_view *view, size_t told, bool json) {
    for (; told < view->order_count; told++) {
        const struct lab_trial *trial = &view->trials[view->order[told]];
        command->ended(view, view->order[told], json);
        if (trial->reason)
            fprintf(stderr, "batchlab: %s\n", trial->reason);
    }
    fflush(stdout);
    return told;
}

// `told`: how many runs had ended before.
static enum status follow(struct session *session, const struct group_command *command, size_t told, bool json,
                          struct error *error) {
    enum status status = STATUS_OK;
    const struct lab_view *view = session_snapshot(session)->lab;
    bool stopping = false;
    command->begun(view, json);
    told = tell(command, view, told, json); // what could not be begun at once
    while (view->active && !status) {
        if (cli_interrupted() && !stopping) {
            stopping = true;
            session_experiment_cancel(session);
        }
        session_drain(session);
        told = tell(command, view, told, json);
        if (view->active)
            status = cli_wait_news(session, error);
    }
    return status ? status : session_wait(session, error); // data that could not be read or has changed
}

static int run(struct session *session, const struct group_command *command, size_t told, bool json,
               enum status status, struct error *error) {
    if (!status)
        status = follow(session, command, told, json, error);
    if (status)
        return cli_fail(error);
    const struct lab_view *view = session_snapshot(session)->lab;
    command->finish(view, json);
    fflush(stdout);
    if (cli_interrupted())
        fprintf(stderr, "batchlab: stopped; batchlab %s --resume %" PRId64 " goes on\n",
                experiment_kind_name(command->kind), view->id);
    if (view->failed > 0)
        fprintf(stderr, "batchlab: %zu of %zu runs failed\n", view->failed, view->failed + view->done);
    return view->done > 0 && !cli_interrupted() ? EXIT_DONE : EXIT_FAILED;
}

static int resume(struct session *session, const struct arguments *arguments, const struct group_command *command) {
    struct error error;
    int64_t id = 0;
    if (arguments->file_count > 0 || arguments->setting_count > 0 || arguments->flags[FLAG_SWEEP_FILE])
        return error_set(&error, STATUS_INVALID, "--resume: the group has its file and its plan; give no others"),
               cli_usage(&error);
    if (cli_number(arguments->flags[FLAG_RESUME], "group", &id, &error))
        return cli_usage(&error);
    cli_catch_interrupts();
    enum status status = session_experiment_resume(session, id, &error);
    if (!status && session_snapshot(session)->lab->plan->kind != command->kind) {
        const char *kind = experiment_kind_name(session_snapshot(session)->lab->plan->kind);
        status = error_set(&error, STATUS_INVALID, "group %" PRId64 " is a %s; batchlab %s --resume %" PRId64 " goes on with it",
                           id, kind, kind, id);
    }
    size_t told = status ? 0 : session_snapshot(session)->lab->order_count;
    return run(session, command, told, arguments->flags[FLAG_JSON] != NULL, status, &error);
}

static enum status set_base(struct session *session, const struct train_params *base, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < train_table.count && !status; i++) {
        char text[PARAM_TEXT_SIZE];
        const struct param *row = &train_table.rows[i];
        if (!params_equal(row, base, session_snapshot(session)->params))
            status = session_set(session, row->name, params_get(row, base, text), error);
    }
    return status;
}

static int begin(struct session *session, const struct arguments *arguments, const struct group_command *command) {
    struct experiment plan = experiment_usual(command->kind);
    struct load_options load;
    struct error error;
    if (arguments->file_count == 0)
        return error_set(&error, STATUS_INVALID, "%s needs a FILE, or --resume GROUP",
                         experiment_kind_name(command->kind)),
               cli_usage(&error);
    if (cli_check_steps(arguments, &error) || cli_load_options(arguments, &load, &error))
        return cli_usage(&error);
    enum status status = cli_set_params(session, arguments, &error);
    plan.base = *session_snapshot(session)->params;
    if (!status && command->plan(arguments, &plan, &error))
        return cli_usage(&error);
    if (!status) // a plan from a file brings parameters
        status = set_base(session, &plan.base, &error);
    if (!status)
        status = cli_open_data(session, arguments, &load, &error);
    cli_catch_interrupts();
    if (!status)
        status = session_experiment_start(session, &plan, &error);
    return run(session, command, 0, arguments->flags[FLAG_JSON] != NULL, status, &error);
}

int cli_group(const struct arguments *arguments, const struct group_command *command) {
    struct session *session = NULL;
    struct error error;
    struct session_options options = {.no_profile = true};
    if (session_open(&session, &options, &error))
        return cli_fail(&error);
    session_listen(session, on_event, NULL);
    int exit_status = arguments->flags[FLAG_RESUME] ? resume(session, arguments, command)
                                                    : begin(session, arguments, command);
    session_close(session);
    return exit_status;
}
