// Rows of the run table with their parameters, and their folders.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/store/store_private.h"

// In the order of bind_run and read_run. The parent is written once: it may have been deleted since.
#define RUN_COLUMNS                                                                                                    \
    "started, ended, state, name, data_path, model, device, precision, steps, samples, epochs, seconds, "              \
    "classify, train_rows, validation_rows, test_rows, checkpoint, note"

static void bind_run(struct query *query, const struct run_record *run) {
    query_real(query, run->started);
    query_real(query, run->ended);
    query_text(query, run_state_name(run->state));
    query_text(query, run->name);
    query_text(query, run->data_path);
    query_text(query, run->model);
    query_text(query, run->device);
    query_text(query, run->precision);
    query_unsigned(query, run->steps);
    query_unsigned(query, run->samples);
    query_unsigned(query, run->epochs);
    query_real(query, run->seconds);
    query_integer(query, run->classify);
    query_unsigned(query, run->train_rows);
    query_unsigned(query, run->validation_rows);
    query_unsigned(query, run->test_rows);
    query_text(query, run->checkpoint);
    query_text(query, run->note);
}

// What stands beside the columns of the run itself.
#define RUN_MORE                                                                                                       \
    "(SELECT experiment FROM experiment_run WHERE run = run.id), (SELECT slot FROM experiment_run WHERE run = run.id), " \
    "(SELECT step FROM event WHERE run = run.id AND kind = 'started' ORDER BY event.id LIMIT 1)"

static void read_run(struct query *query, struct run_record *run) {
    run->started = query_get_real(query);
    run->ended = query_get_real(query);
    if (!run_state_parse(query_get_string(query), &run->state))
        run->state = RUN_FAILED;
    query_get_text(query, run->name, sizeof run->name);
    query_get_text(query, run->data_path, sizeof run->data_path);
    query_get_text(query, run->model, sizeof run->model);
    query_get_text(query, run->device, sizeof run->device);
    query_get_text(query, run->precision, sizeof run->precision);
    run->steps = query_get_unsigned(query);
    run->samples = query_get_unsigned(query);
    run->epochs = query_get_unsigned(query);
    run->seconds = query_get_real(query);
    run->classify = query_get_integer(query) != 0;
    run->train_rows = query_get_unsigned(query);
    run->validation_rows = query_get_unsigned(query);
    run->test_rows = query_get_unsigned(query);
    query_get_text(query, run->checkpoint, sizeof run->checkpoint);
    query_get_text(query, run->note, sizeof run->note);
    run->experiment = query_get_integer(query);
    run->slot = query_get_unsigned(query);
    run->begun = query_get_unsigned(query); // 0 where it never came to its start
}

// ---- writing --------------------------------------------------------------------------------------

static enum status add_parameters(struct store *store, const struct run_record *run, struct error *error) {
    struct query query;
    for (size_t i = 0; i < train_table.count; i++) {
        char text[PARAM_TEXT_SIZE];
        params_get(&train_table.rows[i], &run->params, text);
        enum status status =
            query_open(&query, store, "INSERT INTO parameter (run, name, value) VALUES (?, ?, ?)", error);
        if (status)
            return status;
        query_integer(&query, run->id);
        query_text(&query, train_table.rows[i].name);
        query_text(&query, text);
        if ((status = query_run(&query, error)))
            return status;
    }
    return STATUS_OK;
}

static enum status replace_epoch(struct store *store, int64_t run, const char *role, const struct epoch_row *row,
                                 struct error *error) {
    struct query query;
    enum status status = query_open(&query, store, "DELETE FROM epoch WHERE run = ? AND role = ?", error);
    if (status)
        return status;
    query_integer(&query, run);
    query_text(&query, role);
    status = query_run(&query, error);
    return status ? status : epoch_insert(store, run, 0, role, row, error);
}

static enum status write_final_and_best(struct store *store, const struct run_record *run, struct error *error) {
    enum status status = replace_epoch(store, run->id, "final", &run->final_row, error);
    return status ? status : replace_epoch(store, run->id, "best", &run->best_row, error);
}

static enum status insert_run(struct store *store, struct run_record *run, const char *recipe, const char *encoding,
                              struct error *error) {
    struct query query;
    enum status status = query_open(&query, store,
                                    "INSERT INTO run (" RUN_COLUMNS ", parent, recipe, encoding) VALUES "
                                    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                                    error);
    if (status)
        return status;
    bind_run(&query, run);
    if (run->parent)
        query_integer(&query, run->parent);
    else
        query_null(&query);
    query_text(&query, recipe);
    query_text(&query, encoding);
    if ((status = query_run(&query, error)))
        return status;
    run->id = sqlite3_last_insert_rowid(store->database);
    if (!(status = add_parameters(store, run, error)))
        status = write_final_and_best(store, run, error);
    return status || !run->experiment ? status : experiment_fill_slot(store, run, error);
}

// A savepoint: the caller may or may not have a transaction of its own open.
enum status store_run_add(struct store *store, struct run_record *run, const char *recipe, const char *encoding,
                          struct error *error) {
    enum status status = sql_execute(store, "SAVEPOINT run_add", error);
    if (status)
        return status;
    status = insert_run(store, run, recipe, encoding, error);
    if (!status)
        status = lock_take(store, run->id, error);
    if (!status && (status = sql_execute(store, "RELEASE run_add", error)))
        lock_drop(store, run->id);
    if (status)
        sqlite3_exec(store->database, "ROLLBACK TO run_add; RELEASE run_add", NULL, NULL, NULL);
    return status;
}

enum status store_run_update(struct store *store, const struct run_record *run, struct error *error) {
    struct query query;
    enum status status = query_open(&query, store,
                                    "UPDATE run SET (" RUN_COLUMNS ") = "
                                    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?",
                                    error);
    if (status)
        return status;
    bind_run(&query, run);
    query_integer(&query, run->id);
    if (!(status = query_run(&query, error)))
        status = write_final_and_best(store, run, error);
    if (!status && !run_is_alive(run->state))
        lock_drop(store, run->id);
    return status;
}

enum status store_run_reopen(struct store *store, const struct run_record *run, struct error *error) {
    if (lock_is_held(store, run->id))
        return error_set(error, STATUS_STATE, "run %lld is alive in another process", (long long)run->id);
    enum status status = lock_take(store, run->id, error);
    if (status)
        return status;
    status = store_run_update(store, run, error);
    if (status)
        lock_drop(store, run->id);
    return status;
}

enum status store_run_note(struct store *store, int64_t id, const char *note, struct error *error) {
    struct query query;
    enum status status = query_open(&query, store, "UPDATE run SET note = ? WHERE id = ?", error);
    if (status)
        return status;
    query_text(&query, note);
    query_integer(&query, id);
    if ((status = query_run(&query, error)))
        return status;
    if (sqlite3_changes(store->database) == 0)
        return error_set(error, STATUS_MISSING, "there is no run %lld", (long long)id);
    return STATUS_OK;
}

// ---- reading --------------------------------------------------------------------------------------

static enum status read_parameters(struct store *store, struct run_record *run, struct error *error) {
    struct query query;
    bool row;
    params_defaults(&train_table, &run->params);
    enum status status = query_open(&query, store, "SELECT name, value FROM parameter WHERE run = ?", error);
    if (status)
        return status;
    query_integer(&query, run->id);
    while (!(status = query_next(&query, &row, error)) && row) {
        const char *name = query_get_string(&query), *value = query_get_string(&query);
        struct error refused;
        if (params_set(&train_table, &run->params, name, value, &refused))
            log_add(LOG_WARNING, "run %lld was stored with a parameter this program refuses: %s", (long long)run->id,
                    refused.text);
    }
    query_close(&query);
    return status;
}

static enum status read_epoch(struct store *store, int64_t run, const char *role, struct epoch_row *out,
                              struct error *error) {
    struct query query;
    bool row = false;
    enum status status =
        query_open(&query, store, "SELECT " EPOCH_COLUMNS " FROM epoch WHERE run = ? AND role = ?", error);
    if (status)
        return status;
    query_integer(&query, run);
    query_text(&query, role);
    status = query_next(&query, &row, error);
    if (!status && row)
        epoch_read(&query, out);
    query_close(&query);
    return status;
}

static enum status read_rest(struct store *store, struct run_record *run, struct error *error) {
    enum status status = read_parameters(store, run, error);
    if (!status)
        status = read_epoch(store, run->id, "final", &run->final_row, error);
    if (!status)
        status = read_epoch(store, run->id, "best", &run->best_row, error);
    return status;
}

enum status store_run(struct store *store, int64_t id, struct run_record *run, struct error *error) {
    struct query query;
    bool row = false;
    struct run_record found = {.id = id};
    enum status status = query_open(&query, store, "SELECT parent, " RUN_COLUMNS ", " RUN_MORE " FROM run WHERE id = ?", error);
    if (status)
        return status;
    query_integer(&query, id);
    status = query_next(&query, &row, error);
    if (!status && !row)
        status = error_set(error, STATUS_MISSING, "there is no run %lld; `batchlab runs` lists those there are",
                           (long long)id);
    if (!status) {
        found.parent = query_get_integer(&query);
        read_run(&query, &found);
    }
    query_close(&query);
    if (!status)
        status = read_rest(store, &found, error);
    if (!status)
        *run = found;
    return status;
}

enum status store_runs(struct store *store, struct run_record **runs, size_t *count, struct error *error) {
    struct query query;
    struct run_record *list = NULL;
    size_t filled = 0, capacity = 0;
    bool row;
    enum status status =
        query_open(&query, store, "SELECT id, parent, " RUN_COLUMNS ", " RUN_MORE " FROM run ORDER BY id DESC", error);
    while (!status && !(status = query_next(&query, &row, error)) && row) {
        if (!vec_reserve(&list, &capacity, filled + 1, sizeof *list)) {
            status = error_memory(error, "list of runs", (filled + 1) * sizeof *list);
            break;
        }
        list[filled] = (struct run_record){.id = query_get_integer(&query)};
        list[filled].parent = query_get_integer(&query);
        read_run(&query, &list[filled++]);
    }
    query_close(&query);
    for (size_t i = 0; i < filled && !status; i++)
        status = read_rest(store, &list[i], error);
    if (status) {
        mem_free(list);
        return status;
    }
    *runs = list;
    *count = filled;
    return STATUS_OK;
}

static enum status copy_text(struct query *query, char **out, struct error *error) {
    const char *text = query_get_string(query);
    *out = text ? mem_string(text) : NULL;
    return text && !*out ? error_memory(error, "text of a run", strlen(text)) : STATUS_OK;
}

enum status store_run_recipe(struct store *store, int64_t id, char **recipe, char **encoding, struct error *error) {
    struct query query;
    bool row = false;
    char *first = NULL, *second = NULL;
    enum status status = query_open(&query, store, "SELECT recipe, encoding FROM run WHERE id = ?", error);
    if (status)
        return status;
    query_integer(&query, id);
    status = query_next(&query, &row, error);
    if (!status && !row)
        status = error_set(error, STATUS_MISSING, "there is no run %lld", (long long)id);
    if (!status)
        status = copy_text(&query, &first, error);
    if (!status)
        status = copy_text(&query, &second, error);
    query_close(&query);
    if (status) {
        mem_free(first);
        return status;
    }
    *recipe = first;
    *encoding = second;
    return STATUS_OK;
}

// ---- deleting -------------------------------------------------------------------------------------

// Files and folders below the folder open at `descriptor` (which is closed); links are not followed.
static bool empty_folder(int descriptor) {
    DIR *folder = fdopendir(descriptor);
    if (!folder) {
        close(descriptor);
        return false;
    }
    bool emptied = true;
    for (const struct dirent *entry; (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int inner = openat(dirfd(folder), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        bool is_folder = inner >= 0;
        if (is_folder)
            emptied &= empty_folder(inner);
        emptied &= unlinkat(dirfd(folder), entry->d_name, is_folder ? AT_REMOVEDIR : 0) == 0;
    }
    closedir(folder);
    return emptied;
}

static enum status remove_folder(const char *path, struct error *error) {
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0 && errno == ENOENT)
        return STATUS_OK;
    if (descriptor >= 0 && empty_folder(descriptor) && rmdir(path) == 0)
        return STATUS_OK;
    return error_set(error, STATUS_IO, "the run is deleted, but its folder %s is not: %s; remove it by hand", path,
                     strerror(errno));
}

enum status store_run_delete(struct store *store, int64_t id, struct error *error) {
    if (lock_is_held(store, id))
        return error_set(error, STATUS_STATE, "run %lld is still alive: stop it before deleting it", (long long)id);
    struct query query;
    enum status status = query_open(&query, store, "DELETE FROM run WHERE id = ?", error);
    if (status)
        return status;
    query_integer(&query, id);
    if ((status = query_run(&query, error)))
        return status;
    if (sqlite3_changes(store->database) == 0)
        return error_set(error, STATUS_MISSING, "there is no run %lld", (long long)id);
    char path[1200];
    run_folder(store, id, path, sizeof path);
    return remove_folder(path, error);
}
