#include "core/base/crew.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

struct crew {
    crew_work *work;
    void *context;
    struct task *task;
    size_t count;
    _Atomic size_t next;
    pthread_mutex_t lock; // of what follows
    size_t failed;        // the lowest round that did
    enum status status;
    struct error error;
};

size_t crew_cores(void) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : (size_t)cores < CREW_MOST ? (size_t)cores : CREW_MOST;
}

static void fail(struct crew *crew, size_t index, enum status status, const struct error *error) {
    pthread_mutex_lock(&crew->lock);
    if (index < crew->failed) {
        crew->failed = index;
        crew->status = status;
        crew->error = *error;
    }
    pthread_mutex_unlock(&crew->lock);
    atomic_store(&crew->next, crew->count); // all lower rounds have been begun
}

static void *work_on(void *context) {
    struct crew *crew = context;
    for (size_t index; (index = atomic_fetch_add(&crew->next, 1)) < crew->count;) {
        struct error error = {0};
        enum status status = task_step(crew->task, 0, &error);
        if (status == STATUS_OK)
            status = crew->work(crew->context, index, &error);
        if (status != STATUS_OK)
            fail(crew, index, status, &error);
    }
    return NULL;
}

enum status crew_run(size_t count, size_t threads, crew_work *work, void *context, struct task *task,
                     struct error *error) {
    struct crew crew = {.work = work,
                        .context = context,
                        .task = task,
                        .count = count,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .failed = SIZE_MAX};
    pthread_t started[CREW_MOST];
    size_t wanted = threads == 0 ? crew_cores() : threads < CREW_MOST ? threads : CREW_MOST, others = 0;
    wanted = wanted < count ? wanted : count;
    while (others + 1 < wanted && pthread_create(&started[others], NULL, work_on, &crew) == 0)
        others++;
    work_on(&crew);
    for (size_t i = 0; i < others; i++)
        pthread_join(started[i], NULL);
    pthread_mutex_destroy(&crew.lock);
    if (crew.status != STATUS_OK)
        *error = crew.error;
    return crew.status;
}
