// The Data view: the table with the figures of the chosen column and the warnings, or the pictures of
// an image set with their classes; opening, finding, filtering, sorting, types, the target.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "views/data_parts.h"

enum data_pane { PANE_TABLE, PANE_WARNINGS };
enum data_asking { ASK_NOTHING, ASK_FIND, ASK_FILTER, ASK_TYPE, ASK_TARGET, ASK_TOKEN, ASK_ROW };

struct data_state {
    struct data_table table;
    struct figures_state figures;
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

static void draw_prompt(const struct data_state *state, struct canvas *canvas, struct rect area) {
    static const char *const labels[] = {[ASK_NOTHING] = "",
                                         [ASK_FIND] = "find: ",
                                         [ASK_FILTER] = "show rows where (age > 40 & workclass = Private, marked): ",
                                         [ASK_TYPE] = "type (numeric, amount, date, category, text): ",
                                         [ASK_TARGET] = "column to predict: ",
                                         [ASK_TOKEN] = "text that means missing: ",
                                         [ASK_ROW] = "go to row: "};
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
        head_draw(snapshot, canvas, at.head);
        if (state->describing) {
            figures_draw(snapshot, &state->figures, canvas, whole_of(area, at));
        } else if (snapshot->dataset->images) {
            images_draw(&state->images, snapshot, canvas, at.table);
            struct rect right = {at.column.x, at.column.y, at.column.width, at.column.height + at.warnings.height};
            if (!rect_empty(right))
                images_pane_draw(&state->images, snapshot, canvas, right);
        } else {
            data_table_draw(&state->table, snapshot, state->pane == PANE_TABLE, canvas, at.table);
            if (!rect_empty(at.column)) {
                column_pane_draw(snapshot, (size_t)state->table.view.column, canvas, at.column);
                warnings_pane_draw(snapshot, state->warning, state->pane == PANE_WARNINGS, canvas, at.warnings);
            }
        }
    }
    draw_prompt(state, canvas, area);
    if (state->table.picking && snapshot->dataset && snapshot->dataset->table)
        data_table_draw_picker(&state->table, snapshot->dataset->table, canvas, area);
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
    size_t column = (size_t)state->table.view.column;
    return column < table->column_count ? table->columns[column]->name : "";
}

static enum view_result find(struct data_state *state, const struct view_context *context, int direction) {
    if (!has_table(context) || !state->find[0])
        return VIEW_HANDLED;
    return view_acted(context, session_find_row(context->session, state->find, (size_t)state->table.view.row, direction,
                                          &context->wish->error));
}

static void show_table_row(struct data_state *state, const struct view_context *context, size_t row) {
    if (!data_table_show(&state->table, context->snapshot, row))
        session_all_rows(context->session);
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
        state->table.view.column = column;
    if (!warning->row_count)
        return VIEW_REDRAW;
    show_table_row(state, context, warning->rows[state->warning_row++ % warning->row_count]);
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

static enum status go_to_row(struct data_state *state, const struct view_context *context, const char *text,
                             struct error *error) {
    const struct dataset *dataset = context->snapshot->dataset;
    int64_t number, rows = (int64_t)dataset_rows(dataset);
    if (!integer_parse(text, &number) || number < 1 || number > rows)
        return error_set(error, STATUS_INVALID, "\"%.60s\" is no row: write a number from 1 to %lld.", text,
                         (long long)rows);
    if (dataset->table)
        show_table_row(state, context, (size_t)number - 1);
    else
        state->images.chosen = (size_t)number - 1;
    state->images.only_class = -1;
    return STATUS_OK;
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
        status = session_filter_rows(context->session, text, &state->table.marks, error);
        state->table.view.row = state->table.view.top = 0;
    } else if (asking == ASK_ROW) {
        status = go_to_row(state, context, text, error);
    } else if (asking == ASK_TARGET) {
        status = session_set_target(context->session, text, error);
    } else if (asking == ASK_TOKEN) {
        status = session_add_missing_token(context->session, text, error);
    } else {
        status = session_set_type(context->session, column_name(state, context), text, error);
    }
    return view_acted(context, status);
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
    return data_table_request(&state->table, context, at.table, wanted);
}

// Another data set: positions and filters of the old one mean nothing.
static void meet(void *view_state, const struct snapshot *snapshot) {
    struct data_state *state = view_state;
    if (state->seen == snapshot->dataset && snapshot->dataset && snapshot->dataset->table)
        data_table_refresh(&state->table, snapshot);
    if (state->seen == snapshot->dataset)
        return;
    state->seen = snapshot->dataset;
    state->images = (struct image_grid){.only_class = -1};
    state->warning = state->warning_row = 0;
    state->describing = false;
    state->figures = (struct figures_state){0};
    data_table_meet(&state->table, snapshot->dataset ? snapshot->dataset->table : NULL);
}

static enum view_result back(struct data_state *state, const struct view_context *context) {
    if (state->images.large)
        state->images.large = false;
    else if (state->describing)
        state->describing = false;
    else if (state->pane == PANE_WARNINGS)
        state->pane = PANE_TABLE;
    else if (state->table.cell)
        state->table.cell = false;
    else if (context->snapshot->rows.order->filter[0] && !context->snapshot->rows.job.active)
        session_all_rows(context->session);
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
        state->table.view.column = column;
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
    if (wanted == REQUEST_GO_ROW) {
        ask(state, ASK_ROW, "");
        return VIEW_REDRAW;
    }
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
    return wanted == REQUEST_BACK ? back(state, context) : move(state, context, wanted);
}

// What the form proposes: amounts where the figures found that the words are some.
static const char *likely_type(const struct view_context *context, const struct column *column) {
    const struct profile *profile = context->snapshot->profile;
    for (size_t i = 0; profile && i < profile->warning_count; i++)
        if (text_equal(profile->warnings[i].kind, "amounts") && text_equal(profile->warnings[i].column, column->name))
            return column_type_asked_name(COLUMN_NUMERIC, true);
    return column_type_name(column->type);
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
        ask(state, ASK_FILTER, context->snapshot->rows.order->filter);
        return VIEW_REDRAW;
    case REQUEST_SORT:
        return view_acted(context, session_sort_rows(context->session, (size_t)state->table.view.column, &context->wish->error));
    case REQUEST_TYPE:
        ask(state, ASK_TYPE, likely_type(context, table->columns[state->table.view.column]));
        return VIEW_REDRAW;
    case REQUEST_TARGET:
        ask(state, ASK_TARGET, column_name(state, context));
        return VIEW_REDRAW;
    case REQUEST_FOLLOW:
        return view_acted(context, session_follow(context->session, !context->snapshot->following, &context->wish->error));
    case REQUEST_READ_ON:
        return view_acted(context, session_read_on(context->session, &context->wish->error));
    case REQUEST_MISSING_TOKEN:
        ask(state, ASK_TOKEN, "");
        return VIEW_REDRAW;
    case REQUEST_GO_ROW:
        ask(state, ASK_ROW, "");
        return VIEW_REDRAW;
    case REQUEST_NEXT_WARNING:
        return next_warning(state, context);
    case REQUEST_SHOW_ROWS:
        return state->pane == PANE_WARNINGS ? show_warning_row(state, context) : move(state, context, wanted);
    case REQUEST_NEXT_PANE:
    case REQUEST_PREVIOUS_PANE:
        state->pane = state->pane == PANE_TABLE ? PANE_WARNINGS : PANE_TABLE;
        return VIEW_REDRAW;
    case REQUEST_BACK:
        return back(state, context);
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
    if (rect_contains(at.table, input->x, input->y))
        state->pane = PANE_TABLE;
    return data_table_mouse(&state->table, context->snapshot, at.table, context->ascii, input) ? VIEW_REDRAW : VIEW_PASS;
}

static enum view_result event(void *view_state, const struct view_context *context, const struct input_event *input) {
    struct data_state *state = view_state;
    meet(state, context->snapshot);
    if (state->open.shown) {
        const char *path = NULL;
        open_event(&state->open, input, &path);
        return path ? view_acted(context, session_load(context->session, path, NULL, &context->wish->error)) : VIEW_REDRAW;
    }
    if (state->table.picking && has_table(context)) {
        data_table_pick(&state->table, context->snapshot->dataset->table, input);
        return VIEW_REDRAW;
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
    return state->open.shown || state->table.picking || state->asking != ASK_NOTHING;
}

// A filter that hides the row is lifted.
static void show_row(void *view_state, struct session *session, size_t row) {
    struct data_state *state = view_state;
    const struct snapshot *snapshot = session_snapshot(session);
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
    if (!data_table_show(&state->table, snapshot, row))
        session_all_rows(session);
}

static enum status open_view(void *view_state, struct session *session, struct error *error) {
    struct data_state *state = view_state;
    (void)session;
    (void)error;
    state->images.only_class = -1;
    return STATUS_OK;
}

static void close_view(void *view_state) {
    data_table_free(&((struct data_state *)view_state)->table);
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
