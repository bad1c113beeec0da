// The Batches view on shipped data: golden screens, what its keys ask of the session, and random input.
#include "tests/views/check.h"

#include <stdio.h>

#include "core/base/mem.h"
#include "core/train/memory.h"
#include "tests/support/fake_session.h"
#include "tests/support/screen.h"
#include "tests/support/snapshots.h"
#include "tests/support/view_driver.h"
#include "views/batches_parts.h"
#include "views/views.h"

struct scene {
    struct snapshot snapshot;
    struct train_params params;
    struct dataset *dataset;
    struct pipeline *pipeline;
    struct split split;
    struct prepared *prepared;
    struct source *source;
    struct notes notes;
    struct batch_plan *plan;
    struct run_record run;
    struct view_driver driver;
};

static struct error error;

static void must(enum status status) {
    if (status)
        fail_msg("%s", error.text);
}

static void plan(struct scene *scene, uint64_t epoch) {
    size_t batch = (size_t)scene->params.batch, extra = (batch & (batch - 1)) ? batch : 0;
    batch_plan_free(scene->plan);
    must(batch_plan_make(scene->source, (uint64_t)scene->params.seed, epoch, extra, &scene->plan, NULL, &error));
    struct batches_view *view = &scene->snapshot.batches;
    *view = (struct batches_view){.plan = scene->plan, .epoch = epoch, .device = "cpu", .memory_free = 8000000000};
    for (size_t size = 1; size <= scene->plan->rows && view->size_count < BATCH_POWERS; size *= 2) {
        if (extra && extra > size / 2 && extra < size)
            view->sizes[view->size_count++].size = extra;
        view->sizes[view->size_count++].size = size;
    }
    for (size_t i = 0; i < view->size_count; i++) {
        struct train_memory memory;
        must(train_memory_plan(&scene->params, scene->source, view->sizes[i].size, true, &memory, &error));
        view->sizes[i].bytes = train_memory_total(&memory);
    }
}

static void scene_open(struct scene *scene, const char *path, int64_t batch) {
    memset(&fake, 0, sizeof fake);
    *scene = (struct scene){.snapshot = {.version = 1}};
    params_defaults(&train_table, &scene->params);
    scene->params.batch = batch;
    must(dataset_open(path, NULL, &scene->dataset, NULL, &error));
    must(pipeline_suggest(scene->dataset, false, 0, &scene->pipeline, NULL, &error));
    must(split_make(scene->dataset, &(struct split_settings){.kind = "auto", .validation = 0.2, .seed = 1},
                    &scene->split, NULL, &error));
    must(pipeline_run(scene->pipeline, scene->dataset, &scene->split, &scene->prepared, NULL, &error));
    must(source_make(scene->dataset, scene->prepared, &scene->split, "auto", &scene->notes, &scene->source, &error));
    scene->snapshot.params = &scene->params;
    scene->snapshot.dataset = scene->dataset;
    scene->snapshot.split = &scene->split;
    scene->snapshot.source = scene->source;
    plan(scene, 0);
    driver_open(&scene->driver, &view_batches, &scene->snapshot);
}

static void scene_close(struct scene *scene) {
    driver_close(&scene->driver);
    batch_plan_free(scene->plan);
    source_release(scene->source);
    prepared_free(scene->prepared);
    notes_free(&scene->notes);
    split_free(&scene->split);
    pipeline_free(scene->pipeline);
    dataset_free(scene->dataset);
}

// A run of the store at batch 16 that can be compared, and one of another model that cannot.
static void add_run(struct scene *scene) {
    scene->run = (struct run_record){.id = 1, .params = scene->params, .train_rows = scene->plan->rows};
    snprintf(scene->run.data_path, sizeof scene->run.data_path, "/home/ada/%s", scene->dataset->name);
    scene->run.final_row = (struct epoch_row){.batch = 16, .samples_per_s = 200000};
    scene->snapshot.runs = &scene->run;
    scene->snapshot.run_count = 1;
}

// ---- screens ------------------------------------------------------------------------------------------------

static void classes_look_as_read(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, "datasets/samples/breast_cancer.csv", 16);
    add_run(&scene);
    driver_request(&scene.driver, REQUEST_RIGHT);
    driver_request(&scene.driver, REQUEST_RIGHT);
    screen_check_all("batches", driver_draw, &scene.driver);
    driver_request(&scene.driver, REQUEST_BATCH_SIZES);
    scene.snapshot.batches.memory_free = scene.snapshot.batches.sizes[6].bytes; // 128 and more will not fit
    screen_check_all("batches-sizes", driver_draw, &scene.driver);
    scene_close(&scene);
}

static void rows_look_as_read(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, "datasets/samples/titanic.csv", 32);
    driver_request(&scene.driver, REQUEST_BATCH_OPEN);
    screen_check_all("batches-rows", driver_draw, &scene.driver);
    scene_close(&scene);
}

static void numbers_and_the_form_look_as_read(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, "datasets/samples/diabetes.csv", 100);
    scene.params.drop_last = true;
    screen_check_all("batches-numbers", driver_draw, &scene.driver);
    driver_request(&scene.driver, REQUEST_SPLIT_FORM);
    screen_check_all("batches-form", driver_draw, &scene.driver);
    scene_close(&scene);
}

static void pictures_look_as_read(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, "datasets/samples/fashion-mnist", 64);
    screen_check_all("batches-images", driver_draw, &scene.driver);
    driver_request(&scene.driver, REQUEST_BATCH_OPEN);
    screen_check_all("batches-pictures", driver_draw, &scene.driver);
    scene_close(&scene);
}

static void augmented_pictures_look_as_read(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, "datasets/samples/fashion-mnist", 16);
    driver_request(&scene.driver, REQUEST_AUGMENT); // nothing to see yet
    assert_true(scene.driver.wish.message[0] != '\0');
    scene.params.crop_padding = 4;
    scene.params.flip = true;
    driver_request(&scene.driver, REQUEST_BATCH_OPEN);
    screen_check("batches-augmented", 160, 48, true, driver_draw, &scene.driver);
    driver_request(&scene.driver, REQUEST_AUGMENT);
    screen_check("batches-stored", 160, 48, true, driver_draw, &scene.driver);
    scene_close(&scene);
}

static void nothing_looks_as_read(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, "datasets/samples/iris.csv", 32);
    scene.snapshot.batches.plan = NULL;
    snprintf(scene.snapshot.source_reason, sizeof scene.snapshot.source_reason, "iris.csv has no column to predict");
    screen_check("batches-reason", 80, 24, false, driver_draw, &scene.driver);
    scene.snapshot.dataset = NULL;
    screen_check("batches-nothing", 80, 24, false, driver_draw, &scene.driver);
    scene_close(&scene);
}

// ---- keys ---------------------------------------------------------------------------------------------------

static void keys_ask_the_session(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, "datasets/samples/iris.csv", 32);
    assert_string_equal(fake.last, "plan_batches 0"); // the view was opened
    driver_key(&scene.driver, "]");
    assert_string_equal(fake.last, "nudge batch 1");
    driver_key(&scene.driver, "[");
    assert_string_equal(fake.last, "nudge batch -1");
    driver_key(&scene.driver, "d");
    assert_string_equal(fake.last, "set drop_last yes");
    driver_key(&scene.driver, "e");
    assert_string_equal(fake.last, "plan_batches 1");
    size_t calls = fake.calls;
    driver_key(&scene.driver, "E"); // the first epoch is shown still
    assert_int_equal(fake.calls, calls);
    scene.snapshot.batches.epoch = 19; // the last of 20
    driver_key(&scene.driver, "e");
    assert_int_equal(fake.calls, calls);
    driver_key(&scene.driver, "E");
    assert_string_equal(fake.last, "plan_batches 18");
    driver_key(&scene.driver, "f"); // no run is alive
    assert_int_equal(fake.calls, calls + 1);
    assert_true(scene.driver.wish.message[0] != '\0');
    struct run_view run = {.live = true};
    snapshots_point(&run, (struct step_metrics){.step = 9, .epoch = 7.25});
    scene.snapshot.run = &run;
    scene.snapshot.state = RUN_TRAINING;
    driver_key(&scene.driver, "f");
    assert_string_equal(fake.last, "plan_batches 7");
    scene.snapshot.run = NULL;
    scene.snapshot.state = RUN_NONE;
    mem_free(run.curve.points);
    driver_key(&scene.driver, "t");
    driver_key(&scene.driver, "g");
    driver_key(&scene.driver, "Down");
    driver_key(&scene.driver, "Enter");
    assert_string_equal(fake.last, "set batch 2");
    fake.refuse = true;
    driver_key(&scene.driver, "]");
    assert_true(scene.driver.wish.failed);
    scene_close(&scene);
}

static const struct batches_state *state_of(const struct scene *scene) {
    return scene->driver.state;
}

static void the_chosen_batch_stays_where_the_size_changes(void **state) {
    struct scene scene;
    struct batches_cut cut;
    (void)state;
    scene_open(&scene, "datasets/samples/iris.csv", 8);
    for (int i = 0; i < 6; i++)
        driver_key(&scene.driver, "Right");
    assert_true(batches_cut(state_of(&scene), &scene.snapshot, &cut));
    assert_int_equal(cut.chosen, 6);
    assert_int_equal(cut.from, 48);
    scene.params.batch = 32;
    assert_true(batches_cut(state_of(&scene), &scene.snapshot, &cut));
    assert_int_equal(cut.chosen, 1); // rows 32 to 63 hold row 48
    assert_int_equal(cut.count, (scene.plan->rows + 31) / 32);
    driver_key(&scene.driver, "G");
    assert_true(batches_cut(state_of(&scene), &scene.snapshot, &cut));
    assert_int_equal(cut.chosen, cut.count - 1);
    assert_int_equal(cut.to, scene.plan->rows);
    driver_key(&scene.driver, "N");
    assert_true(batches_cut(state_of(&scene), &scene.snapshot, &cut));
    assert_int_equal(cut.chosen, cut.count - 2);
    scene_close(&scene);
}

static void enter_leads_to_the_row_in_the_data(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, "datasets/samples/iris.csv", 32);
    driver_key(&scene.driver, "n");
    driver_key(&scene.driver, "Enter");
    assert_int_equal(scene.driver.wish.go, VIEW_NONE);
    for (int i = 0; i < 3; i++)
        driver_key(&scene.driver, "Down");
    driver_key(&scene.driver, "Enter");
    assert_int_equal(scene.driver.wish.go, VIEW_DATA);
    assert_true(scene.driver.wish.has_row);
    assert_int_equal(scene.driver.wish.row, scene.source->origin[scene.plan->order[32 + 3]]);
    driver_key(&scene.driver, "Esc");
    assert_false(state_of(&scene)->opened);
    scene_close(&scene);
}

static void speeds_come_from_runs_that_can_be_compared(void **state) {
    struct scene scene;
    struct batches_state found = {0};
    (void)state;
    scene_open(&scene, "datasets/samples/iris.csv", 32);
    add_run(&scene);
    batches_find_speeds(&found, &scene.snapshot);
    assert_true(found.speeds[4].samples_per_s == 200000); // 16
    assert_true(found.speeds[4].earlier);
    assert_true(found.speeds[5].samples_per_s == 0);
    snprintf(scene.run.params.hidden, sizeof scene.run.params.hidden, "512");
    batches_find_speeds(&found, &scene.snapshot);
    assert_true(found.speeds[4].samples_per_s == 0);
    scene.run.params = scene.params;
    scene.run.params.pace = 10;
    batches_find_speeds(&found, &scene.snapshot);
    assert_true(found.speeds[4].samples_per_s == 0);
    scene_close(&scene);
}

static void the_form_sets_parameters(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, "datasets/samples/iris.csv", 32);
    driver_key(&scene.driver, "s");
    driver_key(&scene.driver, "G");
    driver_key(&scene.driver, "Right");
    assert_string_equal(fake.last, "set seed 2");
    driver_key(&scene.driver, "g");
    driver_key(&scene.driver, "Right");
    assert_string_equal(fake.last, "set validation 0.25");
    driver_key(&scene.driver, "Enter");
    driver_key(&scene.driver, "Backspace");
    driver_type(&scene.driver, "3");
    driver_key(&scene.driver, "Enter");
    assert_string_equal(fake.last, "set validation 0.3");
    driver_key(&scene.driver, "Enter");
    driver_type(&scene.driver, "x");
    assert_true(state_of(&scene)->form.error[0] != '\0');
    driver_key(&scene.driver, "Esc");
    driver_key(&scene.driver, "Esc");
    assert_false(state_of(&scene)->form_shown);
    scene_close(&scene);
}

static void random_input_does_no_harm(void **state) {
    static const char *const files[] = {"iris.csv", "diabetes.csv", "fashion-mnist"};
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        struct scene scene;
        char path[128];
        snprintf(path, sizeof path, "datasets/samples/%s", files[i]);
        scene_open(&scene, path, i == 2 ? 7 : 1);
        driver_torture(&scene.driver, 5 + i, 3000);
        scene.params.batch = 1000000; // more than there are rows
        driver_torture(&scene.driver, 7 + i, 300);
        scene_close(&scene);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_look_as_read),
        cmocka_unit_test(rows_look_as_read),
        cmocka_unit_test(numbers_and_the_form_look_as_read),
        cmocka_unit_test(pictures_look_as_read),
        cmocka_unit_test(augmented_pictures_look_as_read),
        cmocka_unit_test(nothing_looks_as_read),
        cmocka_unit_test(keys_ask_the_session),
        cmocka_unit_test(the_chosen_batch_stays_where_the_size_changes),
        cmocka_unit_test(enter_leads_to_the_row_in_the_data),
        cmocka_unit_test(speeds_come_from_runs_that_can_be_compared),
        cmocka_unit_test(the_form_sets_parameters),
        cmocka_unit_test(random_input_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
