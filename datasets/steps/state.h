// What steps share: which columns a step works on, and its fitted state, one column_state per column
// with a few figures and words. A step names its figures in step_kind.figures; choosing, walking,
// saving and loading are written here once. Everything in a step_state is owned by it; state_clear.
#ifndef DATASETS_STEPS_STATE_H
#define DATASETS_STEPS_STATE_H

#include "datasets/pipeline.h"

struct column_state {
    char *name;
    enum column_type type; // when it was fitted
    bool target;           // it was the column to predict: may be absent at prediction
    double figures[STEP_FIGURES];
    char **words; // [word_count]
    size_t word_count;
    double *numbers; // [number_count], finite
    size_t number_count;
};
struct step_state { // step_kind.state_size of every step
    struct column_state *columns;
    size_t count, capacity;
};

extern const struct step_kind step_drop_duplicates, step_infinities, step_missing, step_outliers, step_smooth,
    step_near_equal, step_check;
extern const struct step_kind step_log1p, step_yeo_johnson, step_quantile, step_min_max, step_standardize, step_robust;
extern const struct step_kind step_max_abs, step_one_hot, step_ordinal, step_index, step_target_encode, step_date_parts;
extern const struct step_kind step_drop_columns, step_keep_columns, step_normalize_images;

// The row every step has: which columns it works on. `settings` is the settings struct.
#define STEP_COLUMNS_PARAM(settings)                                                                                   \
    {                                                                                                                  \
        .name = "columns", .label = "columns", .group = "step", .type = PARAM_COLUMNS,                                 \
        .offset = offsetof(settings, columns), .fallback = "",                                                         \
        .help = "names separated by commas (\\, is a comma within a name); empty = all that fit"                       \
    }

// A step of this kind with default settings; NULL when out of memory. step_free takes NULL.
struct step *step_make(const struct step_kind *kind, struct error *error);
void step_free(struct step *step);

// Sets a parameter; in choices '_' is read as '-', so that "drop_row" means "drop-row".
enum status step_set(struct step *step, const char *name, const char *text, struct error *error);

// step_kind.fits of many.
bool step_fits_numbers(const struct column *column, const void *settings); // no indices: they are no quantities
bool step_fits_categories(const struct column *column, const void *settings);

// Cuts the next name from a list with commas; `\,` is a comma within a name. False at the end.
bool column_list_next(const char **list, char name[PARAM_TEXT_SIZE]);
// Appends a name to a list, with '\' where it is needed.
void column_list_add(struct str *list, const char *name);

// The columns a step works on, as marks[column_count]: those named, or all that fit but the target.
// Frees with mem_free. An unknown name suggests the nearest.
enum status step_columns(const struct step *step, const struct table *table, bool **marks, struct error *error);

// Adds an empty column_state for a column; NULL when out of memory.
struct column_state *state_add(struct step_state *state, const char *name, enum column_type type, struct error *error);
void state_remove(struct step_state *state, size_t index);
enum status state_add_word(struct column_state *column, const char *word, struct error *error);
enum status state_add_number(struct column_state *column, double number, struct error *error);

// Calls `fit_one` for every column the step works on. `state` is new and lies in the step's state. Large tables: on
// several threads at once, each call reads the table and writes `state` and nothing else. step->task may be asked
// whether to go on (task_step).
enum status step_fit(struct step *step, const struct table *table, const uint32_t *rows, size_t count,
                     step_fit_one *fit_one, struct error *error);
// step_kind.fit of steps that do no more than that with their kind's fit_one.
enum status step_fit_each(struct step *step, const struct table *table, const uint32_t *rows, size_t count,
                          struct error *error);

// step_kind.fit of steps that learn nothing but which columns they work on, all of numbers.
enum status step_fit_names(struct step *step, const struct table *table, const uint32_t *rows, size_t count,
                           struct error *error);

// Calls `apply_one` for every fitted column that is in the table. The column has the type it was fitted with (made so
// where its cells allow). Other tables share it: put a new one in its place (step_compute, table_replace).
enum status step_apply(const struct step *step, struct table *table, const struct apply_context *context,
                       step_apply_one *apply_one, struct error *error);
// step_kind.apply of steps that do no more than that with their kind's apply_one; and step_kind.invert: puts in place
// of every fitted numeric column what the formula that their invert_one fills in makes of it. Columns that are not in
// the table are passed over.
enum status step_apply_each(const struct step *step, struct table *table, const struct apply_context *context,
                            struct error *error);
enum status step_invert_each(const struct step *step, struct table *table, struct error *error);

// ---- columns computed from the ones before ----------------------------------------------------------
// A numeric or date column computed from column `index` (formula.from is set here). Of long chains of computed columns
// the links are made real, so that reading stays cheap. Takes formula.lookup. NULL with an error.
struct column *column_from(const struct table *table, size_t index, const char *name, enum column_type type,
                           bool integer, struct column_formula formula, size_t missing_count, struct error *error);
// The same in place of column `index`, with its name; missing stays missing.
enum status step_compute(struct table *table, size_t index, bool integer, struct column_formula formula,
                         struct error *error);
// For `compute`: copies the missing bits of the block and makes the values of those cells 0.
void cells_keep_missing(const struct column_cells *from, double *values, uint64_t *missing);
// (x − figures[0])/figures[1], and back: x·figures[1] + figures[0].
void compute_shift_scale(const struct column_formula *formula, const struct column_cells *from, double *values,
                         uint64_t *missing);
void compute_scale_shift(const struct column_formula *formula, const struct column_cells *from, double *values,
                         uint64_t *missing);
// Puts (x − shift)/scale in place of column `index`: infinities are refused, and the ledger says by which figures;
// `why`: what they are of the training rows.
enum status step_shift_scale(struct table *table, size_t index, double shift, double scale,
                             const struct apply_context *context, const char *why, struct error *error);

// Drops the rows where `bad` holds for cell `i` of some fitted column, each with its line in the ledger. Where rows
// may not be dropped (prediction) the first one is an error. Of outliers only training rows are dropped:
// `training_only`.
typedef bool step_row_bad(const struct column_state *state, const struct column_cells *cells, size_t i);
enum status step_drop_rows(const struct step *step, struct table *table, const struct apply_context *context,
                           step_row_bad *bad, bool training_only, const char *reason, struct error *error);

// A column of the table in memory that nobody shares, for changing it; NULL when out of memory.
struct column *table_own(struct table *table, size_t index, struct error *error);

// Removes the rows marked in drop[rows].
enum status table_drop(struct table *table, const uint8_t *drop, struct error *error);

enum status state_save(const struct step *step, cJSON *object, struct error *error);
enum status state_load(struct step *step, const cJSON *object, struct error *error);
void state_clear(struct step *step);
// For load: a figure of every column must be greater than 0.
enum status state_check_positive(const struct step *step, size_t figure, struct error *error);

// ---- numbers of a column ----------------------------------------------------------------------------
// Single cells, wherever they lie. NaN where the cell is missing (or is NaN).
double cell_number(const struct column *column, size_t row);
bool cell_is_hole(const struct column *column, size_t row); // missing, or a number that is NaN
static inline bool cells_hole(const struct column_cells *cells, size_t i) {
    return cells_missing(cells, i) || (cells->values != NULL && cells->values[i] != cells->values[i]);
}
// Training rows of one column, block by block in order: rows[0 … count-1] are those of the block, NULL when they are
// all of it (then count is cells->count).
typedef enum status training_visit(void *context, const struct column_cells *cells, const uint32_t *rows, size_t count,
                                   struct error *error);
enum status training_each(struct task *task, const struct column *column, const uint32_t *rows, size_t count,
                          training_visit *visit, void *context, struct error *error);
enum status column_need_numbers(const struct column *column, struct error *error); // refuses one that is not numeric
// The numbers of training rows that are there, packed, block by block (at most COLUMN_BLOCK at once; `visit` may not
// keep them). A column that is not numeric is refused, and so are infinities (with column and line) unless `infinite`
// allows them. `*holes`: cells that are not there; NULL allowed.
typedef enum status numbers_visit(void *context, const double *values, size_t count, struct error *error);
enum status numbers_each(struct task *task, const struct table *table, size_t column, const uint32_t *rows,
                         size_t count, bool infinite, numbers_visit *visit, void *context, size_t *holes,
                         struct error *error);
// Dates too.
enum status values_each(struct task *task, const struct table *table, size_t column, const uint32_t *rows, size_t count,
                        bool infinite, numbers_visit *visit, void *context, size_t *holes, struct error *error);
// The same, all in one array, freed with mem_free; column_values: dates and infinities too.
enum status column_numbers(const struct table *table, size_t column, const uint32_t *rows, size_t count, bool infinite,
                           double **values, size_t *found, struct error *error);
enum status column_values(struct task *task, const struct table *table, size_t column, const uint32_t *rows,
                          size_t count, double **values, size_t *found, struct error *error);
// How many training rows have each word: counts[word_count] of the column; *holes have none.
enum status words_count(struct task *task, const struct column *column, const uint32_t *rows, size_t count,
                        size_t *counts, size_t *holes, struct error *error);
// The sentence about an infinite cell; column_refuse_infinite looks for one in all rows.
enum status cell_refuse_infinite(const struct table *table, size_t column, size_t row, struct error *error);
enum status column_refuse_infinite(const struct table *table, size_t column, struct error *error);
void numbers_sort(double *values, size_t count);
// Linear interpolation at (count−1)·q of sorted values; count > 0.
double numbers_quantile(const double *sorted, size_t count, double q);
// The same of values in any order, which it reorders; in time that grows with count.
double numbers_select_quantile(double *values, size_t count, double q);
// Mean and sum of squared differences from it, a block at a time: the mean of each block first, merged as by Chan,
// Golub and LeVeque (1979). Begin with {0}.
struct moments {
    double count, mean, squares;
};
void moments_add(struct moments *moments, const double *values, size_t count);
double moments_variance(const struct moments *moments); // ddof 0
void numbers_moments(const double *values, size_t count, double *mean, double *variance);
// A JSON number that reads back to the same bits; false when out of memory.
bool json_add_number(cJSON *object, const char *name, double value);

// ---- the ledger, from within a step; all do nothing where none is kept -------------------------------
enum status ledger_cell(const struct apply_context *context, const struct table *table, size_t row, const char *column,
                        const char *before, const char *after, const char *reason, struct error *error);
// A cell that breaks a rule: it stays as it is.
enum status ledger_broken(const struct apply_context *context, const struct table *table, size_t row,
                          const char *column, const char *before, const char *rule, const char *reason,
                          struct error *error);
enum status ledger_row(const struct apply_context *context, const struct table *table, size_t row, const char *after,
                       const char *reason, struct error *error);
enum status ledger_column(const struct apply_context *context, const char *column, const char *after,
                          const char *reason, struct error *error);

#endif
