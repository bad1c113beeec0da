// standardize: (x − mean)/sd with mean and sd (ddof 0) of the training rows. A column counts as constant
// when var ≤ n·ε·var + (n·mean·ε)² (scikit-learn's rule) and is then only centered.
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "datasets/steps/state.h"

struct settings {
    char columns[PARAM_TEXT_SIZE];
};
enum { MEAN, SD };

static const struct param rows[] = {STEP_COLUMNS_PARAM(struct settings)};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

static enum status add_moments(void *context, const double *values, size_t count, struct error *error) {
    (void)error;
    moments_add(context, values, count);
    return STATUS_OK;
}

static enum status fit_one(const struct step *step, const struct table *table, size_t column, const uint32_t *training,
                           size_t count, struct column_state *state, struct error *error) {
    struct moments moments = {0};
    enum status status =
        numbers_each(step->task, table, column, training, count, false, add_moments, &moments, NULL, error);
    if (status != STATUS_OK)
        return status;
    double n = moments.count, mean = moments.mean, variance = moments_variance(&moments);
    if (!isfinite(mean) || !isfinite(variance))
        return error_set(error, STATUS_NUMERIC, "column \"%s\": its values are too large to be scaled", state->name);
    double slack = n * mean * DBL_EPSILON;
    bool constant = variance <= n * DBL_EPSILON * variance + slack * slack;
    state->figures[MEAN] = mean;
    state->figures[SD] = constant ? 1 : sqrt(variance);
    return STATUS_OK;
}

static enum status fit(struct step *step, const struct table *table, const uint32_t *training, size_t count,
                       struct error *error) {
    return step_fit(step, table, training, count, fit_one, error);
}

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table,
                             size_t index, const struct apply_context *context, struct error *error) {
    (void)step;
    struct column_formula formula = {.compute = compute_shift_scale,
                                     .figures = {state->figures[MEAN], state->figures[SD]}};
    char text[96];
    enum status status = column_refuse_infinite(table, index, error);
    if (status == STATUS_OK)
        status = step_compute(table, index, false, formula, error);
    if (status != STATUS_OK)
        return status;
    snprintf(text, sizeof text, "minus %.6g, divided by %.6g", state->figures[MEAN], state->figures[SD]);
    return ledger_column(context, state->name, text, "mean and sd (n) of training rows", error);
}

static enum status apply(const struct step *step, struct table *table, const struct apply_context *context,
                         struct error *error) {
    return step_apply(step, table, context, apply_one, error);
}

static void invert_one(const struct step *step, const struct column_state *state, struct column_formula *formula) {
    (void)step;
    *formula =
        (struct column_formula){.compute = compute_scale_shift, .figures = {state->figures[MEAN], state->figures[SD]}};
}

static enum status invert(const struct step *step, struct table *table, struct error *error) {
    return step_invert(step, table, invert_one, error);
}

static enum status load(struct step *step, const cJSON *object, struct error *error) {
    enum status status = state_load(step, object, error);
    return status == STATUS_OK ? state_check_positive(step, SD, error) : status;
}

const struct step_kind step_standardize = {
    .name = "standardize",
    .label = "standardize",
    .help = "shift and scale numbers to mean 0 and standard deviation 1 on the training rows",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_COLUMN,
    .reversible = true,
    .figures = {[MEAN] = "mean", [SD] = "sd"},
    .fits = step_fits_numbers,
    .fit = fit,
    .apply = apply,
    .invert = invert,
    .save = state_save,
    .load = load,
    .clear = state_clear,
};
