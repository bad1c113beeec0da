// Text tables of one schema: how a further file is written, and which of its columns are those of the first one.
// Columns are matched by name. A file without a header, as the pieces of a large file that was cut are, has the
// first one's columns in their order when it has as many.
#ifndef DATASETS_CSV_MATCH_H
#define DATASETS_CSV_MATCH_H

#include "datasets/dataset.h"

struct csv_match {
    struct dialect dialect; // complete
    char **names;           // [width] as the loader calls the columns
    size_t width, rows;     // rows: of the first 500
    bool unnamed_last;      // the last column has no name: perhaps only delimiters behind the rows
    bool by_position;       // the columns are the first file's, in their order; names are copies of its names
    size_t *from;           // [width of the first file] column of this file; SIZE_MAX: it has none
    bool same;              // as many columns in the same order
};

// `wanted` is what the person says of the dialect. The caller frees the match, also after a failure.
enum status csv_match_first(const char *path, const struct dialect *wanted, struct csv_match *match,
                            struct error *error);
// Differences go to `notes`. Refused: a file with less than half of the first one's columns.
enum status csv_match_next(const char *path, const struct dialect *wanted, const char *first_path,
                           const struct csv_match *first, struct csv_match *match, struct notes *notes,
                           struct error *error);
void csv_match_free(struct csv_match *match); // safe on {0}

#endif
