#include "app/cli_kept.h"

#include <signal.h>
#include <string.h>

#include "app/cli.h"
#include "core/base/str.h"

static enum status read_part(const char *text, struct kept_call *call, struct error *error) {
    call->has_part = text != NULL;
    call->all = text ? text_equal(text, "all") : call->all;
    for (int part = 0; text && part < PART_COUNT; part++)
        if (text_equal(text, part_name((enum part)part))) {
            call->part = (enum part)part;
            return STATUS_OK;
        }
    if (!text || call->all)
        return STATUS_OK;
    return error_set(error, STATUS_INVALID, "--part \"%s\": must be validation, test, train or all", text);
}

static enum status read_arguments(struct kept_call *call, struct error *error) {
    const struct arguments *arguments = call->arguments;
    const char *which = arguments->flags[FLAG_CHECKPOINT];
    enum status status = cli_number(arguments->files[0], "run", &call->number, error);
    call->which = which ? which : "last";
    if (!status)
        status = read_part(arguments->flags[FLAG_PART], call, error);
    if (!status && call->has_part && arguments->file_count > 1)
        status = error_set(error, STATUS_INVALID,
                           "--part is about the run's own rows, and %s is new data; leave one of them out",
                           arguments->files[1]);
    if (!status)
        status = cli_load_options(arguments, &call->options, error);
    call->options.more_count = 0; // the first argument is the run
    return status;
}

static struct task *at_work;

static void on_interrupt(int signal_number) {
    (void)signal_number;
    task_cancel(at_work);
}

static void listen(struct task *task) {
    struct sigaction action;
    at_work = task;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_interrupt;
    action.sa_flags = (int)SA_RESETHAND; // a second one ends the program
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static enum status open_run(struct kept_call *call, struct error *error) {
    struct session_options options = {.no_profile = true};
    const struct arguments *arguments = call->arguments;
    enum status status = session_open(&call->session, &options, error);
    if (!status)
        status = session_kept_run(call->session, call->number, call->which, &call->run, error);
    for (size_t i = 0; i < arguments->setting_count && !status; i++)
        status = params_set(&train_table, &call->run->params, arguments->settings[i].name, arguments->settings[i].text,
                            error);
    return status;
}

int cli_kept(const struct arguments *arguments, bool all, cli_kept_work *work) {
    struct kept_call call = {.arguments = arguments, .part = PART_VALIDATION, .all = all};
    struct error error;
    if (read_arguments(&call, &error))
        return cli_usage(&error);
    enum status status = open_run(&call, &error);
    listen(&call.task);
    if (!status)
        status = work(&call, &error);
    notes_free(&call.notes);
    kept_run_free(call.run);
    session_close(call.session);
    return status ? cli_fail(&error) : EXIT_DONE;
}

struct kept_data cli_kept_data(const struct kept_call *call, size_t index) {
    bool fresh = call->arguments->file_count > 1;
    return (struct kept_data){.path = fresh ? call->arguments->files[index + 1] : NULL,
                              .options = &call->options,
                              .part = call->part,
                              .all = call->all};
}

void cli_kept_notes(const struct kept_call *call) {
    cli_notes(call->arguments->file_count > 1 ? call->arguments->files[1] : call->run->record.data_path, &call->notes);
}
