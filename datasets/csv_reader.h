// Rows out of a CSV text. Records that need no interpretation (every quoted cell closed on its line, no
// escapes) are cut in place; all others go through libcsv line by line, so that a quote that never
// closes costs one line and not the rest of the file. Both ways give the same cells (tested).
// The reader owns its buffers and its input; csv_reader_close. One thread.
#ifndef DATASETS_CSV_READER_H
#define DATASETS_CSV_READER_H

#include <csv.h>

#include "datasets/csv.h"
#include "datasets/csv_index.h"
#include "datasets/csv_input.h"

struct csv_row {
    const struct csv_cell *cells; // until the next call; NUMBER_PADDING bytes behind each may be read
    size_t count;
    uint64_t line; // where the row begins
};

// Records for libcsv: their cells one after the other, and what happened on the way.
struct csv_record {
    struct csv_parser strict, lenient; // strict finds stray quotes, lenient then reads past them
    struct str text;                   // cells, each followed by NUL
    struct str translated;             // a line with escapes and long delimiters replaced
    size_t *starts;                    // [count] in text
    size_t count, capacity;
    uint64_t cell_line;            // line on which the last finished cell ended
    uint64_t line;                 // line being fed
    bool done, failed;             // the record is complete; out of memory
    bool marked;                   // lines are translated
    const struct dialect *dialect; // the reader's
};

struct csv_reader {
    struct csv_input input;
    const char *path;
    bool memory, partial;    // reads from memory; which is only the beginning of the text
    bool borrowed;           // the buffer is the caller's
    struct csv_index *index; // of the buffer, the caller's; NULL: bytes are looked at one by one
    char *buffer;
    size_t start, end, capacity; // unread bytes are buffer[start … end)
    bool ended, done;            // the input has no more; no more rows are wanted
    uint64_t line;               // of buffer[start]
    uint64_t consumed;           // bytes of rows read so far
    struct dialect dialect;
    size_t delimiter_length;
    unsigned char class[256]; // enum csv_byte
    struct csv_cell *cells;
    size_t cell_count, cell_capacity;
    struct csv_record record;
    size_t width;                      // cells a row should have; 0 = not known
    uint64_t wasted;                   // bytes looked at for quotes that never closed
    uint64_t blank_lines, first_blank; // left out
    uint64_t unclosed, stray, unix_ends, windows_ends, mac_ends;
    struct notes *notes;
};

// The dialect is complete. `notes` may be NULL.
enum status csv_reader_open(struct csv_reader *reader, const char *path, const struct dialect *dialect,
                            struct notes *notes, struct task *task, struct error *error);
// The same from where another reading ended (bytes 0: from the front), with what that one had counted; and where this
// one did. For files that grow; of others csv_reader_end has no bytes.
enum status csv_reader_open_on(struct csv_reader *reader, const char *path, const struct dialect *dialect,
                               const struct csv_end *before, struct notes *notes, struct task *task,
                               struct error *error);
struct csv_end csv_reader_end(const struct csv_reader *reader, const char *path);
// The same from UTF-8 text in memory (copied). `partial`: the text goes on beyond it, so what is cut off
// at its end is not reported.
enum status csv_reader_open_text(struct csv_reader *reader, const char *path, const char *text, size_t length,
                                 bool partial, const struct dialect *dialect, struct error *error);
// A piece of the text, which is whole rows but for the file's own end (csv_pieces.h), read where it lies: `bytes`
// stays the caller's, is written to, and has NUMBER_PADDING bytes behind it. Lines are counted from 1; the lines
// before the table are skipped in the first piece. The piece was not cut where a row ends when reader->unclosed > 0
// or not all of it has been read when there are no more rows. `index` (the caller's, filled here) makes it fast.
enum status csv_reader_open_piece(struct csv_reader *reader, const char *path, char *bytes, size_t length,
                                  struct csv_index *index, bool first, bool last, const struct dialect *dialect,
                                  struct notes *notes, struct error *error);
void csv_reader_close(struct csv_reader *reader); // safe on {0}
// The next row; row->count == 0 at the end and only there.
enum status csv_reader_next(struct csv_reader *reader, struct csv_row *row, struct error *error);
// Notes about the file as a whole (blank lines, bytes foreign to the encoding), once all is read.
enum status csv_reader_finish(struct csv_reader *reader, struct error *error);
// At most `most` of the next rows that are plain: `width` cells (two or more) between delimiters and an end of a
// line, nothing quoted. Cell c of row r goes to cells[c * most + r], without NUL behind it; lines[r] is its line.
// Returns how many there are before a row that csv_reader_next has to look at. Only of pieces with an index.
size_t csv_reader_plain_rows(struct csv_reader *reader, size_t width, size_t most, struct csv_cell *cells,
                             uint64_t *lines);
const char *csv_line_ending(const struct csv_reader *reader); // "lf", "crlf", "cr", "mixed"

// ---- between csv_reader.c, csv_cut.c and csv_record.c --------------------------------------------------------
// Makes sure that a whole line begins at buffer[start + from], or that the input has ended.
// *length counts its line end too; 0 at the end of the input.
enum status csv_reader_line(struct csv_reader *reader, size_t from, size_t *length, struct error *error);
enum status csv_reader_cell(struct csv_reader *reader, const char *text, size_t length, struct error *error);
// Cuts the line of `length` bytes at buffer[start] at every delimiter, quotes being text; cells that are
// quoted whole lose their quotes. The text is untouched: csv_reader_end_cells puts the NULs in.
enum status csv_reader_split_plain(struct csv_reader *reader, size_t length, struct error *error);
void csv_reader_end_cells(struct csv_reader *reader);
enum csv_byte { BYTE_PLAIN, BYTE_DELIMITER, BYTE_CR, BYTE_LF, BYTE_ESCAPE }; // in `class`
enum csv_cut { CSV_CUT_ROW, CSV_CUT_MORE, CSV_CUT_HARD }; // a whole row; more text is needed; libcsv has to look
// Cuts the row at buffer[start]; *used counts its line end too. The first looks at every byte, the second at the
// marks of reader->index and leaves a last line without end to the first (CSV_CUT_MORE).
enum csv_cut csv_cut_row(struct csv_reader *reader, size_t *used, enum status *status, struct error *error);
enum csv_cut csv_cut_indexed(struct csv_reader *reader, size_t *used, enum status *status, struct error *error);
void csv_reader_count_ending(struct csv_reader *reader, bool cr, bool lf);

void csv_record_open(struct csv_record *record, const struct dialect *dialect);
void csv_record_close(struct csv_record *record);
// Reads the record at buffer[start] with libcsv into reader->cells; *used bytes and *lines lines of it.
enum status csv_record_read(struct csv_reader *reader, size_t *used, uint64_t *lines, struct error *error);

#endif
