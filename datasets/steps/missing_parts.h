// What the files of the step "missing" share: its settings, what it has learned, and its ways of filling.
#ifndef DATASETS_STEPS_MISSING_PARTS_H
#define DATASETS_STEPS_MISSING_PARTS_H

#include "datasets/steps/series.h"
#include "datasets/steps/state.h"

struct missing_settings {
    char strategy[PARAM_TEXT_SIZE], value[PARAM_TEXT_SIZE];
    bool indicator;
    double most; // share of holes that drop-column lets pass
    int64_t neighbors, donors;
    char weights[PARAM_TEXT_SIZE];
    char columns[PARAM_TEXT_SIZE];
};
// The number filled in where nothing nearer is known; training rows had holes; the column is dropped.
enum { MISSING_FILL, MISSING_HOLES, MISSING_EMPTY };

// Strategy knn: the training rows that lend values, one array for every column that is measured.
struct missing_donors {
    size_t rows, columns;
    double **values; // [columns][rows]; 0 where missing
    double *present; // [columns][rows]: 1, or 0 where missing
    bool *complete;  // [columns]: nothing is missing
};
struct missing_state {
    struct step_state columns; // first, as in every step
    struct missing_donors donors;
};

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
// Lists the holes of `before` that `table` has filled in column `index`; why[row] is the index of the reason;
// NULL: all have the first reason and are filled with one figure.
enum status missing_list(const struct table *table, size_t index, const struct column *before, const uint8_t *why,
                         const char *const *reasons, const struct apply_context *context, struct error *error);
// Puts a column of 0 and 1 behind column `index` that tells where it has holes.
enum status missing_indicate(struct table *table, size_t index, const struct apply_context *context,
                             struct error *error);
// Drops the rows with a hole in one of the columns; refused at prediction.
enum status missing_drop_rows(const struct step *step, struct table *table, const struct apply_context *context,
                              struct error *error);

// ---- strategy knn ----
bool missing_measures(const struct column_state *column); // the column is one of the donors'
enum status missing_fit_donors(struct step *step, const struct table *table, const uint32_t *training, size_t count,
                               struct error *error);
void missing_donors_clear(struct missing_donors *donors);
enum status missing_from_nearest(const struct step *step, struct table *table, const struct apply_context *context,
                                 struct error *error);
enum status missing_save_donors(const struct step *step, cJSON *object, struct error *error);
enum status missing_load_donors(struct step *step, const cJSON *object, struct error *error);

#endif
