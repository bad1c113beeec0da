// The step "missing": against pandas and scikit-learn (tests/fixtures/steps_missing.json), what its ledger says,
// what it refuses, and what it makes of new data.
#include "tests/datasets/steps_fixture.h"

static void as_pandas(void **state) {
    (void)state;
    check_fixture("tests/fixtures/steps_missing.json", 21);
}

static void entry_is(const struct prepared *prepared, size_t index, uint64_t line, const char *after,
                     const char *reason) {
    const struct ledger_entry *entry = &prepared->ledger.entries[index];
    assert_true(index < prepared->ledger.count);
    assert_int_equal(entry->line, line);
    assert_string_equal(entry->after, after);
    assert_string_equal(entry->reason, reason);
}

// Rows 0, 2, 4 train: 1 and 5 are their only values; of the others only row 5 has one.
static void each_part_fills_itself(void **state) {
    (void)state;
    struct dataset *dataset = dataset_of(7);
    add_numbers(dataset, "x", (double[]){1, NAN, NAN, NAN, 5, 9, NAN});
    struct split split = split_of(7, (int[]){1, 0, 1, 0, 1, 0, 1});
    struct pipeline *pipeline = parse_steps("missing=linear");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
    assert_near(column_number(last_stage(prepared)->columns[0], 1), 9, 0);
    assert_near(column_number(last_stage(prepared)->columns[0], 2), 3, 0);
    entry_is(prepared, 0, 3, "9", "next value (there is no earlier one)");
    entry_is(prepared, 1, 4, "3", "line between the known values around it");
    entry_is(prepared, 3, 8, "5", "previous value (there is no later one)");
    assert_int_equal(prepared->ledger.cells, 4);
    assert_string_equal(pipeline->steps[0]->summary, "4 cells");
    prepared_free(prepared);
    split_free(&split);
    split = split_of(7, (int[]){1, 0, 1, 0, 1, 1, 1}); // the others have no value at all
    prepared = run_pipeline(pipeline, dataset, &split);
    assert_near(column_number(last_stage(prepared)->columns[0], 3), 5, 0);
    entry_is(prepared, 0, 3, "5", "median of training rows");
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

static void validation_and_test_do_not_meet(void **state) {
    (void)state;
    struct dataset *dataset = dataset_of(6);
    add_numbers(dataset, "x", (double[]){1, 2, 3, NAN, NAN, NAN});
    struct split split = split_of(6, (int[]){1, 0, 0, 1, 0, 0});
    split.part[2] = split.part[4] = PART_TEST;
    struct pipeline *pipeline = parse_steps("missing=previous");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
    assert_near(column_number(last_stage(prepared)->columns[0], 3), 1, 0);
    assert_near(column_number(last_stage(prepared)->columns[0], 4), 3, 0);
    assert_near(column_number(last_stage(prepared)->columns[0], 5), 2, 0);
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

// The word that was most frequent, when the new rows do not know it.
static void new_data_has_its_own_words(void **state) {
    (void)state;
    struct error error = {0};
    struct dataset *dataset = dataset_of(3), *fresh = dataset_of(2);
    char room[64];
    add_words(dataset, "w", (const char *const[]){"oak", "oak", NULL});
    add_words(fresh, "w", (const char *const[]){NULL, NULL});
    struct split split = split_of(3, NULL);
    static const char *const strategies[] = {"missing", "missing=previous", "missing=next", "missing=linear"};
    for (size_t i = 0; i < 4; i++) {
        struct pipeline *pipeline = parse_steps(strategies[i]);
        struct prepared *prepared = run_pipeline(pipeline, dataset, &split), *applied = NULL;
        if (pipeline_apply(pipeline, fresh, &applied, NULL, &error) != STATUS_OK)
            fail_msg("%s", error.text);
        assert_string_equal(column_text(last_stage(applied)->columns[0], 1, room), "oak");
        assert_int_equal(applied->ledger.cells, 2);
        entry_is(applied, 1, 3, "oak", "most frequent of training rows");
        prepared_free(applied);
        prepared_free(prepared);
        pipeline_free(pipeline);
    }
    split_free(&split);
    dataset_free(fresh);
    dataset_free(dataset);
}

static void columns_are_dropped_and_said(void **state) {
    (void)state;
    struct dataset *dataset = dataset_of(4);
    add_numbers(dataset, "gap", (double[]){1, NAN, 3, 4});
    add_numbers(dataset, "full", (double[]){1, 2, 3, 4});
    add_numbers(dataset, "y", (double[]){1, 2, NAN, 4});
    dataset->table->target = 2;
    struct split split = split_of(4, NULL);
    struct pipeline *pipeline = parse_steps("missing=drop-column");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
    assert_int_equal(last_stage(prepared)->column_count, 2);
    assert_int_equal(last_stage(prepared)->target, 1);
    assert_string_equal(prepared->ledger.entries[0].column, "gap");
    assert_string_equal(prepared->ledger.entries[0].reason, "too many cells of training rows are missing");
    prepared_free(prepared);
    pipeline_free(pipeline);
    pipeline = parse_steps("missing=drop-column:most=0.25");
    prepared = run_pipeline(pipeline, dataset, &split);
    assert_int_equal(last_stage(prepared)->column_count, 3);
    prepared_free(prepared);
    pipeline_free(pipeline);
    steps_refused("missing=drop-column:columns=y", dataset, "is to be predicted and cannot be dropped");
    steps_refused("missing=drop-column:indicator=yes", dataset, "strategy drop-column fills none");
    split_free(&split);
    dataset_free(dataset);
}

static void infinities_are_not_carried(void **state) {
    (void)state;
    struct dataset *dataset = dataset_of(4);
    add_numbers(dataset, "x", (double[]){1, INFINITY, NAN, 2});
    steps_refused("missing=previous", dataset, "made.csv line 3: column \"x\" is infinite there");
    steps_refused("missing=linear", dataset, "made.csv line 3: column \"x\" is infinite there");
    dataset_free(dataset);
}

// A pipeline that was stored and loaded gives the same bits, and only training rows were kept.
static void neighbors_are_kept(void **state) {
    (void)state;
    struct error error = {0};
    char *json = NULL, *again = NULL;
    struct dataset *dataset = dataset_of(6), *fresh = dataset_of(3);
    add_numbers(dataset, "a", (double[]){0, 1, 2, 3, 0.125, NAN});
    add_numbers(dataset, "b", (double[]){1, 2, NAN, 8, 77, NAN});
    add_numbers(fresh, "a", (double[]){2.25, NAN, NAN});
    add_numbers(fresh, "b", (double[]){NAN, 2, NAN});
    struct split split = split_of(6, (int[]){1, 1, 1, 1, 0, 1});
    struct pipeline *pipeline = parse_steps("missing=knn:neighbors=2:weights=distance"), *loaded = NULL;
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split), *applied = NULL;
    assert_near(column_number(last_stage(prepared)->columns[1], 2), 5, 0); // 2 and 8, equally far
    entry_is(prepared, 0, 7, "1.5", "mean of the nearest training rows");  // nothing shared: the mean of a
    entry_is(prepared, 1, 4, "5", "mean of the nearest training rows");
    assert_memory_equal(prepared->ledger.entries[2].after, "3.66666", 7);
    assert_int_equal(pipeline_save(pipeline, true, &json, &error), STATUS_OK);
    assert_null(strstr(json, "77"));
    if (pipeline_load(json, "stored", &loaded, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    assert_int_equal(pipeline_save(loaded, true, &again, &error), STATUS_OK);
    assert_string_equal(json, again);
    if (pipeline_apply(loaded, fresh, &applied, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    const struct table *table = last_stage(applied);
    assert_near(column_number(table->columns[1], 0), (8 / 0.75 + 2 / 1.25) / (1 / 0.75 + 1 / 1.25), 1e-14);
    assert_near(column_number(table->columns[0], 1), 1, 0); // the row at distance 0 alone
    assert_near(column_number(table->columns[0], 2), 1.5, 0);
    assert_near(column_number(table->columns[1], 2), 11.0 / 3, 1e-15);
    mem_free(json);
    mem_free(again);
    prepared_free(applied);
    prepared_free(prepared);
    pipeline_free(loaded);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(fresh);
    dataset_free(dataset);
}

static void broken_donors_are_refused(void **state) {
    (void)state;
    static const char *const donors[] = {"",
                                         ",\"donors\":[]",
                                         ",\"donors\":[\"1 2\",\"1\"]",
                                         ",\"donors\":[\"1 2\",\"1 x\"]",
                                         ",\"donors\":[\"1 2\",3]",
                                         ",\"donors\":[\"1 2\",\"1 inf\"]",
                                         ",\"donors\":[\"1  2\",\"1 - 2\"]"};
    for (size_t i = 0; i < sizeof donors / sizeof donors[0]; i++) {
        struct error error = {0};
        struct pipeline *pipeline = NULL;
        struct str json = {0};
        str_format(&json,
                   "{\"version\":1,\"steps\":[{\"step\":\"missing\",\"strategy\":\"knn\",\"state\":{\"columns\":["
                   "{\"name\":\"a\",\"type\":\"numeric\",\"fill\":0,\"holes\":1,\"empty\":0},"
                   "{\"name\":\"b\",\"type\":\"numeric\",\"fill\":0,\"holes\":1,\"empty\":0}]%s}}]}",
                   donors[i]);
        assert_int_equal(pipeline_load(str_text(&json), "r.json", &pipeline, &error), STATUS_INVALID);
        assert_non_null(strstr(error.text, "\"donors\" must"));
        str_free(&json);
    }
}

// No table of this test can take hours, so many rows are made that would.
static void hours_are_refused(void **state) {
    (void)state;
    enum { MANY = 3000000 };
    struct dataset *dataset = dataset_of(MANY);
    double *values = mem_alloc(MANY, sizeof *values);
    for (size_t row = 0; row < MANY; row++)
        values[row] = row % 2 == 0 ? NAN : (double)(row % 1000);
    add_numbers(dataset, "x", values);
    mem_free(values);
    steps_refused("missing=knn", dataset,
            "1500000 rows have holes, and comparing them with 3000000 training rows takes about");
    dataset_free(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_pandas),
        cmocka_unit_test(each_part_fills_itself),
        cmocka_unit_test(validation_and_test_do_not_meet),
        cmocka_unit_test(new_data_has_its_own_words),
        cmocka_unit_test(columns_are_dropped_and_said),
        cmocka_unit_test(infinities_are_not_carried),
        cmocka_unit_test(neighbors_are_kept),
        cmocka_unit_test(broken_donors_are_refused),
        cmocka_unit_test(hours_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
