// Where the engine's time goes: shares that add up to the whole, and rows that are read ahead.
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "tests/support/engine_rig.h"
#include "tests/support/sources.h"

static struct run_times times_of(struct source *source, const char *pace) {
    struct engine_run run = rig_run(source, 4);
    rig_forget();
    run.params.pace = strtod(pace, NULL);
    rig_start(&run);
    rig_wait_end();
    assert_int_equal(rig.state, RUN_DONE);
    struct run_times told = engine_times(rig.engine);
    double sum = 0, seconds = rig_find(EVENT_EPOCH, 3)->epoch.seconds;
    for (size_t e = 0; e < 4; e++) {
        const struct run_times *times = &rig_find(EVENT_EPOCH, e)->epoch.times;
        assert_true(times->steps > 0 && times->data > 0 && times->evaluation >= 0 && times->keeping >= 0);
        sum += run_times_sum(times);
    }
    assert_true(fabs(sum - seconds) < 1e-6); // nothing is left out, nothing counted twice
    assert_true(run_times_sum(&told) >= seconds - 1e-6);
    source_release(source);
    return told;
}

static bool evaluation_takes_longest(void) {
    struct source *source = source_blobs(10000, 4, 3, 4, 1); // 2000 for validation
    source->part_count[PART_TRAIN] = 10;
    struct run_times times = times_of(source, "0");
    return times.evaluation > times.steps && times.rest == 0;
}

static bool pace_is_rest(void) {
    struct run_times times = times_of(source_blobs(30, 4, 3, 4, 1), "40"); // 12 steps, 25 ms each
    return times.rest > 0.1 && times.rest > times.keeping;
}

static bool computing_takes_longer_than_gathering(void) {
    struct run_times times = times_of(source_noise(200, 20000, 2, 1), "0"); // wide rows
    return times.steps > 2 * times.data;
}

// A machine that is busy with other things may add its time anywhere: once in a few runs it does not.
static void the_time_goes_where_the_work_is(void **state) {
    (void)state;
    bool (*const seen[])(void) = {evaluation_takes_longest, pace_is_rest, computing_takes_longer_than_gathering};
    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++) {
        int runs = 0;
        while (!seen[i]() && runs < 6)
            runs++;
        assert_true(runs < 6);
    }
}

// Features in a file: the same epochs, the waits of both sides measured, and an end at once when it is asked for.
static void rows_are_read_ahead(void **state) {
    (void)state;
    struct source *source = source_blobs(3000, 4, 3, 4, 1);
    struct engine_run run = rig_run(source, 3);
    rig_start(&run);
    rig_wait_end();
    assert_true(engine_times(rig.engine).reading == 0);
    source_store(source);
    rig_start(&run);
    rig_wait_end();
    assert_int_equal(rig.state, RUN_DONE);
    for (size_t e = 0; e < 3; e++) {
        const struct epoch_row *memory = &rig_find(EVENT_EPOCH, e)->epoch, *file = &rig_find(EVENT_EPOCH, e + 3)->epoch;
        assert_true(memory->train_loss == file->train_loss && memory->val_loss == file->val_loss);
        assert_true(memory->step == file->step);
    }
    struct run_times times = engine_times(rig.engine);
    assert_true(times.reading > 0 && times.data > 0 && times.steps > 0);
    run.params.epochs = 100000;
    rig_start(&run);
    rig_wait_state(RUN_TRAINING);
    rig_send(COMMAND_PAUSE, "", "");
    rig_wait_state(RUN_PAUSED);
    rig_send(COMMAND_SET, "batch", "700");
    rig_step();
    rig_send(COMMAND_RESUME, "", "");
    rig_send(COMMAND_STOP, "", "");
    double began = clock_now();
    rig_wait_end();
    assert_true(clock_now() - began < 10);
    source_release(source);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_time_goes_where_the_work_is),
        TEST(rows_are_read_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
