#include <math.h>
#include <string.h>

#include "views/widgets/plot_scale.h"

double plot_scale(double value, bool log) {
    return !log ? value : value > 0 ? log10(value) : NAN;
}

double plot_share(double value, double low, double high, bool log) {
    double from = plot_scale(low, log), to = plot_scale(high, log);
    return to > from ? (plot_scale(value, log) - from) / (to - from) : 0.5;
}

// ---- limits --------------------------------------------------------------------------------------

static double point_x(const struct plot_series *series, size_t i) {
    return series->x ? series->x[i] : (double)i;
}

static void widen(double value, double *low, double *high) {
    *low = value < *low ? value : *low;
    *high = value > *high ? value : *high;
}

static void scan(const struct plot *plot, struct plot_frame *frame) {
    for (size_t s = 0; s < plot->count; s++) {
        const struct plot_series *series = &plot->series[s];
        for (size_t i = 0; i < series->count; i++) {
            double x = point_x(series, i), y = series->y[i];
            bool shown = isfinite(y) && isfinite(x) && (!plot->log_y || y > 0) && (!plot->log_x || x > 0);
            if (!shown || (!plot->auto_x && (x < plot->x_low || x > plot->x_high)))
                continue;
            widen(x, &frame->x_low, &frame->x_high);
            widen(y, &frame->y_low, &frame->y_high);
        }
    }
}

// A little room above and below; something to divide by where all values are equal.
static void pad(double *low, double *high, bool log, double share) {
    double from = plot_scale(*low, log), to = plot_scale(*high, log), room = (to - from) * share;
    if (room == 0)
        room = share == 0 ? 0.5 : log ? 0.5 : from == 0 ? 1 : fabs(from) * 0.1;
    from -= room;
    to += room;
    *low = log ? pow(10, from) : from;
    *high = log ? pow(10, to) : to;
}

void plot_limits(const struct plot *plot, struct plot_frame *frame) {
    frame->x_low = frame->y_low = INFINITY;
    frame->x_high = frame->y_high = -INFINITY;
    scan(plot, frame);
    frame->empty = !(frame->x_low <= frame->x_high);
    if (frame->empty)
        *frame = (struct plot_frame){.rect = frame->rect, .x_low = 1, .x_high = 10, .y_low = 1, .y_high = 10, .empty = true};
    if (!plot->auto_x) {
        frame->x_low = plot->x_low;
        frame->x_high = plot->x_high;
    }
    if (!plot->auto_y) {
        frame->y_low = plot->y_low;
        frame->y_high = plot->y_high;
    }
    if (frame->x_low == frame->x_high)
        pad(&frame->x_low, &frame->x_high, plot->log_x, 0);
    if (plot->auto_y)
        pad(&frame->y_low, &frame->y_high, plot->log_y, 0.04);
}

// ---- ticks ---------------------------------------------------------------------------------------

double plot_ticks(double low, double high, int most, double *step) {
    double raw = (high - low) / (most < 1 ? 1 : most);
    if (!(raw > 0) || !isfinite(raw)) {
        *step = 1;
        return low;
    }
    double power = pow(10, floor(log10(raw))), ratio = raw / power;
    *step = power * (ratio <= 1.0000001 ? 1 : ratio <= 2.0000001 ? 2 : ratio <= 5.0000001 ? 5 : 10);
    double first = ceil(low / *step - 1e-9) * *step;
    return first == 0 ? 0 : first; // not -0
}

static char *tick_text(double value, double step, char out[TEXT_NUMBER_SIZE]) {
    int decimals = step < 1 ? (int)ceil(-log10(step) - 1e-9) : 0;
    if (fabs(value) >= 1e6 || decimals > 5)
        return text_real(value, 3, NUMBER_SCREEN, out);
    if (fabs(value) < step / 1000)
        value = 0;
    return text_fixed(value, decimals, NUMBER_SCREEN, out);
}

struct ticks {
    double values[PLOT_TICKS_MOST];
    size_t count;
    double step; // 0 on a logarithmic axis
};

// Powers of ten, thinned when there are too many; with 2 and 5, or 3, between them, or even steps, when there are few.
static void log_ticks(double low, double high, int most, struct ticks *ticks) {
    static const double between[][3] = {{1}, {1, 3}, {1, 2, 5}};
    double span = log10(high) - log10(low);
    int first = (int)floor(log10(low)), last = (int)ceil(log10(high));
    int every = (int)(span / most) + 1, parts = span * 3 <= most + 1 ? 3 : span * 2 <= most + 1 ? 2 : 1;
    for (int decade = first; decade <= last; decade += every) {
        for (int i = 0; i < parts; i++) {
            double value = pow(10, decade) * between[parts - 1][i];
            if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9) && ticks->count < PLOT_TICKS_MOST)
                ticks->values[ticks->count++] = value;
        }
    }
}

static struct ticks make_ticks(double low, double high, int most, bool log) {
    struct ticks ticks = {.count = 0};
    most = most > 12 ? 12 : most < 1 ? 1 : most;
    if (log)
        log_ticks(low, high, most, &ticks);
    if (ticks.count >= 2)
        return ticks;
    ticks.count = 0;
    double first = plot_ticks(low, high, most, &ticks.step);
    for (int i = 0; i < PLOT_TICKS_MOST && first + i * ticks.step <= high + ticks.step * 1e-9; i++)
        ticks.values[ticks.count++] = first + i * ticks.step;
    return ticks;
}

size_t plot_axis_ticks(double low, double high, int most, bool log, double values[PLOT_TICKS_MOST], double *step) {
    struct ticks ticks = make_ticks(low, high, most, log);
    memcpy(values, ticks.values, sizeof ticks.values);
    *step = ticks.step;
    return ticks.count;
}

static char *label_of(const struct ticks *ticks, size_t i, char out[TEXT_NUMBER_SIZE]) {
    if (ticks->step > 0)
        return tick_text(ticks->values[i], ticks->step, out);
    return text_real(ticks->values[i], 3, NUMBER_SCREEN, out);
}

static int y_tick_count(int rows) {
    return rows / 2 > 2 ? rows / 2 : 2;
}

int plot_label_width(const struct plot *plot, const struct plot_frame *frame, int rows) {
    struct ticks ticks = make_ticks(frame->y_low, frame->y_high, y_tick_count(rows), plot->log_y);
    int widest = 0;
    for (size_t i = 0; i < ticks.count; i++) {
        char text[TEXT_NUMBER_SIZE];
        int width = text_width(label_of(&ticks, i, text), false);
        widest = width > widest ? width : widest;
    }
    return widest;
}

// ---- drawing -------------------------------------------------------------------------------------

// No labels on axes that mean nothing yet.
static void draw_y_axis(struct canvas *canvas, struct rect rect, const struct plot *plot,
                        const struct plot_frame *frame) {
    struct ticks ticks = make_ticks(frame->y_low, frame->y_high, y_tick_count(frame->rect.height), plot->log_y);
    struct rect curves = frame->rect;
    canvas_vline(canvas, curves.x - 1, curves.y, curves.height, style_ink(INK_FAINT));
    for (size_t i = 0; i < ticks.count && !frame->empty; i++) {
        char text[TEXT_NUMBER_SIZE];
        double share = plot_share(ticks.values[i], frame->y_low, frame->y_high, plot->log_y);
        int y = curves.y + (int)lround((1 - share) * (curves.height - 1));
        if (y < curves.y || y >= curves.y + curves.height)
            continue;
        canvas_field(canvas, rect.x, y, frame->label_width, TEXT_RIGHT, style_ink(INK_DIM), label_of(&ticks, i, text));
        canvas_put(canvas, curves.x - 1, y, style_ink(INK_FAINT), canvas->ascii ? '+' : 0x2524);
        for (int x = curves.x + 1; x < curves.x + curves.width; x += 4)
            canvas_put(canvas, x, y, style_ink(INK_FAINT), canvas->ascii ? '.' : 0x00B7);
    }
}

static void draw_x_axis(struct canvas *canvas, const struct plot *plot, const struct plot_frame *frame) {
    struct rect curves = frame->rect;
    int y = curves.y + curves.height, end = curves.x + curves.width, free_from = curves.x - 1;
    canvas_hline(canvas, curves.x, y, curves.width, style_ink(INK_FAINT));
    canvas_put(canvas, curves.x - 1, y, style_ink(INK_FAINT), 0x2514);
    if (plot->x_label && text_width(plot->x_label, canvas->ascii) + 4 < curves.width / 2) {
        end -= text_width(plot->x_label, canvas->ascii) + 1;
        canvas_put(canvas, end, y, style_ink(INK_DIM), ' ');
        canvas_text(canvas, end + 1, y, style_with(style_ink(INK_DIM), STYLE_ITALIC), plot->x_label);
    }
    struct ticks ticks = make_ticks(frame->x_low, frame->x_high, curves.width / 10, plot->log_x);
    for (size_t i = 0; i < ticks.count && !frame->empty; i++) {
        char text[TEXT_NUMBER_SIZE];
        double share = plot_share(ticks.values[i], frame->x_low, frame->x_high, plot->log_x);
        int width = text_width(label_of(&ticks, i, text), canvas->ascii);
        int x = curves.x + (int)lround(share * (curves.width - 1)) - width / 2;
        x = x < curves.x ? curves.x : x;
        if (x <= free_from || x + width >= end)
            continue;
        canvas_put(canvas, x - 1, y, style_ink(INK_DIM), ' ');
        canvas_text(canvas, x, y, style_ink(INK_DIM), text);
        canvas_put(canvas, x + width, y, style_ink(INK_DIM), ' ');
        free_from = x + width + 1;
    }
}

void plot_draw_axes(struct canvas *canvas, struct rect rect, const struct plot *plot, const struct plot_frame *frame) {
    draw_y_axis(canvas, rect, plot, frame);
    draw_x_axis(canvas, plot, frame);
}
