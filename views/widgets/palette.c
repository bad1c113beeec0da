#include "views/widgets/palette.h"

#include <string.h>

#include "core/base/str.h"

// Keeps the best PALETTE_MATCHES by insertion: equal scores stay in the caller's order.
static void rank(struct palette_state *state, const struct palette_model *model) {
    int scores[PALETTE_MATCHES];
    state->match_count = 0;
    state->chosen = 0;
    for (size_t i = 0; i < model->count; i++) {
        struct palette_item item = {0};
        model->item(model->data, i, &item);
        int score = state->prompt.length == 0 ? 0 : text_fuzzy(state->prompt.text, item.text);
        if (score < 0)
            continue;
        size_t at = state->match_count;
        while (at > 0 && scores[at - 1] < score)
            at--;
        if (at == PALETTE_MATCHES)
            continue;
        size_t last = state->match_count < PALETTE_MATCHES ? state->match_count++ : PALETTE_MATCHES - 1;
        for (size_t j = last; j > at; j--) {
            scores[j] = scores[j - 1];
            state->matches[j] = state->matches[j - 1];
        }
        scores[at] = score;
        state->matches[at] = i;
    }
}

void palette_open(struct palette_state *state, const struct palette_model *model) {
    prompt_set(&state->prompt, "");
    rank(state, model);
}

size_t palette_choice(const struct palette_state *state, const struct palette_model *model) {
    return state->chosen < state->match_count ? state->matches[state->chosen] : model->count;
}

static enum palette_result move_choice(struct palette_state *state, int by) {
    long long to = (long long)state->chosen + by, last = (long long)state->match_count - 1;
    state->chosen = (size_t)(to > last ? (last < 0 ? 0 : last) : to < 0 ? 0 : to);
    return PALETTE_REDRAW;
}

static enum palette_result move_key(struct palette_state *state, const struct input_event *event) {
    bool control = event->modifiers & MOD_CTRL;
    if (event->type == INPUT_MOUSE && event->mouse == MOUSE_WHEEL_UP)
        return move_choice(state, -1);
    if (event->type == INPUT_MOUSE && event->mouse == MOUSE_WHEEL_DOWN)
        return move_choice(state, 1);
    if (event->type != INPUT_KEY)
        return PALETTE_PASS;
    if (event->code == CODE_UP || (control && event->code == 'p'))
        return move_choice(state, -1);
    if (event->code == CODE_DOWN || (control && event->code == 'n'))
        return move_choice(state, 1);
    if (event->code == CODE_PAGE_UP || event->code == CODE_PAGE_DOWN)
        return move_choice(state, event->code == CODE_PAGE_UP ? -10 : 10);
    return PALETTE_PASS;
}

enum palette_result palette_event(struct palette_state *state, const struct palette_model *model,
                                  const struct input_event *event) {
    if (move_key(state, event) == PALETTE_REDRAW)
        return PALETTE_REDRAW;
    switch (prompt_event(&state->prompt, NULL, event)) {
    case PROMPT_CHANGED:
        rank(state, model);
        return PALETTE_REDRAW;
    case PROMPT_MOVED:
        return PALETTE_REDRAW;
    case PROMPT_ACCEPT:
        return state->match_count > 0 ? PALETTE_ACCEPT : PALETTE_REDRAW;
    case PROMPT_CANCEL:
        return PALETTE_CANCEL;
    case PROMPT_PASS:
        break;
    }
    return PALETTE_PASS;
}

// Letters that match the pattern in order stand out.
static void draw_matched(struct canvas *canvas, int x, int y, struct style style, const char *text,
                         const char *pattern) {
    struct text_glyph glyph;
    size_t length = strlen(text);
    for (size_t at = 0, step; (step = text_next(text + at, length - at, canvas->ascii, &glyph)) > 0; at += step) {
        char a = text[at], b = *pattern;
        bool same = b && (a | 32) == (b | 32);
        struct style here = same ? style_with(style_back(style_ink(INK_MATCH), style.bg), STYLE_BOLD) : style;
        pattern += same;
        canvas_text_bytes(canvas, x, y, here, text + at, step);
        x += glyph.width;
    }
}

static void draw_item(struct canvas *canvas, struct rect row, const struct palette_item *item, const char *pattern,
                      bool chosen) {
    color bg = chosen ? INK_SELECTED : INK_DEFAULT;
    struct style style = style_on(chosen ? INK_SELECTED_TEXT : INK_TEXT, bg);
    struct rect old = canvas_clip(canvas, row);
    canvas_fill(canvas, row, style, ' ');
    draw_matched(canvas, row.x + 2, row.y, style, item->text, pattern);
    if (chosen)
        canvas_put(canvas, row.x, row.y, style_back(style_bold(INK_ACCENT), bg), 0x203A);
    if (item->note && item->note[0]) {
        int width = text_width(item->note, canvas->ascii);
        canvas_text(canvas, row.x + row.width - width - 1, row.y,
                    style_back(style_ink(chosen ? INK_SELECTED_TEXT : INK_KEY), bg), item->note);
    }
    canvas_unclip(canvas, old);
}

void palette_draw(struct canvas *canvas, struct rect rect, const char *title, const struct palette_model *model,
                  const struct palette_state *state) {
    char number[TEXT_NUMBER_SIZE];
    canvas_fill(canvas, rect, (struct style){0}, ' ');
    text_integer((int64_t)state->match_count, NUMBER_SCREEN, number);
    struct rect room = canvas_pane(canvas, rect, true, title, number);
    struct rect edit = rect_take_top(&room, 1), help = rect_take_bottom(&room, room.height > 3 ? 1 : 0);
    prompt_draw(canvas, edit, canvas->ascii ? " >" : " ›", &state->prompt);
    size_t rows = (size_t)room.height, top = state->chosen >= rows && rows > 0 ? state->chosen - rows + 1 : 0;
    for (size_t i = 0; i < rows && top + i < state->match_count; i++) {
        struct palette_item item = {0};
        model->item(model->data, state->matches[top + i], &item);
        bool chosen = top + i == state->chosen;
        draw_item(canvas, (struct rect){room.x, room.y + (int)i, room.width, 1}, &item, state->prompt.text, chosen);
        if (chosen && item.help)
            canvas_field(canvas, help.x + 2, help.y, help.width - 2, TEXT_LEFT, style_ink(INK_DIM), item.help);
    }
    if (state->match_count == 0)
        canvas_field(canvas, room.x + 2, room.y, room.width - 2, TEXT_LEFT, style_ink(INK_DIM), "nothing matches");
}
