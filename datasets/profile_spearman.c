// Spearman's correlation: Pearson's of the ranks. Two columns of which one has gaps are ranked anew over the rows
// where both are there, as pandas does. Where ranks of every row do not fit the memory for cells, or would take too
// long, rows are taken evenly spaced, and the figures are about.
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/profile_parts.h"

static const double WORK_MOST = 4e9; // ranks gone through anew
enum { SAMPLE_MOST = 1 << 17 };

struct ranked {
    struct matrix *matrix;
    uint32_t **ranks; // [columns][rows] twice the rank, 0 where missing
    size_t rows;
    bool *whole;
    struct task *task;
};

// ---- ranks of some rows ---------------------------------------------------------------------------------

struct sampler {
    struct sort_item *items;
    size_t rows, wanted, next, count; // next: of the sample
};

static enum status sample(void *context, const struct column_cells *cells, struct error *error) {
    struct sampler *sampler = context;
    (void)error;
    for (; sampler->next < sampler->wanted; sampler->next++) {
        size_t row = (size_t)((double)sampler->next * ((double)sampler->rows / (double)sampler->wanted));
        if (row >= cells->first + cells->count)
            break;
        size_t i = row - cells->first;
        if (!cells_missing(cells, i) && isfinite(cells->values[i]))
            sampler->items[sampler->count++] =
                (struct sort_item){sort_key(cells->values[i] + 0.0), (uint32_t)sampler->next};
    }
    return STATUS_OK;
}

static enum status rank_sample(const struct column *column, size_t wanted, uint32_t *ranks, struct task *task,
                               struct error *error) {
    struct sampler sampler = {.rows = column->rows, .wanted = wanted};
    sampler.items = mem_alloc(2 * wanted, sizeof *sampler.items);
    if (sampler.items == NULL)
        return error_memory(error, "ranks of a column", 2 * wanted * sizeof *sampler.items);
    enum status status = column_each(column, sample, &sampler, error);
    if (status == STATUS_OK)
        status = sort_items(sampler.items, sampler.items + wanted, sampler.count, task, error);
    for (size_t i = 0, next; i < sampler.count && status == STATUS_OK; i = next) {
        for (next = i + 1; next < sampler.count && sampler.items[next].key == sampler.items[i].key;)
            next++;
        for (size_t j = i; j < next; j++)
            ranks[sampler.items[j].row] = (uint32_t)(i + 1 + next);
    }
    mem_free(sampler.items);
    return status;
}

// ---- pairs with gaps --------------------------------------------------------------------------------------

// Twice the rank / 2 is different for every value: it serves as its place in a table of counts, which become twice
// the rank among the rows counted.
static void count_to_ranks(uint32_t *counts, size_t size) {
    size_t below = 0;
    for (size_t i = 0; i < size; i++) {
        size_t here = counts[i];
        counts[i] = (uint32_t)(2 * below + here + 1);
        below += here;
    }
}

static double rank_again(const uint32_t *x, const uint32_t *y, size_t rows, uint32_t *in_x, uint32_t *in_y) {
    size_t count = 0;
    memset(in_x, 0, (rows + 2) * sizeof *in_x);
    memset(in_y, 0, (rows + 2) * sizeof *in_y);
    for (size_t i = 0; i < rows; i++) {
        if (x[i] == 0 || y[i] == 0)
            continue;
        in_x[x[i] / 2]++;
        in_y[y[i] / 2]++;
        count++;
    }
    count_to_ranks(in_x, rows + 2);
    count_to_ranks(in_y, rows + 2);
    struct pair_sums sums = {.count = (double)count};
    double center = (double)count + 1;
    for (size_t i = 0; i < rows; i++) {
        if (x[i] == 0 || y[i] == 0)
            continue;
        double a = (double)in_x[x[i] / 2] - center, b = (double)in_y[y[i] / 2] - center;
        sums.xx += a * a;
        sums.yy += b * b;
        sums.xy += a * b;
    }
    return pair_correlation(&sums);
}

static enum status gap_pair(void *context, size_t pair, struct error *error) {
    struct ranked *ranked = context;
    size_t a, b;
    matrix_pair(pair, &a, &b);
    if (ranked->whole[a] && ranked->whole[b])
        return STATUS_OK;
    uint32_t *counts = mem_alloc(ranked->rows + 2, 2 * sizeof *counts);
    if (counts == NULL)
        return error_memory(error, "ranks of a column", ranked->rows * 2 * sizeof *counts);
    matrix_put(ranked->matrix, a, b,
               rank_again(ranked->ranks[a], ranked->ranks[b], ranked->rows, counts, counts + ranked->rows + 2));
    mem_free(counts);
    return task_step(ranked->task, 0, error);
}

static enum status correlate(struct ranked *ranked, const struct table *table, struct error *error) {
    size_t columns = ranked->matrix->rows;
    double *center = mem_alloc(columns, sizeof *center);
    if (center == NULL)
        return error_memory(error, "correlations", columns * sizeof *center);
    for (size_t i = 0; i < columns; i++)
        center[i] = (double)ranked->rows + 1;
    struct pearson pearson = {.table = table,
                              .matrix = ranked->matrix,
                              .rows = ranked->rows,
                              .ranks = ranked->ranks,
                              .whole = ranked->whole,
                              .center = center,
                              .task = ranked->task};
    enum status status = pearson_run(&pearson, error);
    mem_free(center);
    if (status == STATUS_OK)
        status = profile_parallel(columns * (columns - 1) / 2, ranked->rows * columns, gap_pair, ranked, error);
    return status;
}

// ---- which rows ---------------------------------------------------------------------------------------------

static double work_of(const struct ranked *ranked, const struct profile *profile) {
    double pairs = 0;
    for (size_t a = 1; a < ranked->matrix->rows; a++)
        for (size_t b = 0; b < a; b++)
            pairs += profile->columns[ranked->matrix->row_of[a]].missing > 0 ||
                     profile->columns[ranked->matrix->row_of[b]].missing > 0;
    return pairs * (double)profile->rows;
}

struct sampling {
    struct ranked *ranked;
    const struct table *table;
    size_t rows;
};

static enum status sample_column(void *context, size_t index, struct error *error) {
    struct sampling *sampling = context;
    struct ranked *ranked = sampling->ranked;
    ranked->ranks[index] = mem_alloc(ranked->rows, sizeof **ranked->ranks);
    if (ranked->ranks[index] == NULL)
        return error_memory(error, "ranks of a column", ranked->rows * sizeof **ranked->ranks);
    return rank_sample(sampling->table->columns[ranked->matrix->row_of[index]], ranked->rows, ranked->ranks[index],
                       ranked->task, error);
}

static enum status sample_rows(struct ranked *ranked, const struct table *table, struct error *error) {
    struct sampling sampling = {ranked, table, table->rows};
    ranked->rows = table->rows < SAMPLE_MOST ? table->rows : SAMPLE_MOST;
    ranked->matrix->about = ranked->rows < table->rows;
    enum status status =
        profile_parallel(ranked->matrix->rows, table->rows * ranked->matrix->rows, sample_column, &sampling, error);
    for (size_t i = 0; i < ranked->matrix->rows && status == STATUS_OK; i++) {
        ranked->whole[i] = true;
        for (size_t row = 0; row < ranked->rows && ranked->whole[i]; row++)
            ranked->whole[i] = ranked->ranks[i][row] != 0;
    }
    return status;
}

enum status profile_spearman(const struct table *table, struct profile *profile, uint32_t **ranks, struct task *task,
                             struct error *error) {
    struct matrix *matrix = &profile->matrices[MATRIX_SPEARMAN];
    enum status status = matrix_square(matrix, table, profile, column_is_number, error);
    size_t columns = matrix->rows;
    if (status != STATUS_OK || columns == 0)
        return status;
    struct ranked ranked = {.matrix = matrix, .rows = table->rows, .task = task};
    ranked.ranks = mem_alloc(columns, sizeof *ranked.ranks);
    ranked.whole = mem_alloc(columns, sizeof *ranked.whole);
    bool sampled = ranks[matrix->row_of[0]] == NULL || work_of(&ranked, profile) > WORK_MOST;
    if (ranked.ranks == NULL || ranked.whole == NULL)
        status = error_memory(error, "ranks", columns * sizeof *ranked.ranks);
    else if (sampled)
        status = sample_rows(&ranked, table, error);
    for (size_t i = 0; i < columns && status == STATUS_OK && !sampled; i++) {
        const struct column_profile *figures = &profile->columns[matrix->row_of[i]];
        ranked.ranks[i] = ranks[matrix->row_of[i]];
        ranked.whole[i] = figures->missing == 0 && figures->infinite == 0;
    }
    if (status == STATUS_OK)
        status = correlate(&ranked, table, error);
    matrix_diagonal(matrix, profile);
    for (size_t i = 0; i < columns && sampled && ranked.ranks != NULL; i++)
        mem_free(ranked.ranks[i]);
    mem_free(ranked.ranks);
    mem_free(ranked.whole);
    return status;
}
