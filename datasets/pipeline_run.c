// Running a pipeline: each step is fitted on the training rows of what came before it, then applied to
// all rows. Every stage is kept; stages share the columns that a step left alone.
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/pipeline.h"
#include "datasets/steps/state.h"

// What a run carries from step to step.
struct run {
    const struct dataset *dataset;
    const uint8_t *training; // per row as read; NULL when predicting
    const uint8_t *part;     // the same, enum part
    size_t fitted_rows;      // rows that came after the fitting begin here; 0: none did
    uint32_t *rows;          // [count] training rows of a table of `of` rows, kept from step to step; NULL: not known
    size_t count, of;
    bool lenient; // predicting: prepared->left_out, no ledger
    struct prepared *prepared;
    struct task *task;
};

static enum status refuse_kind(const struct step *step, const struct dataset *dataset, struct error *error) {
    return error_set(error, STATUS_UNSUPPORTED, "this step works on %s, and %s holds %s; remove it",
                     step->kind->images ? "images" : "tables", dataset->name,
                     dataset->kind == DATASET_IMAGES ? "images" : "a table");
}

static bool suits(const struct step *step, const struct dataset *dataset) {
    return step->kind->images == (dataset->kind == DATASET_IMAGES);
}

static enum status no_training_row(const struct table *table, struct error *error) {
    return error_set(error, STATUS_INVALID, "no training row of %s is left to fit this step on; drop fewer rows",
                     table->name);
}

// Finds the rows of `table` that are training rows. Steps only ever drop rows: as many as before are the same ones.
static enum status find_training_rows(struct run *run, const struct table *table, struct error *error) {
    if (run->rows != NULL && run->of == table->rows)
        return run->count > 0 ? STATUS_OK : no_training_row(table, error);
    mem_free(run->rows);
    run->rows = mem_alloc(table->rows, sizeof *run->rows);
    if (run->rows == NULL)
        return error_memory(error, "the training rows", table->rows * sizeof *run->rows);
    run->count = 0;
    run->of = table->rows;
    for (size_t row = 0; row < table->rows; row++) {
        run->rows[run->count] = (uint32_t)row;
        run->count += run->training[table_origin(table, row)];
    }
    return run->count > 0 ? STATUS_OK : no_training_row(table, error);
}

static enum status fit_table(struct run *run, struct step *step, const struct table *table, struct error *error) {
    enum status status = find_training_rows(run, table, error);
    step->kind->clear(step);
    step->task = run->task;
    if (status == STATUS_OK)
        status = step->kind->fit(step, table, run->rows, run->count, error);
    step->task = NULL;
    step->fitted = status == STATUS_OK;
    return status;
}

// ---- summaries ----

static void grouped(size_t number, char out[32]) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%zu", number), used = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            out[used++] = ' ';
        out[used++] = digits[i];
    }
    out[used] = '\0';
}

static void add_count(char *text, size_t size, size_t number, const char *noun, const char *after) {
    char figure[32];
    size_t used = strlen(text);
    grouped(number, figure);
    snprintf(text + used, size - used, "%s%s %s%s%s", used > 0 ? ", " : "", figure, noun, number == 1 ? "" : "s", after);
}

// "4 262 cells", "24 rows", "6 columns", "8 → 99 columns".
static void summarize(struct step *step, const struct ledger *ledger, size_t cells, size_t rows, size_t broken,
                      size_t columns, size_t columns_now) {
    size_t fitted = ((const struct step_state *)step->state)->count, size = sizeof step->summary;
    enum ledger_kind reports = step->kind->reports;
    char *text = step->summary, figure[32];
    text[0] = '\0';
    if (reports == LEDGER_BROKEN)
        add_count(text, size, ledger->broken - broken, "cell", ledger->broken - broken == 1 ? " breaks a rule" : " break a rule");
    if (ledger->rows > rows || reports == LEDGER_ROW_DROPPED)
        add_count(text, size, ledger->rows - rows, "row", "");
    if (ledger->cells > cells || (reports == LEDGER_CELL && ledger->rows == rows))
        add_count(text, size, ledger->cells - cells, "cell", "");
    if (reports == LEDGER_COLUMN && columns_now < columns && fitted + columns_now <= columns) {
        add_count(text, size, columns - columns_now, "column", " dropped");
    } else if (reports == LEDGER_COLUMN && columns_now != columns) {
        grouped(fitted, figure);
        snprintf(text, size, "%s → ", figure);
        grouped(fitted + columns_now - columns, figure);
        snprintf(text + strlen(text), size - strlen(text), "%s columns", figure);
    } else if (reports == LEDGER_COLUMN) {
        add_count(text, size, fitted, "column", "");
    } else if (columns_now > columns) {
        add_count(text, size, columns_now - columns, "column", " added");
    } else if (columns_now < columns) {
        add_count(text, size, columns - columns_now, "column", " dropped");
    }
}

// ---- tables ----

// One step: from the last stage makes the next. `fitting` is the same step, to be fitted first; NULL
// when the pipeline is only applied.
static enum status run_step(struct run *run, const struct step *step, struct step *fitting, uint32_t index,
                            struct error *error) {
    struct prepared *prepared = run->prepared;
    const struct table *before = prepared->stages[prepared->stage_count - 1];
    struct table *after = NULL;
    size_t cells = prepared->ledger.cells, rows = prepared->ledger.rows, broken = prepared->ledger.broken;
    struct apply_context context = {.step_index = index,
                                    .ledger = run->lenient ? NULL : &prepared->ledger,
                                    .training = run->training,
                                    .training_count = run->dataset->table->rows,
                                    .part = run->part,
                                    .fitted_rows = run->fitted_rows,
                                    .predicting = run->training == NULL,
                                    .left_out = prepared->left_out,
                                    .task = run->task};
    enum status status = table_share(before, &after, error);
    if (status == STATUS_OK && step->enabled && !suits(step, run->dataset))
        status = refuse_kind(step, run->dataset, error);
    if (status == STATUS_OK && step->enabled && fitting != NULL)
        status = fit_table(run, fitting, before, error);
    if (status == STATUS_OK && step->enabled && !step->fitted)
        status = error_set(error, STATUS_STATE, "this step has not been fitted; train with the pipeline first");
    if (status == STATUS_OK && step->enabled)
        status = step->kind->apply(step, after, &context, error);
    if (status == STATUS_OK && step->enabled && fitting != NULL)
        summarize(fitting, &prepared->ledger, cells, rows, broken, before->column_count, after->column_count);
    if (status == STATUS_OK)
        prepared->stages[prepared->stage_count++] = after;
    else
        table_free(after);
    return status;
}

static enum status begin(struct run *run, size_t steps, struct error *error) {
    struct prepared *prepared = mem_alloc(1, sizeof *prepared);
    if (prepared == NULL)
        return error_memory(error, "prepared data", sizeof *prepared);
    run->prepared = prepared;
    for (int channel = 0; channel < 4; channel++)
        prepared->pixel_sd[channel] = 1;
    if (run->dataset->kind == DATASET_IMAGES)
        return STATUS_OK;
    prepared->stages = mem_alloc(steps + 1, sizeof(struct table *));
    if (prepared->stages == NULL)
        return error_memory(error, "prepared data", (steps + 1) * sizeof(struct table *));
    const struct table *table = run->dataset->table;
    size_t origins = table->rows == 0 ? 0 : table_origin(table, table->rows - 1) + 1;
    if (run->lenient)
        prepared->left_out = mem_alloc(origins + 1, sizeof(char *));
    if (run->lenient && prepared->left_out == NULL)
        return error_memory(error, "rows left out", origins * sizeof(char *));
    enum status status = table_share(run->dataset->table, &prepared->stages[0], error);
    prepared->stage_count = status == STATUS_OK;
    return status;
}

// ---- images ----

static enum status fit_images(const struct run *run, struct step *step, struct error *error) {
    const struct image_set *images = run->dataset->images;
    uint32_t *rows = mem_alloc(images->count, sizeof *rows);
    if (rows == NULL)
        return error_memory(error, "the training images", images->count * sizeof *rows);
    size_t count = 0;
    for (size_t i = 0; i < images->count; i++) {
        rows[count] = (uint32_t)i;
        count += run->training[i];
    }
    step->kind->clear(step);
    enum status status = count == 0 ? error_set(error, STATUS_INVALID, "%s has no training images", run->dataset->name)
                                    : step->kind->fit_images(step, images, rows, count, error);
    step->fitted = status == STATUS_OK;
    mem_free(rows);
    return status;
}

static enum status run_image_step(const struct run *run, const struct step *step, struct step *fitting,
                                  struct error *error) {
    if (!step->enabled)
        return STATUS_OK;
    if (!suits(step, run->dataset))
        return refuse_kind(step, run->dataset, error);
    enum status status = fitting == NULL ? STATUS_OK : fit_images(run, fitting, error);
    if (status != STATUS_OK)
        return status;
    if (!step->fitted)
        return error_set(error, STATUS_STATE, "this step has not been fitted; train with the pipeline first");
    size_t channels = ((const struct step_state *)step->state)->count;
    if (channels != run->dataset->images->channels)
        return error_set(error, STATUS_INVALID, "images of %s have %zu channels and the pipeline was fitted on %zu",
                         run->dataset->name, run->dataset->images->channels, channels);
    step->kind->apply_images(step, run->prepared);
    if (fitting != NULL)
        snprintf(fitting->summary, sizeof fitting->summary, "%zu channel%s", channels, channels == 1 ? "" : "s");
    return STATUS_OK;
}

// ---- both ----

// `steps` are fitted where `fit` says so.
static enum status run_all(struct run *run, const struct pipeline *pipeline, bool fit, struct error *error) {
    task_begin(run->task, "Preparing", "steps", pipeline->count);
    enum status status = begin(run, pipeline->count, error);
    for (size_t i = 0; i < pipeline->count && status == STATUS_OK; i++) {
        struct step *step = pipeline->steps[i];
        status = run->dataset->kind == DATASET_IMAGES ? run_image_step(run, step, fit ? step : NULL, error)
                                                      : run_step(run, step, fit ? step : NULL, (uint32_t)i, error);
        if (status != STATUS_OK && status != STATUS_CANCELLED)
            error_prefix(error, "step %zu (%s)", i + 1, step->kind->name);
        if (status == STATUS_OK)
            status = task_step(run->task, 1, error);
    }
    return status;
}

static enum status finish(struct run *run, enum status status, struct prepared **prepared) {
    if (status == STATUS_OK)
        *prepared = run->prepared;
    else
        prepared_free(run->prepared);
    return status;
}

static enum status run_split(struct run *run, const struct pipeline *pipeline, const struct split *split, bool fit,
                             struct prepared **prepared, struct error *error) {
    uint8_t *training = mem_alloc(split->rows, 1);
    if (training == NULL)
        return error_memory(error, "the training rows", split->rows);
    for (size_t row = 0; row < split->rows; row++)
        training[row] = split->part[row] == PART_TRAIN;
    run->training = training;
    run->part = split->part;
    enum status status = run_all(run, pipeline, fit, error);
    mem_free(run->rows);
    mem_free(training);
    return finish(run, status, prepared);
}

enum status pipeline_run(struct pipeline *pipeline, const struct dataset *dataset, const struct split *split,
                         struct prepared **prepared, struct task *task, struct error *error) {
    struct run run = {.dataset = dataset, .task = task};
    return run_split(&run, pipeline, split, true, prepared, error);
}

enum status pipeline_grow(const struct pipeline *pipeline, const struct dataset *dataset, const struct split *split,
                          size_t fitted_rows, struct prepared **prepared, struct task *task, struct error *error) {
    struct run run = {.dataset = dataset, .fitted_rows = fitted_rows, .task = task};
    return run_split(&run, pipeline, split, false, prepared, error);
}

enum status pipeline_apply(const struct pipeline *pipeline, const struct dataset *dataset, struct prepared **prepared,
                           struct task *task, struct error *error) {
    struct run run = {.dataset = dataset, .task = task};
    return finish(&run, run_all(&run, pipeline, false, error), prepared);
}

enum status pipeline_apply_leniently(const struct pipeline *pipeline, const struct dataset *dataset,
                                     struct prepared **prepared, struct task *task, struct error *error) {
    struct run run = {.dataset = dataset, .task = task, .lenient = true};
    return finish(&run, run_all(&run, pipeline, false, error), prepared);
}

bool pipeline_looks_around(const struct pipeline *pipeline) {
    for (size_t i = 0; i < pipeline->count; i++) {
        const struct step *step = pipeline->steps[i];
        if (step->enabled && step->kind->looks_around && step->kind->looks_around(step))
            return true;
    }
    return false;
}

void prepared_free(struct prepared *prepared) {
    if (prepared == NULL)
        return;
    for (size_t i = 0; i < prepared->stage_count; i++)
        table_free(prepared->stages[i]);
    mem_free(prepared->stages);
    mem_free(prepared->left_out);
    ledger_clear(&prepared->ledger);
    mem_free(prepared);
}
