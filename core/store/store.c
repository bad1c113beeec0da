#include "core/store/store.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/store/schema.h"
#include "core/store/store_private.h"

enum { BUSY_MILLISECONDS = 5000 }; // how long another process may hold the store

static enum status store_paths(struct store *store, const char *path, struct error *error) {
    struct str usual = {0}, folder = {0};
    enum status status = STATUS_OK;
    if (!path) {
        status = file_home_path(FILE_DATA, "runs.db", &usual, error);
        path = str_text(&usual);
    }
    if (!status && strlen(path) >= sizeof store->path)
        status = error_set(error, STATUS_INVALID, "the path of the run store is longer than %zu bytes: %s",
                           sizeof store->path - 1, path);
    if (!status) {
        snprintf(store->path, sizeof store->path, "%s", path);
        str_add_bytes(&folder, path, (size_t)(path_base(path) - path));
        if (folder.failed)
            status = error_memory(error, "path of the run store", strlen(path));
    }
    if (!status) {
        snprintf(store->folder, sizeof store->folder, "%sruns", str_text(&folder));
        status = file_make_folder(store->folder, error);
    }
    str_free(&usual);
    str_free(&folder);
    return status;
}

static enum status read_version(struct store *store, int *version, struct error *error) {
    struct query query;
    bool row = false;
    enum status status = query_open(&query, store, "PRAGMA user_version", error);
    if (!status)
        status = query_next(&query, &row, error);
    if (!status)
        *version = (int)query_get_integer(&query);
    query_close(&query);
    return status;
}

static enum status migrate_from(struct store *store, int version, struct error *error) {
    enum status status = STATUS_OK;
    for (; version < SCHEMA_VERSION && !status; version++)
        status = sql_execute(store, schema_migrations[version], error);
    char text[64];
    snprintf(text, sizeof text, "PRAGMA user_version = %d", SCHEMA_VERSION);
    return status ? status : sql_execute(store, text, error);
}

// The version is read again under the write lock: another process may have migrated meanwhile.
static enum status store_migrate(struct store *store, struct error *error) {
    int version = 0;
    enum status status = read_version(store, &version, error);
    if (status || version == SCHEMA_VERSION)
        return status;
    if ((status = store_begin(store, error)))
        return status;
    status = read_version(store, &version, error);
    if (!status && version > SCHEMA_VERSION)
        status =
            error_set(error, STATUS_UNSUPPORTED,
                      "the run store %s has layout %d, this program knows %d: a newer program wrote it; use that one",
                      store->path, version, SCHEMA_VERSION);
    if (!status)
        status = migrate_from(store, version, error);
    if (!status)
        return store_commit(store, error);
    store_rollback(store);
    return status;
}

enum { TIDY_PAGES = 1000, PAGES_MOST = 8000 };

// Another process in the way of moving them is no fault of the commit, which has happened.
static int count_pages(void *context, sqlite3 *database, const char *name, int pages) {
    struct store *store = context;
    store->log_pages = pages;
    if (pages >= PAGES_MOST)
        sqlite3_wal_checkpoint_v2(database, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return SQLITE_OK;
}

void store_tidy(struct store *store) {
    if (store->log_pages < TIDY_PAGES || !sqlite3_get_autocommit(store->database))
        return;
    store->log_pages = 0; // where another process is in the way, a later commit counts anew
    sqlite3_wal_checkpoint_v2(store->database, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

// SQLite does not wait for the other process while it turns a new file's journal over, so we do.
static enum status set_journal(struct store *store, struct error *error) {
    const struct timespec pause = {.tv_nsec = 10000000};
    int result = SQLITE_BUSY;
    for (int waited = 0; result == SQLITE_BUSY && waited < BUSY_MILLISECONDS; waited += 10) {
        if (waited > 0)
            nanosleep(&pause, NULL);
        result = sqlite3_exec(store->database, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
    }
    if (result != SQLITE_OK)
        return sql_error(store, result, "cannot open", error);
    return sql_execute(store, "PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON", error);
}

enum status store_open(struct store **out, const char *path, struct error *error) {
    struct store *store = mem_alloc(1, sizeof *store);
    if (!store)
        return error_memory(error, "run store", sizeof *store);
    enum status status = store_paths(store, path, error);
    if (!status) {
        int result = sqlite3_open_v2(store->path, &store->database,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
        if (result != SQLITE_OK)
            status = sql_error(store, result, "cannot open", error);
    }
    if (!status) {
        sqlite3_busy_timeout(store->database, BUSY_MILLISECONDS);
        sqlite3_wal_hook(store->database, count_pages, store);
        status = set_journal(store, error);
    }
    if (!status)
        status = store_migrate(store, error);
    if (!status)
        status = store_recover(store, error);
    if (status)
        store_close(store);
    else
        *out = store;
    return status;
}

void store_close(struct store *store) {
    if (!store)
        return;
    while (store->lock_count > 0)
        lock_drop(store, store->locked_runs[0]);
    statements_close(store);
    sqlite3_close(store->database);
    mem_free(store->locks);
    mem_free(store->locked_runs);
    mem_free(store);
}

const char *store_folder(const struct store *store) {
    return store->folder;
}

enum status store_begin(struct store *store, struct error *error) {
    return sql_execute(store, "BEGIN IMMEDIATE", error);
}

enum status store_commit(struct store *store, struct error *error) {
    enum status status = sql_execute(store, "COMMIT", error);
    if (status)
        store_rollback(store);
    return status;
}

void store_rollback(struct store *store) {
    if (!sqlite3_get_autocommit(store->database))
        sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
}

// ---- runs that a crash left alive ---------------------------------------------------------------

static enum status living_runs(struct store *store, int64_t **runs, size_t *count, struct error *error) {
    struct query query;
    size_t capacity = 0;
    bool row;
    enum status status =
        query_open(&query, store, "SELECT id FROM run WHERE state IN ('opening', 'training', 'paused')", error);
    while (!status && !(status = query_next(&query, &row, error)) && row) {
        if (!vec_reserve(runs, &capacity, *count + 1, sizeof **runs))
            status = error_memory(error, "list of runs", sizeof **runs * (*count + 1));
        else
            (*runs)[(*count)++] = query_get_integer(&query);
    }
    query_close(&query);
    return status;
}

static enum status recover_run(struct store *store, int64_t id, struct error *error) {
    char path[1200];
    snprintf(path, sizeof path, "%s/%lld/last.ckpt", store->folder, (long long)id);
    bool usable = file_exists(path);
    struct query query;
    enum status status = query_open(&query, store,
                                    "UPDATE run SET state = ?1, checkpoint = CASE WHEN ?2 IS NULL THEN checkpoint ELSE "
                                    "?2 END, ended = max(started + seconds, ifnull((SELECT max(wall) FROM event WHERE "
                                    "run = ?3), 0)) WHERE id = ?3",
                                    error);
    if (status)
        return status;
    query_text(&query, run_state_name(usable ? RUN_STOPPED : RUN_FAILED));
    query_text(&query, usable ? path : NULL);
    query_integer(&query, id);
    status = query_run(&query, error);
    struct event event = {.kind = EVENT_ERROR, .wall = clock_wall()};
    snprintf(event.text, sizeof event.text, "the program ended before this run did%s",
             usable ? "; it can be resumed from its last checkpoint" : "");
    return status ? status : store_event(store, id, &event, error);
}

enum status store_recover(struct store *store, struct error *error) {
    int64_t *runs = NULL;
    size_t count = 0;
    enum status status = living_runs(store, &runs, &count, error);
    if (status || count == 0)
        goto done;
    mem_free(runs);
    runs = NULL;
    count = 0;
    // Asked again under the write lock: what another process ends just now is then seen as ended.
    if ((status = store_begin(store, error)))
        goto done;
    status = living_runs(store, &runs, &count, error);
    for (size_t i = 0; i < count && !status; i++) {
        if (!lock_is_held(store, runs[i]))
            status = recover_run(store, runs[i], error);
    }
    if (!status)
        status = store_commit(store, error);
    else
        store_rollback(store);
done:
    mem_free(runs);
    return status;
}
