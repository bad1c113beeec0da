#include "views/widgets/heatmap_export.h"

#include <math.h>
#include <stdio.h>

#include "views/widgets/svg.h"

enum { SIDE = 560, CELL_LEAST = 12, CELL_MOST = 64, CELL_WITH_TEXT = 26, LEFT = 150, TOP = 150, ROOM = 16 };

struct picture {
    const struct heatmap *map;
    struct str *out;
    double cell; // pixels of a side
};

static double cell_of(const struct heatmap *map) {
    double most = (double)(map->rows > map->columns ? map->rows : map->columns);
    return fmax(CELL_LEAST, fmin(CELL_MOST, SIDE / fmax(1, most)));
}

static void add_cell(const struct picture *picture, size_t row, size_t column) {
    const struct heatmap *map = picture->map;
    double value = map->value(map->data, row, column), x = LEFT + (double)column * picture->cell;
    double y = TOP + (double)row * picture->cell, share = map->high > map->low ? (value - map->low) / (map->high - map->low) : 0;
    color back = map->diverging ? color_diverging(share) : color_sequential(share);
    char number[TEXT_NUMBER_SIZE];
    str_format(picture->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" stroke=\"#ffffff\" fill=\"", x, y,
               picture->cell, picture->cell);
    if (isnan(value))
        str_add(picture->out, "#eeeeee");
    else
        svg_color(picture->out, back);
    str_add(picture->out, "\"/>\n");
    if (picture->cell < CELL_WITH_TEXT || isnan(value))
        return;
    str_format(picture->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-size=\"%.0f\" fill=\"",
               x + picture->cell / 2, y + picture->cell / 2 + 4, picture->cell < 40 ? 9.0 : 12.0);
    svg_color(picture->out, color_contrast(back));
    str_add(picture->out, "\">");
    if (map->text)
        svg_escaped(picture->out, map->text(map->data, row, column, number));
    else
        str_add(picture->out, text_fixed(value, 0, NUMBER_PLAIN, number));
    str_add(picture->out, "</text>\n");
}

static void add_row_label(const struct picture *picture, size_t row) {
    str_format(picture->out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LEFT - 6,
               TOP + ((double)row + 0.5) * picture->cell + 4);
    svg_escaped(picture->out, picture->map->row_label(picture->map->data, row));
    str_add(picture->out, "</text>\n");
}

static void add_column_label(const struct picture *picture, size_t column) { // aslant: names are longer than cells
    double x = LEFT + ((double)column + 0.5) * picture->cell, y = TOP - 6;
    str_format(picture->out, "<text x=\"%.1f\" y=\"%.1f\" transform=\"rotate(-45 %.1f %.1f)\">", x, y, x, y);
    svg_escaped(picture->out, picture->map->column_label(picture->map->data, column));
    str_add(picture->out, "</text>\n");
}

static void add_words(const struct picture *picture, const struct heatmap_words *words) {
    str_format(picture->out, "<text x=\"%d\" y=\"22\" font-weight=\"bold\">", ROOM);
    svg_escaped(picture->out, words->title);
    str_format(picture->out, "</text>\n<text x=\"%d\" y=\"40\" fill=\"#666666\">rows: ", ROOM);
    svg_escaped(picture->out, words->rows);
    str_format(picture->out, "</text>\n<text x=\"%d\" y=\"56\" fill=\"#666666\">columns: ", ROOM);
    svg_escaped(picture->out, words->columns);
    str_add(picture->out, "</text>\n");
}

void heatmap_svg(const struct heatmap *map, const struct heatmap_words *words, struct str *out) {
    struct picture picture = {.map = map, .out = out, .cell = cell_of(map)};
    svg_begin(out, LEFT + (double)map->columns * picture.cell + 4 * ROOM, TOP + (double)map->rows * picture.cell + ROOM);
    add_words(&picture, words);
    for (size_t column = 0; map->column_label && column < map->columns; column++)
        add_column_label(&picture, column);
    for (size_t row = 0; row < map->rows && !out->failed; row++) {
        if (map->row_label)
            add_row_label(&picture, row);
        for (size_t column = 0; column < map->columns; column++)
            add_cell(&picture, row, column);
    }
    svg_end(out);
}
