// The Lab view on made-up races and sweeps: golden screens, what its keys ask of the session, and random input.
#include "tests/views/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/rng.h"
#include "core/session_lab_results.h"
#include "tests/support/fake_session.h"
#include "tests/support/screen.h"
#include "tests/support/snapshots.h"
#include "tests/support/view_driver.h"
#include "views/lab_parts.h"
#include "views/views.h"

struct scene {
    struct snapshots made;
    struct experiment plan;
    struct lab_view lab;
    struct view_driver driver;
};

static struct error error;

static const struct snapshot *shown; // what the session has

const struct snapshot *session_snapshot(const struct session *session) {
    (void)session;
    return shown;
}

// A run of 1000 rows an epoch whose loss falls with steps and with samples as the trade-off has it.
static void add_run(struct lab_view *lab, size_t slot, struct train_params *params, double figure) {
    struct run_view run = {.record = {.id = 10 + (int64_t)slot, .state = RUN_DONE, .classify = true, .train_rows = 1000}};
    struct rng rng = rng_make(3, RNG_TEST, slot);
    size_t batch = (size_t)params->batch, steps = 20 * 1000 / batch;
    run.record.params = *params;
    for (size_t i = 1; i <= steps; i++) {
        double progress = 1 / (30.0 / (double)i + 3000.0 / (double)(i * batch));
        snapshots_point(&run, (struct step_metrics){.step = i,
                                                    .samples = i * batch,
                                                    .epoch = (double)(i * batch) / 1000,
                                                    .seconds = (double)i * (1e-3 + 2e-6 * (double)batch),
                                                    .loss = (float)((0.1 + 2 / (1 + progress)) * (1 + 0.02 * rng_normal(&rng))),
                                                    .batch = (uint32_t)batch});
    }
    for (uint64_t epoch = 1; epoch <= 20; epoch++)
        snapshots_epoch(&run, (struct epoch_row){.epoch = epoch,
                                                 .step = epoch * 1000 / batch,
                                                 .samples = epoch * 1000,
                                                 .train_loss = 2.0 / (double)epoch,
                                                 .train_accuracy = figure,
                                                 .val_loss = 2.2 / (double)epoch,
                                                 .val_accuracy = figure,
                                                 .samples_per_s = (double)batch / (1e-3 + 2e-6 * (double)batch)});
    run.record.steps = steps;
    run.record.samples = 20000;
    run.record.seconds = (double)steps * (1e-3 + 2e-6 * (double)batch);
    run.record.epochs = 20;
    run.record.final_row = run.record.best_row = run.curve.epochs[19];
    struct run_summary summary = {.record = &run.record, .curve = &run.curve, .bytes = 200000 + 900 * batch};
    lab_view_begin(lab, slot, run.record.id, params);
    lab_view_conclude(lab, slot, &summary);
    mem_free(run.curve.points);
    mem_free(run.curve.epochs);
    mem_free(run.curve.marks);
}

static void make(struct scene *scene, enum experiment_kind kind, size_t ended) {
    struct train_params params;
    struct rng rng = rng_make(5, RNG_TEST, 0);
    memset(scene, 0, sizeof *scene);
    snapshots_classification(&scene->made);
    scene->plan = experiment_usual(kind);
    scene->plan.method = SWEEP_RANDOM;
    scene->plan.trials = 24;
    if (kind == EXPERIMENT_SWEEP)
        assert_int_equal(experiment_add_axes(&scene->plan, "lr=1e-3..1e-1,batch=16|32|64,hidden=64,64|128", &error), 0);
    else
        scene->plan.seeds = 2;
    assert_int_equal(lab_view_make(&scene->lab, &scene->plan, &error), STATUS_OK);
    scene->lab.id = 4;
    scene->lab.classify = true;
    snprintf(scene->lab.name, sizeof scene->lab.name, "digits.csv");
    snprintf(scene->lab.state, sizeof scene->lab.state, "%s", ended == scene->lab.count ? "done" : "stopped");
    lab_view_refresh(&scene->lab);
    for (size_t slot = 0; slot < ended; slot++) {
        assert_int_equal(experiment_params(&scene->plan, slot, &params, &error), STATUS_OK);
        double off = log10(params.lr) + 1.7;
        add_run(&scene->lab, slot, &params,
                kind == EXPERIMENT_RACE ? 0.97 : 0.97 - 0.05 * off * off + 0.004 * rng_normal(&rng));
    }
    scene->made.snapshot.lab = &scene->lab;
}

static void open_on(struct scene *scene, enum experiment_kind kind, size_t ended) {
    make(scene, kind, ended);
    shown = &scene->made.snapshot;
    memset(&fake, 0, sizeof fake);
    fake.chosen = &scene->made.snapshot.chosen;
    driver_open(&scene->driver, &view_lab, shown); // what is at work, or was, is seen first
    fake.calls = 0;
}

static void scene_close(struct scene *scene) {
    driver_close(&scene->driver);
    lab_view_clear(&scene->lab);
    snapshots_free(&scene->made);
}

// ---- the pages beside races and sweeps ------------------------------------------------------------------------

static const char lesson_text[] =
    "title: Noise and batch size\n"
    "data: digits.csv\n"
    "about: The gradient of a batch is a guess at the gradient of all rows. The fewer rows, the worse the guess, and the\n"
    "  more the loss jumps from step to step.\n"
    "params: epochs=3,momentum=0\n"
    "run four: batch=4\n"
    "run sixteen: batch=16\n"
    "look: Compare the two curves, every step of them (m).\n"
    "question: With four times as many rows in a batch, what becomes of the jumps of the loss?\n"
    "answer a: they stay as large | sixteen.noise > 0.8 * four.noise\n"
    "answer b: they become smaller | sixteen.noise < 0.8 * four.noise\n"
    "because: A mean over k times as many rows varies by a factor of root k less.\n";

static struct lesson lesson;
static struct lesson_entry entry;
static struct lesson_view taught;

static void end_run(struct lesson_outcome *outcome, int64_t run, uint32_t batch, double noise) {
    struct rng rng = rng_make(4, RNG_TEST, batch);
    *outcome = (struct lesson_outcome){.run = run, .ended = true, .train_rows = 1000, .step_count = 3000 / batch};
    outcome->steps = mem_alloc(outcome->step_count, sizeof *outcome->steps);
    for (size_t i = 0; i < outcome->step_count; i++) {
        double samples = (double)(batch * (i + 1));
        outcome->steps[i] = (struct reach_step){.step = i + 1,
                                                .samples = (uint64_t)samples,
                                                .seconds = samples * 1e-4,
                                                .loss = (float)(2.3 / (1 + samples / 500) + noise * fabs(rng_normal(&rng))),
                                                .batch = batch};
    }
    outcome->figures = (struct lesson_figures){.steps = 3000.0 / batch, .seconds = 0.3, .train_loss = 0.33, .val_loss = 0.31,
                                               .val_accuracy = 0.956, .noise = noise, .sharpness = NAN, .gradient = NAN};
}

static void open_lesson(struct scene *scene) {
    open_on(scene, EXPERIMENT_RACE, 0);
    assert_int_equal(lesson_parse(lesson_text, "own.txt", &lesson, &error), STATUS_OK);
    entry = (struct lesson_entry){2, lesson};
    taught = (struct lesson_view){.lesson = &lesson, .number = 2};
    scene->made.snapshot.lessons = &entry;
    scene->made.snapshot.lesson_count = 1;
    ((struct lab_state *)scene->driver.state)->page = LAB_LESSONS;
}

static void close_lesson(struct scene *scene) {
    scene_close(scene);
    for (size_t i = 0; i < 2; i++)
        mem_free(taught.outcomes[i].steps);
    lesson_free(&lesson);
}

static void the_menu_leads_everywhere(void **state) {
    (void)state;
    struct scene scene;
    make(&scene, EXPERIMENT_RACE, 0);
    scene.made.snapshot.lab = NULL;
    shown = &scene.made.snapshot;
    driver_open(&scene.driver, &view_lab, shown);
    const struct lab_state *lab = scene.driver.state;
    assert_int_equal(lab->page, LAB_MENU);
    screen_check_all("lab-menu", driver_draw, &scene.driver);
    for (int page = LAB_RACE; page < LAB_PAGES; page++) {
        driver_key(&scene.driver, "Enter");
        assert_int_equal(lab->page, page);
        driver_key(&scene.driver, "Esc");
        assert_int_equal(lab->page, LAB_MENU);
        driver_key(&scene.driver, "Down");
    }
    assert_int_equal(lab->menu, LAB_RACE);
    driver_key(&scene.driver, "Up");
    driver_key(&scene.driver, "Space");
    assert_int_equal(lab->page, LAB_REPORT);
    driver_key(&scene.driver, "Tab");
    assert_int_equal(lab->page, LAB_MENU);
    driver_key(&scene.driver, "Shift-Tab");
    assert_int_equal(lab->page, LAB_REPORT);
    scene_close(&scene);
}

static void a_lesson_goes_from_its_list_to_its_verdict(void **state) {
    (void)state;
    struct scene scene;
    open_lesson(&scene);
    screen_check_all("lab-lessons", driver_draw, &scene.driver);
    driver_key(&scene.driver, "Space");
    assert_string_equal(fake.last, "lesson_begin");
    assert_int_equal(fake.calls, 2);
    scene.made.snapshot.lesson = &taught;
    taught.active = true;
    end_run(&taught.outcomes[0], 21, 4, 0.4);
    taught.at = 1;
    taught.outcomes[1].run = 22;
    screen_check("lab-lesson-at-work", 80, 24, false, driver_draw, &scene.driver);
    driver_key(&scene.driver, "Enter"); // nothing to answer yet
    assert_int_equal(((struct lab_state *)scene.driver.state)->given, 0);
    driver_key(&scene.driver, "Space");
    assert_string_equal(fake.last, "lesson_cancel");
    end_run(&taught.outcomes[1], 22, 16, 0.15);
    taught.active = false;
    taught.measured = true;
    lesson_right(&lesson, (const struct lesson_figures[]){taught.outcomes[0].figures, taught.outcomes[1].figures},
                 taught.right);
    assert_string_equal(taught.right, "b");
    screen_check_all("lab-lesson-question", driver_draw, &scene.driver);
    driver_key(&scene.driver, "Down");
    driver_key(&scene.driver, "m");
    driver_key(&scene.driver, "Enter");
    assert_int_equal(((struct lab_state *)scene.driver.state)->given, 'b');
    screen_check_all("lab-lesson-right", driver_draw, &scene.driver);
    driver_key(&scene.driver, "n");
    driver_key(&scene.driver, "Space"); // anew: another answer may be given
    driver_key(&scene.driver, "Enter");
    assert_int_equal(((struct lab_state *)scene.driver.state)->given, 'a');
    screen_check("lab-lesson-wrong", 80, 24, false, driver_draw, &scene.driver);
    close_lesson(&scene);
}

static void a_rate_is_tried_and_taken_here_too(void **state) {
    (void)state;
    struct scene scene;
    static struct range_curve tried;
    open_on(&scene, EXPERIMENT_RACE, 0);
    ((struct lab_state *)scene.driver.state)->page = LAB_RANGE;
    scene.made.snapshot.state = RUN_NONE;
    screen_check("lab-range-first", 80, 24, false, driver_draw, &scene.driver);
    driver_key(&scene.driver, "Enter");
    assert_int_equal(fake.calls, 0);
    driver_key(&scene.driver, "Space");
    assert_string_equal(fake.last, "range_test");
    tried = (struct range_curve){.low = 1e-7, .high = 10, .count = 90, .valley = NAN, .steep = 0.02, .minimum = 0.05,
                                 .slide = 0.1};
    for (int i = 0; i < tried.count; i++) {
        double rate = 1e-7 * pow(1e8, i / 100.0);
        tried.loss[i] = tried.smoothed[i] = (float)(2.3 - 1.6 / (1 + pow(0.01 / rate, 1.2)) + pow(rate / 0.35, 3));
    }
    scene.made.snapshot.range = &tried;
    scene.made.snapshot.range_count = 1;
    screen_check_all("lab-range", driver_draw, &scene.driver);
    driver_key(&scene.driver, "Enter"); // the first that there is
    assert_string_equal(fake.last, "set lr 0.02");
    driver_key(&scene.driver, "Down");
    driver_key(&scene.driver, "Enter");
    assert_string_equal(fake.last, "set lr 0.05");
    driver_key(&scene.driver, "Up");
    driver_key(&scene.driver, "Up");
    driver_key(&scene.driver, "Enter");
    assert_string_equal(fake.last, "set lr 0.1");
    scene_close(&scene);
}

static void a_report_is_written_about_the_chosen_runs(void **state) {
    (void)state;
    struct scene scene;
    char path[] = "/tmp/batchlab-report-XXXXXX.md", text[4096] = "";
    int file = mkstemps(path, 3);
    snapshots_runs(&scene.made);
    shown = &scene.made.snapshot;
    memset(&fake, 0, sizeof fake);
    fake.chosen = &scene.made.snapshot.chosen;
    driver_open(&scene.driver, &view_lab, shown);
    ((struct lab_state *)scene.driver.state)->page = LAB_REPORT;
    driver_key(&scene.driver, "a");
    assert_non_null(strstr(scene.driver.wish.message, "no race or sweep"));
    driver_key(&scene.driver, "Space");
    driver_key(&scene.driver, "Down");
    driver_key(&scene.driver, "Space");
    assert_int_equal(shown->chosen.count, 2);
    assert_int_equal(shown->chosen.ids[0], shown->runs[0].id);
    assert_int_equal(shown->chosen.ids[1], shown->runs[2].id);
    screen_check_all("lab-report", driver_draw, &scene.driver);
    driver_key(&scene.driver, "Enter");
    screen_check("lab-report-name", 80, 24, false, driver_draw, &scene.driver);
    for (int i = 0; i < 20; i++)
        driver_key(&scene.driver, "Backspace");
    driver_type(&scene.driver, path);
    driver_key(&scene.driver, "Enter");
    assert_non_null(strstr(scene.driver.wish.message, "report on 2 runs"));
    FILE *written = fopen(path, "r");
    assert_true(written && fread(text, 1, sizeof text - 1, written) > 0);
    fclose(written);
    assert_non_null(strstr(text, "# 2 runs"));
    remove(path);
    close(file);
    driver_close(&scene.driver);
    snapshots_free(&scene.made);
}

static void the_screens_look_as_read(void **state) {
    (void)state;
    struct scene scene;
    open_on(&scene, EXPERIMENT_RACE, 16);
    screen_check_all("lab-race", driver_draw, &scene.driver);
    screen_check("lab-race", 120, 36, false, driver_draw, &scene.driver);
    driver_key(&scene.driver, "n");
    screen_check_all("lab-form", driver_draw, &scene.driver);
    scene_close(&scene);
    open_on(&scene, EXPERIMENT_SWEEP, 24);
    screen_check_all("lab-sweep", driver_draw, &scene.driver);
    screen_check("lab-sweep", 120, 36, false, driver_draw, &scene.driver);
    scene_close(&scene);
    open_on(&scene, EXPERIMENT_RACE, 0);
    screen_check("lab-begun", 80, 24, false, driver_draw, &scene.driver);
    scene_close(&scene);
}

static void what_follows_from_the_runs_is_what_they_were_made_with(void **state) {
    (void)state;
    struct scene scene;
    make(&scene, EXPERIMENT_RACE, 16);
    // Steps and samples trade off with Smin : Emin = 30 : 3000 whatever the target is.
    assert_true(scene.lab.fitted && scene.lab.fit.resolved);
    assert_true(scene.lab.fit.critical_batch > 60 && scene.lab.fit.critical_batch < 160);
    assert_true(scene.lab.fit.low < 110 && scene.lab.fit.high > 90);
    assert_true(fabs(scene.lab.rows[0].step_seconds - (1e-3 + 2e-6 * 8)) < 1e-9);
    scene.driver.state = NULL;
    lab_view_clear(&scene.lab);
    snapshots_free(&scene.made);
}

static void keys_reach_the_session(void **state) {
    (void)state;
    struct scene scene;
    open_on(&scene, EXPERIMENT_RACE, 3);
    driver_key(&scene.driver, "Space"); // stopped: goes on
    assert_string_equal(fake.last, "experiment_resume 4");
    scene.lab.active = true;
    driver_key(&scene.driver, "Space");
    assert_string_equal(fake.last, "experiment_cancel");
    scene.lab.active = false;
    driver_key(&scene.driver, "n");
    driver_key(&scene.driver, "Enter");
    driver_type(&scene.driver, "8,16");
    driver_key(&scene.driver, "Enter");
    driver_key(&scene.driver, "Down");
    driver_key(&scene.driver, "Down");
    driver_key(&scene.driver, "+"); // two seeds
    driver_key(&scene.driver, "Space");
    if (scene.driver.wish.failed)
        fail_msg("%s", scene.driver.wish.error.text);
    assert_string_equal(fake.last, "race 4");
    driver_key(&scene.driver, "Tab");
    assert_int_equal(((struct lab_state *)scene.driver.state)->page, LAB_SWEEP);
    driver_key(&scene.driver, "Space");
    assert_string_equal(fake.last, "sweep 20");
    fake.refuse = true;
    driver_key(&scene.driver, "n");
    driver_key(&scene.driver, "Space");
    assert_true(scene.driver.wish.failed);
    fake.refuse = false;
    scene_close(&scene);
    open_on(&scene, EXPERIMENT_SWEEP, 24);
    view_lab.refresh(scene.driver.state, &scene.made.snapshot);
    driver_key(&scene.driver, "b");
    assert_true(strncmp(fake.last, "set hidden ", 11) == 0);
    assert_int_equal(fake.calls, 3);
    scene_close(&scene);
}

static void mistakes_in_the_form_are_explained(void **state) {
    (void)state;
    struct scene scene;
    open_on(&scene, EXPERIMENT_RACE, 0);
    scene.made.snapshot.lab = NULL;
    driver_key(&scene.driver, "Enter");
    driver_type(&scene.driver, "8,x");
    driver_key(&scene.driver, "Enter");
    driver_key(&scene.driver, "Space");
    assert_true(scene.driver.wish.failed);
    assert_non_null(strstr(scene.driver.wish.error.text, "8,x"));
    assert_int_equal(fake.calls, 0);
    scene_close(&scene);
}

static void anything_may_come_in_any_order(void **state) {
    (void)state;
    static const size_t ended[] = {0, 5, 16, 24};
    for (size_t i = 0; i < 4; i++) {
        struct scene scene;
        open_on(&scene, i < 3 ? EXPERIMENT_RACE : EXPERIMENT_SWEEP, ended[i]);
        driver_torture(&scene.driver, (uint32_t)(31 + i), 1500);
        scene_close(&scene);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_screens_look_as_read),
        cmocka_unit_test(the_menu_leads_everywhere),
        cmocka_unit_test(a_lesson_goes_from_its_list_to_its_verdict),
        cmocka_unit_test(a_rate_is_tried_and_taken_here_too),
        cmocka_unit_test(a_report_is_written_about_the_chosen_runs),
        cmocka_unit_test(what_follows_from_the_runs_is_what_they_were_made_with),
        cmocka_unit_test(keys_reach_the_session),
        cmocka_unit_test(mistakes_in_the_form_are_explained),
        cmocka_unit_test(anything_may_come_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
