#include "datasets/csv_growing.h"

#include <string.h>

#include "core/base/mem.h"
#include "datasets/csv_input.h"
#include "datasets/input.h"

// Below, the file's beginning may still change what the whole is taken for (csv_sniff.c, csv_names.h).
enum { ROWS_LEAST = 500 };
#define BYTES_LEAST ((uint64_t)CSV_RAW)

struct csv_growing *csv_growing_make(void) {
    return mem_alloc(1, sizeof(struct csv_growing));
}

void csv_growing_free(struct csv_growing *growing) {
    if (growing != NULL)
        csv_growing_clear(growing);
    mem_free(growing);
}

void csv_growing_clear(struct csv_growing *growing) {
    table_free(growing->table);
    mem_free(growing->columns);
    notes_free(&growing->notes);
    *growing = (struct csv_growing){0};
}

// ---- what stays --------------------------------------------------------------------------------------

static bool can_go_on(const struct loading *loading) {
    const struct dataset *dataset = loading->dataset;
    const struct table *table = dataset->table;
    bool whole = !loading->stopped && loading->options->rows_most == 0;
    bool large =
        loading->end.bytes >= BYTES_LEAST && table->rows >= ROWS_LEAST && loading->width == table->column_count;
    bool good = true; // cells are in memory, and what follows can be read as these stand
    for (size_t i = 0; i < loading->width && large; i++)
        good = good && !loading->columns[i].stripped && table->columns[i]->file == NULL;
    return whole && large && good && loading->options->seen == NULL && loading->columns[loading->width - 1].not_empty;
}

static bool copy_notes(struct notes *to, const struct notes *from, size_t count) {
    struct error ignored;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = notes_add(to, from->items[i].line, from->items[i].column, &ignored, "%s", from->items[i].text);
    return status == STATUS_OK;
}

static bool copy_columns(struct csv_growing *growing, const struct loading *loading) {
    growing->columns = mem_alloc(loading->width, sizeof *growing->columns);
    for (size_t i = 0; growing->columns != NULL && i < loading->width; i++) {
        const struct csv_column *column = &loading->columns[i];
        growing->columns[i] = (struct csv_growing_column){.format = column->format,
                                                          .evidence = column->evidence,
                                                          .not_empty = column->not_empty,
                                                          .misfits = column->misfits,
                                                          .misfit_line = column->misfit_line};
    }
    return growing->columns != NULL;
}

void csv_growing_fill(struct csv_growing *growing, const struct loading *loading) {
    const struct dataset *dataset = loading->dataset;
    bool used = growing->used;
    struct error ignored;
    csv_growing_clear(growing);
    growing->used = used;
    if (!can_go_on(loading) || dataset->notes.dropped > 0)
        return;
    growing->end = loading->end;
    growing->dialect = dataset->dialect;
    growing->trailing = loading->trailing;
    growing->first_trailing = loading->first_trailing;
    bool made = table_share(dataset->table, &growing->table, &ignored) == STATUS_OK && copy_columns(growing, loading) &&
                copy_notes(&growing->notes, &dataset->notes, loading->row_notes);
    growing->filled = made;
    if (!made)
        csv_growing_clear(growing);
}

// ---- going on ----------------------------------------------------------------------------------------

// To be filled with the added cells; words are numbered as they have been.
static enum status begin_column(const struct csv_growing *growing, size_t index, struct csv_column *builder,
                                struct error *error) {
    const struct csv_growing_column *had = &growing->columns[index];
    const struct column *column = growing->table->columns[index];
    enum status status = csv_column_begin(builder, &had->format, error);
    builder->evidence = had->evidence;
    builder->not_empty = had->not_empty;
    builder->misfits = had->misfits;
    builder->misfit_line = had->misfit_line;
    for (size_t i = 0; i < column->word_count && status == STATUS_OK; i++) {
        uint32_t code;
        status = column_word(builder->maker.column, column->words[i], strlen(column->words[i]), &code, error);
    }
    return status;
}

enum status csv_growing_join(const struct csv_growing *growing, struct loading *loading, struct error *error) {
    for (size_t i = 0; i < loading->width; i++) {
        struct column_maker *maker = &loading->columns[i].maker;
        struct column *added = NULL, *whole = NULL;
        enum status status = column_maker_finish(maker, &added, error);
        if (status == STATUS_OK && added->file != NULL)
            status = STATUS_UNSUPPORTED; // memory is short
        if (status == STATUS_OK && (whole = column_extended(growing->table->columns[i], added, error)) == NULL)
            status = STATUS_MEMORY;
        column_release(added);
        if (status != STATUS_OK)
            return status;
        *maker = (struct column_maker){.column = whole, .capacity = whole->rows};
    }
    return STATUS_OK;
}

enum status csv_growing_read(const struct csv_growing *growing, struct loading *loading, struct error *error) {
    const struct table *table = growing->table;
    uint64_t end = input_end(loading->path);
    uint64_t bytes = growing->end.bytes;
    if (end == UINT64_MAX || end < bytes || (end - bytes) * 4 > bytes)
        return STATUS_UNSUPPORTED; // much was added: all of it by several threads is faster
    loading->dataset->dialect = growing->dialect;
    loading->rows = table->rows;
    loading->trailing = growing->trailing;
    loading->first_trailing = growing->first_trailing;
    enum status status = copy_notes(&loading->dataset->notes, &growing->notes, growing->notes.count)
                             ? table_make(0, loading->path, &loading->table, error)
                             : error_memory(error, "notes", growing->notes.count);
    for (size_t i = 0; i < table->line_count && status == STATUS_OK; i++)
        status = table_set_line(loading->table, (size_t)table->lines[i].row, table->lines[i].line, error);
    for (size_t i = 0; i < loading->width && status == STATUS_OK; i++)
        status = begin_column(growing, i, &loading->columns[i], error);
    return status == STATUS_OK ? csv_rows_read_on(loading, &growing->end, error) : status;
}
