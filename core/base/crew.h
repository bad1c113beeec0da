// A few threads that share out work by number: for loops whose rounds do not depend on each other.
#ifndef CORE_BASE_CREW_H
#define CORE_BASE_CREW_H

#include <stddef.h>

#include "core/base/status.h"
#include "core/base/task.h"

#define CREW_MOST ((size_t)64)

typedef enum status crew_work(void *context, size_t index, struct error *error);
// Calls work(context, i, error) once for every i below `count`, the lower ones first, on up to `threads` threads (0: as
// many as the machine has cores); the calling thread is one of them. Returns when all are done. A thread that cannot be
// had is done without. After a failure no further round is begun, and the lowest that failed is told: whatever the
// threads do, it is the one that a plain loop would tell. `task` (may be NULL) is asked before every round.
// Whatever the order, what the rounds leave behind must be the same: keep results apart by index.
enum status crew_run(size_t count, size_t threads, crew_work *work, void *context, struct task *task,
                     struct error *error);
size_t crew_cores(void); // at least 1

#endif
