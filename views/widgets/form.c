#include "views/widgets/form.h"

#include <string.h>

#define WORDS_MOST 4 // rows of help; below them range or choices, above them a line
#define VALUE_MOST 60

struct shape {
    struct rect list, help;
    int label, value;
    size_t top;
};

static void get_row(const struct form_model *model, size_t index, struct form_row *row) {
    *row = (struct form_row){0};
    model->row(model->data, index, row);
}

static bool can_choose(const struct form_model *model, size_t index) {
    struct form_row row;
    if (index >= model->rows)
        return false;
    get_row(model, index, &row);
    return !row.section && !row.disabled;
}

// The chosen field, or the first one that can be: zeroed state may point at a heading.
static size_t chosen_of(const struct form_model *model, const struct form_state *state) {
    for (size_t i = state->chosen; i < model->rows; i++)
        if (can_choose(model, i))
            return i;
    for (size_t i = state->chosen; i-- > 0;)
        if (can_choose(model, i))
            return i;
    return model->rows;
}

// Rows of help: what the words of the chosen field need, and no more than the fields leave or can spare.
static int help_rows(const struct form_model *model, size_t chosen, struct rect rect) {
    struct form_row row = {0};
    if (chosen < model->rows)
        get_row(model, chosen, &row);
    int words = row.help ? canvas_wrap_lines(rect.width, row.help) : 1;
    int left = rect.height - 2 - (int)model->rows, most = left >= 1 ? left : (rect.height - 6) / 3;
    most = most > WORDS_MOST ? WORDS_MOST : most < 1 ? 1 : most;
    return 2 + (words > most ? most : words < 1 ? 1 : words);
}

static struct shape measure(const struct form_model *model, const struct form_state *state, struct rect rect) {
    struct shape shape = {.list = rect};
    size_t chosen = chosen_of(model, state);
    int help = help_rows(model, chosen, rect);
    if (rect.height > help + 3)
        shape.help = rect_take_bottom(&shape.list, help);
    for (size_t i = 0; i < model->rows; i++) {
        struct form_row row;
        get_row(model, i, &row);
        int width = row.section ? 0 : text_width(row.label, false);
        shape.label = width > shape.label ? width : shape.label;
    }
    if (shape.label > rect.width / 2)
        shape.label = rect.width / 2;
    shape.value = rect.width - shape.label - 5;
    shape.value = shape.value > VALUE_MOST ? VALUE_MOST : shape.value;
    size_t page = shape.list.height > 0 ? (size_t)shape.list.height : 1;
    if (state->error[0] && page > 1)
        page--; // the refusal takes the row under its field
    shape.top = state->top > chosen ? chosen : state->top;
    if (chosen < model->rows && chosen >= shape.top + page)
        shape.top = chosen - page + 1;
    if (chosen == 1 && shape.top == 1)
        shape.top = 0; // keep the first heading in sight
    return shape;
}

static void draw_section(struct canvas *canvas, struct rect line, const char *title) {
    int used = canvas_text(canvas, line.x, line.y, style_bold(INK_ACCENT), title) + 1;
    canvas_hline(canvas, line.x + used, line.y, line.width - used, style_ink(INK_FAINT));
}

static void draw_field(struct canvas *canvas, struct rect line, const struct shape *shape, const struct form_row *row,
                       const struct form_state *state, bool chosen, bool focused) {
    color bg = chosen ? (focused ? INK_SELECTED : INK_PANEL) : INK_DEFAULT;
    enum ink plain = row->disabled ? INK_FAINT : chosen && focused ? INK_SELECTED_TEXT : INK_TEXT;
    int x = line.x + 2, value = x + shape->label + 2;
    canvas_fill(canvas, line, style_on(INK_DEFAULT, bg), ' ');
    if (row->live)
        canvas_put(canvas, line.x, line.y, style_on(INK_GOOD, bg), 0x25CF);
    canvas_field(canvas, x, line.y, shape->label, TEXT_LEFT, style_on(plain, bg), row->label);
    if (row->changed)
        canvas_put(canvas, value - 1, line.y, style_on(INK_WARNING, bg), '*');
    if (chosen && state->editing) {
        prompt_draw_field(canvas, (struct rect){value, line.y, shape->value, 1},
                          style_on(state->error[0] ? INK_ERROR : INK_TEXT, INK_FIELD), &state->edit);
        return;
    }
    char cut[FORM_TEXT_SIZE];
    text_cut(row->value, shape->value, canvas->ascii, cut, sizeof cut);
    struct style style = style_on(row->disabled ? INK_FAINT : row->changed ? INK_WARNING : INK_NUMBER, bg);
    int used = canvas_text(canvas, value, line.y, style_with(style, STYLE_BOLD), cut);
    if (row->unit && row->unit[0])
        canvas_text(canvas, value + used + 1, line.y, style_on(INK_DIM, bg), row->unit);
    if (row->choices && chosen)
        canvas_text(canvas, line.x + line.width - 4, line.y, style_on(INK_ACCENT, bg), "‹ ›");
}

static void draw_choices(struct canvas *canvas, struct rect line, const struct form_row *row) {
    int x = line.x;
    for (const char *choice = row->choices; *choice;) {
        size_t length = strcspn(choice, "|");
        bool current = strlen(row->value) == length && strncmp(choice, row->value, length) == 0;
        struct style style = current ? style_with(style_bold(INK_ACCENT), STYLE_UNDERLINE) : style_ink(INK_DIM);
        x += canvas_text_bytes(canvas, x, line.y, style, choice, length) + 2;
        choice += length + (choice[length] == '|');
    }
}

static void draw_help(struct canvas *canvas, struct rect help, const struct form_row *row) {
    struct rect top = rect_take_top(&help, 1), words = help;
    canvas_hline(canvas, top.x, top.y, top.width, style_ink(INK_FAINT));
    help = rect_take_bottom(&words, 1);
    if (row->help && words.height > 1)
        canvas_wrap(canvas, words, 0, style_ink(INK_TEXT), row->help);
    else if (row->help)
        canvas_field(canvas, words.x, words.y, words.width, TEXT_LEFT, style_ink(INK_TEXT), row->help);
    if (row->choices)
        draw_choices(canvas, help, row);
    else
        canvas_field(canvas, help.x, help.y, help.width, TEXT_LEFT, style_ink(INK_DIM), row->range);
}

void form_draw(struct canvas *canvas, struct rect rect, const struct form_model *model, const struct form_state *state,
               bool focused) {
    struct shape shape = measure(model, state, rect);
    struct rect old = canvas_clip(canvas, rect), line = shape.list;
    size_t chosen = chosen_of(model, state);
    int bottom = shape.list.y + shape.list.height;
    struct form_row row;
    line.height = 1;
    for (size_t i = shape.top; i < model->rows && line.y < bottom; i++, line.y++) {
        get_row(model, i, &row);
        if (row.section) {
            draw_section(canvas, line, row.section);
            continue;
        }
        draw_field(canvas, line, &shape, &row, state, i == chosen, focused);
        if (i == chosen && state->error[0] && line.y + 1 < bottom)
            canvas_field(canvas, line.x + 2, ++line.y, line.width - 2, TEXT_LEFT, style_ink(INK_ERROR), state->error);
    }
    if (chosen < model->rows && !rect_empty(shape.help)) {
        get_row(model, chosen, &row);
        draw_help(canvas, shape.help, &row);
    }
    canvas_unclip(canvas, old);
}

static bool move_choice(struct form_state *state, const struct form_model *model, int direction, size_t times) {
    size_t at = chosen_of(model, state);
    for (size_t next = at; times > 0;) {
        next = direction < 0 ? next - 1 : next + 1; // wraps below 0 to more than any row
        if (next >= model->rows)
            break;
        if (can_choose(model, next)) {
            at = next;
            times--;
        }
    }
    state->chosen = at;
    return true;
}

bool form_request(struct form_state *state, const struct form_model *model, struct rect rect, enum request request) {
    int height = measure(model, state, rect).list.height;
    size_t page = height > 0 ? (size_t)height : 1;
    switch (request) {
    case REQUEST_UP:
        return move_choice(state, model, -1, 1);
    case REQUEST_DOWN:
        return move_choice(state, model, 1, 1);
    case REQUEST_PAGE_UP:
        return move_choice(state, model, -1, page);
    case REQUEST_PAGE_DOWN:
        return move_choice(state, model, 1, page);
    case REQUEST_TOP:
    case REQUEST_FIRST_COLUMN:
        return move_choice(state, model, -1, model->rows);
    case REQUEST_BOTTOM:
    case REQUEST_LAST_COLUMN:
        return move_choice(state, model, 1, model->rows);
    default:
        return false;
    }
}

void form_edit_begin(struct form_state *state, const struct form_model *model) {
    struct form_row row;
    size_t chosen = chosen_of(model, state);
    if (chosen >= model->rows)
        return;
    get_row(model, chosen, &row);
    state->chosen = chosen;
    prompt_set(&state->edit, row.value);
    state->editing = true;
    state->error[0] = '\0';
}

enum prompt_result form_event(struct form_state *state, const struct input_event *event) {
    if (!state->editing)
        return PROMPT_PASS;
    enum prompt_result result = prompt_event(&state->edit, NULL, event);
    if (result == PROMPT_CANCEL) {
        state->editing = false;
        state->error[0] = '\0';
    }
    return result;
}

bool form_hit(const struct form_model *model, const struct form_state *state, struct rect rect, int x, int y,
              size_t *index) {
    struct shape shape = measure(model, state, rect);
    if (!rect_contains(shape.list, x, y))
        return false;
    size_t row = shape.top + (size_t)(y - shape.list.y), chosen = chosen_of(model, state);
    if (state->error[0] && row > chosen)
        row--;
    *index = row;
    return can_choose(model, row);
}
