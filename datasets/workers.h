// Work that falls into pieces, on all cores: piece 0 … count - 1 in any order, each on one thread.
#ifndef DATASETS_WORKERS_H
#define DATASETS_WORKERS_H

#include <stddef.h>

#include "core/base/status.h"
#include "core/base/task.h"

// Called on any thread, several at a time. The first failure ends the whole.
typedef enum status worker(void *context, size_t piece, struct error *error);
// Returns when all pieces are done, one has failed (its sentence is in `error`) or the task was cancelled, which is
// asked before every piece. Where no thread can be started the caller's does the work.
enum status workers_run(size_t count, worker *work, void *context, struct task *task, struct error *error);
size_t workers_count(void); // cores that may be used, at least 1

#endif
