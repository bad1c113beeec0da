// Records that take libcsv: quotes inside quoted cells, cells over several lines, escapes. Its habits
// are held off here. Blanks: its idea of a blank is replaced. Backslash escapes and delimiters of
// several characters, which it does not know: translated into bytes that UTF-8 never uses. A quote
// that never closes: it is fed line by line and given up on after CSV_QUOTE_MOST bytes.
#include <string.h>

#include "core/base/mem.h"
#include "datasets/cell_number.h"
#include "datasets/csv_reader.h"

// Bytes that no UTF-8 text has.
enum { MARK_DELIMITER = 0xf8, MARK_DELIMITER_TEXT, MARK_QUOTE, MARK_LF, MARK_CR };

// Once so many bytes went into quotes that never closed, a cell may no longer span lines: a file full
// of them is still read in linear time.
#define WASTE_MOST ((uint64_t)8 << 20)

static int no_blank(unsigned char c) {
    (void)c;
    return 0;
}

static void *resize_bytes(void *block, size_t bytes) {
    return mem_resize(block, bytes, 1);
}

static bool is_marked(const struct dialect *dialect) {
    return dialect->escape != 0 || dialect->delimiter[1] != '\0';
}

static void set_parser(struct csv_parser *parser, const struct dialect *dialect, unsigned char options) {
    csv_init(parser, options); // fails only on NULL
    csv_set_realloc_func(parser, resize_bytes);
    csv_set_free_func(parser, mem_free);
    csv_set_blk_size(parser, 4096);
    csv_set_delim(parser, is_marked(dialect) ? MARK_DELIMITER : (unsigned char)dialect->delimiter[0]);
    csv_set_quote(parser, (unsigned char)dialect->quote);
    if (dialect->skip_blanks != 1)
        csv_set_space_func(parser, no_blank);
}

void csv_record_open(struct csv_record *record, const struct dialect *dialect) {
    set_parser(&record->strict, dialect, CSV_STRICT);
    set_parser(&record->lenient, dialect, 0);
    record->marked = is_marked(dialect);
    record->dialect = dialect;
}

void csv_record_close(struct csv_record *record) {
    if (record->dialect == NULL)
        return;
    csv_free(&record->strict);
    csv_free(&record->lenient);
    str_free(&record->text);
    str_free(&record->translated);
    mem_free(record->starts);
    record->starts = NULL;
}

// ---- marks ----------------------------------------------------------------------------------------

// The length of the delimiter at text[0], 0 when there is none.
static size_t delimiter_at(const struct dialect *dialect, const char *text, size_t left) {
    size_t length = strlen(dialect->delimiter);
    return left >= length && memcmp(text, dialect->delimiter, length) == 0 ? length : 0;
}

// What stands behind an escape; returns how many bytes of it are used.
static size_t translate_escaped(struct csv_record *record, const char *text, size_t left) {
    size_t delimiter = delimiter_at(record->dialect, text, left);
    if (delimiter > 0) {
        str_add_char(&record->translated, (char)MARK_DELIMITER_TEXT);
        return delimiter;
    }
    if (text[0] == record->dialect->quote)
        str_add_char(&record->translated, (char)MARK_QUOTE);
    else if (text[0] == '\n')
        str_add_char(&record->translated, (char)MARK_LF);
    else if (text[0] == '\r')
        str_add_char(&record->translated, (char)MARK_CR);
    else
        str_add_char(&record->translated, text[0]);
    if (text[0] != '\r' || left < 2 || text[1] != '\n')
        return 1;
    str_add_char(&record->translated, (char)MARK_LF);
    return 2;
}

static void translate(struct csv_record *record, const char *text, size_t length) {
    str_clear(&record->translated);
    for (size_t i = 0; i < length;) {
        size_t delimiter = delimiter_at(record->dialect, text + i, length - i);
        if (delimiter > 0) {
            str_add_char(&record->translated, (char)MARK_DELIMITER);
            i += delimiter;
        } else if (record->dialect->escape != 0 && text[i] == record->dialect->escape && i + 1 < length) {
            i += 1 + translate_escaped(record, text + i + 1, length - i - 1);
        } else {
            str_add_char(&record->translated, text[i++]);
        }
    }
}

static void add_restored(struct csv_record *record, const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        switch ((unsigned char)text[i]) {
        case MARK_DELIMITER:
        case MARK_DELIMITER_TEXT:
            str_add(&record->text, record->dialect->delimiter);
            break;
        case MARK_QUOTE:
            str_add_char(&record->text, record->dialect->quote);
            break;
        case MARK_LF:
            str_add_char(&record->text, '\n');
            break;
        case MARK_CR:
            str_add_char(&record->text, '\r');
            break;
        default:
            str_add_char(&record->text, text[i]);
        }
    }
}

// ---- feeding libcsv -------------------------------------------------------------------------------

static void on_cell(void *cell, size_t length, void *context) {
    struct csv_record *record = context;
    if (!vec_reserve(&record->starts, &record->capacity, record->count + 1, sizeof *record->starts)) {
        record->failed = true;
        return;
    }
    record->starts[record->count++] = record->text.length;
    if (record->marked)
        add_restored(record, cell, length);
    else if (length > 0)
        str_add_bytes(&record->text, cell, length);
    str_add_char(&record->text, '\0');
    record->cell_line = record->line;
}

static void on_row(int end, void *context) {
    (void)end;
    ((struct csv_record *)context)->done = true;
}

enum outcome { FED_WHOLE, FED_STRAY, FED_OPEN }; // a whole record; a stray quote; a quote never closed
struct feeding {
    enum outcome outcome;
    bool quoted; // the stray quote stands in a quoted cell
    size_t used; // bytes
    uint64_t lines;
};

static enum status feed_line(struct csv_reader *reader, struct csv_parser *parser, const char *text, size_t length,
                             struct feeding *feeding, struct error *error) {
    struct csv_record *record = &reader->record;
    if (record->marked) {
        translate(record, text, length);
        text = record->translated.text;
        length = record->translated.length;
    }
    size_t taken = record->translated.failed ? 0 : csv_parse(parser, text, length, on_cell, on_row, record);
    if (record->failed || record->text.failed || record->translated.failed ||
        (taken < length && csv_error(parser) != CSV_EPARSE))
        return error_memory(error, reader->path, length);
    if (taken < length) {
        feeding->outcome = FED_STRAY;
        feeding->quoted = parser->quoted != 0;
    }
    return STATUS_OK;
}

static bool ends_line(const char *text, size_t length) {
    return text[length - 1] == '\n' || text[length - 1] == '\r';
}

static enum status feed(struct csv_reader *reader, struct csv_parser *parser, struct feeding *feeding,
                        struct error *error) {
    struct csv_record *record = &reader->record;
    enum status status = STATUS_OK;
    *feeding = (struct feeding){.outcome = FED_WHOLE};
    str_clear(&record->text);
    record->count = 0;
    record->cell_line = reader->line;
    record->done = false;
    while (!record->done && status == STATUS_OK && feeding->outcome == FED_WHOLE) {
        size_t length = 0;
        bool patience = feeding->used <= CSV_QUOTE_MOST && (reader->wasted <= WASTE_MOST || feeding->lines == 0);
        if (patience)
            status = csv_reader_line(reader, feeding->used, &length, error);
        if (status != STATUS_OK || length == 0) {
            feeding->outcome = FED_OPEN;
            break;
        }
        const char *text = reader->buffer + reader->start + feeding->used;
        record->line = reader->line + feeding->lines;
        feeding->used += length;
        feeding->lines++;
        bool ended = ends_line(text, length);
        bool pair = length > 1 && text[length - 2] == '\r' && text[length - 1] == '\n';
        bool cr = text[length - 1] == '\r' || pair, lf = text[length - 1] == '\n';
        status = feed_line(reader, parser, text, length, feeding, error);
        if (status == STATUS_OK && feeding->outcome == FED_WHOLE && !record->done && !ended) // the last line of all
            status = feed_line(reader, parser, "\n", 1, feeding, error);
        if (record->done && ended)
            csv_reader_count_ending(reader, cr, lf);
    }
    csv_fini(parser, NULL, NULL, NULL); // ready for the next record
    return status;
}

static enum status take_cells(struct csv_reader *reader, struct error *error) {
    struct csv_record *record = &reader->record;
    static const char padding[NUMBER_PADDING];
    enum status status = STATUS_OK;
    reader->cell_count = 0;
    str_add_bytes(&record->text, padding, sizeof padding); // may be read behind the last cell
    if (record->text.failed)
        return error_memory(error, reader->path, record->text.length);
    record->text.length -= sizeof padding;
    for (size_t i = 0; i < record->count && status == STATUS_OK; i++) {
        size_t end = i + 1 < record->count ? record->starts[i + 1] : record->text.length;
        status = csv_reader_cell(reader, record->text.text + record->starts[i], end - record->starts[i] - 1, error);
    }
    return status;
}

// ---- quotes that never close ----------------------------------------------------------------------

// A row of several lines with a stray quote or the wrong number of cells, whose first line alone has the
// right one, is a quote that nobody closed and another that ended it by chance.
static enum status first_line_fits(struct csv_reader *reader, const struct feeding *feeding, bool stray, bool *fits,
                                   struct error *error) {
    *fits = false;
    if (feeding->lines < 2 || reader->width < 2 || (!stray && reader->record.count == reader->width))
        return STATUS_OK;
    size_t length = 0;
    enum status status = csv_reader_line(reader, 0, &length, error);
    if (status == STATUS_OK)
        status = csv_reader_split_plain(reader, length, error);
    *fits = reader->cell_count == reader->width;
    return status;
}

static enum status read_first_line(struct csv_reader *reader, const struct feeding *feeding, uint64_t opened,
                                   size_t *used, uint64_t *lines, struct error *error) {
    *lines = 1;
    reader->unclosed++;
    reader->wasted += feeding->used;
    enum status status = csv_reader_line(reader, 0, used, error);
    if (status == STATUS_OK)
        status = csv_reader_split_plain(reader, *used, error);
    if (status == STATUS_OK)
        csv_reader_end_cells(reader);
    if (status != STATUS_OK || reader->notes == NULL)
        return status;
    return notes_add(
        reader->notes, opened, NULL, error,
        "a quote opens here and never closes; line %llu was read as it stands, and reading goes on with the "
        "next line",
        (unsigned long long)reader->line);
}

enum status csv_record_read(struct csv_reader *reader, size_t *used, uint64_t *lines, struct error *error) {
    struct feeding feeding;
    bool broken = false;
    enum status status = feed(reader, &reader->record.strict, &feeding, error);
    bool stray = feeding.outcome == FED_STRAY && feeding.quoted;
    if (status == STATUS_OK && feeding.outcome == FED_STRAY)
        status = feed(reader, &reader->record.lenient, &feeding, error);
    if (status == STATUS_OK && feeding.outcome == FED_OPEN && reader->partial && feeding.used <= CSV_QUOTE_MOST) {
        reader->done = true; // the rest of this row is not in the sample
        return STATUS_OK;
    }
    if (status == STATUS_OK && feeding.outcome == FED_WHOLE)
        status = first_line_fits(reader, &feeding, stray, &broken, error);
    if (status != STATUS_OK)
        return status;
    if (broken || feeding.outcome == FED_OPEN)
        return read_first_line(reader, &feeding, broken ? reader->line : reader->record.cell_line, used, lines, error);
    *used = feeding.used;
    *lines = feeding.lines;
    reader->stray += stray;
    status = take_cells(reader, error);
    if (status == STATUS_OK && stray && reader->notes != NULL)
        status = notes_add(reader->notes, reader->line, NULL, error,
                           "a quote inside a quoted cell is not doubled; it was kept as text");
    return status;
}
