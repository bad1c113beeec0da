// Every step against scikit-learn: tests/fixtures/steps.json, written by make_steps.py.
#include "tests/datasets/steps_fixture.h"

static void as_scikit_learn(void **state) {
    (void)state;
    check_fixture("tests/fixtures/steps.json", 25);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_scikit_learn)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
