// Items that equal an earlier one: rows of a table, pictures. Any thread.
#ifndef DATASETS_DUPLICATES_H
#define DATASETS_DUPLICATES_H

#include <stdint.h>

#include "core/base/task.h"
#include "datasets/table.h"

// Of items with these hashes (equal items have equal hashes): first[count], 0 for one that is kept, else 1 + the kept
// item that it equals. Items marked in `before` (1; NULL: all) are looked at first and only with each other, then the
// rest with all that was kept; both in their order. equal(context, i, j) compares items of one hash, on any thread;
// NULL: the hash has to do.
enum status duplicates_of_items(const uint64_t *hash, size_t count, const uint8_t *before,
                                bool (*equal)(const void *context, size_t i, size_t j), const void *context,
                                uint32_t *first, struct task *task, struct error *error);
// The same of rows: hash as of table_row_hashes; cells are compared column by column. In memory for each column: 8
// bytes a row.
enum status duplicates_of_rows(const struct table *table, const uint64_t *hash, const uint8_t *before, uint32_t *first,
                               struct task *task, struct error *error);

#endif
