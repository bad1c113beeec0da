// What happened in a run: events, epoch rows, per-step metrics.
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/store/store_private.h"

// Blocks of metrics hold records just as they lie in memory.
_Static_assert(sizeof(struct step_metrics) == 56 && offsetof(struct step_metrics, epoch) == 16 &&
                   offsetof(struct step_metrics, lr) == 32 && offsetof(struct step_metrics, batch) == 52,
               "schema.h says how a record of metrics is laid out");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "blocks of metrics are little-endian");

// ---- epochs ---------------------------------------------------------------------------------------

void epoch_bind(struct query *query, const struct epoch_row *row) {
    query_unsigned(query, row->epoch);
    query_unsigned(query, row->step);
    query_unsigned(query, row->samples);
    query_real(query, row->seconds);
    query_real(query, row->lr);
    query_integer(query, row->batch);
    query_real(query, row->train_loss);
    query_real(query, row->train_accuracy);
    query_real(query, row->train_rmse);
    query_real(query, row->val_loss);
    query_real(query, row->val_accuracy);
    query_real(query, row->val_rmse);
    query_real(query, row->samples_per_s);
}

void epoch_read(struct query *query, struct epoch_row *row) {
    row->epoch = query_get_unsigned(query);
    row->step = query_get_unsigned(query);
    row->samples = query_get_unsigned(query);
    row->seconds = query_get_real(query);
    row->lr = query_get_real(query);
    row->batch = query_get_integer(query);
    row->train_loss = query_get_real(query);
    row->train_accuracy = query_get_real(query);
    row->train_rmse = query_get_real(query);
    row->val_loss = query_get_real(query);
    row->val_accuracy = query_get_real(query);
    row->val_rmse = query_get_real(query);
    row->clipped = NAN; // is not kept, nor are the next two
    row->skipped = 0;
    row->scale = 0;
    row->samples_per_s = query_get_real(query);
}

enum status epoch_insert(struct store *store, int64_t run, int64_t event, const char *role, const struct epoch_row *row,
                         struct error *error) {
    struct query query;
    enum status status = query_open(&query, store,
                                    "INSERT INTO epoch (run, event, role, " EPOCH_COLUMNS ") VALUES "
                                    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                                    error);
    if (status)
        return status;
    query_integer(&query, run);
    if (event)
        query_integer(&query, event);
    else
        query_null(&query);
    query_text(&query, role);
    epoch_bind(&query, row);
    return query_run(&query, error);
}

enum status store_run_epochs(struct store *store, int64_t id, struct epoch_row **rows, size_t *count,
                             struct error *error) {
    struct query query;
    struct epoch_row *list = NULL;
    size_t filled = 0, capacity = 0;
    bool row;
    enum status status = query_open(
        &query, store, "SELECT " EPOCH_COLUMNS " FROM epoch WHERE run = ? AND role = 'each' ORDER BY id", error);
    if (status)
        return status;
    query_integer(&query, id);
    while (!(status = query_next(&query, &row, error)) && row) {
        if (!vec_reserve(&list, &capacity, filled + 1, sizeof *list)) {
            status = error_memory(error, "epochs of a run", (filled + 1) * sizeof *list);
            break;
        }
        epoch_read(&query, &list[filled++]);
    }
    query_close(&query);
    if (status) {
        mem_free(list);
        return status;
    }
    *rows = list;
    *count = filled;
    return STATUS_OK;
}

// ---- events ---------------------------------------------------------------------------------------

static bool has_figures(enum event_kind kind) {
    return kind == EVENT_NOISE || kind == EVENT_RANGE || kind == EVENT_LAYER;
}

static enum status insert_event(struct store *store, int64_t run, const struct event *event, struct error *error) {
    struct query query;
    enum status status = query_open(
        &query, store,
        "INSERT INTO event (run, kind, wall, step, name, before, after, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", error);
    if (status)
        return status;
    bool change = event->kind == EVENT_CHANGE;
    bool text = event->kind == EVENT_CHECKPOINT || event->kind == EVENT_MARK || event->kind == EVENT_WARNING ||
                event->kind == EVENT_ERROR;
    query_integer(&query, run);
    query_text(&query, event_kind_name(event->kind));
    query_real(&query, event->wall);
    query_unsigned(&query, event->step);
    query_text(&query, change ? event->change.name : NULL);
    query_text(&query, change ? event->change.from : NULL);
    query_text(&query, change ? event->change.to : NULL);
    char added[32];
    snprintf(added, sizeof added, "%+lld rows", (long long)(event->kind == EVENT_ROWS ? event->started.added_rows : 0));
    char *figures = has_figures(event->kind) ? event_figures(event) : NULL;
    if (has_figures(event->kind) && !figures) {
        query_close(&query);
        return error_memory(error, "figures of a run", 0);
    }
    query_text(&query, event->kind == EVENT_STATE  ? run_state_name(event->state)
                       : event->kind == EVENT_ROWS ? added
                       : text                      ? event->text
                                                   : figures);
    status = query_run(&query, error);
    mem_free(figures);
    return status;
}

static enum status insert_started(struct store *store, int64_t id, const struct event *event, struct error *error) {
    struct query query;
    enum status status = query_open(&query, store,
                                    "INSERT INTO started (event, backend, device, detail, precision, threads, bytes, "
                                    "train_rows, validation_rows, test_rows, steps_total) VALUES "
                                    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                                    error);
    if (status)
        return status;
    query_integer(&query, id);
    query_text(&query, event->started.backend);
    query_text(&query, event->started.device);
    query_text(&query, event->started.detail);
    query_text(&query, event->started.precision);
    query_integer(&query, event->started.threads);
    query_unsigned(&query, event->started.bytes);
    query_unsigned(&query, event->started.train_rows);
    query_unsigned(&query, event->started.validation_rows);
    query_unsigned(&query, event->started.test_rows);
    query_unsigned(&query, event->started.steps_total);
    return query_run(&query, error);
}

enum status store_event(struct store *store, int64_t run, const struct event *event, struct error *error) {
    enum status status = insert_event(store, run, event, error);
    if (status)
        return status;
    int64_t id = sqlite3_last_insert_rowid(store->database);
    if (event->kind == EVENT_STARTED || event->kind == EVENT_ROWS)
        return insert_started(store, id, event, error);
    if (event->kind == EVENT_EPOCH)
        return epoch_insert(store, run, id, "each", &event->epoch, error);
    return STATUS_OK;
}

static void read_started(struct query *query, struct event *event) {
    query_get_text(query, event->started.backend, sizeof event->started.backend);
    query_get_text(query, event->started.device, sizeof event->started.device);
    query_get_text(query, event->started.detail, sizeof event->started.detail);
    query_get_text(query, event->started.precision, sizeof event->started.precision);
    event->started.threads = (int)query_get_integer(query);
    event->started.bytes = query_get_unsigned(query);
    event->started.train_rows = query_get_unsigned(query);
    event->started.validation_rows = query_get_unsigned(query);
    event->started.test_rows = query_get_unsigned(query);
    event->started.steps_total = query_get_unsigned(query);
}

// Columns: kind, wall, step, name, before, after, text, started's ten, the epoch's.
static enum status read_event(struct query *query, struct event *event, struct error *error) {
    const char *kind = query_get_string(query);
    if (!event_kind_parse(kind, &event->kind))
        return error_set(error, STATUS_UNSUPPORTED, "the run store %s holds an event of the unknown kind '%s'",
                         query->store->path, kind);
    event->wall = query_get_real(query);
    event->step = query_get_unsigned(query);
    if (event->kind == EVENT_CHANGE) {
        query_get_text(query, event->change.name, sizeof event->change.name);
        query_get_text(query, event->change.from, sizeof event->change.from);
        query_get_text(query, event->change.to, sizeof event->change.to);
        return STATUS_OK;
    }
    query->column = 6;
    if (event->kind == EVENT_STATE) {
        if (!run_state_parse(query_get_string(query), &event->state))
            event->state = RUN_FAILED;
        return STATUS_OK;
    }
    if (event->kind == EVENT_STARTED || event->kind == EVENT_ROWS) {
        const char *added = event->kind == EVENT_ROWS ? query_get_string(query) : "";
        event->started.added_rows = strtoll(added ? added : "", NULL, 10);
        query->column = 7;
        read_started(query, event);
    } else if (event->kind == EVENT_EPOCH) {
        query->column = 17;
        epoch_read(query, &event->epoch);
    } else if (has_figures(event->kind)) {
        if (!event_figures_read(query_get_string(query), event))
            return error_set(error, STATUS_INVALID, "the run store %s holds figures of a run that make no sense",
                             query->store->path);
    } else {
        query_get_text(query, event->text, sizeof event->text);
    }
    return STATUS_OK;
}

enum status store_run_events(struct store *store, int64_t id, int64_t *after, struct event **events, size_t *count,
                             struct error *error) {
    struct query query;
    int64_t last = after ? *after : 0;
    struct event *list = NULL;
    size_t filled = 0, capacity = 0;
    bool row;
    enum status status =
        query_open(&query, store,
                   "SELECT kind, wall, event.step, name, before, after, text, backend, device, detail, precision, "
                   "threads, bytes, train_rows, validation_rows, test_rows, steps_total, epoch, epoch.step, samples, "
                   "seconds, lr, batch, train_loss, train_accuracy, train_rmse, val_loss, val_accuracy, val_rmse, "
                   "samples_per_s, event.id FROM event LEFT JOIN started ON started.event = event.id LEFT JOIN epoch "
                   "ON epoch.event = event.id WHERE event.run = ? AND event.id > ? ORDER BY event.id",
                   error);
    if (status)
        return status;
    query_integer(&query, id);
    query_integer(&query, after ? *after : 0);
    while (!(status = query_next(&query, &row, error)) && row) {
        if (!vec_reserve(&list, &capacity, filled + 1, sizeof *list)) {
            status = error_memory(error, "events of a run", (filled + 1) * sizeof *list);
            break;
        }
        list[filled] = (struct event){0};
        if ((status = read_event(&query, &list[filled++], error)))
            break;
        query.column = 30;
        last = query_get_integer(&query);
    }
    query_close(&query);
    if (status) {
        mem_free(list);
        return status;
    }
    *events = list;
    *count = filled;
    if (after)
        *after = last;
    return STATUS_OK;
}

// ---- metrics --------------------------------------------------------------------------------------

enum { BLOCK_RECORDS = 1 << 20 }; // 56 MiB: a blob stays far below SQLite's limit

enum status store_metrics(struct store *store, int64_t run, const struct step_metrics *metrics, size_t count,
                          struct error *error) {
    for (size_t from = 0; from < count; from += BLOCK_RECORDS) {
        size_t records = count - from < BLOCK_RECORDS ? count - from : BLOCK_RECORDS;
        struct query query;
        enum status status =
            query_open(&query, store,
                       "INSERT INTO metrics (run, first_step, last_step, records, data) VALUES (?, ?, ?, ?, ?)", error);
        if (status)
            return status;
        query_integer(&query, run);
        query_unsigned(&query, metrics[from].step);
        query_unsigned(&query, metrics[from + records - 1].step);
        query_unsigned(&query, records);
        query_blob(&query, metrics + from, records * sizeof *metrics);
        if ((status = query_run(&query, error)))
            return status;
    }
    return STATUS_OK;
}

enum status store_run_metrics(struct store *store, int64_t id, int64_t *after, struct step_metrics **metrics,
                              size_t *count, struct error *error) {
    struct query query;
    struct step_metrics *list = NULL;
    size_t filled = 0, capacity = 0;
    bool row;
    int64_t last = after ? *after : 0;
    enum status status =
        query_open(&query, store, "SELECT id, data FROM metrics WHERE run = ? AND id > ? ORDER BY id", error);
    if (status)
        return status;
    query_integer(&query, id);
    query_integer(&query, last);
    while (!(status = query_next(&query, &row, error)) && row) {
        size_t size;
        last = query_get_integer(&query);
        const void *data = query_get_blob(&query, &size);
        size_t records = size / sizeof *list;
        if (records == 0)
            continue;
        if (!vec_reserve(&list, &capacity, filled + records, sizeof *list)) {
            status = error_memory(error, "metrics of a run", (filled + records) * sizeof *list);
            break;
        }
        memcpy(list + filled, data, records * sizeof *list);
        filled += records;
    }
    query_close(&query);
    if (status) {
        mem_free(list);
        return status;
    }
    *metrics = list;
    *count = filled;
    if (after)
        *after = last;
    return STATUS_OK;
}
