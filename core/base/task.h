// What long work carries with it: a flag that says "stop", and how far it has come. The worker
// calls task_step often (at least every 100 ms of work); any other thread reads or cancels.
#ifndef CORE_BASE_TASK_H
#define CORE_BASE_TASK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/status.h"

struct task {
    _Atomic bool cancelled;
    _Atomic uint64_t done, total; // in `unit`; total 0 = unknown
    _Atomic(const char *) stage;  // static text: "Reading", "Profiling"
    _Atomic(const char *) unit;   // static text: "bytes", "rows"
};

void task_begin(struct task *task, const char *stage, const char *unit, uint64_t total);
// Adds to `done`. STATUS_CANCELLED with a sentence once somebody asked to stop. A NULL task is
// allowed and never cancelled.
enum status task_step(struct task *task, uint64_t more, struct error *error);
void task_cancel(struct task *task);
double task_share(const struct task *task); // of its present stage that is done, 0 … 1; 0 while that is unknown

#endif
