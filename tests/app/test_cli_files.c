// Several files, a folder and a pattern as one table, from the command line: every command gives what it gives
// for the whole in one file, and words about a file begin with its name.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/str.h"
#include "tests/support/child.h"
#include "tests/support/test.h"

#define IRIS "datasets/samples/iris.csv"

static char folder[300], first[320], second[320], pattern[320];

static char *rest(char *text, size_t lines) {
    for (; lines > 0 && text; lines--)
        text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL;
    return text;
}

// Iris in two files, the second one's columns in another order and with a header of its own.
static int make_pieces(void **state) {
    (void)state;
    size_t size = 0;
    char *iris = child_read(IRIS, &size), *middle = rest(iris, 81), *line = middle, *cells;
    struct str turned = {0};
    snprintf(folder, sizeof folder, "%s", child_path("iris"));
    mkdir(folder, 0700);
    snprintf(first, sizeof first, "%s/part-1.csv", folder);
    snprintf(second, sizeof second, "%s/part-2.csv", folder);
    snprintf(pattern, sizeof pattern, "%s/part-*.csv", folder);
    child_write(first, iris, (size_t)(middle - iris));
    for (line = iris; line && *line; line = line == iris ? middle : rest(line, 1)) { // the last cell to the front
        int length = (int)strcspn(line, "\r\n");
        for (cells = line + length; *cells != ',';)
            cells--;
        str_format(&turned, "%.*s,%.*s\n", (int)(line + length - cells - 1), cells + 1, (int)(cells - line), line);
    }
    child_write(second, str_text(&turned), turned.length);
    str_free(&turned);
    free(iris);
    return 0;
}

static void assert_same_output(struct child expected, struct child got) {
    child_assert_done(&expected);
    child_assert_done(&got);
    assert_true(expected.out_length > 100);
    assert_string_equal(got.out, expected.out);
    child_free(&expected);
    child_free(&got);
}

static void cat_prints_one_table(void **state) {
    (void)state;
    assert_same_output(CHILD_RUN("cat", IRIS), CHILD_RUN("cat", first, second));
    assert_same_output(CHILD_RUN("cat", IRIS, "--format", "json"), CHILD_RUN("cat", folder, "--format", "json"));
    assert_same_output(CHILD_RUN("cat", IRIS, "--format", "jsonl"), CHILD_RUN("cat", "--format", "jsonl", pattern));
    struct child child = CHILD_RUN("cat", pattern);
    child_assert_done(&child);
    assert_non_null(strstr(child.err, "part-2.csv: the columns stand in another order than in part-1.csv"));
    child_free(&child);
}

// The text from "columns" to the warnings: before it stands the name, and warnings name lines of each file.
static const char *figures(const struct child *child) {
    char *from = strstr(child->out, "\"columns\""), *to = strstr(child->out, "\"warnings\"");
    assert_true(from != NULL && to > from);
    *to = '\0';
    assert_non_null(strstr(from, "\"sepal_length\""));
    return from;
}

static void profile_prepare_and_train_give_what_they_give_for_the_whole(void **state) {
    (void)state;
    struct child whole = CHILD_RUN("profile", "--json", IRIS), several = CHILD_RUN("profile", first, second, "--json");
    child_assert_done(&whole);
    child_assert_done(&several);
    assert_non_null(strstr(several.out, "part-2.csv\"]")); // the file of the repeated row
    assert_null(strstr(whole.out, "\"files\""));
    assert_string_equal(figures(&several), figures(&whole));
    child_free(&whole);
    child_free(&several);
    const char *a = child_path("whole.csv"), *b = child_path("several.csv");
    whole = CHILD_RUN("prepare", IRIS, "--steps", "standardize,one-hot", "-o", a);
    several = CHILD_RUN("prepare", folder, "--steps", "standardize,one-hot", "-o", b);
    child_assert_done(&whole);
    child_assert_done(&several);
    char *expected = child_read(a, NULL), *got = child_read(b, NULL);
    assert_true(strlen(expected) > 1000);
    assert_string_equal(got, expected);
    free(expected);
    free(got);
    child_free(&whole);
    child_free(&several);
}

// Without what follows them: where the time went.
static const char *final_figures(struct child *child) {
    char *from = strstr(child->out, "\"final\""), *time = from == NULL ? NULL : strstr(from, ",\"time\"");
    child_assert_done(child);
    assert_non_null(time);
    *time = '\0';
    return from;
}

static void a_run_of_several_files_is_trained_and_gone_on_with_from_elsewhere(void **state) {
    (void)state;
    struct child whole = CHILD_RUN("train", IRIS, "--epochs", "3", "--json");
    char here[300], name[16];
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(folder), 0);
    struct child several = CHILD_RUN("train", "part-1.csv", "part-2.csv", "--epochs", "3", "--json");
    assert_int_equal(chdir(here), 0);
    assert_string_equal(final_figures(&several), final_figures(&whole));
    const char *run = strstr(several.out, "\"run\":");
    assert_non_null(run);
    snprintf(name, sizeof name, "%d", atoi(run + strlen("\"run\":")));
    child_free(&whole);
    child_free(&several);
    several = CHILD_RUN("fork", name, "--epochs", "6");
    child_assert_done(&several);
    assert_non_null(strstr(several.out, "part-1.csv + 1 file"));
    child_free(&several);
}

static void words_begin_with_the_file(void **state) {
    (void)state;
    const char *a = child_file("north.csv", "id,x,y\n1,2,a\n2,3,b\n3,4,a\n");
    const char *b = child_file("south.csv", "id,x,y\n4,5,b\n5\n6,7,a,8\n1,2,a\n");
    char expected[400];
    struct child child = CHILD_RUN("prepare", a, b, "--steps", "drop-duplicates", "--json", "-o", child_path("o.csv"));
    child_assert_done(&child);
    snprintf(expected, sizeof expected, "%s:3: 1 cell where 3 belong", b);
    assert_non_null(strstr(child.err, expected));
    snprintf(expected, sizeof expected, "%s:4: 4 cells where 3 belong", b);
    assert_non_null(strstr(child.err, expected));
    snprintf(expected, sizeof expected, "\"line\":5,\"file\":\"%s\"", b); // the duplicate
    assert_non_null(strstr(child.out, expected));
    snprintf(expected, sizeof expected, "same as %s:2", a);
    assert_non_null(strstr(child.out, expected));
    child_free(&child);
}

static void what_does_not_belong_together_is_refused(void **state) {
    (void)state;
    struct child child = CHILD_RUN("train", IRIS, "datasets/samples/titanic.csv");
    REFUSED(child, 1, "has 0 of the 5 columns of " IRIS);
    child_free(&child);
    child = CHILD_RUN("cat", IRIS, "no-such-file.csv", "--raw");
    assert_int_equal(child.status, 1);
    assert_non_null(strstr(child.err, "no-such-file.csv"));
    child_free(&child);
    child = CHILD_RUN("profile", "no-such-*.csv");
    REFUSED(child, 1, "no-such-*.csv: no file fits this pattern");
    child_free(&child);
    child = CHILD_RUN("sniff", first, second);
    REFUSED(child, 2, "one argument too many");
    child_free(&child);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cat_prints_one_table),
        cmocka_unit_test(profile_prepare_and_train_give_what_they_give_for_the_whole),
        cmocka_unit_test(a_run_of_several_files_is_trained_and_gone_on_with_from_elsewhere),
        cmocka_unit_test(words_begin_with_the_file),
        cmocka_unit_test(what_does_not_belong_together_is_refused),
    };
    return cmocka_run_group_tests(tests, make_pieces, NULL);
}
