#include "tests/views/check.h"

#include "tests/support/screen.h"
#include "views/request.h"

static void the_table_is_sound(void **state) {
    char sentence[160];
    const char *mistake = request_check(sentence);
    (void)state;
    if (mistake)
        fail_msg("%s", mistake);
}

static void every_request_can_be_reached(void **state) {
    (void)state;
    for (int i = 1; i < REQUEST_COUNT; i++) {
        const struct request_row *row = request_row((enum request)i);
        assert_int_equal(request_of_name(row->name), i);
        char name[32];
        if (!request_key(row->id, name)[0])
            continue;
        struct input_event key = screen_key(name);
        bool reached = false;
        for (int view = VIEW_DATA; view < VIEW_COUNT; view++)
            reached |= request_of_key((enum view_id)view, &key) == row->id;
        if (!reached)
            fail_msg("no view in which %s is %s", name, row->name);
    }
}

static void a_view_comes_before_all_views(void **state) {
    struct input_event n = screen_key("n"), up = screen_key("Up"), quit = screen_key("Ctrl-C");
    (void)state;
    assert_int_equal(request_of_key(VIEW_TRAIN, &n), REQUEST_ONE_STEP);
    assert_int_equal(request_of_key(VIEW_DATA, &n), REQUEST_FIND_NEXT);
    assert_int_equal(request_of_key(VIEW_DATA, &up), REQUEST_UP);
    assert_int_equal(request_of_key(VIEW_TRAIN, &quit), REQUEST_QUIT);
    struct input_event none = screen_key("F9");
    assert_int_equal(request_of_key(VIEW_TRAIN, &none), REQUEST_NONE);
}

// The help page names no key that does something else in its view, and none is left out.
static void keys_of_a_view_are_those_that_act(void **state) {
    char keys[REQUEST_KEYS_SIZE], name[32];
    (void)state;
    assert_string_equal(request_keys_in_view(REQUEST_RUN_NOTE, VIEW_RUNS, keys), "N");
    assert_string_equal(request_keys_in_view(REQUEST_FIND_BEFORE, VIEW_RUNS, keys), "");
    assert_string_equal(request_keys_in_view(REQUEST_FIND_BEFORE, VIEW_DATA, keys), "N");
    assert_string_equal(request_keys_in_view(REQUEST_LEFT, VIEW_LAB, keys), "h"); // the arrow lowers a value
    assert_string_equal(request_keys_in_view(REQUEST_RUN_NOTE, VIEW_DATA, keys), "");
    for (int view = VIEW_DATA; view < VIEW_COUNT; view++)
        for (int i = 1; i < REQUEST_COUNT; i++) {
            request_keys_in_view((enum request)i, (enum view_id)view, keys);
            for (char *key = strtok(keys, " "); key; key = strtok(NULL, " ")) {
                struct input_event event = screen_key(key);
                assert_int_equal(request_of_key((enum view_id)view, &event), i);
                assert_non_null(strstr(request_row((enum request)i)->keys, input_name(&event, name)));
            }
        }
}

static void key_names_read_back(void **state) {
    static const char *const names[] = {"q", "+", "Space", "Enter", "Esc", "Ctrl-L", "Shift-Tab", "PgDn",
                                        "F5", "F12", "Alt-b", "é", "Ctrl-Home", "?", ":"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char out[32];
        struct input_event event = screen_key(names[i]);
        assert_string_equal(input_name(&event, out), names[i]);
    }
    struct input_event event;
    assert_false(input_parse("Nothing", &event));
    assert_false(input_parse("F13", &event));
    assert_false(input_parse("", &event));
}

static void draw_footer(void *data, struct canvas *canvas, struct rect area) {
    (void)data;
    for (int view = VIEW_DATA; view <= VIEW_HELP; view++) {
        struct rect row = {0, view - 1, area.width, 1};
        request_footer(canvas, &row, (enum view_id)view);
    }
}

// Wider rows show the same entries and more of them, so the narrow ones are enough to be read; of the others only
// what must hold for any table is asked.
static void footers_look_as_read(void **state) {
    (void)state;
    screen_check("footer", 80, 10, true, draw_footer, NULL);
    screen_check("footer", 20, 10, true, draw_footer, NULL);
}

static void footers_hold_whole_entries(void **state) {
    struct canvas canvas = {0};
    struct error error;
    (void)state;
    for (int width = 40; width < 240; width++) {
        struct str text = {0};
        assert_int_equal(canvas_resize(&canvas, width, 9, &error), STATUS_OK);
        draw_footer(NULL, &canvas, canvas_area(&canvas));
        canvas_dump_text(&canvas, &text);
        int rows = 0;
        for (char *at = text.text, *end; (end = strchr(at, '\n')); at = end + 1, rows++)
            assert_memory_equal(end - 6, "q quit", 6);
        assert_int_equal(rows, 9);
        str_free(&text);
    }
    canvas_free(&canvas);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_sound),
        cmocka_unit_test(every_request_can_be_reached),
        cmocka_unit_test(a_view_comes_before_all_views),
        cmocka_unit_test(keys_of_a_view_are_those_that_act),
        cmocka_unit_test(key_names_read_back),
        cmocka_unit_test(footers_look_as_read),
        cmocka_unit_test(footers_hold_whole_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
