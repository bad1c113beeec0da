// Which rows of a table equal an earlier one. Any thread.
#ifndef DATASETS_STEPS_DUPLICATES_H
#define DATASETS_STEPS_DUPLICATES_H

#include <stdint.h>

#include "core/base/task.h"
#include "datasets/table.h"

// first[rows]: 0 for a row that is kept, else 1 + the kept row that it equals. Rows marked in `before` (1; NULL: all)
// are looked at first and only with each other, then the rest with all that was kept; both in the order of the table.
// `hash` must be equal for equal rows (table_row_hashes); cells are compared all the same, column by column.
enum status duplicates_find(const struct table *table, const uint64_t *hash, const uint8_t *before, uint32_t *first,
                            struct task *task, struct error *error);

#endif
