// What it takes to load a CSV file, fill its holes (mean, most frequent), standardize its numbers and encode its
// categories: tests/bench/prepare.py runs this beside pandas + scikit-learn. One JSON object a line.
//
// usage: bench_prepare [FILE [ROUNDS]]     without FILE, or where it is not there: one of 400 000 rows is made
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/rng.h"
#include "core/base/str.h"
#include "datasets/kept.h"
#include "datasets/pipeline.h"

enum { ROWS = 400000 };
#define STEPS "missing=mean,standardize,one-hot=ignore"

struct spent {
    double load, steps, cells;
};

static void fail(const struct error *error) {
    fprintf(stderr, "%s\n", error->text);
    exit(1);
}

static enum status add_up(void *sum, const struct column_cells *cells, struct error *error) {
    (void)error;
    for (size_t i = 0; i < cells->count; i++)
        *(double *)sum += cells->values != NULL ? cells->values[i] : cells->codes[i];
    return STATUS_OK;
}

// Every cell that the steps made is computed and read once.
static double read_cells(const struct table *table) {
    struct error error;
    double sum = 0;
    for (size_t i = 0; i < table->column_count; i++)
        if (column_each(table->columns[i], add_up, &sum, &error) != STATUS_OK)
            fail(&error);
    return sum;
}

static struct spent once(const char *path) {
    struct error error;
    struct dataset *dataset = NULL;
    struct pipeline *pipeline = NULL;
    struct prepared *prepared = NULL;
    double start = clock_now();
    if (dataset_open(path, NULL, &dataset, NULL, &error) != STATUS_OK)
        fail(&error);
    double loaded = clock_now();
    struct split split = {.part = mem_alloc(dataset->table->rows, 1), .rows = dataset->table->rows};
    if (split.part == NULL || pipeline_parse(STEPS, &pipeline, &error) != STATUS_OK)
        fail(&error);
    memset(split.part, PART_TRAIN, split.rows);
    if (pipeline_run(pipeline, dataset, &split, &prepared, NULL, &error) != STATUS_OK)
        fail(&error);
    double fitted = clock_now();
    double sum = read_cells(prepared->stages[prepared->stage_count - 1]);
    double done = clock_now();
    if (sum == 0.5)
        puts("used");
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
    return (struct spent){loaded - start, fitted - loaded, done - fitted};
}

static void make_file(const char *path) {
    static const char *const cities[] = {"Paris", "Lyon", "Lille", "Nice", "Metz", "O'Fallon"};
    struct rng rng = rng_make(1, RNG_SAMPLE, 0);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    fputs("id,age,income,city,score,label\n", file);
    for (int row = 0; row < ROWS; row++) {
        char age[8] = "";
        if (rng_below(&rng, 12) > 0)
            snprintf(age, sizeof age, "%d", (int)(18 + rng_below(&rng, 70)));
        fprintf(file, "%d,%s,%.2f,%s,%.6f,%d\n", row, age, rng_uniform(&rng) * 50000, cities[rng_below(&rng, 6)],
                rng_normal(&rng), (int)rng_below(&rng, 2));
    }
    fclose(file);
}

int main(int argc, char **argv) {
    kept_set_least(SIZE_MAX); // the text is read each time
    char made[] = "/tmp/bench_prepare_XXXXXX.csv";
    const char *path = argc > 1 ? argv[1] : made;
    int rounds = argc > 2 ? atoi(argv[2]) : 3;
    struct spent best = {1e9, 1e9, 1e9};
    if (argc < 2) {
        int file = mkstemps(made, 4);
        if (file < 0) {
            perror(made);
            return 1;
        }
        close(file);
        make_file(made);
    }
    for (int i = 0; i < rounds; i++) {
        struct spent spent = once(path);
        if (spent.load + spent.steps + spent.cells < best.load + best.steps + best.cells)
            best = spent;
    }
    if (argc < 2)
        unlink(made);
    printf("{\"bench\":\"prepare\",\"work\":\"load, %s, read every cell\",\"figure\":%.3f,\"unit\":\"s\",\"load\":%.3f,"
           "\"steps\":%.3f,\"cells\":%.3f,\"device\":\"cpu\"}\n",
           STEPS, best.load + best.steps + best.cells, best.load, best.steps, best.cells);
    return 0;
}
