#include "datasets/profile.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/profile_parts.h"

// ---- duplicates -----------------------------------------------------------------------------------

enum status find_duplicates(const uint64_t *hash, size_t count, bool (*equal)(const void *, size_t, size_t),
                            const void *context, uint8_t *duplicate, struct task *task, struct error *error) {
    size_t capacity = 64;
    while (capacity < 2 * count)
        capacity *= 2;
    uint32_t *slots = mem_alloc(capacity, sizeof *slots); // row + 1
    if (slots == NULL)
        return error_memory(error, "finding duplicates", capacity * sizeof *slots);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        size_t at = hash[i] & (capacity - 1);
        while (slots[at] != 0 && (hash[slots[at] - 1] != hash[i] || !equal(context, slots[at] - 1, i)))
            at = (at + 1) & (capacity - 1);
        duplicate[i] = slots[at] != 0;
        if (slots[at] == 0)
            slots[at] = (uint32_t)i + 1;
        if (i % 4096 == 4095)
            status = task_step(task, 4096, error);
    }
    mem_free(slots);
    return status;
}

static bool rows_equal(const void *table, size_t a, size_t b) {
    return table_rows_equal(table, a, b);
}

static enum status warn_duplicates(struct profile *profile, const uint8_t *duplicate, struct error *error) {
    if (profile->duplicates == 0)
        return STATUS_OK;
    enum status status = profile_warn(profile, NULL, "duplicates", error, "%zu %s equal to an earlier one",
                                      profile->duplicates, profile->duplicates == 1 ? "row is" : "rows are");
    for (size_t row = 0; row < profile->rows && status == STATUS_OK; row++)
        if (duplicate[row])
            status = profile_warn_row(profile, (uint32_t)row, error);
    return status;
}

static enum status profile_duplicates(const struct table *table, struct profile *profile, struct task *task,
                                      struct error *error) {
    uint64_t *hash = mem_alloc(table->rows, sizeof *hash);
    uint8_t *duplicate = mem_alloc(table->rows, 1);
    enum status status = STATUS_OK;
    if (hash == NULL || duplicate == NULL)
        status = error_memory(error, "finding duplicates", table->rows * sizeof *hash);
    for (size_t row = 0; row < table->rows && status == STATUS_OK; row++) {
        hash[row] = table_row_hash(table, row);
        if (row % 4096 == 4095)
            status = task_step(task, 4096, error);
    }
    if (status == STATUS_OK)
        status = find_duplicates(hash, table->rows, rows_equal, table, duplicate, task, error);
    for (size_t row = 0; row < table->rows && status == STATUS_OK; row++)
        profile->duplicates += duplicate[row];
    if (status == STATUS_OK)
        status = warn_duplicates(profile, duplicate, error);
    mem_free(duplicate);
    mem_free(hash);
    return status;
}

// ---- tables ---------------------------------------------------------------------------------------

static enum status profile_one(const struct table *table, struct profile *profile, size_t index, struct task *task,
                               struct error *error) {
    double *sorted = NULL;
    size_t count = 0;
    struct column_profile *out = &profile->columns[index];
    enum status status = profile_figures(table->columns[index], out, &sorted, &count, task, error);
    if (status == STATUS_OK) {
        profile->column_count++;
        profile->missing_cells += out->missing;
        status = profile_warn_column(profile, out, sorted, count, error);
    }
    mem_free(sorted);
    return status != STATUS_OK ? status : task_step(task, table->rows, error);
}

static enum status profile_table(const struct table *table, struct profile *profile, struct task *task,
                                 struct error *error) {
    task_begin(task, "Profiling", "rows", table->rows * (table->column_count + 2));
    profile->rows = table->rows;
    profile->columns = mem_alloc(table->column_count, sizeof *profile->columns);
    if (profile->columns == NULL)
        return error_memory(error, "a profile", table->column_count * sizeof *profile->columns);
    enum status status = profile_duplicates(table, profile, task, error);
    for (size_t i = 0; i < table->column_count && status == STATUS_OK; i++)
        status = profile_one(table, profile, i, task, error);
    if (status == STATUS_OK && table->target >= 0)
        status = profile_warn_target(profile, table->columns[table->target], error);
    return status;
}

enum status profile_make(const struct dataset *dataset, struct profile **profile, struct task *task,
                         struct error *error) {
    struct profile *made = mem_alloc(1, sizeof *made);
    if (made == NULL)
        return error_memory(error, "a profile", sizeof *made);
    enum status status = dataset->kind == DATASET_TABLE ? profile_table(dataset->table, made, task, error)
                                                        : profile_images(dataset->images, made, task, error);
    if (status != STATUS_OK) {
        profile_free(made);
        return status;
    }
    *profile = made;
    return STATUS_OK;
}

void profile_free(struct profile *profile) {
    if (profile == NULL)
        return;
    for (size_t i = 0; i < profile->column_count; i++)
        column_profile_clear(&profile->columns[i]);
    for (size_t i = 0; i < profile->warning_count; i++) {
        mem_free(profile->warnings[i].column);
        mem_free(profile->warnings[i].kind);
        mem_free(profile->warnings[i].message);
        mem_free(profile->warnings[i].rows);
    }
    if (profile->images != NULL)
        mem_free(profile->images->class_counts);
    mem_free(profile->images);
    mem_free(profile->warnings);
    mem_free(profile->columns);
    mem_free(profile);
}

// ---- warnings -------------------------------------------------------------------------------------

enum status profile_warn(struct profile *profile, const char *column, const char *kind, struct error *error,
                         const char *format, ...) {
    char message[512];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    struct warning *grown = mem_resize(profile->warnings, profile->warning_count + 1, sizeof *grown);
    if (grown == NULL)
        return error_memory(error, "a warning", (profile->warning_count + 1) * sizeof *grown);
    profile->warnings = grown;
    struct warning *warning = &grown[profile->warning_count++];
    *warning = (struct warning){
        .column = column == NULL ? NULL : mem_string(column), .kind = mem_string(kind), .message = mem_string(message)};
    if ((column != NULL && warning->column == NULL) || warning->kind == NULL || warning->message == NULL)
        return error_memory(error, "a warning", sizeof message);
    return STATUS_OK;
}

enum status profile_warn_row(struct profile *profile, uint32_t row, struct error *error) {
    assert(profile->warning_count > 0);
    struct warning *warning = &profile->warnings[profile->warning_count - 1];
    if (warning->row_count >= WARNING_ROWS_MOST)
        return STATUS_OK;
    if ((warning->row_count & (warning->row_count - 1)) == 0) { // room doubles at every power of two
        size_t room = warning->row_count == 0 ? 1 : 2 * warning->row_count;
        uint32_t *rows = mem_resize(warning->rows, room, sizeof *rows);
        if (rows == NULL)
            return error_memory(error, "rows of a warning", room * sizeof *rows);
        warning->rows = rows;
    }
    warning->rows[warning->row_count++] = row;
    return STATUS_OK;
}
