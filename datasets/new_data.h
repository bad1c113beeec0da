// New data for a trained model, piece by piece: read, prepared with the run's fitted pipeline and encoded as the run
// was. A text table is read some rows at a time (csv_stream.h), so memory does not grow with the file; where a step
// looks at the rows around, and for image sets and several files, all of it is one piece. Rows keep their order, and
// none is lost: one that cannot be used stands in its piece without being in the source, with a note that says why.
// One thread.
#ifndef DATASETS_NEW_DATA_H
#define DATASETS_NEW_DATA_H

#include "datasets/csv_stream.h"
#include "datasets/pipeline.h"

struct new_data_settings { // all borrowed until the data is closed
    const char *path;      // as dataset_open takes it
    const struct load_options *options;
    const struct pipeline *pipeline; // fitted
    const struct encoding *encoding;
    const struct column_kind *kinds; // of the columns the run was trained on; none: found anew
    size_t kind_count;
    size_t piece_rows; // 0 = as many as are fast
};

struct new_piece {
    size_t first, rows;        // rows first … first + rows - 1 of the file, from 0
    const struct table *table; // them as read, for columns that are kept; NULL for images
    struct source *source;     // the rows that can be used, all of them in its test part; NULL: none can
    const uint32_t *row_of;    // [source->rows] row of the piece, ascending
};

struct new_data;

enum status new_data_open(struct new_data **data, const struct new_data_settings *settings, struct task *task,
                          struct error *error);
void new_data_close(struct new_data *data); // NULL allowed
// The next piece, valid until the next call; rows 0 at the end. A column that the pipeline or the model needs and the
// file lacks is STATUS_MISSING.
enum status new_data_next(struct new_data *data, struct new_piece *piece, struct error *error);
const struct notes *new_data_notes(const struct new_data *data); // of reading, once the end is reached
// Rows that could not be used, with line and reason; all of them are counted in `items` and `dropped`.
const struct notes *new_data_unusable(const struct new_data *data);

#endif
