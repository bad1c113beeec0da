// Training without a terminal: the command returns, the run goes on, and ends saved when it is asked to.
#include "tests/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/child.h"
#include "tests/support/session_lab.h"

#define SAMPLE "datasets/samples/iris.csv"

static bool alive(int64_t run, struct run_owner *owner) {
    return session_run_owner(lab.session, &run, owner);
}

// Waits for so many steps of the run.
static uint64_t steps(int64_t run, uint64_t least) {
    lab_must(session_watch(lab.session, run, &lab.error));
    LAB_UNTIL(lab.view->run->record.steps >= least);
    return lab.view->run->record.steps;
}

static void end(int64_t run) {
    struct run_owner owner;
    assert_true(alive(run, &owner) && owner.detached);
    assert_int_equal(kill((pid_t)owner.process, SIGTERM), 0);
    LAB_UNTIL(!alive(run, &owner));
    assert_false(alive(run, &owner));
}

static void a_detached_run_goes_on_and_is_taken_up(void **state) {
    (void)state;
    struct child child = CHILD_RUN("train", SAMPLE, "--epochs", "3000", "--pace", "200", "--detach");
    child_assert_done(&child);
    assert_string_equal(child.out, "run 1 trains without a terminal; batchlab attach 1 comes back to it\n");
    child_free(&child);
    uint64_t before = steps(1, 20);
    end(1);
    LAB_UNTIL(!session_watching(lab.session));
    assert_int_equal(lab.view->state, RUN_STOPPED);
    uint64_t stopped = lab.view->run->record.steps;
    assert_true(stopped >= before);
    child = CHILD_RUN("resume", "1", "--detach");
    child_assert_done(&child);
    child_free(&child);
    assert_true(steps(1, stopped + 5) > stopped);
    child = CHILD_RUN("resume", "1", "--detach");
    REFUSED(child, 1, "alive already");
    child_free(&child);
    end(1);
    lab_must(session_refresh_runs(lab.session, &lab.error));
    assert_int_equal(lab.view->run_count, 1); // it stayed one run
}

static void what_cannot_begin_says_so_on_the_terminal(void **state) {
    (void)state;
    struct child child = CHILD_RUN("train", "no/such.csv", "--detach");
    REFUSED(child, 1, "no/such.csv");
    child_free(&child);
    child = CHILD_RUN("train", SAMPLE, "--folds", "3", "--detach");
    REFUSED(child, 1, "--fold");
    child_free(&child);
    child = CHILD_RUN("attach"); // no terminal: nothing is stopped
    REFUSED(child, 1, "needs a terminal");
    child_free(&child);
    child = CHILD_RUN("watch");
    REFUSED(child, 2, "watch");
    child_free(&child);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_detached_run_goes_on_and_is_taken_up),
        TEST(what_cannot_begin_says_so_on_the_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
