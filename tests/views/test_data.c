// The table of the Data view on shipped data: going about in it, frozen columns, marks, one cell whole, copying.
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "datasets/table.h"
#include "tests/support/screen.h"
#include "tests/support/session_lab.h"
#include "views/frame.h"

static struct frame *frame;

static int open_frame(void **state) {
    int failed = lab_set_up(state);
    lab_must(frame_open(&frame, lab.session, VIEW_DATA, &lab.error));
    return failed;
}

static int close_frame(void **state) {
    frame_close(frame);
    return lab_tear_down(state);
}

// And waits for what it set to work.
static enum frame_act press(const char *name) {
    struct input_event event = screen_key(name);
    enum frame_act act = frame_event(frame, &event);
    lab_wait_job();
    return act;
}

static void type(const char *text) {
    char name[2] = "";
    for (; *text; text++) {
        name[0] = *text;
        press(*text == ' ' ? "Space" : name);
    }
}

static void draw(void *data, struct canvas *canvas, struct rect area) {
    (void)data;
    (void)area;
    frame_draw(frame, canvas);
}

// The screen of 120 columns as text, once more for every call.
static const char *seen(void) {
    static struct str text;
    struct canvas canvas = {0};
    str_clear(&text);
    lab_must(canvas_resize(&canvas, 120, 24, &lab.error));
    frame_draw(frame, &canvas);
    canvas_dump_text(&canvas, &text);
    canvas_free(&canvas);
    return str_text(&text);
}

static void assert_seen(const char *what, bool there) {
    if ((strstr(seen(), what) != NULL) != there)
        fail_msg("\"%s\" is %s the screen:\n%s", what, there ? "not on" : "on", seen());
}

static void frozen_columns_stay_in_sight(void **state) {
    (void)state;
    lab_load("datasets/samples/breast_cancer.csv"); // 31 columns
    const struct table *table = lab.view->dataset->table;
    for (int i = 0; i < 20; i++)
        press("Right");
    assert_seen(table->columns[0]->name, false);
    press("Home");
    press("z");
    for (int i = 0; i < 20; i++)
        press("Right");
    assert_seen(table->columns[0]->name, true);
    assert_seen(table->columns[20]->name, true);
    screen_check_all("data-frozen", draw, NULL);
    press("Home");
    press("z"); // lets them go
    press("End");
    assert_seen(table->columns[0]->name, false);
}

static void rows_and_columns_are_gone_to(void **state) {
    (void)state;
    lab_load("datasets/samples/iris.csv");
    press("#");
    type("77");
    press("Enter");
    press("C");
    type("petwi"); // petal_width
    press("Enter");
    press("y");
    assert_string_equal(frame_copied(frame), "1.4"); // line 78 of the file
    press("#");
    type("151");
    press("Enter");
    assert_seen("is no row: write a number from 1 to 150.", true);
    press("C");
    press("Esc");
    assert_seen("go to column", false);
}

static void marked_rows_can_be_shown_alone(void **state) {
    (void)state;
    lab_load("datasets/samples/iris.csv");
    press("'");
    assert_seen("no row shown here is marked", true);
    press("Space"); // 1, and down
    press("Down");
    press("Space"); // 3
    press("#");
    type("120");
    press("Enter");
    press("Space");
    assert_seen("3 marked", true);
    press("'"); // round to the first
    press("y");
    assert_string_equal(frame_copied(frame), "5.1");
    press("&");
    type("marked & species = setosa");
    press("Enter");
    assert_seen("row 1–2 of 2", true);
    press("Esc");
    press("#");
    type("3");
    press("Enter");
    press("Space"); // takes it off
    assert_seen("2 marked", true);
}

// Against a plain comparison of all cells; sorting twice turns it round, and equal rows stay as they were.
static void rows_are_sorted(void **state) {
    (void)state;
    lab_load("datasets/samples/titanic.csv");
    const struct table *table = lab.view->dataset->table;
    for (size_t column = 0; column < table->column_count; column++) {
        lab_must(session_sort_rows(lab.session, column, &lab.error));
        lab_wait_job();
        const struct row_order *order = lab.view->rows.order;
        assert_int_equal(order->count, table->rows);
        for (size_t i = 1; i < order->count; i++) {
            char a[64], b[64];
            int sign = strcmp(column_text(table->columns[column], order->rows[i - 1], a),
                              column_text(table->columns[column], order->rows[i], b));
            assert_true(sign < 0 || (sign == 0 && (column > 0 || order->rows[i - 1] < order->rows[i])));
        }
    }
    session_all_rows(lab.session);
    lab_load("datasets/samples/airquality.csv"); // numbers, some missing
    const struct column *ozone = lab.view->dataset->table->columns[table_find(lab.view->dataset->table, "Ozone")];
    for (int round = 0; round < 2; round++) {
        lab_must(session_sort_rows(lab.session, (size_t)table_find(lab.view->dataset->table, "Ozone"), &lab.error));
        lab_wait_job();
        const struct row_order *order = lab.view->rows.order;
        for (size_t i = 1; i < order->count; i++) {
            double a = column_number(ozone, order->rows[i - 1]), b = column_number(ozone, order->rows[i]);
            bool missing = column_is_missing(ozone, order->rows[i - 1]);
            bool last = column_is_missing(ozone, order->rows[i]); // missing cells are the last, either way
            assert_true(missing ? last : last || (round == 0 ? a <= b : a >= b));
        }
    }
}

static void what_is_found_is_gone_to(void **state) {
    (void)state;
    lab_load("datasets/samples/iris.csv");
    press("/");
    type("VIRGIN");
    press("Enter");
    press("y");
    assert_string_equal(frame_copied(frame), "virginica");
    assert_seen("101", true); // the first of them
    press("n");
    press("Y");
    assert_string_equal(frame_copied(frame), "5.8,2.7,5.1,1.9,virginica"); // line 103 of the file
    press("N");
    press("N"); // back round to the last row
    press("Y");
    assert_string_equal(frame_copied(frame), "5.9,3,5.1,1.8,virginica");
    press("/");
    type("7.9");
    press("Enter");
    press("y");
    assert_string_equal(frame_copied(frame), "7.9");
    press("/");
    type("tulip");
    press("Enter");
    assert_seen("\"tulip\" is in no cell", true);
}

// A column of many rows; what is at work is given up for what is asked for next, and Esc leaves everything as it was.
static void sorting_can_be_cancelled(void **state) {
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/many.csv", lab.folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("a,b\n", file);
    for (unsigned i = 0; i < 300000; i++)
        fprintf(file, "%u,%u\n", i * 2654435761u % 1000003, i);
    fclose(file);
    lab_load(path);
    for (int round = 0; round < 20; round++) {
        lab_must(session_sort_rows(lab.session, 0, &lab.error));
        assert_true(lab.view->rows.job.active);
        lab_must(session_find_row(lab.session, "nowhere", 0, 1, &lab.error)); // in its place
        session_cancel(lab.session);
        session_wait(lab.session, &lab.error);
        assert_false(lab.view->rows.job.active);
        assert_null(lab.view->rows.order->rows);
    }
    char long_text[ROW_FILTER_SIZE + 1];
    memset(long_text, 'x', ROW_FILTER_SIZE);
    long_text[ROW_FILTER_SIZE] = '\0'; // no part of it would be what was meant
    assert_int_equal(session_find_row(lab.session, long_text, 0, 1, &lab.error), STATUS_INVALID);
    assert_int_equal(session_filter_rows(lab.session, long_text, NULL, &lab.error), STATUS_INVALID);
    lab_must(session_sort_rows(lab.session, 0, &lab.error));
    lab_load("datasets/samples/iris.csv"); // the table goes while it is being sorted
    assert_null(lab.view->rows.order->rows);
}

static void cells_and_rows_are_copied(void **state) {
    (void)state;
    lab_load("datasets/samples/titanic.csv");
    const struct table *table = lab.view->dataset->table;
    char line[1024], number[64];
    FILE *file = fopen("datasets/samples/titanic.csv", "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file)); // header
    assert_non_null(fgets(line, sizeof line, file));
    fclose(file);
    line[strcspn(line, "\r\n")] = '\0';
    assert_int_equal(press("y"), FRAME_COPY);
    assert_string_equal(frame_copied(frame), column_text(table->columns[0], 0, number));
    assert_int_equal(press("Y"), FRAME_COPY);
    assert_string_equal(frame_copied(frame), line);
    assert_int_equal(press("Down"), FRAME_NOTHING);
    assert_string_equal(frame_copied(frame), "");
}

static void a_cell_is_shown_whole(void **state) {
    (void)state;
    char path[128], text[600];
    snprintf(path, sizeof path, "%s/notes.csv", lab.folder);
    memset(text, 'x', sizeof text);
    strcpy(text + 500, " the end\",7\n");
    lab_append(path, "note,size\n\"the start ");
    lab_append(path, text);
    lab_append(path, "short,8\n");
    lab_load(path);
    assert_seen("the end", false);
    press("Enter");
    assert_seen("the start", true);
    assert_seen("the end", true);
    assert_seen("row 1 · line 2", true);
    press("Down"); // the next cell in the same window
    assert_seen("row 2 · line 3", true);
    press("Esc");
    assert_seen("row 2 · line 3", false);
    press("Up");
    press("Enter");
    screen_check("data-cell", 80, 24, false, draw, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_frame, close_frame)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(frozen_columns_stay_in_sight),
        TEST(rows_and_columns_are_gone_to),
        TEST(marked_rows_can_be_shown_alone),
        TEST(rows_are_sorted),
        TEST(what_is_found_is_gone_to),
        TEST(sorting_can_be_cancelled),
        TEST(cells_and_rows_are_copied),
        TEST(a_cell_is_shown_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
