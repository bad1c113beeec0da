// A matrix as colored cells with row and column labels: confusion matrices, correlations. Stateless.
#ifndef VIEWS_WIDGETS_HEATMAP_H
#define VIEWS_WIDGETS_HEATMAP_H

#include "views/canvas.h"

struct heatmap {
    void *data;
    size_t rows, columns;
    double (*value)(void *data, size_t row, size_t column);              // NaN: no value
    const char *(*row_label)(void *data, size_t row);                    // NULL: none
    const char *(*column_label)(void *data, size_t column);              // NULL: none
    char *(*text)(void *data, size_t row, size_t column, char out[TEXT_NUMBER_SIZE]); // NULL: as a whole number
    double low, high;  // of the color scale
    bool diverging;    // low–middle–high instead of low–high
    bool chosen_shown; // the chosen cell is framed
    size_t chosen_row, chosen_column;
    size_t top, left; // first shown
};

// Cells show their text when it fits; otherwise only color (ASCII: a shade from " .:-=+*#%@").
void heatmap_draw(struct canvas *canvas, struct rect rect, const struct heatmap *map);
// Moves the first row and column shown so that the chosen cell is seen; what is there already stays where it is.
void heatmap_follow(struct heatmap *map, struct rect rect, bool ascii);
// Rows that are shown at once, at least 1.
size_t heatmap_page(const struct heatmap *map, struct rect rect, bool ascii);
// The matrix cell at a screen cell, or false.
bool heatmap_hit(const struct heatmap *map, struct rect rect, int x, int y, size_t *row, size_t *column);

#endif
