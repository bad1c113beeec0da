// Every shipped table opens with the rows, columns, classes and missing cells that the documentation
// of scikit-learn and R states, and messy.csv with what messy.truth.json says was put there.
#include <cjson/cJSON.h>

#include "tests/datasets/image_files.h"

#define SAMPLES "datasets/samples/"

struct fact {
    const char *file;
    size_t rows, columns, missing;
    const char *target;
    size_t classes; // 0: a number
};

static void tables_have_the_documented_shape(void **state) {
    (void)state;
    static const struct fact facts[] = {
        {SAMPLES "iris.csv", 150, 5, 0, "species", 3},
        {SAMPLES "wine.csv", 178, 14, 0, "cultivar", 3},
        {SAMPLES "breast_cancer.csv", 569, 31, 0, "diagnosis", 2},
        {SAMPLES "diabetes.csv", 442, 11, 0, "progression", 0},
        {SAMPLES "digits.csv", 1797, 65, 0, "digit", 0},
        {SAMPLES "airquality.csv", 153, 6, 44, "Ozone", 0},
        {SAMPLES "titanic.csv", 2201, 4, 0, "Survived", 2},
    };
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        struct dataset *dataset = open_good(facts[i].file);
        const struct table *table = dataset->table;
        size_t missing = 0;
        for (size_t c = 0; c < table->column_count; c++)
            missing += table->columns[c]->missing_count;
        assert_string_equal(dataset->format, "csv");
        assert_int_equal(table->rows, facts[i].rows);
        assert_int_equal(table->column_count, facts[i].columns);
        assert_int_equal(missing, facts[i].missing);
        assert_int_equal(table->target, (int)facts[i].columns - 1);
        const struct column *target = table->columns[table->target];
        assert_string_equal(target->name, facts[i].target);
        assert_int_equal(target->type, facts[i].classes ? COLUMN_CATEGORY : COLUMN_NUMERIC);
        if (facts[i].classes)
            assert_int_equal(target->word_count, facts[i].classes);
        dataset_free(dataset);
    }
}

static size_t count_word(const struct column *column, const char *word) {
    size_t count = 0;
    for (size_t row = 0; row < column->rows; row++)
        count += strcmp(column->words[column->codes[row]], word) == 0;
    return count;
}

static const struct column *column_of(const struct dataset *dataset, const char *name) {
    int index = table_find(dataset->table, name);
    assert_true(index >= 0);
    return dataset->table->columns[index];
}

static double mean_of(const struct dataset *dataset, const char *name) {
    const struct column *column = column_of(dataset, name);
    double sum = 0;
    size_t count = 0;
    for (size_t row = 0; row < column->rows; row++)
        if (!column_is_missing(column, row)) {
            sum += column->values[row];
            count++;
        }
    return sum / (double)count;
}

// Class counts and means as scikit-learn's data set descriptions and R's summary() give them.
static void tables_have_the_documented_content(void **state) {
    (void)state;
    struct dataset *cancer = open_good(SAMPLES "breast_cancer.csv");
    assert_int_equal(count_word(column_of(cancer, "diagnosis"), "malignant"), 212);
    assert_int_equal(count_word(column_of(cancer, "diagnosis"), "benign"), 357);
    dataset_free(cancer);
    struct dataset *wine = open_good(SAMPLES "wine.csv");
    assert_int_equal(count_word(column_of(wine, "cultivar"), "class_1"), 71);
    assert_float_equal(mean_of(wine, "alcohol"), 13.0, 0.05);
    assert_float_equal(mean_of(wine, "proline"), 746, 1);
    dataset_free(wine);
    struct dataset *iris = open_good(SAMPLES "iris.csv");
    assert_int_equal(count_word(column_of(iris, "species"), "versicolor"), 50);
    assert_float_equal(mean_of(iris, "sepal_length"), 5.843, 0.0005);
    assert_float_equal(mean_of(iris, "petal_width"), 1.199, 0.0005);
    dataset_free(iris);
    struct dataset *air = open_good(SAMPLES "airquality.csv");
    assert_int_equal(column_of(air, "Ozone")->missing_count, 37);
    assert_int_equal(column_of(air, "Solar.R")->missing_count, 7);
    assert_float_equal(mean_of(air, "Ozone"), 42.13, 0.005);
    assert_float_equal(mean_of(air, "Wind"), 9.958, 0.0005);
    dataset_free(air);
    struct dataset *titanic = open_good(SAMPLES "titanic.csv");
    assert_int_equal(count_word(column_of(titanic, "Survived"), "Yes"), 711);
    assert_int_equal(count_word(column_of(titanic, "Class"), "Crew"), 885);
    assert_int_equal(count_word(column_of(titanic, "Sex"), "Female"), 470);
    assert_int_equal(count_word(column_of(titanic, "Age"), "Child"), 109);
    dataset_free(titanic);
}

// ---- messy.csv ---------------------------------------------------------------------------------------

struct messy {
    cJSON *truth;
    struct dataset *dataset;
};

static int open_messy(void **state) {
    static struct messy messy;
    char *text = NULL;
    size_t size = 0;
    struct error error;
    assert_int_equal(file_read(SAMPLES "messy.truth.json", 0, &text, &size, &error), STATUS_OK);
    messy.truth = cJSON_Parse(text);
    mem_free(text);
    assert_non_null(messy.truth);
    messy.dataset = open_good(SAMPLES "messy.csv");
    *state = &messy;
    return 0;
}

static int close_messy(void **state) {
    struct messy *messy = *state;
    cJSON_Delete(messy->truth);
    dataset_free(messy->dataset);
    return 0;
}

static const cJSON *truth(const struct messy *messy, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(messy->truth, name);
    assert_non_null(item);
    return item;
}

static void messy_is_read_as_made(void **state) {
    const struct messy *messy = *state;
    const struct table *table = messy->dataset->table;
    const struct dialect *dialect = &messy->dataset->dialect;
    assert_int_equal(table->rows, truth(messy, "rows")->valueint);
    assert_int_equal(table->column_count, cJSON_GetArraySize(truth(messy, "columns")));
    assert_string_equal(dialect->encoding, truth(messy, "encoding")->valuestring);
    assert_string_equal(dialect->delimiter, truth(messy, "delimiter")->valuestring);
    assert_string_equal(dialect->line_ending, truth(messy, "line_ending")->valuestring);
    const cJSON *missing = NULL, *type = NULL;
    cJSON_ArrayForEach(missing, truth(messy, "missing"))
        assert_int_equal(column_of(messy->dataset, missing->string)->missing_count, missing->valueint);
    cJSON_ArrayForEach(type, truth(messy, "types"))
        assert_string_equal(column_type_name(column_of(messy->dataset, type->string)->type), type->valuestring);
}

static void messy_cells_are_whole(void **state) {
    const struct messy *messy = *state;
    const struct table *table = messy->dataset->table;
    int quotes = 0, lines = 0, euros = 0, zeros = 0;
    char out[64];
    for (size_t c = 0; c < table->column_count; c++)
        for (size_t row = 0; row < table->rows; row++) {
            const char *text = column_text(table->columns[c], row, out);
            quotes += strchr(text, '"') != NULL;
            lines += strchr(text, '\n') != NULL;
            euros += strstr(text, "\u20ac") != NULL;
            zeros += c == 0 && text[0] == '0';
        }
    assert_int_equal(quotes, truth(messy, "cells_with_quotes")->valueint);
    assert_int_equal(lines, truth(messy, "cells_over_two_lines")->valueint);
    assert_int_equal(euros, truth(messy, "cells_with_euro")->valueint);
    assert_int_equal(zeros, truth(messy, "leading_zero_codes")->valueint);
}

static bool noted_at(const struct dataset *dataset, int line) {
    for (size_t i = 0; i < dataset->notes.count; i++)
        if (dataset->notes.items[i].line == (uint64_t)line)
            return true;
    return false;
}

static void messy_repairs_are_noted_with_their_lines(void **state) {
    const struct messy *messy = *state;
    const cJSON *line = NULL;
    cJSON_ArrayForEach(line, truth(messy, "short_lines")) assert_true(noted_at(messy->dataset, line->valueint));
    cJSON_ArrayForEach(line, truth(messy, "long_lines")) assert_true(noted_at(messy->dataset, line->valueint));
}

static void messy_duplicates_are_equal_rows(void **state) {
    const struct messy *messy = *state;
    const struct table *table = messy->dataset->table;
    int duplicates = 0;
    for (size_t row = 1; row < table->rows; row++) {
        bool again = false;
        for (size_t other = 0; other < row && !again; other++)
            again = table_rows_equal(table, row, other);
        duplicates += again;
    }
    assert_int_equal(duplicates, truth(messy, "duplicates")->valueint);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_have_the_documented_shape),
        cmocka_unit_test(tables_have_the_documented_content),
        cmocka_unit_test(messy_is_read_as_made),
        cmocka_unit_test(messy_cells_are_whole),
        cmocka_unit_test(messy_repairs_are_noted_with_their_lines),
        cmocka_unit_test(messy_duplicates_are_equal_rows),
    };
    return cmocka_run_group_tests(tests, open_messy, close_messy);
}
