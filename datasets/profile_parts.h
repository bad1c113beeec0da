// Between the files of the profile: sorted values, warnings.
#ifndef DATASETS_PROFILE_PARTS_H
#define DATASETS_PROFILE_PARTS_H

#include "core/base/task.h"
#include "datasets/profile.h"

// A column's figures; `sorted` (may be NULL) receives its non-missing values in ascending order, freed with
// mem_free, NULL for words. *sorted_count of them.
enum status profile_figures(const struct column *column, struct column_profile *out, double **sorted,
                            size_t *sorted_count, struct task *task, struct error *error);
// Ascending; `scratch` holds as many. Radix sort: the same time whatever the order. Cancellable.
enum status sort_values(double *values, double *scratch, size_t count, struct task *task, struct error *error);
// Linear interpolation at (count−1)·share of ascending values; NaN when there are none.
double sorted_quantile(const double *sorted, size_t count, double share);

#define WARNING_ROWS_MOST 1000
// Adds a warning; its rows are added with profile_warn_row while it is the last one.
enum status profile_warn(struct profile *profile, const char *column, const char *kind, struct error *error,
                         const char *format, ...) __attribute__((format(printf, 5, 6)));
enum status profile_warn_row(struct profile *profile, uint32_t row, struct error *error);
// What is odd about a column and about the target.
enum status profile_warn_column(struct profile *profile, const struct column_profile *column, const double *sorted,
                                size_t sorted_count, struct error *error);
enum status profile_warn_target(struct profile *profile, const struct column *target, struct error *error);

enum status profile_images(const struct image_set *images, struct profile *profile, struct task *task,
                           struct error *error);

// Finds items equal to an earlier one. hash[i] is their hash; equal(context, i, j) compares.
enum status find_duplicates(const uint64_t *hash, size_t count, bool (*equal)(const void *, size_t, size_t),
                            const void *context, uint8_t *duplicate, struct task *task, struct error *error);

#endif
