// Isolation forest (Liu, Ting and Zhou, 2008 and 2012): every tree cuts a sample of rows at random until each stands
// alone; rows that are cut off early are unlike the others. score = 2^(−E[h]/c(sample)), where h is the number of cuts
// on a row's way down plus c(n) for the n rows of the sample that share its leaf, and c(n) = 2(ln(n−1) + γ) − 2(n−1)/n
// is the mean way of a failed search in a binary tree of n keys, c(2) = 1, c(1) = 0. Any thread.
#ifndef DATASETS_STEPS_FOREST_H
#define DATASETS_STEPS_FOREST_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/base/task.h"

struct forest_node {
    double split;    // at most this: the left child, which is the next node; else the right one. Leaf: c(size)
    uint32_t column; // that is compared
    uint32_t right;  // the right child; 0: a leaf
    uint32_t size;   // leaf: rows of the sample that are here
};
struct forest_tree {
    struct forest_node *nodes;
    size_t count;
};
struct forest {
    struct forest_tree *trees;
    size_t tree_count, columns, sample;
};

double forest_way(size_t rows); // c(n)
// Trees from samples[trees][sample][columns], finite numbers, which are put in another order. `forest` is {0} before.
// Cuts are drawn from the stream of `seed` and the tree's number: the same forest whatever the threads.
enum status forest_grow(struct forest *forest, double *samples, size_t trees, size_t sample, size_t columns,
                        uint64_t seed, struct task *task, struct error *error);
// Of rows[count][columns], numbers that may be infinite: above 0.5 the more a row is an outlier, at most 1.
void forest_score(const struct forest *forest, const double *rows, size_t count, double *scores);
void forest_free(struct forest *forest);
// "trees": one text each, nodes in their order: "COLUMN SPLIT" or ". SIZE". Loads the same bits that were saved.
enum status forest_save(const struct forest *forest, cJSON *object, struct error *error);
enum status forest_load(struct forest *forest, const cJSON *object, size_t columns, struct error *error);

#endif
