// Which columns a step works on, and walking over them to fit and apply, and dropping rows.
#include <stdio.h>
#include <string.h>

#include "core/base/crew.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/steps/state.h"

#define SEVERAL_THREADS ((size_t)65536) // training rows from which more than one thread pays

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

bool step_fits_numbers(const struct column *column, const void *settings) {
    (void)settings;
    return column->type == COLUMN_NUMERIC && column->categories == 0;
}

bool step_fits_categories(const struct column *column, const void *settings) {
    (void)settings;
    return column->type == COLUMN_CATEGORY;
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
            status = table_no_column(table, name, error);
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

struct fitting { // columns of a step being fitted, perhaps on several threads
    const struct step *step;
    const struct table *table;
    const uint32_t *rows;
    size_t count;
    step_fit_one *fit_one;
    const size_t *columns; // of the table, one per state
};

static enum status fit_column(void *context, size_t index, struct error *error) {
    const struct fitting *fitting = context;
    struct step_state *state = fitting->step->state;
    return fitting->fit_one(fitting->step, fitting->table, fitting->columns[index], fitting->rows, fitting->count,
                            &state->columns[index], error);
}

// An empty state for every marked column.
static enum status begin_states(struct step *step, const struct table *table, const bool *marks, size_t *columns,
                                struct error *error) {
    struct step_state *states = step->state;
    for (size_t i = 0; i < table->column_count; i++) {
        if (!marks[i])
            continue;
        columns[states->count] = i;
        struct column_state *state = state_add(states, table->columns[i]->name, table->columns[i]->type, error);
        if (state == NULL)
            return STATUS_MEMORY;
        state->target = (int)i == table->target;
    }
    return STATUS_OK;
}

enum status step_fit(struct step *step, const struct table *table, const uint32_t *rows, size_t count,
                     step_fit_one *fit_one, struct error *error) {
    bool *marks = NULL;
    size_t *columns = mem_alloc(table->column_count, sizeof *columns);
    step->kind->clear(step);
    if (columns == NULL)
        return error_memory(error, "the columns of a step", table->column_count * sizeof *columns);
    enum status status = step_columns(step, table, &marks, error);
    if (status == STATUS_OK)
        status = begin_states(step, table, marks, columns, error);
    if (status == STATUS_OK) {
        struct fitting fitting = {
            .step = step, .table = table, .rows = rows, .count = count, .fit_one = fit_one, .columns = columns};
        status = crew_run(((struct step_state *)step->state)->count, count < SEVERAL_THREADS ? 1 : 0, fit_column,
                          &fitting, step->task, error);
    }
    mem_free(marks);
    mem_free(columns);
    if (status != STATUS_OK)
        step->kind->clear(step);
    return status;
}

enum status step_fit_each(struct step *step, const struct table *table, const uint32_t *rows, size_t count,
                          struct error *error) {
    return step_fit(step, table, rows, count, step->kind->fit_one, error);
}

static enum status need_numbers(const struct step *step, const struct table *table, size_t column, const uint32_t *rows,
                                size_t count, struct column_state *state, struct error *error) {
    (void)step, (void)rows, (void)count, (void)state;
    return column_need_numbers(table->columns[column], error);
}

enum status step_fit_names(struct step *step, const struct table *table, const uint32_t *rows, size_t count,
                           struct error *error) {
    return step_fit(step, table, rows, count, need_numbers, error);
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

struct dropping {
    const struct column_state *state;
    const struct table *table;
    const struct column *column;
    const struct apply_context *context;
    step_row_bad *bad;
    bool training_only;
    const char *reason;
    uint8_t *drop; // [rows]
};

static enum status mark_block(void *context, const struct column_cells *cells, struct error *error) {
    struct dropping *dropping = context;
    const uint8_t *training = dropping->training_only ? dropping->context->training : NULL;
    enum status status = task_step(dropping->context->task, 0, error);
    for (size_t i = 0; i < cells->count && status == STATUS_OK; i++) {
        size_t row = cells->first + i;
        if (dropping->drop[row] || !dropping->bad(dropping->state, cells, i))
            continue;
        if (training != NULL && training[table_origin(dropping->table, row)] == 0)
            continue;
        dropping->drop[row] = 1;
        status = drop_row(dropping->table, dropping->context, row, dropping->column, dropping->reason, error);
    }
    return status;
}

enum status step_drop_rows(const struct step *step, struct table *table, const struct apply_context *context,
                           step_row_bad *bad, bool training_only, const char *reason, struct error *error) {
    const struct step_state *state = step->state;
    struct dropping dropping = {
        .table = table, .context = context, .bad = bad, .training_only = training_only, .reason = reason};
    dropping.drop = mem_alloc(table->rows, 1);
    if (dropping.drop == NULL)
        return error_memory(error, "the rows to drop", table->rows);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        int index = table_find(table, state->columns[i].name);
        if (index < 0)
            continue;
        dropping.state = &state->columns[i];
        dropping.column = table->columns[index];
        status = column_each(dropping.column, mark_block, &dropping, error);
    }
    if (status == STATUS_OK)
        status = table_drop(table, dropping.drop, error);
    mem_free(dropping.drop);
    return status;
}

// ---- applying ----

struct column *table_own(struct table *table, size_t index, struct error *error) {
    struct column *column = table->columns[index];
    if (atomic_load(&column->references) == 1 && column->file == NULL && column->formula == NULL &&
        column->words_of == NULL)
        return column;
    struct column *copy = column_copy(column, error);
    if (copy != NULL)
        table_replace(table, index, copy);
    return copy;
}

// Cells of a column as cells of another type, block by block.
struct converting {
    const struct table *table;
    const struct column *from;
    struct column_maker maker;
    double values[COLUMN_BLOCK];
    uint32_t codes[COLUMN_BLOCK];
};

static enum status convert_cell(struct converting *converting, const struct column_cells *cells, size_t i,
                                struct error *error) {
    const struct column *from = converting->from;
    struct column *to = converting->maker.column;
    const struct table *table = converting->table;
    size_t row = cells->first + i;
    char room[64];
    const char *text =
        cells->values == NULL ? from->words[cells->codes[i]] : number_cell_text(from->type, cells->values[i], room);
    if (!column_has_values(to))
        return column_word(to, text, strlen(text), &converting->codes[i], error);
    if (column_has_values(from) || !number_parse(text, &converting->values[i]))
        return error_set(error, STATUS_INVALID,
                         "%s line %llu: column \"%s\" was %s when the pipeline was fitted, \"%.40s\" is not; correct "
                         "the cell or set the column's type",
                         table_file(table, row), (unsigned long long)table_line(table, row), from->name,
                         column_type_name(to->type), text);
    return STATUS_OK;
}

static enum status convert_block(void *context, const struct column_cells *cells, struct error *error) {
    struct converting *converting = context;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < cells->count && status == STATUS_OK; i++) {
        converting->values[i] = converting->codes[i] = 0;
        if (!cells_missing(cells, i))
            status = convert_cell(converting, cells, i, error);
    }
    if (status != STATUS_OK)
        return status;
    return column_maker_add(&converting->maker, converting->values, converting->codes, cells->missing, cells->count,
                            error);
}

// New data may be read with other types than the data a step was fitted on: a column of codes may look
// like numbers, a column without any value like anything.
static enum status column_as(struct table *table, size_t index, enum column_type type, struct error *error) {
    const struct column *from = table->columns[index];
    if (from->type == type)
        return STATUS_OK;
    struct converting *converting = mem_alloc(1, sizeof *converting);
    struct column *to = NULL;
    if (converting == NULL)
        return error_memory(error, "a block of cells", sizeof *converting);
    converting->table = table;
    converting->from = from;
    enum status status = column_maker_open(&converting->maker, from->name, type, error);
    if (status == STATUS_OK)
        status = column_each(from, convert_block, converting, error);
    if (status == STATUS_OK)
        status = column_maker_finish(&converting->maker, &to, error);
    if (status == STATUS_OK)
        table_replace(table, index, to);
    column_maker_close(&converting->maker);
    mem_free(converting);
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
        if (status == STATUS_OK)
            status = apply_one(step, column, table, (size_t)index, context, error);
    }
    return status;
}

enum status step_apply_each(const struct step *step, struct table *table, const struct apply_context *context,
                            struct error *error) {
    return step_apply(step, table, context, step->kind->apply_one, error);
}
