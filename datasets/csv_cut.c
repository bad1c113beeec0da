// Cutting a row into cells where it lies. Rows that need no interpretation are cut here, byte by byte or from mark
// to mark of an index (csv_index.h); the others are libcsv's (csv_record.c).
#include <string.h>

#include "core/base/mem.h"
#include "datasets/csv_reader.h"

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

// Adds the cell text[from … to), without blanks around it where the dialect says so.
static enum status add_cell(struct csv_reader *reader, const char *text, size_t from, size_t to, struct error *error) {
    if (reader->dialect.skip_blanks == 1) {
        while (from < to && is_blank(text[from]))
            from++;
        while (to > from && is_blank(text[to - 1]))
            to--;
    }
    return csv_reader_cell(reader, text + from, to - from, error);
}

static bool at_delimiter(const struct csv_reader *reader, const char *text, size_t left) {
    size_t length = reader->delimiter_length;
    return length == 1 || (left >= length && memcmp(text, reader->dialect.delimiter, length) == 0);
}

// ---- the short way --------------------------------------------------------------------------------

// A quoted cell at text[at] that closes on its line without inner quotes; *at is then behind it.
static enum csv_cut cut_quoted(struct csv_reader *reader, const char *text, size_t count, size_t *at,
                               enum status *status, struct error *error) {
    size_t from = *at + 1;
    size_t to = from;
    while (to < count && text[to] != reader->dialect.quote) {
        unsigned char class = reader->class[(unsigned char)text[to]];
        if (class > BYTE_DELIMITER)
            return CSV_CUT_HARD;
        to++;
    }
    if (to + 1 >= count)
        return reader->ended && to < count ? CSV_CUT_HARD : CSV_CUT_MORE;
    unsigned char next = reader->class[(unsigned char)text[to + 1]];
    bool closed = next == BYTE_CR || next == BYTE_LF ||
                  (next == BYTE_DELIMITER && at_delimiter(reader, text + to + 1, count - to - 1));
    if (!closed)
        return CSV_CUT_HARD;
    *status = csv_reader_cell(reader, text + from, to - from, error);
    *at = to + 1;
    return CSV_CUT_ROW;
}

void csv_reader_count_ending(struct csv_reader *reader, bool cr, bool lf) {
    reader->windows_ends += cr && lf;
    reader->mac_ends += cr && !lf;
    reader->unix_ends += !cr && lf;
}

// Finds the end of a plain cell from `at`.
static size_t plain_end(const struct csv_reader *reader, const char *text, size_t at, size_t count) {
    for (; at < count; at++) {
        unsigned char class = reader->class[(unsigned char)text[at]];
        if (class != BYTE_PLAIN && (class != BYTE_DELIMITER || at_delimiter(reader, text + at, count - at)))
            break;
    }
    return at;
}

static bool quote_begins(const struct csv_reader *reader, const char *text, size_t at, size_t count) {
    if (reader->dialect.quote == 0)
        return false;
    while (reader->dialect.skip_blanks == 1 && at < count && is_blank(text[at]))
        at++;
    return at < count && text[at] == reader->dialect.quote;
}

// Cuts the row at text[0]; *used counts its line end too.
enum csv_cut csv_cut_row(struct csv_reader *reader, size_t *used, enum status *status, struct error *error) {
    const char *text = reader->buffer + reader->start;
    size_t count = reader->end - reader->start;
    reader->cell_count = 0;
    for (size_t at = 0;;) {
        if (at < count && text[at] == reader->dialect.quote && reader->dialect.quote != 0) {
            enum csv_cut cut = cut_quoted(reader, text, count, &at, status, error);
            if (cut != CSV_CUT_ROW)
                return cut;
        } else if (quote_begins(reader, text, at, count)) {
            return CSV_CUT_HARD; // behind blanks
        } else {
            size_t end = plain_end(reader, text, at, count);
            if (end < count || reader->ended)
                *status = add_cell(reader, text, at, end, error);
            at = end;
        }
        if (*status != STATUS_OK)
            return CSV_CUT_ROW;
        if (at >= count) {
            *used = count;
            if (!reader->ended)
                return CSV_CUT_MORE;
            csv_reader_end_cells(reader);
            return CSV_CUT_ROW;
        }
        switch (reader->class[(unsigned char)text[at]]) {
        case BYTE_DELIMITER:
            at += reader->delimiter_length;
            continue;
        case BYTE_ESCAPE:
            return CSV_CUT_HARD;
        case BYTE_CR:
            if (at + 1 >= count && !reader->ended)
                return CSV_CUT_MORE;
            *used = at + (at + 1 < count && text[at + 1] == '\n' ? 2 : 1);
            csv_reader_count_ending(reader, true, *used == at + 2);
            csv_reader_end_cells(reader);
            return CSV_CUT_ROW;
        default:
            *used = at + 1;
            csv_reader_count_ending(reader, false, true);
            csv_reader_end_cells(reader);
            return CSV_CUT_ROW;
        }
    }
}

void csv_reader_end_cells(struct csv_reader *reader) { // cells lie in the buffer, each before a byte that is spent
    for (size_t i = 0; i < reader->cell_count; i++)
        reader->buffer[(size_t)(reader->cells[i].text - reader->buffer) + reader->cells[i].length] = '\0';
}

enum status csv_reader_split_plain(struct csv_reader *reader, size_t length, struct error *error) {
    const char *text = reader->buffer + reader->start;
    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
        length--;
    enum status status = STATUS_OK;
    reader->cell_count = 0;
    for (size_t at = 0; status == STATUS_OK;) {
        size_t end = at;
        while (end < length &&
               !(text[end] == reader->dialect.delimiter[0] && at_delimiter(reader, text + end, length - end)))
            end++;
        bool quoted = end - at >= 2 && text[at] == reader->dialect.quote && text[end - 1] == reader->dialect.quote;
        status = quoted ? csv_reader_cell(reader, text + at + 1, end - at - 2, error)
                        : add_cell(reader, text, at, end, error);
        if (end >= length)
            break;
        at = end + reader->delimiter_length;
    }
    return status;
}

// ---- from mark to mark ------------------------------------------------------------------------------

// What cutting a row from its index needs: the buffer, and the mark it has come to.
struct cutting {
    struct csv_reader *reader;
    char *text;
    const uint32_t *mark;
    bool doubled; // some quoted cell holds doubled quotes
};

static bool is_line_end(char c) {
    return c == '\n' || c == '\r';
}

// The quoted cell that begins at *mark; false when libcsv has to look. The mark is then behind the closing quote.
static bool skip_quoted(struct cutting *cutting, size_t *close) {
    const struct csv_reader *reader = cutting->reader;
    const char *text = cutting->text;
    const uint32_t *mark = cutting->mark + 1;
    for (;; mark++) {
        if (*mark >= reader->end || is_line_end(text[*mark]))
            return false;
        if (text[*mark] != reader->dialect.quote)
            continue;
        if (mark[1] != *mark + 1 || text[mark[1]] != reader->dialect.quote)
            break;
        cutting->doubled = true;
        mark++;
    }
    *close = *mark;
    cutting->mark = mark + 1;
    return mark[1] == *mark + 1; // a delimiter or the line's end follows at once
}

// Of two quotes in a quoted cell one stays.
static void undouble_cell(struct csv_reader *reader, struct csv_cell *cell) {
    char quote = reader->dialect.quote, *text = reader->buffer + (cell->text - reader->buffer);
    if (text == reader->buffer || text[-1] != quote || memchr(text, quote, cell->length) == NULL)
        return;
    size_t kept = 0;
    for (size_t at = 0; at < cell->length; at++, kept++) {
        text[kept] = text[at];
        at += text[at] == quote;
    }
    cell->length = kept;
}

static enum status add_here(struct csv_reader *reader, const char *text, size_t from, size_t to, struct error *error) {
    if (reader->cell_count == reader->cell_capacity || reader->dialect.skip_blanks == 1)
        return add_cell(reader, text, from, to, error);
    reader->cells[reader->cell_count++] = (struct csv_cell){text + from, to - from};
    return STATUS_OK;
}

// The cell at text[at]; the mark is then at what ends it.
static enum csv_cut cut_cell(struct cutting *cutting, size_t at, enum status *status, struct error *error) {
    struct csv_reader *reader = cutting->reader;
    char quote = reader->dialect.quote;
    if (quote != 0 && *cutting->mark == at && cutting->text[at] == quote) {
        size_t close = 0;
        if (!skip_quoted(cutting, &close))
            return CSV_CUT_HARD;
        *status = csv_reader_cell(reader, cutting->text + at + 1, close - at - 1, error);
        return CSV_CUT_ROW;
    }
    if (reader->dialect.skip_blanks == 1 && quote_begins(reader, cutting->text, at, reader->end))
        return CSV_CUT_HARD;
    while (*cutting->mark < reader->end && quote != 0 && cutting->text[*cutting->mark] == quote)
        cutting->mark++; // text, within a cell
    if (*cutting->mark >= reader->end)
        return CSV_CUT_MORE;
    *status = add_here(reader, cutting->text, at, *cutting->mark, error);
    return CSV_CUT_ROW;
}

static void end_row(struct cutting *cutting, size_t *used) {
    struct csv_reader *reader = cutting->reader;
    const uint32_t *mark = cutting->mark;
    bool cr = cutting->text[*mark] == '\r';
    bool pair = cr && mark[1] == *mark + 1 && mark[1] < reader->end && cutting->text[mark[1]] == '\n';
    *used = *mark + (pair ? 2 : 1) - reader->start;
    csv_reader_count_ending(reader, cr, !cr || pair);
    reader->index->next = (size_t)(mark - reader->index->at) + (pair ? 2 : 1);
    for (size_t i = 0; cutting->doubled && i < reader->cell_count; i++)
        undouble_cell(reader, &reader->cells[i]);
    csv_reader_end_cells(reader);
}

enum csv_cut csv_cut_indexed(struct csv_reader *reader, size_t *used, enum status *status, struct error *error) {
    struct csv_index *index = reader->index;
    while (index->at[index->next] < reader->start)
        index->next++;
    struct cutting cutting = {.reader = reader, .text = reader->buffer, .mark = &index->at[index->next]};
    reader->cell_count = 0;
    for (size_t at = reader->start;; at = *cutting.mark++ + 1) {
        enum csv_cut cut = cut_cell(&cutting, at, status, error);
        if (cut != CSV_CUT_ROW || *status != STATUS_OK)
            return cut;
        if (is_line_end(reader->buffer[*cutting.mark]))
            break;
    }
    end_row(&cutting, used);
    return CSV_CUT_ROW;
}

// What cutting plain rows needs of the reader.
struct plain {
    const char *text;
    size_t end, width, stride;
    char delimiter, quote; // 0: none, and no cell has a NUL
    bool doubled;          // a quoted cell of the row holds doubled quotes
};

// The mark behind the quoted cell that begins at *mark, or NULL where libcsv has to look; *close: its other quote.
static const uint32_t *plain_quoted(struct plain *plain, const uint32_t *mark, size_t *close) {
    for (mark++; *mark < plain->end; mark++) {
        char c = plain->text[*mark];
        if (is_line_end(c))
            return NULL;
        if (c != plain->quote)
            continue;
        *close = *mark++;
        if (*mark != *close + 1)
            return NULL;
        if (*mark >= plain->end || plain->text[*mark] != plain->quote)
            return mark;
        plain->doubled = true;
    }
    return NULL;
}

// One row without line ends in its cells: they go to cells[0], cells[stride] …; the mark behind it, or NULL when it is
// no such row.
static inline const uint32_t *cut_plain(struct plain *plain, size_t at, const uint32_t *mark, struct csv_cell *cells) {
    const char *text = plain->text;
    size_t end = plain->end;
    plain->doubled = false;
    for (size_t i = 0;; i++) {
        if (*mark >= end)
            return NULL;
        if (*mark == at && text[at] == plain->quote) {
            size_t close = 0;
            mark = plain_quoted(plain, mark, &close);
            if (mark == NULL || *mark >= end)
                return NULL;
            cells[i * plain->stride] = (struct csv_cell){text + at + 1, close - at - 1};
        } else {
            cells[i * plain->stride] = (struct csv_cell){text + at, *mark - at};
        }
        if (i + 1 == plain->width)
            break;
        if (text[*mark] != plain->delimiter)
            return NULL;
        at = *mark++ + 1;
    }
    bool cr = text[*mark] == '\r';
    if (cr ? mark[1] != *mark + 1 || mark[1] >= end || text[mark[1]] != '\n' : text[*mark] != '\n')
        return NULL;
    return mark + (cr ? 2 : 1);
}

size_t csv_reader_plain_rows(struct csv_reader *reader, size_t width, size_t most, struct csv_cell *cells,
                             uint64_t *lines) {
    struct csv_index *index = reader->index;
    if (index == NULL || width < 2 || reader->dialect.skip_blanks == 1 || reader->done)
        return 0;
    while (index->at[index->next] < reader->start)
        index->next++;
    const uint32_t *mark = &index->at[index->next], *behind;
    struct plain plain = {.text = reader->buffer,
                          .end = reader->end,
                          .width = width,
                          .stride = most,
                          .delimiter = reader->dialect.delimiter[0],
                          .quote = reader->dialect.quote};
    size_t rows = 0, at = reader->start;
    for (; rows < most; rows++, mark = behind) {
        behind = cut_plain(&plain, at, mark, cells + rows);
        if (behind == NULL)
            break;
        for (size_t i = 0; plain.doubled && i < width; i++)
            undouble_cell(reader, &cells[rows + i * most]);
        at = behind[-1] + 1;
        csv_reader_count_ending(reader, reader->buffer[at - 2] == '\r', true);
        lines[rows] = reader->line++;
    }
    reader->start = at;
    index->next = (size_t)(mark - index->at);
    return rows;
}
