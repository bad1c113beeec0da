// check: rules that the cells of columns must keep: a range, a set, a pattern, each value once, nothing missing.
// Changes nothing: every cell that breaks a rule is listed with its line and the rule, and on request its row gets a 1
// in a new column. `batchlab prepare --strict` then fails. One step is one set of rules for the columns it names; the
// rules are the settings, so nothing is learned.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/steps/check_parts.h"
#include "datasets/duplicates.h"
#include "datasets/steps/series.h"

static const struct param rows[] = {
    {.name = "pattern",
     .label = "pattern",
     .group = "step",
     .type = PARAM_TEXT,
     .offset = offsetof(struct check_settings, pattern),
     .fallback = "",
     .help = "extended regular expression that is found in every cell; ^ and $ bind it to the whole: ^[A-Z]{2}$"},
    {.name = "low",
     .label = "low",
     .group = "step",
     .type = PARAM_TEXT,
     .offset = offsetof(struct check_settings, low),
     .fallback = "",
     .help = "the least number or date allowed; empty = any"},
    {.name = "high",
     .label = "high",
     .group = "step",
     .type = PARAM_TEXT,
     .offset = offsetof(struct check_settings, high),
     .fallback = "",
     .help = "the greatest number or date allowed; empty = any"},
    {.name = "set",
     .label = "set",
     .group = "step",
     .type = PARAM_TEXT,
     .offset = offsetof(struct check_settings, set),
     .fallback = "",
     .help = "the values allowed, separated by commas (\\, is a comma within one); empty = any"},
    {.name = "unique",
     .label = "unique",
     .group = "step",
     .type = PARAM_SWITCH,
     .offset = offsetof(struct check_settings, unique),
     .fallback = "no",
     .help = "no value stands in two rows"},
    {.name = "not_missing",
     .label = "not missing",
     .group = "step",
     .type = PARAM_SWITCH,
     .offset = offsetof(struct check_settings, not_missing),
     .fallback = "no",
     .help = "no cell is missing"},
    {.name = "flag",
     .label = "flag",
     .group = "step",
     .type = PARAM_TEXT,
     .offset = offsetof(struct check_settings, flag),
     .fallback = "",
     .help = "the name of a new column that is 1 where a row breaks a rule; empty = none"},
    STEP_COLUMNS_PARAM(struct check_settings),
};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct check_settings)};

static const struct check_settings *settings_of(const struct step *step) {
    return step->settings;
}

// Those that the rules make sense for.
static bool fits(const struct column *column, const void *step_settings) {
    const struct check_settings *settings = step_settings;
    if (settings->low[0] != '\0' || settings->high[0] != '\0')
        return column->type == COLUMN_NUMERIC;
    if (settings->pattern[0] != '\0' || settings->set[0] != '\0')
        return column->type == COLUMN_CATEGORY || column->type == COLUMN_TEXT;
    return true;
}

static enum status fit_one(const struct step *step, const struct table *table, size_t index, const uint32_t *training,
                           size_t count, struct column_state *state, struct error *error) {
    struct rules rules;
    (void)training;
    (void)count;
    enum status status = rules_make(settings_of(step), state->name, table->columns[index]->type, &rules, error);
    if (status == STATUS_OK)
        rules_free(&rules);
    return status;
}

static enum status fit(struct step *step, const struct table *table, const uint32_t *training, size_t count,
                       struct error *error) {
    const struct check_settings *settings = settings_of(step);
    const char *const texts[] = {settings->pattern, settings->low, settings->high, settings->set};
    bool any = settings->unique || settings->not_missing;
    for (size_t i = 0; i < 4; i++)
        any = any || texts[i][0] != '\0';
    if (!any)
        return error_set(
            error, STATUS_INVALID,
            "a check needs a rule: set \"low\", \"high\", \"set\", \"pattern\", \"unique\" or \"not missing\"");
    return step_fit(step, table, training, count, fit_one, error);
}

// ---- one column ----

struct checking {
    const struct rules *rules;
    const struct table *table;
    const struct column *column;
    const struct apply_context *context;
    uint8_t *words; // [words of the column] enum broken
    uint8_t *rows;  // [rows] 1: the row breaks a rule
};

static enum status breaks(const struct checking *checking, size_t row, enum broken broken, const char *more,
                          struct error *error) {
    char rule[PARAM_TEXT_SIZE + 96], cell[64];
    rules_text(checking->rules, broken, rule, sizeof rule);
    size_t used = strlen(rule);
    snprintf(rule + used, sizeof rule - used, "%s", more);
    checking->rows[row] = 1;
    return ledger_broken(checking->context, checking->table, row, checking->column->name,
                         column_text(checking->column, row, cell), rule, "breaks a rule", error);
}

static enum status check_block(void *context, const struct column_cells *cells, struct error *error) {
    const struct checking *checking = context;
    bool holes = checking->rules->settings->not_missing;
    enum status status = task_step(checking->context->task, 0, error);
    for (size_t i = 0; i < cells->count && status == STATUS_OK; i++) {
        enum broken broken = RULES_KEPT;
        if (cells_hole(cells, i))
            broken = holes ? RULE_MISSING : RULES_KEPT;
        else if (cells->values != NULL)
            broken = rules_number(checking->rules, checking->column->type, cells->values[i]);
        else
            broken = (enum broken)checking->words[cells->codes[i]];
        if (broken != RULES_KEPT)
            status = breaks(checking, cells->first + i, broken, "", error);
    }
    return status;
}

static enum status check_cells(struct checking *checking, struct error *error) {
    const struct column *column = checking->column;
    checking->words = mem_alloc(column->word_count + 1, 1);
    if (checking->words == NULL)
        return error_memory(error, "the words of a column", column->word_count);
    for (size_t code = 0; code < column->word_count; code++)
        checking->words[code] = (uint8_t)rules_word(checking->rules, column->words[code]);
    enum status status = column_each(column, check_block, checking, error);
    mem_free(checking->words);
    return status;
}

static enum status list_repeated(const struct checking *checking, const uint32_t *first, const uint8_t *hole,
                                 struct error *error) {
    char more[96], place[64];
    enum status status = STATUS_OK;
    for (size_t row = 0; row < checking->table->rows && status == STATUS_OK; row++) {
        if (first[row] == 0 || hole[row])
            continue;
        snprintf(more, sizeof more, ", and %s%s has it", checking->table->files == NULL ? "line " : "",
                 table_place(checking->table, first[row] - 1, place));
        status = breaks(checking, row, RULE_UNIQUE, more, error);
    }
    return status;
}

// Which rows are for training; NULL where none is told apart (prediction).
static enum status training_marks(const struct checking *checking, uint8_t **marks, struct error *error) {
    const uint8_t *training = checking->context->training;
    *marks = NULL;
    if (training == NULL)
        return STATUS_OK;
    *marks = mem_alloc(checking->table->rows + 1, 1);
    if (*marks == NULL)
        return error_memory(error, "the training rows", checking->table->rows);
    for (size_t row = 0; row < checking->table->rows; row++)
        (*marks)[row] = training[table_origin(checking->table, row)] != 0;
    return STATUS_OK;
}

// Training rows are compared with training rows alone, so that the new column tells a model nothing of other rows.
static enum status check_unique(const struct checking *checking, struct error *error) {
    struct table *alone = NULL;
    uint8_t *marks = NULL;
    size_t holes, rows_count = checking->table->rows;
    uint8_t *hole = NULL;
    uint64_t *hash = mem_alloc(rows_count + 1, sizeof *hash);
    uint32_t *first = mem_alloc(rows_count + 1, sizeof *first);
    enum status status = hash == NULL || first == NULL
                             ? error_memory(error, "the search for equal values", rows_count * sizeof *hash)
                             : table_make(rows_count, checking->table->path, &alone, error);
    if (status == STATUS_OK)
        status = table_add(
            alone, column_share(checking->table->columns[table_find(checking->table, checking->column->name)]), error);
    if (status == STATUS_OK)
        status = table_row_hashes(alone, hash, error);
    if (status == STATUS_OK)
        status = training_marks(checking, &marks, error);
    if (status == STATUS_OK)
        status = duplicates_of_rows(alone, hash, marks, first, checking->context->task, error);
    if (status == STATUS_OK)
        status = series_holes(checking->column, &hole, &holes, error);
    if (status == STATUS_OK)
        status = list_repeated(checking, first, hole, error);
    table_free(alone);
    mem_free(marks);
    mem_free(hole);
    mem_free(first);
    mem_free(hash);
    return status;
}

static enum status check_column(const struct check_settings *settings, const struct table *table, size_t index,
                                const struct apply_context *context, uint8_t *broken, struct error *error) {
    struct rules rules;
    const struct column *column = table->columns[index];
    enum status status = rules_make(settings, column->name, column->type, &rules, error);
    if (status != STATUS_OK)
        return status;
    struct checking checking = {&rules, table, column, context, NULL, broken};
    status = check_cells(&checking, error);
    if (status == STATUS_OK && settings->unique)
        status = check_unique(&checking, error);
    rules_free(&rules);
    return status;
}

// ---- applying ----

static enum status pass_over(const struct step *step, const struct column_state *state, struct table *table,
                             size_t index, const struct apply_context *context, struct error *error) {
    (void)step;
    (void)state;
    (void)table;
    (void)index;
    (void)context;
    (void)error;
    return STATUS_OK;
}

static enum status add_flag(const char *name, struct table *table, const uint8_t *broken, struct error *error) {
    if (table_find(table, name) >= 0)
        return error_set(error, STATUS_INVALID, "there is a column \"%s\" already; give \"flag\" another name", name);
    double *values = mem_alloc(table->rows + 1, sizeof *values);
    if (values == NULL)
        return error_memory(error, "the flags", table->rows * sizeof *values);
    for (size_t row = 0; row < table->rows; row++)
        values[row] = broken[row];
    struct column *column = series_new(name, values, table->rows, error);
    mem_free(values);
    return column == NULL ? STATUS_MEMORY : table_add(table, column, error);
}

static enum status apply(const struct step *step, struct table *table, const struct apply_context *context,
                         struct error *error) {
    const struct check_settings *settings = settings_of(step);
    const struct step_state *state = step->state;
    uint8_t *broken = mem_alloc(table->rows + 1, 1);
    if (broken == NULL)
        return error_memory(error, "the checked rows", table->rows);
    enum status status = step_apply(step, table, context, pass_over, error);
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        int index = table_find(table, state->columns[i].name);
        if (index >= 0)
            status = check_column(settings, table, (size_t)index, context, broken, error);
    }
    if (status == STATUS_OK && settings->flag[0] != '\0')
        status = add_flag(settings->flag, table, broken, error);
    mem_free(broken);
    return status;
}

static bool looks_around(const struct step *step) {
    return settings_of(step)->unique && settings_of(step)->flag[0] != '\0';
}

const struct step_kind step_check = {
    .name = "check",
    .label = "check",
    .help = "rules that cells must keep: what breaks one is listed with its line; prepare --strict then fails",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_BROKEN,
    .looks_around = looks_around,
    .fits = fits,
    .fit = fit,
    .apply = apply,
    .save = state_save,
    .load = state_load,
    .clear = state_clear,
};
