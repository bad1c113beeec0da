// The step "smooth": against pandas (tests/fixtures/steps_smooth.json), and that no part looks into another.
#include "tests/datasets/steps_fixture.h"

#include "core/base/rng.h"

static void as_pandas(void **state) {
    (void)state;
    check_fixture("tests/fixtures/steps_smooth.json", 16);
}

static struct prepared *run(const char *steps, struct dataset *dataset, struct split *split, char summary[128]) {
    struct error error = {0};
    struct prepared *prepared = NULL;
    struct pipeline *pipeline = parse_steps(steps);
    if (pipeline_run(pipeline, dataset, split, &prepared, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    strcpy(summary, pipeline->steps[0]->summary);
    pipeline_free(pipeline);
    return prepared;
}

// Other values in every row of the other parts leave each part as it was.
static void parts_do_not_see_each_other(void **state) {
    (void)state;
    static const char *const steps[] = {"smooth=hampel:limit=0.5", "smooth=rolling-median:reach=2",
                                        "smooth=exponential"};
    enum { ROWS = 60 };
    for (size_t i = 0; i < 3; i++) {
        for (enum part part = PART_TRAIN; part < PART_COUNT; part++) {
            double values[ROWS], changed[ROWS];
            struct split split = split_of(ROWS, NULL);
            struct rng rng = rng_make(i, RNG_TEST, 0);
            char summary[128];
            for (int row = 0; row < ROWS; row++) {
                split.part[row] = (uint8_t)rng_below(&rng, PART_COUNT);
                values[row] = changed[row] = rng_normal(&rng);
                if (split.part[row] != part)
                    changed[row] = 1000 + rng_normal(&rng);
            }
            struct dataset *a = dataset_of(ROWS), *b = dataset_of(ROWS);
            add_numbers(a, "x", values);
            add_numbers(b, "x", changed);
            struct prepared *as_read = run(steps[i], a, &split, summary), *other = run(steps[i], b, &split, summary);
            size_t smoothed = 0;
            for (size_t row = 0; row < ROWS; row++) {
                double left = column_number(last_stage(as_read)->columns[0], row);
                smoothed += left != values[row];
                if (split.part[row] == part)
                    assert_near(left, column_number(last_stage(other)->columns[0], row), 0);
            }
            assert_true(smoothed > 10);
            prepared_free(as_read);
            prepared_free(other);
            split_free(&split);
            dataset_free(a);
            dataset_free(b);
        }
    }
}

static void what_was_done_is_said(void **state) {
    (void)state;
    struct error error = {0};
    struct dataset *dataset = dataset_of(7);
    char summary[128];
    add_numbers(dataset, "x", (double[]){1, 2, 3, 90, 3, INFINITY, 1});
    add_words(dataset, "w", (const char *const[]){"a", "b", "a", "b", "a", "b", "a"});
    struct split split = split_of(7, NULL);
    struct prepared *prepared = run("smooth=hampel:reach=2", dataset, &split, summary);
    assert_string_equal(summary, "2 cells, 1 column");
    assert_int_equal(prepared->ledger.entries[0].line, 5);
    assert_string_equal(prepared->ledger.entries[0].before, "90");
    assert_string_equal(prepared->ledger.entries[0].after, "3");
    assert_string_equal(prepared->ledger.entries[1].before, "inf");
    assert_string_equal(prepared->ledger.entries[1].after, "46.5"); // of 90, 3, inf and 1
    prepared_free(prepared);
    prepared = run("smooth=rolling-median:reach=2", dataset, &split, summary);
    assert_string_equal(summary, "1 column");
    assert_string_equal(prepared->ledger.entries[0].after, "medians of 5 rows");
    prepared_free(prepared);
    static const char *const refused[][2] = {{"smooth=exponential", "made.csv line 7: column \"x\" is infinite there"},
                                             {"smooth=columns=w", "column \"w\" is category; this step needs numbers"}};
    for (size_t i = 0; i < 2; i++) {
        struct pipeline *pipeline = parse_steps(refused[i][0]);
        assert_int_not_equal(pipeline_run(pipeline, dataset, &split, &prepared, NULL, &error), STATUS_OK);
        if (strstr(error.text, refused[i][1]) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", refused[i][1], error.text);
        pipeline_free(pipeline);
    }
    split_free(&split);
    dataset_free(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_pandas),
        cmocka_unit_test(parts_do_not_see_each_other),
        cmocka_unit_test(what_was_done_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
