#include <pthread.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "datasets/profile_parts.h"

enum { THREADS_MOST = 8, CELLS_WORTH_IT = 100000 };

static _Atomic size_t forced;

void profile_set_threads(size_t threads) {
    forced = threads;
}

struct crew {
    profile_item *work;
    void *context;
    size_t count;
    _Atomic size_t next;
    pthread_mutex_t lock; // of what follows
    size_t failed;        // the first item that did
    enum status status;
    struct error error;
};

static void fail(struct crew *crew, size_t item, enum status status, const struct error *error) {
    pthread_mutex_lock(&crew->lock);
    if (item < crew->failed) {
        crew->failed = item;
        crew->status = status;
        crew->error = *error;
    }
    pthread_mutex_unlock(&crew->lock);
    crew->next = crew->count; // nothing more is begun
}

static void *run(void *context) {
    struct crew *crew = context;
    for (size_t item; (item = atomic_fetch_add(&crew->next, 1)) < crew->count;) {
        struct error error;
        enum status status = crew->work(crew->context, item, &error);
        if (status != STATUS_OK)
            fail(crew, item, status, &error);
    }
    return NULL;
}

size_t profile_threads(void) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t threads = forced > 0 ? forced : processors > 1 ? (size_t)processors : 1;
    return threads > THREADS_MOST ? THREADS_MOST : threads;
}

static size_t thread_count(size_t count, size_t cells) {
    size_t threads = cells < CELLS_WORTH_IT && forced == 0 ? 1 : profile_threads();
    return threads < count ? threads : count;
}

enum status profile_parallel(size_t count, size_t cells, profile_item *work, void *context, struct error *error) {
    struct crew crew = {.work = work,
                        .context = context,
                        .count = count,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .failed = SIZE_MAX,
                        .status = STATUS_OK};
    pthread_t threads[THREADS_MOST];
    size_t wanted = thread_count(count, cells), others = 0;
    while (others + 1 < wanted && pthread_create(&threads[others], NULL, run, &crew) == 0)
        others++;
    run(&crew);
    for (size_t i = 0; i < others; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&crew.lock);
    if (crew.status != STATUS_OK)
        *error = crew.error;
    return crew.status;
}
