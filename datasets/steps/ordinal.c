// ordinal: a column of categories becomes one column of numbers: 0, 1, 2 … in the order of the categories of the
// training rows (words by code point, numbers by value). Missing cells stay missing.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/steps/categories.h"

struct settings {
    char unknown[PARAM_TEXT_SIZE];
    double value;
    char columns[PARAM_TEXT_SIZE];
};
#define CATEGORIES_MOST ((size_t)1000000)

static const struct param rows[] = {
    {.name = "unknown",
     .label = "unknown",
     .group = "step",
     .type = PARAM_CHOICE,
     .offset = offsetof(struct settings, unknown),
     .fallback = "error",
     .choices = "error|value",
     .help = "a category that no training row has: refuse it, or give it the number set as value"},
    {.name = "value",
     .label = "value",
     .group = "step",
     .type = PARAM_REAL,
     .offset = offsetof(struct settings, value),
     .fallback = "-1",
     .low = -1e9,
     .high = 1e9,
     .step = 1,
     .help = "the number of categories that no training row has"},
    STEP_COLUMNS_PARAM(struct settings),
};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

static bool fits(const struct column *column, const void *settings) {
    (void)settings;
    return column->type == COLUMN_CATEGORY;
}

static enum status fit_one(const struct step *step, const struct table *table, size_t index, const uint32_t *training,
                           size_t count, struct column_state *state, struct error *error) {
    size_t *counts;
    enum status status = categories_fit(step, table, index, training, count, CATEGORIES_MOST, state, &counts, error);
    mem_free(counts);
    return status;
}

static enum status fit(struct step *step, const struct table *table, const uint32_t *training, size_t count,
                       struct error *error) {
    return step_fit(step, table, training, count, fit_one, error);
}

// ---- formulas: figures[0] is the number of unknown ones ----

static void number_of_code(const struct column_formula *formula, const struct column_cells *from, double *values,
                           uint64_t *missing) {
    for (size_t i = 0; i < from->count; i++)
        values[i] = formula->lookup[from->codes[i]];
    cells_keep_missing(from, values, missing);
}

static void number_of_number(const struct column_formula *formula, const struct column_cells *from, double *values,
                             uint64_t *missing) {
    struct categories known = {.count = formula->lookup_count, .numbers = formula->lookup};
    for (size_t i = 0; i < from->count; i++) {
        size_t category = categories_number(&known, from->values[i]);
        values[i] = category == CATEGORY_NONE ? formula->figures[0] : (double)category;
        values[i] = isnan(from->values[i]) ? from->values[i] : values[i];
    }
    cells_keep_missing(from, values, missing);
}

static enum status formula_of(const struct step *step, const struct categories *categories, const struct column *column,
                              struct column_formula *formula, struct error *error) {
    const struct settings *settings = step->settings;
    bool words = categories->of_code != NULL;
    size_t count = words ? column->word_count : categories->count;
    *formula = (struct column_formula){.compute = words ? number_of_code : number_of_number,
                                       .figures = {settings->value},
                                       .lookup = mem_alloc(count + 1, sizeof *formula->lookup), // code 0 of no words
                                       .lookup_count = count};
    if (formula->lookup == NULL)
        return error_memory(error, "the categories of a column", count * sizeof *formula->lookup);
    for (size_t i = 0; i < count; i++) {
        if (words)
            formula->lookup[i] =
                categories->of_code[i] == CATEGORY_NONE ? settings->value : (double)categories->of_code[i];
        else
            formula->lookup[i] = categories->numbers[i];
    }
    return STATUS_OK;
}

// ---- applying ----

struct looking {
    const struct table *table;
    const struct column *column;
    const struct categories *categories;
};

static enum status refuse_unknown(void *context, const struct column_cells *cells, struct error *error) {
    const struct looking *looking = context;
    for (size_t i = 0; i < cells->count; i++)
        if (categories_cell(looking->categories, cells, i) == CATEGORY_NONE)
            return categories_refuse(looking->table, looking->column, cells->first + i,
                                     "set ordinal's \"unknown\" to value to give it a number of its own", error);
    return STATUS_OK;
}

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table,
                             size_t index, const struct apply_context *context, struct error *error) {
    const struct settings *settings = step->settings;
    struct categories categories = {0};
    struct column_formula formula = {0};
    char text[64];
    enum status status = categories_open(&categories, state, table->columns[index], error);
    struct looking looking = {table, table->columns[index], &categories};
    if (status == STATUS_OK && text_equal(settings->unknown, "error"))
        status = column_each(looking.column, refuse_unknown, &looking, error);
    if (status == STATUS_OK)
        status = formula_of(step, &categories, looking.column, &formula, error);
    if (status == STATUS_OK)
        status = step_compute(table, index, trunc(settings->value) == settings->value, formula, error);
    categories_close(&categories);
    snprintf(text, sizeof text, "numbers below %zu", state->word_count);
    return status == STATUS_OK
               ? ledger_column(context, state->name, text, "categories of training rows, in order", error)
               : status;
}

static enum status apply(const struct step *step, struct table *table, const struct apply_context *context,
                         struct error *error) {
    return step_apply(step, table, context, apply_one, error);
}

// ---- inverting ----

struct inverting {
    const struct column_state *state;
    struct column_maker maker;
    double values[COLUMN_BLOCK];
    uint32_t codes[COLUMN_BLOCK];
    uint64_t missing[COLUMN_BLOCK / 64];
};

static enum status name_cell(struct inverting *inverting, size_t i, double value, struct error *error) {
    const struct column_state *state = inverting->state;
    inverting->values[i] = inverting->codes[i] = 0;
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

static enum status invert_column(const struct column_state *state, struct table *table, size_t index,
                                 struct error *error) {
    struct inverting *inverting = mem_alloc(1, sizeof *inverting);
    struct column *made = NULL;
    if (inverting == NULL)
        return error_memory(error, "a block of cells", sizeof *inverting);
    inverting->state = state;
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

static enum status invert(const struct step *step, struct table *table, struct error *error) {
    const struct step_state *state = step->state;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        int index = table_find(table, state->columns[i].name);
        if (index >= 0 && column_has_values(table->columns[index]))
            status = invert_column(&state->columns[i], table, (size_t)index, error);
    }
    return status;
}

static enum status load(struct step *step, const cJSON *object, struct error *error) {
    enum status status = state_load(step, object, error);
    const struct step_state *state = step->state;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++)
        status = categories_check(&state->columns[i], CATEGORIES_MOST, error);
    return status;
}

const struct step_kind step_ordinal = {
    .name = "ordinal",
    .label = "ordinal",
    .help = "number categories 0, 1, 2 … in their order",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_COLUMN,
    .reversible = true,
    .fits = fits,
    .fit = fit,
    .apply = apply,
    .invert = invert,
    .save = state_save,
    .load = load,
    .clear = state_clear,
};
