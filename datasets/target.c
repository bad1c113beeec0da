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

// Distinct numbers in a table with open addressing; NaN = free. Beyond DISTINCT_MOST nothing is added.
enum { DISTINCT_SLOTS = 1 << 16, DISTINCT_MOST = NAMED_CLASSES_MOST + 1 };
struct numbers {
    double *slots;
    size_t count, known;
};

static void add_number(struct numbers *numbers, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    size_t at = (size_t)(bits * 0x9e3779b97f4a7c15u >> 48);
    while (!isnan(numbers->slots[at]) && numbers->slots[at] != value)
        at = (at + 1) % DISTINCT_SLOTS;
    if (numbers->slots[at] == value || numbers->count == DISTINCT_MOST)
        return;
    numbers->slots[at] = value;
    numbers->count++;
}

static enum status add_numbers(void *context, const struct column_cells *cells, struct error *error) {
    struct numbers *numbers = context;
    (void)error;
    for (size_t i = 0; i < cells->count; i++) {
        if (cells_missing(cells, i) || isnan(cells->values[i]))
            continue;
        numbers->known++;
        add_number(numbers, cells->values[i] + 0.0); // never −0
    }
    return STATUS_OK;
}

// The distinct values, sorted; at most DISTINCT_MOST of them, which stands for "too many to be classes".
static enum status distinct_numbers(const struct column *column, double **values, size_t *count, size_t *known,
                                    struct error *error) {
    struct numbers numbers = {.slots = mem_alloc(DISTINCT_SLOTS, sizeof *numbers.slots)};
    if (numbers.slots == NULL)
        return error_memory(error, "the target's values", DISTINCT_SLOTS * sizeof *numbers.slots);
    for (size_t i = 0; i < DISTINCT_SLOTS; i++)
        numbers.slots[i] = (double)NAN;
    enum status status = column_each(column, add_numbers, &numbers, error);
    if (status != STATUS_OK) {
        mem_free(numbers.slots);
        return status;
    }
    size_t found = 0;
    for (size_t i = 0; i < DISTINCT_SLOTS; i++)
        if (!isnan(numbers.slots[i]))
            numbers.slots[found++] = numbers.slots[i];
    numbers_sort(numbers.slots, found);
    *values = numbers.slots;
    *count = found;
    *known = numbers.known;
    return STATUS_OK;
}

static int compare_words(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum status mark_used(void *used, const struct column_cells *cells, struct error *error) {
    (void)error;
    for (size_t i = 0; i < cells->count; i++)
        if (!cells_missing(cells, i))
            ((bool *)used)[cells->codes[i]] = true;
    return STATUS_OK;
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
    enum status status = column_each(column, mark_used, used, error);
    *count = 0;
    for (size_t code = 0; code < column->word_count; code++) {
        if (used[code])
            kept[(*count)++] = column->words[code];
    }
    mem_free(used);
    if (status != STATUS_OK) {
        mem_free(kept);
        return status;
    }
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
                         "column \"%s\" has more than %d different values, too many to be classes; choose another "
                         "column to predict",
                         column->name, NAMED_CLASSES_MOST);
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

struct labeling {
    struct target *target;
    const double *values; // [count] the distinct numbers, sorted
    size_t count;
    const int32_t *by_code; // or the class of every word
};

static enum status label_block(void *context, const struct column_cells *cells, struct error *error) {
    const struct labeling *labeling = context;
    int32_t *labels = labeling->target->labels + cells->first;
    (void)error;
    for (size_t i = 0; i < cells->count; i++) {
        if (cells_missing(cells, i))
            labels[i] = -1;
        else if (labeling->by_code != NULL)
            labels[i] = labeling->by_code[cells->codes[i]];
        else
            labels[i] = isnan(cells->values[i]) ? -1 : find_number(labeling->values, labeling->count, cells->values[i]);
    }
    return STATUS_OK;
}

static enum status label_numbers(struct target *target, const double *values, size_t count, struct error *error) {
    char text[32];
    enum status status = reserve(target, count, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = add_class(target, number_text(values[i], text), error);
    struct labeling labeling = {.target = target, .values = values, .count = count};
    return status != STATUS_OK ? status : column_each(target->column, label_block, &labeling, error);
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
    struct labeling labeling = {.target = target, .by_code = labels};
    if (status == STATUS_OK)
        status = column_each(column, label_block, &labeling, error);
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
    snprintf(reason, 192, "its %s%zu different values %s: predicted as %s", count == DISTINCT_MOST ? "at least " : "",
             count, why, classes ? "classes" : "a number");
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
        status = error_set(error, STATUS_INVALID,
                           "column \"%s\" is to be predicted but has no value in any row; choose "
                           "another target",
                           target->column->name);
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
        return error_set(error, STATUS_INVALID,
                         "column \"%s\" is to be predicted but has no value in any row; choose "
                         "another target",
                         column->name);
    if (column->type == COLUMN_TEXT && text_equal(task, "auto"))
        return error_set(error, STATUS_INVALID,
                         "column \"%s\" is free text, which cannot be predicted; choose another "
                         "target, or make it a category",
                         column->name);
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
        status = error_set(error, STATUS_INVALID,
                           "column \"%s\" holds dates, which cannot be predicted; choose another "
                           "target",
                           target->column->name);
    else if (column_has_values(target->column))
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
