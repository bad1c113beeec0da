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

const struct step_kind step_infinities = {
    .name = "infinities",
    .label = "infinities",
    .help = "make infinite cells missing",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_CELL,
    .fits = step_fits_numbers,
    .fit = step_fit_names,
    .apply = step_apply_each,
    .apply_one = apply_one,
    .save = state_save,
    .load = state_load,
    .clear = state_clear,
};
