// Rows that a followed file gains join the run that lives, where `follow_rows` asks for it. What the run was begun
// with is kept: the steps as they were fitted, the encoding, the part of every row. A job makes the source of all rows
// with it, the engine takes that between two epochs.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/session_private.h"

void growth_clear(struct growth *growth) {
    mem_free(growth->recipe);
    mem_free(growth->settings);
    mem_free(growth->target);
    mem_free(growth->extra);
    encoding_free(&growth->encoding);
    split_free(&growth->split);
    *growth = (struct growth){0};
}

void session_growth_forget(struct session *session) {
    session->wanted &= ~(unsigned)WORK_GROW;
    session->growth.ended = session->job.active && session->work.kind == WORK_GROW;
    if (session->growth.ended)
        job_cancel(&session->job);
    else
        growth_clear(&session->growth);
}

// ---- when a run begins -----------------------------------------------------------------------------------

static char *settings_text(const struct session *session) {
    cJSON *object = load_settings_json(&session->load);
    char *printed = object ? cJSON_PrintUnformatted(object) : NULL, *text = printed ? mem_string(printed) : NULL;
    cJSON_free(printed);
    cJSON_Delete(object);
    return text;
}

static enum status copy_split(const struct split *from, struct split *to, struct error *error) {
    *to = *from;
    to->part = mem_copy(from->part, from->rows);
    to->left_out = from->left_out ? mem_string(from->left_out) : NULL;
    return to->part && (to->left_out || !from->left_out) ? STATUS_OK
                                                         : error_memory(error, "the parts of a run", from->rows);
}

enum status session_growth_begin(struct session *session, const char *recipe, const char *extra, struct error *error) {
    struct growth *growth = &session->growth;
    const struct table *table = session->dataset->table;
    growth_clear(growth);
    if (!table || !session->follow.file.path || !text_equal(session->follow.file.path, session->load.path) ||
        table->target < 0)
        return STATUS_OK;
    growth->params = session->params;
    growth->first_rows = session->fitted_rows > 0 ? session->fitted_rows : table->rows;
    growth->recipe = mem_string(recipe);
    growth->extra = mem_string(extra);
    growth->settings = settings_text(session);
    growth->target = mem_string(table->columns[table->target]->name);
    enum status status = growth->recipe && growth->extra && growth->settings && growth->target
                             ? STATUS_OK
                             : error_memory(error, "what a run keeps of its data", strlen(recipe));
    if (!status)
        status = encoding_of(session->source, &growth->encoding, error);
    if (!status)
        status = copy_split(&session->split, &growth->split, error);
    if (status)
        growth_clear(growth);
    return status;
}

// ---- when the table has grown ----------------------------------------------------------------------------

void session_tell_run(struct session *session, const char *format, ...) {
    struct command command = {.kind = COMMAND_TELL};
    struct error error;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command.text, sizeof command.text, format, arguments);
    va_end(arguments);
    if (!session_run_alive(session) || engine_command(session->engine, &command, &error))
        session_message(session, MESSAGE_WARNING, "%.*s", ERROR_TEXT_SIZE - 1, command.text);
}

void session_growth_end(struct session *session, const char *reason) {
    if (session->growth.recipe && session_run_alive(session) && session->run_params.follow_rows)
        session_tell_run(session, "%s %s; run %lld keeps the rows that it has", session->load.path, reason,
                         (long long)session->live->record.id);
    session_growth_forget(session);
}

void session_growth_look(struct session *session) {
    struct growth *growth = &session->growth;
    if (!growth->recipe || growth->ended || !session->dataset || !session->dataset->table)
        return;
    char *settings = settings_text(session);
    bool same = settings && text_equal(settings, growth->settings);
    mem_free(settings);
    if (!same) {
        session_growth_end(session, "is open in another way now");
        return;
    }
    if (session_run_alive(session) && session->run_params.follow_rows &&
        session->dataset->table->rows > growth->split.rows)
        session->wanted |= WORK_GROW; // the next drain begins it
}

// ---- on the job's thread ---------------------------------------------------------------------------------

static enum status grow_view(struct work *work, const struct dataset *dataset, struct task *task, struct error *error) {
    const struct growth *growth = work->growth;
    struct pipeline *fitted = NULL;
    enum status status = pipeline_load(growth->recipe, "the run's recipe", &fitted, error);
    if (!status)
        status = pipeline_grow(fitted, dataset, &work->split, growth->first_rows, &work->prepared, task, error);
    if (!status)
        status =
            source_grow(dataset, work->prepared, &work->split, &growth->encoding, &work->notes, &work->source, error);
    pipeline_free(fitted);
    return status;
}

// `first`: the parts of the rows that were there before.
static enum status grow_table(struct work *work, const struct dataset *dataset, const struct split *first,
                              struct task *task, struct error *error) {
    struct split_settings settings = split_settings_of(&work->growth->params);
    struct split_view view = {0};
    enum status status = split_grow(dataset, &settings, first, &work->split, task, error);
    if (!status)
        status = split_view_open(&view, dataset, &work->split, error);
    if (!status)
        status = grow_view(work, &view.dataset, task, error);
    split_view_close(&view);
    return status;
}

enum status growth_work(void *context, struct task *task, struct error *error) {
    struct work *work = context;
    struct dataset dataset = *work->dataset;
    enum status status = table_share(work->dataset->table, &dataset.table, error);
    if (status)
        return status;
    dataset.table->target = table_find(dataset.table, work->growth->target);
    status = grow_table(work, &dataset, &work->growth->split, task, error);
    table_free(dataset.table);
    return status;
}

// ---- going on with a run whose file has grown ------------------------------------------------------------

enum status growth_of_checkpoint(const cJSON *extra, const struct train_params *params, struct load_request *request,
                                 struct error *error) {
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(extra, "data");
    double first = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(data, "first_rows"));
    double rows = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(data, "rows"));
    if (!(first >= 1 && first <= rows && rows < UINT32_MAX))
        return STATUS_OK;
    struct growth *growth = &request->growth;
    char *recipe = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(extra, "recipe"));
    request->rows = (size_t)rows;
    growth->first_rows = (size_t)first;
    growth->params = *params;
    growth->recipe = recipe ? mem_string(recipe) : NULL;
    cJSON_free(recipe);
    if (!growth->recipe)
        return error_memory(error, "the recipe of a run", 0);
    return encoding_load(cJSON_GetObjectItemCaseSensitive(extra, "encoding"), &growth->encoding, error);
}

// The split of the first rows, as it was when they were all.
static enum status split_first(const struct work *work, struct split *split, struct task *task, struct error *error) {
    size_t count = work->growth->first_rows;
    struct split_settings settings = split_settings_of(&work->growth->params);
    struct dataset first = *work->dataset;
    uint32_t *rows = mem_alloc(count, sizeof *rows);
    if (!rows)
        return error_memory(error, "the first rows", count * sizeof *rows);
    for (size_t row = 0; row < count; row++)
        rows[row] = (uint32_t)row;
    enum status status = table_share(work->dataset->table, &first.table, error);
    if (!status) {
        status = table_pick(first.table, rows, count, error);
        if (!status)
            status = split_make(&first, &settings, split, task, error);
        table_free(first.table);
    }
    mem_free(rows);
    return status;
}

enum status growth_prepare(struct work *work, struct task *task, struct error *error) {
    struct split first = {0};
    if (work->dataset->table->rows < work->growth->first_rows)
        return error_set(error, STATUS_INVALID, "%s has %zu rows now and the run began with %zu: it was cut",
                         work->dataset->name, work->dataset->table->rows, work->growth->first_rows);
    enum status status = split_first(work, &first, task, error);
    if (!status)
        status = grow_table(work, work->dataset, &first, task, error);
    if (!status)
        status = pipeline_load(work->growth->recipe, "the run's recipe", &work->fitted, error);
    split_free(&first);
    return status;
}

// ---- when it is made -------------------------------------------------------------------------------------

// The same sentence is not said at every look.
static void tell_once(struct session *session, const char *text) {
    struct growth *growth = &session->growth;
    if (text_equal(text, growth->told))
        return;
    snprintf(growth->told, sizeof growth->told, "%s", text);
    session_tell_run(session, "%s", text);
}

bool growth_note_rows(cJSON *data, size_t first_rows, size_t rows) {
    cJSON_DeleteItemFromObjectCaseSensitive(data, "first_rows");
    cJSON_DeleteItemFromObjectCaseSensitive(data, "rows");
    return cJSON_AddNumberToObject(data, "first_rows", (double)first_rows) &&
           cJSON_AddNumberToObject(data, "rows", (double)rows);
}

// What checkpoints keep, with the number of rows that the run was begun with and has now.
static char *grown_extra(const struct growth *growth) {
    cJSON *extra = cJSON_Parse(growth->extra), *data = cJSON_GetObjectItemCaseSensitive(extra, "data");
    bool fine = growth_note_rows(data, growth->first_rows, growth->split.rows);
    char *printed = fine ? cJSON_PrintUnformatted(extra) : NULL, *text = printed ? mem_string(printed) : NULL;
    cJSON_free(printed);
    cJSON_Delete(extra);
    return text;
}

void session_take_grown(struct session *session) {
    struct growth *growth = &session->growth;
    struct work *work = &session->work;
    struct error error;
    if (growth->ended) {
        growth_clear(growth);
        return;
    }
    split_free(&growth->split);
    growth->split = work->split;
    work->split = (struct split){0};
    for (size_t i = 0; i < work->notes.count && i < 2; i++)
        tell_once(session, work->notes.items[i].text);
    char *extra = grown_extra(growth);
    enum status status = extra ? engine_change_source(session->engine, work->source, extra, &error)
                               : error_memory(&error, "what a run keeps of its data", strlen(growth->extra));
    if (status && session_run_alive(session)) // else it ended meanwhile
        session_tell_error(session, &error);
    mem_free(extra);
}

void session_growth_failed(struct session *session, const struct error *error) {
    char text[ERROR_TEXT_SIZE + 64];
    if (session->growth.ended)
        growth_clear(&session->growth);
    if (!session->growth.recipe || !session_run_alive(session))
        return;
    snprintf(text, sizeof text, "run %lld keeps the rows that it has: %s", (long long)session->live->record.id,
             error->text);
    tell_once(session, text);
}
