// outliers, method forest: what an isolation forest is grown from and what becomes of the rows it finds. A missing cell
// counts as the median of the training rows; an infinite one grows the trees as the outermost finite value.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/crew.h"
#include "core/base/mem.h"
#include "core/base/rng.h"
#include "datasets/steps/outliers_parts.h"

// ---- samples ----

// `most` different numbers below `count`, ascending order not kept (Floyd's algorithm).
static void draw(struct rng *rng, size_t count, size_t most, uint32_t *drawn) {
    for (size_t i = 0; i < most; i++) {
        uint32_t last = (uint32_t)(count - most + i), number = (uint32_t)rng_below(rng, (uint64_t)last + 1);
        bool taken = false;
        for (size_t j = 0; j < i && !taken; j++)
            taken = drawn[j] == number;
        drawn[i] = taken ? last : number;
    }
}

static double finite_value(const struct column_state *state, double value) {
    if (isnan(value))
        return state->figures[OUTLIER_TO_LOW];
    return fmin(fmax(value, state->figures[OUTLIER_LOW]), state->figures[OUTLIER_HIGH]);
}

// samples[trees][sample][columns] of the training rows.
static enum status take_samples(const struct step *step, const struct table *table, const uint32_t *training,
                                size_t count, size_t sample, double *samples, uint32_t *drawn, struct error *error) {
    const struct outlier_settings *settings = outlier_settings(step);
    const struct step_state *state = step->state;
    size_t trees = (size_t)settings->trees;
    enum status status = STATUS_OK;
    for (size_t tree = 0; tree < trees; tree++) {
        struct rng rng = rng_make((uint64_t)settings->seed, RNG_FOREST, trees + tree);
        draw(&rng, count, sample, drawn + tree * sample);
    }
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        double *values = NULL;
        size_t index = (size_t)table_find(table, state->columns[i].name);
        status = series_gather(table->columns[index], training, count, &values, error);
        for (size_t row = 0; row < trees * sample && status == STATUS_OK; row++)
            samples[row * state->count + i] = finite_value(&state->columns[i], values[drawn[row]]);
        mem_free(values);
        if (status == STATUS_OK)
            status = task_step(step->task, 0, error);
    }
    return status;
}

static enum status grow(struct step *step, const struct table *table, const uint32_t *training, size_t count,
                        struct error *error) {
    const struct outlier_settings *settings = outlier_settings(step);
    struct outlier_state *state = step->state;
    size_t sample = (size_t)settings->sample, trees = (size_t)settings->trees, columns = state->columns.count;
    sample = sample < count ? sample : count;
    double *samples = mem_alloc(trees * sample * columns + 1, sizeof *samples);
    uint32_t *drawn = mem_alloc(trees * sample + 1, sizeof *drawn);
    enum status status =
        samples == NULL || drawn == NULL
            ? error_memory(error, "the samples of a forest", trees * sample * columns * sizeof *samples)
            : take_samples(step, table, training, count, sample, samples, drawn, error);
    if (status == STATUS_OK)
        status =
            forest_grow(&state->forest, samples, trees, sample, columns, (uint64_t)settings->seed, step->task, error);
    mem_free(samples);
    mem_free(drawn);
    return status;
}

// ---- scores of all rows ----

enum { SCORED_TOGETHER = 1024 }; // rows

struct scoring {
    const struct outlier_state *state;
    const struct table *table;
    double *scores; // [rows]
    struct task *task;
};

static enum status read_rows(const struct scoring *scoring, size_t block, double *rows, struct error *error) {
    const struct step_state *state = &scoring->state->columns;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        int index = table_find(scoring->table, state->columns[i].name);
        struct column_scan scan = {0};
        struct column_cells cells = {.first = block * COLUMN_BLOCK, .count = 0};
        if (index >= 0)
            status = column_scan_open(&scan, scoring->table->columns[index], error);
        if (index >= 0 && status == STATUS_OK)
            status = column_scan_read(&scan, block, &cells, error);
        for (size_t row = 0; row < COLUMN_BLOCK && status == STATUS_OK; row++) {
            bool there = row < cells.count && !cells_hole(&cells, row);
            rows[row * state->count + i] = there ? cells.values[row] : state->columns[i].figures[OUTLIER_TO_LOW];
        }
        column_scan_close(&scan);
    }
    return status;
}

static enum status score_block(void *context, size_t block, struct error *error) {
    const struct scoring *scoring = context;
    size_t columns = scoring->state->columns.count, first = block * COLUMN_BLOCK;
    double *rows = mem_alloc(COLUMN_BLOCK * columns + 1, sizeof *rows);
    enum status status = rows == NULL ? error_memory(error, "a block of rows", COLUMN_BLOCK * columns * sizeof *rows)
                                      : read_rows(scoring, block, rows, error);
    size_t left = scoring->table->rows - first, count = left < COLUMN_BLOCK ? left : COLUMN_BLOCK;
    for (size_t row = 0; row < count && status == STATUS_OK; row += SCORED_TOGETHER) {
        size_t some = count - row < SCORED_TOGETHER ? count - row : SCORED_TOGETHER;
        status = task_step(scoring->task, 0, error);
        forest_score(&scoring->state->forest, rows + row * columns, some, scoring->scores + first + row);
    }
    mem_free(rows);
    return status;
}

static enum status score_rows(const struct step *step, const struct table *table, struct task *task, double **scores,
                              struct error *error) {
    struct scoring scoring = {.state = step->state, .table = table, .task = task};
    scoring.scores = mem_alloc(table->rows + 1, sizeof *scoring.scores);
    if (scoring.scores == NULL)
        return error_memory(error, "the scores", table->rows * sizeof *scoring.scores);
    enum status status =
        crew_run((table->rows + COLUMN_BLOCK - 1) / COLUMN_BLOCK, 0, score_block, &scoring, task, error);
    if (status == STATUS_OK)
        *scores = scoring.scores;
    else
        mem_free(scoring.scores);
    return status;
}

// ---- fitting ----

enum status outliers_fit_forest(struct step *step, const struct table *table, const uint32_t *training, size_t count,
                                struct error *error) {
    const struct outlier_settings *settings = outlier_settings(step);
    struct outlier_state *state = step->state;
    double *scores = NULL;
    if (state->columns.count == 0)
        return error_set(error, STATUS_INVALID, "there is no numeric column for an isolation forest in %s",
                         table->name);
    state->threshold = settings->score;
    enum status status = grow(step, table, training, count, error);
    if (status != STATUS_OK || settings->share == 0)
        return status;
    status = score_rows(step, table, step->task, &scores, error);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < count; i++) // training ascends: in place
        scores[i] = scores[training[i]];
    numbers_sort(scores, count);
    state->threshold = numbers_quantile(scores, count, 1 - settings->share);
    mem_free(scores);
    return STATUS_OK;
}

// ---- applying ----

static enum status list(const struct step *step, const struct table *table, size_t row, double score,
                        const struct apply_context *context, struct error *error) {
    static const char *const why = "isolation score above the threshold of training rows";
    char text[32];
    snprintf(text, sizeof text, "score %.3f", score);
    if (outliers_act(step, "drop"))
        return ledger_row(context, table, row, text, "outlier", error);
    return ledger_cell(context, table, row, outlier_settings(step)->flag, text, "flagged", why, error);
}

struct taking {
    const uint8_t *found;
    const struct table *table;
    const struct apply_context *context;
    const char *column;
};

static enum status take_block(void *context, size_t first, size_t count, double *values, uint32_t *codes,
                              uint64_t *missing, struct error *error) {
    const struct taking *taking = context;
    enum status status = STATUS_OK;
    char before[64];
    (void)codes;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (!taking->found[first + i] || (missing[i / 64] >> (i % 64) & 1) != 0)
            continue;
        status = ledger_cell(taking->context, taking->table, first + i, taking->column,
                             number_cell_text(COLUMN_NUMERIC, values[i], before), "", "its row is an outlier", error);
        values[i] = 0;
        missing[i / 64] |= (uint64_t)1 << (i % 64);
    }
    return status;
}

static enum status make_missing(const struct step *step, struct table *table, const uint8_t *found,
                                const struct apply_context *context, struct error *error) {
    const struct step_state *state = step->state;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        int index = table_find(table, state->columns[i].name);
        struct taking taking = {found, table, context, state->columns[i].name};
        if (index >= 0)
            status =
                series_replace(table, (size_t)index, column_changed(table->columns[index], take_block, &taking, error));
    }
    return status;
}

enum status outliers_apply_forest(const struct step *step, struct table *table, const struct apply_context *context,
                                  struct error *error) {
    const struct outlier_state *state = step->state;
    bool drop = outliers_act(step, "drop"), missing = outliers_act(step, "missing");
    double *scores = NULL;
    uint8_t *found = mem_alloc(table->rows + 1, 1);
    if (found == NULL)
        return error_memory(error, "the outliers", table->rows);
    enum status status = score_rows(step, table, context->task, &scores, error);
    for (size_t row = 0; row < table->rows && status == STATUS_OK; row++) {
        bool stays = drop && (context->predicting ||
                              (context->training != NULL && context->training[table_origin(table, row)] == 0));
        found[row] = scores[row] > state->threshold && !stays;
        if (found[row] && !missing)
            status = list(step, table, row, scores[row], context, error);
    }
    if (status == STATUS_OK && drop)
        status = table_drop(table, found, error);
    else if (status == STATUS_OK)
        status = missing ? make_missing(step, table, found, context, error)
                         : outliers_add_flag(step, table, found, context, error);
    mem_free(scores);
    mem_free(found);
    return status;
}
