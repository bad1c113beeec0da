#include "tests/support/screen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void read_file(const char *path, struct str *out) {
    char bytes[4096];
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s is missing: run once with UPDATE_GOLDEN=1 and read it", path);
    for (size_t count; (count = fread(bytes, 1, sizeof bytes, file)) > 0;)
        str_add_bytes(out, bytes, count);
    fclose(file);
}

static void write_file(const char *path, const struct str *text) {
    FILE *file = fopen(path, "wb");
    if (!file)
        fail_msg("cannot write %s", path);
    fwrite(str_text(text), 1, text->length, file);
    if (fclose(file) != 0)
        fail_msg("cannot write %s", path);
}

static void compare(const char *path, const char *expected, const char *actual) {
    for (int line = 1;; line++) {
        size_t wanted = strcspn(expected, "\n"), got = strcspn(actual, "\n");
        if (wanted != got || memcmp(expected, actual, wanted) != 0)
            fail_msg("%s line %d\n  expected %.*s\n  got      %.*s", path, line, (int)wanted, expected, (int)got, actual);
        if (expected[wanted] == '\0' && actual[got] == '\0')
            return;
        if (expected[wanted] == '\0' || actual[got] == '\0')
            fail_msg("%s: one ends at line %d", path, line);
        expected += wanted + 1;
        actual += got + 1;
    }
}

static void dump(const struct canvas *canvas, struct str *out) {
    canvas_dump_text(canvas, out);
    if (canvas->cursor_shown)
        str_format(out, "cursor: %d,%d\n", canvas->cursor_x, canvas->cursor_y);
    if (!canvas->ascii) {
        str_add(out, "styles:\n");
        canvas_dump_styles(canvas, out);
    }
}

void screen_check(const char *name, int width, int height, bool ascii, screen_draw *draw, void *data) {
    char path[256];
    struct canvas canvas = {0};
    struct error error;
    struct str actual = {0}, expected = {0};
    snprintf(path, sizeof path, "tests/screens/%s-%dx%d%s.txt", name, width, height, ascii ? "-ascii" : "");
    assert_int_equal(canvas_resize(&canvas, width, height, &error), STATUS_OK);
    canvas.ascii = ascii;
    draw(data, &canvas, canvas_area(&canvas));
    dump(&canvas, &actual);
    if (getenv("UPDATE_GOLDEN")) {
        write_file(path, &actual);
    } else {
        read_file(path, &expected);
        compare(path, str_text(&expected), str_text(&actual));
    }
    str_free(&actual);
    str_free(&expected);
    canvas_free(&canvas);
}

void screen_check_all(const char *name, screen_draw *draw, void *data) {
    for (int i = 0; i < 4; i++)
        screen_check(name, i < 2 ? 80 : 160, i < 2 ? 24 : 48, i % 2 == 1, draw, data);
}

struct input_event screen_key(const char *name) {
    struct input_event event;
    if (!input_parse(name, &event))
        fail_msg("no key is called \"%s\"", name);
    return event;
}

struct input_event screen_paste(const char *text) {
    return (struct input_event){.type = INPUT_PASTE, .paste = text, .paste_length = strlen(text)};
}

struct input_event screen_mouse(enum mouse_action action, int x, int y) {
    return (struct input_event){.type = INPUT_MOUSE, .mouse = action, .x = x, .y = y};
}
