#include "core/base/task.h"

#include <stddef.h>

void task_begin(struct task *task, const char *stage, const char *unit, uint64_t total) {
    if (!task)
        return;
    atomic_store(&task->stage, stage);
    atomic_store(&task->unit, unit);
    atomic_store(&task->total, total);
    atomic_store(&task->done, 0);
}

enum status task_step(struct task *task, uint64_t more, struct error *error) {
    if (!task)
        return STATUS_OK;
    uint64_t done = atomic_fetch_add_explicit(&task->done, more, memory_order_relaxed) + more;
    if (!atomic_load_explicit(&task->cancelled, memory_order_relaxed))
        return STATUS_OK;
    const char *stage = atomic_load(&task->stage), *unit = atomic_load(&task->unit);
    return error_set(error, STATUS_CANCELLED, "%s was stopped on request after %llu %s", stage ? stage : "The work",
                     (unsigned long long)done, unit ? unit : "steps");
}

void task_cancel(struct task *task) {
    atomic_store(&task->cancelled, true);
}

double task_share(const struct task *task) {
    uint64_t done = atomic_load(&task->done), total = atomic_load(&task->total);
    return total == 0 ? 0 : done < total ? (double)done / (double)total : 1;
}
