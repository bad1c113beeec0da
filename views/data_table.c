// The Data view's table: cells, marked and frozen, one cell whole, choosing a column by name, copying.
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/pipeline.h"
#include "views/data_parts.h"

// ---- what the table widget shows ------------------------------------------------------------------------

struct table_data {
    const struct data_table *data;
    const struct table *table;
    const struct row_order *order;
};

static void table_column(void *data, int64_t index, struct table_view_column *out) {
    const struct table_data *from = data;
    const struct column *column = from->table->columns[index];
    out->title = column->name;
    out->note = from->table->target == (int)index ? "target" : column_type_name(column->type);
    out->right = column->type == COLUMN_NUMERIC;
    out->ink = from->table->target == (int)index ? INK_ACCENT : INK_DEFAULT;
}

static void table_cell(void *data, int64_t row, int64_t index, struct table_view_cell *out) {
    const struct table_data *from = data;
    const struct column *column = from->table->columns[index];
    size_t at = row_order_at(from->order, (size_t)row);
    char number[64];
    out->missing = column_is_missing(column, at);
    if (!out->missing)
        snprintf(out->text, sizeof out->text, "%s", column_text(column, at, number));
}

static bool table_marked(void *data, int64_t row) {
    const struct table_data *from = data;
    return row_marked(&from->data->marks, row_order_at(from->order, (size_t)row));
}

static int64_t table_number(void *data, int64_t row) {
    const struct table_data *from = data;
    return (int64_t)table_origin(from->table, row_order_at(from->order, (size_t)row)) + 1;
}

static struct table_view_model model_of(struct table_data *data, const struct data_table *from,
                                        const struct snapshot *snapshot) {
    const struct table *table = snapshot->dataset->table;
    *data = (struct table_data){from, table, snapshot->rows.order};
    return (struct table_view_model){.data = data,
                                     .rows = (int64_t)row_order_count(snapshot->rows.order, table),
                                     .columns = (int64_t)table->column_count,
                                     .row_numbers = true,
                                     .notes = true,
                                     .cell_cursor = true,
                                     .column = table_column,
                                     .cell = table_cell,
                                     .number = table_number,
                                     .marked = table_marked};
}

// The row of the table under the cursor; false when none is shown.
static bool chosen_row(const struct data_table *data, const struct snapshot *snapshot, size_t *row) {
    const struct row_order *order = snapshot->rows.order;
    if (data->view.row < 0 || (size_t)data->view.row >= row_order_count(order, snapshot->dataset->table))
        return false;
    *row = row_order_at(order, (size_t)data->view.row);
    return true;
}

bool data_table_show(struct data_table *data, const struct snapshot *snapshot, size_t row) {
    size_t index = row;
    bool shown = row_order_place(snapshot->rows.order, snapshot->dataset->table, row, &index);
    data->view.row = (int64_t)(shown ? index : row);
    return shown;
}

void data_table_meet(struct data_table *data, const struct table *table) {
    struct table_view_state *view = &data->view;
    row_marks_free(&data->marks);
    data->picking = false;
    if (!table || view->row >= (int64_t)table->rows || view->column >= (int64_t)table->column_count ||
        view->frozen >= (int64_t)table->column_count)
        *view = (struct table_view_state){0};
    data->cell = data->cell && table;
}

void data_table_refresh(struct data_table *data, const struct snapshot *snapshot) {
    const struct rows_view *rows = &snapshot->rows;
    int64_t count = (int64_t)row_order_count(rows->order, snapshot->dataset->table);
    if (data->orders != rows->orders && data->view.row >= count)
        data->view.row = data->view.top = 0;
    if (data->finds != rows->finds) {
        data->view.row = (int64_t)rows->found_row;
        data->view.column = (int64_t)rows->found_column;
    }
    data->orders = rows->orders;
    data->finds = rows->finds;
}

void data_table_free(struct data_table *data) {
    row_marks_free(&data->marks);
}

// ---- drawing --------------------------------------------------------------------------------------------

static void draw_cell(const struct data_table *data, const struct snapshot *snapshot, struct canvas *canvas,
                      struct rect area) {
    const struct table *table = snapshot->dataset->table;
    size_t row, index = (size_t)data->view.column;
    char number[64], title[128], note[96];
    if (!chosen_row(data, snapshot, &row) || index >= table->column_count)
        return;
    const struct column *column = table->columns[index];
    const char *text = column_is_missing(column, row) ? "• missing" : column_text(column, row, number);
    int width = area.width > 100 ? 90 : area.width - 4, most = area.height - 6;
    int lines = canvas_wrap(canvas, (struct rect){area.x, area.y, width - 4, 0}, 0, style_ink(INK_TEXT), text);
    struct rect box = rect_center(area, width, (lines < 3 ? 3 : lines < most ? lines : most) + 2);
    snprintf(title, sizeof title, "%.100s", column->name);
    snprintf(note, sizeof note, "%s · row %zu · line %llu", column_type_name(column->type),
             table_origin(table, row) + 1, (unsigned long long)table_line(table, row));
    canvas_fill(canvas, box, (struct style){0}, ' ');
    struct rect inside = rect_inset(canvas_pane(canvas, box, true, title, note), 1, 0);
    canvas_wrap(canvas, inside, data->cell_top, style_ink(INK_TEXT), text);
}

static void column_item(void *context, size_t index, struct palette_item *out) {
    const struct table *table = context;
    out->text = table->columns[index]->name;
    out->note = table->target == (int)index ? "target" : column_type_name(table->columns[index]->type);
}

static struct palette_model columns_of(const struct table *table) {
    return (struct palette_model){
        .data = (void *)(uintptr_t)table, .count = table->column_count, .item = column_item};
}

static void draw_table(const struct data_table *data, const struct snapshot *snapshot, bool focused,
                       struct canvas *canvas, struct rect area) {
    struct table_data from;
    struct table_view_model model = model_of(&from, data, snapshot);
    const char *filter = snapshot->rows.order->filter;
    char title[PROMPT_SIZE + 32], note[128], numbers[4][TEXT_NUMBER_SIZE], marked[64] = "";
    int64_t first = 0, shown = table_view_visible(&data->view, &model, rect_inset(area, 1, 1), &first);
    snprintf(title, sizeof title, "%s%s", filter[0] ? "filter: " : "rows", filter);
    if (data->marks.count > 0)
        snprintf(marked, sizeof marked, " · %s marked",
                 text_integer((int64_t)data->marks.count, NUMBER_SCREEN, numbers[3]));
    snprintf(note, sizeof note, "row %s–%s of %s%s",
             text_integer(first + (model.rows > 0), NUMBER_SCREEN, numbers[0]),
             text_integer(first + shown, NUMBER_SCREEN, numbers[1]),
             text_integer(model.rows, NUMBER_SCREEN, numbers[2]), marked);
    struct rect inside = canvas_pane(canvas, area, focused, title, note);
    table_view_draw(canvas, inside, &model, &data->view, focused);
}

void data_table_draw(const struct data_table *data, const struct snapshot *snapshot, bool focused,
                     struct canvas *canvas, struct rect area) {
    draw_table(data, snapshot, focused, canvas, area);
    if (data->cell)
        draw_cell(data, snapshot, canvas, area);
}

void data_table_draw_picker(const struct data_table *data, const struct table *table, struct canvas *canvas,
                            struct rect area) {
    struct palette_model model = columns_of(table);
    palette_draw(canvas, rect_center(area, 70, area.height < 24 ? area.height : 24), "go to column", &model,
                 &data->picker);
}

// ---- acting ---------------------------------------------------------------------------------------------

static enum view_result mark(struct data_table *data, const struct view_context *context) {
    const struct snapshot *snapshot = context->snapshot;
    const struct table *table = snapshot->dataset->table;
    size_t row;
    if (!chosen_row(data, snapshot, &row))
        return VIEW_HANDLED;
    context->wish->failed = row_marks_switch(&data->marks, table, row, &context->wish->error) != STATUS_OK;
    if (data->view.row + 1 < (int64_t)row_order_count(snapshot->rows.order, table))
        data->view.row++;
    return VIEW_REDRAW;
}

static enum view_result next_mark(struct data_table *data, const struct view_context *context) {
    const struct row_order *order = context->snapshot->rows.order;
    size_t count = row_order_count(order, context->snapshot->dataset->table);
    for (size_t step = 1; step <= count && data->marks.count > 0; step++) {
        size_t index = ((size_t)data->view.row + step) % count;
        if (row_marked(&data->marks, row_order_at(order, index))) {
            data->view.row = (int64_t)index;
            return VIEW_REDRAW;
        }
    }
    return view_say(context, "no row shown here is marked; Space marks one");
}

static void add_cell(struct str *line, const struct column *column, size_t row, bool alone) {
    char number[64];
    csv_add_cell(line, column_text(column, row, number), !column_has_values(column), alone);
}

static enum view_result copy(const struct data_table *data, const struct view_context *context, bool whole) {
    const struct snapshot *snapshot = context->snapshot;
    const struct table *table = snapshot->dataset->table;
    struct str text = {0};
    char number[64];
    size_t row, index = (size_t)data->view.column;
    if (!chosen_row(data, snapshot, &row) || index >= table->column_count)
        return VIEW_HANDLED;
    for (size_t i = 0; whole && i < table->column_count; i++) {
        str_add(&text, i > 0 ? "," : "");
        add_cell(&text, table->columns[i], row, table->column_count == 1);
    }
    if (!whole)
        str_add(&text, column_text(table->columns[index], row, number));
    struct view_wish *wish = context->wish;
    if (text.failed || text.length >= sizeof wish->copy)
        snprintf(wish->message, sizeof wish->message, "that is too long for the clipboard: more than %zu bytes",
                 sizeof wish->copy - 1);
    else if (text.length == 0)
        snprintf(wish->message, sizeof wish->message, "the cell is empty: nothing is copied");
    else
        memcpy(wish->copy, text.text, text.length + 1);
    str_free(&text);
    return VIEW_REDRAW;
}

static enum view_result freeze(struct data_table *data) {
    int64_t wanted = data->view.column + 1;
    data->view.frozen = data->view.frozen == wanted ? 0 : wanted;
    return VIEW_REDRAW;
}

static enum view_result move(struct data_table *data, const struct view_context *context, struct rect area,
                             enum request wanted) {
    struct table_data from;
    struct table_view_model model = model_of(&from, data, context->snapshot);
    if (data->cell && (wanted == REQUEST_PAGE_DOWN || wanted == REQUEST_PAGE_UP)) {
        data->cell_top += wanted == REQUEST_PAGE_DOWN ? 5 : data->cell_top >= 5 ? -5 : 0;
        return VIEW_REDRAW;
    }
    data->cell_top = 0;
    bool moved = table_view_request(&data->view, &model, rect_inset(area, 1, 1), context->ascii, wanted);
    return moved ? VIEW_REDRAW : VIEW_PASS;
}

enum view_result data_table_request(struct data_table *data, const struct view_context *context, struct rect area,
                                    enum request wanted) {
    const struct table *table = context->snapshot->dataset->table;
    struct palette_model columns = columns_of(table);
    switch (wanted) {
    case REQUEST_SHOW_ROWS:
        data->cell = !data->cell;
        data->cell_top = 0;
        return VIEW_REDRAW;
    case REQUEST_FREEZE:
        return freeze(data);
    case REQUEST_GO_COLUMN:
        data->picking = true;
        data->picker = (struct palette_state){0};
        palette_open(&data->picker, &columns);
        return VIEW_REDRAW;
    case REQUEST_MARK_ROW:
        return mark(data, context);
    case REQUEST_NEXT_MARK:
        return next_mark(data, context);
    case REQUEST_COPY_CELL:
    case REQUEST_COPY_ROW:
        return copy(data, context, wanted == REQUEST_COPY_ROW);
    default:
        return move(data, context, area, wanted);
    }
}

void data_table_pick(struct data_table *data, const struct table *table, const struct input_event *event) {
    struct palette_model model = columns_of(table);
    enum palette_result result = palette_event(&data->picker, &model, event);
    if (result == PALETTE_ACCEPT && palette_choice(&data->picker, &model) < model.count)
        data->view.column = (int64_t)palette_choice(&data->picker, &model);
    data->picking = result != PALETTE_ACCEPT && result != PALETTE_CANCEL;
}

bool data_table_mouse(struct data_table *data, const struct snapshot *snapshot, struct rect area, bool ascii,
                      const struct input_event *event) {
    struct table_data from;
    struct table_view_model model = model_of(&from, data, snapshot);
    return table_view_event(&data->view, &model, rect_inset(area, 1, 1), ascii, event);
}
