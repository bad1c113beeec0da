// Columns and tables: sharing, picking, words, equal rows, failing allocations.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/table.h"

static struct error error;

static struct column *numbers(const char *name, size_t rows, const double *values) {
    struct column *column = column_make(name, COLUMN_NUMERIC, rows, &error);
    for (size_t i = 0; column != NULL && i < rows; i++)
        column->values[i] = values[i];
    return column;
}

static enum status add_words(struct column *column, const char *const *words) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < column->rows && status == STATUS_OK; i++)
        status = words[i] == NULL ? column_set_missing(column, i, &error)
                                  : column_word(column, words[i], strlen(words[i]), &column->codes[i], &error);
    column_seal(column);
    return status;
}

static const double some_numbers[] = {1, 2, 1, -0.0, 0};
static const char *const some_words[] = {"b", "a", "b", NULL, NULL};

// Five rows; rows 0 and 2 are equal, and so are 3 and 4 (minus zero, missing).
static struct table *make_table(void) {
    struct table *table = NULL;
    struct column *words = NULL;
    if (table_make(5, "/tmp/five.csv", &table, &error) != STATUS_OK)
        return NULL;
    struct column *column = numbers("x", 5, some_numbers);
    bool fits = column != NULL && table_add(table, column, &error) == STATUS_OK;
    words = fits ? column_make("w", COLUMN_CATEGORY, 5, &error) : NULL;
    fits = words != NULL && add_words(words, some_words) == STATUS_OK;
    if (!fits) {
        column_release(words);
        table_free(table);
        return NULL;
    }
    if (table_add(table, words, &error) != STATUS_OK) {
        table_free(table);
        return NULL;
    }
    return table;
}

static void missing_cells_are_counted_once(void **state) {
    (void)state;
    struct column *column = column_make("x", COLUMN_NUMERIC, 130, &error);
    column->values[129] = 5;
    assert_int_equal(column_set_missing(column, 129, &error), STATUS_OK);
    assert_int_equal(column_set_missing(column, 129, &error), STATUS_OK);
    assert_int_equal(column->missing_count, 1);
    assert_true(column_is_missing(column, 129) && !column_is_missing(column, 128));
    assert_true(column->values[129] == 0);
    column_clear_missing(column, 129);
    column_clear_missing(column, 129);
    assert_int_equal(column->missing_count, 0);
    column_release(column);
}

static void words_keep_their_codes(void **state) {
    (void)state;
    struct column *column = column_make("w", COLUMN_TEXT, 1, &error);
    char word[16];
    uint32_t code;
    for (uint32_t i = 0; i < 5000; i++) {
        int length = snprintf(word, sizeof word, "w%u", i);
        assert_int_equal(column_word(column, word, (size_t)length, &code, &error), STATUS_OK);
        assert_int_equal(code, i);
        if (i % 1000 == 999)
            column_seal(column); // the index is made anew
    }
    for (uint32_t i = 0; i < 5000; i++) {
        int length = snprintf(word, sizeof word, "w%u", i);
        assert_int_equal(column_word(column, word, (size_t)length, &code, &error), STATUS_OK);
        assert_int_equal(code, i);
    }
    assert_int_equal(column_word(column, "w123", 3, &code, &error), STATUS_OK); // "w12", not "w123"
    assert_int_equal(code, 12);
    assert_int_equal(column->word_count, 5000);
    column_release(column);
}

static void cells_become_text(void **state) {
    (void)state;
    static const double values[] = {3, -0.1, 1e300, 9007199254740991.0, INFINITY, 1e16, 0.30000000000000004};
    static const char *const texts[] = {
        "3", "-0.1", "1e+300", "9007199254740991", "inf", "1e+16", "0.30000000000000004"};
    struct column *column = numbers("x", 7, values);
    char out[64];
    for (size_t i = 0; i < 7; i++)
        assert_string_equal(column_text(column, i, out), texts[i]);
    column_set_missing(column, 0, &error);
    assert_string_equal(column_text(column, 0, out), "");
    column_release(column);
}

static void picking_numbers_words_anew(void **state) {
    (void)state;
    struct table *table = make_table();
    struct column *words = table->columns[1];
    static const uint32_t picked[] = {1, 3, 1};
    struct column *some = column_pick(words, picked, 3, &error);
    assert_int_equal(some->rows, 3);
    assert_int_equal(some->word_count, 1); // "b" is not among them
    assert_string_equal(some->words[0], "a");
    assert_int_equal(some->missing_count, 1);
    assert_true(column_is_missing(some, 1));
    column_release(some);
    assert_int_equal(table_pick(table, picked, 3, &error), STATUS_OK);
    assert_int_equal(table->rows, 3);
    assert_int_equal(table_origin(table, 0), 1);
    assert_int_equal(table_origin(table, 1), 3);
    assert_true(table->columns[0]->values[2] == 2);
    table_free(table);
}

static void tables_share_columns(void **state) {
    (void)state;
    struct table *table = make_table(), *copy = NULL;
    table->target = 1;
    assert_int_equal(table_set_line(table, 4, 99, &error), STATUS_OK);
    assert_int_equal(table_share(table, &copy, &error), STATUS_OK);
    assert_ptr_equal(copy->columns[0], table->columns[0]);
    assert_int_equal(table_line(copy, 4), 99);
    struct column *changed = column_copy(table->columns[0], &error);
    changed->values[0] = 77;
    table_replace(copy, 0, changed);
    assert_true(table->columns[0]->values[0] == 1);
    assert_string_equal(copy->name, "five.csv");
    table_free(table);
    assert_true(copy->columns[0]->values[0] == 77);
    assert_string_equal(copy->columns[1]->words[0], "b");
    table_free(copy);
}

static void the_target_follows_its_column(void **state) {
    (void)state;
    struct table *table = make_table();
    table->target = 1;
    assert_int_equal(table_insert(table, 0, numbers("first", 5, some_numbers), &error), STATUS_OK);
    assert_int_equal(table->target, 2);
    assert_int_equal(table_find(table, "w"), 2);
    table_remove(table, 1);
    assert_int_equal(table->target, 1);
    table_remove(table, 1);
    assert_int_equal(table->target, -1);
    assert_int_equal(table_find(table, "w"), -1);
    table_free(table);
}

static void equal_rows_have_equal_hashes(void **state) {
    (void)state;
    struct table *table = make_table();
    for (size_t a = 0; a < 5; a++)
        for (size_t b = 0; b < 5; b++) {
            bool equal = a == b || (a + b == 2 && a != 1) || a + b == 7;
            assert_int_equal(table_rows_equal(table, a, b), equal);
            assert_int_equal(table_row_hash(table, a) == table_row_hash(table, b), equal);
        }
    table_free(table);
}

// Everything above once more, each allocation failing in turn: nothing leaks, nothing half made stays.
static void failing_allocations_leave_tables_whole(void **state) {
    (void)state;
    static const uint32_t picked[] = {0, 3};
    unsigned long failures = 0;
    for (unsigned long after = 1;; after++, failures++) {
        struct table *copy = NULL;
        mem_fail_at(after);
        struct table *table = make_table();
        bool fits = table != NULL && table_share(table, &copy, &error) == STATUS_OK;
        bool picks = fits && table_pick(copy, picked, 2, &error) == STATUS_OK;
        mem_fail_at(0);
        if (fits && !picks) {
            assert_int_equal(copy->rows, 5);
            assert_ptr_equal(copy->columns[1], table->columns[1]);
        }
        table_free(copy);
        table_free(table);
        if (picks)
            break;
        assert_int_equal(error.status, STATUS_MEMORY);
    }
    assert_in_range(failures, 20, 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_cells_are_counted_once),
        cmocka_unit_test(words_keep_their_codes),
        cmocka_unit_test(cells_become_text),
        cmocka_unit_test(picking_numbers_words_anew),
        cmocka_unit_test(tables_share_columns),
        cmocka_unit_test(the_target_follows_its_column),
        cmocka_unit_test(equal_rows_have_equal_hashes),
        cmocka_unit_test(failing_allocations_leave_tables_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
