// The Prepare view: the steps of the pipeline on the left; on the right one column before and after the
// chosen step, or the ledger. Every edit fits the pipeline again.
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "views/prepare_parts.h"

enum prepare_asking { ASK_NOTHING, ASK_SAVE, ASK_LOAD, ASK_EXPORT };

struct prepare_state {
    size_t chosen; // step; number of steps = the line "add step"
    size_t column; // shown before and after
    bool ledger;
    struct table_view_state entries;
    struct compare compare;
    bool editing; // the form of the chosen step is open
    const struct step_kind *edited; // of that step: another may take its place, with other parameters
    struct form_state form;
    bool adding;
    struct palette_state palette;
    enum prepare_asking asking;
    struct prompt prompt;
    struct prompt_history history;
};

static size_t step_count(const struct snapshot *snapshot) {
    return snapshot->pipeline ? snapshot->pipeline->count : 0;
}

static const struct step *step_at(const struct snapshot *snapshot, size_t index) {
    return index < step_count(snapshot) ? snapshot->pipeline->steps[index] : NULL;
}

// ---- the form of one step -------------------------------------------------------------------------------

static void form_row(void *data, size_t index, struct form_row *out) {
    const struct step *step = data;
    const struct param *param = &step->kind->params->rows[index];
    out->label = param->label;
    params_get(param, step->settings, out->value);
    params_range_text(param, out->range);
    out->unit = param->unit;
    out->help = param->help;
    out->choices = param->type == PARAM_CHOICE ? param->choices : NULL;
}

static struct form_model form_model(const struct step *step) {
    return (struct form_model){.data = (void *)(uintptr_t)step, // the callback only reads it
                               .rows = step->kind->params ? step->kind->params->count : 0,
                               .row = form_row};
}

// ---- adding a step --------------------------------------------------------------------------------------

static bool kind_fits(const struct snapshot *snapshot, const struct step_kind *kind) {
    bool images = snapshot->dataset && snapshot->dataset->kind == DATASET_IMAGES;
    return kind->images == images;
}

static const struct step_kind *kind_at(const struct snapshot *snapshot, size_t index) {
    for (size_t i = 0; i < step_kind_count(); i++)
        if (kind_fits(snapshot, step_kind_at(i)) && index-- == 0)
            return step_kind_at(i);
    return NULL;
}

static void add_item(void *data, size_t index, struct palette_item *out) {
    const struct step_kind *kind = kind_at(data, index);
    out->text = kind->label;
    out->note = kind->name;
    out->help = kind->help;
}

static struct palette_model add_model(const struct snapshot *snapshot) {
    size_t count = 0;
    while (kind_at(snapshot, count))
        count++;
    return (struct palette_model){.data = (void *)(uintptr_t)snapshot, .count = count, .item = add_item};
}

// ---- drawing --------------------------------------------------------------------------------------------

struct prepare_rects {
    struct rect steps, form, right;
};

static struct prepare_rects rects(const struct prepare_state *state, struct rect area) {
    struct prepare_rects out = {.form = {0}};
    int left = area.width >= 120 ? 48 : area.width * 2 / 5;
    out.steps = rect_take_left(&area, left);
    out.right = area;
    if (state->editing)
        out.form = rect_take_bottom(&out.steps, out.steps.height * 3 / 5);
    return out;
}

static void draw_step(const struct prepare_state *state, const struct snapshot *snapshot, size_t index,
                      struct canvas *canvas, struct rect row) {
    const struct step *step = snapshot->pipeline->steps[index];
    bool here = state->chosen == index;
    struct style style = here ? style_on(INK_SELECTED_TEXT, INK_SELECTED) : style_ink(step->enabled ? INK_TEXT : INK_DIM);
    if (here)
        canvas_fill(canvas, row, style, ' ');
    canvas_text(canvas, row.x + 1, row.y, style_back(style_ink(step->enabled ? INK_GOOD : INK_DIM), style.bg),
                step->enabled ? "✓" : "·");
    int used = 4 + canvas_print(canvas, row.x + 3, row.y, style, "%zu %s", index + 1, step->kind->label);
    bool same = snapshot->fitted && index < snapshot->fitted->count && !snapshot->pipeline_stale &&
                snapshot->fitted->steps[index]->kind == step->kind;
    const char *summary = !step->enabled           ? "off"
                          : snapshot->pipeline_stale ? "…"
                          : same                     ? snapshot->fitted->steps[index]->summary
                                                     : "";
    int room = row.width - used - 1;
    if (room > 3)
        canvas_field(canvas, row.x + used, row.y, room, TEXT_RIGHT, style_back(style_ink(INK_NUMBER), style.bg), summary);
}

static void draw_steps(const struct prepare_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                       struct rect area) {
    char note[96] = "", rows[TEXT_NUMBER_SIZE];
    if (snapshot->source)
        snprintf(note, sizeof note, "fitted on %s training rows",
                 text_integer((int64_t)snapshot->source->part_count[PART_TRAIN], NUMBER_SCREEN, rows));
    struct rect inside = canvas_pane(canvas, area, !state->ledger || state->editing,
                                     snapshot->suggested ? "pipeline (suggested)" : "pipeline", note);
    size_t count = step_count(snapshot);
    size_t top = state->chosen >= (size_t)inside.height ? state->chosen - (size_t)inside.height + 1 : 0;
    for (size_t i = top; i <= count; i++) {
        struct rect row = rect_take_top(&inside, 1);
        if (rect_empty(row))
            return;
        if (i < count) {
            draw_step(state, snapshot, i, canvas, row);
            continue;
        }
        bool here = state->chosen == count;
        canvas_field(canvas, row.x, row.y, row.width, TEXT_LEFT,
                     here ? style_on(INK_SELECTED_TEXT, INK_SELECTED) : style_ink(INK_ACCENT), "   + add step");
    }
    rect_take_top(&inside, 1);
    if (snapshot->source_reason[0])
        canvas_wrap(canvas, rect_inset(inside, 1, 0), 0, style_ink(INK_WARNING), snapshot->source_reason);
    else if (snapshot->suggested && snapshot->pipeline_reasons[0])
        canvas_wrap(canvas, rect_inset(inside, 1, 0), 0, style_ink(INK_DIM), snapshot->pipeline_reasons);
}

static void draw_images(const struct snapshot *snapshot, struct canvas *canvas, struct rect area) {
    const struct prepared *prepared = snapshot->prepared;
    canvas_text(canvas, area.x, area.y, style_ink(INK_DIM), "channel      mean        sd     of v/255");
    if (!prepared)
        return;
    for (size_t i = 0; i < snapshot->dataset->images->channels; i++)
        canvas_print(canvas, area.x, area.y + 1 + (int)i, style_ink(INK_NUMBER), "%4zu     %9.5f %9.5f", i,
                     (double)prepared->pixel_mean[i], (double)prepared->pixel_sd[i]);
}

static void draw_right(const struct prepare_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                       struct rect area) {
    char title[160], note[96] = "";
    const struct step *step = step_at(snapshot, state->chosen);
    snprintf(title, sizeof title, "%s", state->ledger ? "ledger" : step ? step->kind->label : "whole pipeline");
    if (state->ledger && snapshot->prepared)
        snprintf(note, sizeof note, "%zu cells repaired, %zu rows dropped", snapshot->prepared->ledger.cells,
                 snapshot->prepared->ledger.rows);
    else if (step && !step->kind->reversible)
        snprintf(note, sizeof note, "not reversible");
    struct rect inside = canvas_pane(canvas, area, state->ledger, title, note);
    if (state->ledger && snapshot->prepared) {
        struct table_view_model model = ledger_model(snapshot);
        table_view_draw(canvas, inside, &model, &state->entries, true);
        return;
    }
    inside = rect_inset(inside, 1, 0);
    if (snapshot->dataset && snapshot->dataset->kind == DATASET_IMAGES)
        draw_images(snapshot, canvas, inside);
    else
        compare_draw(&state->compare, snapshot, state->chosen, state->column, canvas, inside);
}

static void draw_overlays(const struct prepare_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                          struct rect area) {
    static const char *const labels[] = {[ASK_NOTHING] = "",
                                         [ASK_SAVE] = "save the recipe as: ",
                                         [ASK_LOAD] = "read the recipe from: ",
                                         [ASK_EXPORT] = "write the prepared rows to: "};
    if (state->adding) {
        struct palette_model model = add_model(snapshot);
        palette_draw(canvas, rect_center(area, 72, 16), "add a step", &model, &state->palette);
    }
    if (state->asking == ASK_NOTHING)
        return;
    struct rect row = rect_take_bottom(&area, 1);
    canvas_fill(canvas, row, style_on(INK_TEXT, INK_FIELD), ' ');
    prompt_draw(canvas, row, labels[state->asking], &state->prompt);
}

static void draw(const void *view_state, const struct snapshot *snapshot, struct canvas *canvas, struct rect area) {
    const struct prepare_state *state = view_state;
    struct prepare_rects at = rects(state, area);
    if (!snapshot->dataset) {
        canvas_wrap(canvas, rect_center(area, 54, 2), 0, style_ink(INK_DIM), "Open a data set first: 1 goes to Data.");
        return;
    }
    draw_steps(state, snapshot, canvas, at.steps);
    const struct step *step = step_at(snapshot, state->chosen);
    if (state->editing && step) {
        struct form_model model = form_model(step);
        struct rect inside = canvas_pane(canvas, at.form, true, step->kind->label, "Esc closes");
        form_draw(canvas, inside, &model, &state->form, true);
    }
    draw_right(state, snapshot, canvas, at.right);
    draw_overlays(state, snapshot, canvas, area);
}

// ---- acting ---------------------------------------------------------------------------------------------

static void choose(struct prepare_state *state, const struct snapshot *snapshot, size_t step) {
    state->chosen = step > step_count(snapshot) ? step_count(snapshot) : step;
    state->column = compare_first_changed(snapshot, state->chosen);
}

static void refresh(void *view_state, const struct snapshot *snapshot) {
    struct prepare_state *state = view_state;
    const struct table *before, *after;
    if (state->chosen > step_count(snapshot))
        state->chosen = step_count(snapshot);
    const struct step *step = step_at(snapshot, state->chosen);
    if (state->editing && (!step || step->kind != state->edited))
        state->editing = state->form.editing = false;
    if (compare_stages(snapshot, state->chosen, &before, &after) && state->column >= before->column_count)
        state->column = compare_first_changed(snapshot, state->chosen);
    compare_refresh(&state->compare, snapshot, state->chosen, state->column);
}

static void ask(struct prepare_state *state, enum prepare_asking asking, const char *text) {
    state->asking = asking;
    state->prompt = (struct prompt){0};
    prompt_set(&state->prompt, text);
}

static enum view_result begin_add(struct prepare_state *state, const struct snapshot *snapshot) {
    struct palette_model model = add_model(snapshot);
    state->adding = true;
    state->palette = (struct palette_state){0};
    palette_open(&state->palette, &model);
    return VIEW_REDRAW;
}

static enum view_result begin_edit(struct prepare_state *state, const struct view_context *context) {
    const struct step *step = step_at(context->snapshot, state->chosen);
    if (!step)
        return begin_add(state, context->snapshot);
    if (!step->kind->params || step->kind->params->count == 0) {
        snprintf(context->wish->message, sizeof context->wish->message, "%s has no parameters", step->kind->label);
        return VIEW_REDRAW;
    }
    state->editing = true;
    state->edited = step->kind;
    state->form = (struct form_state){0};
    return VIEW_REDRAW;
}

static enum view_result move(struct prepare_state *state, const struct view_context *context, enum request wanted) {
    const struct snapshot *snapshot = context->snapshot;
    const struct table *before, *after;
    if (state->ledger) {
        struct table_view_model model = ledger_model(snapshot);
        struct rect inside = rect_inset(rects(state, context->area).right, 1, 1);
        return table_view_request(&state->entries, &model, inside, context->ascii, wanted) ? VIEW_REDRAW : VIEW_PASS;
    }
    if (wanted == REQUEST_DOWN || wanted == REQUEST_UP) {
        if (wanted == REQUEST_DOWN)
            choose(state, snapshot, state->chosen + 1);
        else if (state->chosen)
            choose(state, snapshot, state->chosen - 1);
        return VIEW_REDRAW;
    }
    if (!compare_stages(snapshot, state->chosen, &before, &after) || before->column_count == 0)
        return VIEW_PASS;
    if (wanted == REQUEST_RIGHT)
        state->column = (state->column + 1) % before->column_count;
    else if (wanted == REQUEST_LEFT)
        state->column = (state->column + before->column_count - 1) % before->column_count;
    else
        return VIEW_PASS;
    return VIEW_REDRAW;
}

static enum view_result back(struct prepare_state *state) {
    if (!state->ledger && !state->editing)
        return VIEW_PASS;
    if (state->editing)
        state->editing = false;
    else
        state->ledger = false;
    return VIEW_REDRAW;
}

static enum view_result request(void *view_state, const struct view_context *context, enum request wanted) {
    struct prepare_state *state = view_state;
    struct session *session = context->session;
    struct error *error = &context->wish->error;
    size_t count = step_count(context->snapshot);
    bool on_step = state->chosen < count;
    if (!context->snapshot->dataset)
        return VIEW_PASS;
    switch (wanted) {
    case REQUEST_STEP_ADD:
        return begin_add(state, context->snapshot);
    case REQUEST_STEP_EDIT:
        return begin_edit(state, context);
    case REQUEST_STEP_REMOVE:
        return on_step ? view_acted(context, session_step_remove(session, state->chosen, error)) : VIEW_HANDLED;
    case REQUEST_STEP_SWITCH:
        return on_step ? view_acted(context, session_step_switch(session, state->chosen, error)) : VIEW_HANDLED;
    case REQUEST_STEP_EARLIER:
        if (!on_step || state->chosen == 0)
            return VIEW_HANDLED;
        state->chosen--;
        return view_acted(context, session_step_move(session, state->chosen + 1, state->chosen, error));
    case REQUEST_STEP_LATER:
        if (state->chosen + 1 >= count)
            return VIEW_HANDLED;
        state->chosen++;
        return view_acted(context, session_step_move(session, state->chosen - 1, state->chosen, error));
    case REQUEST_STEP_SUGGEST:
        return view_acted(context, session_suggest(session, false, error));
    case REQUEST_LEDGER:
    case REQUEST_NEXT_PANE:
    case REQUEST_PREVIOUS_PANE:
        state->ledger = !state->ledger;
        return VIEW_REDRAW;
    case REQUEST_SAVE_RECIPE:
        ask(state, ASK_SAVE, "recipe.json");
        return VIEW_REDRAW;
    case REQUEST_LOAD_RECIPE:
        ask(state, ASK_LOAD, "recipe.json");
        return VIEW_REDRAW;
    case REQUEST_EXPORT_CSV:
        ask(state, ASK_EXPORT, "prepared.csv");
        return VIEW_REDRAW;
    case REQUEST_BACK:
        return back(state);
    default:
        return move(state, context, wanted);
    }
}

static enum view_result add_event(struct prepare_state *state, const struct view_context *context,
                                  const struct input_event *input) {
    struct palette_model model = add_model(context->snapshot);
    enum palette_result result = palette_event(&state->palette, &model, input);
    if (result == PALETTE_CANCEL)
        state->adding = false;
    if (result != PALETTE_ACCEPT)
        return VIEW_REDRAW;
    const struct step_kind *kind = kind_at(context->snapshot, palette_choice(&state->palette, &model));
    state->adding = false;
    if (!kind)
        return VIEW_REDRAW;
    return view_acted(context, session_step_insert(context->session, state->chosen, kind->name, &context->wish->error));
}

static enum view_result answer(struct prepare_state *state, const struct view_context *context) {
    enum prepare_asking asking = state->asking;
    const char *path = state->prompt.text;
    struct error *error = &context->wish->error;
    enum status status;
    state->asking = ASK_NOTHING;
    prompt_remember(&state->history, path);
    if (asking == ASK_SAVE)
        status = session_save_recipe(context->session, path, error);
    else if (asking == ASK_LOAD)
        status = session_recipe(context->session, path, false, error);
    else
        status = session_export(context->session, path, error);
    if (!status && asking != ASK_LOAD)
        snprintf(context->wish->message, sizeof context->wish->message, "wrote %.200s", path);
    return view_acted(context, status);
}

// Enter stores the typed value of a step's parameter; a refusal stays beside the field.
static void form_store(struct prepare_state *state, const struct view_context *context, const char *text) {
    const struct step *step = step_at(context->snapshot, state->chosen);
    struct error error;
    const char *name = step->kind->params->rows[state->form.chosen].name;
    if (session_step_set(context->session, state->chosen, name, text, &error))
        snprintf(state->form.error, sizeof state->form.error, "%.250s", error.text);
    else
        state->form.editing = false;
}

static enum view_result form_input(struct prepare_state *state, const struct view_context *context,
                                   const struct input_event *input) {
    const struct step *step = step_at(context->snapshot, state->chosen);
    struct form_model model = form_model(step);
    struct rect inside = rect_inset(rects(state, context->area).form, 1, 1);
    if (state->form.editing) {
        if (form_event(&state->form, input) == PROMPT_ACCEPT)
            form_store(state, context, state->form.edit.text);
        return VIEW_REDRAW;
    }
    if (input->type != INPUT_KEY)
        return VIEW_HANDLED;
    const struct param *param = &step->kind->params->rows[state->form.chosen];
    char text[PARAM_TEXT_SIZE];
    int direction = input->code == CODE_RIGHT || input->code == '+' ? 1
                    : input->code == CODE_LEFT || input->code == '-' ? -1
                                                                     : 0;
    if (direction)
        form_store(state, context, params_nudge(param, step->settings, direction, text));
    else if (input->code == CODE_ENTER || input->code == 'e')
        form_edit_begin(&state->form, &model);
    else if (input->code == CODE_ESCAPE || input->code == 'q')
        state->editing = false;
    else
        form_request(&state->form, &model, inside, request_of_key(VIEW_PREPARE, input));
    return VIEW_REDRAW;
}

static enum view_result event(void *view_state, const struct view_context *context, const struct input_event *input) {
    struct prepare_state *state = view_state;
    refresh(state, context->snapshot);
    if (state->adding)
        return add_event(state, context, input);
    if (state->asking != ASK_NOTHING) {
        enum prompt_result result = prompt_event(&state->prompt, &state->history, input);
        if (result == PROMPT_CANCEL)
            state->asking = ASK_NOTHING;
        return result == PROMPT_ACCEPT ? answer(state, context) : VIEW_REDRAW;
    }
    if (state->editing)
        return form_input(state, context, input);
    if (input->type != INPUT_MOUSE)
        return VIEW_PASS;
    struct rect steps = rect_inset(rects(state, context->area).steps, 1, 1);
    if (input->mouse == MOUSE_PRESS && rect_contains(steps, input->x, input->y))
        choose(state, context->snapshot, (size_t)(input->y - steps.y));
    else if (input->mouse == MOUSE_WHEEL_DOWN || input->mouse == MOUSE_WHEEL_UP)
        return move(state, context, input->mouse == MOUSE_WHEEL_DOWN ? REQUEST_DOWN : REQUEST_UP);
    return VIEW_REDRAW;
}

static bool modal(const void *view_state) {
    const struct prepare_state *state = view_state;
    return state->editing || state->adding || state->asking != ASK_NOTHING;
}

static void close_view(void *view_state) {
    compare_clear(&((struct prepare_state *)view_state)->compare);
}

const struct view view_prepare = {
    .id = VIEW_PREPARE,
    .name = "prepare",
    .title = "Prepare",
    .min_width = 60,
    .min_height = 12,
    .state_size = sizeof(struct prepare_state),
    .close = close_view,
    .event = event,
    .request = request,
    .refresh = refresh,
    .modal = modal,
    .draw = draw,
};
