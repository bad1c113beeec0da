#include "core/session_kept.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/session_private.h"
#include "datasets/new_data.h"

// ---- opening a run ------------------------------------------------------------------------------------------

static enum status refuse_checkpoint(const struct run_record *record, const char *which, struct error *error) {
    long long run = (long long)record->id;
    bool last = record->checkpoint[0] && file_exists(record->checkpoint);
    if (strcmp(which, "last") != 0 && last)
        return error_set(error, STATUS_MISSING,
                         "run %lld has no checkpoint \"%s\"; leave --checkpoint out to use its last one", run, which);
    if (record->checkpoint[0])
        return error_set(error, STATUS_MISSING, "the checkpoint of run %lld is gone: there is no %s", run,
                         record->checkpoint);
    return error_set(error, STATUS_MISSING, "run %lld left no checkpoint, so there is no model to ask", run);
}

enum status session_find_checkpoint(const struct session *session, const struct run_record *record, const char *which,
                                    char path[1024], struct error *error) {
    const char *folder = store_folder(session->store);
    int64_t step = 0;
    if (strcmp(which, "last") == 0)
        snprintf(path, 1024, "%s", record->checkpoint);
    else if (strcmp(which, "best") == 0)
        snprintf(path, 1024, "%.900s/%lld/best.ckpt", folder, (long long)record->id);
    else if (integer_parse(which, &step) && step >= 0)
        snprintf(path, 1024, "%.900s/%lld/step-%lld.ckpt", folder, (long long)record->id, (long long)step);
    else
        return error_set(error, STATUS_INVALID, "checkpoint \"%s\": must be last, best or the number of a step", which);
    return path[0] && file_exists(path) ? STATUS_OK : refuse_checkpoint(record, which, error);
}

static enum status read_kinds(const cJSON *list, struct kept_run *kept, struct error *error) {
    const cJSON *item;
    size_t count = (size_t)cJSON_GetArraySize(list);
    kept->kinds = mem_alloc(count + 1, sizeof *kept->kinds);
    if (!kept->kinds)
        return error_memory(error, "the columns of a run", count * sizeof *kept->kinds);
    cJSON_ArrayForEach(item, list) {
        struct column_kind *kind = &kept->kinds[kept->kind_count];
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "name"));
        const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "type"));
        int k = 0;
        while (type && k < COLUMN_TYPES && strcmp(type, column_type_name((enum column_type)k)) != 0)
            k++;
        if (!name || !type || k == COLUMN_TYPES)
            return error_set(error, STATUS_INVALID, "%s: what it says of the columns makes no sense", kept->checkpoint);
        kind->type = (enum column_type)k;
        kind->amount = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "amount"));
        if (!(kind->name = mem_string(name)))
            return error_memory(error, "the name of a column", strlen(name));
        kept->kind_count++;
    }
    return STATUS_OK;
}

static enum status read_pipeline(const cJSON *recipe, struct kept_run *kept, struct error *error) {
    char *text = recipe ? cJSON_PrintUnformatted(recipe) : NULL;
    enum status status =
        text ? pipeline_load(text, kept->checkpoint, &kept->pipeline, error)
             : error_set(error, STATUS_INVALID, "%s holds no recipe, so new data cannot be prepared", kept->checkpoint);
    cJSON_free(text);
    return status;
}

static enum status read_extra(const cJSON *extra, struct kept_run *kept, struct error *error) {
    kept->settings = mem_alloc(1, sizeof *kept->settings);
    if (!kept->settings)
        return error_memory(error, "how data was opened", sizeof *kept->settings);
    enum status status = load_settings_parse(cJSON_GetObjectItemCaseSensitive(extra, "data"), kept->settings, error);
    if (!status)
        status = read_pipeline(cJSON_GetObjectItemCaseSensitive(extra, "recipe"), kept, error);
    if (!status)
        status = encoding_load(cJSON_GetObjectItemCaseSensitive(extra, "encoding"), &kept->encoding, error);
    if (!status)
        status = read_kinds(cJSON_GetObjectItemCaseSensitive(extra, "columns"), kept, error);
    return status;
}

static enum status read_checkpoint(struct kept_run *kept, struct error *error) {
    struct checkpoint_header header = {0};
    enum status status = checkpoint_read_header(kept->checkpoint, &header, error);
    if (status)
        return status;
    cJSON *extra = header.extra ? cJSON_Parse(header.extra) : NULL;
    kept->params = header.params;
    kept->step = header.step;
    kept->fingerprint = header.fingerprint;
    status = read_extra(extra, kept, error);
    cJSON_Delete(extra);
    checkpoint_header_clear(&header);
    return status;
}

enum status session_kept_run(struct session *session, int64_t run, const char *which, struct kept_run **out,
                             struct error *error) {
    struct kept_run *kept = mem_alloc(1, sizeof *kept);
    if (!kept)
        return error_memory(error, "a run", sizeof *kept);
    enum status status = store_run(session->store, run, &kept->record, error);
    if (!status)
        status = session_find_checkpoint(session, &kept->record, which, kept->checkpoint, error);
    if (!status)
        status = read_checkpoint(kept, error);
    if (status)
        kept_run_free(kept);
    else
        *out = kept;
    return status;
}

enum status session_kept_live(struct session *session, const struct model_copy *copy, struct kept_run **out,
                              struct error *error) {
    struct kept_run *kept = mem_alloc(1, sizeof *kept);
    if (!kept)
        return error_memory(error, "a run", sizeof *kept);
    kept->record = session->live->record;
    snprintf(kept->checkpoint, sizeof kept->checkpoint, "run %lld", (long long)kept->record.id);
    kept->params = copy->params;
    kept->step = copy->step;
    kept->fingerprint = copy->fingerprint;
    kept->copy = copy;
    cJSON *extra = cJSON_Parse(session->live_extra);
    enum status status = read_extra(extra, kept, error);
    cJSON_Delete(extra);
    if (status)
        kept_run_free(kept);
    else
        *out = kept;
    return status;
}

bool session_kept_checkpoint(const struct session *session, const struct run_record *record, const char *which) {
    struct error error;
    char path[1024];
    return session_find_checkpoint(session, record, which, path, &error) == STATUS_OK;
}

void kept_run_free(struct kept_run *kept) {
    if (!kept)
        return;
    if (kept->settings)
        load_settings_clear(kept->settings);
    mem_free(kept->settings);
    pipeline_free(kept->pipeline);
    encoding_free(&kept->encoding);
    for (size_t i = 0; i < kept->kind_count; i++)
        mem_free(kept->kinds[i].name);
    mem_free(kept->kinds);
    mem_free(kept);
}

// ---- asking the model ------------------------------------------------------------------------------------------

enum { SLICE = 8192, STRIDE = 1024 };

struct asking {
    const struct kept_run *kept;
    kept_visit *visit;
    void *context;
    struct task *task;
    struct backend *backend;
    struct trainer *trainer;
    uint32_t *rows; // scratch, [capacity] each; values has room for `width` a row
    int32_t *labels;
    double *truth;
    float *values;
    size_t capacity, width;
};

static void close_asking(struct asking *asking) {
    trainer_close(asking->trainer);
    backend_close(asking->backend);
    mem_free(asking->rows);
    mem_free(asking->labels);
    mem_free(asking->truth);
    mem_free(asking->values);
}

static enum status open_model(struct asking *asking, struct source *source, struct error *error) {
    if (asking->trainer)
        return STATUS_OK;
    enum status status = trainer_backend(&asking->kept->params, &asking->backend, error);
    if (!status && asking->kept->copy)
        return trainer_open_copy(&asking->trainer, asking->kept->copy, source, asking->backend, error);
    return status ? status
                  : trainer_open_checkpoint(&asking->trainer, asking->kept->checkpoint, source, asking->backend, error);
}

static enum status reserve(struct asking *asking, size_t rows, struct error *error) {
    size_t values = 0;
    if (rows <= asking->capacity)
        return STATUS_OK;
    mem_free(asking->rows);
    mem_free(asking->labels);
    mem_free(asking->truth);
    mem_free(asking->values);
    asking->capacity = 0;
    asking->rows = mem_alloc(rows, sizeof *asking->rows);
    asking->labels = mem_alloc(rows, sizeof *asking->labels);
    asking->truth = mem_alloc(rows, sizeof *asking->truth);
    asking->values = size_multiply(rows, asking->width, &values) ? mem_alloc(values, sizeof *asking->values) : NULL;
    if (!asking->rows || !asking->labels || !asking->truth || !asking->values)
        return error_memory(error, "predictions", (unsigned long long)rows * asking->width * sizeof *asking->values);
    asking->capacity = rows;
    return STATUS_OK;
}

// Rows rows[0 … outputs->count-1] of the source; the caller has set what does not come from the model.
static enum status ask(struct asking *asking, struct source *source, const uint32_t *rows, struct kept_outputs *outputs,
                       struct error *error) {
    bool classify = asking->kept->encoding.task == SOURCE_CLASSIFY; // of a piece without a usable row there is no source
    enum status status = STATUS_OK;
    for (size_t first = 0; first < outputs->count && !status; first += STRIDE) { // whose own stages nobody wants to see
        size_t count = outputs->count - first < STRIDE ? outputs->count - first : STRIDE;
        status = trainer_predict(asking->trainer, source, rows + first, count, asking->values + first * asking->width,
                                 NULL, error);
        status = status ? status : task_step(asking->task, 0, error);
    }
    for (size_t i = 0; i < outputs->count && !status; i++) {
        if (classify)
            asking->labels[i] = source->labels[rows[i]];
        else
            asking->truth[i] = (double)source->targets[rows[i]] * source->target_sd + source->target_mean;
    }
    outputs->values = asking->values;
    outputs->width = asking->width;
    outputs->labels = classify ? asking->labels : NULL;
    outputs->truth = classify ? NULL : asking->truth;
    if (!status)
        status = asking->visit(asking->context, outputs, error);
    // New data is counted in bytes, by those who read it.
    return status ? status : task_step(asking->task, outputs->table_row ? outputs->rows : 0, error);
}

// ---- new data -----------------------------------------------------------------------------------------------------

// Slice by slice, because a piece may be all of the data.
static enum status ask_piece(struct asking *asking, const struct new_piece *piece, struct error *error) {
    enum status status = piece->source ? open_model(asking, piece->source, error) : STATUS_OK;
    uint32_t *row_of = NULL;
    size_t next = 0, used = piece->source ? piece->source->rows : 0;
    if (!status)
        status = reserve(asking, SLICE, error);
    row_of = status ? NULL : mem_alloc(SLICE, sizeof *row_of);
    if (!status && !row_of)
        status = error_memory(error, "row numbers", SLICE * sizeof *row_of);
    for (size_t first = 0; first < piece->rows && !status; first += SLICE) {
        size_t rows = piece->rows - first < SLICE ? piece->rows - first : SLICE, count = 0;
        for (; next < used && piece->row_of[next] < first + rows; next++) {
            asking->rows[count] = (uint32_t)next;
            row_of[count++] = piece->row_of[next] - (uint32_t)first;
        }
        struct kept_outputs outputs = {.first = piece->first + first,
                                       .rows = rows,
                                       .count = count,
                                       .row_of = row_of,
                                       .table = piece->table,
                                       .table_first = first};
        status = ask(asking, piece->source, asking->rows, &outputs, error);
    }
    mem_free(row_of);
    return status;
}

static struct load_options options_of(const struct kept_run *kept, const struct load_options *given) {
    struct load_options options = *given, own = load_settings_options(kept->settings, NULL);
    if (options.missing_token_count == 0) {
        options.missing_tokens = own.missing_tokens;
        options.missing_token_count = own.missing_token_count;
        options.only_tokens = options.only_tokens || own.only_tokens;
    }
    if (!options.dialect.decimal)
        options.dialect.decimal = own.dialect.decimal;
    if (!options.dialect.thousands)
        options.dialect.thousands = own.dialect.thousands;
    if (!options.dialect.date_order)
        options.dialect.date_order = own.dialect.date_order;
    options.target = NULL; // need not be there
    return options;
}

static enum status take_notes(struct notes *to, const struct notes *from, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < from->count && !status; i++)
        status = notes_add(to, from->items[i].line, from->items[i].column, error, "%s", from->items[i].text);
    to->dropped += from->dropped;
    return status;
}

static enum status ask_new(struct asking *asking, const struct kept_data *data, struct notes *notes,
                           struct error *error) {
    const struct kept_run *kept = asking->kept;
    struct load_options *options = mem_alloc(1, sizeof *options);
    struct new_data *fresh = NULL;
    if (!options)
        return error_memory(error, data->path, sizeof *options);
    *options = options_of(kept, data->options);
    struct new_data_settings settings = {.path = data->path,
                                         .options = options,
                                         .pipeline = kept->pipeline,
                                         .encoding = &kept->encoding,
                                         .kinds = kept->kinds,
                                         .kind_count = kept->kind_count};
    struct new_piece piece = {.rows = 1};
    enum status status = new_data_open(&fresh, &settings, asking->task, error);
    while (!status && piece.rows > 0) {
        status = new_data_next(fresh, &piece, error);
        if (!status && piece.rows > 0)
            status = ask_piece(asking, &piece, error);
    }
    if (!status)
        status = take_notes(notes, new_data_notes(fresh), error);
    if (!status)
        status = take_notes(notes, new_data_unusable(fresh), error);
    trainer_close(asking->trainer); // it shares the first piece's source, which may be the data's pixels
    asking->trainer = NULL;
    new_data_close(fresh);
    mem_free(options);
    return status;
}

// ---- the run's own rows ---------------------------------------------------------------------------------------------

static enum status open_own(const struct kept_run *kept, struct work *work, struct task *task, struct error *error) {
    struct load_options options = load_settings_options(kept->settings, kept->params.target);
    enum status status = dataset_open(kept->settings->path, &options, &work->made, task, error);
    work->dataset = work->made;
    work->params = kept->params;
    work->mode = PIPELINE_EDITED;
    if (!status)
        status = pipeline_copy(kept->pipeline, &work->settings, error);
    if (!status)
        status = work_prepare(work, task, error);
    if (!status && !work->source)
        status = error_set(error, STATUS_INVALID, "%s", work->source_reason);
    if (!status && work->source->fingerprint != kept->fingerprint)
        status = error_set(error, STATUS_INVALID,
                           "%s has changed since run %lld was trained, so its parts are no longer the same rows; name "
                           "the file to take all of it as new data",
                           kept->settings->path, (long long)kept->record.id);
    return status;
}

static enum status refuse_part(const struct kept_run *kept, const struct source *source, enum part part,
                               struct error *error) {
    return error_set(
        error, STATUS_MISSING,
        "run %lld has no rows in its part \"%s\": %zu train, %zu validation, %zu test; choose another --part "
        "or give a file",
        (long long)kept->record.id, part_name(part), source->part_count[PART_TRAIN],
        source->part_count[PART_VALIDATION], source->part_count[PART_TEST]);
}

// rows[count] of the source, in the data's order.
static enum status ask_rows(struct asking *asking, struct source *source, const struct table *table,
                            const uint32_t *rows, size_t count, struct error *error) {
    enum status status = open_model(asking, source, error);
    uint32_t *row_of = mem_alloc(SLICE, sizeof *row_of), *table_row = mem_alloc(SLICE, sizeof *table_row);
    if (!status)
        status = row_of && table_row ? reserve(asking, SLICE, error)
                                     : error_memory(error, "row numbers", SLICE * sizeof *row_of);
    for (size_t i = 0; !status && i < SLICE; i++)
        row_of[i] = (uint32_t)i;
    task_begin(asking->task, "Predicting", "rows", count);
    for (size_t first = 0; first < count && !status; first += SLICE) {
        size_t now = count - first < SLICE ? count - first : SLICE;
        for (size_t i = 0; i < now; i++)
            table_row[i] = (uint32_t)source->origin[rows[first + i]];
        struct kept_outputs outputs = {
            .first = first, .rows = now, .count = now, .row_of = row_of, .table = table, .table_row = table_row};
        status = ask(asking, source, rows + first, &outputs, error);
    }
    mem_free(row_of);
    mem_free(table_row);
    return status;
}

void kept_rows_clear(struct kept_rows *rows) {
    dataset_free(rows->dataset);
    source_release(rows->source);
    *rows = (struct kept_rows){0};
}

// As those that are at hand, or made.
static enum status own_rows(struct asking *asking, struct kept_rows *rows, struct notes *notes, struct error *error) {
    struct work work = {.kind = WORK_NONE};
    if (rows->source)
        return STATUS_OK;
    enum status status = open_own(asking->kept, &work, asking->task, error);
    if (!status)
        status = take_notes(notes, &work.made->notes, error);
    if (!status) {
        *rows = (struct kept_rows){work.made, work.source};
        work.made = NULL;
        work.source = NULL;
    }
    work_clear(&work);
    return status;
}

enum status kept_run_rows(const struct kept_run *kept, struct kept_rows *rows, struct notes *notes, struct task *task,
                          struct error *error) {
    struct asking asking = {.kept = kept, .task = task};
    return own_rows(&asking, rows, notes, error);
}

static enum status ask_own(struct asking *asking, const struct kept_data *data, struct notes *notes,
                           struct error *error) {
    struct kept_rows mine = {0}, *rows = data->rows ? data->rows : &mine;
    enum status status = own_rows(asking, rows, notes, error);
    struct source *source = rows->source;
    uint32_t *all = NULL;
    size_t count = status ? 0 : data->all ? source->rows : source->part_count[data->part];
    if (!status && count == 0)
        status = refuse_part(asking->kept, source, data->part, error);
    if (!status && data->all) {
        all = mem_alloc(count, sizeof *all);
        status = all ? STATUS_OK : error_memory(error, "row numbers", count * sizeof *all);
        for (size_t i = 0; all && i < count; i++)
            all[i] = (uint32_t)i;
    }
    if (!status)
        status =
            ask_rows(asking, source, rows->dataset->table, all ? all : source->part_rows[data->part], count, error);
    trainer_close(asking->trainer);
    asking->trainer = NULL;
    mem_free(all);
    kept_rows_clear(&mine);
    return status;
}

enum status kept_run_each(const struct kept_run *kept, const struct kept_data *data, kept_visit *visit, void *context,
                          struct notes *notes, struct task *task, struct error *error) {
    struct asking asking = {.kept = kept, .visit = visit, .context = context, .task = task};
    asking.width = kept->encoding.task == SOURCE_CLASSIFY ? kept->encoding.classes : 1;
    enum status status = data->path ? ask_new(&asking, data, notes, error) : ask_own(&asking, data, notes, error);
    close_asking(&asking);
    return status;
}
