// Between the files of the profile. Nothing here is for others.
#ifndef DATASETS_PROFILE_PARTS_H
#define DATASETS_PROFILE_PARTS_H

#include "core/base/crew.h"
#include "core/base/task.h"
#include "datasets/profile.h"

// ---- several threads (profile_parallel.c) ------------------------------------------------------------
// crew_run, on as many threads as there is to do: `cells`.
enum status profile_parallel(size_t count, size_t cells, crew_work *work, void *context, struct error *error);
// Sums over all rows are taken in this many lanes (lane l has the blocks l, l + LANES, …) that are added in order,
// so that they do not depend on the number of threads.
enum { PROFILE_LANES = 8 };
size_t profile_threads(void); // at most so many

// ---- sorting (profile_sort.c) --------------------------------------------------------------------------
// Bits of a double as an integer that sorts like the number, and back.
static inline uint64_t sort_key(double value) {
    union {
        double value;
        uint64_t bits;
    } as = {value};
    return as.bits >> 63 ? ~as.bits : as.bits | (uint64_t)1 << 63;
}
static inline double sort_value(uint64_t key) {
    union {
        uint64_t bits;
        double value;
    } as = {key >> 63 ? key & ~((uint64_t)1 << 63) : ~key};
    return as.value;
}
// Ascending; `scratch` holds as many. Radix sort: the same time whatever the order. Cancellable.
enum status sort_values(double *values, double *scratch, size_t count, struct task *task, struct error *error);
struct sort_item {
    uint64_t key;
    uint32_t row;
};
enum status sort_items(struct sort_item *items, struct sort_item *scratch, size_t count, struct task *task,
                       struct error *error);
// Linear interpolation at (count−1)·share of ascending values; NaN when there are none.
double sorted_quantile(const double *sorted, size_t count, double share);
// Between two neighbors; `part` in 0 … 1.
double between(double low, double high, double part);
// Median of |value − center|.
double sorted_deviation(const double *sorted, size_t count, double center);

// ---- one column (profile_column.c, profile_words.c, profile_stream.c) ------------------------------------
struct column_edges {                        // what stands at the ends of the values
    double first, second, before_last, last; // smallest and largest two distinct values; NaN: there are not as many
    size_t first_count, last_count;
    double above_zero; // the smallest value above 0; NaN: none
    double fences[2];  // beyond them lie the outliers
};
// A column's figures. `ranks` (may be NULL): [rows] twice the mean rank of a number among the column's numbers,
// counted from 1; 0 where missing; asks that the column be sorted. `counts` (may be NULL): receives, for words, how
// often each code occurs; freed with mem_free.
enum status profile_figures(const struct column *column, struct column_profile *out, struct column_edges *edges,
                            uint32_t *ranks, uint64_t **counts, struct task *task, struct error *error);
bool profile_streams(const struct column *column); // too large to be sorted
enum status number_figures_memory(const struct column *column, struct column_profile *out, struct column_edges *edges,
                                  uint32_t *ranks, struct task *task, struct error *error);
enum status number_figures_stream(const struct column *column, struct column_profile *out, struct column_edges *edges,
                                  struct task *task, struct error *error);
enum status word_figures(const struct column *column, struct column_profile *out, uint64_t **counts,
                         struct error *error);
// Keeps the most frequent; ties by `before` (NULL: the earlier stays).
void top_insert(struct column_profile *out, struct word_count entry, bool (*before)(const char *, const char *));
enum status top_name(struct column_profile *out, size_t index, double value, struct error *error); // its text
struct moments { // central sums about `mean`, which need not be exact: s1 says by how much
    double count, mean, s1, s2, s3, s4;
};
void moments_sum(struct moments *moments, const double *values, size_t count);
void moments_figures(const struct moments *moments, struct column_profile *out);
double block_mean(const double *values, size_t count); // 0 when there are none
double mean_merge(double mean, double count, double other, double others);
size_t sorted_below(const double *sorted, size_t count, double value);         // how many are less
void quantile_figures(struct column_profile *out, struct column_edges *edges); // what follows from the quantiles
void number_flags(const struct column *column, size_t count, struct column_profile *out);

// ---- different values in bounded memory (profile_distinct.c) ---------------------------------------------
struct tally {
    struct tally_entry {
        uint64_t key, count; // sort_key of the value; count 0: none is here
    } * entries;             // [slots], a power of two
    size_t slots, used;
    uint64_t lost; // what is not in the table occurs at most so often; 0: everything is
    uint8_t *registers;
};
enum status tally_make(struct tally *tally, size_t slots, struct error *error);
void tally_free(struct tally *tally);
enum status tally_add(struct tally *tally, double value, struct error *error);
size_t tally_distinct(const struct tally *tally); // exact while nothing is lost
// The most frequent, most first, ties by value; how many.
size_t tally_best(const struct tally *tally, struct tally_entry *best, size_t most);

void histogram_begin(struct histogram *histogram, double low, double high);
void histogram_add(struct histogram *histogram, const struct column_cells *cells);

// ---- warnings (profile_warnings.c, profile_warn_pairs.c) ---------------------------------------------------
#define WARNING_ROWS_MOST 1000
// Adds a warning; its rows are added with profile_warn_row while it is the last one.
enum status profile_warn(struct profile *profile, const char *column, const char *kind, struct error *error,
                         const char *format, ...) __attribute__((format(printf, 5, 6)));
enum status profile_warn_row(struct profile *profile, uint32_t row, struct error *error);
// Adds the rows that `picks` picks, as many as a warning has.
typedef bool profile_picks(const struct column_cells *cells, size_t i, const void *context);
enum status profile_warn_rows(struct profile *profile, const struct column *column, profile_picks *picks,
                              const void *context, struct error *error);
enum status profile_warn_code(struct profile *profile, const struct column *column, uint32_t code, struct error *error);
enum status profile_warn_equal(struct profile *profile, const struct column *column, double value, struct error *error);
// What is odd about a column; about pairs of columns and the target.
enum status profile_warn_column(struct profile *profile, const struct column_profile *column,
                                const struct column_edges *edges, const uint64_t *counts, struct error *error);
enum status profile_warn_pairs(struct profile *profile, const struct table *table, struct error *error);

// ---- two columns side by side (profile_association.c) ------------------------------------------------------
// Every block of both, in order.
typedef enum status pair_visit(void *context, const struct column_cells *a, const struct column_cells *b,
                               struct error *error);
enum status column_pair_each(const struct column *a, const struct column *b, pair_visit *visit, void *context,
                             struct task *task, struct error *error);

// ---- the whole table ---------------------------------------------------------------------------------------
enum status profile_duplicates(const struct table *table, struct profile *profile, struct task *task,
                               struct error *error);
// Every matrix and what goes with it. ranks[column]: as of profile_figures, NULL: to be made from a part of the rows.
enum status profile_relations(const struct table *table, struct profile *profile, uint32_t **ranks, struct task *task,
                              struct error *error);
enum status matrix_make(struct matrix *matrix, size_t rows, size_t columns, struct error *error);
void matrix_clear(struct matrix *matrix);
// Among the columns that `takes` takes, as many as the limit allows; none where there are fewer than two.
enum status matrix_square(struct matrix *matrix, const struct table *table, struct profile *profile,
                          bool (*takes)(const struct column *), struct error *error);
void matrix_put(struct matrix *matrix, size_t a, size_t b, double value); // on both sides
void matrix_pair(size_t pair, size_t *a, size_t *b);                      // the pairs a > b, numbered
void matrix_diagonal(struct matrix *matrix, const struct profile *profile);
bool column_is_number(const struct column *column);

struct pair_block {         // a part of a column, about some mean
    double *values, *there; // 0 and 0 where missing, else 1
    bool complete;
    double sum, squares;
};
struct pair_sums { // over the rows where both are there
    double count, x, y, xx, yy, xy;
};
void pair_block_fill(struct pair_block *block, const double *values, const uint64_t *missing, size_t count,
                     double mean);
void pair_add(struct pair_sums *sums, const struct pair_block *x, const struct pair_block *y, size_t count);
double pair_correlation(const struct pair_sums *sums); // NaN: undefined

struct pearson { // correlations of a matrix's columns, or of their ranks
    const struct table *table;
    struct matrix *matrix;
    size_t rows;
    uint32_t **ranks;  // NULL: of the values
    const bool *whole; // NULL: every pair; else only those of two such columns
    double *center;    // [columns] near the mean
    struct pair_sums *sums;
    size_t pairs;
    struct task *task;
};
enum status pearson_run(struct pearson *pearson, struct error *error);

enum status profile_pearson(const struct table *table, struct profile *profile, struct task *task, struct error *error);
enum status profile_spearman(const struct table *table, struct profile *profile, uint32_t **ranks, struct task *task,
                             struct error *error);
enum status profile_missing_together(const struct table *table, struct profile *profile, struct task *task,
                                     struct error *error);
enum status profile_associations(const struct table *table, struct profile *profile, struct task *task,
                                 struct error *error);
// The classes of a column: its words, or its few numbers.
struct labels {
    const struct column *column;
    double *values; // [count] ascending; NULL for words
    size_t count;
};
enum status labels_make(struct labels *labels, const struct column *column,
                        struct error *error); // of numbers: at most 100
// Bias-corrected Cramér's V; the correlation ratio eta. NaN where undefined, or where there are too many classes.
enum status cramers_v(const struct labels *a, const struct labels *b, double *v, struct task *task,
                      struct error *error);
enum status correlation_ratio(const struct column_profile *numbers, const struct labels *words, double *eta,
                              struct task *task, struct error *error);
// Pearson's correlation of two columns of numbers or dates.
enum status correlation_of(const struct column_profile *a, const struct column_profile *b, double *r, struct task *task,
                           struct error *error);
enum status profile_target(const struct table *table, struct profile *profile, struct task *task, struct error *error);

enum status profile_images(const struct image_set *images, struct profile *profile, struct task *task,
                           struct error *error);

#endif
