#include "datasets/cell_tokens.h"

#include <string.h>
#include <strings.h>

#include "core/base/mem.h"
#include "datasets/cell_text.h"

static const char *const pandas_tokens[] = {
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A",      "NA",  "NULL",    "NaN",      "None", "n/a",  "nan",    "null",
};
#define PANDAS_TOKENS (sizeof pandas_tokens / sizeof *pandas_tokens)

// What `text` means in `column` alone; NULL: nothing.
static const char *behind_name(const char *text, const char *column) {
    size_t length = column == NULL ? 0 : strlen(column);
    return length > 0 && strncmp(text, column, length) == 0 && text[length] == '=' ? text + length + 1 : NULL;
}

static void add(struct missing_tokens *tokens, const char *text) {
    size_t length = text == NULL ? 0 : strlen(text);
    cell_trim(&text, &length);
    if (length == 0)
        return;
    tokens->items[tokens->count++] = (struct missing_token){text, length};
    tokens->lengths[(unsigned char)text[0]] |= (uint64_t)1 << (length < 63 ? length : 63);
    tokens->ends[(unsigned char)text[length - 1]] = true;
    tokens->numbers = tokens->numbers || is_digit(text[length - 1]) || text[length - 1] == '.';
}

enum status missing_tokens_column(struct missing_tokens *tokens, bool usual, const char *const *given,
                                  size_t given_count, const char *column, struct error *error) {
    size_t most = PANDAS_TOKENS + 2 * given_count;
    *tokens = (struct missing_tokens){0};
    tokens->items = mem_alloc(most, sizeof *tokens->items);
    if (tokens->items == NULL)
        return error_memory(error, "missing tokens", most * sizeof *tokens->items);
    for (size_t i = 0; usual && i < PANDAS_TOKENS; i++)
        add(tokens, pandas_tokens[i]);
    for (size_t i = 0; i < given_count; i++) {
        add(tokens, given[i]);
        add(tokens, behind_name(given[i], column));
    }
    return STATUS_OK;
}

bool missing_tokens_name(const char *const *given, size_t given_count, const char *column) {
    for (size_t i = 0; i < given_count; i++)
        if (behind_name(given[i], column) != NULL)
            return true;
    return false;
}

enum status missing_tokens_make(struct missing_tokens *tokens, const char *const *extra, size_t extra_count,
                                struct error *error) {
    return missing_tokens_column(tokens, true, extra, extra_count, NULL, error);
}

enum status missing_tokens_own(struct missing_tokens *tokens, const char *const *own, size_t own_count,
                               struct error *error) {
    return missing_tokens_column(tokens, false, own, own_count, NULL, error);
}

void missing_tokens_free(struct missing_tokens *tokens) {
    mem_free(tokens->items);
    tokens->items = NULL;
}

bool cell_missing(const struct missing_tokens *tokens, const char *text, size_t length) {
    cell_trim(&text, &length);
    if (length == 0)
        return true;
    if (tokens->lengths[(unsigned char)text[0]] == 0)
        return false;
    for (size_t i = 0; i < tokens->count; i++)
        if (tokens->items[i].length == length && memcmp(tokens->items[i].text, text, length) == 0)
            return true;
    return false;
}

bool cell_suspect(const char *text, size_t length) {
    static const char *const words[] = {"?",       "-",         "--",          ".",   "..",           "*",
                                        "unknown", "missing",   "none",        "na",  "n.a.",         "nil",
                                        "x",       "undefined", "unspecified", "tbd", "not available"};
    cell_trim(&text, &length);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == length && strncasecmp(words[i], text, length) == 0)
            return true;
    return false;
}
