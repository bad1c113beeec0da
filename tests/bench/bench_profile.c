// How long the figures of a table take, once it is loaded.
// usage: bench_profile FILE [THREADS]     prints one line: rows, columns, seconds to load, seconds to profile
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "datasets/profile.h"
#include "datasets/kept.h"

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int main(int argc, char **argv) {
    kept_set_least(SIZE_MAX); // the text is read each time
    if (argc < 2) {
        puts("usage: bench_profile FILE [THREADS]");
        return 0;
    }
    struct dataset *dataset = NULL;
    struct profile *profile = NULL;
    struct error error;
    if (argc > 2)
        profile_set_threads((size_t)atoi(argv[2]));
    double begin = now();
    if (dataset_open(argv[1], NULL, &dataset, NULL, &error)) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    double loaded = now();
    if (profile_make(dataset, NULL, &profile, NULL, &error)) {
        fprintf(stderr, "%s\n", error.text);
        dataset_free(dataset);
        return 1;
    }
    printf("%zu rows, %zu columns: load %.2f s, profile %.2f s\n", profile->rows, profile->column_count, loaded - begin,
           now() - loaded);
    profile_free(profile);
    dataset_free(dataset);
    return 0;
}
