// Large tables show their first rows before they are read, and what was read when reading is stopped.
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "datasets/dataset.h"
#include "tests/support/scratch.h"
#include "tests/support/test.h"

enum { ROWS = 400000 };

static const char *large_file(void) {
    static char path[1024];
    struct str text = {0};
    if (path[0] == '\0') {
        str_add(&text, "number,half,word\n");
        for (int row = 0; row < ROWS; row++)
            str_format(&text, "%d,%d.5,\"word, %d\"\n", row, row, row % 7);
        snprintf(path, sizeof path, "%s", scratch_file("large.csv", text.text, text.length));
        str_free(&text);
    }
    return path;
}

static void check_prefix(const struct dataset *dataset) {
    const struct table *table = dataset->table;
    assert_int_equal(table->column_count, 3);
    for (size_t row = 0; row < table->rows; row += 1 + row / 50) {
        char room[64], word[16];
        snprintf(word, sizeof word, "word, %zu", row % 7);
        assert_true(column_number(table->columns[0], row) == (double)row);
        assert_true(column_number(table->columns[1], row) == (double)row + 0.5);
        assert_string_equal(column_text(table->columns[2], row, room), word);
        assert_int_equal(table_line(table, row), row + 2);
    }
}

static void take_preview(void *context, struct dataset *dataset) {
    *(struct dataset **)context = dataset;
}

static void the_first_rows_come_before_the_others(void **state) {
    (void)state;
    struct error error;
    struct dataset *preview = NULL, *whole = NULL;
    struct load_options options = load_options_default();
    options.preview = take_preview;
    options.preview_context = &preview;
    assert_int_equal(dataset_open(large_file(), &options, &whole, NULL, &error), STATUS_OK);
    assert_non_null(preview);
    assert_int_equal(preview->table->rows, DATASET_PREVIEW_ROWS);
    assert_true(preview->partial);
    assert_in_range(preview->rows_guess, ROWS / 2, 2 * ROWS);
    check_prefix(preview);
    assert_false(whole->partial);
    assert_int_equal(whole->table->rows, ROWS);
    check_prefix(whole);
    dataset_free(preview);
    dataset_free(whole);
}

static void small_files_have_no_preview(void **state) {
    (void)state;
    struct error error;
    struct dataset *preview = NULL, *whole = NULL;
    struct load_options options = load_options_default();
    options.preview = take_preview;
    options.preview_context = &preview;
    const char *path = scratch_file("small.csv", "a,b\n1,2\n3,4\n", 12);
    assert_int_equal(dataset_open(path, &options, &whole, NULL, &error), STATUS_OK);
    assert_null(preview);
    assert_int_equal(whole->table->rows, 2);
    dataset_free(whole);
}

static void *cancel_midway(void *context) {
    struct task *task = context;
    while (atomic_load(&task->done) < (1 << 20) && !atomic_load(&task->cancelled)) {
    }
    task_cancel(task);
    return NULL;
}

// Stops somewhere between the first and the last row; a machine that reads all of it first tries again.
static void what_was_read_stays_when_reading_is_stopped(void **state) {
    (void)state;
    struct error error;
    size_t stopped = 0;
    for (int i = 0; i < 20 && stopped == 0; i++) {
        pthread_t thread;
        struct task task = {0};
        struct dataset *dataset = NULL;
        struct load_options options = load_options_default();
        options.keeps_partial = true;
        options.piece_bytes = 1 << 16;
        assert_int_equal(pthread_create(&thread, NULL, cancel_midway, &task), 0);
        enum status status = dataset_open(large_file(), &options, &dataset, &task, &error);
        task_cancel(&task);
        pthread_join(thread, NULL);
        if (status == STATUS_CANCELLED)
            continue; // before the first row
        assert_int_equal(status, STATUS_OK);
        check_prefix(dataset);
        assert_int_equal(dataset->partial, dataset->table->rows < ROWS);
        stopped += dataset->partial;
        dataset_free(dataset);
    }
    assert_true(stopped > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rows_come_before_the_others),
        cmocka_unit_test(small_files_have_no_preview),
        cmocka_unit_test(what_was_read_stays_when_reading_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
