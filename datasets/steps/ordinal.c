// ordinal: a column of categories becomes one column of numbers: 0, 1, 2 … in the order of the categories of the
// training rows (words by code point, numbers by value). Missing cells stay missing.
#include <math.h>
#include <stdio.h>

#include "core/base/str.h"
#include "datasets/steps/categories.h"

struct settings {
    char unknown[PARAM_TEXT_SIZE];
    double value;
    char columns[PARAM_TEXT_SIZE];
};

static const struct param rows[] = {
    {.name = "unknown",
     .label = "unknown",
     .group = "step",
     .type = PARAM_CHOICE,
     .offset = offsetof(struct settings, unknown),
     .fallback = "error",
     .choices = "error|value",
     .help = "a category that no training row has: refuse it, or give it the number set as value"},
    {.name = "value",
     .label = "value",
     .group = "step",
     .type = PARAM_REAL,
     .offset = offsetof(struct settings, value),
     .fallback = "-1",
     .low = -1e9,
     .high = 1e9,
     .step = 1,
     .help = "the number of categories that no training row has"},
    STEP_COLUMNS_PARAM(struct settings),
};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

// ---- formulas: figures[0] is the number of unknown ones ----

static void number_of_code(const struct column_formula *formula, const struct column_cells *from, double *values,
                           uint64_t *missing) {
    for (size_t i = 0; i < from->count; i++)
        values[i] = formula->lookup[from->codes[i]];
    cells_keep_missing(from, values, missing);
}

static void number_of_number(const struct column_formula *formula, const struct column_cells *from, double *values,
                             uint64_t *missing) {
    struct categories known = {.count = formula->lookup_count, .numbers = formula->lookup};
    for (size_t i = 0; i < from->count; i++) {
        size_t category = categories_number(&known, from->values[i]);
        values[i] = category == CATEGORY_NONE ? formula->figures[0] : (double)category;
        values[i] = isnan(from->values[i]) ? from->values[i] : values[i];
    }
    cells_keep_missing(from, values, missing);
}

// ---- applying ----

struct looking {
    const struct table *table;
    const struct column *column;
    const struct categories *categories;
};

static enum status refuse_unknown(void *context, const struct column_cells *cells, struct error *error) {
    const struct looking *looking = context;
    for (size_t i = 0; i < cells->count; i++)
        if (categories_cell(looking->categories, cells, i) == CATEGORY_NONE)
            return categories_refuse(looking->table, looking->column, cells->first + i,
                                     "set ordinal's \"unknown\" to value to give it a number of its own", error);
    return STATUS_OK;
}

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table,
                             size_t index, const struct apply_context *context, struct error *error) {
    const struct settings *settings = step->settings;
    struct categories categories = {0};
    struct column_formula formula = {.figures = {settings->value}};
    char text[64];
    enum status status = categories_open(&categories, state, table->columns[index], error);
    struct looking looking = {table, table->columns[index], &categories};
    if (status == STATUS_OK && text_equal(settings->unknown, "error"))
        status = column_each(looking.column, refuse_unknown, &looking, error);
    if (status == STATUS_OK)
        status = categories_number_lookup(&categories, looking.column, 0, settings->value, &formula, error);
    formula.compute = categories.of_code != NULL ? number_of_code : number_of_number;
    if (status == STATUS_OK)
        status = step_compute(table, index, trunc(settings->value) == settings->value, formula, error);
    categories_close(&categories);
    snprintf(text, sizeof text, "numbers below %zu", state->word_count);
    return status == STATUS_OK
               ? ledger_column(context, state->name, text, "categories of training rows, in order", error)
               : status;
}

static enum status invert(const struct step *step, struct table *table, struct error *error) {
    return categories_number_invert(step, table, 0, error);
}

const struct step_kind step_ordinal = {
    .name = "ordinal",
    .label = "ordinal",
    .help = "number categories 0, 1, 2 … in their order",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_COLUMN,
    .reversible = true,
    .fits = step_fits_categories,
    .fit = step_fit_each,
    .fit_one = categories_number_fit,
    .apply = step_apply_each,
    .apply_one = apply_one,
    .invert = invert,
    .save = state_save,
    .load = categories_number_load,
    .clear = state_clear,
};
