// Schedules against PyTorch's schedulers (tests/fixtures/make_train.py) and by their formulas.
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

#include "core/train/schedule.h"
#include "core/train/trainer.h"
#include "tests/support/fixture.h"
#include "tests/support/trainers.h"

static void as_pytorch(void **state) {
    (void)state;
    const char *names[] = {"cosine", "polynomial", "step", "triangle", "one_cycle"};
    struct train_params params = test_params("lr=0.5 epochs=8");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        double rates[101];
        struct error error = {0};
        size_t count = fixture_read("schedule", names[i], rates, 101);
        assert_int_equal(count, 101);
        assert_int_equal(params_set(&train_table, &params, "schedule", names[i], &error), STATUS_OK);
        for (size_t t = 0; t < count; t++) {
            double epoch = 8.0 * (double)t / (double)(count - 1);
            if (fabs(schedule_rate(&params, epoch) - rates[t]) > 1e-9) {
                fail_msg("%s at %zu: %.12g, not %.12g", names[i], t, schedule_rate(&params, epoch), rates[t]);
            }
        }
    }
}

static void constant_and_ends(void **state) {
    (void)state;
    struct train_params params = test_params("lr=0.25 epochs=4");
    assert_true(schedule_rate(&params, 0) == 0.25);
    assert_true(schedule_rate(&params, 3.7) == 0.25);
    params = test_params("lr=0.25 epochs=4 schedule=cosine");
    assert_true(schedule_rate(&params, 9) == schedule_rate(&params, 4)); // past the end: as at the end
    params = test_params("lr=1 epochs=4 schedule=one_cycle");
    assert_true(fabs(schedule_rate(&params, 0) - 0.04) < 1e-12);
    assert_true(fabs(schedule_rate(&params, 1) - 1) < 1e-12);
    assert_true(fabs(schedule_rate(&params, 4) - 1e-5) < 1e-12);
}

static void warm_up_rises_from_zero(void **state) {
    (void)state;
    struct train_params params = test_params("lr=0.4 epochs=10 warmup=2");
    assert_true(schedule_rate(&params, 0) == 0);
    assert_true(fabs(schedule_rate(&params, 0.5) - 0.1) < 1e-12);
    assert_true(schedule_rate(&params, 2) == 0.4);
    assert_true(schedule_rate(&params, 5) == 0.4);
    struct train_params plain = test_params("lr=0.4 epochs=10 schedule=polynomial");
    params = test_params("lr=0.4 epochs=10 schedule=polynomial warmup=4");
    assert_true(fabs(schedule_rate(&params, 1) - schedule_rate(&plain, 1) / 4) < 1e-12);
    assert_true(schedule_rate(&params, 6) == schedule_rate(&plain, 6));
}

static void table_and_parameter_agree(void **state) {
    (void)state;
    const struct param *row = params_find(&train_table, "schedule");
    char choices[PARAM_TEXT_SIZE], *rest = choices;
    size_t count = 0;
    strncpy(choices, row->choices, sizeof choices - 1);
    choices[sizeof choices - 1] = '\0';
    for (char *name = strtok_r(rest, "|", &rest); name != NULL; name = strtok_r(rest, "|", &rest)) {
        assert_non_null(schedule_find(name));
        count++;
    }
    assert_int_equal(count, 6);
    assert_null(schedule_find("zigzag"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_pytorch),
        cmocka_unit_test(constant_and_ends),
        cmocka_unit_test(warm_up_rises_from_zero),
        cmocka_unit_test(table_and_parameter_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
