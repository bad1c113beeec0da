// What the CSV loader carries from step to step. Private to csv.c, csv_rows.c, csv_stream.c and csv_growing.c.
#ifndef DATASETS_CSV_LOAD_H
#define DATASETS_CSV_LOAD_H

#include "datasets/csv_column.h"
#include "datasets/csv_names.h"
#include "datasets/csv_part.h"

struct loading {
    const char *path;
    const struct load_options *options;
    struct dataset *dataset;
    struct task *task;
    struct missing_tokens tokens;
    struct csv_column *columns; // [width]
    size_t width;
    struct table *table; // its lines; columns come at the end
    size_t rows;
    uint64_t bytes_read;               // of the text, by those rows, about
    bool stopped;                      // reading was cancelled, and the rows so far are the table
    struct csv_end end;                // of the first reading of all rows
    size_t row_notes;                  // then: how many of the dataset's notes there are, up to those of the rows
    uint64_t trailing, first_trailing; // rows with empty cells beyond the last column
};

// As many columns as most rows have, but at least those that the header names: loading->columns and their names.
enum status csv_load_width(struct loading *loading, struct csv_names *names, struct error *error);
// Tokens for "missing" that are given for one column alone.
enum status csv_load_tokens(struct loading *loading, struct error *error);
// (*formats)[width]: what the cells so far, and the person, say that the columns are; freed with mem_free.
enum status csv_load_decide(struct loading *loading, struct cell_format **formats, struct error *error);
// The first `most` rows: what they show goes into the columns' evidence.
enum status csv_rows_probe(struct loading *loading, size_t most, struct error *error);
// Rows of a reader into a part: at most `most`, SIZE_MAX of a piece with an index. *more false: there are none left.
enum status csv_rows_fill(struct csv_reader *reader, struct csv_part *part, size_t most, bool *more,
                          struct error *error);
// What the reader of a piece counted, `before` lines of the file being before it.
void csv_rows_add_totals(struct csv_reader *totals, const struct csv_reader *reader, uint64_t before);
// All rows into the columns that store cells, by as many threads as there are cores: notes, lines and the line
// ending are found too, unless the rows have been read before (`again`).
enum status csv_rows_read(struct loading *loading, bool again, struct error *error);
// The rows behind those that a reading before took, behind those that the columns have. STATUS_UNSUPPORTED: they cannot
// be read by themselves.
enum status csv_rows_read_on(struct loading *loading, const struct csv_end *before, struct error *error);

#endif
