// What is odd about a column. Each rule says what it saw, and which rows show it; nothing is changed.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/profile_parts.h"
#include "datasets/types.h"

// ---- rows of a warning ------------------------------------------------------------------------------

static bool is_missing(const struct column_cells *cells, size_t i, const void *context) {
    (void)context;
    return cells_missing(cells, i);
}

static bool has_value(const struct column_cells *cells, size_t i, const void *context) {
    return !cells_missing(cells, i) && cells->values[i] == *(const double *)context;
}

static bool has_code(const struct column_cells *cells, size_t i, const void *context) {
    return !cells_missing(cells, i) && cells->codes[i] == *(const uint32_t *)context;
}

static bool is_infinite(const struct column_cells *cells, size_t i, const void *context) {
    (void)context;
    return !cells_missing(cells, i) && isinf(cells->values[i]) != 0;
}

static bool is_outlier(const struct column_cells *cells, size_t i, const void *context) {
    const double *fences = context;
    return !cells_missing(cells, i) && (cells->values[i] < fences[0] || cells->values[i] > fences[1]);
}

static bool is_marked(const struct column_cells *cells, size_t i, const void *context) {
    return !cells_missing(cells, i) && ((const uint8_t *)context)[cells->codes[i]] != 0;
}

enum status profile_warn_rows(struct profile *profile, const struct column *column, profile_picks *picks,
                              const void *context, struct error *error) {
    struct column_scan scan;
    const struct warning *warning = &profile->warnings[profile->warning_count - 1];
    enum status status = column_scan_open(&scan, column, error);
    for (size_t block = 0; status == STATUS_OK && block < column_blocks(column); block++) {
        struct column_cells cells;
        status = column_scan_read(&scan, block, &cells, error);
        for (size_t i = 0; status == STATUS_OK && i < cells.count; i++)
            if (picks(&cells, i, context))
                status = profile_warn_row(profile, (uint32_t)(cells.first + i), error);
        if (warning->row_count == WARNING_ROWS_MOST)
            break;
    }
    column_scan_close(&scan);
    return status;
}

enum status profile_warn_code(struct profile *profile, const struct column *column, uint32_t code,
                              struct error *error) {
    return profile_warn_rows(profile, column, has_code, &code, error);
}

enum status profile_warn_equal(struct profile *profile, const struct column *column, double value,
                               struct error *error) {
    return profile_warn_rows(profile, column, has_value, &value, error);
}

// ---- any column -----------------------------------------------------------------------------------

static enum status warn_missing(struct profile *profile, const struct column_profile *figures, struct error *error) {
    const struct column *column = figures->column;
    enum status status;
    if (figures->missing == figures->rows)
        return profile_warn(profile, column->name, "empty", error, "%s: every cell is missing", column->name);
    if (figures->missing == 0 || (double)figures->missing < profile->limits.warn_missing * (double)figures->rows)
        return STATUS_OK;
    status = profile_warn(profile, column->name, "missing", error, "%s: %.1f %% missing (%zu of %zu)", column->name,
                          100.0 * (double)figures->missing / (double)figures->rows, figures->missing, figures->rows);
    return status != STATUS_OK ? status : profile_warn_rows(profile, column, is_missing, NULL, error);
}

// Rows of the categories that stand in one row only.
static enum status warn_cardinality(struct profile *profile, const struct column_profile *figures,
                                    const uint64_t *counts, struct error *error) {
    const struct column *column = figures->column;
    uint8_t *once = mem_alloc(column->word_count + 1, 1);
    if (once == NULL)
        return error_memory(error, "a warning", column->word_count);
    for (size_t code = 0; code < column->word_count && counts != NULL; code++)
        once[code] = counts[code] == 1;
    enum status status =
        profile_warn(profile, column->name, "cardinality", error,
                     "%s: %zu categories; one-hot would make as many columns", column->name, figures->distinct);
    if (status == STATUS_OK)
        status = profile_warn_rows(profile, column, is_marked, once, error);
    mem_free(once);
    return status;
}

static enum status warn_shape(struct profile *profile, const struct column_profile *figures, const uint64_t *counts,
                              struct error *error) {
    const char *name = figures->column->name;
    if (figures->constant && figures->rows > 1)
        return profile_warn(profile, name, "constant", error, "%s: only one value (%s)", name, figures->top[0].word);
    if (figures->id_like)
        return profile_warn(
            profile, name, "id", error,
            "%s: a different value in every row, like a number of the row; a model cannot learn from it", name);
    if (figures->column->type == COLUMN_CATEGORY && figures->distinct > (uint64_t)profile->limits.warn_categories)
        return warn_cardinality(profile, figures, counts, error);
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
    return status != STATUS_OK ? status : profile_warn_equal(profile, column, value, error);
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
static enum status warn_sentinels(struct profile *profile, const struct column_profile *figures,
                                  const struct column_edges *edges, struct error *error) {
    double first = edges->first, last = edges->last, second = edges->second, before = edges->before_last;
    enum status status = STATUS_OK;
    if (isnan(second) || second == last) // at most two values: nothing to be far from
        return status;
    bool below = first < 0 && (second >= 0 || second - first >= last - second);
    if (is_nines(first) && below)
        status = warn_value(profile, figures, first, edges->first_count, error);
    if (status == STATUS_OK && last > 0 && is_nines(last) && last - before >= before - second)
        status = warn_value(profile, figures, last, edges->last_count, error);
    return status;
}

// Zeros where everything else stays far above zero: a gap many times the usual one.
static enum status warn_zero_gap(struct profile *profile, const struct column_profile *figures,
                                 const struct column_edges *edges, bool *told, struct error *error) {
    size_t zeros = figures->zeros, count = figures->rows - figures->missing;
    if (zeros < 2 || figures->negatives > 0 || zeros * 2 > count || figures->distinct < 10)
        return STATUS_OK;
    double gap = edges->above_zero, usual = (figures->max - gap) / (double)(figures->distinct - 2);
    if (!(gap > profile->limits.warn_zero_gap * usual))
        return STATUS_OK;
    *told = true;
    return warn_value(profile, figures, 0, zeros, error);
}

// A flag of two values is no count with many zeros.
static enum status warn_zeros(struct profile *profile, const struct column_profile *figures,
                              const struct column_edges *edges, struct error *error) {
    const struct column *column = figures->column;
    size_t count = figures->rows - figures->missing;
    bool told = false;
    enum status status = warn_zero_gap(profile, figures, edges, &told, error);
    if (status != STATUS_OK || told || figures->zeros == 0 || figures->distinct <= 2 ||
        (double)figures->zeros < profile->limits.warn_zeros * (double)count)
        return status;
    status = profile_warn(profile, column->name, "zeros", error, "%s: %.1f %% of the values are zero (%zu of %zu)",
                          column->name, 100.0 * (double)figures->zeros / (double)count, figures->zeros, count);
    return status != STATUS_OK ? status : profile_warn_equal(profile, column, 0, error);
}

static enum status warn_skew(struct profile *profile, const struct column_profile *figures,
                             const struct column_edges *edges, struct error *error) {
    const struct column *column = figures->column;
    double fences[2] = {figures->skew < 0 ? edges->fences[0] : -(double)INFINITY,
                        figures->skew > 0 ? edges->fences[1] : (double)INFINITY};
    if (!(fabs(figures->skew) >= profile->limits.warn_skew) || figures->distinct <= 2)
        return STATUS_OK;
    enum status status =
        profile_warn(profile, column->name, "skew", error, "%s: skewness %.1f, a long tail of %s values%s",
                     column->name, figures->skew, figures->skew > 0 ? "large" : "small",
                     figures->min >= 0 && figures->skew > 0 ? "; a logarithm may help" : "");
    return status != STATUS_OK ? status : profile_warn_rows(profile, column, is_outlier, fences, error);
}

static enum status warn_outliers(struct profile *profile, const struct column_profile *figures,
                                 const struct column_edges *edges, struct error *error) {
    const struct column *column = figures->column;
    double count = (double)(figures->rows - figures->missing);
    if (figures->outliers == 0 || (double)figures->outliers < profile->limits.warn_outliers * count)
        return STATUS_OK;
    enum status status = profile_warn(profile, column->name, "outliers", error,
                                      "%s: %zu values (%.1f %%) lie beyond 1.5 interquartile ranges", column->name,
                                      figures->outliers, 100.0 * (double)figures->outliers / count);
    return status != STATUS_OK ? status : profile_warn_rows(profile, column, is_outlier, edges->fences, error);
}

static enum status warn_numbers(struct profile *profile, const struct column_profile *figures,
                                const struct column_edges *edges, struct error *error) {
    const struct column *column = figures->column;
    enum status status = STATUS_OK;
    if (figures->infinite > 0) {
        status = profile_warn(profile, column->name, "infinite", error, "%s: %zu infinite %s; scalers refuse them",
                              column->name, figures->infinite, figures->infinite == 1 ? "value" : "values");
        return status != STATUS_OK ? status : profile_warn_rows(profile, column, is_infinite, NULL, error);
    }
    status = warn_sentinels(profile, figures, edges, error);
    if (status == STATUS_OK)
        status = warn_zeros(profile, figures, edges, error);
    if (status == STATUS_OK)
        status = warn_outliers(profile, figures, edges, error);
    return status != STATUS_OK ? status : warn_skew(profile, figures, edges, error);
}

// ---- words ----------------------------------------------------------------------------------------

struct word_tally {
    const uint64_t *counts; // [word_count] cells
    uint8_t *not_number;    // [word_count]
    uint64_t cells, numbers;
};

static enum status tally_words(const struct column *column, struct word_tally *tally, struct error *error) {
    tally->not_number = mem_alloc(column->word_count + 1, 1);
    if (tally->not_number == NULL)
        return error_memory(error, "word counts", column->word_count);
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
            status = profile_warn_code(profile, column, code, error);
    }
    return status;
}

static enum status warn_nearly_numeric(struct profile *profile, const struct column *column,
                                       const struct word_tally *tally, struct error *error) {
    uint64_t words = tally->cells - tally->numbers;
    if (words == 0 || (double)tally->numbers < profile->limits.warn_almost * (double)tally->cells)
        return STATUS_OK;
    uint32_t code = 0;
    while (tally->counts[code] == 0 || !tally->not_number[code])
        code++;
    enum status status =
        profile_warn(profile, column->name, "type", error, "%s: would be numeric but for %llu %s such as '%.40s'",
                     column->name, (unsigned long long)words, words == 1 ? "cell" : "cells", column->words[code]);
    return status != STATUS_OK ? status : profile_warn_rows(profile, column, is_marked, tally->not_number, error);
}

static enum status warn_amounts(struct profile *profile, const struct column *column, const struct word_tally *tally,
                                struct error *error) {
    struct cell_evidence evidence;
    const char *example = NULL;
    cell_evidence_begin(&evidence);
    for (size_t code = 0; code < column->word_count && evidence.can != 0; code++)
        if (tally->counts[code] > 0) {
            example = column->words[code];
            cell_evidence_add(&evidence, example, strlen(example), 0);
        }
    if (evidence.cells == 0 || !cell_evidence_amounts(&evidence))
        return STATUS_OK;
    return profile_warn(
        profile, column->name, "amounts", error,
        "%s: words, but each is a number, such as '%.40s'; type amount (t, or --type '%s=amount') reads "
        "the numbers",
        column->name, example, column->name);
}

static enum status warn_words(struct profile *profile, const struct column *column, const uint64_t *counts,
                              struct error *error) {
    struct word_tally tally = {.counts = counts};
    enum status status = tally_words(column, &tally, error);
    if (status == STATUS_OK)
        status = warn_suspects(profile, column, &tally, error);
    if (status == STATUS_OK)
        status = warn_nearly_numeric(profile, column, &tally, error);
    if (status == STATUS_OK)
        status = warn_amounts(profile, column, &tally, error);
    mem_free(tally.not_number);
    return status;
}

enum status profile_warn_column(struct profile *profile, const struct column_profile *figures,
                                const struct column_edges *edges, const uint64_t *counts, struct error *error) {
    enum status status = warn_missing(profile, figures, error);
    if (status == STATUS_OK)
        status = warn_shape(profile, figures, counts, error);
    if (status != STATUS_OK || figures->column->type == COLUMN_DATE)
        return status;
    if (figures->column->type == COLUMN_NUMERIC)
        return figures->missing == figures->rows ? STATUS_OK : warn_numbers(profile, figures, edges, error);
    return counts == NULL ? STATUS_OK : warn_words(profile, figures->column, counts, error);
}
