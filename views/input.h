// What a person did: keys, mouse, paste, a new size. Made by term.c (and by test scripts), read by
// the frame and the views. Plain values; nothing is owned except where said.
#ifndef VIEWS_INPUT_H
#define VIEWS_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum input_type {
    INPUT_NONE,
    INPUT_KEY,
    INPUT_MOUSE,
    INPUT_RESIZE,
    INPUT_PASTE, // bracketed: may hold anything; never read as keys
    INPUT_FOCUS, // the terminal window got or lost the focus
    INPUT_BACKGROUND, // the terminal said how light its background is
    INPUT_OFFER,      // the terminal said something of how it shows pictures
};

enum input_offer { OFFER_KITTY, OFFER_SIXEL, OFFER_CELL }; // kitty's graphics, sixel; a cell's pixels: width, height

// Keys that are not characters; above Unicode.
enum key_code {
    CODE_ENTER = 0x110000,
    CODE_ESCAPE,
    CODE_TAB,
    CODE_BACKSPACE,
    CODE_DELETE,
    CODE_INSERT,
    CODE_UP,
    CODE_DOWN,
    CODE_LEFT,
    CODE_RIGHT,
    CODE_HOME,
    CODE_END,
    CODE_PAGE_UP,
    CODE_PAGE_DOWN,
    CODE_F1, // CODE_F1 + n - 1 is Fn, up to F12
    CODE_F12 = CODE_F1 + 11,
    CODE_LAST = CODE_F12,
};

enum input_modifier { MOD_SHIFT = 1, MOD_ALT = 2, MOD_CTRL = 4 };

enum mouse_action { MOUSE_PRESS, MOUSE_RELEASE, MOUSE_DRAG, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };

struct input_event {
    enum input_type type;
    uint32_t modifiers;      // MOD_* bits; Shift only for keys that are not characters
    uint32_t code;           // INPUT_KEY: the character (Ctrl-A is 'a' with MOD_CTRL) or a CODE_*
    char text[5];            // INPUT_KEY: the character as UTF-8 when it is typed text, else ""
    enum mouse_action mouse; // INPUT_MOUSE
    int button;              // 0 left, 1 middle, 2 right
    int x, y;                // cell of the mouse
    int width, height;       // INPUT_RESIZE; OFFER_CELL
    const char *paste;       // INPUT_PASTE: NUL-terminated UTF-8, valid until the next read
    size_t paste_length;
    bool focused; // INPUT_FOCUS
    bool light;   // INPUT_BACKGROUND
    enum input_offer offer; // INPUT_OFFER
};

// "q", "+", "Space", "Enter", "Ctrl-L", "Shift-Tab", "PgDn", "F5" to an event and back; the same names
// appear in footer and help. False when the name is none.
bool input_parse(const char *name, struct input_event *event);
char *input_name(const struct input_event *event, char out[32]);
bool input_same_key(const struct input_event *a, const struct input_event *b);

#endif
