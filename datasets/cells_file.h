// Where cells go when memory is short: one nameless file in the cache folder, shared by all columns of the
// program, gone with it. A column's part of it is a list of blocks of COLUMN_BLOCK rows: the values or codes,
// then the missing bits. The file's room is given back to the disk when a column is released. Any thread.
// Private to datasets/cells*.c and column.c.
#ifndef DATASETS_CELLS_FILE_H
#define DATASETS_CELLS_FILE_H

#include "datasets/table.h"

#define CELLS_MISSING_BYTES (COLUMN_BLOCK / 8)

struct cell_file {     // owned by the column
    uint64_t *offsets; // [count] of each block
    size_t count, capacity;
    size_t block_bytes; // values or codes of a whole block
};

// `cell`: bytes of one cell, 8 or 4.
struct cell_file *cell_file_make(size_t cell, struct error *error);
void cell_file_free(struct cell_file *file); // NULL allowed
// Appends one block: COLUMN_BLOCK cells (what lies beyond the last row does not matter) and missing bits.
enum status cell_file_add(struct cell_file *file, const void *cells, const uint64_t *missing, struct error *error);
// Cells first … first + count - 1 of block `block`; `first` is a multiple of 64. missing[(count + 63) / 64].
enum status cell_file_read(const struct cell_file *file, size_t block, size_t first, size_t count, void *cells,
                           uint64_t *missing, struct error *error);

// Memory that columns take: how much is added, or given back when `bytes` is negative.
void cells_count(ptrdiff_t bytes);

#endif
