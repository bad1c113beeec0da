#include "datasets/csv_reader.h"

#include <string.h>

#include "core/base/mem.h"
#include "datasets/cell_number.h"
#include "datasets/input.h"

static void reader_set(struct csv_reader *reader, const char *path, const struct dialect *dialect) {
    reader->path = path;
    reader->line = 1;
    reader->dialect = *dialect;
    reader->delimiter_length = strlen(dialect->delimiter);
    reader->class[(unsigned char)dialect->delimiter[0]] = BYTE_DELIMITER;
    reader->class['\r'] = BYTE_CR;
    reader->class['\n'] = BYTE_LF;
    if (dialect->escape != 0)
        reader->class[(unsigned char)dialect->escape] = BYTE_ESCAPE;
    csv_record_open(&reader->record, &reader->dialect);
}

static enum status make_buffer(struct csv_reader *reader, size_t bytes, struct error *error) {
    char *buffer = mem_resize(reader->buffer, bytes + 1 + NUMBER_PADDING, 1);
    if (buffer == NULL)
        return error_memory(error, reader->path, bytes);
    reader->buffer = buffer;
    reader->capacity = bytes;
    return STATUS_OK;
}

// Leaves the lines before the table behind.
static enum status skip_lines(struct csv_reader *reader, struct error *error) {
    for (size_t i = 0; i < reader->dialect.skip; i++) {
        size_t length = 0;
        enum status status = csv_reader_line(reader, 0, &length, error);
        if (status != STATUS_OK || length == 0)
            return status;
        reader->start += length;
        reader->line++;
    }
    return STATUS_OK;
}

// A file that grows may end within a quoted cell of several lines: that row waits for its rest.
static bool goes_on(const char *path) {
    return input_end(path) != UINT64_MAX;
}

enum status csv_reader_open(struct csv_reader *reader, const char *path, const struct dialect *dialect,
                            struct notes *notes, struct task *task, struct error *error) {
    *reader = (struct csv_reader){.notes = notes, .partial = goes_on(path)};
    enum csv_encoding encoding;
    if (!csv_encoding_find(dialect->encoding, &encoding))
        return error_set(error, STATUS_INVALID,
                         "encoding %s: must be utf-8, utf-16le, utf-16be, latin-1 or windows-1252", dialect->encoding);
    reader_set(reader, path, dialect);
    enum status status = csv_input_open(&reader->input, path, encoding, task, error);
    if (status == STATUS_OK)
        status = make_buffer(reader, 2 * CSV_DECODED, error);
    if (status == STATUS_OK)
        status = skip_lines(reader, error);
    if (status != STATUS_OK)
        csv_reader_close(reader);
    return status;
}

enum status csv_reader_open_on(struct csv_reader *reader, const char *path, const struct dialect *dialect,
                               const struct csv_end *before, struct notes *notes, struct task *task,
                               struct error *error) {
    struct dialect behind = *dialect;
    if (before->bytes == 0)
        return csv_reader_open(reader, path, dialect, notes, task, error);
    behind.skip = 0;
    enum status status = csv_reader_open(reader, path, &behind, notes, task, error);
    if (status != STATUS_OK)
        return status;
    reader->line = before->lines + 1;
    reader->width = before->width;
    reader->blank_lines = before->blank_lines;
    reader->first_blank = before->first_blank;
    reader->unix_ends = before->unix_ends;
    reader->windows_ends = before->windows_ends;
    reader->mac_ends = before->mac_ends;
    status = csv_input_skip(&reader->input, before->bytes, error);
    if (status != STATUS_OK)
        csv_reader_close(reader);
    return status;
}

struct csv_end csv_reader_end(const struct csv_reader *reader, const char *path) {
    const struct csv_input *input = &reader->input;
    uint64_t end = input_end(path), unread = reader->end - reader->start;
    bool clean = reader->unclosed + reader->mac_ends + input->odd_bytes + input->nul_bytes == 0 &&
                 strcmp(reader->dialect.encoding, "utf-8") == 0;
    return (struct csv_end){.bytes = clean && end != UINT64_MAX ? end - unread : 0,
                            .lines = reader->line - 1,
                            .width = reader->width,
                            .blank_lines = reader->blank_lines,
                            .first_blank = reader->first_blank,
                            .unix_ends = reader->unix_ends,
                            .windows_ends = reader->windows_ends,
                            .mac_ends = reader->mac_ends};
}

enum status csv_reader_open_text(struct csv_reader *reader, const char *path, const char *text, size_t length,
                                 bool partial, const struct dialect *dialect, struct error *error) {
    *reader = (struct csv_reader){.memory = true, .partial = partial, .ended = true};
    reader_set(reader, path, dialect);
    enum status status = make_buffer(reader, length, error);
    if (status == STATUS_OK) {
        memcpy(reader->buffer, text, length);
        reader->end = length;
        status = skip_lines(reader, error);
    }
    if (status != STATUS_OK)
        csv_reader_close(reader);
    return status;
}

enum status csv_reader_open_piece(struct csv_reader *reader, const char *path, char *bytes, size_t length,
                                  struct csv_index *index, bool first, bool last, const struct dialect *dialect,
                                  struct notes *notes, struct error *error) {
    *reader = (struct csv_reader){.memory = true,
                                  .partial = !last || goes_on(path),
                                  .borrowed = true,
                                  .ended = true,
                                  .notes = notes,
                                  .buffer = bytes,
                                  .end = length,
                                  .capacity = length};
    reader_set(reader, path, dialect);
    bool plain = reader->delimiter_length == 1 && dialect->escape == 0 && dialect->quote != dialect->delimiter[0];
    enum status status = STATUS_OK;
    if (plain)
        status = csv_index_make(index, bytes, length, dialect->delimiter[0], dialect->quote, error);
    if (plain && status == STATUS_OK)
        reader->index = index;
    return status == STATUS_OK && first ? skip_lines(reader, error) : status;
}

void csv_reader_close(struct csv_reader *reader) {
    csv_input_close(&reader->input);
    csv_record_close(&reader->record);
    if (!reader->borrowed)
        mem_free(reader->buffer);
    mem_free(reader->cells);
    reader->buffer = NULL;
    reader->cells = NULL;
}

// Brings more text behind what is unread; doubles the room when one record fills it, so that a long
// line is looked at a bounded number of times.
static enum status refill(struct csv_reader *reader, struct error *error) {
    enum status status = STATUS_OK;
    size_t unread = reader->end - reader->start;
    memmove(reader->buffer, reader->buffer + reader->start, unread);
    reader->start = 0;
    reader->end = unread;
    if (unread > CSV_RECORD_MOST)
        return error_set(error, STATUS_INVALID,
                         "%s:%llu: this row is longer than %zu MiB, so this is no table of rows; check the file",
                         reader->path, (unsigned long long)reader->line, CSV_RECORD_MOST >> 20);
    if (reader->capacity - unread < CSV_DECODED)
        status = make_buffer(reader, 2 * reader->capacity, error);
    while (status == STATUS_OK && !reader->ended && reader->capacity - reader->end >= CSV_DECODED) {
        size_t got = 0;
        status = csv_input_read(&reader->input, reader->buffer + reader->end, &got, error);
        reader->end += got;
        reader->ended = got == 0;
    }
    return status;
}

enum status csv_reader_line(struct csv_reader *reader, size_t from, size_t *length, struct error *error) {
    size_t searched = from;
    for (;;) {
        const char *text = reader->buffer + reader->start;
        size_t unread = reader->end - reader->start, at = searched;
        while (at < unread && text[at] != '\n' && text[at] != '\r')
            at++;
        // A CR at the end of the buffer may be the first half of a CRLF.
        if (at < unread && (text[at] == '\n' || at + 1 < unread || reader->ended)) {
            bool pair = text[at] == '\r' && at + 1 < unread && text[at + 1] == '\n';
            *length = at + 1 + (pair ? 1 : 0) - from;
            return STATUS_OK;
        }
        if (reader->ended) {
            *length = unread - from;
            return STATUS_OK;
        }
        searched = at;
        enum status status = refill(reader, error);
        if (status != STATUS_OK)
            return status;
    }
}

enum status csv_reader_cell(struct csv_reader *reader, const char *text, size_t length, struct error *error) {
    if (!vec_reserve(&reader->cells, &reader->cell_capacity, reader->cell_count + 1, sizeof *reader->cells))
        return error_memory(error, reader->path, reader->cell_count * sizeof *reader->cells);
    reader->cells[reader->cell_count++] = (struct csv_cell){text, length};
    return STATUS_OK;
}

static enum status read_record(struct csv_reader *reader, size_t *used, uint64_t *lines, struct error *error) {
    if (reader->index != NULL) {
        enum status status = STATUS_OK;
        *lines = 1;
        enum csv_cut cut = csv_cut_indexed(reader, used, &status, error);
        if (status != STATUS_OK || cut == CSV_CUT_ROW)
            return status;
        if (cut == CSV_CUT_HARD)
            return csv_record_read(reader, used, lines, error);
    }
    for (;;) {
        enum status status = STATUS_OK;
        enum csv_cut cut = csv_cut_row(reader, used, &status, error);
        *lines = 1;
        if (status != STATUS_OK)
            return status;
        if (cut == CSV_CUT_ROW)
            return STATUS_OK;
        if (cut == CSV_CUT_HARD || reader->ended)
            return csv_record_read(reader, used, lines, error);
        status = refill(reader, error);
        if (status != STATUS_OK)
            return status;
    }
}

// ---- rows -----------------------------------------------------------------------------------------

// A line with nothing on it is a row only where rows have one cell.
static bool is_blank_line(const struct csv_reader *reader) {
    return reader->cell_count == 1 && reader->cells[0].length == 0 && reader->width != 1;
}

enum status csv_reader_next(struct csv_reader *reader, struct csv_row *row, struct error *error) {
    *row = (struct csv_row){0};
    while (!reader->done) {
        if (reader->start == reader->end && !reader->ended) {
            enum status status = refill(reader, error);
            if (status != STATUS_OK)
                return status;
        }
        if (reader->start == reader->end && reader->ended)
            break;
        size_t used = 0;
        uint64_t lines = 0;
        enum status status = read_record(reader, &used, &lines, error);
        if (status != STATUS_OK || reader->done)
            return status;
        *row = (struct csv_row){reader->cells, reader->cell_count, reader->line};
        reader->start += used;
        reader->consumed += used;
        reader->line += lines;
        if (!is_blank_line(reader))
            return STATUS_OK;
        if (reader->blank_lines++ == 0)
            reader->first_blank = row->line;
        *row = (struct csv_row){0};
    }
    return STATUS_OK;
}

const char *csv_line_ending(const struct csv_reader *reader) {
    int kinds = (reader->unix_ends > 0) + (reader->windows_ends > 0) + (reader->mac_ends > 0);
    if (kinds > 1)
        return "mixed";
    return reader->windows_ends > 0 ? "crlf" : reader->mac_ends > 0 ? "cr" : "lf";
}

enum status csv_reader_finish(struct csv_reader *reader, struct error *error) {
    enum status status = STATUS_OK;
    if (reader->notes == NULL)
        return status;
    if (reader->blank_lines > 0)
        status =
            notes_add(reader->notes, reader->first_blank, NULL, error, "%llu blank %s left out; the first is this one",
                      (unsigned long long)reader->blank_lines, reader->blank_lines == 1 ? "line was" : "lines were");
    if (status == STATUS_OK && reader->input.odd_bytes > 0)
        status = notes_add(reader->notes, 0, NULL, error,
                           "%llu bytes are no %s; they were read as Windows-1252 or as U+FFFD",
                           (unsigned long long)reader->input.odd_bytes, reader->dialect.encoding);
    if (status == STATUS_OK && reader->input.nul_bytes > 0)
        status = notes_add(reader->notes, 0, NULL, error, "%llu NUL characters were replaced by U+FFFD",
                           (unsigned long long)reader->input.nul_bytes);
    return status;
}
