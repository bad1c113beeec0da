#include "datasets/csv_column.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"

// A word column is a category when it has few distinct words, in all or for its length.
enum { CATEGORY_ALWAYS = 20, CATEGORY_MOST = 1000, CATEGORY_REPEATS = 8 };
enum { FIRST_ROWS = 1024 };

enum status csv_column_begin(struct csv_column *builder, enum column_type store, struct error *error) {
    builder->store = store;
    builder->rows = 0;
    builder->column = column_make(builder->name, store, FIRST_ROWS, error);
    return builder->column == NULL ? STATUS_MEMORY : STATUS_OK;
}

void csv_column_drop(struct csv_column *builder) {
    column_release(builder->column);
    builder->column = NULL;
}

void csv_column_clear(struct csv_column *builder) {
    csv_column_drop(builder);
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
    return STATUS_OK;
}

// ---- cells ----------------------------------------------------------------------------------------

struct reading { // one cell as number and date
    struct number_cell number;
    double seconds;
    bool is_number, is_date;
};

static struct reading read_cell(const struct csv_column *builder, const struct csv_cell *cell) {
    struct reading reading = {.is_number = false};
    bool number = !builder->not_number || builder->store == COLUMN_NUMERIC;
    bool date = !builder->not_date || builder->store == COLUMN_DATE;
    if (builder->settled) {
        number = builder->store == COLUMN_NUMERIC;
        date = builder->store == COLUMN_DATE;
    }
    reading.is_number = number && number_cell_read(cell->text, cell->length, &reading.number);
    reading.is_date = date && cell_date(cell->text, cell->length, &reading.seconds);
    return reading;
}

static void learn(struct csv_column *builder, const struct reading *reading, uint64_t line) {
    const struct number_cell *number = &reading->number;
    builder->any = true;
    builder->not_number = builder->not_number || !reading->is_number;
    builder->not_date = builder->not_date || !reading->is_date;
    if (!reading->is_number)
        return;
    builder->not_whole =
        builder->not_whole || trunc(number->value) != number->value || fabs(number->value) >= 9007199254740992.0;
    if (number->code && builder->code_line == 0)
        builder->code_line = line;
    if (number->beyond && builder->beyond_line == 0)
        builder->beyond_line = line;
}

static enum status store_cell(struct csv_column *builder, const struct csv_cell *cell, const struct reading *reading,
                              uint64_t line, struct error *error) {
    struct column *column = builder->column;
    if (builder->store == COLUMN_TEXT)
        return column_word(column, cell->text, cell->length, &column->codes[builder->rows], error);
    if (builder->store == COLUMN_NUMERIC ? reading->is_number : reading->is_date) {
        column->values[builder->rows] = builder->store == COLUMN_NUMERIC ? reading->number.value : reading->seconds;
        return STATUS_OK;
    }
    if (builder->misfits++ == 0)
        builder->misfit_line = line;
    return column_set_missing(column, builder->rows, error);
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
    if (cell_missing(tokens, cell->text, cell->length)) {
        if (column != NULL)
            status = column_set_missing(column, builder->rows, error);
    } else {
        struct reading reading = read_cell(builder, cell);
        if (!builder->settled || builder->store == COLUMN_NUMERIC)
            learn(builder, &reading, line);
        if (column != NULL)
            status = store_cell(builder, cell, &reading, line, error);
    }
    builder->rows++;
    return status;
}

enum column_type csv_column_type(const struct csv_column *builder) {
    if (builder->forced)
        return builder->forced_type == COLUMN_CATEGORY ? COLUMN_TEXT : builder->forced_type;
    bool number = !builder->not_number && builder->code_line == 0 && builder->beyond_line == 0;
    if (number || !builder->any)
        return COLUMN_NUMERIC;
    return builder->not_date ? COLUMN_TEXT : COLUMN_DATE;
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

static enum status note_words(const struct csv_column *builder, struct notes *notes, struct error *error) {
    const char *kind = column_type_name(builder->column->type);
    enum status status = STATUS_OK;
    if (builder->not_number || builder->forced)
        return status;
    if (builder->code_line != 0)
        status = notes_add(notes, builder->code_line, builder->name, error,
                           "numbers with leading zeros look like codes; the column was read as %s to keep them", kind);
    if (status == STATUS_OK && builder->beyond_line != 0)
        status = notes_add(notes, builder->beyond_line, builder->name, error,
                           "whole numbers beyond 2^53 would lose digits; the column was read as %s to keep them", kind);
    return status;
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
    if (builder->store == COLUMN_TEXT) {
        column->type = word_type(builder);
        status = strip_blank(column, notes, error);
        if (status == STATUS_OK)
            status = note_words(builder, notes, error);
    } else {
        column->type = builder->store;
        column->integer = builder->store == COLUMN_NUMERIC && builder->any && !builder->not_whole;
        status = note_values(builder, notes, error);
    }
    if (status != STATUS_OK)
        return status;
    *result = column;
    builder->column = NULL;
    return STATUS_OK;
}
