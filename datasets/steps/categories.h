// Categories of a column as encoders see them: the different values of its training rows, words sorted by code point,
// numbers by value. They are kept as state->words (a number as its shortest exact text).
#ifndef DATASETS_STEPS_CATEGORIES_H
#define DATASETS_STEPS_CATEGORIES_H

#include "datasets/steps/state.h"

#define MISSING_NAME "(missing)"
#define CATEGORY_NONE ((size_t)-1) // no training row had this value

// Finds the categories: state->words, and how many training rows have each in counts[word_count], holes last; freed
// with mem_free. More than `most` are refused.
enum status categories_fit(const struct step *step, const struct table *table, size_t index, const uint32_t *training,
                           size_t count, size_t most, struct column_state *state, size_t **counts, struct error *error);

// For looking up cells of a column that need not be the one it was fitted on. categories_close takes {0}.
struct categories {
    size_t count;    // categories; a hole has number `count`
    size_t *of_code; // words: [words of the column] its category or CATEGORY_NONE
    double *numbers; // numbers: [count], ascending
};
enum status categories_open(struct categories *categories, const struct column_state *state,
                            const struct column *column, struct error *error);
void categories_close(struct categories *categories);
size_t categories_number(const struct categories *categories, double value);
static inline size_t categories_cell(const struct categories *categories, const struct column_cells *cells, size_t i) {
    if (cells_hole(cells, i))
        return categories->count;
    return cells->values == NULL ? categories->of_code[cells->codes[i]]
                                 : categories_number(categories, cells->values[i]);
}
// The sentence about a cell whose category no training row has; `instead` says what to set.
enum status categories_refuse(const struct table *table, const struct column *column, size_t row, const char *instead,
                              struct error *error);
// Stored words that are sorted and all different, and numbers where the column is numeric.
enum status categories_check(const struct column_state *state, size_t most, struct error *error);

// ---- steps that number the categories `first`, first + 1 … ----
// step_kind.fit_one and .load.
enum status categories_number_fit(const struct step *step, const struct table *table, size_t index,
                                  const uint32_t *training, size_t count, struct column_state *state,
                                  struct error *error);
enum status categories_number_load(struct step *step, const cJSON *object, struct error *error);
// formula->lookup and lookup_count: of words the number of every code, `unknown` where no training row has it; of
// numbers the categories themselves, for categories_number.
enum status categories_number_lookup(const struct categories *categories, const struct column *column, double first,
                                     double unknown, struct column_formula *formula, struct error *error);
// For step_kind.invert: other numbers become missing.
enum status categories_number_invert(const struct step *step, struct table *table, double first, struct error *error);

#endif
