#include "tests/support/session_lab.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/table.h"
#include "tests/support/test.h"

struct session_lab lab;

void lab_open(struct session_options options) {
    session_close(lab.session);
    lab.session = NULL;
    lab_must(session_open(&lab.session, &options, &lab.error));
    lab.view = session_snapshot(lab.session);
    lab_set("device", "ref");
}

int lab_set_up(void **state) {
    (void)state;
    strcpy(lab.folder, "/tmp/batchlab-session-XXXXXX");
    assert_non_null(mkdtemp(lab.folder));
    setenv("XDG_DATA_HOME", lab.folder, 1);
    lab_open((struct session_options){0});
    return 0;
}

int lab_tear_down(void **state) {
    (void)state;
    session_close(lab.session);
    lab.session = NULL;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", lab.folder);
    return system(command);
}

void lab_must(enum status status) {
    if (status)
        fail_msg("%s", lab.error.text);
}

void lab_set(const char *name, const char *text) {
    lab_must(session_set(lab.session, name, text, &lab.error));
}

void lab_wait_job(void) {
    lab_must(session_wait(lab.session, &lab.error));
}

void lab_load(const char *path) {
    lab_must(session_load(lab.session, path, NULL, &lab.error));
    lab_wait_job();
}

void lab_append(const char *path, const char *text) {
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

bool lab_look(int milliseconds) {
    int fds[2];
    struct pollfd polled[2];
    size_t count = session_poll_fds(lab.session, fds);
    for (size_t i = 0; i < count; i++)
        polled[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    bool news = poll(polled, (nfds_t)count, milliseconds) > 0;
    session_drain(lab.session);
    return news;
}

void lab_wait_news(void) {
    if (!lab_look(LAB_PATIENCE * 1000))
        fail_msg("no news for %d seconds", LAB_PATIENCE);
}

void lab_wait_state(enum run_state state) {
    while (lab.view->state != state) {
        assert_true(session_run_alive(lab.session));
        lab_wait_news();
    }
}

void lab_wait_end(void) {
    while (session_run_alive(lab.session))
        lab_wait_news();
}

void lab_wait_table(size_t rows) {
    LAB_UNTIL(lab.view->dataset && lab.view->dataset->table->rows == rows && !lab.view->job.active);
    assert_non_null(lab.view->dataset);
    assert_int_equal(lab.view->dataset->table->rows, rows);
    lab_wait_job();
}
