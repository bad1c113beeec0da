// Seconds to load a CSV file into typed columns, the most memory it took, and what the table takes:
// tests/bench/load.py runs this beside others. One JSON object a line.
//
// usage: bench_load [FILE [THREADS [kept]]]     THREADS 0: as many as there are cores; kept: the table is kept first,
//        and opening it again is measured; without FILE one of 400 000 rows is made
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "datasets/kept.h"

enum { ROWS = 400000 };

static struct dataset *load(const char *path, const struct load_options *options) {
    struct error error;
    struct dataset *dataset = NULL;
    if (dataset_open(path, options, &dataset, NULL, &error) == STATUS_OK)
        return dataset;
    fprintf(stderr, "%s\n", error.text);
    exit(1);
}

static void make_file(char *path) {
    int descriptor = mkstemps(path, 4);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    fputs("id,age,income,city,score,day,label\n", file);
    for (int row = 0; row < ROWS; row++)
        fprintf(file, "%d,%d,%d.%02d,%s,0.%06d,2026-%02d-%02d,%d\n", row, row % 71 + 18, row % 90001, row % 97,
                row % 3 ? "Paris" : "Lyon", (int)(row * 7919LL % 1000000), row % 12 + 1, row % 28 + 1, row % 2);
    fclose(file);
}

int main(int argc, char **argv) {
    char made[] = "/tmp/bench_load_XXXXXX.csv";
    const char *path = argc > 1 ? argv[1] : made;
    struct load_options options = load_options_default();
    bool kept = argc > 3 && strcmp(argv[3], "kept") == 0;
    options.threads = argc > 2 ? (size_t)atoi(argv[2]) : 0;
    kept_set_least(kept ? 1 : SIZE_MAX);
    if (argc < 2)
        make_file(made);
    if (kept) {
        dataset_free(load(path, &options));
        kept_wait();
    }
    double start = clock_now();
    struct dataset *dataset = load(path, &options);
    double seconds = clock_now() - start;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double table = (double)table_bytes(dataset->table) / 1e6, peak = (double)usage.ru_maxrss * 1024 / 1e6;
    printf("{\"bench\":\"load\",\"work\":\"%s a CSV file into typed columns\",\"figure\":%.3f,\"unit\":\"s\","
           "\"rows\":%zu,\"megabytes\":%.0f,\"table_megabytes\":%.0f,\"peak_megabytes\":%.0f}\n",
           kept ? "open again" : "load", seconds, dataset->table->rows, (double)dataset->file_bytes / 1e6, table, peak);
    dataset_free(dataset);
    if (argc < 2)
        unlink(made);
    return 0;
}
