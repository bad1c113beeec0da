// Splits from the command line: a split that other tools take over, folds, and that nothing is learned from
// rows that do not train.
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "core/base/str.h"
#include "tests/support/child.h"
#include "tests/support/test.h"

#define SAMPLE(name) "datasets/samples/" name

static double number(const cJSON *object, const char *path) {
    char name[64];
    while (*path) {
        size_t length = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)length, path);
        object = cJSON_GetObjectItemCaseSensitive(object, name);
        path += length + (path[length] == '.');
    }
    if (!cJSON_IsNumber(object))
        fail_msg("no number");
    return object->valuedouble;
}

// The lines with this event, in order; the texts stay with the caller's `out`.
static cJSON *events_of(const char *out, const char *event) {
    cJSON *list = cJSON_CreateArray();
    while (*out) {
        size_t length = strcspn(out, "\n");
        cJSON *item = cJSON_ParseWithLength(out, length);
        assert_non_null(item);
        if (text_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "event")), event))
            cJSON_AddItemToArray(list, item);
        else
            cJSON_Delete(item);
        out += length + (out[length] == '\n');
    }
    return list;
}

// ---- prepare ---------------------------------------------------------------------------------------------

static const char *split_flags[] = {"--target", "diagnosis",    "--seed", "7", "--test",
                                    "0.15",     "--validation", "0.25",   NULL};

static char *prepared(const char *file, const char *name) {
    const char *out = child_path(name),
               *argv[24] = {"prepare", file, "--steps", "standardize", "--part-column", "where", "-o", out};
    size_t count = 8, size;
    for (size_t i = 0; split_flags[i]; i++)
        argv[count++] = split_flags[i];
    struct child program = child_run_with(NULL, argv);
    child_assert_done(&program);
    assert_non_null(strstr(program.err, "stratified by diagnosis"));
    child_free(&program);
    return child_read(out, &size);
}

static char *line_at(char **text) {
    char *line = *text, *end = strchr(line, '\n');
    if (!*line)
        return NULL;
    *end = '\0';
    *text = end + 1;
    return line;
}

static char *batches_of(const char *const *argv) {
    struct child program = child_run_with(NULL, argv);
    child_assert_done(&program);
    cJSON *batches = events_of(program.out, "batch");
    assert_true(cJSON_GetArraySize(batches) > 2);
    char *text = cJSON_PrintUnformatted(batches);
    cJSON_Delete(batches);
    child_free(&program);
    return text;
}

// The file that prepare wrote is split the same way when the column is asked for, and the column is no feature.
static void test_the_written_parts_give_the_split_again(void **state) {
    (void)state;
    free(prepared(SAMPLE("breast_cancer.csv"), "parts.csv"));
    char *here =
        batches_of((const char *const[]){"batches", SAMPLE("breast_cancer.csv"), "--target", "diagnosis", "--seed", "7",
                                         "--test", "0.15", "--validation", "0.25", "--json", NULL});
    char *there =
        batches_of((const char *const[]){"batches", child_path("parts.csv"), "--target", "diagnosis", "--seed", "7",
                                         "--split", "column", "--split-column", "where", "--json", NULL});
    assert_string_equal(here, there);
    cJSON_free(here);
    cJSON_free(there);
    struct child program = CHILD_RUN("train", child_path("parts.csv"), "--target", "diagnosis", "--split", "column",
                                     "--split-column", "where", "--epochs", "1", "--json");
    cJSON *start = events_of(program.out, "start");
    assert_int_equal(number(cJSON_GetArrayItem(start, 0), "rows.test"), 86); // ceil(0.15 · 569)
    assert_null(strstr(program.out, "one-hot"));
    cJSON_Delete(start);
    child_free(&program);
}

// `change`: the part whose rows get other features, in the first three columns.
static const char *changed_file(const char *with_parts, const char *change, const char *name) {
    size_t size, rows = 0;
    char *text = child_read(SAMPLE("breast_cancer.csv"), &size), *rest = text, *parts = strdup(with_parts),
         *lines = parts;
    struct str out = {0};
    str_format(&out, "%s\n", line_at(&rest));
    line_at(&lines);
    for (char *line, *part; (line = line_at(&rest)) && (part = line_at(&lines));) {
        bool changes = strstr(part, change) != NULL;
        rows += changes;
        for (int i = 0; i < 3 && changes; i++)
            line = strchr(line, ',') + 1;
        str_format(&out, "%s%s\n", changes ? "1e9,-77,123456," : "", line);
    }
    assert_true(rows > 50);
    child_write(child_path(name), str_text(&out), out.length);
    str_free(&out);
    free(text);
    free(parts);
    return child_path(name);
}

// How many rows that train are not the same in both, and whether every row's part is.
static size_t training_differences(const char *one, const char *two) {
    char *a = strdup(one), *b = strdup(two), *rest_a = a, *rest_b = b, *x, *y;
    size_t different = 0, rows = 0;
    while ((x = line_at(&rest_a)) && (y = line_at(&rest_b))) {
        assert_string_equal(strrchr(x, ','), strrchr(y, ','));
        different += strstr(x, ",train") && strcmp(x, y) != 0;
        rows++;
    }
    assert_int_equal(rows, 570);
    free(a);
    free(b);
    return different;
}

static void test_nothing_is_learned_from_rows_that_do_not_train(void **state) {
    (void)state;
    char *before = prepared(SAMPLE("breast_cancer.csv"), "before.csv");
    static const char *const others[] = {",test", ",validation"};
    for (int i = 0; i < 2; i++) {
        char *after = prepared(changed_file(before, others[i], "changed.csv"), "after.csv");
        assert_string_not_equal(before, after);
        assert_int_equal(training_differences(before, after), 0);
        free(after);
    }
    char *after = prepared(changed_file(before, ",train", "changed.csv"), "after.csv");
    assert_true(training_differences(before, after) > 300); // the test can fail
    free(after);
    free(before);
}

static void test_flags_that_do_not_go_together(void **state) {
    (void)state;
    const char *out = child_path("out.csv");
#define PREPARE "prepare", SAMPLE("iris.csv"), "--steps", "standardize", "-o", out
    struct child program = CHILD_RUN(PREPARE, "--fit-rows", "0.5", "--split", "random");
    REFUSED(program, 2, "--fit-rows", "split");
    child_free(&program);
    program = CHILD_RUN(PREPARE, "--part-column", "");
    REFUSED(program, 2, "--part-column");
    child_free(&program);
    program = CHILD_RUN(PREPARE, "--part-column", "species");
    REFUSED(program, 1, "--part-column \"species\"", "already");
    child_free(&program);
    program = CHILD_RUN(PREPARE, "--split", "group");
    REFUSED(program, 1, "split group needs a column");
    child_free(&program);
    program = CHILD_RUN(PREPARE, "--folds", "3", "--fold", "4");
    REFUSED(program, 1, "fold 4: there are 3 folds");
    child_free(&program);
    program = CHILD_RUN(PREPARE, "--fit-rows", "all", "--part-column", "part"); // all train
    child_assert_done(&program);
    assert_non_null(strstr(program.err, "150 rows to train on, 0 for validation, 0 for test"));
    child_free(&program);
}

// ---- folds -----------------------------------------------------------------------------------------------

static void check_summary(const cJSON *folds, const cJSON *done, const char *name) {
    double sum = 0, squares = 0;
    int count = cJSON_GetArraySize(done);
    char path[64];
    snprintf(path, sizeof path, "final.%s", name);
    for (int i = 0; i < count; i++) {
        double value = number(cJSON_GetArrayItem(done, i), path);
        const cJSON *run = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(folds, "runs"), i);
        assert_true(number(run, name) == value);
        assert_int_equal(number(run, "fold"), i + 1);
        assert_int_equal(number(run, "run"), number(cJSON_GetArrayItem(done, i), "run"));
        sum += value;
    }
    for (int i = 0; i < count; i++)
        squares += pow(number(cJSON_GetArrayItem(done, i), path) - sum / count, 2);
    snprintf(path, sizeof path, "%s.mean", name);
    assert_true(fabs(number(folds, path) - sum / count) <= 1e-12 * fabs(sum));
    snprintf(path, sizeof path, "%s.sd", name);
    assert_true(fabs(number(folds, path) - sqrt(squares / (count - 1))) <= 1e-12 * fabs(sum));
}

static void test_every_fold_is_trained_in_turn(void **state) {
    (void)state;
    static const struct {
        const char *file, *second;
        int rows;
    } sets[] = {{SAMPLE("wine.csv"), "val_accuracy", 178}, {SAMPLE("diabetes.csv"), "val_rmse", 442}};
    for (int i = 0; i < 2; i++) {
        struct child program = CHILD_RUN("train", sets[i].file, "--folds", "4", "--epochs", "2", "--json");
        child_assert_done(&program);
        cJSON *start = events_of(program.out, "start"), *done = events_of(program.out, "done");
        cJSON *folds = events_of(program.out, "folds");
        assert_int_equal(cJSON_GetArraySize(start), 4);
        assert_int_equal(cJSON_GetArraySize(done), 4);
        assert_int_equal(cJSON_GetArraySize(folds), 1);
        int rows = 0;
        for (int fold = 0; fold < 4; fold++) {
            const cJSON *event = cJSON_GetArrayItem(start, fold);
            assert_int_equal(number(event, "params.fold"), fold + 1);
            rows += (int)number(event, "rows.validation");
            assert_int_equal(number(event, "rows.train") + number(event, "rows.validation"), sets[i].rows);
        }
        assert_int_equal(rows, sets[i].rows);
        check_summary(cJSON_GetArrayItem(folds, 0), done, "val_loss");
        check_summary(cJSON_GetArrayItem(folds, 0), done, sets[i].second);
        struct child alone = CHILD_RUN("train", sets[i].file, "--folds", "4", "--fold", "3", "--epochs", "2", "--json");
        cJSON *third = events_of(alone.out, "done");
        assert_int_equal(cJSON_GetArraySize(third), 1);
        assert_true(number(cJSON_GetArrayItem(third, 0), "final.val_loss") ==
                    number(cJSON_GetArrayItem(done, 2), "final.val_loss"));
        cJSON *none = events_of(alone.out, "folds");
        assert_int_equal(cJSON_GetArraySize(none), 0);
        cJSON_Delete(none);
        cJSON_Delete(third);
        child_free(&alone);
        cJSON_Delete(start);
        cJSON_Delete(done);
        cJSON_Delete(folds);
        child_free(&program);
    }
}

static void test_folds_in_plain_lines(void **state) {
    (void)state;
    struct child program = CHILD_RUN("train", SAMPLE("wine.csv"), "--folds", "3", "--epochs", "1");
    child_assert_done(&program);
    assert_non_null(strstr(program.out, "fold 3 of 3"));
    assert_non_null(strstr(program.out, "\n3 folds:"));
    assert_non_null(strstr(program.out, "(mean ± sd)"));
    child_free(&program);
}

static size_t count_of(const char *text, const char *part) {
    size_t count = 0;
    while ((text = strstr(text, part))) {
        count++;
        text += strlen(part);
    }
    return count;
}

static void test_folds_are_interrupted_cleanly_and_a_run_goes_on_with_its_split(void **state) {
    (void)state;
    struct child program =
        child_start(NULL, (const char *const[]){"train", SAMPLE("breast_cancer.csv"), "--target", "diagnosis",
                                                "--folds", "3", "--epochs", "40", "--batch", "4", "--pace", "8000",
                                                "--test", "0.1", "--json", NULL});
    do
        child_output(&program);
    while (count_of(program.out, "\"event\":\"done\"") < 1 || count_of(program.out, "\"event\":\"start\"") < 2);
    kill(program.pid, SIGINT);
    child_wait(&program);
    assert_int_equal(program.status, 1);
    assert_non_null(strstr(program.err, "goes on"));
    cJSON *folds = events_of(program.out, "folds"), *start = events_of(program.out, "start");
    assert_int_equal(cJSON_GetArraySize(folds), 1);
    assert_int_equal(number(cJSON_GetArrayItem(folds, 0), "done"), 1);
    assert_int_equal(number(cJSON_GetArrayItem(folds, 0), "folds"), 3);
    assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(folds, 0), "val_loss"), "sd")));
    char run[32];
    snprintf(run, sizeof run, "%.0f", number(cJSON_GetArrayItem(start, 1), "run"));
    struct child resumed = CHILD_RUN("resume", run, "--json"); // refused when any row lay in another part
    child_assert_done(&resumed);
    cJSON *again = events_of(resumed.out, "start");
    static const char *const same[] = {"params.fold",     "params.folds", "params.test", "params.seed",
                                       "rows.validation", "rows.train",   "rows.test"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        assert_true(number(cJSON_GetArrayItem(again, 0), same[i]) == number(cJSON_GetArrayItem(start, 1), same[i]));
    assert_int_equal(number(cJSON_GetArrayItem(again, 0), "params.fold"), 2);
    cJSON_Delete(again);
    cJSON_Delete(folds);
    cJSON_Delete(start);
    child_free(&resumed);
    child_free(&program);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_written_parts_give_the_split_again),
        cmocka_unit_test(test_nothing_is_learned_from_rows_that_do_not_train),
        cmocka_unit_test(test_flags_that_do_not_go_together),
        cmocka_unit_test(test_every_fold_is_trained_in_turn),
        cmocka_unit_test(test_folds_in_plain_lines),
        cmocka_unit_test(test_folds_are_interrupted_cleanly_and_a_run_goes_on_with_its_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
