#include "tests/views/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "tests/support/fake_session.h"
#include "tests/support/screen.h"
#include "tests/support/snapshots.h"
#include "tests/support/view_driver.h"
#include "views/train_track.h"
#include "views/train_view.h"
#include "views/views.h"

struct scene {
    struct snapshots made;
    struct view_driver driver;
};

static void scene_open(struct scene *scene, void (*make)(struct snapshots *)) {
    memset(&fake, 0, sizeof fake);
    make(&scene->made);
    driver_open(&scene->driver, &view_train, &scene->made.snapshot);
}

static void scene_close(struct scene *scene) {
    driver_close(&scene->driver);
    snapshots_free(&scene->made);
}

static void the_screens_look_as_read(void **state) {
    static const struct {
        const char *name;
        void (*make)(struct snapshots *);
    } scenes[] = {{"train-nothing", snapshots_nothing},
                  {"train-classification", snapshots_classification},
                  {"train-regression", snapshots_regression},
                  {"train-failed", snapshots_failed}};
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        struct scene scene;
        scene_open(&scene, scenes[i].make);
        screen_check_all(scenes[i].name, driver_draw, &scene.driver);
        scene_close(&scene);
    }
}

// On a GPU a line more: what its driver says, or why it says nothing.
static void a_gpu_tells_what_it_does(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, snapshots_classification);
    struct telemetry_reading *gpu = &scene.made.snapshot.device.gpu;
    snprintf(scene.made.snapshot.device.backend, sizeof scene.made.snapshot.device.backend, "cuda");
    snprintf(scene.made.snapshot.device.name, sizeof scene.made.snapshot.device.name, "NVIDIA H200");
    *gpu = (struct telemetry_reading){.number = 7, .busy = 0.87, .memory_used = 12.3e9, .memory_total = 141e9,
                                      .watts = 310.4, .celsius = 61, .clock = 1980, .memory_clock = 3201};
    screen_check("train-gpu", 160, 48, false, driver_draw, &scene.driver);
    snprintf(gpu->lost, sizeof gpu->lost, "figures of the GPU need libnvidia-ml.so.1, which is not installed");
    gpu->number = 1;
    screen_check("train-gpu-silent", 160, 48, false, driver_draw, &scene.driver);
    scene_close(&scene);
}

static void cursor_zoom_and_log_look_as_read(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, snapshots_classification);
    scene.driver.area = (struct rect){0, 1, 160, 45};
    driver_request(&scene.driver, REQUEST_LOG_AXIS);
    driver_request(&scene.driver, REQUEST_X_AXIS);
    driver_request(&scene.driver, REQUEST_LEFT);
    for (int i = 0; i < 20; i++)
        driver_request(&scene.driver, REQUEST_LEFT);
    driver_request(&scene.driver, REQUEST_ZOOM);
    screen_check_all("train-cursor", driver_draw, &scene.driver);
    driver_request(&scene.driver, REQUEST_NEXT_PANE);
    driver_request(&scene.driver, REQUEST_MARK);
    driver_type(&scene.driver, "wider now");
    screen_check("train-loss-only", 60, 19, false, driver_draw, &scene.driver);
    scene_close(&scene);
}

// ---- the lab ------------------------------------------------------------------------------------------------

static struct noise_row noise = {.step = 1270,
                                 .batch = 512,
                                 .rows = 512,
                                 .part = 64,
                                 .trace = 3400,
                                 .gradient_sq = 1.84,
                                 .noise_scale = 1850,
                                 .low = 1610,
                                 .high = 2090,
                                 .resolved = true,
                                 .diversity = 0.4};
static struct range_curve tested;

// A curve that falls from 2.3 and explodes at 0.8.
static void make_range(void) {
    double value = 0, weight = 1;
    tested = (struct range_curve){
        .low = 1e-7, .high = 10, .count = 91, .valley = 0.0025, .steep = 0.0132, .minimum = 0.0209};
    tested.slide = NAN;
    for (int i = 0; i < tested.count; i++) {
        double rate = 1e-7 * pow(1e8, i / 100.0);
        double loss = 2.3 - 1.6 / (1 + pow(0.01 / rate, 1.2)) + pow(rate / 0.35, 3) + 0.04 * sin(i * 7.0);
        value = loss + 0.98 * (value - loss);
        weight *= 0.98;
        tested.loss[i] = (float)loss;
        tested.smoothed[i] = (float)(value / (1 - weight));
    }
}

static void the_noise_scale_reads_in_words(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, snapshots_classification);
    struct snapshot *snapshot = &scene.made.snapshot;
    snapshot->noise = &noise;
    snapshot->gauge = (struct noise_gauge){.known = true,
                                           .ratio = 512 / 1850.0,
                                           .left = 1850.0 / (1850 + 512),
                                           .steps = 0.61,
                                           .samples = 1.22,
                                           .seconds = 0.94,
                                           .measured = false};
    screen_check_all("train-noise", driver_draw, &scene.driver);
    struct noise_row unresolved = noise;
    unresolved.resolved = false;
    unresolved.noise_scale = NAN;
    unresolved.high = INFINITY;
    snapshot->noise = &unresolved;
    snapshot->gauge = (struct noise_gauge){.known = false};
    screen_check("train-noise-unresolved", 160, 48, true, driver_draw, &scene.driver);
    driver_request(&scene.driver, REQUEST_NOISE_SCALE);
    assert_string_equal(fake.last, "set noise_scale yes");
    scene_close(&scene);
}

// Weights that spread from one time to the next, and gradients that shrink by half.
static void add_layers(struct run_view *run, int looks) {
    struct curve *curve = &run->curve;
    for (int i = 0; i < 2 * looks; i++) {
        struct layer_row row = {.step = (uint64_t)(i / 2 * 10), .epoch = i / 2 * 0.1, .layer = (uint32_t)i % 2, .layers = 2,
                                .weights = 6400, .moved = 0.6 * sqrt(i / 2), .norm = 4, .distance = sqrt(i / 2), .length = 5,
                                .cost = 0.008, .histogram = {.reach = i / 2 < looks / 2 ? 0.5 : 1, .zeros = 640}};
        double wide = 4.0 + (i / 2 < looks / 2 ? i / 2 : i / 4.0);
        snprintf(row.name, sizeof row.name, "dense%d", i % 2 + 1);
        for (int bin = 0; bin < WEIGHT_BINS; bin++)
            row.histogram.weights[bin] = (uint32_t)(2550 / wide * exp(-pow((bin - 31.5) / wide, 2) / 2));
        for (int bin = 0; bin < GRADIENT_BINS; bin++)
            row.histogram.gradients[bin] = (uint32_t)(1000 * exp(-pow(bin - 28 + i / 8.0, 2) / 8));
        assert_true(vec_reserve(&curve->layers, &curve->layer_capacity, curve->layer_count + 1, sizeof row));
        curve->layers[curve->layer_count++] = row;
    }
}

static void layers_are_looked_into(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, snapshots_classification);
    const struct train_state *train = scene.driver.state;
    driver_key(&scene.driver, "Tab");
    driver_key(&scene.driver, "Tab");
    driver_key(&scene.driver, "Tab");
    assert_int_equal(train->shown, TRAIN_BOTH); // there are no layers to show
    driver_key(&scene.driver, "H");
    assert_string_equal(fake.last, "set histograms yes");
    screen_check("train-layers-none", 80, 24, false, driver_draw, &scene.driver);
    struct run_view *run = &scene.made.run;
    add_layers(run, 30);
    screen_check_all("train-layers", driver_draw, &scene.driver);
    driver_key(&scene.driver, "Down");
    assert_int_equal(train->layer, 1);
    screen_check("train-layers-second", 80, 24, false, driver_draw, &scene.driver);
    driver_key(&scene.driver, "Down");
    assert_int_equal(train->layer, 0);
    driver_key(&scene.driver, "Up");
    assert_int_equal(train->layer, 1);
    scene.made.snapshot.params = &(struct train_params){.histograms = true, .epochs = 15, .batch = 1};
    fake.calls = 0;
    driver_key(&scene.driver, "H");
    assert_int_equal(train->shown, TRAIN_BOTH);
    driver_key(&scene.driver, "H");
    driver_key(&scene.driver, "Tab");
    assert_int_equal(fake.calls, 0);
    driver_key(&scene.driver, "Shift-Tab");
    assert_int_equal(train->shown, TRAIN_LAYERS);
    mem_free(run->curve.layers);
    run->curve.layers = NULL;
    run->curve.layer_count = run->curve.layer_capacity = 0;
    scene_close(&scene);
}

// t asks for it; when the curve is there it stands over the others, arrows choose among what there is, Enter takes it.
static void a_range_test_is_shown_and_taken(void **state) {
    struct scene scene;
    (void)state;
    make_range();
    scene_open(&scene, snapshots_classification);
    struct snapshot *snapshot = &scene.made.snapshot;
    driver_request(&scene.driver, REQUEST_RANGE_TEST);
    assert_string_equal(fake.last, "range_test");
    snapshot->range = &tested;
    snapshot->range_step = 1270;
    snapshot->range_of_run = true;
    snapshot->range_count = 1;
    driver_request(&scene.driver, REQUEST_DOWN); // valley was chosen: steep
    screen_check_all("train-range", driver_draw, &scene.driver);
    driver_request(&scene.driver, REQUEST_DOWN);
    driver_request(&scene.driver, REQUEST_DOWN); // slide has none: valley again
    driver_request(&scene.driver, REQUEST_UP);   // minimum
    driver_request(&scene.driver, REQUEST_ACCEPT);
    assert_string_equal(fake.last, "set lr 0.0209");
    size_t calls = fake.calls;
    driver_request(&scene.driver, REQUEST_ACCEPT); // it is closed
    assert_int_equal(fake.calls, calls);
    fake.refuse = true;
    driver_request(&scene.driver, REQUEST_RANGE_TEST);
    fake.refuse = false;
    snapshot->range_count = 2;
    driver_request(&scene.driver, REQUEST_ACCEPT); // nobody waited for it
    assert_int_equal(fake.calls, calls + 1);
    scene_close(&scene);
}

// ---- the track --------------------------------------------------------------------------------------------

static void means_are_bias_corrected_averages(void **state) {
    struct snapshots made;
    struct track track = {0};
    (void)state;
    snapshots_classification(&made);
    track_refresh(&track, &made.run, TRACK_STEP_ROWS, 0.9);
    for (size_t i = 0; i < track.count; i += 7) {
        double sum = 0, weight = 0;
        for (size_t j = 0; j <= i; j++) {
            sum += pow(0.9, (double)(i - j)) * (double)made.run.curve.points[j].loss;
            weight += pow(0.9, (double)(i - j));
        }
        assert_true(fabs(track_value(&track, TRACK_LOSS_MEAN, i) - sum / weight) < 1e-6);
    }
    track_free(&track);
    snapshots_free(&made);
}

// Points come in uneven portions; every range must equal what a plain loop over all points finds.
static void ranges_are_those_of_a_plain_loop(void **state) {
    struct run_view run = {.record = {.id = 1}};
    struct track track = {0};
    uint32_t random = 7;
    (void)state;
    for (uint64_t step = 1; step <= 9000; step++) {
        float loss = step % 1777 == 0 ? NAN : (float)(check_random(&random) % 1000);
        snapshots_point(&run, (struct step_metrics){.step = step, .epoch = (double)step / 100, .loss = loss});
        if (check_random(&random) % 300 == 0)
            track_refresh(&track, &run, TRACK_STEP_ROWS, 0.9);
    }
    track_refresh(&track, &run, TRACK_STEP_ROWS, 0.9);
    assert_int_equal(track.count, 9000);
    for (int i = 0; i < 300; i++) {
        size_t from = check_random(&random) % 9000, to = from + check_random(&random) % (9001 - (uint32_t)from);
        struct track_block range = track_range(&track, TRACK_LOSS, from, to);
        float low = INFINITY, high = -INFINITY;
        bool bad = false;
        for (size_t j = from; j < to; j++) {
            float value = run.curve.points[j].loss;
            bad = bad || isnan(value);
            low = value < low ? value : low;
            high = value > high ? value : high;
        }
        assert_true(range.low == low && range.high == high && range.bad == bad);
    }
    track_free(&track);
    mem_free(run.curve.points);
}

static void no_spike_is_lost(void **state) {
    struct snapshots made;
    struct track track = {0};
    double x[TRACK_POINTS(100)], y[TRACK_POINTS(100)];
    (void)state;
    snapshots_long(&made, 30000);
    made.run.curve.points[12345].loss = 777;
    made.run.curve.points[20000].loss = NAN;
    track_refresh(&track, &made.run, TRACK_STEP_ROWS, 0);
    size_t count = track_reduce(&track, TRACK_LOSS, TRACK_STEPS, 0, 30000, 100, x, y);
    assert_true(count <= TRACK_POINTS(100));
    bool spike = false, gap = false;
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || x[i] >= x[i - 1]);
        spike = spike || (y[i] == 777 && fabs(x[i] - 12346) <= 300);
        gap = gap || isnan(y[i]);
    }
    assert_true(spike && gap);
    track_free(&track);
    snapshots_free(&made);
}

static void rolled_back_steps_leave_the_curve(void **state) {
    struct snapshots made;
    struct track track = {0};
    (void)state;
    snapshots_failed(&made);
    track_refresh(&track, &made.run, TRACK_STEP_ROWS, 0.9);
    assert_int_equal(track.count, 41);
    struct step_metrics again = made.run.curve.points[20];
    again.loss = 0.5F;
    snapshots_point(&made.run, again);
    track_refresh(&track, &made.run, TRACK_STEP_ROWS, 0.9);
    assert_int_equal(track.count, 21);
    assert_true(track_value(&track, TRACK_LOSS, 20) == 0.5);
    assert_true(isfinite(track_value(&track, TRACK_LOSS_MEAN, 20)));
    track_free(&track);
    snapshots_free(&made);
}

static void every_failing_allocation_is_survived(void **state) {
    struct scene scene;
    struct canvas canvas = {0};
    struct error error;
    (void)state;
    assert_int_equal(canvas_resize(&canvas, 100, 30, &error), STATUS_OK);
    scene_open(&scene, snapshots_classification);
    for (unsigned long after = 1; after < 40; after++) {
        struct view_driver driver;
        driver_open(&driver, &view_train, &scene.made.snapshot);
        mem_fail_at(after);
        driver_draw(&driver, &canvas, canvas_area(&canvas));
        mem_fail_at(0);
        driver_draw(&driver, &canvas, canvas_area(&canvas));
        assert_true(((struct train_state *)driver.state)->steps[0].count == 68);
        driver_close(&driver);
    }
    scene_close(&scene);
    canvas_free(&canvas);
}

// ---- keys -------------------------------------------------------------------------------------------------

static void keys_reach_the_session(void **state) {
    static const char *const pairs[][2] = {
        {"Space", "pause"},     {"n", "one_step"},       {"s", "stop"},       {"r", "restart"},
        {"c", "checkpoint"},    {"R", "roll_back"},      {"+", "nudge lr 1"}, {"-", "nudge lr -1"},
        {"]", "nudge batch 1"}, {"[", "nudge batch -1"}, {"p", "overlay 14"},
    };
    struct scene scene;
    (void)state;
    scene_open(&scene, snapshots_classification);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_int_equal(driver_key(&scene.driver, pairs[i][0]), VIEW_REDRAW);
        assert_string_equal(fake.last, pairs[i][1]);
    }
    fake.refuse = true;
    driver_key(&scene.driver, "s");
    assert_true(scene.driver.wish.failed);
    assert_string_equal(scene.driver.wish.error.text, "Not now: stop.");
    scene_close(&scene);
    scene_open(&scene, snapshots_nothing);
    driver_key(&scene.driver, "Space");
    assert_string_equal(fake.last, "start");
    scene_close(&scene);
}

static void marks_and_overlays_are_typed(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, snapshots_classification);
    driver_key(&scene.driver, "m");
    driver_type(&scene.driver, "lr too high? q");
    assert_int_equal(fake.calls, 0);
    driver_key(&scene.driver, "Enter");
    assert_string_equal(fake.last, "mark lr too high? q");
    driver_key(&scene.driver, "o");
    driver_type(&scene.driver, "12");
    driver_key(&scene.driver, "Enter");
    assert_string_equal(fake.last, "overlay 12");
    driver_key(&scene.driver, "o");
    driver_type(&scene.driver, "x");
    driver_key(&scene.driver, "Enter");
    assert_true(scene.driver.wish.failed);
    driver_key(&scene.driver, "m");
    driver_key(&scene.driver, "Esc");
    assert_false(view_train.modal(scene.driver.state));
    scene_close(&scene);
}

static void zooming_takes_plus_and_minus(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, snapshots_classification);
    const struct train_state *train = scene.driver.state;
    driver_key(&scene.driver, "z");
    double first = train->high - train->low, low, high;
    driver_key(&scene.driver, "+");
    assert_true(fabs((train->high - train->low) * 2 - first) < 1e-9);
    assert_int_equal(fake.calls, 0);
    low = train->low;
    driver_key(&scene.driver, "Right");
    assert_true(train->low > low);
    driver_key(&scene.driver, "Esc");
    driver_key(&scene.driver, "+");
    assert_string_equal(fake.last, "nudge lr 1");
    driver_key(&scene.driver, "0");
    train_window(train, &low, &high);
    assert_true(!train->zoomed && low == 0 && high == 15); // run 13 has 15 epochs
    scene_close(&scene);
}

static void the_mouse_sets_the_cursor_and_selects(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, snapshots_classification);
    const struct train_state *train = scene.driver.state;
    scene.driver.area = (struct rect){0, 1, 160, 45};
    driver_event(&scene.driver, screen_mouse(MOUSE_PRESS, 30, 15));
    assert_true(train->cursor_shown);
    double from = train->cursor;
    driver_event(&scene.driver, screen_mouse(MOUSE_DRAG, 40, 15));
    driver_event(&scene.driver, screen_mouse(MOUSE_DRAG, 50, 15));
    driver_event(&scene.driver, screen_mouse(MOUSE_RELEASE, 50, 15));
    assert_true(train->zoomed && !train->dragging && fabs(train->low - from) < 1e-9 && train->high > from);
    double span = train->high - train->low;
    driver_event(&scene.driver, screen_mouse(MOUSE_WHEEL_UP, 40, 15));
    assert_true(train->high - train->low < span);
    scene_close(&scene);
}

static void the_cursor_keeps_its_step_on_every_axis(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, snapshots_classification);
    const struct train_state *train = scene.driver.state;
    for (int i = 0; i < 10; i++)
        driver_key(&scene.driver, "Right");
    size_t row = track_find(&train->steps[0], train->axis, train->cursor);
    for (int i = 0; i < TRACK_AXES; i++) {
        driver_key(&scene.driver, "x");
        assert_int_equal(track_find(&train->steps[0], train->axis, train->cursor), row);
    }
    scene_close(&scene);
}

// In a folder of its own: random keys write curves to files too.
static void anything_may_come_in_any_order(void **state) {
    void (*const makers[])(struct snapshots *) = {snapshots_nothing, snapshots_classification, snapshots_regression,
                                                  snapshots_failed, snapshots_runs};
    char folder[] = "/tmp/batchlab-train-XXXXXX", command[64], *here = getcwd(NULL, 0);
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
        struct scene scene;
        scene_open(&scene, makers[i]);
        driver_torture(&scene.driver, (uint32_t)(11 + i), 2000);
        scene_close(&scene);
    }
    assert_int_equal(chdir(here), 0);
    free(here);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}

// ---- speed ------------------------------------------------------------------------------------------------

static void a_long_run_costs_no_more_than_a_short_one(void **state) {
    struct scene scene;
    struct canvas canvas = {0};
    struct error error;
    (void)state;
    snapshots_long(&scene.made, 1000000);
    driver_open(&scene.driver, &view_train, &scene.made.snapshot);
    assert_int_equal(canvas_resize(&canvas, 160, 48, &error), STATUS_OK);
    double start = clock_now();
    driver_draw(&scene.driver, &canvas, canvas_area(&canvas));
    double first = clock_now() - start;
    start = clock_now();
    for (int frame = 0; frame < 20; frame++) {
        for (int i = 0; i < 500; i++) {
            struct step_metrics point = scene.made.run.curve.points[scene.made.run.curve.point_count - 1];
            point.step++;
            point.epoch += 0.01;
            snapshots_point(&scene.made.run, point);
        }
        canvas_clear(&canvas);
        driver_draw(&scene.driver, &canvas, canvas_area(&canvas));
    }
    double each = (clock_now() - start) / 20;
    print_message("1 000 000 points at 160x48: first frame %.1f ms, then %.2f ms each\n", 1e3 * first, 1e3 * each);
    assert_true(each < 0.1); // generous, for sanitizers and busy machines; a walk over all points takes longer there
    canvas_free(&canvas);
    scene_close(&scene);
}

// The end of the x axis is never before the newest step and at most an eighth beyond it, and moves eight times while a
// run doubles; a run that is over is shown to its end.
static void the_axis_of_a_growing_run_stands_still(void **state) {
    struct snapshots made = {0};
    struct train_state view = {.runs = 1, .growing = true, .axis = TRACK_STEPS};
    double before = 0;
    int moves = 0;
    (void)state;
    snapshots_long(&made, 1000);
    track_refresh(&view.steps[0], &made.run, TRACK_STEP_ROWS, 0);
    double first = track_place(&view.steps[0], TRACK_STEPS, view.steps[0].count - 1);
    for (double newest = first; newest < 2 * first; newest++) {
        double end = train_end(&view);
        assert_true(end >= newest && end <= 1.125 * newest);
        moves += end != before;
        before = end;
        snapshots_point(&made.run, (struct step_metrics){.step = (uint64_t)newest + 1});
        track_refresh(&view.steps[0], &made.run, TRACK_STEP_ROWS, 0);
    }
    assert_in_range(moves, 8, 9);
    view.growing = false;
    assert_true(train_end(&view) == 2 * first);
    track_free(&view.steps[0]);
    snapshots_free(&made);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gpu_tells_what_it_does),
        cmocka_unit_test(the_screens_look_as_read),
        cmocka_unit_test(cursor_zoom_and_log_look_as_read),
        cmocka_unit_test(the_noise_scale_reads_in_words),
        cmocka_unit_test(layers_are_looked_into),
        cmocka_unit_test(a_range_test_is_shown_and_taken),
        cmocka_unit_test(means_are_bias_corrected_averages),
        cmocka_unit_test(ranges_are_those_of_a_plain_loop),
        cmocka_unit_test(no_spike_is_lost),
        cmocka_unit_test(rolled_back_steps_leave_the_curve),
        cmocka_unit_test(every_failing_allocation_is_survived),
        cmocka_unit_test(keys_reach_the_session),
        cmocka_unit_test(marks_and_overlays_are_typed),
        cmocka_unit_test(zooming_takes_plus_and_minus),
        cmocka_unit_test(the_mouse_sets_the_cursor_and_selects),
        cmocka_unit_test(the_cursor_keeps_its_step_on_every_axis),
        cmocka_unit_test(anything_may_come_in_any_order),
        cmocka_unit_test(a_long_run_costs_no_more_than_a_short_one),
        cmocka_unit_test(the_axis_of_a_growing_run_stands_still),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
