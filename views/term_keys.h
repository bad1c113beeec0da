// Bytes from a terminal to events: pure, so that every sequence can be tested (and fuzzed) without one.
// `struct key_reader r = {0}` is an empty reader; key_reader_free releases it. Unknown sequences are swallowed
// whole; invalid bytes are skipped.
#ifndef VIEWS_TERM_KEYS_H
#define VIEWS_TERM_KEYS_H

#include "core/base/str.h"
#include "views/input.h"

#define KEY_STRINGS_MOST 32
#define KEY_PASTE_MOST (1 << 20) // the rest of a longer paste is dropped

struct key_reader {
    struct {
        char bytes[16];
        uint32_t code;
    } strings[KEY_STRINGS_MOST]; // what terminfo says beyond the sequences every terminal shares
    size_t string_count;
    char pending[512]; // bytes not understood yet
    size_t length;
    struct str paste;
    bool pasting;
};

void key_reader_free(struct key_reader *reader);
// Room for more bytes; add at most so many.
size_t key_reader_room(const struct key_reader *reader);
void key_reader_add(struct key_reader *reader, const char *bytes, size_t count);
// The next event; type INPUT_NONE when the bytes are used up or incomplete. `final`: no more will come soon, so a
// lone Esc is the key.
void key_reader_next(struct key_reader *reader, bool final, struct input_event *event);
bool key_reader_waiting(const struct key_reader *reader); // incomplete bytes are left

#endif
