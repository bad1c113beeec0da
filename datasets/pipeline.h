// The pipeline: steps fitted on training rows only, then applied to every row of a table. Each step
// is one row of the table in steps/steps.c: name, parameters (a params table), fit, apply, invert, save,
// load. A step reports every cell it repaired and every row it dropped into the ledger, with the
// line in the file and the reason. A pipeline is saved as a recipe (what to do) or with its fitted
// state (what a run stores, applied unchanged to new data). Owns its steps; pipeline_free.
// One thread at a time.
#ifndef DATASETS_PIPELINE_H
#define DATASETS_PIPELINE_H

#include <cjson/cJSON.h>

#include "core/base/str.h"
#include "core/params.h"
#include "core/train/source.h"
#include "datasets/dataset.h"
#include "datasets/split.h"

// ---- the ledger -----------------------------------------------------------------------------------
// BROKEN: a cell that breaks a rule: nothing was changed, `after` says the rule.
enum ledger_kind { LEDGER_CELL, LEDGER_ROW_DROPPED, LEDGER_COLUMN, LEDGER_BROKEN };
struct ledger_entry {
    enum ledger_kind kind;
    uint32_t step;   // index in the pipeline
    uint64_t line;   // in the file; 0 for whole columns
    uint64_t origin; // row number in the table as read
    char *column;    // NULL for a row
    char *before, *after; // cell text; for columns: what became of it ("8 columns")
    const char *reason;   // static or owned by the step: "most frequent of training rows"
};
struct ledger {
    struct ledger_entry *entries;
    size_t count, capacity;
    size_t cells, rows, broken; // totals, also beyond what is listed
};
#define LEDGER_MOST 200000
#define LEDGER_BROKEN_MOST 1000 // of broken rules are listed whatever fills the ledger besides
enum status ledger_add(struct ledger *ledger, struct ledger_entry entry, struct error *error); // copies texts
void ledger_clear(struct ledger *ledger);

// ---- steps ----------------------------------------------------------------------------------------
#define STEP_FIGURES 6
struct step;
struct column_state;
struct prepared;
struct apply_context {
    uint32_t step_index;
    struct ledger *ledger;       // NULL: not kept
    const uint8_t *training;     // per row of table->origin: 1 = training row (outlier rows are dropped from
    size_t training_count;       // training rows only); NULL: every row (prediction: none may be dropped)
    const uint8_t *part;         // the same rows, enum part; NULL when predicting
    size_t fitted_rows;          // rows as read from here on came after the fitting; 0: none did
    bool predicting;             // rows may not be dropped: what cannot be mended is an error with its line
    const char **left_out;       // predicting: rows to be dropped for a hole stay, and here, by table_origin, stands in
                                 // which column it is; NULL: such a row is an error too
    struct task *task;
};
// What a step learns of one column, does to it, and undoes: where it works column by column (steps/state.h).
typedef enum status step_fit_one(const struct step *step, const struct table *table, size_t column,
                                 const uint32_t *rows, size_t count, struct column_state *state, struct error *error);
typedef enum status step_apply_one(const struct step *step, const struct column_state *state, struct table *table,
                                   size_t column, const struct apply_context *context, struct error *error);
typedef void step_invert_one(const struct step *step, const struct column_state *state, struct column_formula *formula);

struct step_kind {
    const char *name, *label, *help; // "missing", "fill missing cells", …
    const struct param_table *params; // fields of the step's own settings struct
    size_t state_size;
    enum ledger_kind reports; // what it chiefly does: repair cells, drop rows, remake columns (for the summary)
    bool reversible;
    bool tells; // what the ledger says about columns is the point of it: `batchlab prepare` prints it
    bool images; // works on image sets (channel mean/sd), not on tables; has fit_images and apply_images
    const char *figures[STEP_FIGURES]; // names of column_state.figures in saved state
    // Whether what becomes of a row at prediction depends on the rows around it, so that they have to come together.
    bool (*looks_around)(const struct step *step); // NULL: never
    // Which columns it works on when none is named.
    bool (*fits)(const struct column *column, const void *settings);
    // From training rows rows[0 … count-1] of `table` into the step's state.
    enum status (*fit)(struct step *step, const struct table *table, const uint32_t *rows, size_t count,
                       struct error *error);
    enum status (*apply)(const struct step *step, struct table *table, const struct apply_context *context,
                         struct error *error);
    enum status (*invert)(const struct step *step, struct table *table, struct error *error); // NULL: cannot
    step_fit_one *fit_one; // for step_fit_each, step_apply_each and step_invert_each
    step_apply_one *apply_one;
    step_invert_one *invert_one;
    enum status (*save)(const struct step *step, cJSON *object, struct error *error); // fitted state
    enum status (*load)(struct step *step, const cJSON *object, struct error *error);
    void (*clear)(struct step *step); // frees the fitted state; the step can be fitted again
    // Image sets: from training images rows[0 … count-1]; what becomes of pixels goes into `prepared`.
    enum status (*fit_images)(struct step *step, const struct image_set *images, const uint32_t *rows, size_t count,
                              struct error *error);
    void (*apply_images)(const struct step *step, struct prepared *prepared);
};
struct step {
    const struct step_kind *kind;
    void *settings;  // struct of kind->params
    void *state;     // fitted, kind->state_size bytes
    bool enabled, fitted;
    struct task *task; // while it is fitted by a run; else NULL
    char summary[128]; // after apply: "4 262 cells", "8 → 99 columns"
};

size_t step_kind_count(void);
const struct step_kind *step_kind_at(size_t index);
const struct step_kind *step_kind_find(const char *name);

struct pipeline {
    struct step **steps;
    size_t count, capacity;
};
enum status pipeline_make(struct pipeline **pipeline, struct error *error);
void pipeline_free(struct pipeline *pipeline);
enum status pipeline_copy(const struct pipeline *pipeline, struct pipeline **copy, struct error *error); // settings only
enum status pipeline_insert(struct pipeline *pipeline, size_t index, const struct step_kind *kind, struct error *error);
void pipeline_remove(struct pipeline *pipeline, size_t index);
void pipeline_move(struct pipeline *pipeline, size_t from, size_t to);

// Recipes: {"version":1,"steps":[…]} (DESIGN §6). `fitted` adds the state under "state".
enum status pipeline_save(const struct pipeline *pipeline, bool fitted, char **json, struct error *error);
enum status pipeline_load(const char *json, const char *name, struct pipeline **pipeline, struct error *error);
// "missing=median,standardize,one-hot": the first parameter after '=', further ones after ':' as name=value.
enum status pipeline_parse(const char *text, struct pipeline **pipeline, struct error *error);
// A pipeline that fits this data and a neural net, and why each step is there (`reasons`, one line
// each, may be NULL). `necessary_only`: only what a model cannot do without. `index_from`: categories of at least so
// many values become indices, for a model with embeddings; 0: none do.
enum status pipeline_suggest(const struct dataset *dataset, bool necessary_only, size_t index_from,
                             struct pipeline **pipeline, struct str *reasons, struct error *error);

// ---- applying -------------------------------------------------------------------------------------
struct prepared {
    struct table **stages; // [steps + 1]: as read, then after each step (columns shared); NULL for images
    size_t stage_count;
    struct ledger ledger;
    const char **left_out; // of pipeline_apply_leniently: by table_origin the column whose hole makes a row useless,
                           // or NULL; names are the pipeline's
    float pixel_mean[4], pixel_sd[4]; // images
};
// Fits each enabled step on the training rows of what came before it and applies it to all rows.
enum status pipeline_run(struct pipeline *pipeline, const struct dataset *dataset, const struct split *split,
                         struct prepared **prepared, struct task *task, struct error *error);
// Applies a fitted pipeline to new data (evaluation, prediction): no row is dropped.
enum status pipeline_apply(const struct pipeline *pipeline, const struct dataset *dataset, struct prepared **prepared,
                           struct task *task, struct error *error);
// Applies a fitted pipeline to the data that it was fitted on, once rows were added at its end: steps keep what they
// have learned from the first `fitted_rows` rows as read and do to all rows what they do in training (`split` says
// which are for training), dropping rows included.
enum status pipeline_grow(const struct pipeline *pipeline, const struct dataset *dataset, const struct split *split,
                          size_t fitted_rows, struct prepared **prepared, struct task *task, struct error *error);
// The same for a caller who leaves rows out where they cannot be used: those that a step would drop for a hole stay,
// and prepared->left_out names them. No ledger is kept.
enum status pipeline_apply_leniently(const struct pipeline *pipeline, const struct dataset *dataset,
                                     struct prepared **prepared, struct task *task, struct error *error);
bool pipeline_looks_around(const struct pipeline *pipeline); // some step that is on does
void prepared_free(struct prepared *prepared);

// ---- from table to numbers --------------------------------------------------------------------------
// What a model needs to know to encode new data the same way: feature names, class names in order,
// target mean and sd. Saved with the run.
struct encoding {
    char **feature_names, **class_names;
    size_t features, classes; // images: features is 0
    uint32_t *categories;     // [features] as in struct source; NULL: all are numbers
    struct shape sample;
    char *target_name;
    enum source_task task;
    double target_mean, target_sd;
};
// Makes the source: numeric columns become features (those of indices behind the others), the target labels
// (classification: category target, or an integer one with at most 20 values when `task` is "auto") or a standardized
// number.
// task: "auto", "classify" or "regress". Text, date and category columns left over are an error when
// `notes` is NULL; otherwise they are left out, and noted. Rows whose target is missing are left out,
// and noted. A target with one class is refused. A source of images holds a reference of the image set.
enum status source_make(const struct dataset *dataset, const struct prepared *prepared, const struct split *split,
                        const char *task, struct notes *notes, struct source **source, struct error *error);
// New data under a stored encoding: every row kept, all in PART_TEST, labels -1 and targets NaN where
// unknown or absent.
enum status source_encode(const struct dataset *dataset, const struct prepared *prepared,
                          const struct encoding *encoding, struct source **source, struct error *error);
// A table that has grown (split_grow, pipeline_grow) under the encoding of its first rows, in its parts: what a run
// goes on with. Rows whose target is missing or of a class that the encoding does not know are left out, and noted.
enum status source_grow(const struct dataset *dataset, const struct prepared *prepared, const struct split *split,
                        const struct encoding *encoding, struct notes *notes, struct source **source,
                        struct error *error);
enum status encoding_of(const struct source *source, struct encoding *encoding, struct error *error);
void encoding_free(struct encoding *encoding);
enum status encoding_save(const struct encoding *encoding, cJSON *object, struct error *error);
enum status encoding_load(const cJSON *object, struct encoding *encoding, struct error *error);

enum status table_write_csv(const struct table *table, const char *path, struct error *error); // atomic
// One cell as table_write_csv writes it: quoted where it must be, `words` that a spreadsheet would run defused.
// `alone`: the only cell of its row, so an empty one needs quotes too.
void csv_add_cell(struct str *out, const char *text, bool words, bool alone);

#endif
