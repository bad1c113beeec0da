// The confusion matrix, and the classes one by one.
#include <math.h>
#include <stdio.h>

#include "views/evaluate_parts.h"
#include "views/widgets/heatmap.h"
#include "views/widgets/heatmap_export.h"
#include "views/widgets/plot.h"

#define BESIDE_WIDTH 110 // from here on there is room for more than the matrix

static uint64_t count_at(const struct measurement *made, size_t truth, size_t taken) {
    return made->figures.classes.confusion[truth * made->classes + taken];
}

// ---- the matrix ----------------------------------------------------------------------------------------------------

struct confusion_matrix {
    const struct measurement *made;
    bool counts;
};

static double share_at(const struct measurement *made, size_t truth, size_t taken) {
    uint64_t rows = made->figures.of_classes.each[truth].rows;
    return rows > 0 ? (double)count_at(made, truth, taken) / (double)rows : (double)NAN;
}

static double matrix_value(void *data, size_t row, size_t column) {
    const struct confusion_matrix *matrix = data;
    return matrix->counts ? (double)count_at(matrix->made, row, column) : share_at(matrix->made, row, column);
}

static const char *matrix_label(void *data, size_t index) {
    return evaluate_class(((const struct confusion_matrix *)data)->made, index);
}

static char *matrix_text(void *data, size_t row, size_t column, char out[TEXT_NUMBER_SIZE]) {
    const struct confusion_matrix *matrix = data;
    uint64_t count = count_at(matrix->made, row, column);
    if (count == 0)
        snprintf(out, TEXT_NUMBER_SIZE, "·");
    else if (matrix->counts)
        text_integer((int64_t)count, NUMBER_SCREEN, out);
    else
        text_percent(share_at(matrix->made, row, column), 0, NUMBER_SCREEN, out);
    return out;
}

static double largest(const struct measurement *made) {
    double most = 1;
    for (size_t k = 0; k < made->classes; k++)
        most = fmax(most, (double)made->figures.of_classes.each[k].rows);
    return most;
}

static struct heatmap heatmap_of(const struct evaluate_state *state, struct confusion_matrix *matrix) {
    return (struct heatmap){.data = matrix,
                            .rows = matrix->made->classes,
                            .columns = matrix->made->classes,
                            .value = matrix_value,
                            .row_label = matrix_label,
                            .column_label = matrix_label,
                            .text = matrix_text,
                            .high = state->counts ? largest(matrix->made) : 1,
                            .chosen_shown = true,
                            .chosen_row = state->row,
                            .chosen_column = state->column,
                            .top = state->top,
                            .left = state->left};
}

// ---- layout --------------------------------------------------------------------------------------------------------

struct matrix_places {
    struct rect frame, matrix, note, side, below; // side, below: empty where there is no room for them
};

// Where a large matrix stands alone, its confusions are listed below it.
static struct matrix_places places_of(struct rect rect, size_t classes) {
    struct matrix_places at = {.matrix = rect};
    if (rect.width >= BESIDE_WIDTH)
        at.side = rect_take_right(&at.matrix, rect.width * 2 / 5);
    else if (classes > (size_t)(rect.height > 4 ? rect.height - 4 : 0))
        at.below = rect_take_bottom(&at.matrix, rect.height / 3);
    at.frame = at.matrix;
    at.matrix = rect_inset(at.matrix, 2, 1);
    at.note = rect_take_bottom(&at.matrix, 1);
    return at;
}

// ---- drawing -------------------------------------------------------------------------------------------------------

static void draw_note(const struct evaluate_page_context *page, struct rect row) {
    const struct evaluate_state *state = page->state;
    char count[TEXT_NUMBER_SIZE], all[TEXT_NUMBER_SIZE], share[TEXT_NUMBER_SIZE], text[512];
    uint64_t rows = page->made->figures.of_classes.each[state->row].rows;
    text_integer((int64_t)count_at(page->made, state->row, state->column), NUMBER_SCREEN, count);
    text_integer((int64_t)rows, NUMBER_SCREEN, all);
    snprintf(text, sizeof text, "%s of %s rows (%s) of %.100s are taken for %.100s", count, all,
             evaluate_share(share_at(page->made, state->row, state->column), share),
             evaluate_class(page->made, state->row),
             state->row == state->column ? "it" : evaluate_class(page->made, state->column));
    canvas_field(page->canvas, row.x, row.y, row.width, TEXT_LEFT, style_ink(INK_TEXT), text);
}

static void draw_confusions(const struct evaluate_page_context *page, struct rect rect) {
    const struct evaluate_state *state = page->state;
    struct canvas *canvas = page->canvas;
    rect = rect_inset(canvas_pane(canvas, rect, false, "most frequent confusions", NULL), 1, 0);
    if (state->confusion_count == 0)
        canvas_field(canvas, rect.x, rect.y, rect.width, TEXT_LEFT, style_ink(INK_GOOD), "none: every row is right");
    for (size_t i = 0; i < state->confusion_count && (int)i < rect.height; i++) {
        const struct confusion *one = &state->confusions[i];
        char count[TEXT_NUMBER_SIZE], share[TEXT_NUMBER_SIZE], text[320];
        int y = rect.y + (int)i;
        snprintf(text, sizeof text, "%.120s → %.120s", evaluate_class(page->made, one->truth),
                 evaluate_class(page->made, one->taken));
        canvas_field(canvas, rect.x, y, 7, TEXT_RIGHT, style_ink(INK_NUMBER),
                     text_integer((int64_t)one->count, NUMBER_SCREEN, count));
        canvas_field(canvas, rect.x + 8, y, 8, TEXT_RIGHT, style_ink(INK_DIM),
                     evaluate_share(share_at(page->made, one->truth, one->taken), share));
        canvas_field(canvas, rect.x + 17, y, rect.width - 17, TEXT_LEFT, style_ink(INK_TEXT), text);
    }
}

void evaluate_matrix_draw(const struct evaluate_page_context *page) {
    struct matrix_places at = places_of(page->rect, page->made->classes);
    struct confusion_matrix matrix = {page->made, page->state->counts};
    struct heatmap map = heatmap_of(page->state, &matrix);
    canvas_pane(page->canvas, at.frame, true, "true class ↓  taken for →", page->state->counts ? "rows" : "share of the true class");
    heatmap_follow(&map, at.matrix, page->canvas->ascii);
    heatmap_draw(page->canvas, at.matrix, &map);
    draw_note(page, at.note);
    if (!rect_empty(at.below))
        draw_confusions(page, at.below);
    if (rect_empty(at.side))
        return;
    struct rect above = rect_take_top(&at.side, at.side.height / 2);
    struct evaluate_page_context classes = *page;
    classes.rect = above;
    evaluate_classes_draw(&classes);
    draw_confusions(page, at.side);
}

void evaluate_matrix_picture(const struct evaluate_state *state, const struct measurement *made, struct str *out) {
    struct confusion_matrix matrix = {made, state->counts};
    struct heatmap map = heatmap_of(state, &matrix);
    char title[256];
    snprintf(title, sizeof title, "run %lld, %.100s, step %llu: %s", (long long)made->record.id, made->record.name,
             (unsigned long long)made->step, state->counts ? "rows" : "share of the true class");
    heatmap_svg(&map, &(struct heatmap_words){title, "true class", "taken for"}, out);
}

static size_t moved(size_t at, long by, size_t count) {
    long to = (long)at + by;
    return to < 0 ? 0 : to >= (long)count ? count - 1 : (size_t)to;
}

bool evaluate_matrix_move(struct evaluate_state *state, const struct measurement *made, struct rect rect, bool ascii,
                          enum request request) {
    struct matrix_places at = places_of(rect, made->classes);
    struct confusion_matrix matrix = {made, state->counts};
    struct heatmap map = heatmap_of(state, &matrix);
    long page = (long)heatmap_page(&map, at.matrix, ascii), far = (long)made->classes;
    long down = request == REQUEST_DOWN        ? 1
                : request == REQUEST_UP        ? -1
                : request == REQUEST_PAGE_DOWN ? page
                : request == REQUEST_PAGE_UP   ? -page
                : request == REQUEST_TOP       ? -far
                : request == REQUEST_BOTTOM    ? far
                                               : 0;
    long right = request == REQUEST_RIGHT          ? 1
                 : request == REQUEST_LEFT         ? -1
                 : request == REQUEST_FIRST_COLUMN ? -far
                 : request == REQUEST_LAST_COLUMN  ? far
                                                   : 0;
    map.chosen_row = state->row = moved(state->row, down, made->classes);
    map.chosen_column = state->column = moved(state->column, right, made->classes);
    heatmap_follow(&map, at.matrix, ascii);
    state->top = map.top;
    state->left = map.left;
    return down != 0 || right != 0;
}

bool evaluate_matrix_click(struct evaluate_state *state, const struct measurement *made, struct rect rect, bool ascii,
                           int x, int y) {
    struct matrix_places at = places_of(rect, made->classes);
    struct confusion_matrix matrix = {made, state->counts};
    struct heatmap map = heatmap_of(state, &matrix);
    size_t row, column;
    heatmap_follow(&map, at.matrix, ascii);
    if (!heatmap_hit(&map, at.matrix, x, y, &row, &column))
        return false;
    state->row = row;
    state->column = column;
    return true;
}

// ---- classes -------------------------------------------------------------------------------------------------------

enum { CLASS_NAME, CLASS_ROWS, CLASS_TAKEN, CLASS_PRECISION, CLASS_RECALL, CLASS_F1, CLASS_AUC, CLASS_AP, CLASS_COLUMNS };
enum { AVERAGES = 2 }; // rows below the classes: macro, weighted

static void class_column(void *data, int64_t column, struct table_view_column *out) {
    static const char *const titles[] = {"class", "rows", "taken", "precision", "recall", "F1", "AUC", "av. prec."};
    (void)data;
    out->title = titles[column];
    out->right = column != CLASS_NAME;
    out->width = column == CLASS_NAME ? 0 : column == CLASS_ROWS || column == CLASS_TAKEN ? 7 : 9;
}

static void figure_text(double figure, struct table_view_cell *out) {
    if (isnan(figure))
        snprintf(out->text, sizeof out->text, "-");
    else
        text_fixed(figure, 3, NUMBER_SCREEN, out->text);
}

static void average_cell(const struct class_figures *of, bool weighted, int64_t column, struct table_view_cell *out) {
    double precision = weighted ? of->weighted.precision : of->macro.precision;
    double recall = weighted ? of->weighted.recall : of->macro.recall;
    double f1 = weighted ? of->weighted.f1 : of->macro.f1;
    out->style = style_bold(INK_TITLE);
    if (column == CLASS_NAME)
        snprintf(out->text, sizeof out->text, "%s", weighted ? "(weighted mean)" : "(macro mean)");
    else if (column == CLASS_ROWS)
        text_integer((int64_t)of->rows, NUMBER_SCREEN, out->text);
    else if (column >= CLASS_PRECISION && column <= CLASS_F1)
        figure_text(column == CLASS_PRECISION ? precision : column == CLASS_RECALL ? recall : f1, out);
    else if (!weighted && column >= CLASS_AUC)
        figure_text(column == CLASS_AUC ? of->auc : of->average_precision, out);
}

static void class_cell(void *data, int64_t row, int64_t column, struct table_view_cell *out) {
    const struct evaluate_page_context *page = data;
    const struct class_figures *of = &page->made->figures.of_classes;
    if ((size_t)row >= page->made->classes) {
        average_cell(of, (size_t)row > page->made->classes, column, out);
        return;
    }
    const struct class_figure *each = &of->each[row];
    const double figures[] = {each->precision, each->recall, each->f1, each->auc, each->average_precision};
    if (column == CLASS_NAME) {
        bool curves = (size_t)row == page->snapshot->evaluate.of_class;
        snprintf(out->text, sizeof out->text, "%.200s%s", evaluate_class(page->made, (size_t)row), curves ? " ◂" : "");
    } else if (column == CLASS_ROWS || column == CLASS_TAKEN) {
        text_integer((int64_t)(column == CLASS_ROWS ? each->rows : each->taken), NUMBER_SCREEN, out->text);
    } else {
        figure_text(figures[column - CLASS_PRECISION], out);
    }
}

static struct table_view_model classes_model(const struct evaluate_page_context *page) {
    return (struct table_view_model){.data = (void *)(uintptr_t)page,
                                     .rows = (int64_t)page->made->classes + AVERAGES,
                                     .columns = CLASS_COLUMNS,
                                     .column = class_column,
                                     .cell = class_cell};
}

static struct rect classes_rect(struct rect rect) {
    if (rect.width >= BESIDE_WIDTH)
        rect_take_right(&rect, rect.width * 2 / 5);
    return rect;
}

void evaluate_classes_draw(const struct evaluate_page_context *page) {
    bool own = page->state->page == EVALUATE_CLASSES;
    struct rect rect = own ? classes_rect(page->rect) : page->rect;
    struct table_view_model model = classes_model(page);
    struct rect inside = canvas_pane(page->canvas, rect, own, "classes", "[ ] class of the curves");
    table_view_draw(page->canvas, inside, &model, &page->state->classes, own);
    if (rect.width == page->rect.width)
        return;
    struct evaluate_page_context curves = *page;
    curves.rect = page->rect;
    rect_take_left(&curves.rect, rect.width);
    evaluate_curves_draw(&curves);
}

bool evaluate_classes_move(struct evaluate_state *state, const struct measurement *made, struct rect rect, bool ascii,
                           enum request request) {
    struct snapshot none = {.evaluate.made = made};
    struct evaluate_page_context page = {.state = state, .snapshot = &none, .made = made};
    struct table_view_model model = classes_model(&page);
    return table_view_request(&state->classes, &model, rect_inset(classes_rect(rect), 1, 1), ascii, request);
}
