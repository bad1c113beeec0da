#include "views/widgets/plot_export.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "datasets/pipeline.h"
#include "views/widgets/plot_scale.h"
#include "views/widgets/svg.h"

enum { PANEL_WIDTH = 640, PANEL_HEIGHT = 400, LEFT = 64, RIGHT = 16, TOP = 36, BOTTOM = 44, TICKS = 6, SAMPLE = 30 };

// ---- one panel -----------------------------------------------------------------------------------------------------

struct panel {
    const struct plot *plot;
    struct plot_frame frame; // its limits; the rectangle means nothing here
    double left;
    struct str *out;
};

static double place_x(const struct panel *panel, double x) {
    double share = plot_share(x, panel->frame.x_low, panel->frame.x_high, panel->plot->log_x);
    return panel->left + LEFT + share * (PANEL_WIDTH - LEFT - RIGHT);
}

static double place_y(const struct panel *panel, double y) {
    double share = plot_share(y, panel->frame.y_low, panel->frame.y_high, panel->plot->log_y);
    return TOP + (1 - share) * (PANEL_HEIGHT - TOP - BOTTOM);
}

static bool is_shown(const struct panel *panel, double x, double y) {
    return isfinite(plot_scale(x, panel->plot->log_x)) && isfinite(plot_scale(y, panel->plot->log_y));
}

static void add_line(struct str *out, double x0, double y0, double x1, double y1, const char *style) {
    str_format(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x0, y0, x1, y1, style);
}

static void add_tick(struct panel *panel, bool across, double value) {
    static const char grid[] = "stroke=\"#dddddd\"";
    char number[TEXT_NUMBER_SIZE];
    double bottom = PANEL_HEIGHT - BOTTOM, left = panel->left + LEFT, right = panel->left + PANEL_WIDTH - RIGHT;
    text_real(value, 4, NUMBER_PLAIN, number);
    if (across) {
        double x = place_x(panel, value);
        add_line(panel->out, x, TOP, x, bottom, grid);
        str_format(panel->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n", x, bottom + 16, number);
    } else {
        double y = place_y(panel, value);
        add_line(panel->out, left, y, right, y, grid);
        str_format(panel->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", left - 6, y + 4, number);
    }
}

static void add_ticks(struct panel *panel, bool across) {
    const struct plot_frame *frame = &panel->frame;
    double values[PLOT_TICKS_MOST], step, low = across ? frame->x_low : frame->y_low;
    double high = across ? frame->x_high : frame->y_high;
    size_t count = plot_axis_ticks(low, high, TICKS, across ? panel->plot->log_x : panel->plot->log_y, values, &step);
    for (size_t i = 0; i < count; i++)
        add_tick(panel, across, fabs(values[i]) < step / 1000 ? 0 : values[i]);
}

static const char *dashes_of(enum plot_line line) {
    static const char *const dashes[] = {"",
                                         " stroke-dasharray=\"6 4\"",
                                         " stroke-dasharray=\"1 4\"",
                                         " stroke-dasharray=\"14 4\"",
                                         " stroke-dasharray=\"8 4 1 4\"",
                                         " stroke-dasharray=\"1 9\"",
                                         ""};
    return dashes[line];
}

static void add_curve(struct panel *panel, const struct plot_series *series) {
    bool open = false;
    for (size_t i = 0; i <= series->count; i++) {
        double x = i < series->count ? (series->x ? series->x[i] : (double)i) : (double)NAN;
        double y = i < series->count ? series->y[i] : (double)NAN;
        if (!is_shown(panel, x, y)) { // a gap, or the end
            str_add(panel->out, open ? "\"/>\n" : "");
            open = false;
            continue;
        }
        if (!open) {
            str_add(panel->out, "<polyline fill=\"none\" stroke-width=\"1.5\" stroke=\"");
            svg_color(panel->out, (color)series->ink);
            str_format(panel->out, "\"%s points=\"", dashes_of(series->line));
            open = true;
        }
        str_format(panel->out, "%.2f,%.2f ", place_x(panel, x), place_y(panel, y));
    }
}

static void add_points(struct panel *panel, const struct plot_series *series) {
    str_add(panel->out, "<g fill=\"");
    svg_color(panel->out, (color)series->ink);
    str_add(panel->out, "\">\n");
    for (size_t i = 0; i < series->count; i++) {
        double x = series->x ? series->x[i] : (double)i;
        if (is_shown(panel, x, series->y[i]))
            str_format(panel->out, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"1.8\"/>\n", place_x(panel, x),
                       place_y(panel, series->y[i]));
    }
    str_add(panel->out, "</g>\n");
}

static void add_marks(struct panel *panel) {
    for (size_t i = 0; i < panel->plot->mark_count; i++) {
        const struct plot_mark *mark = &panel->plot->marks[i];
        double x = place_x(panel, mark->x);
        if (!(mark->x >= panel->frame.x_low && mark->x <= panel->frame.x_high))
            continue;
        add_line(panel->out, x, TOP, x, PANEL_HEIGHT - BOTTOM, "stroke=\"#999999\" stroke-dasharray=\"2 3\"");
        str_format(panel->out, "<text x=\"%.1f\" y=\"%d\" fill=\"#666666\">", x + 3, TOP + 12 + 14 * (int)(i % 4));
        svg_escaped(panel->out, mark->label);
        str_add(panel->out, "</text>\n");
    }
}

// The corner on the right that the curves leave free: accuracy ends at the top, loss at the bottom.
static bool ends_high(const struct panel *panel) {
    const double middle = TOP + (PANEL_HEIGHT - TOP - BOTTOM) / 2.0;
    size_t high = 0, low = 0;
    for (size_t s = 0; s < panel->plot->count; s++) {
        const struct plot_series *series = &panel->plot->series[s];
        for (size_t i = series->count - series->count / 3; series->name && i < series->count; i++) {
            if (!isfinite(plot_scale(series->y[i], panel->plot->log_y)))
                continue;
            if (place_y(panel, series->y[i]) < middle)
                high++;
            else
                low++;
        }
    }
    return high > low;
}

// White around it first, so that curves behind it do not disturb.
static void add_name(struct panel *panel, double x, int y, const struct plot_series *series) {
    for (int halo = 1; halo >= 0; halo--) {
        str_format(panel->out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"end\" fill=\"", x, y);
        svg_color(panel->out, (color)series->ink);
        str_add(panel->out, halo ? "\" stroke=\"#ffffff\" stroke-width=\"3\">" : "\">");
        svg_escaped(panel->out, series->name);
        str_add(panel->out, "</text>\n");
    }
}

static void add_sample(struct panel *panel, double x, int y, const struct plot_series *series) {
    bool points = series->line == PLOT_POINTS;
    if (points)
        str_format(panel->out, "<circle cx=\"%.1f\" cy=\"%d\" r=\"1.8\" fill=\"", x + SAMPLE / 2.0, y - 4);
    else
        str_format(panel->out, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke-width=\"1.5\" stroke=\"", x, y - 4,
                   x + SAMPLE, y - 4);
    svg_color(panel->out, (color)series->ink);
    str_format(panel->out, "\"%s/>\n", dashes_of(series->line));
}

static void add_legend(struct panel *panel) {
    int row = 0;
    size_t rows = 0;
    double right = panel->left + PANEL_WIDTH - RIGHT - 6;
    for (size_t i = 0; i < panel->plot->count; i++)
        rows += panel->plot->series[i].name != NULL;
    int top = ends_high(panel) ? PANEL_HEIGHT - BOTTOM - 8 - 15 * ((int)rows - 1) : TOP + 14;
    for (size_t i = 0; i < panel->plot->count; i++) {
        const struct plot_series *series = &panel->plot->series[i];
        if (!series->name)
            continue;
        int y = top + 15 * row++;
        add_sample(panel, right - SAMPLE, y, series);
        add_name(panel, right - SAMPLE - 5, y, series);
    }
}

static void add_panel(const struct plot_panel *of, size_t index, struct str *out) {
    struct panel panel = {.plot = of->plot, .left = (double)index * PANEL_WIDTH, .out = out};
    double width = PANEL_WIDTH - LEFT - RIGHT, height = PANEL_HEIGHT - TOP - BOTTOM;
    plot_limits(of->plot, &panel.frame);
    str_format(out, "<text x=\"%.1f\" y=\"22\" font-weight=\"bold\">", panel.left + LEFT);
    svg_escaped(out, of->title);
    str_add(out, "</text>\n");
    if (!panel.frame.empty) {
        add_ticks(&panel, true);
        add_ticks(&panel, false);
    }
    str_format(out, "<clipPath id=\"p%zu\"><rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%.1f\"/></clipPath>\n", index,
               panel.left + LEFT, TOP, width, height);
    str_format(out, "<g clip-path=\"url(#p%zu)\">\n", index);
    if (of->ground)
        of->ground(of->ground_of, &(struct plot_room){panel.left + LEFT, TOP, width, height}, out);
    for (size_t i = 0; i < of->plot->count; i++) {
        if (of->plot->series[i].line == PLOT_POINTS)
            add_points(&panel, &of->plot->series[i]);
        else
            add_curve(&panel, &of->plot->series[i]);
    }
    str_add(out, "</g>\n");
    add_marks(&panel);
    add_legend(&panel);
    str_format(out, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" stroke=\"#000000\"/>\n",
               panel.left + LEFT, TOP, width, height);
    str_format(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">", panel.left + LEFT + width / 2,
               PANEL_HEIGHT - 10);
    svg_escaped(out, of->plot->x_label ? of->plot->x_label : "");
    str_add(out, "</text>\n");
}

// ---- files ---------------------------------------------------------------------------------------------------------

void plot_svg(const struct plot_panel *panels, size_t count, struct str *out) {
    svg_begin(out, (double)count * PANEL_WIDTH, PANEL_HEIGHT);
    for (size_t i = 0; i < count; i++)
        add_panel(&panels[i], i, out);
    svg_end(out);
}

void plot_csv(const struct plot_panel *panels, size_t count, struct str *out) {
    char number[32];
    str_add(out, "chart,series,x,y\n");
    for (size_t p = 0; p < count; p++) {
        for (size_t s = 0; s < panels[p].plot->count; s++) {
            const struct plot_series *series = &panels[p].plot->series[s];
            for (size_t i = 0; series->name && i < series->count; i++) {
                csv_add_cell(out, panels[p].title, true, false);
                str_add_char(out, ',');
                csv_add_cell(out, series->name, true, false);
                str_format(out, ",%s", number_text(series->x ? series->x[i] : (double)i, number));
                str_format(out, ",%s\n", number_text(series->y[i], number));
            }
        }
    }
}

enum status plot_save(const struct plot_panel *panels, size_t count, const char *path, struct error *error) {
    struct str text = {0};
    bool svg = text_ends(path, ".svg");
    if (!svg && !text_ends(path, ".csv"))
        return error_set(error, STATUS_INVALID, "%s: a chart becomes a .svg or a .csv file", path);
    if (svg)
        plot_svg(panels, count, &text);
    else
        plot_csv(panels, count, &text);
    enum status status = svg_save(&text, path, error);
    str_free(&text);
    return status;
}
