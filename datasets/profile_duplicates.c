// Rows equal to an earlier one.
#include <string.h>

#include "core/base/mem.h"
#include "datasets/duplicates.h"
#include "datasets/profile_parts.h"

enum { COMPARED_MOST = 20000 };

struct row_context {
    const struct table *table;
    bool in_memory;
    _Atomic size_t compared; // where a comparison reads the file
};

static bool rows_equal(const void *context, size_t a, size_t b) {
    struct row_context *rows = (struct row_context *)(uintptr_t)context;
    // Beyond so many, equal hashes of 64 bits have to do: reading single cells of a file takes long.
    if (!rows->in_memory && atomic_fetch_add(&rows->compared, 1) >= COMPARED_MOST)
        return true;
    return table_rows_equal(rows->table, a, b);
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

static enum status warn_duplicates(const struct table *table, struct profile *profile, const uint32_t *earlier,
                                   struct error *error) {
    for (size_t row = 0; row < table->rows; row++)
        profile->duplicates += earlier[row] != 0;
    if (profile->duplicates == 0)
        return STATUS_OK;
    size_t first = 0;
    while (earlier[first] == 0)
        first++;
    char a[64], b[64];
    enum status status = profile_warn(
        profile, NULL, "duplicates", error, "%s%zu %s equal to an earlier one (line %s as line %s)",
        profile->duplicates_about ? "≈ " : "", profile->duplicates, profile->duplicates == 1 ? "row is" : "rows are",
        table_place(table, first, a), table_place(table, earlier[first] - 1, b));
    for (size_t row = first; row < profile->rows && status == STATUS_OK; row++) {
        if (earlier[row] != 0)
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
    uint32_t *earlier = mem_alloc(table->rows, sizeof *earlier);
    size_t blocks = (table->rows + COLUMN_BLOCK - 1) / COLUMN_BLOCK;
    struct hashing hashing = {table, hash, blocks < 64 ? blocks : 64, task};
    struct row_context rows = {.table = table, .in_memory = lies_in_memory(table)};
    enum status status = STATUS_OK;
    if (hash == NULL || earlier == NULL)
        status = error_memory(error, "finding duplicates", table->rows * 12);
    if (status == STATUS_OK && blocks > 0)
        status = profile_parallel(hashing.runs, table->rows * table->column_count, hash_run, &hashing, error);
    if (status == STATUS_OK)
        status = duplicates_of_items(hash, table->rows, NULL, rows_equal, &rows, earlier, task, error);
    profile->duplicates_about = rows.compared > COMPARED_MOST;
    if (status == STATUS_OK)
        status = warn_duplicates(table, profile, earlier, error);
    mem_free(earlier);
    mem_free(hash);
    return status;
}
