// Equal rows: found by hashes and compared all the same, training rows first. (What the step drops and lists is tested
// with the other steps in test_pipeline.c.)
#include "tests/datasets/steps_fixture.h"

#include "core/base/rng.h"
#include "datasets/duplicates.h"

enum { ROWS = 400 };

static struct dataset *few_values(uint64_t seed) {
    static const char *const words[] = {"a", "b", NULL};
    double x[ROWS], y[ROWS];
    const char *w[ROWS];
    struct rng rng = rng_make(seed, RNG_TEST, 0);
    static const double numbers[] = {0, -0.0, 1, INFINITY, NAN};
    for (int row = 0; row < ROWS; row++) {
        x[row] = numbers[rng_below(&rng, 5)];
        y[row] = (double)rng_below(&rng, 4);
        w[row] = words[rng_below(&rng, 3)];
    }
    struct dataset *dataset = dataset_of(ROWS);
    add_numbers(dataset, "x", x);
    add_numbers(dataset, "y", y);
    add_words(dataset, "w", w);
    return dataset;
}

// By trying all pairs.
static void expected(const struct table *table, const uint8_t *before, uint32_t *first) {
    for (size_t row = 0; row < ROWS; row++) {
        first[row] = 0;
        for (int turn = 1; turn >= 0 && first[row] == 0; turn--) {
            for (size_t other = 0; other < ROWS && first[row] == 0; other++) {
                bool earlier = before[other] == before[row] ? other < row : before[other] > before[row];
                if (before[other] == turn && earlier && table_rows_equal(table, other, row))
                    first[row] = (uint32_t)other + 1;
            }
        }
    }
}

static void as_by_all_pairs(void **state) {
    (void)state;
    struct error error;
    for (uint64_t seed = 0; seed < 6; seed++) {
        struct dataset *dataset = few_values(seed);
        struct rng rng = rng_make(seed, RNG_TEST, 1);
        uint8_t before[ROWS];
        uint32_t first[ROWS], wanted[ROWS];
        uint64_t hash[ROWS];
        for (size_t row = 0; row < ROWS; row++)
            before[row] = rng_below(&rng, 3) > 0;
        expected(dataset->table, before, wanted);
        assert_int_equal(table_row_hashes(dataset->table, hash, &error), STATUS_OK);
        for (int poor = 0; poor < 3; poor++) { // with hashes that different rows share, too
            assert_int_equal(duplicates_of_rows(dataset->table, hash, before, first, NULL, &error), STATUS_OK);
            assert_memory_equal(first, wanted, sizeof first);
            for (size_t row = 0; row < ROWS; row++)
                hash[row] = poor == 0 ? hash[row] & 7 : 0;
        }
        dataset_free(dataset);
    }
}

static void stops_on_request(void **state) {
    (void)state;
    struct error error;
    struct task task = {0};
    struct dataset *dataset = few_values(1);
    uint32_t first[ROWS];
    uint64_t hash[ROWS] = {0};
    task_cancel(&task);
    assert_int_equal(duplicates_of_rows(dataset->table, hash, NULL, first, &task, &error), STATUS_CANCELLED);
    dataset_free(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_by_all_pairs), cmocka_unit_test(stops_on_request)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
