// min-max: (x − min)/(max − min), stretched to [low, high]; min and max of the training rows. A constant
// column becomes low (a zero range counts as 1, as in scikit-learn). Missing cells stay missing.
#include <math.h>
#include <stdio.h>

#include "datasets/steps/state.h"

struct settings {
    double low, high;
    bool clip;
    char columns[PARAM_TEXT_SIZE];
};
enum { MIN, MAX };

static const struct param rows[] = {
    {.name = "low",
     .label = "low",
     .group = "step",
     .type = PARAM_REAL,
     .offset = offsetof(struct settings, low),
     .fallback = "0",
     .low = -1e6,
     .high = 1e6,
     .step = 0.5,
     .help = "what the smallest training value becomes"},
    {.name = "high",
     .label = "high",
     .group = "step",
     .type = PARAM_REAL,
     .offset = offsetof(struct settings, high),
     .fallback = "1",
     .low = -1e6,
     .high = 1e6,
     .step = 0.5,
     .help = "what the largest training value becomes"},
    {.name = "clip",
     .label = "clip",
     .group = "step",
     .type = PARAM_SWITCH,
     .offset = offsetof(struct settings, clip),
     .fallback = "no",
     .help = "hold values beyond those of the training rows at low and high"},
    STEP_COLUMNS_PARAM(struct settings),
};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

static double range_of(const struct column_state *state) {
    double range = state->figures[MAX] - state->figures[MIN];
    return range == 0 ? 1 : range;
}

struct range {
    double least, most;
};

static enum status widen(void *context, const double *values, size_t count, struct error *error) {
    struct range *range = context;
    (void)error;
    double least = range->least, most = range->most;
    for (size_t i = 0; i < count; i++) {
        least = values[i] < least ? values[i] : least;
        most = values[i] > most ? values[i] : most;
    }
    *range = (struct range){least, most};
    return STATUS_OK;
}

static enum status fit_one(const struct step *step, const struct table *table, size_t column, const uint32_t *training,
                           size_t count, struct column_state *state, struct error *error) {
    struct range range = {INFINITY, -INFINITY};
    enum status status = numbers_each(step->task, table, column, training, count, false, widen, &range, NULL, error);
    if (status != STATUS_OK)
        return status;
    if (range.least > range.most) // no number at all
        range = (struct range){0, 0};
    state->figures[MIN] = range.least + 0.0; // never -0
    state->figures[MAX] = range.most + 0.0;
    if (!isfinite(range.most - range.least))
        return error_set(error, STATUS_NUMERIC, "column \"%s\": its values lie too far apart to be scaled",
                         state->name);
    return STATUS_OK;
}

static enum status fit(struct step *step, const struct table *table, const uint32_t *training, size_t count,
                       struct error *error) {
    const struct settings *settings = step->settings;
    if (settings->low >= settings->high)
        return error_set(error, STATUS_INVALID, "low must be less than high, and %g is not less than %g", settings->low,
                         settings->high);
    return step_fit(step, table, training, count, fit_one, error);
}

// figures: min, range, low, high.
static void stretch(const struct column_formula *formula, const struct column_cells *from, double *values,
                    uint64_t *missing) {
    double min = formula->figures[0], range = formula->figures[1], low = formula->figures[2];
    double width = formula->figures[3] - low;
    for (size_t i = 0; i < from->count; i++)
        values[i] = (from->values[i] - min) / range * width + low;
    cells_keep_missing(from, values, missing);
}

static void stretch_and_clip(const struct column_formula *formula, const struct column_cells *from, double *values,
                             uint64_t *missing) {
    double low = formula->figures[2], high = formula->figures[3];
    stretch(formula, from, values, missing);
    for (size_t i = 0; i < from->count; i++) {
        double value = values[i] < low ? low : values[i];
        values[i] = value > high ? high : value;
    }
    cells_keep_missing(from, values, missing);
}

static void shrink(const struct column_formula *formula, const struct column_cells *from, double *values,
                   uint64_t *missing) {
    double min = formula->figures[0], range = formula->figures[1], low = formula->figures[2];
    double width = formula->figures[3] - low;
    for (size_t i = 0; i < from->count; i++)
        values[i] = (from->values[i] - low) / width * range + min;
    cells_keep_missing(from, values, missing);
}

static struct column_formula formula_of(const struct step *step, const struct column_state *state) {
    const struct settings *settings = step->settings;
    return (struct column_formula){.compute = settings->clip ? stretch_and_clip : stretch,
                                   .figures = {state->figures[MIN], range_of(state), settings->low, settings->high}};
}

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table,
                             size_t index, const struct apply_context *context, struct error *error) {
    const struct settings *settings = step->settings;
    char text[96];
    enum status status = column_refuse_infinite(table, index, error);
    if (status == STATUS_OK)
        status = step_compute(table, index, false, formula_of(step, state), error);
    if (status != STATUS_OK)
        return status;
    snprintf(text, sizeof text, "%.6g to %.6g becomes %.6g to %.6g", state->figures[MIN], state->figures[MAX],
             settings->low, settings->high);
    return ledger_column(context, state->name, text, "minimum and maximum of training rows", error);
}

static void invert_one(const struct step *step, const struct column_state *state, struct column_formula *formula) {
    *formula = formula_of(step, state);
    formula->compute = shrink;
}

static enum status load(struct step *step, const cJSON *object, struct error *error) {
    enum status status = state_load(step, object, error);
    const struct step_state *state = step->state;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        if (state->columns[i].figures[MIN] > state->columns[i].figures[MAX])
            status = error_set(error, STATUS_INVALID, "\"min\" of column \"%.80s\" is greater than its \"max\"",
                               state->columns[i].name);
    }
    return status;
}

const struct step_kind step_min_max = {
    .name = "min-max",
    .label = "min-max",
    .help = "stretch numbers so that the training rows lie between two values",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_COLUMN,
    .reversible = true,
    .figures = {[MIN] = "min", [MAX] = "max"},
    .fits = step_fits_numbers,
    .fit = fit,
    .apply = step_apply_each,
    .apply_one = apply_one,
    .invert = step_invert_each,
    .invert_one = invert_one,
    .save = state_save,
    .load = load,
    .clear = state_clear,
};
