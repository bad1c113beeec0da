// What the CSV loader carries from step to step. Private to csv.c and csv_rows.c.
#ifndef DATASETS_CSV_LOAD_H
#define DATASETS_CSV_LOAD_H

#include "datasets/csv_column.h"
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
    uint64_t trailing, first_trailing; // rows with empty cells beyond the last column
};

// The first `most` rows: what they show goes into the columns' evidence.
enum status csv_rows_probe(struct loading *loading, size_t most, struct error *error);
// All rows into the columns that store cells, by as many threads as there are cores: notes, lines and the line
// ending are found too, unless the rows have been read before (`again`).
enum status csv_rows_read(struct loading *loading, bool again, struct error *error);

#endif
