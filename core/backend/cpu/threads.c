#include "core/backend/cpu/threads.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Below the first, waking other threads costs more than they save; below the second, threads that
// spin can cost far more than they save.
#define FLOPS_FOR_THREADS 2e7
#define FLOPS_FOR_SPINNING_THREADS 5e9

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
    if (set_number != NULL) {
        set_number(count);
    }
}

bool threads_patient(void) {
    const char *policy = getenv("OMP_WAIT_POLICY");
    return getenv("GOMP_SPINCOUNT") != NULL || (policy != NULL && strcmp(policy, "passive") == 0);
}

void threads_restart_patient(char **argv) {
    if (getenv("OMP_WAIT_POLICY") == NULL && getenv("GOMP_SPINCOUNT") == NULL && threads_available() > 1 &&
        setenv("GOMP_SPINCOUNT", "1000", 1) == 0) {
        execv("/proc/self/exe", argv);
    }
}

int threads_for(double flops, int asked) {
    double enough = asked > 0 || threads_patient() ? FLOPS_FOR_THREADS : FLOPS_FOR_SPINNING_THREADS;
    return flops < enough ? 1 : asked > 0 ? asked : threads_available();
}
