#include "app/cli_session.h"

#include "app/cli.h"

// ---- parameters -----------------------------------------------------------------------------------------

// A flag without a meaning beside the others is a mistake, not something to be passed over.
static enum status check_used(const struct session *session, const struct arguments *arguments, struct error *error) {
    char why[PARAM_TEXT_SIZE];
    for (size_t i = 0; i < arguments->setting_count; i++) {
        const struct param *row = params_find(&train_table, arguments->settings[i].name);
        if (row && !session_uses(session_snapshot(session), row, why))
            return error_set(error, STATUS_INVALID, "%s", why);
    }
    return STATUS_OK;
}

// The optimizer first: it brings a learning rate along.
enum status cli_set_params(struct session *session, const struct arguments *arguments, struct error *error) {
    const char *optimizer = cli_setting(arguments, "optimizer");
    enum status status = optimizer ? session_set(session, "optimizer", optimizer, error) : STATUS_OK;
    for (size_t i = 0; i < arguments->setting_count && !status; i++)
        if (params_find(&train_table, arguments->settings[i].name)) // else a command's own
            status = session_set(session, arguments->settings[i].name, arguments->settings[i].text, error);
    return status ? status : check_used(session, arguments, error);
}

// ---- data -----------------------------------------------------------------------------------------------

static void tell_notes(const struct session *session, const char *path) {
    const struct snapshot *snapshot = session_snapshot(session);
    cli_notes(path, &snapshot->dataset->notes);
    if (snapshot->source_notes)
        cli_notes(path, snapshot->source_notes);
}

// With steps given by hand it does not matter whether the suggested ones could be fitted.
enum status cli_open_data(struct session *session, const struct arguments *arguments,
                          const struct load_options *options, struct error *error) {
    const char *path = arguments->files[0], *steps = arguments->flags[FLAG_STEPS];
    enum status status = session_load(session, path, options, error);
    if (!status)
        status = session_wait(session, error);
    if (steps && session_snapshot(session)->dataset) {
        status = session_recipe(session, steps, true, error);
        if (!status)
            status = session_wait(session, error);
    }
    if (!status)
        tell_notes(session, path);
    return status ? status : check_used(session, arguments, error); // by what the model "auto" is for this data
}
