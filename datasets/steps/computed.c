// Columns that a step computes from others when they are read.
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/steps/state.h"

enum { CHAIN_MOST = 3 }; // computed columns behind each other

static size_t chain_length(const struct column *column) {
    size_t length = 0;
    for (; column->formula != NULL; column = column->formula->from)
        length++;
    return length;
}

static enum status leave(void *context, size_t first, size_t count, double *values, uint32_t *codes, uint64_t *missing,
                         struct error *error) {
    (void)context, (void)first, (void)count, (void)values, (void)codes, (void)missing, (void)error;
    return STATUS_OK;
}

struct column *column_from(const struct table *table, size_t index, const char *name, enum column_type type,
                           bool integer, struct column_formula formula, size_t missing_count, struct error *error) {
    struct column *from = table->columns[index];
    formula.from = chain_length(from) < CHAIN_MOST ? column_share(from) : column_changed(from, leave, NULL, error);
    if (formula.from != NULL)
        return column_computed(name, type, integer, formula, missing_count, error);
    mem_free(formula.lookup);
    return NULL;
}

enum status step_compute(struct table *table, size_t index, bool integer, struct column_formula formula,
                         struct error *error) {
    const struct column *from = table->columns[index];
    struct column *made =
        column_from(table, index, from->name, COLUMN_NUMERIC, integer, formula, from->missing_count, error);
    if (made == NULL)
        return error->status;
    table_replace(table, index, made);
    return STATUS_OK;
}

// ---- formulas that several steps use -------------------------------------------------------------------

void cells_keep_missing(const struct column_cells *from, double *values, uint64_t *missing) {
    if (from->missing == NULL)
        return;
    memcpy(missing, from->missing, (from->count + 63) / 64 * sizeof *missing);
    for (size_t i = 0; i < from->count; i++)
        values[i] = cells_missing(from, i) ? 0 : values[i];
}

void compute_shift_scale(const struct column_formula *formula, const struct column_cells *from, double *values,
                         uint64_t *missing) {
    double shift = formula->figures[0], scale = formula->figures[1];
    for (size_t i = 0; i < from->count; i++)
        values[i] = (from->values[i] - shift) / scale;
    cells_keep_missing(from, values, missing);
}

void compute_scale_shift(const struct column_formula *formula, const struct column_cells *from, double *values,
                         uint64_t *missing) {
    double shift = formula->figures[0], scale = formula->figures[1];
    for (size_t i = 0; i < from->count; i++)
        values[i] = from->values[i] * scale + shift;
    cells_keep_missing(from, values, missing);
}

enum status step_shift_scale(struct table *table, size_t index, double shift, double scale,
                             const struct apply_context *context, const char *why, struct error *error) {
    struct column_formula formula = {.compute = compute_shift_scale, .figures = {shift, scale}};
    char text[96] = "";
    enum status status = column_refuse_infinite(table, index, error);
    if (status == STATUS_OK)
        status = step_compute(table, index, false, formula, error);
    if (status != STATUS_OK)
        return status;
    if (shift != 0)
        snprintf(text, sizeof text, "minus %.6g, ", shift);
    snprintf(text + strlen(text), sizeof text - strlen(text), "divided by %.6g", scale);
    return ledger_column(context, table->columns[index]->name, text, why, error);
}

// ---- inverting -------------------------------------------------------------------------------------------

enum status step_invert_each(const struct step *step, struct table *table, struct error *error) {
    const struct step_state *state = step->state;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        int index = table_find(table, state->columns[i].name);
        if (index < 0 || !column_has_values(table->columns[index]))
            continue;
        struct column_formula formula = {0};
        step->kind->invert_one(step, &state->columns[i], &formula);
        status = step_compute(table, (size_t)index, false, formula, error);
    }
    return status;
}
