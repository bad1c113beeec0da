// What was opened last: newest first, once each, only what is there, and no harm from a strange file.
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/str.h"
#include "datasets/input.h"
#include "datasets/recent.h"
#include "tests/support/child.h"

static struct error error;

static void add(const char *path) {
    assert_int_equal(recent_add(path, &error), STATUS_OK);
}

static void the_newest_comes_first_and_each_once(void **state) {
    (void)state;
    struct recent recent;
    recent_read(&recent);
    assert_int_equal(recent.count, 0);
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        add(child_file(name, "a,b\n1,2\n"));
    }
    add(child_path("f15"));
    add(INPUT_STANDARD);
    recent_read(&recent);
    assert_int_equal(recent.count, RECENT_MOST);
    assert_string_equal(recent.paths[0], child_path("f15"));
    assert_string_equal(recent.paths[1], child_path("f19"));
    for (size_t i = 1; i < recent.count; i++)
        assert_string_not_equal(recent.paths[i], child_path("f15"));
    assert_int_equal(remove(child_path("f19")), 0);
    recent_read(&recent);
    assert_string_equal(recent.paths[1], child_path("f18"));
}

static void paths_are_found_from_any_folder(void **state) {
    (void)state;
    struct recent recent;
    add("datasets/samples/iris.csv");
    recent_read(&recent);
    assert_int_equal(recent.paths[0][0], '/');
    assert_true(text_ends(recent.paths[0], "/datasets/samples/iris.csv"));
}

static void a_strange_file_gives_what_it_can(void **state) {
    (void)state;
    struct recent recent;
    struct str path = {0};
    assert_int_equal(file_home_path(FILE_STATE, "recent", &path, &error), STATUS_OK);
    static char text[4096];
    memset(text, 'x', sizeof text - 1);
    FILE *file = fopen(str_text(&path), "w");
    assert_non_null(file);
    fprintf(file, "relative\n/%s\n\n/no/such/file\n%s\n\xff\xfe", text, child_file("good", "a\n1\n"));
    fclose(file);
    recent_read(&recent);
    assert_int_equal(recent.count, 1);
    assert_string_equal(recent.paths[0], child_path("good"));
    str_free(&path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_comes_first_and_each_once),
        cmocka_unit_test(paths_are_found_from_any_folder),
        cmocka_unit_test(a_strange_file_gives_what_it_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
