// `batchlab train`, `resume` and `runs`, as scripts use them: the lines' shapes and figures.
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/store/store.h"
#include "tests/support/child.h"
#include "tests/support/json_lines.h"
#include "tests/support/test.h"

#define SAMPLE(name) "datasets/samples/" name

static const cJSON *member(const cJSON *object, const char *path) {
    char name[64];
    while (*path && object) {
        size_t length = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)length, path);
        object = cJSON_GetObjectItemCaseSensitive(object, name);
        path += length + (path[length] == '.');
    }
    return object;
}

static double number(const cJSON *object, const char *path) {
    const cJSON *item = member(object, path);
    if (!cJSON_IsNumber(item))
        fail_msg("%s is no number", path);
    return item->valuedouble;
}

static void assert_text(const cJSON *object, const char *path, const char *text) {
    const char *value = cJSON_GetStringValue(member(object, path));
    assert_non_null(value);
    assert_string_equal(value, text);
}

// Every name is a number of the object.
static void assert_numbers(const cJSON *object, const char *const *names) {
    for (; *names; names++)
        if (!isfinite(number(object, *names)))
            fail_msg("%s is not finite", *names);
}
#define NUMBERS(object, ...) assert_numbers((object), (const char *const[]){__VA_ARGS__, NULL})

// The digits of a number as they stand in a line.
static double printed(const char *line, const char *name, char text[64]) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(line, key);
    assert_non_null(at);
    at += strlen(key);
    snprintf(text, 64, "%.*s", (int)strcspn(at, ",}"), at);
    return strtod(text, NULL);
}

static struct json_lines lines, others;

static void train_json(struct json_lines *out, const char *const *argv) {
    struct child program = child_run_with(NULL, argv);
    child_assert_done(&program);
    json_lines_read(out, program.out);
    child_free(&program);
}
#define TRAIN(out, ...) train_json((out), (const char *const[]){"train", __VA_ARGS__, "--json", NULL})

static void assert_shares(const cJSON *line) {
    NUMBERS(line, "time.steps", "time.data", "time.evaluation", "time.keeping", "time.rest");
    double sum = number(line, "time.steps") + number(line, "time.data") + number(line, "time.evaluation") +
                 number(line, "time.keeping") + number(line, "time.rest");
    assert_true(fabs(sum - 1) < 1e-9 && number(line, "time.steps") > 0 && number(line, "time.data") > 0);
}

// The rate that its authors propose, unless another is given, wherever it stands on the line.
static void test_an_optimizer_brings_its_rate(void **state) {
    (void)state;
    TRAIN(&lines, SAMPLE("iris.csv"), "--optimizer", "adamw", "--epochs", "1");
    assert_true(number(lines.items[0], "params.lr") == 0.001);
    assert_true(number(lines.items[1], "lr") == 0.001);
    json_lines_free(&lines);
    TRAIN(&lines, SAMPLE("iris.csv"), "--lr", "0.05", "--optimizer", "adamw", "--epochs", "1", "--clip", "0.001");
    assert_true(number(lines.items[0], "params.lr") == 0.05);
    assert_true(number(lines.items[1], "clipped") == 1); // every step
    json_lines_free(&lines);
}

static void test_lines_of_a_classification(void **state) {
    (void)state;
    TRAIN(&lines, SAMPLE("breast_cancer.csv"), "--epochs", "4", "--batch", "50", "--hidden", "16,8", "--seed", "3");
    assert_int_equal(lines.count, 6);
    const cJSON *start = lines.items[0], *done = lines.items[5];
    assert_text(start, "event", "start");
    NUMBERS(start, "run", "device.threads", "rows.train", "rows.validation", "rows.test");
    assert_true(number(start, "run") >= 1);
    assert_true(cJSON_IsString(member(start, "device.backend")) && cJSON_IsString(member(start, "device.name")));
    assert_text(start, "device.precision", "f32");
    assert_int_equal(number(start, "rows.validation"), 114); // ceil(0.2 · 569), SEMANTICS
    assert_int_equal(number(start, "rows.train"), 455);
    for (size_t i = 0; i < train_table.count; i++) // every parameter, once
        if (!member(member(start, "params"), train_table.rows[i].name))
            fail_msg("params lacks %s", train_table.rows[i].name);
    assert_int_equal(number(start, "params.batch"), 50);
    assert_text(start, "params.hidden", "16,8");
    assert_true(cJSON_IsFalse(member(start, "params.nesterov")));
    assert_int_equal(number(start, "recipe.version"), 1); // the suggested pipeline
    assert_true(cJSON_GetArraySize(member(start, "recipe.steps")) > 0);
    for (int i = 1; i <= 4; i++) {
        const cJSON *epoch = lines.items[i];
        assert_text(epoch, "event", "epoch");
        NUMBERS(epoch, "epoch", "step", "samples", "seconds", "lr", "batch", "train_loss", "train_accuracy", "val_loss",
                "val_accuracy", "samples_per_s");
        assert_int_equal(number(epoch, "epoch"), i);
        assert_int_equal(number(epoch, "step"), 10 * i); // ceil(455 / 50)
        assert_int_equal(number(epoch, "samples"), 455 * i);
        assert_true(number(epoch, "train_accuracy") <= 1 && number(epoch, "val_accuracy") <= 1);
        assert_shares(epoch);
    }
    assert_shares(done);
    assert_text(done, "event", "done");
    NUMBERS(done, "run", "epochs", "steps", "seconds", "samples_per_s", "final.train_loss", "final.train_accuracy",
            "final.val_loss", "final.val_accuracy", "best.val_accuracy");
    assert_int_equal(number(done, "steps"), 40);
    assert_int_equal(number(done, "run"), number(start, "run"));
    double best = 0;
    for (int i = 1; i <= 4; i++)
        best = fmax(best, number(lines.items[i], "val_accuracy"));
    assert_true(number(done, "best.val_accuracy") == best);
    assert_true(number(done, "final.val_loss") == number(lines.items[4], "val_loss"));
    json_lines_free(&lines);
}

static void test_lines_of_a_regression(void **state) {
    (void)state;
    TRAIN(&lines, SAMPLE("diabetes.csv"), "--epochs", "2");
    assert_int_equal(lines.count, 4);
    for (int i = 1; i <= 2; i++) {
        NUMBERS(lines.items[i], "train_loss", "train_rmse", "val_loss", "val_rmse");
        assert_null(member(lines.items[i], "train_accuracy"));
        assert_null(member(lines.items[i], "val_accuracy"));
    }
    NUMBERS(lines.items[3], "final.train_rmse", "final.val_rmse", "best.val_rmse");
    assert_null(member(lines.items[3], "final.val_accuracy"));
    json_lines_free(&lines);
}

static void test_what_is_not_a_number_is_null(void **state) {
    (void)state;
    TRAIN(&lines, SAMPLE("iris.csv"), "--epochs", "2", "--validation", "0");
    assert_int_equal(number(lines.items[0], "rows.validation"), 0);
    for (int i = 1; i <= 2; i++) {
        assert_true(cJSON_IsNull(member(lines.items[i], "val_loss")));
        assert_true(cJSON_IsNull(member(lines.items[i], "val_accuracy")));
    }
    assert_true(cJSON_IsNull(member(lines.items[3], "final.val_loss")));
    json_lines_free(&lines);
}

// What is printed reads back as the very bits the store keeps, and is the shortest text that does.
static void test_figures_keep_their_bits(void **state) {
    (void)state;
    struct store *store = NULL;
    struct epoch_row *rows = NULL;
    struct error error;
    size_t count = 0;
    TRAIN(&lines, SAMPLE("wine.csv"), "--epochs", "5", "--lr", "0.03");
    assert_int_equal(store_open(&store, NULL, &error), STATUS_OK);
    assert_int_equal(store_run_epochs(store, (int64_t)number(lines.items[0], "run"), &rows, &count, &error), STATUS_OK);
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) {
        const struct {
            const char *name;
            double value;
        } figures[] = {{"train_loss", rows[i].train_loss},
                       {"train_accuracy", rows[i].train_accuracy},
                       {"val_loss", rows[i].val_loss},
                       {"val_accuracy", rows[i].val_accuracy},
                       {"lr", rows[i].lr},
                       {"seconds", rows[i].seconds},
                       {"samples_per_s", rows[i].samples_per_s}};
        for (size_t f = 0; f < sizeof figures / sizeof *figures; f++) {
            char text[64];
            double value = printed(lines.texts[i + 1], figures[f].name, text);
            assert_memory_equal(&value, &figures[f].value, sizeof value);
            assert_true(strlen(text) <= 24);
        }
    }
    char text[64];
    assert_true(printed(lines.texts[1], "lr", text) == 0.03);
    assert_string_equal(text, "0.03");
    mem_free(rows);
    store_close(store);
    json_lines_free(&lines);
}

// A line without what depends on the clock or counts runs.
static char *timeless(const struct json_lines *all, size_t index) {
    static const char *const gone[] = {"seconds", "samples_per_s", "time", "run"};
    cJSON *copy = cJSON_Duplicate(all->items[index], true);
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
        cJSON_DeleteItemFromObjectCaseSensitive(copy, gone[i]);
    char *text = cJSON_PrintUnformatted(copy);
    cJSON_Delete(copy);
    return text;
}

static size_t lines_that_differ(const struct json_lines *a, const struct json_lines *b) {
    assert_int_equal(a->count, b->count);
    size_t different = 0;
    for (size_t i = 0; i < a->count; i++) {
        char *one = timeless(a, i), *two = timeless(b, i);
        different += strcmp(one, two) != 0;
        cJSON_free(one);
        cJSON_free(two);
    }
    return different;
}

static void test_the_same_seed_repeats_every_line(void **state) {
    (void)state;
    TRAIN(&lines, SAMPLE("wine.csv"), "--epochs", "6", "--seed", "11", "--dropout", "0.2");
    TRAIN(&others, SAMPLE("wine.csv"), "--epochs", "6", "--seed", "11", "--dropout", "0.2");
    assert_int_equal(lines_that_differ(&lines, &others), 0);
    json_lines_free(&others);
    TRAIN(&others, SAMPLE("wine.csv"), "--epochs", "6", "--seed", "12", "--dropout", "0.2");
    assert_int_equal(lines_that_differ(&lines, &others), lines.count);
    json_lines_free(&others);
    json_lines_free(&lines);
}

static void assert_steps(const cJSON *start, const char *const *names) {
    const cJSON *step, *steps = member(start, "recipe.steps");
    cJSON_ArrayForEach(step, steps) {
        assert_non_null(*names);
        assert_text(step, "step", *names++);
    }
    assert_null(*names);
}

static void test_recipes(void **state) {
    (void)state;
    const char *recipe = child_file("recipe.json", "{\"version\":1,\"steps\":[{\"step\":\"min-max\"}]}");
    TRAIN(&lines, SAMPLE("iris.csv"), "--epochs", "1", "--recipe", "none"); // nothing a model cannot do without
    assert_steps(lines.items[0], (const char *const[]){NULL});
    json_lines_free(&lines);
    TRAIN(&lines, SAMPLE("titanic.csv"), "--epochs", "1", "--recipe", "none"); // categories
    assert_steps(lines.items[0], (const char *const[]){"one-hot", NULL});
    json_lines_free(&lines);
    TRAIN(&lines, SAMPLE("iris.csv"), "--epochs", "1", "--recipe", recipe);
    assert_steps(lines.items[0], (const char *const[]){"min-max", NULL});
    json_lines_free(&lines);
    TRAIN(&lines, SAMPLE("airquality.csv"), "--epochs", "1", "--steps", "missing=mean,standardize");
    assert_steps(lines.items[0], (const char *const[]){"missing", "standardize", NULL});
    assert_text(cJSON_GetArrayItem(member(lines.items[0], "recipe.steps"), 0), "strategy", "mean");
    json_lines_free(&lines);
    struct child program = CHILD_RUN("train", SAMPLE("iris.csv"), "--steps", "standardize", "--recipe", "none");
    REFUSED(program, 2, "--recipe", "--steps");
    child_free(&program);
}

static void test_plain_lines(void **state) {
    (void)state;
    struct child program = CHILD_RUN("train", SAMPLE("iris.csv"), "--epochs", "2");
    child_assert_done(&program);
    assert_non_null(strstr(program.out, "epoch   1/2"));
    assert_non_null(strstr(program.out, "epoch   2/2"));
    assert_non_null(strstr(program.out, "suggested pipeline:"));
    assert_non_null(strstr(program.out, "done after 8 steps")); // 120 rows in batches of 32, twice
    assert_string_equal(program.err, "");
    child_free(&program);
}

static void test_a_diverging_run_fails_and_says_so(void **state) {
    (void)state;
    struct child program = CHILD_RUN("train", SAMPLE("iris.csv"), "--lr", "100", "--epochs", "50", "--json");
    assert_int_equal(program.status, 1);
    assert_int_equal(strncmp(program.err, "batchlab: step ", 15), 0);
    assert_non_null(strstr(program.err, "learning rate 100"));
    json_lines_read(&lines, program.out);
    assert_text(lines.items[lines.count - 1], "event", "done");
    json_lines_free(&lines);
    child_free(&program);
}

// ---- interrupted and resumed ------------------------------------------------------------------------------

static size_t count_lines(const char *text) {
    size_t count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

// About two seconds; sanitizers make a step some fifty times slower, so that a tenth of it lasts longer still.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define LONG_EPOCHS 250
#define LONG_EPOCHS_TEXT "250"
#else
#define LONG_EPOCHS 2500
#define LONG_EPOCHS_TEXT "2500"
#endif
#define LONG_RUN                                                                                                       \
    "train", SAMPLE("breast_cancer.csv"), "--batch", "4", "--epochs", LONG_EPOCHS_TEXT, "--lr", "0.001", "--json"

static int64_t interrupt(int signal_number, double *stopped_at) {
    struct child program = child_start(NULL, (const char *const[]){LONG_RUN, NULL});
    do // until a few epochs are through
        child_output(&program);
    while (count_lines(program.out) < 5);
    kill(program.pid, signal_number);
    child_wait(&program);
    assert_int_equal(program.status, 1);
    json_lines_read(&lines, program.out);
    const cJSON *done = lines.items[lines.count - 1];
    assert_text(done, "event", "done");
    assert_text(done, "state", "stopped");
    *stopped_at = number(done, "steps");
    assert_true(*stopped_at < LONG_EPOCHS * 114.0); // 455 rows in batches of 4
    int64_t run = (int64_t)number(done, "run");
    char sentence[160];
    snprintf(sentence, sizeof sentence,
             "batchlab: stopped at step %.0f and saved; batchlab resume %" PRId64 " goes on\n", *stopped_at, run);
    assert_string_equal(program.err, sentence);
    child_free(&program);
    json_lines_free(&lines);
    return run;
}

static void test_interrupted_and_resumed_is_as_never_stopped(void **state) {
    (void)state;
    double stopped_at;
    int64_t run = interrupt(SIGINT, &stopped_at);
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, run);
    struct child program = CHILD_RUN("resume", text, "--json");
    child_assert_done(&program);
    json_lines_read(&lines, program.out);
    child_free(&program);
    program = CHILD_RUN(LONG_RUN);
    child_assert_done(&program);
    json_lines_read(&others, program.out);
    child_free(&program);
    const cJSON *resumed = lines.items[lines.count - 1], *whole = others.items[others.count - 1];
    assert_text(lines.items[0], "event", "start");
    assert_true(number(lines.items[1], "step") > stopped_at);
    assert_true(number(resumed, "steps") == LONG_EPOCHS * 114.0);
    static const char *const same[] = {"final.train_loss", "final.train_accuracy", "final.val_loss",
                                       "final.val_accuracy"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (number(resumed, same[i]) != number(whole, same[i]))
            fail_msg("%s: %.17g resumed, %.17g in one go", same[i], number(resumed, same[i]), number(whole, same[i]));
    size_t last = lines.count - 2, offset = others.count - lines.count; // every epoch that the resumed run trained
    for (size_t i = 1; i <= last; i++) {
        char *one = timeless(&lines, i), *two = timeless(&others, i + offset);
        assert_string_equal(one, two);
        cJSON_free(one);
        cJSON_free(two);
    }
    json_lines_free(&lines);
    json_lines_free(&others);
}

static void test_a_hang_up_saves_too(void **state) {
    (void)state;
    double stopped_at;
    interrupt(SIGTERM, &stopped_at);
    interrupt(SIGHUP, &stopped_at);
}

static void test_resume_goes_on_from_another_folder(void **state) {
    (void)state;
    double stopped_at;
    char text[32], program_name[512], command[900];
    int64_t run = interrupt(SIGINT, &stopped_at);
    snprintf(text, sizeof text, "%" PRId64, run);
    snprintf(program_name, sizeof program_name, "%s", getenv("BATCHLAB_PROGRAM"));
    snprintf(command, sizeof command, "cd / && '%s' resume %s --json >'%s' 2>&1", program_name, text,
             child_path("resumed"));
    assert_int_equal(system(command), 0);
}

static void test_runs_lists_them(void **state) {
    (void)state;
    TRAIN(&others, SAMPLE("iris.csv"), "--epochs", "3", "--lr", "0.02", "--batch", "16", "--seed", "5");
    struct child program = CHILD_RUN("runs", "--json");
    child_assert_done(&program);
    json_lines_read(&lines, program.out);
    child_free(&program);
    const cJSON *run = lines.items[0], *done = others.items[others.count - 1]; // the newest first
    assert_true(number(run, "run") == number(done, "run"));
    assert_true(cJSON_IsNull(member(run, "parent")));
    assert_text(run, "state", "done");
    assert_text(run, "model", "mlp");
    NUMBERS(run, "started", "ended", "seconds");
    assert_int_equal(number(run, "steps"), 24);
    assert_int_equal(number(run, "epochs"), 3);
    assert_int_equal(number(run, "batch"), 16);
    assert_true(number(run, "lr") == 0.02 && number(run, "seed") == 5);
    assert_true(number(run, "train_loss") == number(done, "final.train_loss"));
    assert_true(number(run, "val_accuracy") == number(done, "final.val_accuracy"));
    assert_true(number(run, "best_val_accuracy") == number(done, "best.val_accuracy"));
    assert_true(file_exists(cJSON_GetStringValue(member(run, "checkpoint"))));
    size_t count = lines.count;
    json_lines_free(&lines);
    json_lines_free(&others);
    program = CHILD_RUN("runs");
    child_assert_done(&program);
    assert_int_equal(count_lines(program.out), count);
    assert_non_null(strstr(program.out, "mlp · iris.csv"));
    child_free(&program);
}

// DNNL_MAX_CPU_ISA makes oneDNN take this processor for a lesser one.
static struct child train_bf16(const char *isa, const char *json) {
    setenv("DNNL_MAX_CPU_ISA", isa, 1);
    struct child program = CHILD_RUN("train", SAMPLE("iris.csv"), "--epochs", "1", "--precision", "bf16", json);
    unsetenv("DNNL_MAX_CPU_ISA");
    return program;
}

static void test_bf16_is_refused_emulated_or_there(void **state) {
    (void)state;
    struct child program = train_bf16("AVX2", NULL);
    REFUSED(program, 1, "bf16", "AVX-512", "f32");
    child_free(&program);
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx512bw")) {
        skip();
    }
    program = train_bf16("AVX512_CORE", "--json");
    child_assert_done(&program);
    json_lines_read(&lines, program.out);
    assert_text(lines.items[0], "device.precision", "bf16");
    assert_non_null(strstr(program.out, "\"event\":\"warning\""));
    assert_non_null(strstr(program.out, "emulated"));
    json_lines_free(&lines);
    child_free(&program);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bf16_is_refused_emulated_or_there),
        cmocka_unit_test(test_an_optimizer_brings_its_rate),
        cmocka_unit_test(test_lines_of_a_classification),
        cmocka_unit_test(test_lines_of_a_regression),
        cmocka_unit_test(test_what_is_not_a_number_is_null),
        cmocka_unit_test(test_figures_keep_their_bits),
        cmocka_unit_test(test_the_same_seed_repeats_every_line),
        cmocka_unit_test(test_recipes),
        cmocka_unit_test(test_plain_lines),
        cmocka_unit_test(test_a_diverging_run_fails_and_says_so),
        cmocka_unit_test(test_interrupted_and_resumed_is_as_never_stopped),
        cmocka_unit_test(test_a_hang_up_saves_too),
        cmocka_unit_test(test_resume_goes_on_from_another_folder),
        cmocka_unit_test(test_runs_lists_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
