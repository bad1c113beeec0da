// robust: (x − median)/(q75 − q25) of the training rows; a zero divisor counts as 1. Outliers hardly move these
// figures.
#include <math.h>

#include "core/base/mem.h"
#include "datasets/steps/state.h"

struct settings {
    char columns[PARAM_TEXT_SIZE];
};
enum { MEDIAN, IQR };

static const struct param rows[] = {STEP_COLUMNS_PARAM(struct settings)};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

static enum status fit_one(const struct step *step, const struct table *table, size_t column, const uint32_t *training,
                           size_t count, struct column_state *state, struct error *error) {
    (void)step;
    double *values;
    size_t found;
    state->figures[IQR] = 1;
    enum status status = column_numbers(table, column, training, count, false, &values, &found, error);
    if (status != STATUS_OK)
        return status;
    if (found > 0) {
        double q25 = numbers_select_quantile(values, found, 0.25), q75 = numbers_select_quantile(values, found, 0.75);
        state->figures[MEDIAN] = numbers_select_quantile(values, found, 0.5) + 0.0;
        state->figures[IQR] = q75 == q25 ? 1 : q75 - q25;
    }
    mem_free(values);
    if (!isfinite(state->figures[IQR]))
        return error_set(error, STATUS_NUMERIC, "column \"%s\": its values lie too far apart to be scaled",
                         state->name);
    return STATUS_OK;
}

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table,
                             size_t index, const struct apply_context *context, struct error *error) {
    (void)step;
    return step_shift_scale(table, index, state->figures[MEDIAN], state->figures[IQR], context,
                            "median and quartile distance of training rows", error);
}

static void invert_one(const struct step *step, const struct column_state *state, struct column_formula *formula) {
    (void)step;
    *formula = (struct column_formula){.compute = compute_scale_shift,
                                       .figures = {state->figures[MEDIAN], state->figures[IQR]}};
}

static enum status load(struct step *step, const cJSON *object, struct error *error) {
    enum status status = state_load(step, object, error);
    return status == STATUS_OK ? state_check_positive(step, IQR, error) : status;
}

const struct step_kind step_robust = {
    .name = "robust",
    .label = "robust",
    .help = "shift and scale numbers by median and quartile distance of the training rows, which outliers hardly move",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_COLUMN,
    .reversible = true,
    .figures = {[MEDIAN] = "median", [IQR] = "iqr"},
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
