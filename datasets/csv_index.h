// Where the bytes are that cut a text into cells: delimiters, quotes, CR and LF, found 64 bytes at a time with what
// vector instructions the machine has. Owned by whoever made it; {0} is an empty one. Any thread.
#ifndef DATASETS_CSV_INDEX_H
#define DATASETS_CSV_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

struct csv_index {
    uint32_t *at; // [count] ascending, and UINT32_MAX behind them
    size_t count, capacity;
    size_t next; // for the reader's use: the first that it has not passed
};

// `quote` 0: quotes are no cuts. The text is shorter than 4 GiB.
enum status csv_index_make(struct csv_index *index, const char *text, size_t length, char delimiter, char quote,
                           struct error *error);
void csv_index_free(struct csv_index *index);

// Bit i: text[i] is that byte, of up to 64.
uint64_t csv_index_byte(const char *text, size_t count, char byte);

#endif
