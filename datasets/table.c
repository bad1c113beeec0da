#include "datasets/table.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
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
    if (made->path == NULL || made->name == NULL) {
        table_free(made);
        return error_memory(error, "a table", sizeof *made);
    }
    *table = made;
    return STATUS_OK;
}

static void files_release(struct table_files *files) {
    if (files == NULL || atomic_fetch_sub(&files->references, 1) != 1)
        return;
    for (size_t i = 0; i < files->count; i++)
        mem_free(files->items[i].path);
    mem_free(files->items);
    mem_free(files);
}

void table_free(struct table *table) {
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->column_count; i++)
        column_release(table->columns[i]);
    files_release(table->files);
    mem_free(table->columns);
    mem_free(table->lines);
    mem_free(table->origin);
    mem_free(table->name);
    mem_free(table->path);
    mem_free(table);
}

static enum status copy_rows(struct table *to, const struct table *from, struct error *error) {
    if (from->line_count > 0) {
        to->lines = mem_copy(from->lines, from->line_count * sizeof *from->lines);
        if (to->lines == NULL)
            return error_memory(error, "the lines of a table", from->line_count * sizeof *from->lines);
        to->line_count = to->line_capacity = from->line_count;
    }
    if (from->origin != NULL) {
        to->origin = mem_copy(from->origin, (from->rows + 1) * sizeof *from->origin);
        if (to->origin == NULL)
            return error_memory(error, "the rows of a table", from->rows * sizeof *from->origin);
    }
    return STATUS_OK;
}

enum status table_share(const struct table *table, struct table **copy, struct error *error) {
    struct table *made;
    enum status status = table_make(table->rows, table->path, &made, error);
    if (status != STATUS_OK)
        return status;
    status = copy_rows(made, table, error);
    for (size_t i = 0; i < table->column_count && status == STATUS_OK; i++)
        status = table_add(made, column_share(table->columns[i]), error);
    if (status != STATUS_OK) {
        table_free(made);
        return status;
    }
    if (table->files != NULL) {
        atomic_fetch_add(&table->files->references, 1);
        made->files = table->files;
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
    uint32_t *origin = mem_alloc(count + 1, sizeof *origin);
    struct column **columns = mem_alloc(table->column_count + 1, sizeof *columns);
    enum status status = origin != NULL && columns != NULL
                             ? pick_columns(table, picked, count, columns, error)
                             : error_memory(error, "the rows of a table", count * sizeof *origin);
    if (status != STATUS_OK) {
        mem_free(columns);
        mem_free(origin);
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        assert(picked[i] < table->rows);
        origin[i] = (uint32_t)table_origin(table, picked[i]);
    }
    for (size_t i = 0; i < table->column_count; i++)
        column_release(table->columns[i]);
    mem_free(table->columns);
    mem_free(table->origin);
    table->columns = columns;
    table->column_capacity = table->column_count + 1;
    table->origin = origin;
    table->rows = count;
    return STATUS_OK;
}

// ---- lines ----

size_t table_origin(const struct table *table, size_t row) {
    return table->origin == NULL ? row : table->origin[row];
}

uint64_t table_line(const struct table *table, size_t row) {
    size_t as_read = table_origin(table, row), low = 0, high = table->line_count;
    while (low < high) { // the last run that begins at or before the row
        size_t middle = low + (high - low) / 2;
        if (table->lines[middle].row <= as_read)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? as_read + 1 : table->lines[low - 1].line + (as_read - table->lines[low - 1].row);
}

enum status table_set_line(struct table *table, size_t row, uint64_t line, struct error *error) {
    const struct line_run *last = table->line_count == 0 ? NULL : &table->lines[table->line_count - 1];
    assert(last == NULL || row >= last->row);
    if (line == (last == NULL ? row + 1 : last->line + (row - last->row)))
        return STATUS_OK;
    if (last != NULL && last->row == row) {
        table->lines[table->line_count - 1].line = line;
        return STATUS_OK;
    }
    if (!vec_reserve(&table->lines, &table->line_capacity, table->line_count + 1, sizeof *table->lines))
        return error_memory(error, "the lines of a table", table->line_count * sizeof *table->lines);
    table->lines[table->line_count++] = (struct line_run){row, line};
    return STATUS_OK;
}

enum status table_add_file(struct table *table, size_t row, const char *path, struct error *error) {
    if (table->files == NULL) {
        table->files = mem_alloc(1, sizeof *table->files);
        if (table->files == NULL)
            return error_memory(error, "the files of a table", sizeof *table->files);
        atomic_init(&table->files->references, 1);
    }
    struct table_files *files = table->files;
    char *copy = mem_string(path);
    if (copy == NULL || !vec_reserve(&files->items, &files->capacity, files->count + 1, sizeof *files->items)) {
        mem_free(copy);
        return error_memory(error, "the files of a table", (files->count + 1) * sizeof *files->items);
    }
    files->items[files->count++] = (struct table_file){row, copy};
    return STATUS_OK;
}

const char *table_file(const struct table *table, size_t row) {
    const struct table_files *files = table->files;
    size_t as_read = table_origin(table, row), low = 1, high = files == NULL ? 0 : files->count;
    while (low < high) { // the last file that begins at or before the row
        size_t middle = low + (high - low) / 2;
        if (files->items[middle].row <= as_read)
            low = middle + 1;
        else
            high = middle;
    }
    return files == NULL ? table->name : files->items[low - 1].path;
}

const char *table_place(const struct table *table, size_t row, char out[64]) {
    unsigned long long line = table_line(table, row);
    if (table->files == NULL) {
        snprintf(out, 64, "%llu", line);
        return out;
    }
    const char *name = path_base(table_file(table, row));
    size_t length = strlen(name), kept = utf8_cut(name, length < 40 ? length : 40);
    snprintf(out, 64, "%.*s%s:%llu", (int)kept, name, kept < length ? "…" : "", line);
    return out;
}

int table_find(const struct table *table, const char *name) {
    for (size_t i = 0; i < table->column_count; i++)
        if (text_equal(table->columns[i]->name, name))
            return (int)i;
    return -1;
}

enum status table_no_column(const struct table *table, const char *name, struct error *error) {
    char hint[TEXT_HINT_SIZE];
    struct text_nearest nearest = text_nearest_of(name);
    for (size_t i = 0; i < table->column_count; i++)
        text_nearest_try(&nearest, table->columns[i]->name);
    return error_set(error, STATUS_MISSING, "there is no column \"%.80s\" in %s; %s", name, table->name,
                     text_nearest_hint(&nearest, hint));
}

// ---- equal rows ----

static uint64_t mix(uint64_t hash, uint64_t value) { // a round of splitmix64
    hash += value + 0x9e3779b97f4a7c15u;
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
    return hash ^ (hash >> 31);
}

static uint64_t number_bits(double value) {
    uint64_t bits;
    value += 0.0; // -0 becomes 0
    memcpy(&bits, &value, sizeof bits);
    return isnan(value) ? UINT64_MAX - 1 : bits;
}

static uint64_t cell_bits(const struct column *column, size_t row) {
    if (column_is_missing(column, row))
        return UINT64_MAX;
    return column_has_values(column) ? number_bits(column_number(column, row)) : column_code(column, row);
}

static enum status mix_block(void *hashes, const struct column_cells *cells, struct error *error) {
    uint64_t *hash = (uint64_t *)hashes + cells->first;
    (void)error;
    for (size_t i = 0; i < cells->count; i++) {
        uint64_t bits = UINT64_MAX;
        if (!cells_missing(cells, i))
            bits = cells->values != NULL ? number_bits(cells->values[i]) : cells->codes[i];
        hash[i] = mix(hash[i], bits);
    }
    return STATUS_OK;
}

static enum status mix_blocks(const struct column *column, size_t first, size_t end, uint64_t *hash,
                              struct error *error) {
    struct column_scan scan;
    enum status status = column_scan_open(&scan, column, error);
    for (size_t block = first; status == STATUS_OK && block < end; block++) {
        struct column_cells cells;
        status = column_scan_read(&scan, block, &cells, error);
        if (status == STATUS_OK)
            status = mix_block(hash, &cells, error);
    }
    column_scan_close(&scan);
    return status;
}

enum status table_block_hashes(const struct table *table, size_t first, size_t end, uint64_t *hash,
                               struct error *error) {
    enum status status = STATUS_OK;
    for (size_t row = first * COLUMN_BLOCK; row < table->rows && row < end * COLUMN_BLOCK; row++)
        hash[row] = 0;
    for (size_t i = 0; i < table->column_count && status == STATUS_OK; i++)
        status = mix_blocks(table->columns[i], first, end, hash, error);
    return status;
}

enum status table_row_hashes(const struct table *table, uint64_t *hash, struct error *error) {
    return table_block_hashes(table, 0, (table->rows + COLUMN_BLOCK - 1) / COLUMN_BLOCK, hash, error);
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
    size_t mask = column->missing != NULL ? column->rows / 8 : 0;
    size_t words = column->words_of != NULL ? 0 : column->word_count * sizeof *column->words;
    return sizeof *column + column->counted + mask + words + column->text.total;
}

size_t table_bytes(const struct table *table) {
    size_t bytes = sizeof *table + table->line_count * sizeof *table->lines;
    bytes += table->origin == NULL ? 0 : table->rows * sizeof *table->origin;
    for (size_t i = 0; i < table->column_count; i++)
        bytes += column_bytes(table->columns[i]);
    return bytes;
}
