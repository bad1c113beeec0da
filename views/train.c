// The Train view: live curves, and the keys that steer the run they belong to.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/range_pane.h"
#include "views/train_view.h"
#include "views/views.h"

// ---- layout -----------------------------------------------------------------------------------------------

#define PANELS_WIDTH 110 // from here on, panels beside one another
#define PANELS_HEIGHT 26

static void lay_charts(struct train_places *at, enum train_shown shown, struct rect area) {
    bool beside = area.width >= 76, above = area.height >= 20;
    static const struct layout_part halves[] = {{8, 0, 1}, {8, 0, 1}};
    struct rect parts[2];
    if (shown == TRAIN_LAYERS)
        return;
    if (shown == TRAIN_METRIC) {
        at->metric = area;
    } else if (shown == TRAIN_LOSS || (!beside && !above)) {
        at->loss = area;
    } else {
        if (beside)
            layout_columns(area, halves, 2, 0, parts);
        else
            layout_rows(area, halves, 2, 0, parts);
        at->loss = parts[0];
        at->metric = parts[1];
    }
}

struct train_places train_layout(const struct train_state *state, struct rect area) {
    static const struct layout_part thirds[] = {{34, 0, 3}, {34, 0, 3}, {36, 0, 4}};
    struct train_places at = {.header = rect_take_top(&area, area.width >= 140 ? 1 : 2)};
    if (area.width >= PANELS_WIDTH && area.height >= PANELS_HEIGHT) {
        struct rect parts[3];
        layout_columns(rect_take_bottom(&area, area.height >= 36 ? 10 : 7), thirds, 3, 0, parts);
        at.controls = parts[0];
        at.gradient = parts[1];
        at.device = parts[2];
    } else {
        at.compact = rect_take_bottom(&area, 4);
    }
    at.charts = area;
    lay_charts(&at, state->shown, area);
    return at;
}

// ---- keeping up with the snapshot ---------------------------------------------------------------------------

static void refresh(void *view_state, const struct snapshot *snapshot) {
    struct train_state *state = view_state;
    double decay = train_decay(state->smoothing);
    size_t runs = 1;
    train_refresh_range(state, snapshot);
    track_refresh(&state->steps[0], snapshot->run, TRACK_STEP_ROWS, decay);
    track_refresh(&state->epochs[0], snapshot->run, TRACK_EPOCH_ROWS, 0);
    for (size_t i = 0; i < snapshot->overlay_count && runs < TRAIN_RUNS; i++) {
        const struct run_view *overlay = snapshot->overlays[i];
        if (snapshot->run && overlay->record.id == snapshot->run->record.id)
            continue;
        track_refresh(&state->steps[runs], overlay, TRACK_STEP_ROWS, decay);
        track_refresh(&state->epochs[runs++], overlay, TRACK_EPOCH_ROWS, 0);
    }
    for (size_t i = runs; i < state->runs; i++) {
        track_free(&state->steps[i]);
        track_free(&state->epochs[i]);
    }
    state->runs = runs;
    state->growing = train_alive(snapshot);
}

static enum status open_view(void *view_state, struct session *session, struct error *error) {
    struct train_state *state = view_state;
    (void)session;
    (void)error;
    state->smoothing = 2;
    state->runs = 1;
    return STATUS_OK;
}

static void close_view(void *view_state) {
    struct train_state *state = view_state;
    for (size_t i = 0; i < TRAIN_RUNS; i++) {
        track_free(&state->steps[i]);
        track_free(&state->epochs[i]);
    }
}

// ---- drawing ----------------------------------------------------------------------------------------------

static void draw(const void *view_state, const struct snapshot *snapshot, struct canvas *canvas, struct rect area) {
    const struct train_state *state = view_state;
    struct train_places at = train_layout(state, area);
    train_draw_header(state, snapshot, canvas, at.header);
    bool range = state->range_shown && snapshot->range;
    if (range)
        range_pane_draw(snapshot, state->range_choice, canvas, at.charts, "Esc closes");
    if (!range && state->shown == TRAIN_LAYERS)
        train_draw_layers(state, snapshot, canvas, at.charts);
    if (!range && !rect_empty(at.loss))
        train_chart_draw(state, snapshot, TRAIN_LOSS, canvas, at.loss);
    if (!range && !rect_empty(at.metric))
        train_chart_draw(state, snapshot, TRAIN_METRIC, canvas, at.metric);
    train_draw_panels(state, snapshot, canvas, &at);
    if (state->question == TRAIN_ASKS_NOTHING)
        return;
    struct rect row = {area.x, area.y + area.height - 1, area.width, 1};
    canvas_fill(canvas, row, (struct style){0}, ' ');
    static const char *const labels[] = {"", " mark: ", " lay over run number: ", " write curves to (.svg or .csv): ",
                                         " fork with (lr=0.01,batch=64): "};
    prompt_draw(canvas, row, labels[state->question], &state->prompt);
}

// ---- the part of the curves that is shown, and the cursor ---------------------------------------------------

static void fit(struct train_state *state) {
    state->zoomed = state->zooming = false;
}

// Not beyond what there is, and not closer than a fraction of a step.
static void show_part(struct train_state *state, double low, double high) {
    double end = train_end(state), span = high - low;
    if (!(span < end)) {
        state->zoomed = false;
        return;
    }
    if (span < end * 1e-6)
        return;
    low = low < 0 ? 0 : low + span > end ? end - span : low;
    state->zoomed = true;
    state->low = low;
    state->high = low + span;
}

static void zoom_about(struct train_state *state, double x, double factor) {
    double low, high;
    train_window(state, &low, &high);
    show_part(state, x - (x - low) * factor, x + (high - x) * factor);
}

static void pan(struct train_state *state, double share) {
    double low, high;
    train_window(state, &low, &high);
    double by = (high - low) * share;
    if (state->zoomed)
        show_part(state, low + by, high + by);
}

static double zoom_center(const struct train_state *state) {
    double low, high;
    train_window(state, &low, &high);
    bool inside = state->cursor_shown && state->cursor >= low && state->cursor <= high;
    return inside ? state->cursor : low + (high - low) / 2;
}

// To the next step that lies at least one column away.
static void move_cursor(struct train_state *state, int columns, int width) {
    const struct track *track = &state->steps[0];
    double low, high;
    train_window(state, &low, &high);
    if (track->count == 0)
        return;
    double x = state->cursor_shown ? state->cursor + (high - low) * columns / width : columns > 0 ? low : high;
    size_t at = track_find(track, state->axis, x);
    if (columns < 0 && at > 0 && (at == track->count || track_place(track, state->axis, at) > x))
        at--;
    at = at < track->count ? at : track->count - 1;
    state->cursor = track_place(track, state->axis, at);
    state->cursor_shown = true;
}

// Cursor and part keep their steps when the axis changes.
static void next_axis(struct train_state *state) {
    const struct track *track = &state->steps[0];
    double *const places[] = {&state->cursor, &state->low, &state->high};
    enum track_axis axis = (state->axis + 1) % TRACK_AXES;
    for (size_t i = 0; i < 3 && track->count > 0; i++) {
        size_t at = track_find(track, state->axis, *places[i]);
        *places[i] = track_place(track, axis, at < track->count ? at : track->count - 1);
    }
    state->axis = axis;
    if (track->count == 0 || !(state->low < state->high))
        fit(state);
}

// ---- requests ---------------------------------------------------------------------------------------------

static enum view_result pause_or_start(const struct view_context *context) {
    struct error *error = &context->wish->error;
    if (train_alive(context->snapshot))
        return view_acted(context, session_pause(context->session, error));
    return view_acted(context, session_start(context->session, error));
}

static enum view_result nudge(struct train_state *state, const struct view_context *context, const char *name,
                              int direction) {
    if (state->zooming && text_equal(name, "lr")) {
        zoom_about(state, zoom_center(state), direction > 0 ? 0.5 : 2);
        return VIEW_REDRAW;
    }
    return view_acted(context, session_nudge(context->session, name, direction, &context->wish->error));
}

static enum view_result measure_noise(const struct view_context *context, bool on) {
    enum status status = session_set(context->session, "noise_scale", on ? "yes" : "no", &context->wish->error);
    if (!status)
        snprintf(context->wish->message, sizeof context->wish->message,
                 on ? "The noise scale is measured while a run trains; N ends that." : "The noise scale is measured no longer.");
    return view_acted(context, status);
}

static enum view_result pin(const struct view_context *context) {
    if (!context->snapshot->run) {
        error_set(&context->wish->error, STATUS_STATE, "There is no run to pin yet: Space starts one.");
        return view_acted(context, STATUS_STATE);
    }
    int64_t id = context->snapshot->run->record.id;
    if (session_overlay(context->session, id, &context->wish->error))
        return view_acted(context, STATUS_STATE);
    bool on = false;
    for (size_t i = 0; i < context->snapshot->overlay_count; i++)
        on = on || context->snapshot->overlays[i]->record.id == id;
    snprintf(context->wish->message, sizeof context->wish->message,
             on ? "Run %lld stays on the curves when the next one starts." : "Run %lld is no longer pinned.",
             (long long)id);
    return VIEW_REDRAW;
}

static enum view_result ask(struct train_state *state, const struct view_context *context,
                            enum train_question question) {
    char text[32] = "";
    const struct snapshot *snapshot = context->snapshot;
    for (size_t i = 0; question == TRAIN_ASKS_OVERLAY && i < snapshot->run_count && !text[0]; i++)
        if (!snapshot->run || snapshot->runs[i].id != snapshot->run->record.id)
            snprintf(text, sizeof text, "%lld", (long long)snapshot->runs[i].id);
    if (question == TRAIN_ASKS_FILE && snapshot->run)
        snprintf(text, sizeof text, "run-%lld.svg", (long long)snapshot->run->record.id);
    state->question = question;
    prompt_set(&state->prompt, text);
    return VIEW_REDRAW;
}

// ---- the curves ----------------------------------------------------------------------------------------------

static int chart_columns(const struct train_state *state, struct rect area) {
    struct train_places at = train_layout(state, area);
    int width = (rect_empty(at.loss) ? at.metric.width : at.loss.width) - 10;
    return width > 1 ? width : 1;
}

static enum view_result move(struct train_state *state, const struct view_context *context, int columns) {
    int width = chart_columns(state, context->area);
    if (state->zooming)
        pan(state, columns > 0 ? 0.25 : -0.25);
    else
        move_cursor(state, columns, width);
    return VIEW_REDRAW;
}

static enum view_result back(struct train_state *state) {
    bool any = state->zooming || state->cursor_shown || state->zoomed;
    if (state->zooming)
        state->zooming = false;
    else if (state->cursor_shown)
        state->cursor_shown = false;
    else
        state->zoomed = false;
    return any ? VIEW_REDRAW : VIEW_PASS;
}

// Layers only where there is something to see.
static enum view_result next_shown(struct train_state *state, const struct snapshot *snapshot, int by) {
    do
        state->shown = (enum train_shown)(((int)state->shown + by) % TRAIN_SHOWN);
    while (state->shown == TRAIN_LAYERS && !train_has_layers(snapshot));
    return VIEW_REDRAW;
}

// How the curves are shown.
static enum view_result request_curves(struct train_state *state, const struct view_context *context,
                                       enum request wanted) {
    int tenth = chart_columns(state, context->area) / 10 + 1;
    switch (wanted) {
    case REQUEST_LOG_AXIS:
        state->log_loss = !state->log_loss;
        return VIEW_REDRAW;
    case REQUEST_X_AXIS:
        next_axis(state);
        return VIEW_REDRAW;
    case REQUEST_SMOOTHING:
        state->smoothing = (state->smoothing + 1) % TRAIN_SMOOTHINGS;
        return VIEW_REDRAW;
    case REQUEST_ZOOM:
        state->zooming = !state->zooming;
        if (state->zooming && !state->zoomed)
            zoom_about(state, zoom_center(state), 0.5);
        return VIEW_REDRAW;
    case REQUEST_ZOOM_FIT:
        fit(state);
        return VIEW_REDRAW;
    case REQUEST_NEXT_PANE:
        return next_shown(state, context->snapshot, 1);
    case REQUEST_PREVIOUS_PANE:
        return next_shown(state, context->snapshot, TRAIN_SHOWN - 1);
    case REQUEST_LEFT:
        return move(state, context, -1);
    case REQUEST_RIGHT:
        return move(state, context, 1);
    case REQUEST_PAGE_UP:
        return move(state, context, -tenth);
    case REQUEST_PAGE_DOWN:
        return move(state, context, tenth);
    case REQUEST_UP:
    case REQUEST_DOWN:
        if (state->shown == TRAIN_LAYERS)
            return train_choose_layer(state, context, wanted == REQUEST_UP ? -1 : 1);
        if (state->zooming)
            zoom_about(state, zoom_center(state), wanted == REQUEST_UP ? 0.5 : 2);
        return VIEW_REDRAW;
    case REQUEST_FIRST_COLUMN:
    case REQUEST_LAST_COLUMN:
        state->cursor_shown = false;
        move_cursor(state, wanted == REQUEST_FIRST_COLUMN ? 1 : -1, 1);
        return VIEW_REDRAW;
    case REQUEST_BACK:
        return back(state);
    default:
        return VIEW_PASS;
    }
}

static enum view_result request(void *view_state, const struct view_context *context, enum request wanted) {
    struct train_state *state = view_state;
    struct error *error = &context->wish->error;
    refresh(state, context->snapshot);
    enum view_result result = state->range_shown ? train_request_range(state, context, wanted) : VIEW_PASS;
    if (result != VIEW_PASS)
        return result;
    switch (wanted) {
    case REQUEST_RANGE_TEST:
        return train_test_range(state, context);
    case REQUEST_LAYERS:
        return train_request_layers(state, context);
    case REQUEST_NOISE_SCALE:
        return measure_noise(context, !context->snapshot->params->noise_scale);
    case REQUEST_PAUSE:
        return pause_or_start(context);
    case REQUEST_ONE_STEP:
        return view_acted(context, session_one_step(context->session, error));
    case REQUEST_STOP:
        return view_acted(context, session_stop(context->session, error));
    case REQUEST_RESTART:
        return view_acted(context, session_restart(context->session, error));
    case REQUEST_CHECKPOINT:
        return view_acted(context, session_checkpoint(context->session, error));
    case REQUEST_ROLL_BACK:
        return view_acted(context, session_roll_back(context->session, error));
    case REQUEST_ROLL_BACK_CHANGE:
        return view_acted(context, session_roll_back_change(context->session, error));
    case REQUEST_LR_UP:
        return nudge(state, context, "lr", 1);
    case REQUEST_LR_DOWN:
        return nudge(state, context, "lr", -1);
    case REQUEST_BATCH_UP:
        return nudge(state, context, "batch", 1);
    case REQUEST_BATCH_DOWN:
        return nudge(state, context, "batch", -1);
    case REQUEST_PIN:
        return pin(context);
    case REQUEST_MARK:
        return ask(state, context, TRAIN_ASKS_MARK);
    case REQUEST_OVERLAY:
        return ask(state, context, TRAIN_ASKS_OVERLAY);
    case REQUEST_FORK:
        return context->snapshot->run ? ask(state, context, TRAIN_ASKS_FORK)
                                      : view_acted(context, error_set(&context->wish->error, STATUS_STATE,
                                                                 "There is no run to fork; Space starts one."));
    case REQUEST_CHART_EXPORT:
        return ask(state, context, TRAIN_ASKS_FILE);
    default:
        return request_curves(state, context, wanted);
    }
}

// ---- typing and the mouse -----------------------------------------------------------------------------------

static enum view_result save_charts(struct train_state *state, const struct view_context *context) {
    enum status status =
        train_charts_save(state, context->snapshot, state->prompt.text, &context->wish->error);
    if (!status)
        snprintf(context->wish->message, sizeof context->wish->message, "the curves are in %.200s", state->prompt.text);
    return view_acted(context, status);
}

static enum view_result answer(struct train_state *state, const struct view_context *context) {
    int64_t run;
    enum train_question question = state->question;
    state->question = TRAIN_ASKS_NOTHING;
    if (question == TRAIN_ASKS_MARK)
        return view_acted(context, session_mark(context->session, state->prompt.text, &context->wish->error));
    if (question == TRAIN_ASKS_FILE)
        return save_charts(state, context);
    if (question == TRAIN_ASKS_FORK)
        return view_acted(context, context->snapshot->run
                                  ? session_fork(context->session, context->snapshot->run->record.id, "last",
                                                 state->prompt.text, &context->wish->error)
                                  : STATUS_OK);
    if (!integer_parse(state->prompt.text, &run)) {
        error_set(&context->wish->error, STATUS_INVALID, "\"%.40s\" is not the number of a run; 8 shows them all.",
                  state->prompt.text);
        return view_acted(context, STATUS_INVALID);
    }
    return view_acted(context, session_overlay(context->session, run, &context->wish->error));
}

static enum view_result type(struct train_state *state, const struct view_context *context,
                             const struct input_event *input) {
    enum prompt_result result = prompt_event(&state->prompt, NULL, input);
    if (result == PROMPT_ACCEPT)
        return answer(state, context);
    if (result == PROMPT_CANCEL)
        state->question = TRAIN_ASKS_NOTHING;
    return result == PROMPT_PASS ? VIEW_HANDLED : VIEW_REDRAW;
}

// The x under a screen column of the chart at (column, y); false when no chart is there.
static bool x_under(const struct train_state *state, const struct view_context *context, int column, int y, double *x) {
    struct train_places at = train_layout(state, context->area);
    bool loss = rect_contains(at.loss, column, y);
    struct train_chart *chart;
    if ((!loss && !rect_contains(at.metric, column, y)) || state->steps[0].count == 0)
        return false;
    struct rect inside = rect_inset(loss ? at.loss : at.metric, 1, 1);
    if (train_chart_open(&chart, state, context->snapshot, loss ? TRAIN_LOSS : TRAIN_METRIC, 2 * inside.width,
                         &context->wish->error)) {
        context->wish->failed = true;
        return false;
    }
    struct plot_frame frame = plot_measure(train_chart_plot(chart), inside);
    *x = plot_x_at(train_chart_plot(chart), &frame, column);
    train_chart_close(chart);
    return !rect_empty(frame.rect);
}

static enum view_result end_drag(struct train_state *state, const struct view_context *context, int y) {
    double from, to;
    bool wide = state->drag_from - state->drag_to > 1 || state->drag_to - state->drag_from > 1;
    bool meant = state->dragging && wide && x_under(state, context, state->drag_from, y, &from) &&
                 x_under(state, context, state->drag_to, y, &to);
    state->dragging = false;
    if (meant)
        show_part(state, fmin(from, to), fmax(from, to));
    return VIEW_REDRAW;
}

static enum view_result mouse(struct train_state *state, const struct view_context *context,
                              const struct input_event *input) {
    double x;
    if (input->mouse == MOUSE_RELEASE)
        return end_drag(state, context, input->y);
    if (!x_under(state, context, input->x, input->y, &x))
        return VIEW_HANDLED;
    switch (input->mouse) {
    case MOUSE_WHEEL_UP:
    case MOUSE_WHEEL_DOWN:
        zoom_about(state, x, input->mouse == MOUSE_WHEEL_UP ? 0.8 : 1.25);
        break;
    case MOUSE_PRESS:
        state->drag_from = state->drag_to = input->x;
        state->cursor_shown = true;
        state->cursor = x;
        break;
    case MOUSE_DRAG:
        state->dragging = true;
        state->drag_to = input->x;
        break;
    case MOUSE_RELEASE:
        break;
    }
    return VIEW_REDRAW;
}

static enum view_result event(void *view_state, const struct view_context *context, const struct input_event *input) {
    struct train_state *state = view_state;
    refresh(state, context->snapshot);
    if (state->question != TRAIN_ASKS_NOTHING)
        return type(state, context, input);
    return input->type == INPUT_MOUSE ? mouse(state, context, input) : VIEW_PASS;
}

static bool modal(const void *view_state) {
    return ((const struct train_state *)view_state)->question != TRAIN_ASKS_NOTHING;
}

const struct view view_train = {
    .id = VIEW_TRAIN,
    .name = "train",
    .title = "Train",
    .min_width = 60,
    .min_height = 16,
    .state_size = sizeof(struct train_state),
    .open = open_view,
    .close = close_view,
    .refresh = refresh,
    .event = event,
    .request = request,
    .modal = modal,
    .draw = draw,
};
