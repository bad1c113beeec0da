#include "core/store/sql.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"

static enum status status_of(int result) {
    switch (result & 0xff) {
    case SQLITE_NOMEM:
        return STATUS_MEMORY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return STATUS_INVALID;
    default:
        return STATUS_IO;
    }
}

static const char *advice_for(int result) {
    switch (result & 0xff) {
    case SQLITE_FULL:
        return "; free some space, or point XDG_DATA_HOME elsewhere";
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return "; make its folder writable, or point XDG_DATA_HOME elsewhere";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "; another process holds it: try again";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return "; move the file away, and a new one is made";
    case SQLITE_IOERR:
        return "; check the disk, or point XDG_DATA_HOME elsewhere";
    default:
        return "";
    }
}

enum status sql_error(const struct store *store, int result, const char *what, struct error *error) {
    const char *reason = store->database ? sqlite3_errmsg(store->database) : sqlite3_errstr(result);
    return error_set(error, status_of(result), "%s the run store %s: %s%s", what, store->path, reason,
                     advice_for(result));
}

enum status sql_execute(struct store *store, const char *sql, struct error *error) {
    int result = sqlite3_exec(store->database, sql, NULL, NULL, NULL);
    return result == SQLITE_OK ? STATUS_OK : sql_error(store, result, "cannot write to", error);
}

// One that was prepared before and that nobody has; STATEMENTS_KEPT: there is none.
static size_t find_statement(const struct store *store, const char *sql) {
    for (size_t i = 0; i < store->statement_count; i++) {
        if (!store->statements[i].open && strcmp(sqlite3_sql(store->statements[i].statement), sql) == 0)
            return i;
    }
    return STATEMENTS_KEPT;
}

// The query's own once all places are taken.
static size_t keep_statement(struct store *store, sqlite3_stmt *statement) {
    if (store->statement_count == STATEMENTS_KEPT)
        return STATEMENTS_KEPT;
    store->statements[store->statement_count].statement = statement;
    return store->statement_count++;
}

enum status query_open(struct query *query, struct store *store, const char *sql, struct error *error) {
    *query = (struct query){.store = store, .parameter = 1, .kept = find_statement(store, sql)};
    if (query->kept == STATEMENTS_KEPT) {
        int result = sqlite3_prepare_v3(store->database, sql, -1, SQLITE_PREPARE_PERSISTENT, &query->statement, NULL);
        if (result != SQLITE_OK)
            return sql_error(store, result, "cannot read from", error);
        query->kept = keep_statement(store, query->statement);
    }
    if (query->kept < STATEMENTS_KEPT) {
        query->statement = store->statements[query->kept].statement;
        store->statements[query->kept].open = true;
    }
    return STATUS_OK;
}

void query_close(struct query *query) {
    if (query->statement && query->kept < STATEMENTS_KEPT) {
        sqlite3_reset(query->statement);
        sqlite3_clear_bindings(query->statement);
        query->store->statements[query->kept].open = false;
    } else {
        sqlite3_finalize(query->statement);
    }
    query->statement = NULL;
}

void statements_close(struct store *store) {
    while (store->statement_count > 0)
        sqlite3_finalize(store->statements[--store->statement_count].statement);
}

static void keep_first(struct query *query, int result) {
    if (query->result == SQLITE_OK)
        query->result = result;
}

void query_integer(struct query *query, int64_t value) {
    keep_first(query, sqlite3_bind_int64(query->statement, query->parameter++, value));
}

void query_unsigned(struct query *query, uint64_t value) {
    assert(value <= INT64_MAX);
    query_integer(query, (int64_t)value);
}

void query_real(struct query *query, double value) {
    keep_first(query, sqlite3_bind_double(query->statement, query->parameter++, value));
}

void query_text(struct query *query, const char *text) {
    keep_first(query, sqlite3_bind_text(query->statement, query->parameter++, text, -1, SQLITE_STATIC));
}

void query_blob(struct query *query, const void *bytes, size_t count) {
    keep_first(query, sqlite3_bind_blob64(query->statement, query->parameter++, bytes, count, SQLITE_STATIC));
}

void query_null(struct query *query) {
    keep_first(query, sqlite3_bind_null(query->statement, query->parameter++));
}

enum status query_next(struct query *query, bool *row, struct error *error) {
    if (query->result != SQLITE_OK)
        return sql_error(query->store, query->result, "cannot write to", error);
    int result = sqlite3_step(query->statement);
    *row = result == SQLITE_ROW;
    query->column = 0;
    if (result == SQLITE_ROW || result == SQLITE_DONE)
        return STATUS_OK;
    bool reading = sqlite3_stmt_readonly(query->statement) != 0;
    return sql_error(query->store, result, reading ? "cannot read from" : "cannot write to", error);
}

enum status query_run(struct query *query, struct error *error) {
    bool row;
    enum status status = query_next(query, &row, error);
    query_close(query);
    return status;
}

int64_t query_get_integer(struct query *query) {
    return sqlite3_column_int64(query->statement, query->column++);
}

uint64_t query_get_unsigned(struct query *query) {
    int64_t value = query_get_integer(query);
    return value > 0 ? (uint64_t)value : 0;
}

double query_get_real(struct query *query) {
    int column = query->column++;
    if (sqlite3_column_type(query->statement, column) == SQLITE_NULL)
        return NAN;
    return sqlite3_column_double(query->statement, column);
}

const char *query_get_string(struct query *query) {
    return (const char *)sqlite3_column_text(query->statement, query->column++);
}

const void *query_get_blob(struct query *query, size_t *bytes) {
    int column = query->column++;
    const void *data = sqlite3_column_blob(query->statement, column);
    *bytes = (size_t)sqlite3_column_bytes(query->statement, column);
    return data;
}

void query_get_text(struct query *query, char *out, size_t size) {
    const char *text = query_get_string(query);
    snprintf(out, size, "%s", text ? text : "");
    out[utf8_cut(out, strlen(out))] = '\0';
}
