// The best epoch: its checkpoint, and early stopping.
#include <math.h>
#include <stdio.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/engine/runner.h"

static const char best_name[] = "best.ckpt";
static const double between_writes = 3; // seconds
enum { HELD_WEIGHTS_MOST = 8 << 20 };   // of larger models nothing is held

// ---- its checkpoint ------------------------------------------------------------------------------------

void runner_forget_best(struct runner *runner) {
    held_free(runner->best_held);
    runner->best_held = NULL;
}

bool runner_best_due(const struct runner *runner) {
    return runner->best_held && runner->mark >= runner->best_due;
}

void runner_keep_best(struct runner *runner) {
    char path[EVENT_TEXT_SIZE];
    struct error error;
    if (!runner->best_held)
        return;
    snprintf(path, sizeof path, "%.990s/%s", runner->run.folder, best_name);
    char *extra = extra_text(runner->extra, &runner->best_extra);
    enum status status = extra ? held_write(runner->best_held, path, extra, &error)
                               : error_memory(&error, "a checkpoint's recipe and encoding", 0);
    mem_free(extra);
    runner_forget_best(runner);
    runner->best_due = clock_now() + between_writes;
    runner->best_saved = status ? (struct best_epoch){0} : runner->best_extra.best;
    runner->saved = runner->saved || !status;
    runner_tell(runner, status ? EVENT_ERROR : EVENT_CHECKPOINT, status ? error.text : path);
}

static void hold_best(struct runner *runner) {
    struct error error;
    runner_forget_best(runner);
    runner->best_extra = runner_extra(runner);
    if (!runner->run.folder[0])
        return;
    if (trainer_hold(runner->trainer, &runner->best_held, &error))
        runner_tell(runner, EVENT_ERROR, error.text);
    else if (runner_best_due(runner) || trainer_model(runner->trainer)->weight_count > HELD_WEIGHTS_MOST)
        runner_keep_best(runner);
}

// ---- early stopping -------------------------------------------------------------------------------------

static void give_up(struct runner *runner, int64_t patience) {
    char text[160];
    runner->stops = true;
    snprintf(text, sizeof text, "stopped early: no better validation loss for %lld %s; the best is of epoch %llu",
             (long long)patience, patience == 1 ? "epoch" : "epochs", (unsigned long long)runner->best.epoch);
    runner_tell(runner, EVENT_MARK, text);
}

void runner_judge(struct runner *runner, uint64_t epoch, double loss) {
    int64_t patience = trainer_params(runner->trainer)->patience;
    if (patience == 0) { // raised later, it begins to wait then
        runner->best = (struct best_epoch){0};
        runner_forget_best(runner);
        return;
    }
    if (isfinite(loss) && (runner->best.epoch == 0 || loss < runner->best.loss)) {
        runner->best = (struct best_epoch){epoch, loss};
        hold_best(runner);
    } else if (runner->best.epoch > 0 && epoch - runner->best.epoch >= (uint64_t)patience) {
        give_up(runner, patience);
    }
}

// The checkpoint told last is the one that the run is known by.
void runner_finish(struct runner *runner) {
    bool kept = runner->best_held != NULL; // told when it is written: behind the last one
    runner_save_last(runner);
    runner_keep_best(runner);
    bool current = runner->best_saved.epoch == runner->best.epoch && runner->best_saved.loss == runner->best.loss;
    if (!kept && current && !runner->diverged && runner->best.epoch > 0) {
        char path[EVENT_TEXT_SIZE];
        snprintf(path, sizeof path, "%.990s/%s", runner->run.folder, best_name);
        runner_tell(runner, EVENT_CHECKPOINT, path);
    }
}
