#include "views/widgets/prompt.h"

#include <stdio.h>
#include <string.h>

#include "core/base/str.h"

static size_t step_forward(const struct prompt *prompt, size_t at) {
    struct text_glyph glyph;
    return at + text_next(prompt->text + at, prompt->length - at, false, &glyph);
}

// Walks from the start: a line is short, and a character may be a base with its marks.
static size_t step_back(const struct prompt *prompt, size_t at) {
    size_t last = 0;
    for (size_t i = 0; i < at; i = step_forward(prompt, i))
        last = i;
    return last;
}

static size_t word_back(const struct prompt *prompt, size_t at) {
    while (at > 0 && prompt->text[at - 1] == ' ')
        at--;
    while (at > 0 && prompt->text[at - 1] != ' ')
        at--;
    return at;
}

static size_t word_forward(const struct prompt *prompt, size_t at) {
    while (at < prompt->length && prompt->text[at] == ' ')
        at++;
    while (at < prompt->length && prompt->text[at] != ' ')
        at++;
    return at;
}

static enum prompt_result erase(struct prompt *prompt, size_t from, size_t to) {
    if (from >= to)
        return PROMPT_MOVED;
    memmove(prompt->text + from, prompt->text + to, prompt->length - to + 1);
    prompt->length -= to - from;
    prompt->cursor = from;
    prompt->back = 0;
    return PROMPT_CHANGED;
}

// Whole characters that fit; control characters (a pasted line end) become blanks, invalid bytes are left out.
static enum prompt_result insert(struct prompt *prompt, const char *text, size_t length) {
    bool changed = false;
    uint32_t code;
    for (size_t at = 0, step; (step = utf8_decode(text + at, length - at, &code)) > 0; at += step) {
        char bytes[4];
        bool invalid = code == 0xFFFD && step == 1;
        size_t count = utf8_encode(code < ' ' || code == 0x7F ? ' ' : code, bytes);
        if (invalid)
            continue;
        if (prompt->length + count >= PROMPT_SIZE)
            break;
        memmove(prompt->text + prompt->cursor + count, prompt->text + prompt->cursor,
                prompt->length - prompt->cursor + 1);
        memcpy(prompt->text + prompt->cursor, bytes, count);
        prompt->length += count;
        prompt->cursor += count;
        changed = true;
    }
    prompt->back = 0;
    return changed ? PROMPT_CHANGED : PROMPT_MOVED;
}

void prompt_set(struct prompt *prompt, const char *text) {
    *prompt = (struct prompt){0};
    insert(prompt, text, strlen(text));
}

void prompt_remember(struct prompt_history *history, const char *text) {
    size_t at = 0;
    if (!text[0])
        return;
    while (at < history->count && strcmp(history->lines[at], text) != 0)
        at++;
    if (at == PROMPT_HISTORY)
        at = 0;
    if (at < history->count) {
        memmove(history->lines[at], history->lines[at + 1], (history->count - at - 1) * PROMPT_SIZE);
        history->count--;
    }
    snprintf(history->lines[history->count++], PROMPT_SIZE, "%s", text);
}

static enum prompt_result walk_history(struct prompt *prompt, const struct prompt_history *history, bool older) {
    if (!history)
        return PROMPT_PASS;
    size_t back = prompt->back;
    if (older ? back >= history->count : back == 0)
        return PROMPT_MOVED;
    char draft[PROMPT_SIZE];
    memcpy(draft, back == 0 ? prompt->text : prompt->draft, PROMPT_SIZE);
    back = older ? back + 1 : back - 1;
    prompt_set(prompt, back == 0 ? draft : history->lines[history->count - back]);
    memcpy(prompt->draft, draft, PROMPT_SIZE);
    prompt->back = back;
    return PROMPT_CHANGED;
}

static enum prompt_result move_to(struct prompt *prompt, size_t at) {
    prompt->cursor = at;
    return PROMPT_MOVED;
}

static enum prompt_result control_key(struct prompt *prompt, uint32_t code) {
    size_t at = prompt->cursor;
    switch (code) {
    case 'a':
        return move_to(prompt, 0);
    case 'e':
        return move_to(prompt, prompt->length);
    case 'b':
        return move_to(prompt, step_back(prompt, at));
    case 'f':
        return move_to(prompt, step_forward(prompt, at));
    case 'd':
        return erase(prompt, at, step_forward(prompt, at));
    case 'h':
        return erase(prompt, step_back(prompt, at), at);
    case 'u':
        return erase(prompt, 0, at);
    case 'k':
        return erase(prompt, at, prompt->length);
    case 'w':
    case CODE_BACKSPACE:
        return erase(prompt, word_back(prompt, at), at);
    case CODE_LEFT:
        return move_to(prompt, word_back(prompt, at));
    case CODE_RIGHT:
        return move_to(prompt, word_forward(prompt, at));
    case 'c':
        return PROMPT_CANCEL;
    default:
        return PROMPT_PASS;
    }
}

static enum prompt_result named_key(struct prompt *prompt, const struct prompt_history *history, uint32_t code) {
    size_t at = prompt->cursor;
    switch (code) {
    case CODE_ENTER:
        return PROMPT_ACCEPT;
    case CODE_ESCAPE:
        return PROMPT_CANCEL;
    case CODE_LEFT:
        return move_to(prompt, step_back(prompt, at));
    case CODE_RIGHT:
        return move_to(prompt, step_forward(prompt, at));
    case CODE_HOME:
        return move_to(prompt, 0);
    case CODE_END:
        return move_to(prompt, prompt->length);
    case CODE_BACKSPACE:
        return erase(prompt, step_back(prompt, at), at);
    case CODE_DELETE:
        return erase(prompt, at, step_forward(prompt, at));
    case CODE_UP:
        return walk_history(prompt, history, true);
    case CODE_DOWN:
        return walk_history(prompt, history, false);
    default:
        return PROMPT_PASS;
    }
}

enum prompt_result prompt_event(struct prompt *prompt, const struct prompt_history *history,
                                const struct input_event *event) {
    if (event->type == INPUT_PASTE)
        return insert(prompt, event->paste, event->paste_length);
    if (event->type != INPUT_KEY)
        return PROMPT_PASS;
    if (event->modifiers & MOD_CTRL)
        return control_key(prompt, event->code);
    if (event->modifiers & MOD_ALT) {
        if (event->code == 'b')
            return move_to(prompt, word_back(prompt, prompt->cursor));
        return event->code == 'f' ? move_to(prompt, word_forward(prompt, prompt->cursor)) : PROMPT_PASS;
    }
    if (event->text[0])
        return insert(prompt, event->text, strlen(event->text));
    return named_key(prompt, history, event->code);
}

void prompt_draw_field(struct canvas *canvas, struct rect row, struct style style, const struct prompt *prompt) {
    struct rect old = canvas_clip(canvas, (struct rect){row.x, row.y, row.width, 1});
    int before = text_width_bytes(prompt->text, prompt->cursor, canvas->ascii);
    int shift = before >= row.width ? before - row.width + 1 : 0;
    canvas_fill(canvas, row, style, ' ');
    canvas_text(canvas, row.x - shift, row.y, style, prompt->text);
    if (shift > 0)
        canvas_put(canvas, row.x, row.y, style_back(style_ink(INK_DIM), style.bg), 0x2039);
    canvas_cursor(canvas, row.x + before - shift, row.y);
    canvas_unclip(canvas, old);
}

void prompt_draw(struct canvas *canvas, struct rect row, const char *label, const struct prompt *prompt) {
    struct rect old = canvas_clip(canvas, row);
    int used = canvas_text(canvas, row.x, row.y, style_bold(INK_ACCENT), label);
    struct rect field = {row.x + used + 1, row.y, row.width - used - 1, 1};
    if (field.width > 0)
        prompt_draw_field(canvas, field, style_ink(INK_TEXT), prompt);
    canvas_unclip(canvas, old);
}
