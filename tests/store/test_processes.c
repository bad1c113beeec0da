// The run store among processes, each a child of the test: several that write, one that was killed, one that finds no
// room or may not write.
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "tests/store/store_support.h"

// What a child process does with the store; it ends by _exit or by being killed.
static pid_t child_process(void (*work)(int ready), int *ready) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        work(ends[1]);
        _exit(0);
    }
    close(ends[1]);
    *ready = ends[0];
    return child;
}

static void wait_ready(int ready) {
    char byte;
    assert_int_equal(read(ready, &byte, 1), 1);
    close(ready);
}

static void add_runs(int ready) {
    struct store *store;
    struct error failure;
    if (store_open(&store, path, &failure))
        _exit(1);
    (void)!write(ready, "r", 1);
    for (int i = 0; i < 30; i++) {
        struct run_record run = record_of(RUN_TRAINING);
        struct step_metrics point = {.step = 1};
        if (store_begin(store, &failure) || store_run_add(store, &run, NULL, NULL, &failure) ||
            store_metrics(store, run.id, &point, 1, &failure))
            _exit(2);
        run.state = RUN_DONE;
        if (store_run_update(store, &run, &failure) || store_commit(store, &failure))
            _exit(3);
    }
    store_close(store);
}

static void two_processes_write_at_once(void **state) {
    (void)state;
    int first, second, result;
    pid_t a = child_process(add_runs, &first), b = child_process(add_runs, &second);
    assert_int_equal(waitpid(a, &result, 0), a);
    assert_int_equal(result, 0);
    assert_int_equal(waitpid(b, &result, 0), b);
    assert_int_equal(result, 0);
    close(first);
    close(second);
    struct store *store = open_store();
    struct run_record *runs;
    size_t count;
    must(store_runs(store, &runs, &count, &error));
    assert_int_equal(count, 60);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(runs[i].state, RUN_DONE);
    mem_free(runs);
    store_close(store);
}

static void train_for_ever(int ready) {
    struct store *store;
    struct error failure;
    struct run_record run = record_of(RUN_TRAINING), half = record_of(RUN_TRAINING);
    if (store_open(&store, path, &failure) || store_run_add(store, &run, NULL, NULL, &failure))
        _exit(1);
    char checkpoint[1200];
    snprintf(checkpoint, sizeof checkpoint, "%s/%d/last.ckpt", store_folder(store), (int)run.id);
    FILE *file = fopen(checkpoint, "w");
    fclose(file);
    if (store_run_add(store, &half, NULL, NULL, &failure)) // one without a checkpoint
        _exit(1);
    struct run_record lost = record_of(RUN_TRAINING);
    if (store_begin(store, &failure) || store_run_add(store, &lost, NULL, NULL, &failure))
        _exit(1);
    struct step_metrics points[1000] = {{.step = 1}};
    for (int i = 0; i < 100; i++) {
        if (store_metrics(store, lost.id, points, 1000, &failure))
            _exit(1);
    }
    (void)!write(ready, "r", 1);
    pause();
}

static void a_killed_process_leaves_a_store_that_opens(void **state) {
    (void)state;
    int ready;
    pid_t child = child_process(train_for_ever, &ready);
    wait_ready(ready);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    struct store *store = open_store();
    struct run_record *runs;
    size_t count;
    must(store_runs(store, &runs, &count, &error));
    assert_int_equal(count, 2); // the third was in the open transaction
    assert_int_equal(runs[1].state, RUN_STOPPED);
    assert_non_null(strstr(runs[1].checkpoint, "last.ckpt"));
    assert_true(runs[1].ended >= runs[1].started);
    assert_int_equal(runs[0].state, RUN_FAILED);
    assert_string_equal(runs[0].checkpoint, "");
    mem_free(runs);
    struct event *events;
    must(store_run_events(store, 1, NULL, &events, &count, &error));
    assert_int_equal(count, 1);
    assert_non_null(strstr(events[0].text, "resumed"));
    mem_free(events);
    store_close(store);
}

static void keep_alive(int ready) {
    struct store *store;
    struct error failure;
    struct run_record run = record_of(RUN_PAUSED);
    if (store_open(&store, path, &failure) || store_run_add(store, &run, NULL, NULL, &failure))
        _exit(1);
    (void)!write(ready, "r", 1);
    pause();
}

static void a_living_run_of_another_process_is_left_alone(void **state) {
    (void)state;
    int ready;
    pid_t child = child_process(keep_alive, &ready);
    wait_ready(ready);
    struct store *store = open_store();
    struct run_record run;
    must(store_run(store, 1, &run, &error));
    assert_int_equal(run.state, RUN_PAUSED);
    assert_int_equal(store_run_delete(store, 1, &error), STATUS_STATE);
    must(store_run(store, 1, &run, &error));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    store_close(store);
}

static void fill_the_disk(int ready) {
    struct store *store;
    struct error failure = {0};
    struct run_record run = record_of(RUN_TRAINING);
    if (store_open(&store, path, &failure) || store_run_add(store, &run, NULL, NULL, &failure))
        _exit(1);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){300000, 300000});
    struct step_metrics *points = mem_alloc(10000, sizeof *points);
    enum status status = store_begin(store, &failure);
    for (int i = 0; i < 100 && !status; i++)
        status = store_metrics(store, run.id, points, 10000, &failure);
    if (!status)
        status = store_commit(store, &failure);
    else
        store_rollback(store);
    (void)!write(ready, failure.text, strlen(failure.text));
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){300000, 300000});
    struct run_record found;
    _exit(status == STATUS_IO && store_run(store, run.id, &found, &failure) == STATUS_OK ? 0 : 4);
}

static void a_full_disk_gives_a_sentence_and_the_store_survives(void **state) {
    (void)state;
    int ready, result;
    pid_t child = child_process(fill_the_disk, &ready);
    char text[1024] = {0};
    assert_true(read(ready, text, sizeof text - 1) > 0);
    close(ready);
    assert_non_null(strstr(text, path));
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    struct store *store = open_store();
    struct step_metrics *points;
    size_t count;
    must(store_run_metrics(store, 1, NULL, &points, &count, &error));
    assert_int_equal(count, 0);
    mem_free(points);
    store_close(store);
}

static void open_as_nobody(int ready) {
    struct store *store;
    struct error failure = {0};
    if (getuid() == 0 && setuid(65534) != 0)
        _exit(1);
    enum status status = store_open(&store, path, &failure);
    (void)!write(ready, failure.text, strlen(failure.text));
    _exit(status == STATUS_IO ? 0 : 2);
}

static void a_folder_that_cannot_be_written_gives_a_sentence(void **state) {
    (void)state;
    int ready, result;
    assert_int_equal(chmod(folder, 0500), 0);
    pid_t child = child_process(open_as_nobody, &ready);
    char text[1024] = {0};
    assert_true(read(ready, text, sizeof text - 1) > 0);
    close(ready);
    assert_non_null(strstr(text, folder));
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    assert_int_equal(chmod(folder, 0700), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(two_processes_write_at_once),
        TEST(a_killed_process_leaves_a_store_that_opens),
        TEST(a_living_run_of_another_process_is_left_alone),
        TEST(a_full_disk_gives_a_sentence_and_the_store_survives),
        TEST(a_folder_that_cannot_be_written_gives_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
