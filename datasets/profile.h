// Figures about a data set: exact, except where a field ending in `_about` is true (shown with "≈"). Quantiles
// interpolate linearly at (n−1)q; sd has ddof 1; skewness and excess kurtosis are pandas' bias-corrected ones;
// the mean is Welford's, moments are taken about it and corrected for its rounding. Missing cells are left out.
// Columns are read wherever they lie; those that lie in memory are sorted, others are passed over several times.
// The same bits for any number of threads. A profile owns its arrays; profile_free.
#ifndef DATASETS_PROFILE_H
#define DATASETS_PROFILE_H

#include "core/base/str.h"
#include "datasets/dataset.h"
#include "datasets/profile_limits.h"

#define HISTOGRAM_BINS 64

struct histogram {
    double low, high; // bin i covers [low + i·w, low + (i+1)·w), the last one closed
    uint64_t bins[HISTOGRAM_BINS];
    uint64_t most; // the fullest bin
};

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
    struct histogram histogram;                                       // numeric, date
    struct word_count top[PROFILE_TOP];                               // most frequent first, ties by value
    size_t top_count;
    bool constant, monotone, id_like;
    bool distinct_about, top_about; // more distinct values than could be kept apart
};

// A value for every pair of some columns; NaN where it is undefined.
struct matrix {
    size_t rows, columns;         // 0: there are no such columns
    uint32_t *row_of, *column_of; // [rows], [columns] numbers of the table's columns
    double *values;               // [rows][columns]
    size_t left_out;              // columns beyond the limit
    bool about;                   // from a part of the rows, evenly spaced
};
enum profile_matrix {
    MATRIX_PEARSON,  // numbers; over the rows where both are there
    MATRIX_SPEARMAN, // numbers; ranked anew over those rows, ties share their mean rank (as pandas does)
    MATRIX_CRAMER,   // categories: Cramér's V, bias-corrected (Bergsma 2013)
    MATRIX_RATIO,    // numbers × categories: the correlation ratio eta
    MATRIX_MISSING,  // columns with missing cells: phi of the two masks
    MATRICES
};
extern const char *const matrix_names[MATRICES];  // "pearson" …: in JSON
extern const char *const matrix_labels[MATRICES]; // "Pearson", "Cramér's V" …
struct missing_pair {                             // the strongest first
    uint32_t a, b;                                // numbers of columns
    size_t both;                                  // rows where both are missing
    double phi;
};
struct class_count {
    char *name;
    uint64_t count;
};
enum association_kind { ASSOCIATION_PEARSON, ASSOCIATION_CRAMER, ASSOCIATION_RATIO };
extern const char *const association_names[]; // "r", "V", "eta"
struct association {
    uint32_t column;
    enum association_kind kind;
    double value; // NaN: undefined
};

#define IMAGE_ENDS 12

struct image_pair {
    uint32_t image, earlier; // equal, byte for byte
};
struct image_light {
    uint32_t image;
    double mean; // of v/255 over all channels
};
struct image_profile {
    uint64_t *class_counts;     // [classes]
    double mean[4], sd[4];      // per channel, of v/255, ddof 0
    uint64_t histogram[4][256]; // per channel
    size_t duplicates;          // images equal to an earlier one
    struct image_pair *pairs;   // the first of them
    size_t pair_count;
    float *class_means;      // [classes][channels][height][width], 0 … 255; NULL: too many to keep
    uint8_t *class_pictures; // the same, rounded
    struct image_light darkest[IMAGE_ENDS], brightest[IMAGE_ENDS]; // the most so first, ties by number
    size_t end_count;                                              // of either
};

struct warning {
    char *column; // NULL = the whole table
    char *kind;   // "missing", "duplicates", "constant", "imbalance", "id", "suspect_token", "amounts" …
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
    struct profile_limits limits;
    bool duplicates_about; // too many candidates to compare every one of them
    // tables
    struct matrix matrices[MATRICES];
    struct missing_pair *together;
    size_t together_count;
    int target;                  // -1: none
    struct class_count *classes; // of a target that has classes, most rows first
    size_t class_count;
    struct association *associations; // with the target: strongest first
    size_t association_count;
};

// `limits` NULL: the defaults.
enum status profile_make(const struct dataset *dataset, const struct profile_limits *limits, struct profile **profile,
                         struct task *task, struct error *error);
// Tests only: how many threads; 0: as many as there are processors, where the table is large enough.
void profile_set_threads(size_t threads);
void profile_free(struct profile *profile); // NULL allowed
// One column alone (Prepare's before and after). Fills `out`; ended by column_profile_clear.
enum status profile_column(const struct column *column, struct column_profile *out, struct error *error);
void column_profile_clear(struct column_profile *profile);
// The JSON object of `batchlab profile --json` (DESIGN §6).
enum status profile_json(const struct dataset *dataset, const struct profile *profile, struct str *out,
                         struct error *error);
// One HTML page that stands alone: inline style and pictures, no script, nothing outside it.
enum status profile_html(const struct dataset *dataset, const struct profile *profile, struct str *out,
                         struct error *error);

#endif
