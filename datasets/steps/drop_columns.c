// drop-columns and keep-columns: leave columns out by name. The column to predict always stays.
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/steps/state.h"

struct settings {
    char columns[PARAM_TEXT_SIZE];
};

static const struct param drop_rows[] = {
    {.name = "columns",
     .label = "columns",
     .group = "step",
     .type = PARAM_COLUMNS,
     .offset = offsetof(struct settings, columns),
     .fallback = "",
     .help = "names separated by commas (\\, is a comma within a name): these are left out"}};
static const struct param keep_rows[] = {
    {.name = "columns",
     .label = "columns",
     .group = "step",
     .type = PARAM_COLUMNS,
     .offset = offsetof(struct settings, columns),
     .fallback = "",
     .help = "names separated by commas (\\, is a comma within a name): all others but the target are left out"}};
static const struct param_table drop_params = {drop_rows, 1, sizeof(struct settings)};
static const struct param_table keep_params = {keep_rows, 1, sizeof(struct settings)};

static bool keeps(const struct step *step) {
    return step->kind == &step_keep_columns;
}

static bool fits(const struct column *column, const void *settings) {
    (void)column;
    (void)settings;
    return false;
}

// What is learned is the names alone.
static enum status fit(struct step *step, const struct table *table, const uint32_t *training, size_t count,
                       struct error *error) {
    bool *marks = NULL;
    (void)training;
    (void)count;
    if (((const struct settings *)step->settings)->columns[0] == '\0')
        return error_set(error, STATUS_INVALID, "name the columns to %s: set \"columns\"",
                         keeps(step) ? "keep" : "drop");
    enum status status = step_columns(step, table, &marks, error);
    for (size_t i = 0; i < table->column_count && status == STATUS_OK; i++) {
        const struct column *column = table->columns[i];
        if (!marks[i] && !(keeps(step) && (int)i == table->target))
            continue;
        if ((int)i == table->target && !keeps(step))
            status = error_set(error, STATUS_INVALID, "column \"%s\" is to be predicted and cannot be left out",
                               column->name);
        else if (state_add(step->state, column->name, column->type, error) == NULL)
            status = STATUS_MEMORY;
    }
    mem_free(marks);
    if (status != STATUS_OK)
        step->kind->clear(step);
    return status;
}

static bool is_named(const struct step *step, const char *name) {
    const struct step_state *state = step->state;
    for (size_t i = 0; i < state->count; i++)
        if (text_equal(state->columns[i].name, name))
            return true;
    return false;
}

static enum status apply(const struct step *step, struct table *table, const struct apply_context *context,
                         struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = table->column_count; i-- > 0 && status == STATUS_OK;) {
        if ((int)i == table->target || is_named(step, table->columns[i]->name) == keeps(step))
            continue;
        status = ledger_column(context, table->columns[i]->name, "left out",
                               keeps(step) ? "not among the columns to keep" : "among the columns to drop", error);
        table_remove(table, i);
    }
    return status;
}

const struct step_kind step_drop_columns = {
    .name = "drop-columns",
    .label = "drop columns",
    .help = "leave columns out",
    .params = &drop_params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_COLUMN,
    .fits = fits,
    .fit = fit,
    .apply = apply,
    .save = state_save,
    .load = state_load,
    .clear = state_clear,
};

const struct step_kind step_keep_columns = {
    .name = "keep-columns",
    .label = "keep columns",
    .help = "leave all columns out but some",
    .params = &keep_params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_COLUMN,
    .fits = fits,
    .fit = fit,
    .apply = apply,
    .save = state_save,
    .load = state_load,
    .clear = state_clear,
};
