// How columns go together where one is not a number: Cramér's V with Bergsma's correction (2013), the correlation
// ratio eta. And how every column goes with the target.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/profile_parts.h"

enum { CELLS_MOST = 1 << 22, CLASSES_MOST = 100, NONE = -1 };

const char *const association_names[] = {"r", "V", "eta"};

// ---- classes of a column ----------------------------------------------------------------------------------

static enum status add_values(void *context, const struct column_cells *cells, struct error *error) {
    struct labels *labels = context;
    (void)error;
    for (size_t i = 0; i < cells->count; i++) {
        if (cells_missing(cells, i) || !isfinite(cells->values[i]))
            continue;
        size_t at = sorted_below(labels->values, labels->count, cells->values[i]);
        if ((at < labels->count && labels->values[at] == cells->values[i]) || labels->count == CLASSES_MOST)
            continue;
        memmove(labels->values + at + 1, labels->values + at, (labels->count - at) * sizeof *labels->values);
        labels->values[at] = cells->values[i] + 0.0;
        labels->count++;
    }
    return STATUS_OK;
}

enum status labels_make(struct labels *labels, const struct column *column, struct error *error) {
    *labels = (struct labels){.column = column, .count = column->word_count};
    if (!column_has_values(column))
        return STATUS_OK;
    labels->count = 0;
    labels->values = mem_alloc(CLASSES_MOST + 1, sizeof *labels->values);
    if (labels->values == NULL)
        return error_memory(error, "classes", CLASSES_MOST * sizeof *labels->values);
    enum status status = column_each(column, add_values, labels, error);
    if (status != STATUS_OK)
        mem_free(labels->values);
    return status;
}

static int64_t label_at(const struct labels *labels, const struct column_cells *cells, size_t i) {
    if (cells_missing(cells, i))
        return NONE;
    if (labels->values == NULL)
        return cells->codes[i];
    size_t at = sorted_below(labels->values, labels->count, cells->values[i]);
    return at < labels->count && labels->values[at] == cells->values[i] ? (int64_t)at : NONE;
}

// ---- two columns side by side -------------------------------------------------------------------------------

enum status column_pair_each(const struct column *a, const struct column *b, pair_visit *visit, void *context,
                             struct task *task, struct error *error) {
    struct column_scan first, second = {0};
    enum status status = column_scan_open(&first, a, error);
    if (status == STATUS_OK)
        status = column_scan_open(&second, b, error);
    for (size_t block = 0; status == STATUS_OK && block < column_blocks(a); block++) {
        struct column_cells x, y;
        status = column_scan_read(&first, block, &x, error);
        if (status == STATUS_OK)
            status = column_scan_read(&second, block, &y, error);
        if (status == STATUS_OK)
            status = visit(context, &x, &y, error);
        if (status == STATUS_OK)
            status = task_step(task, 0, error);
    }
    column_scan_close(&first);
    column_scan_close(&second);
    return status;
}

// ---- Cramér's V ---------------------------------------------------------------------------------------------

struct contingency {
    const struct labels *a, *b;
    uint32_t *counts;     // [a][b]
    double *row, *column; // their sums
};

static enum status count_cells(void *context, const struct column_cells *a, const struct column_cells *b,
                               struct error *error) {
    (void)error;
    struct contingency *table = context;
    for (size_t i = 0; i < a->count; i++) {
        int64_t x = label_at(table->a, a, i), y = label_at(table->b, b, i);
        if (x >= 0 && y >= 0)
            table->counts[(size_t)x * table->b->count + (size_t)y]++;
    }
    return STATUS_OK;
}

static double v_of(const struct contingency *table) {
    double n = 0, chi = 0, r = 0, k = 0;
    for (size_t x = 0; x < table->a->count; x++)
        for (size_t y = 0; y < table->b->count; y++) {
            double count = table->counts[x * table->b->count + y];
            table->row[x] += count;
            table->column[y] += count;
            n += count;
        }
    for (size_t x = 0; x < table->a->count; x++)
        r += table->row[x] > 0;
    for (size_t y = 0; y < table->b->count; y++)
        k += table->column[y] > 0;
    if (n < 2 || r < 2 || k < 2)
        return (double)NAN;
    for (size_t x = 0; x < table->a->count; x++)
        for (size_t y = 0; y < table->b->count; y++) {
            double expected = table->row[x] * table->column[y] / n;
            double away = table->counts[x * table->b->count + y] - expected;
            if (expected > 0)
                chi += away * away / expected;
        }
    double phi = fmax(0, chi / n - (r - 1) * (k - 1) / (n - 1));
    double rows = r - (r - 1) * (r - 1) / (n - 1), columns = k - (k - 1) * (k - 1) / (n - 1);
    double least = fmin(rows, columns) - 1;
    return least > 0 ? fmin(1, sqrt(phi / least)) : (double)NAN;
}

enum status cramers_v(const struct labels *a, const struct labels *b, double *v, struct task *task,
                      struct error *error) {
    *v = (double)NAN;
    if (a->count == 0 || b->count == 0 || a->count > CELLS_MOST / b->count)
        return STATUS_OK;
    struct contingency table = {.a = a, .b = b};
    table.counts = mem_alloc(a->count * b->count, sizeof *table.counts);
    table.row = mem_alloc(a->count + b->count, sizeof *table.row);
    table.column = table.row + a->count;
    enum status status = STATUS_OK;
    if (table.counts == NULL || table.row == NULL)
        status = error_memory(error, "associations", a->count * b->count * sizeof *table.counts);
    if (status == STATUS_OK)
        status = column_pair_each(a->column, b->column, count_cells, &table, task, error);
    if (status == STATUS_OK)
        *v = v_of(&table);
    mem_free(table.counts);
    mem_free(table.row);
    return status;
}

// ---- the correlation ratio ------------------------------------------------------------------------------------

struct ratio {
    const struct labels *labels;
    double center, squares;
    struct {
        double count, sum;
    } * of; // each class
};

static enum status add_ratio(void *context, const struct column_cells *numbers, const struct column_cells *words,
                             struct error *error) {
    (void)error;
    struct ratio *ratio = context;
    for (size_t i = 0; i < numbers->count; i++) {
        int64_t label = label_at(ratio->labels, words, i);
        if (label < 0 || cells_missing(numbers, i) || !isfinite(numbers->values[i]))
            continue;
        double value = numbers->values[i] - ratio->center;
        ratio->of[label].count++;
        ratio->of[label].sum += value;
        ratio->squares += value * value;
    }
    return STATUS_OK;
}

static double eta_of(const struct ratio *ratio) {
    double n = 0, sum = 0, between_classes = 0;
    for (size_t i = 0; i < ratio->labels->count; i++) {
        n += ratio->of[i].count;
        sum += ratio->of[i].sum;
    }
    for (size_t i = 0; i < ratio->labels->count; i++)
        if (ratio->of[i].count > 0) {
            double away = ratio->of[i].sum / ratio->of[i].count - sum / n;
            between_classes += ratio->of[i].count * away * away;
        }
    double all = ratio->squares - sum * sum / n;
    return n >= 2 && all > 1e-14 * ratio->squares ? fmin(1, sqrt(between_classes / all)) : (double)NAN;
}

static double center_of(const struct column_profile *figures) {
    double center = isfinite(figures->mean) ? figures->mean : figures->median;
    return isfinite(center) ? center : 0;
}

enum status correlation_ratio(const struct column_profile *numbers, const struct labels *words, double *eta,
                              struct task *task, struct error *error) {
    *eta = (double)NAN;
    if (words->count == 0 || words->count > CELLS_MOST)
        return STATUS_OK;
    struct ratio ratio = {.labels = words, .center = center_of(numbers)};
    ratio.of = mem_alloc(words->count, sizeof *ratio.of);
    if (ratio.of == NULL)
        return error_memory(error, "associations", words->count * sizeof *ratio.of);
    enum status status = column_pair_each(numbers->column, words->column, add_ratio, &ratio, task, error);
    if (status == STATUS_OK)
        *eta = eta_of(&ratio);
    mem_free(ratio.of);
    return status;
}

// ---- two columns of numbers -------------------------------------------------------------------------------------

enum { PART = 2048 };

struct two {
    double centers[2];
    double room[4][PART];
    struct pair_sums sums;
};

static enum status add_two(void *context, const struct column_cells *a, const struct column_cells *b,
                           struct error *error) {
    (void)error;
    struct two *two = context;
    struct pair_block x = {.values = two->room[0], .there = two->room[1]};
    struct pair_block y = {.values = two->room[2], .there = two->room[3]};
    for (size_t first = 0; first < a->count; first += PART) {
        size_t count = a->count - first < PART ? a->count - first : PART;
        pair_block_fill(&x, a->values + first, a->missing == NULL ? NULL : a->missing + first / 64, count,
                        two->centers[0]);
        pair_block_fill(&y, b->values + first, b->missing == NULL ? NULL : b->missing + first / 64, count,
                        two->centers[1]);
        pair_add(&two->sums, &x, &y, count);
    }
    return STATUS_OK;
}

enum status correlation_of(const struct column_profile *a, const struct column_profile *b, double *r, struct task *task,
                           struct error *error) {
    struct two *two = mem_alloc(1, sizeof *two);
    if (two == NULL)
        return error_memory(error, "correlations", sizeof *two);
    two->centers[0] = center_of(a);
    two->centers[1] = center_of(b);
    enum status status = column_pair_each(a->column, b->column, add_two, two, task, error);
    *r = status == STATUS_OK ? pair_correlation(&two->sums) : (double)NAN;
    mem_free(two);
    return status;
}

// ---- matrices -----------------------------------------------------------------------------------------------------

static bool is_category(const struct column *column) {
    return column->type == COLUMN_CATEGORY;
}

struct pairs {
    const struct table *table;
    struct profile *profile;
    struct task *task;
};

static enum status cramer_pair(void *context, size_t pair, struct error *error) {
    struct pairs *pairs = context;
    struct matrix *matrix = &pairs->profile->matrices[MATRIX_CRAMER];
    size_t a, b;
    double v;
    matrix_pair(pair, &a, &b);
    const struct column *x = pairs->table->columns[matrix->row_of[a]];
    const struct column *y = pairs->table->columns[matrix->row_of[b]];
    struct labels first = {x, NULL, x->word_count}, second = {y, NULL, y->word_count};
    enum status status = cramers_v(&first, &second, &v, pairs->task, error);
    matrix_put(matrix, a, b, v);
    return status;
}

static enum status ratio_pair(void *context, size_t pair, struct error *error) {
    struct pairs *pairs = context;
    struct matrix *matrix = &pairs->profile->matrices[MATRIX_RATIO];
    size_t number = pair / matrix->columns, word = pair % matrix->columns;
    const struct column *words = pairs->table->columns[matrix->column_of[word]];
    struct labels labels = {words, NULL, words->word_count};
    return correlation_ratio(&pairs->profile->columns[matrix->row_of[number]], &labels, &matrix->values[pair],
                             pairs->task, error);
}

static enum status make_ratio(struct pairs *pairs, struct error *error) {
    const struct table *table = pairs->table;
    size_t numbers = 0, words = 0, most = (size_t)pairs->profile->limits.matrix_columns, row = 0, column = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        numbers += table->columns[i]->type == COLUMN_NUMERIC;
        words += table->columns[i]->type == COLUMN_CATEGORY;
    }
    struct matrix *matrix = &pairs->profile->matrices[MATRIX_RATIO];
    size_t rows = numbers < most ? numbers : most, columns = words < most ? words : most;
    if (rows == 0 || columns == 0 || table->rows == 0)
        return STATUS_OK;
    enum status status = matrix_make(matrix, rows, columns, error);
    if (status != STATUS_OK)
        return status;
    matrix->left_out = numbers - rows + words - columns;
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i]->type == COLUMN_NUMERIC && row < rows)
            matrix->row_of[row++] = (uint32_t)i;
        if (table->columns[i]->type == COLUMN_CATEGORY && column < columns)
            matrix->column_of[column++] = (uint32_t)i;
    }
    return profile_parallel(rows * columns, table->rows * rows * columns, ratio_pair, pairs, error);
}

enum status profile_associations(const struct table *table, struct profile *profile, struct task *task,
                                 struct error *error) {
    struct pairs pairs = {table, profile, task};
    struct matrix *matrix = &profile->matrices[MATRIX_CRAMER];
    enum status status = matrix_square(matrix, table, profile, is_category, error);
    size_t count = matrix->rows > 0 ? matrix->rows * (matrix->rows - 1) / 2 : 0;
    if (status == STATUS_OK && count > 0)
        status = profile_parallel(count, table->rows * count, cramer_pair, &pairs, error);
    if (status == STATUS_OK && count > 0)
        matrix_diagonal(matrix, profile);
    return status != STATUS_OK ? status : make_ratio(&pairs, error);
}
