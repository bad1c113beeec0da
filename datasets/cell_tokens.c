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

static enum status make(struct missing_tokens *tokens, size_t usual, const char *const *own, size_t own_count,
                        struct error *error) {
    *tokens = (struct missing_tokens){0};
    tokens->items = mem_alloc(usual + own_count + 1, sizeof *tokens->items);
    if (tokens->items == NULL)
        return error_memory(error, "missing tokens", (usual + own_count) * sizeof *tokens->items);
    for (size_t i = 0; i < usual + own_count; i++) {
        const char *text = i < usual ? pandas_tokens[i] : own[i - usual];
        size_t length = strlen(text);
        cell_trim(&text, &length);
        if (length == 0)
            continue;
        tokens->items[tokens->count++] = (struct missing_token){text, length};
        tokens->first[(unsigned char)text[0]] = true;
    }
    return STATUS_OK;
}

enum status missing_tokens_make(struct missing_tokens *tokens, const char *const *extra, size_t extra_count,
                                struct error *error) {
    return make(tokens, PANDAS_TOKENS, extra, extra_count, error);
}

enum status missing_tokens_own(struct missing_tokens *tokens, const char *const *own, size_t own_count,
                               struct error *error) {
    return make(tokens, 0, own, own_count, error);
}

void missing_tokens_free(struct missing_tokens *tokens) {
    mem_free(tokens->items);
    tokens->items = NULL;
}

bool cell_missing(const struct missing_tokens *tokens, const char *text, size_t length) {
    cell_trim(&text, &length);
    if (length == 0)
        return true;
    if (!tokens->first[(unsigned char)text[0]])
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
