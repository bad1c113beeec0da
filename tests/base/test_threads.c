// What threads share: ring, wake, task, log. Meant to be run under the thread sanitizer too.
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/ring.h"
#include "core/base/str.h"
#include "core/base/task.h"
#include "core/base/wake.h"
#include "tests/support/test.h"

struct record {
    uint64_t number, twice, thrice;
};

static void test_ring_alone(void **state) {
    (void)state;
    struct ring ring;
    struct record record = {0}, out[8];
    assert_true(ring_open(&ring, sizeof record, 3)); // rounded up to 4
    assert_int_equal(ring.capacity, 4);
    assert_int_equal(ring_pop(&ring, out, 8), 0);
    for (uint64_t round = 0; round < 5; round++) {
        for (uint64_t i = 0; i < 6; i++) {
            record.number = round * 10 + i;
            assert_int_equal(ring_push(&ring, &record), i < 4);
        }
        assert_int_equal(ring_dropped(&ring), 2 * (round + 1));
        assert_int_equal(ring_pop(&ring, out, 3), 3);
        assert_int_equal(ring_pop(&ring, out + 3, 8 - 3), 1);
        for (uint64_t i = 0; i < 4; i++)
            assert_int_equal(out[i].number, round * 10 + i);
    }
    ring_close(&ring);
    mem_fail_at(1);
    assert_false(ring_open(&ring, 8, 8));
    mem_fail_at(0);
    assert_false(ring_open(&ring, SIZE_MAX / 2, 8));
}

enum { PUSHES = 100000 };

static void *push_all(void *argument) {
    struct ring *ring = argument;
    for (uint64_t i = 1; i <= PUSHES; i++) {
        struct record record = {i, 2 * i, 3 * i};
        ring_push(ring, &record);
        if (i % 64 == 0)
            sched_yield();
    }
    struct record last = {UINT64_MAX, 0, 0};
    while (!ring_push(ring, &last))
        sched_yield();
    return NULL;
}

// Whole records, in order, and every one either read or counted as dropped.
static void test_ring_two_threads(void **state) {
    (void)state;
    struct ring ring;
    pthread_t writer;
    uint64_t read = 0, before = 0;
    assert_true(ring_open(&ring, sizeof(struct record), 64));
    assert_int_equal(pthread_create(&writer, NULL, push_all, &ring), 0);
    for (bool done = false; !done;) {
        struct record records[16];
        size_t count = ring_pop(&ring, records, 16);
        for (size_t i = 0; i < count; i++) {
            done = records[i].number == UINT64_MAX;
            if (done)
                break;
            assert_true(records[i].number > before);
            assert_true(records[i].twice == 2 * records[i].number && records[i].thrice == 3 * records[i].number);
            before = records[i].number;
            read++;
        }
        if (count == 0)
            sched_yield();
    }
    pthread_join(writer, NULL);
    uint64_t refused_last = ring_dropped(&ring) + read - PUSHES; // tries of the closing record
    assert_true(ring_dropped(&ring) + read >= PUSHES);
    assert_true(refused_last == 0 || ring_dropped(&ring) > 0);
    ring_close(&ring);
}

static bool readable(const struct wake *wake, int milliseconds) {
    struct pollfd poll_fd = {.fd = wake->read_fd, .events = POLLIN};
    return poll(&poll_fd, 1, milliseconds) == 1;
}

static void *signal_once(void *argument) {
    wake_signal(argument);
    return NULL;
}

static void test_wake(void **state) {
    (void)state;
    struct wake wake;
    struct error error;
    assert_int_equal(wake_open(&wake, &error), STATUS_OK);
    assert_false(readable(&wake, 0));
    for (int i = 0; i < 3; i++)
        wake_signal(&wake);
    assert_true(readable(&wake, 0));
    wake_clear(&wake);
    assert_false(readable(&wake, 0)); // three wake-ups were one
    wake_clear(&wake);                // clearing twice does not hang
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, signal_once, &wake), 0);
    assert_true(readable(&wake, 10000));
    pthread_join(other, NULL);
    errno = EBUSY;
    wake_signal(&wake);
    assert_int_equal(errno, EBUSY);
    wake_close(&wake);
    assert_int_equal(wake.read_fd, -1);
}

static void *work(void *argument) {
    static struct error error;
    while (task_step(argument, 1, &error) == STATUS_OK)
        sched_yield();
    return &error;
}

static void test_task(void **state) {
    (void)state;
    struct task task = {0};
    struct error error = {0};
    task_begin(NULL, "Reading", "rows", 5);
    assert_int_equal(task_step(NULL, 1, &error), STATUS_OK);
    task_begin(&task, "Reading", "rows", 100);
    assert_int_equal(task_step(&task, 30, &error), STATUS_OK);
    assert_int_equal(task_step(&task, 12, &error), STATUS_OK);
    assert_int_equal(atomic_load(&task.done), 42);
    assert_int_equal(atomic_load(&task.total), 100);
    pthread_t worker;
    void *result;
    assert_int_equal(pthread_create(&worker, NULL, work, &task), 0);
    while (atomic_load(&task.done) < 50)
        sched_yield();
    task_cancel(&task);
    pthread_join(worker, &result);
    struct error *stopped = result;
    assert_int_equal(stopped->status, STATUS_CANCELLED);
    assert_true(text_starts(stopped->text, "Reading was stopped"));
}

static double fixed_time(void) {
    return 1234.5;
}

static void *log_many(void *argument) {
    for (int i = 0; i < 500; i++)
        log_add(LOG_INFO, "thread %d line %d", *(int *)argument, i);
    return NULL;
}

static void test_log(void **state) {
    (void)state;
    struct log_line line;
    uint64_t first = log_count();
    assert_false(log_get(first, &line));
    clock_replace(NULL, fixed_time);
    log_add(LOG_WARNING, "two\nlines\x1b[2J %d", 7);
    clock_replace(NULL, NULL);
    assert_true(log_get(first, &line));
    assert_string_equal(line.text, "two lines [2J 7");
    assert_int_equal(line.level, LOG_WARNING);
    assert_true(line.wall == 1234.5);
    pthread_t threads[4];
    int names[4] = {0, 1, 2, 3};
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, &names[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(log_count(), first + 1 + 2000);
    assert_false(log_get(first, &line)); // too old
    assert_true(log_get(log_count() - 1, &line));
    assert_true(text_starts(line.text, "thread ") && text_ends(line.text, " line 499"));
}

static void test_log_cuts_between_characters(void **state) {
    (void)state;
    char text[400];
    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa9", 3);
    struct log_line line;
    log_add(LOG_ERROR, "%s", text);
    assert_true(log_get(log_count() - 1, &line));
    assert_true(strlen(line.text) >= sizeof line.text - 3 && utf8_valid(line.text, strlen(line.text)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring_alone), cmocka_unit_test(test_ring_two_threads),
        cmocka_unit_test(test_wake),       cmocka_unit_test(test_task),
        cmocka_unit_test(test_log),        cmocka_unit_test(test_log_cuts_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
