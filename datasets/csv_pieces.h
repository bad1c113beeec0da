// A text cut into pieces that threads read side by side. Every piece begins where a row begins, as far as quotes
// tell: one that stands where a cell begins opens, the next one that is not doubled closes. That is a guess,
// because real files have stray quotes; whoever reads a piece checks it (csv_rows.c): when every row of a piece
// ends within it, the next one begins where a reader of the whole file would have come to. One thread at a time.
#ifndef DATASETS_CSV_PIECES_H
#define DATASETS_CSV_PIECES_H

#include "datasets/csv_input.h"
#include "datasets/dataset.h"

#define CSV_PIECE_BYTES ((size_t)256 << 10) // that, its marks and its cells stay in a core's own cache

struct csv_pieces {
    struct csv_input input;
    const struct dialect *dialect;
    size_t least; // bytes of a piece, but for the last
    char *rest;   // text behind the last piece
    size_t rest_count, rest_capacity;
    size_t count; // pieces taken
    bool ended;   // the input has no more
};

struct csv_text { // owned by the caller; {0} is an empty one; freed with mem_free(bytes)
    char *bytes;
    size_t length, capacity;
    size_t index; // number of the piece
    bool last;
};

enum status csv_pieces_open(struct csv_pieces *pieces, const char *path, const struct dialect *dialect, size_t least,
                            struct task *task, struct error *error);
void csv_pieces_close(struct csv_pieces *pieces); // safe on {0}
// The next piece into `text`. *found false: there is none. STATUS_UNSUPPORTED: no end of a row can be found, the
// file has to be read from front to back.
enum status csv_pieces_take(struct csv_pieces *pieces, struct csv_text *text, bool *found, struct error *error);

#endif
