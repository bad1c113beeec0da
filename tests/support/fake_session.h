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
FAKE(refresh_runs)
FAKE_RUN(overlay)
FAKE_RUN(resume)
FAKE_RUN(run_delete)

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

enum status session_plan_batches(struct session *session, uint64_t epoch, struct error *error) {
    (void)session;
    return fake_call_run(error, "plan_batches", (int64_t)epoch);
}

#endif
