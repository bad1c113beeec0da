// drop-duplicates: of equal rows one stays, the first. A training row is only compared with training
// rows, and what equals a training row is dropped elsewhere: no row of another part decides what is
// trained on, and no trained row comes back to test with. At prediction every row stays.
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/steps/state.h"

struct settings {
    char columns[PARAM_TEXT_SIZE];
};

static const struct param rows[] = {STEP_COLUMNS_PARAM(struct settings)};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

// Open addressing over the rows kept so far; at most half full.
struct seen {
    uint32_t *slots; // row + 1; 0 = free
    size_t mask;
};

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

static uint32_t *seen_slot(const struct seen *seen, const struct table *table, size_t row) {
    size_t at = (size_t)table_row_hash(table, row) & seen->mask;
    while (seen->slots[at] != 0 && !table_rows_equal(table, seen->slots[at] - 1, row))
        at = (at + 1) & seen->mask;
    return &seen->slots[at];
}

static bool is_training(const struct table *table, const struct apply_context *context, size_t row) {
    return context->training == NULL || context->training[table_origin(table, row)] != 0;
}

// One pass: rows of training (or the others) that equal a kept one are marked.
static enum status mark(const struct table *table, const struct apply_context *context, bool training,
                        struct seen *seen, uint8_t *drop, struct error *error) {
    char text[512];
    enum status status = STATUS_OK;
    for (size_t row = 0; row < table->rows && status == STATUS_OK; row++) {
        if (is_training(table, context, row) != training)
            continue;
        if (row % 4096 == 0)
            status = task_step(context->task, 0, error);
        uint32_t *slot = seen_slot(seen, table, row);
        if (*slot == 0) {
            *slot = (uint32_t)row + 1;
            continue;
        }
        drop[row] = 1;
        snprintf(text, sizeof text, "same as %s%.400s%s%llu", table->files ? "" : "line ",
                 table->files ? table_file(table, *slot - 1) : "", table->files ? ":" : "",
                 (unsigned long long)table_line(table, *slot - 1));
        if (status == STATUS_OK)
            status = ledger_row(context, table, row, text, "duplicate row", error);
    }
    return status;
}

static enum status apply(const struct step *step, struct table *table, const struct apply_context *context,
                         struct error *error) {
    struct table *compared = NULL;
    struct seen seen = {.mask = 15};
    if (context->predicting)
        return STATUS_OK;
    while (seen.mask + 1 < table->rows * 2)
        seen.mask = seen.mask * 2 + 1;
    seen.slots = mem_alloc(seen.mask + 1, sizeof *seen.slots);
    uint8_t *drop = mem_alloc(table->rows, 1);
    enum status status = seen.slots == NULL || drop == NULL
                             ? error_memory(error, "the search for duplicates", (seen.mask + 1) * sizeof *seen.slots)
                             : compared_columns(step, table, &compared, error);
    if (status == STATUS_OK)
        status = mark(compared, context, true, &seen, drop, error);
    if (status == STATUS_OK)
        status = mark(compared, context, false, &seen, drop, error);
    if (status == STATUS_OK)
        status = table_drop(table, drop, error);
    table_free(compared);
    mem_free(drop);
    mem_free(seen.slots);
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
