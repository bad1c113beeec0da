// The features of a source: the numbers of a prepared table, row by row, in memory or, where that is short, in a file.
#include "datasets/encode.h"

#include <inttypes.h>
#include <math.h>

#include "core/base/mem.h"
#include "datasets/cells_file.h"
#include "datasets/steps/state.h"

static enum status refuse_hole(const struct table *table, size_t row, const struct column *column,
                               struct error *error) {
    return error_set(error, STATUS_INVALID,
                     "%s line %" PRIu64 ": column \"%s\" is missing there, and a model needs a number; add the step "
                     "\"missing\"",
                     table_file(table, row), table_line(table, row), column->name);
}

static enum status refuse_huge(const struct table *table, size_t row, const struct column *column, double value,
                               struct error *error) {
    return error_set(error, STATUS_NUMERIC,
                     "%s line %" PRIu64 ": column \"%s\" holds %g, which is too large for a model; add the step "
                     "\"standardize\" or \"min-max\"",
                     table_file(table, row), table_line(table, row), column->name, value);
}

struct filling { // the table's columns on their way into the features
    const struct table *table;
    const int *picked; // [columns] of the table
    size_t columns, column;
    const uint32_t *kept; // [rows] rows of the table, ascending
    size_t rows, done;    // rows that have been filled
    float *features;      // of row `done`: [columns], the next rows after it
};

static enum status refuse_cell(const struct filling *filling, size_t row, bool hole, double value,
                               struct error *error) {
    size_t index = (size_t)filling->picked[filling->column];
    if (hole)
        return refuse_hole(filling->table, row, filling->table->columns[index], error);
    if (isinf(value))
        return cell_refuse_infinite(filling->table, index, row, error);
    return refuse_huge(filling->table, row, filling->table->columns[index], value, error);
}

// The column's cells of the rows from `done` to `end`, which lie in the block.
static enum status fill_cells(const struct filling *filling, const struct column_cells *cells, size_t end,
                              struct error *error) {
    float *features = filling->features + filling->column;
    for (size_t done = filling->done; done < end; done++, features += filling->columns) {
        size_t i = filling->kept[done] - cells->first;
        bool hole = cells_missing(cells, i) || isnan(cells->values[i]);
        float value = (float)cells->values[i];
        if (hole || isinf(value))
            return refuse_cell(filling, filling->kept[done], hole, cells->values[i], error);
        *features = value;
    }
    return STATUS_OK;
}

// ---- in memory: column by column

static enum status fill_block(void *context, const struct column_cells *cells, struct error *error) {
    struct filling *filling = context;
    size_t end = filling->done, behind = cells->first + cells->count;
    while (end < filling->rows && filling->kept[end] < behind)
        end++;
    enum status status = fill_cells(filling, cells, end, error);
    filling->features += (end - filling->done) * filling->columns;
    filling->done = end;
    return status;
}

static enum status fill_memory(struct filling *filling, float *features, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < filling->columns && !status; i++) {
        filling->column = i;
        filling->done = 0;
        filling->features = features;
        status = column_each(filling->table->columns[filling->picked[i]], fill_block, filling, error);
    }
    return status;
}

// ---- in a file: some rows at a time

#define STORED_STEP ((size_t)4 << 20) // bytes, about

static enum status fill_column_part(const struct filling *filling, size_t block, size_t end, struct error *error) {
    struct column_scan scan;
    struct column_cells cells;
    enum status status = column_scan_open(&scan, filling->table->columns[filling->picked[filling->column]], error);
    if (!status)
        status = column_scan_read(&scan, block, &cells, error);
    if (!status)
        status = fill_cells(filling, &cells, end, error);
    column_scan_close(&scan);
    return status;
}

// The next rows, at most `most`, of one block of the table.
static enum status fill_rows(struct filling *filling, size_t most, size_t *count, struct error *error) {
    size_t block = filling->kept[filling->done] / COLUMN_BLOCK, end = filling->done;
    while (end < filling->rows && end - filling->done < most && filling->kept[end] / COLUMN_BLOCK == block)
        end++;
    enum status status = STATUS_OK;
    for (filling->column = 0; filling->column < filling->columns && !status; filling->column++)
        status = fill_column_part(filling, block, end, error);
    *count = end - filling->done;
    filling->done = end;
    return status;
}

static enum status fill_bytes(void *context, uint64_t at, char *room, size_t count, struct error *error) {
    struct filling *filling = context;
    size_t row = filling->columns * sizeof(float), left = count / row, got;
    enum status status = STATUS_OK;
    (void)at; // rows come in order
    for (; left > 0 && !status; left -= got, room += got * row) {
        filling->features = (float *)(void *)room;
        status = fill_rows(filling, left, &got, error);
    }
    return status;
}

static enum status make_features(struct source *source, struct filling *filling, struct error *error) {
    size_t count = 0, bytes = 0, row = filling->columns * sizeof(float);
    if (!size_multiply(filling->rows, filling->columns, &count) || !size_multiply(count, sizeof(float), &bytes))
        return error_memory(error, "the numbers of the table", count);
    if (bytes > 0 && cells_in_memory() + bytes > cells_memory())
        return cells_store(bytes, (STORED_STEP / row + 1) * row, fill_bytes, filling, &source->file, error);
    float *features = mem_alloc(count + 1, sizeof *features);
    source->features = features;
    if (!features)
        return error_memory(error, "the numbers of the table", (unsigned long long)bytes);
    return fill_memory(filling, features, error);
}

enum status categories_of(const struct table *table, const int *picked, size_t columns, uint32_t **categories,
                          struct error *error) {
    uint32_t *made = NULL;
    for (size_t i = 0; i < columns; i++) {
        size_t own = table->columns[picked[i]]->categories;
        if (own > 0 && !made && !(made = mem_alloc(columns, sizeof *made)))
            return error_memory(error, "the categories of columns", columns * sizeof *made);
        if (made)
            made[i] = (uint32_t)own;
    }
    *categories = made;
    return STATUS_OK;
}

enum status source_fill(struct source *source, const struct table *table, const uint32_t *kept, size_t rows,
                        const int *picked, size_t columns, struct error *error) {
    struct filling filling = {.table = table, .picked = picked, .columns = columns, .kept = kept, .rows = rows};
    source->feature_names = mem_alloc(columns + 1, sizeof *source->feature_names);
    source->origin = mem_alloc(rows + 1, sizeof *source->origin);
    source->sample = shape_make(1, (int64_t[]){(int64_t)columns});
    source->dtype = DTYPE_F32;
    source->rows = rows;
    if (!source->feature_names || !source->origin)
        return error_memory(error, "the numbers of the table", rows * sizeof *source->origin);
    for (size_t i = 0; i < columns; i++) {
        source->feature_names[i] = mem_string(table->columns[picked[i]]->name);
        if (!source->feature_names[i])
            return error_memory(error, "a name", 0);
    }
    for (size_t i = 0; i < rows; i++)
        source->origin[i] = table_origin(table, kept[i]);
    enum status status = categories_of(table, picked, columns, &source->categories, error);
    return status ? status : make_features(source, &filling, error);
}
