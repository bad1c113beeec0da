// Cells that mean "missing", and cells that may. Any thread.
#ifndef DATASETS_CELL_TOKENS_H
#define DATASETS_CELL_TOKENS_H

#include <stddef.h>

#include "core/base/status.h"

struct missing_token {
    const char *text;
    size_t length;
};
struct missing_tokens { // pandas' list, and the caller's own after it
    struct missing_token *items;
    size_t count;
    bool first[256]; // bytes that some token begins with
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
// The same for cells of which most are numbers: no call when the first byte settles it.
static inline bool cell_missing_fast(const struct missing_tokens *tokens, const char *text, size_t length) {
    if (length > 0 && !tokens->first[(unsigned char)*text] && *text != ' ' && *text != '\t')
        return false;
    return cell_missing(tokens, text, length);
}

// Words that often stand for "missing" and are no token of their own: "?", "-", "unknown" …
bool cell_suspect(const char *text, size_t length);

#endif
