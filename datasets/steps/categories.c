#include "datasets/steps/categories.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

// ---- fitting -----------------------------------------------------------------------------------------

static enum status too_many(const struct step *step, const char *name, size_t count, size_t most, struct error *error) {
    return error_set(error, STATUS_UNSUPPORTED,
                     "column \"%s\" has %zu different values; %s stops at %zu: make it a text column or leave it out",
                     name, count, step == NULL ? "a step" : step->kind->name, most);
}

struct found_word {
    const char *word;
    size_t count;
};

static int compare_found(const void *a, const void *b) {
    return strcmp(((const struct found_word *)a)->word, ((const struct found_word *)b)->word);
}

// The words that training rows have, sorted; `counts` (per code on entry) becomes theirs, holes last.
static enum status sort_words(const struct step *step, const struct column *column, size_t *counts, size_t holes,
                              size_t most, struct column_state *state, struct error *error) {
    struct found_word *found = mem_alloc(column->word_count, sizeof *found);
    size_t kept = 0;
    enum status status = STATUS_OK;
    if (found == NULL)
        return error_memory(error, "the categories of a column", column->word_count * sizeof *found);
    for (size_t code = 0; code < column->word_count; code++) {
        found[kept] = (struct found_word){column->words[code], counts[code]};
        kept += counts[code] > 0;
    }
    if (kept > most)
        status = too_many(step, column->name, kept, most, error);
    if (status == STATUS_OK && kept > 0)
        qsort(found, kept, sizeof *found, compare_found);
    for (size_t i = 0; i < kept && status == STATUS_OK; i++) {
        counts[i] = found[i].count;
        status = state_add_word(state, found[i].word, error);
    }
    counts[kept] = holes;
    mem_free(found);
    return status;
}

static enum status fit_words(const struct step *step, const struct column *column, const uint32_t *training,
                             size_t count, size_t most, struct column_state *state, size_t *counts,
                             struct error *error) {
    size_t holes;
    enum status status = words_count(step->task, column, training, count, counts, &holes, error);
    return status == STATUS_OK ? sort_words(step, column, counts, holes, most, state, error) : status;
}

// values[found], sorted; counts[found + 1]: of each different one, holes last.
static enum status count_numbers(const double *values, size_t found, size_t holes, struct column_state *state,
                                 size_t *counts, struct error *error) {
    char text[32];
    enum status status = STATUS_OK;
    size_t kept = 0;
    for (size_t from = 0, to; from < found && status == STATUS_OK; from = to) {
        for (to = from; to < found && values[to] == values[from]; to++) {
        }
        counts[kept++] = to - from;
        status = state_add_word(state, number_text(values[from] + 0.0, text), error); // never "-0"
    }
    counts[kept] = holes;
    return status;
}

static enum status fit_numbers(const struct step *step, const struct table *table, size_t index,
                               const uint32_t *training, size_t count, size_t most, struct column_state *state,
                               size_t **counts, struct error *error) {
    double *values;
    size_t found, different = 0;
    enum status status = column_numbers(table, index, training, count, false, &values, &found, error);
    if (status != STATUS_OK)
        return status;
    numbers_sort(values, found);
    for (size_t i = 0; i < found; i++)
        different += i == 0 || values[i] != values[i - 1];
    if (different > most)
        status = too_many(step, table->columns[index]->name, different, most, error);
    if (status == STATUS_OK) {
        *counts = mem_alloc(different + 1, sizeof **counts);
        status = *counts == NULL ? error_memory(error, "the categories of a column", different * sizeof **counts)
                                 : count_numbers(values, found, count - found, state, *counts, error);
    }
    mem_free(values);
    return status;
}

enum status categories_fit(const struct step *step, const struct table *table, size_t index, const uint32_t *training,
                           size_t count, size_t most, struct column_state *state, size_t **counts,
                           struct error *error) {
    const struct column *column = table->columns[index];
    enum status status;
    *counts = NULL;
    if (column_has_values(column)) {
        status = fit_numbers(step, table, index, training, count, most, state, counts, error);
    } else {
        *counts = mem_alloc(column->word_count + 1, sizeof **counts);
        status = *counts == NULL
                     ? error_memory(error, "the categories of a column", column->word_count * sizeof **counts)
                     : fit_words(step, column, training, count, most, state, *counts, error);
    }
    if (status == STATUS_OK)
        return STATUS_OK;
    mem_free(*counts);
    *counts = NULL;
    return status;
}

// ---- looking up ----------------------------------------------------------------------------------------

static int compare_words(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t find_word(const struct column_state *state, const char *word) {
    char **found = state->word_count == 0
                       ? NULL
                       : bsearch(&word, state->words, state->word_count, sizeof *state->words, compare_words);
    return found == NULL ? CATEGORY_NONE : (size_t)(found - state->words);
}

static enum status open_numbers(struct categories *categories, const struct column_state *state, struct error *error) {
    categories->numbers = mem_alloc(state->word_count, sizeof *categories->numbers);
    if (categories->numbers == NULL)
        return error_memory(error, "the categories of a column", state->word_count * sizeof *categories->numbers);
    for (size_t i = 0; i < state->word_count; i++) {
        if (!number_parse(state->words[i], &categories->numbers[i]))
            return error_set(error, STATUS_INVALID, "the pipeline's category \"%.40s\" of column \"%s\" is no number",
                             state->words[i], state->name);
    }
    return STATUS_OK;
}

static enum status open_words(struct categories *categories, const struct column_state *state,
                              const struct column *column, struct error *error) {
    categories->of_code = mem_alloc(column->word_count, sizeof *categories->of_code);
    if (categories->of_code == NULL)
        return error_memory(error, "the categories of a column", column->word_count * sizeof *categories->of_code);
    for (size_t code = 0; code < column->word_count; code++)
        categories->of_code[code] = find_word(state, column->words[code]);
    return STATUS_OK;
}

enum status categories_open(struct categories *categories, const struct column_state *state,
                            const struct column *column, struct error *error) {
    *categories = (struct categories){.count = state->word_count};
    enum status status = column_has_values(column) ? open_numbers(categories, state, error)
                                                   : open_words(categories, state, column, error);
    if (status != STATUS_OK)
        categories_close(categories);
    return status;
}

void categories_close(struct categories *categories) {
    mem_free(categories->of_code);
    mem_free(categories->numbers);
    *categories = (struct categories){0};
}

size_t categories_number(const struct categories *categories, double value) {
    size_t low = 0, high = categories->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (categories->numbers[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low < categories->count && categories->numbers[low] == value ? low : CATEGORY_NONE;
}

enum status categories_refuse(const struct table *table, const struct column *column, size_t row, const char *instead,
                              struct error *error) {
    char room[64];
    bool hole = cell_is_hole(column, row);
    return error_set(error, STATUS_INVALID, "%s line %llu: column \"%s\" %s%.60s%s, which no training row has; %s%s",
                     table_file(table, row), (unsigned long long)table_line(table, row), column->name,
                     hole ? "is missing" : "is \"", hole ? "" : column_text(column, row, room), hole ? "" : "\"",
                     instead, hole ? ", or put a step \"missing\" before it" : "");
}

enum status categories_check(const struct column_state *state, size_t most, struct error *error) {
    double before = 0, after = 0;
    bool good = state->type != COLUMN_DATE;
    if (state->word_count > most)
        return too_many(NULL, state->name, state->word_count, most, error);
    for (size_t i = 0; i < state->word_count && good; i++) {
        if (state->type == COLUMN_NUMERIC)
            good = number_parse(state->words[i], &after) && (i == 0 || before < after);
        else
            good = i == 0 || strcmp(state->words[i - 1], state->words[i]) < 0;
        before = after;
    }
    return good ? STATUS_OK
                : error_set(error, STATUS_INVALID, "the \"words\" of column \"%.80s\" must be sorted and all different",
                            state->name);
}
