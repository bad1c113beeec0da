#include "views/widgets/heatmap.h"

#include <math.h>
#include <string.h>

#define CELL_LEAST 2
#define CELL_MOST 9
#define LABEL_MOST 16

struct shape {
    struct rect labels, heads, cells;
    int width, height; // of a cell
};

static char *cell_text(const struct heatmap *map, size_t row, size_t column, char out[TEXT_NUMBER_SIZE]) {
    double value = map->value(map->data, row, column);
    if (isnan(value))
        out[0] = '\0';
    else if (map->text)
        map->text(map->data, row, column, out);
    else
        text_fixed(value, 0, NUMBER_SCREEN, out);
    return out;
}

static int widest_label(const char *(*label)(void *, size_t), void *data, size_t count, bool ascii) {
    int widest = 0;
    for (size_t i = 0; label && i < count; i++) {
        int width = text_width(label(data, i), ascii);
        widest = width > widest ? width : widest;
    }
    return widest > LABEL_MOST ? LABEL_MOST : widest;
}

static int at_least(int value, int low) {
    return value < low ? low : value;
}

static struct shape measure(const struct heatmap *map, struct rect rect, bool ascii) {
    struct shape shape = {.cells = rect};
    int label = widest_label(map->row_label, map->data, map->rows, ascii);
    if (map->column_label)
        shape.heads = rect_take_top(&shape.cells, 1);
    shape.labels = rect_take_left(&shape.cells, label > 0 ? (label + 1 < rect.width / 2 ? label + 1 : rect.width / 2) : 0);
    shape.heads.x = shape.cells.x;
    shape.heads.width = shape.cells.width;
    int columns = at_least((int)map->columns, 1), rows = at_least((int)map->rows, 1);
    shape.width = at_least(shape.cells.width / columns, CELL_LEAST);
    int most = at_least(widest_label(map->column_label, map->data, map->columns, ascii) + 1, CELL_MOST);
    shape.width = shape.width > most ? most : shape.width;
    shape.height = at_least(shape.cells.height / rows, 1);
    int square = at_least((shape.width < CELL_MOST ? shape.width : CELL_MOST) / 3, 1); // flat enough to read as cells, tall enough to use the room
    shape.height = shape.height > square ? square : shape.height;
    return shape;
}

static double share_of(const struct heatmap *map, double value) {
    return map->high > map->low ? (value - map->low) / (map->high - map->low) : 0;
}

// Never over a letter of the value: "[100 %" must not read "[00 %".
static void draw_brackets(struct canvas *canvas, struct rect cell, struct style style, bool text) {
    int left = cell.x, right = cell.x + cell.width - 1, y = cell.y + (cell.height - 1) / 2;
    if (!text || canvas_at(canvas, left, y).code == ' ')
        canvas_put(canvas, left, y, style, '[');
    if (!text || canvas_at(canvas, right, y).code == ' ')
        canvas_put(canvas, right, y, style, ']');
}

static void draw_value(struct canvas *canvas, const struct heatmap *map, struct rect cell, size_t row, size_t column) {
    static const char shades[] = " .:-=+*#%@";
    char text[TEXT_NUMBER_SIZE];
    double value = map->value(map->data, row, column), share = share_of(map, value);
    bool chosen = map->chosen_shown && row == map->chosen_row && column == map->chosen_column;
    color bg = map->diverging ? color_diverging(share) : color_sequential(share);
    struct style style = style_on(color_contrast(bg), bg);
    cell_text(map, row, column, text);
    bool plain = canvas->ascii || canvas->mono;
    bool fits = text_width(text, canvas->ascii) <= cell.width - plain; // colors part neighbors, blanks else
    if (isnan(value))
        style = style_ink(INK_DIM);
    if (plain)
        style = style_ink(INK_TEXT);
    if (chosen)
        style.attributes |= STYLE_REVERSE | STYLE_BOLD;
    int level = isnan(value) ? 0 : (int)lround((share < 0 ? 0 : share > 1 ? 1 : share) * 9);
    canvas_fill(canvas, cell, style, plain && !fits ? (uint32_t)shades[level] : ' ');
    if (fits)
        canvas_field(canvas, cell.x, cell.y + (cell.height - 1) / 2, cell.width, TEXT_CENTER, style, text);
    if (chosen && cell.width >= 3)
        draw_brackets(canvas, cell, style, fits);
}

// In little room the first letters say more than one letter and an ellipsis.
static void draw_head(struct canvas *canvas, int x, int y, int width, const char *label) {
    if (width >= 5 || text_width(label, canvas->ascii) <= width)
        canvas_field(canvas, x, y, width, TEXT_CENTER, style_ink(INK_TEXT), label);
    else
        canvas_text_bytes(canvas, x, y, style_ink(INK_TEXT), label,
                          text_fit(label, strlen(label), width, canvas->ascii, NULL));
}

static void draw_labels(struct canvas *canvas, const struct heatmap *map, const struct shape *shape) {
    for (size_t row = map->top; map->row_label && row < map->rows; row++) {
        int y = shape->cells.y + (int)(row - map->top) * shape->height + (shape->height - 1) / 2;
        if (y >= shape->cells.y + shape->cells.height)
            break;
        canvas_field(canvas, shape->labels.x, y, shape->labels.width - 1, TEXT_RIGHT, style_ink(INK_TEXT),
                     map->row_label(map->data, row));
    }
    for (size_t column = map->left; map->column_label && column < map->columns; column++) {
        int x = shape->cells.x + (int)(column - map->left) * shape->width;
        draw_head(canvas, x, shape->heads.y, shape->width - 1, map->column_label(map->data, column));
    }
}

void heatmap_draw(struct canvas *canvas, struct rect rect, const struct heatmap *map) {
    struct shape shape = measure(map, rect, canvas->ascii);
    struct rect old = canvas_clip(canvas, rect);
    draw_labels(canvas, map, &shape);
    canvas_clip(canvas, shape.cells);
    for (size_t row = map->top; row < map->rows; row++) {
        int y = shape.cells.y + (int)(row - map->top) * shape.height;
        for (size_t column = map->left; column < map->columns && y < shape.cells.y + shape.cells.height; column++) {
            int x = shape.cells.x + (int)(column - map->left) * shape.width;
            if (x >= shape.cells.x + shape.cells.width)
                break;
            draw_value(canvas, map, (struct rect){x, y, shape.width, shape.height}, row, column);
        }
    }
    canvas_unclip(canvas, old);
}

bool heatmap_hit(const struct heatmap *map, struct rect rect, int x, int y, size_t *row, size_t *column) {
    struct shape shape = measure(map, rect, false);
    if (!rect_contains(shape.cells, x, y))
        return false;
    *row = map->top + (size_t)((y - shape.cells.y) / shape.height);
    *column = map->left + (size_t)((x - shape.cells.x) / shape.width);
    return *row < map->rows && *column < map->columns;
}

static size_t follow(size_t first, size_t chosen, size_t shown, size_t count) {
    first = chosen < first ? chosen : chosen >= first + shown ? chosen - shown + 1 : first;
    return first + shown > count ? (count > shown ? count - shown : 0) : first;
}

size_t heatmap_page(const struct heatmap *map, struct rect rect, bool ascii) {
    struct shape shape = measure(map, rect, ascii);
    return (size_t)at_least(shape.cells.height / shape.height, 1);
}

void heatmap_follow(struct heatmap *map, struct rect rect, bool ascii) {
    struct shape shape = measure(map, rect, ascii);
    size_t across = (size_t)at_least(shape.cells.width / shape.width, 1), down = heatmap_page(map, rect, ascii);
    map->top = follow(map->top, map->chosen_row, down, map->rows);
    map->left = follow(map->left, map->chosen_column, across, map->columns);
}
