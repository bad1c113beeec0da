// outliers: values beyond the fences q25 − factor·IQR and q75 + factor·IQR of the training rows are
// clipped to the fence, or their rows dropped; only training rows are ever dropped. A column whose
// quartiles are equal (mostly one value) has no spread to judge by and is left alone.
#include <math.h>
#include <stdio.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/steps/state.h"

struct settings {
    char action[PARAM_TEXT_SIZE];
    double factor;
    char method[PARAM_TEXT_SIZE], columns[PARAM_TEXT_SIZE];
};
enum { LOW, HIGH, SPREAD }; // the fences; SPREAD 0: the quartiles are equal, there are no fences

static const struct param rows[] = {
    {.name = "action", .label = "action", .group = "step", .type = PARAM_CHOICE,
     .offset = offsetof(struct settings, action), .fallback = "clip", .choices = "clip|drop",
     .help = "move values to the fence, or drop the training rows that hold them"},
    {.name = "factor", .label = "factor", .group = "step", .type = PARAM_REAL,
     .offset = offsetof(struct settings, factor), .fallback = "1.5", .low = 0, .high = 1000, .step = 0.5,
     .help = "how many interquartile ranges the fences lie outside the quartiles; 3 is the usual far fence"},
    {.name = "method", .label = "method", .group = "step", .type = PARAM_CHOICE,
     .offset = offsetof(struct settings, method), .fallback = "iqr", .choices = "iqr",
     .help = "how outliers are found: by fences around the quartiles"},
    STEP_COLUMNS_PARAM(struct settings),
};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

static bool drops(const struct step *step) {
    return text_equal(((const struct settings *)step->settings)->action, "drop");
}

static bool fits(const struct column *column, const void *settings) {
    (void)settings;
    return column->type == COLUMN_NUMERIC;
}

static enum status fit_one(const struct step *step, const struct table *table, size_t column, const uint32_t *training,
                           size_t count, struct column_state *state, struct error *error) {
    const struct settings *settings = step->settings;
    double *values;
    size_t found;
    enum status status = column_numbers(table, column, training, count, true, &values, &found, error);
    if (status != STATUS_OK || found == 0) {
        if (status == STATUS_OK)
            mem_free(values);
        return status;
    }
    numbers_sort(values, found);
    double q25 = numbers_quantile(values, found, 0.25), q75 = numbers_quantile(values, found, 0.75);
    mem_free(values);
    state->figures[LOW] = q25 - settings->factor * (q75 - q25);
    state->figures[HIGH] = q75 + settings->factor * (q75 - q25);
    state->figures[SPREAD] = q75 > q25;
    if (!isfinite(state->figures[LOW]) || !isfinite(state->figures[HIGH]))
        return error_set(error, STATUS_NUMERIC,
                         "column \"%s\" has no finite quartiles: too many of its cells are infinite or huge; correct "
                         "them or leave the column out",
                         state->name);
    return STATUS_OK;
}

static enum status fit(struct step *step, const struct table *table, const uint32_t *training, size_t count,
                       struct error *error) {
    return step_fit(step, table, training, count, fit_one, error);
}

static bool is_outside(const struct column_state *state, const struct column_cells *cells, size_t i) {
    return state->figures[SPREAD] != 0 && !cells_missing(cells, i) &&
           (cells->values[i] < state->figures[LOW] || cells->values[i] > state->figures[HIGH]);
}

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table, size_t index,
                             const struct apply_context *context, struct error *error) {
    char before[64], after[64];
    if (state->figures[SPREAD] == 0)
        return ledger_column(context, state->name, "left alone", "its quartiles are equal", error);
    struct column *column = table_own(table, index, error);
    if (column == NULL)
        return STATUS_MEMORY;
    enum status status = STATUS_OK;
    for (size_t row = 0; row < column->rows && status == STATUS_OK && !drops(step); row++) {
        struct column_cells cell = {.values = &column->values[row]};
        if (column_is_missing(column, row) || !is_outside(state, &cell, 0))
            continue;
        column_text(column, row, before);
        bool below = column->values[row] < state->figures[LOW];
        column->values[row] = state->figures[below ? LOW : HIGH];
        column->integer = column->integer && trunc(column->values[row]) == column->values[row];
        status = ledger_cell(context, table, row, column->name, before, column_text(column, row, after),
                             below ? "below the lower fence of training rows" : "above the upper fence of training rows",
                             error);
    }
    return status;
}

static enum status apply(const struct step *step, struct table *table, const struct apply_context *context,
                         struct error *error) {
    enum status status = step_apply(step, table, context, apply_one, error);
    if (status != STATUS_OK || !drops(step) || context->predicting)
        return status;
    return step_drop_rows(step, table, context, is_outside, true, "outlier", error);
}

static enum status load(struct step *step, const cJSON *object, struct error *error) {
    enum status status = state_load(step, object, error);
    const struct step_state *state = step->state;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        if (state->columns[i].figures[LOW] > state->columns[i].figures[HIGH])
            status = error_set(error, STATUS_INVALID, "\"low\" of column \"%.80s\" is greater than its \"high\"",
                               state->columns[i].name);
    }
    return status;
}

const struct step_kind step_outliers = {
    .name = "outliers",
    .label = "outliers",
    .help = "clip values far outside the quartiles, or drop training rows that have them",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_CELL,
    .figures = {[LOW] = "low", [HIGH] = "high", [SPREAD] = "spread"},
    .fits = fits,
    .fit = fit,
    .apply = apply,
    .save = state_save,
    .load = load,
    .clear = state_clear,
};
