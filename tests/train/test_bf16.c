// Training with bf16 products stays near training in f32: from the same weights, over the same rows.
#include "tests/support/test.h"

#include <math.h>

#include "tests/support/sources.h"
#include "tests/support/trainers.h"

#define STEPS 24

// Losses of both; where rounding alone tells them apart, single steps differ by some percent, the mean by less.
static void compare(const char *settings, struct source *source) {
    double exact[STEPS], rounded[STEPS], exact_sum = 0, rounded_sum = 0;
    for (int bf16 = 0; bf16 < 2; bf16++) {
        struct backend *backend = test_backend(bf16 ? "cpu bf16" : "cpu");
        struct trainer *trainer = test_trainer(settings, source, backend);
        test_steps(trainer, STEPS, bf16 ? rounded : exact);
        trainer_close(trainer);
        backend_close(backend);
    }
    for (int i = 0; i < STEPS; i++) {
        exact_sum += exact[i];
        rounded_sum += rounded[i];
    }
    print_message("%s: mean loss %.6f in f32, %.6f in bf16; first %.6f, %.6f; last %.6f, %.6f\n", settings,
                  exact_sum / STEPS, rounded_sum / STEPS, exact[0], rounded[0], exact[STEPS - 1], rounded[STEPS - 1]);
    assert_true(exact[STEPS - 1] < 0.9 * exact[0]); // both learn
    assert_true(rounded[STEPS - 1] < 0.9 * rounded[0]);
    assert_true(fabs(rounded[0] - exact[0]) < 0.01 * exact[0]);
    assert_true(fabs(rounded_sum - exact_sum) < 0.03 * exact_sum);
    assert_true(rounded[0] != exact[0]); // the products are of bf16 numbers indeed
}

static void lenet5(void **state) {
    (void)state;
    if (!test_computes(PRECISION_BF16)) {
        skip();
    }
    struct source *images = source_bars(512, 3, 32, 10, 4);
    compare("model=lenet5 batch=64 lr=0.05", images);
    source_release(images);
}

static void resnet18(void **state) {
    (void)state;
    if (!test_computes(PRECISION_BF16)) {
        skip();
    }
    struct source *images = source_bars(256, 3, 16, 4, 4);
    compare("model=resnet18 width=16 batch=16 lr=0.02", images);
    source_release(images);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lenet5),
        cmocka_unit_test(resnet18),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
