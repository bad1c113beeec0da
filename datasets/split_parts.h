// The inside of the split, shared by datasets/split*.c and nobody else.
#ifndef DATASETS_SPLIT_PARTS_H
#define DATASETS_SPLIT_PARTS_H

#include "core/base/rng.h"
#include "datasets/split.h"

// The rows that are split, and the class of each where classes matter. split_pool_free releases it.
struct split_pool {
    uint32_t *rows;   // [count] of the data as read, ascending
    int32_t *classes; // [count], 0 … class_count - 1
    size_t count, class_count;
    const char *target; // name for sentences
    char **class_names; // [class_count] borrowed
};
enum status split_pool_make(struct split_pool *pool, size_t most, struct error *error);
void split_pool_free(struct split_pool *pool);

// One split in the making.
struct split_plan {
    const struct split_settings *settings;
    struct split *split;
    const struct table *table; // NULL: images
    struct split_pool *pool;
    struct task *task;
    size_t sizes[PART_COUNT]; // rows that the shares ask for; with folds TRAIN holds all that is not for test
};
static inline bool split_has_folds(const struct split_plan *plan) {
    return plan->settings->folds > 1;
}
// Streams of random numbers of one seed: stratified uses the class, random 0.
#define SPLIT_STREAM_GROUPS ((uint64_t)1 << 32)

// split_pool.c
enum status split_random(struct split_plan *plan, bool shuffle, struct error *error);
// strict: a class with one row is refused; else it trains, or lies in some fold.
enum status split_stratified(struct split_plan *plan, bool strict, struct error *error);
// Rows of fold `fold` (from 0) when `rows` are cut into `folds` of nearly the same size.
size_t split_fold_rows(size_t rows, size_t folds, size_t fold);

// split_group.c
enum status split_group(struct split_plan *plan, struct error *error);
// Which of sizes[count] (in this order, each above 0) to take so that their sum is as near to `target` as can
// be, at least 1, and `left` of them are not taken: chosen[i] = 1. Ties: the smaller sum.
enum status split_choose(const size_t *sizes, size_t count, size_t target, size_t left, uint8_t *chosen,
                         struct error *error);

// split_groups.c: the group of every row of a column
struct split_groups {
    uint32_t *of;   // [rows of the table]
    size_t count;   // groups; numbered in order of first appearance
    size_t missing; // rows without a value, which are one group
};
enum status split_groups_read(const struct column *column, struct split_groups *groups, struct task *task,
                              struct error *error);
void split_groups_free(struct split_groups *groups);

// Groups that have rows of the pool, in random order. split_deal_free releases it.
struct split_deal {
    struct split_groups groups;
    size_t *sizes;   // [groups.count] rows of the pool
    uint32_t *order; // [count]
    size_t count;
    uint8_t *part; // [groups.count]
};
enum status split_deal_make(const struct split_plan *plan, struct split_deal *deal, struct error *error);
void split_deal_out(const struct split_plan *plan, const struct split_deal *deal); // into the parts of all rows
void split_deal_free(struct split_deal *deal);

// split_group_classes.c
enum status split_stratified_group(struct split_plan *plan, struct error *error);

// split_column.c
enum status split_moments(const struct column *column, double *moments, struct error *error); // [rows]; NaN: none
enum status split_time(struct split_plan *plan, const struct column *column, struct error *error);
// Fills the parts of all rows from what the column says.
enum status split_by_column(struct split_plan *plan, const struct column *column, struct error *error);

#endif
