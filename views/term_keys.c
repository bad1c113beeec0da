#include "views/term_keys.h"

#include <string.h>

#define ESC '\033'
#define NEED_MORE ((size_t)-1)

static const char paste_end[] = "\033[201~";

void key_reader_free(struct key_reader *reader) {
    str_free(&reader->paste);
    *reader = (struct key_reader){0};
}

size_t key_reader_room(const struct key_reader *reader) {
    return sizeof reader->pending - reader->length;
}

void key_reader_add(struct key_reader *reader, const char *bytes, size_t count) {
    memcpy(reader->pending + reader->length, bytes, count);
    reader->length += count;
}

bool key_reader_waiting(const struct key_reader *reader) {
    return reader->length > 0 && !reader->pasting;
}

static void drop(struct key_reader *reader, size_t count) {
    memmove(reader->pending, reader->pending + count, reader->length - count);
    reader->length -= count;
}

static void set_key(struct input_event *event, uint32_t code, uint32_t modifiers) {
    *event = (struct input_event){.type = INPUT_KEY, .code = code, .modifiers = modifiers};
}

// ---- single characters -----------------------------------------------------------------------------

static void control_key(unsigned char byte, struct input_event *event) {
    switch (byte) {
    case '\r':
    case '\n':
        set_key(event, CODE_ENTER, 0);
        return;
    case '\t':
        set_key(event, CODE_TAB, 0);
        return;
    case 0x08:
    case 0x7F:
        set_key(event, CODE_BACKSPACE, 0);
        return;
    case 0:
        set_key(event, ' ', MOD_CTRL);
        return;
    default: // 1–26 are letters, 28–31 are \ ] ^ _
        set_key(event, byte <= 26 ? byte + 96u : byte + 64u, MOD_CTRL);
    }
}

static size_t utf8_length(unsigned char first) {
    return first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
}

static size_t parse_character(const char *bytes, size_t length, bool final, struct input_event *event) {
    unsigned char first = (unsigned char)bytes[0];
    uint32_t code;
    if (first < ' ' || first == 0x7F) {
        control_key(first, event);
        return 1;
    }
    if (length < utf8_length(first) && first >= 0xC2 && !final)
        return NEED_MORE;
    size_t used = utf8_decode(bytes, length, &code);
    if (code == 0xFFFD && used == 1)
        return 1; // no key: an invalid byte
    set_key(event, code, 0);
    if (code < 0x80 || code >= 0xA0)
        memcpy(event->text, bytes, used);
    return used;
}

// ---- control sequences -----------------------------------------------------------------------------

#define PARAMETERS 16 // what a terminal says of itself is a long list

struct sequence {
    char prefix; // '<' or '?' …, or 0
    int parameters[PARAMETERS];
    int count;
    char final;
};

// ESC [ was seen; `at` points behind it. Returns bytes used from `bytes`.
static size_t parse_sequence(const char *bytes, size_t length, size_t at, struct sequence *sequence) {
    *sequence = (struct sequence){0};
    if (at < length && strchr("<=>?", bytes[at]) && bytes[at])
        sequence->prefix = bytes[at++];
    for (; at < length; at++) {
        char byte = bytes[at];
        if (byte >= '0' && byte <= '9') {
            sequence->count = sequence->count ? sequence->count : 1;
            int *value = &sequence->parameters[sequence->count - 1];
            *value = *value < 100000 ? *value * 10 + byte - '0' : *value;
        } else if (byte == ';' || byte == ':') {
            sequence->count = sequence->count ? sequence->count : 1;
            sequence->count += sequence->count < PARAMETERS;
        } else if (byte >= 0x40 && byte <= 0x7E) {
            sequence->final = byte;
            return at + 1;
        } else if (byte < 0x20 || byte > 0x2F) {
            return at; // broken off: what follows is read anew
        }
    }
    return NEED_MORE;
}

static uint32_t code_of_letter(char final) {
    static const char letters[] = "ABCDHFPQRSZ";
    static const uint32_t codes[] = {CODE_UP, CODE_DOWN,   CODE_RIGHT,  CODE_LEFT,   CODE_HOME, CODE_END,
                                     CODE_F1, CODE_F1 + 1, CODE_F1 + 2, CODE_F1 + 3, CODE_TAB};
    const char *at = final ? strchr(letters, final) : NULL;
    return at ? codes[at - letters] : 0;
}

static uint32_t code_of_number(int number) {
    static const uint32_t codes[] = {[1] = CODE_HOME,    [2] = CODE_INSERT,    [3] = CODE_DELETE,    [4] = CODE_END,
                                     [5] = CODE_PAGE_UP, [6] = CODE_PAGE_DOWN, [7] = CODE_HOME,      [8] = CODE_END,
                                     [11] = CODE_F1,     [12] = CODE_F1 + 1,   [13] = CODE_F1 + 2,   [14] = CODE_F1 + 3,
                                     [15] = CODE_F1 + 4, [17] = CODE_F1 + 5,   [18] = CODE_F1 + 6,   [19] = CODE_F1 + 7,
                                     [20] = CODE_F1 + 8, [21] = CODE_F1 + 9,   [23] = CODE_F1 + 10,  [24] = CODE_F1 + 11};
    return number > 0 && number < (int)(sizeof codes / sizeof *codes) ? codes[number] : 0;
}

static uint32_t modifiers_of(const struct sequence *sequence) {
    int value = sequence->count >= 2 ? sequence->parameters[1] - 1 : 0;
    return value > 0 ? (uint32_t)value & 7u : 0;
}

static void mouse_event(int code, int x, int y, bool released, struct input_event *event) {
    if ((code & 64) && (code & 3) > 1)
        return; // sideways wheel
    *event = (struct input_event){.type = INPUT_MOUSE, .button = code & 3, .x = x > 0 ? x - 1 : 0, .y = y > 0 ? y - 1 : 0};
    event->modifiers = (code & 4 ? MOD_SHIFT : 0u) | (code & 8 ? MOD_ALT : 0u) | (code & 16 ? MOD_CTRL : 0u);
    if (code & 64)
        event->mouse = code & 1 ? MOUSE_WHEEL_DOWN : MOUSE_WHEEL_UP;
    else if (released || (code & 3) == 3)
        event->mouse = MOUSE_RELEASE;
    else
        event->mouse = code & 32 ? MOUSE_DRAG : MOUSE_PRESS;
}

// Keys that terminals in their extended modes send by number: ESC [ code ; modifiers u.
static void coded_key(uint32_t code, uint32_t modifiers, struct input_event *event) {
    switch (code) {
    case 27:
        set_key(event, CODE_ESCAPE, modifiers);
        return;
    case '\r':
    case '\t':
    case 127:
        control_key((unsigned char)code, event);
        event->modifiers = modifiers;
        return;
    default:
        if (code >= ' ' && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF))
            set_key(event, code, modifiers & ~(uint32_t)MOD_SHIFT);
    }
}

// ESC [ ? … c says what the terminal can; 4 is sixel.
static void abilities_event(const struct sequence *sequence, struct input_event *event) {
    for (int i = 1; i < sequence->count; i++)
        if (sequence->parameters[i] == 4)
            *event = (struct input_event){.type = INPUT_OFFER, .offer = OFFER_SIXEL};
}

static void cell_event(const int *p, struct input_event *event) {
    if (p[1] > 0 && p[2] > 0 && p[1] <= 1000 && p[2] <= 1000)
        *event = (struct input_event){.type = INPUT_OFFER, .offer = OFFER_CELL, .width = p[2], .height = p[1]};
}

static void sequence_event(const struct sequence *sequence, struct input_event *event) {
    const int *p = sequence->parameters;
    if (sequence->prefix == '<' && sequence->count >= 3 && (sequence->final == 'M' || sequence->final == 'm'))
        mouse_event(p[0], p[1], p[2], sequence->final == 'm', event);
    else if (sequence->prefix == '?' && sequence->final == 'c')
        abilities_event(sequence, event);
    else if (sequence->prefix)
        return;
    else if (sequence->final == 't' && sequence->count == 3 && p[0] == 6)
        cell_event(p, event);
    else if (sequence->final == 'I' || sequence->final == 'O')
        *event = (struct input_event){.type = INPUT_FOCUS, .focused = sequence->final == 'I'};
    else if (sequence->final == 'u')
        coded_key((uint32_t)p[0], modifiers_of(sequence), event);
    else if (sequence->final == '~' && p[0] == 27 && sequence->count >= 3)
        coded_key((uint32_t)p[2], modifiers_of(sequence), event);
    else if (sequence->final == '~' && code_of_number(p[0]))
        set_key(event, code_of_number(p[0]), modifiers_of(sequence));
    else if (code_of_letter(sequence->final))
        set_key(event, code_of_letter(sequence->final),
                modifiers_of(sequence) | (sequence->final == 'Z' ? MOD_SHIFT : 0u));
}

static size_t parse_csi(struct key_reader *reader, struct input_event *event) {
    const char *bytes = reader->pending;
    struct sequence sequence;
    if (reader->length >= 3 && bytes[2] == 'M') { // the old mouse report: three bytes follow
        if (reader->length < 6)
            return NEED_MORE;
        mouse_event((unsigned char)bytes[3] - 32, (unsigned char)bytes[4] - 32, (unsigned char)bytes[5] - 32, false,
                    event);
        return 6;
    }
    if (reader->length >= 3 && bytes[2] == '[') { // the Linux console's F1–F5
        if (reader->length < 4)
            return NEED_MORE;
        if (bytes[3] >= 'A' && bytes[3] <= 'E')
            set_key(event, CODE_F1 + (uint32_t)(bytes[3] - 'A'), 0);
        return 4;
    }
    size_t used = parse_sequence(bytes, reader->length, 2, &sequence);
    if (used == NEED_MORE)
        return NEED_MORE;
    if (sequence.final == '~' && sequence.parameters[0] == 200) {
        reader->pasting = true;
        str_clear(&reader->paste);
    } else {
        sequence_event(&sequence, event);
    }
    return used;
}

// "rgb:RRRR/GGGG/BBBB", one to four hexadecimal digits each; light when the luma (ITU-R BT.601) is above one half.
static bool parse_background(const char *text, size_t length, bool *light) {
    static const double weights[] = {0.299, 0.587, 0.114};
    double luma = 0;
    size_t at = 0;
    if (length < 4 || memcmp(text, "rgb:", 4) != 0)
        return false;
    for (int part = 0; part < 3; part++) {
        unsigned value = 0, most = 0;
        for (at += part ? 1 : 4; at < length && text[at] != '/'; at++) {
            const char *digits = "0123456789abcdefABCDEF", *digit = strchr(digits, text[at]);
            if (!text[at] || !digit || most > 0xFFF)
                return false;
            value = value * 16 + (unsigned)(digit - digits < 16 ? digit - digits : digit - digits - 6);
            most = most * 16 + 15;
        }
        if (most == 0)
            return false;
        luma += weights[part] * value / most;
    }
    *light = luma > 0.5;
    return true;
}

// ESC ] … BEL, or ESC ] … ESC \: what the terminal answers. One that does not end was Alt-] after all.
static size_t parse_answer(const struct key_reader *reader, bool final, struct input_event *event) {
    const char *bytes = reader->pending;
    for (size_t at = 2; at < reader->length; at++) {
        bool bell = bytes[at] == '\a', string = bytes[at] == ESC && at + 1 < reader->length && bytes[at + 1] == '\\';
        if (!bell && !string)
            continue;
        bool light;
        if (at > 5 && memcmp(bytes + 2, "11;", 3) == 0 && parse_background(bytes + 5, at - 5, &light))
            *event = (struct input_event){.type = INPUT_BACKGROUND, .light = light};
        return at + (bell ? 1 : 2);
    }
    if (!final)
        return NEED_MORE;
    set_key(event, ']', MOD_ALT);
    return 2;
}

// ESC _ G … ESC \: kitty's answer to a picture that was offered: "i=31;OK". One that does not end was Alt-_ after all.
static size_t parse_pictures(const struct key_reader *reader, bool final, struct input_event *event) {
    const char *bytes = reader->pending;
    for (size_t at = 2; at + 1 < reader->length; at++) {
        if (bytes[at] != ESC || bytes[at + 1] != '\\')
            continue;
        if (at > 5 && bytes[2] == 'G' && memcmp(bytes + at - 3, ";OK", 3) == 0)
            *event = (struct input_event){.type = INPUT_OFFER, .offer = OFFER_KITTY};
        return at + 2;
    }
    if (!final)
        return NEED_MORE;
    set_key(event, '_', MOD_ALT);
    return 2;
}

static size_t parse_escape(struct key_reader *reader, bool final, struct input_event *event) {
    const char *bytes = reader->pending;
    if (reader->length == 1) {
        if (!final)
            return NEED_MORE;
        set_key(event, CODE_ESCAPE, 0);
        return 1;
    }
    if (bytes[1] == '[')
        return parse_csi(reader, event);
    if (bytes[1] == ']')
        return parse_answer(reader, final, event);
    if (bytes[1] == '_')
        return parse_pictures(reader, final, event);
    if (bytes[1] == ESC) {
        set_key(event, CODE_ESCAPE, 0);
        return 1;
    }
    if (bytes[1] == 'O') {
        if (reader->length < 3)
            return NEED_MORE;
        if (bytes[2] == 'M')
            set_key(event, CODE_ENTER, 0);
        else if (code_of_letter(bytes[2]))
            set_key(event, code_of_letter(bytes[2]), 0);
        return 3;
    }
    size_t used = parse_character(bytes + 1, reader->length - 1, final, event);
    if (used == NEED_MORE)
        return NEED_MORE;
    event->modifiers |= MOD_ALT;
    event->text[0] = '\0';
    return used + 1;
}

// Terminfo's own strings: a whole one is a key, the start of one may become one.
static size_t parse_strings(const struct key_reader *reader, struct input_event *event) {
    for (size_t i = 0; i < reader->string_count; i++) {
        size_t length = strlen(reader->strings[i].bytes);
        if (reader->length >= length && memcmp(reader->pending, reader->strings[i].bytes, length) == 0) {
            set_key(event, reader->strings[i].code, 0);
            return length;
        }
    }
    return 0;
}

// Everything up to the end mark; a mark cut in two stays pending.
static void read_paste(struct key_reader *reader, struct input_event *event) {
    size_t mark = sizeof paste_end - 1, at = 0;
    while (at < reader->length) {
        size_t left = reader->length - at, compared = left < mark ? left : mark;
        if (memcmp(reader->pending + at, paste_end, compared) == 0)
            break;
        at++;
    }
    if (reader->paste.length + at <= KEY_PASTE_MOST)
        str_add_bytes(&reader->paste, reader->pending, at);
    drop(reader, at);
    if (reader->length < mark)
        return;
    drop(reader, mark);
    reader->pasting = false;
    *event = (struct input_event){
        .type = INPUT_PASTE, .paste = str_text(&reader->paste), .paste_length = reader->paste.length};
}

void key_reader_next(struct key_reader *reader, bool final, struct input_event *event) {
    *event = (struct input_event){.type = INPUT_NONE};
    while (reader->length > 0 && event->type == INPUT_NONE) {
        if (reader->pasting) {
            read_paste(reader, event);
            if (reader->pasting)
                return;
            continue;
        }
        size_t used = parse_strings(reader, event);
        if (used == 0 && reader->pending[0] == ESC)
            used = parse_escape(reader, final, event);
        else if (used == 0)
            used = parse_character(reader->pending, reader->length, final, event);
        if (used == NEED_MORE && !final && reader->length < sizeof reader->pending)
            return;
        drop(reader, used == NEED_MORE ? reader->length : used);
    }
}
