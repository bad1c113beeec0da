// Measuring for the Evaluate view: the figures, which rows are the worst, and the data that they stand in.
#include "core/session_evaluate_parts.h"

#include <math.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"

// ---- the largest loss first -------------------------------------------------------------------------------------

// A number that grows as the loss falls: of numbers not below zero the bits are in their order.
static uint32_t loss_key(const struct evaluated_row *row, bool classify) {
    float value = classify ? row->chance : (float)fabs(row->predicted - row->truth);
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return classify ? bits : ~bits;
}

static void sort_by_digit(const uint32_t *keys, const uint32_t *from, uint32_t *to, size_t count, int shift) {
    size_t starts[256] = {0}, sum = 0;
    for (size_t i = 0; i < count; i++)
        starts[keys[from[i]] >> shift & 255u]++;
    for (size_t digit = 0; digit < 256; digit++) {
        size_t here = starts[digit];
        starts[digit] = sum;
        sum += here;
    }
    for (size_t i = 0; i < count; i++)
        to[starts[keys[from[i]] >> shift & 255u]++] = from[i];
}

static enum status order_rows(struct measurement *measurement, struct task *task, struct error *error) {
    const struct run_evaluation *figures = &measurement->figures;
    size_t count = figures->each_count;
    uint32_t *keys = mem_alloc(count + 1, sizeof *keys), *other = mem_alloc(count + 1, sizeof *other);
    measurement->order = mem_alloc(count + 1, sizeof *measurement->order);
    enum status status = STATUS_OK;
    if (!keys || !other || !measurement->order)
        status = error_memory(error, "the order of rows", 3 * count * sizeof *keys);
    task_begin(task, "Sorting", "rows", 4 * count);
    for (size_t i = 0; i < count && !status; i++) {
        keys[i] = loss_key(&figures->each[i], figures->classify);
        measurement->order[i] = (uint32_t)i;
    }
    for (int shift = 0; shift < 32 && !status; shift += 8) {
        sort_by_digit(keys, measurement->order, other, count, shift);
        uint32_t *sorted = other;
        other = measurement->order;
        measurement->order = sorted;
        status = task_step(task, count, error);
    }
    mem_free(keys);
    mem_free(other);
    return status;
}

// ---- the data ---------------------------------------------------------------------------------------------------------

static enum status number_rows(struct measurement *measurement, struct error *error) {
    size_t rows = dataset_rows(measurement->data);
    const struct source *source = measurement->source;
    measurement->source_row = mem_alloc(rows + 1, sizeof *measurement->source_row);
    if (!measurement->source_row)
        return error_memory(error, "row numbers", rows * sizeof *measurement->source_row);
    memset(measurement->source_row, 0xff, rows * sizeof *measurement->source_row);
    for (size_t row = 0; row < source->rows; row++)
        if (source->origin[row] < rows)
            measurement->source_row[source->origin[row]] = (uint32_t)row;
    return STATUS_OK;
}

// Rows of other data have been seen piece by piece: it is read once more, to be shown. Where that is not possible (a
// pipe, or it is another file by now) rows are shown without their cells.
static enum status read_data(struct measurement *measurement, const struct load_options *options, struct task *task,
                             struct error *error) {
    const struct run_evaluation *figures = &measurement->figures;
    struct error reason;
    enum status status = dataset_open(measurement->wish.path, options, &measurement->data, task, &reason);
    if (status == STATUS_CANCELLED) {
        *error = reason;
        return status;
    }
    if (!status && dataset_rows(measurement->data) != figures->rows) {
        dataset_free(measurement->data);
        measurement->data = NULL;
    }
    return STATUS_OK;
}

// ---- measuring -----------------------------------------------------------------------------------------------------------

static void describe(struct measurement *measurement) {
    const struct encoding *encoding = &measurement->kept->encoding;
    measurement->class_names = (const char *const *)encoding->class_names;
    measurement->classes = encoding->classes;
    measurement->target_name = encoding->target_name;
    measurement->step = measurement->kept->step;
    measurement->epoch = measurement->copy ? measurement->copy->epoch : NAN;
    measurement->copied = measurement->copy ? measurement->copy->seconds : NAN;
}

enum status measurement_fill(struct measurement *measurement, struct task *task, struct error *error) {
    const struct evaluate_wish *wish = &measurement->wish;
    struct kept_rows rows = {measurement->data, measurement->source};
    struct load_options options = load_options_default();
    bool other = wish->path[0] != '\0';
    struct kept_data data = {.path = other ? wish->path : NULL,
                             .options = other ? &options : NULL,
                             .part = wish->part,
                             .all = wish->all,
                             .rows = &rows};
    struct notes notes = {0};
    double begun = clock_now();
    describe(measurement);
    enum status status =
        kept_run_evaluate(measurement->kept, &data, 1, true, &measurement->figures, &notes, task, error);
    measurement->seconds = clock_now() - begun;
    measurement->data = rows.dataset;
    measurement->source = rows.source;
    if (!status)
        status = order_rows(measurement, task, error);
    if (!status)
        status = other ? read_data(measurement, &options, task, error) : number_rows(measurement, error);
    notes_free(&notes);
    return status;
}

void measurement_free(struct measurement *measurement) {
    if (!measurement)
        return;
    run_evaluation_clear(&measurement->figures);
    dataset_free(measurement->data);
    source_release(measurement->source);
    mem_free(measurement->source_row);
    mem_free(measurement->order);
    kept_run_free(measurement->kept);
    model_copy_free(measurement->copy);
    mem_free(measurement);
}
