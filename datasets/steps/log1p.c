// log1p: ln(1 + x), for amounts and counts whose large values are rare. Nothing is learned; numbers of −1 or less have
// no logarithm and are refused.
#include <math.h>

#include "datasets/steps/state.h"

struct settings {
    char columns[PARAM_TEXT_SIZE];
};

static const struct param rows[] = {STEP_COLUMNS_PARAM(struct settings)};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

static void to_log(const struct column_formula *formula, const struct column_cells *from, double *values,
                   uint64_t *missing) {
    (void)formula;
    for (size_t i = 0; i < from->count; i++)
        values[i] = log1p(from->values[i]);
    cells_keep_missing(from, values, missing);
}

static void from_log(const struct column_formula *formula, const struct column_cells *from, double *values,
                     uint64_t *missing) {
    (void)formula;
    for (size_t i = 0; i < from->count; i++)
        values[i] = expm1(from->values[i]);
    cells_keep_missing(from, values, missing);
}

struct looking {
    const struct table *table;
    const struct column *column;
};

static enum status refuse_negative(void *context, const struct column_cells *cells, struct error *error) {
    const struct looking *looking = context;
    for (size_t i = 0; i < cells->count; i++) {
        size_t row = cells->first + i;
        if (cells->values[i] <= -1 && !cells_missing(cells, i))
            return error_set(error, STATUS_NUMERIC,
                             "%s line %llu: column \"%s\" is %.6g, and 1 + x has no logarithm there; leave the column "
                             "out, or use the step \"yeo-johnson\", which takes every number",
                             table_file(looking->table, row), (unsigned long long)table_line(looking->table, row),
                             looking->column->name, cells->values[i]);
    }
    return STATUS_OK;
}

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table,
                             size_t index, const struct apply_context *context, struct error *error) {
    (void)step;
    struct looking looking = {table, table->columns[index]};
    struct column_formula formula = {.compute = to_log};
    enum status status = column_refuse_infinite(table, index, error);
    if (status == STATUS_OK)
        status = column_each(looking.column, refuse_negative, &looking, error);
    if (status == STATUS_OK)
        status = step_compute(table, index, false, formula, error);
    return status == STATUS_OK ? ledger_column(context, state->name, "ln(1 + x)", "large values are drawn in", error)
                               : status;
}

static void invert_one(const struct step *step, const struct column_state *state, struct column_formula *formula) {
    (void)step, (void)state;
    formula->compute = from_log;
}

const struct step_kind step_log1p = {
    .name = "log1p",
    .label = "log(1+x)",
    .help = "take ln(1 + x) of numbers greater than -1, so that rare large values lie closer",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_COLUMN,
    .reversible = true,
    .fits = step_fits_numbers,
    .fit = step_fit_names,
    .apply = step_apply_each,
    .apply_one = apply_one,
    .invert = step_invert_each,
    .invert_one = invert_one,
    .save = state_save,
    .load = state_load,
    .clear = state_clear,
};
