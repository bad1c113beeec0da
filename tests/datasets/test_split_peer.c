// Splits against scikit-learn: tests/fixtures/splits.json, written by make_splits.py. Each case with its cells
// in memory and in the cache's file.
#include <cjson/cJSON.h>

#include "core/base/file.h"
#include "tests/datasets/split_support.h"

enum { ROWS_MOST = 4000, CLASSES_MOST = 8 };

static size_t integers(const cJSON *object, const char *name, int *out) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, name), *item;
    size_t count = 0;
    assert_non_null(list);
    cJSON_ArrayForEach(item, list) {
        assert_true(count < ROWS_MOST);
        out[count++] = item->valueint;
    }
    return count;
}

static double number(const cJSON *object, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    assert_true(cJSON_IsNumber(item));
    return item->valuedouble;
}

static double doubles[ROWS_MOST];
static const double *as_doubles(const int *numbers, size_t count) {
    for (size_t i = 0; i < count; i++)
        doubles[i] = numbers[i] < 0 ? (double)NAN : numbers[i];
    return doubles;
}

// A column "x" of row numbers; `labels` (NULL: none) make the target "y", `groups` the column "g".
static struct dataset *data_of(size_t rows, const int *labels, const int *groups, bool numbers) {
    static int places[ROWS_MOST];
    struct dataset *dataset = dataset_of(rows);
    for (size_t row = 0; row < rows; row++)
        places[row] = (int)row;
    make_numbers(dataset, "x", COLUMN_NUMERIC, as_doubles(places, rows));
    if (groups != NULL && numbers)
        make_numbers(dataset, "g", COLUMN_NUMERIC, as_doubles(groups, rows));
    else if (groups != NULL)
        make_words(dataset, "g", "group ", groups);
    if (labels == NULL)
        return dataset;
    make_words(dataset, "y", "class ", labels);
    dataset->table->target = (int)dataset->table->column_count - 1;
    return dataset;
}

static void check_size(const cJSON *item) {
    static const char *const kinds[] = {"random", "ordered", "auto"};
    struct dataset *dataset = data_of((size_t)number(item, "rows"), NULL, NULL, false);
    for (size_t i = 0; i < 3; i++) {
        struct split split =
            split_with(dataset, (struct split_settings){.kind = kinds[i], .test = number(item, "share"), .seed = i});
        assert_int_equal(part_rows(&split, PART_TEST), (size_t)number(item, "test"));
        assert_int_equal(part_rows(&split, PART_VALIDATION), 0);
        split_free(&split);
    }
    dataset_free(dataset);
}

static void count_classes(const struct split *split, enum part part, const int *labels, int counts[CLASSES_MOST]) {
    memset(counts, 0, CLASSES_MOST * sizeof *counts);
    for (size_t row = 0; row < split->rows; row++)
        counts[labels[row]] += split->part[row] == part;
}

static void check_stratified(const cJSON *item) {
    static int labels[ROWS_MOST], expected[ROWS_MOST];
    int counts[CLASSES_MOST];
    struct dataset *dataset = data_of(integers(item, "labels", labels), labels, NULL, false);
    size_t classes = integers(item, "test", expected);
    for (int part = PART_VALIDATION; part <= PART_TEST; part++) { // the first part taken is shared out of all rows
        double share = number(item, "share");
        struct split split = split_with(dataset, (struct split_settings){.kind = "stratified",
                                                                         .validation = part == PART_TEST ? 0 : share,
                                                                         .test = part == PART_TEST ? share : 0,
                                                                         .seed = 5});
        count_classes(&split, (enum part)part, labels, counts);
        assert_memory_equal(counts, expected, classes * sizeof *counts);
        split_free(&split);
    }
    dataset_free(dataset);
}

static void check_folds(const cJSON *item) {
    static int sizes[ROWS_MOST];
    struct dataset *dataset = data_of((size_t)number(item, "rows"), NULL, NULL, false);
    size_t folds = integers(item, "sizes", sizes);
    assert_int_equal(folds, (size_t)number(item, "folds"));
    for (size_t fold = 1; fold <= folds; fold++) {
        struct split split = split_with(
            dataset, (struct split_settings){.kind = "random", .validation = 0.5, .folds = folds, .fold = fold});
        assert_int_equal(part_rows(&split, PART_VALIDATION), sizes[fold - 1]);
        split_free(&split);
    }
    dataset_free(dataset);
}

static void check_counts(const cJSON *item, const struct dataset *dataset, const char *kind, const int *labels) {
    static int expected[ROWS_MOST];
    int counts[CLASSES_MOST];
    size_t folds = (size_t)number(item, "folds"), fold = 0;
    const cJSON *row;
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(item, "counts")) {
        size_t classes = 0;
        const cJSON *count;
        cJSON_ArrayForEach(count, row) expected[classes++] = count->valueint;
        struct split split = split_with(
            dataset,
            (struct split_settings){.kind = kind, .column = "g", .folds = folds, .fold = ++fold, .seed = folds});
        count_classes(&split, PART_VALIDATION, labels, counts);
        assert_memory_equal(counts, expected, classes * sizeof *counts);
        split_free(&split);
    }
    assert_int_equal(fold, folds);
}

static void check_stratified_folds(const cJSON *item) {
    static int labels[ROWS_MOST];
    struct dataset *dataset = data_of(integers(item, "labels", labels), labels, NULL, false);
    check_counts(item, dataset, "stratified", labels);
    dataset_free(dataset);
}

static void check_stratified_group_folds(const cJSON *item) {
    static int labels[ROWS_MOST], groups[ROWS_MOST];
    size_t rows = integers(item, "labels", labels);
    assert_int_equal(integers(item, "groups", groups), rows);
    for (int numbers = 0; numbers < 2; numbers++) {
        struct dataset *dataset = data_of(rows, labels, groups, numbers);
        check_counts(item, dataset, "stratified_group", labels);
        dataset_free(dataset);
    }
}

static void check_group_folds(const cJSON *item) {
    static int groups[ROWS_MOST], sizes[ROWS_MOST], fold_of[ROWS_MOST];
    size_t rows = integers(item, "groups", groups), folds = integers(item, "sizes", sizes);
    bool exact = cJSON_HasObjectItem(item, "fold_of") && integers(item, "fold_of", fold_of) == rows;
    for (int numbers = 0; numbers < 2; numbers++) {
        struct dataset *dataset = data_of(rows, NULL, groups, numbers);
        for (size_t fold = 1; fold <= folds; fold++) {
            struct split split = split_with(
                dataset, (struct split_settings){.kind = "group", .column = "g", .folds = folds, .fold = fold});
            assert_int_equal(part_rows(&split, PART_VALIDATION), sizes[fold - 1]);
            for (size_t row = 0; row < rows && exact; row++)
                assert_int_equal(split.part[row] == PART_VALIDATION, fold_of[row] + 1 == (int)fold);
            split_free(&split);
        }
        dataset_free(dataset);
    }
}

static void check_times(const cJSON *item) {
    static int moments[ROWS_MOST], expected[2][ROWS_MOST];
    static double values[ROWS_MOST];
    size_t rows = integers(item, "moments", moments), counts[2];
    counts[0] = integers(item, "validation", expected[0]);
    counts[1] = integers(item, "test", expected[1]);
    for (int type = 0; type < 2; type++) {
        struct dataset *dataset = data_of(rows, NULL, NULL, false);
        for (size_t row = 0; row < rows; row++)
            values[row] = moments[row] * (type == 0 ? 1.0 : 86400.0);
        make_numbers(dataset, "t", type == 0 ? COLUMN_NUMERIC : COLUMN_DATE, values);
        double share = number(item, "share");
        struct split split = split_with(
            dataset, (struct split_settings){.kind = "time", .column = "t", .validation = share, .test = share});
        assert_string_equal(split.note, "");
        for (int part = PART_VALIDATION; part <= PART_TEST; part++) {
            size_t found = 0;
            for (size_t row = 0; row < rows; row++)
                if (split.part[row] == part)
                    assert_int_equal(expected[part - 1][found++], row);
            assert_int_equal(found, counts[part - 1]);
        }
        split_free(&split);
        dataset_free(dataset);
    }
}

static void as_scikit_learn(void **state) {
    static const struct {
        const char *name;
        void (*check)(const cJSON *item);
    } checks[] = {
        {"sizes", check_size},
        {"stratified", check_stratified},
        {"folds", check_folds},
        {"stratified_folds", check_stratified_folds},
        {"group_folds", check_group_folds},
        {"stratified_group_folds", check_stratified_group_folds},
        {"times", check_times},
    };
    struct error error;
    char *text = NULL;
    size_t size, done = 0;
    (void)state;
    assert_int_equal(file_read("tests/fixtures/splits.json", 0, &text, &size, &error), STATUS_OK);
    cJSON *root = cJSON_Parse(text);
    mem_free(text);
    assert_non_null(root);
    for (int spilled = 0; spilled < 2; spilled++) {
        cells_set_memory(spilled ? 1 : 0);
        for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
            const cJSON *item;
            cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(root, checks[i].name)) {
                checks[i].check(item);
                done++;
            }
        }
    }
    cells_set_memory(0);
    assert_int_equal(done, 2 * 210);
    cJSON_Delete(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_scikit_learn)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
