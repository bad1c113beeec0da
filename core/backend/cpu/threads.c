#include "core/backend/cpu/threads.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Below the first, waking other threads for every step costs more than they save; below the second, for once in
// a stretch of steps; below the third, threads that spin can cost far more than they save.
#define FLOPS_FOR_THREADS 2e7
#define FLOPS_FOR_PARTS 3e6
#define FLOPS_FOR_SPINNING_THREADS 5e9

static void (*set_number)(int);
static void (*parallel)(void (*work)(void *), void *context, unsigned threads, unsigned flags); // GOMP_parallel
static pthread_once_t once = PTHREAD_ONCE_INIT;

// oneDNN brings its OpenMP runtime (libgomp, libomp …) along: looking the symbol up takes that very
// one, where linking might add a second.
static void look_up(void) {
    *(void **)&set_number = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    *(void **)&parallel = dlsym(RTLD_DEFAULT, "GOMP_parallel"); // LLVM's runtime has it too
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

struct shared_work {
    void (*work)(void *context, int part, int parts);
    void *context;
    int parts;
    _Atomic int next;
};

// The runtime may give fewer threads than were asked for: each takes parts until none are left.
static void take_parts(void *argument) {
    struct shared_work *shared = argument;
    for (int part = shared->next++; part < shared->parts; part = shared->next++) {
        shared->work(shared->context, part, shared->parts);
    }
}

void threads_share(int parts, void (*work)(void *context, int part, int parts), void *context) {
    struct shared_work shared = {.work = work, .context = context, .parts = parts};
    pthread_once(&once, look_up);
    if (parts > 1 && parallel != NULL) {
        // What was written before is there for the parts, and what they wrote is there afterwards: the runtime sees to
        // that, and `next` says it to those who watch for races and do not know the runtime.
        atomic_store(&shared.next, 0);
        parallel(take_parts, &shared, (unsigned)parts, 0);
        (void)atomic_load(&shared.next);
    } else {
        take_parts(&shared);
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

static int threads_from(double least, double flops, int asked) {
    double enough = asked > 0 || threads_patient() ? least : FLOPS_FOR_SPINNING_THREADS;
    return flops < enough ? 1 : asked > 0 ? asked : threads_available();
}

int threads_for(double flops, int asked) {
    return threads_from(FLOPS_FOR_THREADS, flops, asked);
}

int threads_for_parts(double flops, int asked) {
    return threads_from(FLOPS_FOR_PARTS, flops, asked);
}
