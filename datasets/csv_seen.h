// What the columns of several files show together, so that all of them are read in one format: the loader of one
// file asks here what the files before it showed, and leaves what its own cells show. Where a later file shows
// that an earlier one was read in another format, `changed` says so and all are read again with the formats
// settled. One thread.
#ifndef DATASETS_CSV_SEEN_H
#define DATASETS_CSV_SEEN_H

#include "datasets/csv_column.h"

struct csv_seen_column {
    char *name;
    struct cell_evidence evidence;
    struct cell_format format; // that the last file with a cell in this column was read in
    bool used;                 // there was such a file
};

struct csv_seen {
    struct csv_seen_column *columns; // [count], those of the first file
    size_t count;
    bool by_position;       // the next file has no header: its columns get the names of these
    bool changed;           // some file was read in another format than a later one
    bool settled;           // formats are final
    struct notes different; // columns that the last file changed
};

// To the columns of a file, named and not yet read.
enum status csv_seen_begin(struct csv_seen *seen, struct csv_column *columns, size_t width, struct error *error);
// From them, once all is read.
enum status csv_seen_end(struct csv_seen *seen, const struct csv_column *columns, size_t width, struct error *error);
void csv_seen_free(struct csv_seen *seen); // safe on {0}

#endif
