// Rows that join a run while it trains: between two epochs, told with the step they came at, the newest offer alone;
// what the run cannot take leaves it as it is.
#include "tests/support/test.h"

#include <string.h>

#include "core/train/trainer.h"
#include "tests/support/engine_rig.h"
#include "tests/support/sources.h"

static void start_paused(struct source *source, int64_t epochs, double checkpoint_every) {
    struct engine_run run = rig_run(source, epochs);
    run.extra = "{\"data\":\"before\"}";
    run.params.checkpoint_every = checkpoint_every;
    rig_start_paused(&run);
}

// Into the second step of an epoch, paused.
static void step_into_epoch(void) {
    do
        rig_step();
    while (rig.metrics[rig.metric_count - 1].step % 8 != 2);
}

static void they_join_when_the_epoch_is_over(void **state) {
    (void)state;
    struct source *few = source_blobs(100, 4, 3, 4, 1), *more = source_blobs(150, 4, 3, 4, 1); // 80 and 120 train
    start_paused(few, 5, 0);
    step_into_epoch();
    uint64_t step = rig.metrics[rig.metric_count - 1].step, left = 8 - step % 8, epochs = step / 8 + 1;
    rig_must(engine_change_source(rig.engine, more, "{\"data\":\"after\"}", &rig.error));
    rig_send(COMMAND_RESUME, "", "");
    rig_wait_state(RUN_DONE);
    assert_int_equal(rig_count(EVENT_ROWS), 1);
    const struct event *event = rig_find(EVENT_ROWS, 0);
    assert_int_equal(event->step, step + left);
    assert_int_equal(event->started.added_rows, 50);
    assert_int_equal(event->started.train_rows, 120);
    assert_int_equal(event->started.validation_rows, 30);
    assert_string_equal(event->started.backend, "ref");
    assert_int_equal(event->started.steps_total, step + left + 12 * (5 - epochs));
    assert_int_equal(event[-1].kind, EVENT_EPOCH);
    assert_int_equal(rig.metrics[rig.metric_count - 1].step, step + left + 12 * (5 - epochs));
    for (size_t i = 0; i < 5; i++) {
        const struct epoch_row *row = &rig_find(EVENT_EPOCH, i)->epoch;
        assert_int_equal(row->step, i < epochs ? 8 * (i + 1) : 8 * epochs + 12 * (i + 1 - epochs));
    }
    struct checkpoint_header header = {0};
    rig_must(checkpoint_read_header(rig_find(EVENT_CHECKPOINT, 0)->text, &header, &rig.error));
    assert_true(header.fingerprint == more->fingerprint);
    assert_non_null(strstr(header.extra, "\"after\""));
    checkpoint_header_clear(&header);
    assert_int_equal(few->references, 1);
    assert_int_equal(more->references, 1);
    source_release(few);
    source_release(more);
}

static void the_newest_rows_alone_join(void **state) {
    (void)state;
    struct source *few = source_blobs(100, 4, 3, 4, 1), *some = source_blobs(130, 4, 3, 4, 1),
                  *more = source_blobs(150, 4, 3, 4, 1);
    start_paused(few, 5, 0);
    step_into_epoch();
    rig_must(engine_change_source(rig.engine, some, NULL, &rig.error));
    rig_must(engine_change_source(rig.engine, more, NULL, &rig.error));
    rig_must(engine_change_source(rig.engine, some, NULL, &rig.error));
    rig_must(engine_change_source(rig.engine, more, NULL, &rig.error));
    rig_send(COMMAND_RESUME, "", "");
    rig_wait_state(RUN_DONE);
    assert_int_equal(rig_count(EVENT_ROWS), 1);
    assert_int_equal(rig_find(EVENT_ROWS, 0)->started.train_rows, 120);
    assert_int_equal(some->references, 1);
    assert_int_equal(engine_change_source(rig.engine, more, NULL, &rig.error), STATUS_STATE);
    struct command command = {.kind = COMMAND_ROWS};
    assert_int_equal(engine_command(rig.engine, &command, &rig.error), STATUS_INVALID);
    source_release(few);
    source_release(some);
    source_release(more);
}

static void rows_that_do_not_fit_leave_the_run_as_it_is(void **state) {
    (void)state;
    struct source *few = source_blobs(100, 4, 3, 4, 1), *wide = source_blobs(150, 5, 3, 4, 1);
    start_paused(few, 4, 0);
    rig_must(engine_change_source(rig.engine, wide, "{\"data\":\"after\"}", &rig.error));
    rig_send(COMMAND_TELL, "", "a word about the run");
    rig_send(COMMAND_RESUME, "", "");
    rig_wait_state(RUN_DONE);
    assert_int_equal(rig_count(EVENT_ROWS), 0);
    assert_int_equal(rig_count(EVENT_WARNING), 2);
    assert_string_equal(rig_find(EVENT_WARNING, 0)->text, "a word about the run");
    assert_non_null(strstr(rig_find(EVENT_WARNING, 1)->text, "keeps its rows: the rows are encoded in"));
    assert_int_equal(rig.metrics[rig.metric_count - 1].step, 32);
    struct checkpoint_header header = {0};
    rig_must(checkpoint_read_header(rig_find(EVENT_CHECKPOINT, 0)->text, &header, &rig.error));
    assert_non_null(strstr(header.extra, "\"before\""));
    checkpoint_header_clear(&header);
    assert_int_equal(wide->references, 1);
    source_release(few);
    source_release(wide);
}

static void it_can_be_rolled_back_afterwards(void **state) {
    (void)state;
    struct source *few = source_blobs(100, 4, 3, 4, 1), *more = source_blobs(150, 4, 3, 4, 1);
    start_paused(few, 50, 1);
    step_into_epoch();
    rig_must(engine_change_source(rig.engine, more, NULL, &rig.error));
    while (rig_count(EVENT_ROWS) == 0) {
        rig_send(COMMAND_STEP, "", "");
        rig_wait_news();
    }
    const struct event *event = rig_find(EVENT_ROWS, 0);
    while (event + 1 == rig.events + rig.event_count)
        rig_wait_news();
    assert_int_equal(event[1].kind, EVENT_CHECKPOINT);
    assert_int_equal(event[1].step, event->step);
    rig_send(COMMAND_ROLL_BACK, "", event[1].text);
    rig_wait_events(EVENT_MARK, 1);
    assert_int_equal(rig_find(EVENT_MARK, 0)->step, event->step);
    assert_int_equal(rig_count(EVENT_WARNING), 0);
    source_release(few);
    source_release(more);
}

static void rows_on_offer_are_let_go_at_the_end(void **state) {
    (void)state;
    struct source *few = source_blobs(100, 4, 3, 4, 1), *more = source_blobs(150, 4, 3, 4, 1);
    start_paused(few, 50, 0);
    step_into_epoch();
    rig_must(engine_change_source(rig.engine, more, NULL, &rig.error));
    rig_send(COMMAND_STOP, "", "");
    (void)engine_change_source(rig.engine, more, NULL, &rig.error); // too late, or not
    rig_wait_state(RUN_STOPPED);
    struct engine_run run = rig_run(few, 2);
    rig_start(&run);
    rig_wait_state(RUN_DONE);
    assert_int_equal(rig_count(EVENT_ROWS), 0);
    rig_start(&run);
    rig_must(engine_change_source(rig.engine, more, NULL, &rig.error));
    engine_close(rig.engine);
    assert_int_equal(few->references, 1);
    assert_int_equal(more->references, 1);
    assert_int_equal(engine_open(&rig.engine, NULL, &rig.error), STATUS_OK);
    source_release(few);
    source_release(more);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(they_join_when_the_epoch_is_over),
        TEST(the_newest_rows_alone_join),
        TEST(rows_that_do_not_fit_leave_the_run_as_it_is),
        TEST(it_can_be_rolled_back_afterwards),
        TEST(rows_on_offer_are_let_go_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
