// infinities: infinite cells become missing, for a step "missing" behind this one to fill. Learns nothing but the
// columns it works on.
#include <math.h>
#include <string.h>

#include "core/base/str.h"
#include "datasets/steps/series.h"
#include "datasets/steps/state.h"

struct settings {
    char columns[PARAM_TEXT_SIZE];
};

static const struct param rows[] = {STEP_COLUMNS_PARAM(struct settings)};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

static bool fits(const struct column *column, const void *settings) {
    (void)settings;
    return column->type == COLUMN_NUMERIC;
}

static enum status fit_one(const struct step *step, const struct table *table, size_t index, const uint32_t *training,
                           size_t count, struct column_state *state, struct error *error) {
    (void)step;
    (void)training;
    (void)count;
    (void)state;
    const struct column *column = table->columns[index];
    if (column->type == COLUMN_NUMERIC)
        return STATUS_OK;
    return error_set(error, STATUS_INVALID, "column \"%s\" is %s; only numbers can be infinite", column->name,
                     column_type_name(column->type));
}

static enum status fit(struct step *step, const struct table *table, const uint32_t *training, size_t count,
                       struct error *error) {
    return step_fit(step, table, training, count, fit_one, error);
}

static enum status count_block(void *count, const struct column_cells *cells, struct error *error) {
    (void)error;
    for (size_t i = 0; i < cells->count; i++)
        *(size_t *)count += !cells_missing(cells, i) && isinf(cells->values[i]);
    return STATUS_OK;
}

struct taking {
    const struct table *table;
    const struct apply_context *context;
    const char *column;
};

static enum status take_block(void *context, size_t first, size_t count, double *values, uint32_t *codes,
                              uint64_t *missing, struct error *error) {
    const struct taking *taking = context;
    enum status status = STATUS_OK;
    char text[32];
    (void)codes;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (!isinf(values[i]))
            continue;
        status = ledger_cell(taking->context, taking->table, first + i, taking->column, number_text(values[i], text),
                             "", "infinite", error);
        values[i] = 0;
        missing[i / 64] |= (uint64_t)1 << (i % 64);
    }
    return status;
}

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table,
                             size_t index, const struct apply_context *context, struct error *error) {
    struct taking taking = {table, context, state->name};
    size_t infinite = 0;
    (void)step;
    enum status status = column_each(table->columns[index], count_block, &infinite, error);
    if (status != STATUS_OK || infinite == 0)
        return status;
    return series_replace(table, index, column_changed(table->columns[index], take_block, &taking, error));
}

static enum status apply(const struct step *step, struct table *table, const struct apply_context *context,
                         struct error *error) {
    return step_apply(step, table, context, apply_one, error);
}

const struct step_kind step_infinities = {
    .name = "infinities",
    .label = "infinities",
    .help = "make infinite cells missing",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_CELL,
    .fits = fits,
    .fit = fit,
    .apply = apply,
    .save = state_save,
    .load = state_load,
    .clear = state_clear,
};
