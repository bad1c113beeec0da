#include "tests/support/gallery.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/widgets/bars.h"
#include "views/widgets/form.h"
#include "views/widgets/gauge.h"
#include "views/widgets/heatmap.h"
#include "views/widgets/histogram.h"
#include "views/widgets/palette.h"
#include "views/widgets/plot.h"
#include "views/widgets/sparkline.h"
#include "views/widgets/table.h"
#include "views/widgets/thumbnail.h"

#define POINTS 1500

// Noise from a small linear congruence: the same on every machine.
static double noise(unsigned *state) {
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) / 16777216.0 - 0.5;
}

static void make_loss(double *x, double *y, double *smooth, double level, unsigned seed) {
    for (int i = 0; i < POINTS; i++) {
        x[i] = i / 100.0;
        y[i] = level + 2.2 * exp(-x[i] / 2.2) * (1 + 0.25 * noise(&seed)) + 0.1 * noise(&seed) * level;
    }
    y[900] = 1.9;
    plot_ema(y, POINTS, 0.95, smooth);
}

static void draw_loss(struct canvas *canvas, struct rect rect, bool log) {
    static double x[POINTS], raw[POINTS], smooth[POINTS], other[POINTS], unused[POINTS];
    double epochs[15], validation[15];
    make_loss(x, raw, smooth, 0.08, 7);
    make_loss(x, unused, other, 0.25, 11);
    for (int i = 0; i < 15; i++) {
        epochs[i] = i + 1;
        validation[i] = 0.16 + 2.0 * exp(-(i + 1) / 2.4);
    }
    validation[10] = NAN;
    struct plot_series series[] = {
        {.x = x, .y = raw, .count = POINTS, .ink = INK_FAINT},
        {.name = "run 13", .x = x, .y = other, .count = POINTS, .ink = INK_RUN, .line = PLOT_DOTTED},
        {.name = "train", .x = x, .y = smooth, .count = POINTS, .ink = INK_TRAINING},
        {.name = "validation", .x = epochs, .y = validation, .count = 15, .ink = INK_VALIDATION, .line = PLOT_DASHED}};
    struct plot_mark marks[] = {{3.2, "batch 128→512", INK_MARK}, {5, "lr 0.10→0.20", INK_MARK}};
    struct plot plot = {.series = series,
                        .count = 4,
                        .marks = marks,
                        .mark_count = 2,
                        .auto_x = true,
                        .auto_y = true,
                        .log_y = log,
                        .legend = true,
                        .cursor_shown = !log,
                        .cursor = 9.5,
                        .x_label = "epochs"};
    plot_draw(canvas, canvas_pane(canvas, rect, log, "loss", log ? "log · ema 0.95" : "linear · ema 0.95"), &plot);
}

static void draw_device(struct canvas *canvas, struct rect rect) {
    double load[120];
    unsigned seed = 3;
    for (int i = 0; i < 120; i++)
        load[i] = 0.6 + 0.35 * sin(i / 9.0) + 0.1 * noise(&seed);
    struct rect room = canvas_pane(canvas, rect, false, "device", "H200 · bf16");
    gauge_draw(canvas, rect_take_top(&room, 1), "GPU", 0.97, "97 %", INK_GAUGE);
    gauge_draw(canvas, rect_take_top(&room, 1), "mem", 18.0 / 141, "18/141 GB", INK_GAUGE);
    gauge_draw(canvas, rect_take_top(&room, 1), "ETA", NAN, "unknown", INK_GAUGE);
    struct rect line = rect_take_top(&room, 1);
    sparkline_draw(canvas, line.x, line.y, line.width, load, 120, 0, 1, false, INK_GAUGE);
    line = rect_take_top(&room, 1);
    static const double shares[] = {0.02, 0.01, 0.8, 0.17};
    static const enum ink inks[] = {INK_CLASS_1, INK_CLASS_4, INK_CLASS_0, INK_CLASS_2};
    gauge_stack(canvas, line.x, line.y, line.width, shares, inks, 4);
}

static void draw_curves_page(struct canvas *canvas, struct rect area) {
    static const struct layout_part down[] = {{6, 0, 3}, {7, 7, 1}}, across[] = {{20, 0, 1}, {20, 0, 1}};
    struct rect rows[2], top[2], low[2];
    layout_rows(area, down, 2, 0, rows);
    layout_columns(rows[0], across, 2, 1, top);
    layout_columns(rows[1], across, 2, 1, low);
    draw_loss(canvas, top[0], true);
    draw_loss(canvas, top[1], false);
    draw_device(canvas, low[0]);
    struct plot nothing = {.auto_x = true, .auto_y = true, .empty = "no run yet", .x_label = "steps"};
    plot_draw(canvas, canvas_pane(canvas, low[1], false, "accuracy", NULL), &nothing);
}

// ---- table ---------------------------------------------------------------------------------------

static void table_column(void *data, int64_t column, struct table_view_column *out) {
    static const char *const titles[] = {"age", "workclass", "fnlwgt", "education", "native 国", "note"};
    static const char *const notes[] = {"numeric", "category", "numeric", "category", "text", "text"};
    (void)data;
    out->title = titles[column % 6];
    out->note = notes[column % 6];
    out->right = column % 6 == 0 || column % 6 == 2;
}

static void table_cell(void *data, int64_t row, int64_t column, struct table_view_cell *out) {
    static const char *const classes[] = {"State-gov", "Self-emp-not-inc", "Private"};
    static const char *const places[] = {"日本", "Côte d’Ivoire", "e\xCC\x81tat", "🇨🇭 emoji 🙂", "ελλάς"};
    static const char *const odd[] = {"plain", "tab\there", "esc \033[31mred", "bidi \u202Eabc", "bad \xFF byte"};
    (void)data;
    out->missing = column % 6 != 0 && (row * 7 + column * 3) % 11 == 0;
    switch (column % 6) {
    case 0:
        snprintf(out->text, sizeof out->text, "%d", (int)(17 + row * 37 % 74));
        break;
    case 1:
        snprintf(out->text, sizeof out->text, "%s", classes[row % 3]);
        break;
    case 2:
        snprintf(out->text, sizeof out->text, "%d", (int)(12285 + row * 7919 % 90000));
        break;
    case 3:
        snprintf(out->text, sizeof out->text, "%s", row % 2 ? "Bachelors" : "HS-grad");
        break;
    case 4:
        snprintf(out->text, sizeof out->text, "%s", places[row % 5]);
        break;
    default:
        snprintf(out->text, sizeof out->text, "%s", odd[row % 5]);
    }
}

static void draw_table_page(struct canvas *canvas, struct rect area) {
    struct table_view_model model = {.rows = 32561,
                                     .columns = 12,
                                     .row_numbers = true,
                                     .notes = true,
                                     .cell_cursor = true,
                                     .column = table_column,
                                     .cell = table_cell};
    struct table_view_state state = {.row = 5, .column = 1};
    static const struct layout_part across[] = {{20, 0, 3}, {24, 44, 2}};
    struct rect parts[2], room;
    layout_columns(area, across, 2, 1, parts);
    room = canvas_pane(canvas, parts[0], true, "adult-train.csv", "32 561 rows × 12");
    table_view_draw(canvas, room, &model, &state, true);
    room = canvas_pane(canvas, parts[1], false, "age", "numeric");
    canvas_print(canvas, room.x, room.y, style_ink(INK_TEXT), "mean %s   sd %s", "38.58", "13.64");
    double counts[37];
    for (int i = 0; i < 37; i++)
        counts[i] = i < 2 ? 300 : 900 * exp(-pow((i - 9) / 11.0, 2));
    struct histogram_chart chart = {.counts = counts, .bins = 37, .low = 17, .high = 90, .ink = INK_BAR, .axis = true};
    rect_take_top(&room, 2);
    histogram_draw(canvas, rect_take_top(&room, room.height / 2), &chart);
    rect_take_top(&room, 1);
    struct bar bars[] = {{"Private", 22696, NULL, INK_CLASS_0},
                         {"Self-emp-not-inc", 2541, NULL, INK_CLASS_1},
                         {"Local-gov", 2093, NULL, INK_CLASS_2},
                         {"?", 1836, NULL, INK_MISSING},
                         {"Without-pay", 14, NULL, INK_CLASS_4}};
    bars_draw(canvas, room, bars, 5);
}

// ---- charts --------------------------------------------------------------------------------------

static double confusion_value(void *data, size_t row, size_t column) {
    (void)data;
    return row == column ? 800 + 17.0 * (double)row : (double)((row * 31 + column * 17) % 83);
}

static const char *class_label(void *data, size_t index) {
    static const char *const names[] = {"airplane", "automobile", "bird", "cat",  "deer",
                                        "dog",      "frog",       "horse", "ship", "truck"};
    (void)data;
    return names[index];
}

static double correlation(void *data, size_t row, size_t column) {
    (void)data;
    return row == column ? 1 : sin((double)(row * 3 + column * 3 + row * column));
}

static void draw_picture(struct canvas *canvas, struct rect rect) {
    static uint8_t pixels[32 * 32 * 3];
    for (int y = 0; y < 32; y++) {
        for (int x = 0; x < 32; x++) {
            double ball = hypot(x - 16, y - 14);
            pixels[y * 32 + x] = (uint8_t)(ball < 9 ? 230 : 40 + 4 * y);
            pixels[1024 + y * 32 + x] = (uint8_t)(ball < 9 ? 150 - 8 * ball : 90 + 3 * y);
            pixels[2048 + y * 32 + x] = (uint8_t)(ball < 9 ? 40 : 200 - 3 * y);
        }
    }
    struct picture picture = {pixels, 32, 32, 3, 1, 32, 1024};
    int width, height;
    thumbnail_size(&picture, rect.width, rect.height, 1, &width, &height);
    thumbnail_draw(canvas, (struct rect){rect.x, rect.y, width, height}, &picture);
    for (int i = 0; i < 3; i++)
        thumbnail_draw(canvas, (struct rect){rect.x + width + 1 + i * 11, rect.y, 10, 5}, &picture);
}

static void draw_charts_page(struct canvas *canvas, struct rect area) {
    static const struct layout_part across[] = {{30, 0, 3}, {24, 0, 2}}, down[] = {{6, 0, 1}, {6, 0, 1}};
    struct rect parts[2], right[2];
    layout_columns(area, across, 2, 1, parts);
    layout_rows(parts[1], down, 2, 0, right);
    struct heatmap confusion = {.rows = 10,
                                .columns = 10,
                                .value = confusion_value,
                                .row_label = class_label,
                                .column_label = class_label,
                                .high = 960,
                                .chosen_shown = true,
                                .chosen_row = 3,
                                .chosen_column = 5};
    struct heatmap correlations = {.rows = 8, .columns = 8, .value = correlation, .low = -1, .high = 1, .diverging = true};
    heatmap_draw(canvas, canvas_pane(canvas, parts[0], true, "confusion", "rows: true"), &confusion);
    draw_picture(canvas, canvas_pane(canvas, right[0], false, "pictures", "32×32"));
    heatmap_draw(canvas, canvas_pane(canvas, right[1], false, "correlation", NULL), &correlations);
}

// ---- form and palette ------------------------------------------------------------------------------

static const struct form_row fields[] = {
    {.section = "training"},
    {.label = "learning rate",
     .value = "0.2",
     .range = "greater than 0 and at most 100",
     .help = "Size of a step; the first thing to tune.",
     .live = true,
     .changed = true},
    {.label = "batch size", .value = "512", .unit = "rows", .range = "1 to 65 536", .help = "Rows a step.", .live = true},
    {.label = "optimizer", .value = "sgd", .choices = "sgd|adam|adamw", .help = "How gradients become steps."},
    {.label = "epochs", .value = "15", .range = "at least 1", .help = "Passes over the training rows."},
    {.section = "model"},
    {.label = "hidden layers", .value = "64,64", .range = "whole numbers", .help = "Widths, separated by commas."},
    {.label = "dropout", .value = "0", .range = "0 to 1", .help = "Share of units left out.", .disabled = true},
};

static void form_field(void *data, size_t index, struct form_row *out) {
    (void)data;
    *out = fields[index];
}

static void draw_form_page(struct canvas *canvas, struct rect area) {
    struct form_model model = {.rows = sizeof fields / sizeof *fields, .row = form_field};
    struct form_state chosen = {.chosen = 3}, editing = {.chosen = 1, .editing = true};
    static const struct layout_part across[] = {{20, 0, 1}, {20, 0, 1}};
    struct rect parts[2];
    layout_columns(area, across, 2, 1, parts);
    form_draw(canvas, canvas_pane(canvas, parts[0], true, "parameters", NULL), &model, &chosen, true);
    prompt_set(&editing.edit, "-1");
    snprintf(editing.error, sizeof editing.error, "learning rate -1: must be greater than 0 and at most 100");
    form_draw(canvas, canvas_pane(canvas, parts[1], true, "editing", NULL), &model, &editing, true);
}

static const struct palette_item commands[] = {
    {"raise learning rate", "+", "Multiply the learning rate, from the next step."},
    {"lower learning rate", "-", "Divide the learning rate, from the next step."},
    {"larger batches", "]", "Double the batch size."},
    {"smaller batches", "[", "Halve the batch size."},
    {"restart", "r", "Start again with the same seed."},
    {"view: train", "5", "Train: live curves and controls."},
    {"quit", "q", "Leave; asks when something would be lost."},
};

static void command_item(void *data, size_t index, struct palette_item *out) {
    (void)data;
    *out = commands[index];
}

static void draw_palette_page(struct canvas *canvas, struct rect area) {
    static struct palette_state state;
    struct palette_model model = {.count = sizeof commands / sizeof *commands, .item = command_item};
    palette_open(&state, &model);
    for (const char *letter = "lera"; *letter; letter++) {
        struct input_event key = {.type = INPUT_KEY, .code = (unsigned char)*letter, .text = {*letter}};
        palette_event(&state, &model, &key);
    }
    draw_curves_page(canvas, area);
    palette_draw(canvas, rect_center(area, 60, 16), "commands", &model, &state);
}

static const struct {
    const char *name;
    void (*draw)(struct canvas *canvas, struct rect area);
} pages[GALLERY_PAGES] = {{"curves", draw_curves_page},
                          {"table", draw_table_page},
                          {"charts", draw_charts_page},
                          {"form", draw_form_page},
                          {"palette", draw_palette_page}};

const char *gallery_name(int page) {
    return pages[page].name;
}

void gallery_draw(struct canvas *canvas, struct rect area, int page) {
    pages[page].draw(canvas, area);
}
