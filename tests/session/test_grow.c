// A run on a file that grows: rows join it when asked, in the parts that the split gives them; a file that is cut or
// replaced, and rows that do not fit, leave the run its rows, and it is said.
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "core/session_private.h"
#include "tests/support/session_lab.h"

enum { FIRST = 60 }; // rows

static char path[128];
static char warnings[8][EVENT_TEXT_SIZE];
static size_t warning_count;
static struct event rows[8];
static size_t rows_count;

static void on_event(void *context, const struct event *event) {
    (void)context;
    if (event->kind == EVENT_WARNING && warning_count < 8)
        snprintf(warnings[warning_count++], EVENT_TEXT_SIZE, "%s", event->text);
    if (event->kind == EVENT_ROWS && rows_count < 8)
        rows[rows_count++] = *event;
}

// Rows from..to: two numbers, a word, and a class that they tell.
static void write_rows(const char *mode, int from, int to) {
    FILE *file = fopen(path, mode);
    if (from == 0)
        fputs("a,b,word,kind\n", file);
    for (int row = from; row < to; row++)
        fprintf(file, "%d.5,%d,%s,%s\n", row * 7 % 19, row * 5 % 13, row % 3 ? "left" : "right",
                row * 7 % 19 > 9 ? "high" : "low");
    fclose(file);
}

static int set_up(void **state) {
    lab_set_up(state);
    snprintf(path, sizeof path, "%s/grow.csv", lab.folder);
    write_rows("w", 0, FIRST);
    lab_open((struct session_options){.follow = true, .no_profile = true});
    session_listen(lab.session, on_event, NULL);
    warning_count = rows_count = 0;
    const char *settings[][2] = {
        {"hidden", "6"}, {"epochs", "1000000"}, {"batch", "16"}, {"follow_rows", "yes"}, {"pace", "400"}};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        lab_set(settings[i][0], settings[i][1]);
    return 0;
}

static void begin(void) {
    lab_load(path);
    lab_must(session_start(lab.session, &lab.error));
}

static void wait_rows(size_t count) {
    LAB_UNTIL(rows_count >= count);
    if (rows_count < count)
        fail_msg("no rows came: %s", lab.view->message);
}

static void wait_warning(size_t count, const char *words) {
    LAB_UNTIL(warning_count >= count);
    if (warning_count < count || !strstr(warnings[count - 1], words))
        fail_msg("not said: \"%s\" but \"%s\"", words, warning_count ? warnings[warning_count - 1] : lab.view->message);
}

// Time for something that must not come.
static void linger(void) {
    double until = clock_now() + 0.2;
    while (clock_now() < until)
        lab_look(20);
}

static size_t rows_of_run(void) {
    const struct run_record *record = &lab.view->run->record;
    return record->train_rows + record->validation_rows + record->test_rows;
}

static void end(void) {
    lab_must(session_stop(lab.session, &lab.error));
    lab_wait_end();
}

static void test_rows_join_and_none_moves(void **state) {
    (void)state;
    lab_set("test", "0.1");
    begin();
    uint8_t before[FIRST], between[FIRST + 40];
    memcpy(before, lab.view->split->part, FIRST);
    write_rows("a", FIRST, FIRST + 40);
    lab_append(path, "1.5,2,le");
    wait_rows(1);
    assert_int_equal(rows[0].started.added_rows, 40);
    assert_int_equal(rows_of_run(), FIRST + 40);
    assert_string_equal(lab.view->run->curve.marks[lab.view->run->curve.mark_count - 1].text, "+40 rows");
    assert_true(lab.view->rows_join);
    assert_int_equal(lab.session->growth.split.rows, FIRST + 40);
    assert_memory_equal(lab.session->growth.split.part, before, FIRST);
    memcpy(between, lab.session->growth.split.part, FIRST + 40);
    lab_append(path, "ft,low\n");
    wait_rows(2);
    assert_int_equal(rows[1].started.added_rows, 1);
    assert_true(rows[1].step > rows[0].step);
    assert_int_equal(rows_of_run(), FIRST + 41);
    assert_memory_equal(lab.session->growth.split.part, between, FIRST + 40);
    assert_int_equal(lab.session->growth.first_rows, FIRST);
    assert_int_equal(warning_count, 0);
    end();
    int64_t run = lab.view->run->record.id;
    assert_string_equal(lab.view->run->record.checkpoint + strlen(lab.view->run->record.checkpoint) - 9, "last.ckpt");
    struct run_record record;
    lab_must(store_run(lab.session->store, run, &record, &lab.error));
    assert_int_equal(record.train_rows, rows[1].started.train_rows);
}

static void test_rows_stay_out_unless_asked(void **state) {
    (void)state;
    lab_set("follow_rows", "no");
    begin();
    write_rows("a", FIRST, FIRST + 10);
    lab_wait_table(FIRST + 10);
    linger();
    assert_int_equal(rows_count, 0);
    lab_set("follow_rows", "yes"); // and now they are
    wait_rows(1);
    assert_int_equal(rows[0].started.added_rows, 10);
    end();
}

static void test_a_cut_file_leaves_the_run_its_rows(void **state) {
    (void)state;
    begin();
    write_rows("w", 0, 30);
    wait_warning(1, "was written anew; run 1 keeps the rows that it has");
    assert_false(lab.view->rows_join);
    write_rows("a", 30, FIRST + 40);
    lab_wait_table(FIRST + 40);
    linger();
    assert_int_equal(rows_count, 0);
    assert_int_equal(rows_of_run(), FIRST);
    end();
}

static void test_a_file_in_its_place_leaves_the_run_its_rows(void **state) {
    (void)state;
    char aside[256];
    begin();
    snprintf(aside, sizeof aside, "%s.1", path);
    assert_int_equal(rename(path, aside), 0);
    write_rows("w", 0, FIRST + 40);
    wait_warning(1, "is another file now; run 1 keeps the rows that it has");
    lab_wait_table(FIRST + 40);
    linger();
    assert_int_equal(rows_count, 0);
    assert_true(session_run_alive(lab.session));
    end();
}

static void test_rows_that_do_not_fit_are_said(void **state) {
    (void)state;
    begin();
    lab_append(path, "1.5,2,left,perhaps\n3.5,1,right,low\n");
    wait_warning(1, "1 row is left out: \"kind\" has a class there that the model does not know");
    wait_rows(1);
    assert_int_equal(rows[0].started.added_rows, 1);
    lab_append(path, "1.5,what,left,low\n");
    wait_warning(2, "run 1 keeps the rows that it has");
    assert_non_null(strstr(warnings[1], "\"b\""));
    write_rows("a", FIRST, FIRST + 1);
    lab_wait_table(FIRST + 4);
    linger();
    assert_int_equal(warning_count, 2); // not again
    assert_int_equal(rows_count, 1);
    assert_true(session_run_alive(lab.session));
    end();
}

static void test_another_file_or_another_way_of_reading(void **state) {
    (void)state;
    begin();
    lab_must(session_set_type(lab.session, "b", "category", &lab.error));
    wait_warning(1, "is open in another way now; run 1 keeps the rows that it has");
    end();
    begin();
    lab_must(session_follow(lab.session, false, &lab.error));
    lab_must(session_follow(lab.session, true, &lab.error));
    lab_wait_job();
    assert_non_null(strstr(lab.view->message, "run 2 keeps its rows"));
    write_rows("a", FIRST, FIRST + 10);
    lab_wait_table(FIRST + 10);
    assert_int_equal(rows_count, 0);
    end();
}

static void resume(int64_t run) {
    lab_must(session_resume(lab.session, run, &lab.error));
    lab_wait_job();
    assert_true(session_run_alive(lab.session));
    assert_int_equal(lab.view->run->record.parent, run);
}

// With exactly the rows that its checkpoint was written on, whatever came later.
static void test_it_is_resumed_with_the_rows_it_had(void **state) {
    (void)state;
    begin();
    write_rows("a", FIRST, FIRST + 40);
    wait_rows(1);
    uint64_t training = lab.view->run->record.train_rows;
    end();
    uint64_t step = lab.view->run->record.steps;
    write_rows("a", FIRST + 40, FIRST + 60);
    lab_wait_table(FIRST + 60);
    resume(1);
    assert_int_equal(rows_of_run(), FIRST + 40);
    assert_int_equal(lab.view->run->record.train_rows, training);
    assert_int_equal(lab.view->source->rows, FIRST + 40);
    while (lab.view->run->record.steps <= step)
        lab_look(20);
    write_rows("a", FIRST + 60, FIRST + 61);
    wait_rows(2); // and it goes on to grow, by all that it has missed
    assert_int_equal(rows[1].started.added_rows, 21);
    end();
    resume(2);
    assert_int_equal(rows_of_run(), FIRST + 61);
    end();
    write_rows("w", 0, FIRST + 20);
    lab_wait_table(FIRST + 20);
    lab_must(session_resume(lab.session, 2, &lab.error));
    assert_int_equal(session_wait(lab.session, &lab.error), STATUS_INVALID);
    assert_non_null(strstr(lab.error.text, "has changed since it was trained"));
    write_rows("w", 0, 20);
    lab_wait_table(20);
    lab_must(session_resume(lab.session, 2, &lab.error));
    assert_int_equal(session_wait(lab.session, &lab.error), STATUS_INVALID);
    assert_non_null(strstr(lab.error.text, "has 20 rows now and the run began with 60"));
}

static void test_a_run_of_the_first_rows_is_resumed_later(void **state) {
    (void)state;
    lab_set("follow_rows", "no");
    begin();
    end();
    write_rows("a", FIRST, FIRST + 40);
    lab_wait_table(FIRST + 40);
    resume(1);
    assert_int_equal(rows_of_run(), FIRST);
    end();
}

// What was added to a larger file is read alone, behind the cells that are on the screen meanwhile.
static void test_only_what_was_added_is_read(void **state) {
    (void)state;
    enum { MANY = 30000 };
    write_rows("w", 0, MANY);
    begin();
    const double *before = NULL;
    for (int round = 1; round <= 3; round++) {
        size_t count = (size_t)(MANY + 10 * round);
        write_rows("a", (int)count - 10, (int)count);
        for (int i = 0; i < LAB_PATIENCE * 50 && lab.view->dataset->table->rows != count; i++) {
            double sum = 0;
            const struct column *column = lab.view->dataset->table->columns[0];
            for (size_t row = 0; row < column->rows; row++)
                sum += column_number(column, row);
            assert_true(sum > 0);
            lab_look(20);
        }
        lab_wait_table(count);
        const struct table *table = lab.view->dataset->table;
        assert_true(column_number(table->columns[0], count - 1) == (double)((count - 1) * 7 % 19) + 0.5);
        if (round > 1)
            assert_ptr_equal(table->columns[0]->values, before);
        before = table->columns[0]->values;
        wait_rows((size_t)round);
    }
    end();
}

static void test_closing_while_rows_come(void **state) {
    (void)state;
    begin();
    for (int i = 0; i < 8; i++) {
        write_rows("a", FIRST + 10 * i, FIRST + 10 * i + 10);
        for (int j = 0; j < 8; j++)
            lab_look(20);
    }
    wait_rows(1);
    write_rows("a", FIRST + 80, FIRST + 90);
    lab_open((struct session_options){.no_profile = true});
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, lab_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_rows_join_and_none_moves),           TEST(test_rows_stay_out_unless_asked),
        TEST(test_a_cut_file_leaves_the_run_its_rows), TEST(test_a_file_in_its_place_leaves_the_run_its_rows),
        TEST(test_rows_that_do_not_fit_are_said),      TEST(test_another_file_or_another_way_of_reading),
        TEST(test_it_is_resumed_with_the_rows_it_had), TEST(test_a_run_of_the_first_rows_is_resumed_later),
        TEST(test_only_what_was_added_is_read),        TEST(test_closing_while_rows_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
