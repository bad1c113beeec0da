// The engine under stress: many random commands in a row, closing at any time, a full queue, an unread ring.
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/rng.h"
#include "tests/support/engine_rig.h"
#include "tests/support/sources.h"

static void send_random(struct rng *rng) {
    static const char *const values[] = {"0.01", "8", "-3", "0.9", "80", "yes"};
    static const char *const names[] = {"lr", "batch", "momentum", "nesterov", "hidden", "epochs"};
    struct command command = {.kind = COMMAND_PAUSE + (enum command_kind)rng_below(rng, COMMAND_QUIT - COMMAND_PAUSE)};
    if (command.kind == COMMAND_STOP && rng_below(rng, 3) != 0)
        command.kind = COMMAND_RESUME;
    strcpy(command.name, names[rng_below(rng, 6)]);
    if (command.kind == COMMAND_ROLL_BACK)
        snprintf(command.text, sizeof command.text, "%s/run/last.ckpt", rig.folder);
    else
        strcpy(command.text, values[rng_below(rng, 6)]);
    struct error refused;
    (void)engine_command(rig.engine, &command, &refused);
}

static void random_commands_never_hang_it(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1);
    struct rng rng = rng_make(7, RNG_TEST, 0);
    double began = clock_now();
    int runs = 0;
    for (int sequence = 0; sequence < 1000; sequence++) {
        if (!run_is_alive(engine_state(rig.engine))) {
            struct engine_run run = rig_run(source, 1 + (int64_t)rng_below(&rng, 50));
            if (rng_below(&rng, 2))
                run.folder[0] = '\0';
            rig_start(&run);
            runs++;
        }
        for (uint64_t i = rng_below(&rng, 12); i > 0; i--)
            send_random(&rng);
        nanosleep(&(struct timespec){.tv_nsec = (long)rng_below(&rng, 1000000)}, NULL);
        rig_drain();
        rig.event_count = rig.metric_count = 0;
        assert_true(clock_now() - began < 4 * RIG_PATIENCE);
    }
    assert_true(runs > 5);
    if (run_is_alive(engine_state(rig.engine))) {
        struct command stop = {.kind = COMMAND_STOP};
        rig.state = RUN_TRAINING;
        while (run_is_alive(engine_state(rig.engine)) && engine_command(rig.engine, &stop, &rig.error)) {
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL); // full; what is in it may be no news
            rig_drain();
        }
        rig_wait_end();
    }
    source_release(source);
}

static void it_can_be_closed_at_any_time(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1);
    struct rng rng = rng_make(8, RNG_TEST, 0);
    for (int i = 0; i < 60; i++) {
        struct engine *engine;
        rig_must(engine_open(&engine, NULL, &rig.error));
        struct engine_run run = rig_run(source, 100000);
        if (i % 4)
            rig_must(engine_start(engine, &run, &rig.error));
        struct command command = {.kind = i % 3 ? COMMAND_PAUSE : COMMAND_STOP};
        struct error refused;
        for (uint64_t wait = rng_below(&rng, 20000); wait > 0; wait--)
            (void)engine_state(engine);
        if (i % 2)
            (void)engine_command(engine, &command, &refused);
        engine_close(engine);
    }
    assert_int_equal(atomic_load(&source->references), 1);
    source_release(source);
}

static void the_queue_is_bounded_and_says_so(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1);
    struct engine_run run = rig_run(source, 100000);
    rig_start(&run);
    struct command mark = {.kind = COMMAND_MARK, .text = "x"};
    enum status status = STATUS_OK;
    size_t sent = 0;
    for (; sent < 1000000 && !status; sent++)
        status = engine_command(rig.engine, &mark, &rig.error);
    if (status) { // filled while the run was opening: nothing accepted is lost
        assert_int_equal(status, STATUS_STATE);
        assert_non_null(strstr(rig.error.text, "256"));
    }
    size_t marks = 0;
    while (marks < sent - (status != STATUS_OK)) {
        rig.event_count = 0;
        rig.metric_count = 0;
        rig_wait_news();
        marks += rig_count(EVENT_MARK);
    }
    source_release(source);
}

static void an_unread_ring_counts_what_it_drops(void **state) {
    (void)state;
    struct source *source = source_blobs(5, 1, 2, 4, 1);
    struct engine_run run = rig_run(source, 70000); // 4 training rows, batch 1: 280 000 steps, more than are kept
    run.params.batch = 1;
    strcpy(run.params.model, "linear");
    run.folder[0] = '\0';
    source_release(source);
    source = source_zeros(4, shape_make(1, (const int64_t[]){1}), DTYPE_F32, 2);
    run.source = source;
    rig_start(&run);
    enum run_state reached = RUN_NONE;
    size_t epochs = 0;
    double began = clock_now();
    while (reached != RUN_DONE) {
        size_t count = engine_events(rig.engine, rig.events, RIG_EVENTS);
        for (size_t i = 0; i < count; i++) {
            reached = rig.events[i].kind == EVENT_STATE ? rig.events[i].state : reached;
            epochs += rig.events[i].kind == EVENT_EPOCH;
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        assert_true(clock_now() - began < 4 * RIG_PATIENCE);
    }
    size_t kept = 0, read;
    uint64_t last = 0;
    while ((read = engine_metrics(rig.engine, rig.metrics, RIG_METRICS)) > 0) {
        kept += read;
        last = rig.metrics[read - 1].step;
    }
    assert_int_equal(kept, METRICS_KEPT);
    assert_int_equal(last, METRICS_KEPT); // the newest are lost
    assert_int_equal(kept + engine_dropped(rig.engine), 280000);
    assert_int_equal(epochs, 70000);
    source_release(source);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(random_commands_never_hang_it),
        TEST(it_can_be_closed_at_any_time),
        TEST(the_queue_is_bounded_and_says_so),
        TEST(an_unread_ring_counts_what_it_drops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
