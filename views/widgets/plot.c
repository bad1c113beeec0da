#include "views/widgets/plot.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/widgets/plot_record.h"
#include "views/widgets/plot_scale.h"

#define NO_COLUMN INT_MIN
#define FAR_OUT 1e5   // plot widths: lines from points outside keep their slope, and an int holds them
#define LINE_ALWAYS 3 // vertical runs of so many dots are drawn in any line style: a spike is never dashed away

struct plot_frame plot_measure(const struct plot *plot, struct rect rect) {
    struct plot_frame frame = {.rect = rect};
    plot_limits(plot, &frame);
    rect_take_bottom(&frame.rect, 1);
    frame.label_width = plot_label_width(plot, &frame, frame.rect.height);
    if (frame.label_width > rect.width / 3 || frame.empty)
        frame.label_width = 0;
    rect_take_left(&frame.rect, frame.label_width + 1);
    return frame;
}

double plot_x_at(const struct plot *plot, const struct plot_frame *frame, int column) {
    double from = plot_scale(frame->x_low, plot->log_x), to = plot_scale(frame->x_high, plot->log_x);
    double share = frame->rect.width > 1 ? (column - frame->rect.x) / (double)(frame->rect.width - 1) : 0;
    double x = from + (to - from) * (share < 0 ? 0 : share > 1 ? 1 : share);
    return plot->log_x ? pow(10, x) : x;
}

static double point_x(const struct plot_series *series, size_t i) {
    return series->x ? series->x[i] : (double)i;
}

// The first index whose x is not below `x`.
static size_t lower_bound(const struct plot_series *series, double x) {
    size_t low = 0, high = series->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (point_x(series, middle) < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double plot_value_at(const struct plot_series *series, double x) {
    size_t at = lower_bound(series, x);
    if (at < series->count && point_x(series, at) <= x)
        return series->y[at];
    return at > 0 ? series->y[at - 1] : (double)NAN;
}

void plot_ema(const double *y, size_t count, double decay, double *out) {
    double sum = 0, weight = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(y[i])) {
            out[i] = y[i];
            continue;
        }
        sum = decay * sum + y[i];
        weight = decay * weight + 1;
        out[i] = sum / weight;
    }
}

// ---- one curve -----------------------------------------------------------------------------------

struct tracer {
    const struct plot *plot;
    const struct plot_frame *frame;
    const struct plot_series *series;
    struct dots *dots;
    uint8_t owner;
    bool *gaps;            // by cell column: something could not be drawn there
    int column;            // dot column being gathered; NO_COLUMN = none
    double low, high;      // of it
    double last;           // the newest value of it
    bool connected;        // the run has drawn something to the left already
};

static int dot_x(const struct tracer *tracer, double x) {
    double share = plot_share(x, tracer->frame->x_low, tracer->frame->x_high, tracer->plot->log_x);
    share = share < -FAR_OUT ? -FAR_OUT : share > FAR_OUT ? FAR_OUT : share;
    return (int)lround(share * (tracer->dots->width - 1));
}

static double dot_y(const struct tracer *tracer, double y) {
    double share = plot_share(y, tracer->frame->y_low, tracer->frame->y_high, tracer->plot->log_y);
    share = share < -FAR_OUT ? -FAR_OUT : share > FAR_OUT ? FAR_OUT : share;
    return (1 - share) * (tracer->dots->height - 1);
}

static bool pattern_on(const struct tracer *tracer, int x) {
    if (tracer->dots->kind == DOTS_ASCII)
        return true; // letters tell series apart
    switch (tracer->series->line) {
    case PLOT_DASHED:
        return (unsigned)x % 6 < 4;
    case PLOT_DOTTED:
        return (unsigned)x % 3 == 0;
    case PLOT_LONG_DASHED:
        return (unsigned)x % 12 < 9;
    case PLOT_DASH_DOT:
        return (unsigned)x % 10 < 5 || (unsigned)x % 10 == 7;
    case PLOT_SPARSE:
        return (unsigned)x % 6 == 0;
    default:
        return true;
    }
}

static void draw_range(struct tracer *tracer, int x, double from, double to, bool always) {
    int top = (int)lround(from < to ? from : to), bottom = (int)lround(from < to ? to : from);
    if (always || bottom - top >= LINE_ALWAYS || pattern_on(tracer, x))
        dots_column(tracer->dots, x, top, bottom, tracer->owner);
}

static void flush_column(struct tracer *tracer, bool run_ends) {
    if (tracer->column == NO_COLUMN)
        return;
    bool alone = run_ends && !tracer->connected;
    draw_range(tracer, tracer->column, dot_y(tracer, tracer->low), dot_y(tracer, tracer->high), alone);
}

// From the last value of one column to the first of the next, column by column.
static void connect(struct tracer *tracer, int x1, double value) {
    int x0 = tracer->column;
    double y0 = dot_y(tracer, tracer->last), y1 = dot_y(tracer, value), slope = (y1 - y0) / (x1 - x0);
    int from = x0 < 0 ? 0 : x0, to = x1 >= tracer->dots->width ? tracer->dots->width - 1 : x1;
    for (int x = from; x <= to; x++) {
        double left = y0 + slope * fmax(x - 0.5 - x0, 0), right = y0 + slope * fmin(x + 0.5 - x0, x1 - x0);
        draw_range(tracer, x, left, right, false);
    }
    tracer->connected = true;
}

static void break_run(struct tracer *tracer) {
    flush_column(tracer, true);
    tracer->column = NO_COLUMN;
    tracer->connected = false;
}

static void draw_gap(struct tracer *tracer, double x) {
    int dot = dot_x(tracer, x);
    break_run(tracer);
    if (dot >= 0 && dot < tracer->dots->width)
        tracer->gaps[dot / tracer->dots->across] = true;
}

static void add_point(struct tracer *tracer, int x, double value) {
    if (x == tracer->column) {
        tracer->low = fmin(tracer->low, value);
        tracer->high = fmax(tracer->high, value);
    } else {
        flush_column(tracer, false);
        if (tracer->column != NO_COLUMN)
            connect(tracer, x, value);
        tracer->column = x;
        tracer->low = tracer->high = value;
    }
    tracer->last = value;
}

// Ascending x: only what lies in the limits, and one point on either side so that lines run to the edge.
static void trace_line(struct tracer *tracer) {
    const struct plot_series *series = tracer->series;
    size_t first = lower_bound(series, tracer->frame->x_low);
    tracer->column = NO_COLUMN;
    for (size_t i = first > 0 ? first - 1 : 0; i < series->count; i++) {
        double x = point_x(series, i), y = series->y[i];
        if (isnan(plot_scale(x, tracer->plot->log_x)))
            continue;
        if (!isfinite(plot_scale(y, tracer->plot->log_y)))
            draw_gap(tracer, x);
        else
            add_point(tracer, dot_x(tracer, x), y);
        if (x > tracer->frame->x_high)
            break;
    }
    break_run(tracer);
}

static void trace_points(struct tracer *tracer) {
    for (size_t i = 0; i < tracer->series->count; i++) {
        double x = point_x(tracer->series, i), y = tracer->series->y[i];
        if (isfinite(plot_scale(x, tracer->plot->log_x)) && isfinite(plot_scale(y, tracer->plot->log_y)))
            dots_set(tracer->dots, dot_x(tracer, x), (int)lround(dot_y(tracer, y)), tracer->owner);
    }
}

static const char letters[] = "*o+#@%&=~$^vwzsa"; // not x: that is the sign of a gap

static void draw_curves(struct canvas *canvas, const struct plot *plot, const struct plot_frame *frame) {
    struct dots dots;
    struct error error;
    struct style styles[PLOT_SERIES_MOST];
    bool gaps[CANVAS_MOST] = {false};
    if (dots_open(&dots, frame->rect, canvas->ascii ? DOTS_ASCII : plot->kind, &error) != STATUS_OK) {
        canvas_text(canvas, frame->rect.x, frame->rect.y, style_ink(INK_ERROR), error.text);
        return;
    }
    for (size_t i = 0; i < plot->count && i < PLOT_SERIES_MOST; i++) {
        struct tracer tracer = {.plot = plot,
                                .frame = frame,
                                .series = &plot->series[i],
                                .dots = &dots,
                                .gaps = gaps,
                                .owner = (uint8_t)i};
        styles[i] = style_ink(plot->series[i].ink);
        if (plot->series[i].line == PLOT_POINTS)
            trace_points(&tracer);
        else
            trace_line(&tracer);
    }
    dots_draw(&dots, canvas, styles, letters);
    for (int x = 0; x < frame->rect.width && x < CANVAS_MOST; x++)
        if (gaps[x])
            canvas_put(canvas, frame->rect.x + x, frame->rect.y + frame->rect.height - 1, style_bold(INK_ERROR), 0xD7);
    dots_close(&dots);
}

// ---- what stands over the curves -------------------------------------------------------------------

static int cell_of(const struct plot *plot, const struct plot_frame *frame, double x) {
    double share = plot_share(x, frame->x_low, frame->x_high, plot->log_x);
    if (!(share >= 0 && share <= 1))
        return -1;
    return frame->rect.x + (int)lround(share * (frame->rect.width - 1));
}

static void draw_mark_lines(struct canvas *canvas, const struct plot *plot, const struct plot_frame *frame) {
    for (size_t i = 0; i < plot->mark_count; i++) {
        int x = cell_of(plot, frame, plot->marks[i].x);
        if (x >= 0)
            canvas_fill(canvas, (struct rect){x, frame->rect.y, 1, frame->rect.height}, style_ink(plot->marks[i].ink),
                        0x250A);
    }
}

#define MARK_ROWS 3

struct mark_rows {
    struct rect legend; // kept free
    int ends[MARK_ROWS];
};

// Labels take turns on a few rows so that neighbors do not cover one another, and start below the legend where they
// would run into it.
static int mark_row(struct mark_rows *rows, struct rect label) {
    int row = 0;
    while (row < MARK_ROWS - 1 && label.x < rows->ends[row])
        row++;
    rows->ends[row] = label.x + label.width + 1;
    bool covered = rows->legend.width > 0 && label.x + label.width > rows->legend.x;
    return label.y + row + (covered ? rows->legend.height : 0);
}

static void draw_mark_labels(struct canvas *canvas, const struct plot *plot, const struct plot_frame *frame,
                             struct rect legend) {
    struct mark_rows rows = {.legend = legend};
    int right = frame->rect.x + frame->rect.width;
    for (size_t i = 0; i < plot->mark_count; i++) {
        const struct plot_mark *mark = &plot->marks[i];
        int x = cell_of(plot, frame, mark->x), width = 2 + text_width(mark->label, canvas->ascii);
        if (x < 0)
            continue;
        bool fits = x + width <= right, before = !fits && x - width + 1 >= frame->rect.x;
        if (!fits && !before) // on neither side of its sign
            width = right - x;
        struct rect label = {before ? x - width + 1 : x, frame->rect.y, width, 1};
        int y = mark_row(&rows, label);
        canvas_put(canvas, x, y, style_ink(mark->ink), 0x25BE);
        if (!before)
            canvas_put(canvas, x + 1, y, style_ink(mark->ink), ' ');
        canvas_field(canvas, before ? label.x : x + 2, y, width - 2, TEXT_LEFT, style_ink(mark->ink), mark->label);
    }
}

static void draw_cursor(struct canvas *canvas, const struct plot *plot, const struct plot_frame *frame) {
    int x = plot->cursor_shown ? cell_of(plot, frame, plot->cursor) : -1;
    for (int y = frame->rect.y; x >= 0 && y < frame->rect.y + frame->rect.height; y++) {
        if (canvas_at(canvas, x, y).code == ' ')
            canvas_put(canvas, x, y, style_ink(INK_CURSOR), 0x2502);
        else
            canvas_paint_back(canvas, (struct rect){x, y, 1, 1}, INK_SELECTED);
    }
}

#define LEGEND_SAMPLE 4 // columns of a line's sample and the blanks around it

static double last_value(const struct plot_series *series) {
    for (size_t i = series->count; i-- > 0;)
        if (isfinite(series->y[i]))
            return series->y[i];
    return NAN;
}

const char *plot_line_sample(enum plot_line line) {
    static const char *const samples[] = {"━━", "╍╍", "··", "━╸", "╸·", "· ", "∙∙"};
    return samples[line];
}

static int legend_text(const struct plot *plot, size_t i, bool ascii, char *out, size_t size) {
    char number[TEXT_NUMBER_SIZE];
    const struct plot_series *series = &plot->series[i];
    double value = plot->cursor_shown ? plot_value_at(series, plot->cursor) : last_value(series);
    bool points = series->line == PLOT_POINTS; // no one value stands for a cloud
    text_real(value, 4, NUMBER_SCREEN, number);
    snprintf(out, size, "%s%s%s", series->name, points || isnan(value) ? "" : "  ", points || isnan(value) ? "" : number);
    return text_width(out, ascii);
}

// Where a line each does not fit: names alone, side by side.
static struct rect legend_in_one_row(const struct plot *plot, const struct plot_frame *frame, bool ascii) {
    int width = 0;
    for (size_t i = 0; plot->legend && i < plot->count; i++)
        width += plot->series[i].name ? text_width(plot->series[i].name, ascii) + LEGEND_SAMPLE : 0;
    bool fits = width > 0 && width <= frame->rect.width && frame->rect.height >= 4;
    return fits ? (struct rect){frame->rect.x + frame->rect.width - width, frame->rect.y, width, 1} : (struct rect){0};
}

static struct rect legend_rect(const struct plot *plot, const struct plot_frame *frame, bool ascii) {
    char text[160];
    int widest = 0, rows = 0, right = frame->rect.x + frame->rect.width;
    for (size_t i = 0; plot->legend && i < plot->count; i++) {
        int width = plot->series[i].name ? legend_text(plot, i, ascii, text, sizeof text) : 0;
        widest = width > widest ? width : widest;
        rows += plot->series[i].name != NULL;
    }
    struct rect rect = {right - widest - LEGEND_SAMPLE, frame->rect.y, widest + LEGEND_SAMPLE, rows};
    bool fits = rows > 0 && rect.x >= frame->rect.x + frame->rect.width / 4 && rows <= (frame->rect.height + 1) / 2;
    return fits ? rect : legend_in_one_row(plot, frame, ascii);
}

static size_t named(const struct plot *plot) {
    size_t count = 0;
    for (size_t i = 0; i < plot->count; i++)
        count += plot->series[i].name != NULL;
    return count;
}

static void draw_legend(struct canvas *canvas, const struct plot *plot, struct rect rect) {
    char text[160];
    int x = rect.x, y = rect.y;
    bool one_row = rect.height == 1 && named(plot) > 1;
    canvas_fill(canvas, rect, (struct style){0}, ' ');
    for (size_t i = 0; i < plot->count && !rect_empty(rect); i++) {
        struct style style = style_ink(plot->series[i].ink);
        if (!plot->series[i].name)
            continue;
        legend_text(plot, i, canvas->ascii, text, sizeof text);
        if (canvas->ascii)
            canvas_put(canvas, x + 1, y, style, (unsigned char)letters[i % PLOT_SERIES_MOST]);
        else
            canvas_text(canvas, x + 1, y, style, plot_line_sample(plot->series[i].line));
        int width = canvas_text(canvas, x + LEGEND_SAMPLE, y, style, one_row ? plot->series[i].name : text);
        if (one_row)
            x += LEGEND_SAMPLE + width;
        else
            y++;
    }
}

void plot_draw(struct canvas *canvas, struct rect rect, const struct plot *plot) {
    if (canvas->record) {
        plot_record_add(canvas->record, canvas->pane, plot);
        return;
    }
    struct plot_frame frame = plot_measure(plot, rect);
    struct rect old = canvas_clip(canvas, rect);
    if (!rect_empty(frame.rect)) {
        plot_draw_axes(canvas, rect, plot, &frame);
        canvas_clip(canvas, frame.rect);
        draw_mark_lines(canvas, plot, &frame);
        draw_curves(canvas, plot, &frame);
        draw_cursor(canvas, plot, &frame);
        struct rect legend = legend_rect(plot, &frame, canvas->ascii);
        draw_mark_labels(canvas, plot, &frame, legend);
        draw_legend(canvas, plot, legend);
        if (frame.empty && plot->empty)
            canvas_field(canvas, frame.rect.x, frame.rect.y + frame.rect.height / 2, frame.rect.width, TEXT_CENTER,
                         style_ink(INK_DIM), plot->empty);
    }
    canvas_unclip(canvas, old);
}
