// Splits that a column decides: in the order of time, or by the part that every row names.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/split_parts.h"

// ---- time ------------------------------------------------------------------------------------------------

static enum status keep_values(void *context, const struct column_cells *cells, struct error *error) {
    double *values = (double *)context + cells->first;
    (void)error;
    for (size_t i = 0; i < cells->count; i++)
        values[i] = cells_missing(cells, i) ? (double)NAN : cells->values[i];
    return STATUS_OK;
}

// The value at place `place` of the sorted values; reorders them (quickselect with Hoare's partition).
static double select_value(double *values, size_t count, size_t place) {
    size_t low = 0, high = count - 1;
    while (low < high) {
        double a = values[low], b = values[low + (high - low) / 2], c = values[high];
        double pivot = fmax(fmin(a, b), fmin(fmax(a, b), c)); // the median of three
        size_t i = low, j = high;
        for (;; i++, j--) {
            while (values[i] < pivot)
                i++;
            while (values[j] > pivot)
                j--;
            if (i >= j)
                break;
            double swapped = values[i];
            values[i] = values[j];
            values[j] = swapped;
        }
        j -= i == j && j == high; // values[low … j] ≤ pivot ≤ values[j + 1 … high]
        if (place <= j)
            high = j;
        else
            low = j + 1;
    }
    return values[place];
}

struct cut {
    double from;  // rows from this moment on lie after the cut
    size_t after; // how many they are
};

// A cut with `after` of the values behind it, moved to the nearer edge of a run of equal values (the later
// one where both are as near) that leaves something on both sides.
static bool place_cut(const double *values, size_t count, double *scratch, size_t after, struct cut *cut) {
    size_t less = 0, equal = 0;
    double next = (double)INFINITY;
    memcpy(scratch, values, count * sizeof *values);
    double value = select_value(scratch, count, count - after);
    for (size_t i = 0; i < count; i++) {
        less += values[i] < value;
        equal += values[i] == value;
        if (values[i] > value && values[i] < next)
            next = values[i];
    }
    size_t more = count - less, fewer = count - less - equal; // behind a cut before and after the run
    bool early = less > 0, late = fewer > 0;
    if (!early && !late)
        return false;
    if (early && (!late || more - after < after - fewer))
        *cut = (struct cut){.from = value, .after = more};
    else
        *cut = (struct cut){.from = next, .after = fewer};
    return true;
}

static size_t keep_below(double *values, size_t count, double limit) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (values[i] < limit)
            values[kept++] = values[i];
    return kept;
}

static enum status refuse_ties(const struct split_plan *plan, struct error *error) {
    return error_set(
        error, STATUS_INVALID,
        "column \"%.80s\" has too few different values to split by: rows of the same moment stay together; "
        "choose another column, or fewer parts",
        plan->settings->column);
}

static void note_sizes(const struct split_plan *plan, size_t validation, size_t test, size_t timeless) {
    struct str note = {0};
    size_t wanted[PART_COUNT] = {0, plan->sizes[PART_VALIDATION], plan->sizes[PART_TEST]};
    size_t sizes[PART_COUNT] = {0, validation, test};
    for (int part = PART_VALIDATION; part < PART_COUNT; part++)
        if (sizes[part] != wanted[part])
            str_format(&note, "%s%s has %zu rows instead of %zu",
                       note.length > 0 ? ", " : "rows of the same moment stay together: ", part_name((enum part)part), sizes[part],
                       wanted[part]);
    if (timeless > 0)
        str_format(&note, "%s%zu row%s without a value in \"%.60s\" train%s", note.length > 0 ? "; " : "", timeless,
                   timeless == 1 ? "" : "s", plan->settings->column, timeless == 1 ? "s" : "");
    snprintf(plan->split->note, sizeof plan->split->note, "%s", str_text(&note));
    str_free(&note);
}

// `moments` [rows], NaN where a row has none; `known` and `scratch` have room for as many.
static enum status cut_moments(struct split_plan *plan, const double *moments, double *known, double *scratch,
                               struct error *error) {
    struct split *split = plan->split;
    struct cut test = {0}, validation = {0};
    size_t count = 0, timeless = 0;
    for (size_t i = 0; i < plan->pool->count; i++) {
        double moment = moments[plan->pool->rows[i]];
        timeless += isnan(moment) != 0;
        known[count] = moment;
        count += isnan(moment) == 0;
    }
    bool testing = plan->sizes[PART_TEST] > 0, validating = plan->sizes[PART_VALIDATION] > 0;
    if (plan->sizes[PART_TEST] + plan->sizes[PART_VALIDATION] >= count)
        return error_set(error, STATUS_INVALID,
                         "only %zu rows have a value in column \"%.80s\", too few for %zu to validate and %zu to test",
                         count, plan->settings->column, plan->sizes[PART_VALIDATION], plan->sizes[PART_TEST]);
    if (testing && !place_cut(known, count, scratch, plan->sizes[PART_TEST], &test))
        return refuse_ties(plan, error);
    if (testing)
        count = keep_below(known, count, test.from);
    size_t wanted = plan->sizes[PART_VALIDATION] < count ? plan->sizes[PART_VALIDATION] : count - 1;
    if (validating && (wanted == 0 || !place_cut(known, count, scratch, wanted, &validation)))
        return refuse_ties(plan, error);
    for (size_t row = 0; row < split->rows; row++)
        split->part[row] = (uint8_t)(testing && moments[row] >= test.from            ? PART_TEST
                                     : validating && moments[row] >= validation.from ? PART_VALIDATION
                                                                                     : PART_TRAIN);
    note_sizes(plan, validation.after, test.after, timeless);
    return task_step(plan->task, 0, error);
}

enum status split_moments(const struct column *column, double *moments, struct error *error) {
    if (!column_has_values(column))
        return error_set(error, STATUS_INVALID,
                         "column \"%.80s\" is %s, which has no order in time; choose a column of dates or numbers",
                         column->name, column_type_name(column->type));
    return column_each(column, keep_values, moments, error);
}

enum status split_time(struct split_plan *plan, const struct column *column, struct error *error) {
    size_t rows = plan->split->rows;
    double *moments = mem_alloc(rows, sizeof *moments), *known = mem_alloc(plan->pool->count, sizeof *known);
    double *scratch = mem_alloc(plan->pool->count, sizeof *scratch);
    enum status status = moments == NULL || known == NULL || scratch == NULL
                             ? error_memory(error, "the moments of the rows", rows * sizeof *moments)
                             : split_moments(column, moments, error);
    if (status == STATUS_OK)
        status = cut_moments(plan, moments, known, scratch, error);
    mem_free(moments);
    mem_free(known);
    mem_free(scratch);
    return status;
}

// ---- named parts -----------------------------------------------------------------------------------------

#define NO_PART 255

static uint8_t part_of_word(const char *word) {
    static const struct {
        const char *word;
        enum part part;
    } words[] = {
        {"train", PART_TRAIN},      {"training", PART_TRAIN}, {"validation", PART_VALIDATION},
        {"valid", PART_VALIDATION}, {"val", PART_VALIDATION}, {"test", PART_TEST},
        {"0", PART_TRAIN},          {"1", PART_VALIDATION},   {"2", PART_TEST},
    };
    word += strspn(word, " \t");
    size_t length = strlen(word);
    while (length > 0 && (word[length - 1] == ' ' || word[length - 1] == '\t'))
        length--;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t same = 0;
        while (same < length && words[i].word[same] != '\0' &&
               (word[same] == words[i].word[same] ||
                (word[same] >= 'A' && word[same] <= 'Z' && word[same] - 'A' + 'a' == words[i].word[same])))
            same++;
        if (same == length && words[i].word[same] == '\0' && length > 0)
            return (uint8_t)words[i].part;
    }
    return NO_PART;
}

struct naming {
    const struct split_plan *plan;
    const struct column *column;
    uint8_t *by_code; // [words]
};

static enum status refuse_cell(const struct naming *naming, size_t row, struct error *error) {
    char place[64], text[64];
    const char *cell = column_text(naming->column, row, text);
    return error_set(
        error, STATUS_INVALID,
        "column \"%.60s\", line %s: \"%.40s\" is no part; every row must say train, validation or test (or 0, "
        "1 or 2)",
        naming->column->name, table_place(naming->plan->table, row, place), cell);
}

static enum status name_block(void *context, const struct column_cells *cells, struct error *error) {
    struct naming *naming = context;
    uint8_t *part = naming->plan->split->part + cells->first;
    for (size_t i = 0; i < cells->count; i++) {
        if (cells_missing(cells, i))
            part[i] = NO_PART;
        else if (cells->values == NULL)
            part[i] = naming->by_code[cells->codes[i]];
        else
            part[i] = cells->values[i] == 0 || cells->values[i] == 1 || cells->values[i] == 2
                          ? (uint8_t)cells->values[i]
                          : NO_PART;
        if (part[i] == NO_PART)
            return refuse_cell(naming, cells->first + i, error);
    }
    return STATUS_OK;
}

enum status split_by_column(struct split_plan *plan, const struct column *column, struct error *error) {
    struct naming naming = {.plan = plan, .column = column};
    if (column->type == COLUMN_DATE)
        return error_set(error, STATUS_INVALID,
                         "column \"%.80s\" holds dates, not parts; for the order of time set split "
                         "to time",
                         column->name);
    naming.by_code = mem_alloc(column->word_count + 1, 1);
    if (naming.by_code == NULL)
        return error_memory(error, "the parts", column->word_count + 1);
    for (size_t code = 0; code < column->word_count; code++)
        naming.by_code[code] = part_of_word(column->words[code]);
    enum status status = column_each(column, name_block, &naming, error);
    mem_free(naming.by_code);
    return status;
}
