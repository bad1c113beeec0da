// An epoch visits every row exactly once, whatever happens to the batch size; the order depends on
// seed and epoch alone.
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/rng.h"
#include "core/train/sampler.h"

#define ROWS 103

static uint32_t rows[ROWS];

static int set_up(void **state) {
    (void)state;
    for (uint32_t i = 0; i < ROWS; i++) {
        rows[i] = 3 * i + 1;
    }
    return 0;
}

static void open(struct sampler *sampler, uint64_t seed) {
    struct error error = {0};
    assert_int_equal(sampler_open(sampler, rows, ROWS, seed, &error), STATUS_OK);
}

// Steps through one epoch with batch sizes drawn by `rng` (0: always `fixed`); marks what was visited.
static size_t run_epoch(struct sampler *sampler, struct rng *rng, size_t fixed, unsigned visits[3 * ROWS + 1]) {
    bool ended = false;
    size_t steps = 0;
    while (!ended) {
        bool fresh;
        size_t batch = rng == NULL ? fixed : 1 + (size_t)rng_below(rng, 40);
        const uint32_t *order = sampler_order(sampler, &fresh);
        size_t taken = sampler_next(sampler, batch);
        assert_true(taken > 0 && taken <= batch);
        for (size_t i = 0; i < taken; i++) {
            visits[order[sampler->position + i]]++;
        }
        ended = sampler_advance(sampler, taken, batch, false);
        steps++;
    }
    return steps;
}

static void every_row_once_under_any_changes(void **state) {
    (void)state;
    struct sampler sampler;
    struct rng rng = rng_make(1, RNG_TEST, 0);
    open(&sampler, 9);
    for (uint64_t epoch = 0; epoch < 50; epoch++) {
        unsigned visits[3 * ROWS + 1] = {0};
        assert_int_equal(sampler.epoch, epoch);
        run_epoch(&sampler, &rng, 0, visits);
        assert_int_equal(sampler.position, 0);
        for (size_t i = 0; i <= 3 * ROWS; i++) {
            assert_int_equal(visits[i], i % 3 == 1 && i < 3 * ROWS ? 1 : 0);
        }
    }
    sampler_close(&sampler);
}

static void order_depends_on_seed_and_epoch_alone(void **state) {
    (void)state;
    struct sampler a, b;
    uint32_t first[ROWS];
    bool fresh;
    open(&a, 9);
    open(&b, 9);
    memcpy(first, sampler_order(&a, &fresh), sizeof first);
    assert_true(fresh);
    assert_memory_not_equal(first, rows, sizeof first);
    sampler_order(&a, &fresh);
    assert_false(fresh);
    sampler_seek(&a, 7, 50);
    sampler_seek(&b, 3, 0);
    sampler_order(&b, &fresh);
    sampler_seek(&b, 7, 0);
    assert_memory_equal(sampler_order(&a, &fresh), sampler_order(&b, &fresh), sizeof first);
    assert_memory_not_equal(sampler_order(&a, &fresh), first, sizeof first);
    sampler_close(&b);
    open(&b, 10);
    sampler_seek(&b, 7, 0);
    assert_memory_not_equal(sampler_order(&a, &fresh), sampler_order(&b, &fresh), sizeof first);
    sampler_close(&a);
    sampler_close(&b);
}

static void the_last_short_batch(void **state) {
    (void)state;
    struct sampler sampler;
    unsigned visits[3 * ROWS + 1] = {0};
    open(&sampler, 1);
    assert_int_equal(run_epoch(&sampler, NULL, 10, visits), 11);
    assert_int_equal(sampler_steps_left(&sampler, 3, 10, false), 22);
    assert_int_equal(sampler_steps_left(&sampler, 3, 10, true), 20);
    assert_int_equal(sampler_steps_left(&sampler, 1, 10, false), 0);
    for (int i = 0; i < 9; i++) {
        assert_false(sampler_advance(&sampler, sampler_next(&sampler, 10), 10, true));
    }
    assert_true(fabs(sampler_epochs(&sampler) - (1 + 90.0 / 103)) < 1e-12);
    assert_int_equal(sampler_steps_left(&sampler, 2, 10, true), 1);
    assert_int_equal(sampler_steps_left(&sampler, 2, 10, false), 2);
    assert_true(sampler_advance(&sampler, sampler_next(&sampler, 10), 10, true));
    assert_int_equal(sampler.epoch, 2);
    assert_int_equal(sampler.position, 0);
    sampler_close(&sampler);
}

// Rows left when the batch grows past them are visited even where short batches are dropped.
static void a_grown_batch_drops_nothing(void **state) {
    (void)state;
    struct sampler sampler;
    open(&sampler, 1);
    sampler_seek(&sampler, 0, 70);
    assert_int_equal(sampler_steps_left(&sampler, 1, 50, true), 1);
    assert_int_equal(sampler_next(&sampler, 50), 33);
    assert_true(sampler_advance(&sampler, 33, 50, true));
    sampler_close(&sampler);
}

static void every_position_is_equally_likely(void **state) {
    (void)state;
    struct sampler sampler;
    enum { FEW = 5, EPOCHS = 5000 };
    unsigned counts[FEW][FEW] = {{0}};
    struct error error = {0};
    uint32_t few[FEW] = {0, 1, 2, 3, 4};
    assert_int_equal(sampler_open(&sampler, few, FEW, 4, &error), STATUS_OK);
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        bool fresh;
        sampler_seek(&sampler, epoch, 0);
        const uint32_t *order = sampler_order(&sampler, &fresh);
        for (size_t i = 0; i < FEW; i++) {
            counts[i][order[i]]++;
        }
    }
    double chi = 0; // 16 degrees of freedom: above 45 in 1 of 7000 seeds
    for (size_t i = 0; i < FEW * FEW; i++) {
        double difference = (double)counts[i / FEW][i % FEW] - EPOCHS / (double)FEW;
        chi += difference * difference / (EPOCHS / (double)FEW);
    }
    assert_true(chi < 45);
    sampler_close(&sampler);
}

static void out_of_memory(void **state) {
    (void)state;
    struct sampler sampler;
    struct error error = {0};
    mem_fail_at(1);
    assert_int_equal(sampler_open(&sampler, rows, ROWS, 1, &error), STATUS_MEMORY);
    mem_fail_at(0);
    sampler_close(&sampler);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_once_under_any_changes),
        cmocka_unit_test(order_depends_on_seed_and_epoch_alone),
        cmocka_unit_test(the_last_short_batch),
        cmocka_unit_test(a_grown_batch_drops_nothing),
        cmocka_unit_test(every_position_is_equally_likely),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
