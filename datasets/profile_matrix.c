// Matrices over pairs of columns: how they are made; Pearson's correlation; cells missing together.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/profile_parts.h"

const char *const matrix_names[MATRICES] = {"pearson", "spearman", "cramer", "ratio", "missing"};
const char *const matrix_labels[MATRICES] = {"Pearson", "Spearman", "Cramér's V", "correlation ratio",
                                             "missing together (phi)"};

enum status matrix_make(struct matrix *matrix, size_t rows, size_t columns, struct error *error) {
    *matrix = (struct matrix){.rows = rows, .columns = columns};
    matrix->row_of = mem_alloc(rows, sizeof *matrix->row_of);
    matrix->column_of = mem_alloc(columns, sizeof *matrix->column_of);
    matrix->values = mem_alloc(rows * columns, sizeof *matrix->values);
    if (matrix->row_of == NULL || matrix->column_of == NULL || matrix->values == NULL) {
        matrix_clear(matrix);
        return error_memory(error, "a matrix", rows * columns * sizeof *matrix->values);
    }
    for (size_t i = 0; i < rows * columns; i++)
        matrix->values[i] = (double)NAN;
    return STATUS_OK;
}

void matrix_clear(struct matrix *matrix) {
    mem_free(matrix->row_of);
    mem_free(matrix->column_of);
    mem_free(matrix->values);
    *matrix = (struct matrix){0};
}

enum status matrix_square(struct matrix *matrix, const struct table *table, struct profile *profile,
                          bool (*takes)(const struct column *), struct error *error) {
    size_t count = 0, most = (size_t)profile->limits.matrix_columns, at = 0;
    for (size_t i = 0; i < table->column_count; i++)
        count += takes(table->columns[i]);
    size_t taken = count < most ? count : most;
    if (taken < 2 || table->rows == 0)
        return STATUS_OK;
    enum status status = matrix_make(matrix, taken, taken, error);
    if (status != STATUS_OK)
        return status;
    matrix->left_out = count - taken;
    for (size_t i = 0; i < table->column_count && at < taken; i++)
        if (takes(table->columns[i]))
            matrix->row_of[at] = matrix->column_of[at] = (uint32_t)i, at++;
    return STATUS_OK;
}

void matrix_put(struct matrix *matrix, size_t a, size_t b, double value) {
    matrix->values[a * matrix->columns + b] = matrix->values[b * matrix->columns + a] = value;
}

void matrix_pair(size_t pair, size_t *a, size_t *b) { // 0: (1, 0), 1: (2, 0), 2: (2, 1) …
    *a = 1;
    while (pair >= *a)
        pair -= (*a)++;
    *b = pair;
}

// ---- sums over the rows where both are there ---------------------------------------------------------------

double pair_correlation(const struct pair_sums *sums) {
    double n = sums->count, sx = sums->x, sy = sums->y;
    double xx = sums->xx - sx * sx / n, yy = sums->yy - sy * sy / n, xy = sums->xy - sx * sy / n;
    // What is left of a constant that is far from the column's mean is rounding.
    if (n < 1 || !(xx > 1e-14 * sums->xx) || !(yy > 1e-14 * sums->yy))
        return (double)NAN;
    double r = xy / sqrt(xx) / sqrt(yy);
    return r > 1 ? 1 : r < -1 ? -1 : r;
}

static void add_complete(struct pair_sums *sums, const double *x, const double *y, size_t count) {
    enum { LANES = 4 };
    double s[LANES] = {0};
    size_t whole = count - count % LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            s[lane] += x[i + lane] * y[i + lane];
    for (size_t i = whole; i < count; i++)
        s[0] += x[i] * y[i];
    sums->xy += (s[0] + s[1]) + (s[2] + s[3]);
}

static void add_masked(struct pair_sums *sums, const struct pair_block *x, const struct pair_block *y, size_t count) {
    double n = 0, sx = 0, sy = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < count; i++) { // values are 0 where their weight is
        double wx = x->there[i], wy = y->there[i], a = x->values[i], b = y->values[i];
        n += wx * wy;
        sx += a * wy;
        sy += b * wx;
        xx += a * a * wy;
        yy += b * b * wx;
        xy += a * b;
    }
    sums->count += n;
    sums->x += sx;
    sums->y += sy;
    sums->xx += xx;
    sums->yy += yy;
    sums->xy += xy;
}

void pair_add(struct pair_sums *sums, const struct pair_block *x, const struct pair_block *y, size_t count) {
    if (!x->complete || !y->complete) {
        add_masked(sums, x, y, count);
        return;
    }
    sums->count += (double)count;
    sums->x += x->sum;
    sums->y += y->sum;
    sums->xx += x->squares;
    sums->yy += y->squares;
    add_complete(sums, x->values, y->values, count);
}

// A part of a column about its mean; what is missing or infinite is not there.
void pair_block_fill(struct pair_block *block, const double *values, const uint64_t *missing, size_t count,
                     double mean) {
    double sum = 0, squares = 0, there = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_there = isfinite(values[i]) && (missing == NULL || (missing[i / 64] >> (i % 64) & 1) == 0);
        double value = is_there ? values[i] - mean : 0;
        block->values[i] = value;
        block->there[i] = is_there;
        there += is_there;
        sum += value;
        squares += value * value;
    }
    block->complete = there == (double)count;
    block->sum = sum;
    block->squares = squares;
}

// ---- Pearson ------------------------------------------------------------------------------------------------

enum { PART = 2048 }; // rows at a time: a part of 60 columns fits the second cache

struct pearson_room { // of one lane
    struct column_scan *scans;
    struct column_cells *cells;
    struct pair_block *blocks;
    double *values; // [columns][2][PART]
};

static void room_close(struct pearson_room *room, size_t count) {
    for (size_t i = 0; i < count && room->scans != NULL; i++)
        column_scan_close(&room->scans[i]);
    mem_free(room->scans);
    mem_free(room->cells);
    mem_free(room->blocks);
    mem_free(room->values);
}

static enum status room_open(struct pearson_room *room, const struct pearson *pearson, struct error *error) {
    size_t count = pearson->matrix->rows;
    room->scans = mem_alloc(count, sizeof *room->scans);
    room->cells = mem_alloc(count, sizeof *room->cells);
    room->blocks = mem_alloc(count, sizeof *room->blocks);
    room->values = mem_alloc(count * 2 * PART, sizeof *room->values);
    if (room->scans == NULL || room->cells == NULL || room->blocks == NULL || room->values == NULL)
        return error_memory(error, "correlations", count * 2 * PART * sizeof *room->values);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        room->blocks[i].values = room->values + 2 * i * PART;
        room->blocks[i].there = room->values + (2 * i + 1) * PART;
        if (pearson->ranks == NULL)
            status = column_scan_open(&room->scans[i], pearson->table->columns[pearson->matrix->row_of[i]], error);
    }
    return status;
}

// Twice the rank, so that it is a whole number.
static void fill_ranks(struct pair_block *block, const uint32_t *ranks, size_t count, double center) {
    for (size_t i = 0; i < count; i++) {
        block->there[i] = ranks[i] != 0;
        block->values[i] = ranks[i] != 0 ? (double)ranks[i] - center : 0;
    }
    block->complete = true;
    block->sum = block->squares = 0;
    for (size_t i = 0; i < count; i++) {
        block->complete = block->complete && ranks[i] != 0;
        block->sum += block->values[i];
        block->squares += block->values[i] * block->values[i];
    }
}

static void add_part(const struct pearson *pearson, const struct pearson_room *room, struct pair_sums *sums, size_t row,
                     size_t first, size_t count) {
    const bool *whole = pearson->whole;
    for (size_t i = 0; i < pearson->matrix->rows; i++) {
        const struct column_cells *cells = &room->cells[i];
        if (pearson->ranks != NULL)
            fill_ranks(&room->blocks[i], pearson->ranks[i] + row + first, count, pearson->center[i]);
        else
            pair_block_fill(&room->blocks[i], cells->values + first,
                            cells->missing == NULL ? NULL : cells->missing + first / 64, count, pearson->center[i]);
    }
    for (size_t a = 1; a < pearson->matrix->rows; a++)
        for (size_t b = 0; b < a; b++, sums++)
            if (whole == NULL || (whole[a] && whole[b]))
                pair_add(sums, &room->blocks[a], &room->blocks[b], count);
}

static enum status pearson_lane(void *context, size_t lane, struct error *error) {
    struct pearson *pearson = context;
    struct pearson_room room = {0};
    size_t blocks = (pearson->rows + COLUMN_BLOCK - 1) / COLUMN_BLOCK, columns = pearson->matrix->rows;
    enum status status = room_open(&room, pearson, error);
    for (size_t block = lane; block < blocks && status == STATUS_OK; block += PROFILE_LANES) {
        size_t row = block * COLUMN_BLOCK, count = pearson->rows - row;
        count = count < COLUMN_BLOCK ? count : COLUMN_BLOCK;
        for (size_t i = 0; i < columns && status == STATUS_OK && pearson->ranks == NULL; i++)
            status = column_scan_read(&room.scans[i], block, &room.cells[i], error);
        for (size_t first = 0; status == STATUS_OK && first < count; first += PART) {
            size_t here = count - first < PART ? count - first : PART;
            add_part(pearson, &room, pearson->sums + lane * pearson->pairs, row, first, here);
            status = task_step(pearson->task, 0, error);
        }
    }
    room_close(&room, columns);
    return status;
}

static void finish(const struct pearson *pearson) {
    for (size_t pair = 0; pair < pearson->pairs; pair++) {
        struct pair_sums sum = {0};
        size_t a, b;
        matrix_pair(pair, &a, &b);
        for (size_t lane = 0; lane < PROFILE_LANES; lane++) {
            const struct pair_sums *from = &pearson->sums[lane * pearson->pairs + pair];
            sum.count += from->count;
            sum.x += from->x;
            sum.y += from->y;
            sum.xx += from->xx;
            sum.yy += from->yy;
            sum.xy += from->xy;
        }
        if (pearson->whole == NULL || (pearson->whole[a] && pearson->whole[b]))
            matrix_put(pearson->matrix, a, b, pair_correlation(&sum));
    }
}

enum status pearson_run(struct pearson *pearson, struct error *error) {
    size_t columns = pearson->matrix->rows;
    pearson->pairs = columns * (columns - 1) / 2;
    pearson->sums = mem_alloc(pearson->pairs * PROFILE_LANES, sizeof *pearson->sums);
    if (pearson->sums == NULL)
        return error_memory(error, "correlations", pearson->pairs * PROFILE_LANES * sizeof *pearson->sums);
    enum status status = profile_parallel(PROFILE_LANES, pearson->rows * columns, pearson_lane, pearson, error);
    if (status == STATUS_OK)
        finish(pearson);
    mem_free(pearson->sums);
    return status;
}

// A column goes with itself wherever it varies at all.
void matrix_diagonal(struct matrix *matrix, const struct profile *profile) {
    for (size_t i = 0; i < matrix->rows; i++) {
        const struct column_profile *column = &profile->columns[matrix->row_of[i]];
        bool varies = column->infinite > 0 ? column->distinct > 3 : column->distinct > 1;
        matrix_put(matrix, i, i, varies ? 1 : (double)NAN);
    }
}

bool column_is_number(const struct column *column) {
    return column->type == COLUMN_NUMERIC;
}

enum status profile_pearson(const struct table *table, struct profile *profile, struct task *task,
                            struct error *error) {
    struct matrix *matrix = &profile->matrices[MATRIX_PEARSON];
    enum status status = matrix_square(matrix, table, profile, column_is_number, error);
    size_t columns = matrix->rows;
    if (status != STATUS_OK || columns == 0)
        return status;
    struct pearson pearson = {.table = table, .matrix = matrix, .rows = table->rows, .task = task};
    pearson.center = mem_alloc(columns, sizeof *pearson.center);
    if (pearson.center == NULL)
        return error_memory(error, "correlations", columns * sizeof *pearson.center);
    for (size_t i = 0; i < columns; i++) {
        const struct column_profile *figures = &profile->columns[matrix->row_of[i]];
        double center = isfinite(figures->mean) ? figures->mean : figures->median;
        pearson.center[i] = isfinite(center) ? center : 0;
    }
    status = pearson_run(&pearson, error);
    matrix_diagonal(matrix, profile);
    mem_free(pearson.center);
    return status;
}
