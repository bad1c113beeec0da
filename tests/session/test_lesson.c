// Lessons in a session: their runs follow each other, what they measured decides the answers, and nobody steers them.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "tests/support/session_lab.h"

static int set_up(void **state) {
    setenv("BATCHLAB_SAMPLES", "datasets/samples", 1);
    return lab_set_up(state);
}

static const char *own_lesson(const char *text) {
    static char path[128];
    snprintf(path, sizeof path, "%s/own.txt", lab.folder);
    remove(path);
    lab_append(path, text);
    return path;
}

#define ANSWERS                                                                                                        \
    "answer a: as many | large.steps > 0.9 * small.steps\n"                                                            \
    "answer b: fewer | large.steps < 0.9 * small.steps\n"

static void what_was_measured_decides(void **state) {
    (void)state;
    lab_load("datasets/samples/wine.csv");
    lab_set("epochs", "7");
    lab_set("hidden", "8");
    lab_must(session_lesson_open(lab.session,
                                 own_lesson("title: T\ndata: iris.csv\nquestion: Q?\nparams: momentum=0,epochs=3\n"
                                            "run small: batch=8\nrun large: batch=60,epochs=2\n" ANSWERS),
                                 &lab.error));
    const struct lesson_view *lesson = lab.view->lesson;
    lab_must(session_lesson_begin(lab.session, &lab.error));
    LAB_UNTIL(!lesson->active);
    assert_string_equal(lesson->reason, "");
    assert_true(lesson->measured);
    assert_string_equal(lesson->right, "b");
    // 120 of iris's 150 rows train.
    assert_true(lesson->outcomes[0].figures.steps == 3 * 15 && lesson->outcomes[1].figures.steps == 2 * 2);
    assert_int_equal(lesson->outcomes[0].step_count, 45);
    assert_int_equal(lesson->outcomes[1].steps[3].samples, 240);
    assert_true(isnan(lesson->outcomes[0].figures.sharpness)); // nobody asked
    // The workbench stays as the lesson's last run had it, on the person's device.
    assert_string_equal(lab.view->dataset->name, "iris.csv");
    assert_true(lab.view->params->batch == 60 && lab.view->params->epochs == 2 && lab.view->params->momentum == 0);
    assert_string_equal(lab.view->params->hidden, "64,64");
    assert_string_equal(lab.view->params->device, "ref");
    assert_string_equal(lab.view->run->record.note, "lesson, large");
}

static void nobody_steers_a_lesson_but_may_stop_it(void **state) {
    (void)state;
    struct experiment plan = experiment_usual(EXPERIMENT_RACE);
    lab_must(session_lesson_open(lab.session,
                                 own_lesson("title: T\ndata: iris.csv\nquestion: Q?\nparams: epochs=1000000\n"
                                            "run small: batch=8\nrun large: batch=60\n" ANSWERS),
                                 &lab.error));
    const struct lesson_view *lesson = lab.view->lesson;
    lab_must(session_lesson_begin(lab.session, &lab.error));
    LAB_UNTIL(lab.view->state == RUN_TRAINING);
    assert_int_equal(session_set(lab.session, "lr", "0.5", &lab.error), STATUS_STATE);
    assert_non_null(strstr(lab.error.text, "a lesson is at work"));
    assert_int_equal(session_experiment_start(lab.session, &plan, &lab.error), STATUS_STATE);
    assert_int_equal(session_lesson_begin(lab.session, &lab.error), STATUS_STATE);
    assert_int_equal(session_lesson_open(lab.session, "1", &lab.error), STATUS_STATE);
    session_lesson_cancel(lab.session);
    LAB_UNTIL(!lesson->active);
    assert_string_equal(lesson->reason, "the lesson was stopped");
    assert_false(lesson->measured);
    assert_int_equal(lesson->outcomes[1].run, 0);
    lab_must(session_set(lab.session, "lr", "0.5", &lab.error));
    // It can be begun anew.
    lab_must(session_lesson_begin(lab.session, &lab.error));
    LAB_UNTIL(lab.view->state == RUN_TRAINING);
    assert_true(lesson->active && !lesson->outcomes[0].ended && lab.view->params->lr != 0.5);
    lab_must(session_stop(lab.session, &lab.error)); // by hand, in Train
    LAB_UNTIL(!lesson->active);
    assert_string_equal(lesson->reason, "the lesson was stopped");
}

static void a_run_that_diverges_is_a_measurement(void **state) {
    (void)state;
    lab_must(session_lesson_open(lab.session,
                                 own_lesson("title: T\ndata: diabetes.csv\nquestion: Q?\n"
                                            "params: model=linear,momentum=0,epochs=200\n"
                                            "run small: lr=0.01\nrun large: lr=100\n"
                                            "answer a: x | large.diverged > 0\nanswer b: y | small.diverged > 0\n"),
                                 &lab.error));
    lab_must(session_lesson_begin(lab.session, &lab.error));
    LAB_UNTIL(!lab.view->lesson->active);
    assert_string_equal(lab.view->lesson->right, "a");
}

static void mistakes_are_told(void **state) {
    (void)state;
    assert_int_equal(session_lesson_begin(lab.session, &lab.error), STATUS_STATE);
    lab_load("datasets/samples/wine.csv");
    lab_must(session_lesson_open(lab.session,
                                 own_lesson("title: T\ndata: nowhere.csv\nquestion: Q?\n"
                                            "run small: batch=8\nrun large: batch=60\n" ANSWERS),
                                 &lab.error));
    lab_must(session_lesson_begin(lab.session, &lab.error));
    LAB_UNTIL(!lab.view->lesson->active);
    assert_non_null(strstr(lab.view->lesson->reason, "nowhere.csv"));
    assert_int_equal(lab.view->run_count, 0); // none was begun on the data that was open
    lab_must(session_lesson_open(lab.session,
                                 own_lesson("title: T\ndata: iris.csv\nquestion: Q?\n"
                                            "run small: batch=8\nrun large: recipe=none\n" ANSWERS),
                                 &lab.error));
    assert_int_equal(session_lesson_begin(lab.session, &lab.error), STATUS_INVALID);
    assert_non_null(strstr(lab.error.text, "share one recipe"));
    assert_int_equal(session_lesson_open(lab.session, "77", &lab.error), STATUS_MISSING);
}

static void those_that_ship_are_listed_by_number(void **state) {
    (void)state;
    lab_must(session_lessons(lab.session, &lab.error));
    assert_int_equal(lab.view->lesson_count, 8);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(lab.view->lessons[i].number, i + 1);
    lab_must(session_lesson_open(lab.session, "6", &lab.error));
    assert_string_equal(lab.view->lesson->lesson->title, "Warm-up");
    assert_string_equal(lab.view->lessons[5].lesson.title, "Warm-up"); // the shelf keeps its own
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, lab_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_was_measured_decides),
        TEST(nobody_steers_a_lesson_but_may_stop_it),
        TEST(a_run_that_diverges_is_a_measurement),
        TEST(mistakes_are_told),
        TEST(those_that_ship_are_listed_by_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
