// A run taken up by another session as the same run, and watched from one while another trains it.
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "tests/support/session_lab.h"

static const char wine[] = "datasets/samples/wine.csv";

static void train(const char *pace) {
    lab_load(wine);
    lab_set("epochs", "12");
    lab_set("pace", pace);
    lab_must(session_start(lab.session, &lab.error));
}

static void wait_step(uint64_t step) {
    LAB_UNTIL(lab.view->run->record.steps >= step);
    assert_true(lab.view->run->record.steps >= step);
}

// Stopped on the way and taken up by a new session: every step once, with the bits of a run that was never stopped.
static void a_run_that_is_taken_up_stays_itself(void **state) {
    (void)state;
    train("0");
    lab_wait_end();
    size_t count = lab.view->run->curve.point_count;
    struct step_metrics *whole = mem_alloc(count, sizeof *whole);
    assert_non_null(whole);
    memcpy(whole, lab.view->run->curve.points, count * sizeof *whole);
    train("50");
    wait_step(10);
    lab_must(session_stop(lab.session, &lab.error));
    lab_wait_end();
    double before = lab.view->run->record.seconds;
    int64_t run = lab.view->run->record.id;
    assert_true(lab.view->run->curve.point_count < count);
    lab_open((struct session_options){0});
    lab_must(session_continue(lab.session, run, &lab.error));
    lab_wait_job();
    lab_set("pace", "0");
    lab_wait_end();
    assert_int_equal(lab.view->run->record.id, run);
    assert_int_equal(lab.view->run_count, 2);
    assert_true(lab.view->run->record.seconds > before);
    assert_int_equal(lab.view->run->curve.point_count, count);
    for (size_t i = 0; i < count; i++) {
        const struct step_metrics *point = &lab.view->run->curve.points[i];
        assert_int_equal(point->step, whole[i].step);
        assert_memory_equal(&point->loss, &whole[i].loss, sizeof point->loss);
        assert_true(i == 0 || point->seconds >= lab.view->run->curve.points[i - 1].seconds);
    }
    mem_free(whole);
}

static struct session *watcher;

static bool watched(uint64_t step) {
    session_drain(watcher);
    return session_snapshot(watcher)->run->record.steps >= step;
}

static void a_run_is_watched_while_another_session_trains_it(void **state) {
    (void)state;
    struct error error;
    struct run_owner owner = {0};
    train("50");
    wait_step(3);
    int64_t run = lab.view->run->record.id;
    lab_must(session_open(&watcher, &(struct session_options){0}, &lab.error));
    lab_must(session_watch(watcher, run, &lab.error));
    const struct snapshot *seen = session_snapshot(watcher);
    assert_int_equal(seen->state, RUN_TRAINING);
    assert_true(session_watching(watcher) && !session_run_alive(watcher));
    assert_int_equal(session_stop(watcher, &error), STATUS_STATE);
    assert_non_null(strstr(error.text, "only watched here"));
    assert_int_equal(session_continue(watcher, run, &error), STATUS_STATE);
    assert_non_null(strstr(error.text, "alive already"));
    assert_true(session_run_owner(watcher, &run, &owner) && !owner.detached);
    LAB_UNTIL(watched(8));
    assert_int_equal(seen->state, RUN_TRAINING);
    lab_set("batch", "16");
    lab_set("pace", "0");
    lab_wait_end();
    LAB_UNTIL(watched(lab.view->run->record.steps) && !session_watching(watcher));
    assert_int_equal(seen->state, RUN_DONE);
    assert_int_equal(seen->run->curve.point_count, lab.view->run->curve.point_count);
    assert_int_equal(seen->run->curve.epoch_count, 12);
    assert_memory_equal(seen->run->curve.points, lab.view->run->curve.points,
                        seen->run->curve.point_count * sizeof *seen->run->curve.points);
    assert_true(seen->run->curve.mark_count >= 1);
    assert_string_equal(seen->run->curve.marks[0].text, "batch 32→16");
    session_close(watcher);
}

static void only_detached_runs_are_found_unnamed(void **state) {
    (void)state;
    struct run_owner owner;
    int64_t any = 0;
    train("50");
    wait_step(1);
    assert_false(session_run_owner(lab.session, &any, &owner));
    lab_must(session_stop(lab.session, &lab.error));
    lab_wait_end();
    lab_open((struct session_options){.detached = true});
    train("50");
    wait_step(1);
    lab_must(session_refresh_runs(lab.session, &lab.error));
    assert_true(session_run_owner(lab.session, &any, &owner) && owner.detached);
    assert_int_equal(any, lab.view->run->record.id);
    assert_int_equal(session_watch(lab.session, any, &lab.error), STATUS_STATE); // it is this session's own
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_run_that_is_taken_up_stays_itself),
        TEST(a_run_is_watched_while_another_session_trains_it),
        TEST(only_detached_runs_are_found_unnamed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
