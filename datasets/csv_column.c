#include "datasets/csv_column.h"

#include <string.h>

#include "core/base/mem.h"
#include "datasets/cells_file.h"

// A word column is a category when it has few distinct words, in all or for its length.
enum { CATEGORY_ALWAYS = 20, CATEGORY_MOST = 1000, CATEGORY_REPEATS = 8 };
enum { FIRST_ROWS = 1024 };

enum status csv_column_begin(struct csv_column *builder, const struct cell_format *format, struct error *error) {
    builder->format = *format;
    builder->rows = 0;
    builder->misfits = 0;
    if (!builder->settled)
        cell_evidence_begin(&builder->evidence);
    builder->column = column_make(builder->name, format->type, FIRST_ROWS, error);
    return builder->column == NULL ? STATUS_MEMORY : STATUS_OK;
}

void csv_column_drop(struct csv_column *builder) {
    column_release(builder->column);
    builder->column = NULL;
}

void csv_column_clear(struct csv_column *builder) {
    csv_column_drop(builder);
    missing_tokens_free(&builder->own);
    mem_free(builder->name);
    builder->name = NULL;
}

// ---- room -----------------------------------------------------------------------------------------

static bool resize(void *array_pointer, size_t rows, size_t size) {
    void *array;
    memcpy(&array, array_pointer, sizeof array);
    array = array == NULL ? NULL : mem_resize(array, rows, size);
    if (array != NULL)
        memcpy(array_pointer, &array, sizeof array);
    return array != NULL;
}

static enum status set_room(struct column *column, size_t rows, struct error *error) {
    bool fits = column->values != NULL ? resize(&column->values, rows + 1, sizeof *column->values)
                                       : resize(&column->codes, rows + 1, sizeof *column->codes);
    size_t words = rows / 64 + 1, before = column->rows / 64 + 1;
    if (fits && column->missing != NULL)
        fits = resize(&column->missing, words, sizeof *column->missing);
    if (!fits)
        return error_memory(error, column->name, rows * sizeof *column->values);
    if (column->missing != NULL && words > before)
        memset(column->missing + before, 0, (words - before) * sizeof *column->missing);
    column->rows = rows;
    size_t bytes = rows * (column->values != NULL ? sizeof *column->values : sizeof *column->codes);
    cells_count((ptrdiff_t)bytes - (ptrdiff_t)column->counted);
    column->counted = bytes;
    return STATUS_OK;
}

// ---- cells ----------------------------------------------------------------------------------------

static enum status store_cell(struct csv_column *builder, const struct csv_cell *cell, uint64_t line,
                              struct error *error) {
    struct column *column = builder->column;
    double *value = &column->values[builder->rows];
    if (builder->settled ? cell_read(&builder->format, cell->text, cell->length, value)
                         : cell_take_any(&builder->format, &builder->evidence, cell->text, cell->length, line, value))
        return STATUS_OK;
    if (builder->misfits++ == 0)
        builder->misfit_line = line;
    return column_set_missing(column, builder->rows, error);
}

static enum status take_cell(struct csv_column *builder, const struct csv_cell *cell, uint64_t line,
                             struct error *error) {
    struct column *column = builder->column;
    if (column != NULL && builder->format.type != COLUMN_TEXT)
        return store_cell(builder, cell, line, error);
    if (!builder->settled)
        cell_evidence_add(&builder->evidence, cell->text, cell->length, line);
    return column == NULL ? STATUS_OK
                          : column_word(column, cell->text, cell->length, &column->codes[builder->rows], error);
}

enum status csv_column_add(struct csv_column *builder, const struct missing_tokens *tokens, const struct csv_cell *cell,
                           uint64_t line, struct error *error) {
    struct column *column = builder->column;
    enum status status = STATUS_OK;
    if (column != NULL && builder->rows == column->rows)
        status = set_room(column, 2 * column->rows, error);
    if (status != STATUS_OK)
        return status;
    builder->not_empty = builder->not_empty || cell->length > 0;
    if (cell_missing_fast(builder->own.items != NULL ? &builder->own : tokens, cell->text, cell->length)) {
        if (column != NULL)
            status = column_set_missing(column, builder->rows, error);
    } else {
        status = take_cell(builder, cell, line, error);
    }
    builder->rows++;
    return status;
}

enum status csv_columns_decide(const struct csv_column *columns, size_t count, const struct cell_hints *hints,
                               struct cell_format *formats, struct error *error) {
    struct cell_evidence *evidence = mem_alloc(count, sizeof *evidence);
    if (evidence == NULL)
        return error_memory(error, "what the columns show", count * sizeof *evidence);
    for (size_t i = 0; i < count; i++)
        evidence[i] = columns[i].evidence;
    cell_formats_decide(evidence, count, hints, formats);
    for (size_t i = 0; i < count; i++)
        if (columns[i].forced)
            formats[i] = cell_format_force(&evidence[i], hints, columns[i].forced_type, columns[i].amount);
    mem_free(evidence);
    return STATUS_OK;
}

// ---- the end --------------------------------------------------------------------------------------

static enum column_type word_type(const struct csv_column *builder) {
    const struct column *column = builder->column;
    if (builder->forced)
        return builder->forced_type;
    size_t words = column->word_count, cells = column->rows - column->missing_count;
    bool few = words <= CATEGORY_ALWAYS || (words <= CATEGORY_MOST && words * CATEGORY_REPEATS <= cells);
    return few ? COLUMN_CATEGORY : COLUMN_TEXT;
}

// A blank before every word comes from a delimiter written as ", ". Words stay distinct without it.
static enum status strip_blank(struct column *column, struct notes *notes, struct error *error) {
    for (size_t i = 0; i < column->word_count; i++)
        if (column->words[i][0] != ' ')
            return STATUS_OK;
    for (size_t i = 0; i < column->word_count; i++)
        column->words[i]++;
    if (column->word_count == 0)
        return STATUS_OK;
    return notes_add(notes, 0, column->name, error, "every cell begins with a blank; it was taken off");
}

static enum status note_values(const struct csv_column *builder, struct notes *notes, struct error *error) {
    const struct column *column = builder->column;
    if (builder->misfits > 0)
        return notes_add(notes, builder->misfit_line, builder->name, error,
                         "%llu %s no %s as asked; read as missing, the first on this line",
                         (unsigned long long)builder->misfits, builder->misfits == 1 ? "cell is" : "cells are",
                         column->type == COLUMN_DATE ? "date" : "number");
    if (column->missing_count == column->rows && column->rows > 0)
        return notes_add(notes, 0, builder->name, error, "the column has no value at all");
    return STATUS_OK;
}

enum status csv_column_finish(struct csv_column *builder, struct column **result, struct notes *notes,
                              struct error *error) {
    struct column *column = builder->column;
    enum status status = set_room(column, builder->rows, error);
    if (status != STATUS_OK)
        return status;
    column_seal(column);
    if (builder->format.type == COLUMN_TEXT) {
        column->type = word_type(builder);
        status = strip_blank(column, notes, error);
    } else {
        column->type = builder->format.type;
        column->integer = builder->format.integer;
        status = note_values(builder, notes, error);
    }
    if (status == STATUS_OK && !(builder->forced && builder->format.type == COLUMN_TEXT))
        status = cell_format_note(&builder->evidence, &builder->format, builder->name, notes, error);
    if (status != STATUS_OK)
        return status;
    *result = column;
    builder->column = NULL;
    return STATUS_OK;
}
