// A growable, always NUL-terminated byte string. `struct str s = {0}` is an empty one; str_free
// releases it. When memory runs out the string keeps what it has, `failed` is set, and later
// appends do nothing: check once at the end.
#ifndef CORE_BASE_STR_H
#define CORE_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
    char *text; // NULL while empty: use str_text to read
    size_t length, capacity;
    bool failed;
};

void str_free(struct str *s);
void str_clear(struct str *s); // keeps the memory
void str_add(struct str *s, const char *text);
void str_add_bytes(struct str *s, const void *bytes, size_t count);
void str_add_char(struct str *s, char c);
void str_format(struct str *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void str_add_base64(struct str *s, const void *bytes, size_t count); // RFC 4648, padded
const char *str_text(const struct str *s); // never NULL

// The shortest decimal text that reads back as the same bits (%.9g / %.17g tightened; "nan",
// "inf", "-inf"); always with '.' whatever the locale. `out` holds 32 bytes. Returns `out`.
char *number_text(double value, char out[32]);
char *number_text_float(float value, char out[32]);
// Reads one whole number; locale-independent, correctly rounded (beyond the range: infinity). False
// when `text` is not one: blanks around it and hexadecimal are refused, "nan" and "inf" are numbers.
bool number_parse(const char *text, double *value);
bool integer_parse(const char *text, int64_t *value);

// UTF-8. Decodes the character at `text` (at most `length` bytes) into `*code`; returns its bytes.
// An invalid sequence gives U+FFFD and 1 byte. 0 at the end.
size_t utf8_decode(const char *text, size_t length, uint32_t *code);
size_t utf8_encode(uint32_t code, char out[4]); // returns bytes written
bool utf8_valid(const char *text, size_t length);
// How many of `length` bytes to keep so that the text does not end inside a character: for text
// that a fixed buffer may have cut.
size_t utf8_cut(const char *text, size_t length);

bool text_equal(const char *a, const char *b);             // NULL-safe
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
// Case-insensitive subsequence match with a score (higher is better, <0 no match): the palette,
// the file prompt and "did you mean" use this one.
int text_fuzzy(const char *pattern, const char *text);
// Levenshtein's edit distance in characters; those after the 255th count as different.
size_t text_distance(const char *a, const char *b);

// Which of several names a word that is none of them was to be: text_nearest_of begins, text_nearest_try takes a name
// (kept by reference, as the word is), and the hint ends a sentence: "did you mean \"age\"?", or "there are age, city".
enum { TEXT_NAMES_SIZE = 320, TEXT_HINT_SIZE = TEXT_NAMES_SIZE + 32 };
struct text_nearest {
    const char *word, *name; // name NULL: all are farther away than a misspelling
    size_t least;                // a name must be nearer than that
    char names[TEXT_NAMES_SIZE]; // those tried, as far as there is room
};
struct text_nearest text_nearest_of(const char *word);
void text_nearest_try(struct text_nearest *nearest, const char *name);
char *text_nearest_hint(const struct text_nearest *nearest, char out[TEXT_HINT_SIZE]);

#endif
