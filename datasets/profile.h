// Figures about a data set (SEMANTICS "Figures"): exact in memory. Quantiles interpolate linearly
// at (n−1)q; sd has ddof 1; skewness and excess kurtosis are pandas' bias-corrected ones; the mean is
// Welford's, moments are taken about it and corrected for its rounding. Missing cells are left out. A profile owns its arrays; profile_free.
#ifndef DATASETS_PROFILE_H
#define DATASETS_PROFILE_H

#include "core/base/str.h"
#include "datasets/dataset.h"

#define HISTOGRAM_BINS 64

struct histogram {
    double low, high; // bin i covers [low + i·w, low + (i+1)·w), the last one closed
    uint64_t bins[HISTOGRAM_BINS];
    uint64_t most; // the fullest bin
};
// Histogram of the non-missing finite values on a given axis (low < high; equal ends are widened).
void histogram_fill(struct histogram *histogram, const struct column *column, double low, double high);

struct word_count {
    const char *word; // owned by the column (category, text) or by the profile (numbers)
    uint64_t count;
};

#define PROFILE_TOP 12

struct column_profile {
    const struct column *column; // shared reference held
    size_t rows, missing, distinct;
    size_t zeros, negatives, infinite, outliers; // outliers: outside q25 − 1.5·IQR … q75 + 1.5·IQR
    double mean, sd, min, q25, median, q75, max, mad, skew, kurtosis; // NaN where undefined
    struct histogram histogram;                                      // numeric, date
    struct word_count top[PROFILE_TOP];                              // most frequent first, ties by value
    size_t top_count;
    bool constant, monotone, id_like;
};

struct image_profile {
    uint64_t *class_counts;          // [classes]
    double mean[4], sd[4];           // per channel, of v/255, ddof 0
    uint64_t histogram[4][256];      // per channel
    size_t duplicates;               // images equal to an earlier one, byte for byte
};

struct warning {
    char *column; // NULL = the whole table
    char *kind;   // "missing", "duplicates", "constant", "imbalance", "id", "suspect_token" …
    char *message;
    uint32_t *rows; // rows it speaks of, at most 1 000
    size_t row_count;
};

struct profile {
    size_t rows, duplicates; // rows equal to an earlier one
    size_t missing_cells;
    struct column_profile *columns;
    size_t column_count;
    struct image_profile *images; // NULL for tables
    struct warning *warnings;
    size_t warning_count;
};

enum status profile_make(const struct dataset *dataset, struct profile **profile, struct task *task,
                         struct error *error);
void profile_free(struct profile *profile); // NULL allowed
// One column alone (Prepare's before and after). Fills `out`; ended by column_profile_clear.
enum status profile_column(const struct column *column, struct column_profile *out, struct error *error);
void column_profile_clear(struct column_profile *profile);
// The JSON object of `batchlab profile --json` (DESIGN §6).
enum status profile_json(const struct dataset *dataset, const struct profile *profile, struct str *out,
                         struct error *error);

#endif
