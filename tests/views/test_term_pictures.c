// Pictures as a terminal gets them, decoded again: every pixel is where it belongs, and nothing stays that is not shown.
#include "tests/views/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "views/term_output.h"
#include "views/widgets/thumbnail.h"

enum { WIDTH = 40, HEIGHT = 20, CELL_WIDTH = 6, CELL_HEIGHT = 12 };

static struct canvas canvas;
static struct canvas_pictures kept;
static struct term_output output;
static struct error error;
static uint8_t pixels[8 * 6 * 3];

static void open_output(enum picture_way way) {
    uint32_t random = 5;
    output = (struct term_output){.theme = theme_at(0), .depth = DEPTH_TRUE};
    output.pictures = (struct term_pictures){.way = way, .cell_width = CELL_WIDTH, .cell_height = CELL_HEIGHT};
    term_output_restart(&output);
    assert_int_equal(canvas_resize(&canvas, WIDTH, HEIGHT, &error), STATUS_OK);
    canvas.pictures = &kept;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(check_random(&random) % 256);
}

static void close_output(void) {
    term_output_free(&output);
    canvas_free(&canvas);
    canvas_pictures_free(&kept);
}

static struct picture picture(void) {
    return (struct picture){.pixels = pixels, .width = 8, .height = 6, .channels = 3, .step_x = 1, .step_y = 8, .step_channel = 48};
}

// A frame with the picture at x, y (x < 0: without), and a word over it.
static const char *frame(int x, int y, const char *word) {
    canvas_clear(&canvas);
    struct picture of = picture();
    if (x >= 0)
        thumbnail_draw(&canvas, (struct rect){x, y, 4, 2}, &of);
    canvas_text(&canvas, x + 1, y, style_ink(INK_TEXT), word);
    str_clear(&output.bytes);
    assert_int_equal(term_output_frame(&output, &canvas, &error), STATUS_OK);
    return str_text(&output.bytes);
}

// Red, green, blue of the picture where that pixel of the screen lies.
static const uint8_t *expected(int x, int y, uint8_t out[3]) {
    int across = x * 8 / (4 * CELL_WIDTH), down = y * 6 / (2 * CELL_HEIGHT);
    for (int c = 0; c < 3; c++)
        out[c] = pixels[across + 8 * down + 48 * c];
    return out;
}

static size_t times_in(const char *text, const char *part) {
    size_t count = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        count++;
    return count;
}

// ---- kitty ------------------------------------------------------------------------------------------------

static size_t from_base64(const char *text, size_t length, uint8_t *out) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t count = 0;
    uint32_t bits = 0;
    int held = 0;
    for (size_t i = 0; i < length && text[i] != '='; i++) {
        const char *at = strchr(letters, text[i]);
        assert_non_null(at);
        bits = bits << 6 | (uint32_t)(at - letters);
        if ((held += 6) >= 8)
            out[count++] = (uint8_t)(bits >> (held -= 8));
    }
    return count;
}

static void check_kitty(const char *bytes) {
    char packed[65536];
    uint8_t raw[65536], unpacked[65536], want[3];
    size_t length = 0;
    bool more = true;
    const char *at = strstr(bytes, "\033_Ga=T,f=24,o=z,s=24,v=24,c=4,r=2,C=1,");
    assert_non_null(at);
    for (; more; at = strstr(at, "\033\\") + 2) {
        const char *data = strchr(at, ';') + 1, *end = strstr(data, "\033\\");
        assert_true(end && (size_t)(end - data) <= 4096);
        more = data[-2] == '1'; // m=1;
        memcpy(packed + length, data, (size_t)(end - data));
        length += (size_t)(end - data);
    }
    uLongf size = sizeof unpacked;
    assert_int_equal(uncompress(unpacked, &size, raw, (uLong)from_base64(packed, length, raw)), Z_OK);
    assert_int_equal(size, 24 * 24 * 3);
    for (int y = 0; y < 24; y++)
        for (int x = 0; x < 24; x++)
            assert_memory_equal(unpacked + 3 * (y * 24 + x), expected(x, y, want), 3);
}

static void kitty_gets_every_pixel_once(void **state) {
    (void)state;
    open_output(PICTURES_KITTY);
    const char *bytes = frame(3, 2, "");
    assert_non_null(strstr(bytes, "\033[3;4H\033_Ga=T"));
    check_kitty(bytes);
    assert_null(strstr(frame(3, 2, ""), "\033_G")); // it is there
    bytes = frame(10, 4, "");                          // elsewhere: gone here, put there
    assert_int_equal(times_in(bytes, "\033_Ga=d,d=I,i="), 1);
    check_kitty(bytes);
    bytes = frame(10, 4, "menu"); // something lies on it: half blocks
    assert_int_equal(times_in(bytes, "\033_Ga=d,d=I,i="), 1);
    assert_null(strstr(bytes, "a=T"));
    check_kitty(frame(10, 4, ""));
    pixels[5] ^= 0x80; // another picture
    bytes = frame(10, 4, "");
    assert_int_equal(times_in(bytes, "\033_Ga=d,d=I,i="), 1);
    check_kitty(bytes);
    term_output_restart(&output); // the screen is cleared: again
    check_kitty(frame(10, 4, ""));
    bytes = frame(-1, 0, "");
    assert_int_equal(times_in(bytes, "\033_Ga=d,d=I,i="), 1);
    assert_null(strstr(frame(-1, 0, ""), "\033_G"));
    close_output();
}

// ---- sixel ------------------------------------------------------------------------------------------------

// Draws it on a screen of pixels, percent of each color; returns where it ends.
static const char *play_sixel(const char *at, int screen[24][24][3]) {
    int registers[256][3] = {{0}}, chosen = 0, x = 0, y = 0, width = 0, height = 0, used = 0;
    assert_int_equal(sscanf(at, "\033P0;1;0q\"1;1;%d;%d%n", &width, &height, &used), 2);
    assert_true(width == 24 && height == 24);
    for (at += used; *at != '\033';) {
        int p[4], count = 1;
        if (sscanf(at, "#%d;2;%d;%d;%d%n", &p[0], &p[1], &p[2], &p[3], &used) == 4) {
            memcpy(registers[p[0]], p + 1, sizeof registers[0]);
            at += used;
            continue;
        }
        if (sscanf(at, "#%d%n", &chosen, &used) == 1) {
            at += used;
            continue;
        }
        if (*at == '$' || *at == '-') {
            x = 0;
            y += *at++ == '-' ? 6 : 0;
            continue;
        }
        if (*at == '!') {
            assert_int_equal(sscanf(at, "!%d%n", &count, &used), 1);
            at += used;
        }
        assert_true(*at >= 63 && *at <= 126);
        for (; count > 0; count--, x++)
            for (int row = 0; row < 6; row++)
                if ((*at - 63) >> row & 1) {
                    assert_true(x < 24 && y + row < 24);
                    memcpy(screen[y + row][x], registers[chosen], sizeof registers[0]);
                }
        at++;
    }
    return at;
}

static void check_sixel(const char *bytes) {
    static int screen[24][24][3];
    uint8_t want[3];
    const char *at = strstr(bytes, "\033P0;1;0q");
    assert_non_null(at);
    memset(screen, 0xFF, sizeof screen);
    at = play_sixel(at, screen);
    assert_int_equal(strncmp(at, "\033\\", 2), 0);
    for (int y = 0; y < 24; y++)
        for (int x = 0; x < 24; x++) {
            expected(x, y, want);
            for (int c = 0; c < 3; c++)
                assert_int_equal(screen[y][x][c], (want[c] * 100 + 127) / 255);
        }
}

static void sixel_gets_every_pixel_and_leaves_no_rest(void **state) {
    (void)state;
    open_output(PICTURES_SIXEL);
    const char *bytes = frame(3, 2, "");
    assert_non_null(strstr(bytes, "\033[3;4H\033P"));
    check_sixel(bytes);
    assert_null(strstr(frame(3, 2, ""), "\033P"));
    bytes = frame(-1, 0, "");
    assert_null(strstr(bytes, "\033P"));
    bytes = frame(3, 2, "menu"); // shown before by half blocks only where the word is not
    assert_null(strstr(bytes, "\033P"));
    check_sixel(frame(3, 2, ""));
    assert_null(strstr(frame(3, HEIGHT - 2, ""), "\033P")); // the last row might scroll
    output.pictures.cell_width = 0;
    assert_null(strstr(frame(3, 2, ""), "\033P")); // nobody knows how large a cell is
    close_output();
}

// Cells that a picture has covered are sent again, though the canvas has not changed them: here one where blanks were.
static void cells_below_a_sixel_come_back(void **state) {
    (void)state;
    open_output(PICTURES_SIXEL);
    check_sixel(frame(3, 2, ""));
    canvas.pictures = NULL; // as if the terminal's window had lost them
    canvas_clear(&canvas);
    struct picture of = picture();
    thumbnail_draw(&canvas, (struct rect){3, 2, 4, 2}, &of);
    str_clear(&output.bytes);
    assert_int_equal(term_output_frame(&output, &canvas, &error), STATUS_OK);
    assert_int_equal(times_in(str_text(&output.bytes), "\xE2\x96\x80"), 8);
    close_output();
}

static void nobody_who_cannot_gets_any(void **state) {
    (void)state;
    open_output(PICTURES_NONE);
    const char *bytes = frame(3, 2, "");
    assert_null(strstr(bytes, "\033_G"));
    assert_null(strstr(bytes, "\033P"));
    assert_int_equal(times_in(bytes, "\xE2\x96\x80"), 8);
    close_output();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kitty_gets_every_pixel_once),
        cmocka_unit_test(sixel_gets_every_pixel_and_leaves_no_rest),
        cmocka_unit_test(cells_below_a_sixel_come_back),
        cmocka_unit_test(nobody_who_cannot_gets_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
