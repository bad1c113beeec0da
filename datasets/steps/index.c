// index: a column of categories becomes one column of indices, for a table that is trained with the model (an
// embedding): 1, 2 … for the categories of the training rows (words by code point, numbers by value), 0 for cells that
// are missing or hold what no training row has.
#include <stdio.h>

#include "datasets/steps/categories.h"

struct settings {
    int64_t from;
    char columns[PARAM_TEXT_SIZE];
};
#define FIRST 1 // 0 is what is not known

static const struct param rows[] = {
    {.name = "from",
     .label = "from",
     .group = "step",
     .type = PARAM_INTEGER,
     .offset = offsetof(struct settings, from),
     .fallback = "1",
     .low = 1,
     .high = 1000000,
     .unit = "categories",
     .step = 5,
     .help = "columns with fewer categories in the training rows stay as they are, unless they are named"},
    STEP_COLUMNS_PARAM(struct settings),
};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

// Only what training rows have decides, so that other rows change nothing of what is learned.
static enum status fit(struct step *step, const struct table *table, const uint32_t *training, size_t count,
                       struct error *error) {
    const struct settings *settings = step->settings;
    struct step_state *state = step->state;
    enum status status = step_fit(step, table, training, count, categories_number_fit, error);
    for (size_t i = state->count; i-- > 0 && settings->columns[0] == '\0';) {
        if (state->columns[i].word_count < (size_t)settings->from)
            state_remove(state, i);
    }
    return status;
}

// ---- formulas ----

static void index_of_code(const struct column_formula *formula, const struct column_cells *from, double *values,
                          uint64_t *missing) {
    (void)missing;
    for (size_t i = 0; i < from->count; i++)
        values[i] = cells_missing(from, i) ? 0 : formula->lookup[from->codes[i]];
}

static void index_of_number(const struct column_formula *formula, const struct column_cells *from, double *values,
                            uint64_t *missing) {
    struct categories known = {.count = formula->lookup_count, .numbers = formula->lookup};
    (void)missing;
    for (size_t i = 0; i < from->count; i++) {
        size_t category = cells_hole(from, i) ? CATEGORY_NONE : categories_number(&known, from->values[i]);
        values[i] = category == CATEGORY_NONE ? 0 : (double)(category + FIRST);
    }
}

// ---- applying ----

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table,
                             size_t index, const struct apply_context *context, struct error *error) {
    struct categories categories = {0};
    struct column_formula formula = {0};
    char text[64];
    (void)step;
    enum status status = categories_open(&categories, state, table->columns[index], error);
    if (status == STATUS_OK)
        status = categories_number_lookup(&categories, table->columns[index], FIRST, 0, &formula, error);
    formula.compute = categories.of_code != NULL ? index_of_code : index_of_number;
    categories_close(&categories);
    if (status != STATUS_OK)
        return status;
    struct column *made = column_from(table, index, state->name, COLUMN_NUMERIC, true, formula, 0, error);
    if (made == NULL)
        return error->status;
    made->categories = state->word_count + FIRST;
    table_replace(table, index, made);
    snprintf(text, sizeof text, "indices up to %zu", state->word_count);
    return ledger_column(context, state->name, text, "categories of training rows, in order; 0: missing or new",
                         error);
}

static enum status invert(const struct step *step, struct table *table, struct error *error) {
    return categories_number_invert(step, table, FIRST, error);
}

const struct step_kind step_index = {
    .name = "index",
    .label = "index",
    .help = "number categories 1, 2 …, 0 where missing or new: rows of an embedding",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_COLUMN,
    .reversible = true,
    .fits = step_fits_categories,
    .fit = fit,
    .apply = step_apply_each,
    .apply_one = apply_one,
    .invert = invert,
    .save = state_save,
    .load = categories_number_load,
    .clear = state_clear,
};
