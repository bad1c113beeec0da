#include "datasets/table.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"

enum status table_make(size_t rows, const char *path, struct table **table, struct error *error) {
    struct table *made = mem_alloc(1, sizeof *made);
    if (made == NULL)
        return error_memory(error, "a table", sizeof *made);
    made->target = -1;
    made->rows = rows;
    made->path = mem_string(path);
    made->name = mem_string(path_base(path));
    made->lines = mem_alloc(rows + 1, sizeof *made->lines);
    made->origin = mem_alloc(rows + 1, sizeof *made->origin);
    if (made->path == NULL || made->name == NULL || made->lines == NULL || made->origin == NULL) {
        table_free(made);
        return error_memory(error, "a table", 2 * rows * sizeof *made->lines);
    }
    for (size_t row = 0; row < rows; row++)
        made->origin[row] = row;
    *table = made;
    return STATUS_OK;
}

void table_free(struct table *table) {
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->column_count; i++)
        column_release(table->columns[i]);
    mem_free(table->columns);
    mem_free(table->lines);
    mem_free(table->origin);
    mem_free(table->name);
    mem_free(table->path);
    mem_free(table);
}

enum status table_share(const struct table *table, struct table **copy, struct error *error) {
    struct table *made;
    enum status status = table_make(table->rows, table->path, &made, error);
    if (status != STATUS_OK)
        return status;
    memcpy(made->lines, table->lines, table->rows * sizeof *table->lines);
    memcpy(made->origin, table->origin, table->rows * sizeof *table->origin);
    for (size_t i = 0; i < table->column_count && status == STATUS_OK; i++)
        status = table_add(made, column_share(table->columns[i]), error);
    if (status != STATUS_OK) {
        table_free(made);
        return status;
    }
    made->target = table->target; // not before: adding a column in front of the target moves it
    *copy = made;
    return STATUS_OK;
}

enum status table_insert(struct table *table, size_t index, struct column *column, struct error *error) {
    assert(column->rows == table->rows && index <= table->column_count);
    if (!vec_reserve(&table->columns, &table->column_capacity, table->column_count + 1, sizeof *table->columns)) {
        column_release(column);
        return error_memory(error, "the columns of a table", (table->column_count + 1) * sizeof *table->columns);
    }
    memmove(&table->columns[index + 1], &table->columns[index], (table->column_count - index) * sizeof *table->columns);
    table->columns[index] = column;
    table->column_count++;
    if (table->target >= 0 && (size_t)table->target >= index)
        table->target++;
    return STATUS_OK;
}

enum status table_add(struct table *table, struct column *column, struct error *error) {
    return table_insert(table, table->column_count, column, error);
}

void table_replace(struct table *table, size_t index, struct column *column) {
    assert(column->rows == table->rows && index < table->column_count);
    column_release(table->columns[index]);
    table->columns[index] = column;
}

void table_remove(struct table *table, size_t index) {
    assert(index < table->column_count);
    column_release(table->columns[index]);
    table->column_count--;
    memmove(&table->columns[index], &table->columns[index + 1], (table->column_count - index) * sizeof *table->columns);
    if (table->target == (int)index)
        table->target = -1;
    else if (table->target > (int)index)
        table->target--;
}

// Every picked column, or nothing: the table changes only when all are there.
static enum status pick_columns(const struct table *table, const uint32_t *picked, size_t count,
                                struct column **columns, struct error *error) {
    for (size_t i = 0; i < table->column_count; i++) {
        columns[i] = column_pick(table->columns[i], picked, count, error);
        if (columns[i] != NULL)
            continue;
        while (i-- > 0)
            column_release(columns[i]);
        return STATUS_MEMORY;
    }
    return STATUS_OK;
}

enum status table_pick(struct table *table, const uint32_t *picked, size_t count, struct error *error) {
    uint64_t *lines = mem_alloc(count + 1, sizeof *lines);
    uint64_t *origin = mem_alloc(count + 1, sizeof *origin);
    struct column **columns = mem_alloc(table->column_count + 1, sizeof *columns);
    enum status status = lines != NULL && origin != NULL && columns != NULL
                             ? pick_columns(table, picked, count, columns, error)
                             : error_memory(error, "the rows of a table", count * sizeof *lines);
    if (status != STATUS_OK) {
        mem_free(columns);
        mem_free(origin);
        mem_free(lines);
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        assert(picked[i] < table->rows);
        lines[i] = table->lines[picked[i]];
        origin[i] = table->origin[picked[i]];
    }
    for (size_t i = 0; i < table->column_count; i++)
        column_release(table->columns[i]);
    mem_free(table->columns);
    mem_free(table->lines);
    mem_free(table->origin);
    table->columns = columns;
    table->column_capacity = table->column_count + 1;
    table->lines = lines;
    table->origin = origin;
    table->rows = count;
    return STATUS_OK;
}

int table_find(const struct table *table, const char *name) {
    for (size_t i = 0; i < table->column_count; i++)
        if (text_equal(table->columns[i]->name, name))
            return (int)i;
    return -1;
}

// ---- equal rows ----

static uint64_t mix(uint64_t hash, uint64_t value) { // a round of splitmix64
    hash += value + 0x9e3779b97f4a7c15u;
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
    return hash ^ (hash >> 31);
}

static uint64_t cell_bits(const struct column *column, size_t row) {
    if (column_is_missing(column, row))
        return UINT64_MAX;
    if (column->codes != NULL)
        return column->codes[row];
    double value = column->values[row] + 0.0; // -0 becomes 0
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return isnan(value) ? UINT64_MAX - 1 : bits;
}

uint64_t table_row_hash(const struct table *table, size_t row) {
    uint64_t hash = 0;
    for (size_t i = 0; i < table->column_count; i++)
        hash = mix(hash, cell_bits(table->columns[i], row));
    return hash;
}

bool table_rows_equal(const struct table *table, size_t a, size_t b) {
    for (size_t i = 0; i < table->column_count; i++)
        if (cell_bits(table->columns[i], a) != cell_bits(table->columns[i], b))
            return false;
    return true;
}

static size_t column_bytes(const struct column *column) {
    size_t cell = column->values != NULL ? sizeof *column->values : sizeof *column->codes;
    size_t mask = column->missing != NULL ? column->rows / 8 : 0;
    return sizeof *column + column->rows * cell + mask + column->word_capacity * sizeof *column->words +
           column->text.total;
}

size_t table_bytes(const struct table *table) {
    size_t bytes = sizeof *table + table->rows * (sizeof *table->lines + sizeof *table->origin);
    for (size_t i = 0; i < table->column_count; i++)
        bytes += column_bytes(table->columns[i]);
    return bytes;
}
