#include "datasets/target.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/steps/state.h"

#define CLASSES_MOST 20          // of whole numbers
#define NAMED_CLASSES_MOST 10000 // of words, or when classes are asked for

// ---- distinct values, sorted ----

static enum status distinct_numbers(const struct column *column, double **values, size_t *count, size_t *known,
                                    struct error *error) {
    double *kept = mem_alloc(column->rows, sizeof *kept);
    if (kept == NULL)
        return error_memory(error, "the target's values", column->rows * sizeof *kept);
    size_t found = 0, different = 0;
    for (size_t row = 0; row < column->rows; row++) {
        if (!cell_is_hole(column, row))
            kept[found++] = column->values[row] + 0.0; // never −0
    }
    numbers_sort(kept, found);
    for (size_t i = 0; i < found; i++) {
        if (different == 0 || kept[i] != kept[different - 1])
            kept[different++] = kept[i];
    }
    *values = kept;
    *count = different;
    *known = found;
    return STATUS_OK;
}

static int compare_words(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// Words that some row has, borrowed from the column.
static enum status distinct_words(const struct column *column, char ***words, size_t *count, struct error *error) {
    bool *used = mem_alloc(column->word_count, sizeof *used);
    char **kept = mem_alloc(column->word_count, sizeof *kept);
    if (used == NULL || kept == NULL) {
        mem_free(used);
        mem_free(kept);
        return error_memory(error, "the target's classes", column->word_count * sizeof *kept);
    }
    for (size_t row = 0; row < column->rows; row++) {
        if (!column_is_missing(column, row))
            used[column->codes[row]] = true;
    }
    *count = 0;
    for (size_t code = 0; code < column->word_count; code++) {
        if (used[code])
            kept[(*count)++] = column->words[code];
    }
    mem_free(used);
    if (*count > 0)
        qsort(kept, *count, sizeof *kept, compare_words);
    *words = kept;
    return STATUS_OK;
}

// ---- labels ----

static enum status add_class(struct target *target, const char *name, struct error *error) {
    target->class_names[target->classes] = mem_string(name);
    if (target->class_names[target->classes] == NULL)
        return error_memory(error, "a class", strlen(name));
    target->classes++;
    return STATUS_OK;
}

static enum status reserve(struct target *target, size_t classes, struct error *error) {
    const struct column *column = target->column;
    if (classes > NAMED_CLASSES_MOST)
        return error_set(error, STATUS_UNSUPPORTED,
                         "column \"%s\" has %zu different values, too many to be classes (at most %d); choose another "
                         "column to predict",
                         column->name, classes, NAMED_CLASSES_MOST);
    target->labels = mem_alloc(column->rows, sizeof *target->labels);
    target->class_names = mem_alloc(classes, sizeof *target->class_names);
    if (target->labels == NULL || target->class_names == NULL)
        return error_memory(error, "the labels", column->rows * sizeof *target->labels);
    return STATUS_OK;
}

static int32_t find_number(const double *sorted, size_t count, double value) {
    size_t low = 0, high = count;
    while (low + 1 < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle] <= value)
            low = middle;
        else
            high = middle;
    }
    return (int32_t)low;
}

static enum status label_numbers(struct target *target, const double *values, size_t count, struct error *error) {
    char text[32];
    enum status status = reserve(target, count, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = add_class(target, number_text(values[i], text), error);
    for (size_t row = 0; row < target->column->rows && status == STATUS_OK; row++)
        target->labels[row] =
            cell_is_hole(target->column, row) ? -1 : find_number(values, count, target->column->values[row]);
    return status;
}

static enum status label_words(struct target *target, struct error *error) {
    const struct column *column = target->column;
    char **words = NULL;
    size_t count = 0;
    enum status status = distinct_words(column, &words, &count, error);
    int32_t *labels = status == STATUS_OK ? mem_alloc(column->word_count, sizeof *labels) : NULL; // by code
    if (status == STATUS_OK)
        status = labels == NULL ? error_memory(error, "the labels", column->word_count) : reserve(target, count, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = add_class(target, words[i], error);
    for (size_t code = 0; code < column->word_count && status == STATUS_OK; code++) {
        char **at = count == 0 ? NULL : bsearch(&column->words[code], words, count, sizeof *words, compare_words);
        labels[code] = at == NULL ? -1 : (int32_t)(at - words);
    }
    for (size_t row = 0; row < column->rows && status == STATUS_OK; row++)
        target->labels[row] = column_is_missing(column, row) ? -1 : labels[column->codes[row]];
    mem_free(labels);
    mem_free(words);
    return status;
}

// ---- which task ----

static bool look_like_years(const double *values, size_t count) {
    return values[0] >= 1500 && values[count - 1] <= 2200;
}

// `values` are the distinct ones, sorted; `known` is how many rows have one.
static enum source_task judge(const struct column *column, const double *values, size_t count, size_t known,
                              char reason[192]) {
    const char *why;
    bool classes = false;
    if (!column->integer)
        why = "are not all whole";
    else if (count <= 2)
        why = "are whole and at most two", classes = true;
    else if (count > CLASSES_MOST)
        why = "are whole and many";
    else if (look_like_years(values, count))
        why = "look like years";
    else if (values[0] < -1000 || values[count - 1] > 1000 || values[count - 1] - values[0] > 100)
        why = "are whole but far apart";
    else if (known < count * 5)
        why = "are whole but repeat too seldom to be classes";
    else
        why = "are whole, few and close together", classes = true;
    snprintf(reason, 192, "its %zu different values %s: predicted as %s", count, why, classes ? "classes" : "a number");
    return classes ? SOURCE_CLASSIFY : SOURCE_REGRESS;
}

static enum status read_numbers(struct target *target, const char *task, struct error *error) {
    double *values = NULL;
    size_t count = 0, known = 0;
    enum status status = distinct_numbers(target->column, &values, &count, &known, error);
    if (status != STATUS_OK)
        return status;
    target->task = text_equal(task, "classify") ? SOURCE_CLASSIFY : SOURCE_REGRESS;
    if (text_equal(task, "auto") && count > 0)
        target->task = judge(target->column, values, count, known, target->reason);
    if (count == 0)
        status = error_set(error, STATUS_INVALID, "column \"%s\" is to be predicted but has no value in any row; choose "
                           "another target", target->column->name);
    else if (target->task == SOURCE_CLASSIFY)
        status = label_numbers(target, values, count, error);
    mem_free(values);
    return status;
}

static enum status read_words(struct target *target, const char *task, struct error *error) {
    const struct column *column = target->column;
    if (text_equal(task, "regress"))
        return error_set(error, STATUS_INVALID, "column \"%s\" is %s; only numbers can be predicted as a number",
                         column->name, column_type_name(column->type));
    if (column->missing_count == column->rows)
        return error_set(error, STATUS_INVALID, "column \"%s\" is to be predicted but has no value in any row; choose "
                         "another target", column->name);
    if (column->type == COLUMN_TEXT && text_equal(task, "auto"))
        return error_set(error, STATUS_INVALID, "column \"%s\" is free text, which cannot be predicted; choose another "
                         "target, or make it a category", column->name);
    target->task = SOURCE_CLASSIFY;
    return label_words(target, error);
}

enum status target_read(const struct table *table, const char *task, struct target *target, struct error *error) {
    *target = (struct target){0};
    if (table->target < 0)
        return error_set(error, STATUS_MISSING, "%s has no column to predict; choose a target", table->name);
    target->column = table->columns[table->target];
    enum status status;
    if (target->column->type == COLUMN_DATE)
        status = error_set(error, STATUS_INVALID, "column \"%s\" holds dates, which cannot be predicted; choose another "
                           "target", target->column->name);
    else if (target->column->values != NULL)
        status = read_numbers(target, task, error);
    else
        status = read_words(target, task, error);
    if (status != STATUS_OK)
        target_clear(target);
    return status;
}

void target_clear(struct target *target) {
    for (size_t i = 0; i < target->classes; i++)
        mem_free(target->class_names[i]);
    mem_free(target->class_names);
    mem_free(target->labels);
    *target = (struct target){0};
}
