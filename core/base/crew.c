#include "core/base/crew.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

struct crew {
    crew_work *work;
    void *context;
    size_t count;
    _Atomic size_t next;
};

size_t crew_cores(void) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : (size_t)cores < CREW_MOST ? (size_t)cores : CREW_MOST;
}

static void *work_on(void *context) {
    struct crew *crew = context;
    for (size_t index; (index = atomic_fetch_add(&crew->next, 1)) < crew->count;)
        crew->work(crew->context, index);
    return NULL;
}

void crew_run(size_t count, size_t threads, crew_work *work, void *context) {
    struct crew crew = {.work = work, .context = context, .count = count};
    pthread_t started[CREW_MOST];
    size_t wanted = threads == 0 ? crew_cores() : threads < CREW_MOST ? threads : CREW_MOST, others = 0;
    wanted = wanted < count ? wanted : count;
    while (others + 1 < wanted && pthread_create(&started[others], NULL, work_on, &crew) == 0)
        others++;
    work_on(&crew);
    for (size_t i = 0; i < others; i++)
        pthread_join(started[i], NULL);
}
