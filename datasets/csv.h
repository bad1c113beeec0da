// CSV files as rows of text: what `batchlab cat` and `batchlab sniff` show and what the CSV loader
// types. Cells are exactly what the file says: no blank is trimmed unless the dialect says so.
// Nothing here keeps what it was given; one thread per call.
#ifndef DATASETS_CSV_H
#define DATASETS_CSV_H

#include "core/base/str.h"
#include "core/base/task.h"
#include "datasets/dataset.h"

// One row may not be larger (a sentence names the line), and a quote still open after CSV_QUOTE_MOST
// bytes counts as never closed: its line is read as it stands and reading goes on with the next one.
#define CSV_RECORD_MOST ((size_t)64 << 20)
#define CSV_QUOTE_MOST ((size_t)1 << 20)

struct csv_cell {
    const char *text; // UTF-8, NUL-terminated, until the next row
    size_t length;
};

// Called for every row in order, the header row too; `line` is where the row begins, 1-based. Any
// status but STATUS_OK ends the reading with it.
typedef enum status (*csv_row_fn)(void *context, const struct csv_cell *cells, size_t count, uint64_t line,
                                  struct error *error);

// `dialect` may have parts left to detect. Blank lines are left out of tables with two or more columns
// and are a row with one empty cell otherwise. `notes` (may be NULL) collects repairs.
enum status csv_read_rows(const char *path, const struct dialect *dialect, struct notes *notes, struct task *task,
                          csv_row_fn row, void *context, struct error *error);

// Where a reading of a file that grows (follow.h) ended, and what it had counted.
struct csv_end {
    uint64_t bytes; // of the file, that its rows took; 0: what follows cannot be read by itself (a quote stayed open, bytes
                    // were foreign to the encoding or it is another one than UTF-8, a CR may be half a line end)
    uint64_t lines; // before that
    size_t width;
    uint64_t blank_lines, first_blank, unix_ends, windows_ends, mac_ends;
};
// The same with a complete dialect, from where the reading before ended (bytes 0: from the front); *end becomes where
// this one did.
enum status csv_read_on(const char *path, const struct dialect *dialect, struct csv_end *end, struct notes *notes,
                        struct task *task, csv_row_fn row, void *context, struct error *error);

// Fills in every part of `dialect` that is to be detected and leaves the others. `evidence` (may be
// NULL) gets one line for each part: what was found and why, and what else was nearly as likely.
// Folders, binary and empty files are refused.
enum status csv_sniff(const char *path, struct dialect *dialect, struct str *evidence, struct error *error);
// The same; what is ambiguous becomes a note.
enum status csv_sniff_noted(const char *path, struct dialect *dialect, struct notes *notes, struct error *error);

#endif
