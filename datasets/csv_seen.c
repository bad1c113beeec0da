#include "datasets/csv_seen.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"

static struct csv_seen_column *find(const struct csv_seen *seen, const char *name) {
    for (size_t i = 0; i < seen->count; i++)
        if (strcmp(seen->columns[i].name, name) == 0)
            return &seen->columns[i];
    return NULL;
}

static enum status rename_column(struct csv_column *column, const char *name, struct error *error) {
    char *copy = mem_string(name);
    if (copy == NULL)
        return error_memory(error, "column names", strlen(name));
    mem_free(column->name);
    column->name = copy;
    return STATUS_OK;
}

enum status csv_seen_begin(struct csv_seen *seen, struct csv_column *columns, size_t width, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < width && status == STATUS_OK; i++) {
        if (seen->by_position && i < seen->count)
            status = rename_column(&columns[i], seen->columns[i].name, error);
        struct csv_seen_column *before = find(seen, columns[i].name);
        columns[i].before = before == NULL ? NULL : &before->evidence;
        columns[i].given = before != NULL && before->used && seen->settled ? &before->format : NULL;
    }
    return status;
}

static enum status begin_first(struct csv_seen *seen, const struct csv_column *columns, size_t width,
                               struct error *error) {
    seen->columns = mem_alloc(width + 1, sizeof *seen->columns);
    if (seen->columns == NULL)
        return error_memory(error, "columns", width * sizeof *seen->columns);
    for (size_t i = 0; i < width; i++) {
        seen->columns[i].name = mem_string(columns[i].name);
        if (seen->columns[i].name == NULL)
            return error_memory(error, "column names", strlen(columns[i].name));
        cell_evidence_begin(&seen->columns[i].evidence);
        seen->count++;
    }
    return STATUS_OK;
}

static const char *format_text(const struct cell_format *format, char out[64]) {
    if (format->type == COLUMN_NUMERIC)
        snprintf(out, 64, "numbers like '%.40s'", number_way_example((enum number_way)format->number));
    else
        snprintf(out, 64, "%s", format->type == COLUMN_DATE ? "dates" : "words");
    return out;
}

static enum status note_change(struct csv_seen *seen, const struct csv_seen_column *column,
                               const struct cell_format *format, struct error *error) {
    char before[64], now[64];
    seen->changed = true;
    format_text(&column->format, before);
    format_text(format, now);
    if (strcmp(before, now) == 0)
        return notes_add(&seen->different, 0, column->name, error, "%s are written otherwise than in the files before",
                         now);
    return notes_add(&seen->different, 0, column->name, error,
                     "with the cells of this file the column is %s, without them it was %s; all files are read so", now,
                     before);
}

enum status csv_seen_end(struct csv_seen *seen, const struct csv_column *columns, size_t width, struct error *error) {
    enum status status = seen->count == 0 ? begin_first(seen, columns, width, error) : STATUS_OK;
    for (size_t i = 0; i < width && status == STATUS_OK && !seen->settled; i++) {
        struct csv_seen_column *column = find(seen, columns[i].name);
        if (column == NULL || columns[i].evidence.cells == 0)
            continue;
        cell_evidence_merge(&column->evidence, &columns[i].evidence);
        if (column->used && !cell_format_same(&column->format, &columns[i].format))
            status = note_change(seen, column, &columns[i].format, error);
        column->format = columns[i].format;
        column->used = true;
    }
    return status;
}

void csv_seen_free(struct csv_seen *seen) {
    for (size_t i = 0; i < seen->count; i++)
        mem_free(seen->columns[i].name);
    mem_free(seen->columns);
    notes_free(&seen->different);
    *seen = (struct csv_seen){0};
}
