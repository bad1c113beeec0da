// max-abs: x divided by the largest |x| of the training rows (0 counts as 1), so that zeros stay zeros.
#include <math.h>

#include "datasets/steps/state.h"

struct settings {
    char columns[PARAM_TEXT_SIZE];
};
enum { MOST };

static const struct param rows[] = {STEP_COLUMNS_PARAM(struct settings)};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

static enum status widen(void *context, const double *values, size_t count, struct error *error) {
    double most = *(double *)context;
    (void)error;
    for (size_t i = 0; i < count; i++)
        most = fabs(values[i]) > most ? fabs(values[i]) : most;
    *(double *)context = most;
    return STATUS_OK;
}

static enum status fit_one(const struct step *step, const struct table *table, size_t column, const uint32_t *training,
                           size_t count, struct column_state *state, struct error *error) {
    double most = 0;
    enum status status = numbers_each(step->task, table, column, training, count, false, widen, &most, NULL, error);
    state->figures[MOST] = most == 0 ? 1 : most;
    return status;
}

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table,
                             size_t index, const struct apply_context *context, struct error *error) {
    (void)step;
    return step_shift_scale(table, index, 0, state->figures[MOST], context, "largest absolute value of training rows",
                            error);
}

static void invert_one(const struct step *step, const struct column_state *state, struct column_formula *formula) {
    (void)step;
    *formula = (struct column_formula){.compute = compute_scale_shift, .figures = {0, state->figures[MOST]}};
}

static enum status load(struct step *step, const cJSON *object, struct error *error) {
    enum status status = state_load(step, object, error);
    return status == STATUS_OK ? state_check_positive(step, MOST, error) : status;
}

const struct step_kind step_max_abs = {
    .name = "max-abs",
    .label = "max abs",
    .help = "divide numbers by the largest absolute value of the training rows; zeros stay zeros",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_COLUMN,
    .reversible = true,
    .figures = {[MOST] = "most"},
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
