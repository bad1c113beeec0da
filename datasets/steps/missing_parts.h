// What the files of the step "missing" share: its settings, what it has learned, and its ways of filling.
#ifndef DATASETS_STEPS_MISSING_PARTS_H
#define DATASETS_STEPS_MISSING_PARTS_H

#include "datasets/steps/series.h"
#include "datasets/steps/state.h"

struct missing_settings {
    char strategy[PARAM_TEXT_SIZE], value[PARAM_TEXT_SIZE];
    bool indicator;
    double most; // share of holes that drop-column lets pass
    char columns[PARAM_TEXT_SIZE];
};
// The number filled in where nothing nearer is known; training rows had holes; the column is dropped.
enum { MISSING_FILL, MISSING_HOLES, MISSING_EMPTY };

static inline const struct missing_settings *missing_settings(const struct step *step) {
    return step->settings;
}
bool missing_uses(const struct step *step, const char *strategy);

// Every hole of column `index` becomes the number or word that was learned, and is listed with `reason`.
enum status missing_fill(const struct column_state *state, struct table *table, size_t index, const char *reason,
                         const struct apply_context *context, struct error *error);
// Strategies previous, next and linear: from the rows of the same part. Before the first known value (or behind
// the last one) the nearest known one is taken; in a part that has none, the figure of the training rows.
enum status missing_from_neighbors(const struct step *step, const struct column_state *state, struct table *table,
                                   size_t index, const struct apply_context *context, struct error *error);
// The code of a word; false when the column has no such word.
bool missing_word_code(const struct column *column, const char *word, uint32_t *code);
// Lists the holes of `before` that `table` has filled in column `index`; why[row] is the index of the reason.
enum status missing_list(const struct table *table, size_t index, const struct column *before, const uint8_t *why,
                         const char *const *reasons, const struct apply_context *context, struct error *error);
// Puts a column of 0 and 1 behind column `index` that tells where it has holes.
enum status missing_indicate(struct table *table, size_t index, const struct apply_context *context,
                             struct error *error);
// Drops the rows with a hole in one of the columns; refused at prediction.
enum status missing_drop_rows(const struct step *step, struct table *table, const struct apply_context *context,
                              struct error *error);

#endif
