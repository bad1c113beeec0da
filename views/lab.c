// The Lab view: what is shown where, its keys, and the forms.
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "views/lab_parts.h"

// ---- what is shown ----------------------------------------------------------------------------------------

const struct lab_view *lab_shown(const struct lab_state *state, const struct snapshot *snapshot) {
    const struct lab_view *lab = snapshot->lab;
    return lab && lab->plan->kind == state->page && !state->asking ? lab : NULL;
}

const struct param_table *lab_table(const struct lab_state *state) {
    return state->page == EXPERIMENT_RACE ? &race_table : &sweep_table;
}

void *lab_options(struct lab_state *state) {
    return state->page == EXPERIMENT_RACE ? state->race.bytes : state->sweep.bytes;
}

static const void *options_of(const struct lab_state *state) {
    return state->page == EXPERIMENT_RACE ? state->race.bytes : state->sweep.bytes;
}

struct lab_places lab_layout(const struct lab_state *state, const struct lab_view *lab, struct rect area) {
    struct lab_places at = {.head = rect_take_top(&area, 1)};
    if (!lab)
        return at.left = area, at;
    int rows = lab->plan->kind == EXPERIMENT_RACE ? (int)lab->row_count + 3 : area.height / 2;
    int most = area.height / 2;
    (void)state;
    at.table = rect_take_bottom(&area, rows < most ? rows : most);
    at.right = rect_take_right(&area, area.width * 2 / 5);
    at.left = area;
    if (lab->plan->kind == EXPERIMENT_SWEEP && at.right.height >= (int)lab->plan->axis_count + 8)
        at.lower_right = rect_take_bottom(&at.right, (int)lab->plan->axis_count + 2);
    return at;
}

// ---- drawing ------------------------------------------------------------------------------------------------

static void draw_head(const struct lab_state *state, const struct lab_view *lab, struct canvas *canvas,
                      struct rect row) {
    static const char *const pages[] = {"race", "sweep"};
    int x = row.x + 1;
    for (int i = 0; i < 2; i++) {
        bool on = (int)state->page == i;
        x += canvas_print(canvas, x, row.y, on ? style_bold(INK_ACCENT) : style_ink(INK_DIM), "%s%s%s",
                          on ? "[" : " ", pages[i], on ? "]" : " ") +
             1;
    }
    if (!lab)
        return;
    x += canvas_print(canvas, x, row.y, style_ink(INK_TEXT), "group %lld · %s · ", (long long)lab->id, lab->name);
    if (lab->plan->kind == EXPERIMENT_SWEEP)
        x += canvas_print(canvas, x, row.y, style_ink(INK_DIM), "%s · ", sweep_method_name(lab->plan->method));
    else
        x += canvas_print(canvas, x, row.y, style_ink(INK_DIM), "rule %s · ", rate_rule_name(lab->plan->rule));
    x += canvas_print(canvas, x, row.y, style_bold(INK_NUMBER), "%zu/%zu", lab->done + lab->failed, lab->count);
    x += canvas_text(canvas, x, row.y, style_ink(INK_DIM), " runs");
    if (lab->failed > 0)
        x += canvas_print(canvas, x, row.y, style_ink(INK_ERROR), " · %zu failed", lab->failed);
    const char *word = lab->active ? "at work" : text_equal(lab->state, "done") ? "done" : "stopped: Space goes on";
    canvas_print(canvas, x, row.y, style_ink(lab->active ? INK_GOOD : INK_DIM), " · %s", word);
}

struct form_data {
    const struct lab_state *state;
    union {
        double aligned;
        char bytes[1024];
    } defaults;
};

static void form_row(void *data, size_t index, struct form_row *out) {
    const struct form_data *form = data;
    const struct param *param = &lab_table(form->state)->rows[index];
    out->label = param->label;
    params_get(param, options_of(form->state), out->value);
    params_range_text(param, out->range);
    out->unit = param->unit;
    out->help = param->help;
    out->choices = param->type == PARAM_CHOICE ? param->choices : NULL;
    out->changed = !params_equal(param, options_of(form->state), form->defaults.bytes);
}

static struct form_model form_model(struct form_data *data, const struct lab_state *state) {
    data->state = state;
    params_defaults(lab_table(state), data->defaults.bytes);
    return (struct form_model){.data = data, .rows = lab_table(state)->count, .row = form_row};
}

static struct rect form_rect(struct rect pane) {
    struct rect inside = rect_inset(pane, 1, 1);
    rect_take_bottom(&inside, inside.height > 14 ? 4 : inside.height > 12 ? 2 : 0);
    return inside;
}

static void draw_form(const struct lab_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                      struct rect pane) {
    static const char *const titles[] = {"a race of batch sizes", "a sweep over parameters"};
    struct form_data data;
    struct form_model model = form_model(&data, state);
    struct rect inside = canvas_pane(canvas, pane, true, titles[state->page], "Space begins");
    struct rect form = form_rect(pane), below = inside;
    form_draw(canvas, form, &model, &state->form, true);
    rect_take_top(&below, form.height);
    char text[512];
    snprintf(text, sizeof text,
             "Everything else is as in Model: %s, %lld epochs, learning rate %.4g, batch %lld%s. Every run is kept "
             "under Runs; what is stopped can be gone on with.",
             snapshot->params->model, (long long)snapshot->params->epochs, snapshot->params->lr,
             (long long)snapshot->params->batch,
             state->page == EXPERIMENT_RACE ? " (where a rule for the rate counts from)" : "");
    if (!snapshot->source)
        snprintf(text, sizeof text, "%s", snapshot->source_reason[0] ? snapshot->source_reason
                                                                    : "Open a data set first: 1 goes to Data.");
    if (below.height > 0)
        canvas_wrap(canvas, rect_inset(below, 1, 0), 0, style_ink(snapshot->source ? INK_DIM : INK_WARNING), text);
}

static void draw(const void *view_state, const struct snapshot *snapshot, struct canvas *canvas, struct rect area) {
    const struct lab_state *state = view_state;
    const struct lab_view *lab = lab_shown(state, snapshot);
    struct lab_places at = lab_layout(state, lab, area);
    draw_head(state, lab, canvas, at.head);
    if (!lab)
        draw_form(state, snapshot, canvas, at.left);
    else if (state->page == EXPERIMENT_RACE)
        lab_race_draw(state, snapshot, lab, canvas, &at);
    else
        lab_sweep_draw(state, lab, canvas, &at);
}

static void refresh(void *view_state, const struct snapshot *snapshot) {
    struct lab_state *state = view_state;
    const struct lab_view *lab = lab_shown(state, snapshot);
    state->series = state->trial_count = 0;
    if (lab && state->page == EXPERIMENT_RACE)
        lab_race_refresh(state, snapshot, lab);
    else if (lab)
        lab_sweep_refresh(state, lab);
}

// ---- keys -------------------------------------------------------------------------------------------------------

static enum view_result begin(struct lab_state *state, const struct view_context *context) {
    struct experiment plan = experiment_usual(state->page);
    struct error *error = &context->wish->error;
    plan.base = *context->snapshot->params;
    enum status status = state->page == EXPERIMENT_RACE
                             ? experiment_of_race((const struct race_options *)state->race.bytes, &plan, error)
                             : experiment_of_sweep((const struct sweep_options *)state->sweep.bytes, &plan, error);
    if (!status)
        status = session_experiment_start(context->session, &plan, error);
    if (!status)
        state->asking = false;
    return view_acted(context, status);
}

// From the form it begins; from the results it stops what is at work, or goes on.
static enum view_result go(struct lab_state *state, const struct view_context *context) {
    const struct lab_view *lab = lab_shown(state, context->snapshot);
    if (!lab)
        return begin(state, context);
    if (lab->active) {
        session_experiment_cancel(context->session);
        return VIEW_REDRAW;
    }
    return view_acted(context, session_experiment_resume(context->session, lab->id, &context->wish->error));
}

// The group of a run next to `id`: the largest smaller one, or the smallest larger one; 0 = none.
static int64_t group_beside(const struct snapshot *snapshot, int64_t id, int direction) {
    int64_t found = 0;
    for (size_t i = 0; i < snapshot->run_count; i++) {
        int64_t group = snapshot->runs[i].experiment;
        bool beyond = direction < 0 ? (id == 0 || group < id) : group > id;
        bool nearer = direction < 0 ? group > found : (found == 0 || group < found);
        if (group > 0 && beyond && nearer)
            found = group;
    }
    return found;
}

static enum view_result show(struct lab_state *state, const struct view_context *context, int direction) {
    const struct lab_view *lab = context->snapshot->lab;
    int64_t group = group_beside(context->snapshot, lab ? lab->id : 0, direction);
    if (group == 0) {
        snprintf(context->wish->message, sizeof context->wish->message, "there is no %s race or sweep",
                 direction < 0 ? "older" : "newer");
        return VIEW_REDRAW;
    }
    enum status status = session_experiment_show(context->session, group, &context->wish->error);
    if (!status && session_snapshot(context->session)->lab) {
        state->page = session_snapshot(context->session)->lab->plan->kind;
        state->form.chosen = state->form.top = 0;
        state->asking = false;
        state->rows[0] = state->rows[1] = (struct table_view_state){0};
    }
    return view_acted(context, status);
}

static enum view_result take_best(const struct lab_state *state, const struct view_context *context) {
    const struct lab_view *lab = lab_shown(state, context->snapshot);
    int64_t row = state->rows[EXPERIMENT_SWEEP].row;
    enum status status = STATUS_OK;
    if (!lab || lab->plan->kind != EXPERIMENT_SWEEP || state->trial_count == 0)
        return view_say(context, "show a sweep that has ended runs first");
    size_t slot = state->trials[row < (int64_t)state->trial_count ? row : 0];
    size_t trial = slot / experiment_rungs(lab->plan);
    for (size_t i = 0; i < lab->plan->axis_count && !status; i++) {
        char text[PARAM_TEXT_SIZE];
        experiment_value(lab->plan, trial, i, text);
        status = session_set(context->session, lab->plan->axes[i].name, text, &context->wish->error);
    }
    if (!status)
        snprintf(context->wish->message, sizeof context->wish->message, "the values of trial %zu are set in Model",
                 trial);
    return view_acted(context, status);
}

static enum view_result put(struct lab_state *state, const struct view_context *context, const struct param *param,
                            const char *text) {
    return view_acted(context,
                params_set(lab_table(state), lab_options(state), param->name, text, &context->wish->error));
}

static enum view_result field(struct lab_state *state, const struct view_context *context, enum request wanted) {
    const struct param *param = &lab_table(state)->rows[state->form.chosen];
    char text[PARAM_TEXT_SIZE];
    struct form_data data;
    if (lab_shown(state, context->snapshot))
        return VIEW_HANDLED;
    if (wanted == REQUEST_FIELD_DEFAULT)
        return put(state, context, param, param->fallback);
    if (wanted != REQUEST_FIELD_EDIT)
        return put(state, context, param,
                   params_nudge(param, lab_options(state), wanted == REQUEST_FIELD_UP ? 1 : -1, text));
    struct form_model model = form_model(&data, state);
    form_edit_begin(&state->form, &model);
    return VIEW_REDRAW;
}

static enum view_result move(struct lab_state *state, const struct view_context *context, enum request wanted) {
    const struct lab_view *lab = lab_shown(state, context->snapshot);
    struct lab_places at = lab_layout(state, lab, context->area);
    struct form_data data;
    struct lab_sweep_data sweep;
    if (!lab) {
        struct form_model model = form_model(&data, state);
        return form_request(&state->form, &model, form_rect(at.left), wanted) ? VIEW_REDRAW : VIEW_PASS;
    }
    struct table_view_model model = state->page == EXPERIMENT_RACE ? lab_race_table(lab) : lab_sweep_table(&sweep, state, lab);
    return table_view_request(&state->rows[state->page], &model, rect_inset(at.table, 1, 1), context->ascii, wanted)
               ? VIEW_REDRAW
               : VIEW_PASS;
}

static enum view_result request(void *view_state, const struct view_context *context, enum request wanted) {
    struct lab_state *state = view_state;
    switch (wanted) {
    case REQUEST_NEXT_PANE:
    case REQUEST_PREVIOUS_PANE:
        state->page = state->page == EXPERIMENT_RACE ? EXPERIMENT_SWEEP : EXPERIMENT_RACE;
        state->form.chosen = state->form.top = 0;
        return VIEW_REDRAW;
    case REQUEST_LAB_GO:
        return go(state, context);
    case REQUEST_LAB_NEW:
        state->asking = !state->asking;
        return VIEW_REDRAW;
    case REQUEST_LAB_OLDER:
        return show(state, context, -1);
    case REQUEST_LAB_NEWER:
        return show(state, context, 1);
    case REQUEST_LAB_BEST:
        return take_best(state, context);
    case REQUEST_X_AXIS:
        state->x_axis = (state->x_axis + 1) % LAB_X_COUNT;
        return VIEW_REDRAW;
    case REQUEST_LOG_AXIS:
        state->log_y = !state->log_y;
        return VIEW_REDRAW;
    case REQUEST_FIELD_EDIT:
    case REQUEST_FIELD_UP:
    case REQUEST_FIELD_DOWN:
    case REQUEST_FIELD_DEFAULT:
        return field(state, context, wanted);
    default:
        return move(state, context, wanted);
    }
}

static enum view_result edit(struct lab_state *state, const struct input_event *input) {
    const struct param *param = &lab_table(state)->rows[state->form.chosen];
    enum prompt_result result = form_event(&state->form, input);
    struct error error = {0};
    union {
        double aligned;
        char bytes[1024];
    } trial;
    memcpy(trial.bytes, lab_options(state), lab_table(state)->struct_size);
    if (result == PROMPT_CHANGED)
        params_set(lab_table(state), trial.bytes, param->name, state->form.edit.text, &error);
    else if (result == PROMPT_ACCEPT &&
             !params_set(lab_table(state), lab_options(state), param->name, state->form.edit.text, &error))
        state->form.editing = false;
    snprintf(state->form.error, sizeof state->form.error, "%.250s", error.text);
    return VIEW_REDRAW;
}

static enum view_result event(void *view_state, const struct view_context *context, const struct input_event *input) {
    struct lab_state *state = view_state;
    const struct lab_view *lab = lab_shown(state, context->snapshot);
    struct lab_places at = lab_layout(state, lab, context->area);
    struct form_data data;
    struct lab_sweep_data sweep;
    if (state->form.editing)
        return edit(state, input);
    if (input->type != INPUT_MOUSE)
        return VIEW_PASS;
    if (!lab) {
        struct form_model model = form_model(&data, state);
        if (input->mouse == MOUSE_WHEEL_DOWN || input->mouse == MOUSE_WHEEL_UP)
            return move(state, context, input->mouse == MOUSE_WHEEL_DOWN ? REQUEST_DOWN : REQUEST_UP);
        size_t hit = 0;
        if (form_hit(&model, &state->form, form_rect(at.left), input->x, input->y, &hit))
            state->form.chosen = hit;
        return VIEW_REDRAW;
    }
    struct table_view_model model = state->page == EXPERIMENT_RACE ? lab_race_table(lab) : lab_sweep_table(&sweep, state, lab);
    return table_view_event(&state->rows[state->page], &model, rect_inset(at.table, 1, 1), context->ascii, input)
               ? VIEW_REDRAW
               : VIEW_HANDLED;
}

static bool modal(const void *view_state) {
    return ((const struct lab_state *)view_state)->form.editing;
}

static enum status open(void *view_state, struct session *session, struct error *error) {
    struct lab_state *state = view_state;
    (void)session;
    (void)error;
    params_defaults(&race_table, state->race.bytes);
    params_defaults(&sweep_table, state->sweep.bytes);
    snprintf(((struct sweep_options *)state->sweep.bytes)->over, PARAM_TEXT_SIZE, "lr=1e-3..1e-1,batch=16|32|64");
    return STATUS_OK;
}

static void close(void *view_state) {
    mem_free(((struct lab_state *)view_state)->trials);
}

const struct view view_lab = {
    .id = VIEW_LAB,
    .name = "lab",
    .title = "Lab",
    .min_width = 60,
    .min_height = 16,
    .state_size = sizeof(struct lab_state),
    .open = open,
    .close = close,
    .event = event,
    .request = request,
    .refresh = refresh,
    .modal = modal,
    .draw = draw,
};
