// batchlab predict.
#include <stdio.h>

#include "app/cli.h"
#include "app/cli_kept.h"
#include "core/base/file.h"
#include "core/base/str.h"
#include "core/session_predict.h"

// To a file, which gets its name once it is whole, or to standard output as rows come.
static enum status predict(struct kept_call *call, struct error *error) {
    const char *const *flags = call->arguments->flags;
    const char *path = flags[FLAG_OUTPUT];
    struct kept_data data = cli_kept_data(call, 0);
    struct predict_settings settings = {.probabilities = flags[FLAG_PROBA] != NULL, .keep = flags[FLAG_KEEP]};
    struct predict_counts counts = {0};
    struct file_writer writer = {0};
    enum status status = file_create(&writer, path && !text_equal(path, "-") ? path : "/dev/stdout", error);
    settings.out = writer.stream;
    if (!status)
        status = kept_run_predict(call->run, &data, &settings, &counts, &call->notes, &call->task, error);
    if (!status)
        status = file_commit(&writer, error);
    file_abort(&writer);
    if (status)
        return status;
    cli_kept_notes(call);
    fprintf(stderr, "run %lld, step %llu: %zu prediction%s for %zu row%s\n", (long long)call->number,
            (unsigned long long)call->run->step, counts.predicted, counts.predicted == 1 ? "" : "s", counts.rows,
            counts.rows == 1 ? "" : "s");
    return STATUS_OK;
}

int cli_predict(const struct arguments *arguments) {
    return cli_kept(arguments, true, predict);
}
