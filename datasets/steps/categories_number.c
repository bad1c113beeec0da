// What steps share that number the categories of a column: learning them, looking numbers up, and the way back.
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/steps/categories.h"

#define CATEGORIES_MOST ((size_t)1000000)

enum status categories_number_fit(const struct step *step, const struct table *table, size_t index,
                                  const uint32_t *training, size_t count, struct column_state *state,
                                  struct error *error) {
    size_t *counts;
    enum status status = categories_fit(step, table, index, training, count, CATEGORIES_MOST, state, &counts, error);
    mem_free(counts);
    return status;
}

enum status categories_number_load(struct step *step, const cJSON *object, struct error *error) {
    enum status status = state_load(step, object, error);
    const struct step_state *state = step->state;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++)
        status = categories_check(&state->columns[i], CATEGORIES_MOST, error);
    return status;
}

enum status categories_number_lookup(const struct categories *categories, const struct column *column, double first,
                                     double unknown, struct column_formula *formula, struct error *error) {
    bool words = categories->of_code != NULL;
    size_t count = words ? column->word_count : categories->count;
    formula->lookup_count = count;
    formula->lookup = mem_alloc(count + 1, sizeof *formula->lookup); // code 0 of no words
    if (formula->lookup == NULL)
        return error_memory(error, "the categories of a column", count * sizeof *formula->lookup);
    for (size_t i = 0; i < count; i++) {
        if (!words)
            formula->lookup[i] = categories->numbers[i];
        else
            formula->lookup[i] =
                categories->of_code[i] == CATEGORY_NONE ? unknown : (double)categories->of_code[i] + first;
    }
    return STATUS_OK;
}

// ---- back --------------------------------------------------------------------------------------------------

struct inverting {
    const struct column_state *state;
    double first; // number of the first category
    struct column_maker maker;
    double values[COLUMN_BLOCK];
    uint32_t codes[COLUMN_BLOCK];
    uint64_t missing[COLUMN_BLOCK / 64];
};

static enum status name_cell(struct inverting *inverting, size_t i, double value, struct error *error) {
    const struct column_state *state = inverting->state;
    inverting->values[i] = inverting->codes[i] = 0;
    value -= inverting->first;
    if (!(value >= 0 && value < (double)state->word_count)) { // unknown, missing
        inverting->missing[i / 64] |= (uint64_t)1 << (i % 64);
        return STATUS_OK;
    }
    const char *word = state->words[(size_t)value];
    if (!column_has_values(inverting->maker.column))
        return column_word(inverting->maker.column, word, strlen(word), &inverting->codes[i], error);
    number_parse(word, &inverting->values[i]);
    return STATUS_OK;
}

static enum status name_block(void *context, const struct column_cells *cells, struct error *error) {
    struct inverting *inverting = context;
    enum status status = STATUS_OK;
    memset(inverting->missing, 0, sizeof inverting->missing);
    for (size_t i = 0; i < cells->count && status == STATUS_OK; i++)
        status = name_cell(inverting, i, cells_missing(cells, i) ? (double)NAN : cells->values[i], error);
    if (status != STATUS_OK)
        return status;
    return column_maker_add(&inverting->maker, inverting->values, inverting->codes, inverting->missing, cells->count,
                            error);
}

static enum status invert_column(const struct column_state *state, double first, struct table *table, size_t index,
                                 struct error *error) {
    struct inverting *inverting = mem_alloc(1, sizeof *inverting);
    struct column *made = NULL;
    if (inverting == NULL)
        return error_memory(error, "a block of cells", sizeof *inverting);
    inverting->state = state;
    inverting->first = first;
    enum status status = column_maker_open(&inverting->maker, state->name, state->type, error);
    if (status == STATUS_OK)
        status = column_each(table->columns[index], name_block, inverting, error);
    if (status == STATUS_OK)
        status = column_maker_finish(&inverting->maker, &made, error);
    if (status == STATUS_OK)
        table_replace(table, index, made);
    column_maker_close(&inverting->maker);
    mem_free(inverting);
    return status;
}

enum status categories_number_invert(const struct step *step, struct table *table, double first, struct error *error) {
    const struct step_state *state = step->state;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        int index = table_find(table, state->columns[i].name);
        if (index >= 0 && column_has_values(table->columns[index]))
            status = invert_column(&state->columns[i], first, table, (size_t)index, error);
    }
    return status;
}
