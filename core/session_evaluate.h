// What a kept run is worth on its own parts or on new data: every figure of core/train/metrics_*.h and, on request,
// what the model gave for each row. The caller's one thread; long, so it can be a job.
#ifndef CORE_SESSION_EVALUATE_H
#define CORE_SESSION_EVALUATE_H

#include "core/session_kept.h"

// Several files are taken together. Data without one known target is STATUS_MISSING. `notes`: as kept_run_each.
// run_evaluation_clear, also after a failure.
enum status kept_run_evaluate(const struct kept_run *kept, const struct kept_data *data, size_t data_count, bool each,
                              struct run_evaluation *evaluation, struct notes *notes, struct task *task,
                              struct error *error);
void run_evaluation_clear(struct run_evaluation *evaluation);

#endif
