// A session that does nothing but write down what was asked of it. It is defined here, in a header, so that
// only the test of a view that includes it gets these functions in place of the real ones.
#ifndef TESTS_SUPPORT_FAKE_SESSION_H
#define TESTS_SUPPORT_FAKE_SESSION_H

#include <stdio.h>
#include <string.h>

#include "core/session.h"

static struct {
    char last[128]; // "nudge lr 1"
    size_t calls;
    bool refuse; // every call fails
    struct chosen_runs *chosen; // of the snapshot that is shown; NULL: none
} fake;

static enum status fake_call(struct error *error, const char *text) {
    snprintf(fake.last, sizeof fake.last, "%s", text);
    fake.calls++;
    return fake.refuse ? error_set(error, STATUS_STATE, "Not now: %s.", text) : STATUS_OK;
}

static enum status fake_call_run(struct error *error, const char *what, int64_t run) {
    char text[64];
    snprintf(text, sizeof text, "%s %lld", what, (long long)run);
    return fake_call(error, text);
}

#define FAKE(name)                                                                                                     \
    enum status session_##name(struct session *session, struct error *error) {                                         \
        (void)session;                                                                                                 \
        return fake_call(error, #name);                                                                                \
    }
#define FAKE_RUN(name)                                                                                                 \
    enum status session_##name(struct session *session, int64_t run, struct error *error) {                            \
        (void)session;                                                                                                 \
        return fake_call_run(error, #name, run);                                                                       \
    }

FAKE(start)
FAKE(pause)
FAKE(one_step)
FAKE(stop)
FAKE(restart)
FAKE(checkpoint)
FAKE(roll_back)
FAKE(roll_back_change)
FAKE(range_test)
FAKE(refresh_runs)
FAKE_RUN(overlay)
FAKE_RUN(resume)
FAKE_RUN(run_delete)
FAKE_RUN(experiment_resume)
FAKE_RUN(experiment_show)
FAKE(lessons)
FAKE(lesson_begin)

enum status session_lesson_open(struct session *session, const char *which, struct error *error) {
    char text[96];
    (void)session;
    snprintf(text, sizeof text, "lesson_open %.60s", which);
    return fake_call(error, text);
}

void session_lesson_cancel(struct session *session) {
    struct error error;
    (void)session;
    fake_call(&error, "lesson_cancel");
}

enum status session_choose_run(struct session *session, int64_t run, struct error *error) {
    (void)session;
    if (fake.chosen && !fake.refuse)
        chosen_runs_turn(fake.chosen, run);
    return fake_call_run(error, "choose", run);
}

// A run of which nothing but its number is known.
enum status session_run_whole(const struct session *session, int64_t run, struct whole_run *whole, struct error *error) {
    (void)session;
    *whole = (struct whole_run){.record.id = run};
    return fake_call_run(error, "whole", run);
}

void whole_run_clear(struct whole_run *whole) {
    *whole = (struct whole_run){.record.id = 0};
}

enum status session_experiment_start(struct session *session, const struct experiment *plan, struct error *error) {
    (void)session;
    return fake_call_run(error, plan->kind == EXPERIMENT_RACE ? "race" : "sweep", (int64_t)experiment_slots(plan));
}

enum status session_fork(struct session *session, int64_t run, const char *which, const char *changes,
                         struct error *error) {
    char text[128];
    (void)session;
    snprintf(text, sizeof text, "fork %lld %s %.80s", (long long)run, which, changes);
    return fake_call(error, text);
}

void session_experiment_cancel(struct session *session) {
    struct error error;
    (void)session;
    fake_call(&error, "experiment_cancel");
}

enum status session_nudge(struct session *session, const char *name, int direction, struct error *error) {
    char text[96];
    (void)session;
    snprintf(text, sizeof text, "nudge %.60s %d", name, direction);
    return fake_call(error, text);
}

enum status session_mark(struct session *session, const char *mark, struct error *error) {
    char text[128];
    (void)session;
    snprintf(text, sizeof text, "mark %.100s", mark);
    return fake_call(error, text);
}

enum status session_run_note(struct session *session, int64_t run, const char *note, struct error *error) {
    char text[128];
    (void)session;
    snprintf(text, sizeof text, "run_note %lld %.80s", (long long)run, note);
    return fake_call(error, text);
}

enum status session_set(struct session *session, const char *name, const char *text, struct error *error) {
    char called[128];
    (void)session;
    snprintf(called, sizeof called, "set %.40s %.80s", name, text);
    return fake_call(error, called);
}

enum status session_evaluate(struct session *session, const struct evaluate_wish *wish, struct error *error) {
    static const char *const parts[] = {"train", "validation", "test"};
    char text[128];
    (void)session;
    snprintf(text, sizeof text, "evaluate %lld %s %.80s", (long long)wish->run, wish->which[0] ? wish->which : "-",
             wish->path[0] ? wish->path : wish->all ? "all" : parts[wish->part]);
    return fake_call(error, text);
}

enum status session_evaluate_seen(struct session *session, bool seen, struct error *error) {
    (void)session;
    return fake_call(error, seen ? "evaluate_seen" : "evaluate_left");
}

void session_evaluate_cancel(struct session *session) {
    struct error error;
    (void)session;
    fake_call(&error, "evaluate_cancel");
}

void session_evaluate_every_epoch(struct session *session, bool on) {
    struct error error;
    (void)session;
    fake_call(&error, on ? "every_epoch on" : "every_epoch off");
}

void session_evaluate_class(struct session *session, size_t of_class) {
    struct error error;
    (void)session;
    fake_call_run(&error, "class", (int64_t)of_class);
}

enum status session_evaluate_export(struct session *session, const char *path, struct error *error) {
    char text[128];
    (void)session;
    snprintf(text, sizeof text, "predictions %.100s", path);
    return fake_call(error, text);
}

enum status session_evaluate_points(struct session *session, const char *path, struct error *error) {
    char text[128];
    (void)session;
    snprintf(text, sizeof text, "points %.100s", path);
    return fake_call(error, text);
}

enum status session_plan_batches(struct session *session, uint64_t epoch, struct error *error) {
    (void)session;
    return fake_call_run(error, "plan_batches", (int64_t)epoch);
}

#endif
