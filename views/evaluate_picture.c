// What the Evaluate view shows, as pictures in files: curves, the confusion matrix, the plane of two features.
#include <math.h>
#include <stdio.h>

#include "views/evaluate_parts.h"
#include "views/widgets/plot_export.h"
#include "views/widgets/svg.h"

// ---- the plane ------------------------------------------------------------------------------------------------------

struct plane_picture {
    const struct measurement *made;
    const struct boundary *boundary;
};

static double share_of(const struct boundary *boundary, double value) {
    return boundary->most > boundary->least ? (value - (double)boundary->least) / (double)(boundary->most - boundary->least)
                                            : 0.5;
}

// Paler where the model is less sure, so that rows stand out.
static color region_color(const struct plane_picture *plane, int across, int up) {
    const struct boundary *boundary = plane->boundary;
    color white = color_rgb(255, 255, 255);
    double value = (double)boundary->value[up][across];
    if (!plane->made->figures.classify)
        return color_mix(white, color_sequential(share_of(boundary, value)), 0.75);
    double least = 1 / (double)plane->made->classes, sure = fmax(0, (value - least) / (1 - least));
    return color_mix(white, color_class((size_t)boundary->taken[up][across]), 0.12 + 0.38 * sure);
}

// Equal neighbors become one rectangle.
static void add_regions(const struct plane_picture *plane, const struct plot_room *room, struct str *out) {
    double width = room->width / BOUNDARY_WIDTH, height = room->height / BOUNDARY_HEIGHT;
    for (int up = 0; up < BOUNDARY_HEIGHT; up++) {
        for (int from = 0, to; from < BOUNDARY_WIDTH; from = to) {
            color ground = region_color(plane, from, up);
            for (to = from + 1; to < BOUNDARY_WIDTH && region_color(plane, to, up) == ground;)
                to++;
            str_format(out, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"",
                       room->left + from * width, room->top + room->height - (up + 1) * height, (to - from) * width + 0.3,
                       height + 0.3);
            svg_color(out, ground);
            str_add(out, "\"/>\n");
        }
    }
}

static void add_row(const struct plane_picture *plane, const struct boundary_row *row, const struct plot_room *room,
                    struct str *out) {
    const struct boundary *boundary = plane->boundary;
    bool classify = plane->made->figures.classify, wrong = classify && row->taken != row->label;
    double x = room->left + (row->x - boundary->low[0]) / (boundary->high[0] - boundary->low[0]) * room->width;
    double y = room->top + (1 - (row->y - boundary->low[1]) / (boundary->high[1] - boundary->low[1])) * room->height;
    color of = classify ? color_class((size_t)row->label) : color_sequential(share_of(boundary, row->truth));
    if (!isfinite(x) || !isfinite(y))
        return;
    if (wrong)
        str_format(out, "<path d=\"M%.1f %.1fl6 6m0 -6l-6 6\" stroke-width=\"2\" stroke=\"", x - 3, y - 3);
    else
        str_format(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%s\" stroke=\"#ffffff\" stroke-width=\"0.5\" fill=\"", x, y,
                   row->part == PART_TRAIN ? "2" : "3");
    svg_color(out, of);
    str_add(out, "\"/>\n");
}

static void add_plane(const void *of, const struct plot_room *room, struct str *out) {
    const struct plane_picture *plane = of;
    add_regions(plane, room, out);
    for (size_t i = 0; i < plane->boundary->row_count && !out->failed; i++)
        add_row(plane, &plane->boundary->rows[i], room, out);
    for (size_t k = 0; plane->made->figures.classify && k < plane->made->classes && k < 20; k++) {
        str_format(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\" stroke=\"#ffffff\" stroke-width=\"3\" "
                        "paint-order=\"stroke\" fill=\"",
                   room->left + room->width - 6, room->top + 14 + 15 * (double)k);
        svg_color(out, color_class(k));
        str_add(out, "\">");
        svg_escaped(out, evaluate_class(plane->made, k));
        str_add(out, "</text>\n");
    }
}

void evaluate_plane_picture(const struct measurement *made, const struct boundary *boundary, struct str *out) {
    struct plane_picture plane = {made, boundary};
    double x[] = {boundary->low[0]}, y[] = {boundary->low[1]};
    struct plot_series corner = {.x = x, .y = y, .count = 1, .ink = INK_FAINT, .line = PLOT_POINTS}; // axes need a point
    struct plot plot = {.series = &corner,
                        .count = 1,
                        .x_low = boundary->low[0],
                        .x_high = boundary->high[0],
                        .y_low = boundary->low[1],
                        .y_high = boundary->high[1],
                        .x_label = boundary->names[0]};
    char title[256];
    snprintf(title, sizeof title, "%.80s against %.80s, run %lld, step %llu", boundary->names[1], boundary->names[0],
             (long long)made->record.id, (unsigned long long)boundary->step);
    struct plot_panel panel = {.title = title, .plot = &plot, .ground = add_plane, .ground_of = &plane};
    plot_svg(&panel, 1, out);
}

// ---- the page -------------------------------------------------------------------------------------------------------

static enum status save_charts(const struct evaluate_state *state, const struct snapshot *snapshot, const char *path,
                               struct error *error) {
    struct evaluate_chart charts[EVALUATE_CHARTS_MOST];
    struct plot_panel panels[EVALUATE_CHARTS_MOST] = {0};
    size_t count = evaluate_charts(state, snapshot, charts);
    if (count == 0)
        return error_set(error, STATUS_STATE,
                         "this page has no picture: Tab goes to one that has; a .csv takes the points anyway");
    for (size_t i = 0; i < count; i++) {
        panels[i].title = charts[i].title;
        panels[i].plot = &charts[i].plot;
    }
    enum status status = plot_save(panels, count, path, error);
    for (size_t i = 0; i < count; i++)
        evaluate_chart_clear(&charts[i]);
    return status;
}

enum status evaluate_save_picture(const struct evaluate_state *state, const struct snapshot *snapshot, const char *path,
                                  struct error *error) {
    const struct evaluate_view *view = &snapshot->evaluate;
    struct str text = {0};
    if (!view->made)
        return error_set(error, STATUS_STATE, "nothing is measured yet");
    if (state->page == EVALUATE_MATRIX)
        evaluate_matrix_picture(state, view->made, &text);
    else if (state->page == EVALUATE_PLANE && view->boundary)
        evaluate_plane_picture(view->made, view->boundary, &text);
    else
        return save_charts(state, snapshot, path, error);
    enum status status = svg_save(&text, path, error);
    str_free(&text);
    return status;
}
