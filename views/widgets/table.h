// A table of any size: it asks for the cells it shows and no others. The caller owns model and state; zeroed
// state is the top left corner. Drawing changes nothing; table_view_request and _event move the selection.
#ifndef VIEWS_WIDGETS_TABLE_H
#define VIEWS_WIDGETS_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "views/canvas.h"
#include "views/input.h"
#include "views/request.h"

#define TABLE_CELL_SIZE 256
#define TABLE_WIDTH_MOST 40 // a measured column is not made wider than this

struct table_view_column {
    const char *title; // valid until the next call
    const char *note;  // second header line (type, unit); NULL = none
    int width;         // columns wanted; 0 = measured from the header and the rows shown
    bool right;        // numbers
    enum ink ink;      // of the title; INK_DEFAULT = the usual
};

struct table_view_cell {
    char text[TABLE_CELL_SIZE]; // raw text from data is fine
    bool missing;               // drawn as a colored dot, never blank
    struct style style;         // set to the default before the call
};

struct table_view_model {
    void *data;
    int64_t rows, columns;
    bool row_numbers; // a first, fixed column with row + 1
    bool notes;       // leave a second header line for the columns' notes
    bool cell_cursor; // the chosen column is shown too; left and right move it
    void (*column)(void *data, int64_t column, struct table_view_column *out); // `out` zeroed before
    void (*cell)(void *data, int64_t row, int64_t column, struct table_view_cell *out);
    int64_t (*number)(void *data, int64_t row); // shown as row number; NULL = row + 1
    bool (*marked)(void *data, int64_t row);    // a sign behind the row number; NULL = none
};

struct table_view_state {
    int64_t row, column; // chosen
    int64_t top, left;   // first shown; drawing corrects them for the size without storing that
    int64_t frozen;      // so many columns stay at the left; those that would take more than 2/3 of the room do not
};

void table_view_draw(struct canvas *canvas, struct rect rect, const struct table_view_model *model,
                     const struct table_view_state *state, bool focused);
// Arrows, pages, ends. True when it was one of those. `rect` as drawn.
bool table_view_request(struct table_view_state *state, const struct table_view_model *model, struct rect rect,
                        bool ascii, enum request request);
// Wheel and click; true when something changed.
bool table_view_event(struct table_view_state *state, const struct table_view_model *model, struct rect rect,
                      bool ascii, const struct input_event *event);
// Rows shown at once in `rect`, and the first one, as drawn: for "row 1–22 of 32 561".
int64_t table_view_visible(const struct table_view_state *state, const struct table_view_model *model,
                           struct rect rect, int64_t *first);

// A vertical scroll bar: `shown` of `total` from `first` on. Draws nothing when all is shown.
void scroll_bar_draw(struct canvas *canvas, struct rect column, int64_t first, int64_t shown, int64_t total);

#endif
