// target-encode: a category becomes the mean of the target among the training rows that have it, drawn towards the mean
// ȳ of all of them: (Σy + m·ȳ)/(n + m) (Micci-Barreca 2001). Categories that no training row has become ȳ. Training
// rows get the figures of the other folds of training rows (cross-fitting), so that no row is told its own answer. A
// target of two classes counts 0 and 1 (the second in order); of more classes one column is made for each.
// Longer than most: fitting and applying to training rows sum the target in the same way, fold by fold.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/rng.h"
#include "core/base/str.h"
#include "datasets/steps/categories.h"

struct settings {
    double m;
    int64_t folds, seed;
    char columns[PARAM_TEXT_SIZE];
};
enum { HOLES, CLASSES }; // figures: missing is a category; how many classes the target has (0: it is a number)
#define CATEGORIES_MOST ((size_t)1000000)
#define CLASSES_MOST ((size_t)100)

static const struct param rows[] = {
    {.name = "m",
     .label = "m",
     .group = "step",
     .type = PARAM_REAL,
     .offset = offsetof(struct settings, m),
     .fallback = "10",
     .low = 0,
     .high = 1e9,
     .step = 1,
     .help = "how many rows the mean of all counts for: rare categories are drawn towards it"},
    {.name = "folds",
     .label = "folds",
     .group = "step",
     .type = PARAM_INTEGER,
     .offset = offsetof(struct settings, folds),
     .fallback = "5",
     .low = 2,
     .high = 100,
     .help = "training rows are encoded from the other folds, so that no row is told its own target"},
    {.name = "seed",
     .label = "seed",
     .group = "step",
     .type = PARAM_INTEGER,
     .offset = offsetof(struct settings, seed),
     .fallback = "0",
     .low = 0,
     .high = 1e15,
     .help = "which rows fall into which fold"},
    STEP_COLUMNS_PARAM(struct settings),
};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

// ---- sums of the target --------------------------------------------------------------------------------

// Of every fold and category: how many rows, and the sum of the target for every column made.
struct sums {
    size_t folds, categories, outputs;
    double *rows;   // [folds][categories]
    double *totals; // [folds][categories][outputs]
};

static enum status sums_open(struct sums *sums, size_t folds, size_t categories, size_t outputs, struct error *error) {
    size_t cells;
    *sums = (struct sums){.folds = folds, .categories = categories, .outputs = outputs};
    if (size_multiply(folds, categories, &cells) && size_multiply(cells, outputs, &(size_t){0})) {
        sums->rows = mem_alloc(cells, sizeof *sums->rows);
        sums->totals = mem_alloc(cells * outputs, sizeof *sums->totals);
    }
    return sums->rows != NULL && sums->totals != NULL
               ? STATUS_OK
               : error_memory(error, "the target's sums of a column", cells * 16);
}

static void sums_close(struct sums *sums) {
    mem_free(sums->rows);
    mem_free(sums->totals);
}

// What a row's target adds to each column made.
struct answers {
    const struct column *column;
    struct categories classes; // of a target of words
    size_t outputs;
};

static size_t outputs_of(size_t classes) {
    return classes <= 2 ? 1 : classes;
}

static size_t fold_of(const struct settings *settings, const struct table *table, size_t row) {
    struct rng rng = rng_make((uint64_t)settings->seed, RNG_FOLD, table_origin(table, row));
    return (size_t)rng_below(&rng, (uint64_t)settings->folds);
}

struct summing {
    const struct table *table;
    const struct settings *settings;
    const struct answers *answers;
    const struct categories *categories;
    struct column_scan targets;
    struct sums *sums;
};

static void add_row(const struct summing *summing, const struct column_cells *cells, const struct column_cells *targets,
                    size_t i) {
    struct sums *sums = summing->sums;
    size_t category = categories_cell(summing->categories, cells, i), class = 0;
    if (category >= sums->categories || cells_hole(targets, i))
        return;
    size_t fold = sums->folds == 1 ? 0 : fold_of(summing->settings, summing->table, cells->first + i);
    size_t at = fold * sums->categories + category;
    sums->rows[at]++;
    if (targets->values != NULL) {
        sums->totals[at] += targets->values[i];
        return;
    }
    class = summing->answers->classes.of_code[targets->codes[i]];
    if (sums->outputs == 1)
        sums->totals[at] += class == 1;
    else if (class < sums->outputs)
        sums->totals[at * sums->outputs + class]++;
}

static enum status add_block(void *context, const struct column_cells *cells, const uint32_t *training, size_t count,
                             struct error *error) {
    struct summing *summing = context;
    struct column_cells targets;
    enum status status = column_scan_read(&summing->targets, cells->first / COLUMN_BLOCK, &targets, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        add_row(summing, cells, &targets, training == NULL ? i : training[i] - cells->first);
    return status;
}

static enum status sum_targets(const struct step *step, struct task *task, const struct table *table, size_t index,
                               const struct answers *answers, const struct categories *categories,
                               const uint32_t *training, size_t count, struct sums *sums, struct error *error) {
    struct summing summing = {
        .table = table, .settings = step->settings, .answers = answers, .categories = categories, .sums = sums};
    enum status status = column_scan_open(&summing.targets, answers->column, error);
    if (status == STATUS_OK)
        status = training_each(task, table->columns[index], training, count, add_block, &summing, error);
    column_scan_close(&summing.targets);
    return status;
}

// The encoding from all folds but `left_out` (SIZE_MAX: from all): figures[categories + 1][outputs], that of all rows
// last.
static void encode_without(const struct sums *sums, size_t left_out, double m, double *figures) {
    size_t outputs = sums->outputs;
    for (size_t output = 0; output < outputs; output++) {
        double count = 0, total = 0;
        for (size_t fold = 0; fold < sums->folds; fold++)
            for (size_t i = 0; i < sums->categories && fold != left_out; i++) {
                count += sums->rows[fold * sums->categories + i];
                total += sums->totals[(fold * sums->categories + i) * outputs + output];
            }
        double mean = count > 0 ? total / count : 0;
        for (size_t i = 0; i < sums->categories; i++) {
            double here = 0, sum = 0;
            for (size_t fold = 0; fold < sums->folds; fold++) {
                if (fold == left_out)
                    continue;
                here += sums->rows[fold * sums->categories + i];
                sum += sums->totals[(fold * sums->categories + i) * outputs + output];
            }
            figures[i * outputs + output] = here > 0 ? (sum + m * mean) / (here + m) : mean;
        }
        figures[sums->categories * outputs + output] = mean;
    }
}

// ---- fitting -------------------------------------------------------------------------------------------

// state->words holds the categories, then the classes; this is the state of the former alone.
static struct column_state categories_only(const struct column_state *state) {
    struct column_state only = *state;
    only.word_count -= (size_t)state->figures[CLASSES];
    return only;
}

static size_t category_count(const struct column_state *state) {
    return state->word_count - (size_t)state->figures[CLASSES] + (state->figures[HOLES] != 0);
}

static enum status open_answers(const struct table *table, const char *const *classes, size_t count,
                                struct answers *answers, struct error *error) {
    const struct column *column = table->columns[table->target];
    *answers = (struct answers){.column = column, .outputs = outputs_of(count)};
    if (column_has_values(column))
        return STATUS_OK;
    struct column_state known = {.name = column->name, .type = column->type, .word_count = count};
    known.words = (char **)(uintptr_t)classes; // looked at only
    return categories_open(&answers->classes, &known, column, error);
}

// The classes of the target among training rows, in `classes`.
static enum status find_classes(const struct step *step, const struct table *table, const uint32_t *training,
                                size_t count, struct column_state *classes, struct error *error) {
    const struct column *target = table->columns[table->target];
    size_t *counts = NULL;
    enum status status = STATUS_OK;
    *classes = (struct column_state){.name = target->name, .type = target->type};
    if (target->type == COLUMN_TEXT || target->type == COLUMN_DATE)
        return error_set(error, STATUS_INVALID, "column \"%s\" is %s; a target must be numbers or categories",
                         target->name, column_type_name(target->type));
    if (target->type == COLUMN_CATEGORY)
        status =
            categories_fit(step, table, (size_t)table->target, training, count, CLASSES_MOST, classes, &counts, error);
    mem_free(counts);
    return status;
}

static void free_words(struct column_state *state) {
    for (size_t i = 0; i < state->word_count; i++)
        mem_free(state->words[i]);
    mem_free(state->words);
}

// Puts the classes behind the categories, and the figures of each category and of all rows into numbers.
static enum status keep(const struct step *step, const struct sums *sums, const struct column_state *classes,
                        struct column_state *state, struct error *error) {
    size_t count = (sums->categories + 1) * sums->outputs;
    double *figures = mem_alloc(count, sizeof *figures);
    if (figures == NULL)
        return error_memory(error, "what a step has learned", count * sizeof *figures);
    enum status status = STATUS_OK;
    encode_without(sums, SIZE_MAX, ((const struct settings *)step->settings)->m, figures);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = isfinite(figures[i])
                     ? state_add_number(state, figures[i], error)
                     : error_set(error, STATUS_NUMERIC, "the target's values are too large to be summed");
    for (size_t i = 0; i < classes->word_count && status == STATUS_OK; i++)
        status = state_add_word(state, classes->words[i], error);
    state->figures[CLASSES] = (double)classes->word_count;
    mem_free(figures);
    return status;
}

static enum status learn(const struct step *step, const struct table *table, size_t index, const uint32_t *training,
                         size_t count, const struct column_state *classes, struct column_state *state,
                         struct error *error) {
    struct answers answers = {0};
    struct categories categories = {0};
    struct sums sums = {0};
    enum status status = open_answers(table, (const char *const *)classes->words, classes->word_count, &answers, error);
    if (status == STATUS_OK)
        status = categories_open(&categories, state, table->columns[index], error);
    if (status == STATUS_OK)
        status = sums_open(&sums, 1, category_count(state), answers.outputs, error);
    if (status == STATUS_OK)
        status = sum_targets(step, step->task, table, index, &answers, &categories, training, count, &sums, error);
    if (status == STATUS_OK)
        status = keep(step, &sums, classes, state, error);
    sums_close(&sums);
    categories_close(&categories);
    categories_close(&answers.classes);
    return status;
}

static enum status fit_one(const struct step *step, const struct table *table, size_t index, const uint32_t *training,
                           size_t count, struct column_state *state, struct error *error) {
    struct column_state classes;
    size_t *counts;
    if (state->target)
        return error_set(error, STATUS_INVALID, "column \"%s\" is to be predicted; encode the other columns by it",
                         state->name);
    enum status status = categories_fit(step, table, index, training, count, CATEGORIES_MOST, state, &counts, error);
    if (status != STATUS_OK)
        return status;
    state->figures[HOLES] = counts[state->word_count] > 0;
    mem_free(counts);
    status = find_classes(step, table, training, count, &classes, error);
    if (status == STATUS_OK)
        status = learn(step, table, index, training, count, &classes, state, error);
    free_words(&classes);
    return status;
}

static enum status fit(struct step *step, const struct table *table, const uint32_t *training, size_t count,
                       struct error *error) {
    if (table->target < 0)
        return error_set(error, STATUS_INVALID,
                         "this step needs a column to predict, whose means it takes; choose one");
    if (column_has_values(table->columns[table->target])) {
        enum status status = column_refuse_infinite(table, (size_t)table->target, error);
        if (status != STATUS_OK)
            return status;
    }
    return step_fit(step, table, training, count, fit_one, error);
}

// ---- applying ------------------------------------------------------------------------------------------

struct encoding_column {
    const struct step *step;
    const struct column_state *state;
    const struct table *table; // as it was before
    const struct apply_context *context;
    struct categories categories;
    struct answers answers;
    const double *all; // [categories + 1][outputs]
    double *others;    // [folds][categories + 1][outputs]; NULL: no row is a training row (prediction)
    size_t outputs;
    struct column_scan targets; // open where `others` are
    size_t output;
    struct column_maker maker;
    double values[COLUMN_BLOCK];
};

// Whether a row's own target is among what was learned: of rows that came after the fitting it is not.
static bool is_learned(const struct encoding_column *encoding, size_t row) {
    const struct apply_context *context = encoding->context;
    size_t origin = table_origin(encoding->table, row);
    return context->training[origin] != 0 && (context->fitted_rows == 0 || origin < context->fitted_rows);
}

// Training rows of the table as it is now, freed with mem_free.
static enum status training_rows(const struct encoding_column *encoding, uint32_t **training, size_t *count,
                                 struct error *error) {
    const struct table *table = encoding->table;
    uint32_t *picked = mem_alloc(table->rows, sizeof *picked);
    if (picked == NULL)
        return error_memory(error, "the training rows", table->rows * sizeof *picked);
    *count = 0;
    for (size_t row = 0; row < table->rows; row++) {
        picked[*count] = (uint32_t)row;
        *count += is_learned(encoding, row);
    }
    *training = picked;
    return STATUS_OK;
}

// Learns the figures of every fold from the others.
static enum status cross_fit(struct encoding_column *encoding, size_t index, struct error *error) {
    const struct settings *settings = encoding->step->settings;
    size_t folds = (size_t)settings->folds, categories = category_count(encoding->state), count = 0;
    size_t figures = (categories + 1) * encoding->outputs;
    const char *const *words = (const char *const *)encoding->state->words;
    size_t classes = (size_t)encoding->state->figures[CLASSES];
    uint32_t *training = NULL;
    struct sums sums = {0};
    enum status status = open_answers(encoding->table, words + (encoding->state->word_count - classes), classes,
                                      &encoding->answers, error);
    if (status == STATUS_OK)
        status = sums_open(&sums, folds, categories, encoding->outputs, error);
    if (status == STATUS_OK)
        status = training_rows(encoding, &training, &count, error);
    if (status == STATUS_OK)
        status = sum_targets(encoding->step, encoding->context->task, encoding->table, index, &encoding->answers,
                             &encoding->categories, training, count, &sums, error);
    if (status == STATUS_OK) {
        encoding->others = mem_alloc(folds * figures, sizeof *encoding->others);
        if (encoding->others == NULL)
            status = error_memory(error, "the figures of folds", folds * figures * sizeof *encoding->others);
    }
    for (size_t fold = 0; fold < folds && status == STATUS_OK; fold++)
        encode_without(&sums, fold, settings->m, encoding->others + fold * figures);
    if (status == STATUS_OK)
        status = column_scan_open(&encoding->targets, encoding->answers.column, error);
    sums_close(&sums);
    mem_free(training);
    return status;
}

static const double *figures_of(const struct encoding_column *encoding, const struct column_cells *targets, size_t row,
                                size_t i) {
    if (encoding->others == NULL || cells_hole(targets, i) || !is_learned(encoding, row))
        return encoding->all;
    size_t figures = (category_count(encoding->state) + 1) * encoding->outputs;
    return encoding->others + fold_of(encoding->step->settings, encoding->table, row) * figures;
}

static enum status encode_block(void *context, const struct column_cells *cells, struct error *error) {
    struct encoding_column *encoding = context;
    struct column_cells targets = {0};
    size_t categories = category_count(encoding->state);
    enum status status = task_step(encoding->context->task, 0, error);
    if (status == STATUS_OK && encoding->others != NULL)
        status = column_scan_read(&encoding->targets, cells->first / COLUMN_BLOCK, &targets, error);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < cells->count; i++) {
        const double *figures = figures_of(encoding, &targets, cells->first + i, i);
        size_t category = categories_cell(&encoding->categories, cells, i);
        category = category < categories ? category : categories; // not known: as all
        encoding->values[i] = figures[category * encoding->outputs + encoding->output];
    }
    return column_maker_add(&encoding->maker, encoding->values, NULL, NULL, cells->count, error);
}

static enum status output_name(const struct encoding_column *encoding, struct str *name, struct error *error) {
    const struct column_state *state = encoding->state;
    str_clear(name);
    str_add(name, state->name);
    if (encoding->outputs > 1)
        str_format(name, "_%s", state->words[state->word_count - encoding->outputs + encoding->output]);
    return name->failed ? error_memory(error, "a column's name", name->length) : STATUS_OK;
}

static enum status make_column(struct encoding_column *encoding, const struct column *from, struct column **made,
                               struct str *name, struct error *error) {
    enum status status = output_name(encoding, name, error);
    if (status == STATUS_OK)
        status = column_maker_open(&encoding->maker, str_text(name), COLUMN_NUMERIC, error);
    if (status == STATUS_OK)
        status = column_each(from, encode_block, encoding, error);
    if (status == STATUS_OK)
        status = column_maker_finish(&encoding->maker, made, error);
    column_maker_close(&encoding->maker);
    return status;
}

static enum status make_columns(struct encoding_column *encoding, struct table *table, size_t index,
                                struct error *error) {
    struct column *from = column_share(table->columns[index]), *made = NULL;
    struct str name = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < encoding->outputs && status == STATUS_OK; i++) {
        encoding->output = i;
        status = make_column(encoding, from, &made, &name, error);
        if (status != STATUS_OK)
            break;
        if (i == 0 && encoding->outputs == 1)
            table_replace(table, index, made);
        else if (table_find(table, made->name) >= 0) {
            status = error_set(error, STATUS_INVALID, "there is a column \"%s\" already; rename it", made->name);
            column_release(made);
        } else {
            status = table_insert(table, index + 1 + i, made, error);
        }
    }
    if (status == STATUS_OK && encoding->outputs > 1)
        table_remove(table, index);
    str_free(&name);
    column_release(from);
    return status;
}

static enum status encode(struct encoding_column *encoding, struct table *table, size_t index, struct error *error) {
    const struct apply_context *context = encoding->context;
    struct column_state only = categories_only(encoding->state);
    enum status status = categories_open(&encoding->categories, &only, table->columns[index], error);
    if (status == STATUS_OK && !context->predicting && context->training != NULL && table->target >= 0)
        status = cross_fit(encoding, index, error);
    return status == STATUS_OK ? make_columns(encoding, table, index, error) : status;
}

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table,
                             size_t index, const struct apply_context *context, struct error *error) {
    struct encoding_column *encoding = mem_alloc(1, sizeof *encoding);
    char text[96];
    if (encoding == NULL)
        return error_memory(error, "a block of cells", sizeof *encoding);
    encoding->step = step;
    encoding->state = state;
    encoding->table = table;
    encoding->context = context;
    encoding->all = state->numbers;
    encoding->outputs = outputs_of((size_t)state->figures[CLASSES]);
    enum status status = encode(encoding, table, index, error);
    snprintf(text, sizeof text, "%zu column%s", encoding->outputs, encoding->outputs == 1 ? "" : "s");
    if (status == STATUS_OK)
        status = ledger_column(context, state->name, text, "means of the target in training rows", error);
    column_scan_close(&encoding->targets);
    categories_close(&encoding->answers.classes);
    categories_close(&encoding->categories);
    mem_free(encoding->others);
    mem_free(encoding);
    return status;
}

// ---- loading -------------------------------------------------------------------------------------------

static enum status check_column(const struct column_state *state, struct error *error) {
    double classes = state->figures[CLASSES];
    bool good = classes >= 0 && classes <= (double)CLASSES_MOST && classes == (double)(size_t)classes &&
                state->word_count >= (size_t)classes;
    if (good)
        good = state->number_count == (category_count(state) + 1) * outputs_of((size_t)classes);
    if (!good)
        return error_set(error, STATUS_INVALID,
                         "\"words\" and \"numbers\" of column \"%.80s\" do not fit its \"classes\"", state->name);
    struct column_state only = categories_only(state);
    return categories_check(&only, CATEGORIES_MOST, error);
}

static enum status load(struct step *step, const cJSON *object, struct error *error) {
    enum status status = state_load(step, object, error);
    const struct step_state *state = step->state;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++)
        status = check_column(&state->columns[i], error);
    return status;
}

const struct step_kind step_target_encode = {
    .name = "target-encode",
    .label = "target encode",
    .help = "turn a category into the mean of the target among the training rows that have it",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_COLUMN,
    .figures = {[HOLES] = "missing", [CLASSES] = "classes"},
    .fits = step_fits_categories,
    .fit = fit,
    .apply = step_apply_each,
    .apply_one = apply_one,
    .save = state_save,
    .load = load,
    .clear = state_clear,
};
