// A session whose runs lie in a folder of its own, for tests of the session: on the reference backend, polled as the
// program does it. What goes wrong ends the test with its sentence.
#ifndef TESTS_SUPPORT_SESSION_LAB_H
#define TESTS_SUPPORT_SESSION_LAB_H

#include "core/base/clock.h"
#include "core/session.h"

enum { LAB_PATIENCE = 30 }; // seconds until a test gives up

struct session_lab {
    struct session *session;
    const struct snapshot *view;
    char folder[64]; // the session's runs and the test's own files
    struct error error;
};

extern struct session_lab lab;

// Before and after each test.
int lab_set_up(void **state);
int lab_tear_down(void **state);
void lab_open(struct session_options options); // closes what is open

void lab_must(enum status status); // of a call that was given &lab.error
void lab_set(const char *name, const char *text);
void lab_wait_job(void);
void lab_load(const char *path); // and waits for it
void lab_append(const char *path, const char *text);

bool lab_look(int milliseconds); // drains what comes within that time; false: nothing came
void lab_wait_news(void);
void lab_wait_state(enum run_state state); // of a run that is alive until then
void lab_wait_end(void);
void lab_wait_table(size_t rows); // until the table has so many rows and its job has ended

// Looks until it holds or patience ends: to be followed by an assertion.
#define LAB_UNTIL(condition)                                                                                           \
    do {                                                                                                               \
        double until = clock_now() + LAB_PATIENCE;                                                                     \
        while (!(condition) && clock_now() < until)                                                                    \
            lab_look(20);                                                                                              \
    } while (0)

#endif
