// Cells in memory, in the file of the cache, and computed: whoever reads them sees the same.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/table.h"
#include "tests/support/scratch.h"
#include "tests/support/test.h"

enum { ROWS = 5 * 16384 + 777 };

static double value_of(size_t row) {
    return (double)row * 0.5 - 1000;
}
static bool missing_at(size_t row) {
    return row % 7 == 3 || row / 100 % 50 == 1;
}

// ROWS numbers in pieces of odd sizes, under a limit of memory.
static struct column *make_numbers(size_t memory) {
    struct error error;
    struct column_maker maker;
    struct column *column = NULL;
    static double values[3000];
    static uint64_t missing[3000 / 64 + 1];
    size_t row = 0, piece = 1;
    cells_set_memory(memory);
    assert_int_equal(column_maker_open(&maker, "x", COLUMN_NUMERIC, &error), STATUS_OK);
    while (row < ROWS) {
        size_t count = piece < ROWS - row ? piece : ROWS - row;
        memset(missing, 0, sizeof missing);
        for (size_t i = 0; i < count; i++) {
            values[i] = missing_at(row + i) ? 0 : value_of(row + i);
            if (missing_at(row + i))
                missing[i / 64] |= (uint64_t)1 << (i % 64);
        }
        assert_int_equal(column_maker_add(&maker, values, NULL, missing, count, &error), STATUS_OK);
        row += count;
        piece = piece * 5 % 2999 + 1;
    }
    assert_int_equal(column_maker_finish(&maker, &column, &error), STATUS_OK);
    column_maker_close(&maker);
    return column;
}

static void check_numbers(const struct column *column) {
    struct error error;
    struct column_scan scan;
    size_t seen = 0;
    assert_int_equal(column->rows, ROWS);
    assert_int_equal(column_scan_open(&scan, column, &error), STATUS_OK);
    for (size_t block = 0; block < column_blocks(column); block++) {
        struct column_cells cells;
        assert_int_equal(column_scan_read(&scan, block, &cells, &error), STATUS_OK);
        assert_int_equal(cells.first, seen);
        for (size_t i = 0; i < cells.count; i++, seen++) {
            assert_int_equal(cells_missing(&cells, i), missing_at(seen));
            assert_true(cells.values[i] == (missing_at(seen) ? 0 : value_of(seen)));
        }
    }
    assert_int_equal(seen, ROWS);
    column_scan_close(&scan);
    for (size_t row = 0; row < ROWS; row += 611) {
        assert_int_equal(column_is_missing(column, row), missing_at(row));
        double value = column_number(column, row);
        assert_true(missing_at(row) ? isnan(value) : value == value_of(row));
    }
}

static void cells_read_the_same_in_memory_and_in_a_file(void **state) {
    (void)state;
    struct column *here = make_numbers((size_t)1 << 30), *there = make_numbers(1);
    assert_non_null(here->values);
    assert_null(there->values);
    assert_non_null(there->file);
    assert_int_equal(here->missing_count, there->missing_count);
    check_numbers(here);
    check_numbers(there);
    column_release(here);
    column_release(there);
    assert_int_equal(cells_in_memory(), 0);
}

static void shift(const struct column_formula *formula, const struct column_cells *from, double *values,
                  uint64_t *missing) {
    if (from->missing != NULL)
        memcpy(missing, from->missing, (from->count + 63) / 64 * sizeof *missing);
    for (size_t i = 0; i < from->count; i++)
        values[i] = cells_missing(from, i) ? 0 : (from->values[i] - formula->figures[0]) / formula->figures[1];
}

// Two formulas, one on the other, over cells in a file: back to the numbers they began with.
static void formulas_compute_what_they_read(void **state) {
    (void)state;
    struct error error;
    struct column *column = make_numbers(1);
    struct column_formula first = {.from = column, .compute = shift, .figures = {3, 4}};
    struct column *scaled = column_computed("scaled", COLUMN_NUMERIC, false, first, column->missing_count, &error);
    struct column_formula second = {.from = scaled, .compute = shift, .figures = {-0.75, 0.25}};
    struct column *back = column_computed("back", COLUMN_NUMERIC, false, second, SIZE_MAX, &error);
    assert_non_null(back);
    assert_int_equal(back->missing_count, scaled->missing_count);
    check_numbers(back);
    struct column *copy = column_copy(back, &error);
    assert_non_null(copy->values);
    check_numbers(copy);
    column_release(copy);
    column_release(back);
    assert_int_equal(cells_in_memory(), 0);
}

static enum status negate(void *context, size_t first, size_t count, double *values, uint32_t *codes, uint64_t *missing,
                          struct error *error) {
    (void)first, (void)codes, (void)missing, (void)error;
    for (size_t i = 0; i < count; i++)
        values[i] = -values[i];
    *(size_t *)context += count;
    return STATUS_OK;
}

static void picked_and_changed_rows_stay_where_memory_allows(void **state) {
    (void)state;
    struct error error;
    struct column *column = make_numbers(1);
    static uint32_t picked[ROWS];
    size_t count = 0, changed = 0;
    for (uint32_t row = 5; row < ROWS; row += 2)
        picked[count++] = row;
    struct column *some = column_pick(column, picked, count, &error);
    struct column *negative = column_changed(some, negate, &changed, &error);
    assert_non_null(some->file);
    assert_non_null(negative->file);
    assert_int_equal(changed, count);
    for (size_t i = 0; i < count; i += 97) {
        assert_int_equal(column_is_missing(some, i), missing_at(picked[i]));
        if (!missing_at(picked[i]))
            assert_true(column_number(negative, i) == -value_of(picked[i]));
    }
    column_release(negative);
    column_release(some);
    column_release(column);
}

static void words_are_shared_by_codes_in_a_file(void **state) {
    (void)state;
    struct error error;
    struct column_maker maker;
    struct column *column = NULL;
    static uint32_t codes[ROWS];
    cells_set_memory(1);
    assert_int_equal(column_maker_open(&maker, "w", COLUMN_CATEGORY, &error), STATUS_OK);
    for (size_t row = 0; row < ROWS; row++) {
        char word[16];
        int length = snprintf(word, sizeof word, "w%zu", row % 11);
        assert_int_equal(column_word(maker.column, word, (size_t)length, &codes[row], &error), STATUS_OK);
    }
    assert_int_equal(column_maker_add(&maker, NULL, codes, NULL, ROWS, &error), STATUS_OK);
    assert_int_equal(column_maker_finish(&maker, &column, &error), STATUS_OK);
    assert_non_null(column->file);
    static uint32_t picked[ROWS / 3];
    for (uint32_t i = 0; i < ROWS / 3; i++)
        picked[i] = 3 * i;
    struct column *some = column_pick(column, picked, ROWS / 3, &error);
    column_release(column); // the words stay
    char room[64], word[16];
    for (size_t i = 0; i < ROWS / 3; i += 101) {
        snprintf(word, sizeof word, "w%zu", 3 * i % 11);
        assert_string_equal(column_text(some, i, room), word);
    }
    column_release(some);
    assert_int_equal(cells_in_memory(), 0);
}

// Every allocation that can fail does: the sentence comes, nothing leaks (sanitizers look).
static void failing_allocations_leave_nothing(void **state) {
    (void)state;
    static double values[3 * 16384];
    bool done = false;
    cells_set_memory(1);
    for (unsigned long at = 1; !done; at++) {
        struct error error;
        struct column_maker maker = {0};
        struct column *column = NULL;
        mem_fail_at(at);
        enum status status = column_maker_open(&maker, "x", COLUMN_NUMERIC, &error);
        if (status == STATUS_OK)
            status = column_maker_add(&maker, values, NULL, NULL, 3 * 16384, &error);
        if (status == STATUS_OK)
            status = column_maker_finish(&maker, &column, &error);
        column_maker_close(&maker);
        mem_fail_at(0);
        assert_true(status == STATUS_OK || status == STATUS_MEMORY || status == STATUS_IO);
        done = status == STATUS_OK && at > 40;
        column_release(column);
    }
    assert_int_equal(cells_in_memory(), 0);
}

static void lines_are_kept_as_runs(void **state) {
    (void)state;
    struct error error;
    struct table *table;
    assert_int_equal(table_make(1000, "t.csv", &table, &error), STATUS_OK);
    assert_int_equal(table_line(table, 999), 1000);
    for (size_t row = 0; row < 1000; row++) // a header; row 500 has three lines, row 700 a blank line before it
        assert_int_equal(table_set_line(table, row, row + 2 + (row > 500 ? 2 : 0) + (row >= 700), &error), STATUS_OK);
    assert_int_equal(table->line_count, 3);
    assert_int_equal(table_line(table, 0), 2);
    assert_int_equal(table_line(table, 500), 502);
    assert_int_equal(table_line(table, 501), 505);
    assert_int_equal(table_line(table, 699), 703);
    assert_int_equal(table_line(table, 700), 705);
    uint32_t picked[] = {500, 501, 999};
    assert_int_equal(table_pick(table, picked, 3, &error), STATUS_OK);
    assert_int_equal(table_line(table, 1), 505);
    assert_int_equal(table_origin(table, 2), 999);
    table_free(table);
}

int main(void) {
    char folder[1024];
    snprintf(folder, sizeof folder, "%s", scratch_file("made", "", 0));
    *strrchr(folder, '/') = '\0';
    setenv("XDG_CACHE_HOME", folder, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_read_the_same_in_memory_and_in_a_file),
        cmocka_unit_test(formulas_compute_what_they_read),
        cmocka_unit_test(picked_and_changed_rows_stay_where_memory_allows),
        cmocka_unit_test(words_are_shared_by_codes_in_a_file),
        cmocka_unit_test(failing_allocations_leave_nothing),
        cmocka_unit_test(lines_are_kept_as_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
