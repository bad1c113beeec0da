// The thresholds of the profile's warnings: a parameter table, so that flags, the form on screen, checks and
// help come from it. Const data; any thread.
#ifndef DATASETS_PROFILE_LIMITS_H
#define DATASETS_PROFILE_LIMITS_H

#include "core/params.h"

struct profile_limits {
    double warn_missing;     // share of the rows
    double warn_together;    // phi of two columns' missing cells
    double warn_outliers;    // share of the values
    double warn_skew;        // |skewness|
    double warn_zeros;       // share of the values
    double warn_zero_gap;    // times the usual gap between two values
    double warn_almost;      // share of the words that are numbers
    int64_t warn_categories; // how many are many
    double warn_correlation; // |r| of two columns
    double warn_association; // Cramér's V of two columns
    double warn_leak;        // of a column with the target
    double warn_imbalance;   // share of the largest class
    int64_t matrix_columns;  // the matrices hold at most so many
};
extern const struct param_table profile_params;

#endif
