#include "datasets/csv_column.h"

#include <string.h>

#include "core/base/mem.h"

// A word column is a category when it has few distinct words, in all or for its length.
enum { CATEGORY_ALWAYS = 20, CATEGORY_MOST = 1000, CATEGORY_REPEATS = 8 };

enum status csv_column_begin(struct csv_column *builder, const struct cell_format *format, struct error *error) {
    csv_column_drop(builder);
    builder->format = *format;
    builder->misfits = builder->misfit_line = 0;
    if (!builder->settled)
        cell_evidence_begin(&builder->evidence);
    builder->stored = true;
    return column_maker_open(&builder->maker, builder->name, format->type, error);
}

void csv_column_drop(struct csv_column *builder) {
    column_maker_close(&builder->maker);
    builder->stored = false;
}

void csv_column_clear(struct csv_column *builder) {
    csv_column_drop(builder);
    missing_tokens_free(&builder->own);
    mem_free(builder->name);
    builder->name = NULL;
}

enum status csv_columns_decide(const struct csv_column *columns, size_t count, const struct cell_hints *hints,
                               struct cell_format *formats, struct error *error) {
    struct cell_evidence *evidence = mem_alloc(count, sizeof *evidence);
    if (evidence == NULL)
        return error_memory(error, "what the columns show", count * sizeof *evidence);
    for (size_t i = 0; i < count; i++)
        evidence[i] = columns[i].evidence;
    for (size_t i = 0; i < count; i++)
        if (columns[i].before != NULL)
            cell_evidence_merge(&evidence[i], columns[i].before);
    cell_formats_decide(evidence, count, hints, formats);
    for (size_t i = 0; i < count; i++)
        if (columns[i].forced)
            formats[i] = cell_format_force(&evidence[i], hints, columns[i].forced_type, columns[i].amount);
    for (size_t i = 0; i < count; i++)
        if (columns[i].given != NULL)
            formats[i] = *columns[i].given;
    mem_free(evidence);
    return STATUS_OK;
}

// ---- the end --------------------------------------------------------------------------------------

enum column_type csv_word_type(size_t words, size_t cells) {
    bool few = words <= CATEGORY_ALWAYS || (words <= CATEGORY_MOST && words * CATEGORY_REPEATS <= cells);
    return few ? COLUMN_CATEGORY : COLUMN_TEXT;
}

// A blank before every word comes from a delimiter written as ", ". Words stay distinct without it.
static enum status strip_blank(struct csv_column *builder, struct notes *notes, struct error *error) {
    struct column *column = builder->maker.column;
    bool all = builder->blanks != BLANKS_STAY && column->word_count > 0;
    for (size_t i = 0; i < column->word_count && all && builder->blanks == BLANKS_ASK; i++)
        all = column->words[i][0] == ' ';
    for (size_t i = 0; i < column->word_count && all; i++)
        column->words[i] += column->words[i][0] == ' ';
    builder->stripped = builder->stripped || all;
    return all ? notes_add(notes, 0, column->name, error, "every cell begins with a blank; it was taken off")
               : STATUS_OK;
}

static enum status note_values(const struct csv_column *builder, struct notes *notes, struct error *error) {
    const struct column *column = builder->maker.column;
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
    struct column *column = builder->maker.column;
    enum status status = STATUS_OK;
    if (builder->format.type == COLUMN_TEXT) {
        column->type = builder->forced ? builder->forced_type
                                       : csv_word_type(column->word_count, column->rows - column->missing_count);
        status = strip_blank(builder, notes, error);
    } else {
        column->type = builder->format.type;
        column->integer = builder->format.integer;
        status = note_values(builder, notes, error);
    }
    struct cell_evidence evidence = builder->evidence;
    if (builder->before != NULL) {
        evidence.can &= builder->before->can;
        evidence.seen |= builder->before->seen;
    }
    if (status == STATUS_OK && !(builder->forced && builder->format.type == COLUMN_TEXT))
        status = cell_format_note(&evidence, &builder->format, builder->name, notes, error);
    return status == STATUS_OK ? column_maker_finish(&builder->maker, result, error) : status;
}
