#include "tests/views/check.h"

#include <math.h>

#include "core/base/mem.h"
#include "views/widgets/plot.h"

#define MILLION 1000000

static void assert_close(double actual, double expected, double tolerance) {
    if (!(fabs(actual - expected) <= tolerance))
        fail_msg("%.17g is not %.17g", actual, expected);
}

static struct canvas open_canvas(int width, int height) {
    struct canvas canvas = {0};
    struct error error;
    assert_int_equal(canvas_resize(&canvas, width, height, &error), STATUS_OK);
    return canvas;
}

// Whether the curve's top row of cells has any dot.
static bool top_row_drawn(const struct canvas *canvas, const struct plot_frame *frame) {
    for (int x = frame->rect.x; x < frame->rect.x + frame->rect.width; x++) {
        uint32_t code = canvas_at(canvas, x, frame->rect.y).code;
        if (code > 0x2800 && code <= 0x28FF)
            return true;
    }
    return false;
}

static void no_spike_is_lost_among_a_million(void **state) {
    static double y[MILLION];
    struct plot_series series = {.y = y, .count = MILLION, .ink = INK_TRAINING};
    struct plot plot = {.series = &series, .count = 1, .auto_x = true, .y_low = 0, .y_high = 1};
    struct canvas canvas = open_canvas(80, 20);
    (void)state;
    for (int i = 0; i < MILLION; i++)
        y[i] = 0.1;
    struct plot_frame frame = plot_measure(&plot, canvas_area(&canvas));
    plot_draw(&canvas, canvas_area(&canvas), &plot);
    assert_false(top_row_drawn(&canvas, &frame));
    for (int spike = 0; spike < MILLION; spike += 76543) { // wherever it is, whatever the line style
        y[spike] = 1;
        for (int style = PLOT_SOLID; style < PLOT_POINTS; style++) {
            series.line = (enum plot_line)style;
            canvas_clear(&canvas);
            plot_draw(&canvas, canvas_area(&canvas), &plot);
            assert_true(top_row_drawn(&canvas, &frame));
        }
        y[spike] = 0.1;
    }
    canvas_free(&canvas);
}

static int gap_signs(const struct canvas *canvas, const struct plot_frame *frame) {
    int count = 0;
    for (int x = frame->rect.x; x < frame->rect.x + frame->rect.width; x++)
        count += canvas_at(canvas, x, frame->rect.y + frame->rect.height - 1).code == 0xD7;
    return count;
}

static void values_that_are_none_leave_a_gap_and_a_sign(void **state) {
    double y[5] = {1, 2, NAN, 2, INFINITY};
    struct plot_series series = {.y = y, .count = 5, .ink = INK_TRAINING};
    struct plot plot = {.series = &series, .count = 1, .auto_x = true, .auto_y = true};
    struct canvas canvas = open_canvas(60, 12);
    (void)state;
    struct plot_frame frame = plot_measure(&plot, canvas_area(&canvas));
    assert_close(frame.x_low, 0, 1e-12);
    assert_close(frame.x_high, 3, 1e-12); // the infinite one does not stretch the axis
    assert_true(isfinite(frame.y_low) && isfinite(frame.y_high));
    plot_draw(&canvas, canvas_area(&canvas), &plot);
    assert_int_equal(gap_signs(&canvas, &frame), 1);
    int middle = frame.rect.x + frame.rect.width * 2 / 3;
    for (int row = frame.rect.y; row < frame.rect.y + frame.rect.height - 1; row++) {
        uint32_t code = canvas_at(&canvas, middle, row).code;
        assert_false(code > 0x2800 && code <= 0x28FF);
    }
    y[0] = -1; // a logarithm there is none of
    plot.log_y = true;
    canvas_clear(&canvas);
    plot.auto_x = false;
    plot.x_high = 4;
    frame = plot_measure(&plot, canvas_area(&canvas));
    plot_draw(&canvas, canvas_area(&canvas), &plot);
    assert_int_equal(gap_signs(&canvas, &frame), 3);
    canvas_free(&canvas);
}

static void check_diagonal(const struct plot *plot) {
    struct canvas canvas = open_canvas(40, 12);
    struct plot_frame frame = plot_measure(plot, canvas_area(&canvas));
    plot_draw(&canvas, canvas_area(&canvas), plot);
    for (int column = 0; column < frame.rect.width; column++) {
        double share = (column + 0.5) / frame.rect.width;
        int row = frame.rect.y + (int)((1 - share) * frame.rect.height);
        for (int y = frame.rect.y; y < frame.rect.y + frame.rect.height; y++) {
            uint32_t code = canvas_at(&canvas, frame.rect.x + column, y).code;
            bool drawn = code > 0x2800 && code <= 0x28FF;
            if (drawn)
                assert_true(y >= row - 1 && y <= row + 1);
            assert_true(drawn || y != row || canvas_at(&canvas, frame.rect.x + column, y - 1).code > 0x2800 ||
                        canvas_at(&canvas, frame.rect.x + column, y + 1).code > 0x2800);
        }
    }
    canvas_free(&canvas);
}

static void a_straight_line_is_straight(void **state) {
    double x[2] = {0, 10}, y[2] = {0, 10};
    struct plot_series series = {.x = x, .y = y, .count = 2, .ink = INK_TRAINING};
    struct plot plot = {.series = &series, .count = 1, .y_high = 10, .x_high = 10};
    (void)state;
    check_diagonal(&plot);
    x[0] = y[0] = -1000, x[1] = y[1] = 1010; // ends far outside: the same line within
    check_diagonal(&plot);
}

static void the_average_matches_its_definition(void **state) {
    double y[40], out[40];
    uint32_t random = 3;
    (void)state;
    for (int i = 0; i < 40; i++)
        y[i] = check_random(&random) % 1000 / 100.0;
    plot_ema(y, 40, 0.9, out);
    for (int i = 0; i < 40; i++) {
        double sum = 0, weight = 0;
        for (int j = 0; j <= i; j++) {
            sum += pow(0.9, i - j) * y[j];
            weight += pow(0.9, i - j);
        }
        assert_close(out[i], sum / weight, 1e-9);
    }
    y[7] = NAN;
    plot_ema(y, 40, 0.9, out);
    assert_true(isnan(out[7]) && isfinite(out[8]));
    plot_ema(y, 40, 0, out);
    assert_close(out[3], y[3], 0);
}

static void ticks_are_round_and_inside(void **state) {
    uint32_t random = 11;
    (void)state;
    for (int i = 0; i < 2000; i++) {
        double low = check_random(&random) % 10000 / 7.0 - 700, step;
        double high = low + pow(10, check_random(&random) % 12 / 2.0 - 3);
        double first = plot_ticks(low, high, 6, &step);
        double digit = step / pow(10, floor(log10(step) + 1e-9));
        assert_true(fabs(digit - 1) < 1e-6 || fabs(digit - 2) < 1e-6 || fabs(digit - 5) < 1e-6);
        assert_true(first >= low - step * 1e-6 && first < low + step * 1.000001);
        assert_true((high - low) / step <= 6.001);
    }
}

static void the_mouse_reads_what_is_drawn(void **state) {
    static const double x[] = {1, 10, 100}, y[] = {5, 6, 7};
    struct plot_series series = {.x = x, .y = y, .count = 3};
    struct plot plot = {.series = &series, .count = 1, .auto_x = true, .auto_y = true, .log_x = true};
    struct plot_frame frame = plot_measure(&plot, (struct rect){0, 0, 50, 10});
    (void)state;
    assert_close(plot_x_at(&plot, &frame, frame.rect.x), 1, 1e-9);
    assert_close(plot_x_at(&plot, &frame, frame.rect.x + frame.rect.width - 1), 100, 1e-9);
    assert_close(plot_value_at(&series, 10), 6, 0);
    assert_close(plot_value_at(&series, 99), 6, 0);
    assert_true(isnan(plot_value_at(&series, 0.5)));
}

// Of a label that has room on neither side of its mark the end is cut, never the beginning.
static void the_label_of_a_mark_begins_with_its_first_letter(void **state) {
    static const double y[] = {1, 2, 3};
    struct plot_series series = {.y = y, .count = 3};
    (void)state;
    for (double at = 0; at <= 2; at += 0.1) {
        struct plot_mark mark = {.x = at, .label = "noise scale no to yes", .ink = INK_MARK};
        struct plot plot = {.series = &series, .count = 1, .auto_x = true, .auto_y = true, .marks = &mark, .mark_count = 1};
        struct canvas canvas = open_canvas(32, 8);
        struct str text = {0};
        plot_draw(&canvas, canvas_area(&canvas), &plot);
        canvas_dump_text(&canvas, &text);
        if (!strstr(str_text(&text), "noise scale no to yes") && !strstr(str_text(&text), "▾ no"))
            fail_msg("at %g:\n%s", at, str_text(&text));
        str_free(&text);
        canvas_free(&canvas);
    }
}

static void no_memory_is_said(void **state) {
    static const double y[] = {1, 2, 3};
    struct plot_series series = {.y = y, .count = 3};
    struct plot plot = {.series = &series, .count = 1, .auto_x = true, .auto_y = true};
    struct canvas canvas = open_canvas(60, 10);
    struct str text = {0};
    (void)state;
    mem_fail_at(1);
    plot_draw(&canvas, canvas_area(&canvas), &plot);
    mem_fail_at(0);
    canvas_dump_text(&canvas, &text);
    assert_non_null(strstr(str_text(&text), "memory"));
    str_free(&text);
    canvas_free(&canvas);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_spike_is_lost_among_a_million),
        cmocka_unit_test(values_that_are_none_leave_a_gap_and_a_sign),
        cmocka_unit_test(a_straight_line_is_straight),
        cmocka_unit_test(the_average_matches_its_definition),
        cmocka_unit_test(ticks_are_round_and_inside),
        cmocka_unit_test(the_mouse_reads_what_is_drawn),
        cmocka_unit_test(the_label_of_a_mark_begins_with_its_first_letter),
        cmocka_unit_test(no_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
