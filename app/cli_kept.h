// What eval and predict share: the run, the checkpoint, the data and the part that their arguments name, opened for the
// work that is each command's own.
#ifndef APP_CLI_KEPT_H
#define APP_CLI_KEPT_H

#include "app/args.h"
#include "core/session_kept.h"

struct kept_call {
    const struct arguments *arguments; // the first file is the run's number, the others are new data
    int64_t number;
    const char *which; // checkpoint
    enum part part;    // of the run's own rows
    bool has_part, all;
    struct load_options options;
    struct session *session;
    struct kept_run *run;
    struct notes notes;
    struct task task; // cancelled by SIGINT and its kin
};

typedef enum status cli_kept_work(struct kept_call *call, struct error *error);
// The command from its arguments to its exit status. `all`: of the run's own rows all, where no part is named; else
// those of validation.
int cli_kept(const struct arguments *arguments, bool all, cli_kept_work *work);
// For the work: what is asked about, file `index` of the new data or (when there is none) the run's own rows; and what
// was found in reading, on standard error, before any result.
struct kept_data cli_kept_data(const struct kept_call *call, size_t index);
void cli_kept_notes(const struct kept_call *call);

#endif
