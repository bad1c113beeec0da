// The person's settings of the screen: what they change, and that a mistake is named and changes nothing.
#include "tests/views/check.h"

#include <stdio.h>

#include "core/base/log.h"
#include "tests/support/screen.h"
#include "views/config.h"
#include "views/request.h"
#include "views/theme.h"

static struct config config;

static int forget(void **state) {
    char word[32];
    (void)state;
    for (int i = 1; i < REQUEST_COUNT; i++)
        request_bind((enum request)i, NULL, word);
    config = (struct config){0};
    return 0;
}

static void take(const char *text) {
    config = (struct config){0};
    config_take("config", text, &config);
}

static enum request means(enum view_id view, const char *key) {
    struct input_event event = screen_key(key);
    return request_of_key(view, &event);
}

static void assert_mistake(const char *text, const char *sentence) {
    char now[160];
    take(text);
    assert_int_equal(config.mistakes, 1);
    assert_string_equal(config.first, sentence);
    assert_null(request_check(now));
    forget(NULL);
}

static void keys_are_bound_anew(void **state) {
    char key[32];
    (void)state;
    take("# mine\n\n  key quit = x Ctrl-C\nkey raise learning rate = * =\r\nkey go to row = #\nkey theme = \n");
    assert_int_equal(config.mistakes, 1); // there is no "theme", it is "next theme"
    take("key quit = Alt-x Ctrl-C\r\nkey raise learning rate = * =\r\nkey go to row = #\nkey next theme = F8");
    assert_int_equal(config.mistakes, 0);
    assert_int_equal(means(VIEW_TRAIN, "Alt-x"), REQUEST_QUIT);
    assert_int_equal(means(VIEW_TRAIN, "q"), REQUEST_NONE);
    assert_int_equal(means(VIEW_TRAIN, "*"), REQUEST_LR_UP);
    assert_int_equal(means(VIEW_TRAIN, "="), REQUEST_LR_UP);
    assert_int_equal(means(VIEW_TRAIN, "+"), REQUEST_NONE);
    assert_int_equal(means(VIEW_DATA, "#"), REQUEST_GO_ROW);
    assert_int_equal(means(VIEW_MODEL, "F8"), REQUEST_THEME);
    assert_string_equal(request_key(REQUEST_QUIT, key), "Alt-x"); // what footer and help show
}

static void two_keys_can_be_swapped(void **state) {
    (void)state;
    take("key smaller batches = ]\nkey larger batches = [\n");
    assert_int_equal(config.mistakes, 0);
    assert_int_equal(means(VIEW_TRAIN, "["), REQUEST_BATCH_UP);
    assert_int_equal(means(VIEW_TRAIN, "]"), REQUEST_BATCH_DOWN);
}

static void mistakes_are_named_by_their_line(void **state) {
    (void)state;
    assert_mistake("\nkey fly = q", "config:2: no command is called \"fly\"; : on the screen lists them");
    assert_mistake("key quit = Hyper-q", "config:1: no key is called \"Hyper-q\"; write q, Ctrl-A, Alt-x, Enter, PgDn, F5");
    assert_mistake("quit", "config:1: \"quit\" sets nothing; write a name, = and a value");
    assert_mistake("colour x = y", "config:1: \"colour x\" is no setting; there are theme, ascii, mouse, pictures, color INK and key COMMAND");
    assert_mistake("color accent = red", "config:1: \"red\" is no color; write #rrggbb, as in #ff8800");
    assert_mistake("theme = pink", "config:1: theme \"pink\": must be dark, light, safe, 16 or mono");
    assert_mistake("ascii = 1", "config:1: ascii \"1\": must be yes or no");
}

// A key stays with the command that has it; the one that wanted it keeps its own.
static void a_key_means_one_thing_in_a_view(void **state) {
    (void)state;
    take("key checkpoint = s\n");
    assert_int_equal(config.mistakes, 1);
    assert_string_equal(config.first, "config:1: checkpoint cannot have the key s, which is for: stop and save");
    assert_int_equal(means(VIEW_TRAIN, "s"), REQUEST_STOP);
    assert_int_equal(means(VIEW_TRAIN, "c"), REQUEST_CHECKPOINT);
    take("key checkpoint = s\nkey stop and save = c\nkey set mark = s\n"); // the first two swap, the third is late
    assert_int_equal(config.mistakes, 1);
    assert_int_equal(means(VIEW_TRAIN, "s"), REQUEST_CHECKPOINT);
    assert_int_equal(means(VIEW_TRAIN, "m"), REQUEST_MARK);
}

static void inks_take_other_colors(void **state) {
    (void)state;
    struct style training = style_ink(INK_TRAINING), validation = style_ink(INK_VALIDATION);
    take("color training = #0A0b0C\ntheme = light\nmouse = no\nascii = yes\n");
    assert_int_equal(config.mistakes, 0);
    assert_true(config.ascii && config.no_mouse);
    assert_string_equal(config.theme, "own");
    const struct theme *own = theme_find("own"), *light = theme_find("light");
    assert_int_equal(theme_resolve(own, DEPTH_TRUE, training).fg, COLOR_IS_RGB | 0x0A0B0C);
    assert_int_equal(theme_resolve(own, DEPTH_16, training).fg, 0); // black is nearest
    assert_int_equal(theme_resolve(own, DEPTH_TRUE, validation).fg, theme_resolve(light, DEPTH_TRUE, validation).fg);
    take("color nothing = #000000\n");
    assert_string_equal(config.first, "config:1: no ink is called \"nothing\"; there are accent, training, validation, …");
}

// Any bytes: nothing but sentences.
static void noise_is_no_danger(void **state) {
    (void)state;
    unsigned random = 5;
    for (int round = 0; round < 3000; round++) {
        char text[600];
        size_t length = check_random(&random) % (sizeof text - 1);
        static const char *const words[] = {"key ", "color ", "quit", " = ", "#ff0000", "\n", "theme", "q "};
        size_t at = 0;
        while (at < length)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%c", words[check_random(&random) % 8],
                                   (int)(1 + check_random(&random) % 255));
        take(text);
        char now[160];
        assert_null(request_check(now));
        forget(NULL);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(keys_are_bound_anew, forget),
        cmocka_unit_test_teardown(two_keys_can_be_swapped, forget),
        cmocka_unit_test_teardown(mistakes_are_named_by_their_line, forget),
        cmocka_unit_test_teardown(a_key_means_one_thing_in_a_view, forget),
        cmocka_unit_test_teardown(inks_take_other_colors, forget),
        cmocka_unit_test_teardown(noise_is_no_danger, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
