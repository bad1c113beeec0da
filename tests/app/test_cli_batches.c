// batchlab batches, as a script reads it.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/child.h"
#include "tests/support/json_lines.h"
#include "tests/support/test.h"

#define SAMPLE(name) "datasets/samples/" name

enum { ROWS = 150 };

struct listing { // of iris: which batch every row is in, 0 = none
    int batch_of[ROWS + 1], batches, largest, smallest;
    double train, noise[32];
    int sizes;
};

static double number(const cJSON *object, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    assert_true(cJSON_IsNumber(item));
    return item->valuedouble;
}

static void read_batch(struct listing *list, const cJSON *object) {
    const cJSON *rows = cJSON_GetObjectItem(object, "rows"), *row, *count;
    int size = cJSON_GetArraySize(rows);
    double sum = 0;
    list->batches++;
    assert_int_equal(number(object, "batch"), list->batches);
    cJSON_ArrayForEach(row, rows) {
        int at = (int)row->valuedouble;
        assert_true(at >= 1 && at <= ROWS);
        assert_int_equal(list->batch_of[at], 0); // no row twice
        list->batch_of[at] = list->batches;
    }
    cJSON_ArrayForEach(count, cJSON_GetObjectItem(object, "counts")) sum += count->valuedouble;
    assert_int_equal(sum, size);
    list->largest = size > list->largest ? size : list->largest;
    list->smallest = list->batches == 1 || size < list->smallest ? size : list->smallest;
}

static struct listing read_listing(struct child *program) {
    static struct json_lines lines;
    struct listing list = {.batches = 0};
    child_assert_done(program);
    json_lines_read(&lines, program->out);
    for (size_t i = 0; i < lines.count; i++) {
        const cJSON *object = lines.items[i];
        const char *event = cJSON_GetStringValue(cJSON_GetObjectItem(object, "event"));
        if (strcmp(event, "start") == 0)
            list.train = number(cJSON_GetObjectItem(object, "rows"), "train");
        else if (strcmp(event, "batch") == 0)
            read_batch(&list, object);
        else
            list.noise[list.sizes++] = number(object, "theory");
    }
    json_lines_free(&lines);
    child_free(program);
    return list;
}

static void every_row_is_in_one_batch(void **state) {
    (void)state;
    struct child program = CHILD_RUN("batches", SAMPLE("iris.csv"), "--batch", "32", "--json");
    struct listing list = read_listing(&program);
    int seen = 0;
    for (int row = 1; row <= ROWS; row++)
        seen += list.batch_of[row] > 0;
    assert_int_equal(seen, list.train);
    assert_int_equal(list.batches, 4);
    assert_int_equal(list.largest, 32);
    assert_int_equal(list.smallest, (int)list.train - 3 * 32);
    assert_int_equal(list.sizes, 7); // 1 … 64
    // three classes of a third each: √(⅓·⅔)
    assert_true(fabs(list.noise[0] - sqrt(2.0 / 9)) < 1e-12);
}

static void epochs_and_seeds_shuffle_and_the_rest_can_be_left_out(void **state) {
    (void)state;
    struct child first = CHILD_RUN("batches", SAMPLE("iris.csv"), "--json");
    struct child again = CHILD_RUN("batches", SAMPLE("iris.csv"), "--json");
    struct child next = CHILD_RUN("batches", SAMPLE("iris.csv"), "--json", "--epoch", "2");
    struct child dropping = CHILD_RUN("batches", SAMPLE("iris.csv"), "--json", "--drop-last");
    struct listing a = read_listing(&first), b = read_listing(&again), c = read_listing(&next);
    struct listing d = read_listing(&dropping);
    assert_memory_equal(a.batch_of, b.batch_of, sizeof a.batch_of);
    int moved = 0;
    for (int row = 1; row <= ROWS; row++) {
        moved += a.batch_of[row] != c.batch_of[row];
        assert_int_equal(a.batch_of[row] > 0, c.batch_of[row] > 0); // the same rows are for training
    }
    assert_true(moved > 50);
    assert_int_equal(d.batches, 3);
    assert_int_equal(d.smallest, 32);
}

static void people_get_a_table(void **state) {
    (void)state;
    struct child program = CHILD_RUN("batches", SAMPLE("breast_cancer.csv"), "--batch", "8");
    child_assert_done(&program);
    assert_non_null(strstr(program.out, "455 rows to train on, 114 for validation, 0 for test"));
    assert_non_null(strstr(program.out, "57 batches of 8, the last one of 7 rows"));
    assert_non_null(strstr(program.out, "37 more"));
    child_free(&program);
}

static void mistakes_are_told(void **state) {
    (void)state;
    struct child epoch = CHILD_RUN("batches", SAMPLE("iris.csv"), "--epoch", "0");
    assert_int_equal(epoch.status, 2);
    assert_non_null(strstr(epoch.err, "--epoch"));
    child_free(&epoch);
    struct child missing = CHILD_RUN("batches", "no/such/file.csv");
    assert_int_equal(missing.status, 1);
    assert_non_null(strstr(missing.err, "no/such/file.csv"));
    child_free(&missing);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_in_one_batch),
        cmocka_unit_test(epochs_and_seeds_shuffle_and_the_rest_can_be_left_out),
        cmocka_unit_test(people_get_a_table),
        cmocka_unit_test(mistakes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
