// The range test over the curves: loss against the learning rate, and the four suggestions to choose from.
#include <math.h>
#include <stdio.h>

#include "views/train_view.h"
#include "views/text.h"

#define LIST_WIDTH 42 // beside the plot, where there is room for both
#define LIST_BESIDE 96

static const struct {
    const char *name, *how;
} suggestions[TRAIN_SUGGESTIONS] = {
    {"valley", "inside the longest fall"},
    {"steep", "where it falls fastest"},
    {"minimum", "a tenth of the lowest's"},
    {"slide", "before the slope turns"},
};

static double rate_of(const struct range_curve *range, int choice) {
    const double rates[TRAIN_SUGGESTIONS] = {range->valley, range->steep, range->minimum, range->slide};
    return rates[choice];
}

static int next_choice(const struct range_curve *range, int choice, int direction) {
    for (int i = 0; i < TRAIN_SUGGESTIONS; i++) {
        choice = (choice + direction + TRAIN_SUGGESTIONS) % TRAIN_SUGGESTIONS;
        if (!isnan(rate_of(range, choice)))
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
    struct plot_mark marks[TRAIN_SUGGESTIONS];
    size_t count = 0;
    for (int i = 0; i < TRAIN_SUGGESTIONS; i++)
        if (!isnan(rate_of(range, i)))
            marks[count++] = (struct plot_mark){rate_of(range, i), suggestions[i].name,
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
    for (int i = 0; i < TRAIN_SUGGESTIONS && i < rect.height; i++) {
        double rate = rate_of(range, i);
        int y = rect.y + i;
        bool chosen = i == choice;
        canvas_text(canvas, rect.x, y, style_bold(INK_KEY), chosen ? (canvas->ascii ? ">" : "›") : " ");
        canvas_text(canvas, rect.x + 2, y, chosen ? style_bold(INK_TEXT) : style_ink(INK_TEXT), suggestions[i].name);
        canvas_text(canvas, rect.x + 10, y, style_bold(INK_NUMBER),
                    isnan(rate) ? "-" : text_real(rate, 3, NUMBER_SCREEN, number));
        canvas_field(canvas, rect.x + 19, y, rect.width - 19, TEXT_LEFT, style_ink(INK_DIM), suggestions[i].how);
    }
}

void train_draw_range(const struct train_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                      struct rect pane) {
    const struct range_curve *range = snapshot->range;
    char text[64], number[TEXT_NUMBER_SIZE];
    canvas_fill(canvas, pane, (struct style){0}, ' ');
    snprintf(text, sizeof text, "at step %s", text_integer((int64_t)snapshot->range_step, NUMBER_SCREEN, number));
    struct rect inside = canvas_pane(canvas, pane, true, "learning-rate range test", text);
    bool beside = inside.width >= LIST_BESIDE;
    struct rect list = beside ? rect_inset(rect_take_right(&inside, LIST_WIDTH + 4), 1, 1)
                              : rect_take_bottom(&inside, TRAIN_SUGGESTIONS + 1);
    if (beside) {
        struct rect words = list;
        words.y += TRAIN_SUGGESTIONS + 1;
        words.height -= TRAIN_SUGGESTIONS + 1;
        canvas_wrap(canvas, words, 0, style_ink(INK_DIM),
                    range->count < RANGE_POINTS
                        ? "The loss exploded, so the test stopped there. The run is as it was before it."
                        : "The loss did not explode up to the largest rate. The run is as it was before it.");
    }
    draw_list(range, state->range_choice, canvas, list);
    draw_plot(range, state->range_choice, canvas, inside);
    canvas_text(canvas, pane.x + 2, pane.y + pane.height - 1, style_ink(INK_ACCENT),
                canvas->ascii ? " Enter takes the rate - arrows choose - Esc closes "
                              : " Enter takes the rate · arrows choose · Esc closes ");
}

// ---- keeping up with the snapshot ---------------------------------------------------------------------------

void train_refresh_range(struct train_state *state, const struct snapshot *snapshot) {
    if (state->range_waits && snapshot->range_count != state->range_seen) {
        state->range_waits = false;
        state->range_shown = true;
        state->range_choice = snapshot->range ? next_choice(snapshot->range, -1, 1) : 0;
    }
    state->range_seen = snapshot->range_count;
    state->range_shown = state->range_shown && snapshot->range;
}

// ---- requests -----------------------------------------------------------------------------------------------

enum view_result train_test_range(struct train_state *state, const struct view_context *context) {
    enum status status = session_range_test(context->session, &context->wish->error);
    state->range_waits = status == STATUS_OK;
    if (!status)
        snprintf(context->wish->message, sizeof context->wish->message,
                 "Trying learning rates from 1e-7 to 10 in 100 steps; then the run goes on as if nothing had been.");
    return view_acted(context, status);
}

static enum view_result take_rate(struct train_state *state, const struct view_context *context) {
    char text[32];
    double rate = rate_of(context->snapshot->range, state->range_choice);
    if (isnan(rate))
        return VIEW_HANDLED;
    state->range_shown = false;
    snprintf(text, sizeof text, "%.3g", rate);
    return view_acted(context, session_set(context->session, "lr", text, &context->wish->error));
}

enum view_result train_request_range(struct train_state *state, const struct view_context *context,
                                     enum request wanted) {
    switch (wanted) {
    case REQUEST_UP:
    case REQUEST_LEFT:
        state->range_choice = next_choice(context->snapshot->range, state->range_choice, -1);
        return VIEW_REDRAW;
    case REQUEST_DOWN:
    case REQUEST_RIGHT:
        state->range_choice = next_choice(context->snapshot->range, state->range_choice, 1);
        return VIEW_REDRAW;
    case REQUEST_ACCEPT:
        return take_rate(state, context);
    case REQUEST_BACK:
        state->range_shown = false;
        return VIEW_REDRAW;
    default:
        return VIEW_PASS;
    }
}
