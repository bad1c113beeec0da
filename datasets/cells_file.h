// Where cells go when memory is short: one nameless file in the cache folder, shared by all columns of the
// program, gone with it. A column's part of it is a list of blocks of COLUMN_BLOCK rows: the values or codes,
// then the missing bits. The file's room is given back to the disk when a column is released. Any thread.
// Columns of a table that was kept (kept.h) lie in the same way in a file of their own, a cell_store.
// Private to datasets/cells*.c, column.c, kept*.c and encode*.c.
#ifndef DATASETS_CELLS_FILE_H
#define DATASETS_CELLS_FILE_H

#include "core/base/checksum.h"
#include "datasets/table.h"

#define CELLS_MISSING_BYTES (COLUMN_BLOCK / 8)

struct cell_store; // an open file, shared by reference count

struct cell_file {     // owned by the column
    uint64_t *offsets; // [count] of each block
    size_t count, capacity;
    size_t block_bytes;       // values or codes of a whole block
    struct cell_store *store; // NULL: the nameless file
    uint64_t *hashes;         // [count] cell_block_hash of each; NULL in the nameless file
};

// Takes the descriptor, which is closed with the last reference, also when it fails (NULL).
struct cell_store *cell_store_open(int fd, const char *name, struct error *error);
void cell_store_release(struct cell_store *store); // NULL allowed
enum status cell_store_read(const struct cell_store *store, void *bytes, size_t count, uint64_t offset,
                            struct error *error);
// `count` blocks, one after the other from `offset`; takes a reference, copies the hashes.
struct cell_file *cell_file_of(struct cell_store *store, size_t cell, uint64_t offset, size_t count,
                               const uint64_t *hashes, struct error *error);

// Of a block as it lies in the file: `bytes` of cells, then the missing bits.
static inline uint64_t cell_block_hash(const void *block, size_t bytes) {
    return checksum_hash64((const char *)block + bytes, CELLS_MISSING_BYTES, checksum_hash64(block, bytes, 0));
}

// `cell`: bytes of one cell, 8 or 4.
struct cell_file *cell_file_make(size_t cell, struct error *error);
void cell_file_free(struct cell_file *file); // NULL allowed
// Appends one block: COLUMN_BLOCK cells (what lies beyond the last row does not matter) and missing bits.
enum status cell_file_add(struct cell_file *file, const void *cells, const uint64_t *missing, struct error *error);
// Cells first … first + count - 1 of block `block`; `first` is a multiple of 64. missing[(count + 63) / 64].
enum status cell_file_read(const struct cell_file *file, size_t block, size_t first, size_t count, void *cells,
                           uint64_t *missing, struct error *error);

// Bytes that do not fit in memory, as a file without a name (spill.h): `fill` is given room for `step` bytes at a time
// and fills `count` of them, from byte `at` on. The caller closes *fd, also after a failure (unless it is still -1).
typedef enum status cells_fill(void *context, uint64_t at, char *room, size_t count, struct error *error);
enum status cells_store(size_t bytes, size_t step, cells_fill *fill, void *context, int *fd, struct error *error);

// Memory that columns take: how much is added, or given back when `bytes` is negative.
void cells_count(ptrdiff_t bytes);
void cell_room_release(struct cell_room *room); // NULL allowed

#endif
