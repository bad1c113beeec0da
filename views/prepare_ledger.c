// The ledger as a table: every repaired cell and dropped row, with its line in the file and the reason.
#include <stdio.h>

#include "views/prepare_parts.h"

enum ledger_column {
    LEDGER_STEP,
    LEDGER_LINE,
    LEDGER_NAME,
    LEDGER_BEFORE,
    LEDGER_AFTER,
    LEDGER_REASON,
    LEDGER_COLUMNS
};

static void header(void *data, int64_t column, struct table_view_column *out) {
    static const char *const titles[LEDGER_COLUMNS] = {"step", "line", "column", "before", "after", "reason"};
    (void)data;
    out->title = titles[column];
    out->right = column == LEDGER_LINE;
}

static void cell(void *data, int64_t row, int64_t column, struct table_view_cell *out) {
    const struct snapshot *snapshot = data;
    const struct ledger_entry *entry = &snapshot->prepared->ledger.entries[row];
    const char *texts[LEDGER_COLUMNS] = {[LEDGER_NAME] = entry->column ? entry->column : "(row dropped)",
                                         [LEDGER_BEFORE] = entry->before,
                                         [LEDGER_AFTER] = entry->after,
                                         [LEDGER_REASON] = entry->reason};
    char number[TEXT_NUMBER_SIZE], place[64];
    bool of_files = snapshot->dataset && snapshot->dataset->table && snapshot->dataset->table->files;
    if (column == LEDGER_STEP && snapshot->fitted && entry->step < snapshot->fitted->count)
        snprintf(out->text, sizeof out->text, "%u %s", entry->step + 1,
                 snapshot->fitted->steps[entry->step]->kind->label);
    else if (column == LEDGER_LINE && entry->line)
        snprintf(out->text, sizeof out->text, "%s",
                 of_files ? table_place(snapshot->dataset->table, entry->origin, place)
                          : text_integer((int64_t)entry->line, NUMBER_PLAIN, number));
    else if (texts[column])
        snprintf(out->text, sizeof out->text, "%s", texts[column]);
    out->missing = column == LEDGER_BEFORE && entry->kind == LEDGER_CELL && (!entry->before || !entry->before[0]);
}

struct table_view_model ledger_model(const struct snapshot *snapshot) {
    return (struct table_view_model){.data = (void *)(uintptr_t)snapshot, // the callbacks only read it
                                     .rows = snapshot->prepared ? (int64_t)snapshot->prepared->ledger.count : 0,
                                     .columns = LEDGER_COLUMNS,
                                     .column = header,
                                     .cell = cell};
}
