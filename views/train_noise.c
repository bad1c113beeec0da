// The noise scale in plain words: how far the batch is from it, and what twice the batch would buy and cost.
#include <math.h>
#include <stdio.h>

#include "views/text.h"
#include "views/train_view.h"

static void percent(double share, char out[16]) {
    snprintf(out, 16, "%.0f %%", 100 * share);
}

static void scale_text(const struct noise_row *row, char *out, size_t size) {
    char scale[TEXT_NUMBER_SIZE], low[TEXT_NUMBER_SIZE], high[TEXT_NUMBER_SIZE];
    text_real(row->low, 3, NUMBER_SCREEN, low);
    if (row->resolved)
        snprintf(out, size, "%s (%s to %s)", text_real(row->noise_scale, 3, NUMBER_SCREEN, scale), low,
                 text_real(row->high, 3, NUMBER_SCREEN, high));
    else if (isfinite(row->noise_scale))
        snprintf(out, size, "about %s%s%s", text_real(row->noise_scale, 2, NUMBER_SCREEN, scale),
                 row->low > 0 ? ", above " : "", row->low > 0 ? low : "");
    else
        snprintf(out, size, "not resolved");
}

static void batch_text(const struct noise_gauge *gauge, char *out, size_t size) {
    char ratio[TEXT_NUMBER_SIZE], left[16];
    percent(gauge->left, left);
    snprintf(out, size, "the batch is %s of it: %s of the speed-up of larger ones still to be had",
             text_real(gauge->ratio, 2, NUMBER_SCREEN, ratio), left);
}

static void double_text(const struct noise_gauge *gauge, char *out, size_t size) {
    char steps[16], samples[16], seconds[16];
    percent(gauge->steps, steps);
    percent(gauge->samples, samples);
    percent(gauge->seconds, seconds);
    int used = snprintf(out, size, "twice the batch: %s of the steps, %s of the samples", steps, samples);
    if (isfinite(gauge->seconds) && used > 0 && (size_t)used < size)
        snprintf(out + used, size - (size_t)used, ", %s%s of the time here", gauge->measured ? "" : "about ", seconds);
}

bool train_has_noise(const struct snapshot *snapshot) {
    return snapshot->noise != NULL;
}

void train_noise_short(const struct snapshot *snapshot, char *out, size_t size) {
    char scale[TEXT_NUMBER_SIZE], ratio[TEXT_NUMBER_SIZE];
    if (snapshot->gauge.known)
        snprintf(out, size, "noise scale %s: batch %s of it",
                 text_real(snapshot->noise->noise_scale, 2, NUMBER_SCREEN, scale),
                 text_real(snapshot->gauge.ratio, 2, NUMBER_SCREEN, ratio));
    else
        snprintf(out, size, "noise scale not resolved");
}

void train_draw_noise(const struct snapshot *snapshot, struct canvas *canvas, struct rect rect) {
    char text[160];
    int used = canvas_text(canvas, rect.x, rect.y, style_ink(INK_DIM), "noise scale") + 1;
    scale_text(snapshot->noise, text, sizeof text);
    canvas_field(canvas, rect.x + used, rect.y, rect.width - used, TEXT_LEFT,
                 snapshot->gauge.known ? style_bold(snapshot->noise->resolved ? INK_NUMBER : INK_WARNING)
                                       : style_ink(INK_WARNING),
                 text);
    rect_take_top(&rect, 1);
    if (!snapshot->gauge.known) {
        canvas_wrap(canvas, rect, 0, style_ink(INK_DIM),
                    "The gradient does not stand out of its noise: more samples, or larger batches, will tell.");
        return;
    }
    batch_text(&snapshot->gauge, text, sizeof text);
    int lines = canvas_wrap(canvas, rect, 0, style_ink(INK_TEXT), text);
    rect_take_top(&rect, lines < rect.height ? lines : rect.height);
    double_text(&snapshot->gauge, text, sizeof text);
    canvas_wrap(canvas, rect, 0, style_ink(INK_TEXT), text);
}
