#include "core/session_evaluate.h"

#include <math.h>

#include "core/base/mem.h"

struct evaluating {
    struct run_evaluation *evaluation;
    double *predicted; // [capacity]
    size_t capacity;
    bool each;
};

static enum status add_numbers(struct evaluating *evaluating, const struct kept_outputs *outputs, struct error *error) {
    if (!vec_reserve(&evaluating->predicted, &evaluating->capacity, outputs->count + 1, sizeof(double)))
        return error_memory(error, "predictions", outputs->count * sizeof(double));
    for (size_t i = 0; i < outputs->count; i++)
        evaluating->predicted[i] = (double)outputs->values[i];
    return number_metrics_add(&evaluating->evaluation->numbers, outputs->truth, evaluating->predicted, outputs->count,
                              error);
}

static struct evaluated_row row_at(const struct kept_outputs *outputs, size_t i) {
    size_t row = outputs->first + outputs->row_of[i];
    struct evaluated_row one = {.row = row};
    if (outputs->table_row)
        one.row = row = outputs->table_row[outputs->row_of[i]];
    if (outputs->table)
        one.line = table_line(outputs->table, outputs->table_row ? row : outputs->row_of[i] + outputs->table_first);
    const float *values = outputs->values + i * outputs->width;
    if (outputs->truth) {
        one.truth = outputs->truth[i];
        one.predicted = (double)values[0];
        return one;
    }
    one.label = outputs->labels[i];
    for (size_t k = 1; k < outputs->width; k++)
        one.taken = values[k] > values[one.taken] ? (int32_t)k : one.taken;
    one.chance = values[one.label];
    return one;
}

static enum status keep_rows(struct run_evaluation *evaluation, const struct kept_outputs *outputs,
                             struct error *error) {
    size_t most = evaluation->each_count + outputs->count;
    if (!vec_reserve(&evaluation->each, &evaluation->each_capacity, most + 1, sizeof *evaluation->each))
        return error_memory(error, "the rows of an evaluation", most * sizeof *evaluation->each);
    for (size_t i = 0; i < outputs->count; i++)
        if (outputs->truth ? !isnan(outputs->truth[i]) : outputs->labels[i] >= 0)
            evaluation->each[evaluation->each_count++] = row_at(outputs, i);
    return STATUS_OK;
}

static enum status add_outputs(void *context, const struct kept_outputs *outputs, struct error *error) {
    struct evaluating *evaluating = context;
    struct run_evaluation *evaluation = evaluating->evaluation;
    evaluation->rows += outputs->rows;
    evaluation->unusable += outputs->rows - outputs->count;
    enum status status = outputs->count == 0    ? STATUS_OK
                         : evaluation->classify ? class_metrics_add(&evaluation->classes, outputs->labels,
                                                                    outputs->values, outputs->count, error)
                                                : add_numbers(evaluating, outputs, error);
    return status || !evaluating->each ? status : keep_rows(evaluation, outputs, error);
}

static enum status finish(const struct kept_run *kept, struct run_evaluation *evaluation, struct task *task,
                          struct error *error) {
    size_t known = evaluation->classify ? evaluation->classes.rows : evaluation->numbers.rows;
    if (known == 0)
        return error_set(error, STATUS_MISSING,
                         "of %zu rows none has a known \"%s\", so there is nothing to measure against; predict needs "
                         "no target",
                         evaluation->rows, kept->encoding.target_name);
    if (evaluation->classify)
        return class_metrics_figures(&evaluation->classes, &evaluation->of_classes, task, error);
    evaluation->of_numbers = number_metrics_figures(&evaluation->numbers);
    return STATUS_OK;
}

enum status kept_run_evaluate(const struct kept_run *kept, const struct kept_data *data, size_t data_count, bool each,
                              struct run_evaluation *evaluation, struct notes *notes, struct task *task,
                              struct error *error) {
    struct evaluating evaluating = {.evaluation = evaluation, .each = each};
    *evaluation = (struct run_evaluation){.classify = kept->encoding.task == SOURCE_CLASSIFY};
    enum status status =
        evaluation->classify ? class_metrics_open(&evaluation->classes, kept->encoding.classes, error) : STATUS_OK;
    for (size_t i = 0; i < data_count && !status; i++)
        status = kept_run_each(kept, &data[i], add_outputs, &evaluating, notes, task, error);
    if (!status)
        status = finish(kept, evaluation, task, error);
    mem_free(evaluating.predicted);
    return status;
}

void run_evaluation_clear(struct run_evaluation *evaluation) {
    class_metrics_close(&evaluation->classes);
    class_figures_free(&evaluation->of_classes);
    mem_free(evaluation->each);
    *evaluation = (struct run_evaluation){0};
}
