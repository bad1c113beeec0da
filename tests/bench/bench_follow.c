// Seconds to take in what was added to a followed CSV file, beside reading all of it: 100 MB, then 1 % more five times.
// Medians; one JSON object a line.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "datasets/csv_growing.h"
#include "datasets/follow.h"

enum { ROWS = 2300000, TIMES = 5 };

static void add_rows(FILE *file, int from, int to) {
    for (int row = from; row < to; row++)
        fprintf(file, "%d,%d,%d.%02d,%s,0.%06d,2026-%02d-%02d,%d\n", row, row % 71 + 18, row % 90001, row % 97,
                row % 3 ? "Paris" : "Lyon", (int)(row * 7919LL % 1000000), row % 12 + 1, row % 28 + 1, row % 2);
}

static double load(const char *path, struct csv_growing *growing) {
    struct load_options options = load_options_default();
    struct dataset *dataset = NULL;
    struct error error;
    options.growing = growing;
    double start = clock_now();
    if (dataset_open(path, &options, &dataset, NULL, &error) != STATUS_OK) {
        fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    double seconds = clock_now() - start;
    dataset_free(dataset);
    return seconds;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void) {
    char path[] = "/tmp/bench_follow_XXXXXX.csv";
    struct follow follow = {0};
    struct csv_growing growing = {0};
    struct error error;
    double all[TIMES], added[TIMES];
    int descriptor = mkstemps(path, 4);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    fputs("id,age,income,city,score,day,label\n", file);
    add_rows(file, 0, ROWS);
    fflush(file);
    if (follow_begin(&follow, path, &error) != STATUS_OK)
        return 1;
    load(path, &growing);
    for (int i = 0; i < TIMES; i++) {
        add_rows(file, ROWS + i * (ROWS / 100), ROWS + (i + 1) * (ROWS / 100));
        fflush(file);
        follow_look(&follow);
        added[i] = load(path, &growing);
        all[i] = load(path, NULL);
        if (!growing.used)
            return 1;
    }
    qsort(all, TIMES, sizeof *all, compare);
    qsort(added, TIMES, sizeof *added, compare);
    printf("{\"bench\":\"follow\",\"work\":\"1 %% added to a CSV file of %.0f MB\",\"figure\":%.4f,\"unit\":\"s\","
           "\"all_read\":%.4f,\"share\":%.4f}\n",
           (double)follow.end / 1e6, added[TIMES / 2], all[TIMES / 2], added[TIMES / 2] / all[TIMES / 2]);
    csv_growing_clear(&growing);
    follow_end(&follow);
    fclose(file);
    unlink(path);
    return 0;
}
