// Which columns a step works on, and walking over them to fit, apply and invert.
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/steps/state.h"

// ---- lists of names ----

bool column_list_next(const char **list, char name[PARAM_TEXT_SIZE]) {
    const char *from = *list;
    from += strspn(from, " ");
    size_t length = 0, kept = 0; // kept: up to the last byte that is no plain blank
    if (*from == '\0')
        return false;
    for (; *from != '\0' && *from != ',' && length + 1 < PARAM_TEXT_SIZE; from++) {
        bool escaped = from[0] == '\\' && from[1] != '\0';
        from += escaped;
        name[length++] = *from;
        if (escaped || *from != ' ')
            kept = length;
    }
    name[kept] = '\0';
    *list = from + (*from == ',');
    return true;
}

void column_list_add(struct str *list, const char *name) {
    if (list->length > 0)
        str_add_char(list, ',');
    size_t length = strlen(name);
    for (size_t i = 0; i < length; i++) {
        bool edge_blank = name[i] == ' ' && (i == 0 || i + 1 == length);
        if (name[i] == ',' || name[i] == '\\' || edge_blank)
            str_add_char(list, '\\');
        str_add_char(list, name[i]);
    }
}

// ---- choosing ----

static enum status unknown_column(const struct table *table, const char *name, struct error *error) {
    const char *nearest = NULL;
    size_t least = strlen(name) / 3 + 2; // farther away is no misspelling
    for (size_t i = 0; i < table->column_count; i++) {
        size_t distance = text_distance(name, table->columns[i]->name);
        if (distance < least) {
            least = distance;
            nearest = table->columns[i]->name;
        }
    }
    if (nearest != NULL)
        return error_set(error, STATUS_MISSING, "there is no column \"%.80s\" in %s; did you mean \"%.80s\"?", name,
                         table->name, nearest);
    return error_set(error, STATUS_MISSING, "there is no column \"%.80s\" in %s at this step", name, table->name);
}

static const char *named_columns(const struct step *step) {
    const struct param *row = params_find(step->kind->params, "columns");
    return row == NULL ? "" : (const char *)step->settings + row->offset;
}

enum status step_columns(const struct step *step, const struct table *table, bool **marks, struct error *error) {
    bool *marked = mem_alloc(table->column_count + 1, sizeof *marked);
    if (marked == NULL)
        return error_memory(error, "the columns of a step", table->column_count);
    const char *list = named_columns(step);
    char name[PARAM_TEXT_SIZE];
    bool named = false;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && column_list_next(&list, name)) {
        int index = table_find(table, name);
        named = true;
        if (index < 0)
            status = unknown_column(table, name, error);
        else
            marked[index] = true;
    }
    for (size_t i = 0; i < table->column_count && !named; i++)
        marked[i] = (int)i != table->target && step->kind->fits(table->columns[i], step->settings);
    if (status == STATUS_OK)
        *marks = marked;
    else
        mem_free(marked);
    return status;
}

// ---- fitting ----

enum status step_fit(struct step *step, const struct table *table, const uint32_t *rows, size_t count,
                     step_fit_one *fit_one, struct error *error) {
    bool *marks = NULL;
    step->kind->clear(step);
    enum status status = step_columns(step, table, &marks, error);
    for (size_t i = 0; i < table->column_count && status == STATUS_OK; i++) {
        if (!marks[i])
            continue;
        const struct column *column = table->columns[i];
        struct column_state *state = state_add(step->state, column->name, column->type, error);
        if (state == NULL) {
            status = STATUS_MEMORY;
            break;
        }
        state->target = (int)i == table->target;
        status = fit_one(step, table, i, rows, count, state, error);
    }
    mem_free(marks);
    if (status != STATUS_OK)
        step->kind->clear(step);
    return status;
}

// ---- dropping rows ----

enum status table_drop(struct table *table, const uint8_t *drop, struct error *error) {
    uint32_t *kept = mem_alloc(table->rows, sizeof *kept);
    if (kept == NULL)
        return error_memory(error, "the rows that stay", table->rows * sizeof *kept);
    size_t count = 0;
    for (size_t row = 0; row < table->rows; row++) {
        kept[count] = (uint32_t)row;
        count += drop[row] == 0;
    }
    enum status status = count == table->rows ? STATUS_OK : table_pick(table, kept, count, error);
    mem_free(kept);
    return status;
}

static enum status drop_row(const struct table *table, const struct apply_context *context, size_t row,
                            const struct column *column, const char *reason, struct error *error) {
    if (context->predicting)
        return error_set(error, STATUS_INVALID,
                         "%s line %llu: column \"%s\" is missing, and a row cannot be dropped when it is to be "
                         "predicted; fill the cell in, or train again with the step \"missing\" set to fill",
                         table_file(table, row), (unsigned long long)table_line(table, row), column->name);
    struct str what = {0};
    char room[64];
    bool missing = column_is_missing(column, row);
    str_format(&what, "%s%s%s", column->name, missing ? "" : " ", column_text(column, row, room));
    enum status status = what.failed ? error_memory(error, "the ledger", what.length)
                                     : ledger_row(context, table, row, str_text(&what), reason, error);
    str_free(&what);
    return status;
}

enum status step_drop_rows(const struct step *step, struct table *table, const struct apply_context *context,
                           step_row_bad *bad, bool training_only, const char *reason, struct error *error) {
    const struct step_state *state = step->state;
    uint8_t *drop = mem_alloc(table->rows, 1);
    if (drop == NULL)
        return error_memory(error, "the rows to drop", table->rows);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        int index = table_find(table, state->columns[i].name);
        for (size_t row = 0; index >= 0 && row < table->rows && status == STATUS_OK; row++) {
            bool kept = training_only && context->training != NULL && context->training[table_origin(table, row)] == 0;
            if (drop[row] || kept || !bad(&state->columns[i], table->columns[index], row))
                continue;
            drop[row] = 1;
            status = drop_row(table, context, row, table->columns[index], reason, error);
        }
    }
    if (status == STATUS_OK)
        status = table_drop(table, drop, error);
    mem_free(drop);
    return status;
}

// ---- applying ----

struct column *table_own(struct table *table, size_t index, struct error *error) {
    if (atomic_load(&table->columns[index]->references) == 1)
        return table->columns[index];
    struct column *copy = column_copy(table->columns[index], error);
    if (copy != NULL)
        table_replace(table, index, copy);
    return copy;
}

// One cell of `from` as a cell of `to`, which has another type.
static enum status convert_cell(const struct table *table, const struct column *from, struct column *to, size_t row,
                                struct error *error) {
    char room[64];
    double value;
    if (column_is_missing(from, row))
        return column_set_missing(to, row, error);
    const char *text = column_text(from, row, room);
    if (to->codes != NULL)
        return column_word(to, text, strlen(text), &to->codes[row], error);
    if (from->codes == NULL || !number_parse(text, &value))
        return error_set(error, STATUS_INVALID,
                         "%s line %llu: column \"%s\" was %s when the pipeline was fitted, \"%.40s\" is not; correct "
                         "the cell or set the column's type",
                         table_file(table, row), (unsigned long long)table_line(table, row), from->name,
                         column_type_name(to->type), text);
    to->values[row] = value;
    return STATUS_OK;
}

// New data may be read with other types than the data a step was fitted on: a column of codes may look
// like numbers, a column without any value like anything.
static enum status column_as(struct table *table, size_t index, enum column_type type, struct error *error) {
    const struct column *from = table->columns[index];
    if (from->type == type)
        return STATUS_OK;
    struct column *to = column_make(from->name, type, from->rows, error);
    if (to == NULL)
        return STATUS_MEMORY;
    enum status status = STATUS_OK;
    for (size_t row = 0; row < from->rows && status == STATUS_OK; row++)
        status = convert_cell(table, from, to, row, error);
    column_seal(to);
    if (status == STATUS_OK)
        table_replace(table, index, to);
    else
        column_release(to);
    return status;
}

enum status step_apply(const struct step *step, struct table *table, const struct apply_context *context,
                       step_apply_one *apply_one, struct error *error) {
    const struct step_state *state = step->state;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        const struct column_state *column = &state->columns[i];
        int index = table_find(table, column->name);
        status = task_step(context->task, 0, error);
        if (index < 0 && context->predicting && column->target)
            continue;
        if (index < 0 && status == STATUS_OK)
            status = error_set(error, STATUS_MISSING,
                               "there is no column \"%s\" in %s, which the pipeline was fitted on; add it to the file",
                               column->name, table->name);
        if (status == STATUS_OK)
            status = column_as(table, (size_t)index, column->type, error);
        if (status == STATUS_OK && table_own(table, (size_t)index, error) == NULL)
            status = STATUS_MEMORY;
        if (status == STATUS_OK)
            status = apply_one(step, column, table, (size_t)index, context, error);
    }
    return status;
}

enum status step_invert(const struct step *step, struct table *table, step_invert_one *invert_one,
                        struct error *error) {
    const struct step_state *state = step->state;
    for (size_t i = 0; i < state->count; i++) {
        int index = table_find(table, state->columns[i].name);
        if (index < 0 || table->columns[index]->values == NULL)
            continue;
        struct column *column = table_own(table, (size_t)index, error);
        if (column == NULL)
            return STATUS_MEMORY;
        invert_one(step, &state->columns[i], column);
    }
    return STATUS_OK;
}
