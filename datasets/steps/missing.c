// missing: fill empty cells with a figure of the training rows or a constant, or drop their rows.
// Mean and median are for numbers; categories then get their most frequent value (ties: the smallest,
// as in scikit-learn). A column with no value in any training row is dropped.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/steps/state.h"

struct settings {
    char strategy[PARAM_TEXT_SIZE], value[PARAM_TEXT_SIZE];
    bool indicator;
    char columns[PARAM_TEXT_SIZE];
};
enum { FILL, HOLES, EMPTY }; // the number filled in; training rows had holes; they had nothing else

static const struct param rows[] = {
    {.name = "strategy", .label = "strategy", .group = "step", .type = PARAM_CHOICE,
     .offset = offsetof(struct settings, strategy), .fallback = "median",
     .choices = "median|mean|most-frequent|constant|drop-row",
     .help = "what becomes of a missing cell; categories get their most frequent value in place of a mean or median"},
    {.name = "value", .label = "value", .group = "step", .type = PARAM_TEXT, .offset = offsetof(struct settings, value),
     .fallback = "", .help = "strategy constant: a number fills numeric columns, a word fills categories"},
    {.name = "indicator", .label = "indicator", .group = "step", .type = PARAM_SWITCH,
     .offset = offsetof(struct settings, indicator), .fallback = "no",
     .help = "add a column of 0 and 1 that tells where cells were missing"},
    STEP_COLUMNS_PARAM(struct settings),
};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

static bool uses(const struct step *step, const char *strategy) {
    return text_equal(((const struct settings *)step->settings)->strategy, strategy);
}

static bool fits(const struct column *column, const void *step_settings) {
    const struct settings *settings = step_settings;
    double number;
    if (text_equal(settings->strategy, "drop-row"))
        return true;
    if (text_equal(settings->strategy, "constant"))
        return column->type == (number_parse(settings->value, &number) ? COLUMN_NUMERIC : COLUMN_CATEGORY);
    return column->type != COLUMN_TEXT;
}

// ---- fitting ----

static double most_frequent_number(const double *sorted, size_t count) {
    double best = 0;
    size_t most = 0;
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from; to < count && sorted[to] == sorted[from]; to++) {
        }
        if (to - from > most) {
            most = to - from;
            best = sorted[from];
        }
    }
    return best;
}

static double mean_of(const double *values, size_t count) {
    double mean, variance;
    numbers_moments(values, count, &mean, &variance);
    return mean;
}

// `values` may be sorted in place.
static double number_of(const struct step *step, double *values, size_t count) {
    if (count == 0)
        return 0;
    if (uses(step, "mean"))
        return mean_of(values, count);
    numbers_sort(values, count);
    return uses(step, "most-frequent") ? most_frequent_number(values, count) : numbers_quantile(values, count, 0.5);
}

static enum status fit_numbers(const struct step *step, const struct column *column, const uint32_t *training,
                               size_t count, struct column_state *state, struct error *error) {
    double *values = mem_alloc(count, sizeof *values);
    if (values == NULL)
        return error_memory(error, "the numbers of a column", count * sizeof *values);
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        values[found] = cell_number(column, training[i]);
        found += isnan(values[found]) ? 0 : 1;
    }
    double fill = number_of(step, values, found);
    mem_free(values);
    state->figures[EMPTY] = found == 0;
    state->figures[FILL] = fill + 0.0;
    if (!isfinite(fill))
        return error_set(error, STATUS_NUMERIC,
                         "column \"%s\" has infinite cells, which make its %s infinite; put a step \"outliers\" with "
                         "action clip before this one, or fill with a constant",
                         column->name, ((const struct settings *)step->settings)->strategy);
    return STATUS_OK;
}

static enum status fit_words(const struct column *column, const uint32_t *training, size_t count,
                             struct column_state *state, struct error *error) {
    uint32_t *counts = mem_alloc(column->word_count, sizeof *counts);
    if (counts == NULL)
        return error_memory(error, "the counts of a column", column->word_count * sizeof *counts);
    for (size_t i = 0; i < count; i++) {
        if (!column_is_missing(column, training[i]))
            counts[column->codes[training[i]]]++;
    }
    size_t best = 0;
    for (size_t code = 1; code < column->word_count; code++) {
        bool smaller = strcmp(column->words[code], column->words[best]) < 0;
        if (counts[code] > counts[best] || (counts[code] == counts[best] && smaller))
            best = code;
    }
    bool empty = column->word_count == 0 || counts[best] == 0;
    mem_free(counts);
    state->figures[EMPTY] = empty;
    return empty ? STATUS_OK : state_add_word(state, column->words[best], error);
}

static enum status fit_constant(const struct step *step, const struct column *column, struct column_state *state,
                                struct error *error) {
    const char *value = ((const struct settings *)step->settings)->value;
    if (column->codes != NULL)
        return state_add_word(state, value, error);
    if (!number_parse(value, &state->figures[FILL]) || !isfinite(state->figures[FILL]))
        return error_set(error, STATUS_INVALID, "column \"%s\" is %s and cannot be filled with \"%.80s\"; give a number",
                         column->name, column_type_name(column->type), value);
    return STATUS_OK;
}

static enum status fit_one(const struct step *step, const struct table *table, size_t index, const uint32_t *training,
                           size_t count, struct column_state *state, struct error *error) {
    const struct column *column = table->columns[index];
    size_t holes = 0;
    for (size_t i = 0; i < count; i++)
        holes += cell_is_hole(column, training[i]);
    state->figures[HOLES] = holes > 0;
    enum status status;
    if (uses(step, "constant"))
        return fit_constant(step, column, state, error);
    if (uses(step, "drop-row")) {
        state->figures[EMPTY] = holes == count;
        status = STATUS_OK;
    } else {
        status = column->codes != NULL ? fit_words(column, training, count, state, error)
                                       : fit_numbers(step, column, training, count, state, error);
    }
    if (status == STATUS_OK && state->target && state->figures[EMPTY] != 0)
        return error_set(error, STATUS_INVALID, "column \"%s\" is to be predicted but no training row has a value of it",
                         column->name);
    return status;
}

static enum status fit(struct step *step, const struct table *table, const uint32_t *training, size_t count,
                       struct error *error) {
    const struct settings *settings = step->settings;
    if (uses(step, "constant") && settings->value[0] == '\0')
        return error_set(error, STATUS_INVALID, "strategy constant needs a value: set \"value\"");
    if (uses(step, "drop-row") && settings->indicator)
        return error_set(error, STATUS_INVALID,
                         "an indicator tells where cells were filled, and strategy drop-row fills none; switch it off");
    return step_fit(step, table, training, count, fit_one, error);
}

// ---- applying ----

static const char *reason_of(const struct step *step, const struct column *column) {
    if (uses(step, "constant"))
        return "constant";
    if (column->codes != NULL || uses(step, "most-frequent"))
        return "most frequent of training rows";
    return uses(step, "mean") ? "mean of training rows" : "median of training rows";
}

static enum status add_indicator(struct table *table, size_t index, const struct apply_context *context,
                                 struct error *error) {
    const struct column *column = table->columns[index];
    struct str name = {0};
    str_format(&name, "%s_missing", column->name);
    struct column *indicator = name.failed ? NULL : column_make(str_text(&name), COLUMN_NUMERIC, column->rows, error);
    enum status status = name.failed ? error_memory(error, "a column's name", name.length) : STATUS_OK;
    if (indicator == NULL) {
        str_free(&name);
        return status == STATUS_OK ? STATUS_MEMORY : status;
    }
    indicator->integer = true;
    for (size_t row = 0; row < column->rows; row++)
        indicator->values[row] = cell_is_hole(column, row);
    if (table_find(table, indicator->name) >= 0) {
        status = error_set(error, STATUS_INVALID, "there is a column \"%s\" already; rename it or switch the indicator off",
                           indicator->name);
        column_release(indicator);
    } else {
        status = ledger_column(context, column->name, indicator->name, "tells where cells were missing", error);
        if (status == STATUS_OK)
            status = table_insert(table, index + 1, indicator, error);
        else
            column_release(indicator);
    }
    str_free(&name);
    return status;
}

static enum status fill(const struct step *step, const struct column_state *state, struct table *table, size_t index,
                        const struct apply_context *context, struct error *error) {
    struct column *column = table->columns[index];
    const char *reason = reason_of(step, column);
    char text[64];
    uint32_t code = 0;
    enum status status = STATUS_OK;
    bool filled = false;
    if (column->codes != NULL)
        status = column_word(column, state->words[0], strlen(state->words[0]), &code, error);
    for (size_t row = 0; row < column->rows && status == STATUS_OK; row++) {
        if (!cell_is_hole(column, row))
            continue;
        column_clear_missing(column, row);
        if (column->codes != NULL)
            column->codes[row] = code;
        else
            column->values[row] = state->figures[FILL];
        filled = true;
        status = ledger_cell(context, table, row, column->name, "", column_text(column, row, text), reason, error);
    }
    column_seal(column);
    if (filled && trunc(state->figures[FILL]) != state->figures[FILL])
        column->integer = false;
    return status;
}

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table, size_t index,
                             const struct apply_context *context, struct error *error) {
    const struct settings *settings = step->settings;
    if (state->figures[EMPTY] != 0) {
        table_remove(table, index);
        return ledger_column(context, state->name, "dropped", "no training row has a value of it", error);
    }
    if (uses(step, "drop-row"))
        return STATUS_OK;
    enum status status = STATUS_OK;
    if (settings->indicator && state->figures[HOLES] != 0)
        status = add_indicator(table, index, context, error);
    return status == STATUS_OK ? fill(step, state, table, index, context, error) : status;
}

static bool row_has_hole(const struct column_state *state, const struct column *column, size_t row) {
    (void)state;
    return cell_is_hole(column, row);
}

static enum status apply(const struct step *step, struct table *table, const struct apply_context *context,
                         struct error *error) {
    enum status status = step_apply(step, table, context, apply_one, error);
    if (status != STATUS_OK || !uses(step, "drop-row"))
        return status;
    return step_drop_rows(step, table, context, row_has_hole, false, "missing cell", error);
}

static enum status load(struct step *step, const cJSON *object, struct error *error) {
    enum status status = state_load(step, object, error);
    const struct step_state *state = step->state;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        const struct column_state *column = &state->columns[i];
        bool words = column->type == COLUMN_CATEGORY || column->type == COLUMN_TEXT;
        if (words && column->figures[EMPTY] == 0 && column->word_count != 1 && !uses(step, "drop-row"))
            status = error_set(error, STATUS_INVALID, "\"words\" of column \"%.80s\" must hold the one word to fill in",
                               column->name);
    }
    return status;
}

const struct step_kind step_missing = {
    .name = "missing",
    .label = "missing",
    .help = "fill missing cells, or drop their rows",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_CELL,
    .figures = {[FILL] = "fill", [HOLES] = "holes", [EMPTY] = "empty"},
    .fits = fits,
    .fit = fit,
    .apply = apply,
    .save = state_save,
    .load = load,
    .clear = state_clear,
};
