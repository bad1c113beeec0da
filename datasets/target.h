// The column to predict: classes or a number, and the class of every row. The split and the source ask
// the same questions here and get the same answers. target_clear frees what target_read filled.
#ifndef DATASETS_TARGET_H
#define DATASETS_TARGET_H

#include "core/train/source.h"
#include "datasets/table.h"

struct target {
    const struct column *column; // of the table asked about
    enum source_task task;
    char reason[192];   // why this task, one sentence
    int32_t *labels;    // classify: [rows], −1 where the target is missing
    char **class_names; // classify: [classes], sorted by code point, numbers by value
    size_t classes;
};

// task: "auto", "classify" or "regress". Auto: categories are classes; whole numbers are classes when
// there are two, or at most 20 within ±1000 that span at most 100, each at least 5 times on average, and
// do not look like years; other numbers are predicted as numbers. Without a target: STATUS_MISSING.
enum status target_read(const struct table *table, const char *task, struct target *target, struct error *error);
void target_clear(struct target *target);

#endif
