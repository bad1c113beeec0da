#include "tests/views/check.h"

#include "tests/support/screen.h"
#include "views/term_keys.h"

static struct key_reader reader;

static struct input_event next(bool final) {
    struct input_event event;
    key_reader_next(&reader, final, &event);
    return event;
}

static void feed(const char *bytes) {
    key_reader_add(&reader, bytes, strlen(bytes));
}

static void check_key(const char *bytes, const char *name) {
    char got[32];
    feed(bytes);
    struct input_event event = next(true);
    if (event.type != INPUT_KEY)
        fail_msg("%s: no key came", name);
    assert_string_equal(input_name(&event, got), name);
    assert_int_equal(next(true).type, INPUT_NONE);
}

// The sequences are those of xterm's ctlseqs, of rxvt and of the Linux console.
static void keys_of_all_terminals(void **state) {
    static const struct {
        const char *bytes, *name;
    } keys[] = {{"q", "q"}, {"é", "é"}, {"日", "日"}, {"\r", "Enter"}, {"\n", "Enter"}, {"\t", "Tab"},
                {"\033", "Esc"}, {"\x7F", "Backspace"}, {"\x08", "Backspace"}, {"\x03", "Ctrl-C"}, {"\x1A", "Ctrl-Z"},
                {"\x0C", "Ctrl-L"}, {"\033[A", "Up"}, {"\033OA", "Up"}, {"\033[B", "Down"}, {"\033[C", "Right"},
                {"\033[D", "Left"}, {"\033[H", "Home"}, {"\033OF", "End"}, {"\033[1~", "Home"}, {"\033[7~", "Home"},
                {"\033[4~", "End"}, {"\033[8~", "End"}, {"\033[2~", "Insert"}, {"\033[3~", "Delete"},
                {"\033[5~", "PgUp"}, {"\033[6~", "PgDn"}, {"\033[Z", "Shift-Tab"}, {"\033[1;5A", "Ctrl-Up"},
                {"\033[1;2D", "Shift-Left"}, {"\033[1;3C", "Alt-Right"}, {"\033[5;5~", "Ctrl-PgUp"},
                {"\033[1;5H", "Ctrl-Home"}, {"\033OP", "F1"}, {"\033[11~", "F1"}, {"\033[[A", "F1"}, {"\033[[E", "F5"},
                {"\033[15~", "F5"}, {"\033[24~", "F12"}, {"\033[1;5P", "Ctrl-F1"}, {"\033b", "Alt-b"},
                {"\033\r", "Alt-Enter"}, {"\033[97;5u", "Ctrl-A"}, {"\033[27;5;97~", "Ctrl-A"}, {"\033OM", "Enter"}};
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        check_key(keys[i].bytes, keys[i].name);
    feed("x");
    assert_string_equal(next(false).text, "x");
}

// XParseColor's "rgb:" with one to four digits, ended by BEL or ST; what is no such answer is swallowed.
static void the_background_is_told(void **state) {
    static const struct {
        const char *bytes;
        int light; // -1: no event
    } answers[] = {{"\033]11;rgb:ffff/ffff/ffff\a", 1}, {"\033]11;rgb:0000/0000/0000\033\\", 0},
                   {"\033]11;rgb:fd/f6/e3\a", 1},       {"\033]11;rgb:1/1/2\a", 0},
                   {"\033]11;rgb:0000/ffff/0000\a", 1},  {"\033]11;rgb:0000/0000/ffff\a", 0}, // green is light, blue dark
                   {"\033]10;rgb:ffff/ffff/ffff\a", -1}, {"\033]11;rgb:ffff/ffff\a", -1},
                   {"\033]11;?\a", -1},                  {"\033]52;c;aGk=\a", -1},
                   {"\033]11;rgb:gg/00/00\a", -1},       {"\033]11;rgb:12345/0/0\a", -1}};
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        feed(answers[i].bytes);
        struct input_event event = next(false);
        assert_int_equal(event.type, answers[i].light < 0 ? INPUT_NONE : INPUT_BACKGROUND);
        assert_true(answers[i].light < 0 || event.light == (answers[i].light == 1));
        assert_false(key_reader_waiting(&reader));
    }
    feed("\033]11;rgb:ffff/ff");
    assert_int_equal(next(false).type, INPUT_NONE);
    feed("ff/ffff\033");
    assert_int_equal(next(false).type, INPUT_NONE);
    feed("\\");
    assert_true(next(false).light);
    check_key("\033]", "Alt-]");
}

// What a terminal says of pictures; anything else that looks like it is no offer, and none of it is a key.
static void offers_of_pictures_are_told(void **state) {
    static const struct {
        const char *bytes;
        int offer, width, height; // offer -1: none
    } answers[] = {{"\033_Gi=31;OK\033\\", OFFER_KITTY, 0, 0},
                   {"\033_Gi=31;ENOTSUPPORTED:no\033\\", -1, 0, 0},
                   {"\033_X;OK\033\\", -1, 0, 0},
                   {"\033[?62;4;22c", OFFER_SIXEL, 0, 0},
                   {"\033[?62;1;2;6;7;8;9;15;18;21;4c", OFFER_SIXEL, 0, 0},
                   {"\033[?4;22c", -1, 0, 0}, // the first is what terminal it is
                   {"\033[?62;44c", -1, 0, 0},
                   {"\033[6;20;10t", OFFER_CELL, 10, 20},
                   {"\033[6;0;10t", -1, 0, 0},
                   {"\033[8;24;80t", -1, 0, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct input_event event = {0};
        struct key_reader own = {0};
        key_reader_add(&own, answers[i].bytes, strlen(answers[i].bytes));
        key_reader_add(&own, "x", 1);
        key_reader_next(&own, true, &event);
        if (answers[i].offer >= 0) {
            assert_int_equal(event.type, INPUT_OFFER);
            assert_int_equal((int)event.offer, answers[i].offer);
            assert_int_equal(event.width, answers[i].width);
            assert_int_equal(event.height, answers[i].height);
            key_reader_next(&own, true, &event);
        }
        assert_int_equal(event.type, INPUT_KEY);
        assert_int_equal(event.code, 'x');
        key_reader_free(&own);
    }
}

static void an_escape_waits_for_what_may_follow(void **state) {
    (void)state;
    feed("\033");
    assert_int_equal(next(false).type, INPUT_NONE);
    assert_true(key_reader_waiting(&reader));
    feed("[");
    assert_int_equal(next(false).type, INPUT_NONE);
    feed("1;5");
    assert_int_equal(next(false).type, INPUT_NONE);
    feed("C");
    assert_int_equal(next(false).code, CODE_RIGHT);
    feed("\xE6\x97"); // the first two bytes of 日
    assert_int_equal(next(false).type, INPUT_NONE);
    feed("\xA5");
    assert_int_equal(next(false).code, 0x65E5);
    feed("\033\033[A"); // Esc, then Up
    assert_int_equal(next(false).code, CODE_ESCAPE);
    assert_int_equal(next(false).code, CODE_UP);
    assert_false(key_reader_waiting(&reader));
}

static void the_mouse_in_cells(void **state) {
    (void)state;
    feed("\033[<0;1;1M\033[<0;1;1m\033[<32;300;100M\033[<64;5;6M\033[<65;5;6M\033[<18;9;9M\033[M !\"");
    struct input_event event = next(false);
    assert_int_equal(event.mouse, MOUSE_PRESS);
    assert_int_equal(event.x, 0);
    assert_int_equal(next(false).mouse, MOUSE_RELEASE);
    event = next(false);
    assert_int_equal(event.mouse, MOUSE_DRAG);
    assert_int_equal(event.x, 299);
    assert_int_equal(event.y, 99);
    assert_int_equal(next(false).mouse, MOUSE_WHEEL_UP);
    assert_int_equal(next(false).mouse, MOUSE_WHEEL_DOWN);
    event = next(false);
    assert_int_equal(event.button, 2);
    assert_int_equal(event.modifiers, MOD_CTRL);
    event = next(false); // the old form
    assert_int_equal(event.mouse, MOUSE_PRESS);
    assert_int_equal(event.x, 0);
    assert_int_equal(event.y, 1);
}

static void a_paste_is_never_keys(void **state) {
    (void)state;
    feed("\033[200~q\r\033[A");
    assert_int_equal(next(false).type, INPUT_NONE);
    feed("rest\033[201");
    assert_int_equal(next(true).type, INPUT_NONE);
    feed("~q");
    struct input_event event = next(false);
    assert_int_equal(event.type, INPUT_PASTE);
    assert_string_equal(event.paste, "q\r\033[Arest");
    assert_int_equal(next(false).code, 'q');
    feed("\033[200~\033[201~");
    event = next(false);
    assert_int_equal(event.type, INPUT_PASTE);
    assert_int_equal(event.paste_length, 0);
    feed("\033[I\033[O");
    assert_true(next(false).focused);
    event = next(false);
    assert_int_equal(event.type, INPUT_FOCUS);
    assert_false(event.focused);
}

static void random_bytes_end(void **state) {
    uint32_t random = 1;
    (void)state;
    for (int round = 0; round < 50000; round++) {
        static const char some[] = "\033\033\033[[<;;0129OMmAu~M\xE6\x97\x7F";
        char bytes[64];
        size_t room = key_reader_room(&reader), length = check_random(&random) % 64;
        length = length < room ? length : room;
        for (size_t i = 0; i < length; i++)
            bytes[i] = check_random(&random) % 3 ? some[check_random(&random) % (sizeof some - 1)]
                                                 : (char)check_random(&random);
        key_reader_add(&reader, bytes, length);
        for (int i = 0; i < 1000 && next(round % 2).type != INPUT_NONE; i++)
            assert_true(i < 600);
        assert_true(key_reader_room(&reader) > 0);
    }
    feed("\033[201~");
    next(true);
    key_reader_free(&reader);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_all_terminals),
        cmocka_unit_test(the_background_is_told),
        cmocka_unit_test(offers_of_pictures_are_told),
        cmocka_unit_test(an_escape_waits_for_what_may_follow),
        cmocka_unit_test(the_mouse_in_cells),
        cmocka_unit_test(a_paste_is_never_keys),
        cmocka_unit_test(random_bytes_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
