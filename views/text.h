// Text from data, made safe and measured. Every character shown goes through text_next, which never
// yields a control character, an escape or a bidirectional control: those become visible marks (␛ ␀ …,
// in ASCII mode \x1b \u202e). Widths come from our own Unicode table, so they are the same everywhere.
// No allocation; `out` buffers belong to the caller and are always NUL-terminated, cut at a character
// boundary. Any thread, except text_locale_set (start-up).
#ifndef VIEWS_TEXT_H
#define VIEWS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_MARKS 3 // combining marks kept per character; more are dropped

enum text_align { TEXT_LEFT, TEXT_CENTER, TEXT_RIGHT };

// What one step through a text shows: `count` cells' worth of characters. A plain character has
// count 1; a mark in ASCII mode (\x1b) has up to 10.
struct text_glyph {
    uint32_t codes[10];
    uint32_t marks[TEXT_MARKS]; // on codes[0]
    int count;                  // characters in `codes`
    int width;                  // cells they take together; 1 or 2 when count is 1
    bool replaced;              // stands for something that must not be shown raw
};

// Takes the next character with its combining marks off `text` (`length` bytes); returns the bytes
// used, 0 at the end. Joiners and variation selectors take no room and are not passed on; an invalid
// byte shows as U+FFFD ('?' in ASCII mode).
size_t text_next(const char *text, size_t length, bool ascii, struct text_glyph *glyph);

int text_code_width(uint32_t code);   // 0 combining, 1, 2; what text_next would replace counts 1
uint32_t text_ascii_of(uint32_t code); // the nearest printable ASCII character; '?' when there is none

int text_width(const char *text, bool ascii); // columns
int text_width_bytes(const char *text, size_t length, bool ascii);

// The bytes of `text` that fit into `columns`, whole characters only; `*used` (may be NULL) columns.
size_t text_fit(const char *text, size_t length, int columns, bool ascii, int *used);
// A safe copy, cut to `columns` with an ellipsis at the end (… or ~). Returns `out`.
char *text_cut(const char *text, int columns, bool ascii, char *out, size_t size);
// Cut in the middle, so that both ends of a path stay readable.
char *text_cut_middle(const char *text, int columns, bool ascii, char *out, size_t size);
// A safe copy, cut or padded to exactly `columns`.
char *text_pad(const char *text, int columns, enum text_align align, bool ascii, char *out, size_t size);

// ---- numbers for people ------------------------------------------------------------------------

#define TEXT_NUMBER_SIZE 48

enum number_form {
    NUMBER_SCREEN, // the locale's point and grouping
    NUMBER_PLAIN,  // '.' and no grouping: files, clipboards, tests
};

// The point and the grouping mark of NUMBER_SCREEN; NULL or "" for `group` is a blank when `point` is
// "." and nothing was said (the C locale). Call once after setlocale with localeconv's fields.
void text_locale_set(const char *point, const char *group);

char *text_integer(int64_t value, enum number_form form, char out[TEXT_NUMBER_SIZE]);
char *text_fixed(double value, int decimals, enum number_form form, char out[TEXT_NUMBER_SIZE]);
// So many significant digits, switching to 1.2e-05 where that is shorter: statistics and axes.
char *text_real(double value, int digits, enum number_form form, char out[TEXT_NUMBER_SIZE]);
char *text_percent(double share, int decimals, enum number_form form, char out[TEXT_NUMBER_SIZE]); // 0.5 = "50 %"
char *text_bytes(double bytes, enum number_form form, char out[TEXT_NUMBER_SIZE]);  // "3.9 MB", powers of 1000
char *text_count(double count, enum number_form form, char out[TEXT_NUMBER_SIZE]);  // "41.8 k", "1.20 M"

#endif
