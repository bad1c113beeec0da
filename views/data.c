// The Data view: the table with the figures of the chosen column and the warnings, or the pictures of
// an image set with their classes; opening, finding, filtering, sorting, types, the target.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "views/data_parts.h"

enum data_pane { PANE_TABLE, PANE_WARNINGS };
enum data_asking { ASK_NOTHING, ASK_FIND, ASK_FILTER, ASK_TYPE, ASK_TARGET, ASK_TOKEN };

struct data_state {
    struct table_view_state table;
    struct figures_state figures;
    struct data_rows rows;
    struct image_grid images;
    struct open_list open;
    enum data_pane pane;
    bool describing;
    size_t warning, warning_row; // chosen warning, and which of its rows was shown last
    enum data_asking asking;
    struct prompt prompt;
    struct prompt_history history;
    char find[PROMPT_SIZE];
    const struct dataset *seen; // what the rows and positions belong to
};

// ---- layout ---------------------------------------------------------------------------------------------

struct data_rects {
    struct rect head, table, column, warnings;
};

static struct data_rects rects(struct rect area) {
    struct data_rects out;
    out.head = rect_take_top(&area, 1);
    int side = area.width >= 140 ? 52 : area.width >= 100 ? 42 : area.width >= 76 ? 30 : 0;
    struct rect right = rect_take_right(&area, side);
    out.table = area;
    out.warnings = rect_take_bottom(&right, right.height * 2 / 5);
    out.column = right;
    return out;
}

// Everything below the head line.
static struct rect whole_of(struct rect area, struct data_rects at) {
    return (struct rect){area.x, at.table.y, area.width, at.table.height};
}

static struct rect inside_of(struct rect pane) {
    return rect_inset(pane, 1, 1);
}

// ---- the table ------------------------------------------------------------------------------------------

struct table_data {
    const struct data_rows *rows;
    const struct table *table;
};

static void table_column(void *data, int64_t index, struct table_view_column *out) {
    const struct table_data *from = data;
    const struct column *column = from->table->columns[index];
    out->title = column->name;
    out->note = from->table->target == (int)index ? "target" : column_type_name(column->type);
    out->right = column->type == COLUMN_NUMERIC;
    out->ink = from->table->target == (int)index ? INK_ACCENT : INK_DEFAULT;
}

static size_t table_row(const struct table_data *from, int64_t row) {
    bool fits = from->rows->order && from->rows->table == from->table;
    return fits ? rows_at(from->rows, (size_t)row) : (size_t)row;
}

static void table_cell(void *data, int64_t row, int64_t index, struct table_view_cell *out) {
    const struct table_data *from = data;
    const struct column *column = from->table->columns[index];
    size_t at = table_row(from, row);
    char number[64];
    out->missing = column_is_missing(column, at);
    if (!out->missing)
        snprintf(out->text, sizeof out->text, "%s", column_text(column, at, number));
}

static int64_t table_number(void *data, int64_t row) {
    const struct table_data *from = data;
    return (int64_t)table_origin(from->table, table_row(from, row)) + 1;
}

static struct table_view_model table_model(struct table_data *data, const struct data_state *state,
                                           const struct snapshot *snapshot) {
    *data = (struct table_data){&state->rows, snapshot->dataset->table};
    return (struct table_view_model){.data = data,
                                     .rows = (int64_t)rows_count(&state->rows, data->table),
                                     .columns = (int64_t)data->table->column_count,
                                     .row_numbers = true,
                                     .notes = true,
                                     .cell_cursor = true,
                                     .column = table_column,
                                     .cell = table_cell,
                                     .number = table_number};
}

static void draw_table(const struct data_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                       struct rect area) {
    struct table_data data;
    struct table_view_model model = table_model(&data, state, snapshot);
    char title[PROMPT_SIZE + 32], note[128], numbers[3][TEXT_NUMBER_SIZE];
    int64_t first = 0, shown = table_view_visible(&state->table, &model, inside_of(area), &first);
    snprintf(title, sizeof title, "%s%s",
             state->rows.filter[0] && state->rows.table == data.table ? "filter: " : "rows",
             state->rows.table == data.table ? state->rows.filter : "");
    snprintf(note, sizeof note, "row %s–%s of %s", text_integer(first + (model.rows > 0), NUMBER_SCREEN, numbers[0]),
             text_integer(first + shown, NUMBER_SCREEN, numbers[1]),
             text_integer(model.rows, NUMBER_SCREEN, numbers[2]));
    struct rect inside = canvas_pane(canvas, area, state->pane == PANE_TABLE, title, note);
    table_view_draw(canvas, inside, &model, &state->table, state->pane == PANE_TABLE);
}

// ---- the head line --------------------------------------------------------------------------------------

static void draw_head_table(const struct snapshot *snapshot, struct canvas *canvas, struct rect row, int x) {
    const struct dataset *dataset = snapshot->dataset;
    char a[TEXT_NUMBER_SIZE], b[TEXT_NUMBER_SIZE];
    x += canvas_print(canvas, x, row.y, style_ink(INK_TEXT), "%s%s", dataset->partial ? "first " : "",
                      text_integer((int64_t)dataset->table->rows, NUMBER_SCREEN, a));
    if (dataset->rows_guess > 0)
        x += canvas_print(canvas, x, row.y, style_ink(INK_WARNING), " of ≈ %s",
                          text_integer((int64_t)dataset->rows_guess, NUMBER_SCREEN, a));
    x += canvas_print(canvas, x, row.y, style_ink(INK_TEXT), " rows × %zu columns   ", dataset->table->column_count);
    if (snapshot->following)
        x += canvas_print(canvas, x, row.y, style_ink(INK_ACCENT), "following · %s%s   ",
                          snapshot->followed_rows >= 0 ? "+" : "",
                          text_integer(snapshot->followed_rows, NUMBER_SCREEN, a));
    x += canvas_print(canvas, x, row.y, style_ink(INK_DIM), "%s   %s  '%s'  header: %s   ",
                      text_bytes((double)dataset->file_bytes, NUMBER_SCREEN, a), dataset->dialect.encoding,
                      text_equal(dataset->dialect.delimiter, "\t") ? "tab" : dataset->dialect.delimiter,
                      dataset->dialect.header == 1 ? "yes" : "no");
    if (snapshot->profile)
        canvas_print(canvas, x, row.y, style_ink(INK_DIM), "%s missing cells   %s%s duplicate rows",
                     text_integer((int64_t)snapshot->profile->missing_cells, NUMBER_SCREEN, a),
                     snapshot->profile->duplicates_about ? "≈ " : "",
                     text_integer((int64_t)snapshot->profile->duplicates, NUMBER_SCREEN, b));
}

static void draw_head(const struct snapshot *snapshot, struct canvas *canvas, struct rect row) {
    const struct dataset *dataset = snapshot->dataset;
    int x = row.x + 1;
    x += canvas_text(canvas, x, row.y, style_bold(INK_TITLE), dataset->name) + 3;
    if (dataset->table) {
        draw_head_table(snapshot, canvas, row, x);
        return;
    }
    const struct image_set *images = dataset->images;
    char a[TEXT_NUMBER_SIZE], b[TEXT_NUMBER_SIZE];
    canvas_print(canvas, x, row.y, style_ink(INK_TEXT),
                 "%s images (%s of them the test part)   %zu×%zu×%zu   %zu classes",
                 text_integer((int64_t)images->count, NUMBER_SCREEN, a),
                 text_integer((int64_t)(images->count - images->test_from), NUMBER_SCREEN, b), images->channels,
                 images->height, images->width, images->classes);
}

static void draw_prompt(const struct data_state *state, struct canvas *canvas, struct rect area) {
    static const char *const labels[] = {[ASK_NOTHING] = "",
                                         [ASK_FIND] = "find: ",
                                         [ASK_FILTER] = "show rows where (age > 40 & workclass = Private): ",
                                         [ASK_TYPE] = "type (numeric, category, date, text): ",
                                         [ASK_TARGET] = "column to predict: ",
                                         [ASK_TOKEN] = "text that means missing: "};
    if (state->asking == ASK_NOTHING)
        return;
    struct rect row = rect_take_bottom(&area, 1);
    canvas_fill(canvas, row, style_on(INK_TEXT, INK_FIELD), ' ');
    prompt_draw(canvas, row, labels[state->asking], &state->prompt);
}

static void draw(const void *view_state, const struct snapshot *snapshot, struct canvas *canvas, struct rect area) {
    const struct data_state *state = view_state;
    struct data_rects at = rects(area);
    if (!snapshot->dataset) {
        const char *hint =
            snapshot->job.active ? "Reading …" : "Nothing is open. o opens a file or one of the samples.";
        canvas_wrap(canvas, rect_center(area, 54, 2), 0, style_ink(INK_DIM), hint);
    } else {
        draw_head(snapshot, canvas, at.head);
        if (state->describing) {
            figures_draw(snapshot, &state->figures, canvas, whole_of(area, at));
        } else if (snapshot->dataset->images) {
            images_draw(&state->images, snapshot, canvas, at.table);
            struct rect right = {at.column.x, at.column.y, at.column.width, at.column.height + at.warnings.height};
            if (!rect_empty(right))
                images_pane_draw(&state->images, snapshot, canvas, right);
        } else {
            draw_table(state, snapshot, canvas, at.table);
            if (!rect_empty(at.column)) {
                column_pane_draw(snapshot, (size_t)state->table.column, canvas, at.column);
                warnings_pane_draw(snapshot, state->warning, state->pane == PANE_WARNINGS, canvas, at.warnings);
            }
        }
    }
    draw_prompt(state, canvas, area);
    if (state->open.shown)
        open_draw(&state->open, canvas, area);
}

// ---- acting ---------------------------------------------------------------------------------------------

static void ask(struct data_state *state, enum data_asking asking, const char *text) {
    state->asking = asking;
    state->prompt = (struct prompt){0};
    prompt_set(&state->prompt, text);
}

static bool has_table(const struct view_context *context) {
    return context->snapshot->dataset && context->snapshot->dataset->table;
}

static const char *column_name(const struct data_state *state, const struct view_context *context) {
    const struct table *table = context->snapshot->dataset->table;
    return (size_t)state->table.column < table->column_count ? table->columns[state->table.column]->name : "";
}

static enum view_result told(const struct view_context *context, enum status status) {
    context->wish->failed = status != STATUS_OK;
    return VIEW_REDRAW;
}

static enum view_result find(struct data_state *state, const struct view_context *context, int direction) {
    size_t index, column;
    if (!has_table(context) || !state->find[0])
        return VIEW_HANDLED;
    if (rows_find(&state->rows, context->snapshot->dataset->table, state->find, (size_t)state->table.row, direction,
                  &index, &column)) {
        state->table.row = (int64_t)index;
        state->table.column = (int64_t)column;
    } else {
        snprintf(context->wish->message, sizeof context->wish->message, "\"%.200s\" is in no cell", state->find);
    }
    return VIEW_REDRAW;
}

// Jumps to the warning's next row; the filter is lifted when it hides that row.
static enum view_result show_warning_row(struct data_state *state, const struct view_context *context) {
    const struct profile *profile = context->snapshot->profile;
    if (!profile || state->warning >= profile->warning_count)
        return VIEW_HANDLED;
    const struct warning *warning = &profile->warnings[state->warning];
    const struct table *table = context->snapshot->dataset->table;
    int column = warning->column ? table_find(table, warning->column) : -1;
    if (column >= 0)
        state->table.column = column;
    if (!warning->row_count)
        return VIEW_REDRAW;
    size_t index, row = warning->rows[state->warning_row++ % warning->row_count];
    if (!rows_place(&state->rows, table, row, &index)) {
        rows_free(&state->rows);
        index = row;
    }
    state->table.row = (int64_t)index;
    snprintf(context->wish->message, sizeof context->wish->message, "%.200s", warning->message);
    return VIEW_REDRAW;
}

static enum view_result next_warning(struct data_state *state, const struct view_context *context) {
    const struct profile *profile = context->snapshot->profile;
    if (!profile || !profile->warning_count)
        return VIEW_HANDLED;
    state->warning = state->pane == PANE_WARNINGS ? (state->warning + 1) % profile->warning_count : state->warning;
    state->pane = PANE_WARNINGS;
    state->warning_row = 0;
    return VIEW_REDRAW;
}

static enum view_result answer(struct data_state *state, const struct view_context *context) {
    const char *text = state->prompt.text;
    struct error *error = &context->wish->error;
    enum data_asking asking = state->asking;
    enum status status = STATUS_OK;
    state->asking = ASK_NOTHING;
    prompt_remember(&state->history, text);
    if (asking == ASK_FIND) {
        snprintf(state->find, sizeof state->find, "%s", text);
        return find(state, context, 1);
    }
    if (asking == ASK_FILTER) {
        status = rows_filter(&state->rows, context->snapshot->dataset->table, text, error);
        state->table.row = state->table.top = 0;
    } else if (asking == ASK_TARGET) {
        status = session_set_target(context->session, text, error);
    } else if (asking == ASK_TOKEN) {
        status = session_add_missing_token(context->session, text, error);
    } else {
        int type = 0;
        while (type < COLUMN_TYPES && !text_equal(column_type_name((enum column_type)type), text))
            type++;
        if (type == COLUMN_TYPES)
            status = error_set(error, STATUS_INVALID, "type \"%s\": must be numeric, category, date or text", text);
        else
            status = session_set_type(context->session, column_name(state, context), (enum column_type)type, error);
    }
    return told(context, status);
}

static enum view_result move(struct data_state *state, const struct view_context *context, enum request wanted) {
    const struct snapshot *snapshot = context->snapshot;
    struct data_rects at = rects(context->area);
    if (!snapshot->dataset)
        return VIEW_PASS;
    if (state->describing) {
        struct rect whole = whole_of(context->area, at);
        return figures_request(snapshot, &state->figures, whole, context->ascii, wanted) ? VIEW_REDRAW : VIEW_PASS;
    }
    if (snapshot->dataset->images)
        return images_request(&state->images, snapshot->dataset->images, at.table, wanted) ? VIEW_REDRAW : VIEW_PASS;
    if (state->pane == PANE_WARNINGS && (wanted == REQUEST_UP || wanted == REQUEST_DOWN)) {
        size_t count = snapshot->profile ? snapshot->profile->warning_count : 0;
        if (wanted == REQUEST_DOWN && state->warning + 1 < count)
            state->warning++;
        else if (wanted == REQUEST_UP && state->warning)
            state->warning--;
        state->warning_row = 0;
        return VIEW_REDRAW;
    }
    struct table_data data;
    struct table_view_model model = table_model(&data, state, snapshot);
    bool moved = table_view_request(&state->table, &model, inside_of(at.table), context->ascii, wanted);
    return moved ? VIEW_REDRAW : VIEW_PASS;
}

// Another data set: positions and filters of the old one mean nothing.
static void meet(void *view_state, const struct snapshot *snapshot) {
    struct data_state *state = view_state;
    if (state->seen == snapshot->dataset)
        return;
    state->seen = snapshot->dataset;
    rows_free(&state->rows);
    state->images = (struct image_grid){.only_class = -1};
    state->warning = state->warning_row = 0;
    state->describing = false;
    state->figures = (struct figures_state){0};
    const struct table *table = snapshot->dataset ? snapshot->dataset->table : NULL;
    if (!table || state->table.row >= (int64_t)table->rows || state->table.column >= (int64_t)table->column_count)
        state->table = (struct table_view_state){0};
}

static enum view_result back(struct data_state *state) {
    if (state->images.large)
        state->images.large = false;
    else if (state->describing)
        state->describing = false;
    else if (state->pane == PANE_WARNINGS)
        state->pane = PANE_TABLE;
    else if (state->rows.filter[0])
        rows_free(&state->rows);
    else
        return VIEW_PASS;
    return VIEW_REDRAW;
}

// Requests of the pages of figures; VIEW_PASS: not one of them.
static enum view_result request_figures(struct data_state *state, const struct view_context *context,
                                        enum request wanted) {
    if (wanted == REQUEST_DESCRIBE) {
        state->describing = !state->describing;
        return VIEW_REDRAW;
    }
    if (!state->describing)
        return VIEW_PASS;
    if (wanted == REQUEST_NEXT_PANE || wanted == REQUEST_PREVIOUS_PANE) {
        figures_turn(context->snapshot, &state->figures, wanted == REQUEST_NEXT_PANE ? 1 : -1);
        return VIEW_REDRAW;
    }
    if (wanted != REQUEST_SHOW_ROWS)
        return VIEW_PASS;
    int column = figures_column(context->snapshot, &state->figures);
    int64_t row = figures_row(context->snapshot, &state->figures);
    if (column >= 0)
        state->table.column = column;
    if (row >= 0) {
        state->images.only_class = -1;
        state->images.chosen = (size_t)row;
    }
    state->describing = column < 0 && row < 0;
    return VIEW_REDRAW;
}

// The next warning, and the first picture it speaks of.
static enum view_result warn_image(struct data_state *state, const struct view_context *context) {
    const struct profile *profile = context->snapshot->profile;
    if (!profile || !profile->warning_count) {
        snprintf(context->wish->message, sizeof context->wish->message, "%s",
                 profile ? "nothing stands out" : "still counting");
        return VIEW_REDRAW;
    }
    size_t at = state->warning++ % profile->warning_count;
    const struct warning *warning = &profile->warnings[at];
    snprintf(context->wish->message, sizeof context->wish->message, "%zu of %zu: %.200s", at + 1,
             profile->warning_count, warning->message);
    if (warning->row_count) {
        state->describing = false;
        state->images.only_class = -1;
        state->images.chosen = warning->rows[0];
    }
    return VIEW_REDRAW;
}

static enum view_result request_images(struct data_state *state, const struct view_context *context,
                                       enum request wanted) {
    const struct image_set *images = context->snapshot->dataset->images;
    enum view_result result = request_figures(state, context, wanted);
    if (result != VIEW_PASS)
        return result;
    if (wanted == REQUEST_NEXT_WARNING)
        return warn_image(state, context);
    if (wanted == REQUEST_SHOW_ROWS) {
        state->images.large = !state->images.large;
        return VIEW_REDRAW;
    }
    if (wanted == REQUEST_CLASS) {
        state->images.only_class++;
        if (state->images.only_class >= (int)images->classes)
            state->images.only_class = -1;
        state->images.chosen = 0;
        return VIEW_REDRAW;
    }
    return wanted == REQUEST_BACK ? back(state) : move(state, context, wanted);
}

static enum view_result request_table(struct data_state *state, const struct view_context *context,
                                      enum request wanted) {
    const struct table *table = context->snapshot->dataset->table;
    enum view_result result = request_figures(state, context, wanted);
    if (result != VIEW_PASS)
        return result;
    switch (wanted) {
    case REQUEST_FIND:
        ask(state, ASK_FIND, "");
        return VIEW_REDRAW;
    case REQUEST_FIND_NEXT:
        return find(state, context, 1);
    case REQUEST_FIND_BEFORE:
        return find(state, context, -1);
    case REQUEST_FILTER:
        ask(state, ASK_FILTER, state->rows.filter);
        return VIEW_REDRAW;
    case REQUEST_SORT:
        return told(context, rows_sort(&state->rows, table, (size_t)state->table.column, &context->wish->error));
    case REQUEST_TYPE:
        ask(state, ASK_TYPE, column_type_name(table->columns[state->table.column]->type));
        return VIEW_REDRAW;
    case REQUEST_TARGET:
        ask(state, ASK_TARGET, column_name(state, context));
        return VIEW_REDRAW;
    case REQUEST_FOLLOW:
        return told(context, session_follow(context->session, !context->snapshot->following, &context->wish->error));
    case REQUEST_READ_ON:
        return told(context, session_read_on(context->session, &context->wish->error));
    case REQUEST_MISSING_TOKEN:
        ask(state, ASK_TOKEN, "");
        return VIEW_REDRAW;
    case REQUEST_NEXT_WARNING:
        return next_warning(state, context);
    case REQUEST_SHOW_ROWS:
        return state->pane == PANE_WARNINGS ? show_warning_row(state, context) : VIEW_HANDLED;
    case REQUEST_NEXT_PANE:
    case REQUEST_PREVIOUS_PANE:
        state->pane = state->pane == PANE_TABLE ? PANE_WARNINGS : PANE_TABLE;
        return VIEW_REDRAW;
    case REQUEST_BACK:
        return back(state);
    default:
        return move(state, context, wanted);
    }
}

static enum view_result request(void *view_state, const struct view_context *context, enum request wanted) {
    struct data_state *state = view_state;
    meet(state, context->snapshot);
    if (wanted == REQUEST_OPEN) {
        open_begin(&state->open);
        return VIEW_REDRAW;
    }
    if (!context->snapshot->dataset)
        return VIEW_PASS;
    return has_table(context) ? request_table(state, context, wanted) : request_images(state, context, wanted);
}

static enum view_result mouse(struct data_state *state, const struct view_context *context,
                              const struct input_event *input) {
    struct data_rects at = rects(context->area);
    if (input->mouse == MOUSE_WHEEL_DOWN || input->mouse == MOUSE_WHEEL_UP)
        if (!has_table(context))
            return move(state, context, input->mouse == MOUSE_WHEEL_DOWN ? REQUEST_DOWN : REQUEST_UP);
    if (!has_table(context) || state->describing)
        return VIEW_PASS;
    if (rect_contains(at.warnings, input->x, input->y) && input->mouse == MOUSE_PRESS) {
        size_t line = (size_t)(input->y - at.warnings.y - 1), count = 0;
        if (context->snapshot->profile)
            count = context->snapshot->profile->warning_count;
        state->pane = PANE_WARNINGS;
        state->warning = line < count ? line : state->warning;
        return show_warning_row(state, context) == VIEW_PASS ? VIEW_PASS : VIEW_REDRAW;
    }
    struct table_data data;
    struct table_view_model model = table_model(&data, state, context->snapshot);
    if (rect_contains(at.table, input->x, input->y))
        state->pane = PANE_TABLE;
    return table_view_event(&state->table, &model, inside_of(at.table), context->ascii, input) ? VIEW_REDRAW
                                                                                               : VIEW_PASS;
}

static enum view_result event(void *view_state, const struct view_context *context, const struct input_event *input) {
    struct data_state *state = view_state;
    meet(state, context->snapshot);
    if (state->open.shown) {
        const char *path = NULL;
        open_event(&state->open, input, &path);
        return path ? told(context, session_load(context->session, path, NULL, &context->wish->error)) : VIEW_REDRAW;
    }
    if (state->asking != ASK_NOTHING) {
        enum prompt_result result = prompt_event(&state->prompt, &state->history, input);
        if (result == PROMPT_CANCEL)
            state->asking = ASK_NOTHING;
        return result == PROMPT_ACCEPT ? answer(state, context) : VIEW_REDRAW;
    }
    if (input->type != INPUT_MOUSE || !context->snapshot->dataset)
        return VIEW_PASS;
    return mouse(state, context, input);
}

static bool modal(const void *view_state) {
    const struct data_state *state = view_state;
    return state->open.shown || state->asking != ASK_NOTHING;
}

// A filter that hides the row is lifted.
static void show_row(void *view_state, const struct snapshot *snapshot, size_t row) {
    struct data_state *state = view_state;
    size_t index;
    meet(state, snapshot);
    if (!snapshot->dataset || row >= dataset_rows(snapshot->dataset))
        return;
    state->pane = PANE_TABLE;
    state->describing = false;
    if (snapshot->dataset->images) {
        state->images.only_class = -1;
        state->images.chosen = row;
        return;
    }
    if (!rows_place(&state->rows, snapshot->dataset->table, row, &index)) {
        rows_free(&state->rows);
        index = row;
    }
    state->table.row = (int64_t)index;
}

static enum status open_view(void *view_state, struct session *session, struct error *error) {
    struct data_state *state = view_state;
    (void)session;
    (void)error;
    state->images.only_class = -1;
    return STATUS_OK;
}

static void close_view(void *view_state) {
    rows_free(&((struct data_state *)view_state)->rows);
}

const struct view view_data = {
    .id = VIEW_DATA,
    .name = "data",
    .title = "Data",
    .min_width = 40,
    .min_height = 10,
    .state_size = sizeof(struct data_state),
    .open = open_view,
    .close = close_view,
    .event = event,
    .request = request,
    .refresh = meet,
    .show_row = show_row,
    .modal = modal,
    .draw = draw,
};
