// The engine with the real trainer on the reference backend: order of commands, every step recorded,
// checkpoints, divergence, and many random commands in a row.
#include "tests/support/test.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/rng.h"
#include "core/engine/engine.h"
#include "core/train/trainer.h"
#include "tests/support/sources.h"

enum { EVENTS_MOST = 4096, METRICS_MOST = 1 << 17 };
static const double patience = 60; // seconds until a test gives up

static struct {
    struct engine *engine;
    struct event events[EVENTS_MOST];
    struct step_metrics *metrics;
    size_t event_count, metric_count;
    enum run_state state; // as the events say
    char folder[64];
    struct error error;
} lab;

static int set_up(void **state) {
    (void)state;
    memset(&lab, 0, sizeof lab);
    strcpy(lab.folder, "/tmp/batchlab-engine-XXXXXX");
    assert_non_null(mkdtemp(lab.folder));
    lab.metrics = mem_alloc(METRICS_MOST, sizeof *lab.metrics);
    assert_int_equal(engine_open(&lab.engine, &lab.error), STATUS_OK);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    engine_close(lab.engine);
    mem_free(lab.metrics);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", lab.folder);
    return system(command);
}

static void must(enum status status) {
    if (status)
        fail_msg("%s", lab.error.text);
}

static void drain(void) {
    size_t read;
    while ((read = engine_events(lab.engine, lab.events + lab.event_count, EVENTS_MOST - lab.event_count)) > 0) {
        for (size_t i = 0; i < read; i++) {
            const struct event *event = &lab.events[lab.event_count + i];
            if (event->kind == EVENT_STATE)
                lab.state = event->state;
        }
        lab.event_count += read;
    }
    while ((read = engine_metrics(lab.engine, lab.metrics + lab.metric_count, METRICS_MOST - lab.metric_count)) > 0)
        lab.metric_count += read;
}

// Sleeps on the wake descriptor alone: a wake-up that is missing makes the test fail.
static void wait_news(void) {
    struct pollfd descriptor = {.fd = engine_wake(lab.engine)->read_fd, .events = POLLIN};
    if (poll(&descriptor, 1, (int)(patience * 1000)) != 1)
        fail_msg("no news from the engine for %g seconds", patience);
    wake_clear(engine_wake(lab.engine));
    drain();
}

static void wait_state(enum run_state state) {
    drain();
    while (lab.state != state) {
        if (!run_is_alive(lab.state) && lab.state != RUN_NONE)
            fail_msg("the run is %s, not %s", run_state_name(lab.state), run_state_name(state));
        wait_news();
    }
}

static void wait_end(void) {
    drain();
    while (lab.state == RUN_NONE || run_is_alive(lab.state))
        wait_news();
}

static size_t count_events(enum event_kind kind) {
    size_t count = 0;
    for (size_t i = 0; i < lab.event_count; i++)
        count += lab.events[i].kind == kind;
    return count;
}

static const struct event *find_event(enum event_kind kind, size_t nth) {
    for (size_t i = 0; i < lab.event_count; i++) {
        if (lab.events[i].kind == kind && nth-- == 0)
            return &lab.events[i];
    }
    fail_msg("there is no such %s event", event_kind_name(kind));
    return NULL;
}

static struct engine_run run_of(struct source *source, int64_t epochs) {
    struct engine_run run = {.source = source};
    params_defaults(&train_table, &run.params);
    strcpy(run.params.device, "ref");
    strcpy(run.params.model, "mlp");
    strcpy(run.params.hidden, "8");
    run.params.epochs = epochs;
    run.params.batch = 10;
    snprintf(run.folder, sizeof run.folder, "%s/run", lab.folder);
    return run;
}

static void send(enum command_kind kind, const char *name, const char *text) {
    struct command command = {.kind = kind};
    snprintf(command.name, sizeof command.name, "%s", name);
    snprintf(command.text, sizeof command.text, "%s", text);
    must(engine_command(lab.engine, &command, &lab.error));
}

// ---- one run ----------------------------------------------------------------------------------------

static void a_run_goes_from_opening_to_done(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1); // 80 training rows: 8 steps an epoch
    struct engine_run run = run_of(source, 5);
    must(engine_start(lab.engine, &run, &lab.error));
    assert_int_equal(engine_state(lab.engine) == RUN_NONE, 0);
    source_release(source); // the engine shares it
    wait_end();
    assert_int_equal(lab.state, RUN_DONE);
    assert_int_equal(find_event(EVENT_STATE, 0)->state, RUN_OPENING);
    assert_int_equal(find_event(EVENT_STATE, 1)->state, RUN_TRAINING);
    const struct event *started = find_event(EVENT_STARTED, 0);
    assert_string_equal(started->started.backend, "ref");
    assert_string_equal(started->started.precision, "f32");
    assert_int_equal(started->started.train_rows, 80);
    assert_int_equal(started->started.validation_rows, 20);
    assert_int_equal(started->started.steps_total, 40);
    assert_int_equal(count_events(EVENT_EPOCH), 5);
    assert_int_equal(lab.metric_count + engine_dropped(lab.engine), 40);
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(lab.metrics[i].step, i + 1);
        assert_int_equal(lab.metrics[i].samples, 10 * (i + 1));
        assert_int_equal(lab.metrics[i].batch, 10);
        if (i > 0)
            assert_true(lab.metrics[i].seconds > lab.metrics[i - 1].seconds);
    }
    for (size_t e = 0; e < 5; e++) { // an epoch's figure is the mean over its rows
        const struct epoch_row *row = &find_event(EVENT_EPOCH, e)->epoch;
        double loss = 0, correct = 0;
        for (size_t i = 0; i < 8; i++) {
            loss += (double)lab.metrics[8 * e + i].loss / 8;
            correct += (double)lab.metrics[8 * e + i].accuracy_or_rmse / 8;
        }
        assert_int_equal(row->epoch, e + 1);
        assert_int_equal(row->step, 8 * (e + 1));
        assert_int_equal(row->batch, 10);
        assert_true(fabs(row->train_loss - loss) < 1e-5);
        assert_true(fabs(row->train_accuracy - correct) < 1e-6);
        assert_true(isnan(row->train_rmse) && isnan(row->val_rmse));
        assert_true(row->val_loss > 0 && row->val_accuracy > 0.3 && row->samples_per_s > 0);
    }
    assert_true(find_event(EVENT_EPOCH, 4)->epoch.val_accuracy > 0.9); // clouds 4 sd apart
    char path[128];
    snprintf(path, sizeof path, "%s/run/last.ckpt", lab.folder);
    assert_string_equal(find_event(EVENT_CHECKPOINT, 0)->text, path);
    assert_true(file_exists(path));
}

static void a_regression_reports_rmse(void **state) {
    (void)state;
    struct source *source = source_plane(100, 3, 0.1, 2);
    struct engine_run run = run_of(source, 3);
    run.params.batch = 32; // 80 rows: 32 + 32 + 16
    must(engine_start(lab.engine, &run, &lab.error));
    wait_end();
    assert_int_equal(lab.state, RUN_DONE);
    assert_int_equal(lab.metric_count, 9);
    for (size_t e = 0; e < 3; e++) {
        const struct epoch_row *row = &find_event(EVENT_EPOCH, e)->epoch;
        double squares = 0;
        for (size_t i = 3 * e; i < 3 * e + 3; i++)
            squares += pow((double)lab.metrics[i].accuracy_or_rmse, 2) * lab.metrics[i].batch;
        assert_true(fabs(row->train_rmse - sqrt(squares / 80)) < 1e-5 * row->train_rmse);
        assert_true(isnan(row->train_accuracy) && row->val_rmse > 0);
    }
    source_release(source);
}

static void pause_step_resume_stop_come_in_order(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1);
    struct engine_run run = run_of(source, 100000);
    must(engine_start(lab.engine, &run, &lab.error));
    send(COMMAND_PAUSE, "", "");
    wait_state(RUN_PAUSED);
    size_t at = lab.metric_count;
    send(COMMAND_STEP, "", "");
    while (lab.metric_count == at)
        wait_news();
    send(COMMAND_STEP, "", "");
    while (lab.metric_count == at + 1)
        wait_news();
    assert_int_equal(engine_state(lab.engine), RUN_PAUSED);
    assert_int_equal(lab.metric_count, at + 2);
    send(COMMAND_MARK, "", "here");
    send(COMMAND_RESUME, "", "");
    wait_state(RUN_TRAINING);
    while (lab.metric_count < at + 100)
        wait_news();
    send(COMMAND_STEP, "", ""); // while training: one more, then paused
    wait_state(RUN_PAUSED);
    send(COMMAND_STOP, "", "");
    wait_end();
    assert_int_equal(lab.state, RUN_STOPPED);
    const struct event *mark = find_event(EVENT_MARK, 0);
    assert_string_equal(mark->text, "here");
    assert_int_equal(mark->step, at + 2);
    assert_int_equal(find_event(EVENT_CHECKPOINT, 0)->step, lab.metrics[lab.metric_count - 1].step);
    struct command late = {.kind = COMMAND_PAUSE};
    assert_int_equal(engine_command(lab.engine, &late, &lab.error), STATUS_STATE);
    source_release(source);
}

static void a_live_change_is_told_with_its_step(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1);
    struct engine_run run = run_of(source, 100000);
    must(engine_start(lab.engine, &run, &lab.error));
    send(COMMAND_PAUSE, "", "");
    wait_state(RUN_PAUSED);
    size_t before = lab.metric_count;
    send(COMMAND_SET, "lr", "0.125");
    send(COMMAND_SET, "batch", "16");
    send(COMMAND_SET, "hidden", "3");
    send(COMMAND_SET, "lr", "-1");
    send(COMMAND_SET, "lr", "0.125"); // no change
    send(COMMAND_STEP, "", "");
    while (lab.metric_count == before)
        wait_news();
    assert_int_equal(count_events(EVENT_CHANGE), 2);
    assert_string_equal(find_event(EVENT_CHANGE, 0)->change.name, "lr");
    assert_string_equal(find_event(EVENT_CHANGE, 0)->change.from, "0.05");
    assert_string_equal(find_event(EVENT_CHANGE, 0)->change.to, "0.125");
    assert_int_equal(find_event(EVENT_CHANGE, 0)->step, before);
    assert_string_equal(find_event(EVENT_CHANGE, 1)->change.to, "16");
    assert_int_equal(count_events(EVENT_WARNING), 2);
    assert_non_null(strstr(find_event(EVENT_WARNING, 1)->text, "learning rate"));
    assert_true(lab.metrics[before].lr == 0.125f);
    assert_true(lab.metrics[before].batch == 16 || before % 8 == 7); // the epoch's last 10 rows, where it paused there
    source_release(source);
}

static void a_run_that_cannot_open_fails_with_a_sentence(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1);
    struct engine_run run = run_of(source, 5);
    run.params.batch = 81;
    must(engine_start(lab.engine, &run, &lab.error));
    wait_end();
    assert_int_equal(lab.state, RUN_FAILED);
    assert_non_null(strstr(find_event(EVENT_ERROR, 0)->text, "81"));
    run.params.batch = 8;
    snprintf(run.resume, sizeof run.resume, "%s/nowhere.ckpt", lab.folder);
    lab.state = RUN_NONE;
    must(engine_start(lab.engine, &run, &lab.error));
    wait_end();
    assert_int_equal(lab.state, RUN_FAILED);
    assert_non_null(strstr(find_event(EVENT_ERROR, 1)->text, "nowhere.ckpt"));
    run.resume[0] = '\0';
    lab.state = RUN_NONE;
    must(engine_start(lab.engine, &run, &lab.error)); // and the engine is none the worse
    assert_int_equal(engine_start(lab.engine, &run, &lab.error), STATUS_STATE);
    wait_end();
    assert_int_equal(lab.state, RUN_DONE);
    source_release(source);
}

static void divergence_pauses_and_keeps_the_good_checkpoint(void **state) {
    (void)state;
    struct source *source = source_plane(100, 3, 0.1, 2);
    struct engine_run run = run_of(source, 1000);
    run.params.checkpoint_every = 1000;
    must(engine_start(lab.engine, &run, &lab.error));
    send(COMMAND_SET, "lr", "100");
    while (count_events(EVENT_ERROR) == 0)
        wait_news();
    wait_state(RUN_PAUSED);
    uint64_t bad = 0;
    for (size_t i = 0; i < lab.metric_count && bad == 0; i++) {
        if (!isfinite(lab.metrics[i].loss) || !isfinite(lab.metrics[i].gradient_norm))
            bad = lab.metrics[i].step;
    }
    char text[32];
    snprintf(text, sizeof text, "step %llu:", (unsigned long long)bad);
    assert_non_null(strstr(find_event(EVENT_ERROR, 0)->text, text));
    const struct event *good = find_event(EVENT_CHECKPOINT, 0);
    assert_int_equal(good->step, 0);
    send(COMMAND_CHECKPOINT, "", ""); // not worth keeping
    send(COMMAND_ROLL_BACK, "", good->text);
    send(COMMAND_SET, "lr", "0.01");
    send(COMMAND_RESUME, "", "");
    wait_state(RUN_TRAINING);
    size_t from = lab.metric_count;
    while (lab.metric_count < from + 50)
        wait_news();
    assert_int_equal(count_events(EVENT_CHECKPOINT), 1);
    assert_int_equal(count_events(EVENT_ERROR), 1);
    assert_true(isfinite(lab.metrics[lab.metric_count - 1].loss));
    size_t first_steps = 0;
    for (size_t i = 0; i < lab.metric_count; i++)
        first_steps += lab.metrics[i].step == 1;
    assert_int_equal(first_steps, 2);
    source_release(source);
}

// Losses and epoch rows of a run that is stopped and resumed are those of one that never was.
static void resumed_runs_have_the_same_bits(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 2, 3);
    struct engine_run run = run_of(source, 4);
    run.extra = "{\"recipe\":{\"version\":1}}";
    must(engine_start(lab.engine, &run, &lab.error));
    wait_end();
    assert_int_equal(lab.metric_count, 32);
    struct step_metrics whole[32];
    memcpy(whole, lab.metrics, sizeof whole);
    struct epoch_row epochs[4];
    for (size_t i = 0; i < 4; i++)
        epochs[i] = find_event(EVENT_EPOCH, i)->epoch;

    lab.event_count = lab.metric_count = 0;
    lab.state = RUN_NONE;
    must(engine_start(lab.engine, &run, &lab.error));
    send(COMMAND_PAUSE, "", "");
    wait_state(RUN_PAUSED);
    while (lab.metric_count < 11) { // into the second epoch, wherever the pause came
        size_t at = lab.metric_count;
        send(COMMAND_STEP, "", "");
        while (lab.metric_count == at)
            wait_news();
    }
    send(COMMAND_STOP, "", "");
    wait_end();
    size_t first = lab.metric_count, first_epochs = count_events(EVENT_EPOCH);
    if (first == 32)
        skip(); // it was done before the pause came
    lab.event_count = 0;
    lab.state = RUN_NONE;
    snprintf(run.resume, sizeof run.resume, "%s/run/last.ckpt", lab.folder);
    struct checkpoint_header header = {0};
    must(checkpoint_read_header(run.resume, &header, &lab.error));
    assert_non_null(strstr(header.extra, "\"recipe\":{\"version\":1}"));
    checkpoint_header_clear(&header);
    snprintf(run.folder, sizeof run.folder, "%s/again", lab.folder);
    must(engine_start(lab.engine, &run, &lab.error));
    wait_end();
    assert_int_equal(lab.state, RUN_DONE);
    assert_int_equal(lab.metric_count, 32);
    for (size_t i = 0; i < 32; i++) {
        assert_int_equal(lab.metrics[i].step, whole[i].step);
        assert_memory_equal(&lab.metrics[i].loss, &whole[i].loss, sizeof(float));
        assert_memory_equal(&lab.metrics[i].gradient_norm, &whole[i].gradient_norm, sizeof(float));
    }
    for (size_t e = first_epochs; e < 4; e++) {
        const struct epoch_row *row = &find_event(EVENT_EPOCH, e - first_epochs)->epoch;
        assert_int_equal(row->epoch, epochs[e].epoch);
        assert_memory_equal(&row->train_loss, &epochs[e].train_loss, sizeof(double));
        assert_memory_equal(&row->train_accuracy, &epochs[e].train_accuracy, sizeof(double));
        assert_memory_equal(&row->val_loss, &epochs[e].val_loss, sizeof(double));
    }
    source_release(source);
}

static void checkpoints_come_every_so_many_epochs(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1);
    struct engine_run run = run_of(source, 5);
    run.params.checkpoint_every = 2;
    must(engine_start(lab.engine, &run, &lab.error));
    wait_end();
    assert_int_equal(count_events(EVENT_CHECKPOINT), 4); // at the start, after 2 and 4, at the end
    assert_int_equal(find_event(EVENT_CHECKPOINT, 1)->step, 16);
    assert_int_equal(find_event(EVENT_CHECKPOINT, 2)->step, 32);
    assert_int_equal(find_event(EVENT_CHECKPOINT, 3)->step, 40);
    source_release(source);
}

static void a_checkpoint_that_cannot_be_written_does_not_end_the_run(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1);
    struct engine_run run = run_of(source, 100000);
    must(engine_start(lab.engine, &run, &lab.error));
    wait_state(RUN_TRAINING);
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s/run' && touch '%s/run'", lab.folder, lab.folder);
    assert_int_equal(system(command), 0);
    send(COMMAND_CHECKPOINT, "", "");
    while (count_events(EVENT_ERROR) == 0)
        wait_news();
    assert_non_null(strstr(find_event(EVENT_ERROR, 0)->text, lab.folder));
    assert_int_equal(engine_state(lab.engine), RUN_TRAINING);
    source_release(source);
}

// ---- many ---------------------------------------------------------------------------------------------

static void send_random(struct rng *rng) {
    static const char *const values[] = {"0.01", "8", "-3", "0.9", "80", "yes"};
    static const char *const names[] = {"lr", "batch", "momentum", "nesterov", "hidden", "epochs"};
    struct command command = {.kind = COMMAND_PAUSE + (enum command_kind)rng_below(rng, COMMAND_QUIT - COMMAND_PAUSE)};
    if (command.kind == COMMAND_STOP && rng_below(rng, 3) != 0)
        command.kind = COMMAND_RESUME;
    strcpy(command.name, names[rng_below(rng, 6)]);
    if (command.kind == COMMAND_ROLL_BACK)
        snprintf(command.text, sizeof command.text, "%s/run/last.ckpt", lab.folder);
    else
        strcpy(command.text, values[rng_below(rng, 6)]);
    struct error refused;
    (void)engine_command(lab.engine, &command, &refused);
}

static void random_commands_never_hang_it(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1);
    struct rng rng = rng_make(7, RNG_TEST, 0);
    double began = clock_now();
    int runs = 0;
    for (int sequence = 0; sequence < 1000; sequence++) {
        if (!run_is_alive(engine_state(lab.engine))) {
            struct engine_run run = run_of(source, 1 + (int64_t)rng_below(&rng, 50));
            if (rng_below(&rng, 2))
                run.folder[0] = '\0';
            must(engine_start(lab.engine, &run, &lab.error));
            runs++;
        }
        for (uint64_t i = rng_below(&rng, 12); i > 0; i--)
            send_random(&rng);
        nanosleep(&(struct timespec){.tv_nsec = (long)rng_below(&rng, 1000000)}, NULL);
        drain();
        lab.event_count = lab.metric_count = 0;
        assert_true(clock_now() - began < 4 * patience);
    }
    assert_true(runs > 5);
    if (run_is_alive(engine_state(lab.engine))) {
        struct command stop = {.kind = COMMAND_STOP};
        while (run_is_alive(engine_state(lab.engine)) && engine_command(lab.engine, &stop, &lab.error))
            wait_news(); // the queue was full
        lab.state = RUN_TRAINING;
        wait_end();
    }
    source_release(source);
}

static void it_can_be_closed_at_any_time(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1);
    struct rng rng = rng_make(8, RNG_TEST, 0);
    for (int i = 0; i < 60; i++) {
        struct engine *engine;
        must(engine_open(&engine, &lab.error));
        struct engine_run run = run_of(source, 100000);
        if (i % 4)
            must(engine_start(engine, &run, &lab.error));
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

static void closing_saves_the_living_run(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1);
    struct engine_run run = run_of(source, 100000);
    must(engine_start(lab.engine, &run, &lab.error));
    while (lab.metric_count < 20)
        wait_news();
    engine_close(lab.engine);
    lab.engine = NULL;
    char path[128];
    snprintf(path, sizeof path, "%s/run/last.ckpt", lab.folder);
    struct checkpoint_header header = {0};
    must(checkpoint_read_header(path, &header, &lab.error));
    assert_true(header.step >= 20);
    checkpoint_header_clear(&header);
    source_release(source);
}

static void the_queue_is_bounded_and_says_so(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1);
    struct engine_run run = run_of(source, 100000);
    must(engine_start(lab.engine, &run, &lab.error));
    struct command mark = {.kind = COMMAND_MARK, .text = "x"};
    enum status status = STATUS_OK;
    size_t sent = 0;
    for (; sent < 1000000 && !status; sent++)
        status = engine_command(lab.engine, &mark, &lab.error);
    if (status) { // filled while the run was opening: nothing accepted is lost
        assert_int_equal(status, STATUS_STATE);
        assert_non_null(strstr(lab.error.text, "256"));
    }
    size_t marks = 0;
    while (marks < sent - (status != STATUS_OK)) {
        lab.event_count = 0;
        lab.metric_count = 0;
        wait_news();
        marks += count_events(EVENT_MARK);
    }
    source_release(source);
}

static void an_unread_ring_counts_what_it_drops(void **state) {
    (void)state;
    struct source *source = source_blobs(5, 1, 2, 4, 1);
    struct engine_run run = run_of(source, 70000); // 4 training rows, batch 1: 280 000 steps, more than are kept
    run.params.batch = 1;
    strcpy(run.params.model, "linear");
    run.folder[0] = '\0';
    source_release(source);
    source = source_zeros(4, shape_make(1, (const int64_t[]){1}), DTYPE_F32, 2);
    run.source = source;
    must(engine_start(lab.engine, &run, &lab.error));
    enum run_state reached = RUN_NONE;
    size_t epochs = 0;
    double began = clock_now();
    while (reached != RUN_DONE) {
        size_t count = engine_events(lab.engine, lab.events, EVENTS_MOST);
        for (size_t i = 0; i < count; i++) {
            reached = lab.events[i].kind == EVENT_STATE ? lab.events[i].state : reached;
            epochs += lab.events[i].kind == EVENT_EPOCH;
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        assert_true(clock_now() - began < 4 * patience);
    }
    size_t kept = 0, read;
    uint64_t last = 0;
    while ((read = engine_metrics(lab.engine, lab.metrics, METRICS_MOST)) > 0) {
        kept += read;
        last = lab.metrics[read - 1].step;
    }
    assert_int_equal(kept, METRICS_KEPT);
    assert_int_equal(last, METRICS_KEPT); // the newest are lost
    assert_int_equal(kept + engine_dropped(lab.engine), 280000);
    assert_int_equal(epochs, 70000);
    source_release(source);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_run_goes_from_opening_to_done),
        TEST(a_regression_reports_rmse),
        TEST(pause_step_resume_stop_come_in_order),
        TEST(a_live_change_is_told_with_its_step),
        TEST(a_run_that_cannot_open_fails_with_a_sentence),
        TEST(divergence_pauses_and_keeps_the_good_checkpoint),
        TEST(resumed_runs_have_the_same_bits),
        TEST(checkpoints_come_every_so_many_epochs),
        TEST(a_checkpoint_that_cannot_be_written_does_not_end_the_run),
        TEST(random_commands_never_hang_it),
        TEST(it_can_be_closed_at_any_time),
        TEST(closing_saves_the_living_run),
        TEST(the_queue_is_bounded_and_says_so),
        TEST(an_unread_ring_counts_what_it_drops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
