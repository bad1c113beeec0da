// What a cell of text is: a number, a date, missing, or a word.
#ifndef DATASETS_TYPES_H
#define DATASETS_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

struct number_cell {
    double value;
    bool code;   // digits with a leading zero ("007"): reading it as a number loses them
    bool beyond; // whole and larger than 2^53: a double cannot hold it exactly
};

// Blanks around the text are passed over. `text` need not be NUL-terminated.
bool number_cell_read(const char *text, size_t length, struct number_cell *number);
// ISO 8601: YYYY-MM-DD, with "T" or a blank HH:MM[:SS[.fraction]] and Z or an offset ±HH[:MM] after it.
// Seconds since 1970-01-01 UTC; no offset means UTC.
bool cell_date(const char *text, size_t length, double *seconds);

struct missing_token {
    const char *text;
    size_t length;
};
struct missing_tokens { // pandas' list, and the caller's own after it
    struct missing_token *items;
    size_t count;
    bool first[256]; // bytes that some token begins with
};
// Keeps the caller's texts by reference.
enum status missing_tokens_make(struct missing_tokens *tokens, const char *const *extra, size_t extra_count,
                                struct error *error);
void missing_tokens_free(struct missing_tokens *tokens);
// Blanks around the text are passed over; nothing but blanks is missing.
bool cell_missing(const struct missing_tokens *tokens, const char *text, size_t length);

// Words that often stand for "missing" and are no token of their own: "?", "-", "unknown" …
bool cell_suspect(const char *text, size_t length);

#endif
