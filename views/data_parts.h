// The parts of the Data view, one file each. Private to views/data*.c. Plain state; data_rows owns its
// array, released by rows_free.
#ifndef VIEWS_DATA_PARTS_H
#define VIEWS_DATA_PARTS_H

#include "core/session.h"
#include "views/view.h"
#include "views/widgets/palette.h"
#include "views/widgets/table.h"

// ---- which rows are shown, in which order (data_rows.c) ---------------------------------------------------
struct data_rows {
    const struct table *table; // what `order` was made for
    uint32_t *order;           // row numbers; NULL = all rows as read
    size_t count;
    int sorted;                // column + 1; negative = descending; 0 = as read
    char filter[PROMPT_SIZE];  // "" = none
};
void rows_free(struct data_rows *rows);
size_t rows_count(const struct data_rows *rows, const struct table *table);
size_t rows_at(const struct data_rows *rows, size_t index);
// The place of a row of the table among the shown ones; false when it is filtered out.
bool rows_place(const struct data_rows *rows, const struct table *table, size_t row, size_t *index);
enum status rows_sort(struct data_rows *rows, const struct table *table, size_t column, struct error *error);
// "age > 40 & workclass = Private"; < <= > >= = !=, joined by & ; "" shows all rows again.
enum status rows_filter(struct data_rows *rows, const struct table *table, const char *text, struct error *error);
// The next row after `from` (as shown, going round) with a cell that contains `text`, ignoring case.
bool rows_find(const struct data_rows *rows, const struct table *table, const char *text, size_t from, int direction,
               size_t *index, size_t *column);

// ---- opening (data_open.c) ----------------------------------------------------------------------------------
#define OPEN_ENTRIES 512
struct open_list {
    bool shown;
    char folder[1024];
    struct {
        char name[256]; // as shown; folders end in '/'
        char path[1280];
        char note[TEXT_NUMBER_SIZE];
    } entries[OPEN_ENTRIES];
    size_t count;
    struct palette_state palette;
};
void open_begin(struct open_list *list);
// Draws nothing; acts on the key. On a choice of a file `*path` is set (into the list or the typed text).
void open_event(struct open_list *list, const struct input_event *event, const char **path);
void open_draw(const struct open_list *list, struct canvas *canvas, struct rect area);

// ---- panes (data_panes.c, data_images.c) ----------------------------------------------------------------------
void column_pane_draw(const struct snapshot *snapshot, size_t column, struct canvas *canvas, struct rect area);
void warnings_pane_draw(const struct snapshot *snapshot, size_t chosen, bool focused, struct canvas *canvas,
                        struct rect area);
struct table_view_model describe_model(const struct snapshot *snapshot);

// ---- pages of figures (data_figures.c) ----------------------------------------------------------------------
enum figure_page {
    PAGE_COLUMNS, // all columns in a table
    PAGE_PEARSON, // matrices, in the order of enum profile_matrix
    PAGE_SPEARMAN,
    PAGE_CRAMER,
    PAGE_RATIO,
    PAGE_MISSING,
    PAGE_TOGETHER,
    PAGE_TARGET,
    PAGE_MEANS, // of image sets
    PAGE_DARKEST,
    PAGE_BRIGHTEST,
    PAGE_EQUAL,
    FIGURE_PAGES
};
struct figures_state {
    enum figure_page page; // wanted; one that the data lacks gives way to the next
    struct table_view_state table;
    size_t row, column; // chosen cell of a matrix, or picture
};
enum figure_page figures_page(const struct snapshot *snapshot, const struct figures_state *state); // the one shown
size_t figures_pictures(const struct snapshot *snapshot, enum figure_page page);                   // how many
void figures_turn(const struct snapshot *snapshot, struct figures_state *state, int direction);
void figures_draw(const struct snapshot *snapshot, const struct figures_state *state, struct canvas *canvas,
                  struct rect area);
// True when it moved something. `area` as drawn.
bool figures_request(const struct snapshot *snapshot, struct figures_state *state, struct rect area, bool ascii,
                     enum request wanted);
int64_t figures_row(const struct snapshot *snapshot, const struct figures_state *state); // chosen picture; -1: none
int figures_column(const struct snapshot *snapshot, const struct figures_state *state);  // chosen column; -1: none

struct image_grid {
    size_t chosen;  // among the shown ones
    int only_class; // -1 = all
    bool large;
};
size_t images_shown(const struct image_set *images, int only_class);
size_t images_at(const struct image_set *images, int only_class, size_t index);
void images_draw(const struct image_grid *grid, const struct snapshot *snapshot, struct canvas *canvas,
                 struct rect area);
void images_pane_draw(const struct image_grid *grid, const struct snapshot *snapshot, struct canvas *canvas,
                      struct rect area);
bool images_request(struct image_grid *grid, const struct image_set *images, struct rect area, enum request request);

#endif
