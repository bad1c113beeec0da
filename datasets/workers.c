#include "datasets/workers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { WORKERS_MOST = 64 };

struct crew {
    size_t count;
    worker *work;
    void *context;
    struct task *task;
    _Atomic size_t next;
    _Atomic bool failed;
    pthread_mutex_t lock; // of the two below
    enum status status;
    struct error error;
};

size_t workers_count(void) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > WORKERS_MOST ? WORKERS_MOST : (size_t)cores;
}

static void fail(struct crew *crew, enum status status, const struct error *error) {
    pthread_mutex_lock(&crew->lock);
    if (crew->status == STATUS_OK) {
        crew->status = status;
        crew->error = *error;
    }
    pthread_mutex_unlock(&crew->lock);
    atomic_store(&crew->failed, true);
}

static void *labor(void *context) {
    struct crew *crew = context;
    struct error error = {0};
    while (!atomic_load(&crew->failed)) {
        size_t piece = atomic_fetch_add(&crew->next, 1);
        if (piece >= crew->count)
            break;
        enum status status = task_step(crew->task, 0, &error);
        if (status == STATUS_OK)
            status = crew->work(crew->context, piece, &error);
        if (status != STATUS_OK)
            fail(crew, status, &error);
    }
    return NULL;
}

enum status workers_run(size_t count, worker *work, void *context, struct task *task, struct error *error) {
    struct crew crew = {.count = count, .work = work, .context = context, .task = task};
    pthread_t threads[WORKERS_MOST];
    size_t wanted = workers_count() - 1, started = 0;
    if (wanted >= count)
        wanted = count == 0 ? 0 : count - 1;
    pthread_mutex_init(&crew.lock, NULL);
    while (started < wanted && pthread_create(&threads[started], NULL, labor, &crew) == 0)
        started++;
    labor(&crew);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&crew.lock);
    if (crew.status != STATUS_OK)
        *error = crew.error;
    return crew.status;
}
