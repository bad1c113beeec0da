#include "datasets/profile_limits.h"

#define SHARE(field, text, value, sentence)                                                                            \
    {                                                                                                                  \
        .name = #field, .label = text, .group = "warnings", .type = PARAM_REAL,                                        \
        .offset = offsetof(struct profile_limits, field), .fallback = value, .low = 0, .high = 1, .step = 0.05,        \
        .help = sentence                                                                                               \
    }

static const struct param rows[] = {
    SHARE(warn_missing, "missing share", "0.05", "Warn of a column when this share of its cells is missing."),
    SHARE(warn_together, "missing together", "0.9",
          "Warn of two columns whose cells are missing in the same rows, from this correlation (phi) on."),
    SHARE(warn_outliers, "outlier share", "0.05",
          "Warn when this share of the values lies beyond 1.5 interquartile ranges."),
    {.name = "warn_skew",
     .label = "skewness",
     .group = "warnings",
     .type = PARAM_REAL,
     .offset = offsetof(struct profile_limits, warn_skew),
     .fallback = "5",
     .low = 0,
     .high = 1e6,
     .step = 0.5,
     .help = "Warn when the skewness, of either sign, reaches this: a logarithm may help."},
    SHARE(warn_zeros, "zeros share", "0.5", "Warn when this share of the values is zero."),
    {.name = "warn_zero_gap",
     .label = "gap above zero",
     .group = "warnings",
     .type = PARAM_REAL,
     .offset = offsetof(struct profile_limits, warn_zero_gap),
     .fallback = "10",
     .low = 1,
     .high = 1e6,
     .step = 1,
     .help = "Zeros may mean missing when the gap above them is so many times the usual gap between values."},
    SHARE(warn_almost, "almost numeric", "0.8", "Warn of a column of words when this share of its cells is numbers."),
    {.name = "warn_categories",
     .label = "categories",
     .group = "warnings",
     .type = PARAM_INTEGER,
     .offset = offsetof(struct profile_limits, warn_categories),
     .fallback = "50",
     .low = 1,
     .high = 1e9,
     .step = 10,
     .help = "Warn when a column has more categories than this."},
    SHARE(warn_correlation, "correlation", "0.95",
          "Warn of two numeric columns when Pearson's or Spearman's correlation, of either sign, reaches this."),
    SHARE(warn_association, "association", "0.95", "Warn of two columns of categories when Cramer's V reaches this."),
    SHARE(warn_leak, "target association", "0.97",
          "Warn of a column that goes with the target this closely: it may give the answer away."),
    SHARE(warn_imbalance, "largest class", "0.75", "Warn when this share of the rows has one class."),
    {.name = "matrix_columns",
     .label = "matrix columns",
     .group = "figures",
     .type = PARAM_INTEGER,
     .offset = offsetof(struct profile_limits, matrix_columns),
     .fallback = "60",
     .low = 2,
     .high = 1000,
     .step = 10,
     .help = "Correlations are taken among at most so many columns of a kind, the first of the table."},
};

const struct param_table profile_params = {rows, sizeof rows / sizeof rows[0], sizeof(struct profile_limits)};
