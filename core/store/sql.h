// SQLite with this program's errors. A query binds its parameters and reads its columns one after
// the other, so that a list of columns and the code that goes through it have the same order.
// Private to core/store. A query is ended by query_close, in every case.
#ifndef CORE_STORE_SQL_H
#define CORE_STORE_SQL_H

#include <sqlite3.h>

#include "core/base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { STATEMENTS_KEPT = 48 };

struct store {
    sqlite3 *database;
    struct {
        sqlite3_stmt *statement;
        bool open; // a query has it
    } statements[STATEMENTS_KEPT]; // prepared once: runs of a sweep last no longer than preparing them all anew
    size_t statement_count;
    int log_pages; // of the write-ahead log
    char path[1024], folder[1100]; // runs.db; the folder "runs" beside it
    int *locks;                    // descriptors whose lock says that a run of this process lives
    int64_t *locked_runs;
    size_t lock_count, lock_capacity, locked_capacity;
    bool detached; // as store_detached
};

struct query {
    struct store *store;
    sqlite3_stmt *statement;
    int parameter, column; // the next one
    int result;            // of the first bind that failed
    size_t kept;           // place among the store's statements; STATEMENTS_KEPT: it is the query's own
};

// What SQLite just said, as a sentence: `what` is "cannot read from" or "cannot write to".
enum status sql_error(const struct store *store, int result, const char *what, struct error *error);
enum status sql_execute(struct store *store, const char *sql, struct error *error);

enum status query_open(struct query *query, struct store *store, const char *sql, struct error *error);
void query_close(struct query *query);
void statements_close(struct store *store); // none may be open
void query_integer(struct query *query, int64_t value);
void query_unsigned(struct query *query, uint64_t value); // below 2^63
void query_real(struct query *query, double value);       // NaN becomes NULL
void query_text(struct query *query, const char *text);   // NULL becomes NULL; borrowed until the query is closed
void query_blob(struct query *query, const void *bytes, size_t count); // borrowed until the query is closed
void query_null(struct query *query);
enum status query_next(struct query *query, bool *row, struct error *error); // *row: there is one to read
enum status query_run(struct query *query, struct error *error);             // one that gives no rows; then closes it

int64_t query_get_integer(struct query *query);
uint64_t query_get_unsigned(struct query *query);
double query_get_real(struct query *query); // NULL becomes NaN
void query_get_text(struct query *query, char *out, size_t size); // cut at a character; NULL becomes ""
// These two last until the next query_next; NULL for NULL.
const char *query_get_string(struct query *query);
const void *query_get_blob(struct query *query, size_t *bytes);

#endif
