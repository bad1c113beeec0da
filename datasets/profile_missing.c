// Which columns are missing together: phi of their masks, and the strongest pairs.
#include <math.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "datasets/profile_parts.h"

enum { TOGETHER_MOST = 100 };

struct masks {
    const struct table *table;
    const struct matrix *matrix;
    uint64_t *both; // [PROFILE_LANES][pairs]
    size_t pairs;
    struct task *task;
};

static bool has_gaps(const struct column *column) {
    return column->missing_count > 0;
}

static uint64_t count_both(const struct column_cells *a, const struct column_cells *b) {
    uint64_t sum = 0;
    for (size_t word = 0; word < (a->count + 63) / 64; word++) {
        uint64_t bits = a->missing[word] & b->missing[word];
        if (word == a->count / 64)
            bits &= ((uint64_t)1 << a->count % 64) - 1;
        sum += (uint64_t)__builtin_popcountll(bits);
    }
    return sum;
}

static void add_block(const struct masks *masks, const struct column_cells *cells, uint64_t *both) {
    for (size_t a = 1; a < masks->matrix->rows; a++)
        for (size_t b = 0; b < a; b++, both++)
            if (cells[a].missing != NULL && cells[b].missing != NULL)
                *both += count_both(&cells[a], &cells[b]);
}

static enum status mask_lane(void *context, size_t lane, struct error *error) {
    struct masks *masks = context;
    size_t count = masks->matrix->rows, blocks = (masks->table->rows + COLUMN_BLOCK - 1) / COLUMN_BLOCK, open = 0;
    struct column_scan *scans = mem_alloc(count, sizeof *scans);
    struct column_cells *cells = mem_alloc(count, sizeof *cells);
    enum status status = STATUS_OK;
    if (scans == NULL || cells == NULL)
        status = error_memory(error, "cells missing together", count * (sizeof *scans + sizeof *cells));
    for (; open < count && status == STATUS_OK; open++)
        status = column_scan_open(&scans[open], masks->table->columns[masks->matrix->row_of[open]], error);
    for (size_t block = lane; block < blocks && status == STATUS_OK; block += PROFILE_LANES) {
        for (size_t i = 0; i < count && status == STATUS_OK; i++)
            status = column_scan_read(&scans[i], block, &cells[i], error);
        if (status == STATUS_OK)
            add_block(masks, cells, masks->both + lane * masks->pairs);
        if (status == STATUS_OK)
            status = task_step(masks->task, 0, error);
    }
    for (size_t i = 0; i < open; i++)
        column_scan_close(&scans[i]);
    mem_free(scans);
    mem_free(cells);
    return status;
}

static double phi(double rows, double a, double b, double both) {
    double scale = a * (rows - a) * b * (rows - b);
    return scale > 0 ? (rows * both - a * b) / sqrt(scale) : (double)NAN;
}

static int stronger(const void *x, const void *y) {
    const struct missing_pair *a = x, *b = y;
    double first = isnan(a->phi) ? -2 : a->phi, second = isnan(b->phi) ? -2 : b->phi;
    if (first != second)
        return first > second ? -1 : 1;
    return a->a != b->a ? (a->a < b->a ? -1 : 1) : a->b < b->b ? -1 : 1;
}

static enum status keep_pairs(const struct masks *masks, struct profile *profile, struct error *error) {
    struct matrix *matrix = &profile->matrices[MATRIX_MISSING];
    profile->together = mem_alloc(masks->pairs, sizeof *profile->together);
    if (profile->together == NULL)
        return error_memory(error, "cells missing together", masks->pairs * sizeof *profile->together);
    for (size_t pair = 0; pair < masks->pairs; pair++) {
        size_t a, b, both = 0;
        matrix_pair(pair, &a, &b);
        for (size_t lane = 0; lane < PROFILE_LANES; lane++)
            both += masks->both[lane * masks->pairs + pair];
        uint32_t first = matrix->row_of[b], second = matrix->row_of[a];
        double strength = phi((double)profile->rows, (double)profile->columns[first].missing,
                              (double)profile->columns[second].missing, (double)both);
        matrix_put(matrix, a, b, strength);
        if (both > 0)
            profile->together[profile->together_count++] = (struct missing_pair){first, second, both, strength};
    }
    for (size_t i = 0; i < matrix->rows; i++)
        if (profile->columns[matrix->row_of[i]].missing < profile->rows)
            matrix_put(matrix, i, i, 1);
    qsort(profile->together, profile->together_count, sizeof *profile->together, stronger);
    if (profile->together_count > TOGETHER_MOST)
        profile->together_count = TOGETHER_MOST;
    return STATUS_OK;
}

enum status profile_missing_together(const struct table *table, struct profile *profile, struct task *task,
                                     struct error *error) {
    struct matrix *matrix = &profile->matrices[MATRIX_MISSING];
    enum status status = matrix_square(matrix, table, profile, has_gaps, error);
    if (status != STATUS_OK || matrix->rows == 0)
        return status;
    struct masks masks = {table, matrix, NULL, matrix->rows * (matrix->rows - 1) / 2, task};
    masks.both = mem_alloc(masks.pairs * PROFILE_LANES, sizeof *masks.both);
    if (masks.both == NULL)
        return error_memory(error, "cells missing together", masks.pairs * PROFILE_LANES * sizeof *masks.both);
    status = profile_parallel(PROFILE_LANES, table->rows * matrix->rows / 16, mask_lane, &masks, error);
    if (status == STATUS_OK)
        status = keep_pairs(&masks, profile, error);
    mem_free(masks.both);
    return status;
}
