// The Model view: every hyper-parameter in a form on the left; the layers it makes, and what they
// cost, on the right.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/str.h"
#include "core/session.h"
#include "views/view.h"
#include "views/widgets/form.h"
#include "views/widgets/plot.h"
#include "views/widgets/table.h"

enum model_pane { PANE_FORM, PANE_LAYERS };

struct model_state {
    struct form_state form;
    const struct param *edited; // while the form is being edited: its rows may move below the person
    struct table_view_state layers;
    enum model_pane pane;
};

// ---- the form -------------------------------------------------------------------------------------------

struct form_data {
    const struct snapshot *snapshot;
    struct train_params defaults;
};

static bool starts_group(size_t index) {
    return index == 0 || !text_equal(train_table.rows[index].group, train_table.rows[index - 1].group);
}

// Rows of the form are parameters with a heading before each group; those without a meaning beside the others are
// left out. NULL: the row is a heading, or (heading NULL) past the end. *count: how many rows there are.
static const struct param *find_row(const struct snapshot *snapshot, size_t row, const char **heading,
                                    size_t *count) {
    const struct param *found = NULL;
    size_t at = 0;
    *heading = NULL;
    for (size_t i = 0; i < train_table.count; i++) {
        const struct param *param = &train_table.rows[i];
        if (starts_group(i) && at++ == row)
            *heading = param->group;
        if (session_uses(snapshot, param, NULL) && at++ == row)
            found = param;
    }
    *count = at;
    return found;
}

static const struct param *param_of_row(const struct snapshot *snapshot, size_t row, const char **heading) {
    size_t count;
    return find_row(snapshot, row, heading, &count);
}

static size_t form_rows(const struct snapshot *snapshot) {
    const char *heading;
    size_t count;
    find_row(snapshot, 0, &heading, &count);
    return count;
}

static bool alive(const struct snapshot *snapshot) {
    return snapshot->state == RUN_OPENING || snapshot->state == RUN_TRAINING || snapshot->state == RUN_PAUSED;
}

static void form_row(void *data, size_t index, struct form_row *out) {
    const struct form_data *form = data;
    const char *heading = NULL;
    const struct param *param = param_of_row(form->snapshot, index, &heading);
    if (!param) {
        out->section = heading;
        return;
    }
    out->label = param->label;
    params_get(param, form->snapshot->params, out->value);
    params_range_text(param, out->range);
    out->unit = param->unit;
    out->help = param->help;
    out->choices = param->type == PARAM_CHOICE ? param->choices : NULL;
    out->changed = !params_equal(param, form->snapshot->params, &form->defaults);
    out->live = param->live;
    out->disabled = alive(form->snapshot) && !param->live;
}

static struct form_model form_model(struct form_data *data, const struct snapshot *snapshot) {
    data->snapshot = snapshot;
    params_defaults(&train_table, &data->defaults);
    return (struct form_model){.data = data, .rows = form_rows(snapshot), .row = form_row};
}

static const struct param *chosen_param(const struct model_state *state, const struct snapshot *snapshot) {
    const char *heading;
    return param_of_row(snapshot, state->form.chosen, &heading);
}

// ---- layout ---------------------------------------------------------------------------------------------

struct model_panes {
    struct rect form, layers, rate;
};

static struct model_panes panes(struct rect area) {
    struct model_panes out = {.form = {0}};
    int right = area.width >= 84 ? area.width * 11 / 20 : area.width - 40;
    out.layers = rect_take_right(&area, right);
    out.form = area;
    if (out.layers.height >= 18)
        out.rate = rect_take_bottom(&out.layers, out.layers.height / 3 > 12 ? 12 : out.layers.height / 3);
    return out;
}

static struct rect inside_of(struct rect pane) {
    return rect_inset(pane, 1, 1);
}

// ---- layers ---------------------------------------------------------------------------------------------

enum layer_column { LAYER_NAME, LAYER_SETTINGS, LAYER_OUT, LAYER_WEIGHTS, LAYER_FLOPS, LAYER_COLUMNS };

static void layer_column(void *data, int64_t column, struct table_view_column *out) {
    static const char *const titles[LAYER_COLUMNS] = {"layer", "settings", "output", "weights", "FLOP"};
    (void)data;
    out->title = titles[column];
    out->right = column >= LAYER_OUT;
}

// Of a long list, norms and activations stand in the row of the layer they follow.
#define LAYERS_APART 30

static bool joins(const struct snapshot *snapshot, size_t layer) {
    static const char *const kinds[] = {"batch_norm", "layer_norm", "activation", "dropout", "scale"};
    bool found = false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        found = found || text_equal(snapshot->layers[layer].kind, kinds[i]);
    return found && layer > 0 && snapshot->layer_count > LAYERS_APART;
}

static int64_t layer_rows(const struct snapshot *snapshot) {
    int64_t rows = 0;
    for (size_t i = 0; i < snapshot->layer_count; i++)
        rows += !joins(snapshot, i);
    return rows;
}

// The layers of one row: from `first` on.
struct layer_span {
    size_t first, count;
};

static struct layer_span layers_of_row(const struct snapshot *snapshot, int64_t row) {
    struct layer_span span = {0};
    int64_t at = -1;
    for (size_t i = 0; i < snapshot->layer_count; i++) {
        at += !joins(snapshot, i);
        span.first = at == row && !joins(snapshot, i) ? i : span.first;
        span.count += at == row;
    }
    return span;
}

// "64 filters 3×3 · norm · relu": layers that joined by their names without numbers; that a bias is missing goes
// without saying before a batch norm.
static void span_settings(const struct snapshot *snapshot, struct layer_span span, char *out, size_t room) {
    static const char missing[] = ", no bias";
    snprintf(out, room, "%s", snapshot->layers[span.first].settings);
    if (span.count > 1 && text_equal(snapshot->layers[span.first + 1].kind, "batch_norm") && text_ends(out, missing))
        out[strlen(out) - strlen(missing)] = '\0';
    for (size_t i = 1; i < span.count; i++) {
        const char *name = snapshot->layers[span.first + i].name;
        name = text_starts(name, "batch_norm") ? "norm" : name;
        size_t used = strlen(out), length = strcspn(name, "0123456789");
        snprintf(out + used, room - used, " · %.*s", (int)length, name);
    }
}

static void layer_cell(void *data, int64_t row, int64_t column, struct table_view_cell *out) {
    const struct snapshot *snapshot = data;
    struct layer_span span = layers_of_row(snapshot, row);
    const struct model_row *layer = &snapshot->layers[span.first];
    int64_t weights = 0;
    double flops = 0;
    char text[64];
    for (size_t i = 0; i < span.count; i++) {
        weights += (int64_t)layer[i].figures.weights;
        flops += layer[i].figures.flops;
    }
    switch ((enum layer_column)column) {
    case LAYER_NAME:
        snprintf(out->text, sizeof out->text, "%s", layer->name);
        break;
    case LAYER_SETTINGS:
        span_settings(snapshot, span, out->text, sizeof out->text);
        out->style = style_ink(INK_DIM);
        break;
    case LAYER_OUT:
        snprintf(out->text, sizeof out->text, "%s", shape_text(layer[span.count - 1].figures.out, text));
        break;
    case LAYER_WEIGHTS:
        snprintf(out->text, sizeof out->text, "%s", text_integer(weights, NUMBER_SCREEN, text));
        break;
    case LAYER_FLOPS:
        snprintf(out->text, sizeof out->text, "%s", text_count(flops, NUMBER_SCREEN, text));
        break;
    case LAYER_COLUMNS:
        break;
    }
}

static struct table_view_model layer_model(const struct snapshot *snapshot) {
    return (struct table_view_model){.data = (void *)(uintptr_t)snapshot, // the callbacks only read it
                                     .rows = layer_rows(snapshot),
                                     .columns = LAYER_COLUMNS,
                                     .column = layer_column,
                                     .cell = layer_cell};
}

// As many of the figures as fit whole.
static void draw_totals(const struct snapshot *snapshot, struct canvas *canvas, struct rect row) {
    const char *const names[] = {" weights", row.width < 60 ? "FLOP a sample" : "FLOP a sample trained",
                                 " activations a batch"};
    char numbers[3][TEXT_NUMBER_SIZE];
    size_t activations = 0;
    for (size_t i = 0; i < snapshot->layer_count; i++)
        activations += snapshot->layers[i].figures.activation_bytes;
    text_integer((int64_t)snapshot->weight_count, NUMBER_SCREEN, numbers[0]);
    text_count(snapshot->flops, NUMBER_SCREEN, numbers[1]);
    text_bytes((double)activations * (double)snapshot->params->batch, NUMBER_SCREEN, numbers[2]);
    for (int i = 0, x = row.x; i < 3; i++, x += 3) {
        if (x + text_width(numbers[i], canvas->ascii) + text_width(names[i], canvas->ascii) > row.x + row.width)
            return;
        x += canvas_text(canvas, x, row.y, style_bold(INK_NUMBER), numbers[i]);
        x += canvas_text(canvas, x, row.y, style_ink(INK_DIM), names[i]);
    }
}

static void draw_layers(const struct model_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                        struct rect pane) {
    char title[96];
    const char *file = snapshot->params->model_file, *name = file[0] ? path_base(file) : snapshot->params->model;
    snprintf(title, sizeof title, "layers (model %.64s)", name);
    struct rect inside = canvas_pane(canvas, pane, state->pane == PANE_LAYERS, title, NULL);
    if (!snapshot->layers) {
        const char *why = snapshot->model_reason[0] ? snapshot->model_reason : "Open a data set first: 1 goes to Data.";
        canvas_wrap(canvas, rect_inset(inside, 1, 0), 0, style_ink(INK_WARNING), why);
        return;
    }
    struct rect totals = rect_take_bottom(&inside, 1);
    struct table_view_model model = layer_model(snapshot);
    table_view_draw(canvas, inside, &model, &state->layers, state->pane == PANE_LAYERS);
    draw_totals(snapshot, canvas, totals);
}

// ---- the learning rate over the run ----------------------------------------------------------------------

static void draw_rate(const struct snapshot *snapshot, struct canvas *canvas, struct rect pane) {
    if (rect_empty(pane))
        return;
    double x[SNAPSHOT_SCHEDULE];
    for (size_t i = 0; i < SNAPSHOT_SCHEDULE; i++)
        x[i] = (double)snapshot->params->epochs * (double)i / (SNAPSHOT_SCHEDULE - 1);
    struct plot_series series = {.x = x, .y = snapshot->schedule, .count = SNAPSHOT_SCHEDULE, .ink = INK_ACCENT};
    struct plot plot = {.series = &series, .count = 1, .auto_x = true, .auto_y = true, .x_label = "epochs"};
    struct rect inside = canvas_pane(canvas, pane, false, "learning rate over the run", snapshot->params->schedule);
    plot_draw(canvas, inside, &plot);
}

// ---- the view -------------------------------------------------------------------------------------------

static void draw(const void *view_state, const struct snapshot *snapshot, struct canvas *canvas, struct rect area) {
    const struct model_state *state = view_state;
    struct model_panes at = panes(area);
    struct form_data data;
    struct form_model model = form_model(&data, snapshot);
    const char *note = alive(snapshot) ? "run alive: live ones only" : NULL;
    struct rect inside = canvas_pane(canvas, at.form, state->pane == PANE_FORM, "parameters", note);
    form_draw(canvas, inside, &model, &state->form, state->pane == PANE_FORM);
    draw_layers(state, snapshot, canvas, at.layers);
    draw_rate(snapshot, canvas, at.rate);
}

static enum view_result put(struct model_state *state, const struct view_context *context, const char *text) {
    const struct param *param = chosen_param(state, context->snapshot);
    if (!param)
        return VIEW_HANDLED;
    if (session_set(context->session, param->name, text, &context->wish->error)) {
        context->wish->failed = true;
        return VIEW_REDRAW;
    }
    return VIEW_REDRAW;
}

static enum view_result nudge(struct model_state *state, const struct view_context *context, int direction) {
    const struct param *param = chosen_param(state, context->snapshot);
    char text[PARAM_TEXT_SIZE];
    if (!param || state->pane != PANE_FORM)
        return VIEW_HANDLED;
    return put(state, context, params_nudge(param, context->snapshot->params, direction, text));
}

static enum view_result start(const struct view_context *context) {
    if (session_start(context->session, &context->wish->error))
        context->wish->failed = true;
    else
        context->wish->go = VIEW_TRAIN;
    return VIEW_REDRAW;
}

static enum view_result move(struct model_state *state, const struct view_context *context, enum request wanted) {
    struct model_panes at = panes(context->area);
    if (state->pane == PANE_LAYERS) {
        struct table_view_model model = layer_model(context->snapshot);
        return table_view_request(&state->layers, &model, inside_of(at.layers), context->ascii, wanted) ? VIEW_REDRAW
                                                                                                   : VIEW_PASS;
    }
    struct form_data data;
    struct form_model model = form_model(&data, context->snapshot);
    return form_request(&state->form, &model, inside_of(at.form), wanted) ? VIEW_REDRAW : VIEW_PASS;
}

static enum view_result request(void *view_state, const struct view_context *context, enum request wanted) {
    struct model_state *state = view_state;
    const struct param *param = chosen_param(state, context->snapshot);
    struct form_data data;
    struct form_model model;
    switch (wanted) {
    case REQUEST_NEXT_PANE:
    case REQUEST_PREVIOUS_PANE:
        state->pane = state->pane == PANE_FORM ? PANE_LAYERS : PANE_FORM;
        return VIEW_REDRAW;
    case REQUEST_FIELD_UP:
        return nudge(state, context, 1);
    case REQUEST_FIELD_DOWN:
        return nudge(state, context, -1);
    case REQUEST_FIELD_DEFAULT:
        return param && state->pane == PANE_FORM ? put(state, context, param->fallback) : VIEW_HANDLED;
    case REQUEST_FIELD_EDIT:
        if (!param || state->pane != PANE_FORM)
            return VIEW_HANDLED;
        model = form_model(&data, context->snapshot);
        form_edit_begin(&state->form, &model);
        state->edited = param;
        return VIEW_REDRAW;
    case REQUEST_START:
        return start(context);
    default:
        return move(state, context, wanted);
    }
}

// A change that comes from the engine, or with other data, may put rows into the form or take them out.
static void refresh(void *view_state, const struct snapshot *snapshot) {
    struct model_state *state = view_state;
    const char *heading;
    size_t rows = form_rows(snapshot), row = 0;
    if (!state->form.editing)
        return;
    while (row < rows && param_of_row(snapshot, row, &heading) != state->edited)
        row++;
    if (row < rows)
        state->form.chosen = row;
    else
        state->form.editing = false; // it has no meaning any more
}

// What is typed is judged at once; Enter stores it or shows why not.
static enum view_result edit(struct model_state *state, const struct view_context *context,
                             const struct input_event *event) {
    const struct param *param = state->edited;
    enum prompt_result result = form_event(&state->form, event);
    struct train_params trial = *context->snapshot->params;
    struct error error = {0};
    if (result == PROMPT_CHANGED)
        params_set(&train_table, &trial, param->name, state->form.edit.text, &error);
    else if (result == PROMPT_ACCEPT && !session_set(context->session, param->name, state->form.edit.text, &error))
        state->form.editing = false;
    snprintf(state->form.error, sizeof state->form.error, "%.250s", error.text);
    return VIEW_REDRAW;
}

static enum view_result event(void *view_state, const struct view_context *context, const struct input_event *input) {
    struct model_state *state = view_state;
    struct model_panes at = panes(context->area);
    refresh(state, context->snapshot);
    if (state->form.editing)
        return edit(state, context, input);
    if (input->type != INPUT_MOUSE)
        return VIEW_PASS;
    struct form_data data;
    struct form_model model = form_model(&data, context->snapshot);
    struct table_view_model layers = layer_model(context->snapshot);
    if (input->mouse == MOUSE_WHEEL_DOWN || input->mouse == MOUSE_WHEEL_UP) {
        enum request wanted = input->mouse == MOUSE_WHEEL_DOWN ? REQUEST_DOWN : REQUEST_UP;
        return move(state, context, wanted);
    }
    if (input->mouse != MOUSE_PRESS)
        return VIEW_HANDLED;
    if (rect_contains(at.form, input->x, input->y)) {
        state->pane = PANE_FORM;
        form_hit(&model, &state->form, inside_of(at.form), input->x, input->y, &state->form.chosen);
    } else if (rect_contains(at.layers, input->x, input->y)) {
        state->pane = PANE_LAYERS;
        table_view_event(&state->layers, &layers, inside_of(at.layers), context->ascii, input);
    }
    return VIEW_REDRAW;
}

static bool modal(const void *view_state) {
    return ((const struct model_state *)view_state)->form.editing;
}

const struct view view_model = {
    .id = VIEW_MODEL,
    .name = "model",
    .title = "Model",
    .min_width = 60,
    .min_height = 16,
    .state_size = sizeof(struct model_state),
    .refresh = refresh,
    .event = event,
    .request = request,
    .modal = modal,
    .draw = draw,
};
