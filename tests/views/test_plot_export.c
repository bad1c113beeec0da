// Charts as files: places worked out by hand, names that mean harm, the points as they are.
#include "tests/views/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "views/widgets/plot_export.h"

static struct error error;

static void svg_of(const struct plot *plot, const char *title, struct str *out) {
    struct plot_panel panel = {.title = title, .plot = plot};
    plot_svg(&panel, 1, out);
    assert_false(out->failed);
}

static size_t count_of(const char *text, const char *part) {
    size_t count = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        count++;
    return count;
}

// The room of a panel is from 64 to 624 and from 36 to 356: a quarter of it is 140 across and 80 down.
static void points_stand_where_they_belong(void **state) {
    const double x[] = {0, 1, 2, 4}, y[] = {0, 10, NAN, 20};
    struct plot_series series[] = {{.name = "line", .x = x, .y = y, .count = 4, .ink = INK_TRAINING},
                                   {.name = "dots", .x = x, .y = y, .count = 4, .line = PLOT_POINTS}};
    struct plot_mark mark = {.x = 3, .label = "batch 16"};
    struct plot plot = {.series = series, .count = 2, .x_high = 4, .y_high = 20, .marks = &mark, .mark_count = 1};
    struct str svg = {0};
    (void)state;
    svg_of(&plot, "loss", &svg);
    const char *text = str_text(&svg);
    assert_non_null(strstr(text, "points=\"64.00,356.00 204.00,196.00 \"")); // up to the gap
    assert_non_null(strstr(text, "points=\"624.00,36.00 \""));
    assert_int_equal(count_of(text, "<circle"), 3 + 1);
    assert_non_null(strstr(text, "<circle cx=\"204.00\" cy=\"196.00\""));
    assert_non_null(strstr(text, "x1=\"484.0\" y1=\"36.0\" x2=\"484.0\"")); // the mark, at three quarters
    assert_non_null(strstr(text, ">batch 16<"));
    assert_non_null(strstr(text, "stroke=\"#0072b2\"")); // training, in the light theme
    str_free(&svg);
}

static void logarithmic_axes_are_even_in_decades(void **state) {
    const double x[] = {0, 1, 2}, y[] = {0.01, 0.1, 1};
    struct plot_series series = {.name = "loss", .x = x, .y = y, .count = 3};
    struct plot plot = {.series = &series, .count = 1, .x_high = 2, .y_low = 0.01, .y_high = 1, .log_y = true};
    struct str svg = {0};
    (void)state;
    svg_of(&plot, "", &svg);
    assert_non_null(strstr(str_text(&svg), "points=\"64.00,356.00 344.00,196.00 624.00,36.00 \""));
    str_free(&svg);
}

static void names_stand_where_curves_do_not_end(void **state) {
    const double rising[] = {0, 1, 2, 8, 9, 9}, falling[] = {9, 8, 5, 1, 0, 0};
    struct plot_series series = {.name = "accuracy", .y = rising, .count = 6};
    struct plot plot = {.series = &series, .count = 1, .x_high = 5, .y_high = 10};
    struct str high = {0}, low = {0};
    (void)state;
    svg_of(&plot, "", &high);
    assert_non_null(strstr(str_text(&high), "<text x=\"583.0\" y=\"348\""));
    series.y = falling;
    svg_of(&plot, "", &low);
    assert_non_null(strstr(str_text(&low), "<text x=\"583.0\" y=\"50\""));
    str_free(&high);
    str_free(&low);
}

static void names_cannot_leave_their_place(void **state) {
    const double y[] = {1, 2};
    struct plot_series series = {.name = "</text><script>a&\"b\x1b[31m", .y = y, .count = 2};
    struct plot plot = {.series = &series, .count = 1, .auto_x = true, .auto_y = true, .x_label = "<x>"};
    struct str svg = {0}, csv = {0};
    struct plot_panel panel = {.title = "=cmd()", .plot = &plot};
    (void)state;
    svg_of(&plot, "a<b", &svg);
    assert_null(strstr(str_text(&svg), "<script"));
    assert_null(strchr(str_text(&svg), '\x1b'));
    assert_non_null(strstr(str_text(&svg), "&lt;/text&gt;&lt;script&gt;a&amp;&quot;b"));
    assert_non_null(strstr(str_text(&svg), "a&lt;b"));
    assert_int_equal(count_of(str_text(&svg), "<text"), count_of(str_text(&svg), "</text>"));
    plot_csv(&panel, 1, &csv);
    assert_null(strstr(str_text(&csv), "\n=cmd")); // no formula for a spreadsheet
    assert_null(strstr(str_text(&csv), "\n\"=cmd"));
    str_free(&svg);
    str_free(&csv);
}

static void points_come_back_to_the_bit(void **state) {
    const double x[] = {0.1, 1e-300, 3}, y[] = {1.0 / 3, NAN, INFINITY};
    struct plot_series series[] = {{.name = "a, b", .x = x, .y = y, .count = 3}, {.y = y, .count = 3}};
    struct plot plot = {.series = series, .count = 2};
    struct plot_panel panel = {.title = "t", .plot = &plot};
    struct str csv = {0};
    (void)state;
    plot_csv(&panel, 1, &csv);
    assert_string_equal(str_text(&csv), "chart,series,x,y\n"
                                        "t,\"a, b\",0.1,0.3333333333333333\n"
                                        "t,\"a, b\",1e-300,nan\n"
                                        "t,\"a, b\",3,inf\n");
    str_free(&csv);
}

static void nothing_to_show_is_a_picture_too(void **state) {
    struct plot plot = {.auto_x = true, .auto_y = true};
    struct plot_panel panels[] = {{.title = "one", .plot = &plot}, {.title = "two", .plot = &plot}};
    struct str svg = {0};
    (void)state;
    plot_svg(panels, 2, &svg);
    assert_non_null(strstr(str_text(&svg), "width=\"1280\" height=\"400\""));
    assert_int_equal(count_of(str_text(&svg), "<clipPath"), 2);
    assert_true(text_ends(str_text(&svg), "</svg>\n"));
    str_free(&svg);
}

static void files_are_refused_and_written(void **state) {
    char folder[] = "/tmp/batchlab-plot-XXXXXX", path[64];
    struct plot plot = {.auto_x = true};
    struct plot_panel panel = {.title = "t", .plot = &plot};
    char *text = NULL;
    size_t size;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.png", folder);
    assert_int_equal(plot_save(&panel, 1, path, &error), STATUS_INVALID);
    snprintf(path, sizeof path, "%s/no/a.svg", folder);
    assert_int_not_equal(plot_save(&panel, 1, path, &error), STATUS_OK);
    snprintf(path, sizeof path, "%s/a.csv", folder);
    assert_int_equal(plot_save(&panel, 1, path, &error), STATUS_OK);
    assert_int_equal(file_read(path, 0, &text, &size, &error), STATUS_OK);
    assert_string_equal(text, "chart,series,x,y\n");
    mem_free(text);
    unlink(path);
    rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_stand_where_they_belong),
        cmocka_unit_test(logarithmic_axes_are_even_in_decades),
        cmocka_unit_test(names_stand_where_curves_do_not_end),
        cmocka_unit_test(names_cannot_leave_their_place),
        cmocka_unit_test(points_come_back_to_the_bit),
        cmocka_unit_test(nothing_to_show_is_a_picture_too),
        cmocka_unit_test(files_are_refused_and_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
