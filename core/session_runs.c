// Starting, steering and looking up runs.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/session_private.h"

bool session_run_alive(const struct session *session) {
    return session->watch.run == 0 && run_is_alive(session->view.state);
}

static void run_view_clear(struct run_view *view) {
    long_array_free(&view->curve.points_kept, view->curve.points);
    mem_free(view->curve.epochs);
    mem_free(view->curve.marks);
    mem_free(view->curve.noise);
    mem_free(view->curve.layers);
    *view = (struct run_view){0};
}

void run_view_free(struct run_view *view) {
    if (!view)
        return;
    run_view_clear(view);
    mem_free(view);
}

// ---- starting ----------------------------------------------------------------------------------------------

struct luggage { // what a run keeps beside its figures, as JSON
    char *recipe, *encoding, *extra;
    struct str path; // of the data, from any folder
};

static void luggage_clear(struct luggage *luggage) {
    mem_free(luggage->recipe);
    mem_free(luggage->encoding);
    mem_free(luggage->extra);
    str_free(&luggage->path);
}

static enum status print_json(cJSON *object, char **out, struct error *error) {
    char *printed = cJSON_PrintUnformatted(object);
    *out = printed ? mem_string(printed) : NULL;
    cJSON_free(printed);
    return *out ? STATUS_OK : error_memory(error, "what a run keeps of its data", 0);
}

static enum status save_encoding(const struct source *source, cJSON *object, struct error *error) {
    struct encoding encoding = {0};
    enum status status = encoding_of(source, &encoding, error);
    if (!status)
        status = encoding_save(&encoding, object, error);
    encoding_free(&encoding);
    return status;
}

// How the data was opened, findable from any folder.
static cJSON *data_json(const struct session *session, const struct luggage *luggage) {
    cJSON *data = load_settings_json(&session->load);
    cJSON_ReplaceItemInObjectCaseSensitive(data, "path", cJSON_CreateString(str_text(&luggage->path)));
    cJSON *more = cJSON_GetObjectItemCaseSensitive(data, "more");
    if (session->dataset->table && (session->follow.file.path || session->fitted_rows > 0))
        growth_note_rows(data, session->fitted_rows > 0 ? session->fitted_rows : session->dataset->table->rows,
                         session->dataset->table->rows);
    for (size_t i = 0; i < session->load.more_count; i++) {
        struct str path = {0};
        struct error error;
        if (file_absolute(session->load.more[i], &path, &error) == STATUS_OK)
            cJSON_ReplaceItemInArray(more, (int)i, cJSON_CreateString(str_text(&path)));
        str_free(&path);
    }
    return data;
}

static bool is_amount(const struct session *session, const char *column) {
    for (size_t i = 0; i < session->load.type_count; i++)
        if (strcmp(session->load.types[i].column, column) == 0)
            return session->load.types[i].amount;
    return false;
}

// What kind every column was read as: new data is read in the same way, whatever its cells look like.
static cJSON *columns_json(const struct session *session) {
    const struct table *table = session->dataset->table;
    cJSON *columns = cJSON_CreateArray();
    for (size_t i = 0; table && i < table->column_count; i++) {
        cJSON *column = cJSON_CreateObject();
        cJSON_AddStringToObject(column, "name", table->columns[i]->name);
        cJSON_AddStringToObject(column, "type", column_type_name(table->columns[i]->type));
        if (is_amount(session, table->columns[i]->name))
            cJSON_AddTrueToObject(column, "amount");
        cJSON_AddItemToArray(columns, column);
    }
    return columns;
}

// extra: {"data": how it was opened, "columns": their types, "recipe": fitted, "encoding": …}, enough to evaluate,
// predict and go on from a checkpoint alone.
static enum status pack(const struct session *session, struct luggage *luggage, struct error *error) {
    cJSON *encoding = cJSON_CreateObject(), *extra = cJSON_CreateObject();
    enum status status = file_absolute(session->load.path, &luggage->path, error);
    if (!status)
        status = pipeline_save(session->fitted, true, &luggage->recipe, error);
    if (!status)
        status = save_encoding(session->source, encoding, error);
    if (!status)
        status = print_json(encoding, &luggage->encoding, error);
    cJSON *recipe = status ? NULL : cJSON_Parse(luggage->recipe);
    if (!status) {
        cJSON_AddItemToObject(extra, "data", data_json(session, luggage));
        cJSON_AddItemToObject(extra, "columns", columns_json(session));
        cJSON_AddItemToObject(extra, "recipe", recipe);
        cJSON_AddItemToObject(extra, "encoding", encoding);
        encoding = NULL;
        status = print_json(extra, &luggage->extra, error);
    }
    cJSON_Delete(encoding);
    cJSON_Delete(extra);
    return status;
}

static void fill_record(const struct session *session, const struct train_params *params, const char *path,
                        struct run_record *record) {
    const struct source *source = session->source;
    struct error error;
    struct model *model = NULL;
    *record = (struct run_record){.started = clock_wall(), .state = RUN_OPENING, .params = *params};
    record->classify = source->task == SOURCE_CLASSIFY;
    record->train_rows = source->part_count[PART_TRAIN];
    record->validation_rows = source->part_count[PART_VALIDATION];
    record->test_rows = source->part_count[PART_TEST];
    snprintf(record->data_path, sizeof record->data_path, "%s", path);
    snprintf(record->precision, sizeof record->precision, "%.7s", params->precision);
    snprintf(record->model, sizeof record->model, "%.63s", params->model);
    if (!model_make(params, trainer_model_data(params, source), &model, &error))
        snprintf(record->model, sizeof record->model, "%s", model->name); // "auto" by its own name
    model_free(model);
    snprintf(record->name, sizeof record->name, "%s · %.48s", record->model, session->dataset->name);
    size_t used = strlen(record->name);
    if (record->params.folds > 1)
        snprintf(record->name + used, sizeof record->name - used, " · fold %lld of %lld",
                 (long long)record->params.fold, (long long)record->params.folds);
}

// The run before is kept where it was pinned.
static enum status make_room(struct session *session, struct run_view **view, struct error *error) {
    if (session->live && session->live->pinned) {
        if (!vec_reserve(&session->overlays, &session->overlay_capacity, session->overlay_count + 1,
                         sizeof *session->overlays))
            return error_memory(error, "the list of runs shown", sizeof(void *) * (session->overlay_count + 1));
        session->live->live = false;
        session->overlays[session->overlay_count++] = session->live;
        session->live = NULL;
    }
    *view = mem_alloc(1, sizeof **view);
    return *view ? STATUS_OK : error_memory(error, "the curves of a run", sizeof **view);
}

#define MODEL_FILE_MOST ((size_t)1 << 20)

// A model written as a file lies beside the run's checkpoints too: they can be opened when the file is gone or another.
static enum status keep_model_file(struct engine_run *run, struct error *error) {
    struct file_writer writer = {0};
    char *text = NULL;
    size_t size = 0;
    struct str path = {0};
    enum status status = file_read(run->params.model_file, MODEL_FILE_MOST, &text, &size, error);
    path_join(&path, run->folder, path_base(run->params.model_file));
    if (!status && path.length >= sizeof run->params.model_file)
        status =
            error_set(error, STATUS_INVALID, "%s: is too long a path to keep the model file there", str_text(&path));
    if (!status)
        status = file_create(&writer, str_text(&path), error);
    if (!status) {
        fwrite(text, 1, size, writer.stream);
        status = file_commit(&writer, error);
    }
    if (!status)
        snprintf(run->params.model_file, sizeof run->params.model_file, "%s", str_text(&path));
    mem_free(text);
    str_free(&path);
    return status;
}

static enum status begin(struct session *session, struct engine *engine, struct run_view *view,
                         const struct train_params *params, const struct luggage *luggage, const char *checkpoint,
                         bool fork, struct error *error) {
    struct engine_run run = {.params = *params, .source = session->source, .extra = luggage->extra, .fork = fork};
    enum status status = view->record.id
                             ? store_run_reopen(session->store, &view->record, error)
                             : store_run_add(session->store, &view->record, luggage->recipe, luggage->encoding, error);
    if (status)
        return status;
    snprintf(run.folder, sizeof run.folder, "%.990s/%lld", store_folder(session->store), (long long)view->record.id);
    snprintf(run.resume, sizeof run.resume, "%s", checkpoint);
    run.seconds = view->record.seconds;
    if (run.params.model_file[0] != '\0')
        status = keep_model_file(&run, error);
    if (!status)
        status = engine_start(engine, &run, error);
    if (!status)
        return status;
    struct error second;
    view->record.state = RUN_FAILED;
    view->record.ended = clock_wall();
    if (store_run_update(session->store, &view->record, &second))
        session_tell_error(session, &second);
    return status;
}

// As it was kept, with its curve, when nothing was added to it behind its checkpoint; otherwise `view` stays empty.
static enum status take_up(struct session *session, int64_t run, const char *checkpoint, struct run_view *view,
                           struct error *error) {
    struct checkpoint_header header = {0};
    struct run_record *record = &view->record;
    enum status status = checkpoint_read_header(checkpoint, &header, error);
    if (!status)
        status = run_view_read(session, run, view, error);
    if (!status && record->steps != header.step) {
        run_view_clear(view);
    } else if (!status) {
        record->state = RUN_OPENING;
        record->ended = 0;
    }
    checkpoint_header_clear(&header);
    return status;
}

// Reading all runs again would take longer than many a run of a sweep.
static enum status list_run(struct session *session, const struct run_record *record, struct error *error) {
    bool first = session->run_count > 0 && session->runs[0].id < record->id;
    if (!session->lab.view.active || !first)
        return session_refresh_runs(session, error);
    struct run_record *runs = mem_resize(session->runs, session->run_count + 1, sizeof *runs);
    if (!runs)
        return error_memory(error, "the list of runs", (session->run_count + 1) * sizeof *runs);
    memmove(runs + 1, runs, session->run_count++ * sizeof *runs);
    runs[0] = *record;
    session->runs = runs;
    session_publish(session);
    return STATUS_OK;
}

// 0 where there is no checkpoint; one that cannot be read is told by whoever loads it.
static uint64_t step_of(const char *checkpoint) {
    struct checkpoint_header header = {0};
    struct error error;
    uint64_t step = checkpoint[0] && !checkpoint_read_header(checkpoint, &header, &error) ? header.step : 0;
    checkpoint_header_clear(&header);
    return step;
}

enum status session_launch(struct session *session, int64_t parent, enum launch how, const char *checkpoint,
                           struct error *error) {
    struct luggage luggage = {0};
    struct run_view *view = NULL;
    enum status status = pack(session, &luggage, error);
    if (!status)
        status = make_room(session, &view, error);
    if (!status && how == LAUNCH_SAME)
        status = take_up(session, parent, checkpoint, view, error);
    if (!status) {
        view->live = true;
        if (view->record.id == 0) {
            fill_record(session, &session->params, str_text(&luggage.path), &view->record);
            view->record.parent = parent;
            view->record.begun = step_of(checkpoint);
            if (session->lab.view.active && session->lab.slot != SIZE_MAX) {
                view->record.experiment = session->lab.view.id;
                view->record.slot = session->lab.slot;
            }
        }
        status = session_growth_begin(session, luggage.recipe, luggage.extra, error);
    }
    if (!status)
        status = begin(session, session->engine, view, &session->params, &luggage, checkpoint, how == LAUNCH_FORK, error);
    if (!status) {
        mem_free(session->live_extra);
        session->live_extra = luggage.extra;
        luggage.extra = NULL;
        model_copy_free(engine_copy(session->engine)); // of the run before
    }
    luggage_clear(&luggage);
    if (status) {
        run_view_free(view);
        return status;
    }
    session_watch_end(session);
    run_view_free(session->live);
    session->live = view;
    session->run_params = session->params;
    session->wants_pause = session->restart = session->store_failed = false;
    session->view.range = NULL;
    job_cancel(&session->range.job); // the run has the device now
    session->view.state = RUN_OPENING;
    session->view.steps_total = 0;
    memset(&session->view.device, 0, sizeof session->view.device);
    memset(&session->times, 0, sizeof session->times);
    memset(&session->view.times, 0, sizeof session->view.times);
    session_refresh_rates(session);
    struct error second;
    if (list_run(session, &session->live->record, &second))
        session_tell_error(session, &second);
    session_publish(session);
    return STATUS_OK;
}

enum status session_launch_beside(struct session *session, struct engine *engine, const struct train_params *params,
                                  size_t slot, const struct run_record *from, struct run_view **out,
                                  struct error *error) {
    struct luggage luggage = {0};
    struct run_view *view = mem_alloc(1, sizeof *view);
    enum status status = view ? pack(session, &luggage, error) : error_memory(error, "the curves of a run", sizeof *view);
    if (!status) {
        fill_record(session, params, str_text(&luggage.path), &view->record);
        view->record.parent = from->id;
        view->record.begun = step_of(from->checkpoint);
        view->record.experiment = session->lab.view.id;
        view->record.slot = slot;
        status = begin(session, engine, view, params, &luggage, from->checkpoint, from->id != 0, error);
    }
    luggage_clear(&luggage);
    if (status) {
        run_view_free(view);
        return status;
    }
    struct error second;
    if (list_run(session, &view->record, &second))
        session_tell_error(session, &second);
    *out = view;
    return STATUS_OK;
}

enum status session_check_start(const struct session *session, struct error *error) {
    if (session_run_alive(session))
        return error_set(error, STATUS_STATE, "a run is alive: stop it before starting another");
    if (session_data_busy(session))
        return error_set(error, STATUS_STATE, "the data is still being prepared; start when it is done");
    if (!session->dataset)
        return error_set(error, STATUS_STATE, "no data is open; open a file first");
    if (!session->source)
        return error_set(error, STATUS_INVALID, "%s", session->view.source_reason);
    if (session->view.model_reason[0])
        return error_set(error, STATUS_INVALID, "%s", session->view.model_reason);
    return trainer_check(&session->params, session->source, error);
}

enum status session_start(struct session *session, struct error *error) {
    enum status status = session_check_lab(session, error);
    if (!status)
        status = session_check_start(session, error);
    return status ? status : session_launch(session, 0, LAUNCH_NEW, "", error);
}

// ---- steering ---------------------------------------------------------------------------------------------------

enum status session_command(struct session *session, enum command_kind kind, const char *text, struct error *error) {
    struct command command = {.kind = kind};
    snprintf(command.text, sizeof command.text, "%s", text);
    if (session->watch.run != 0)
        return error_set(error, STATUS_STATE, "run %lld is trained by another process and only watched here",
                         (long long)session->watch.run);
    if (!session_run_alive(session))
        return error_set(error, STATUS_STATE, "no run is alive; start one first");
    return engine_command(session->engine, &command, error);
}

enum status session_pause(struct session *session, struct error *error) {
    enum status status = session_command(session, session->wants_pause ? COMMAND_RESUME : COMMAND_PAUSE, "", error);
    if (!status)
        session->wants_pause = !session->wants_pause;
    return status;
}

enum status session_one_step(struct session *session, struct error *error) {
    enum status status = session_command(session, COMMAND_STEP, "", error);
    if (!status)
        session->wants_pause = true;
    return status;
}

enum status session_stop(struct session *session, struct error *error) {
    session->restart = false;
    return session_command(session, COMMAND_STOP, "", error);
}

enum status session_restart(struct session *session, struct error *error) {
    if (!session_run_alive(session))
        return session_start(session, error);
    enum status status = session_command(session, COMMAND_STOP, "", error);
    session->restart = status == STATUS_OK; // once it has ended
    return status;
}

enum status session_checkpoint(struct session *session, struct error *error) {
    return session_command(session, COMMAND_CHECKPOINT, "", error);
}

enum status session_mark(struct session *session, const char *text, struct error *error) {
    return session_command(session, COMMAND_MARK, text, error);
}

// ---- looking up ---------------------------------------------------------------------------------------------------

enum status session_refresh_runs(struct session *session, struct error *error) {
    struct run_record *runs = NULL;
    size_t count = 0;
    enum status status = store_runs(session->store, &runs, &count, error);
    if (status)
        return status;
    mem_free(session->runs);
    session->runs = runs;
    session->run_count = count;
    session_publish(session);
    return STATUS_OK;
}

static const struct step_metrics *point_at(const struct curve *curve, uint64_t step) {
    for (size_t i = curve->point_count; i > 0; i--) {
        if (curve->points[i - 1].step <= step)
            return &curve->points[i - 1];
    }
    return NULL;
}

static void add_noise(struct curve *curve, const struct noise_row *row) {
    if (vec_reserve(&curve->noise, &curve->noise_capacity, curve->noise_count + 1, sizeof *curve->noise))
        curve->noise[curve->noise_count++] = *row;
}

static void add_layer(struct curve *curve, const struct layer_row *row) {
    if (vec_reserve(&curve->layers, &curve->layer_capacity, curve->layer_count + 1, sizeof *curve->layers))
        curve->layers[curve->layer_count++] = *row;
}

void curve_mark(struct curve *curve, const struct event *event) {
    if (event->kind == EVENT_LAYER)
        add_layer(curve, &event->layer);
    if (event->kind == EVENT_NOISE)
        add_noise(curve, &event->noise);
    bool demanded = event->kind == EVENT_CHECKPOINT && strstr(event->text, "/step-");
    if (event->kind != EVENT_CHANGE && event->kind != EVENT_MARK && event->kind != EVENT_ROWS && !demanded)
        return;
    if (!vec_reserve(&curve->marks, &curve->mark_capacity, curve->mark_count + 1, sizeof *curve->marks))
        return;
    struct mark *mark = &curve->marks[curve->mark_count++];
    *mark = (struct mark){.step = event->step, .kind = event->kind};
    const struct step_metrics *point = point_at(curve, event->step);
    if (point) {
        mark->samples = point->samples;
        mark->epoch = point->epoch;
        mark->seconds = point->seconds;
    }
    if (event->kind == EVENT_CHANGE)
        snprintf(mark->text, sizeof mark->text, "%.24s %.30s→%.30s", event->change.name, event->change.from,
                 event->change.to);
    else if (event->kind == EVENT_ROWS)
        snprintf(mark->text, sizeof mark->text, "%+lld row%s", (long long)event->started.added_rows,
                 event->started.added_rows == 1 ? "" : "s");
    else
        snprintf(mark->text, sizeof mark->text, "%.90s", demanded ? "checkpoint" : event->text);
    mark->text[utf8_cut(mark->text, strlen(mark->text))] = '\0';
}

enum status run_view_read(struct session *session, int64_t run, struct run_view *view, struct error *error) {
    struct curve *curve = &view->curve;
    struct event *events = NULL;
    size_t count = 0;
    enum status status = store_run(session->store, run, &view->record, error);
    if (!status)
        status = store_run_metrics(session->store, run, NULL, &curve->points, &curve->point_count, error);
    if (!status)
        status = store_run_epochs(session->store, run, &curve->epochs, &curve->epoch_count, error);
    if (!status)
        status = store_run_events(session->store, run, NULL, &events, &count, error);
    for (size_t i = 0; i < count; i++)
        curve_mark(curve, &events[i]);
    mem_free(events);
    curve->point_capacity = curve->point_count;
    curve->epoch_capacity = curve->epoch_count;
    return status;
}

void whole_run_clear(struct whole_run *whole) {
    mem_free(whole->points);
    mem_free(whole->epochs);
    mem_free(whole->events);
    mem_free(whole->recipe);
    mem_free(whole->encoding);
    *whole = (struct whole_run){0};
}

enum status session_run_whole(const struct session *session, int64_t run, struct whole_run *whole,
                              struct error *error) {
    struct store *store = session->store;
    *whole = (struct whole_run){0};
    enum status status = store_run(store, run, &whole->record, error);
    if (!status)
        status = store_run_metrics(store, run, NULL, &whole->points, &whole->point_count, error);
    if (!status)
        status = store_run_epochs(store, run, &whole->epochs, &whole->epoch_count, error);
    if (!status)
        status = store_run_events(store, run, NULL, &whole->events, &whole->event_count, error);
    if (!status)
        status = store_run_recipe(store, run, &whole->recipe, &whole->encoding, error);
    if (status)
        whole_run_clear(whole);
    return status;
}

static bool remove_overlay(struct session *session, int64_t run) {
    for (size_t i = 0; i < session->overlay_count; i++) {
        if (session->overlays[i]->record.id != run)
            continue;
        run_view_free(session->overlays[i]);
        memmove(session->overlays + i, session->overlays + i + 1,
                (--session->overlay_count - i) * sizeof *session->overlays);
        session_publish(session);
        return true;
    }
    return false;
}

enum status session_overlay(struct session *session, int64_t run, struct error *error) {
    if (session->live && session->live->record.id == run) {
        session->live->pinned = !session->live->pinned;
        session_publish(session);
        return STATUS_OK;
    }
    if (remove_overlay(session, run))
        return STATUS_OK;
    struct run_view *view = mem_alloc(1, sizeof *view);
    enum status status =
        view ? run_view_read(session, run, view, error) : error_memory(error, "the curves of a run", sizeof *view);
    if (!status && !vec_reserve(&session->overlays, &session->overlay_capacity, session->overlay_count + 1,
                                sizeof *session->overlays))
        status = error_memory(error, "the list of runs shown", sizeof(void *) * (session->overlay_count + 1));
    if (status) {
        run_view_free(view);
        return status;
    }
    view->pinned = true;
    session->overlays[session->overlay_count++] = view;
    session_publish(session);
    return STATUS_OK;
}

enum status session_run_delete(struct session *session, int64_t run, struct error *error) {
    enum status status = store_run_delete(session->store, run, error);
    if (status)
        return status;
    remove_overlay(session, run);
    if (chosen_runs_has(&session->view.chosen, run))
        chosen_runs_turn(&session->view.chosen, run);
    if (session->live && session->live->record.id == run) {
        session_watch_end(session);
        run_view_free(session->live);
        session->live = NULL;
        session->view.state = RUN_NONE;
    }
    return session_refresh_runs(session, error);
}

enum status session_choose_run(struct session *session, int64_t run, struct error *error) {
    if (!chosen_runs_turn(&session->view.chosen, run))
        return error_set(error, STATUS_STATE, "%d runs are chosen already; let one go first", CHOSEN_RUNS_MOST);
    session_publish(session);
    return STATUS_OK;
}

enum status session_run_note(struct session *session, int64_t run, const char *note, struct error *error) {
    struct run_record *record = session->live && session->live->record.id == run ? &session->live->record : NULL;
    if (strlen(note) >= sizeof record->note)
        return error_set(error, STATUS_INVALID, "a note has room for %zu bytes, this one has %zu",
                         sizeof record->note - 1, strlen(note));
    enum status status = store_run_note(session->store, run, note, error);
    if (status)
        return status;
    if (record)
        snprintf(record->note, sizeof record->note, "%s", note);
    return session_refresh_runs(session, error);
}
