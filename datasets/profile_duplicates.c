// Rows (or pictures) equal to an earlier one. Their hashes are dealt into parts by their first bits, so that the table
// of a part fits the processor's cache and parts are looked through on all cores; equal hashes are compared.
#include <string.h>

#include "core/base/mem.h"
#include "datasets/profile_parts.h"

enum { PARTS_MOST = 1024, PART_ITEMS = 1 << 14, COMPARED_MOST = 20000, SLICE_BYTES_LEAST = 16 << 20 };

struct search {
    const uint64_t *hash; // of each item
    size_t count;
    bool (*equal)(const void *, size_t, size_t);
    const void *context;
    uint8_t *duplicate;
    uint32_t *earlier; // or NULL
    struct task *task;
    int bits;        // first ones of a hash: its part
    uint32_t *items; // [count] by part, ascending within
    size_t starts[PARTS_MOST + 1];
};

static enum status deal(struct search *search, struct error *error) {
    size_t parts = 1, sum = 0, at[PARTS_MOST];
    while (parts < PARTS_MOST && search->count / parts > PART_ITEMS) {
        parts *= 2;
        search->bits++;
    }
    search->items = mem_alloc(search->count, sizeof *search->items);
    if (search->items == NULL)
        return error_memory(error, "finding duplicates", search->count * sizeof *search->items);
    for (size_t i = 0; i < search->count && parts > 1; i++)
        search->starts[search->hash[i] >> (64 - search->bits)]++;
    for (size_t part = 0; part < parts && parts > 1; part++) {
        size_t here = search->starts[part];
        search->starts[part] = at[part] = sum;
        sum += here;
    }
    search->starts[parts] = search->count;
    for (size_t i = 0; i < search->count; i++)
        search->items[parts > 1 ? at[search->hash[i] >> (64 - search->bits)]++ : i] = (uint32_t)i;
    return task_step(search->task, 0, error);
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
        while (slots[at] != 0 &&
               (search->hash[slots[at] - 1] != search->hash[i] || !search->equal(search->context, slots[at] - 1, i)))
            at = (at + 1) & (capacity - 1);
        search->duplicate[i] = slots[at] != 0;
        if (search->earlier != NULL)
            search->earlier[i] = slots[at];
        if (slots[at] == 0)
            slots[at] = (uint32_t)i + 1;
        if ((k - begin) % 4096 == 4095)
            status = task_step(search->task, 4096, error);
    }
    mem_free(slots);
    return status;
}

enum status find_duplicates(const uint64_t *hash, size_t count, bool (*equal)(const void *, size_t, size_t),
                            const void *context, uint8_t *duplicate, uint32_t *earlier, struct task *task,
                            struct error *error) {
    struct search *search = mem_alloc(1, sizeof *search);
    if (search == NULL)
        return error_memory(error, "finding duplicates", sizeof *search);
    *search = (struct search){.hash = hash,
                              .count = count,
                              .equal = equal,
                              .context = context,
                              .duplicate = duplicate,
                              .earlier = earlier,
                              .task = task};
    enum status status = deal(search, error);
    if (status == STATUS_OK)
        status = profile_parallel((size_t)1 << search->bits, count, search_part, search, error);
    mem_free(search->items);
    mem_free(search);
    return status;
}

// ---- rows of a table ------------------------------------------------------------------------------------

struct row_context {
    const struct table *table;
    const uint32_t *rows; // of the items, or NULL: item i is row i
    bool in_memory;
    _Atomic size_t compared; // where a comparison reads the file
};

static bool rows_equal(const void *context, size_t a, size_t b) {
    struct row_context *rows = (struct row_context *)(uintptr_t)context;
    // Beyond so many, equal hashes of 64 bits have to do: reading single cells of a file takes long.
    if (!rows->in_memory && atomic_fetch_add(&rows->compared, 1) >= COMPARED_MOST)
        return true;
    return table_rows_equal(rows->table, rows->rows == NULL ? a : rows->rows[a],
                            rows->rows == NULL ? b : rows->rows[b]);
}

struct hashing {
    const struct table *table;
    uint64_t *hash;
    size_t runs; // of blocks
    struct task *task;
};

static enum status hash_run(void *context, size_t run, struct error *error) {
    struct hashing *hashing = context;
    size_t blocks = (hashing->table->rows + COLUMN_BLOCK - 1) / COLUMN_BLOCK;
    size_t first = blocks * run / hashing->runs, end = blocks * (run + 1) / hashing->runs;
    enum status status = table_block_hashes(hashing->table, first, end, hashing->hash, error);
    size_t rows = (end - first) * COLUMN_BLOCK;
    return status != STATUS_OK ? status : task_step(hashing->task, rows, error);
}

static enum status warn_duplicates(const struct table *table, struct profile *profile, const uint8_t *duplicate,
                                   const uint32_t *earlier, struct error *error) {
    for (size_t row = 0; row < table->rows; row++)
        profile->duplicates += duplicate[row];
    if (profile->duplicates == 0)
        return STATUS_OK;
    size_t first = 0;
    while (!duplicate[first])
        first++;
    char a[64], b[64];
    enum status status = profile_warn(
        profile, NULL, "duplicates", error, "%s%zu %s equal to an earlier one (line %s as line %s)",
        profile->duplicates_about ? "≈ " : "", profile->duplicates, profile->duplicates == 1 ? "row is" : "rows are",
        table_place(table, first, a), table_place(table, earlier[first] - 1, b));
    for (size_t row = first; row < profile->rows && status == STATUS_OK; row++) {
        if (duplicate[row])
            status = profile_warn_row(profile, (uint32_t)row, error);
        if (profile->warnings[profile->warning_count - 1].row_count == WARNING_ROWS_MOST)
            break;
    }
    return status;
}

static bool lies_in_memory(const struct table *table) {
    for (size_t i = 0; i < table->column_count; i++)
        if (table->columns[i]->file != NULL || table->columns[i]->formula != NULL)
            return false;
    return true;
}

enum status profile_duplicates(const struct table *table, struct profile *profile, struct task *task,
                               struct error *error) {
    uint64_t *hash = mem_alloc(table->rows, sizeof *hash);
    uint8_t *duplicate = mem_alloc(table->rows, 1);
    uint32_t *earlier = mem_alloc(table->rows, sizeof *earlier);
    size_t blocks = (table->rows + COLUMN_BLOCK - 1) / COLUMN_BLOCK;
    struct hashing hashing = {table, hash, blocks < 64 ? blocks : 64, task};
    struct row_context rows = {.table = table, .in_memory = lies_in_memory(table)};
    enum status status = STATUS_OK;
    if (hash == NULL || duplicate == NULL || earlier == NULL)
        status = error_memory(error, "finding duplicates", table->rows * 13);
    if (status == STATUS_OK && blocks > 0)
        status = profile_parallel(hashing.runs, table->rows * table->column_count, hash_run, &hashing, error);
    if (status == STATUS_OK)
        status = find_duplicates(hash, table->rows, rows_equal, &rows, duplicate, earlier, task, error);
    profile->duplicates_about = rows.compared > COMPARED_MOST;
    if (status == STATUS_OK)
        status = warn_duplicates(table, profile, duplicate, earlier, error);
    mem_free(earlier);
    mem_free(duplicate);
    mem_free(hash);
    return status;
}
