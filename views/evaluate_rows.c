// Rows of a measurement: a table or pictures, and everything about one of them.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "views/evaluate_parts.h"
#include "views/widgets/thumbnail.h"

#define BESIDE_WIDTH 110

static const struct evaluated_row *row_at(const struct evaluate_list *list, const struct measurement *made,
                                          size_t index) {
    return &made->figures.each[list->rows ? list->rows[index] : made->order[index]];
}

static size_t index_of_chosen(const struct evaluate_list *list, const struct measurement *made) {
    bool pictures = made->data && made->data->images;
    size_t index = pictures ? list->picture : (size_t)(list->table.row > 0 ? list->table.row : 0);
    return index < list->count ? index : list->count - 1;
}

const struct evaluated_row *evaluate_chosen(const struct evaluate_list *list, const struct measurement *made) {
    return list->count > 0 ? row_at(list, made, index_of_chosen(list, made)) : NULL;
}

// ---- the table --------------------------------------------------------------------------------------------------------

enum { ROW_NUMBER, ROW_LINE, ROW_TRUE, ROW_TAKEN, ROW_LOSS, ROW_FIRST_COLUMN };

struct rows_data {
    const struct evaluate_list *list;
    const struct measurement *made;
    const struct table *table; // NULL: its cells are not at hand
};

static void row_column(void *data, int64_t column, struct table_view_column *out) {
    const struct rows_data *from = data;
    bool classify = from->made->figures.classify;
    const char *const titles[] = {"row", "line", "true", classify ? "taken for" : "predicted",
                                  classify ? "chance" : "error"};
    if (column >= ROW_FIRST_COLUMN) {
        const struct column *cells = from->table->columns[column - ROW_FIRST_COLUMN];
        out->title = cells->name;
        out->right = cells->type == COLUMN_NUMERIC;
        return;
    }
    out->title = titles[column];
    out->right = column < ROW_TRUE || column == ROW_LOSS || !classify;
    out->ink = column < ROW_TRUE ? INK_DEFAULT : INK_ACCENT;
}

// Of several files: also which one.
static void line_text(const struct table *table, const struct evaluated_row *row, char *out, size_t size) {
    char place[64];
    if (table && row->row < table->rows)
        snprintf(out, size, "%s", table_place(table, (size_t)row->row, place));
    else
        snprintf(out, size, "%llu", (unsigned long long)row->line);
}

static void result_cell(const struct rows_data *from, const struct evaluated_row *row, int64_t column,
                        struct table_view_cell *out) {
    bool classify = from->made->figures.classify, wrong = classify && row->label != row->taken;
    if (column == ROW_NUMBER || column == ROW_LINE) {
        out->style = style_ink(INK_DIM);
        if (column == ROW_LINE)
            line_text(from->table, row, out->text, sizeof out->text);
        else
            snprintf(out->text, sizeof out->text, "%llu", (unsigned long long)row->row + 1);
    } else if (column == ROW_LOSS) {
        out->style = style_ink(INK_NUMBER);
        if (classify)
            evaluate_share((double)row->chance, out->text);
        else
            evaluate_number(row->predicted - row->truth, out->text);
    } else if (classify) {
        out->style = style_ink(column == ROW_TAKEN ? wrong ? INK_WARNING : INK_GOOD : INK_TEXT);
        snprintf(out->text, sizeof out->text, "%.200s",
                 evaluate_class(from->made, (size_t)(column == ROW_TRUE ? row->label : row->taken)));
    } else {
        text_real(column == ROW_TRUE ? row->truth : row->predicted, 6, NUMBER_SCREEN, out->text);
    }
}

static void row_cell(void *data, int64_t index, int64_t column, struct table_view_cell *out) {
    const struct rows_data *from = data;
    const struct evaluated_row *row = row_at(from->list, from->made, (size_t)index);
    char number[64];
    if (column < ROW_FIRST_COLUMN) {
        result_cell(from, row, column, out);
        return;
    }
    const struct column *cells = from->table->columns[column - ROW_FIRST_COLUMN];
    out->missing = row->row >= cells->rows || column_is_missing(cells, (size_t)row->row);
    if (!out->missing)
        snprintf(out->text, sizeof out->text, "%s", column_text(cells, (size_t)row->row, number));
}

static struct table_view_model rows_model(struct rows_data *data, const struct evaluate_list *list,
                                          const struct measurement *made) {
    *data = (struct rows_data){list, made, made->data ? made->data->table : NULL};
    return (struct table_view_model){.data = data,
                                     .rows = (int64_t)list->count,
                                     .columns =
                                         ROW_FIRST_COLUMN + (data->table ? (int64_t)data->table->column_count : 0),
                                     .column = row_column,
                                     .cell = row_cell};
}

// ---- pictures ---------------------------------------------------------------------------------------------------------

struct grid_shape {
    int width, height; // of one picture, without its label
    int across, down;
    size_t first;
};

static struct grid_shape grid_of(const struct evaluate_list *list, const struct image_set *images, struct rect area) {
    struct grid_shape shape;
    struct picture picture = picture_at(images, 0);
    int most = area.height < 20 ? 10 : area.width >= 100 ? 20 : 14;
    thumbnail_size(&picture, most, most / 2, 1, &shape.width, &shape.height);
    shape.width = shape.width < 12 ? 12 : shape.width; // room for a label
    shape.across = area.width / (shape.width + 2) > 0 ? area.width / (shape.width + 2) : 1;
    shape.down = area.height / (shape.height + 2) > 0 ? area.height / (shape.height + 2) : 1;
    size_t line = list->picture / (size_t)shape.across;
    size_t top = line < (size_t)shape.down ? 0 : line - (size_t)shape.down + 1;
    shape.first = top * (size_t)shape.across;
    return shape;
}

static void draw_one(const struct measurement *made, const struct evaluated_row *row, bool chosen,
                     struct canvas *canvas, struct rect cell) {
    const struct image_set *images = made->data->images;
    char text[160], share[TEXT_NUMBER_SIZE];
    struct rect chance = rect_take_bottom(&cell, 1), label = rect_take_bottom(&cell, 1);
    struct picture picture = picture_at(images, row->row);
    int width, height;
    thumbnail_size(&picture, cell.width, cell.height, 1, &width, &height);
    thumbnail_draw(canvas, (struct rect){cell.x, cell.y, width, height}, &picture);
    struct style style = chosen ? style_on(INK_SELECTED_TEXT, INK_SELECTED) : style_ink(INK_DIM);
    snprintf(text, sizeof text, "%.60s", evaluate_class(made, (size_t)row->label));
    canvas_field(canvas, label.x, label.y, label.width, TEXT_LEFT, style, text);
    evaluate_share((double)row->chance, share);
    if (row->label == row->taken)
        snprintf(text, sizeof text, "right %s", share);
    else
        snprintf(text, sizeof text, "→%.60s", evaluate_class(made, (size_t)row->taken));
    canvas_field(canvas, chance.x, chance.y, chance.width, TEXT_LEFT,
                 style_ink(row->label == row->taken ? INK_GOOD : INK_WARNING), text);
}

static void draw_pictures(const struct evaluate_list *list, const struct measurement *made, struct canvas *canvas,
                          struct rect area) {
    struct grid_shape shape = grid_of(list, made->data->images, area);
    for (int i = 0; i < shape.across * shape.down && shape.first + (size_t)i < list->count; i++) {
        size_t index = shape.first + (size_t)i;
        struct rect cell = {area.x + i % shape.across * (shape.width + 2),
                            area.y + i / shape.across * (shape.height + 2), shape.width, shape.height + 2};
        if (row_at(list, made, index)->row < made->data->images->count)
            draw_one(made, row_at(list, made, index), index == list->picture, canvas, cell);
    }
}

static bool move_picture(struct evaluate_list *list, const struct image_set *images, struct rect area,
                         enum request request) {
    struct grid_shape shape = grid_of(list, images, area);
    size_t last = list->count - 1, line = (size_t)shape.across, page = line * (size_t)shape.down;
    bool back = request == REQUEST_LEFT || request == REQUEST_UP || request == REQUEST_PAGE_UP;
    size_t by = request == REQUEST_LEFT || request == REQUEST_RIGHT          ? 1
                : request == REQUEST_UP || request == REQUEST_DOWN           ? line
                : request == REQUEST_PAGE_UP || request == REQUEST_PAGE_DOWN ? page
                                                                             : 0;
    if (request == REQUEST_TOP || request == REQUEST_FIRST_COLUMN)
        list->picture = 0;
    else if (request == REQUEST_BOTTOM || request == REQUEST_LAST_COLUMN)
        list->picture = last;
    else if (by == 0)
        return false;
    else if (!back)
        list->picture += by;
    else if (list->picture >= by || request == REQUEST_PAGE_UP)
        list->picture -= list->picture >= by ? by : list->picture;
    list->picture = list->picture > last ? last : list->picture;
    return true;
}

// ---- everything about one row -----------------------------------------------------------------------------------------

struct lines {
    struct canvas *canvas;
    struct rect rect;
    int skip, count;
};

static void line(struct lines *lines, const char *name, struct style style, const char *value) {
    int y = lines->rect.y + lines->count++ - lines->skip, width = lines->rect.width * 2 / 5;
    if (y < lines->rect.y || y >= lines->rect.y + lines->rect.height)
        return;
    canvas_field(lines->canvas, lines->rect.x, y, width - 1, TEXT_LEFT, style_ink(INK_DIM), name);
    canvas_field(lines->canvas, lines->rect.x + width, y, lines->rect.width - width, TEXT_LEFT, style, value);
}

static void result_lines(struct lines *lines, const struct measurement *made, const struct evaluated_row *row) {
    char text[160], number[TEXT_NUMBER_SIZE];
    const struct table *table = made->data ? made->data->table : NULL;
    text_integer((int64_t)row->row + 1, NUMBER_SCREEN, text);
    line(lines, "row", style_ink(INK_TEXT), text);
    if (row->line > 0) {
        line_text(table, row, text, sizeof text);
        line(lines, "line in the file", style_ink(INK_TEXT), text);
    }
    if (made->figures.classify) {
        line(lines, "true class", style_bold(INK_TITLE), evaluate_class(made, (size_t)row->label));
        line(lines, "taken for", style_bold(row->label == row->taken ? INK_GOOD : INK_WARNING),
             evaluate_class(made, (size_t)row->taken));
        line(lines, "its chance", style_ink(INK_NUMBER), evaluate_share((double)row->chance, number));
    } else {
        line(lines, "true", style_bold(INK_TITLE), evaluate_number(row->truth, number));
        line(lines, "predicted", style_bold(INK_TITLE), evaluate_number(row->predicted, number));
        line(lines, "error", style_ink(INK_WARNING), evaluate_number(row->predicted - row->truth, number));
    }
    if (made->figures.classify)
        line(lines, "loss", style_ink(INK_NUMBER), evaluate_number(evaluated_loss(row, true), number));
}

static void cell_lines(struct lines *lines, const struct table *table, size_t row) {
    char number[64];
    line(lines, "", (struct style){0}, "");
    line(lines, "as read", style_bold(INK_TITLE), "");
    for (size_t i = 0; i < table->column_count && row < table->rows; i++) {
        const struct column *column = table->columns[i];
        bool missing = column_is_missing(column, row);
        line(lines, column->name, style_ink(missing ? INK_MISSING : INK_TEXT),
             missing ? "missing" : column_text(column, row, number));
    }
}

// What the model was given for it.
static void prepared_lines(struct lines *lines, const struct measurement *made, const struct evaluated_row *row) {
    const struct source *source = made->source;
    uint32_t there = made->source_row ? made->source_row[row->row] : UINT32_MAX;
    size_t count = source && source->dtype == DTYPE_F32 ? (size_t)shape_count(source->sample) : 0;
    float *features = there != UINT32_MAX && count > 0 ? mem_alloc(count, sizeof *features) : NULL;
    struct error error;
    char number[TEXT_NUMBER_SIZE];
    if (features && source_read(source, there, 1, features, &error) == STATUS_OK) {
        line(lines, "", (struct style){0}, "");
        line(lines, "prepared", style_bold(INK_TITLE), "");
        for (size_t i = 0; i < count; i++)
            line(lines, source->feature_names ? source->feature_names[i] : "", style_ink(INK_NUMBER),
                 evaluate_number((double)features[i], number));
    }
    mem_free(features);
}

static void draw_large(const struct measurement *made, const struct evaluated_row *row, struct canvas *canvas,
                       struct rect *area) {
    const struct image_set *images = made->data->images;
    struct picture picture = picture_at(images, row->row);
    int width, height;
    struct rect rect = rect_take_top(area, area->height > 16 ? area->height - 8 : area->height / 2);
    thumbnail_size(&picture, rect.width, rect.height, 8, &width, &height);
    thumbnail_draw(canvas, rect_center(rect, width, height), &picture);
}

static void draw_about(const struct evaluate_page_context *page, const struct evaluate_list *list, struct rect rect) {
    const struct measurement *made = page->made;
    const struct evaluated_row *row = evaluate_chosen(list, made);
    struct rect inside =
        rect_inset(canvas_pane(page->canvas, rect, list->about, "about the row", list->about ? "Enter: in Data" : NULL),
                   1, 0);
    struct rect old = canvas_clip(page->canvas, inside);
    if (row && made->data && made->data->images && row->row < made->data->images->count)
        draw_large(made, row, page->canvas, &inside);
    struct lines lines = {.canvas = page->canvas, .rect = inside, .skip = list->scroll};
    if (row) {
        result_lines(&lines, made, row);
        if (made->data && made->data->table)
            cell_lines(&lines, made->data->table, (size_t)row->row);
        if (made->data && made->data->table)
            prepared_lines(&lines, made, row);
        if (!made->data)
            line(&lines, "", style_ink(INK_DIM), "its cells cannot be read again");
    }
    canvas_unclip(page->canvas, old);
}

// ---- both ---------------------------------------------------------------------------------------------------------------

// The room of the list without its frame; empty where the row about which all is told takes its place.
static struct rect list_rect(const struct evaluate_list *list, struct rect *rect) {
    struct rect list_room = *rect;
    if (rect->width >= BESIDE_WIDTH) {
        *rect = rect_take_right(&list_room, rect->width * 2 / 5);
    } else if (list->about) {
        list_room = (struct rect){0};
    } else {
        *rect = (struct rect){0};
    }
    return list_room;
}

void evaluate_rows_draw(const struct evaluate_page_context *page, const struct evaluate_list *list, const char *title) {
    struct rect about = page->rect, room = list_rect(list, &about);
    struct rows_data data;
    char note[64], at[TEXT_NUMBER_SIZE], all[TEXT_NUMBER_SIZE];
    if (!rect_empty(room)) {
        text_integer(list->count > 0 ? (int64_t)index_of_chosen(list, page->made) + 1 : 0, NUMBER_SCREEN, at);
        text_integer((int64_t)list->count, NUMBER_SCREEN, all);
        snprintf(note, sizeof note, "%.20s of %.20s", at, all);
        struct rect inside = canvas_pane(page->canvas, room, !list->about, title, note);
        struct table_view_model model = rows_model(&data, list, page->made);
        if (list->count == 0)
            canvas_field(page->canvas, inside.x + 1, inside.y, inside.width - 2, TEXT_LEFT, style_ink(INK_DIM),
                         "no row");
        else if (page->made->data && page->made->data->images)
            draw_pictures(list, page->made, page->canvas, rect_inset(inside, 1, 0));
        else
            table_view_draw(page->canvas, inside, &model, &list->table, !list->about);
    }
    if (!rect_empty(about))
        draw_about(page, list, about);
}

static bool scroll_about(struct evaluate_list *list, struct rect rect, enum request request) {
    int page = rect.height > 4 ? rect.height - 4 : 1;
    int by = request == REQUEST_UP          ? -1
             : request == REQUEST_DOWN      ? 1
             : request == REQUEST_PAGE_UP   ? -page
             : request == REQUEST_PAGE_DOWN ? page
             : request == REQUEST_TOP       ? -list->scroll
                                            : 0;
    list->scroll = list->scroll + by < 0 ? 0 : list->scroll + by;
    return by != 0;
}

static bool move_list(struct evaluate_list *list, const struct measurement *made, struct rect room, bool ascii,
                      enum request request) {
    struct rows_data data;
    if (made->data && made->data->images)
        return move_picture(list, made->data->images, rect_inset(room, 2, 1), request);
    struct table_view_model model = rows_model(&data, list, made);
    return table_view_request(&list->table, &model, rect_inset(room, 1, 1), ascii, request);
}

// While all about a row is told, left and right go to the row before and after.
bool evaluate_rows_move(struct evaluate_list *list, const struct measurement *made, struct rect rect, bool ascii,
                        enum request request) {
    struct rect about = rect, room = list_rect(list, &about);
    bool pictures = made->data && made->data->images;
    if (list->count == 0)
        return false;
    if (!list->about)
        return move_list(list, made, room, ascii, request);
    if (request == REQUEST_LEFT || request == REQUEST_RIGHT) {
        enum request step = pictures ? request : request == REQUEST_LEFT ? REQUEST_UP : REQUEST_DOWN;
        list->scroll = 0;
        return move_list(list, made, rect_empty(room) ? rect : room, ascii, step);
    }
    return scroll_about(list, rect, request);
}

static bool click_picture(struct evaluate_list *list, const struct image_set *images, struct rect area, int x, int y) {
    struct grid_shape shape = grid_of(list, images, area);
    int column = (x - area.x) / (shape.width + 2), row = (y - area.y) / (shape.height + 2);
    size_t index = shape.first + (size_t)row * (size_t)shape.across + (size_t)column;
    if (!rect_contains(area, x, y) || column >= shape.across || row >= shape.down || index >= list->count)
        return false;
    list->picture = index;
    return true;
}

bool evaluate_rows_event(struct evaluate_list *list, const struct measurement *made, struct rect rect, bool ascii,
                         const struct input_event *input) {
    struct rect about = rect, room = list_rect(list, &about);
    struct rows_data data;
    bool wheel = input->mouse == MOUSE_WHEEL_DOWN || input->mouse == MOUSE_WHEEL_UP;
    if (list->count == 0)
        return false;
    if (wheel && rect_contains(about, input->x, input->y))
        return scroll_about(list, rect, input->mouse == MOUSE_WHEEL_DOWN ? REQUEST_DOWN : REQUEST_UP);
    if (wheel && made->data && made->data->images)
        return move_list(list, made, room, ascii, input->mouse == MOUSE_WHEEL_DOWN ? REQUEST_DOWN : REQUEST_UP);
    if (input->mouse == MOUSE_PRESS)
        list->about = rect_contains(about, input->x, input->y);
    if (made->data && made->data->images)
        return input->mouse == MOUSE_PRESS &&
               click_picture(list, made->data->images, rect_inset(room, 2, 1), input->x, input->y);
    struct table_view_model model = rows_model(&data, list, made);
    return table_view_event(&list->table, &model, rect_inset(room, 1, 1), ascii, input);
}
