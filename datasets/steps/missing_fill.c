// missing: holes filled with one figure or from the rows around them, indicators, rows dropped.
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/steps/missing_parts.h"

// ---- one figure for all ----

struct listing {
    const struct table *table;
    const struct apply_context *context;
    const struct column *before, *after;
    const uint8_t *why; // NULL: the first reason for all
    const char *const *reasons;
};

static bool hole(const struct column_cells *cells, size_t i) {
    return cells_missing(cells, i) || (cells->values != NULL && isnan(cells->values[i]));
}

static enum status list_block(void *context, const struct column_cells *cells, struct error *error) {
    const struct listing *listing = context;
    enum status status = STATUS_OK;
    const char *after = NULL;
    char text[64];
    for (size_t i = 0; i < cells->count && status == STATUS_OK; i++) {
        size_t row = cells->first + i;
        if (!hole(cells, i))
            continue;
        if (after == NULL || listing->why != NULL) // one reason for all: one figure for all
            after = column_text(listing->after, row, text);
        status = ledger_cell(listing->context, listing->table, row, listing->before->name, "", after,
                             listing->reasons[listing->why == NULL ? 0 : listing->why[row]], error);
    }
    return status;
}

enum status missing_list(const struct table *table, size_t index, const struct column *before, const uint8_t *why,
                         const char *const *reasons, const struct apply_context *context, struct error *error) {
    struct listing listing = {table, context, before, table->columns[index], why, reasons};
    return context->ledger == NULL ? STATUS_OK : column_each(before, list_block, &listing, error);
}

static void fill_numbers(const struct column_formula *formula, const struct column_cells *from, double *values,
                         uint64_t *missing) {
    (void)missing;
    for (size_t i = 0; i < from->count; i++)
        values[i] = hole(from, i) ? formula->figures[0] : from->values[i];
}

static enum status fill_words(void *code, size_t first, size_t count, double *values, uint32_t *codes,
                              uint64_t *missing, struct error *error) {
    (void)first;
    (void)values;
    (void)error;
    for (size_t i = 0; i < count; i++)
        if ((missing[i / 64] >> (i % 64) & 1) != 0)
            codes[i] = *(uint32_t *)code;
    memset(missing, 0, (count + 63) / 64 * sizeof *missing);
    return STATUS_OK;
}

bool missing_word_code(const struct column *column, const char *word, uint32_t *code) {
    for (size_t i = 0; i < column->word_count; i++) {
        if (text_equal(column->words[i], word)) {
            *code = (uint32_t)i;
            return true;
        }
    }
    return false;
}

// The same column with one word more, which no cell has yet.
static struct column *with_word(const struct column *column, const char *word, uint32_t *code, struct error *error) {
    struct column_maker maker = {0};
    struct column_scan scan = {0};
    struct column *made = NULL;
    enum status status = column_maker_open(&maker, column->name, column->type, error);
    for (size_t i = 0; i < column->word_count && status == STATUS_OK; i++)
        status = column_word(maker.column, column->words[i], strlen(column->words[i]), code, error);
    if (status == STATUS_OK)
        status = column_word(maker.column, word, strlen(word), code, error);
    if (status == STATUS_OK)
        status = column_scan_open(&scan, column, error);
    for (size_t block = 0; block < column_blocks(column) && status == STATUS_OK; block++) {
        struct column_cells cells;
        status = column_scan_read(&scan, block, &cells, error);
        if (status == STATUS_OK)
            status = column_maker_add(&maker, NULL, cells.codes, cells.missing, cells.count, error);
    }
    if (status == STATUS_OK)
        status = column_maker_finish(&maker, &made, error);
    column_scan_close(&scan);
    column_maker_close(&maker);
    return made;
}

static struct column *filled_words(const struct column_state *state, const struct column *column, struct error *error) {
    struct column *worded = NULL, *made;
    uint32_t code = 0;
    if (!missing_word_code(column, state->words[0], &code)) {
        worded = with_word(column, state->words[0], &code, error);
        if (worded == NULL)
            return NULL;
    }
    made = column_changed(worded != NULL ? worded : column, fill_words, &code, error);
    column_release(worded);
    return made;
}

static struct column *filled_numbers(const struct column_state *state, const struct table *table, size_t index,
                                     struct error *error) {
    const struct column *column = table->columns[index];
    double fill = state->figures[MISSING_FILL];
    struct column_formula formula = {.compute = fill_numbers, .figures = {fill}};
    return column_from(table, index, column->name, column->type, column->integer && trunc(fill) == fill, formula, 0,
                       error);
}

static enum status count_holes(void *count, const struct column_cells *cells, struct error *error) {
    (void)error;
    for (size_t i = 0; i < cells->count; i++)
        *(size_t *)count += hole(cells, i);
    return STATUS_OK;
}

enum status missing_fill(const struct column_state *state, struct table *table, size_t index, const char *reason,
                         const struct apply_context *context, struct error *error) {
    struct column *before = table->columns[index];
    size_t count = before->missing_count;
    enum status status = STATUS_OK;
    if (count == 0 && column_has_values(before)) // there may be cells that are NaN
        status = column_each(before, count_holes, &count, error);
    if (status != STATUS_OK || count == 0)
        return status;
    column_share(before);
    status = series_replace(table, index,
                            column_has_values(before) ? filled_numbers(state, table, index, error)
                                                      : filled_words(state, before, error));
    if (status == STATUS_OK)
        status = missing_list(table, index, before, NULL, &reason, context, error);
    column_release(before);
    return status;
}

// ---- indicators ----

static struct column *indicator_of(const struct column *column, struct error *error) {
    struct str name = {0};
    uint8_t *hole_at = NULL;
    size_t count;
    struct column *made = NULL;
    double *values = mem_alloc(column->rows + 1, sizeof *values);
    str_format(&name, "%s_missing", column->name);
    enum status status = values == NULL || name.failed
                             ? error_memory(error, "an indicator", column->rows * sizeof *values)
                             : series_holes(column, &hole_at, &count, error);
    for (size_t row = 0; row < column->rows && status == STATUS_OK; row++)
        values[row] = hole_at[row];
    if (status == STATUS_OK)
        made = series_new(str_text(&name), values, column->rows, error);
    mem_free(hole_at);
    mem_free(values);
    str_free(&name);
    return made;
}

enum status missing_indicate(struct table *table, size_t index, const struct apply_context *context,
                             struct error *error) {
    struct column *indicator = indicator_of(table->columns[index], error);
    if (indicator == NULL)
        return STATUS_MEMORY;
    enum status status;
    if (table_find(table, indicator->name) >= 0)
        status = error_set(error, STATUS_INVALID,
                           "there is a column \"%s\" already; rename it or switch the indicator off", indicator->name);
    else
        status = ledger_column(context, table->columns[index]->name, indicator->name, "tells where cells were missing",
                               error);
    if (status == STATUS_OK)
        return table_insert(table, index + 1, indicator, error);
    column_release(indicator);
    return status;
}

// ---- rows ----

static enum status drop_row(const struct table *table, const struct apply_context *context, size_t row,
                            const char *column, struct error *error) {
    if (context->predicting)
        return error_set(error, STATUS_INVALID,
                         "%s line %llu: column \"%s\" is missing, and a row cannot be dropped when it is to be "
                         "predicted; fill the cell in, or train again with the step \"missing\" set to fill",
                         table_file(table, row), (unsigned long long)table_line(table, row), column);
    return ledger_row(context, table, row, column, "missing cell", error);
}

enum status missing_drop_rows(const struct step *step, struct table *table, const struct apply_context *context,
                              struct error *error) {
    const struct step_state *state = step->state;
    uint8_t *drop = mem_alloc(table->rows + 1, 1);
    enum status status = drop == NULL ? error_memory(error, "the rows to drop", table->rows) : STATUS_OK;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        int index = table_find(table, state->columns[i].name);
        uint8_t *holes = NULL;
        size_t count = 0;
        if (index < 0)
            continue;
        status = series_holes(table->columns[index], &holes, &count, error);
        for (size_t row = 0; row < table->rows && count > 0 && status == STATUS_OK; row++) {
            if (drop[row] || !holes[row])
                continue;
            drop[row] = context->left_out == NULL;
            if (context->left_out != NULL)
                context->left_out[table_origin(table, row)] = state->columns[i].name;
            else
                status = drop_row(table, context, row, state->columns[i].name, error);
        }
        mem_free(holes);
    }
    if (status == STATUS_OK)
        status = table_drop(table, drop, error);
    mem_free(drop);
    return status;
}
