// The Batches view: the split, how an epoch's shuffle falls into batches, and what each batch size costs.
#include <stdio.h>
#include <string.h>

#include "views/batches_parts.h"

#define WIDE 120 // from here on everything stands side by side
#define SIDE_WIDTH 68

bool batches_alive(const struct snapshot *snapshot) {
    return snapshot->state == RUN_OPENING || snapshot->state == RUN_TRAINING || snapshot->state == RUN_PAUSED;
}

bool batches_cut(const struct batches_state *state, const struct snapshot *snapshot, struct batches_cut *cut) {
    const struct batch_plan *plan = snapshot->batches.plan;
    if (!plan || !snapshot->dataset)
        return false;
    size_t size = snapshot->params->batch > 0 ? (size_t)snapshot->params->batch : 1, rows = plan->rows;
    *cut =
        (struct batches_cut){.plan = plan, .size = size, .rest = rows % size, .dropped = snapshot->params->drop_last};
    cut->count = rows / size + (cut->rest > 0);
    cut->dropped = cut->dropped && rows >= size;
    cut->chosen = (state->position < rows ? state->position : rows - 1) / size;
    cut->from = cut->chosen * size;
    cut->to = cut->from + size < rows ? cut->from + size : rows;
    return true;
}

// ---- layout ---------------------------------------------------------------------------------------------

struct batches_rects {
    bool wide;
    struct rect head, split, bars, chosen, pictures, figures, sizes, noise;
};

static struct batches_rects rects(struct rect area, const struct snapshot *snapshot) {
    struct batches_rects out = {.wide = area.width >= WIDE && area.height >= 24};
    bool images = snapshot->dataset && snapshot->dataset->images;
    int slots = snapshot->batches.plan ? (int)snapshot->batches.plan->slot_count : 0;
    out.head = rect_take_top(&area, 1);
    if (!out.wide) {
        out.sizes = area;
        out.chosen = rect_take_bottom(&area, area.height >= 28 ? 8 : area.height >= 18 ? 6 : 3);
        out.bars = area;
        return out;
    }
    struct rect side = rect_take_right(&area, SIDE_WIDTH);
    out.split = rect_take_top(&area, 5);
    if (images)
        out.pictures = rect_take_bottom(&area, area.height * 3 / 5);
    else
        out.chosen = rect_take_bottom(&area, slots + 2 < area.height / 3 ? slots + 2 : area.height / 3);
    out.bars = area;
    out.figures = rect_take_top(&side, 8);
    int sizes = (int)snapshot->batches.size_count + 3;
    out.sizes = rect_take_top(&side, sizes < side.height ? sizes : side.height);
    if (images)
        out.chosen = rect_take_top(&side, slots + 2 < side.height ? slots + 2 : side.height);
    if (side.height >= 8)
        out.noise = side;
    return out;
}

// Where the rows of a batch are shown when they are opened.
static struct rect rows_rect(const struct batches_rects *at) {
    if (!at->wide)
        return at->sizes;
    struct rect whole = at->bars;
    whole.height += at->pictures.height + (at->chosen.x == at->bars.x ? at->chosen.height : 0);
    return whole;
}

// ---- drawing --------------------------------------------------------------------------------------------

static void draw_nothing(const struct snapshot *snapshot, struct canvas *canvas, struct rect area) {
    char text[ERROR_TEXT_SIZE + 64];
    struct style style = style_ink(INK_DIM);
    if (!snapshot->dataset) {
        snprintf(text, sizeof text, "%s",
                 snapshot->job.active ? "Reading …"
                                      : "No data to cut into batches yet: 1 goes to Data, where o opens a file.");
    } else if (snapshot->batches.making || snapshot->pipeline_stale) {
        snprintf(text, sizeof text, "Shuffling …");
    } else {
        const char *why = snapshot->batches.reason[0] ? snapshot->batches.reason : snapshot->source_reason;
        snprintf(text, sizeof text, "There are no batches: %s", why);
        style = style_ink(INK_WARNING);
    }
    canvas_wrap(canvas, rect_center(area, 70, 4), 0, style, text);
}

static void draw_head(const struct snapshot *snapshot, const struct batch_plan *plan, struct canvas *canvas,
                      struct rect row, bool wide) {
    char rows[TEXT_NUMBER_SIZE];
    int x = row.x + 1;
    x += canvas_text(canvas, x, row.y, style_bold(INK_TITLE), snapshot->dataset->name) + 3;
    if (!wide) {
        batches_split_line(snapshot, plan, canvas, row, x);
        return;
    }
    x += canvas_print(canvas, x, row.y, style_ink(INK_TEXT), "%s rows to train on, shuffled anew every epoch   ",
                      text_integer((int64_t)plan->rows, NUMBER_SCREEN, rows));
    canvas_print(canvas, x, row.y, style_ink(INK_DIM), "%s%s", plan->ranges ? "colors: ranges of " : "colors: ",
                 plan->source->target_name ? plan->source->target_name : "class");
}

static void draw_bottom(const struct batches_state *state, const struct snapshot *snapshot,
                        const struct batches_cut *cut, struct canvas *canvas, struct rect area) {
    char title[128], a[TEXT_NUMBER_SIZE], b[TEXT_NUMBER_SIZE];
    const char *target = cut->plan->source->target_name;
    snprintf(title, sizeof title, "batch %s of %s · %.40s", text_integer((int64_t)cut->chosen + 1, NUMBER_SCREEN, a),
             text_integer((int64_t)cut->count, NUMBER_SCREEN, b), target ? target : "class");
    struct rect inside = rect_inset(canvas_pane(canvas, area, false, title, "t shows the batch sizes"), 1, 0);
    struct rect legend = inside;
    legend.height = legend.height > 1 ? legend.height - 1 : legend.height;
    rect_take_top(&inside, batches_legend_draw(cut, canvas, legend));
    batches_summary_draw(state, snapshot, cut, canvas, inside);
}

static void draw_narrow(const struct batches_state *state, const struct snapshot *snapshot,
                        const struct batches_cut *cut, const struct batches_rects *at, struct canvas *canvas) {
    if (state->opened) {
        batches_rows_draw(state, snapshot, cut, canvas, rows_rect(at));
    } else if (state->pane == BATCHES_SIZES) {
        batches_sizes_draw(state, snapshot, cut, canvas, at->sizes);
    } else {
        batches_bars_draw(state, snapshot, cut, canvas, at->bars);
        if (!rect_empty(at->chosen))
            draw_bottom(state, snapshot, cut, canvas, at->chosen);
    }
}

static void draw_wide(const struct batches_state *state, const struct snapshot *snapshot, const struct batches_cut *cut,
                      const struct batches_rects *at, struct canvas *canvas) {
    batches_split_draw(snapshot, cut->plan, canvas, at->split);
    batches_figures_draw(state, snapshot, cut, canvas, at->figures);
    batches_sizes_draw(state, snapshot, cut, canvas, at->sizes);
    bool beside = at->chosen.x != at->bars.x;
    if (!state->opened) {
        batches_bars_draw(state, snapshot, cut, canvas, at->bars);
        if (!rect_empty(at->pictures))
            batches_rows_draw(state, snapshot, cut, canvas, at->pictures);
    } else {
        batches_rows_draw(state, snapshot, cut, canvas, rows_rect(at));
    }
    if (!rect_empty(at->chosen) && (beside || !state->opened))
        batches_chosen_draw(cut, canvas, at->chosen);
    if (!rect_empty(at->noise))
        batches_noise_draw(snapshot, cut, canvas, at->noise);
}

static void draw(const void *view_state, const struct snapshot *snapshot, struct canvas *canvas, struct rect area) {
    const struct batches_state *state = view_state;
    struct batches_rects at = rects(area, snapshot);
    struct batches_cut cut;
    if (!batches_cut(state, snapshot, &cut)) {
        draw_nothing(snapshot, canvas, area);
    } else {
        draw_head(snapshot, cut.plan, canvas, at.head, at.wide);
        if (at.wide)
            draw_wide(state, snapshot, &cut, &at, canvas);
        else
            draw_narrow(state, snapshot, &cut, &at, canvas);
    }
    if (state->form_shown)
        batches_form_draw(state, snapshot, canvas, area);
}

// ---- acting ---------------------------------------------------------------------------------------------

static enum view_result go_epoch(const struct view_context *context, int by) {
    uint64_t epoch = context->snapshot->batches.epoch, last = (uint64_t)context->snapshot->params->epochs - 1;
    if ((by < 0 && epoch == 0) || (by > 0 && epoch >= last))
        return VIEW_HANDLED;
    return view_acted(context, session_plan_batches(context->session, by < 0 ? epoch - 1 : epoch + 1, &context->wish->error));
}

static enum view_result go_epoch_now(const struct view_context *context) {
    uint64_t epoch, last = (uint64_t)context->snapshot->params->epochs - 1;
    if (!batches_epoch_now(context->snapshot, &epoch))
        return view_say(context, "no run is alive whose epoch could be shown");
    return view_acted(context, session_plan_batches(context->session, epoch < last ? epoch : last, &context->wish->error));
}

static enum view_result go_batch(struct batches_state *state, const struct batches_cut *cut, int by) {
    if ((by < 0 && cut->chosen == 0) || (by > 0 && cut->chosen + 1 >= cut->count))
        return VIEW_HANDLED;
    state->position = by < 0 ? cut->from - cut->size : cut->from + cut->size;
    state->rows = (struct table_view_state){0};
    state->picture = 0;
    return VIEW_REDRAW;
}

static enum view_result switch_drop(const struct view_context *context) {
    const char *text = context->snapshot->params->drop_last ? "no" : "yes";
    return view_acted(context, session_set(context->session, "drop_last", text, &context->wish->error));
}

static enum view_result take_size(const struct batches_state *state, const struct view_context *context) {
    const struct batches_view *batches = &context->snapshot->batches;
    size_t row = (size_t)state->sizes.row;
    char text[32];
    if (row >= batches->size_count)
        return VIEW_HANDLED;
    snprintf(text, sizeof text, "%zu", batches->sizes[row].size);
    return view_acted(context, session_set(context->session, "batch", text, &context->wish->error));
}

// Into the batch, then on to the row in the data.
static enum view_result open_batch(struct batches_state *state, const struct view_context *context,
                                   const struct batches_cut *cut) {
    if (!state->opened && state->pane == BATCHES_SIZES)
        return take_size(state, context);
    if (!state->opened) {
        state->opened = true;
        return VIEW_REDRAW;
    }
    context->wish->go = VIEW_DATA;
    context->wish->has_row = true;
    context->wish->row = batches_row_origin(state, context->snapshot, cut);
    return VIEW_REDRAW;
}

static enum view_result switch_augmentation(struct batches_state *state, const struct view_context *context) {
    const char *message = "";
    if (!context->snapshot->dataset->images)
        message = "augmentation is for pictures; these are rows of a table";
    else if (!batch_plan_augments(context->snapshot->params))
        message = "pictures are not augmented: s sets crop, flip and more";
    snprintf(context->wish->message, sizeof context->wish->message, "%s", message);
    if (!message[0])
        state->plain = !state->plain;
    return VIEW_REDRAW;
}

static enum view_result switch_pane(struct batches_state *state, const struct snapshot *snapshot) {
    state->opened = false;
    state->pane = state->pane == BATCHES_BARS ? BATCHES_SIZES : BATCHES_BARS;
    for (size_t i = 0; i < snapshot->batches.size_count; i++)
        if (snapshot->batches.sizes[i].size == (size_t)snapshot->params->batch)
            state->sizes.row = (int64_t)i;
    return VIEW_REDRAW;
}

static enum view_result back(struct batches_state *state) {
    if (state->opened)
        state->opened = false;
    else if (state->pane == BATCHES_SIZES)
        state->pane = BATCHES_BARS;
    else
        return VIEW_PASS;
    return VIEW_REDRAW;
}

static enum view_result move(struct batches_state *state, const struct view_context *context,
                             const struct batches_cut *cut, enum request wanted) {
    const struct snapshot *snapshot = context->snapshot;
    struct batches_rects at = rects(context->area, snapshot);
    bool moved;
    if (state->opened)
        moved = batches_rows_request(state, snapshot, cut, rows_rect(&at), context->ascii, wanted);
    else if (state->pane == BATCHES_SIZES)
        moved = batches_sizes_request(state, snapshot, cut, at.sizes, context->ascii, wanted);
    else
        moved = batches_bars_request(state, cut, at.bars, wanted);
    if (moved && !state->opened && state->pane == BATCHES_BARS) {
        state->rows = (struct table_view_state){0};
        state->picture = 0;
    }
    return moved ? VIEW_REDRAW : VIEW_PASS;
}

static enum view_result request_batch(struct batches_state *state, const struct view_context *context,
                                      const struct batches_cut *cut, enum request wanted) {
    switch (wanted) {
    case REQUEST_EPOCH_NEXT:
        return go_epoch(context, 1);
    case REQUEST_EPOCH_BEFORE:
        return go_epoch(context, -1);
    case REQUEST_EPOCH_NOW:
        return go_epoch_now(context);
    case REQUEST_BATCH_NEXT:
        return go_batch(state, cut, 1);
    case REQUEST_BATCH_BEFORE:
        return go_batch(state, cut, -1);
    case REQUEST_AUGMENT:
        return switch_augmentation(state, context);
    case REQUEST_BATCH_OPEN:
        return open_batch(state, context, cut);
    case REQUEST_BATCH_SIZES:
    case REQUEST_NEXT_PANE:
    case REQUEST_PREVIOUS_PANE:
        return switch_pane(state, context->snapshot);
    case REQUEST_BACK:
        return back(state);
    default:
        return move(state, context, cut, wanted);
    }
}

// Another data set: positions of the old one mean nothing.
static void meet(void *view_state, const struct snapshot *snapshot) {
    struct batches_state *state = view_state;
    batches_find_speeds(state, snapshot);
    if (state->seen == snapshot->dataset)
        return;
    state->seen = snapshot->dataset;
    state->position = state->first = state->picture = 0;
    state->rows = state->sizes = (struct table_view_state){0};
    state->opened = false;
}

static enum view_result request(void *view_state, const struct view_context *context, enum request wanted) {
    struct batches_state *state = view_state;
    struct batches_cut cut;
    meet(state, context->snapshot);
    if (wanted == REQUEST_BATCH_UP || wanted == REQUEST_BATCH_DOWN)
        return view_acted(context, session_nudge(context->session, "batch", wanted == REQUEST_BATCH_UP ? 1 : -1,
                                           &context->wish->error));
    if (wanted == REQUEST_DROP_LAST)
        return switch_drop(context);
    if (state->form_shown)
        return batches_form_request(state, context, wanted);
    if (wanted == REQUEST_SPLIT_FORM) {
        state->form_shown = true;
        return VIEW_REDRAW;
    }
    return batches_cut(state, context->snapshot, &cut) ? request_batch(state, context, &cut, wanted) : VIEW_PASS;
}

static enum view_result wheel(struct batches_state *state, const struct view_context *context,
                              const struct batches_cut *cut, bool down) {
    if (state->opened || state->pane == BATCHES_SIZES)
        return move(state, context, cut, down ? REQUEST_DOWN : REQUEST_UP);
    return move(state, context, cut, down ? REQUEST_RIGHT : REQUEST_LEFT);
}

static enum view_result press(struct batches_state *state, const struct view_context *context,
                              const struct batches_cut *cut, const struct input_event *input) {
    const struct snapshot *snapshot = context->snapshot;
    struct batches_rects at = rects(context->area, snapshot);
    bool sizes_seen = at.wide || (!state->opened && state->pane == BATCHES_SIZES);
    if (sizes_seen && rect_contains(at.sizes, input->x, input->y)) {
        if (state->pane != BATCHES_SIZES)
            switch_pane(state, snapshot);
        batches_sizes_event(state, snapshot, cut, at.sizes, context->ascii, input);
    } else if (state->opened) {
        batches_rows_event(state, snapshot, cut, rows_rect(&at), context->ascii, input);
    } else if (at.wide && rect_contains(at.pictures, input->x, input->y)) {
        if (batches_rows_event(state, snapshot, cut, at.pictures, context->ascii, input))
            state->opened = true;
    } else if (rect_contains(at.bars, input->x, input->y)) {
        state->pane = BATCHES_BARS;
        batches_bars_click(state, cut, at.bars, input->x);
    }
    return VIEW_REDRAW;
}

static enum view_result event(void *view_state, const struct view_context *context, const struct input_event *input) {
    struct batches_state *state = view_state;
    struct batches_cut cut;
    meet(state, context->snapshot);
    if (state->form_shown)
        return batches_form_event(state, context, input);
    if (input->type != INPUT_MOUSE || !batches_cut(state, context->snapshot, &cut))
        return VIEW_PASS;
    if (input->mouse == MOUSE_WHEEL_DOWN || input->mouse == MOUSE_WHEEL_UP)
        return wheel(state, context, &cut, input->mouse == MOUSE_WHEEL_DOWN);
    return input->mouse == MOUSE_PRESS ? press(state, context, &cut, input) : VIEW_HANDLED;
}

static bool modal(const void *view_state) {
    return ((const struct batches_state *)view_state)->form.editing;
}

static enum status open_view(void *view_state, struct session *session, struct error *error) {
    (void)view_state;
    return session_plan_batches(session, 0, error);
}

const struct view view_batches = {
    .id = VIEW_BATCHES,
    .name = "batches",
    .title = "Batches",
    .min_width = 60,
    .min_height = 14,
    .state_size = sizeof(struct batches_state),
    .open = open_view,
    .event = event,
    .request = request,
    .refresh = meet,
    .modal = modal,
    .draw = draw,
};
