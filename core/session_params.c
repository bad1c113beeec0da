// Parameters, and the model that follows from them.
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/session_private.h"

// ---- the model ------------------------------------------------------------------------------------------

// Operations of both directions for one sample, counted on the program a step would run.
static enum status count_flops(const struct model *model, double *flops, struct error *error) {
    struct program program = {.batch = 1};
    struct layer_pass *passes = mem_alloc(model->count + 1, sizeof *passes);
    if (!passes)
        return error_memory(error, "the passes of a model", (model->count + 1) * sizeof *passes);
    value_id x = program_temporary(&program, DTYPE_F32, shape_batch(1, model->sample));
    value_id logits = model_forward(model, &program, DTYPE_F32, true, x, passes);
    value_id gradient = program_temporary(&program, DTYPE_F32, program.values[logits].shape);
    model_backward(model, &program, gradient, passes);
    if (!program.failed)
        *flops = program_flops(&program);
    enum status status = program.failed ? error_memory(error, "the program of a model", 0) : STATUS_OK;
    program_free(&program);
    mem_free(passes);
    return status;
}

static const char *name_at(const struct model *model, int layer) {
    return layer < 0 ? "the data" : model->layers[layer].name;
}

// Settings, and where a layer reads what is not right before it.
static void describe(const struct model *model, int index, char out[96]) {
    const struct layer *layer = &model->layers[index];
    layer->kind->describe(layer, out);
    size_t used = strlen(out);
    if (layer->kind == &layer_embedding) { // the column it reads is named
        return;
    }
    if (layer->other >= -1) {
        snprintf(out, 96, "%s + %s", name_at(model, layer->input), name_at(model, layer->other));
    } else if (layer->input != index - 1) {
        snprintf(out + used, 96 - used, ", of %s", name_at(model, layer->input));
    }
}

static enum status fill_rows(struct session *session, const struct model *model, struct error *error) {
    struct model_row *rows = mem_alloc(model->count, sizeof *rows);
    if (!rows)
        return error_memory(error, "the layers of a model", model->count * sizeof *rows);
    for (size_t i = 0; i < model->count; i++) {
        const struct layer *layer = &model->layers[i];
        snprintf(rows[i].name, sizeof rows[i].name, "%s", layer->name);
        snprintf(rows[i].kind, sizeof rows[i].kind, "%s", layer->kind->name);
        describe(model, (int)i, rows[i].settings);
        rows[i].figures = model_figures(model, i);
    }
    session->layers = rows;
    session->view.layer_count = model->count;
    session->view.weight_count = model->weight_count;
    return STATUS_OK;
}

static void fill_schedule(struct session *session) {
    for (size_t i = 0; i < SNAPSHOT_SCHEDULE; i++)
        session->view.schedule[i] =
            schedule_rate(&session->params, (double)session->params.epochs * (double)i / (SNAPSHOT_SCHEDULE - 1));
}

void session_refresh_model(struct session *session) {
    struct error error = {0};
    struct model *model = NULL;
    struct snapshot *view = &session->view;
    mem_free(session->layers);
    session->layers = NULL;
    view->layer_count = view->weight_count = 0;
    view->flops = 0;
    view->model_reason[0] = '\0';
    const struct source *source = session->source;
    enum status status;
    if (!source)
        status = error_set(&error, STATUS_STATE, "%s",
                           session->dataset ? view->source_reason : "no data is open; open a file first");
    else
        status = model_make(&session->params, trainer_model_data(&session->params, source), &model, &error);
    if (!status)
        status = fill_rows(session, model, &error);
    if (!status)
        status = count_flops(model, &view->flops, &error);
    if (status)
        snprintf(view->model_reason, sizeof view->model_reason, "%s", error.text);
    model_free(model);
    fill_schedule(session);
    session_refresh_batches(session);
    session_publish(session);
}

size_t session_index_from(const struct train_params *params) {
    return model_embeds(params) ? (size_t)params->embedding_from : 0;
}

// ---- setting ----------------------------------------------------------------------------------------------

// What decides which rows train, or what they are trained for: the data is prepared anew.
bool session_shapes_data(const struct param *row) {
    static const char *const names[] = {"target", "validation", "test", "split", "split_column",
                                        "folds",  "fold",       "seed", "loss"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(row->name, names[i]) == 0)
            return true;
    }
    return false;
}

static enum status send_live(struct session *session, const struct param *row, const struct train_params *params,
                             struct error *error) {
    struct command command = {.kind = COMMAND_SET};
    char text[PARAM_TEXT_SIZE];
    snprintf(command.name, sizeof command.name, "%s", row->name);
    snprintf(command.text, sizeof command.text, "%s", params_get(row, params, text));
    return engine_command(session->engine, &command, error);
}

// All or nothing: refused before anything is sent.
enum status session_change_params(struct session *session, const struct train_params *params, struct error *error) {
    bool alive = session_run_alive(session), reshaped = false;
    for (size_t i = 0; i < train_table.count; i++) {
        const struct param *row = &train_table.rows[i];
        if (params_equal(row, params, &session->params))
            continue;
        if (alive && !row->live)
            return error_set(error, STATUS_STATE, "%s cannot change while a run lives; stop it first", row->label);
        reshaped |= session_shapes_data(row);
    }
    for (size_t i = 0; alive && i < train_table.count; i++) {
        const struct param *row = &train_table.rows[i];
        enum status status = STATUS_OK;
        if (!params_equal(row, params, &session->params))
            status = send_live(session, row, params, error);
        if (status)
            return status;
    }
    reshaped |= session_index_from(params) != session_index_from(&session->params);
    session->params = *params;
    if (reshaped && session->dataset)
        session_want(session, WORK_PREPARE);
    session_refresh_model(session);
    return STATUS_OK;
}

enum status session_set(struct session *session, const char *name, const char *text, struct error *error) {
    struct train_params params = session->params;
    const struct param *row = params_find(&train_table, name);
    if (row && strcmp(row->name, "target") == 0)
        return session_set_target(session, text, error);
    if (row && strcmp(row->name, "recipe") == 0)
        return session_recipe(session, text, false, error);
    enum status status = params_set(&train_table, &params, name, text, error);
    if (status || params_equal(row, &params, &session->params))
        return status;
    if (session_run_alive(session) && !row->live)
        return error_set(error, STATUS_STATE, "%s cannot change while a run lives; stop it first", row->label);
    // A rate that nobody chose follows the optimizer.
    if (strcmp(row->name, "optimizer") == 0 && params.lr == train_usual_rate(session->params.optimizer))
        params.lr = train_usual_rate(params.optimizer);
    status = history_record(session, error);
    return status ? status : session_change_params(session, &params, error);
}

enum status session_nudge(struct session *session, const char *name, int direction, struct error *error) {
    char text[PARAM_TEXT_SIZE];
    const struct param *row = params_find(&train_table, name);
    if (!row)
        return error_set(error, STATUS_MISSING, "there is no parameter '%s'", name);
    return session_set(session, name, params_nudge(row, &session->params, direction, text), error);
}
