// Splits of data that has grown at its end.
#include <math.h>
#include <string.h>

#include "core/base/checksum.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/split_parts.h"

#define NO_PART 255

static bool is_kind(const struct split_settings *settings, const char *kind) {
    return text_equal(settings->kind, kind);
}

// The part of what is drawn by itself, a row or a group, named by `key`.
static uint8_t draw(const struct split_settings *settings, uint64_t key) {
    struct rng rng = rng_make(settings->seed, RNG_GROW, key);
    double chance = rng_uniform(&rng);
    if (chance < settings->test)
        return PART_TEST;
    if (settings->folds > 1)
        return rng_below(&rng, settings->folds) + 1 == settings->fold ? PART_VALIDATION : PART_TRAIN;
    return chance < settings->test + settings->validation ? PART_VALIDATION : PART_TRAIN;
}

static enum status grow_rows(const struct split_settings *settings, struct split *split, size_t from) {
    for (size_t row = from; row < split->rows; row++)
        split->part[row] = draw(settings, row);
    return STATUS_OK;
}

// ---- groups ----------------------------------------------------------------------------------------------

// The same for the same cell, whatever rows there are besides.
static uint64_t key_of(const struct column *column, size_t row) {
    if (column_is_missing(column, row))
        return 0;
    if (!column_has_values(column)) {
        const char *word = column->words[column_code(column, row)];
        return checksum_hash64(word, strlen(word), 1);
    }
    double value = column_number(column, row) + 0.0; // never −0
    return checksum_hash64(&value, sizeof value, 2);
}

static enum status grow_groups(const struct split_settings *settings, const struct column *column, struct split *split,
                               size_t from, struct task *task, struct error *error) {
    struct split_groups groups = {0};
    uint8_t *part = NULL;
    enum status status = split_groups_read(column, &groups, task, error);
    if (status == STATUS_OK && (part = mem_alloc(groups.count, 1)) == NULL)
        status = error_memory(error, "the groups", groups.count);
    if (status == STATUS_OK)
        memset(part, NO_PART, groups.count);
    for (size_t row = 0; row < split->rows && status == STATUS_OK; row++) {
        uint8_t *known = &part[groups.of[row]];
        if (row < from || *known == NO_PART)
            *known = row < from ? split->part[row] : draw(settings, key_of(column, row));
        split->part[row] = *known;
    }
    mem_free(part);
    split_groups_free(&groups);
    return status;
}

// ---- time ------------------------------------------------------------------------------------------------

static enum status grow_time(const struct column *column, struct split *split, size_t from, struct error *error) {
    double since[PART_COUNT] = {(double)-INFINITY, (double)INFINITY, (double)INFINITY};
    double *moments = mem_alloc(split->rows, sizeof *moments);
    enum status status = moments == NULL ? error_memory(error, "the moments of the rows", split->rows * sizeof *moments)
                                         : split_moments(column, moments, error);
    for (size_t row = 0; row < from && status == STATUS_OK; row++)
        since[split->part[row]] = fmin(since[split->part[row]], moments[row]);
    for (size_t row = from; row < split->rows && status == STATUS_OK; row++)
        split->part[row] = moments[row] >= since[PART_TEST]         ? PART_TEST
                           : moments[row] >= since[PART_VALIDATION] ? PART_VALIDATION
                                                                    : PART_TRAIN;
    mem_free(moments);
    return status;
}

static enum status grow_in_order(struct split *split, size_t from) {
    uint8_t last = PART_TRAIN;
    for (size_t row = 0; row < from; row++)
        last = split->part[row] > last ? split->part[row] : last;
    memset(split->part + from, last, split->rows - from);
    return STATUS_OK;
}

// ---- named parts -----------------------------------------------------------------------------------------

// With folds, what is not for test is drawn.
static enum status grow_as_named(const struct split_settings *settings, const struct table *table,
                                 const struct column *column, const struct split *old, struct split *split,
                                 struct error *error) {
    struct split_settings rest = *settings;
    struct split_plan plan = {.settings = settings, .split = split, .table = table};
    enum status status = split_by_column(&plan, column, error);
    rest.test = 0;
    for (size_t row = old->rows; row < split->rows && settings->folds > 1 && status == STATUS_OK; row++)
        split->part[row] = split->part[row] == PART_TEST ? PART_TEST : draw(&rest, row);
    memcpy(split->part, old->part, old->rows);
    return status;
}

// ---- all -------------------------------------------------------------------------------------------------

static enum status grow(const struct table *table, const struct split_settings *settings, const struct split *old,
                        struct split *split, struct task *task, struct error *error) {
    bool named = settings->column != NULL && settings->column[0] != '\0';
    bool groups = is_kind(settings, "group") || is_kind(settings, "stratified_group"), time = is_kind(settings, "time");
    if (is_kind(settings, "ordered") || (time && !named))
        return grow_in_order(split, old->rows);
    if (!groups && !time && !is_kind(settings, "column"))
        return grow_rows(settings, split, old->rows);
    int index = named ? table_find(table, settings->column) : -1;
    if (index < 0)
        return error_set(error, STATUS_MISSING, "split column \"%.80s\": there is no such column in %s any more",
                         named ? settings->column : "", table->name);
    const struct column *column = table->columns[index];
    return groups ? grow_groups(settings, column, split, old->rows, task, error)
           : time ? grow_time(column, split, old->rows, error)
                  : grow_as_named(settings, table, column, old, split, error);
}

enum status split_grow(const struct dataset *dataset, const struct split_settings *settings, const struct split *old,
                       struct split *split, struct task *task, struct error *error) {
    struct split grown = *old;
    grown.note[0] = '\0';
    if (dataset->table == NULL)
        return error_set(error, STATUS_UNSUPPORTED, "%s holds images; only tables can grow", dataset->name);
    if (dataset->table->rows < old->rows)
        return error_set(error, STATUS_INVALID, "%s has %zu rows now and had %zu: it was cut", dataset->name,
                         dataset->table->rows, old->rows);
    grown.rows = dataset->table->rows;
    grown.part = mem_alloc(grown.rows, 1);
    grown.left_out = old->left_out == NULL ? NULL : mem_string(old->left_out);
    enum status status = STATUS_OK;
    if (grown.part == NULL || (old->left_out != NULL && grown.left_out == NULL))
        status = error_memory(error, "the split", grown.rows);
    task_begin(task, "Splitting", "rows", grown.rows);
    if (status == STATUS_OK) {
        memcpy(grown.part, old->part, old->rows);
        status = grow(dataset->table, settings, old, &grown, task, error);
    }
    if (status == STATUS_OK)
        *split = grown;
    else
        split_free(&grown);
    return status;
}
