// For memrchr.
#define _GNU_SOURCE
#include "datasets/csv_pieces.h"

#include <string.h>

#include "core/base/mem.h"
#include "datasets/cell_number.h"
#include "datasets/csv.h"

enum status csv_pieces_open(struct csv_pieces *pieces, const char *path, const struct dialect *dialect, size_t least,
                            struct task *task, struct error *error) {
    enum csv_encoding encoding;
    *pieces = (struct csv_pieces){.dialect = dialect, .least = least};
    if (!csv_encoding_find(dialect->encoding, &encoding))
        return error_set(error, STATUS_UNSUPPORTED, "%s: unknown encoding", path);
    return csv_input_open(&pieces->input, path, encoding, task, error);
}

void csv_pieces_close(struct csv_pieces *pieces) {
    csv_input_close(&pieces->input);
    mem_free(pieces->rest);
    pieces->rest = NULL;
}

// ---- where rows end -------------------------------------------------------------------------------

static bool begins_cell(const struct dialect *dialect, const char *text, size_t at) {
    if (at == 0)
        return true;
    char before = text[at - 1];
    return before == '\n' || before == '\r' || before == dialect->delimiter[strlen(dialect->delimiter) - 1];
}

// The quote that closes the one before text[at]; `length` when there is none.
static size_t closing_quote(const struct dialect *dialect, const char *text, size_t at, size_t length) {
    while (at < length) {
        const char *found = memchr(text + at, dialect->quote, length - at);
        if (found == NULL)
            return length;
        size_t quote = (size_t)(found - text);
        bool escaped = dialect->escape > 0 && quote > at && text[quote - 1] == dialect->escape;
        bool doubled = quote + 1 < length && text[quote + 1] == dialect->quote;
        if (!escaped && !doubled)
            return quote;
        at = quote + (escaped ? 1 : 2);
    }
    return length;
}

// The end of the last line in text[from … to), or 0. A CR at the very end may be half of a CRLF.
static size_t last_line_end(const char *text, size_t from, size_t to, size_t length, char end) {
    while (to > from) {
        const char *found = memrchr(text + from, end, to - from);
        if (found == NULL)
            return 0;
        size_t at = (size_t)(found - text);
        if (end == '\n' || (at + 1 < length && text[at + 1] != '\n'))
            return at + 1;
        to = at;
    }
    return 0;
}

// The end of the last row in the text, or 0; `end` is the character that ends rows.
static size_t last_row_end(const struct dialect *dialect, const char *text, size_t length, char end) {
    size_t last = 0, at = 0;
    if (dialect->quote <= 0)
        return last_line_end(text, 0, length, length, end);
    while (at < length) {
        const char *found = memchr(text + at, dialect->quote, length - at);
        size_t quote = found == NULL ? length : (size_t)(found - text);
        size_t here = last_line_end(text, at, quote, length, end);
        last = here > 0 ? here : last;
        if (quote == length)
            break;
        at = quote + 1;
        if (begins_cell(dialect, text, quote))
            at = closing_quote(dialect, text, at, length) + 1;
    }
    return last;
}

// ---- pieces ---------------------------------------------------------------------------------------

static enum status reserve(struct csv_text *text, size_t bytes, struct error *error) {
    if (bytes + NUMBER_PADDING <= text->capacity)
        return STATUS_OK;
    char *grown = mem_resize(text->bytes, bytes + NUMBER_PADDING, 1);
    if (grown == NULL)
        return error_memory(error, "a piece of the file", bytes);
    text->bytes = grown;
    text->capacity = bytes + NUMBER_PADDING;
    return STATUS_OK;
}

static enum status fill(struct csv_pieces *pieces, struct csv_text *text, size_t bytes, struct error *error) {
    enum status status = reserve(text, bytes + CSV_DECODED, error);
    while (status == STATUS_OK && !pieces->ended && text->length < bytes) {
        size_t got = 0;
        status = csv_input_read(&pieces->input, text->bytes + text->length, &got, error);
        text->length += got;
        pieces->ended = status == STATUS_OK && got == 0;
    }
    return status;
}

static enum status keep_rest(struct csv_pieces *pieces, struct csv_text *text, size_t end, struct error *error) {
    size_t rest = text->length - end;
    if (!vec_reserve(&pieces->rest, &pieces->rest_capacity, rest, 1))
        return error_memory(error, "a piece of the file", rest);
    if (rest > 0)
        memcpy(pieces->rest, text->bytes + end, rest);
    pieces->rest_count = rest;
    text->length = end;
    return STATUS_OK;
}

// The end of the last row that ends within the first `within` bytes, or 0.
static size_t find_end(const struct csv_pieces *pieces, const struct csv_text *text, size_t within) {
    if (pieces->ended && within == text->length)
        return within;
    size_t end = last_row_end(pieces->dialect, text->bytes, within, '\n');
    return end > 0 ? end : last_row_end(pieces->dialect, text->bytes, within, '\r');
}

enum status csv_pieces_take(struct csv_pieces *pieces, struct csv_text *text, bool *found, struct error *error) {
    size_t end = 0, most = pieces->least; // bytes that the piece may have
    enum status status = reserve(text, pieces->rest_count, error);
    if (status != STATUS_OK)
        return status;
    if (pieces->rest_count > 0)
        memcpy(text->bytes, pieces->rest, pieces->rest_count);
    text->length = pieces->rest_count;
    pieces->rest_count = 0;
    for (; end == 0; most *= 2) {
        status = fill(pieces, text, most, error);
        if (status != STATUS_OK)
            return status;
        end = find_end(pieces, text, most < text->length ? most : text->length);
        if (pieces->ended && text->length == 0)
            break;
        if (end == 0 && most > CSV_RECORD_MOST)
            return error_set(error, STATUS_UNSUPPORTED, "no end of a row in %zu bytes", most);
    }
    *found = text->length > 0;
    text->index = pieces->count++;
    text->last = pieces->ended && end == text->length;
    return keep_rest(pieces, text, end, error);
}
