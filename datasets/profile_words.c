// Figures of words, and the list of the most frequent values.
#include <string.h>

#include "core/base/mem.h"
#include "datasets/profile_parts.h"

void top_insert(struct column_profile *out, struct word_count entry, bool (*before)(const char *, const char *)) {
    size_t at = out->top_count;
    while (at > 0 &&
           (out->top[at - 1].count < entry.count ||
            (out->top[at - 1].count == entry.count && before != NULL && before(entry.word, out->top[at - 1].word))))
        at--;
    if (at == PROFILE_TOP)
        return;
    size_t last = out->top_count < PROFILE_TOP ? out->top_count : PROFILE_TOP - 1;
    memmove(&out->top[at + 1], &out->top[at], (last - at) * sizeof *out->top);
    out->top[at] = entry;
    out->top_count = last + 1;
}

static bool word_before(const char *a, const char *b) {
    return strcmp(a, b) < 0;
}

static enum status count_codes(void *context, const struct column_cells *cells, struct error *error) {
    uint64_t *counts = context;
    (void)error;
    if (cells->missing == NULL) {
        for (size_t i = 0; i < cells->count; i++)
            counts[cells->codes[i]]++;
        return STATUS_OK;
    }
    for (size_t i = 0; i < cells->count; i++)
        counts[cells->codes[i]] += !cells_missing(cells, i);
    return STATUS_OK;
}

enum status word_figures(const struct column *column, struct column_profile *out, uint64_t **counts,
                         struct error *error) {
    uint64_t *count = mem_alloc(column->word_count + 1, sizeof *count);
    if (count == NULL)
        return error_memory(error, "word counts", column->word_count * sizeof *count);
    enum status status = column_each(column, count_codes, count, error);
    for (size_t code = 0; code < column->word_count && status == STATUS_OK; code++) {
        if (count[code] == 0)
            continue;
        out->distinct++;
        if (out->top_count < PROFILE_TOP || count[code] >= out->top[PROFILE_TOP - 1].count)
            top_insert(out, (struct word_count){column->words[code], count[code]}, word_before);
    }
    size_t cells = column->rows - column->missing_count;
    out->constant = out->distinct == 1;
    out->id_like = cells == column->rows && cells >= 20 && out->distinct == cells;
    if (counts != NULL && status == STATUS_OK)
        *counts = count;
    else
        mem_free(count);
    return status;
}
