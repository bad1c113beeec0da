// Classes of the target, and how every column goes with it.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/profile_parts.h"

// Words; or whole numbers, few and close together, that repeat: what a model would be asked to classify.
static bool has_classes(const struct column_profile *figures) {
    const struct column *column = figures->column;
    size_t known = figures->rows - figures->missing, distinct = figures->distinct;
    if (column->type == COLUMN_CATEGORY)
        return true;
    if (column->type != COLUMN_NUMERIC || !column->integer || distinct == 0 || distinct > 20)
        return false;
    return distinct <= 2 || (known >= 5 * distinct && figures->min >= -1000 && figures->max <= 1000 &&
                             figures->max - figures->min <= 100);
}

// ---- how many rows each class has ---------------------------------------------------------------------------

struct counting {
    const struct labels *labels;
    struct class_count *classes;
};

static enum status count_classes(void *context, const struct column_cells *cells, struct error *error) {
    struct counting *counting = context;
    (void)error;
    for (size_t i = 0; i < cells->count; i++) {
        if (cells_missing(cells, i))
            continue;
        size_t at = cells->values != NULL
                        ? sorted_below(counting->labels->values, counting->labels->count, cells->values[i])
                        : cells->codes[i];
        if (at < counting->labels->count)
            counting->classes[at].count++;
    }
    return STATUS_OK;
}

static int more_rows(const void *x, const void *y) {
    const struct class_count *a = x, *b = y;
    return a->count != b->count ? (a->count > b->count ? -1 : 1) : strcmp(a->name, b->name);
}

static enum status make_classes(struct profile *profile, const struct labels *labels, struct error *error) {
    struct counting counting = {labels, mem_alloc(labels->count + 1, sizeof *counting.classes)};
    profile->classes = counting.classes;
    if (profile->classes == NULL)
        return error_memory(error, "classes", labels->count * sizeof *profile->classes);
    enum status status = column_each(labels->column, count_classes, &counting, error);
    size_t kept = 0;
    for (size_t i = 0; i < labels->count && status == STATUS_OK; i++) {
        char text[64];
        struct class_count made = profile->classes[i];
        if (made.count == 0)
            continue;
        made.name = mem_string(labels->values != NULL ? number_cell_text(labels->column->type, labels->values[i], text)
                                                      : labels->column->words[i]);
        if (made.name == NULL)
            status = error_memory(error, "classes", sizeof text);
        else
            profile->classes[kept++] = made;
    }
    profile->class_count = kept;
    qsort(profile->classes, kept, sizeof *profile->classes, more_rows);
    return status;
}

// ---- how every column goes with it ----------------------------------------------------------------------------

struct going {
    const struct table *table;
    struct profile *profile;
    const struct labels *labels; // NULL: the target is a number
    struct task *task;
};

static enum status go_with(void *context, size_t index, struct error *error) {
    struct going *going = context;
    struct association *made = &going->profile->associations[index];
    const struct column_profile *column = &going->profile->columns[made->column];
    const struct column_profile *target = &going->profile->columns[going->table->target];
    struct labels words = {column->column, NULL, column->column->word_count};
    if (going->labels == NULL && column_has_values(column->column)) {
        made->kind = ASSOCIATION_PEARSON;
        return correlation_of(column, target, &made->value, going->task, error);
    }
    made->kind = ASSOCIATION_RATIO;
    if (going->labels == NULL)
        return correlation_ratio(target, &words, &made->value, going->task, error);
    if (column_has_values(column->column))
        return correlation_ratio(column, going->labels, &made->value, going->task, error);
    made->kind = ASSOCIATION_CRAMER;
    return cramers_v(&words, going->labels, &made->value, going->task, error);
}

static int closer(const void *x, const void *y) {
    const struct association *a = x, *b = y;
    double first = isnan(a->value) ? -1 : fabs(a->value), second = isnan(b->value) ? -1 : fabs(b->value);
    return first != second ? (first > second ? -1 : 1) : a->column < b->column ? -1 : 1;
}

static enum status make_associations(struct going *going, struct error *error) {
    struct profile *profile = going->profile;
    const struct table *table = going->table;
    profile->associations = mem_alloc(table->column_count, sizeof *profile->associations);
    if (profile->associations == NULL)
        return error_memory(error, "associations", table->column_count * sizeof *profile->associations);
    size_t count = 0;
    for (size_t i = 0; i < table->column_count; i++)
        if ((int)i != table->target && table->columns[i]->type != COLUMN_TEXT)
            profile->associations[count++] = (struct association){.column = (uint32_t)i, .value = (double)NAN};
    profile->association_count = count;
    enum status status = profile_parallel(count, table->rows * count, go_with, going, error);
    qsort(profile->associations, count, sizeof *profile->associations, closer);
    return status;
}

enum status profile_target(const struct table *table, struct profile *profile, struct task *task, struct error *error) {
    if (table->target < 0 || table->rows == 0)
        return STATUS_OK;
    const struct column_profile *figures = &profile->columns[table->target];
    struct labels labels = {0};
    struct going going = {table, profile, NULL, task};
    enum status status = STATUS_OK;
    if (has_classes(figures)) {
        status = labels_make(&labels, figures->column, error);
        if (status != STATUS_OK)
            return status;
        going.labels = &labels;
        status = make_classes(profile, &labels, error);
    }
    if (status == STATUS_OK && (going.labels != NULL || column_has_values(figures->column)))
        status = make_associations(&going, error);
    mem_free(labels.values);
    return status;
}

enum status profile_relations(const struct table *table, struct profile *profile, uint32_t **ranks, struct task *task,
                              struct error *error) {
    enum status status = profile_pearson(table, profile, task, error);
    if (status == STATUS_OK)
        status = profile_spearman(table, profile, ranks, task, error);
    if (status == STATUS_OK)
        status = profile_associations(table, profile, task, error);
    if (status == STATUS_OK)
        status = profile_missing_together(table, profile, task, error);
    if (status == STATUS_OK)
        status = profile_target(table, profile, task, error);
    return status != STATUS_OK ? status : task_step(task, table->rows, error);
}
