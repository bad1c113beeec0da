// What the commands of the lab share: FILE opened as train would, a backend, and a trainer at the step that is asked
// for. No run is kept: the store is only looked at.
#ifndef APP_CLI_LAB_H
#define APP_CLI_LAB_H

#include "app/args.h"
#include "core/session.h"
#include "core/train/trainer.h"

struct lab_call {
    const struct arguments *arguments;
    struct train_params params; // of the trainer
    struct session *session;
    struct backend *backend;
    struct trainer *trainer;
    uint64_t at_step;
};

// The work of one command, on a trainer that has not begun. A mistake in the arguments is found by `check`, on the
// parameters alone, before anything is opened (exit status 2). Either may change params.
struct lab_command {
    enum status (*check)(struct lab_call *call, struct error *error);
    enum status (*work)(struct lab_call *call, struct error *error);
};
int cli_lab(const struct arguments *arguments, const struct lab_command *command, struct lab_call *call);
// Trains to --at-step. Where --epochs is not given, they are as many as that needs.
enum status cli_lab_train(struct lab_call *call, struct error *error);
// A whole number of a flag, or `fallback`; at least `least`.
enum status cli_lab_number(const struct arguments *arguments, enum flag flag, const char *name, int64_t least,
                           int64_t fallback, int64_t *value, struct error *error);

#endif
