// drop-duplicates: of equal rows one stays, the first. A training row is only compared with training
// rows, and what equals a training row is dropped elsewhere: no row of another part decides what is
// trained on, and no trained row comes back to test with. At prediction every row stays.
#include <stdio.h>

#include "core/base/mem.h"
#include "datasets/duplicates.h"
#include "datasets/steps/state.h"

struct settings {
    char columns[PARAM_TEXT_SIZE];
};

static const struct param rows[] = {STEP_COLUMNS_PARAM(struct settings)};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

static bool fits(const struct column *column, const void *settings) {
    (void)column;
    (void)settings;
    return true;
}

static enum status fit(struct step *step, const struct table *table, const uint32_t *training, size_t count,
                       struct error *error) {
    (void)step;
    (void)table;
    (void)training;
    (void)count;
    (void)error;
    return STATUS_OK;
}

// A table of the compared columns alone. Where none is named it is all of them, the target too.
static enum status compared_columns(const struct step *step, const struct table *table, struct table **compared,
                                    struct error *error) {
    const struct settings *settings = step->settings;
    if (settings->columns[0] == '\0')
        return table_share(table, compared, error);
    bool *marks = NULL;
    enum status status = step_columns(step, table, &marks, error);
    if (status == STATUS_OK)
        status = table_share(table, compared, error);
    for (size_t i = table->column_count; i-- > 0 && status == STATUS_OK;) {
        if (!marks[i])
            table_remove(*compared, i);
    }
    mem_free(marks);
    return status;
}

static enum status list(const struct table *table, const uint32_t *first, const struct apply_context *context,
                        struct error *error) {
    char text[512];
    enum status status = STATUS_OK;
    for (size_t row = 0; row < table->rows && status == STATUS_OK; row++) {
        if (first[row] == 0)
            continue;
        snprintf(text, sizeof text, "same as %s%.400s%s%llu", table->files ? "" : "line ",
                 table->files ? table_file(table, first[row] - 1) : "", table->files ? ":" : "",
                 (unsigned long long)table_line(table, first[row] - 1));
        status = ledger_row(context, table, row, text, "duplicate row", error);
    }
    return status;
}

struct search {
    uint64_t *hash;
    uint32_t *first;
    uint8_t *mark; // training rows, then the rows that are dropped
};

static enum status search(const struct table *table, const struct apply_context *context, struct search *search,
                          struct error *error) {
    search->hash = mem_alloc(table->rows + 1, sizeof *search->hash);
    search->first = mem_alloc(table->rows + 1, sizeof *search->first);
    search->mark = mem_alloc(table->rows + 1, 1);
    if (search->hash == NULL || search->first == NULL || search->mark == NULL)
        return error_memory(error, "the search for duplicates", table->rows * sizeof *search->hash);
    for (size_t row = 0; row < table->rows; row++)
        search->mark[row] = context->training == NULL || context->training[table_origin(table, row)] != 0;
    enum status status = table_row_hashes(table, search->hash, error);
    if (status == STATUS_OK)
        status = duplicates_of_rows(table, search->hash, search->mark, search->first, context->task, error);
    for (size_t row = 0; row < table->rows && status == STATUS_OK; row++)
        search->mark[row] = search->first[row] != 0;
    return status;
}

static enum status apply(const struct step *step, struct table *table, const struct apply_context *context,
                         struct error *error) {
    struct table *compared = NULL;
    struct search found = {0};
    if (context->predicting)
        return STATUS_OK;
    enum status status = compared_columns(step, table, &compared, error);
    if (status == STATUS_OK)
        status = search(compared, context, &found, error);
    if (status == STATUS_OK)
        status = list(table, found.first, context, error);
    if (status == STATUS_OK)
        status = table_drop(table, found.mark, error);
    table_free(compared);
    mem_free(found.hash);
    mem_free(found.first);
    mem_free(found.mark);
    return status;
}

const struct step_kind step_drop_duplicates = {
    .name = "drop-duplicates",
    .label = "drop duplicates",
    .help = "of equal rows keep the first",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_ROW_DROPPED,
    .fits = fits,
    .fit = fit,
    .apply = apply,
    .save = state_save,
    .load = state_load,
    .clear = state_clear,
};
