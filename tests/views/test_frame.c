// The frame and the views Data, Prepare and Model on a real session with shipped data: golden screens, and
// random keys, mouse and sizes that must not crash.
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/rng.h"
#include "core/session.h"
#include "tests/support/screen.h"
#include "views/frame.h"

static char folder[64], root[1024];
static struct session *session;
static struct frame *frame;
static struct error error;

static void must(enum status status) {
    if (status)
        fail_msg("%s", error.text);
}

static int set_up(void **state) {
    (void)state;
    strcpy(folder, "/tmp/batchlab-frame-XXXXXX");
    assert_non_null(mkdtemp(folder));
    setenv("XDG_DATA_HOME", folder, 1);
    assert_non_null(getcwd(root, sizeof root));
    must(session_open(&session, &(struct session_options){0}, &error));
    must(frame_open(&frame, session, VIEW_DATA, &error));
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    char command[128];
    assert_int_equal(chdir(root), 0);
    frame_close(frame);
    session_close(session);
    frame = NULL;
    session = NULL;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static void open_file(const char *path) {
    must(session_load(session, path, NULL, &error));
    must(session_wait(session, &error));
    session_clear_message(session);
}

static enum frame_act press(const char *name) {
    struct input_event event = screen_key(name);
    enum frame_act act = frame_event(frame, &event);
    must(session_wait(session, &error));
    return act;
}

static void draw(void *data, struct canvas *canvas, struct rect area) {
    (void)data;
    (void)area;
    frame_draw(frame, canvas);
}

static void test_nothing_open(void **state) {
    (void)state;
    screen_check_all("frame-nothing", draw, NULL);
}

static void test_data_of_a_table(void **state) {
    (void)state;
    open_file("datasets/samples/airquality.csv");
    screen_check_all("data-table", draw, NULL);
    press("d");
    screen_check_all("data-describe", draw, NULL);
    press("Tab");
    press("Right");
    press("Down");
    press("Down");
    screen_check_all("data-correlations", draw, NULL);
    press("Shift-Tab");
    press("Shift-Tab"); // round to the last one
    screen_check_all("data-target", draw, NULL);
    press("Tab");
    press("Tab");
    press("Down");
    press("Enter"); // closes the pages, on that column
    struct canvas canvas = {0};
    struct str text = {0};
    must(canvas_resize(&canvas, 120, 36, &error));
    frame_draw(frame, &canvas);
    canvas_dump_text(&canvas, &text);
    assert_null(strstr(str_text(&text), "Pearson"));
    assert_non_null(strstr(str_text(&text), "Wind ─"));
    str_free(&text);
    canvas_free(&canvas);
}

static void test_pages_of_an_image_set(void **state) {
    (void)state;
    open_file("datasets/samples/fashion-mnist");
    press("d");
    screen_check_all("data-mean-images", draw, NULL);
    press("Tab");
    press("Right");
    press("Enter"); // to that picture
    press("w");
    press("d");
    press("d");
    press("Esc");
}

static void test_warnings_lead_to_rows(void **state) {
    (void)state;
    open_file("datasets/samples/messy.csv");
    press("w");
    press("Enter");
    screen_check_all("data-warning", draw, NULL);
}

static void type(const char *text) {
    char name[2] = "";
    for (; *text; text++) {
        name[0] = *text;
        press(*text == ' ' ? "Space" : name);
    }
}

static void test_filter(void **state) {
    (void)state;
    struct canvas canvas = {0};
    struct str text = {0};
    open_file("datasets/samples/iris.csv");
    press("&");
    type("species = setosa & sepal_length > 5");
    press("Enter");
    must(canvas_resize(&canvas, 120, 36, &error));
    frame_draw(frame, &canvas);
    canvas_dump_text(&canvas, &text);
    assert_non_null(strstr(str_text(&text), "of 22")); // R: sum(iris$Species == "setosa" & iris$Sepal.Length > 5)
    str_free(&text);
    canvas_free(&canvas);
}

static void test_images(void **state) {
    (void)state;
    open_file("datasets/samples/fashion-mnist");
    screen_check_all("data-images", draw, NULL);
    press("2");
    screen_check_all("prepare-images", draw, NULL);
}

static void test_prepare(void **state) {
    (void)state;
    open_file("datasets/samples/airquality.csv");
    press("2");
    screen_check_all("prepare-compare", draw, NULL);
    press("v");
    screen_check_all("prepare-ledger", draw, NULL);
    press("v");
    press("e");
    screen_check_all("prepare-form", draw, NULL);
}

static void test_steps_can_be_removed_and_brought_back(void **state) {
    (void)state;
    open_file("datasets/samples/airquality.csv");
    press("2");
    assert_int_equal(session_snapshot(session)->pipeline->count, 2);
    press("x");
    assert_int_equal(session_snapshot(session)->pipeline->count, 1);
    press("u");
    assert_int_equal(session_snapshot(session)->pipeline->count, 2);
    press("Space");
    assert_false(session_snapshot(session)->pipeline->steps[0]->enabled);
}

static void test_model(void **state) {
    (void)state;
    open_file("datasets/samples/breast_cancer.csv");
    press("4");
    screen_check_all("model", draw, NULL);
    press("End");
}

// Batches: into the first batch, down two rows, and on to that row in Data.
static void test_a_row_of_a_batch_leads_to_the_data(void **state) {
    (void)state;
    struct canvas canvas = {0};
    struct str text = {0};
    char wanted[32];
    open_file("datasets/samples/iris.csv");
    press("3");
    const struct batch_plan *plan = session_snapshot(session)->batches.plan;
    assert_non_null(plan);
    snprintf(wanted, sizeof wanted, "│%3zu ", (size_t)plan->source->origin[plan->order[2]] + 1);
    press("Enter");
    press("Down");
    press("Down");
    press("Enter");
    assert_int_equal(frame_view(frame), VIEW_DATA);
    must(canvas_resize(&canvas, 120, 16, &error));
    frame_draw(frame, &canvas);
    canvas_dump_text(&canvas, &text);
    assert_non_null(strstr(str_text(&text), wanted));
    press("3");
    press("]"); // and what is pressed there reaches the session
    assert_int_equal(session_snapshot(session)->params->batch, 64);
    press("e");
    assert_int_equal(session_snapshot(session)->batches.plan->epoch, 1);
    str_free(&text);
    canvas_free(&canvas);
}

static void test_overlays(void **state) {
    (void)state;
    open_file("datasets/samples/iris.csv");
    press("4");
    press("?");
    screen_check_all("help-model", draw, NULL);
    press("Esc");
    press(":");
    type("learn");
    screen_check_all("frame-palette", draw, NULL);
}

// One step is made at once, and the next one is not due before this test is over.
static void write_charts_to(const char *path) {
    press("X");
    press("Ctrl-U");
    for (const char *c = path; *c; c++)
        press((char[]){*c, '\0'});
    press("Enter");
}

static void test_charts_of_a_screen_become_files(void **state) {
    (void)state;
    char path[128], *text = NULL;
    size_t size;
    open_file("datasets/samples/iris.csv");
    press("4");
    press("X");
    screen_check("frame-charts", 80, 24, false, draw, NULL);
    press("Esc");
    snprintf(path, sizeof path, "%s/model.csv", folder);
    write_charts_to(path);
    assert_non_null(strstr(session_snapshot(session)->message, "the charts are in"));
    must(file_read(path, 1 << 20, &text, &size, &error));
    size_t lines = 0;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 1 + SNAPSHOT_SCHEDULE); // the learning rate over the run
    assert_non_null(strstr(text, ",0.05\n"));
    mem_free(text);
    snprintf(path, sizeof path, "%s/model.svg", folder);
    write_charts_to(path);
    must(file_read(path, 1 << 20, &text, &size, &error));
    assert_true(strncmp(text, "<svg", 4) == 0 && strstr(text, "<polyline"));
    mem_free(text);
    write_charts_to("nowhere/at/all.svg");
    assert_int_equal(session_snapshot(session)->message_kind, MESSAGE_ERROR);
    write_charts_to("model.txt");
    assert_non_null(strstr(session_snapshot(session)->message, ".svg"));
    press("7");
    press("X"); // the menu has none, and nothing is asked
    assert_non_null(strstr(session_snapshot(session)->message, "no chart"));
}

static void test_undo_asks_how_far(void **state) {
    (void)state;
    open_file("datasets/samples/iris.csv");
    must(session_set(session, "device", "ref", &error));
    must(session_set(session, "pace", "1e-9", &error));
    must(session_start(session, &error));
    while (session_snapshot(session)->run->curve.point_count == 0)
        session_drain(session);
    must(session_checkpoint(session, &error));
    must(session_set(session, "batch", "16", &error));
    while (session_snapshot(session)->run->curve.mark_count < 2)
        session_drain(session);
    press("7");
    press("u");
    session_clear_message(session);
    screen_check("frame-undo", 80, 24, false, draw, NULL);
    screen_check("frame-undo", 80, 24, true, draw, NULL);
    press("Esc");
    assert_int_equal(session_snapshot(session)->params->batch, 16);
    press("u");
    press("b");
    while (session_snapshot(session)->run->curve.mark_count < 4)
        session_drain(session);
    assert_int_equal(session_snapshot(session)->params->batch, 32);
    assert_int_equal(session_snapshot(session)->state, RUN_PAUSED);
    press("U");
    while (session_snapshot(session)->params->batch != 16)
        session_drain(session);
    press("u");
    press("s");
    while (session_snapshot(session)->run->curve.mark_count < 6)
        session_drain(session);
    assert_int_equal(session_snapshot(session)->params->batch, 32);
    must(session_stop(session, &error));
    while (session_run_alive(session))
        session_drain(session);
}

static void test_too_small(void **state) {
    (void)state;
    open_file("datasets/samples/iris.csv");
    screen_check("too-small", 30, 8, false, draw, NULL);
    assert_int_equal(press("q"), FRAME_QUIT);
}

// Where a tab is drawn, a click on it goes, behind the program's name too; the state of a run has room beside them.
static void test_tabs_are_clicked(void **state) {
    (void)state;
    static const int widths[] = {60, 80, 100, 120, 160};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        struct canvas canvas = {.ascii = true};
        struct str text = {0};
        must(canvas_resize(&canvas, widths[i], 24, &error));
        press("1");
        frame_draw(frame, &canvas);
        canvas_dump_text(&canvas, &text);
        const char *line = str_text(&text), *tab = strstr(line, widths[i] < 80 ? " 3 " : "3 Batches");
        assert_true(tab && tab - line < widths[i]);
        assert_true(strstr(line, "ready") && strstr(line, "ready") - line < widths[i]);
        struct input_event event = screen_mouse(MOUSE_PRESS, (int)(tab - line) + 1, 0);
        frame_event(frame, &event);
        assert_int_equal(frame_view(frame), VIEW_BATCHES);
        str_free(&text);
        canvas_free(&canvas);
    }
}

// Keys that would open any file of this machine are left out.
static void test_random_input(void **state) {
    (void)state;
    static const char *const names[] = {"1",         "2",     "3",    "4",         "8",    "[",    "]",    "E",   "f",
                                        "Up",        "Down",  "Left", "Right",     "PgUp", "PgDn", "Home", "End", "Tab",
                                        "Shift-Tab", "Enter", "Esc",  "Space",     "a",    "e",    "x",    "d",   "s",
                                        "t",         "T",     "w",    "v",         "u",    "U",    "J",    "K",   "A",
                                        "/",         "&",     "n",    "N",         "+",    "-",    "?",    ":",   "!",
                                        "c",         "g",     "G",    "Backspace", "q",    "p",    "y",
                                        "Y",         "z",     "C",    "#",         "'"};
    static const char *const files[] = {"iris.csv", "messy.csv", "fashion-mnist", "titanic.csv"};
    struct rng rng = rng_make(7, RNG_TEST, 0);
    struct canvas canvas = {0};
    for (size_t file = 0; file < sizeof files / sizeof *files; file++) {
        char path[1200];
        snprintf(path, sizeof path, "%s/datasets/samples/%s", root, files[file]);
        assert_int_equal(chdir(folder), 0); // what is saved by accident lands here
        open_file(path);
        for (int i = 0; i < 1500; i++) {
            struct input_event event = screen_key(names[rng_below(&rng, sizeof names / sizeof *names)]);
            if (rng_below(&rng, 8) == 0)
                event = screen_mouse((enum mouse_action)rng_below(&rng, MOUSE_WHEEL_DOWN + 1),
                                     (int)rng_below(&rng, 170), (int)rng_below(&rng, 50));
            frame_event(frame, &event);
            session_drain(session);
            if (rng_below(&rng, 5) == 0)
                must(canvas_resize(&canvas, 1 + (int)rng_below(&rng, 200), 1 + (int)rng_below(&rng, 60), &error));
            if (canvas.width)
                frame_draw(frame, &canvas);
        }
        if (session_run_alive(session))
            must(session_stop(session, &error));
        while (session_run_alive(session))
            session_drain(session);
        session_wait(session, &error); // an edit may have failed: that is no crash
    }
    canvas_free(&canvas);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_open),
        TEST(test_data_of_a_table),
        TEST(test_pages_of_an_image_set),
        TEST(test_warnings_lead_to_rows),
        TEST(test_filter),
        TEST(test_images),
        TEST(test_prepare),
        TEST(test_steps_can_be_removed_and_brought_back),
        TEST(test_model),
        TEST(test_a_row_of_a_batch_leads_to_the_data),
        TEST(test_overlays),
        TEST(test_charts_of_a_screen_become_files),
        TEST(test_undo_asks_how_far),
        TEST(test_tabs_are_clicked),
        TEST(test_too_small),
        TEST(test_random_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
