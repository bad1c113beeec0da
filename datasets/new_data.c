#include "datasets/new_data.h"

#include <math.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"

struct new_data {
    struct new_data_settings settings;
    struct csv_stream *stream; // NULL: `dataset` is all of it
    struct dataset *dataset;
    struct dataset view;   // of the piece, as the pipeline sees it
    struct table *table;   // of the piece, as read
    struct source *source; // of the piece
    uint32_t *row_of;
    size_t capacity, done;
    bool together, over; // rows depend on those around them; nothing is left
    struct notes unusable;
    struct task *task;
};

// Before a step wonders about it.
static enum status check_kind(const struct new_data *data, struct error *error) {
    bool pictures = data->settings.encoding->features == 0;
    bool here = data->dataset && data->dataset->kind == DATASET_IMAGES;
    if (pictures == here)
        return STATUS_OK;
    return error_set(error, STATUS_INVALID, "%s holds %s and the model was trained on %s", data->settings.path,
                     here ? "images" : "a table", pictures ? "images" : "a table");
}

enum status new_data_open(struct new_data **out, const struct new_data_settings *settings, struct task *task,
                          struct error *error) {
    struct new_data *data = mem_alloc(1, sizeof *data);
    bool table = false;
    if (!data)
        return error_memory(error, settings->path, sizeof *data);
    data->settings = *settings;
    data->task = task;
    data->together = pipeline_looks_around(settings->pipeline);
    enum status status =
        settings->options->more_count > 0 ? STATUS_OK : dataset_is_table(settings->path, &table, task, error);
    if (!status && table)
        status = csv_stream_open(&data->stream, settings->path, settings->options, settings->kinds,
                                 settings->kind_count, task, error);
    else if (!status)
        status = dataset_open(settings->path, settings->options, &data->dataset, task, error);
    if (!status)
        status = check_kind(data, error);
    if (status)
        new_data_close(data);
    else
        *out = data;
    return status;
}

static void forget_piece(struct new_data *data) {
    source_release(data->source);
    data->source = NULL;
    if (data->stream)
        table_free(data->table);
    data->table = NULL;
}

void new_data_close(struct new_data *data) {
    if (!data)
        return;
    forget_piece(data);
    csv_stream_close(data->stream);
    dataset_free(data->dataset);
    mem_free(data->row_of);
    notes_free(&data->unusable);
    mem_free(data);
}

const struct notes *new_data_notes(const struct new_data *data) {
    return data->stream ? csv_stream_notes(data->stream) : &data->dataset->notes;
}

const struct notes *new_data_unusable(const struct new_data *data) {
    return &data->unusable;
}

// ---- rows that cannot be used -----------------------------------------------------------------------

struct looking { // for holes and numbers that a model cannot read, in one feature after the other
    const struct column *column;
    const char **bad; // [rows] the column's name
};

static enum status look_block(void *context, const struct column_cells *cells, struct error *error) {
    const struct looking *looking = context;
    (void)error;
    for (size_t i = 0; i < cells->count; i++)
        if (cells_missing(cells, i) || !isfinite((float)cells->values[i]))
            if (!looking->bad[cells->first + i])
                looking->bad[cells->first + i] = looking->column->name;
    return STATUS_OK;
}

// Marks rows of the prepared table that have a hole where the model needs a number.
static enum status find_bad(const struct encoding *encoding, const struct table *table, const char **bad,
                            struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < encoding->features && !status; i++) {
        int index = table_find(table, encoding->feature_names[i]);
        if (index < 0 || table->columns[index]->type != COLUMN_NUMERIC)
            continue; // source_encode says so
        struct looking looking = {table->columns[index], bad};
        status = column_each(looking.column, look_block, &looking, error);
    }
    return status;
}

static enum status note_bad(struct new_data *data, const struct table *table, size_t row, const char *column,
                            struct error *error) {
    return notes_add(&data->unusable, table_line(table, row), column, error,
                     "no prediction: column \"%s\" is missing there, or no number that a model can read", column);
}

// Rows of `table` that are not bad, as a table of their own; row_of gets the place of each.
static enum status pick_good(struct new_data *data, const struct table *table, const char *const *bad,
                             struct table **good, struct error *error) {
    size_t count = 0;
    enum status status = STATUS_OK;
    for (size_t row = 0; row < table->rows && !status; row++) {
        data->row_of[count] = (uint32_t)row;
        count += bad[row] == NULL;
        if (bad[row])
            status = note_bad(data, table, row, bad[row], error);
    }
    if (!status)
        status = table_share(table, good, error);
    return status ? status : table_pick(*good, data->row_of, count, error);
}

// ---- from rows to a source ---------------------------------------------------------------------------

static enum status encode_good(struct new_data *data, const struct dataset *dataset, struct prepared *prepared,
                               const char **bad, struct error *error) {
    const struct encoding *encoding = data->settings.encoding;
    struct table **last = &prepared->stages[prepared->stage_count - 1], *good = NULL, *kept = *last;
    enum status status = find_bad(encoding, kept, bad, error);
    if (!status)
        status = pick_good(data, kept, bad, &good, error);
    if (!status && good->rows > 0) {
        *last = good;
        status = source_encode(dataset, prepared, encoding, &data->source, error);
        *last = kept;
    }
    table_free(good);
    return status;
}

// All rows at first; where that is not possible, those that are fit for it.
static enum status encode(struct new_data *data, const struct dataset *dataset, struct prepared *prepared,
                          struct error *error) {
    const struct encoding *encoding = data->settings.encoding;
    const char **bad = prepared->left_out; // NULL: images, every one of which can be used
    bool any = false;
    for (size_t row = 0; bad && row < dataset->table->rows; row++) { // by row from here on
        bad[row] = bad[table_origin(dataset->table, row)];
        any = any || bad[row];
    }
    enum status status = any ? STATUS_INVALID : source_encode(dataset, prepared, encoding, &data->source, error);
    for (size_t row = 0; !status && row < dataset_rows(dataset); row++)
        data->row_of[row] = (uint32_t)row;
    if (!bad || (status != STATUS_INVALID && status != STATUS_NUMERIC))
        return status;
    return encode_good(data, dataset, prepared, bad, error);
}

static enum status prepare(struct new_data *data, const struct dataset *dataset, struct error *error) {
    struct prepared *prepared = NULL;
    enum status status = pipeline_apply_leniently(data->settings.pipeline, dataset, &prepared, NULL, error);
    if (!status)
        status = encode(data, dataset, prepared, error);
    prepared_free(prepared);
    return status;
}

// Rows that a step refuses (an infinity that it cannot scale, a category it was told not to take) are found by halving:
// `bad` gets the sentence of each row that is refused by itself. Sentences are notes already.
static enum status try_rows(struct new_data *data, size_t first, size_t count, uint8_t *refused, struct error *error) {
    struct prepared *prepared = NULL;
    struct dataset dataset = data->view;
    struct table *some = NULL;
    struct error reason;
    enum status status = table_share(data->table, &some, error);
    if (status)
        return status;
    for (size_t i = 0; i < count; i++)
        data->row_of[i] = (uint32_t)(first + i);
    status = table_pick(some, data->row_of, count, error);
    dataset.table = some;
    if (!status)
        status = pipeline_apply_leniently(data->settings.pipeline, &dataset, &prepared, NULL, &reason);
    prepared_free(prepared);
    uint64_t line = table_line(some, 0);
    table_free(some);
    if (status == STATUS_OK)
        return task_step(data->task, 0, error);
    if (status != STATUS_INVALID && status != STATUS_NUMERIC) {
        *error = reason;
        return status;
    }
    if (count == 1) {
        refused[first] = 1;
        return notes_add(&data->unusable, line, NULL, error, "no prediction: %s", reason.text);
    }
    status = try_rows(data, first, count / 2, refused, error);
    return status ? status : try_rows(data, first + count / 2, count - count / 2, refused, error);
}

// The piece without its refused rows, prepared; row_of then counts rows of the piece again.
static enum status prepare_rest(struct new_data *data, const uint8_t *refused, struct error *error) {
    struct dataset rest = data->view;
    struct table *some = NULL;
    size_t count = 0;
    uint32_t *kept = mem_alloc(data->table->rows, sizeof *kept);
    enum status status = kept ? table_share(data->table, &some, error)
                              : error_memory(error, "rows to predict", data->table->rows * sizeof *kept);
    for (size_t row = 0; row < data->table->rows && !status; row++) {
        kept[count] = (uint32_t)row;
        count += !refused[row];
    }
    if (!status)
        status = table_pick(some, kept, count, error);
    rest.table = some;
    if (!status && count > 0)
        status = prepare(data, &rest, error);
    for (size_t i = 0; !status && data->source && i < data->source->rows; i++)
        data->row_of[i] = kept[data->row_of[i]];
    table_free(some);
    mem_free(kept);
    return status;
}

static enum status prepare_piece(struct new_data *data, struct error *error) {
    enum status status = prepare(data, &data->view, error);
    bool by_row = status == STATUS_INVALID || status == STATUS_NUMERIC;
    if (!by_row || data->together || !data->table)
        return status;
    uint8_t *refused = mem_alloc(data->table->rows, 1);
    struct error first = *error; // of the piece as a whole
    size_t count = 0;
    status = refused ? try_rows(data, 0, data->table->rows, refused, error)
                     : error_memory(error, "rows to predict", data->table->rows);
    for (size_t row = 0; !status && row < data->table->rows; row++)
        count += refused[row];
    if (!status && count == 0) { // no row is to blame
        *error = first;
        status = first.status;
    }
    if (!status)
        status = prepare_rest(data, refused, error);
    mem_free(refused);
    return status;
}

// ---- pieces ---------------------------------------------------------------------------------------------

static enum status take_rows(struct new_data *data, struct error *error) {
    size_t most = data->together ? SIZE_MAX - 1 : data->settings.piece_rows;
    if (!data->stream) {
        data->view = *data->dataset;
        data->table = data->dataset->table;
        data->over = true;
        return STATUS_OK;
    }
    enum status status = csv_stream_next(data->stream, most, &data->table, error);
    data->view = (struct dataset){.kind = DATASET_TABLE, .table = data->table};
    data->over = !data->table;
    return status;
}

// The column to predict, where there is one, is none of the features.
static void name_piece(struct new_data *data) {
    struct table *table = data->table;
    if (!table)
        return;
    data->view.name = table->name;
    table->target = table_find(table, data->settings.encoding->target_name);
}

static enum status reserve(struct new_data *data, size_t rows, struct error *error) {
    return vec_reserve(&data->row_of, &data->capacity, rows + 1, sizeof *data->row_of)
               ? STATUS_OK
               : error_memory(error, "row numbers", rows * sizeof *data->row_of);
}

enum status new_data_next(struct new_data *data, struct new_piece *piece, struct error *error) {
    *piece = (struct new_piece){0};
    forget_piece(data);
    if (data->over)
        return STATUS_OK;
    enum status status = take_rows(data, error);
    if (status || (data->over && data->stream))
        return status;
    size_t rows = dataset_rows(&data->view);
    status = reserve(data, rows, error);
    name_piece(data);
    if (!status)
        status = prepare_piece(data, error);
    if (!status)
        status = task_step(data->task, 0, error);
    *piece = (struct new_piece){data->done, rows, data->table, data->source, data->row_of};
    data->done += rows;
    return status;
}
