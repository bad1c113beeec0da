// A text table read some rows at a time, each time as a table of its own, so that a file of any size takes the memory
// of one piece. Columns that the caller knows (those a model was trained on) have the types it says; how their
// numbers and dates are written is found from the first rows. Others are words as they stand. One thread.
#ifndef DATASETS_CSV_STREAM_H
#define DATASETS_CSV_STREAM_H

#include "datasets/dataset.h"

struct column_kind {
    char *name;
    enum column_type type;
    bool amount; // numeric: read over signs, units and parentheses
};

struct csv_stream;

// No kinds: types are found from the first rows. `options` is read during the call, but for its missing tokens,
// which are kept by reference.
enum status csv_stream_open(struct csv_stream **stream, const char *path, const struct load_options *options,
                            const struct column_kind *kinds, size_t kind_count, struct task *task, struct error *error);
void csv_stream_close(struct csv_stream *stream); // NULL allowed
// The next rows, at most `most` (0: as many as are fast; the same in all calls); *table NULL at the end. Lines are
// those of the file. STATUS_INVALID at the end: later rows show that the first ones were not read as they are meant
// ("1,5" after "1,234").
enum status csv_stream_next(struct csv_stream *stream, size_t most, struct table **table, struct error *error);
// What was repaired or is doubtful, so far; of cells that could not be read, at the end.
const struct notes *csv_stream_notes(const struct csv_stream *stream);

#endif
