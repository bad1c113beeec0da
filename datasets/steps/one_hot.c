// one-hot: a column of categories becomes one column of 0 and 1 for each category of the training rows,
// named "column=category": sorted by code point, numbers by value; missing cells are a category of
// their own, the last, where training rows have them.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/steps/state.h"

struct settings {
    char unknown[PARAM_TEXT_SIZE], drop[PARAM_TEXT_SIZE], columns[PARAM_TEXT_SIZE];
};
enum { MISSING }; // 1: missing is a category
#define CATEGORIES_MOST 10000
#define MISSING_NAME "(missing)"

static const struct param rows[] = {
    {.name = "unknown", .label = "unknown", .group = "step", .type = PARAM_CHOICE,
     .offset = offsetof(struct settings, unknown), .fallback = "error", .choices = "error|ignore",
     .help = "a category that no training row has: refuse it, or give it zeros everywhere"},
    {.name = "drop", .label = "drop", .group = "step", .type = PARAM_CHOICE, .offset = offsetof(struct settings, drop),
     .fallback = "none", .choices = "none|first|if-binary",
     .help = "leave the first category's column out: never, always, or where there are just two"},
    STEP_COLUMNS_PARAM(struct settings),
};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

static bool fits(const struct column *column, const void *settings) {
    (void)settings;
    return column->type == COLUMN_CATEGORY;
}

// ---- fitting ----

static int compare_words(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum status too_many(const char *name, size_t count, struct error *error) {
    return error_set(error, STATUS_UNSUPPORTED,
                     "column \"%s\" has %zu different values; one-hot makes a column of each and stops at %d: make it a "
                     "text column or leave it out",
                     name, count, CATEGORIES_MOST);
}

static enum status fit_words(const struct column *column, const uint32_t *training, size_t count,
                             struct column_state *state, struct error *error) {
    bool *seen = mem_alloc(column->word_count, sizeof *seen);
    if (seen == NULL)
        return error_memory(error, "the categories of a column", column->word_count);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (column_is_missing(column, training[i]) || seen[column->codes[training[i]]])
            continue;
        seen[column->codes[training[i]]] = true;
        status = state_add_word(state, column->words[column->codes[training[i]]], error);
    }
    mem_free(seen);
    if (status == STATUS_OK && state->word_count > 0)
        qsort(state->words, state->word_count, sizeof *state->words, compare_words);
    return status;
}

static enum status fit_numbers(const struct table *table, size_t index, const uint32_t *training, size_t count,
                               struct column_state *state, struct error *error) {
    double *values;
    size_t found;
    char text[32];
    enum status status = column_numbers(table, index, training, count, false, &values, &found, error);
    if (status != STATUS_OK)
        return status;
    numbers_sort(values, found);
    for (size_t i = 0; i < found && status == STATUS_OK && state->word_count <= CATEGORIES_MOST; i++) {
        if (i == 0 || values[i] != values[i - 1])
            status = state_add_word(state, number_text(values[i] + 0.0, text), error); // never "-0"
    }
    mem_free(values);
    return status;
}

static enum status fit_one(const struct step *step, const struct table *table, size_t index, const uint32_t *training,
                           size_t count, struct column_state *state, struct error *error) {
    (void)step;
    const struct column *column = table->columns[index];
    for (size_t i = 0; i < count && state->figures[MISSING] == 0; i++)
        state->figures[MISSING] = cell_is_hole(column, training[i]);
    enum status status = column->codes != NULL ? fit_words(column, training, count, state, error)
                                               : fit_numbers(table, index, training, count, state, error);
    if (status == STATUS_OK && state->word_count > CATEGORIES_MOST)
        return too_many(column->name, state->word_count, error);
    return status;
}

static enum status fit(struct step *step, const struct table *table, const uint32_t *training, size_t count,
                       struct error *error) {
    return step_fit(step, table, training, count, fit_one, error);
}

// ---- the columns made ----

static size_t category_count(const struct column_state *state) {
    return state->word_count + (state->figures[MISSING] != 0);
}

// 1 when the first category has no column of its own.
static size_t first_kept(const struct step *step, const struct column_state *state) {
    const struct settings *settings = step->settings;
    if (text_equal(settings->drop, "first"))
        return category_count(state) > 0;
    return text_equal(settings->drop, "if-binary") && category_count(state) == 2;
}

// "column=category"; freed with str_free.
static enum status category_name(const struct column_state *state, size_t category, struct str *name,
                                 struct error *error) {
    str_clear(name);
    str_format(name, "%s=%s", state->name, category < state->word_count ? state->words[category] : MISSING_NAME);
    return name->failed ? error_memory(error, "a column's name", name->length) : STATUS_OK;
}

// ---- applying ----

static enum status unknown_cell(const struct table *table, const struct column *column, size_t row, struct error *error) {
    char room[64];
    bool hole = cell_is_hole(column, row);
    return error_set(error, STATUS_INVALID,
                     "%s line %llu: column \"%s\" %s%.60s%s, which no training row has; set one-hot's \"unknown\" to "
                     "ignore%s",
                     table_file(table, row), (unsigned long long)table_line(table, row), column->name,
                     hole ? "is missing" : "is \"", hole ? "" : column_text(column, row, room), hole ? "" : "\"",
                     hole ? ", or put a step \"missing\" before it" : " to give it zeros");
}

static size_t find_word(const struct column_state *state, const char *word) {
    char **found = state->word_count == 0
                       ? NULL
                       : bsearch(&word, state->words, state->word_count, sizeof *state->words, compare_words);
    return found == NULL ? SIZE_MAX : (size_t)(found - state->words);
}

static size_t find_number(const double *numbers, size_t count, double value) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (numbers[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && numbers[low] == value ? low : SIZE_MAX;
}

// The category of every row; SIZE_MAX where no training row had it. Looks each word up once.
static enum status find_categories(const struct column_state *state, const struct column *column, size_t *categories,
                                   struct error *error) {
    bool words = column->codes != NULL;
    size_t known_count = words ? column->word_count : state->word_count;
    size_t *known = mem_alloc(known_count, sizeof *known); // words: code -> category
    double *numbers = mem_alloc(known_count, sizeof *numbers);
    enum status status = STATUS_OK;
    if (known == NULL || numbers == NULL)
        status = error_memory(error, "the categories of a column", known_count * sizeof *known);
    for (size_t i = 0; i < known_count && status == STATUS_OK; i++) {
        if (words)
            known[i] = find_word(state, column->words[i]);
        else if (!number_parse(state->words[i], &numbers[i]))
            status = error_set(error, STATUS_INVALID, "the pipeline's category \"%.40s\" of column \"%s\" is no number",
                               state->words[i], column->name);
    }
    for (size_t row = 0; row < column->rows && status == STATUS_OK; row++) {
        if (cell_is_hole(column, row))
            categories[row] = state->figures[MISSING] != 0 ? state->word_count : SIZE_MAX;
        else
            categories[row] = words ? known[column->codes[row]]
                                    : find_number(numbers, state->word_count, column->values[row]);
    }
    mem_free(numbers);
    mem_free(known);
    return status;
}

static enum status add_category(struct table *table, size_t at, const struct column_state *state, size_t category,
                                const size_t *categories, struct str *name, struct error *error) {
    enum status status = category_name(state, category, name, error);
    if (status != STATUS_OK)
        return status;
    if (table_find(table, str_text(name)) >= 0)
        return error_set(error, STATUS_INVALID,
                         "there is a column \"%s\" already; rename it so that one-hot can use the name", str_text(name));
    struct column *made = column_make(str_text(name), COLUMN_NUMERIC, table->rows, error);
    if (made == NULL)
        return STATUS_MEMORY;
    made->integer = true;
    for (size_t row = 0; row < table->rows; row++)
        made->values[row] = categories[row] == category;
    return table_insert(table, at, made, error);
}

static enum status replace(const struct step *step, const struct column_state *state, struct table *table, size_t index,
                           const size_t *categories, struct error *error) {
    struct str name = {0};
    size_t first = first_kept(step, state), count = category_count(state);
    table_remove(table, index);
    enum status status = STATUS_OK;
    for (size_t category = first; category < count && status == STATUS_OK; category++)
        status = add_category(table, index + category - first, state, category, categories, &name, error);
    str_free(&name);
    return status;
}

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table, size_t index,
                             const struct apply_context *context, struct error *error) {
    const struct settings *settings = step->settings;
    const struct column *column = table->columns[index];
    char text[64];
    size_t *categories = mem_alloc(table->rows, sizeof *categories);
    enum status status = categories == NULL
                             ? error_memory(error, "the categories of a column", table->rows * sizeof *categories)
                             : find_categories(state, column, categories, error);
    for (size_t row = 0; row < table->rows && status == STATUS_OK && text_equal(settings->unknown, "error"); row++) {
        if (categories[row] == SIZE_MAX)
            status = unknown_cell(table, column, row, error);
    }
    if (status == STATUS_OK)
        status = replace(step, state, table, index, categories, error);
    mem_free(categories);
    snprintf(text, sizeof text, "%zu columns", category_count(state) - first_kept(step, state));
    if (status == STATUS_OK)
        status = ledger_column(context, state->name, text, "categories of training rows", error);
    return status;
}

static enum status apply(const struct step *step, struct table *table, const struct apply_context *context,
                         struct error *error) {
    return step_apply(step, table, context, apply_one, error);
}

// ---- inverting ----

// The columns of this state's categories, by category; -1 where the first was dropped.
static enum status find_columns(const struct step *step, const struct column_state *state, const struct table *table,
                                int *columns, bool *all, struct error *error) {
    struct str name = {0};
    size_t first = first_kept(step, state), count = category_count(state);
    enum status status = STATUS_OK;
    columns[0] = -1;
    *all = count > first;
    for (size_t category = first; category < count && status == STATUS_OK; category++) {
        status = category_name(state, category, &name, error);
        columns[category] = status == STATUS_OK ? table_find(table, str_text(&name)) : -1;
        *all = *all && columns[category] >= 0 && table->columns[columns[category]]->values != NULL;
    }
    str_free(&name);
    return status;
}

// The category with the largest value. All zeros: the dropped category, else SIZE_MAX.
static size_t largest(const struct column_state *state, const struct table *table, const int *columns, size_t row) {
    size_t best = columns[0] < 0 ? 0 : SIZE_MAX;
    double most = 0;
    for (size_t category = 0; category < category_count(state); category++) {
        if (columns[category] < 0 || !(table->columns[columns[category]]->values[row] > most))
            continue;
        most = table->columns[columns[category]]->values[row];
        best = category;
    }
    return best;
}

static enum status rebuild(const struct column_state *state, const struct table *table, const int *columns,
                           struct column *made, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t row = 0; row < table->rows && status == STATUS_OK; row++) {
        size_t category = largest(state, table, columns, row);
        if (category >= state->word_count)
            status = column_set_missing(made, row, error);
        else if (made->codes != NULL)
            status = column_word(made, state->words[category], strlen(state->words[category]), &made->codes[row], error);
        else
            number_parse(state->words[category], &made->values[row]);
    }
    column_seal(made);
    return status;
}

static enum status invert_column(const struct step *step, const struct column_state *state, struct table *table,
                                 struct error *error) {
    size_t count = category_count(state), first = first_kept(step, state);
    int *columns = mem_alloc(count + 1, sizeof *columns);
    struct column *made = column_make(state->name, state->type, table->rows, error);
    bool all = false;
    enum status status = columns == NULL ? error_memory(error, "columns", count) : STATUS_OK;
    if (status == STATUS_OK && made == NULL)
        status = STATUS_MEMORY;
    if (status == STATUS_OK)
        status = find_columns(step, state, table, columns, &all, error);
    if (status == STATUS_OK && all) {
        status = rebuild(state, table, columns, made, error);
        if (status == STATUS_OK) {
            table_replace(table, (size_t)columns[first], made);
            made = NULL;
        }
        for (size_t category = count; category-- > first + 1 && status == STATUS_OK;)
            table_remove(table, (size_t)columns[category]);
    }
    column_release(made);
    mem_free(columns);
    return status;
}

static enum status invert(const struct step *step, struct table *table, struct error *error) {
    const struct step_state *state = step->state;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++)
        status = invert_column(step, &state->columns[i], table, error);
    return status;
}

// ---- loading ----

static bool in_order(const struct column_state *column) {
    double before, after;
    for (size_t i = 0; i < column->word_count && column->type == COLUMN_NUMERIC; i++) {
        if (!number_parse(column->words[i], &after) || (i > 0 && !(before < after)))
            return false;
        before = after;
    }
    for (size_t i = 1; i < column->word_count && column->type != COLUMN_NUMERIC; i++) {
        if (strcmp(column->words[i - 1], column->words[i]) >= 0)
            return false;
    }
    return column->type != COLUMN_DATE;
}

static enum status load(struct step *step, const cJSON *object, struct error *error) {
    enum status status = state_load(step, object, error);
    const struct step_state *state = step->state;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        if (state->columns[i].word_count > CATEGORIES_MOST)
            status = too_many(state->columns[i].name, state->columns[i].word_count, error);
        else if (!in_order(&state->columns[i]))
            status = error_set(error, STATUS_INVALID, "the \"words\" of column \"%.80s\" must be sorted and all different",
                               state->columns[i].name);
    }
    return status;
}

const struct step_kind step_one_hot = {
    .name = "one-hot",
    .label = "one-hot",
    .help = "turn categories into columns of 0 and 1",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_COLUMN,
    .reversible = true,
    .figures = {[MISSING] = "missing"},
    .fits = fits,
    .fit = fit,
    .apply = apply,
    .invert = invert,
    .save = state_save,
    .load = load,
    .clear = state_clear,
};
