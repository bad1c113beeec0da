// The width of a table and the names of its columns, from the header and the first rows.
#ifndef DATASETS_CSV_NAMES_H
#define DATASETS_CSV_NAMES_H

#include "core/base/arena.h"
#include "datasets/csv_reader.h"

struct csv_names {
    struct arena texts;
    char **header; // [header_count]: blanks around them taken off
    size_t header_count;
    size_t width, rows; // cells that most rows have (at least the header's); rows looked at
    bool shifted;       // rows have one cell more than the header: the first is a row name
    char **made;        // names given so far
    size_t made_count, made_capacity;
};

// Reads the header (where the dialect has one) and at most `most` rows.
enum status csv_names_read(struct csv_names *names, struct csv_reader *reader, size_t most, struct error *error);
// The name of column `index`, to be asked for in order: unique, "column_3" where there is none. The
// caller frees it with mem_free.
enum status csv_names_make(struct csv_names *names, size_t index, char **name, struct notes *notes,
                           struct error *error);
bool csv_names_is_empty(const struct csv_names *names, size_t index); // the file gives it no name
void csv_names_free(struct csv_names *names);

#endif
