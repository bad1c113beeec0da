#include "tests/views/check.h"

#include <math.h>
#include <stdio.h>

#include "core/base/str.h"
#include "tests/support/gallery.h"
#include "tests/support/screen.h"
#include "views/widgets/bars.h"
#include "views/widgets/form.h"
#include "views/widgets/gauge.h"
#include "views/widgets/heatmap.h"
#include "views/widgets/histogram.h"
#include "views/widgets/palette.h"
#include "views/widgets/prompt.h"
#include "views/widgets/sparkline.h"
#include "views/widgets/table.h"
#include "views/widgets/tabs.h"
#include "views/widgets/thumbnail.h"

static void draw_page(void *data, struct canvas *canvas, struct rect area) {
    gallery_draw(canvas, area, *(int *)data);
}

static void every_widget_looks_as_read(void **state) {
    (void)state;
    for (int page = 0; page < GALLERY_PAGES; page++)
        screen_check_all(gallery_name(page), draw_page, &page);
}

static void every_size_is_survived(void **state) {
    struct canvas canvas = {0};
    struct error error;
    (void)state;
    for (int width = 1; width < 60; width += width < 12 ? 1 : 9) {
        for (int height = 1; height < 30; height += height < 9 ? 1 : 7) {
            assert_int_equal(canvas_resize(&canvas, width, height, &error), STATUS_OK);
            canvas.ascii = (width + height) % 2;
            for (int page = 0; page < GALLERY_PAGES; page++)
                gallery_draw(&canvas, canvas_area(&canvas), page);
        }
    }
    canvas_free(&canvas);
}

static struct canvas line(int width, bool ascii) {
    struct canvas canvas = {0};
    struct error error;
    assert_int_equal(canvas_resize(&canvas, width, 1, &error), STATUS_OK);
    canvas.ascii = ascii;
    return canvas;
}

static void check_line(struct canvas *canvas, const char *expected) {
    struct str out = {0};
    canvas_dump_text(canvas, &out);
    out.text[out.length - 1] = '\0';
    assert_string_equal(out.text, expected);
    str_free(&out);
    canvas_free(canvas);
}

static void gauges_show_eighths(void **state) {
    struct canvas canvas = line(6, false);
    (void)state;
    gauge_bar(&canvas, 0, 0, 6, 0.5 + 1.0 / 32, INK_GAUGE); // 4 cells: 2 full and an eighth
    check_line(&canvas, "▕██▏ ▏");
    canvas = line(6, false);
    gauge_bar(&canvas, 0, 0, 6, 7, INK_GAUGE);
    check_line(&canvas, "▕████▏");
    canvas = line(6, true);
    gauge_bar(&canvas, 0, 0, 6, 0.5, INK_GAUGE);
    check_line(&canvas, "[##..]");
    canvas = line(20, true);
    gauge_draw(&canvas, canvas_area(&canvas), "GPU", 0.25, "25 %", INK_GAUGE);
    check_line(&canvas, "GPU [##.......] 25 %");
}

static void stacks_share_the_width(void **state) {
    static const double shares[] = {1, 2, 1};
    static const enum ink inks[] = {INK_CLASS_0, INK_CLASS_1, INK_CLASS_2};
    struct canvas canvas = line(8, true);
    (void)state;
    gauge_stack(&canvas, 0, 0, 8, shares, inks, 3);
    check_line(&canvas, "aabbbbcc");
}

static void sparklines_span_the_range(void **state) {
    static const double values[] = {0, 1, 2, 3, 4, 5, 6, 7, NAN, 0};
    struct canvas canvas = line(10, false);
    (void)state;
    sparkline_draw(&canvas, 0, 0, 10, values, 10, 0, 0, false, INK_GAUGE);
    check_line(&canvas, "▁▂▃▄▅▆▇█ ▁");
    canvas = line(2, false);
    sparkline_draw(&canvas, 0, 0, 2, values, 8, 0, 7, true, INK_GAUGE); // maxima of 0–3 and 4–7
    check_line(&canvas, "▄█");
    canvas = line(3, false);
    sparkline_draw(&canvas, 0, 0, 3, values, 8, 0, 7, false, INK_GAUGE); // the newest three
    check_line(&canvas, "▆▇█");
}

static void histograms_keep_area(void **state) {
    static const double counts[] = {8, 4, 0, 1};
    double flat[37];
    struct canvas canvas = line(4, false);
    (void)state;
    histogram_row(&canvas, 0, 0, 4, counts, 4, INK_BAR);
    check_line(&canvas, "█▄ ▁");
    canvas = line(8, false);
    histogram_row(&canvas, 0, 0, 8, counts, 4, INK_BAR);
    check_line(&canvas, "██▄▄  ▁▁");
    for (int i = 0; i < 37; i++)
        flat[i] = 5;
    canvas = line(28, false); // equal bins stay equal however they meet the columns
    histogram_row(&canvas, 0, 0, 28, flat, 37, INK_BAR);
    check_line(&canvas, "████████████████████████████");
}

static void pictures_average_and_keep_channels(void **state) {
    static const uint8_t pixels[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30}; // 2×2, interleaved
    struct picture picture = {pixels, 2, 2, 3, 3, 6, 1};
    struct canvas canvas = line(2, false);
    int width, height;
    (void)state;
    thumbnail_draw(&canvas, canvas_area(&canvas), &picture);
    struct canvas_cell left = canvas_at(&canvas, 0, 0), right = canvas_at(&canvas, 1, 0);
    assert_int_equal(left.code, 0x2580);
    assert_int_equal(left.style.fg, color_rgb(255, 0, 0));
    assert_int_equal(left.style.bg, color_rgb(0, 0, 255));
    assert_int_equal(right.style.fg, color_rgb(0, 255, 0));
    assert_int_equal(right.style.bg, color_rgb(10, 20, 30));
    thumbnail_draw(&canvas, (struct rect){0, 0, 1, 1}, &picture); // averages of the two rows
    assert_int_equal(canvas_at(&canvas, 0, 0).style.fg, color_rgb(127, 127, 0));
    canvas_free(&canvas);
    struct picture large = {pixels, 32, 32, 1, 1, 32, 0};
    thumbnail_size(&large, 80, 24, 1, &width, &height);
    assert_int_equal(width, 32);
    assert_int_equal(height, 16);
    thumbnail_size(&large, 80, 8, 4, &width, &height);
    assert_int_equal(width, 16);
    assert_int_equal(height, 8);
}

// ---- prompt --------------------------------------------------------------------------------------

static enum prompt_result press(struct prompt *prompt, const struct prompt_history *history, const char *keys) {
    enum prompt_result result = PROMPT_PASS;
    char name[32];
    for (int used; sscanf(keys, "%31s%n", name, &used) == 1; keys += used) {
        struct input_event key = screen_key(name);
        result = prompt_event(prompt, history, &key);
    }
    return result;
}

static void the_prompt_edits_whole_characters(void **state) {
    struct prompt prompt;
    (void)state;
    prompt_set(&prompt, "né日e\xCC\x81");
    press(&prompt, NULL, "Backspace"); // the e with its mark
    assert_string_equal(prompt.text, "né日");
    press(&prompt, NULL, "Left Backspace x");
    assert_string_equal(prompt.text, "nx日");
    press(&prompt, NULL, "Home a End b Ctrl-A Delete");
    assert_string_equal(prompt.text, "nx日b");
    prompt_set(&prompt, "one two  three");
    press(&prompt, NULL, "Ctrl-W");
    assert_string_equal(prompt.text, "one two  ");
    press(&prompt, NULL, "Alt-b Ctrl-K");
    assert_string_equal(prompt.text, "one ");
    press(&prompt, NULL, "Ctrl-U");
    assert_int_equal(prompt.length, 0);
    assert_int_equal(press(&prompt, NULL, "Enter"), PROMPT_ACCEPT);
    assert_int_equal(press(&prompt, NULL, "Esc"), PROMPT_CANCEL);
    assert_int_equal(press(&prompt, NULL, "F5"), PROMPT_PASS);
}

static void pastes_are_cleaned_and_cut(void **state) {
    struct prompt prompt = {0};
    char long_text[2 * PROMPT_SIZE];
    struct input_event paste = screen_paste("a\nb\033\xFFz");
    (void)state;
    assert_int_equal(prompt_event(&prompt, NULL, &paste), PROMPT_CHANGED);
    assert_string_equal(prompt.text, "a b z");
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    paste = screen_paste(long_text);
    prompt_event(&prompt, NULL, &paste);
    assert_int_equal(prompt.length, PROMPT_SIZE - 1);
}

static void history_comes_back_and_keeps_the_draft(void **state) {
    static struct prompt_history history;
    struct prompt prompt = {0};
    (void)state;
    prompt_remember(&history, "first");
    prompt_remember(&history, "second");
    prompt_remember(&history, "first"); // moves to the end
    assert_int_equal(history.count, 2);
    prompt_set(&prompt, "draft");
    press(&prompt, &history, "Up");
    assert_string_equal(prompt.text, "first");
    press(&prompt, &history, "Up Up Up");
    assert_string_equal(prompt.text, "second");
    press(&prompt, &history, "Down Down Down");
    assert_string_equal(prompt.text, "draft");
    for (int i = 0; i < 100; i++) {
        char text[8] = {(char)('a' + i % 26), (char)('a' + i / 26)};
        prompt_remember(&history, text);
    }
    assert_int_equal(history.count, PROMPT_HISTORY);
    assert_string_equal(history.lines[PROMPT_HISTORY - 1], "vd"); // 99 = 3 * 26 + 21
}

// ---- table ---------------------------------------------------------------------------------------

static int64_t cells_asked;

static void a_column(void *data, int64_t column, struct table_view_column *out) {
    (void)data;
    (void)column;
    out->title = "col";
    out->width = 8;
}

static void a_cell(void *data, int64_t row, int64_t column, struct table_view_cell *out) {
    (void)data;
    (void)column;
    cells_asked++;
    snprintf(out->text, sizeof out->text, "%lld", (long long)row);
}

static void a_table_of_any_size_asks_only_for_what_it_shows(void **state) {
    struct table_view_model model = {.rows = INT64_MAX / 4, .columns = 100000, .cell_cursor = true, .column = a_column,
                                     .cell = a_cell};
    struct table_view_state at = {0};
    struct canvas canvas = {0};
    struct error error;
    struct rect rect = {0, 0, 80, 24};
    int64_t first;
    (void)state;
    assert_int_equal(canvas_resize(&canvas, 80, 24, &error), STATUS_OK);
    assert_true(table_view_request(&at, &model, rect, false, REQUEST_BOTTOM));
    assert_true(table_view_request(&at, &model, rect, false, REQUEST_LAST_COLUMN));
    cells_asked = 0;
    table_view_draw(&canvas, rect, &model, &at, true);
    assert_true(cells_asked <= 23 * 9);
    assert_int_equal(at.row, model.rows - 1);
    assert_int_equal(table_view_visible(&at, &model, rect, &first), 23);
    assert_int_equal(first, model.rows - 23);
    canvas_free(&canvas);
}

static void the_chosen_row_and_column_stay_in_sight(void **state) {
    struct table_view_model model = {.rows = 500, .columns = 40, .cell_cursor = true, .column = a_column, .cell = a_cell};
    struct table_view_state at = {0};
    struct rect rect = {3, 2, 50, 12};
    static const enum request moves[] = {REQUEST_UP, REQUEST_DOWN, REQUEST_PAGE_UP, REQUEST_PAGE_DOWN, REQUEST_LEFT,
                                         REQUEST_RIGHT, REQUEST_TOP, REQUEST_BOTTOM, REQUEST_FIRST_COLUMN,
                                         REQUEST_LAST_COLUMN};
    uint32_t random = 5;
    (void)state;
    for (int i = 0; i < 5000; i++) {
        int64_t first, shown;
        struct input_event mouse = screen_mouse((enum mouse_action)(check_random(&random) % 5),
                                                (int)(check_random(&random) % 60), (int)(check_random(&random) % 20));
        if (check_random(&random) % 3)
            table_view_request(&at, &model, rect, false, moves[check_random(&random) % 10]);
        else
            table_view_event(&at, &model, rect, false, &mouse);
        shown = table_view_visible(&at, &model, rect, &first);
        assert_in_range(at.row, 0, 499);
        assert_in_range(at.column, 0, 39);
        assert_true(at.row >= first && at.row < first + shown);
    }
}

static void a_click_chooses_the_cell_under_it(void **state) {
    struct table_view_model model = {.rows = 500, .columns = 40, .cell_cursor = true, .column = a_column, .cell = a_cell};
    struct table_view_state at = {.row = 100, .top = 100};
    struct rect rect = {3, 2, 50, 12};
    struct input_event click = screen_mouse(MOUSE_PRESS, 3 + 10 + 2, 2 + 1 + 4); // second column, fifth row
    (void)state;
    assert_true(table_view_event(&at, &model, rect, false, &click));
    assert_int_equal(at.row, 104);
    assert_int_equal(at.column, 1);
    struct table_view_model empty = {.rows = 0, .columns = 0, .column = a_column, .cell = a_cell};
    table_view_event(&at, &empty, rect, false, &click);
    table_view_request(&at, &empty, rect, false, REQUEST_DOWN);
    assert_int_equal(at.row, 0);
}

// ---- form, palette, tabs, heat map -------------------------------------------------------------------

static void a_row(void *data, size_t index, struct form_row *out) {
    (void)data;
    if (index % 4 == 0)
        out->section = "section";
    else
        out->label = "field";
    out->disabled = index % 4 == 2;
    snprintf(out->value, sizeof out->value, "%zu", index);
}

static void a_form_skips_headings_and_disabled_fields(void **state) {
    struct form_model model = {.rows = 9, .row = a_row}; // 0 4 8 headings, 2 6 disabled: 1 3 5 7
    struct form_state form = {0};
    struct rect rect = {0, 0, 40, 20};
    size_t index;
    (void)state;
    form_request(&form, &model, rect, REQUEST_DOWN);
    assert_int_equal(form.chosen, 3);
    form_request(&form, &model, rect, REQUEST_BOTTOM);
    assert_int_equal(form.chosen, 7);
    form_request(&form, &model, rect, REQUEST_TOP);
    assert_int_equal(form.chosen, 1);
    form_edit_begin(&form, &model);
    assert_string_equal(form.edit.text, "1");
    struct input_event key = screen_key("2");
    assert_int_equal(form_event(&form, &key), PROMPT_CHANGED);
    key = screen_key("Esc");
    assert_int_equal(form_event(&form, &key), PROMPT_CANCEL);
    assert_false(form.editing);
    assert_true(form_hit(&model, &form, rect, 5, 5, &index));
    assert_int_equal(index, 5);
    assert_false(form_hit(&model, &form, rect, 5, 4, &index));
}

static void an_item(void *data, size_t index, struct palette_item *out) {
    static const char *const texts[] = {"raise learning rate", "lower learning rate", "quit", "view: train"};
    (void)data;
    out->text = texts[index];
}

static void the_palette_finds_and_chooses(void **state) {
    static struct palette_state palette;
    struct palette_model model = {.count = 4, .item = an_item};
    (void)state;
    palette_open(&palette, &model);
    assert_int_equal(palette.match_count, 4);
    for (const char *letter = "lowlr"; *letter; letter++) {
        struct input_event key = screen_key((char[]){*letter, '\0'});
        palette_event(&palette, &model, &key);
    }
    assert_int_equal(palette_choice(&palette, &model), 1);
    struct input_event key = screen_key("z");
    palette_event(&palette, &model, &key);
    assert_int_equal(palette_choice(&palette, &model), 4);
    key = screen_key("Enter");
    assert_int_equal(palette_event(&palette, &model, &key), PALETTE_REDRAW); // nothing to accept
    key = screen_key("Backspace");
    palette_event(&palette, &model, &key);
    key = screen_key("Enter");
    assert_int_equal(palette_event(&palette, &model, &key), PALETTE_ACCEPT);
}

static void tabs_answer_the_mouse(void **state) {
    static const struct tab tabs[] = {{"Data", '1'}, {"Prepare", '2'}, {"Train", '5'}};
    struct canvas canvas = line(40, true);
    (void)state;
    assert_int_equal(tabs_draw(&canvas, canvas_area(&canvas), tabs, 3, 1), 8 + 11 + 9);
    assert_int_equal(tabs_hit(canvas_area(&canvas), tabs, 3, 1, 0), 0);
    assert_int_equal(tabs_hit(canvas_area(&canvas), tabs, 3, 1, 8), 1);
    assert_int_equal(tabs_hit(canvas_area(&canvas), tabs, 3, 1, 30), 3);
    check_line(&canvas, " 1 Data [2 Prepare] 5 Train");
    canvas = line(27, true); // one column less than all of them take
    assert_int_equal(tabs_draw(&canvas, canvas_area(&canvas), tabs, 3, 1), 7 + 10 + 8 + 1);
    assert_int_equal(tabs_hit(canvas_area(&canvas), tabs, 3, 1, 8), 1);
    assert_int_equal(tabs_hit(canvas_area(&canvas), tabs, 3, 1, 19), 2);
    check_line(&canvas, " 1 Data[2 Prepare]5 Train");
    canvas = line(20, true);
    tabs_draw(&canvas, canvas_area(&canvas), tabs, 3, 1);
    check_line(&canvas, " 1 [2 Prepare] 5");
}

static double a_value(void *data, size_t row, size_t column) {
    (void)data;
    return (double)(row * 10 + column);
}

static void the_heat_map_hits_what_it_draws(void **state) {
    struct heatmap map = {.rows = 4, .columns = 5, .value = a_value, .high = 34};
    struct rect rect = {2, 1, 30, 8};
    struct canvas canvas = {0};
    struct error error;
    size_t row, column;
    (void)state;
    assert_int_equal(canvas_resize(&canvas, 40, 12, &error), STATUS_OK);
    heatmap_draw(&canvas, rect, &map);
    assert_true(heatmap_hit(&map, rect, 2 + 6 * 3 + 1, 1 + 2 * 2, &row, &column)); // cells of 6×2
    assert_int_equal(row, 2);
    assert_int_equal(column, 3);
    assert_int_equal(canvas_at(&canvas, 2 + 6 * 4, 1 + 3 * 2).style.bg, color_sequential(1)); // the largest value
    assert_int_equal(canvas_at(&canvas, 2, 1).style.bg, color_sequential(0));
    assert_false(heatmap_hit(&map, rect, 2 + 6 * 5, 1, &row, &column) && column >= 5);
    canvas_free(&canvas);
}

static char *a_share(void *data, size_t row, size_t column, char out[TEXT_NUMBER_SIZE]) {
    (void)data;
    snprintf(out, TEXT_NUMBER_SIZE, row == column ? "100 %%" : "5 %%");
    return out;
}

static void the_frame_of_a_chosen_cell_hides_no_digit(void **state) {
    struct heatmap map = {.rows = 1, .columns = 2, .value = a_value, .text = a_share, .high = 1, .chosen_shown = true};
    struct canvas canvas = line(12, true);
    (void)state;
    heatmap_draw(&canvas, canvas_area(&canvas), &map); // cells of six columns
    check_line(&canvas, "100 %] 5 %");
    canvas = line(12, true);
    map.chosen_column = 1;
    heatmap_draw(&canvas, canvas_area(&canvas), &map);
    check_line(&canvas, "100 % [5 % ]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_widget_looks_as_read),
        cmocka_unit_test(every_size_is_survived),
        cmocka_unit_test(gauges_show_eighths),
        cmocka_unit_test(stacks_share_the_width),
        cmocka_unit_test(sparklines_span_the_range),
        cmocka_unit_test(histograms_keep_area),
        cmocka_unit_test(pictures_average_and_keep_channels),
        cmocka_unit_test(the_prompt_edits_whole_characters),
        cmocka_unit_test(pastes_are_cleaned_and_cut),
        cmocka_unit_test(history_comes_back_and_keeps_the_draft),
        cmocka_unit_test(a_table_of_any_size_asks_only_for_what_it_shows),
        cmocka_unit_test(the_chosen_row_and_column_stay_in_sight),
        cmocka_unit_test(a_click_chooses_the_cell_under_it),
        cmocka_unit_test(a_form_skips_headings_and_disabled_fields),
        cmocka_unit_test(the_palette_finds_and_chooses),
        cmocka_unit_test(tabs_answer_the_mouse),
        cmocka_unit_test(the_heat_map_hits_what_it_draws),
        cmocka_unit_test(the_frame_of_a_chosen_cell_hides_no_digit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
