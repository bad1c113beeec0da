// The pages of a race and of a sweep: a form until something was begun or is shown, then its results.
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "views/lab_parts.h"

// ---- what is shown ----------------------------------------------------------------------------------------

enum experiment_kind lab_kind(const struct lab_state *state) {
    return state->page == LAB_SWEEP ? EXPERIMENT_SWEEP : EXPERIMENT_RACE;
}

const struct lab_view *lab_shown(const struct lab_state *state, const struct snapshot *snapshot) {
    const struct lab_view *lab = snapshot->lab;
    return lab && lab->plan->kind == lab_kind(state) && !state->asking ? lab : NULL;
}

static const struct param_table *table_of(const struct lab_state *state) {
    return lab_kind(state) == EXPERIMENT_RACE ? &race_table : &sweep_table;
}

static void *options(struct lab_state *state) {
    return lab_kind(state) == EXPERIMENT_RACE ? state->race.bytes : state->sweep.bytes;
}

static const void *options_of(const struct lab_state *state) {
    return lab_kind(state) == EXPERIMENT_RACE ? state->race.bytes : state->sweep.bytes;
}

struct lab_places lab_layout(const struct lab_view *lab, struct rect area) {
    struct lab_places at = {.left = area};
    if (!lab)
        return at;
    int rows = lab->plan->kind == EXPERIMENT_RACE ? (int)lab->row_count + 3 : area.height / 2;
    int most = area.height / 2;
    at.table = rect_take_bottom(&area, rows < most ? rows : most);
    at.right = rect_take_right(&area, area.width * 2 / 5);
    at.left = area;
    if (lab->plan->kind == EXPERIMENT_SWEEP && at.right.height >= (int)lab->plan->axis_count + 8)
        at.lower_right = rect_take_bottom(&at.right, (int)lab->plan->axis_count + 2);
    return at;
}

// ---- drawing ------------------------------------------------------------------------------------------------

static int head(const struct lab_state *state, const struct snapshot *snapshot, struct canvas *canvas, int x, int y) {
    const struct lab_view *lab = lab_shown(state, snapshot);
    int from = x;
    if (!lab || !canvas)
        return lab != NULL;
    x += canvas_print(canvas, x, y, style_ink(INK_TEXT), "group %lld · %s · ", (long long)lab->id, lab->name);
    if (lab->plan->kind == EXPERIMENT_SWEEP)
        x += canvas_print(canvas, x, y, style_ink(INK_DIM), "%s · ", sweep_method_name(lab->plan->method));
    else
        x += canvas_print(canvas, x, y, style_ink(INK_DIM), "rule %s · ", rate_rule_name(lab->plan->rule));
    x += canvas_print(canvas, x, y, style_bold(INK_NUMBER), "%zu/%zu", lab->done + lab->failed, lab->count);
    x += canvas_text(canvas, x, y, style_ink(INK_DIM), " runs");
    if (lab->failed > 0)
        x += canvas_print(canvas, x, y, style_ink(INK_ERROR), " · %zu failed", lab->failed);
    const char *word = lab->active ? "at work" : text_equal(lab->state, "done") ? "done" : "stopped: Space goes on";
    return x + canvas_print(canvas, x, y, style_ink(lab->active ? INK_GOOD : INK_DIM), " · %s", word) - from;
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
    const struct param *param = &table_of(form->state)->rows[index];
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
    params_defaults(table_of(state), data->defaults.bytes);
    return (struct form_model){.data = data, .rows = table_of(state)->count, .row = form_row};
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
    struct rect inside = canvas_pane(canvas, pane, true, titles[lab_kind(state)], "Space begins");
    struct rect form = form_rect(pane), below = inside;
    form_draw(canvas, form, &model, &state->form, true);
    rect_take_top(&below, form.height);
    char text[512];
    snprintf(text, sizeof text,
             "Everything else is as in Model: %s, %lld epochs, learning rate %.4g, batch %lld%s. Every run is kept "
             "under Runs; what is stopped can be gone on with.",
             snapshot->params->model, (long long)snapshot->params->epochs, snapshot->params->lr,
             (long long)snapshot->params->batch,
             lab_kind(state) == EXPERIMENT_RACE ? " (where a rule for the rate counts from)" : "");
    if (!snapshot->source)
        snprintf(text, sizeof text, "%s", snapshot->source_reason[0] ? snapshot->source_reason
                                                                    : "Open a data set first: 1 goes to Data.");
    if (below.height > 0)
        canvas_wrap(canvas, rect_inset(below, 1, 0), 0, style_ink(snapshot->source ? INK_DIM : INK_WARNING), text);
}

static void draw(const struct lab_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                 struct rect area) {
    const struct lab_view *lab = lab_shown(state, snapshot);
    struct lab_places at = lab_layout(lab, area);
    if (!lab)
        draw_form(state, snapshot, canvas, at.left);
    else if (lab_kind(state) == EXPERIMENT_RACE)
        lab_race_draw(state, snapshot, lab, canvas, &at);
    else
        lab_sweep_draw(state, lab, canvas, &at);
}

static void refresh(struct lab_state *state, const struct snapshot *snapshot) {
    const struct lab_view *lab = lab_shown(state, snapshot);
    state->series = state->trial_count = 0;
    if (lab && lab_kind(state) == EXPERIMENT_RACE)
        lab_race_refresh(state, snapshot, lab);
    else if (lab)
        lab_sweep_refresh(state, lab);
}

// ---- keys -------------------------------------------------------------------------------------------------------

static enum view_result begin(struct lab_state *state, const struct view_context *context) {
    struct experiment plan = experiment_usual(lab_kind(state));
    struct error *error = &context->wish->error;
    plan.base = *context->snapshot->params;
    enum status status = lab_kind(state) == EXPERIMENT_RACE
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
        lab_go(state, session_snapshot(context->session)->lab->plan->kind == EXPERIMENT_RACE ? LAB_RACE : LAB_SWEEP);
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
                params_set(table_of(state), options(state), param->name, text, &context->wish->error));
}

static enum view_result field(struct lab_state *state, const struct view_context *context, enum request wanted) {
    const struct param *param = &table_of(state)->rows[state->form.chosen];
    char text[PARAM_TEXT_SIZE];
    struct form_data data;
    if (lab_shown(state, context->snapshot))
        return VIEW_HANDLED;
    if (wanted == REQUEST_FIELD_DEFAULT)
        return put(state, context, param, param->fallback);
    if (wanted != REQUEST_LAB_ENTER)
        return put(state, context, param,
                   params_nudge(param, options(state), wanted == REQUEST_FIELD_UP ? 1 : -1, text));
    struct form_model model = form_model(&data, state);
    form_edit_begin(&state->form, &model);
    return VIEW_REDRAW;
}

static enum view_result move(struct lab_state *state, const struct view_context *context, enum request wanted) {
    const struct lab_view *lab = lab_shown(state, context->snapshot);
    struct lab_places at = lab_layout(lab, lab_room(context->area));
    struct form_data data;
    struct lab_sweep_data sweep;
    if (!lab) {
        struct form_model model = form_model(&data, state);
        return form_request(&state->form, &model, form_rect(at.left), wanted) ? VIEW_REDRAW : VIEW_PASS;
    }
    struct table_view_model model = lab_kind(state) == EXPERIMENT_RACE ? lab_race_table(lab) : lab_sweep_table(&sweep, state, lab);
    return table_view_request(&state->rows[lab_kind(state)], &model, rect_inset(at.table, 1, 1), context->ascii, wanted)
               ? VIEW_REDRAW
               : VIEW_PASS;
}

static enum view_result request(struct lab_state *state, const struct view_context *context, enum request wanted) {
    switch (wanted) {
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
    case REQUEST_LAB_ENTER:
    case REQUEST_FIELD_UP:
    case REQUEST_FIELD_DOWN:
    case REQUEST_FIELD_DEFAULT:
        return field(state, context, wanted);
    default:
        return move(state, context, wanted);
    }
}

static enum view_result edit(struct lab_state *state, const struct input_event *input) {
    const struct param *param = &table_of(state)->rows[state->form.chosen];
    enum prompt_result result = form_event(&state->form, input);
    struct error error = {0};
    union {
        double aligned;
        char bytes[1024];
    } trial;
    memcpy(trial.bytes, options(state), table_of(state)->struct_size);
    if (result == PROMPT_CHANGED)
        params_set(table_of(state), trial.bytes, param->name, state->form.edit.text, &error);
    else if (result == PROMPT_ACCEPT &&
             !params_set(table_of(state), options(state), param->name, state->form.edit.text, &error))
        state->form.editing = false;
    snprintf(state->form.error, sizeof state->form.error, "%.250s", error.text);
    return VIEW_REDRAW;
}

static enum view_result event(struct lab_state *state, const struct view_context *context,
                              const struct input_event *input) {
    const struct lab_view *lab = lab_shown(state, context->snapshot);
    struct lab_places at = lab_layout(lab, lab_room(context->area));
    struct form_data data;
    struct lab_sweep_data sweep;
    if (state->form.editing)
        return edit(state, input);
    if (!lab) {
        struct form_model model = form_model(&data, state);
        if (input->mouse == MOUSE_WHEEL_DOWN || input->mouse == MOUSE_WHEEL_UP)
            return move(state, context, input->mouse == MOUSE_WHEEL_DOWN ? REQUEST_DOWN : REQUEST_UP);
        size_t hit = 0;
        if (form_hit(&model, &state->form, form_rect(at.left), input->x, input->y, &hit))
            state->form.chosen = hit;
        return VIEW_REDRAW;
    }
    struct table_view_model model = lab_kind(state) == EXPERIMENT_RACE ? lab_race_table(lab) : lab_sweep_table(&sweep, state, lab);
    return table_view_event(&state->rows[lab_kind(state)], &model, rect_inset(at.table, 1, 1), context->ascii, input)
               ? VIEW_REDRAW
               : VIEW_HANDLED;
}

static bool modal(const struct lab_state *state) {
    return state->form.editing;
}

void lab_group_open(struct lab_state *state) {
    params_defaults(&race_table, state->race.bytes);
    params_defaults(&sweep_table, state->sweep.bytes);
    snprintf(((struct sweep_options *)state->sweep.bytes)->over, PARAM_TEXT_SIZE, "lr=1e-3..1e-1,batch=16|32|64");
}

// ---- the two pages --------------------------------------------------------------------------------------------

static const char *at_work(const struct snapshot *snapshot, enum experiment_kind kind) {
    return snapshot->lab && snapshot->lab->active && snapshot->lab->plan->kind == kind ? "at work" : NULL;
}

static const char *race_busy(const struct snapshot *snapshot) {
    return at_work(snapshot, EXPERIMENT_RACE);
}

static const char *sweep_busy(const struct snapshot *snapshot) {
    return at_work(snapshot, EXPERIMENT_SWEEP);
}

const struct lab_page lab_page_race = {
    .name = "race",
    .title = "race of batch sizes",
    .about = "One seed under several batch sizes: steps, samples and seconds to a loss.",
    .head = head,
    .refresh = refresh,
    .draw = draw,
    .request = request,
    .event = event,
    .modal = modal,
    .busy = race_busy,
};

const struct lab_page lab_page_sweep = {
    .name = "sweep",
    .title = "sweep over parameters",
    .about = "Many combinations: the best one, and which parameters matter.",
    .head = head,
    .refresh = refresh,
    .draw = draw,
    .request = request,
    .event = event,
    .modal = modal,
    .busy = sweep_busy,
};
