// The random small tables of tests/fixtures/make_steps_random.py, made from the same seeds: numbers n0 n1 n2, words w0
// w1, the target y (a number), with holes, ties, constants, words that no training row has and, rarely, an infinity in
// n0.
#ifndef TESTS_DATASETS_RANDOM_TABLES_H
#define TESTS_DATASETS_RANDOM_TABLES_H

#include "tests/datasets/steps_support.h"

enum { RANDOM_ROWS_MOST = 36 };

struct splitmix {
    uint64_t state;
};

static inline uint64_t splitmix_bits(struct splitmix *random) {
    uint64_t z = random->state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static inline size_t splitmix_below(struct splitmix *random, uint64_t bound) {
    return (size_t)(splitmix_bits(random) % bound);
}

static inline double splitmix_uniform(struct splitmix *random) {
    return (double)(splitmix_bits(random) >> 11) * 0x1p-53;
}

static inline double random_number(struct splitmix *random, size_t kind) {
    if (kind == 2)
        return (double)splitmix_below(random, 5);
    double u = splitmix_uniform(random), d = u - 0.5;
    const double made[] = {u * 2 - 1, 10000 + u, 0, 0.1, 1 / (u + 0.001), -floor(u * 1000), d * d * d * 100};
    return made[kind];
}

static inline void random_numbers(struct splitmix *random, struct dataset *dataset, const char *name, bool infinite) {
    double values[RANDOM_ROWS_MOST];
    size_t rows = dataset->table->rows, kind = splitmix_below(random, 7);
    bool holes = splitmix_below(random, 3) == 0;
    for (size_t row = 0; row < rows; row++) {
        values[row] = random_number(random, kind);
        if (holes && row >= 2 && splitmix_below(random, 5) == 0)
            values[row] = NAN;
    }
    if (infinite && splitmix_below(random, 30) == 0)
        values[splitmix_below(random, rows)] = INFINITY;
    add_numbers(dataset, name, values);
}

static inline void random_words(struct splitmix *random, struct dataset *dataset, const char *name, const int *train) {
    static const char *const words[] = {"ant", "Bee", "cat", "dog", "\xc3\xa9lan", "fox", "gnu"};
    const char *made[RANDOM_ROWS_MOST];
    size_t pool = 2 + splitmix_below(random, 6);
    bool holes = splitmix_below(random, 3) == 0;
    for (size_t row = 0; row < dataset->table->rows; row++) {
        made[row] = words[splitmix_below(random, pool)];
        bool missing = holes && row >= 2 && splitmix_below(random, 5) == 0;
        if (splitmix_below(random, 6) == 0 && !train[row])
            made[row] = "unseen";
        if (missing)
            made[row] = NULL;
    }
    add_words(dataset, name, made);
}

// `train` has room for RANDOM_ROWS_MOST.
static inline struct dataset *random_table(uint64_t seed, int *train) {
    struct splitmix random = {seed};
    double y[RANDOM_ROWS_MOST];
    struct dataset *dataset = dataset_of(6 + splitmix_below(&random, 30));
    for (size_t row = 0; row < dataset->table->rows; row++)
        train[row] = row < 4 || splitmix_below(&random, 4) > 0;
    random_numbers(&random, dataset, "n0", true);
    random_numbers(&random, dataset, "n1", false);
    random_numbers(&random, dataset, "n2", false);
    random_words(&random, dataset, "w0", train);
    random_words(&random, dataset, "w1", train);
    for (size_t row = 0; row < dataset->table->rows; row++)
        y[row] = (double)splitmix_below(&random, 4);
    add_numbers(dataset, "y", y);
    dataset->table->target = 5;
    return dataset;
}

#endif
