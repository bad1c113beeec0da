#include "core/base/crew.h"
#include "datasets/profile_parts.h"

enum { THREADS_MOST = 8, CELLS_WORTH_IT = 100000 };

static _Atomic size_t forced;

void profile_set_threads(size_t threads) {
    forced = threads;
}

size_t profile_threads(void) {
    size_t threads = forced > 0 ? forced : crew_cores();
    return threads > THREADS_MOST ? THREADS_MOST : threads;
}

enum status profile_parallel(size_t count, size_t cells, crew_work *work, void *context, struct error *error) {
    size_t threads = cells < CELLS_WORTH_IT && forced == 0 ? 1 : profile_threads();
    return crew_run(count, threads, work, context, NULL, error);
}
