// What race and sweep share: the data, the plan made of flags, a group that is begun or gone on with, and following it.
#ifndef APP_CLI_GROUP_H
#define APP_CLI_GROUP_H

#include "app/args.h"
#include "core/session.h"

struct group_command {
    enum experiment_kind kind;
    // From the flags, on a plan whose base is set. A mistake is one in the usage.
    enum status (*plan)(const struct arguments *arguments, struct experiment *plan, struct error *error);
    void (*begun)(const struct lab_view *view, bool json);
    void (*ended)(const struct lab_view *view, size_t slot, bool json); // a run of it
    void (*finish)(const struct lab_view *view, bool json);             // all that were to be run, or it was stopped
};
int cli_group(const struct arguments *arguments, const struct group_command *command);
// The flags of the command's own table into its struct; what has none stays.
enum status cli_own_options(const struct arguments *arguments, const struct param_table *table, void *options,
                            struct error *error);
const char *trial_state_name(enum trial_state state);

#endif
