// For memrchr.
#define _GNU_SOURCE
#include "datasets/csv_pieces.h"

#include <string.h>

#include "core/base/mem.h"
#include "datasets/cell_number.h"
#include "datasets/csv.h"
#include "datasets/csv_index.h"

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

// A CR at the very end may be half of a CRLF.
static bool ends_line(const char *text, size_t length, size_t at) {
    return text[at] == '\n' || (at + 1 < length && text[at + 1] != '\n');
}

static size_t last_line_end(const char *text, size_t length, char end) {
    for (size_t to = length; to > 0;) {
        const char *found = memrchr(text, end, to);
        if (found == NULL)
            return 0;
        to = (size_t)(found - text);
        if (ends_line(text, length, to))
            return to + 1;
    }
    return 0;
}

// Text looked through from its front: whether a quoted cell is open, and where the last row so far ends.
struct search {
    const struct dialect *dialect;
    const char *text;
    size_t length;
    size_t at; // quotes before it have been seen to
    bool open;
    size_t last;
};

// Bits from `at` on.
static uint64_t bits_from(size_t at) {
    return at >= 64 ? 0 : UINT64_MAX << at;
}

// `lines`: the line ends at text[first …] outside of quoted cells.
static void note_ends(struct search *search, uint64_t lines, size_t first) {
    while (lines != 0) {
        size_t bit = 63 - (size_t)__builtin_clzll(lines);
        if (ends_line(search->text, search->length, first + bit)) {
            search->last = first + bit + 1;
            return;
        }
        lines &= ~((uint64_t)1 << bit);
    }
}

// The quote at text[quote] in a quoted cell: it closes unless it is escaped or the first of two.
static void see_quote(struct search *search, size_t quote) {
    const struct dialect *dialect = search->dialect;
    bool escaped = dialect->escape > 0 && quote > search->at && search->text[quote - 1] == dialect->escape;
    bool doubled = quote + 1 < search->length && search->text[quote + 1] == dialect->quote;
    search->open = escaped || doubled;
    search->at = quote + (!escaped && doubled ? 2 : 1);
}

// Up to 64 bytes from `first` on, of which `quotes` and `lines` are such.
static void search_block(struct search *search, size_t first, uint64_t quotes, uint64_t lines) {
    size_t plain = 0; // from here on no cell is open, if none is
    for (; quotes != 0; quotes &= quotes - 1) {
        size_t bit = (size_t)__builtin_ctzll(quotes);
        if (first + bit < search->at)
            continue;
        if (search->open) {
            see_quote(search, first + bit);
            plain = bit + 1;
        } else if (begins_cell(search->dialect, search->text, first + bit)) {
            note_ends(search, lines & bits_from(plain) & ~bits_from(bit), first);
            search->open = true;
            search->at = first + bit + 1;
        }
    }
    if (!search->open)
        note_ends(search, lines & bits_from(plain), first);
}

// The end of the last row in the text, or 0; `end` is the character that ends rows.
static size_t last_row_end(const struct dialect *dialect, const char *text, size_t length, char end) {
    if (dialect->quote <= 0)
        return last_line_end(text, length, end);
    struct search search = {.dialect = dialect, .text = text, .length = length};
    for (size_t first = 0; first < length; first += 64) {
        size_t count = length - first < 64 ? length - first : 64;
        search_block(&search, first, csv_index_byte(text + first, count, (char)dialect->quote),
                     csv_index_byte(text + first, count, end));
    }
    return search.last;
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
