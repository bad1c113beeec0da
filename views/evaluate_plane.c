// The plane of two features: what the model says everywhere, and the rows on top of it. Without colors a region is the
// small letter of its class and a row the large one.
#include <math.h>
#include <stdio.h>

#include "views/evaluate_parts.h"
#include "views/widgets/plot.h"

struct plane {
    const struct measurement *made;
    const struct boundary *boundary;
    struct canvas *canvas;
    struct rect rect; // of the picture
    struct plot_frame frame;
    bool classify, plain; // plain: letters instead of colors
};

static double share_of(const struct boundary *boundary, float value) {
    return boundary->most > boundary->least ? (double)((value - boundary->least) / (boundary->most - boundary->least))
                                            : 0.5;
}

// Darker where the model is less sure, so that rows stand out.
static color color_at(const struct plane *plane, int across, int up) {
    const struct boundary *boundary = plane->boundary;
    double value = (double)boundary->value[up][across];
    if (!plane->classify)
        return color_mix(color_rgb(0, 0, 0), color_sequential(share_of(boundary, boundary->value[up][across])), 0.75);
    double least = 1 / (double)plane->made->classes, sure = fmax(0, (value - least) / (1 - least));
    return color_mix(color_rgb(0, 0, 0), color_class((size_t)boundary->taken[up][across]), 0.18 + 0.37 * sure);
}

static int grid_at(int cell, int cells, int count) {
    int at = (int)((cell + 0.5) / cells * count);
    return at >= count ? count - 1 : at;
}

static uint32_t letter_at(const struct plane *plane, int across, int up) {
    static const char shades[] = " .:-=+*#%@";
    const struct boundary *boundary = plane->boundary;
    if (!plane->classify)
        return (uint32_t)shades[lround(9 * share_of(boundary, boundary->value[up][across]))];
    return (uint32_t)('a' + boundary->taken[up][across] % 26);
}

static void draw_ground(const struct plane *plane) {
    struct rect rect = plane->rect;
    for (int y = 0; y < rect.height; y++) {
        for (int x = 0; x < rect.width; x++) {
            int across = grid_at(x, rect.width, BOUNDARY_WIDTH);
            int upper = BOUNDARY_HEIGHT - 1 - grid_at(2 * y, 2 * rect.height, BOUNDARY_HEIGHT);
            int lower = BOUNDARY_HEIGHT - 1 - grid_at(2 * y + 1, 2 * rect.height, BOUNDARY_HEIGHT);
            if (plane->plain)
                canvas_put(plane->canvas, rect.x + x, rect.y + y, style_ink(INK_DIM), letter_at(plane, across, upper));
            else
                canvas_put(plane->canvas, rect.x + x, rect.y + y,
                           style_on(color_at(plane, across, upper), color_at(plane, across, lower)), 0x2580);
        }
    }
}

static bool cell_of(const struct plane *plane, const struct boundary_row *row, int *x, int *y) {
    const struct boundary *boundary = plane->boundary;
    double across = (row->x - boundary->low[0]) / (boundary->high[0] - boundary->low[0]);
    double up = (row->y - boundary->low[1]) / (boundary->high[1] - boundary->low[1]);
    if (!(across >= 0 && across <= 1 && up >= 0 && up <= 1))
        return false;
    *x = plane->rect.x + (int)(across * (plane->rect.width - 1e-9));
    *y = plane->rect.y + (int)((1 - up) * (plane->rect.height - 1e-9));
    return true;
}

static bool is_wrong(const struct plane *plane, const struct boundary_row *row) {
    return plane->classify && row->taken != row->label;
}

static void draw_row(const struct plane *plane, const struct boundary_row *row) {
    int x, y;
    if (!cell_of(plane, row, &x, &y))
        return;
    bool wrong = is_wrong(plane, row), train = row->part == PART_TRAIN;
    struct style style = canvas_at(plane->canvas, x, y).style;
    style.fg = plane->classify ? color_class((size_t)row->label)
                               : color_sequential(share_of(plane->boundary, (float)row->truth));
    style.attributes |= STYLE_BOLD;
    if (plane->plain && plane->classify)
        canvas_put(plane->canvas, x, y, style_bold(wrong ? INK_WARNING : INK_TEXT), (uint32_t)('A' + row->label % 26));
    else if (plane->plain)
        canvas_put(plane->canvas, x, y, style_bold(INK_TEXT), 'o');
    else
        canvas_put(plane->canvas, x, y, style, wrong ? 0xD7 : train ? 0x2022 : 0x25C6);
}

static void draw_picture(struct plane *plane, struct rect rect) {
    const struct boundary *boundary = plane->boundary;
    char title[192];
    snprintf(title, sizeof title, "%.80s against %.80s", boundary->names[1], boundary->names[0]);
    rect = canvas_pane(plane->canvas, rect, true, title, NULL);
    struct plot plot = {.x_low = boundary->low[0],
                        .x_high = boundary->high[0],
                        .y_low = boundary->low[1],
                        .y_high = boundary->high[1],
                        .x_label = boundary->names[0]};
    double x[] = {boundary->low[0]}, y[] = {boundary->low[1]};
    struct plot_series corner = {.x = x, .y = y, .count = 1, .line = PLOT_POINTS, .ink = INK_FAINT};
    plot.series = &corner; // axes need a point
    plot.count = 1;
    plane->frame = plot_measure(&plot, rect);
    plane->rect = plane->frame.rect;
    plot_draw(plane->canvas, rect, &plot);
    struct rect old = canvas_clip(plane->canvas, plane->rect);
    draw_ground(plane);
    for (size_t i = 0; i < boundary->row_count; i++)
        draw_row(plane, &boundary->rows[i]);
    canvas_unclip(plane->canvas, old);
}

// ---- beside it -----------------------------------------------------------------------------------------------------

static void draw_legend(const struct plane *plane, struct rect *rect) {
    struct canvas *canvas = plane->canvas;
    for (size_t k = 0; plane->classify && k < plane->made->classes && rect->height > 6; k++) {
        struct rect row = rect_take_top(rect, 1);
        struct style style = {.fg = color_class(k), .attributes = STYLE_BOLD};
        canvas_put(canvas, row.x, row.y, plane->plain ? style_bold(INK_TEXT) : style,
                   plane->plain ? (uint32_t)('A' + k % 26) : 0x2588);
        canvas_field(canvas, row.x + 2, row.y, row.width - 2, TEXT_LEFT, style_ink(INK_TEXT),
                     evaluate_class(plane->made, k));
    }
    rect_take_top(rect, 1);
}

static size_t count_wrong(const struct plane *plane) {
    size_t wrong = 0;
    for (size_t i = 0; i < plane->boundary->row_count; i++)
        wrong += is_wrong(plane, &plane->boundary->rows[i]);
    return wrong;
}

// How many rows the picture holds: as its signs tell them apart, or all where it is made of letters.
static size_t count_rows(const struct plane *plane, struct evaluate_line lines[2]) {
    size_t all = plane->boundary->row_count, training = 0;
    for (size_t i = 0; i < all; i++)
        training += plane->boundary->rows[i].part == PART_TRAIN;
    lines[0].name = plane->plain ? "rows" : "• training";
    lines[1].name = "◆ others";
    text_integer((int64_t)(plane->plain ? all : training), NUMBER_SCREEN, lines[0].value);
    text_integer((int64_t)(all - training), NUMBER_SCREEN, lines[1].value);
    return plane->plain ? 1 : 2;
}

static void draw_side(const struct plane *plane, struct rect rect) {
    const struct boundary *boundary = plane->boundary;
    char text[TEXT_NUMBER_SIZE];
    struct evaluate_line lines[6] = {{.name = "step"}};
    size_t count = 1 + count_rows(plane, lines + 1);
    rect = rect_inset(canvas_pane(plane->canvas, rect, false, "rows and regions", NULL), 1, 0);
    draw_legend(plane, &rect);
    text_integer((int64_t)boundary->step, NUMBER_SCREEN, lines[0].value);
    if (plane->classify) {
        lines[count].name = plane->plain ? "wrong" : "× wrong";
        text_integer((int64_t)count_wrong(plane), NUMBER_SCREEN, lines[count++].value);
    }
    lines[count].name = "asked in";
    snprintf(lines[count++].value, TEXT_NUMBER_SIZE, "%.30s ms",
             text_real(boundary->seconds * 1e3, 3, NUMBER_SCREEN, text));
    if (isfinite(boundary->copied)) {
        lines[count].name = "run waited";
        snprintf(lines[count++].value, TEXT_NUMBER_SIZE, "%.30s µs",
                 text_real(boundary->copied * 1e6, 3, NUMBER_SCREEN, text));
    }
    evaluate_lines(plane->canvas, rect, lines, count);
}

void evaluate_plane_draw(const struct evaluate_page_context *page) {
    struct rect left = page->rect, side = rect_take_right(&left, page->rect.width >= 100 ? 30 : 24);
    struct plane plane = {.made = page->made,
                          .boundary = page->snapshot->evaluate.boundary,
                          .canvas = page->canvas,
                          .classify = page->made->figures.classify,
                          .plain = page->canvas->ascii || page->canvas->mono};
    draw_picture(&plane, left);
    draw_side(&plane, side);
}
