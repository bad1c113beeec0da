// What keys, typed lines and the mouse do in the Evaluate view, what they ask of the session, and random input.
#include "tests/views/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "tests/support/evaluate_scene.h"
#include "tests/support/fake_session.h"
#include "tests/support/screen.h"
#include "views/views.h"

static struct error error;

static int forget(void **state) { // what other tests asked of the session
    (void)state;
    memset(&fake, 0, sizeof fake);
    return 0;
}

// ---- keys -----------------------------------------------------------------------------------------------------------------

static void keys_ask_the_session(void **state) {
    struct scene scene;
    struct run_record runs[3] = {{.id = 15}, {.id = 14, .validation_rows = 5, .train_rows = 9}, {.id = 9}};
    (void)state;
    scene_open(&scene, "datasets/samples/iris.csv");
    scene.snapshot.runs = runs;
    scene.snapshot.run_count = 3;
    view_evaluate.seen(scene.driver.state, NULL, true);
    assert_string_equal(fake.last, "evaluate_seen");
    view_evaluate.seen(scene.driver.state, NULL, false);
    assert_string_equal(fake.last, "evaluate_left");
    driver_key(&scene.driver, "r");
    assert_string_equal(fake.last, "evaluate 14 best validation");
    driver_key(&scene.driver, "c");
    assert_string_equal(fake.last, "evaluate 14 500 validation");
    driver_key(&scene.driver, "p"); // there is no test row
    assert_string_equal(fake.last, "evaluate 14 best train");
    scene.snapshot.evaluate.wish.part = PART_TRAIN;
    driver_key(&scene.driver, "p");
    assert_string_equal(fake.last, "evaluate 14 best all");
    scene.snapshot.evaluate.wish.all = true;
    driver_key(&scene.driver, "p");
    assert_string_equal(fake.last, "evaluate 14 best validation");
    driver_key(&scene.driver, "<");
    assert_string_equal(fake.last, "evaluate 9 - all");
    driver_key(&scene.driver, ">");
    assert_string_equal(fake.last, "evaluate 15 - all");
    scene.snapshot.evaluate.wish.run = 15;
    size_t calls = fake.calls;
    driver_key(&scene.driver, ">");
    assert_int_equal(fake.calls, calls);
    assert_string_equal(scene.driver.wish.message, "There is no later run.");
    driver_key(&scene.driver, "]");
    assert_string_equal(fake.last, "class 1");
    driver_key(&scene.driver, "[");
    assert_string_equal(fake.last, "class 2");
    driver_key(&scene.driver, "e");
    assert_string_equal(fake.last, "every_epoch on");
    scene.snapshot.evaluate.making = true;
    driver_key(&scene.driver, "Esc");
    assert_string_equal(fake.last, "evaluate_cancel");
    scene.snapshot.evaluate.making = false;
    assert_int_equal(driver_key(&scene.driver, "Esc"), VIEW_PASS);
    fake.refuse = true;
    driver_key(&scene.driver, "r");
    assert_true(scene.driver.wish.failed);
    scene_close(&scene);
}

static void files_are_asked_for(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, "datasets/samples/iris.csv");
    driver_key(&scene.driver, "x");
    driver_key(&scene.driver, "Enter");
    assert_string_equal(fake.last, "predictions run-14-predictions.csv");
    driver_key(&scene.driver, "X");
    driver_key(&scene.driver, "Ctrl-U");
    driver_type(&scene.driver, "roc.csv");
    driver_key(&scene.driver, "Enter");
    assert_string_equal(fake.last, "points roc.csv");
    driver_key(&scene.driver, "o");
    driver_type(&scene.driver, "new.csv");
    driver_key(&scene.driver, "Esc");
    assert_string_equal(fake.last, "points roc.csv");
    driver_key(&scene.driver, "o");
    driver_type(&scene.driver, "new.csv");
    driver_key(&scene.driver, "Enter");
    assert_string_equal(fake.last, "evaluate 14 best new.csv");
    scene.snapshot.evaluate.made = NULL;
    driver_key(&scene.driver, "x");
    assert_true(scene.driver.wish.message[0] != '\0');
    assert_false(view_evaluate.modal(scene.driver.state));
    scene_close(&scene);
}

// X writes the page to that file; its text, or NULL where there is none.
static char *picture_of_page(struct scene *scene, const char *path) {
    char *text = NULL;
    size_t size;
    scene->driver.wish.failed = false;
    driver_key(&scene->driver, "X");
    driver_key(&scene->driver, "Ctrl-U");
    driver_type(&scene->driver, path);
    driver_key(&scene->driver, "Enter");
    if (!scene->driver.wish.failed)
        assert_int_equal(file_read(path, 0, &text, &size, &error), STATUS_OK);
    return text;
}

static size_t times_in(const char *text, const char *part) {
    size_t count = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        count++;
    return count;
}

// Two charts of the class whose curves are shown; the matrix, a cell for every pair; the plane with every row.
static void pages_become_pictures(void **state) {
    char path[] = "/tmp/batchlab-evaluate-XXXXXX.svg";
    struct scene scene;
    (void)state;
    scene_open(&scene, "datasets/samples/iris.csv");
    close(mkstemps(path, 4));
    char *text = picture_of_page(&scene, path);
    assert_int_equal(times_in(text, "stroke=\"#ffffff\" fill"), 9);
    assert_int_equal(times_in(text, ">versicolor<"), 2); // a row and a column
    mem_free(text);
    scene_go_to(&scene, EVALUATE_CURVES);
    text = picture_of_page(&scene, path);
    assert_non_null(strstr(text, "ROC of setosa"));
    assert_non_null(strstr(text, "precision and recall"));
    mem_free(text);
    scene_add_plane(&scene);
    scene_go_to(&scene, EVALUATE_PLANE);
    text = picture_of_page(&scene, path);
    size_t rows = scene.snapshot.evaluate.boundary->row_count - 1; // one has a missing cell
    assert_int_equal(times_in(text, "<circle") + times_in(text, "<path"), rows + 1); // and the point of the axes
    mem_free(text);
    scene_go_to(&scene, EVALUATE_WORST);
    assert_null(picture_of_page(&scene, path));
    assert_non_null(strstr(scene.driver.wish.error.text, "no picture"));
    unlink(path);
    scene_close(&scene);
}

static void a_cell_lists_its_rows_and_leads_to_data(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, "datasets/samples/iris.csv");
    const struct run_evaluation *figures = &scene.made.figures;
    driver_key(&scene.driver, "Down");
    driver_key(&scene.driver, "Right");
    driver_key(&scene.driver, "Right");
    driver_key(&scene.driver, "Enter");
    const struct evaluate_list *list = &scene_state(&scene)->cell;
    assert_true(scene_state(&scene)->listing);
    assert_int_equal(list->count, figures->classes.confusion[1 * 3 + 2]);
    assert_true(list->count > 1);
    for (size_t i = 0; i < list->count; i++) {
        assert_int_equal(figures->each[list->rows[i]].label, 1);
        assert_int_equal(figures->each[list->rows[i]].taken, 2);
        assert_true(i == 0 || figures->each[list->rows[i]].chance >= figures->each[list->rows[i - 1]].chance);
    }
    driver_key(&scene.driver, "Down");
    driver_key(&scene.driver, "Enter");
    assert_true(list->about);
    driver_key(&scene.driver, "Enter");
    assert_int_equal(scene.driver.wish.go, VIEW_DATA);
    assert_true(scene.driver.wish.has_row);
    assert_int_equal(scene.driver.wish.row, figures->each[list->rows[1]].row);
    scene.snapshot.source = NULL; // other data is open
    driver_key(&scene.driver, "Enter");
    assert_int_equal(scene.driver.wish.go, VIEW_NONE);
    assert_true(scene.driver.wish.message[0] != '\0');
    driver_key(&scene.driver, "Esc");
    assert_true(scene_state(&scene)->listing && !list->about);
    driver_key(&scene.driver, "Esc");
    assert_false(scene_state(&scene)->listing);
    scene_go_to(&scene, EVALUATE_CLASSES);
    driver_key(&scene.driver, "Down");
    driver_key(&scene.driver, "Enter"); // all rows of a class
    assert_int_equal(list->count, figures->of_classes.each[1].rows);
    scene_close(&scene);
}

static void a_newer_measurement_keeps_the_place(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, "datasets/samples/iris.csv");
    driver_key(&scene.driver, "Down");
    driver_key(&scene.driver, "Right");
    driver_key(&scene.driver, "Enter");
    size_t count = scene_state(&scene)->cell.count;
    scene.made.number = 2;
    view_evaluate.refresh(scene.driver.state, &scene.snapshot);
    assert_true(scene_state(&scene)->listing);
    assert_int_equal(scene_state(&scene)->cell.count, count);
    assert_int_equal(scene_state(&scene)->row, 1);
    scene.made.number = 3;
    scene.made.wish.run = 15; // another run
    view_evaluate.refresh(scene.driver.state, &scene.snapshot);
    assert_false(scene_state(&scene)->listing);
    assert_int_equal(scene_state(&scene)->row, 0);
    scene_close(&scene);
}

static void the_threshold_moves_and_costs(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, "datasets/samples/breast_cancer.csv");
    scene_go_to(&scene, EVALUATE_THRESHOLD);
    driver_key(&scene.driver, "Right");
    assert_true(fabs(scene_state(&scene)->threshold - 0.51) < 1e-12);
    driver_key(&scene.driver, "PgUp");
    assert_true(fabs(scene_state(&scene)->threshold - 0.61) < 1e-12);
    driver_key(&scene.driver, "End");
    assert_true(scene_state(&scene)->threshold == 1);
    driver_key(&scene.driver, "Right");
    assert_true(scene_state(&scene)->threshold == 1);
    for (int i = 0; i < 9; i++)
        driver_key(&scene.driver, "Up");
    driver_key(&scene.driver, "m");
    double cautious = scene_state(&scene)->threshold;
    assert_true(cautious == ranking_cheapest(&scene.curves->ranking, 1, 100));
    for (int i = 0; i < 20; i++)
        driver_key(&scene.driver, "Down");
    driver_key(&scene.driver, "m");
    assert_true(scene_state(&scene)->threshold == ranking_cheapest(&scene.curves->ranking, 100, 1));
    assert_true(scene_state(&scene)->threshold > cautious);
    scene_close(&scene);
}

static void clicks_choose_cells_and_nothing_beyond(void **state) {
    struct scene scene;
    bool seen[3][3] = {{false}};
    (void)state;
    scene_open(&scene, "datasets/samples/iris.csv");
    for (int y = 0; y < 24; y++) {
        for (int x = 0; x < 80; x++) {
            if (y == 2)
                continue; // the tabs
            driver_event(&scene.driver, screen_mouse(MOUSE_PRESS, x, y));
            assert_true(scene_state(&scene)->row < 3 && scene_state(&scene)->column < 3);
            seen[scene_state(&scene)->row][scene_state(&scene)->column] = true;
        }
    }
    for (int i = 0; i < 9; i++)
        assert_true(seen[i / 3][i % 3]);
    scene_close(&scene);
}

static void the_cursor_is_seen_wherever_it_goes(void **state) {
    struct scene scene;
    struct canvas canvas = {0};
    struct str text = {0};
    (void)state;
    scene_open_many(&scene, 1000, 4000, false);
    assert_int_equal(canvas_resize(&canvas, 80, 24, &error), STATUS_OK);
    static const char *const keys[] = {"PgDn", "PgDn", "Right", "End", "G", "Home", "PgUp", "g", "Down"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        driver_key(&scene.driver, keys[i]);
        canvas_clear(&canvas);
        driver_draw(&scene.driver, &canvas, canvas_area(&canvas));
        str_clear(&text);
        canvas_dump_styles(&canvas, &text);
        assert_non_null(strstr(str_text(&text), "reverse")); // the chosen cell
    }
    str_free(&text);
    canvas_free(&canvas);
    scene_close(&scene);
}

static void random_input_does_no_harm(void **state) {
    static const char *const files[] = {"iris.csv", "diabetes.csv", "fashion-mnist", "breast_cancer.csv"};
    (void)state;
    for (uint32_t i = 0; i < 7; i++) {
        struct scene scene;
        char path[128];
        snprintf(path, sizeof path, "datasets/samples/%s", files[i < 4 ? i : 0]);
        if (i < 4)
            scene_open(&scene, path);
        else
            scene_open_many(&scene, i == 4 ? 1000 : 2, i == 6 ? 1 : 300, i == 5);
        if (i == 3)
            scene_add_plane(&scene);
        driver_torture(&scene.driver, 11 + i, i == 4 ? 400 : 1500);
        scene.snapshot.evaluate.curves = NULL;
        driver_torture(&scene.driver, 31 + i, 200);
        scene.snapshot.evaluate.made = NULL;
        driver_torture(&scene.driver, 41 + i, 200);
        scene_close(&scene);
    }
}

static void every_failing_allocation_is_survived(void **state) {
    struct canvas canvas = {0};
    static const char *const files[] = {"datasets/samples/iris.csv", "datasets/samples/diabetes.csv"};
    (void)state;
    assert_int_equal(canvas_resize(&canvas, 140, 40, &error), STATUS_OK);
    for (int i = 0; i < 2; i++) {
        struct scene scene;
        scene_open(&scene, files[i]);
        for (unsigned long after = 1; after < 12; after++) {
            scene.made.number++;
            mem_fail_at(after);
            driver_draw(&scene.driver, &canvas, canvas_area(&canvas));
            driver_key(&scene.driver, "Enter");
            driver_key(&scene.driver, "Tab");
            driver_draw(&scene.driver, &canvas, canvas_area(&canvas));
            mem_fail_at(0);
        }
        scene_close(&scene);
    }
    canvas_free(&canvas);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(keys_ask_the_session, forget),
        cmocka_unit_test_setup(files_are_asked_for, forget),
        cmocka_unit_test_setup(pages_become_pictures, forget),
        cmocka_unit_test_setup(a_cell_lists_its_rows_and_leads_to_data, forget),
        cmocka_unit_test_setup(a_newer_measurement_keeps_the_place, forget),
        cmocka_unit_test_setup(the_threshold_moves_and_costs, forget),
        cmocka_unit_test_setup(clicks_choose_cells_and_nothing_beyond, forget),
        cmocka_unit_test_setup(the_cursor_is_seen_wherever_it_goes, forget),
        cmocka_unit_test_setup(random_input_does_no_harm, forget),
        cmocka_unit_test_setup(every_failing_allocation_is_survived, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
