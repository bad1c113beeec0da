// What a reading of a file that grows leaves for the next one, so that only what was added is read: where the last
// whole row ended, what the cells of every column have shown, and the columns themselves. The next reading goes on
// from there where that gives what reading all of it would give; else it reads all of it: when a new cell makes a
// column another one, in files too small for their beginning to be the sample already, and where what was read ended in
// a way that nothing can follow (csv_end). Owned by whoever follows the file, who gives it to every reading in
// load_options and begins with a new one when anything but growth has happened to the file or another way of reading is
// asked for. One thread at a time.
#ifndef DATASETS_CSV_GROWING_H
#define DATASETS_CSV_GROWING_H

#include "datasets/csv_load.h"

struct csv_growing_column {
    struct cell_format format;
    struct cell_evidence evidence;
    bool not_empty;
    uint64_t misfits, misfit_line;
};

struct csv_growing {
    bool filled;
    bool used;                          // the last reading went on from here
    struct csv_end end;                 // of the rows so far
    struct table *table;                // as read; shares its columns
    struct dialect dialect;             // as found
    struct csv_growing_column *columns; // [table->column_count]
    struct notes notes;                 // up to those of the rows
    uint64_t trailing, first_trailing;
};
void csv_growing_clear(struct csv_growing *growing); // safe on {0}

// ---- for csv.c ----
// After a reading: what the next one needs, or empty where it could not go on. Never fails: short of memory it is
// empty.
void csv_growing_fill(struct csv_growing *growing, const struct loading *loading);
// Into the columns of `loading` what was added, its evidence and notes behind those so far; and then, the rows so far
// in front of it. STATUS_UNSUPPORTED: all has to be read.
enum status csv_growing_read(const struct csv_growing *growing, struct loading *loading, struct error *error);
enum status csv_growing_join(const struct csv_growing *growing, struct loading *loading, struct error *error);

#endif
