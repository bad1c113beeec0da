// The inside of the Evaluate view, shared by views/evaluate*.c and nobody else. The frame owns the state; lists and
// points in it are the view's. Main thread only.
#ifndef VIEWS_EVALUATE_PARTS_H
#define VIEWS_EVALUATE_PARTS_H

#include "core/session.h"
#include "views/view.h"
#include "views/widgets/plot_export.h"
#include "views/widgets/prompt.h"
#include "views/widgets/table.h"

enum evaluate_page {
    EVALUATE_MATRIX,
    EVALUATE_CLASSES,
    EVALUATE_CURVES,
    EVALUATE_THRESHOLD,
    EVALUATE_CALIBRATION,
    EVALUATE_SCATTER,
    EVALUATE_RESIDUALS,
    EVALUATE_PLANE,
    EVALUATE_WORST,
    EVALUATE_PAGE_COUNT
};

enum evaluate_question { EVALUATE_ASKS_NOTHING, EVALUATE_ASKS_DATA, EVALUATE_ASKS_PREDICTIONS, EVALUATE_ASKS_POINTS };

#define EVALUATE_CONFUSIONS_MOST 64
#define EVALUATE_BINS 41 // of residuals; an odd number, so that one bin is around zero

struct evaluate_list { // rows of figures.each, the largest loss first
    uint32_t *rows;    // [count]; NULL: all, in the order of the measurement
    size_t count, capacity;
    struct table_view_state table;
    size_t picture;
    bool about; // everything about the chosen row
    int scroll; // of that
};

struct evaluate_state {
    enum evaluate_page page;
    uint64_t seen; // number of the measurement that all below belongs to; 0: none
    int64_t run;   // that it measured
    size_t row, column, top, left;  // of the matrix
    bool counts;                    // instead of shares of each true class
    struct table_view_state classes;
    double threshold;
    int balance; // of costs: 0 equal; above, a missed row costs more; see evaluate_costs
    bool listing; // the rows of a cell stand in place of the page: of this true class, taken for that (SIZE_MAX: any)
    size_t listed_truth, listed_taken;
    struct evaluate_list cell, worst;
    char cell_title[256];
    struct confusion {
        size_t truth, taken;
        uint64_t count;
    } confusions[EVALUATE_CONFUSIONS_MOST]; // the most frequent first
    size_t confusion_count;
    struct { // regress
        double *truth, *predicted; // [count] points that a chart can tell apart
        size_t count;
        double bins[EVALUATE_BINS], reach; // of residuals: from −reach to reach
        double sd;
    } points;
    bool out_of_memory;
    enum evaluate_question question;
    struct prompt prompt;
    struct prompt_history files;
};

struct evaluate_places {
    struct rect head, tabs, figures, page, question;
};
struct evaluate_places evaluate_layout(const struct evaluate_state *state, const struct snapshot *snapshot,
                                       struct rect area);
bool evaluate_has_page(const struct snapshot *snapshot, enum evaluate_page page);
// The page under column x of the line of tabs, or false.
bool evaluate_tab_at(const struct evaluate_state *state, const struct snapshot *snapshot, struct rect row, int x,
                     enum evaluate_page *page);
const char *evaluate_class(const struct measurement *made, size_t index);
// What a row that is wrongly taken for the class costs, and one that is missed.
void evaluate_costs(int balance, double *false_positive, double *false_negative);
// "97.4 %", "0.12", "-" when NaN.
char *evaluate_share(double share, char out[TEXT_NUMBER_SIZE]);
char *evaluate_number(double value, char out[TEXT_NUMBER_SIZE]);

// Lines of a name and a value; returns the rows used.
struct evaluate_line {
    const char *name;
    char value[TEXT_NUMBER_SIZE];
};
int evaluate_lines(struct canvas *canvas, struct rect rect, const struct evaluate_line *lines, size_t count);

// ---- evaluate_derive.c: what follows from a measurement -----------------------------------------------------------
void evaluate_refresh(void *state, const struct snapshot *snapshot);
void evaluate_forget(struct evaluate_state *state); // frees all lists and points
// Lists the rows of one true class that were taken for another (SIZE_MAX: for any).
void evaluate_list_cell(struct evaluate_state *state, const struct measurement *made, size_t truth, size_t taken);

// ---- pages ----------------------------------------------------------------------------------------------------------
struct evaluate_page_context {
    const struct evaluate_state *state;
    const struct snapshot *snapshot;
    const struct measurement *made;
    struct canvas *canvas;
    struct rect rect;
};
void evaluate_matrix_draw(const struct evaluate_page_context *page);
void evaluate_classes_draw(const struct evaluate_page_context *page);
void evaluate_curves_draw(const struct evaluate_page_context *page);
void evaluate_threshold_draw(const struct evaluate_page_context *page);
void evaluate_calibration_draw(const struct evaluate_page_context *page);
void evaluate_scatter_draw(const struct evaluate_page_context *page);
void evaluate_residuals_draw(const struct evaluate_page_context *page);
void evaluate_plane_draw(const struct evaluate_page_context *page);
void evaluate_rows_draw(const struct evaluate_page_context *page, const struct evaluate_list *list, const char *title);

#define EVALUATE_SERIES_MOST 4
struct evaluate_chart { // a plot and what it shows: drawn, or written to a file. It points into itself: not to be copied
    char title[160];
    struct plot plot;
    struct plot_series series[EVALUATE_SERIES_MOST];
    double ends[2][2], at[2]; // x and y of a line of reference; a point
    double *own;              // points made for it; evaluate_chart_clear
};
// The matrix, or the plane of two features, as one <svg> element.
void evaluate_matrix_picture(const struct evaluate_state *state, const struct measurement *made, struct str *out);
void evaluate_plane_picture(const struct measurement *made, const struct boundary *boundary, struct str *out);
// The charts of the page as a picture; a sentence where it has none.
enum status evaluate_save_picture(const struct evaluate_state *state, const struct snapshot *snapshot, const char *path,
                                  struct error *error);

// The charts of the page; returns how many (at most 2), 0 where it has none, or none yet.
#define EVALUATE_CHARTS_MOST 2
size_t evaluate_charts(const struct evaluate_state *state, const struct snapshot *snapshot,
                       struct evaluate_chart charts[EVALUATE_CHARTS_MOST]);
void evaluate_number_chart(const struct evaluate_state *state, const struct measurement *made,
                           struct evaluate_chart *chart); // of predicted numbers: scatter or residuals
void evaluate_chart_clear(struct evaluate_chart *chart);

// Arrows, pages, ends. True: it was one of those. `rect` as drawn.
bool evaluate_matrix_move(struct evaluate_state *state, const struct measurement *made, struct rect rect, bool ascii,
                          enum request request);
bool evaluate_matrix_click(struct evaluate_state *state, const struct measurement *made, struct rect rect, bool ascii,
                           int x, int y);
bool evaluate_classes_move(struct evaluate_state *state, const struct measurement *made, struct rect rect, bool ascii,
                           enum request request);
bool evaluate_threshold_move(struct evaluate_state *state, enum request request);
bool evaluate_threshold_click(struct evaluate_state *state, const struct snapshot *snapshot, struct rect rect, int x,
                              int y);
bool evaluate_rows_move(struct evaluate_list *list, const struct measurement *made, struct rect rect, bool ascii,
                        enum request request);
bool evaluate_rows_event(struct evaluate_list *list, const struct measurement *made, struct rect rect, bool ascii,
                         const struct input_event *input);
// The chosen row of the list; NULL: it is empty.
const struct evaluated_row *evaluate_chosen(const struct evaluate_list *list, const struct measurement *made);

// ---- evaluate_input.c -------------------------------------------------------------------------------------------------
enum view_result evaluate_request(void *state, const struct view_context *context, enum request wanted);
enum view_result evaluate_event(void *state, const struct view_context *context, const struct input_event *input);

#endif
