#include "tests/views/check.h"

#include "core/base/mem.h"
#include "tests/support/gallery.h"
#include "views/canvas.h"

static struct canvas open_canvas(int width, int height) {
    struct canvas canvas = {0};
    struct error error;
    assert_int_equal(canvas_resize(&canvas, width, height, &error), STATUS_OK);
    return canvas;
}

static void check_text(const struct canvas *canvas, const char *expected) {
    struct str out = {0};
    canvas_dump_text(canvas, &out);
    assert_string_equal(str_text(&out), expected);
    str_free(&out);
}

static void text_boxes_and_fields(void **state) {
    struct canvas canvas = open_canvas(14, 4);
    (void)state;
    canvas_box(&canvas, canvas_area(&canvas), style_ink(INK_FAINT), "日本", style_bold(INK_TITLE), "ok");
    canvas_field(&canvas, 1, 1, 6, TEXT_RIGHT, style_ink(INK_TEXT), "12");
    canvas_field(&canvas, 7, 1, 6, TEXT_LEFT, style_ink(INK_TEXT), "abcdefgh");
    canvas_print(&canvas, 1, 2, style_ink(INK_TEXT), "%d %s", 7, "é");
    check_text(&canvas, "╭ 日本 ── ok ╮\n│    12abcde…│\n│7 é         │\n╰────────────╯\n");
    canvas_clear(&canvas);
    canvas.ascii = true;
    canvas_box(&canvas, canvas_area(&canvas), style_ink(INK_FAINT), "é", style_bold(INK_TITLE), NULL);
    check_text(&canvas, "+ e ---------+\n|            |\n|            |\n+------------+\n");
    canvas_free(&canvas);
}

static void wrapping_breaks_at_blanks(void **state) {
    struct canvas canvas = open_canvas(10, 4);
    (void)state;
    assert_int_equal(canvas_wrap(&canvas, (struct rect){0, 0, 10, 4}, 0, (struct style){0},
                                 "the learning rate\nis unbelievablylong"), 6);
    check_text(&canvas, "the\nlearning\nrate\nis\n");
    assert_int_equal(canvas_wrap(&canvas, (struct rect){0, 0, 10, 0}, 0, (struct style){0}, "unbelievablylong"), 2);
    canvas_free(&canvas);
}

static void halves_of_wide_characters_read_as_blanks(void **state) {
    struct canvas canvas = open_canvas(6, 1);
    (void)state;
    canvas_text(&canvas, 0, 0, (struct style){0}, "日本語");
    canvas_put(&canvas, 1, 0, (struct style){0}, 'x'); // over the right half of the first
    canvas_put(&canvas, 4, 0, (struct style){0}, 'y'); // over the left half of the last
    check_text(&canvas, " x本y\n");
    canvas_clear(&canvas);
    canvas_clip(&canvas, (struct rect){1, 0, 3, 1});
    canvas_text(&canvas, 0, 0, (struct style){0}, "日本語");
    check_text(&canvas, "  本\n");
    canvas_free(&canvas);
}

static void draw_anything(struct canvas *canvas, uint32_t *random) {
    static const char *const texts[] = {"plain", "日本語", "e\xCC\x81\xCC\x81\xCC\x81\xCC\x81", "\033[2J\x9B", "🙂🙂"};
    int x = (int)(check_random(random) % 200) - 100, y = (int)(check_random(random) % 60) - 30;
    int width = (int)(check_random(random) % 120) - 20, height = (int)(check_random(random) % 50) - 10;
    if (check_random(random) % 64 == 0)
        x = (int)check_random(random), y = (int)check_random(random), width = (int)check_random(random);
    struct rect rect = {x, y, width, height};
    struct style style = style_on(INK_ERROR, INK_PANEL);
    switch (check_random(random) % 8) {
    case 0:
        canvas_text(canvas, x, y, style, texts[check_random(random) % 5]);
        break;
    case 1:
        canvas_fill(canvas, rect, style, 0x2588);
        break;
    case 2:
        canvas_box(canvas, rect, style, texts[check_random(random) % 5], style, "note");
        break;
    case 3:
        canvas_field(canvas, x, y, width, TEXT_CENTER, style, texts[check_random(random) % 5]);
        break;
    case 4:
        canvas_wrap(canvas, rect, 1, style, "some words to be wrapped 日本語 in a place");
        break;
    case 5:
        canvas_paint(canvas, rect, style);
        break;
    case 6:
        canvas_hline(canvas, x, y, width, style);
        break;
    default:
        gallery_draw(canvas, rect_intersect(rect, (struct rect){-50, -50, 200, 100}), (int)(check_random(random) % 4));
    }
}

static void nothing_is_written_outside_the_clip(void **state) {
    struct canvas canvas = open_canvas(40, 12), before = open_canvas(40, 12);
    uint32_t random = 77;
    (void)state;
    for (int round = 0; round < 10000; round++) {
        struct rect clip = {(int)(check_random(&random) % 50) - 5, (int)(check_random(&random) % 16) - 2,
                            (int)(check_random(&random) % 30), (int)(check_random(&random) % 10)};
        canvas_clear(&canvas);
        canvas.ascii = round % 2;
        canvas_fill(&canvas, canvas_area(&canvas), style_ink(INK_DIM), '#');
        canvas_copy(&before, &canvas);
        canvas_clip(&canvas, clip);
        draw_anything(&canvas, &random);
        for (int i = 0; i < 40 * 12; i++)
            if (!rect_contains(clip, i % 40, i / 40))
                assert_memory_equal(&canvas.cells[i], &before.cells[i], sizeof canvas.cells[i]);
    }
    canvas_free(&canvas);
    canvas_free(&before);
}

static void count_run(void *data, int x, int y, int length) {
    int *runs = data;
    (void)y;
    assert_true(x >= 0 && length > 0 && x + length <= 40);
    ++*runs;
}

static void differences_are_exactly_what_changed(void **state) {
    struct canvas a = open_canvas(40, 5), b = open_canvas(40, 5);
    int runs = 0;
    (void)state;
    canvas_text(&a, 0, 1, (struct style){0}, "loss 0.123");
    canvas_text(&b, 0, 1, (struct style){0}, "loss 0.456");
    assert_int_equal(canvas_diff(&a, &b, count_run, &runs), 3);
    assert_int_equal(runs, 1);
    canvas_put(&b, 20, 1, (struct style){0}, 'x');
    runs = 0;
    assert_int_equal(canvas_diff(&a, &b, count_run, &runs), 4);
    assert_int_equal(runs, 2);
    runs = 0;
    assert_int_equal(canvas_diff(NULL, &b, count_run, &runs), 200);
    assert_int_equal(runs, 5);
    canvas_free(&a);
    canvas_free(&b);
}

static void styles_are_dumped_as_runs(void **state) {
    struct canvas canvas = open_canvas(10, 2);
    struct str out = {0};
    (void)state;
    canvas_text(&canvas, 0, 0, style_bold(INK_TITLE), "ab");
    canvas_text(&canvas, 4, 1, style_on(color_rgb(1, 2, 255), INK_PANEL), "x");
    canvas_dump_styles(&canvas, &out);
    assert_string_equal(str_text(&out), "  0: 0-1 title+bold\n  1: 4 #0102ff on panel\n");
    str_free(&out);
    canvas_free(&canvas);
}

static void no_memory_is_a_sentence(void **state) {
    struct canvas canvas = open_canvas(5, 5);
    struct error error;
    (void)state;
    mem_fail_at(1);
    assert_int_equal(canvas_resize(&canvas, 9, 9, &error), STATUS_MEMORY);
    mem_fail_at(0);
    assert_int_equal(canvas.width, 5);
    assert_non_null(strstr(error.text, "memory"));
    canvas_free(&canvas);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_boxes_and_fields),
        cmocka_unit_test(wrapping_breaks_at_blanks),
        cmocka_unit_test(halves_of_wide_characters_read_as_blanks),
        cmocka_unit_test(nothing_is_written_outside_the_clip),
        cmocka_unit_test(differences_are_exactly_what_changed),
        cmocka_unit_test(styles_are_dumped_as_runs),
        cmocka_unit_test(no_memory_is_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
