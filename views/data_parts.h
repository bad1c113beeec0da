// The parts of the Data view, one file each. Private to views/data*.c. Plain state, but for the marks of data_table.
#ifndef VIEWS_DATA_PARTS_H
#define VIEWS_DATA_PARTS_H

#include "core/session.h"
#include "views/view.h"
#include "views/widgets/palette.h"
#include "views/widgets/table.h"

// ---- the table (data_table.c) ---------------------------------------------------------------------------------
struct data_table { // zeroed = the top left corner; data_table_free releases what it holds
    struct table_view_state view;
    struct row_marks marks;
    uint64_t orders, finds; // of the snapshot's rows, that `view` knows of
    bool cell;    // the chosen cell is shown whole,
    int cell_top; // from this line of it on
    bool picking; // a column by its name: every key goes to data_table_pick
    struct palette_state picker;
};
void data_table_free(struct data_table *data);
void data_table_meet(struct data_table *data, const struct table *table); // another table, or none (NULL)
void data_table_refresh(struct data_table *data, const struct snapshot *snapshot); // another order; what was found
// Goes to that row of the table; where a filter hides it, the filter is to be lifted: false.
bool data_table_show(struct data_table *data, const struct snapshot *snapshot, size_t row);
void data_table_draw(const struct data_table *data, const struct snapshot *snapshot, bool focused,
                     struct canvas *canvas, struct rect area);
void data_table_draw_picker(const struct data_table *data, const struct table *table, struct canvas *canvas,
                            struct rect area);
enum view_result data_table_request(struct data_table *data, const struct view_context *context, struct rect area,
                                    enum request wanted);
void data_table_pick(struct data_table *data, const struct table *table, const struct input_event *event);
bool data_table_mouse(struct data_table *data, const struct snapshot *snapshot, struct rect area, bool ascii,
                      const struct input_event *event);

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
void head_draw(const struct snapshot *snapshot, struct canvas *canvas, struct rect row);
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
