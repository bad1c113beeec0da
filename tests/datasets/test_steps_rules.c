// The step "check": which cells break which rule, what the ledger says of them, flags, and rules that make no sense.
#include "tests/datasets/steps_fixture.h"

static struct prepared *run(const char *steps, struct dataset *dataset, char summary[128]) {
    struct error error = {0};
    struct prepared *prepared = NULL;
    struct split split = split_of(dataset_rows(dataset), NULL);
    struct pipeline *pipeline = parse_steps(steps);
    split.part[0] = PART_TEST; // rules are for every row
    if (pipeline_run(pipeline, dataset, &split, &prepared, NULL, &error) != STATUS_OK)
        fail_msg("%s: %s", steps, error.text);
    strcpy(summary, pipeline->steps[0]->summary);
    pipeline_free(pipeline);
    split_free(&split);
    return prepared;
}

static struct dataset *people(void) {
    struct dataset *dataset = dataset_of(6);
    add_numbers(dataset, "age", (double[]){-1, 30, NAN, 121, 30, 7.5});
    add_words(dataset, "code", (const char *const[]){"AB", "ab", "ABC", NULL, "AB", "X,Y"});
    double seconds[] = {0, 86400, 2 * 86400.0, 3 * 86400.0, 4 * 86400.0, 5 * 86400.0}; // 1970-01-01 …
    struct column *day = add_numbers(dataset, "day", seconds);
    day->type = COLUMN_DATE;
    return dataset;
}

// Each row of the text is an entry: line, column, cell, rule.
static void broken_are(const char *steps, const char *expected) {
    struct dataset *dataset = people();
    char summary[128], wanted[64];
    struct str text = {0};
    struct prepared *prepared = run(steps, dataset, summary);
    for (size_t i = 0; i < prepared->ledger.count; i++) {
        const struct ledger_entry *entry = &prepared->ledger.entries[i];
        assert_int_equal(entry->kind, LEDGER_BROKEN);
        assert_int_equal(entry->origin + 2, entry->line);
        assert_string_equal(entry->reason, "breaks a rule");
        str_format(&text, "%d %s %s|%s\n", (int)entry->line, entry->column, entry->before, entry->after);
    }
    if (strcmp(str_text(&text), expected) != 0)
        fail_msg("%s gave\n%s", steps, str_text(&text));
    assert_int_equal(prepared->ledger.broken, prepared->ledger.count);
    assert_int_equal(prepared->ledger.cells + prepared->ledger.rows, 0);
    snprintf(wanted, sizeof wanted, "%zu cell%s", prepared->ledger.broken,
             prepared->ledger.broken == 1 ? " breaks a rule" : "s break a rule");
    assert_string_equal(summary, wanted);
    for (size_t i = 0; i < 3; i++) // nothing is changed
        assert_ptr_equal(last_stage(prepared)->columns[i], dataset->table->columns[i]);
    str_free(&text);
    prepared_free(prepared);
    dataset_free(dataset);
}

static void every_rule(void **state) {
    (void)state;
    broken_are("check=low=0:high=120", "2 age -1|at least 0\n5 age 121|at most 120\n");
    broken_are("check=high=121:low=-1", "");
    broken_are("check=low=1970-01-03:high=1970-01-05:columns=day",
               "2 day 1970-01-01|at least 1970-01-03\n3 day 1970-01-02|at least 1970-01-03\n"
               "7 day 1970-01-06|at most 1970-01-05\n");
    broken_are("check=^[A-Z]{2}$", "3 code ab|matching ^[A-Z]{2}$\n4 code ABC|matching ^[A-Z]{2}$\n"
                                   "7 code X,Y|matching ^[A-Z]{2}$\n");
    broken_are("check=pattern=B", "3 code ab|matching B\n7 code X,Y|matching B\n");
    broken_are("check=set=AB\\,ABC\\,X\\\\\\,Y", "3 code ab|one of AB,ABC,X\\,Y\n");
    broken_are("check=set=-1.0\\,30\\,121:columns=age", "7 age 7.5|one of -1.0,30,121\n");
    broken_are("check=pattern=^[0-9]+$:columns=age", "2 age -1|matching ^[0-9]+$\n7 age 7.5|matching ^[0-9]+$\n");
    // line 2 does not train: it is held against the rows that do
    broken_are("check=unique=yes:columns=age\\,code",
               "6 age 30|unique, and line 3 has it\n2 code AB|unique, and line 6 has it\n");
    broken_are("check=not_missing=yes", "4 age |not missing\n5 code |not missing\n");
    broken_are("check=low=0:not_missing=yes:columns=age", "2 age -1|at least 0\n4 age |not missing\n");
}

static void rows_can_be_flagged(void **state) {
    (void)state;
    struct dataset *dataset = people();
    char summary[128];
    struct prepared *prepared = run("check=low=0:high=120:unique=yes:columns=age:flag=bad", dataset, summary);
    const struct column *flag = column_named(last_stage(prepared), "bad");
    static const double expected[] = {1, 0, 0, 1, 1, 0};
    assert_non_null(flag);
    assert_true(flag->integer);
    for (size_t row = 0; row < 6; row++)
        assert_near(column_number(flag, row), expected[row], 0);
    assert_string_equal(summary, "3 cells break a rule, 1 column added");
    prepared_free(prepared);
    dataset_free(dataset);
}

static void senseless_rules_are_refused(void **state) {
    (void)state;
    static const char *const senseless[][2] = {
        {"check", "a check needs a rule"},
        {"check=low=1:high=0", "low must be at most high"},
        {"check=low=x", "\"low\" is \"x\", and column \"age\" holds numbers: give one"},
        {"check=high=1:columns=code", "\"high\" is a rule for numbers and dates, and column \"code\" is category"},
        {"check=low=7:columns=day", "holds dates: give one like 2020-01-31"},
        {"check=pattern=(", "is no extended regular expression:"},
        {"check=unique=yes:columns=age:flag=age", "there is a column \"age\" already; give \"flag\" another name"},
    };
    for (size_t i = 0; i < sizeof senseless / sizeof senseless[0]; i++) {
        struct error error = {0};
        struct dataset *dataset = people();
        struct prepared *prepared = NULL;
        struct split split = split_of(6, NULL);
        struct pipeline *pipeline = parse_steps(senseless[i][0]);
        assert_int_not_equal(pipeline_run(pipeline, dataset, &split, &prepared, NULL, &error), STATUS_OK);
        if (strstr(error.text, senseless[i][1]) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", senseless[i][1], error.text);
        pipeline_free(pipeline);
        split_free(&split);
        dataset_free(dataset);
    }
}

// New data is checked, too: what breaks a rule is listed and does not stop a prediction.
static void new_data_is_checked(void **state) {
    (void)state;
    struct error error = {0};
    struct dataset *dataset = people();
    char *json = NULL;
    struct split split = split_of(6, NULL);
    struct pipeline *pipeline = parse_steps("check=low=0:columns=age"), *loaded = NULL;
    struct prepared *prepared = NULL, *applied = NULL;
    assert_int_equal(pipeline_run(pipeline, dataset, &split, &prepared, NULL, &error), STATUS_OK);
    assert_int_equal(pipeline_save(pipeline, true, &json, &error), STATUS_OK);
    assert_int_equal(pipeline_load(json, "stored", &loaded, &error), STATUS_OK);
    assert_int_equal(pipeline_apply(loaded, dataset, &applied, NULL, &error), STATUS_OK);
    assert_int_equal(applied->ledger.broken, 1);
    mem_free(json);
    prepared_free(applied);
    prepared_free(prepared);
    pipeline_free(loaded);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule),
        cmocka_unit_test(rows_can_be_flagged),
        cmocka_unit_test(senseless_rules_are_refused),
        cmocka_unit_test(new_data_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
