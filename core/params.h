// Parameter tables. A parameter is written once — name, type, unit, range, default, one line of
// help, whether it can change while a run lives — and feeds flags, forms, validation, help, stored
// configuration and the man page. A table describes the fields of one plain struct; pipeline steps
// have tables of their own in the same shape. No allocation; values are read and written through
// the table by name, or directly as fields of the struct. Tables are const; any thread.
#ifndef CORE_PARAMS_H
#define CORE_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

#define PARAM_TEXT_SIZE 256

enum param_type {
    PARAM_INTEGER, // int64_t field
    PARAM_REAL,    // double field
    PARAM_SWITCH,  // bool field; "yes" / "no"
    PARAM_CHOICE,  // char[PARAM_TEXT_SIZE] field; one of `choices`
    PARAM_TEXT,    // char[PARAM_TEXT_SIZE] field
    PARAM_WIDTHS,  // char[PARAM_TEXT_SIZE] field; "64,64": whole numbers from low to high
    PARAM_COLUMNS, // char[PARAM_TEXT_SIZE] field; column names, comma-separated; empty = all that fit
};

struct param {
    const char *name;     // "weight_decay"; the flag is --weight-decay
    const char *label;    // "weight decay": on screen
    const char *group;    // "training", "model", "data", "device", "output": the form's sections
    enum param_type type;
    size_t offset;        // of the field in its struct
    const char *fallback; // the default, as text
    double low, high;     // inclusive unless the `open` flags say otherwise; both 0: no limits
    bool low_open, high_open;
    const char *unit;     // "rows", "" …
    const char *choices;  // "sgd|adam": PARAM_CHOICE
    const char *help;     // one line
    const char *only;     // "optimizer=adam|adamw": has a meaning only where that choice is so; NULL: always. Of a text:
                          // "model_file=" where there is none, "model_file=?" where there is one. a&b: both; a;b: either
    bool live;            // may change between two steps
    bool log_scale;       // forms and sweeps move in factors
    double step;          // what one press of + adds (or multiplies by, on a log scale); 0: 1 (2)
};

struct param_table {
    const struct param *rows;
    size_t count;
    size_t struct_size;
};

// Sets every field to its default.
void params_defaults(const struct param_table *table, void *values);

// The row named `name` ('-' and '_' are the same); NULL when there is none.
const struct param *params_find(const struct param_table *table, const char *name);

// Parses and range-checks `text` into the field. On failure the field is unchanged and the sentence
// names the parameter, the text and the range or choices ("learning rate -1: must be greater than 0
// and at most 100"); an unknown name suggests the nearest.
enum status params_set(const struct param_table *table, void *values, const char *name, const char *text,
                       struct error *error);

// The field as text that params_set reads back to the same value. `out` holds PARAM_TEXT_SIZE bytes.
char *params_get(const struct param *row, const void *values, char *out);
bool params_equal(const struct param *row, const void *a, const void *b);
// A sentence about the range: "greater than 0 and at most 100". Returns `out` (PARAM_TEXT_SIZE bytes).
char *params_range_text(const struct param *row, char *out);
// Has the parameter a meaning beside the other values? False: a sentence in `why` (PARAM_TEXT_SIZE bytes; may be NULL)
// says what it belongs to: "beta 1 is used with optimizer adam, adamw; it is sgd".
bool params_used(const struct param_table *table, const struct param *row, const void *values, char *why);
// The value one step up (+1) or down (-1), within range, as text; for forms and live keys. Switches
// turn over, choices go round, texts stay.
char *params_nudge(const struct param *row, const void *values, int direction, char *out);
// Parses PARAM_WIDTHS text. Returns how many were read into `widths` (at most `most`).
size_t params_widths(const char *text, int64_t *widths, size_t most);

// ---- the hyper-parameters of a run ------------------------------------------------------------

struct train_params {
    // data
    char target[PARAM_TEXT_SIZE]; // column name; empty = the loader's own, else the last column
    char recipe[PARAM_TEXT_SIZE]; // auto | none | path of a JSON recipe
    double validation, test;      // shares of the rows
    char split[PARAM_TEXT_SIZE];  // auto | given | stratified | random | group … (datasets/split.h)
    char split_column[PARAM_TEXT_SIZE]; // of group, stratified_group, time, column
    int64_t folds, fold;                // 1 = no folds; fold counts from 1
    bool follow_rows;                   // rows of a followed file join the run
    // model
    char model[PARAM_TEXT_SIZE];  // auto | linear | mlp | lenet5 …
    char model_file[PARAM_TEXT_SIZE]; // path of a text file of layers; empty = none
    int64_t width;                    // filters of a convolutional net's first stage; 0 = its own
    int64_t embedding_from, embedding_width; // values of a column; 0 = as is usual
    bool batch_norm;                  // of mlp and vgg
    char hidden[PARAM_TEXT_SIZE]; // "64,64"
    char activation[PARAM_TEXT_SIZE]; // relu | tanh | sigmoid | gelu | silu
    double dropout;
    // training
    char loss[PARAM_TEXT_SIZE]; // auto | cross_entropy | binary | squared | absolute | huber
    double label_smoothing, huber_delta;
    char class_weights[PARAM_TEXT_SIZE]; // none | balanced | one number for each class
    int64_t micro_batch; // rows at a time through the model; 0 = the whole batch
    double clip, ema;    // longest gradient; how much of the averaged weights stays; 0 = neither
    char optimizer[PARAM_TEXT_SIZE]; // sgd (momentum 0 = plain) | adagrad …
    double lr, muon_lr, momentum, beta1, beta2, rms_decay, epsilon, weight_decay;
    bool nesterov, decoupled;
    int64_t batch, epochs, patience;
    char batch_rule[PARAM_TEXT_SIZE]; // fixed | noise | increase
    double batch_share;               // of the noise scale
    int64_t batch_most;               // rows; 0 = the training rows
    char schedule[PARAM_TEXT_SIZE]; // constant | cosine | step | one_cycle …
    double warmup; // epochs
    char lr_rule[PARAM_TEXT_SIZE]; // none | sqrt | linear | adascale
    int64_t rule_warmup;           // steps
    bool drop_last;
    int64_t crop_padding; // images: random crop after padding by so many pixels; 0 = none
    char crop_fill[PARAM_TEXT_SIZE]; // zero | reflect
    bool flip;            // images: random horizontal flip
    int64_t translation, cutout; // images: pixels; 0 = none
    double brightness, contrast; // images: ranges; 0 = none
    int64_t seed;
    // device
    char device[PARAM_TEXT_SIZE]; // auto | cpu | cuda | ref
    int64_t threads;              // 0 = choose
    char precision[PARAM_TEXT_SIZE]; // f32 …
    double pace;                     // steps a second at most, so that a small run can be watched; 0 = full speed
    // output
    double checkpoint_every; // epochs; 0 = only at the end and on stop
    bool noise_scale;        // measured while training
    int64_t noise_every;     // steps; 0 = as often as costs little
    bool histograms;         // of every layer, while training
};

extern const struct param_table train_table;
// A learning rate to begin with: what each optimizer's authors and PyTorch propose.
double train_usual_rate(const char *optimizer);

#endif
