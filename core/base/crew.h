// A few threads that share out work by number: for loops whose rounds do not depend on each other.
#ifndef CORE_BASE_CREW_H
#define CORE_BASE_CREW_H

#include <stddef.h>

#define CREW_MOST ((size_t)64)

typedef void crew_work(void *context, size_t index);
// Calls work(context, i) once for every i below `count`, in any order, on up to `threads` threads (0: as many as the
// machine has cores); the calling thread is one of them. Returns when all are done. A thread that cannot be had is done
// without. Whatever the order, what the calls leave behind must be the same: keep results apart by index.
void crew_run(size_t count, size_t threads, crew_work *work, void *context);
size_t crew_cores(void); // at least 1

#endif
