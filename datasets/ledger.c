#include <string.h>

#include "core/base/mem.h"
#include "datasets/pipeline.h"
#include "datasets/steps/state.h"

static bool copy_text(char **to, const char *from) {
    *to = from == NULL ? NULL : mem_string(from);
    return from == NULL || *to != NULL;
}

static void entry_free(struct ledger_entry *entry) {
    mem_free(entry->column);
    mem_free(entry->before);
    mem_free(entry->after);
}

enum status ledger_add(struct ledger *ledger, struct ledger_entry entry, struct error *error) {
    bool listed = ledger->count < LEDGER_MOST;
    if (entry.kind == LEDGER_BROKEN)
        listed = listed || ledger->broken < LEDGER_BROKEN_MOST;
    if (listed) {
        struct ledger_entry own = entry;
        bool copied = copy_text(&own.column, entry.column);
        copied = copy_text(&own.before, entry.before) && copied;
        copied = copy_text(&own.after, entry.after) && copied;
        if (!copied || !vec_reserve(&ledger->entries, &ledger->capacity, ledger->count + 1, sizeof *ledger->entries)) {
            entry_free(&own);
            return error_memory(error, "the ledger", sizeof own);
        }
        ledger->entries[ledger->count++] = own;
    }
    ledger->cells += entry.kind == LEDGER_CELL;
    ledger->rows += entry.kind == LEDGER_ROW_DROPPED;
    ledger->broken += entry.kind == LEDGER_BROKEN;
    return STATUS_OK;
}

void ledger_clear(struct ledger *ledger) {
    for (size_t i = 0; i < ledger->count; i++)
        entry_free(&ledger->entries[i]);
    mem_free(ledger->entries);
    memset(ledger, 0, sizeof *ledger);
}

// The entry copies these texts and never writes to them, though its fields are not const.
static enum status add(const struct apply_context *context, struct ledger_entry entry, const char *column,
                       const char *before, const char *after, struct error *error) {
    if (context == NULL || context->ledger == NULL)
        return STATUS_OK;
    entry.step = context->step_index;
    entry.column = (char *)column;
    entry.before = (char *)before;
    entry.after = (char *)after;
    return ledger_add(context->ledger, entry, error);
}

enum status ledger_cell(const struct apply_context *context, const struct table *table, size_t row,
                        const char *column, const char *before, const char *after, const char *reason,
                        struct error *error) {
    if (context != NULL && context->ledger != NULL && context->ledger->count >= LEDGER_MOST) {
        context->ledger->cells++; // counted, no longer listed
        return STATUS_OK;
    }
    struct ledger_entry entry = {
        .kind = LEDGER_CELL, .line = table_line(table, row), .origin = table_origin(table, row), .reason = reason};
    return add(context, entry, column, before, after, error);
}

enum status ledger_broken(const struct apply_context *context, const struct table *table, size_t row,
                          const char *column, const char *before, const char *rule, const char *reason,
                          struct error *error) {
    struct ledger_entry entry = {
        .kind = LEDGER_BROKEN, .line = table_line(table, row), .origin = table_origin(table, row), .reason = reason};
    return add(context, entry, column, before, rule, error);
}

enum status ledger_row(const struct apply_context *context, const struct table *table, size_t row,
                       const char *after, const char *reason, struct error *error) {
    struct ledger_entry entry = {
        .kind = LEDGER_ROW_DROPPED, .line = table_line(table, row), .origin = table_origin(table, row), .reason = reason};
    return add(context, entry, NULL, NULL, after, error);
}

enum status ledger_column(const struct apply_context *context, const char *column, const char *after,
                          const char *reason, struct error *error) {
    struct ledger_entry entry = {.kind = LEDGER_COLUMN, .reason = reason};
    return add(context, entry, column, NULL, after, error);
}
