// Which kind of split, of which rows; the kinds are in split_*.c.
#include "datasets/split.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/split_parts.h"
#include "datasets/target.h"

const char *part_name(enum part part) {
    static const char *const names[] = {[PART_TRAIN] = "train", [PART_VALIDATION] = "validation", [PART_TEST] = "test"};
    return names[part];
}

static bool is_kind(const struct split_plan *plan, const char *kind) {
    return text_equal(plan->settings->kind, kind);
}

static bool needs_column(const struct split_settings *settings) {
    return text_equal(settings->kind, "group") || text_equal(settings->kind, "stratified_group") ||
           text_equal(settings->kind, "column");
}

// ---- how many ----

static enum status refuse_sizes(const struct split_plan *plan, struct error *error) {
    const struct split_settings *settings = plan->settings;
    if (split_has_folds(plan))
        return error_set(
            error, STATUS_INVALID,
            "%zu rows cannot be split: test %g leaves fewer than the %zu folds; give a smaller share or fewer "
            "folds",
            plan->pool->count, settings->test, settings->folds);
    return error_set(error, STATUS_INVALID,
                     "%zu rows cannot be split: validation %g and test %g leave none to train on; give smaller shares",
                     plan->pool->count, settings->validation, settings->test);
}

static enum status part_sizes(struct split_plan *plan, struct error *error) {
    const struct split_settings *settings = plan->settings;
    if (!(settings->validation >= 0 && settings->validation < 1) || !(settings->test >= 0 && settings->test < 1))
        return error_set(error, STATUS_INVALID, "validation %g and test %g: each must be at least 0 and less than 1",
                         settings->validation, settings->test);
    double n = (double)plan->pool->count;
    size_t validation = split_has_folds(plan) ? 0 : (size_t)ceil(settings->validation * n);
    size_t test = (size_t)ceil(settings->test * n), least = split_has_folds(plan) ? settings->folds : 1;
    if (validation + test + least > plan->pool->count)
        return refuse_sizes(plan, error);
    plan->sizes[PART_VALIDATION] = validation;
    plan->sizes[PART_TEST] = test;
    plan->sizes[PART_TRAIN] = plan->pool->count - validation - test;
    return STATUS_OK;
}

// ---- in words ----

__attribute__((format(printf, 2, 3))) static void say_how(struct split_plan *plan, const char *format, ...) {
    struct split *split = plan->split;
    va_list arguments;
    int used = 0;
    if (split_has_folds(plan))
        used =
            snprintf(split->how, sizeof split->how, "fold %zu of %zu, ", plan->settings->fold, plan->settings->folds);
    va_start(arguments, format);
    vsnprintf(split->how + used, sizeof split->how - (size_t)used, format, arguments);
    va_end(arguments);
    split->how[utf8_cut(split->how, strlen(split->how))] = '\0';
}

// ---- kinds ----

static enum status split_pool(struct split_plan *plan, struct error *error) {
    const struct split_pool *pool = plan->pool;
    const char *column = plan->settings->column;
    bool strict = is_kind(plan, "stratified"), both = is_kind(plan, "stratified_group");
    enum status status = part_sizes(plan, error);
    if (status != STATUS_OK)
        return status;
    if ((strict || both) && pool->class_count == 0)
        return error_set(error, STATUS_INVALID,
                         "a stratified split needs classes, and \"%s\" is a number; set split to %s", pool->target,
                         both ? "group" : "random");
    if (both) {
        say_how(plan, "groups of %.60s, stratified by %.60s", column, pool->target);
        return split_stratified_group(plan, error);
    }
    if (is_kind(plan, "group")) {
        say_how(plan, "groups of %.60s", column);
        return split_group(plan, error);
    }
    if (is_kind(plan, "time") && column[0] != '\0') {
        say_how(plan, "in the order of %.60s", column);
        return split_time(plan, plan->table->columns[table_find(plan->table, column)], error);
    }
    if (is_kind(plan, "ordered") || is_kind(plan, "time")) {
        say_how(plan, "in the order of the file");
        return split_random(plan, false, error);
    }
    if (strict || (!is_kind(plan, "random") && pool->class_count > 0)) {
        say_how(plan, "stratified by %.60s", pool->target);
        return split_stratified(plan, strict, error);
    }
    say_how(plan, "at random");
    return split_random(plan, true, error);
}

// ---- tables ----

// Rows that a column has named for test already are not split again.
static void pool_add(struct split_plan *plan, size_t row, int32_t class) {
    struct split_pool *pool = plan->pool;
    if (plan->split->part[row] == PART_TEST)
        return;
    pool->rows[pool->count] = (uint32_t)row;
    pool->classes[pool->count++] = class;
}

static enum status add_known(void *context, const struct column_cells *cells, struct error *error) {
    struct split_plan *plan = context;
    for (size_t i = 0; i < cells->count; i++)
        if (!cells_missing(cells, i) && (cells->values == NULL || !isnan(cells->values[i])))
            pool_add(plan, cells->first + i, 0);
    return task_step(plan->task, 0, error);
}

static enum status pool_of_target(struct split_plan *plan, const struct target *target, struct error *error) {
    struct split_pool *pool = plan->pool;
    size_t rows = plan->table->rows;
    enum status status = split_pool_make(pool, rows, error);
    if (target->column != NULL)
        pool->target = target->column->name;
    pool->class_count = target->classes;
    pool->class_names = target->class_names;
    if (status == STATUS_OK && target->column != NULL && target->labels == NULL)
        return column_each(target->column, add_known, plan, error);
    for (size_t row = 0; row < rows && status == STATUS_OK; row++)
        if (target->labels == NULL || target->labels[row] >= 0)
            pool_add(plan, row, target->labels == NULL ? 0 : target->labels[row]);
    return status;
}

// The split by the target's rows. A target that cannot be predicted is no matter of the split: making the
// source says so.
static enum status split_by_target(struct split_plan *plan, struct error *error) {
    struct target target = {0};
    struct error unfit;
    bool strict = is_kind(plan, "stratified") || is_kind(plan, "stratified_group");
    enum status status =
        plan->table->target < 0 && !strict ? STATUS_OK : target_read(plan->table, "auto", &target, &unfit);
    if (status == STATUS_MEMORY || (status != STATUS_OK && strict))
        *error = unfit;
    else
        status = STATUS_OK;
    if (status == STATUS_OK)
        status = pool_of_target(plan, &target, error);
    if (status == STATUS_OK)
        status = split_pool(plan, error);
    target_clear(&target);
    return status;
}

// The parts as a column names them; with folds, what is not for test falls into them.
static enum status split_as_named(struct split_plan *plan, struct error *error) {
    const struct split_settings *settings = plan->settings;
    struct split *split = plan->split;
    size_t training = 0;
    enum status status = split_by_column(plan, plan->table->columns[table_find(plan->table, settings->column)], error);
    if (status != STATUS_OK)
        return status;
    for (size_t row = 0; row < split->rows; row++)
        training += split->part[row] == PART_TRAIN;
    if (training == 0)
        return error_set(error, STATUS_INVALID, "column \"%.80s\" names no row for training", settings->column);
    say_how(plan, "as %.60s says", settings->column);
    if (!split_has_folds(plan))
        return STATUS_OK;
    for (size_t row = 0; row < split->rows; row++)
        split->part[row] = split->part[row] == PART_TEST ? PART_TEST : PART_TRAIN;
    struct split_settings rest = *settings;
    rest.kind = "auto";
    rest.test = 0;
    plan->settings = &rest;
    status = split_by_target(plan, error);
    plan->settings = settings;
    return status;
}

// Whether the column is there and may be used.
static enum status check_column(const struct split_plan *plan, struct error *error) {
    const struct split_settings *settings = plan->settings;
    const struct table *table = plan->table;
    if (settings->column[0] == '\0' && needs_column(settings))
        return error_set(error, STATUS_INVALID, "split %s needs a column: set split column to its name",
                         settings->kind);
    if (settings->column[0] == '\0')
        return STATUS_OK;
    int index = table_find(table, settings->column);
    if (index < 0)
        return table_no_column(table, settings->column, error);
    if (index == table->target && !text_equal(settings->kind, "time"))
        return error_set(error, STATUS_INVALID,
                         "split column \"%.80s\" is the column to predict; choose another split column or target",
                         settings->column);
    return STATUS_OK;
}

static enum status split_table(struct split_plan *plan, struct error *error) {
    const struct split_settings *settings = plan->settings;
    bool reads = needs_column(settings) || is_kind(plan, "time");
    if (is_kind(plan, "given"))
        return error_set(error, STATUS_INVALID, "%s comes without a test part of its own; set split to auto",
                         plan->table->name);
    enum status status = reads ? check_column(plan, error) : STATUS_OK;
    if (status == STATUS_OK && needs_column(settings) && (plan->split->left_out = mem_string(settings->column)) == NULL)
        status = error_memory(error, "a column's name", strlen(settings->column));
    if (status == STATUS_OK)
        status = is_kind(plan, "column") ? split_as_named(plan, error) : split_by_target(plan, error);
    return status;
}

// ---- images ----

static enum status split_images(struct split_plan *plan, const struct image_set *images, struct error *error) {
    const struct split_settings *settings = plan->settings;
    struct split_pool *pool = plan->pool;
    struct split_settings rest = *settings; // what is left once the given part is set aside
    bool has_given = images->test_from < images->count;
    bool given = is_kind(plan, "given") || (is_kind(plan, "auto") && has_given);
    if (given && !has_given)
        return error_set(error, STATUS_INVALID, "these images come without a test part; set split to auto");
    if (needs_column(settings) || (is_kind(plan, "time") && settings->column[0] != '\0'))
        return error_set(error, STATUS_UNSUPPORTED,
                         "images have no columns to split by; set split to stratified or random");
    bool testing = settings->test > 0 || split_has_folds(plan);
    size_t split_from = given ? images->test_from : images->count;
    for (size_t i = split_from; i < images->count; i++)
        plan->split->part[i] = testing ? PART_TEST : PART_VALIDATION;
    say_how(plan, "as the data gives it");
    if (given && !testing)
        return STATUS_OK; // the given part is for validation: nothing is taken from training
    *pool = (struct split_pool){.target = "class", .class_count = images->classes, .class_names = images->class_names};
    enum status status = split_pool_make(pool, split_from, error);
    for (size_t i = 0; i < split_from && status == STATUS_OK; i++) {
        pool->rows[pool->count] = (uint32_t)i;
        pool->classes[pool->count++] = images->labels[i];
    }
    if (given) {
        rest.kind = "stratified";
        rest.test = 0;
        plan->settings = &rest;
    }
    if (status == STATUS_OK)
        status = split_pool(plan, error);
    if (given && status == STATUS_OK)
        say_how(plan, "as the data gives it");
    plan->settings = settings;
    return status;
}

// ---- all ----

static enum status check_settings(const struct split_settings *settings, struct error *error) {
    static const char *const kinds[] = {"auto", "given",   "stratified", "random", "group", "stratified_group",
                                        "time", "ordered", "column"};
    bool known = false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        known = known || text_equal(settings->kind, kinds[i]);
    if (!known)
        return error_set(
            error, STATUS_INVALID,
            "split \"%.80s\": must be one of auto, given, stratified, random, group, stratified_group, time, "
            "ordered, column",
            settings->kind);
    if (settings->folds > 1 && (settings->fold < 1 || settings->fold > settings->folds))
        return error_set(error, STATUS_INVALID, "fold %zu: there are %zu folds, counted from 1", settings->fold,
                         settings->folds);
    if (settings->folds > 1 && (text_equal(settings->kind, "time") || text_equal(settings->kind, "ordered")))
        return error_set(
            error, STATUS_INVALID,
            "folds do not go with a split by time: most would train on rows later than those they are measured "
            "on; set folds to 1");
    return STATUS_OK;
}

struct split_settings split_settings_of(const struct train_params *params) {
    return (struct split_settings){.kind = params->split,
                                   .column = params->split_column,
                                   .validation = params->validation,
                                   .test = params->test,
                                   .seed = (uint64_t)params->seed,
                                   .folds = (size_t)params->folds,
                                   .fold = (size_t)params->fold};
}

enum status split_make(const struct dataset *dataset, const struct split_settings *settings, struct split *split,
                       struct task *task, struct error *error) {
    size_t rows = dataset_rows(dataset);
    struct split_pool pool = {.target = "the target"};
    struct split made = {.rows = rows};
    struct split_settings asked = *settings;
    asked.column = asked.column == NULL ? "" : asked.column;
    struct split_plan plan = {.settings = &asked, .split = &made, .table = dataset->table, .pool = &pool, .task = task};
    enum status status = check_settings(settings, error);
    if (status == STATUS_OK && rows == 0)
        status = error_set(error, STATUS_INVALID, "%s has no rows to split", dataset->name);
    task_begin(task, "Splitting", "rows", rows);
    if (status == STATUS_OK && (made.part = mem_alloc(rows, 1)) == NULL) // PART_TRAIN is 0
        status = error_memory(error, "the split", rows);
    if (status == STATUS_OK)
        status =
            dataset->kind == DATASET_IMAGES ? split_images(&plan, dataset->images, error) : split_table(&plan, error);
    split_pool_free(&pool);
    if (status == STATUS_OK)
        *split = made;
    else
        split_free(&made);
    return status;
}

void split_free(struct split *split) {
    mem_free(split->part);
    mem_free(split->left_out);
    *split = (struct split){0};
}

enum status split_view_open(struct split_view *view, const struct dataset *dataset, const struct split *split,
                            struct error *error) {
    *view = (struct split_view){.dataset = *dataset};
    int index = split->left_out == NULL || dataset->table == NULL ? -1 : table_find(dataset->table, split->left_out);
    if (index < 0)
        return STATUS_OK;
    enum status status = table_share(dataset->table, &view->table, error);
    if (status != STATUS_OK)
        return status;
    table_remove(view->table, (size_t)index);
    view->dataset.table = view->table;
    return STATUS_OK;
}

void split_view_close(struct split_view *view) {
    table_free(view->table);
    view->table = NULL;
}
