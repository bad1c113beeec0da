// standardize: (x − mean)/sd with mean and sd (ddof 0) of the training rows. A column counts as constant
// when var ≤ n·ε·var + (n·mean·ε)² (scikit-learn's rule) and is then only centered.
#include <float.h>
#include <math.h>

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

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table,
                             size_t index, const struct apply_context *context, struct error *error) {
    (void)step;
    return step_shift_scale(table, index, state->figures[MEAN], state->figures[SD], context,
                            "mean and sd (n) of training rows", error);
}

static void invert_one(const struct step *step, const struct column_state *state, struct column_formula *formula) {
    (void)step;
    *formula =
        (struct column_formula){.compute = compute_scale_shift, .figures = {state->figures[MEAN], state->figures[SD]}};
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
    .fit = step_fit_each,
    .fit_one = fit_one,
    .apply = step_apply_each,
    .apply_one = apply_one,
    .invert = step_invert_each,
    .invert_one = invert_one,
    .save = state_save,
    .load = load,
    .clear = state_clear,
};
