#include "views/range_pane.h"

#include <math.h>
#include <stdio.h>

#include "views/text.h"
#include "views/widgets/plot.h"

#define LIST_WIDTH 42 // beside the plot, where there is room for both
#define LIST_BESIDE 96

static const struct {
    const char *name, *how;
} suggestions[RANGE_SUGGESTIONS] = {
    {"valley", "inside the longest fall"},
    {"steep", "where it falls fastest"},
    {"minimum", "a tenth of the lowest's"},
    {"slide", "before the slope turns"},
};

double range_rate_of(const struct range_curve *range, int choice) {
    const double rates[RANGE_SUGGESTIONS] = {range->valley, range->steep, range->minimum, range->slide};
    return rates[choice];
}

int range_next_choice(const struct range_curve *range, int choice, int direction) {
    for (int i = 0; i < RANGE_SUGGESTIONS; i++) {
        choice = (choice + direction + RANGE_SUGGESTIONS) % RANGE_SUGGESTIONS;
        if (!isnan(range_rate_of(range, choice)))
            return choice;
    }
    return choice;
}

// ---- the plot -----------------------------------------------------------------------------------------------

struct curves {
    double rate[RANGE_POINTS], loss[RANGE_POINTS], smoothed[RANGE_POINTS];
    double low, high; // of the smoothed one, the explosion at its end left out
};

static void gather(const struct range_curve *range, struct curves *curves) {
    curves->low = INFINITY;
    curves->high = -INFINITY;
    for (int i = 0; i < range->count; i++) {
        curves->rate[i] = range->low * pow(range->high / range->low, (double)i / RANGE_POINTS);
        curves->loss[i] = (double)range->loss[i];
        curves->smoothed[i] = (double)range->smoothed[i];
        if (i + 3 < range->count && isfinite(curves->smoothed[i])) {
            curves->low = fmin(curves->low, curves->smoothed[i]);
            curves->high = fmax(curves->high, curves->smoothed[i]);
        }
    }
}

static void draw_plot(const struct range_curve *range, int choice, struct canvas *canvas, struct rect rect) {
    struct curves curves;
    gather(range, &curves);
    double margin = 0.15 * (curves.high - curves.low);
    const struct plot_series series[] = {
        {.name = "loss",
         .x = curves.rate,
         .y = curves.loss,
         .count = (size_t)range->count,
         .ink = INK_DIM,
         .line = PLOT_POINTS},
        {.name = "smoothed",
         .x = curves.rate,
         .y = curves.smoothed,
         .count = (size_t)range->count,
         .ink = INK_TRAINING},
    };
    struct plot_mark marks[RANGE_SUGGESTIONS];
    size_t count = 0;
    for (int i = 0; i < RANGE_SUGGESTIONS; i++)
        if (!isnan(range_rate_of(range, i)))
            marks[count++] = (struct plot_mark){range_rate_of(range, i), suggestions[i].name,
                                                i == choice ? INK_CURSOR : INK_MARK};
    struct plot plot = {
        .series = series,
        .count = 2,
        .marks = marks,
        .mark_count = count,
        .x_low = range->low,
        .x_high = range->high,
        .y_low = curves.low - margin,
        .y_high = curves.high + 2 * margin,
        .log_x = true,
        .x_label = "learning rate",
        .empty = "no step was finite",
    };
    plot.auto_y = !(curves.high > curves.low);
    plot_draw(canvas, rect, &plot);
}

// ---- the list -----------------------------------------------------------------------------------------------

static void draw_list(const struct range_curve *range, int choice, struct canvas *canvas, struct rect rect) {
    char number[TEXT_NUMBER_SIZE];
    for (int i = 0; i < RANGE_SUGGESTIONS && i < rect.height; i++) {
        double rate = range_rate_of(range, i);
        int y = rect.y + i;
        bool chosen = i == choice;
        canvas_text(canvas, rect.x, y, style_bold(INK_KEY), chosen ? (canvas->ascii ? ">" : "›") : " ");
        canvas_text(canvas, rect.x + 2, y, chosen ? style_bold(INK_TEXT) : style_ink(INK_TEXT), suggestions[i].name);
        canvas_text(canvas, rect.x + 10, y, style_bold(INK_NUMBER),
                    isnan(rate) ? "-" : text_real(rate, 3, NUMBER_SCREEN, number));
        canvas_field(canvas, rect.x + 19, y, rect.width - 19, TEXT_LEFT, style_ink(INK_DIM), suggestions[i].how);
    }
}

void range_pane_draw(const struct snapshot *snapshot, int choice, struct canvas *canvas, struct rect pane,
                     const char *last_key) {
    const struct range_curve *range = snapshot->range;
    char text[64], number[TEXT_NUMBER_SIZE];
    canvas_fill(canvas, pane, (struct style){0}, ' ');
    snprintf(text, sizeof text, "at step %s", text_integer((int64_t)snapshot->range_step, NUMBER_SCREEN, number));
    struct rect inside = canvas_pane(canvas, pane, true, "learning-rate range test",
                                     snapshot->range_of_run ? text : "on a fresh model");
    bool beside = inside.width >= LIST_BESIDE;
    struct rect list = beside ? rect_inset(rect_take_right(&inside, LIST_WIDTH + 4), 1, 1)
                              : rect_take_bottom(&inside, RANGE_SUGGESTIONS + 1);
    if (beside) {
        struct rect words = list;
        words.y += RANGE_SUGGESTIONS + 1;
        words.height -= RANGE_SUGGESTIONS + 1;
        snprintf(text, sizeof text, "%s", range->count < RANGE_POINTS
                                              ? "The loss exploded, so the test stopped there."
                                              : "The loss did not explode up to the largest rate.");
        int lines = canvas_wrap(canvas, words, 0, style_ink(INK_DIM), text);
        rect_take_top(&words, lines < words.height ? lines : words.height);
        canvas_wrap(canvas, words, 0, style_ink(INK_DIM),
                    snapshot->range_of_run ? "The run is as it was before it."
                                           : "No run was made: the next one begins as if nothing had been.");
    }
    draw_list(range, choice, canvas, list);
    draw_plot(range, choice, canvas, inside);
    canvas_print(canvas, pane.x + 2, pane.y + pane.height - 1, style_ink(INK_ACCENT),
                 " Enter takes the rate · arrows choose · %s ", last_key);
}

enum status range_take_rate(const struct view_context *context, int choice) {
    char text[32];
    snprintf(text, sizeof text, "%.3g", range_rate_of(context->snapshot->range, choice));
    return session_set(context->session, "lr", text, &context->wish->error);
}
