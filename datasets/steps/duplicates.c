#include "datasets/steps/duplicates.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/steps/series.h"

// Open addressing over the rows kept so far; at most half full.
struct seen {
    const struct table *table;
    const uint64_t *hash;
    bool exact;      // compare cells at once; else by the hash alone
    uint32_t *slots; // row + 1; 0 = free
    size_t mask;
};

static bool same(const struct seen *seen, size_t a, size_t b) {
    return seen->hash[a] == seen->hash[b] && (!seen->exact || table_rows_equal(seen->table, a, b));
}

static enum status pass(struct seen *seen, const uint8_t *before, uint8_t which, uint32_t *first, struct task *task,
                        struct error *error) {
    enum status status = STATUS_OK;
    for (size_t row = 0; row < seen->table->rows && status == STATUS_OK; row++) {
        if (row % COLUMN_BLOCK == 0)
            status = task_step(task, 0, error);
        if ((before == NULL ? 1 : before[row]) != which)
            continue;
        size_t at = (size_t)seen->hash[row] & seen->mask;
        while (seen->slots[at] != 0 && !same(seen, seen->slots[at] - 1, row))
            at = (at + 1) & seen->mask;
        first[row] = seen->slots[at];
        if (seen->slots[at] == 0)
            seen->slots[at] = (uint32_t)row + 1;
    }
    return status;
}

static enum status find(const struct table *table, const uint64_t *hash, bool exact, const uint8_t *before,
                        uint32_t *first, struct task *task, struct error *error) {
    struct seen seen = {.table = table, .hash = hash, .exact = exact, .mask = 15};
    while (seen.mask + 1 < table->rows * 2)
        seen.mask = seen.mask * 2 + 1;
    seen.slots = mem_alloc(seen.mask + 1, sizeof *seen.slots);
    if (seen.slots == NULL)
        return error_memory(error, "the search for duplicates", (seen.mask + 1) * sizeof *seen.slots);
    enum status status = pass(&seen, before, 1, first, task, error);
    if (status == STATUS_OK && before != NULL)
        status = pass(&seen, before, 0, first, task, error);
    mem_free(seen.slots);
    return status;
}

// Whether the cells of one column are those of the rows they are said to equal.
static enum status agree(const struct column *column, const uint32_t *first, bool *agrees, struct error *error) {
    double *values = NULL;
    enum status status = series_read(column, &values, error);
    for (size_t row = 0; row < column->rows && status == STATUS_OK && *agrees; row++) {
        if (first[row] == 0)
            continue;
        double a = values[row], b = values[first[row] - 1];
        *agrees = a == b || (isnan(a) && isnan(b));
    }
    mem_free(values);
    return status;
}

enum status duplicates_find(const struct table *table, const uint64_t *hash, const uint8_t *before, uint32_t *first,
                            struct task *task, struct error *error) {
    bool agrees = true, any = false;
    enum status status = find(table, hash, false, before, first, task, error);
    for (size_t row = 0; row < table->rows && !any; row++)
        any = first[row] != 0;
    for (size_t i = 0; i < table->column_count && any && agrees && status == STATUS_OK; i++) {
        status = task_step(task, 0, error);
        if (status == STATUS_OK)
            status = agree(table->columns[i], first, &agrees, error);
    }
    // Different rows with one hash do not happen by chance: only then every cell is compared on the way.
    return status != STATUS_OK || agrees ? status : find(table, hash, true, before, first, task, error);
}
