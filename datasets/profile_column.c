// Figures of one column (SEMANTICS of the figures in profile.h).
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/profile_parts.h"

// ---- sorting --------------------------------------------------------------------------------------

// Bits of a double as an integer that sorts like the number.
static uint64_t sort_key(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

// Least significant digit first, 11 bits a pass; a pass in which all keys agree is left out.
enum status sort_values(double *values, double *scratch, size_t count, struct task *task, struct error *error) {
    enum { BITS = 11, BUCKETS = 1 << BITS, PASSES = 6 };
    double *from = values, *to = scratch;
    for (int pass = 0; pass < PASSES; pass++) {
        size_t starts[BUCKETS] = {0};
        int shift = pass * BITS;
        enum status status = task_step(task, 0, error);
        if (status != STATUS_OK)
            return status;
        for (size_t i = 0; i < count; i++)
            starts[sort_key(from[i]) >> shift & (BUCKETS - 1)]++;
        if (count == 0 || starts[sort_key(from[0]) >> shift & (BUCKETS - 1)] == count)
            continue;
        for (size_t bucket = 0, sum = 0; bucket < BUCKETS; bucket++) {
            size_t here = starts[bucket];
            starts[bucket] = sum;
            sum += here;
        }
        for (size_t i = 0; i < count; i++)
            to[starts[sort_key(from[i]) >> shift & (BUCKETS - 1)]++] = from[i];
        double *swap = from;
        from = to;
        to = swap;
    }
    if (from != values && count > 0)
        memcpy(values, from, count * sizeof *values);
    return STATUS_OK;
}

double sorted_quantile(const double *sorted, size_t count, double share) {
    if (count == 0)
        return (double)NAN;
    double position = (double)(count - 1) * share;
    size_t below = (size_t)position;
    double part = position - (double)below, low = sorted[below];
    if (part <= 0 || below + 1 >= count || sorted[below + 1] == low)
        return low;
    return low + (sorted[below + 1] - low) * part;
}

// ---- histogram ------------------------------------------------------------------------------------

static void widen(double *low, double *high) {
    if (*low < *high)
        return;
    *low -= 0.5;
    *high += 0.5;
}

// The bin of a value, put right where rounding chose the neighbor.
static size_t bin_of(const struct histogram *histogram, double value) {
    double width = histogram->high / HISTOGRAM_BINS - histogram->low / HISTOGRAM_BINS;
    double at = (value - histogram->low) / width;
    size_t bin = at >= HISTOGRAM_BINS - 1 ? HISTOGRAM_BINS - 1 : (size_t)at;
    if (bin > 0 && value < histogram->low + (double)bin * width)
        bin--;
    else if (bin + 1 < HISTOGRAM_BINS && value >= histogram->low + (double)(bin + 1) * width)
        bin++;
    return bin;
}

void histogram_fill(struct histogram *histogram, const struct column *column, double low, double high) {
    widen(&low, &high);
    *histogram = (struct histogram){.low = low, .high = high};
    for (size_t row = 0; column->values != NULL && row < column->rows; row++) {
        double value = column->values[row];
        if (column_is_missing(column, row) || !isfinite(value) || value < low || value > high)
            continue;
        uint64_t *bin = &histogram->bins[bin_of(histogram, value)];
        (*bin)++;
        if (*bin > histogram->most)
            histogram->most = *bin;
    }
}

// ---- moments --------------------------------------------------------------------------------------

// Mean by Welford's recurrence; central sums about it, then moved to the mean's own rounding error, so
// that a large offset costs no digits.
static void moments(const double *values, size_t count, struct column_profile *out) {
    double n = (double)count, mean = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0;
    for (size_t i = 0; i < count; i++)
        mean += (values[i] - mean) / (double)(i + 1);
    for (size_t i = 0; i < count; i++) {
        double delta = values[i] - mean, square = delta * delta;
        s1 += delta;
        s2 += square;
        s3 += square * delta;
        s4 += square * square;
    }
    double off = s1 / n, m2 = s2 - n * off * off;
    double m3 = s3 - 3 * off * s2 + 2 * n * off * off * off;
    double m4 = s4 - 4 * off * s3 + 6 * off * off * s2 - 3 * n * off * off * off * off;
    if (count >= 1)
        out->mean = mean;
    if (count >= 2)
        out->sd = sqrt(m2 / (n - 1));
    if (count >= 3)
        out->skew = m2 <= 0 ? 0 : n * sqrt(n - 1) / (n - 2) * (m3 / pow(m2, 1.5));
    if (count >= 4)
        out->kurtosis = m2 <= 0 ? 0 : (n - 1) / ((n - 2) * (n - 3)) * (n * (n + 1) * m4 / (m2 * m2) - 3 * (n - 1));
}

// An infinity makes the mean infinite (or NaN, with both) and everything about it NaN.
static void infinite_moments(const double *sorted, size_t count, struct column_profile *out) {
    out->mean = sorted[0] + sorted[count - 1];
}

// ---- most frequent values -------------------------------------------------------------------------

static void top_insert(struct column_profile *out, struct word_count entry,
                       bool (*before)(const char *, const char *)) {
    size_t at = out->top_count;
    while (at > 0 &&
           (out->top[at - 1].count < entry.count ||
            (out->top[at - 1].count == entry.count && before != NULL && before(entry.word, out->top[at - 1].word))))
        at--;
    if (at == PROFILE_TOP)
        return;
    size_t last = out->top_count < PROFILE_TOP ? out->top_count : PROFILE_TOP - 1;
    memmove(&out->top[at + 1], &out->top[at], (last - at) * sizeof *out->top);
    out->top[at] = entry;
    out->top_count = last + 1;
}

static bool word_before(const char *a, const char *b) {
    return strcmp(a, b) < 0;
}

// Runs of equal values, in ascending order: ties keep that order. The values are told apart by their
// place in `sorted` until the list is final, and become text only then.
static enum status top_numbers(struct column_profile *out, const double *sorted, size_t count, struct error *error) {
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && sorted[next] == sorted[i];)
            next++;
        out->distinct++;
        top_insert(out, (struct word_count){(const char *)&sorted[i], next - i}, NULL);
    }
    for (size_t i = 0; i < out->top_count; i++) {
        double value;
        char text[64];
        memcpy(&value, out->top[i].word, sizeof value);
        struct column cell = {.type = out->column->type, .rows = 1, .values = &value};
        out->top[i].word = mem_string(column_text(&cell, 0, text));
        if (out->top[i].word == NULL) {
            out->top_count = i;
            return error_memory(error, "the most frequent values", sizeof text);
        }
    }
    return STATUS_OK;
}

static enum status word_figures(const struct column *column, struct column_profile *out, struct error *error) {
    uint64_t *counts = mem_alloc(column->word_count + 1, sizeof *counts);
    if (counts == NULL)
        return error_memory(error, "word counts", column->word_count * sizeof *counts);
    for (size_t row = 0; row < column->rows; row++)
        if (!column_is_missing(column, row))
            counts[column->codes[row]]++;
    for (size_t code = 0; code < column->word_count; code++) {
        if (counts[code] == 0)
            continue;
        out->distinct++;
        top_insert(out, (struct word_count){column->words[code], counts[code]}, word_before);
    }
    mem_free(counts);
    size_t cells = column->rows - column->missing_count;
    out->constant = out->distinct == 1;
    out->id_like = cells == column->rows && cells >= 20 && out->distinct == cells;
    return STATUS_OK;
}

// ---- numbers --------------------------------------------------------------------------------------

static size_t gather(const struct column *column, double *values) {
    size_t count = 0;
    for (size_t row = 0; row < column->rows; row++)
        if (!column_is_missing(column, row))
            values[count++] = column->values[row];
    return count;
}

static bool is_monotone(const double *values, size_t count) {
    bool up = true, down = true;
    for (size_t i = 1; i < count && (up || down); i++) {
        up = up && values[i] >= values[i - 1];
        down = down && values[i] <= values[i - 1];
    }
    return count >= 2 && up != down;
}

static void count_signs(const double *values, size_t count, struct column_profile *out) {
    for (size_t i = 0; i < count; i++) {
        out->zeros += values[i] == 0;
        out->negatives += values[i] < 0;
        out->infinite += isinf(values[i]) != 0;
    }
}

static void rank_figures(const double *sorted, size_t count, struct column_profile *out) {
    if (count == 0)
        return;
    out->min = sorted[0];
    out->max = sorted[count - 1];
    out->q25 = sorted_quantile(sorted, count, 0.25);
    out->median = sorted_quantile(sorted, count, 0.5);
    out->q75 = sorted_quantile(sorted, count, 0.75);
    double reach = 1.5 * (out->q75 - out->q25);
    for (size_t i = 0; i < count && out->column->type == COLUMN_NUMERIC; i++)
        out->outliers += sorted[i] < out->q25 - reach || sorted[i] > out->q75 + reach;
}

static enum status deviation(const double *sorted, size_t count, double *work, struct column_profile *out,
                             struct task *task, struct error *error) {
    if (!isfinite(out->median))
        return STATUS_OK;
    for (size_t i = 0; i < count; i++)
        work[i] = fabs(sorted[i] - out->median);
    enum status status = sort_values(work, work + count, count, task, error);
    out->mad = sorted_quantile(work, count, 0.5);
    return status;
}

static void finite_ends(const double *sorted, size_t count, double *low, double *high) {
    size_t first = 0, last = count;
    while (first < count && isinf(sorted[first]))
        first++;
    while (last > first && isinf(sorted[last - 1]))
        last--;
    *low = first < last ? sorted[first] : 0;
    *high = first < last ? sorted[last - 1] : 1;
}

// `work` holds two values a row.
static enum status number_figures(const struct column *column, double *sorted, double *work, size_t *count,
                                  struct column_profile *out, struct task *task, struct error *error) {
    size_t n = *count = gather(column, sorted);
    double low, high;
    out->monotone = is_monotone(sorted, n);
    if (column->type == COLUMN_NUMERIC)
        count_signs(sorted, n, out);
    if (out->infinite == 0 && n > 0)
        moments(sorted, n, out);
    enum status status = sort_values(sorted, work, n, task, error);
    if (status != STATUS_OK)
        return status;
    if (out->infinite > 0)
        infinite_moments(sorted, n, out);
    rank_figures(sorted, n, out);
    status = deviation(sorted, n, work, out, task, error);
    if (status == STATUS_OK)
        status = top_numbers(out, sorted, n, error);
    finite_ends(sorted, n, &low, &high);
    histogram_fill(&out->histogram, column, low, high);
    out->constant = out->distinct == 1;
    bool counts_up = out->monotone || out->max - out->min + 1 == (double)n;
    out->id_like = n == column->rows && n >= 20 && out->distinct == n && column->integer && counts_up;
    return status;
}

enum status profile_figures(const struct column *column, struct column_profile *out, double **sorted,
                            size_t *sorted_count, struct task *task, struct error *error) {
    double nan = (double)NAN, *values = NULL, *work = NULL;
    size_t count = 0;
    *out = (struct column_profile){.column = column,
                                   .rows = column->rows,
                                   .missing = column->missing_count,
                                   .mean = nan,
                                   .sd = nan,
                                   .min = nan,
                                   .q25 = nan,
                                   .median = nan,
                                   .q75 = nan,
                                   .max = nan,
                                   .mad = nan,
                                   .skew = nan,
                                   .kurtosis = nan};
    enum status status = STATUS_OK;
    if (column->values == NULL) {
        status = word_figures(column, out, error);
    } else {
        values = mem_alloc(column->rows, sizeof *values);
        work = mem_alloc(column->rows, 2 * sizeof *work);
        status = values != NULL && work != NULL
                     ? number_figures(column, values, work, &count, out, task, error)
                     : error_memory(error, "figures of a column", 3 * column->rows * sizeof *values);
    }
    mem_free(work);
    if (status != STATUS_OK) {
        // The reference is taken only when all went well, so clearing must not give it back.
        struct column_profile failed = *out;
        *out = (struct column_profile){0};
        for (size_t i = 0; column->values != NULL && i < failed.top_count; i++)
            mem_free((void *)(uintptr_t)failed.top[i].word);
    } else {
        out->column = column_share((struct column *)(uintptr_t)column);
    }
    if (status == STATUS_OK && sorted != NULL) {
        *sorted = values;
        *sorted_count = count;
        return status;
    }
    mem_free(values);
    return status;
}

enum status profile_column(const struct column *column, struct column_profile *out, struct error *error) {
    return profile_figures(column, out, NULL, NULL, NULL, error);
}

void column_profile_clear(struct column_profile *profile) {
    if (profile->column == NULL)
        return;
    for (size_t i = 0; profile->column->values != NULL && i < profile->top_count; i++)
        mem_free((void *)(uintptr_t)profile->top[i].word);
    column_release((struct column *)(uintptr_t)profile->column);
    *profile = (struct column_profile){0};
}
