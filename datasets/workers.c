#include "datasets/workers.h"

#include <pthread.h>
#include <stdatomic.h>

#include "core/base/crew.h"

struct labor {
    worker *work;
    void *context;
    struct task *task;
    _Atomic bool failed;
    pthread_mutex_t lock; // of the two below
    enum status status;
    struct error error;
};

static void do_piece(void *context, size_t piece) {
    struct labor *labor = context;
    struct error error = {0};
    if (atomic_load(&labor->failed))
        return;
    enum status status = task_step(labor->task, 0, &error);
    if (status == STATUS_OK)
        status = labor->work(labor->context, piece, &error);
    if (status == STATUS_OK)
        return;
    pthread_mutex_lock(&labor->lock);
    if (labor->status == STATUS_OK) {
        labor->status = status;
        labor->error = error;
    }
    pthread_mutex_unlock(&labor->lock);
    atomic_store(&labor->failed, true);
}

enum status workers_run(size_t count, worker *work, void *context, struct task *task, struct error *error) {
    struct labor labor = {.work = work, .context = context, .task = task, .lock = PTHREAD_MUTEX_INITIALIZER};
    crew_run(count, 0, do_piece, &labor);
    pthread_mutex_destroy(&labor.lock);
    if (labor.status != STATUS_OK)
        *error = labor.error;
    return labor.status;
}
