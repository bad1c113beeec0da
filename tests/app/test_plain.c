// The plain dialogue, as a script on standard input and as somebody who types.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/rng.h"
#include "core/base/str.h"
#include "tests/support/child.h"
#include "tests/support/pty.h"
#include "tests/support/test.h"

#define IRIS "datasets/samples/iris.csv"
#define TITANIC "datasets/samples/titanic.csv"

static struct child dialogue(const char *file, const char *lines) {
    const char *const argv[] = {"--plain", file, NULL};
    return child_run_with(&(struct child_options){.input = lines, .input_length = strlen(lines)}, argv);
}

// In this order.
static void assert_told(const struct child *child, const char *const *texts) {
    const char *at = child->out;
    for (; *texts; texts++) {
        const char *found = strstr(at, *texts);
        if (!found)
            print_message("not told: %s\nin: %s\n", *texts, at);
        assert_non_null(found);
        at = found + strlen(*texts);
    }
}
#define TOLD(child, ...) assert_told(&(child), (const char *const[]){__VA_ARGS__, NULL})

static void data_is_told(void **state) {
    (void)state;
    struct child child = dialogue(IRIS, "column sepal_length\nrow 2\nfilter sepal_length>7.2\nsort sepal_length\n"
                                        "sort sepal_length\nrows 1 1\nfilter\nfind versicolor\nfind versicolor\n"
                                        "warnings\ntarget petal_width\ndata\n");
    child_assert_done(&child);
    TOLD(child, "iris.csv: 150 rows, 5 columns\n", "target: species\n", "mean: 5.84333\n", "median: 5.8\n",
         "from 4.3 to 4.75: 11 rows\n", "petal_length: 1.4\n", "8 of 150 rows are shown\n", "the most first\n",
         "row 132: sepal_length 7.9", "150 of 150", "row 51:", "row 52:", "equal to an earlier one",
         "target: petal_width\n", "target: petal_width\n");
    child_free(&child);
}

static void preparing_is_told(void **state) {
    (void)state;
    const char *recipe = child_path("recipe.json"), *out = child_path("prepared.csv");
    struct str lines = {0};
    str_format(&lines, "steps\nadd min-max\nchange 3 to 2\nswitch 2\nremove 1\nundo\nredo\nmove 1 2\n"
                       "compare petal_width\nledger 1\nsave %s\nexport %s\nsuggest\nload %s\nbatches 2\n",
               recipe, out, recipe);
    struct child child = dialogue(IRIS, str_text(&lines));
    TOLD(child, "step 1: drop duplicates; did: 1 row\nstep 2: standardize", "step 3: min-max",
         "error: there is no parameter \"to\"; there are low, high, clip, columns", "step 2: standardize, off", "undone\n", "done again\n", "as read: numeric, 0 missing, 22 distinct, mean 1.19933",
         "prepared: numeric", "rows dropped: ", "the same row twice counts twice", "epoch 2: 4 batches of 32 rows\n",
         "batch 1, 32 rows: ");
    assert_int_equal(child.status, 1); // one command was refused
    assert_int_equal(access(recipe, R_OK), 0);
    assert_int_equal(access(out, R_OK), 0);
    child_free(&child);
    str_free(&lines);
}

static void training_is_told(void **state) {
    (void)state;
    struct child child =
        dialogue(TITANIC, "set epochs 3\nraise batch\nparameter lr\nmodel\nrange\ntrain\nwait\nepochs\nstatus\nevaluate\n"
                          "confusion\nworst 2\nset epochs 200\nset pace 300\ntell no\ntrain\nrange\nset lr 0.02\nmark here\n"
                          "checkpoint\npause\nstop\nruns 2\nnote 1 the first one\nruns 2\n");
    child_assert_done(&child);
    TOLD(child, "epochs: 3\n", "batch: 64 rows\n", "greater than 0 and at most 100", "weights: ", "no run was made\nlearning rate ", "begins on ", "epoch 3: loss ",
         "is done", "epoch 3: loss ", "learning rate: ", "validation rows\naccuracy: ", "area under the ROC curve: ",
         " taken for ", "chance of the true class", "the run is as it was before\nlearning rate ", ": here\n", "saved: ",
         "is stopped", "run 2, ", "run 1, ", "note: the first one");
    child_free(&child);
}

static void mistakes_get_a_sentence(void **state) {
    (void)state;
    struct child child = dialogue(IRIS, "\n# a remark\ncolum x\nxyzzy\nrow 151\nrow\nset lr oops\nset\ncolumn sepal\n"
                                        "step 9\ntrain now\npause\nconfusion\nevaluate 77\nquit sometimes\nopen /nowhere\nrows 149");
    assert_int_equal(child.status, 1);
    TOLD(child, "did you mean \"column\"?", "there is no command \"xyzzy\"; help tells all", "row 151: must be 1 to 150",
         "usage: row NUMBER", "learning rate oops", "usage: set NAME VALUE", "there is no column \"sepal\"",
         "step 9: must be 1 to 2", "usage: train\n", "error: ", "nothing was evaluated yet", "error: ",
         "must be stop or detach", "no such file", "row 149: ", "row 150: ");
    assert_string_equal(child.err, "");
    child_free(&child);
}

// The end of a script waits for its run.
static void the_end_of_the_lines_ends_it(void **state) {
    (void)state;
    struct child child = dialogue(IRIS, "set epochs 30\ntrain");
    child_assert_done(&child);
    TOLD(child, "epoch 30: ", "is done");
    child_free(&child);
    child = dialogue(IRIS, "set pace 1\ntrain\nquit\nquit stop\ndata");
    assert_int_equal(child.status, 1);
    TOLD(child, "a run is alive", "is stopped and saved; batchlab resume");
    assert_null(strstr(child.out, "warnings: 3\niris"));
    child_free(&child);
}

// What the engine refuses is not waited for.
static void a_run_that_diverges_is_told(void **state) {
    (void)state;
    struct child child = dialogue(IRIS, "set lr 100\nset optimizer sgd\nset lr 100\nset epochs 50\ntell no\nset pace 1000\ntrain\n"
                                        "wait\ncheckpoint\nrange\nstatus\nstop\n");
    assert_int_equal(child.status, 1);
    TOLD(child, "begins on", "error: step ", "the run is paused", "no checkpoint is kept", ": paused\n");
    child_free(&child);
}

// Who reads goes away: the living run is saved before the program ends.
static void a_reader_that_goes_leaves_a_saved_run(void **state) {
    (void)state;
    char command[1200];
    snprintf(command, sizeof command, "printf 'set pace 100\\ntrain\\nwait\\n' | '%s' --plain " IRIS " | head -n 9 >/dev/null",
             getenv("BATCHLAB_PROGRAM"));
    assert_int_equal(system(command), 0);
    struct child runs = CHILD_RUN("runs", "--json");
    child_assert_done(&runs);
    char *end = strchr(runs.out, '\n'); // the newest is the first
    assert_non_null(end);
    *end = '\0';
    assert_non_null(strstr(runs.out, "\"state\":\"stopped\""));
    assert_null(strstr(runs.out, "\"checkpoint\":\"\""));
    child_free(&runs);
}

static void any_bytes_are_survived(void **state) {
    (void)state;
    enum { BYTES = 150000 };
    char *bytes = malloc(BYTES);
    struct rng rng = rng_make(7, RNG_SHUFFLE, 0);
    for (size_t i = 0; i < BYTES; i++)
        bytes[i] = (char)rng_u32(&rng);
    memset(bytes, 'x', 70000); // a line longer than any
    bytes[70000] = '\n';
    const char *const argv[] = {"--plain", NULL};
    struct child child = child_run_with(&(struct child_options){.input = bytes, .input_length = BYTES}, argv);
    assert_int_equal(child.status, 1);
    TOLD(child, "a line is longer than", "there is no command");
    child_free(&child);
    free(bytes);
}

// Every command without data, and with nonsense: never a crash.
static void no_command_needs_anything(void **state) {
    (void)state;
    struct child help = dialogue(NULL, "help");
    child_assert_done(&help);
    struct str lines = {0};
    for (const char *line = help.out; *line; line += strcspn(line, "\n") + 1) {
        int length = (int)strcspn(line, " :");
        if (strncmp(line, "quit", 4) == 0 || strncmp(line, "save", 4) == 0 || strncmp(line, "export", 6) == 0)
            continue;
        str_format(&lines, "%.*s\n%.*s 1\n%.*s x y z\n", length, line, length, line, length, line);
    }
    struct child child = dialogue(NULL, str_text(&lines));
    assert_int_equal(child.status, 1);
    TOLD(child, "nothing is open", "there is no run yet");
    child_free(&child);
    child = dialogue(IRIS, str_text(&lines));
    assert_int_equal(child.status, 1);
    child_free(&child);
    child_free(&help);
    str_free(&lines);
}

static void somebody_types(void **state) {
    (void)state;
    struct pty pty;
    char *arguments[] = {getenv("BATCHLAB_PROGRAM"), "--plain", IRIS, NULL};
    assert_true(pty_open(&pty, arguments, 80, 24));
    assert_true(pty_wait(&pty, "help tells every command\r\n> ", 60));
    pty_send(&pty, "set pace 20\n");
    assert_true(pty_wait(&pty, "pace: 20 steps/s\r\n> ", 60));
    pty_send(&pty, "train\n");
    assert_true(pty_wait(&pty, "begins on", 60));
    pty_forget(&pty);
    pty_send(&pty, "wait\n");
    assert_true(pty_wait(&pty, "epoch ", 60)); // comes by itself
    pty_send(&pty, "\003");                    // gives up waiting, not the run
    pty_send(&pty, "status\n");
    assert_true(pty_wait(&pty, ": training", 60));
    pty_send(&pty, "quit\n");
    assert_true(pty_wait(&pty, "a run is alive", 60));
    assert_null(strchr(pty.tail, '\033'));
    pty_send(&pty, "quit stop\n");
    assert_true(pty_wait(&pty, "is stopped and saved", 60));
    pty_close(&pty);
}

int main(void) {
    setenv("LC_ALL", "C.UTF-8", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_is_told),
        cmocka_unit_test(preparing_is_told),
        cmocka_unit_test(training_is_told),
        cmocka_unit_test(mistakes_get_a_sentence),
        cmocka_unit_test(the_end_of_the_lines_ends_it),
        cmocka_unit_test(a_run_that_diverges_is_told),
        cmocka_unit_test(a_reader_that_goes_leaves_a_saved_run),
        cmocka_unit_test(any_bytes_are_survived),
        cmocka_unit_test(no_command_needs_anything),
        cmocka_unit_test(somebody_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
