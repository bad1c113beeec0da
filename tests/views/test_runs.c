#include "tests/views/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/mem.h"
#include "tests/support/fake_session.h"
#include "tests/support/screen.h"
#include "tests/support/snapshots.h"
#include "tests/support/view_driver.h"
#include "views/runs_view.h"
#include "views/views.h"

struct scene {
    struct snapshots made;
    struct view_driver driver;
    const struct runs_state *runs;
};

static void scene_open(struct scene *scene, void (*make)(struct snapshots *)) {
    memset(&fake, 0, sizeof fake);
    make(&scene->made);
    fake.chosen = &scene->made.snapshot.chosen;
    driver_open(&scene->driver, &view_runs, &scene->made.snapshot);
    scene->runs = scene->driver.state;
    view_runs.refresh(scene->driver.state, &scene->made.snapshot);
}

static void scene_close(struct scene *scene) {
    driver_close(&scene->driver);
    snapshots_free(&scene->made);
}

static void check_order(const struct scene *scene, const char *expected) {
    struct str ids = {0};
    for (size_t i = 0; i < scene->runs->count; i++)
        str_format(&ids, "%s%lld", i ? " " : "", (long long)scene->made.runs[scene->runs->order[i]].id);
    assert_string_equal(str_text(&ids), expected);
    str_free(&ids);
}

static void set_filter(struct scene *scene, const char *text) {
    driver_key(&scene->driver, "&");
    driver_key(&scene->driver, "Ctrl-U");
    driver_type(&scene->driver, text);
    driver_key(&scene->driver, "Enter");
}

static void choose_column(struct scene *scene, const char *name) {
    size_t column = 0;
    while (!text_equal(runs_field_at(column)->name, name))
        column++;
    ((struct runs_state *)scene->driver.state)->table.column = (int64_t)column + 1;
}

// ---- screens ----------------------------------------------------------------------------------------------

static void the_screens_look_as_read(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, snapshots_nothing);
    screen_check("runs-nothing", 80, 24, false, driver_draw, &scene.driver);
    scene_close(&scene);
    scene_open(&scene, snapshots_runs);
    screen_check_all("runs", driver_draw, &scene.driver);
    driver_key(&scene.driver, "Enter");
    screen_check_all("runs-detail", driver_draw, &scene.driver);
    driver_key(&scene.driver, "Space");
    driver_key(&scene.driver, "Down");
    driver_key(&scene.driver, "Down");
    driver_key(&scene.driver, "Space");
    driver_key(&scene.driver, "d");
    screen_check_all("runs-differences", driver_draw, &scene.driver);
    driver_key(&scene.driver, "Esc");
    set_filter(&scene, "acc>0.9 & batch=512");
    driver_key(&scene.driver, "&");
    driver_type(&scene.driver, " & (modl=mlp)");
    screen_check("runs-filter", 100, 24, false, driver_draw, &scene.driver);
    driver_key(&scene.driver, "Esc");
    driver_key(&scene.driver, "x");
    screen_check("runs-delete", 80, 24, false, driver_draw, &scene.driver);
    scene_close(&scene);
}

// ---- filters ----------------------------------------------------------------------------------------------

static void filters_choose_what_they_say(void **state) {
    static const char *const cases[][2] = {
        {"batch=512", "12 1"},
        {"acc>0.9 & batch=512", "12"},
        {"acc > 97% ", "11 5"},
        {"state=failed", "10"},
        {"data~DIABETES", "3 2"},
        {"model=linear | model=lenet5", "9 5 3"},
        {"model=mlp & (batch<=8 || batch==512) && !state=stopped", "12 1"},
        {"rmse<55", "3"},
        {"rmse<55 | acc<0.62", "3 1"}, // 0.61
        {"!acc>0", "10 3 2"},
        {"id>=13", "14 13"},
        {"parent=5", "13"},
        {"note~\"batches generalize\"", "11"},
        {"data=\"a rather long name of a file that nobody would type.csv\"", "6"},
        {"lr>0.1&lr<1", "12 1"},
        {"weight-decay=0.003 & epochs=20 & id<3", "2 1"},
        {"optimizer!=sgd", ""},
        {"  ", "14 13 12 11 10 9 7 6 5 3 2 1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene scene;
        scene_open(&scene, snapshots_runs);
        set_filter(&scene, cases[i][0]);
        assert_int_equal(scene.runs->question, RUNS_ASKS_NOTHING);
        check_order(&scene, cases[i][1]);
        scene_close(&scene);
    }
}

static void mistakes_are_explained(void **state) {
    static const char *const cases[][2] = {
        {"bathc=3", "Runs have no \"bathc\"; did you mean \"batch\"?"},
        {"acc", "The filter ends too early: expected = != < <= > >= or ~ after the name."},
        {"acc>", "The filter ends too early: expected a value of at most 63 characters."},
        {"acc>much", "Filter, character 5: expected a number, not \"much\"."},
        {"(acc>0.5", "The filter ends too early: expected )."},
        {"acc>0.5 batch=3", "Filter, character 9: expected & or |, not \"batch=3\"."},
        {"acc>0.5 &", "The filter ends too early: expected the name of a column, such as acc or batch."},
        {"=3", "Filter, character 1: expected the name of a column, such as acc or batch, not \"=3\"."},
        {"note=\"open", "Filter, character 6: expected a value of at most 63 characters, not \"\"open\"."},
        {"!!!!!!!!!!!!!!!!!!id=1",
         "Filter, character 17: too many parentheses and ! within one another, not \"!!id=1\"."},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct runs_filter filter = {.count = 0};
        struct error error;
        assert_int_equal(runs_filter_parse(&filter, cases[i][0], &error), STATUS_INVALID);
        assert_string_equal(error.text, cases[i][1]);
        assert_int_equal(filter.count, 0);
    }
}

static void any_text_is_a_filter_or_a_mistake(void **state) {
    static const char alphabet[] = "acid batch lr=<>!~&|()\"%0.5 mlp";
    struct snapshots made;
    uint32_t random = 5;
    (void)state;
    snapshots_runs(&made);
    for (int i = 0; i < 20000; i++) {
        char text[40] = "";
        struct runs_filter filter = {.count = 0};
        struct error error;
        size_t length = check_random(&random) % 39;
        for (size_t j = 0; j < length; j++)
            text[j] = alphabet[check_random(&random) % (sizeof alphabet - 1)];
        if (runs_filter_parse(&filter, text, &error) == STATUS_OK)
            for (size_t run = 0; run < made.snapshot.run_count; run++)
                runs_filter_match(&filter, &made.runs[run]);
    }
    snapshots_free(&made);
}

// ---- order, search, choice --------------------------------------------------------------------------------

static void columns_sort_both_ways_and_what_has_no_value_comes_last(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, snapshots_runs);
    check_order(&scene, "14 13 12 11 10 9 7 6 5 3 2 1");
    choose_column(&scene, "result");
    driver_key(&scene.driver, "s");
    check_order(&scene, "5 11 9 12 7 14 13 6 1 3 2 10");
    assert_int_equal(runs_selected(scene.runs, &scene.made.snapshot)->id, 14); // still the same run
    driver_key(&scene.driver, "s");
    check_order(&scene, "2 3 1 6 13 14 7 12 9 11 5 10");
    choose_column(&scene, "batch");
    driver_key(&scene.driver, "s");
    check_order(&scene, "7 2 11 10 9 6 5 3 13 14 12 1"); // equal ones newest first
    scene_close(&scene);
}

// ---- the tree ---------------------------------------------------------------------------------------------

enum { TREE_RUNS = 200 };

// Up the way of parents, which are older.
static bool is_below(const struct run_record *runs, size_t index, int64_t above) {
    int64_t parent = runs[index].parent;
    while (parent > 0 && parent % 2 == 0 && parent < runs[index].id) {
        if (parent == above)
            return true;
        index = TREE_RUNS - (size_t)parent / 2;
        parent = runs[index].parent;
    }
    return false;
}

// Any forest: every run once, below its parent, siblings as they came; what is folded hides all below it.
static void every_run_has_its_place_in_the_tree(void **state) {
    static struct run_record runs[TREE_RUNS];
    uint32_t random = 11;
    (void)state;
    for (int round = 0; round < 30; round++) {
        struct runs_tree tree = {0};
        size_t rows[TREE_RUNS], count = TREE_RUNS, place[TREE_RUNS];
        for (size_t i = 0; i < TREE_RUNS; i++) {
            int64_t id = (int64_t)(2 * (TREE_RUNS - i));
            runs[i] = (struct run_record){.id = id, .parent = (int64_t)(check_random(&random) % (uint32_t)(id + 20))};
            rows[i] = i;
        }
        assert_true(runs_tree_order(&tree, runs, TREE_RUNS, rows, &count));
        assert_int_equal(count, TREE_RUNS);
        memset(place, 0xFF, sizeof place);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(place[rows[i]], SIZE_MAX);
            place[rows[i]] = i;
        }
        for (size_t i = 0; i < count; i++) {
            const struct runs_branch *branch = &tree.branches[i];
            bool even = runs[i].parent > 0 && runs[i].parent % 2 == 0 && runs[i].parent < runs[i].id;
            assert_int_equal(branch->parent != SIZE_MAX, even);
            if (branch->parent != SIZE_MAX) {
                assert_int_equal(runs[branch->parent].id, runs[i].parent);
                assert_int_equal(branch->depth, tree.branches[branch->parent].depth + 1);
                assert_true(place[i] > place[branch->parent]);
            }
            if (branch->next != SIZE_MAX)
                assert_true(branch->next > i && place[branch->next] > place[i]);
        }
        int64_t folded = runs[check_random(&random) % TREE_RUNS].id;
        size_t below = 0;
        for (size_t i = 0; i < TREE_RUNS; i++)
            below += is_below(runs, i, folded);
        runs_tree_fold(&tree, folded);
        for (size_t i = 0; i < TREE_RUNS; i++)
            rows[i] = i;
        assert_true(runs_tree_order(&tree, runs, TREE_RUNS, rows, &count));
        for (size_t i = 0; i < count; i++)
            if (runs[rows[i]].id == folded)
                assert_int_equal(tree.branches[rows[i]].hidden, TREE_RUNS - count);
        assert_int_equal(count + below, TREE_RUNS);
        runs_tree_free(&tree);
    }
}

static void the_tree_unfolds_and_keeps_the_chosen_run(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, snapshots_runs);
    for (size_t i = 0; i < scene.made.snapshot.run_count; i++) // two below the oldest, one below the first of them
        scene.made.runs[i].parent = 0;
    size_t last = scene.made.snapshot.run_count - 1;
    scene.made.runs[last - 1].parent = scene.made.runs[last].id;
    scene.made.runs[last - 3].parent = scene.made.runs[last].id;
    scene.made.runs[last - 4].parent = scene.made.runs[last - 1].id;
    scene.made.runs[last - 1].begun = 40;
    scene.made.runs[last - 3].begun = 1270;
    scene.made.runs[last - 4].begun = 27000;
    driver_key(&scene.driver, "z");
    assert_non_null(strstr(scene.driver.wish.message, "t shows them as a tree"));
    driver_key(&scene.driver, "t");
    screen_check("runs-tree", 80, 24, false, driver_draw, &scene.driver);
    screen_check("runs-tree", 80, 24, true, driver_draw, &scene.driver);
    driver_key(&scene.driver, "G");
    size_t all = scene.runs->count;
    for (view_runs.refresh(scene.driver.state, &scene.made.snapshot); scene.runs->shown != scene.made.runs[last].id;
         view_runs.refresh(scene.driver.state, &scene.made.snapshot))
        driver_key(&scene.driver, "Up");
    driver_key(&scene.driver, "z");
    assert_int_equal(scene.runs->count, all - 3);
    assert_int_equal(scene.runs->shown, scene.made.runs[last].id);
    screen_check("runs-tree-folded", 80, 24, false, driver_draw, &scene.driver);
    driver_key(&scene.driver, "z");
    driver_key(&scene.driver, "t");
    assert_int_equal(scene.runs->count, all);
    scene_close(&scene);
}

static void a_search_goes_round(void **state) {
    static const int64_t found[] = {3, 2, 3};
    struct scene scene;
    (void)state;
    scene_open(&scene, snapshots_runs);
    driver_key(&scene.driver, "/");
    driver_type(&scene.driver, "Diabetes");
    driver_key(&scene.driver, "Enter");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(runs_selected(scene.runs, &scene.made.snapshot)->id, found[i]);
        driver_key(&scene.driver, "n");
    }
    driver_key(&scene.driver, "/");
    driver_type(&scene.driver, "nowhere");
    driver_key(&scene.driver, "Enter");
    assert_string_equal(scene.driver.wish.message, "No run holds \"nowhere\".");
    scene_close(&scene);
}

static void keys_reach_the_session(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, snapshots_runs);
    assert_string_equal(fake.last, "refresh_runs");
    driver_key(&scene.driver, "Down");
    driver_key(&scene.driver, "o");
    assert_string_equal(fake.last, "overlay 13");
    driver_key(&scene.driver, "c");
    assert_string_equal(fake.last, "resume 13");
    assert_int_equal(scene.driver.wish.go, VIEW_TRAIN);
    driver_key(&scene.driver, "N");
    driver_type(&scene.driver, "the good one");
    driver_key(&scene.driver, "Enter");
    assert_string_equal(fake.last, "run_note 13 the good one");
    driver_key(&scene.driver, "x");
    driver_key(&scene.driver, "n");
    assert_string_equal(fake.last, "run_note 13 the good one");
    driver_key(&scene.driver, "x");
    driver_key(&scene.driver, "y");
    assert_string_equal(fake.last, "run_delete 13");
    fake.refuse = true;
    driver_key(&scene.driver, "c");
    assert_true(scene.driver.wish.failed && scene.driver.wish.go == VIEW_NONE);
    scene_close(&scene);
}

static void runs_that_vanish_leave_the_view_standing(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, snapshots_runs);
    driver_key(&scene.driver, "G");
    driver_key(&scene.driver, "Space");
    scene.made.snapshot.run_count = 3;
    driver_key(&scene.driver, "Enter");
    assert_int_equal(runs_selected(scene.runs, &scene.made.snapshot)->id, 12);
    scene.made.snapshot.run_count = 0;
    assert_int_equal(driver_key(&scene.driver, "x"), VIEW_PASS);
    scene_close(&scene);
}

static void anything_may_come_in_any_order(void **state) {
    void (*const makers[])(struct snapshots *) = {snapshots_nothing, snapshots_runs, snapshots_runs};
    (void)state;
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
        struct scene scene;
        scene_open(&scene, makers[i]);
        driver_torture(&scene.driver, (uint32_t)(21 + i), 2000);
        scene_close(&scene);
    }
}

static void every_failing_allocation_is_survived(void **state) {
    struct scene scene;
    struct canvas canvas = {0};
    struct error error;
    (void)state;
    assert_int_equal(canvas_resize(&canvas, 140, 40, &error), STATUS_OK);
    scene_open(&scene, snapshots_runs);
    for (unsigned long after = 1; after < 30; after++) {
        struct view_driver driver;
        driver_open(&driver, &view_runs, &scene.made.snapshot);
        driver_request(&driver, REQUEST_RUN_OPEN);
        mem_fail_at(after);
        driver_draw(&driver, &canvas, canvas_area(&canvas));
        mem_fail_at(0);
        driver_draw(&driver, &canvas, canvas_area(&canvas));
        assert_int_equal(((struct runs_state *)driver.state)->count, 12);
        driver_close(&driver);
    }
    scene_close(&scene);
    canvas_free(&canvas);
}

int main(void) {
    setenv("TZ", "UTC", 1);
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_screens_look_as_read),
        cmocka_unit_test(filters_choose_what_they_say),
        cmocka_unit_test(mistakes_are_explained),
        cmocka_unit_test(any_text_is_a_filter_or_a_mistake),
        cmocka_unit_test(columns_sort_both_ways_and_what_has_no_value_comes_last),
        cmocka_unit_test(every_run_has_its_place_in_the_tree),
        cmocka_unit_test(the_tree_unfolds_and_keeps_the_chosen_run),
        cmocka_unit_test(a_search_goes_round),
        cmocka_unit_test(keys_reach_the_session),
        cmocka_unit_test(runs_that_vanish_leave_the_view_standing),
        cmocka_unit_test(anything_may_come_in_any_order),
        cmocka_unit_test(every_failing_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
