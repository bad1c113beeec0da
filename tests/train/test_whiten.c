// Whitening: eigenvectors, and that patches have unit covariance behind the filters.
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/train/whiten.h"
#include "tests/support/sources.h"

// [[2,1],[1,2]] has 3 along (1,1) and 1 along (1,−1).
static void two_by_two(void **state) {
    (void)state;
    double matrix[] = {2, 1, 1, 2}, values[2], vectors[4];
    eigen_symmetric(2, matrix, values, vectors);
    assert_true(fabs(values[0] - 3) < 1e-12 && fabs(values[1] - 1) < 1e-12);
    assert_true(fabs(vectors[0] - vectors[1]) < 1e-12 && fabs(vectors[2] + vectors[3]) < 1e-12);
}

// A v = λ v, and v orthonormal, of a matrix of all sorts.
static void decomposition(void **state) {
    (void)state;
    enum { SIZE = 12 };
    double matrix[SIZE * SIZE], kept[SIZE * SIZE], values[SIZE], vectors[SIZE * SIZE];
    for (int i = 0; i < SIZE; i++) {
        for (int k = 0; k <= i; k++) {
            matrix[i * SIZE + k] = matrix[k * SIZE + i] = 2 * fixture_unit(5, (uint32_t)(i * SIZE + k)) - 1;
        }
    }
    memcpy(kept, matrix, sizeof kept);
    eigen_symmetric(SIZE, matrix, values, vectors);
    for (int v = 0; v < SIZE; v++) {
        assert_true(v == 0 || values[v] <= values[v - 1]);
        for (int i = 0; i < SIZE; i++) {
            double product = 0, overlap = 0;
            for (int k = 0; k < SIZE; k++) {
                product += kept[i * SIZE + k] * vectors[v * SIZE + k];
                overlap += vectors[i * SIZE + k] * vectors[v * SIZE + k];
            }
            assert_true(fabs(product - values[v] * vectors[v * SIZE + i]) < 1e-12);
            assert_true(fabs(overlap - (i == v ? 1 : 0)) < 1e-12);
        }
    }
}

// Σ over all patches of (F p)(F p)ᵀ / count: λ/(λ + 5e-4) on the diagonal, 0 beside it, and the second half of the
// filters is the first with the other sign.
static void patches_are_white(void **state) {
    (void)state;
    enum { SIDE = 32, SIZE = 12, ROWS = 40 };
    struct train_params params;
    struct model *model = NULL;
    struct error error = {0};
    struct source *source = source_bars(ROWS, 3, SIDE, 4, 3);
    params_defaults(&train_table, &params);
    strcpy(params.model, "fastnet");
    assert_int_equal(model_make(&params, (struct model_data){.sample = source->sample, .outputs = 4}, &model, &error), STATUS_OK);
    float *filters = mem_alloc(model->state_count, sizeof *filters);
    assert_int_equal(whiten_start(model, source, filters, &error), STATUS_OK);
    double sum[SIZE * SIZE] = {0}, count = 0;
    for (size_t r = 0; r < source->part_count[PART_TRAIN]; r++) {
        const uint8_t *picture = (const uint8_t *)source->features + source->part_rows[PART_TRAIN][r] * 3 * SIDE * SIDE;
        for (int at = 0; at < (SIDE - 1) * (SIDE - 1); at++) {
            double out[SIZE] = {0};
            for (int f = 0; f < SIZE; f++) {
                for (int i = 0; i < SIZE; i++) {
                    int c = i / 4, h = at / (SIDE - 1) + i % 4 / 2, w = at % (SIDE - 1) + i % 2;
                    double mean = (double)source->pixel_mean[c], sd = (double)source->pixel_sd[c];
                    out[f] += (double)filters[f * SIZE + i] * (picture[(c * SIDE + h) * SIDE + w] / 255.0 - mean) / sd;
                }
            }
            for (int i = 0; i < SIZE * SIZE; i++) {
                sum[i] += out[i / SIZE] * out[i % SIZE];
            }
            count++;
        }
    }
    for (int i = 0; i < SIZE * SIZE; i++) {
        double want = i / SIZE == i % SIZE ? 1 : 0;
        assert_true(fabs(sum[i] / count - want) < 0.05);
        assert_true(filters[i] == -filters[SIZE * SIZE + i]);
    }
    mem_free(filters);
    model_free(model);
    source_release(source);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_by_two),
        cmocka_unit_test(decomposition),
        cmocka_unit_test(patches_are_white),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
