#include "core/backend/cpu/threads.h"

#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

static void (*set_number)(int);
static pthread_once_t once = PTHREAD_ONCE_INIT;

// oneDNN brings its OpenMP runtime (libgomp, libomp …) along: looking the symbol up takes that very
// one, where linking might add a second.
static void look_up(void) {
    *(void **)&set_number = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
}

int threads_available(void) {
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 1 ? (int)count : 1;
}

void threads_set(int count) {
    pthread_once(&once, look_up);
    if (set_number != 0) {
        set_number(count);
    }
}
