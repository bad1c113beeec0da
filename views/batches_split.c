// Which rows train, validate and test, in which shares of classes; and the form of what decides it.
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "views/batches_parts.h"
#include "views/widgets/gauge.h"

static const char *const part_names[] = {
    [PART_TRAIN] = "train", [PART_VALIDATION] = "validation", [PART_TEST] = "test"};
static const enum ink part_inks[] = {
    [PART_TRAIN] = INK_TRAINING, [PART_VALIDATION] = INK_VALIDATION, [PART_TEST] = INK_TEST};

static const char *describe(const struct snapshot *snapshot) {
    return snapshot->split ? snapshot->split->how : "";
}

static size_t rows_of(const struct batch_plan *plan, int part) {
    return plan->source->part_count[part];
}

static size_t all_rows(const struct batch_plan *plan) {
    return rows_of(plan, PART_TRAIN) + rows_of(plan, PART_VALIDATION) + rows_of(plan, PART_TEST);
}

void batches_split_line(const struct snapshot *snapshot, const struct batch_plan *plan, struct canvas *canvas,
                        struct rect row, int x) {
    char count[TEXT_NUMBER_SIZE], share[TEXT_NUMBER_SIZE];
    struct rect old = canvas_clip(canvas, row);
    for (int part = 0; part < PART_COUNT; part++) {
        if (!rows_of(plan, part))
            continue;
        x += canvas_print(canvas, x, row.y, style_ink(part_inks[part]), "%s ", part_names[part]);
        x += canvas_text(canvas, x, row.y, style_bold(INK_NUMBER),
                         text_integer((int64_t)rows_of(plan, part), NUMBER_SCREEN, count));
        x += canvas_print(canvas, x, row.y, style_ink(INK_DIM), " (%s)  ",
                          text_percent((double)rows_of(plan, part) / (double)all_rows(plan), 0, NUMBER_SCREEN, share));
    }
    canvas_field(canvas, x, row.y, row.x + row.width - x - 1, TEXT_LEFT, style_ink(INK_DIM), describe(snapshot));
    canvas_unclip(canvas, old);
}

// Shares side by side with a letter in each part that has room for it.
static void draw_shares(const struct batch_plan *plan, int part, struct canvas *canvas, struct rect row) {
    size_t sum = 0, rows = rows_of(plan, part);
    for (size_t i = 0; i < plan->slot_count && rows; i++) {
        int from = (int)((double)sum / (double)rows * row.width + 0.5);
        sum += plan->slots[i].counts[part];
        int to = (int)((double)sum / (double)rows * row.width + 0.5);
        color ink = batches_color(plan, i);
        bool letters = canvas->ascii || canvas->mono;
        for (int x = from; x < to; x++)
            canvas_put(canvas, row.x + x, row.y, (struct style){.fg = ink}, letters ? 'a' + (uint32_t)i : 0x2588);
        if (!letters && to - from >= 3)
            canvas_put(canvas, row.x + (from + to) / 2, row.y, batches_on(plan, i), 'a' + (uint32_t)i);
    }
}

void batches_split_draw(const struct snapshot *snapshot, const struct batch_plan *plan, struct canvas *canvas,
                        struct rect area) {
    char number[TEXT_NUMBER_SIZE], note[256];
    snprintf(note, sizeof note, "%s · seed %lld", describe(snapshot), (long long)snapshot->params->seed);
    struct rect inside = rect_inset(canvas_pane(canvas, area, false, "split", note), 1, 0);
    for (int part = 0; part < PART_COUNT && !rect_empty(inside); part++) {
        struct rect row = rect_take_top(&inside, 1);
        size_t rows = rows_of(plan, part);
        canvas_field(canvas, row.x, row.y, 11, TEXT_LEFT, style_bold(part_inks[part]), part_names[part]);
        canvas_field(canvas, row.x + 11, row.y, 10, TEXT_RIGHT, style_bold(INK_NUMBER),
                     text_integer((int64_t)rows, NUMBER_SCREEN, number));
        canvas_field(canvas, row.x + 21, row.y, 8, TEXT_RIGHT, style_ink(INK_DIM),
                     text_percent((double)rows / (double)all_rows(plan), 1, NUMBER_SCREEN, number));
        struct rect bar = {row.x + 31, row.y, row.width - 31, 1};
        if (rows)
            draw_shares(plan, part, canvas, bar);
        else
            canvas_text(canvas, bar.x, bar.y, style_ink(INK_FAINT), "no rows");
    }
}

// ---- the form -------------------------------------------------------------------------------------------

struct form_data {
    const struct snapshot *snapshot;
    struct train_params defaults;
};

static bool is_one_of(const char *name, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (text_equal(name, names[i]))
            return true;
    return false;
}

// What decides which rows come when, and for pictures how they are changed on the way.
static bool is_of_form(const struct param *row, bool images) {
    static const char *const elsewhere[] = {"target", "recipe"}, *const order[] = {"seed", "batch", "drop_last",
                                                                                   "epochs"};
    static const char *const pictures[] = {"crop_padding", "crop_fill",  "flip",    "translation",
                                           "cutout",       "brightness", "contrast"};
    if (text_equal(row->group, "data"))
        return !is_one_of(row->name, elsewhere, 2);
    return is_one_of(row->name, order, 4) ||
           (images && is_one_of(row->name, pictures, sizeof pictures / sizeof *pictures));
}

static bool of_images(const struct snapshot *snapshot) {
    return snapshot->dataset && snapshot->dataset->images;
}

// The index-th row of the form; NULL beyond its end.
static const struct param *param_of(const struct snapshot *snapshot, size_t index) {
    for (size_t i = 0; i < train_table.count; i++)
        if (is_of_form(&train_table.rows[i], of_images(snapshot)) && index-- == 0)
            return &train_table.rows[i];
    return NULL;
}

static size_t form_rows(const struct snapshot *snapshot) {
    size_t rows = 0;
    while (param_of(snapshot, rows))
        rows++;
    return rows;
}

static void form_row(void *data, size_t index, struct form_row *out) {
    const struct form_data *form = data;
    const struct param *param = param_of(form->snapshot, index);
    out->label = param->label;
    params_get(param, form->snapshot->params, out->value);
    params_range_text(param, out->range);
    out->unit = param->unit;
    out->help = param->help;
    out->choices = param->type == PARAM_CHOICE ? param->choices : NULL;
    out->changed = !params_equal(param, form->snapshot->params, &form->defaults);
    out->live = param->live;
    out->disabled = batches_alive(form->snapshot) && !param->live;
}

static struct form_model form_model(struct form_data *data, const struct snapshot *snapshot) {
    data->snapshot = snapshot;
    params_defaults(&train_table, &data->defaults);
    return (struct form_model){.data = data, .rows = form_rows(snapshot), .row = form_row};
}

static struct rect form_box(const struct snapshot *snapshot, struct rect area) {
    return rect_center(area, 66, (int)form_rows(snapshot) + 6);
}

void batches_form_draw(const struct batches_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                       struct rect area) {
    struct form_data data;
    struct form_model model = form_model(&data, snapshot);
    struct rect box = form_box(snapshot, area);
    canvas_fill(canvas, box, style_ink(INK_DEFAULT), ' ');
    struct rect inside = canvas_pane(canvas, box, true, "split and shuffle", "Enter edit  ‹ › change  Esc close");
    form_draw(canvas, inside, &model, &state->form, true);
}

static enum view_result put(const struct view_context *context, const struct param *param, const char *text) {
    context->wish->failed = session_set(context->session, param->name, text, &context->wish->error) != STATUS_OK;
    return VIEW_REDRAW;
}

enum view_result batches_form_request(struct batches_state *state, const struct view_context *context,
                                      enum request request) {
    struct form_data data;
    struct form_model model = form_model(&data, context->snapshot);
    const struct param *param = param_of(context->snapshot, state->form.chosen);
    char text[PARAM_TEXT_SIZE];
    if (!param)
        return VIEW_HANDLED;
    switch (request) {
    case REQUEST_BACK:
    case REQUEST_SPLIT_FORM:
        state->form_shown = false;
        return VIEW_REDRAW;
    case REQUEST_BATCH_OPEN:
        form_edit_begin(&state->form, &model);
        state->edited = param;
        return VIEW_REDRAW;
    case REQUEST_LEFT:
    case REQUEST_RIGHT:
        return put(context, param,
                   params_nudge(param, context->snapshot->params, request == REQUEST_RIGHT ? 1 : -1, text));
    default:
        return form_request(&state->form, &model, rect_inset(form_box(context->snapshot, context->area), 1, 1), request)
                   ? VIEW_REDRAW
                   : VIEW_PASS;
    }
}

// What is typed is judged at once; Enter stores it or shows why not.
static enum view_result edit(struct batches_state *state, const struct view_context *context,
                             const struct input_event *input) {
    const struct param *param = state->edited;
    enum prompt_result result = form_event(&state->form, input);
    if (param != param_of(context->snapshot, state->form.chosen)) { // other data has another form
        state->form.editing = false;
        return VIEW_REDRAW;
    }
    struct train_params trial = *context->snapshot->params;
    struct error error = {0};
    if (result == PROMPT_CHANGED)
        params_set(&train_table, &trial, param->name, state->form.edit.text, &error);
    else if (result == PROMPT_ACCEPT && !session_set(context->session, param->name, state->form.edit.text, &error))
        state->form.editing = false;
    snprintf(state->form.error, sizeof state->form.error, "%.250s", error.text);
    return VIEW_REDRAW;
}

enum view_result batches_form_event(struct batches_state *state, const struct view_context *context,
                                    const struct input_event *input) {
    struct form_data data;
    struct form_model model = form_model(&data, context->snapshot);
    struct rect box = form_box(context->snapshot, context->area);
    if (state->form.editing)
        return edit(state, context, input);
    if (input->type != INPUT_MOUSE || input->mouse != MOUSE_PRESS)
        return VIEW_HANDLED;
    if (rect_contains(box, input->x, input->y))
        form_hit(&model, &state->form, rect_inset(box, 1, 1), input->x, input->y, &state->form.chosen);
    else
        state->form_shown = false;
    return VIEW_REDRAW;
}
