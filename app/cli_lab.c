#include "app/cli_lab.h"

#include <inttypes.h>
#include <stdio.h>

#include "app/cli.h"
#include "app/cli_session.h"
#include "core/base/str.h"

enum status cli_lab_number(const struct arguments *arguments, enum flag flag, const char *name, int64_t least,
                           int64_t fallback, int64_t *value, struct error *error) {
    const char *text = arguments->flags[flag];
    *value = fallback;
    if (text && (!integer_parse(text, value) || *value < least || *value > 1000000000))
        return error_set(error, STATUS_INVALID, "--%s \"%s\": must be a whole number from %" PRId64 " to 1000000000",
                         name, text, least);
    return STATUS_OK;
}

// Epochs are no limit of their own where none are asked for: the schedule must then be one that does not look at them.
static enum status enough_epochs(struct lab_call *call, struct error *error) {
    char text[32];
    uint64_t left = trainer_steps_left(call->trainer), epochs = (uint64_t)call->params.epochs;
    if (call->at_step <= left)
        return STATUS_OK;
    if (cli_setting(call->arguments, "epochs") || !text_equal(call->params.schedule, "constant"))
        return error_set(error, STATUS_INVALID,
                         "--at-step %" PRIu64 ": the run ends with step %" PRIu64 "; raise --epochs", call->at_step,
                         left);
    uint64_t each = left / epochs > 0 ? left / epochs : 1;
    snprintf(text, sizeof text, "%" PRIu64, call->at_step / each + 1);
    return trainer_set(call->trainer, "epochs", text, error);
}

enum status cli_lab_train(struct lab_call *call, struct error *error) {
    struct step_result result = {.finite = true};
    enum status status = enough_epochs(call, error);
    for (uint64_t i = 0; !status && i < call->at_step; i++) {
        status = trainer_step(call->trainer, &result, error);
        if (!status && !result.finite)
            status = error_set(error, STATUS_INVALID,
                               "step %" PRIu64 ": training has diverged (learning rate %g); lower the learning rate",
                               result.step, result.lr);
    }
    return status;
}

static enum status open_trainer(struct lab_call *call, struct error *error) {
    struct source *source = session_source(call->session);
    if (!source)
        return error_set(error, STATUS_INVALID, "%s", session_snapshot(call->session)->source_reason);
    enum status status = trainer_backend(&call->params, &call->backend, error);
    return status ? status : trainer_open(&call->trainer, &call->params, source, call->backend, error);
}

int cli_lab(const struct arguments *arguments, const struct lab_command *command, struct lab_call *call) {
    struct load_options load;
    struct error error;
    struct session_options options = {.no_profile = true};
    call->arguments = arguments;
    if (cli_check_steps(arguments, &error) || cli_load_options(arguments, &load, &error))
        return cli_usage(&error);
    if (session_open(&call->session, &options, &error))
        return cli_fail(&error);
    enum status status = cli_set_params(call->session, arguments, &error);
    call->params = *session_snapshot(call->session)->params;
    bool usage = !status && command->check(call, &error) != STATUS_OK;
    if (!status && !usage)
        status = cli_open_data(call->session, arguments, &load, &error);
    if (!status && !usage)
        status = open_trainer(call, &error);
    if (!status && !usage)
        status = command->work(call, &error);
    trainer_close(call->trainer);
    backend_close(call->backend);
    session_close(call->session);
    return usage ? cli_usage(&error) : status ? cli_fail(&error) : EXIT_DONE;
}
