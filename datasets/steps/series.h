// Whole columns as plain numbers, for steps in which a cell depends on others: read into memory wherever
// the cells lie, changed, and made a column again. Codes of words are numbers too, so that a value can be
// carried from row to row whatever the column holds. Arrays are freed with mem_free. Any thread.
#ifndef DATASETS_STEPS_SERIES_H
#define DATASETS_STEPS_SERIES_H

#include "datasets/pipeline.h"

// values[rows] of a column: NaN where the cell is missing (or is NaN).
enum status series_read(const struct column *column, double **values, struct error *error);
// The same of the rows rows[0 … count-1], which ascend.
enum status series_gather(const struct column *column, const uint32_t *rows, size_t count, double **values,
                          struct error *error);
// A column like `like` (name, type, words) of other values: NaN = missing. It counts as whole numbers where
// `like` did and every value is. NULL when it cannot be made.
struct column *series_column(const struct column *like, const double *values, struct error *error);
// A new numeric column; `values` as above.
struct column *series_new(const char *name, const double *values, size_t rows, struct error *error);
// Where the cells of a column are missing or NaN: hole[rows], 1 or 0.
enum status series_holes(const struct column *column, uint8_t **hole, size_t *count, struct error *error);
// The first infinite value is refused with column, line and what to do.
enum status series_refuse_infinite(const struct table *table, size_t column, const double *values, struct error *error);

// Rows that may lend values to each other: those of one part (training, validation, test), in the order of
// the file. So no row of another part changes what is trained on, and what is tested on knows no training row,
// just as new data will not. At prediction all rows are one part.
// Calls `change` for every part with its values and where in the file they are (row numbers as read); what it
// leaves in values[] is kept. `change` may be called for a part without any value.
typedef void series_change(void *context, double *values, const uint32_t *position, size_t count);
enum status series_each_part(const struct table *table, const struct apply_context *context, double *values,
                             series_change *change, void *change_context, struct error *error);

// A column of the table gets another place-holder: `column` (a reference that is taken; NULL: nothing happens and
// STATUS_MEMORY comes back, `error` having been set) replaces column `index`.
enum status series_replace(struct table *table, size_t index, struct column *column);

#endif
