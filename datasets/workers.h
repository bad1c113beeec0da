// Work that falls into pieces which may fail, on all cores (core/base/crew.h shares it out).
#ifndef DATASETS_WORKERS_H
#define DATASETS_WORKERS_H

#include <stddef.h>

#include "core/base/status.h"
#include "core/base/task.h"

// Does one piece; called on any thread, several at a time. The first failure ends the whole.
typedef enum status worker(void *context, size_t piece, struct error *error);
// Pieces 0 … count - 1 in any order. Returns when all are done, one has failed (its sentence is in `error`) or the task
// was cancelled, which is asked before every piece.
enum status workers_run(size_t count, worker *work, void *context, struct task *task, struct error *error);

#endif
