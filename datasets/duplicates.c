// Hashes are dealt into parts by their first bits, so that the table of a part fits the processor's cache and parts are
// looked through on all cores.
#include "datasets/duplicates.h"

#include <math.h>
#include <string.h>

#include "core/base/crew.h"
#include "core/base/mem.h"
#include "datasets/steps/series.h"

enum { PARTS_MOST = 1024, PART_ITEMS = 1 << 14, SEVERAL_THREADS = 100000 };

struct search {
    const uint64_t *hash; // of each item
    size_t count;
    const uint8_t *before;
    bool (*equal)(const void *, size_t, size_t);
    const void *context;
    uint32_t *first;
    struct task *task;
    int bits;        // first ones of a hash: its part
    uint32_t *items; // [count] by part, in the order in which they are looked at
    size_t starts[PARTS_MOST + 1];
};

static size_t part_of(const struct search *search, size_t item) {
    return search->bits == 0 ? 0 : search->hash[item] >> (64 - search->bits);
}

static enum status deal(struct search *search, struct error *error) {
    size_t parts = 1, sum = 0, at[PARTS_MOST];
    while (parts < PARTS_MOST && search->count / parts > PART_ITEMS) {
        parts *= 2;
        search->bits++;
    }
    search->items = mem_alloc(search->count, sizeof *search->items);
    if (search->items == NULL)
        return error_memory(error, "finding duplicates", search->count * sizeof *search->items);
    for (size_t i = 0; i < search->count; i++)
        search->starts[part_of(search, i)]++;
    for (size_t part = 0; part < parts; part++) {
        size_t here = search->starts[part];
        search->starts[part] = at[part] = sum;
        sum += here;
    }
    search->starts[parts] = search->count;
    for (int later = 0; later < (search->before == NULL ? 1 : 2); later++)
        for (size_t i = 0; i < search->count; i++)
            if (search->before == NULL || (search->before[i] == 0) == later)
                search->items[at[part_of(search, i)]++] = (uint32_t)i;
    return task_step(search->task, 0, error);
}

static bool same(const struct search *search, size_t i, size_t j) {
    return search->hash[i] == search->hash[j] && (search->equal == NULL || search->equal(search->context, i, j));
}

static enum status search_part(void *context, size_t part, struct error *error) {
    struct search *search = context;
    size_t begin = search->starts[part], end = search->starts[part + 1], capacity = 64;
    while (capacity < 2 * (end - begin))
        capacity *= 2;
    uint32_t *slots = mem_alloc(capacity, sizeof *slots); // item + 1
    if (slots == NULL)
        return error_memory(error, "finding duplicates", capacity * sizeof *slots);
    enum status status = STATUS_OK;
    for (size_t k = begin; k < end && status == STATUS_OK; k++) {
        size_t i = search->items[k], at = search->hash[i] & (capacity - 1);
        while (slots[at] != 0 && !same(search, slots[at] - 1, i))
            at = (at + 1) & (capacity - 1);
        search->first[i] = slots[at];
        if (slots[at] == 0)
            slots[at] = (uint32_t)i + 1;
        if ((k - begin) % 4096 == 4095)
            status = task_step(search->task, 4096, error);
    }
    mem_free(slots);
    return status;
}

enum status duplicates_of_items(const uint64_t *hash, size_t count, const uint8_t *before,
                                bool (*equal)(const void *, size_t, size_t), const void *context, uint32_t *first,
                                struct task *task, struct error *error) {
    struct search *search = mem_alloc(1, sizeof *search);
    if (search == NULL)
        return error_memory(error, "finding duplicates", sizeof *search);
    *search = (struct search){.hash = hash,
                              .count = count,
                              .before = before,
                              .equal = equal,
                              .context = context,
                              .first = first,
                              .task = task};
    enum status status = deal(search, error);
    if (status == STATUS_OK)
        status = crew_run((size_t)1 << search->bits, count < SEVERAL_THREADS ? 1 : 0, search_part, search, task, error);
    mem_free(search->items);
    mem_free(search);
    return status;
}

// ---- rows of a table ------------------------------------------------------------------------------------

static bool rows_equal(const void *table, size_t a, size_t b) {
    return table_rows_equal(table, a, b);
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

enum status duplicates_of_rows(const struct table *table, const uint64_t *hash, const uint8_t *before, uint32_t *first,
                               struct task *task, struct error *error) {
    bool agrees = true, any = false;
    enum status status = duplicates_of_items(hash, table->rows, before, NULL, NULL, first, task, error);
    for (size_t row = 0; row < table->rows && !any; row++)
        any = first[row] != 0;
    for (size_t i = 0; i < table->column_count && any && agrees && status == STATUS_OK; i++) {
        status = task_step(task, 0, error);
        if (status == STATUS_OK)
            status = agree(table->columns[i], first, &agrees, error);
    }
    if (status != STATUS_OK || agrees)
        return status;
    // Different rows with one hash do not happen by chance: only then every cell is compared on the way.
    return duplicates_of_items(hash, table->rows, before, rows_equal, table, first, task, error);
}
