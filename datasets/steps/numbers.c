// Numbers of a column's cells, in double.
#include <math.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "datasets/steps/state.h"

double cell_number(const struct column *column, size_t row) {
    return column_is_missing(column, row) ? NAN : column->values[row];
}

bool cell_is_hole(const struct column *column, size_t row) {
    return column_is_missing(column, row) || (column->values != NULL && isnan(column->values[row]));
}

enum status cell_refuse_infinite(const struct table *table, size_t column, size_t row, struct error *error) {
    return error_set(error, STATUS_NUMERIC,
                     "%s line %llu: column \"%s\" is infinite there; correct the cell, or put a step \"outliers\" with "
                     "action clip before this one",
                     table_file(table, row), (unsigned long long)table_line(table, row), table->columns[column]->name);
}

enum status column_numbers(const struct table *table, size_t column, const uint32_t *rows, size_t count, bool infinite,
                           double **values, size_t *found, struct error *error) {
    const struct column *from = table->columns[column];
    if (from->values == NULL || from->type != COLUMN_NUMERIC)
        return error_set(error, STATUS_INVALID, "column \"%s\" is %s; this step needs numbers", from->name,
                         column_type_name(from->type));
    double *kept = mem_alloc(count, sizeof *kept);
    if (kept == NULL)
        return error_memory(error, "the numbers of a column", count * sizeof *kept);
    *found = 0;
    for (size_t i = 0; i < count; i++) {
        double value = cell_number(from, rows[i]);
        if (isinf(value) && !infinite) {
            mem_free(kept);
            return cell_refuse_infinite(table, column, rows[i], error);
        }
        if (!isnan(value))
            kept[(*found)++] = value;
    }
    *values = kept;
    return STATUS_OK;
}

static int compare_numbers(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void numbers_sort(double *values, size_t count) {
    qsort(values, count, sizeof *values, compare_numbers);
}

double numbers_quantile(const double *sorted, size_t count, double q) {
    double at = (double)(count - 1) * q;
    size_t below = (size_t)at;
    if (below + 1 >= count)
        return sorted[count - 1];
    double share = at - (double)below;
    if (share == 0)
        return sorted[below]; // an infinite neighbor must not make it NaN
    return sorted[below] + share * (sorted[below + 1] - sorted[below]);
}

void numbers_moments(const double *values, size_t count, double *mean, double *variance) {
    double m = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        double delta = values[i] - m;
        m += delta / (double)(i + 1);
        squares += delta * (values[i] - m);
    }
    *mean = m;
    *variance = count == 0 ? 0 : squares / (double)count;
}
