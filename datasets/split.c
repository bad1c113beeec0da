// Which rows are for training, validation and test.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/rng.h"
#include "core/base/str.h"
#include "datasets/steps/state.h"
#include "datasets/target.h"

// The rows that are split, and the class of each where classes matter.
struct pool {
    uint32_t *rows; // [count] of the data as read
    int32_t *classes;
    size_t count, class_count;
    const char *target; // name for sentences
    char **class_names; // borrowed
};

static void pool_free(struct pool *pool) {
    mem_free(pool->rows);
    mem_free(pool->classes);
}

static enum status pool_make(struct pool *pool, size_t most, struct error *error) {
    pool->rows = mem_alloc(most, sizeof *pool->rows);
    pool->classes = mem_alloc(most, sizeof *pool->classes);
    return pool->rows == NULL || pool->classes == NULL ? error_memory(error, "the split", most * sizeof *pool->rows)
                                                       : STATUS_OK;
}

static void pool_add(struct pool *pool, size_t row, int32_t class) {
    pool->rows[pool->count] = (uint32_t)row;
    pool->classes[pool->count++] = class;
}

// ---- how many ----

static enum status part_sizes(const struct pool *pool, double validation, double test, size_t sizes[PART_COUNT],
                              struct error *error) {
    if (!(validation >= 0 && validation < 1) || !(test >= 0 && test < 1))
        return error_set(error, STATUS_INVALID, "validation %g and test %g: each must be at least 0 and less than 1",
                         validation, test);
    double n = (double)pool->count;
    sizes[PART_VALIDATION] = (size_t)ceil(validation * n);
    sizes[PART_TEST] = (size_t)ceil(test * n);
    if (sizes[PART_VALIDATION] + sizes[PART_TEST] >= pool->count)
        return error_set(error, STATUS_INVALID,
                         "%zu rows cannot be split: validation %g and test %g leave none to train on; give smaller shares",
                         pool->count, validation, test);
    sizes[PART_TRAIN] = pool->count - sizes[PART_VALIDATION] - sizes[PART_TEST];
    return STATUS_OK;
}

// ---- stratified ----

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

// How many of `size` rows each class gives: the floor of its share, then one each by largest remainder.
static enum status shares_of_classes(const size_t *counts, size_t classes, size_t size, size_t *taken,
                                     struct error *error) {
    struct remainder *remainders = mem_alloc(classes, sizeof *remainders);
    if (remainders == NULL)
        return error_memory(error, "the split", classes * sizeof *remainders);
    size_t total = 0, given = 0;
    for (size_t i = 0; i < classes; i++)
        total += counts[i];
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

// A class with one row cannot be on both sides: it trains, or is refused where stratifying was asked for.
static enum status set_singles_aside(const struct pool *pool, size_t *counts, bool refuse, struct error *error) {
    for (size_t class = 0; class < pool->class_count; class++) {
        if (counts[class] != 1)
            continue;
        counts[class] = 0;
        if (refuse)
            return error_set(error, STATUS_INVALID,
                             "class \"%.80s\" of \"%s\" has one row only, which cannot be on both sides of a stratified "
                             "split; add rows of it, take it out, or set split to random",
                             pool->class_names[class], pool->target);
    }
    return STATUS_OK;
}

// A class's rows, shuffled: the first are for test, the next for validation.
static void deal_class(const struct pool *pool, size_t class, size_t test, size_t validation, uint64_t seed,
                       uint32_t *room, uint8_t *part) {
    size_t count = 0;
    for (size_t i = 0; i < pool->count; i++) {
        if (pool->classes[i] == (int32_t)class)
            room[count++] = pool->rows[i];
    }
    struct rng rng = rng_make(seed, RNG_SPLIT, class);
    rng_shuffle(&rng, room, count);
    for (size_t i = 0; i < test + validation; i++)
        part[room[i]] = i < test ? PART_TEST : PART_VALIDATION;
}

static enum status split_stratified(const struct pool *pool, const size_t sizes[PART_COUNT], bool strict,
                                    uint64_t seed, uint8_t *part, struct error *error) {
    size_t classes = pool->class_count;
    size_t *counts = mem_alloc(classes * 3, sizeof *counts); // counts, then test, then validation
    uint32_t *room = mem_alloc(pool->count, sizeof *room);
    enum status status = counts == NULL || room == NULL ? error_memory(error, "the split", pool->count * sizeof *room)
                                                        : STATUS_OK;
    for (size_t i = 0; i < pool->count && status == STATUS_OK; i++)
        counts[pool->classes[i]]++;
    if (status == STATUS_OK && sizes[PART_TEST] + sizes[PART_VALIDATION] > 0)
        status = set_singles_aside(pool, counts, strict, error);
    if (status == STATUS_OK)
        status = shares_of_classes(counts, classes, sizes[PART_TEST], counts + classes, error);
    for (size_t i = 0; i < classes && status == STATUS_OK; i++)
        counts[i] -= counts[classes + i];
    if (status == STATUS_OK)
        status = shares_of_classes(counts, classes, sizes[PART_VALIDATION], counts + 2 * classes, error);
    for (size_t i = 0; i < classes && status == STATUS_OK; i++)
        deal_class(pool, i, counts[classes + i], counts[2 * classes + i], seed, room, part);
    mem_free(room);
    mem_free(counts);
    return status;
}

// ---- random, ordered ----

// The last rows of `pool`, shuffled before or not, are for test, those before them for validation.
static void split_at_end(struct pool *pool, const size_t sizes[PART_COUNT], bool shuffle, uint64_t seed, uint8_t *part) {
    struct rng rng = rng_make(seed, RNG_SPLIT, 0);
    if (shuffle)
        rng_shuffle(&rng, pool->rows, pool->count);
    for (size_t i = sizes[PART_TRAIN]; i < pool->count; i++)
        part[pool->rows[i]] = i < sizes[PART_TRAIN] + sizes[PART_VALIDATION] ? PART_VALIDATION : PART_TEST;
}

static enum status split_pool(struct pool *pool, const char *kind, double validation, double test, uint64_t seed,
                              uint8_t *part, struct error *error) {
    size_t sizes[PART_COUNT] = {0};
    enum status status = part_sizes(pool, validation, test, sizes, error);
    if (status != STATUS_OK)
        return status;
    if (text_equal(kind, "stratified") && pool->class_count == 0)
        return error_set(error, STATUS_INVALID,
                         "a stratified split needs classes, and \"%s\" is a number; set split to random", pool->target);
    bool strict = text_equal(kind, "stratified");
    if (strict || (text_equal(kind, "auto") && pool->class_count > 0))
        return split_stratified(pool, sizes, strict, seed, part, error);
    split_at_end(pool, sizes, !text_equal(kind, "ordered"), seed, part);
    return STATUS_OK;
}

// ---- tables and images ----

static enum status split_table(const struct table *table, const char *kind, double validation, double test,
                               uint64_t seed, uint8_t *part, struct error *error) {
    struct target target = {0};
    struct pool pool = {.target = "the target"};
    if (text_equal(kind, "given"))
        return error_set(error, STATUS_INVALID, "%s comes without a test part of its own; set split to auto",
                         table->name);
    struct error unfit; // a target that cannot be predicted is no matter of the split: making the source says so
    enum status status = table->target < 0 ? STATUS_OK : target_read(table, "auto", &target, &unfit);
    if (status == STATUS_MEMORY || (status != STATUS_OK && text_equal(kind, "stratified")))
        *error = unfit;
    else
        status = STATUS_OK;
    if (status == STATUS_OK)
        status = pool_make(&pool, table->rows, error);
    if (target.column != NULL)
        pool.target = target.column->name;
    pool.class_count = target.classes;
    pool.class_names = target.class_names;
    for (size_t row = 0; row < table->rows && status == STATUS_OK; row++) {
        if (target.column == NULL || !cell_is_hole(target.column, row))
            pool_add(&pool, row, target.labels == NULL ? 0 : target.labels[row]);
    }
    if (status == STATUS_OK)
        status = split_pool(&pool, kind, validation, test, seed, part, error);
    pool_free(&pool);
    target_clear(&target);
    return status;
}

static enum status split_images(const struct image_set *images, const char *kind, double validation, double test,
                                uint64_t seed, uint8_t *part, struct error *error) {
    struct pool pool = {.target = "class", .class_count = images->classes, .class_names = images->class_names};
    bool has_given = images->test_from < images->count;
    bool given = text_equal(kind, "given") || (text_equal(kind, "auto") && has_given);
    if (given && !has_given)
        return error_set(error, STATUS_INVALID, "these images come without a test part; set split to auto");
    size_t split_from = given ? images->test_from : images->count;
    for (size_t i = split_from; i < images->count; i++)
        part[i] = test > 0 ? PART_TEST : PART_VALIDATION;
    if (given && test == 0)
        return STATUS_OK; // the given part is for validation: nothing is taken from training
    enum status status = pool_make(&pool, split_from, error);
    for (size_t i = 0; i < split_from && status == STATUS_OK; i++)
        pool_add(&pool, i, images->labels[i]);
    if (status == STATUS_OK)
        status = split_pool(&pool, given ? "stratified" : kind, validation, given ? 0 : test, seed, part, error);
    pool_free(&pool);
    return status;
}

enum status split_make(const struct dataset *dataset, const char *kind, double validation, double test, uint64_t seed,
                       struct split *split, struct error *error) {
    static const char *const kinds[] = {"auto", "given", "stratified", "random", "ordered"};
    bool known = false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        known = known || text_equal(kind, kinds[i]);
    if (!known)
        return error_set(error, STATUS_INVALID, "split \"%.80s\": must be one of auto, given, stratified, random, ordered",
                         kind);
    size_t rows = dataset_rows(dataset);
    if (rows == 0)
        return error_set(error, STATUS_INVALID, "%s has no rows to split", dataset->name);
    uint8_t *part = mem_alloc(rows, 1); // PART_TRAIN is 0
    if (part == NULL)
        return error_memory(error, "the split", rows);
    enum status status = dataset->kind == DATASET_IMAGES
                             ? split_images(dataset->images, kind, validation, test, seed, part, error)
                             : split_table(dataset->table, kind, validation, test, seed, part, error);
    if (status == STATUS_OK)
        *split = (struct split){.part = part, .rows = rows};
    else
        mem_free(part);
    return status;
}

void split_free(struct split *split) {
    mem_free(split->part);
    *split = (struct split){0};
}
