// Some rows that follow each other, typed: a thread fills a part, and parts are appended to the columns in the
// order of the file. A part learns what its cells show and keeps its own words, numbered from 0, so that
// nothing of the columns changes while it is filled. It owns all it holds and is used again after
// csv_part_begin. csv_part_add on one thread at a time; csv_part_append on whichever has the columns.
#ifndef DATASETS_CSV_PART_H
#define DATASETS_CSV_PART_H

#include "datasets/cell_numbers.h"
#include "datasets/csv_column.h"
#include "datasets/csv_reader.h"

enum { CSV_PLAIN_ROWS = 128, CSV_WORD_CACHE = 128 };

// Short words by their bytes, so that most are known without looking at the dictionary. length 0: free.
struct csv_word {
    uint64_t low, high;
    uint32_t code, length;
};

struct csv_part_column {
    double *values;    // one of these two, [capacity] of the part
    uint32_t *codes;   // into the words of `words`
    uint64_t *missing; // [capacity / 64 + 1]
    bool any_missing;
    struct column *words;   // the words of this thread so far
    struct csv_word *cache; // [CSV_WORD_CACHE] of them
    uint32_t *map;          // their codes in the column, [mapped]
    size_t mapped, map_capacity;
    struct cell_evidence evidence;
    bool not_empty;
    uint64_t misfits, misfit_line;
};

struct csv_part {
    struct csv_column *columns; // [width], the loader's
    const struct missing_tokens *tokens;
    struct csv_part_column *cells; // [width]
    size_t width, rows, capacity;
    numbers_read *read_numbers; // NULL: one by one
    struct csv_cell *plain; // [width][CSV_PLAIN_ROWS], to be typed column by column
    uint64_t *lines;        // [capacity], as the reader counts them
    bool again;             // nothing is noted: the rows have been seen before
    struct notes notes;
    uint64_t trailing, first_trailing; // rows with empty cells beyond the last column
};

enum status csv_part_open(struct csv_part *part, struct csv_column *columns, size_t width,
                          const struct missing_tokens *tokens, bool again, struct error *error);
void csv_part_close(struct csv_part *part); // safe on {0}
// Empty; what the columns store and in which format is as they say now.
enum status csv_part_begin(struct csv_part *part, struct error *error);
enum status csv_part_add(struct csv_part *part, const struct csv_row *row, struct error *error);
// The next rows of a reader that are plain, many at once; *rows of them, 0 when csv_reader_next has to look.
enum status csv_part_add_plain(struct csv_part *part, struct csv_reader *reader, size_t *rows, struct error *error);
// Adds rows and evidence to the columns and its notes to `notes`. `before`: lines of the file before the first
// one that the reader of the part counted.
enum status csv_part_append(struct csv_part *part, uint64_t before, struct notes *notes, struct error *error);

#endif
