// Which lines come before the table: titles, comments, blank ones. Judged by the rows near the top of a sample.
#include <string.h>

#include "datasets/csv_reader.h"
#include "datasets/csv_sample.h"
#include "datasets/types.h"

enum { SKIP_MOST = 100 }; // rows looked at

static bool all_words(const struct csv_row *row) {
    struct number_cell number;
    for (size_t i = 0; i < row->count; i++)
        if (row->cells[i].length == 0 || number_cell_read(row->cells[i].text, row->cells[i].length, &number))
            return false;
    return true;
}

enum { TOP_ROWS = 12 }; // rows among which a short one may end the lines before the table

struct top { // of the first rows: how long they are, how many cells are not empty, and where they begin
    size_t count[SKIP_MOST], filled[SKIP_MOST], line[SKIP_MOST], rows;
    bool words[SKIP_MOST];
};

static size_t filled_cells(const struct csv_row *row) {
    size_t filled = 0;
    for (size_t i = 0; i < row->count; i++)
        filled += row->cells[i].length > 0;
    return filled;
}

static enum status read_top(const struct csv_sample *sample, const struct dialect *dialect, struct top *top,
                            struct error *error) {
    struct csv_reader reader;
    enum status status =
        csv_reader_open_text(&reader, sample->path, sample->text, sample->length, sample->partial, dialect, error);
    while (status == STATUS_OK && top->rows < SKIP_MOST) {
        struct csv_row row;
        status = csv_reader_next(&reader, &row, error);
        if (status != STATUS_OK || row.count == 0)
            break;
        top->count[top->rows] = row.count;
        top->filled[top->rows] = filled_cells(&row);
        top->line[top->rows] = (size_t)row.line;
        top->words[top->rows++] = all_words(&row);
    }
    csv_reader_close(&reader);
    return status;
}

// Spreadsheets write titles as long as a row: "Spending in June,,,,".
static size_t behind_padded(const struct top *top, size_t first) {
    size_t full = 0, next = first;
    for (size_t i = first; i < top->rows; i++)
        full += top->filled[i] >= 2;
    while (next < top->rows && next < first + TOP_ROWS && top->filled[next] < 2)
        next++;
    bool rare = (top->rows - first) * 8 <= (full + next - first) * 10;
    return next < top->rows && rare ? next : first;
}

// Where blanks separate cells a title may happen to be as long as a row ("# made by hand"): a row of one cell that
// comes after words alone, near the top, is before the table too.
static size_t first_of_table(const struct top *top, size_t mode, bool blanks) {
    size_t first = 0;
    for (size_t i = 0; blanks && i < top->rows && i < TOP_ROWS && 2 * i < top->rows; i++) {
        if (top->count[i] == 1 && mode > 2)
            first = i + 1;
        if (top->count[i] > 1 && !top->words[i])
            break;
    }
    while (first < top->rows && top->count[first] < mode)
        first++;
    return behind_padded(top, first);
}

// Whether a line has as many delimiters as a row, quotes aside: a row with a quote too many, not a title.
static bool is_broken_row(const struct csv_sample *sample, const struct dialect *dialect, size_t line, size_t mode) {
    size_t at = 0, length = strlen(dialect->delimiter), delimiters_in = 0;
    const char *text = sample->text;
    for (size_t i = 1; i < line && at < sample->length; at++)
        i += text[at] == '\n' || (text[at] == '\r' && (at + 1 == sample->length || text[at + 1] != '\n'));
    bool quoted = false;
    for (; at + length <= sample->length && text[at] != '\n' && text[at] != '\r'; at++) {
        quoted = quoted || (dialect->quote != 0 && text[at] == dialect->quote);
        delimiters_in += memcmp(text + at, dialect->delimiter, length) == 0;
    }
    return quoted && delimiters_in + 1 == mode;
}

// The lines before the first row that is as long as most: titles, comments. A row of words that is one
// shorter and stands right before it is a header without a name for the row names, unless the longer
// row is one of words too.
enum status dialect_skip(const struct csv_sample *sample, struct dialect *dialect, size_t mode, struct error *error) {
    struct top top = {.rows = 0};
    dialect->skip = 0;
    enum status status = mode > 1 ? read_top(sample, dialect, &top, error) : STATUS_OK;
    size_t first = first_of_table(&top, mode, strcmp(dialect->delimiter, " ") == 0);
    if (status != STATUS_OK || mode < 2 || first == top.rows)
        return status;
    while (first > 0 && is_broken_row(sample, dialect, top.line[first - 1], mode))
        first--;
    bool unnamed = first > 0 && top.count[first - 1] > 1 && top.count[first - 1] + 1 == mode && top.words[first - 1];
    dialect->skip = top.line[unnamed && !top.words[first] ? first - 1 : first] - 1;
    return status;
}
