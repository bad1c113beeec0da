// What is sent is played on a terminal of our own that knows the few sequences allowed; its screen must then be the
// canvas, cell by cell, pen by pen, whatever was on it before.
#include "tests/views/check.h"

#include <stdlib.h>

#include "tests/support/gallery.h"
#include "views/term_output.h"

#define WIDTH 60
#define HEIGHT 20

struct played {
    uint32_t codes[HEIGHT][WIDTH];
    struct pen pens[HEIGHT][WIDTH];
    struct pen pen;
    int x, y;
    bool cursor;
};

static const struct pen plain = {PEN_DEFAULT, PEN_DEFAULT, 0};

static void erase(struct played *screen, int from, int y) {
    for (int x = from; x < WIDTH; x++) {
        screen->codes[y][x] = ' ';
        screen->pens[y][x] = plain;
    }
}

static void set_attribute(struct pen *pen, int code) {
    static const uint32_t bits[10] = {[1] = STYLE_BOLD,      [2] = STYLE_DIM,     [3] = STYLE_ITALIC,
                                      [4] = STYLE_UNDERLINE, [7] = STYLE_REVERSE, [9] = STYLE_STRIKE};
    if (code == 0)
        *pen = plain;
    else
        pen->attributes |= bits[code];
}

static void play_sgr(struct pen *pen, const int *p, int count) {
    for (int i = 0; i < count; i++) {
        uint32_t *tint = p[i] / 10 == 4 || p[i] / 10 == 10 ? &pen->bg : &pen->fg;
        if (p[i] < 10)
            set_attribute(pen, p[i]);
        else if (p[i] % 10 == 8 && p[i + 1] == 2)
            *tint = color_rgb((unsigned)p[i + 2], (unsigned)p[i + 3], (unsigned)p[i + 4]), i += 4;
        else if (p[i] % 10 == 8)
            *tint = (uint32_t)p[i + 2], i += 2;
        else if (p[i] % 10 == 9)
            *tint = PEN_DEFAULT;
        else
            *tint = (uint32_t)(p[i] % 10 + (p[i] >= 90 ? 8 : 0));
    }
}

static const char *play_sequence(struct played *screen, const char *at) {
    int p[24] = {0}, count = 1;
    bool private = *at == '?';
    for (at += private; (*at >= '0' && *at <= '9') || *at == ';'; at++) {
        if (*at == ';')
            count++;
        else
            p[count - 1] = p[count - 1] * 10 + *at - '0';
    }
    int by = p[0] ? p[0] : 1;
    if (private)
        screen->cursor = p[0] == 25 ? *at == 'h' : screen->cursor;
    else if (*at == 'm')
        play_sgr(&screen->pen, p, count);
    else if (*at == 'H')
        screen->y = by - 1, screen->x = p[1] ? p[1] - 1 : 0;
    else if (*at == 'C')
        screen->x += by;
    else if (*at == 'D')
        screen->x -= by;
    else if (*at == 'K')
        erase(screen, screen->x, screen->y);
    else if (*at == 'J')
        for (int y = 0; y < HEIGHT; y++)
            erase(screen, 0, y);
    else
        fail_msg("a sequence that is not allowed ends in %c", *at);
    return at + 1;
}

static void put(struct played *screen, uint32_t code) {
    int width = text_code_width(code);
    if (width == 0)
        return;
    assert_true(screen->x + width <= WIDTH && screen->y < HEIGHT);
    screen->codes[screen->y][screen->x] = code;
    screen->pens[screen->y][screen->x] = screen->pen;
    if (width == 2)
        screen->codes[screen->y][screen->x + 1] = 0;
    screen->x += width;
}

static void play(struct played *screen, const char *at, size_t length) {
    const char *end = at + length;
    while (at < end) {
        uint32_t code;
        size_t step = utf8_decode(at, (size_t)(end - at), &code);
        at += step;
        if (code == 27)
            at = play_sequence(screen, at + 1);
        else if (code == '\r')
            screen->x = 0;
        else if (code == '\n')
            screen->y++;
        else if (code == '\b')
            screen->x--;
        else
            put(screen, code);
        assert_true(code >= ' ' || code == 27 || code == '\r' || code == '\n' || code == '\b');
    }
}

static void check_screen(const struct played *screen, const struct canvas *canvas, const struct term_output *output) {
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            struct canvas_cell cell = canvas_at(canvas, x, y);
            struct pen pen = theme_resolve(output->theme, output->depth, cell.style), shown = screen->pens[y][x];
            if (screen->codes[y][x] != cell.code)
                fail_msg("row %d column %d shows U+%04X, not U+%04X", y, x, (unsigned)screen->codes[y][x],
                         (unsigned)cell.code);
            bool seen = cell.code > ' ' || (cell.code == ' ' && (pen.attributes & ~(uint32_t)(STYLE_BOLD | STYLE_DIM)));
            assert_true(cell.code == 0 || shown.bg == pen.bg);
            assert_true(!seen || memcmp(&shown, &pen, sizeof pen) == 0);
        }
    }
    assert_int_equal(screen->cursor, canvas->cursor_shown);
    if (canvas->cursor_shown)
        assert_true(screen->x == canvas->cursor_x && screen->y == canvas->cursor_y);
}

static void disturb(struct canvas *canvas, uint32_t *random) {
    static const char *const texts[] = {"日本語", "loss 0.123", "🙂 e\xCC\x81", "   ", "─│┌"};
    for (uint32_t i = check_random(random) % 6; i > 0; i--) {
        struct style style = {check_random(random) % INK_COUNT, check_random(random) % 3 ? 0 : check_random(random) % INK_COUNT,
                              check_random(random) % 4 ? 0 : check_random(random) % 64};
        if (check_random(random) % 5 == 0)
            style.fg = color_rgb(check_random(random), check_random(random), check_random(random));
        canvas_text(canvas, (int)(check_random(random) % WIDTH) - 3, (int)(check_random(random) % HEIGHT), style,
                    texts[check_random(random) % 5]);
    }
    canvas->cursor_shown = check_random(random) % 4 == 0;
    canvas->cursor_x = (int)(check_random(random) % WIDTH);
    canvas->cursor_y = (int)(check_random(random) % HEIGHT);
}

static void the_terminal_shows_the_canvas(void **state) {
    static struct played screen;
    struct canvas canvas = {0};
    struct error error;
    uint32_t random = 31;
    (void)state;
    assert_int_equal(canvas_resize(&canvas, WIDTH, HEIGHT, &error), STATUS_OK);
    for (int depth = DEPTH_NONE; depth <= DEPTH_TRUE; depth++) {
        struct term_output output = {.theme = theme_find("dark"), .depth = (enum color_depth)depth, .synchronized = depth > 2};
        term_output_restart(&output);
        for (int round = 0; round < 400; round++) {
            if (round % 20 == 0) {
                canvas_clear(&canvas);
                gallery_draw(&canvas, canvas_area(&canvas), (int)(check_random(&random) % GALLERY_PAGES));
            }
            if (round % 50 == 7)
                term_output_restart(&output);
            disturb(&canvas, &random);
            assert_int_equal(term_output_frame(&output, &canvas, &error), STATUS_OK);
            play(&screen, output.bytes.text, output.bytes.length);
            str_clear(&output.bytes);
            check_screen(&screen, &canvas, &output);
        }
        term_output_free(&output);
    }
    canvas_free(&canvas);
}

static void little_changes_cost_few_bytes(void **state) {
    struct term_output output = {.theme = theme_find("dark"), .depth = DEPTH_TRUE};
    struct canvas canvas = {0};
    struct error error;
    (void)state;
    assert_int_equal(canvas_resize(&canvas, 200, 50, &error), STATUS_OK);
    term_output_restart(&output);
    assert_int_equal(term_output_frame(&output, &canvas, &error), STATUS_OK);
    assert_true(output.bytes.length < 40); // an empty screen is cleared, not written
    str_clear(&output.bytes);
    assert_int_equal(term_output_frame(&output, &canvas, &error), STATUS_OK);
    assert_int_equal(output.bytes.length, 0); // nothing changed
    canvas_text(&canvas, 100, 20, (struct style){0}, "0.123");
    assert_int_equal(term_output_frame(&output, &canvas, &error), STATUS_OK);
    assert_true(output.bytes.length <= 9 + 5); // ESC [ 21 ; 101 H and the text
    str_clear(&output.bytes);
    canvas_text(&canvas, 100, 20, (struct style){0}, "0.124");
    assert_int_equal(term_output_frame(&output, &canvas, &error), STATUS_OK);
    assert_true(output.bytes.length <= 4); // one step back and one digit
    term_output_free(&output);
    canvas_free(&canvas);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_terminal_shows_the_canvas),
        cmocka_unit_test(little_changes_cost_few_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
