// Checkpoints of a run: loaded, saved, gone back to.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/engine/runner.h"

enum status runner_make_folder(const char *folder, struct error *error) {
    enum { LONGEST_NAME = 32 }; // "/step-18446744073709551615.ckpt"
    if (strlen(folder) + LONGEST_NAME > EVENT_TEXT_SIZE)
        return error_set(error, STATUS_INVALID, "the folder for checkpoints has a path longer than %d bytes: %s",
                         EVENT_TEXT_SIZE - LONGEST_NAME, folder);
    return file_make_folder(folder, error);
}

enum status runner_load(struct runner *runner, const char *path, struct train_params *forked, struct error *error) {
    struct checkpoint_header header = {0};
    enum status status = checkpoint_read_header(path, &header, error);
    if (!status)
        status = forked ? trainer_fork(runner->trainer, path, error)
                        : trainer_load(runner->trainer, path, error);
    if (!status)
        extra_read(runner, header.extra);
    if (!status && forked)
        *forked = header.params;
    checkpoint_header_clear(&header);
    return status;
}

void runner_plan_checkpoint(struct runner *runner) {
    double every = runner->run.params.checkpoint_every, done = trainer_epochs_done(runner->trainer);
    runner->next_checkpoint = every > 0 ? (floor(done / every) + 1) * every : INFINITY;
}

static bool save(struct runner *runner, const char *path) {
    struct error error;
    struct runner_extra own = runner_extra(runner);
    char *extra = extra_text(runner->extra, &own);
    runner_disturb(runner);
    enum status status = extra ? trainer_save(runner->trainer, path, extra, &error)
                               : error_memory(&error, "a checkpoint's recipe and encoding", 0);
    mem_free(extra);
    runner_tell(runner, status ? EVENT_ERROR : EVENT_CHECKPOINT, status ? error.text : path);
    runner->saved = runner->saved || !status;
    return status == STATUS_OK;
}

bool runner_save(struct runner *runner, const char *name) {
    char path[EVENT_TEXT_SIZE];
    snprintf(path, sizeof path, "%.990s/%s", runner->run.folder, name);
    return runner->run.folder[0] && save(runner, path);
}

void runner_save_last(struct runner *runner) {
    uint64_t step = runner_steps(runner);
    if (runner->diverged || !runner->run.folder[0] || runner->saved_step == step)
        return;
    if (runner_save(runner, "last.ckpt"))
        runner->saved_step = step;
}

void runner_save_now(struct runner *runner) {
    char name[48];
    if (!runner->run.folder[0]) {
        runner_tell(runner, EVENT_WARNING, "this run has no folder to keep checkpoints in");
        return;
    }
    if (runner->diverged) {
        runner_tell(runner, EVENT_WARNING, "the weights are not finite, so no checkpoint is kept: roll back first");
        return;
    }
    snprintf(name, sizeof name, "step-%llu.ckpt", (unsigned long long)runner_steps(runner));
    runner_save(runner, name);
}

void runner_roll_back(struct runner *runner, const char *path) {
    struct error error;
    struct train_params before = *trainer_params(runner->trainer);
    if (runner_load(runner, path, NULL, &error)) {
        runner_tell(runner, EVENT_WARNING, error.text);
        return;
    }
    runner->diverged = runner->stops = false;
    runner_forget_best(runner);
    runner->saved_step = UINT64_MAX;
    runner_lab_open(runner);
    runner_plan_checkpoint(runner);
    runner_tell_changes(runner, &before);
    char text[64];
    snprintf(text, sizeof text, ROLLED_BACK_TEXT, (unsigned long long)runner_steps(runner));
    runner_tell(runner, EVENT_MARK, text);
}
