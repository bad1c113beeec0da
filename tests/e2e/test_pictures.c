// The program on a terminal that answers what it is asked about pictures, and on one that does not.
#include <stdlib.h>
#include <string.h>

#include "tests/support/pty.h"
#include "tests/support/test.h"

#define QUESTION "a=q,t=d,f=24;AAAA\033\\\033[c\033[16t"

static void open_images(struct pty *pty) {
    char *arguments[] = {getenv("BATCHLAB_PROGRAM"), "datasets/samples/fashion-mnist", NULL};
    assert_true(pty_open(pty, arguments, 100, 30));
    assert_true(pty_wait(pty, QUESTION, 60));
    assert_true(pty_wait(pty, "fashion-mnist", 60));
}

static void who_answers_as_kitty_gets_pixels(void **state) {
    struct pty pty;
    (void)state;
    open_images(&pty);
    pty_forget(&pty);
    pty_send(&pty, "\033_Gi=31;OK\033\\\033[?62;c\033[6;20;10t");
    assert_true(pty_wait(&pty, "\033_Ga=T,f=24,o=z,", 60));
    pty_forget(&pty);
    pty_send(&pty, "4"); // another view: the pictures go
    assert_true(pty_wait(&pty, "\033_Ga=d,d=I,", 60));
    pty_send(&pty, "q");
    pty_close(&pty);
}

static void who_offers_sixel_gets_sixel(void **state) {
    struct pty pty;
    (void)state;
    open_images(&pty);
    pty_forget(&pty);
    pty_send(&pty, "\033[?62;4c\033[6;20;10t");
    assert_true(pty_wait(&pty, "\033P0;1;0q\"1;1;", 60));
    pty_send(&pty, "q");
    pty_close(&pty);
}

static void who_says_nothing_gets_half_blocks(void **state) {
    struct pty pty;
    (void)state;
    open_images(&pty);
    pty_idle(&pty, 0.3);
    pty_send(&pty, "\014"); // Ctrl-L: all anew
    assert_true(pty_wait(&pty, "\xE2\x96\x80", 60));
    assert_null(strstr(pty.tail, "\033_G"));
    assert_null(strstr(pty.tail, "\033P"));
    pty_send(&pty, "q");
    pty_close(&pty);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_answers_as_kitty_gets_pixels),
        cmocka_unit_test(who_offers_sixel_gets_sixel),
        cmocka_unit_test(who_says_nothing_gets_half_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
