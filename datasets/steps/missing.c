// missing: fill empty cells with a figure of the training rows, a constant or what stands nearby, or drop
// their rows or columns. Means, medians and lines are for numbers; categories then get their most frequent
// value (ties: the smallest, as in scikit-learn). A column with no value in any training row is dropped.
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/steps/missing_parts.h"

static const struct param rows[] = {
    {.name = "strategy",
     .label = "strategy",
     .group = "step",
     .type = PARAM_CHOICE,
     .offset = offsetof(struct missing_settings, strategy),
     .fallback = "median",
     .choices = "median|mean|most-frequent|constant|previous|next|linear|knn|drop-row|drop-column",
     .help = "what becomes of a missing cell; previous, next and linear read the rows of the same part around it; "
             "knn takes the mean of the nearest training rows (scale columns first); categories get their most "
             "frequent value in place of a mean, median, line or neighbors"},
    {.name = "value",
     .label = "value",
     .group = "step",
     .type = PARAM_TEXT,
     .offset = offsetof(struct missing_settings, value),
     .fallback = "",
     .help = "strategy constant: a number fills numeric columns, a word fills categories"},
    {.name = "indicator",
     .label = "indicator",
     .group = "step",
     .type = PARAM_SWITCH,
     .offset = offsetof(struct missing_settings, indicator),
     .fallback = "no",
     .help = "add a column of 0 and 1 that tells where cells were missing"},
    {.name = "most",
     .label = "most missing",
     .group = "step",
     .type = PARAM_REAL,
     .offset = offsetof(struct missing_settings, most),
     .fallback = "0",
     .low = 0,
     .high = 1,
     .step = 0.05,
     .help = "strategy drop-column: a column stays while at most this share of its training rows is missing"},
    {.name = "neighbors",
     .label = "neighbors",
     .group = "step",
     .type = PARAM_INTEGER,
     .offset = offsetof(struct missing_settings, neighbors),
     .fallback = "5",
     .low = 1,
     .high = 1000,
     .help = "strategy knn: how many of the nearest training rows that have a value lend it"},
    {.name = "weights",
     .label = "weights",
     .group = "step",
     .type = PARAM_CHOICE,
     .offset = offsetof(struct missing_settings, weights),
     .fallback = "uniform",
     .choices = "uniform|distance",
     .help = "strategy knn: every neighbor counts the same, or by one over its distance"},
    {.name = "donors",
     .label = "donors",
     .group = "step",
     .type = PARAM_INTEGER,
     .offset = offsetof(struct missing_settings, donors),
     .fallback = "0",
     .low = 0,
     .high = 1e9,
     .step = 1000,
     .help = "strategy knn: at most so many training rows, drawn at random, are compared with; 0 = all. They are "
             "kept with the run"},
    STEP_COLUMNS_PARAM(struct missing_settings),
};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct missing_settings)};

bool missing_uses(const struct step *step, const char *strategy) {
    return text_equal(missing_settings(step)->strategy, strategy);
}

static bool drops(const struct step *step) {
    return missing_uses(step, "drop-row") || missing_uses(step, "drop-column");
}

static bool carries(const struct step *step) {
    return missing_uses(step, "previous") || missing_uses(step, "next");
}

static bool looks_around(const struct step *step) {
    return carries(step) || missing_uses(step, "linear");
}

static bool fits(const struct column *column, const void *step_settings) {
    const struct missing_settings *settings = step_settings;
    double number;
    if (text_equal(settings->strategy, "drop-row") || text_equal(settings->strategy, "drop-column"))
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

// Of numbers that are all there; `values` may be reordered.
static double number_of(const struct step *step, double *values, size_t count) {
    if (!missing_uses(step, "most-frequent"))
        return numbers_select_quantile(values, count, 0.5);
    numbers_sort(values, count);
    return most_frequent_number(values, count);
}

static enum status add_moments(void *moments, const double *values, size_t count, struct error *error) {
    (void)error;
    moments_add(moments, values, count);
    return STATUS_OK;
}

static enum status pass_over(void *context, const double *values, size_t count, struct error *error) {
    (void)context;
    (void)values;
    (void)count;
    (void)error;
    return STATUS_OK;
}

// The number to fill in, and how many training rows have a hole.
static enum status learn_number(const struct step *step, const struct table *table, size_t index,
                                const uint32_t *training, size_t count, double *fill, size_t *holes,
                                struct error *error) {
    struct moments moments = {0};
    double *values = NULL;
    size_t found = 0;
    enum status status;
    if (drops(step) || missing_uses(step, "constant"))
        return values_each(step->task, table, index, training, count, true, pass_over, NULL, holes, error);
    if (missing_uses(step, "mean") || missing_uses(step, "knn")) {
        status = values_each(step->task, table, index, training, count, true, add_moments, &moments, holes, error);
        *fill = moments.mean;
        return status;
    }
    status = column_values(step->task, table, index, training, count, &values, &found, error);
    if (status != STATUS_OK)
        return status;
    *holes = count - found;
    *fill = found == 0 ? 0 : number_of(step, values, found);
    mem_free(values);
    return STATUS_OK;
}

static enum status keep_number(const struct step *step, double fill, struct column_state *state, struct error *error) {
    state->figures[MISSING_FILL] = fill + 0.0;
    if (!isfinite(fill))
        return error_set(error, STATUS_NUMERIC,
                         "column \"%s\" has infinite cells, which make its %s infinite; put a step \"outliers\" with "
                         "action clip before this one, or fill with a constant",
                         state->name,
                         missing_uses(step, "mean") || missing_uses(step, "knn") ? "mean"
                         : missing_uses(step, "most-frequent")                   ? "most frequent value"
                                                                                 : "median");
    return STATUS_OK;
}

// The code of the most frequent word (ties: the smallest), and how many training rows have a hole.
static enum status learn_word(const struct step *step, const struct column *column, const uint32_t *training,
                              size_t count, size_t *best, size_t *holes, struct error *error) {
    size_t *counts = mem_alloc(column->word_count + 1, sizeof *counts);
    if (counts == NULL)
        return error_memory(error, "the counts of a column", column->word_count * sizeof *counts);
    enum status status = words_count(step->task, column, training, count, counts, holes, error);
    *best = 0;
    for (size_t code = 1; code < column->word_count && status == STATUS_OK; code++) {
        bool smaller = strcmp(column->words[code], column->words[*best]) < 0;
        if (counts[code] > counts[*best] || (counts[code] == counts[*best] && smaller))
            *best = code;
    }
    mem_free(counts);
    return status;
}

static enum status fit_constant(const struct step *step, const struct column *column, struct column_state *state,
                                struct error *error) {
    const char *value = missing_settings(step)->value;
    if (!column_has_values(column))
        return state_add_word(state, value, error);
    if (!number_parse(value, &state->figures[MISSING_FILL]) || !isfinite(state->figures[MISSING_FILL]))
        return error_set(error, STATUS_INVALID,
                         "column \"%s\" is %s and cannot be filled with \"%.80s\"; give a number", column->name,
                         column_type_name(column->type), value);
    return STATUS_OK;
}

static enum status refuse_target(const struct step *step, const struct column_state *state, struct error *error) {
    if (missing_uses(step, "drop-column"))
        return error_set(error, STATUS_INVALID, "column \"%s\" is to be predicted and cannot be dropped", state->name);
    return error_set(error, STATUS_INVALID, "column \"%s\" is to be predicted but no training row has a value of it",
                     state->name);
}

static enum status fit_one(const struct step *step, const struct table *table, size_t index, const uint32_t *training,
                           size_t count, struct column_state *state, struct error *error) {
    const struct column *column = table->columns[index];
    size_t holes = 0, word = 0;
    double number = 0;
    enum status status = column_has_values(column)
                             ? learn_number(step, table, index, training, count, &number, &holes, error)
                             : learn_word(step, column, training, count, &word, &holes, error);
    if (status != STATUS_OK)
        return status;
    state->figures[MISSING_HOLES] = holes > 0;
    if (missing_uses(step, "constant"))
        return fit_constant(step, column, state, error);
    bool many = missing_uses(step, "drop-column") && (double)holes > missing_settings(step)->most * (double)count;
    state->figures[MISSING_EMPTY] = holes == count || many;
    if (state->target && state->figures[MISSING_EMPTY] != 0)
        return refuse_target(step, state, error);
    if (drops(step) || holes == count)
        return STATUS_OK;
    return column_has_values(column) ? keep_number(step, number, state, error)
                                     : state_add_word(state, column->words[word], error);
}

static enum status fit(struct step *step, const struct table *table, const uint32_t *training, size_t count,
                       struct error *error) {
    const struct missing_settings *settings = step->settings;
    if (missing_uses(step, "constant") && settings->value[0] == '\0')
        return error_set(error, STATUS_INVALID, "strategy constant needs a value: set \"value\"");
    if (drops(step) && settings->indicator)
        return error_set(error, STATUS_INVALID,
                         "an indicator tells where cells were filled, and strategy %s fills none; switch it off",
                         settings->strategy);
    enum status status = step_fit(step, table, training, count, fit_one, error);
    if (status == STATUS_OK && missing_uses(step, "knn"))
        status = missing_fit_donors(step, table, training, count, error);
    if (status != STATUS_OK)
        step->kind->clear(step);
    return status;
}

// ---- applying ----

static const char *reason_of(const struct step *step, const struct column_state *state) {
    bool words = state->type == COLUMN_CATEGORY || state->type == COLUMN_TEXT;
    if (missing_uses(step, "constant"))
        return "constant";
    if (words || missing_uses(step, "most-frequent"))
        return "most frequent of training rows";
    return missing_uses(step, "mean") ? "mean of training rows" : "median of training rows";
}

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table,
                             size_t index, const struct apply_context *context, struct error *error) {
    bool words = !column_has_values(table->columns[index]);
    enum status status = STATUS_OK;
    if (state->figures[MISSING_EMPTY] != 0) {
        table_remove(table, index);
        return ledger_column(context, state->name, "dropped",
                             missing_uses(step, "drop-column") ? "too many cells of training rows are missing"
                                                               : "no training row has a value of it",
                             error);
    }
    if (drops(step))
        return STATUS_OK;
    if (missing_settings(step)->indicator && state->figures[MISSING_HOLES] != 0)
        status = missing_indicate(table, index, context, error);
    if (status != STATUS_OK)
        return status;
    if (carries(step) || (missing_uses(step, "linear") && !words))
        return missing_from_neighbors(step, state, table, index, context, error);
    if (missing_uses(step, "knn") && missing_measures(state))
        return STATUS_OK; // all together, later
    return missing_fill(state, table, index, reason_of(step, state), context, error);
}

static enum status apply(const struct step *step, struct table *table, const struct apply_context *context,
                         struct error *error) {
    enum status status = step_apply(step, table, context, apply_one, error);
    if (status == STATUS_OK && missing_uses(step, "knn"))
        return missing_from_nearest(step, table, context, error);
    if (status == STATUS_OK && missing_uses(step, "drop-row"))
        return missing_drop_rows(step, table, context, error);
    return status;
}

static void clear(struct step *step) {
    missing_donors_clear(&((struct missing_state *)step->state)->donors);
    state_clear(step);
}

static enum status save(const struct step *step, cJSON *object, struct error *error) {
    enum status status = state_save(step, object, error);
    return status == STATUS_OK && missing_uses(step, "knn") ? missing_save_donors(step, object, error) : status;
}

static enum status load(struct step *step, const cJSON *object, struct error *error) {
    enum status status = state_load(step, object, error);
    const struct step_state *state = step->state;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        const struct column_state *column = &state->columns[i];
        bool words = column->type == COLUMN_CATEGORY || column->type == COLUMN_TEXT;
        if (words && column->figures[MISSING_EMPTY] == 0 && column->word_count != 1 && !drops(step))
            status = error_set(error, STATUS_INVALID, "\"words\" of column \"%.80s\" must hold the one word to fill in",
                               column->name);
    }
    if (status == STATUS_OK && missing_uses(step, "knn"))
        status = missing_load_donors(step, object, error);
    return status;
}

const struct step_kind step_missing = {
    .name = "missing",
    .label = "missing",
    .help = "fill missing cells, or drop their rows or columns",
    .params = &params,
    .state_size = sizeof(struct missing_state),
    .reports = LEDGER_CELL,
    .figures = {[MISSING_FILL] = "fill", [MISSING_HOLES] = "holes", [MISSING_EMPTY] = "empty"},
    .looks_around = looks_around,
    .fits = fits,
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
    .clear = clear,
};
