// Splits: sizes, shares of classes as scikit-learn 1.x gives them, repeatability, refusals.
#include "tests/support/test.h"

#include "datasets/images.h"
#include "tests/datasets/steps_support.h"

static struct split made(const struct dataset *dataset, const char *kind, double validation, double test,
                         uint64_t seed) {
    struct error error = {0};
    struct split split = {0};
    struct split_settings settings = {.kind = kind, .validation = validation, .test = test, .seed = seed};
    if (split_make(dataset, &settings, &split, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    return split;
}

static void refused(const struct dataset *dataset, const char *kind, double validation, double test,
                    const char *sentence) {
    struct error error = {0};
    struct split split = {0};
    struct split_settings settings = {.kind = kind, .validation = validation, .test = test, .seed = 1};
    assert_int_not_equal(split_make(dataset, &settings, &split, NULL, &error), STATUS_OK);
    if (strstr(error.text, sentence) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", sentence, error.text);
    assert_null(split.part);
}

static size_t count_part(const struct split *split, enum part part) {
    size_t count = 0;
    for (size_t row = 0; row < split->rows; row++)
        count += split->part[row] == part;
    return count;
}

// A table whose last column holds `counts[i]` rows of class i, mixed, and `unknown` rows without one.
static struct dataset *classes_of(const size_t *counts, size_t classes, size_t unknown) {
    static const char *const names[] = {"a", "b", "c", "d"};
    const char *words[1024];
    double numbers[1024];
    size_t rows = 0, left[4] = {0};
    for (size_t i = 0; i < classes; i++)
        left[i] = counts[i];
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < classes; i++) {
            if (left[i] == 0)
                continue;
            left[i]--;
            words[rows++] = names[i];
            more = true;
        }
    }
    for (size_t i = 0; i < unknown; i++)
        words[rows++] = NULL;
    for (size_t row = 0; row < rows; row++)
        numbers[row] = (double)row + 0.5;
    struct dataset *dataset = dataset_of(rows);
    add_numbers(dataset, "x", numbers);
    add_words(dataset, "y", words);
    dataset->table->target = 1;
    return dataset;
}

static void classes_share_as_in_scikit_learn(void **state) {
    (void)state;
    static const struct {
        size_t counts[4], classes;
        double share;
        size_t expected[4]; // train_test_split(stratify=y, test_size=share)
    } cases[] = {
        {{59, 71, 48}, 3, 0.2, {12, 14, 10}},
        {{212, 357}, 2, 0.25, {53, 90}},
        {{37, 5, 2, 100}, 4, 0.1, {4, 1, 0, 10}},
        {{13, 11, 7}, 3, 0.3, {4, 4, 2}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dataset *dataset = classes_of(cases[i].counts, cases[i].classes, 3);
        struct split split = made(dataset, i % 2 == 0 ? "auto" : "stratified", cases[i].share, 0, i);
        const struct column *y = dataset->table->columns[1];
        size_t counts[4] = {0};
        for (size_t row = 0; row < split.rows; row++) {
            if (split.part[row] == PART_VALIDATION)
                counts[y->codes[row]]++;
            if (column_is_missing(y, row))
                assert_int_equal(split.part[row], PART_TRAIN); // no label, but steps may learn from it
        }
        for (size_t class = 0; class < cases[i].classes; class ++)
            assert_int_equal(counts[class], cases[i].expected[class]);
        split_free(&split);
        dataset_free(dataset);
    }
}

static void three_parts_have_their_sizes(void **state) {
    (void)state;
    static const char *const kinds[] = {"auto", "stratified", "random", "ordered"};
    struct dataset *dataset = classes_of((size_t[]){37, 41, 25}, 3, 0);
    for (size_t i = 0; i < 4; i++) {
        struct split split = made(dataset, kinds[i], 0.15, 0.1, 9);
        assert_int_equal(split.rows, 103);
        assert_int_equal(count_part(&split, PART_VALIDATION), 16); // ceil(15.45)
        assert_int_equal(count_part(&split, PART_TEST), 11);       // ceil(10.3)
        assert_int_equal(count_part(&split, PART_TRAIN), 76);
        split_free(&split);
        split = made(dataset, kinds[i], 0, 0, 9);
        assert_int_equal(count_part(&split, PART_TRAIN), 103);
        split_free(&split);
    }
    struct split split = made(dataset, "ordered", 0.15, 0.1, 9);
    for (size_t row = 0; row < 103; row++)
        assert_int_equal(split.part[row], row < 76 ? PART_TRAIN : row < 92 ? PART_VALIDATION : PART_TEST);
    split_free(&split);
    dataset_free(dataset);
}

static void the_seed_decides(void **state) {
    (void)state;
    static const char *const kinds[] = {"stratified", "random"};
    struct dataset *dataset = classes_of((size_t[]){50, 50}, 2, 0);
    for (size_t i = 0; i < 2; i++) {
        struct split a = made(dataset, kinds[i], 0.2, 0, 1), b = made(dataset, kinds[i], 0.2, 0, 1);
        struct split c = made(dataset, kinds[i], 0.2, 0, 2);
        assert_memory_equal(a.part, b.part, 100);
        assert_int_not_equal(memcmp(a.part, c.part, 100), 0);
        split_free(&a);
        split_free(&b);
        split_free(&c);
    }
    dataset_free(dataset);
}

// Every row comes into the validation part equally often: 200 splits of 20 %, expected 40 ± 5.66 each.
static void every_row_has_its_chance(void **state) {
    (void)state;
    struct dataset *dataset = classes_of((size_t[]){30, 20}, 2, 0);
    static const char *const kinds[] = {"stratified", "random"};
    for (size_t i = 0; i < 2; i++) {
        double chi = 0;
        size_t counts[50] = {0};
        for (uint64_t seed = 0; seed < 200; seed++) {
            struct split split = made(dataset, kinds[i], 0.2, 0, seed);
            for (size_t row = 0; row < 50; row++)
                counts[row] += split.part[row] == PART_VALIDATION;
            split_free(&split);
        }
        for (size_t row = 0; row < 50; row++)
            chi += ((double)counts[row] - 40) * ((double)counts[row] - 40) / 32;
        assert_true(chi > 20 && chi < 90); // chi-square of about 49 degrees of freedom, 5 sigma
    }
    dataset_free(dataset);
}

static void single_rows_are_said(void **state) {
    (void)state;
    struct dataset *dataset = classes_of((size_t[]){10, 1, 12}, 3, 0);
    refused(dataset, "stratified", 0.2, 0, "class \"b\" of \"y\" has one row only");
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct split split = made(dataset, "auto", 0.2, 0.1, seed);
        assert_int_equal(split.part[1], PART_TRAIN); // the only "b"
        assert_int_equal(count_part(&split, PART_VALIDATION), 5);
        split_free(&split);
    }
    dataset_free(dataset);
    // Half of the rows are wanted, and fewer may go: those that may, and no others.
    dataset = classes_of((size_t[]){1, 1, 1, 2}, 4, 0);
    struct split split = made(dataset, "auto", 0.5, 0, 1);
    assert_int_equal(count_part(&split, PART_VALIDATION), 2);
    for (size_t row = 0; row < 5; row++)
        assert_int_equal(split.part[row] == PART_VALIDATION, row >= 3);
    split_free(&split);
    dataset_free(dataset);
}

static void what_cannot_be_split_is_said(void **state) {
    (void)state;
    struct dataset *dataset = classes_of((size_t[]){3, 3}, 2, 0), *numbers = dataset_of(4), *none = dataset_of(0);
    refused(dataset, "sorted", 0.2, 0, "split \"sorted\": must be one of");
    refused(dataset, "auto", 0.5, 0.5, "leave none to train on");
    refused(dataset, "auto", -0.1, 0, "at least 0");
    refused(dataset, "auto", 1, 0, "less than 1");
    refused(dataset, "auto", (double)NAN, 0, "at least 0");
    refused(dataset, "given", 0.2, 0, "without a test part");
    add_numbers(numbers, "y", (double[]){1.5, 2.5, 3.5, 9});
    numbers->table->target = 0;
    refused(numbers, "stratified", 0.2, 0, "\"y\" is a number");
    refused(none, "auto", 0.2, 0, "no rows");
    struct split split = made(numbers, "auto", 0.2, 0, 1);
    assert_int_equal(count_part(&split, PART_VALIDATION), 1);
    split_free(&split);
    dataset_free(none);
    dataset_free(numbers);
    dataset_free(dataset);
}

static void a_given_part_is_kept(void **state) {
    (void)state;
    struct error error = {0};
    struct dataset *dataset = mem_alloc(1, sizeof *dataset);
    dataset->kind = DATASET_IMAGES;
    dataset->name = mem_string("pictures");
    dataset->images = images_make(60, 1, 1, 1, 2, &error);
    dataset->images->test_from = 40;
    assert_int_equal(images_number_classes(dataset->images, &error), STATUS_OK);
    for (size_t i = 0; i < 60; i++)
        dataset->images->labels[i] = (int32_t)(i % 2);
    static const char *const kinds[] = {"auto", "given"};
    for (size_t kind = 0; kind < 2; kind++) {
        struct split split = made(dataset, kinds[kind], 0.2, 0, 1); // nothing is taken from training
        for (size_t i = 0; i < 60; i++)
            assert_int_equal(split.part[i], i < 40 ? PART_TRAIN : PART_VALIDATION);
        split_free(&split);
        split = made(dataset, kinds[kind], 0.2, 0.1, 1);
        assert_int_equal(count_part(&split, PART_TEST), 20);
        assert_int_equal(count_part(&split, PART_VALIDATION), 8);
        for (size_t i = 0; i < 60; i++)
            assert_int_equal(split.part[i] == PART_TEST, i >= 40);
        split_free(&split);
    }
    struct split split = made(dataset, "random", 0.5, 0, 1);
    assert_int_equal(count_part(&split, PART_VALIDATION), 30);
    split_free(&split);
    dataset->images->test_from = 60;
    split = made(dataset, "auto", 0.25, 0, 1);
    assert_int_equal(count_part(&split, PART_VALIDATION), 15);
    split_free(&split);
    refused(dataset, "given", 0.2, 0, "without a test part");
    dataset_free(dataset);
}

static void running_out_of_memory_is_said(void **state) {
    (void)state;
    struct dataset *dataset = classes_of((size_t[]){20, 30}, 2, 1);
    unsigned long failures = 0;
    enum status status = STATUS_MEMORY;
    for (; status != STATUS_OK && failures < 100; failures++) {
        struct error error = {0};
        struct split split = {0};
        mem_fail_at(failures + 1);
        struct split_settings settings = {.kind = "auto", .validation = 0.2, .test = 0.1, .seed = 1};
        status = split_make(dataset, &settings, &split, NULL, &error);
        mem_fail_at(0);
        assert_true(status == STATUS_OK || status == STATUS_MEMORY);
        split_free(&split);
    }
    assert_in_range(failures, 8, 50);
    dataset_free(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_share_as_in_scikit_learn),
        cmocka_unit_test(three_parts_have_their_sizes),
        cmocka_unit_test(the_seed_decides),
        cmocka_unit_test(every_row_has_its_chance),
        cmocka_unit_test(single_rows_are_said),
        cmocka_unit_test(what_cannot_be_split_is_said),
        cmocka_unit_test(a_given_part_is_kept),
        cmocka_unit_test(running_out_of_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
