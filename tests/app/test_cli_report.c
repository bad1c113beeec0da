// batchlab report, fork and lesson as a person runs them.
#include <unistd.h>

#include "tests/app/kept_support.h"
#include "tests/support/json_lines.h"

#define CANCER SAMPLE("breast_cancer.csv")

static int set_up(void **state) {
    (void)state;
    return setenv("XDG_DATA_HOME", child_path("data"), 1);
}

// Every element that is opened is closed, in order; `most` is the deepest nesting looked at.
static void assert_balanced(const char *text) {
    char open[64][32];
    size_t depth = 0, elements = 0;
    for (const char *at = text; (at = strchr(at, '<')); at++) {
        const char *end = strchr(at, '>');
        char name[32];
        assert_non_null(end);
        if (at[1] == '!')
            continue;
        bool closing = at[1] == '/';
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at + 1 + closing, " />"), at + 1 + closing);
        if (closing) {
            assert_true(depth > 0);
            assert_string_equal(name, open[--depth]);
        } else if (end[-1] != '/') {
            assert_true(depth < 64);
            strcpy(open[depth++], name);
        }
        elements++;
    }
    assert_int_equal(depth, 0);
    assert_true(elements > 50);
}

// What is referred to is there once.
static void assert_ids_differ(const char *text) {
    size_t found = 0;
    for (const char *at = text; (at = strstr(at, " id=\"")); at++, found++) {
        char id[64];
        snprintf(id, sizeof id, "%.*s\"", (int)(5 + strcspn(at + 5, "\"")), at);
        assert_null(strstr(at + 1, id));
    }
    assert_true(found >= 2);
}

static void a_report_escapes_what_people_write(void **state) {
    (void)state;
    size_t size = 0;
    char *table = child_read(CANCER, &size);
    const char *hostile = child_path("a<script>alert(1)|`&.csv");
    child_write(hostile, table, size);
    free(table);
    struct trained one = TRAIN(hostile, "--epochs", "5"), two = TRAIN(CANCER, "--epochs", "5", "--batch", "64");
    const char *page = child_path("page.html"), *text = child_path("page.md");
    struct child program = CHILD_RUN("report", one.run, two.run, "-o", page);
    child_assert_done(&program);
    child_free(&program);
    char *html = child_read(page, &size);
    assert_balanced(html);
    assert_null(strstr(html, "<script"));
    assert_null(strstr(html, "http-equiv"));
    assert_non_null(strstr(html, "a&lt;script&gt;alert(1)|`&amp;.csv"));
    assert_non_null(strstr(html, "<svg"));
    assert_non_null(strstr(html, "standardize"));
    assert_ids_differ(html);
    free(html);
    program = CHILD_RUN("report", one.run, two.run, "-o", text);
    child_assert_done(&program);
    child_free(&program);
    char *markdown = child_read(text, &size);
    assert_null(strstr(markdown, "<script"));
    assert_non_null(strstr(markdown, "a&lt;script&gt;alert(1)\\|\\`&amp;.csv"));
    assert_non_null(strstr(markdown, "| batch size | 32 | 32 | 64 |"));
    free(markdown);
    program = CHILD_RUN("report", one.run, "-o", child_path("page.pdf"));
    REFUSED(program, 2, ".html or .md");
    child_free(&program);
    program = CHILD_RUN("report", "999", "-o", page);
    REFUSED(program, 1, "no run 999");
    child_free(&program);
    cJSON_Delete(one.done);
    cJSON_Delete(two.done);
}

static double loss_of(const char *run) {
    cJSON *object = EVAL(run);
    double loss = json_figure(object, "log_loss");
    cJSON_Delete(object);
    return loss;
}

static struct trained fork_run(const char *const *argv) {
    return train_run(argv);
}
#define FORK(...) fork_run((const char *const[]){"fork", __VA_ARGS__, "--json", NULL})

// With weights, moments and the place of the sampler: a fork that only gets more epochs ends where one run would.
static void a_fork_goes_on_to_the_bit(void **state) {
    (void)state;
    struct trained half = TRAIN(CANCER, "--epochs", "4"), whole = TRAIN(CANCER, "--epochs", "9");
    struct trained on = FORK(half.run, "--epochs", "9"), other = FORK(half.run, "--epochs", "9", "--lr", "0.01");
    struct trained adam = FORK(half.run, "--epochs", "9", "--optimizer", "adam", "--lr", "0.001");
    assert_true(loss_of(on.run) == loss_of(whole.run));
    assert_true(loss_of(other.run) != loss_of(whole.run));
    assert_true(json_figure(adam.done, "epochs") == 9);
    struct child program = CHILD_RUN("runs", "--json");
    child_assert_done(&program);
    char parent[96];
    snprintf(parent, sizeof parent, "{\"run\":%s,\"parent\":%s,", on.run, half.run);
    assert_non_null(strstr(program.out, parent));
    child_free(&program);
    program = CHILD_RUN("fork", half.run);
    REFUSED(program, 1, "has all of its 4 epochs behind it");
    child_free(&program);
    struct trained resumed = fork_run((const char *const[]){"resume", half.run, "--epochs", "9", "--json", NULL});
    assert_true(loss_of(resumed.run) == loss_of(whole.run));
    cJSON_Delete(resumed.done);
    program = CHILD_RUN("resume", half.run);
    REFUSED(program, 1, "give it more, such as --epochs 8");
    child_free(&program);
    program = CHILD_RUN("resume", half.run, "--epochs", "4");
    REFUSED(program, 1, "has all of its 4 epochs behind it");
    child_free(&program);
    program = CHILD_RUN("resume", half.run, "--lr", "1");
    REFUSED(program, 2, "lr");
    child_free(&program);
    program = CHILD_RUN("fork", half.run, "--seed", "7");
    REFUSED(program, 1, "seed decides which rows train");
    child_free(&program);
    cJSON *done[] = {half.done, whole.done, on.done, other.done, adam.done};
    for (size_t i = 0; i < sizeof done / sizeof *done; i++)
        cJSON_Delete(done[i]);
}

static void a_lesson_is_answered_by_its_curves(void **state) {
    (void)state;
    struct child program = CHILD_RUN("lesson");
    child_assert_done(&program);
    assert_non_null(strstr(program.out, "  8  "));
    child_free(&program);
    program = CHILD_RUN("lesson", "1", "--answer", "c", "--json");
    child_assert_done(&program);
    assert_non_null(strstr(program.out, "{\"event\":\"answer\",\"measured\":\"c\",\"given\":\"c\",\"right\":true}"));
    child_free(&program);
    program = CHILD_RUN("lesson", "1", "--answer", "a");
    child_assert_done(&program);
    assert_non_null(strstr(program.out, "Not this time"));
    child_free(&program);
    program = CHILD_RUN("lesson", "1", "--answer", "Z");
    REFUSED(program, 2, "--answer \"Z\": must be a small letter from a to c");
    child_free(&program);
    program = CHILD_RUN("lesson", "--answer", "a");
    REFUSED(program, 2, "name one");
    child_free(&program);
    program = CHILD_RUN("lesson", child_file("own.txt", "title: T\nask: me\n"));
    REFUSED(program, 1, "own.txt:2");
    child_free(&program);
}

static void a_lesson_measures_sharpness_as_probe_does(void **state) {
    (void)state;
    struct child program = CHILD_RUN("lesson", child_file("sharp.txt", "title: T\ndata: iris.csv\nquestion: Q?\n"
                                                                        "run one: epochs=3\nrun two: epochs=3,batch=8\n"
                                                                        "answer a: x | one.sharpness > two.sharpness\n"
                                                                        "answer b: y | one.sharpness < two.sharpness\n"),
                                     "--json");
    struct json_lines *lines = calloc(1, sizeof *lines);
    child_assert_done(&program);
    json_lines_read(lines, program.out);
    assert_int_equal(lines->count, 3);
    for (size_t i = 0; i < 2; i++) {
        char run[24];
        snprintf(run, sizeof run, "%.0f", json_figure(lines->items[i], "run"));
        struct child probe = CHILD_RUN("probe", run, "--json");
        child_assert_done(&probe);
        cJSON *object = cJSON_Parse(probe.out);
        assert_true(json_figure(object, "sharpness") > 0);
        assert_true(json_figure(lines->items[i], "sharpness") == json_figure(object, "sharpness"));
        cJSON_Delete(object);
        child_free(&probe);
    }
    bool first = json_figure(lines->items[0], "sharpness") > json_figure(lines->items[1], "sharpness");
    assert_string_equal(json_get(lines->items[2], "measured")->valuestring, first ? "a" : "b");
    json_lines_free(lines);
    free(lines);
    child_free(&program);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_escapes_what_people_write),
        cmocka_unit_test(a_fork_goes_on_to_the_bit),
        cmocka_unit_test(a_lesson_is_answered_by_its_curves),
        cmocka_unit_test(a_lesson_measures_sharpness_as_probe_does),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
