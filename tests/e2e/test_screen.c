// The real program in a real terminal: a run is started, steered and kept; every end leaves the
// terminal as it was. BATCHLAB_PROGRAM names the program (make check sets it).
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/store/store.h"
#include "tests/support/test.h"
#include "tests/support/tmux.h"

#define SAMPLE "datasets/samples/breast_cancer.csv"
#define PATIENCE 60.0 // seconds; sanitizer builds on a busy machine are slow

static char folder[512];

static int open_pane(void **state) {
    (void)state;
    if (!getenv("BATCHLAB_PROGRAM"))
        return -1;
    snprintf(folder, sizeof folder, "%s", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    return tmux_open(120, 36) ? 0 : -1;
}

// A run that a failed test left detached.
static void end_runs(void) {
    struct store *store = NULL;
    struct run_record *runs = NULL;
    struct run_owner owner;
    struct error error;
    size_t count = 0;
    if (store_open(&store, NULL, &error) == STATUS_OK && store_runs(store, &runs, &count, &error) == STATUS_OK)
        for (size_t i = 0; i < count; i++)
            if (store_run_owner(store, runs[i].id, &owner) && owner.detached)
                kill((pid_t)owner.process, SIGKILL);
    mem_free(runs);
    store_close(store);
}

static int close_pane(void **state) {
    (void)state;
    tmux_close();
    end_runs();
    return 0;
}

static const char *in_folder(const char *name) {
    static char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

// Runs the program in the pane between two snapshots of the terminal's settings; its process number is in
// the file "pid".
static void start(const char *arguments) {
    char line[700];
    FILE *script = fopen(in_folder("start.sh"), "w");
    assert_non_null(script);
    fprintf(script, "cd '%s'\n", folder);
    fprintf(script, "stty -g > before\nrm -f after\nroot=$OLDPWD\n");
    fprintf(script, "sh -c 'echo $$ > pid; cd \"$0\"; exec \"$BATCHLAB_PROGRAM\" %s' \"$root\"\n", arguments);
    fprintf(script, "echo end=$?\nstty -g > after\necho closed\n");
    assert_int_equal(fclose(script), 0);
    snprintf(line, sizeof line, "sh %s", in_folder("start.sh"));
    tmux_type(line);
}

static void assert_terminal_restored(void) {
    char *before = NULL, *after = NULL;
    size_t size;
    struct error error;
    assert_true(tmux_wait("closed", PATIENCE));
    assert_int_equal(file_read(in_folder("before"), 0, &before, &size, &error), STATUS_OK);
    assert_int_equal(file_read(in_folder("after"), 0, &after, &size, &error), STATUS_OK);
    assert_string_equal(before, after);
    mem_free(before);
    mem_free(after);
    tmux_type("echo still\"\"here");
    assert_true(tmux_wait("stillhere", PATIENCE)); // the shell reads and echoes again
}

static struct run_record newest_run(void) {
    struct store *store = NULL;
    struct run_record *runs = NULL, run = {0};
    size_t count = 0;
    struct error error;
    assert_int_equal(store_open(&store, NULL, &error), STATUS_OK);
    assert_int_equal(store_runs(store, &runs, &count, &error), STATUS_OK);
    assert_true(count > 0);
    run = runs[0];
    mem_free(runs);
    store_close(store);
    return run;
}

static pid_t program_pid(void) {
    char *text = NULL;
    size_t size;
    struct error error;
    assert_int_equal(file_read(in_folder("pid"), 0, &text, &size, &error), STATUS_OK);
    long pid = strtol(text, NULL, 10);
    mem_free(text);
    return (pid_t)pid;
}

static void start_training(void) {
    start("--epochs 1000000 --batch 32 " SAMPLE);
    assert_true(tmux_wait("breast_cancer", PATIENCE));
    assert_true(tmux_wait("569", PATIENCE)); // the table is there
    tmux_keys("5");
    // The start is refused while the data is still being prepared: press until it takes.
    for (int i = 0; i < 40 && !strstr(tmux_screen(), "training"); i++) {
        tmux_keys("Space");
        if (tmux_wait("training", 1.5))
            break;
    }
    assert_non_null(strstr(tmux_screen(), "training"));
}

// Left running, looked at from outside, taken back with its curve, and ended.
static void test_detach_and_attach(void **state) {
    (void)state;
    start_training();
    tmux_keys("q");
    assert_true(tmux_wait("leave it running", PATIENCE));
    tmux_keys("d");
    assert_terminal_restored();
    assert_non_null(strstr(tmux_screen(), "trains without a terminal"));
    struct run_record run = newest_run();
    assert_int_equal(run.state, RUN_TRAINING);
    tmux_type("clear");
    start("attach");
    assert_true(tmux_wait("training", PATIENCE));
    assert_true(tmux_wait("loss", PATIENCE));
    tmux_keys("q");
    assert_true(tmux_wait("leave it running", PATIENCE));
    tmux_keys("s");
    assert_terminal_restored();
    struct run_record after = newest_run();
    assert_int_equal(after.id, run.id);
    assert_int_equal(after.state, RUN_STOPPED);
    assert_true(after.steps > run.steps);
    tmux_type("clear");
    start("attach 999");
    assert_true(tmux_wait("there is no run 999", PATIENCE));
    assert_terminal_restored();
    tmux_type("clear");
    start("attach"); // the run was stopped
    assert_true(tmux_wait("no run is detached", PATIENCE));
    assert_terminal_restored();
    tmux_type("clear");
}

static void test_train_and_steer(void **state) {
    (void)state;
    start_training();
    usleep(300000);
    tmux_keys("+");
    tmux_keys("]");
    assert_true(tmux_wait("64", PATIENCE)); // 32 doubled
    usleep(300000);
    tmux_keys("q");
    assert_true(tmux_wait("stop it, save it and leave", PATIENCE));
    tmux_keys("s");
    assert_terminal_restored();
    assert_non_null(strstr(tmux_screen(), "end=0"));
    struct run_record run = newest_run();
    assert_int_equal(run.state, RUN_STOPPED);
    assert_true(run.steps > 0);
    assert_true(file_exists(run.checkpoint));
    struct store *store = NULL;
    struct event *events = NULL;
    size_t count = 0;
    struct error error;
    bool lr = false, batch = false;
    assert_int_equal(store_open(&store, NULL, &error), STATUS_OK);
    assert_int_equal(store_run_events(store, run.id, NULL, &events, &count, &error), STATUS_OK);
    for (size_t i = 0; i < count; i++)
        if (events[i].kind == EVENT_CHANGE) {
            lr = lr || strcmp(events[i].change.name, "lr") == 0;
            batch = batch || (strcmp(events[i].change.name, "batch") == 0 && strcmp(events[i].change.to, "64") == 0);
        }
    mem_free(events);
    store_close(store);
    assert_true(lr);
    assert_true(batch);
}

// What the living run is worth, and from Runs again.
static void test_evaluate_while_training(void **state) {
    (void)state;
    start_training();
    tmux_keys("6");
    assert_true(tmux_wait("as of step", PATIENCE));
    assert_true(tmux_wait("true class", PATIENCE));
    tmux_keys("Enter");
    assert_true(tmux_wait("of benign taken for benign", PATIENCE));
    tmux_keys("8");
    assert_true(tmux_wait("runs", PATIENCE));
    tmux_keys("e");
    assert_true(tmux_wait("as of step", PATIENCE));
    tmux_keys("q");
    assert_true(tmux_wait("stop it, save it and leave", PATIENCE));
    tmux_keys("s");
    assert_terminal_restored();
}

static void end_by(int signal_number, bool saved) {
    start_training();
    pid_t pid = program_pid();
    assert_true(pid > 0);
    assert_int_equal(kill(pid, signal_number), 0);
    assert_terminal_restored();
    if (saved)
        assert_int_equal(newest_run().state, RUN_STOPPED);
}

static void test_end_by_term(void **state) {
    (void)state;
    end_by(SIGTERM, true);
}

static void test_end_by_hangup(void **state) {
    (void)state;
    end_by(SIGHUP, true);
}

static void test_end_by_fault(void **state) {
    (void)state;
    end_by(SIGSEGV, false);
}

static void test_sizes(void **state) {
    (void)state;
    start(SAMPLE);
    assert_true(tmux_wait("569", PATIENCE));
    tmux_resize(10, 4);
    usleep(200000);
    tmux_resize(160, 48);
    assert_true(tmux_wait("warnings", PATIENCE));
    tmux_resize(80, 24);
    assert_true(tmux_wait("Data", PATIENCE));
    tmux_keys("q");
    assert_terminal_restored();
}

// Data comes through the pipe, keys from the terminal.
static void test_data_through_a_pipe(void **state) {
    (void)state;
    tmux_type("cat " SAMPLE " | \"$BATCHLAB_PROGRAM\" -; echo end=$?");
    assert_true(tmux_wait("569", PATIENCE));
    assert_true(tmux_wait("stdin", PATIENCE));
    tmux_keys("q");
    assert_true(tmux_wait("end=0", PATIENCE));
}

static void test_without_terminal(void **state) {
    (void)state;
    char command[1200], line[512] = "";
    const char *program = getenv("BATCHLAB_PROGRAM");
    assert_non_null(program);
    snprintf(command, sizeof command, "'%s' " SAMPLE " </dev/null 2>&1 | head -1; exit 0", program);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(line, sizeof line, pipe));
    pclose(pipe);
    assert_non_null(strstr(line, "batchlab train"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_train_and_steer, open_pane, close_pane),
        cmocka_unit_test_setup_teardown(test_evaluate_while_training, open_pane, close_pane),
        cmocka_unit_test_setup_teardown(test_detach_and_attach, open_pane, close_pane),
        cmocka_unit_test_setup_teardown(test_end_by_term, open_pane, close_pane),
        cmocka_unit_test_setup_teardown(test_end_by_hangup, open_pane, close_pane),
        cmocka_unit_test_setup_teardown(test_end_by_fault, open_pane, close_pane),
        cmocka_unit_test_setup_teardown(test_sizes, open_pane, close_pane),
        cmocka_unit_test_setup_teardown(test_data_through_a_pipe, open_pane, close_pane),
        cmocka_unit_test(test_without_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
