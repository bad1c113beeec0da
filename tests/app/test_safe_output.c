// What commands print: safe on a terminal, every byte as it is in a pipe.
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/str.h"
#include "tests/support/child.h"
#include "tests/support/pty.h"
#include "tests/support/test.h"

#define SECONDS 60

// All that a command prints on a terminal, line ends as it wrote them.
static char *on_terminal(const char *command, const char *path) {
    struct pty pty;
    struct str all = {0};
    char bytes[4096];
    char *arguments[] = {getenv("BATCHLAB_PROGRAM"), (char *)command, (char *)path, NULL};
    assert_true(pty_open(&pty, arguments, 80, 24));
    for (;;) {
        struct pollfd ready = {.fd = pty.fd, .events = POLLIN};
        assert_int_equal(poll(&ready, 1, SECONDS * 1000), 1);
        ssize_t count = read(pty.fd, bytes, sizeof bytes);
        if (count <= 0)
            break;
        for (ssize_t i = 0; i < count; i++)
            if (bytes[i] != '\r')
                str_add_char(&all, bytes[i]);
    }
    pty_close(&pty);
    char *text = strdup(str_text(&all));
    str_free(&all);
    return text;
}

static void what_terminals_obey_does_not_reach_them(void **state) {
    (void)state;
    // an escape, a bell, a C1 control, and what turns the direction of text
    const char *path = child_file("hostile\033[2J.csv",
                                  "a\033]0;x\a,b\xC2\x9B" "31m,c,d\xE2\x80\xAE" "e\n1,2,3,4\n5,6,7,8\n9,8,7,6\n");
    static const char *const commands[] = {"profile", "sniff", "cat", "batches", "train"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char *text = on_terminal(commands[i], path);
        assert_true(strlen(text) > 10);
        assert_null(strpbrk(text, "\033\a"));
        assert_null(strstr(text, "\xC2\x9B"));
        assert_null(strstr(text, "\xE2\x80\xAE"));
        free(text);
    }
    struct child piped = CHILD_RUN("cat", path);
    child_assert_done(&piped);
    assert_non_null(strstr(piped.out, "a\033]0;x\a,b\xC2\x9B" "31m,"));
    child_free(&piped);
}

// However the pieces fall that are written at once, no character is broken.
static void harmless_text_stays_as_it_is(void **state) {
    (void)state;
    struct str table = {0};
    for (int i = 0; i < 700; i++)
        str_format(&table, "%sx%d é漢😀", i > 0 ? "," : "", i);
    for (int row = 0; row < 5; row++)
        for (int i = 0; i < 700; i++)
            str_format(&table, "%s%d", i > 0 ? "," : "\n", row * i);
    str_add_char(&table, '\n');
    const char *path = child_file("wide.csv", str_text(&table));
    struct child piped = CHILD_RUN("cat", path);
    child_assert_done(&piped);
    char *shown = on_terminal("cat", path);
    assert_string_equal(shown, piped.out);
    free(shown);
    child_free(&piped);
    str_free(&table);
}

int main(void) {
    setenv("LC_ALL", "C.UTF-8", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_terminals_obey_does_not_reach_them),
        cmocka_unit_test(harmless_text_stays_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
