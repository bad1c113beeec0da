// Cells that mean "missing", and cells that may. Any thread.
#ifndef DATASETS_CELL_TOKENS_H
#define DATASETS_CELL_TOKENS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

struct missing_token {
    const char *text;
    size_t length;
};
struct missing_tokens { // pandas' list, and the caller's own after it
    struct missing_token *items;
    size_t count;
    uint64_t lengths[256]; // of the tokens that begin with a byte: bit l; 63 and more are bit 63
    bool ends[256];        // some token ends with the byte: hardly a digit, so that numbers are told by their last one
    bool numbers;          // some token ends like a plain number: in a digit or a point
};
// Pandas' list and the caller's `extra`, kept by reference.
enum status missing_tokens_make(struct missing_tokens *tokens, const char *const *extra, size_t extra_count,
                                struct error *error);
// The caller's own alone: empty cells and those, nothing else is missing.
enum status missing_tokens_own(struct missing_tokens *tokens, const char *const *own, size_t own_count,
                               struct error *error);
// Those of one column. Of `given`, "COLUMN=TEXT" means TEXT in that column alone (a column's own name may have a
// '=' in it); everything else, and the whole of such a text, means itself in every column. `usual`: pandas' list too.
enum status missing_tokens_column(struct missing_tokens *tokens, bool usual, const char *const *given,
                                  size_t given_count, const char *column, struct error *error);
bool missing_tokens_name(const char *const *given, size_t given_count, const char *column); // any "COLUMN=…"
void missing_tokens_free(struct missing_tokens *tokens);
// Blanks around the text are passed over; nothing but blanks is missing.
bool cell_missing(const struct missing_tokens *tokens, const char *text, size_t length);
// The same for cells of which most are none: no call where first byte, last byte and length settle it.
static inline bool cell_missing_fast(const struct missing_tokens *tokens, const char *text, size_t length) {
    if (length > 0 && *text > ' ' && text[length - 1] > ' ' &&
        (!tokens->ends[(unsigned char)text[length - 1]] ||
         (tokens->lengths[(unsigned char)*text] >> (length < 63 ? length : 63) & 1) == 0))
        return false;
    return cell_missing(tokens, text, length);
}

// Words that often stand for "missing" and are no token of their own: "?", "-", "unknown" …
bool cell_suspect(const char *text, size_t length);

#endif
