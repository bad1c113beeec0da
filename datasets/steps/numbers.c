// Numbers and words of a column's training rows, block by block; moments; sorting and quantiles.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/steps/state.h"

double cell_number(const struct column *column, size_t row) {
    return column_number(column, row);
}

bool cell_is_hole(const struct column *column, size_t row) {
    return column_is_missing(column, row) || (column_has_values(column) && isnan(column_number(column, row)));
}

enum status cell_refuse_infinite(const struct table *table, size_t column, size_t row, struct error *error) {
    return error_set(error, STATUS_NUMERIC,
                     "%s line %llu: column \"%s\" is infinite there; correct the cell, or put a step \"outliers\" with "
                     "action clip before this one",
                     table_file(table, row), (unsigned long long)table_line(table, row), table->columns[column]->name);
}

enum status column_refuse_infinite(const struct table *table, size_t column, struct error *error) {
    size_t row;
    enum status status = column_infinite(table->columns[column], &row, error);
    return status == STATUS_OK && row != SIZE_MAX ? cell_refuse_infinite(table, column, row, error) : status;
}

// ---- training rows -----------------------------------------------------------------------------------

// Training rows rows[from … *to-1] lie in the block. True when they are all of it.
static bool rows_of_block(const uint32_t *rows, size_t count, size_t from, const struct column_cells *cells,
                          size_t *to) {
    size_t end = cells->first + cells->count;
    if (count - from >= cells->count && rows[from] == cells->first && rows[from + cells->count - 1] == end - 1) {
        *to = from + cells->count; // rows ascend, so none between is left out
        return true;
    }
    for (*to = from; *to < count && rows[*to] < end; (*to)++) {
    }
    return false;
}

enum status training_each(struct task *task, const struct column *column, const uint32_t *rows, size_t count,
                          training_visit *visit, void *context, struct error *error) {
    struct column_scan scan;
    enum status status = column_scan_open(&scan, column, error);
    for (size_t from = 0, to; from < count && status == STATUS_OK; from = to) {
        struct column_cells cells;
        to = from;
        status = column_scan_read(&scan, rows[from] / COLUMN_BLOCK, &cells, error);
        if (status != STATUS_OK)
            break;
        bool all = rows_of_block(rows, count, from, &cells, &to);
        status = visit(context, &cells, all ? NULL : rows + from, to - from, error);
        if (status == STATUS_OK)
            status = task_step(task, 0, error);
    }
    column_scan_close(&scan);
    return status;
}

struct packing {
    const struct table *table;
    size_t column, holes;
    size_t read; // cells of the blocks looked at
    bool infinite, finite;
    numbers_visit *visit;
    void *context;
    double *room; // [COLUMN_BLOCK]
};

static bool any_infinite(const double *values, size_t count) {
    int any = 0;
    for (size_t i = 0; i < count; i++)
        any |= fabs(values[i]) == (double)INFINITY;
    return any != 0;
}

static bool any_nan(const double *values, size_t count) {
    int any = 0;
    for (size_t i = 0; i < count; i++)
        any |= values[i] != values[i];
    return any != 0;
}

// The numbers that are there, side by side.
static size_t pack(const struct column_cells *cells, const uint32_t *rows, size_t count, double *room) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = rows == NULL ? i : rows[i] - cells->first;
        double value = cells->values[at];
        room[kept] = value;
        kept += (size_t)(!cells_missing(cells, at) & !isnan(value));
    }
    return kept;
}

static enum status refuse_first(const struct packing *packing, const struct column_cells *cells, const uint32_t *rows,
                                size_t count, struct error *error) {
    for (size_t i = 0; i < count; i++) {
        size_t row = rows == NULL ? cells->first + i : rows[i];
        if (isinf(cells->values[row - cells->first]))
            return cell_refuse_infinite(packing->table, packing->column, row, error);
    }
    return STATUS_OK;
}

static enum status pack_block(void *context, const struct column_cells *cells, const uint32_t *rows, size_t count,
                              struct error *error) {
    struct packing *packing = context;
    bool infinite = any_infinite(cells->values, cells->count);
    packing->finite = packing->finite && !infinite;
    packing->read += cells->count;
    enum status status = infinite && !packing->infinite ? refuse_first(packing, cells, rows, count, error) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    if (rows == NULL && cells->missing == NULL && !any_nan(cells->values, count)) // they lie side by side already
        return packing->visit(packing->context, cells->values, count, error);
    size_t kept = pack(cells, rows, count, packing->room);
    packing->holes += count - kept;
    return packing->visit(packing->context, packing->room, kept, error);
}

enum status values_each(struct task *task, const struct table *table, size_t column, const uint32_t *rows, size_t count,
                        bool infinite, numbers_visit *visit, void *context, size_t *holes, struct error *error) {
    struct column *from = table->columns[column];
    struct packing packing = {
        .table = table, .column = column, .infinite = infinite, .finite = true, .visit = visit, .context = context};
    packing.room = mem_alloc(COLUMN_BLOCK, sizeof *packing.room);
    if (packing.room == NULL)
        return error_memory(error, "a block of cells", COLUMN_BLOCK * sizeof *packing.room);
    enum status status = training_each(task, from, rows, count, pack_block, &packing, error);
    mem_free(packing.room);
    if (status == STATUS_OK && packing.finite && packing.read == from->rows)
        atomic_store(&from->finite, true);
    if (holes != NULL)
        *holes = packing.holes;
    return status;
}

enum status column_need_numbers(const struct column *column, struct error *error) {
    if (column->type == COLUMN_NUMERIC)
        return STATUS_OK;
    return error_set(error, STATUS_INVALID, "column \"%s\" is %s; this step needs numbers", column->name,
                     column_type_name(column->type));
}

enum status numbers_each(struct task *task, const struct table *table, size_t column, const uint32_t *rows,
                         size_t count, bool infinite, numbers_visit *visit, void *context, size_t *holes,
                         struct error *error) {
    enum status status = column_need_numbers(table->columns[column], error);
    return status != STATUS_OK ? status
                               : values_each(task, table, column, rows, count, infinite, visit, context, holes, error);
}

struct gathering {
    double *values;
    size_t found;
};

static enum status gather(void *context, const double *values, size_t count, struct error *error) {
    struct gathering *gathering = context;
    (void)error;
    memcpy(gathering->values + gathering->found, values, count * sizeof *values);
    gathering->found += count;
    return STATUS_OK;
}

static enum status gather_all(struct task *task, const struct table *table, size_t column, const uint32_t *rows,
                              size_t count, bool infinite, double **values, size_t *found, struct error *error) {
    struct gathering gathering = {.values = mem_alloc(count, sizeof *gathering.values)};
    if (gathering.values == NULL)
        return error_memory(error, "the numbers of a column", count * sizeof *gathering.values);
    enum status status = values_each(task, table, column, rows, count, infinite, gather, &gathering, NULL, error);
    if (status != STATUS_OK) {
        mem_free(gathering.values);
        return status;
    }
    *values = gathering.values;
    *found = gathering.found;
    return STATUS_OK;
}

enum status column_values(struct task *task, const struct table *table, size_t column, const uint32_t *rows,
                          size_t count, double **values, size_t *found, struct error *error) {
    return gather_all(task, table, column, rows, count, true, values, found, error);
}

enum status column_numbers(const struct table *table, size_t column, const uint32_t *rows, size_t count, bool infinite,
                           double **values, size_t *found, struct error *error) {
    const struct column *from = table->columns[column];
    if (from->type != COLUMN_NUMERIC)
        return error_set(error, STATUS_INVALID, "column \"%s\" is %s; this step needs numbers", from->name,
                         column_type_name(from->type));
    return gather_all(NULL, table, column, rows, count, infinite, values, found, error);
}

struct counting {
    size_t *counts, holes;
};

static enum status count_block(void *context, const struct column_cells *cells, const uint32_t *rows, size_t count,
                               struct error *error) {
    struct counting *counting = context;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        size_t at = rows == NULL ? i : rows[i] - cells->first;
        if (cells_missing(cells, at))
            counting->holes++;
        else
            counting->counts[cells->codes[at]]++;
    }
    return STATUS_OK;
}

enum status words_count(struct task *task, const struct column *column, const uint32_t *rows, size_t count,
                        size_t *counts, size_t *holes, struct error *error) {
    struct counting counting = {.counts = counts};
    memset(counts, 0, column->word_count * sizeof *counts);
    enum status status = training_each(task, column, rows, count, count_block, &counting, error);
    *holes = counting.holes;
    return status;
}

// ---- moments -----------------------------------------------------------------------------------------

enum { LANES = 8 }; // sums side by side, so that the machine adds several at once

static double sum_of(const double *values, size_t count, double shift) {
    double lanes[LANES] = {0}, sum = 0;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            lanes[lane] += values[i + lane] - shift;
    for (size_t lane = 0; lane < LANES; lane++)
        sum += lanes[lane];
    for (; i < count; i++)
        sum += values[i] - shift;
    return sum;
}

static double squares_of(const double *values, size_t count, double mean) {
    double lanes[LANES] = {0}, sum = 0;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            lanes[lane] += (values[i + lane] - mean) * (values[i + lane] - mean);
    for (size_t lane = 0; lane < LANES; lane++)
        sum += lanes[lane];
    for (; i < count; i++)
        sum += (values[i] - mean) * (values[i] - mean);
    return sum;
}

void moments_add(struct moments *moments, const double *values, size_t count) {
    if (count == 0)
        return;
    double n = (double)count, mean = sum_of(values, count, 0) / n;
    if (!isfinite(mean)) // the sum is too large; differences may not be
        mean = values[0] + sum_of(values, count, values[0]) / n;
    mean += sum_of(values, count, mean) / n; // what rounding took away
    double squares = squares_of(values, count, mean), before = moments->count, delta = mean - moments->mean;
    moments->count += n;
    moments->mean = before == 0 ? mean : moments->mean + delta * (n / moments->count);
    moments->squares += before == 0 ? squares : squares + delta * delta * (before * n / moments->count);
}

double moments_variance(const struct moments *moments) {
    return moments->count == 0 ? 0 : moments->squares / moments->count;
}

void numbers_moments(const double *values, size_t count, double *mean, double *variance) {
    struct moments moments = {0};
    for (size_t done = 0; done < count; done += COLUMN_BLOCK)
        moments_add(&moments, values + done, count - done < COLUMN_BLOCK ? count - done : COLUMN_BLOCK);
    *mean = moments.mean;
    *variance = moments_variance(&moments);
}
