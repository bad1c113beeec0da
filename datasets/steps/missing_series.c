// missing: holes filled from the rows around them: previous, next, linear (straight lines between the known
// values, by row number in the file, so that rows that are missing or belong to another part keep their room).
#include <math.h>

#include "core/base/mem.h"
#include "datasets/steps/missing_parts.h"

static void carry_forward(double *values, size_t count) {
    for (size_t i = 1; i < count; i++) {
        if (isnan(values[i]))
            values[i] = values[i - 1];
    }
}

static void carry_back(double *values, size_t count) {
    for (size_t i = count; i-- > 1;) {
        if (isnan(values[i - 1]))
            values[i - 1] = values[i];
    }
}

static void previous(void *context, double *values, const uint32_t *position, size_t count) {
    (void)context;
    (void)position;
    carry_forward(values, count);
}

static void next(void *context, double *values, const uint32_t *position, size_t count) {
    (void)context;
    (void)position;
    carry_back(values, count);
}

static void linear(void *context, double *values, const uint32_t *position, size_t count) {
    size_t known = SIZE_MAX;
    (void)context;
    for (size_t i = 0; i < count; i++) {
        if (isnan(values[i]))
            continue;
        for (size_t j = known == SIZE_MAX ? i : known + 1; j < i; j++) {
            double share = (double)(position[j] - position[known]) / (double)(position[i] - position[known]);
            values[j] = values[known] * (1 - share) + values[i] * share;
        }
        known = i;
    }
}

// One pass over the parts; rows it fills are told `reason`.
static enum status pass(const struct table *table, const struct apply_context *context, double *values,
                        series_change *change, uint8_t *why, uint8_t reason, struct error *error) {
    for (size_t row = 0; row < table->rows; row++)
        why[row] = isnan(values[row]) ? reason : why[row];
    return series_each_part(table, context, values, change, NULL, error);
}

enum { NEAR, BEFORE, AFTER, FIGURE };

static enum status fill_values(const struct step *step, const struct column_state *state, const struct table *table,
                               size_t index, const struct apply_context *context, double *values, uint8_t *why,
                               struct error *error) {
    series_change *change = missing_uses(step, "linear") ? linear : missing_uses(step, "previous") ? previous : next;
    double figure = state->figures[MISSING_FILL];
    uint32_t code = 0;
    enum status status =
        column_has_values(table->columns[index]) ? series_refuse_infinite(table, index, values, error) : STATUS_OK;
    if (status == STATUS_OK)
        status = pass(table, context, values, change, why, NEAR, error);
    if (status == STATUS_OK)
        status = pass(table, context, values, previous, why, BEFORE, error);
    if (status == STATUS_OK)
        status = pass(table, context, values, next, why, AFTER, error);
    if (!column_has_values(table->columns[index])) {
        figure = missing_word_code(table->columns[index], state->words[0], &code) ? (double)code : (double)NAN;
    }
    for (size_t row = 0; row < table->rows; row++) {
        why[row] = isnan(values[row]) ? FIGURE : why[row];
        values[row] = isnan(values[row]) ? figure : values[row];
    }
    return status;
}

enum status missing_from_neighbors(const struct step *step, const struct column_state *state, struct table *table,
                                   size_t index, const struct apply_context *context, struct error *error) {
    struct column *before = column_share(table->columns[index]);
    bool words = !column_has_values(before);
    const char *near = missing_uses(step, "linear")     ? "line between the known values around it"
                       : missing_uses(step, "previous") ? "previous value"
                                                        : "next value";
    const char *const reasons[] = {[NEAR] = near,
                                   [BEFORE] = "previous value (there is no later one)",
                                   [AFTER] = "next value (there is no earlier one)",
                                   [FIGURE] = words ? "most frequent of training rows" : "median of training rows"};
    double *values = NULL;
    uint8_t *why = mem_alloc(before->rows + 1, 1);
    enum status status =
        why == NULL ? error_memory(error, "the filled rows", before->rows) : series_read(before, &values, error);
    if (status == STATUS_OK)
        status = fill_values(step, state, table, index, context, values, why, error);
    if (status == STATUS_OK)
        status = series_replace(table, index, series_column(before, values, error));
    // In new data no row may have the word: then it comes as in the other strategies.
    if (status == STATUS_OK && table->columns[index]->missing_count > 0)
        status = missing_fill(state, table, index, reasons[FIGURE], &(struct apply_context){0}, error);
    if (status == STATUS_OK)
        status = missing_list(table, index, before, why, reasons, context, error);
    mem_free(values);
    mem_free(why);
    column_release(before);
    return status;
}
