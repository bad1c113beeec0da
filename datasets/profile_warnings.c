// What is odd about a column. Each rule says what it saw, and which rows show it; nothing is changed.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/profile_parts.h"
#include "datasets/types.h"

static const double MISSING_SHARE = 0.05;  // of the rows
static const double OUTLIER_SHARE = 0.05;  // of the values
static const double DOMINANT_SHARE = 0.75; // of the target: one class
static const double NUMERIC_SHARE = 0.8;   // of the words of a column: nearly a number
static const double ZERO_GAP = 10;         // times the usual gap between two values
enum { CATEGORIES_MANY = 50, CLASSES_MOST = 100 };

// Adds the rows of which `picks` is true to the last warning.
static enum status warn_rows(struct profile *profile, const struct column *column,
                             bool (*picks)(const struct column *, size_t, const void *), const void *context,
                             struct error *error) {
    enum status status = STATUS_OK;
    for (size_t row = 0; row < column->rows && status == STATUS_OK; row++)
        if (picks(column, row, context))
            status = profile_warn_row(profile, (uint32_t)row, error);
    return status;
}

static bool is_missing(const struct column *column, size_t row, const void *context) {
    (void)context;
    return column_is_missing(column, row);
}

static bool has_value(const struct column *column, size_t row, const void *context) {
    return !column_is_missing(column, row) && column->values[row] == *(const double *)context;
}

static bool has_code(const struct column *column, size_t row, const void *context) {
    return !column_is_missing(column, row) && column->codes[row] == *(const uint32_t *)context;
}

static bool is_infinite(const struct column *column, size_t row, const void *context) {
    (void)context;
    return !column_is_missing(column, row) && isinf(column->values[row]) != 0;
}

static bool is_outlier(const struct column *column, size_t row, const void *context) {
    const double *fences = context;
    double value = column->values[row];
    return !column_is_missing(column, row) && (value < fences[0] || value > fences[1]);
}

static bool is_marked(const struct column *column, size_t row, const void *context) {
    return !column_is_missing(column, row) && ((const uint8_t *)context)[column->codes[row]] != 0;
}

// ---- any column -----------------------------------------------------------------------------------

static enum status warn_missing(struct profile *profile, const struct column_profile *figures, struct error *error) {
    const struct column *column = figures->column;
    enum status status;
    if (figures->missing == figures->rows)
        return profile_warn(profile, column->name, "empty", error, "%s: every cell is missing", column->name);
    if ((double)figures->missing < MISSING_SHARE * (double)figures->rows)
        return STATUS_OK;
    status = profile_warn(profile, column->name, "missing", error, "%s: %.1f %% missing (%zu of %zu)", column->name,
                          100.0 * (double)figures->missing / (double)figures->rows, figures->missing, figures->rows);
    return status != STATUS_OK ? status : warn_rows(profile, column, is_missing, NULL, error);
}

static enum status warn_shape(struct profile *profile, const struct column_profile *figures, struct error *error) {
    const char *name = figures->column->name;
    if (figures->constant && figures->rows > 1)
        return profile_warn(profile, name, "constant", error, "%s: only one value (%s)", name, figures->top[0].word);
    if (figures->id_like)
        return profile_warn(
            profile, name, "id", error,
            "%s: a different value in every row, like a number of the row; a model cannot learn from it", name);
    if (figures->column->type == COLUMN_CATEGORY && figures->distinct > CATEGORIES_MANY)
        return profile_warn(profile, name, "cardinality", error,
                            "%s: %zu categories; one-hot would make as many columns", name, figures->distinct);
    return STATUS_OK;
}

// ---- numbers --------------------------------------------------------------------------------------

static enum status warn_value(struct profile *profile, const struct column_profile *figures, double value, size_t count,
                              struct error *error) {
    const struct column *column = figures->column;
    char text[32];
    enum status status =
        profile_warn(profile, column->name, "sentinel", error,
                     "%s: %s stands in %zu %s, far from the other values; it may mean missing: "
                     "--na '%s=%s'",
                     column->name, number_text(value, text), count, count == 1 ? "cell" : "cells", column->name, text);
    return status != STATUS_OK ? status : warn_rows(profile, column, has_value, &value, error);
}

// Only nines (at least two of them), or a negative number of nines.
static bool is_nines(double value) {
    static const double nines[] = {99, 999, 9999, 99999, 999999};
    for (size_t i = 0; i < sizeof nines / sizeof *nines; i++)
        if (fabs(value) == nines[i])
            return true;
    return false;
}

// The smallest or largest value made of nines, with nothing near it.
static enum status warn_sentinels(struct profile *profile, const struct column_profile *figures, const double *sorted,
                                  size_t count, struct error *error) {
    size_t low = 0, high = count;
    enum status status = STATUS_OK;
    while (low < count && sorted[low] == sorted[0])
        low++;
    while (high > 0 && sorted[high - 1] == sorted[count - 1])
        high--;
    if (low >= high) // at most two values: nothing to be far from
        return status;
    double first = sorted[0], last = sorted[count - 1];
    bool below = first < 0 && (sorted[low] >= 0 || sorted[low] - first >= last - sorted[low]);
    if (is_nines(first) && below)
        status = warn_value(profile, figures, first, low, error);
    if (status == STATUS_OK && last > 0 && is_nines(last) && last - sorted[high - 1] >= sorted[high - 1] - sorted[low])
        status = warn_value(profile, figures, last, count - high, error);
    return status;
}

// Zeros where everything else stays far above zero: a gap many times the usual one.
static enum status warn_zeros(struct profile *profile, const struct column_profile *figures, const double *sorted,
                              size_t count, struct error *error) {
    size_t zeros = figures->zeros;
    if (zeros < 2 || figures->negatives > 0 || zeros * 2 > count || figures->distinct < 10)
        return STATUS_OK;
    double gap = sorted[zeros] - 0, usual = (figures->max - sorted[zeros]) / (double)(figures->distinct - 2);
    if (!(gap > ZERO_GAP * usual))
        return STATUS_OK;
    return warn_value(profile, figures, 0, zeros, error);
}

static enum status warn_numbers(struct profile *profile, const struct column_profile *figures, const double *sorted,
                                size_t count, struct error *error) {
    const struct column *column = figures->column;
    enum status status = STATUS_OK;
    if (figures->infinite > 0) {
        status = profile_warn(profile, column->name, "infinite", error, "%s: %zu infinite %s; scalers refuse them",
                              column->name, figures->infinite, figures->infinite == 1 ? "value" : "values");
        return status != STATUS_OK ? status : warn_rows(profile, column, is_infinite, NULL, error);
    }
    status = warn_sentinels(profile, figures, sorted, count, error);
    if (status == STATUS_OK)
        status = warn_zeros(profile, figures, sorted, count, error);
    if (status != STATUS_OK || (double)figures->outliers < OUTLIER_SHARE * (double)count || figures->outliers == 0)
        return status;
    double reach = 1.5 * (figures->q75 - figures->q25);
    double fences[2] = {figures->q25 - reach, figures->q75 + reach};
    status = profile_warn(profile, column->name, "outliers", error,
                          "%s: %zu values (%.1f %%) lie beyond 1.5 interquartile ranges", column->name,
                          figures->outliers, 100.0 * (double)figures->outliers / (double)count);
    return status != STATUS_OK ? status : warn_rows(profile, column, is_outlier, fences, error);
}

// ---- words ----------------------------------------------------------------------------------------

struct word_tally {
    uint64_t *counts;    // [word_count] cells
    uint8_t *not_number; // [word_count]
    uint64_t cells, numbers;
};

static enum status tally_words(const struct column *column, struct word_tally *tally, struct error *error) {
    tally->counts = mem_alloc(column->word_count + 1, sizeof *tally->counts);
    tally->not_number = mem_alloc(column->word_count + 1, 1);
    if (tally->counts == NULL || tally->not_number == NULL)
        return error_memory(error, "word counts", column->word_count * sizeof *tally->counts);
    for (size_t row = 0; row < column->rows; row++)
        if (!column_is_missing(column, row))
            tally->counts[column->codes[row]]++;
    for (size_t code = 0; code < column->word_count; code++) {
        struct number_cell number;
        bool is_number = number_cell_read(column->words[code], strlen(column->words[code]), &number);
        tally->not_number[code] = !is_number;
        tally->cells += tally->counts[code];
        tally->numbers += is_number ? tally->counts[code] : 0;
    }
    return STATUS_OK;
}

static enum status warn_suspects(struct profile *profile, const struct column *column, const struct word_tally *tally,
                                 struct error *error) {
    enum status status = STATUS_OK;
    for (uint32_t code = 0; code < column->word_count && status == STATUS_OK; code++) {
        const char *word = column->words[code];
        if (tally->counts[code] == 0 || tally->counts[code] == tally->cells || !cell_suspect(word, strlen(word)))
            continue;
        status =
            profile_warn(profile, column->name, "suspect_token", error,
                         "%s: '%s' stands in %llu %s (%.1f %%); it may mean missing: --na '%s=%s'", column->name, word,
                         (unsigned long long)tally->counts[code], tally->counts[code] == 1 ? "cell" : "cells",
                         100.0 * (double)tally->counts[code] / (double)column->rows, column->name, word);
        if (status == STATUS_OK)
            status = warn_rows(profile, column, has_code, &code, error);
    }
    return status;
}

static enum status warn_nearly_numeric(struct profile *profile, const struct column *column,
                                       const struct word_tally *tally, struct error *error) {
    uint64_t words = tally->cells - tally->numbers;
    if (words == 0 || (double)tally->numbers < NUMERIC_SHARE * (double)tally->cells)
        return STATUS_OK;
    uint32_t code = 0;
    while (tally->counts[code] == 0 || !tally->not_number[code])
        code++;
    enum status status =
        profile_warn(profile, column->name, "type", error, "%s: would be numeric but for %llu %s such as '%.40s'",
                     column->name, (unsigned long long)words, words == 1 ? "cell" : "cells", column->words[code]);
    return status != STATUS_OK ? status : warn_rows(profile, column, is_marked, tally->not_number, error);
}

static enum status warn_words(struct profile *profile, const struct column *column, struct error *error) {
    struct word_tally tally = {0};
    enum status status = tally_words(column, &tally, error);
    if (status == STATUS_OK)
        status = warn_suspects(profile, column, &tally, error);
    if (status == STATUS_OK)
        status = warn_nearly_numeric(profile, column, &tally, error);
    mem_free(tally.counts);
    mem_free(tally.not_number);
    return status;
}

enum status profile_warn_column(struct profile *profile, const struct column_profile *figures, const double *sorted,
                                size_t sorted_count, struct error *error) {
    enum status status = warn_missing(profile, figures, error);
    if (status == STATUS_OK)
        status = warn_shape(profile, figures, error);
    if (status != STATUS_OK)
        return status;
    if (figures->column->type == COLUMN_NUMERIC)
        return sorted_count == 0 ? STATUS_OK : warn_numbers(profile, figures, sorted, sorted_count, error);
    return figures->column->type == COLUMN_DATE ? STATUS_OK : warn_words(profile, figures->column, error);
}

// ---- the target -----------------------------------------------------------------------------------

// A category, or few whole numbers: then one class that outweighs the rest is worth a word.
enum status profile_warn_target(struct profile *profile, const struct column *target, struct error *error) {
    const struct column_profile *figures = NULL;
    for (size_t i = 0; i < profile->column_count; i++)
        if (profile->columns[i].column == target)
            figures = &profile->columns[i];
    bool classes = figures != NULL && figures->distinct >= 2 && figures->distinct <= CLASSES_MOST &&
                   (target->type == COLUMN_CATEGORY || (target->integer && figures->distinct <= 20));
    double cells = classes ? (double)(figures->rows - figures->missing) : 0;
    if (!classes || (double)figures->top[0].count < DOMINANT_SHARE * cells)
        return STATUS_OK;
    return profile_warn(profile, target->name, "imbalance", error,
                        "%s: class '%s' has %.0f %% of the rows, so always "
                        "guessing it is right that often",
                        target->name, figures->top[0].word, 100.0 * (double)figures->top[0].count / cells);
}
