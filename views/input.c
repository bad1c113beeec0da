#include "views/input.h"

#include <stdio.h>
#include <string.h>

#include "core/base/str.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static const struct {
    const char *name;
    uint32_t code;
} named[] = {
    {"Enter", CODE_ENTER},
    {"Esc", CODE_ESCAPE},
    {"Tab", CODE_TAB},
    {"Backspace", CODE_BACKSPACE},
    {"Delete", CODE_DELETE},
    {"Insert", CODE_INSERT},
    {"Up", CODE_UP},
    {"Down", CODE_DOWN},
    {"Left", CODE_LEFT},
    {"Right", CODE_RIGHT},
    {"Home", CODE_HOME},
    {"End", CODE_END},
    {"PgUp", CODE_PAGE_UP},
    {"PgDn", CODE_PAGE_DOWN},
    {"Space", ' '},
};

static const struct {
    const char *prefix;
    uint32_t modifier;
} modifiers[] = {{"Ctrl-", MOD_CTRL}, {"Alt-", MOD_ALT}, {"Shift-", MOD_SHIFT}};

static bool parse_function_key(const char *name, uint32_t *code) {
    int number;
    char rest;
    if (sscanf(name, "F%d%c", &number, &rest) != 1 || number < 1 || number > 12)
        return false;
    *code = CODE_F1 + (uint32_t)number - 1;
    return true;
}

static bool parse_code(const char *name, struct input_event *event) {
    for (size_t i = 0; i < COUNT_OF(named); i++) {
        if (strcmp(named[i].name, name) == 0) {
            event->code = named[i].code;
            return true;
        }
    }
    if (parse_function_key(name, &event->code))
        return true;
    size_t length = strlen(name);
    return length > 0 && utf8_decode(name, length, &event->code) == length;
}

bool input_parse(const char *name, struct input_event *event) {
    *event = (struct input_event){.type = INPUT_KEY};
    for (size_t i = 0; i < COUNT_OF(modifiers); i++) {
        if (text_starts(name, modifiers[i].prefix)) {
            event->modifiers |= modifiers[i].modifier;
            name += strlen(modifiers[i].prefix);
        }
    }
    if (!parse_code(name, event))
        return false;
    bool letter = event->code >= 'A' && event->code <= 'Z';
    if ((event->modifiers & MOD_CTRL) && letter)
        event->code += 'a' - 'A';
    if (event->code < CODE_ENTER && !(event->modifiers & (MOD_CTRL | MOD_ALT)))
        utf8_encode(event->code, event->text);
    return true;
}

static void name_code(uint32_t code, bool upper, char *out, size_t size) {
    if (code >= CODE_F1 && code <= CODE_F12) {
        snprintf(out, size, "F%u", (unsigned)(code - CODE_F1 + 1));
        return;
    }
    for (size_t i = 0; i < COUNT_OF(named); i++) {
        if (named[i].code == code) {
            snprintf(out, size, "%s", named[i].name);
            return;
        }
    }
    char bytes[5] = "";
    utf8_encode(upper && code >= 'a' && code <= 'z' ? code - 'a' + 'A' : code, bytes);
    snprintf(out, size, "%s", bytes);
}

char *input_name(const struct input_event *event, char out[32]) {
    char key[16];
    bool shift = (event->modifiers & MOD_SHIFT) && event->code >= CODE_ENTER;
    name_code(event->code, event->modifiers & MOD_CTRL, key, sizeof key);
    snprintf(out, 32, "%s%s%s%s", event->modifiers & MOD_CTRL ? "Ctrl-" : "",
             event->modifiers & MOD_ALT ? "Alt-" : "", shift ? "Shift-" : "", key);
    return out;
}

bool input_same_key(const struct input_event *a, const struct input_event *b) {
    return a->type == INPUT_KEY && b->type == INPUT_KEY && a->code == b->code && a->modifiers == b->modifiers;
}
