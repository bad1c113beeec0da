// Into the layers of the run: how the weights of one spread over time, and the sizes of its gradients, as heat maps; and
// how far the weights are from where they began.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "views/text.h"
#include "views/train_view.h"

#define DISTANCE_ROWS 20 // from here on there is room for the distance too
#define LABEL_WIDTH 8

// ---- what was seen of one layer -------------------------------------------------------------------------------

struct seen { // in the order of steps; what a roll back took away is left out
    const struct layer_row **rows;
    size_t count;
};

static size_t layers_of(const struct snapshot *snapshot) {
    const struct curve *curve = snapshot->run ? &snapshot->run->curve : NULL;
    return curve && curve->layer_count > 0 ? curve->layers[curve->layer_count - 1].layers : 0;
}

static struct seen gather(const struct snapshot *snapshot, size_t layer) {
    const struct curve *curve = &snapshot->run->curve;
    struct seen seen = {.rows = mem_alloc(curve->layer_count + 1, sizeof *seen.rows)};
    for (size_t i = 0; seen.rows && i < curve->layer_count; i++) {
        const struct layer_row *row = &curve->layers[i];
        if (row->layer != layer)
            continue;
        while (seen.count > 0 && seen.rows[seen.count - 1]->step >= row->step)
            seen.count--;
        seen.rows[seen.count++] = row;
    }
    return seen;
}

// The last one at or before x; NULL: there is none.
static const struct layer_row *seen_at(const struct seen *seen, double epoch) {
    const struct layer_row *found = NULL;
    for (size_t i = 0; i < seen->count && seen->rows[i]->epoch <= epoch; i++)
        found = seen->rows[i];
    return found;
}

// ---- a heat map: time to the right, value upwards -----------------------------------------------------------

enum { BINS_MOST = WEIGHT_BINS };

struct map {
    const struct seen *seen;
    void (*shares)(const struct map *map, const struct layer_row *row, double out[BINS_MOST]); // of all values, each bin's
    int bins, low, high; // low … high - 1 hold values at some time
    double reach;        // of weights
    double most;         // largest share of a bin
};

static void weight_shares(const struct map *map, const struct layer_row *row, double out[BINS_MOST]) {
    histogram_fold(&row->histogram, map->reach, out);
    for (int i = 0; i < WEIGHT_BINS; i++)
        out[i] /= row->weights > 0 ? (double)row->weights : 1;
}

static void gradient_shares(const struct map *map, const struct layer_row *row, double out[BINS_MOST]) {
    (void)map;
    for (int i = 0; i < GRADIENT_BINS; i++)
        out[i] = row->histogram.gradients[i] / (row->weights > 0 ? (double)row->weights : 1);
}

static struct map measure(const struct seen *seen, bool weights) {
    struct map map = {.seen = seen,
                      .shares = weights ? weight_shares : gradient_shares,
                      .bins = weights ? WEIGHT_BINS : GRADIENT_BINS};
    double shares[BINS_MOST];
    map.low = map.bins;
    for (size_t i = 0; i < seen->count; i++)
        map.reach = fmax(map.reach, seen->rows[i]->histogram.reach);
    for (size_t i = 0; i < seen->count; i++) {
        map.shares(&map, seen->rows[i], shares);
        for (int bin = 0; bin < map.bins; bin++) {
            if (!(shares[bin] > 0))
                continue;
            map.low = bin < map.low ? bin : map.low;
            map.high = bin + 1 > map.high ? bin + 1 : map.high;
            map.most = fmax(map.most, shares[bin]);
        }
    }
    return map;
}

// Per bin, so that a row that covers half a bin is as bright as one that covers two.
static double mean_share(const double shares[BINS_MOST], double from, double to) {
    double sum = 0;
    for (int bin = (int)floor(from); bin < to; bin++)
        sum += shares[bin] * (fmin(to, bin + 1) - fmax(from, bin));
    return to > from ? sum / (to - from) : 0;
}

// Square roots: what few weights do is seen beside what most do.
static double brightness(const struct map *map, const double shares[BINS_MOST], int row, int rows) {
    double span = (double)(map->high - map->low) / rows, to = map->high - row * span;
    return map->most > 0 ? sqrt(fmin(1, mean_share(shares, fmax(map->low, to - span), to) / map->most)) : 0;
}

static void draw_cell(struct canvas *canvas, int x, int y, double upper, double lower) {
    static const char shades[] = " .:-=+*#%@";
    if (canvas->ascii || canvas->mono) {
        canvas_put(canvas, x, y, style_ink(INK_TEXT), (uint32_t)shades[lround(9 * (upper + lower) / 2)]);
        return;
    }
    struct style style = {.fg = color_sequential(upper), .bg = color_sequential(lower)};
    canvas_put(canvas, x, y, style, 0x2580); // the upper half
}

static void draw_cells(const struct map *map, struct canvas *canvas, struct rect rect) {
    double first = map->seen->rows[0]->epoch, last = map->seen->rows[map->seen->count - 1]->epoch, shares[BINS_MOST];
    for (int column = 0; column < rect.width; column++) {
        double epoch = rect.width > 1 ? first + (last - first) * column / (rect.width - 1) : last;
        const struct layer_row *row = seen_at(map->seen, epoch * (1 + 1e-12));
        if (!row)
            continue;
        map->shares(map, row, shares);
        for (int y = 0; y < rect.height; y++)
            draw_cell(canvas, rect.x + column, rect.y + y, brightness(map, shares, 2 * y, 2 * rect.height),
                      brightness(map, shares, 2 * y + 1, 2 * rect.height));
    }
}

static double edge(const struct map *map, int bin) {
    return map->shares == weight_shares ? map->reach * (bin / (double)(WEIGHT_BINS / 2) - 1)
                                        : ldexp(1, bin + GRADIENT_LOWEST);
}

static void draw_map(const struct map *map, struct canvas *canvas, struct rect pane, const char *title,
                     const char *note) {
    struct rect inside = canvas_pane(canvas, pane, false, title, note);
    char text[TEXT_NUMBER_SIZE];
    struct rect below = rect_take_bottom(&inside, 1), labels = rect_take_left(&inside, LABEL_WIDTH);
    if (map->low >= map->high || inside.height < 1 || inside.width < 2)
        return;
    draw_cells(map, canvas, inside);
    const int bins[] = {map->high, map->low};
    const int rows[] = {labels.y, labels.y + labels.height - 1};
    for (int i = 0; i < 2; i++)
        canvas_field(canvas, labels.x, rows[i], labels.width - 1, TEXT_RIGHT, style_ink(INK_DIM),
                     text_real(edge(map, bins[i]), 2, NUMBER_SCREEN, text));
    rect_take_left(&below, LABEL_WIDTH);
    canvas_field(canvas, below.x, below.y, 8, TEXT_LEFT, style_ink(INK_DIM),
                 text_real(map->seen->rows[0]->epoch, 3, NUMBER_SCREEN, text));
    canvas_field(canvas, below.x + below.width - 8, below.y, 8, TEXT_RIGHT, style_ink(INK_DIM),
                 text_real(map->seen->rows[map->seen->count - 1]->epoch, 3, NUMBER_SCREEN, text));
    canvas_field(canvas, below.x + 8, below.y, below.width - 16, TEXT_CENTER, style_with(style_ink(INK_DIM), STYLE_ITALIC),
                 "epochs");
}

// ---- distance -------------------------------------------------------------------------------------------------

static void draw_distance(const struct seen *seen, struct canvas *canvas, struct rect pane) {
    double *x = mem_alloc(3 * seen->count + 1, sizeof *x), *all = x + seen->count, *own = all + seen->count;
    const struct layer_row *last = seen->rows[seen->count - 1];
    char note[64], number[TEXT_NUMBER_SIZE];
    for (size_t i = 0; x && i < seen->count; i++) {
        x[i] = seen->rows[i]->epoch;
        all[i] = seen->rows[i]->distance;
        own[i] = seen->rows[i]->moved;
    }
    const struct plot_series series[] = {
        {.name = "all layers", .x = x, .y = all, .count = x ? seen->count : 0, .ink = INK_ACCENT},
        {.name = last->name, .x = x, .y = own, .count = x ? seen->count : 0, .ink = INK_RUN, .line = PLOT_DASHED},
    };
    struct plot plot = {.series = series, .count = 2, .auto_x = true, .auto_y = true, .legend = true, .x_label = "epochs"};
    snprintf(note, sizeof note, "|w| %s", text_real(last->length, 3, NUMBER_SCREEN, number));
    struct rect inside = canvas_pane(canvas, pane, false, "distance from the start", note);
    plot_draw(canvas, inside, &plot);
    mem_free(x);
}

// ---- the page -------------------------------------------------------------------------------------------------

static void draw_none(const struct snapshot *snapshot, struct canvas *canvas, struct rect area) {
    struct rect inside = canvas_pane(canvas, area, false, "layers", NULL);
    canvas_wrap(canvas, rect_inset(inside, 1, 0), 0, style_ink(INK_DIM),
                snapshot->params->histograms
                    ? "The layers are looked into while a run trains: Space starts one."
                    : "No layer has been looked into: H begins to, while a run trains.");
}

static void notes_of(const struct layer_row *row, size_t layers, bool compact, char place[96], char zeros[64]) {
    char number[TEXT_NUMBER_SIZE];
    double zero = 100.0 * row->histogram.zeros / (row->weights > 0 ? (double)row->weights : 1);
    if (compact) {
        snprintf(place, 96, "%u/%zu moved %s", row->layer + 1, layers, text_real(row->moved, 2, NUMBER_SCREEN, number));
        snprintf(zeros, 64, "0: %.0f %%", zero);
        return;
    }
    snprintf(place, 96, "%u/%zu · %s weights", row->layer + 1, layers,
             text_integer((int64_t)row->weights, NUMBER_SCREEN, number));
    snprintf(zeros, 64, "0: %.0f %% · costs %.1f %% of the time", zero, 100 * row->cost);
}

void train_draw_layers(const struct train_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                       struct rect area) {
    size_t layers = layers_of(snapshot);
    struct seen seen = {.count = 0};
    if (layers > 0)
        seen = gather(snapshot, state->layer < layers ? state->layer : layers - 1);
    if (seen.count == 0) {
        draw_none(snapshot, canvas, area);
        mem_free(seen.rows);
        return;
    }
    const struct layer_row *last = seen.rows[seen.count - 1];
    bool compact = area.height < DISTANCE_ROWS;
    char title[64], place[96], zeros[64];
    struct rect lower = rect_take_bottom(&area, compact ? 0 : area.height / 3), right = rect_take_right(&area, area.width / 2);
    struct map weights = measure(&seen, true), gradients = measure(&seen, false);
    notes_of(last, layers, compact, place, zeros);
    snprintf(title, sizeof title, "weights of %s", last->name);
    draw_map(&weights, canvas, area, title, place);
    draw_map(&gradients, canvas, right, compact ? "sizes of gradients" : "sizes of its gradients", zeros);
    if (!compact)
        draw_distance(&seen, canvas, lower);
    mem_free(seen.rows);
}

bool train_has_layers(const struct snapshot *snapshot) {
    return layers_of(snapshot) > 0;
}

// Measuring goes on when the curves come back.
enum view_result train_request_layers(struct train_state *state, const struct view_context *context) {
    state->shown = state->shown == TRAIN_LAYERS ? TRAIN_BOTH : TRAIN_LAYERS;
    if (state->shown != TRAIN_LAYERS || context->snapshot->params->histograms)
        return VIEW_REDRAW;
    enum status status = session_set(context->session, "histograms", "yes", &context->wish->error);
    if (!status)
        snprintf(context->wish->message, sizeof context->wish->message,
                 "Layers are looked into while a run trains, for less than 1.5 %% of its time; up and down choose one.");
    return view_acted(context, status);
}

enum view_result train_choose_layer(struct train_state *state, const struct view_context *context, int by) {
    size_t layers = layers_of(context->snapshot);
    if (layers == 0)
        return VIEW_HANDLED;
    size_t now = state->layer < layers ? state->layer : layers - 1;
    state->layer = (now + layers + (size_t)(by + (int)layers)) % layers;
    return VIEW_REDRAW;
}
