// Plain numbers of many cells at once, with the vector instructions of the machine. Any thread.
#ifndef DATASETS_CELL_NUMBERS_H
#define DATASETS_CELL_NUMBERS_H

#include "datasets/cell_number.h"
#include "datasets/csv.h"

enum { NUMBERS_AT_ONCE = 8 };

// What cells that were read show together; begins as {.ways = NUMBER_WAYS_ALL}.
struct numbers_seen {
    unsigned ways, seen; // as of struct number_cell: the ways that can read all, what any looked like
    uint64_t count;
};

// Reads what it can of NUMBERS_AT_ONCE cells, to the last bit as number_cell_fast does: bit i of what it returns, and
// values[i]. It leaves cells of more than 8 characters beside a minus, and those that show NUMBER_SEEN_CODE or
// NUMBER_SEEN_EITHER. The NUMBER_PADDING bytes behind every text must be readable.
typedef unsigned numbers_read(const struct csv_cell *cells, double *values, struct numbers_seen *seen);

numbers_read *numbers_reader(void); // NULL: the machine has none

#endif
