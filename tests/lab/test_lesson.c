// Lessons: the shipped ones can be read, mistakes are named by line, and answers are judged by what was measured.
#include "tests/support/test.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/lab/lesson.h"

static struct error error;

#define START "title: T\ndata: iris.csv\nquestion: Q?\nrun one: batch=8\nrun two: batch=16\n"

static void shipped_lessons_can_be_read(void **state) {
    (void)state;
    DIR *folder = opendir("datasets/samples/lessons");
    size_t count = 0;
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder));) {
        char path[512], *text = NULL, data[512];
        size_t size = 0;
        struct lesson lesson;
        if (!text_ends(entry->d_name, ".txt"))
            continue;
        snprintf(path, sizeof path, "datasets/samples/lessons/%s", entry->d_name);
        assert_int_equal(file_read(path, 65536, &text, &size, &error), STATUS_OK);
        if (lesson_parse(text, path, &lesson, &error))
            fail_msg("%s", error.text);
        snprintf(data, sizeof data, "datasets/samples/%s", lesson.data);
        assert_true(file_exists(data));
        assert_true(lesson.look[0] && lesson.because[0] && lesson.about[0]);
        lesson_free(&lesson);
        mem_free(text);
        count++;
    }
    closedir(folder);
    assert_int_equal(count, 8);
}

static void mistakes_are_named_by_line(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"colour: red\n", "x:1: \"colour\" is nothing"},
        {START "answer a: less | one.steps < three.steps\n", "x:6: \"one.steps < three.steps\" is no condition"},
        {START "answer a: less | one.stps < two.steps\n", "is no condition"},
        {START "answer a: less\n", "an answer is"},
        {"run One: batch=8\n", "a name of small letters"},
        {"\n\nrun one: batch=0\n", "x:3: batch size 0"},
        {"title: T\n", "x: a lesson needs"},
        {"no colon here\n", "KEY: TEXT"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lesson lesson;
        assert_int_equal(lesson_parse(cases[i].text, "x", &lesson, &error), STATUS_INVALID);
        if (!strstr(error.text, cases[i].says))
            fail_msg("\"%s\" does not say \"%s\"", error.text, cases[i].says);
    }
}

static void answers_are_judged_by_what_was_measured(void **state) {
    (void)state;
    struct lesson lesson;
    const struct lesson_figures figures[] = {{.steps = 100, .val_loss = 0.5, .noise = NAN}, {.steps = 40, .val_loss = 0.4}};
    static const bool expected[] = {true, false, true, false, false};
    if (lesson_parse(START "answer a: x | one.steps > 2 * two.steps\nanswer b: x | one.steps > 2.6 * two.steps\n"
                           "answer c: two\n  lines | one.val_loss > 0.4 & two.val_loss < 0.5\n"
                           "answer d: x | one.val_loss > 0.4 & two.val_loss < 0.3\nanswer e: x | one.noise < 1\n",
                     "x", &lesson, &error))
        fail_msg("%s", error.text);
    assert_string_equal(lesson.answers[2].text, "two lines");
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(lesson_holds(&lesson, i, figures), expected[i]);
    char why[128], right[LESSON_ANSWERS_MOST + 1];
    assert_string_equal(lesson_explain(&lesson, 0, figures, why, sizeof why), "one.steps (100) > 2 * two.steps (40)");
    assert_string_equal(lesson_explain(&lesson, 2, figures, why, sizeof why),
                        "one.val_loss (0.5) > 0.4 & two.val_loss (0.4) < 0.5");
    lesson_right(&lesson, figures, right);
    assert_string_equal(right, "ac");
    assert_true(lesson_asks(&lesson, "steps") && lesson_asks(&lesson, "val_loss") && lesson_asks(&lesson, "noise"));
    assert_false(lesson_asks(&lesson, "sharpness") || lesson_asks(&lesson, "loss"));
    lesson_free(&lesson);
}

// Alternating losses a, a + d: successive differences are ±d, whose root mean square over √2 is d/√2.
static void noise_is_that_of_differences(void **state) {
    (void)state;
    struct reach_step steps[100];
    float gradients[100];
    struct lesson_figures figures = {0};
    for (int i = 0; i < 100; i++) {
        steps[i] = (struct reach_step){.step = (uint64_t)i + 1, .loss = i % 2 ? 1.5F : 1.0F};
        gradients[i] = i < 10 ? 2 : 9;
    }
    lesson_measure(steps, gradients, 100, 10, &figures);
    assert_true(fabs(figures.noise - 0.5 / sqrt(2)) < 1e-12);
    assert_true(figures.gradient == 2);
    assert_true(isnan(lesson_figure(&figures, "nonsense")) && lesson_figure(&figures, "gradient") == 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_lessons_can_be_read),
        cmocka_unit_test(mistakes_are_named_by_line),
        cmocka_unit_test(answers_are_judged_by_what_was_measured),
        cmocka_unit_test(noise_is_that_of_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
