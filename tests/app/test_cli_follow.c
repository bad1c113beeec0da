// `batchlab train FILE --follow`: rows that another program appends join the run at its next epoch.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "core/base/str.h"
#include "tests/support/child.h"
#include "tests/support/test.h"

enum { ROWS = 50, MORE = 30 };

static const char *write_rows(int count) {
    struct str text = {0};
    str_add(&text, "a,b,kind\n");
    for (int row = 0; row < count; row++)
        str_format(&text, "%d.5,%d,%s\n", row * 7 % 19, row * 5 % 13, row * 7 % 19 > 9 ? "high" : "low");
    const char *path = child_file("grow.csv", str_text(&text));
    str_free(&text);
    return path;
}

static void append(const char *path, int count) {
    FILE *file = fopen(path, "a");
    for (int row = 0; row < count; row++)
        fprintf(file, "%d.5,%d,%s\n", row, row * 5 % 13, row > 9 ? "high" : "low");
    fputs("1.5,2,hi", file); // half a row
    fclose(file);
}

static void wait_output(struct child *program, const char *words) {
    for (int i = 0; i < 3000; i++) {
        size_t size;
        child_output(program);
        char *said = program->out_length > 0 ? child_read(program->paths[1], &size) : NULL;
        bool found = strstr(program->out, words) || (said && strstr(said, words));
        free(said);
        if (found)
            return;
        usleep(10000);
    }
    fail_msg("no %s: %s", words, program->out);
}

static double number(const cJSON *object, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    assert_true(cJSON_IsNumber(item));
    return item->valuedouble;
}

static struct child start(const char *path, bool json) {
    const char *argv[] = {"train", path,     "--follow", "--device", "ref",     "--hidden",
                          "6",     "--pace", "200",      "--epochs", "1000000", json ? "--json" : NULL,
                          NULL};
    return child_start(NULL, argv);
}

static void test_rows_join_a_run_without_a_screen(void **state) {
    (void)state;
    const char *path = write_rows(ROWS);
    struct child program = start(path, true);
    wait_output(&program, "\"event\":\"epoch\"");
    append(path, MORE);
    wait_output(&program, "\"event\":\"rows\"");
    kill(program.pid, SIGINT);
    child_wait(&program);
    assert_int_equal(program.status, 1);
    cJSON *line = cJSON_Parse(strstr(program.out, "{\"event\":\"rows\""));
    const cJSON *rows = cJSON_GetObjectItemCaseSensitive(line, "rows");
    assert_true(number(line, "added") == MORE);
    assert_true(number(rows, "train") + number(rows, "validation") + number(rows, "test") == ROWS + MORE);
    assert_true(number(line, "step") > 0);
    cJSON_Delete(line);
    child_free(&program);
}

static void test_it_is_said_in_words(void **state) {
    (void)state;
    const char *path = write_rows(ROWS);
    struct child program = start(path, false);
    wait_output(&program, "epoch   1");
    append(path, MORE);
    wait_output(&program, ": +30 rows; ");
    write_rows(10);
    wait_output(&program, "was written anew; run ");
    kill(program.pid, SIGINT);
    child_wait(&program);
    assert_non_null(strstr(program.err, "keeps the rows that it has"));
    child_free(&program);
}

static void test_what_cannot_be_followed_is_refused(void **state) {
    (void)state;
    const char *path = write_rows(ROWS), *other = child_file("other.csv", "a,b,kind\n1,2,low\n");
    struct child program = CHILD_RUN("train", path, other, "--follow");
    REFUSED(program, 1, "several files");
    child_free(&program);
    program = CHILD_RUN("train", path, "--follow", "--folds", "3");
    REFUSED(program, 1, "--follow", "--fold");
    child_free(&program);
    program = CHILD_RUN("train", "-", "--follow");
    REFUSED(program, 1, "only a plain text file");
    child_free(&program);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_join_a_run_without_a_screen),
        cmocka_unit_test(test_it_is_said_in_words),
        cmocka_unit_test(test_what_cannot_be_followed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
