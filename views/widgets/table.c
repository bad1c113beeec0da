#include "views/widgets/table.h"

#define GAP 2      // between columns
#define MEASURED 64 // rows looked at for a column's width

// Where everything lies for one size: computed from the state for drawing, paging and the mouse alike.
struct geometry {
    struct rect header, body, bar, numbers, fixed; // fixed: the frozen columns and the line behind them
    int64_t top, left, frozen;
};

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
    return value > high ? (high < low ? low : high) : value < low ? low : value;
}

static int64_t number_of(const struct table_view_model *model, int64_t row) {
    return model->number ? model->number(model->data, row) : row + 1;
}

static int number_width(const struct table_view_model *model) {
    char text[TEXT_NUMBER_SIZE];
    if (!model->row_numbers || model->rows == 0)
        return 0;
    return text_width(text_integer(number_of(model, model->rows - 1), NUMBER_PLAIN, text), true) + 1;
}

static int column_width(const struct table_view_model *model, int64_t column, int64_t top, int rows, bool ascii) {
    struct table_view_column head = {0};
    model->column(model->data, column, &head);
    if (head.width > 0)
        return head.width;
    int width = text_width(head.title, ascii), note = model->notes && head.note ? text_width(head.note, ascii) : 0;
    width = note > width ? note : width;
    for (int64_t row = top; row < top + rows && row < model->rows && row < top + MEASURED; row++) {
        struct table_view_cell cell;
        cell.text[0] = '\0';
        cell.missing = false;
        model->cell(model->data, row, column, &cell);
        int here = text_width(cell.text, ascii);
        width = here > width ? here : width;
    }
    return width < 1 ? 1 : width > TABLE_WIDTH_MOST ? TABLE_WIDTH_MOST : width;
}

// The first column shown, moved right until the chosen one is whole.
static int64_t first_column(const struct table_view_model *model, const struct table_view_state *state,
                            const struct geometry *at, bool ascii) {
    int64_t chosen = clamp(state->column, 0, model->columns - 1);
    int64_t left = clamp(state->left, at->frozen, model->columns - 1);
    if (!model->cell_cursor || chosen < at->frozen)
        return left;
    int used = 0;
    int64_t first = chosen;
    for (;; first--) {
        used += column_width(model, first, at->top, at->body.height, ascii) + GAP;
        if (used - GAP > at->body.width && first < chosen) {
            first++;
            break;
        }
        if (first == at->frozen)
            break;
    }
    return left < first ? first : left > chosen ? chosen : left;
}

// How many of the frozen columns there is room for, and their room.
static void take_frozen(const struct table_view_model *model, const struct table_view_state *state,
                        struct geometry *at, bool ascii) {
    int used = 0, most = at->body.width * 2 / 3;
    int64_t wanted = clamp(state->frozen, 0, model->columns - 1);
    for (; at->frozen < wanted; at->frozen++) {
        int width = column_width(model, at->frozen, at->top, at->body.height, ascii) + GAP;
        if (used + width > most)
            break;
        used += width;
    }
    at->fixed = rect_take_left(&at->body, used);
}

static struct geometry geometry_of(const struct table_view_model *model, const struct table_view_state *state,
                                   struct rect rect, bool ascii) {
    struct geometry at = {.body = rect};
    at.header = rect_take_top(&at.body, model->notes ? 2 : 1);
    at.bar = rect_take_right(&at.body, model->rows > at.body.height ? 1 : 0);
    at.numbers = rect_take_left(&at.body, number_width(model));
    int64_t row = clamp(state->row, 0, model->rows - 1), page = at.body.height < 1 ? 1 : at.body.height;
    at.top = clamp(state->top, row - page + 1, row);
    at.top = clamp(at.top, 0, model->rows - page);
    take_frozen(model, state, &at, ascii);
    at.header.x = at.body.x;
    at.header.width = at.body.width;
    at.left = model->columns > 0 ? first_column(model, state, &at, ascii) : 0;
    return at;
}

static void draw_header(struct canvas *canvas, const struct table_view_model *model, const struct geometry *at,
                        int64_t column, int x, int width, bool chosen) {
    struct table_view_column head = {0};
    model->column(model->data, column, &head);
    enum text_align align = head.right ? TEXT_RIGHT : TEXT_LEFT;
    struct style title = style_bold(chosen ? INK_ACCENT : head.ink != INK_DEFAULT ? head.ink : INK_TITLE);
    canvas_field(canvas, x, at->header.y, width, align, style_back(title, INK_PANEL), head.title);
    if (model->notes && head.note)
        canvas_field(canvas, x, at->header.y + 1, width, align, style_on(INK_DIM, INK_PANEL), head.note);
}

static void draw_cell(struct canvas *canvas, const struct table_view_model *model, int64_t row, int64_t column, int x,
                      int y, int width, bool right, color bg, bool chosen) {
    struct table_view_cell cell;
    cell.text[0] = '\0';
    cell.missing = false;
    cell.style = style_ink(INK_TEXT);
    model->cell(model->data, row, column, &cell);
    enum text_align align = right ? TEXT_RIGHT : TEXT_LEFT;
    struct style style = cell.style.bg == INK_DEFAULT ? style_back(cell.style, bg) : cell.style;
    if (bg == INK_SELECTED && style.fg == INK_TEXT)
        style.fg = INK_SELECTED_TEXT;
    if (chosen)
        style.attributes |= STYLE_BOLD | STYLE_UNDERLINE;
    if (cell.missing)
        canvas_field(canvas, x, y, width, align, style_back(style_bold(INK_MISSING), style.bg), "•");
    else
        canvas_field(canvas, x, y, width, align, style, cell.text);
}

static void draw_column(struct canvas *canvas, const struct table_view_model *model,
                        const struct table_view_state *state, const struct geometry *at, int64_t column, int x,
                        int width, bool focused) {
    struct table_view_column head = {0};
    bool chosen_column = model->cell_cursor && column == state->column;
    model->column(model->data, column, &head);
    draw_header(canvas, model, at, column, x, width, chosen_column);
    for (int i = 0; i < at->body.height && at->top + i < model->rows; i++) {
        int64_t row = at->top + i;
        bool chosen = row == state->row;
        draw_cell(canvas, model, row, column, x, at->body.y + i, width, head.right,
                  chosen ? (focused ? INK_SELECTED : INK_PANEL) : INK_DEFAULT, chosen && chosen_column && focused);
    }
}

static void draw_numbers(struct canvas *canvas, const struct table_view_model *model,
                         const struct table_view_state *state, const struct geometry *at) {
    char text[TEXT_NUMBER_SIZE];
    for (int i = 0; i < at->numbers.height && at->top + i < model->rows; i++) {
        int64_t row = at->top + i;
        text_integer(number_of(model, row), NUMBER_PLAIN, text);
        canvas_field(canvas, at->numbers.x, at->numbers.y + i, at->numbers.width - 1, TEXT_RIGHT,
                     style_ink(row == state->row ? INK_ACCENT : INK_FAINT), text);
        if (model->marked && model->marked(model->data, row))
            canvas_put(canvas, at->numbers.x + at->numbers.width - 1, at->numbers.y + i, style_bold(INK_ACCENT),
                       canvas->ascii ? '*' : 0x25C6);
    }
}

// A mark at the edge of the header says that there are more columns on that side.
static void draw_more(struct canvas *canvas, const struct geometry *at, bool before, bool after) {
    struct style style = style_on(INK_ACCENT, INK_PANEL);
    if (before)
        canvas_put(canvas, at->header.x - 1, at->header.y, style, 0x2039);
    if (after)
        canvas_put(canvas, at->header.x + at->header.width - 1, at->header.y, style, 0x203A);
}

// Columns from `column` on, as many as there is room for in `columns`. Returns whether one is missing or cut.
static bool draw_columns(struct canvas *canvas, const struct table_view_model *model,
                         const struct table_view_state *state, const struct geometry *at, struct rect columns,
                         int64_t column, int64_t end, bool focused) {
    struct rect inner = canvas_clip(canvas, columns);
    int x = columns.x, edge = columns.x + columns.width;
    bool cut = false;
    for (; column < end && x < edge; column++) {
        int width = column_width(model, column, at->top, at->body.height, canvas->ascii);
        cut = x + width > edge;
        draw_column(canvas, model, state, at, column, x, cut ? edge - x : width, focused);
        x += width + GAP;
    }
    canvas_unclip(canvas, inner);
    return cut || column < end;
}

static void draw_frozen(struct canvas *canvas, const struct table_view_model *model,
                        const struct table_view_state *state, const struct geometry *at, bool focused) {
    struct rect columns = {at->fixed.x, at->header.y, at->fixed.width, at->header.height + at->body.height};
    draw_columns(canvas, model, state, at, columns, 0, at->frozen, focused);
    for (int y = 0; y < columns.height; y++)
        canvas_put(canvas, columns.x + columns.width - 1, columns.y + y,
                   style_on(INK_FAINT, y < at->header.height ? INK_PANEL : INK_DEFAULT), 0x2502);
}

void table_view_draw(struct canvas *canvas, struct rect rect, const struct table_view_model *model,
                     const struct table_view_state *state, bool focused) {
    struct geometry at = geometry_of(model, state, rect, canvas->ascii);
    struct rect old = canvas_clip(canvas, rect), head = {rect.x, rect.y, rect.width, at.header.height};
    canvas_fill(canvas, head, style_on(INK_DEFAULT, INK_PANEL), ' ');
    draw_numbers(canvas, model, state, &at);
    struct rect chosen = {at.fixed.x, at.body.y + (int)(state->row - at.top), at.fixed.width + at.body.width, 1};
    if (state->row >= at.top && state->row < model->rows)
        canvas_paint_back(canvas, chosen, focused ? INK_SELECTED : INK_PANEL);
    if (at.frozen > 0)
        draw_frozen(canvas, model, state, &at, focused);
    struct rect columns = {at.body.x, rect.y, at.body.width, rect.height};
    bool more = draw_columns(canvas, model, state, &at, columns, at.left, model->columns, focused);
    draw_more(canvas, &at, at.left > at.frozen, more);
    scroll_bar_draw(canvas, at.bar, at.top, at.body.height, model->rows);
    canvas_unclip(canvas, old);
}

int64_t table_view_visible(const struct table_view_state *state, const struct table_view_model *model,
                           struct rect rect, int64_t *first) {
    struct geometry at = geometry_of(model, state, rect, true);
    *first = at.top;
    return clamp(model->rows - at.top, 0, at.body.height);
}

static bool move_columns(struct table_view_state *state, const struct table_view_model *model, int64_t to) {
    int64_t *moved = model->cell_cursor ? &state->column : &state->left;
    *moved = clamp(to, 0, model->columns - 1);
    return true;
}

bool table_view_request(struct table_view_state *state, const struct table_view_model *model, struct rect rect,
                        bool ascii, enum request request) {
    struct geometry at = geometry_of(model, state, rect, ascii);
    int64_t page = at.body.height < 1 ? 1 : at.body.height, row = state->row;
    int64_t column = model->cell_cursor ? state->column : state->left;
    state->top = at.top;
    state->left = at.left;
    switch (request) {
    case REQUEST_UP:
        row--;
        break;
    case REQUEST_DOWN:
        row++;
        break;
    case REQUEST_PAGE_UP:
        row -= page;
        state->top -= page;
        break;
    case REQUEST_PAGE_DOWN:
        row += page;
        state->top += page;
        break;
    case REQUEST_TOP:
        row = 0;
        break;
    case REQUEST_BOTTOM:
        row = model->rows - 1;
        break;
    case REQUEST_LEFT:
        return move_columns(state, model, column - 1);
    case REQUEST_RIGHT:
        return move_columns(state, model, column + 1);
    case REQUEST_FIRST_COLUMN:
        return move_columns(state, model, 0);
    case REQUEST_LAST_COLUMN:
        return move_columns(state, model, model->columns - 1);
    default:
        return false;
    }
    state->row = clamp(row, 0, model->rows - 1);
    state->top = geometry_of(model, state, rect, ascii).top;
    return true;
}

static int64_t column_at(const struct table_view_model *model, const struct geometry *at, int x, bool ascii) {
    bool fixed = at->frozen > 0 && x < at->body.x;
    int edge = fixed ? at->fixed.x : at->body.x;
    int64_t end = fixed ? at->frozen : model->columns;
    for (int64_t column = fixed ? 0 : at->left; column < end; column++) {
        edge += column_width(model, column, at->top, at->body.height, ascii) + GAP;
        if (x < edge)
            return column;
    }
    return end - 1;
}

bool table_view_event(struct table_view_state *state, const struct table_view_model *model, struct rect rect,
                      bool ascii, const struct input_event *event) {
    if (event->type != INPUT_MOUSE || !rect_contains(rect, event->x, event->y))
        return false;
    struct geometry at = geometry_of(model, state, rect, ascii);
    if (event->mouse == MOUSE_WHEEL_UP || event->mouse == MOUSE_WHEEL_DOWN) {
        int64_t by = event->mouse == MOUSE_WHEEL_UP ? -3 : 3, page = at.body.height < 1 ? 1 : at.body.height;
        state->top = clamp(at.top + by, 0, model->rows - page);
        state->row = clamp(state->row, state->top, state->top + page - 1);
        state->row = clamp(state->row, 0, model->rows - 1);
        return true;
    }
    if (event->mouse != MOUSE_PRESS || model->rows == 0)
        return false;
    state->top = at.top;
    state->left = at.left;
    if (event->y >= at.body.y)
        state->row = clamp(at.top + event->y - at.body.y, 0, model->rows - 1);
    if (model->cell_cursor)
        state->column = clamp(column_at(model, &at, event->x, ascii), 0, model->columns - 1);
    return true;
}

void scroll_bar_draw(struct canvas *canvas, struct rect column, int64_t first, int64_t shown, int64_t total) {
    if (rect_empty(column) || total <= shown || total <= 0)
        return;
    int height = column.height;
    int length = (int)clamp(shown * height / total, 1, height);
    int start = total > shown ? (int)((double)first / (double)(total - shown) * (height - length) + 0.5) : 0;
    for (int i = 0; i < height; i++) {
        bool thumb = i >= start && i < start + length;
        struct style style = style_ink(thumb ? INK_ACCENT : INK_FAINT);
        canvas_put(canvas, column.x, column.y + i, style, thumb ? (canvas->ascii ? '#' : 0x2503) : 0x2502);
    }
}
