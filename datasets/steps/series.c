#include "datasets/steps/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/steps/state.h"

static double cell_value(const struct column_cells *cells, size_t i) {
    if (cells_missing(cells, i))
        return NAN;
    return cells->values != NULL ? cells->values[i] : (double)cells->codes[i];
}

static enum status read_block(void *values, const struct column_cells *cells, struct error *error) {
    double *to = (double *)values + cells->first;
    (void)error;
    for (size_t i = 0; i < cells->count; i++)
        to[i] = cell_value(cells, i);
    return STATUS_OK;
}

enum status series_read(const struct column *column, double **values, struct error *error) {
    double *made = mem_alloc(column->rows + 1, sizeof *made);
    if (made == NULL)
        return error_memory(error, "the numbers of a column", column->rows * sizeof *made);
    enum status status = column_each(column, read_block, made, error);
    if (status == STATUS_OK)
        *values = made;
    else
        mem_free(made);
    return status;
}

enum status series_gather(const struct column *column, const uint32_t *rows, size_t count, double **values,
                          struct error *error) {
    double *made = mem_alloc(count + 1, sizeof *made);
    if (made == NULL)
        return error_memory(error, "the numbers of a column", count * sizeof *made);
    struct column_scan scan;
    struct column_cells cells = {0};
    enum status status = column_scan_open(&scan, column, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (rows[i] - cells.first >= cells.count)
            status = column_scan_read(&scan, rows[i] / COLUMN_BLOCK, &cells, error);
        if (status == STATUS_OK)
            made[i] = cell_value(&cells, rows[i] - cells.first);
    }
    column_scan_close(&scan);
    if (status == STATUS_OK)
        *values = made;
    else
        mem_free(made);
    return status;
}

// ---- columns ----

struct filling {
    const double *values;
    bool whole;
};

static enum status put_block(void *context, size_t first, size_t count, double *values, uint32_t *codes,
                             uint64_t *missing, struct error *error) {
    struct filling *filling = context;
    (void)error;
    memset(missing, 0, (count + 63) / 64 * sizeof *missing);
    for (size_t i = 0; i < count; i++) {
        double value = filling->values[first + i];
        bool hole = isnan(value);
        if (hole)
            missing[i / 64] |= (uint64_t)1 << (i % 64);
        if (values != NULL)
            values[i] = hole ? 0 : value;
        else
            codes[i] = hole ? 0 : (uint32_t)value;
        filling->whole = filling->whole && (hole || (trunc(value) == value && fabs(value) < 9007199254740992.0));
    }
    return STATUS_OK;
}

struct column *series_column(const struct column *like, const double *values, struct error *error) {
    struct filling filling = {values, like->integer};
    struct column *made = column_changed(like, put_block, &filling, error);
    if (made != NULL)
        made->integer = filling.whole;
    return made;
}

struct column *series_new(const char *name, const double *values, size_t rows, struct error *error) {
    struct column_maker maker = {0};
    struct column *made = NULL;
    double room[1024];
    uint64_t missing[1024 / 64];
    bool whole = true;
    enum status status = column_maker_open(&maker, name, COLUMN_NUMERIC, error);
    for (size_t first = 0; first < rows && status == STATUS_OK; first += 1024) {
        struct filling filling = {values + first, true};
        size_t count = rows - first < 1024 ? rows - first : 1024;
        put_block(&filling, 0, count, room, NULL, missing, error);
        whole = whole && filling.whole;
        status = column_maker_add(&maker, room, NULL, missing, count, error);
    }
    if (status == STATUS_OK)
        status = column_maker_finish(&maker, &made, error);
    column_maker_close(&maker);
    if (made != NULL)
        made->integer = whole;
    return made;
}

struct holes {
    uint8_t *hole;
    size_t count;
};

static enum status mark_holes(void *context, const struct column_cells *cells, struct error *error) {
    struct holes *holes = context;
    (void)error;
    for (size_t i = 0; i < cells->count; i++) {
        bool hole = cells_missing(cells, i) || (cells->values != NULL && isnan(cells->values[i]));
        holes->hole[cells->first + i] = hole;
        holes->count += hole;
    }
    return STATUS_OK;
}

enum status series_holes(const struct column *column, uint8_t **hole, size_t *count, struct error *error) {
    struct holes holes = {.hole = mem_alloc(column->rows + 1, 1)};
    if (holes.hole == NULL)
        return error_memory(error, "the holes of a column", column->rows);
    enum status status = column_each(column, mark_holes, &holes, error);
    *count = holes.count;
    if (status == STATUS_OK)
        *hole = holes.hole;
    else
        mem_free(holes.hole);
    return status;
}

enum status series_refuse_infinite(const struct table *table, size_t column, const double *values,
                                   struct error *error) {
    for (size_t row = 0; row < table->rows; row++) {
        if (isinf(values[row]))
            return cell_refuse_infinite(table, column, row, error);
    }
    return STATUS_OK;
}

enum status series_replace(struct table *table, size_t index, struct column *column) {
    if (column == NULL)
        return STATUS_MEMORY;
    table_replace(table, index, column);
    return STATUS_OK;
}

// ---- parts ----

static unsigned part_of(const struct apply_context *context, size_t origin) {
    if (context->predicting)
        return 0;
    if (context->part != NULL)
        return context->part[origin];
    return context->training == NULL || context->training[origin] ? PART_TRAIN : PART_TEST;
}

enum status series_each_part(const struct table *table, const struct apply_context *context, double *values,
                             series_change *change, void *change_context, struct error *error) {
    size_t rows = table->rows;
    double *some = mem_alloc(rows + 1, sizeof *some);
    uint32_t *row_of = mem_alloc(rows + 1, sizeof *row_of), *position = mem_alloc(rows + 1, sizeof *position);
    enum status status = STATUS_OK;
    if (some == NULL || row_of == NULL || position == NULL)
        status = error_memory(error, "the rows of a part", rows * 16);
    for (unsigned part = 0; part < PART_COUNT && status == STATUS_OK; part++) {
        size_t count = 0;
        for (size_t row = 0; row < rows; row++) {
            size_t origin = table_origin(table, row);
            if (part_of(context, origin) != part)
                continue;
            some[count] = values[row];
            row_of[count] = (uint32_t)row;
            position[count++] = (uint32_t)origin;
        }
        if (count > 0)
            change(change_context, some, position, count);
        for (size_t i = 0; i < count; i++)
            values[row_of[i]] = some[i];
        status = task_step(context->task, 0, error);
    }
    mem_free(position);
    mem_free(row_of);
    mem_free(some);
    return status;
}
