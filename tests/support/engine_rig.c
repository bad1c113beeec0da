#include "tests/support/engine_rig.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/train/trainer.h"
#include "tests/support/test.h"

struct engine_rig rig;

int rig_set_up(void **state) {
    (void)state;
    memset(&rig, 0, sizeof rig);
    strcpy(rig.folder, "/tmp/batchlab-engine-XXXXXX");
    assert_non_null(mkdtemp(rig.folder));
    rig.metrics = mem_alloc(RIG_METRICS, sizeof *rig.metrics);
    assert_non_null(rig.metrics);
    assert_int_equal(engine_open(&rig.engine, NULL, &rig.error), STATUS_OK);
    return 0;
}

int rig_tear_down(void **state) {
    (void)state;
    engine_close(rig.engine);
    mem_free(rig.metrics);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", rig.folder);
    return system(command);
}

void rig_must(enum status status) {
    if (status)
        fail_msg("%s", rig.error.text);
}

void rig_forget(void) {
    rig.event_count = rig.metric_count = 0;
}

struct engine_run rig_run(struct source *source, int64_t epochs) {
    struct engine_run run = {.source = source};
    params_defaults(&train_table, &run.params);
    strcpy(run.params.device, "ref");
    strcpy(run.params.model, "mlp");
    strcpy(run.params.hidden, "8");
    run.params.epochs = epochs;
    run.params.batch = 10;
    snprintf(run.folder, sizeof run.folder, "%s/run", rig.folder);
    return run;
}

void rig_start(const struct engine_run *run) {
    rig.state = RUN_NONE;
    rig_must(engine_start(rig.engine, run, &rig.error));
}

void rig_start_paused(const struct engine_run *run) {
    struct engine_run slow = *run;
    slow.params.pace = 1; // so that it does not end before the pause comes
    rig_start(&slow);
    rig_send(COMMAND_PAUSE, "", "");
    rig_wait_state(RUN_PAUSED);
    rig_send(COMMAND_SET, "pace", "0");
}

void rig_send(enum command_kind kind, const char *name, const char *text) {
    struct command command = {.kind = kind};
    snprintf(command.name, sizeof command.name, "%s", name);
    snprintf(command.text, sizeof command.text, "%s", text);
    rig_must(engine_command(rig.engine, &command, &rig.error));
}

void rig_drain(void) {
    size_t read;
    while ((read = engine_events(rig.engine, rig.events + rig.event_count, RIG_EVENTS - rig.event_count)) > 0) {
        for (size_t i = rig.event_count; i < rig.event_count + read; i++)
            rig.state = rig.events[i].kind == EVENT_STATE ? rig.events[i].state : rig.state;
        rig.event_count += read;
    }
    while ((read = engine_metrics(rig.engine, rig.metrics + rig.metric_count, RIG_METRICS - rig.metric_count)) > 0)
        rig.metric_count += read;
}

// Sleeps on the wake descriptor alone: a wake-up that is missing makes the test fail.
void rig_wait_news(void) {
    struct pollfd descriptor = {.fd = engine_wake(rig.engine)->read_fd, .events = POLLIN};
    if (poll(&descriptor, 1, RIG_PATIENCE * 1000) != 1)
        fail_msg("no news from the engine for %d seconds", RIG_PATIENCE);
    wake_clear(engine_wake(rig.engine));
    rig_drain();
}

void rig_wait_state(enum run_state state) {
    rig_drain();
    while (rig.state != state) {
        if (!run_is_alive(rig.state) && rig.state != RUN_NONE)
            fail_msg("the run is %s, not %s", run_state_name(rig.state), run_state_name(state));
        rig_wait_news();
    }
}

void rig_wait_end(void) {
    rig_drain();
    while (rig.state == RUN_NONE || run_is_alive(rig.state))
        rig_wait_news();
}

void rig_wait_steps(size_t count) {
    while (rig.metric_count < count)
        rig_wait_news();
}

void rig_wait_events(enum event_kind kind, size_t count) {
    while (rig_count(kind) < count)
        rig_wait_news();
}

void rig_step(void) {
    size_t before = rig.metric_count;
    rig_send(COMMAND_STEP, "", "");
    rig_wait_steps(before + 1);
}

size_t rig_count(enum event_kind kind) {
    size_t count = 0;
    for (size_t i = 0; i < rig.event_count; i++)
        count += rig.events[i].kind == kind;
    return count;
}

const struct event *rig_find(enum event_kind kind, size_t nth) {
    for (size_t i = 0; i < rig.event_count; i++)
        if (rig.events[i].kind == kind && nth-- == 0)
            return &rig.events[i];
    fail_msg("there is no such %s event", event_kind_name(kind));
    return NULL;
}
