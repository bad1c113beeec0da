// Races and sweeps: what was planned, and which run fills which place of the plan. A run gets its slot in the
// transaction that adds it, so that whatever ends the program, no slot has two runs and no run is without its slot.
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/store/store_private.h"

static int64_t key_of(int64_t id) { // of its lock: runs have positive ones
    return -id;
}

enum status store_experiment_lock(struct store *store, int64_t id, struct error *error) {
    char path[1200];
    struct error reason;
    snprintf(path, sizeof path, "%s/experiment-%lld", store->folder, (long long)id);
    for (size_t i = 0; i < store->lock_count; i++)
        if (store->locked_runs[i] == key_of(id))
            return STATUS_OK;
    enum status status = lock_file(store, path, key_of(id), &reason);
    if (status == STATUS_STATE)
        return error_set(error, STATUS_STATE, "another process is working on group %lld; let it end or stop it",
                         (long long)id);
    if (status)
        *error = reason;
    return status;
}

void store_experiment_unlock(struct store *store, int64_t id) {
    lock_drop(store, key_of(id));
}

enum status store_experiment_add(struct store *store, struct experiment_record *record, struct error *error) {
    struct query query;
    record->created = clock_wall();
    snprintf(record->state, sizeof record->state, "open");
    enum status status = query_open(&query, store,
                                    "INSERT INTO experiment (kind, name, created, state, plan) VALUES (?, ?, ?, ?, ?)",
                                    error);
    if (status)
        return status;
    query_text(&query, record->kind);
    query_text(&query, record->name);
    query_real(&query, record->created);
    query_text(&query, record->state);
    query_text(&query, record->plan);
    status = query_run(&query, error);
    if (!status)
        record->id = sqlite3_last_insert_rowid(store->database);
    return status ? status : store_experiment_lock(store, record->id, error);
}

// Columns: id, kind, name, created, state.
static void read_record(struct query *query, struct experiment_record *record) {
    record->id = query_get_integer(query);
    query_get_text(query, record->kind, sizeof record->kind);
    query_get_text(query, record->name, sizeof record->name);
    record->created = query_get_real(query);
    query_get_text(query, record->state, sizeof record->state);
}

enum status store_experiment(struct store *store, int64_t id, struct experiment_record *record, struct error *error) {
    struct query query;
    bool row = false;
    struct experiment_record found = {0};
    enum status status =
        query_open(&query, store, "SELECT id, kind, name, created, state, plan FROM experiment WHERE id = ?", error);
    if (status)
        return status;
    query_integer(&query, id);
    status = query_next(&query, &row, error);
    if (!status && !row)
        status = error_set(error, STATUS_MISSING, "there is no group %lld; `batchlab runs` names the groups of runs",
                           (long long)id);
    if (!status) {
        read_record(&query, &found);
        const char *plan = query_get_string(&query);
        found.plan = mem_string(plan ? plan : "");
        if (!found.plan)
            status = error_memory(error, "the plan of a group", plan ? strlen(plan) : 0);
    }
    query_close(&query);
    if (!status)
        *record = found;
    return status;
}

enum status store_experiments(struct store *store, struct experiment_record **records, size_t *count,
                              struct error *error) {
    struct query query;
    struct experiment_record *list = NULL;
    size_t filled = 0, capacity = 0;
    bool row;
    enum status status =
        query_open(&query, store, "SELECT id, kind, name, created, state FROM experiment ORDER BY id DESC", error);
    while (!status && !(status = query_next(&query, &row, error)) && row) {
        if (!vec_reserve(&list, &capacity, filled + 1, sizeof *list)) {
            status = error_memory(error, "the list of groups", (filled + 1) * sizeof *list);
            break;
        }
        list[filled] = (struct experiment_record){0};
        read_record(&query, &list[filled++]);
    }
    query_close(&query);
    if (status) {
        mem_free(list);
        return status;
    }
    *records = list;
    *count = filled;
    return STATUS_OK;
}

enum status store_experiment_state(struct store *store, int64_t id, const char *state, struct error *error) {
    struct query query;
    enum status status = query_open(&query, store, "UPDATE experiment SET state = ? WHERE id = ?", error);
    if (status)
        return status;
    query_text(&query, state);
    query_integer(&query, id);
    return query_run(&query, error);
}

enum status store_experiment_outcome(struct store *store, int64_t id, uint64_t slot, const char *outcome,
                                     struct error *error) {
    struct query query;
    enum status status =
        query_open(&query, store, "UPDATE experiment_run SET outcome = ? WHERE experiment = ? AND slot = ?", error);
    if (status)
        return status;
    query_text(&query, outcome);
    query_integer(&query, id);
    query_unsigned(&query, slot);
    return query_run(&query, error);
}

enum status experiment_fill_slot(struct store *store, const struct run_record *run, struct error *error) {
    struct query query;
    enum status status =
        query_open(&query, store, "INSERT OR REPLACE INTO experiment_run (experiment, slot, run) VALUES (?, ?, ?)", error);
    if (status)
        return status;
    query_integer(&query, run->experiment);
    query_unsigned(&query, run->slot);
    query_integer(&query, run->id);
    return query_run(&query, error);
}

enum status store_experiment_slots(struct store *store, int64_t id, struct experiment_slot **slots, size_t *count,
                                   struct error *error) {
    struct query query;
    struct experiment_slot *list = NULL;
    size_t filled = 0, capacity = 0;
    bool row;
    enum status status = query_open(
        &query, store,
        "SELECT s.slot, s.run, s.outcome, run.ended FROM experiment_run s JOIN run ON run.id = s.run "
        "WHERE s.experiment = ? ORDER BY s.slot",
        error);
    if (status)
        return status;
    query_integer(&query, id);
    while (!(status = query_next(&query, &row, error)) && row) {
        if (!vec_reserve(&list, &capacity, filled + 1, sizeof *list)) {
            status = error_memory(error, "the runs of a group", (filled + 1) * sizeof *list);
            break;
        }
        list[filled].slot = query_get_unsigned(&query);
        list[filled].run = query_get_integer(&query);
        query_get_text(&query, list[filled].outcome, sizeof list[filled].outcome);
        list[filled].ended = query_get_real(&query);
        filled++;
    }
    query_close(&query);
    if (status) {
        mem_free(list);
        return status;
    }
    *slots = list;
    *count = filled;
    return STATUS_OK;
}
