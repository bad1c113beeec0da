// Random and stratified splits and folds of a pool of rows.
#include <math.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "datasets/split_parts.h"

void split_pool_free(struct split_pool *pool) {
    mem_free(pool->rows);
    mem_free(pool->classes);
}

enum status split_pool_make(struct split_pool *pool, size_t most, struct error *error) {
    pool->rows = mem_alloc(most, sizeof *pool->rows);
    pool->classes = mem_alloc(most, sizeof *pool->classes);
    return pool->rows == NULL || pool->classes == NULL ? error_memory(error, "the split", most * sizeof *pool->rows)
                                                       : STATUS_OK;
}

// ---- random, ordered ----

size_t split_fold_rows(size_t rows, size_t folds, size_t fold) {
    return rows / folds + (fold < rows % folds);
}

// The last rows, shuffled before or not, are for test, those before them for validation; of folds the first
// comes first.
enum status split_random(struct split_plan *plan, bool shuffle, struct error *error) {
    struct split_pool *pool = plan->pool;
    const struct split_settings *settings = plan->settings;
    uint8_t *part = plan->split->part;
    size_t from = plan->sizes[PART_TRAIN], to = from + plan->sizes[PART_VALIDATION];
    struct rng rng = rng_make(settings->seed, RNG_SPLIT, 0);
    if (shuffle)
        rng_shuffle(&rng, pool->rows, pool->count);
    for (size_t i = to; i < pool->count; i++)
        part[pool->rows[i]] = PART_TEST;
    if (split_has_folds(plan)) {
        from = 0;
        for (size_t fold = 0; fold + 1 < settings->fold; fold++)
            from += split_fold_rows(plan->sizes[PART_TRAIN], settings->folds, fold);
        to = from + split_fold_rows(plan->sizes[PART_TRAIN], settings->folds, settings->fold - 1);
    }
    for (size_t i = from; i < to; i++)
        part[pool->rows[i]] = PART_VALIDATION;
    return task_step(plan->task, 0, error);
}

// ---- stratified: how many of each class ----

struct remainder {
    double share;
    size_t class;
};

static int compare_remainders(const void *a, const void *b) {
    const struct remainder *x = a, *y = b;
    if (x->share != y->share)
        return x->share < y->share ? 1 : -1;
    return (x->class > y->class) - (x->class < y->class);
}

// How many of `size` rows each class gives: the floor of its share, then one each by largest remainder; all that they
// have where that is less.
static enum status shares_of_classes(const size_t *counts, size_t classes, size_t size, size_t *taken,
                                     struct error *error) {
    struct remainder *remainders = mem_alloc(classes, sizeof *remainders);
    if (remainders == NULL)
        return error_memory(error, "the split", classes * sizeof *remainders);
    size_t total = 0, given = 0;
    for (size_t i = 0; i < classes; i++)
        total += counts[i];
    size = size < total ? size : total;
    for (size_t i = 0; i < classes; i++) {
        double exact = total == 0 ? 0 : (double)counts[i] * (double)size / (double)total;
        taken[i] = (size_t)floor(exact);
        given += taken[i];
        remainders[i] = (struct remainder){.share = exact - floor(exact), .class = i};
    }
    qsort(remainders, classes, sizeof *remainders, compare_remainders);
    for (size_t i = 0; given < size && i < classes; i++) {
        size_t class = remainders[i].class;
        bool room = taken[class] < counts[class];
        taken[class] += room;
        given += room;
    }
    mem_free(remainders);
    return STATUS_OK;
}

// Every class's rows, shuffled, and how many of them go where.
struct strata {
    size_t *counts, *starts;             // [classes] rows of each class, and where they begin in `order`
    size_t *test, *skipped, *validation; // [classes] its first rows test, then some train, the next validate
    uint32_t *order;                     // [pool->count]
};

static void strata_free(struct strata *strata) {
    mem_free(strata->counts);
    mem_free(strata->order);
}

static enum status strata_make(const struct split_plan *plan, struct strata *strata, struct error *error) {
    const struct split_pool *pool = plan->pool;
    size_t classes = pool->class_count, sum = 0;
    strata->counts = mem_alloc(classes * 5, sizeof *strata->counts);
    strata->order = mem_alloc(pool->count, sizeof *strata->order);
    if (strata->counts == NULL || strata->order == NULL)
        return error_memory(error, "the split", pool->count * sizeof *strata->order);
    strata->starts = strata->counts + classes;
    strata->test = strata->starts + classes;
    strata->skipped = strata->test + classes;
    strata->validation = strata->skipped + classes;
    for (size_t i = 0; i < pool->count; i++)
        strata->counts[pool->classes[i]]++;
    for (size_t i = 0; i < classes; sum += strata->counts[i++])
        strata->starts[i] = sum;
    for (size_t i = 0; i < pool->count; i++)
        strata->order[strata->starts[pool->classes[i]]++] = pool->rows[i];
    enum status status = STATUS_OK;
    for (size_t i = 0; i < classes && status == STATUS_OK; i++) {
        struct rng rng = rng_make(plan->settings->seed, RNG_SPLIT, i);
        strata->starts[i] -= strata->counts[i];
        rng_shuffle(&rng, strata->order + strata->starts[i], strata->counts[i]);
        status = task_step(plan->task, 0, error);
    }
    return status;
}

// A class with one row cannot be on both sides: `free`[class] is 0 for it, or it is refused.
static enum status set_singles_aside(const struct split_pool *pool, const size_t *counts, size_t *free, bool refuse,
                                     struct error *error) {
    for (size_t class = 0; class < pool->class_count; class ++) {
        free[class] = counts[class] == 1 ? 0 : counts[class];
        if (counts[class] == 1 && refuse)
            return error_set(
                error, STATUS_INVALID,
                "class \"%.80s\" of \"%s\" has one row only, which cannot be on both sides of a stratified "
                "split; add rows of it, take it out, or set split to random",
                pool->class_names[class], pool->target);
    }
    return STATUS_OK;
}

// How many of the numbers 0 … before-1 are `fold` modulo `folds`.
static size_t every(size_t before, size_t folds, size_t fold) {
    return (before + folds - 1 - fold) / folds;
}

// The rows that do not test, sorted by class (classes in the order in which they first appear), are dealt
// to the folds one by one: StratifiedKFold's allocation. `rest` are their numbers of each class.
static enum status deal_folds(const struct split_plan *plan, const size_t *rest, struct strata *strata,
                              struct error *error) {
    const struct split_pool *pool = plan->pool;
    size_t folds = plan->settings->folds, fold = plan->settings->fold - 1, position = 0, most = 0;
    bool *seen = mem_alloc(pool->class_count, sizeof *seen);
    if (seen == NULL)
        return error_memory(error, "the folds", pool->class_count);
    for (size_t i = 0; i < pool->count; i++) {
        size_t class = (size_t)pool->classes[i];
        if (seen[class])
            continue;
        seen[class] = true;
        size_t end = position + rest[class];
        for (size_t k = 0; k < fold; k++)
            strata->skipped[class] += every(end, folds, k) - every(position, folds, k);
        strata->validation[class] = every(end, folds, fold) - every(position, folds, fold);
        position = end;
        most = rest[class] > most ? rest[class] : most;
    }
    mem_free(seen);
    if (most < folds)
        return error_set(error, STATUS_INVALID,
                         "%zu folds are more than the rows of any class of \"%s\" (at most %zu); choose fewer folds",
                         folds, pool->target, most);
    return STATUS_OK;
}

static void write_parts(const struct strata *strata, size_t classes, uint8_t *part) {
    for (size_t class = 0; class < classes; class ++) {
        const uint32_t *rows = strata->order + strata->starts[class];
        size_t test = strata->test[class], from = test + strata->skipped[class];
        for (size_t i = 0; i < test; i++)
            part[rows[i]] = PART_TEST;
        for (size_t i = from; i < from + strata->validation[class]; i++)
            part[rows[i]] = PART_VALIDATION;
    }
}

static enum status share_out(struct split_plan *plan, bool strict, struct strata *strata, size_t *free,
                             struct error *error) {
    size_t classes = plan->pool->class_count;
    bool folds = split_has_folds(plan), cut = plan->sizes[PART_TEST] + plan->sizes[PART_VALIDATION] > 0;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < classes; i++)
        free[i] = strata->counts[i];
    if (cut || folds)
        status = set_singles_aside(plan->pool, strata->counts, free, strict, error);
    if (status == STATUS_OK)
        status = shares_of_classes(free, classes, plan->sizes[PART_TEST], strata->test, error);
    for (size_t i = 0; i < classes && status == STATUS_OK; i++)
        free[i] = (folds ? strata->counts[i] : free[i]) - strata->test[i];
    if (status == STATUS_OK)
        status = folds ? deal_folds(plan, free, strata, error)
                       : shares_of_classes(free, classes, plan->sizes[PART_VALIDATION], strata->validation, error);
    return status;
}

enum status split_stratified(struct split_plan *plan, bool strict, struct error *error) {
    struct strata strata = {0};
    size_t *free = mem_alloc(plan->pool->class_count, sizeof *free);
    enum status status = free == NULL ? error_memory(error, "the split", plan->pool->class_count * sizeof *free)
                                      : strata_make(plan, &strata, error);
    if (status == STATUS_OK)
        status = share_out(plan, strict, &strata, free, error);
    if (status == STATUS_OK)
        write_parts(&strata, plan->pool->class_count, plan->split->part);
    mem_free(free);
    strata_free(&strata);
    return status;
}
