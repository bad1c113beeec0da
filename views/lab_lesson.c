// The page of the lessons: the list of them; then the one that was begun: its runs, their curves, what to look at, a
// question, and whether the answer agrees with what was measured.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "views/lab_parts.h"

#define BESIDE 116      // from here on text and curves stand beside each other
#define CURVES_LEAST 8  // rows

// ---- curves -------------------------------------------------------------------------------------------------

static bool reserve(struct lab_curve *curve, size_t count) {
    return vec_reserve(&curve->x, &curve->x_capacity, count + 1, sizeof *curve->x) &&
           vec_reserve(&curve->y, &curve->y_capacity, count + 1, sizeof *curve->y);
}

static void add(struct lab_curve *curve, enum lab_x axis, const struct reach_point *point, double rows) {
    curve->x[curve->count] = lab_x_of(axis, point, rows);
    curve->y[curve->count++] = point->loss;
}

// Every step, or means over a quarter of an epoch, or over a batch where that is more.
static void fill(struct lab_curve *curve, const struct lab_state *state, const struct reach_step *steps, size_t count,
                 uint64_t rows) {
    struct reach_point means[TRIAL_CURVE];
    uint64_t batch = count > 0 ? steps[0].batch : 0, window = rows / 4 > batch ? rows / 4 : batch;
    curve->count = 0;
    if (!steps || !reserve(curve, state->every_step ? count : TRIAL_CURVE))
        return;
    size_t points = state->every_step ? count : reach_curve(steps, count, window, means, TRIAL_CURVE);
    for (size_t i = 0; i < points; i++) {
        struct reach_point point = {(double)steps[i].loss, (double)steps[i].step, (double)steps[i].samples, steps[i].seconds};
        add(curve, state->x_axis, state->every_step ? &point : &means[i], (double)rows);
    }
}

static const struct lesson_view *shown(const struct lab_state *state, const struct snapshot *snapshot) {
    bool open = snapshot->lesson && (state->lesson_shown || snapshot->lesson->active);
    return open ? snapshot->lesson : NULL;
}

static void refresh(struct lab_state *state, const struct snapshot *snapshot) {
    const struct lesson_view *view = shown(state, snapshot);
    for (size_t i = 0; i < LESSON_RUNS_MOST; i++) {
        const struct lesson_outcome *outcome = view ? &view->outcomes[i] : NULL;
        bool live = view && !outcome->ended && outcome->run > 0 && snapshot->run && snapshot->run->record.id == outcome->run;
        state->curves[i].count = 0;
        if (live) {
            struct reach_step *steps = curve_steps(&snapshot->run->curve);
            fill(&state->curves[i], state, steps, steps ? snapshot->run->curve.point_count : 0,
                 snapshot->run->record.train_rows);
            mem_free(steps);
        } else if (outcome && outcome->ended) {
            fill(&state->curves[i], state, outcome->steps, outcome->step_count, outcome->train_rows);
        }
    }
}

void lab_lesson_close(struct lab_state *state) {
    for (size_t i = 0; i < LESSON_RUNS_MOST; i++) {
        mem_free(state->curves[i].x);
        mem_free(state->curves[i].y);
    }
}

static void draw_curves(const struct lab_state *state, const struct lesson_view *view, struct canvas *canvas,
                        struct rect pane) {
    struct plot_series series[LESSON_RUNS_MOST];
    char note[96];
    size_t count = 0;
    for (size_t i = 0; i < view->lesson->run_count; i++)
        if (state->curves[i].count > 0)
            series[count++] = (struct plot_series){.name = view->lesson->runs[i].name,
                                                   .x = state->curves[i].x,
                                                   .y = state->curves[i].y,
                                                   .count = state->curves[i].count,
                                                   .ink = theme_class_ink(i),
                                                   .line = plot_line_of(i)};
    struct plot plot = {.series = series,
                        .count = count,
                        .auto_x = true,
                        .auto_y = true,
                        .log_y = state->log_y,
                        .legend = true,
                        .x_label = lab_x_names[state->x_axis],
                        .empty = view->active ? "the first run is on its way" : "no run yet"};
    snprintf(note, sizeof note, "%s%s · x: %s", state->log_y ? "log · " : "", state->every_step ? "every step" : "means",
             lab_x_names[state->x_axis]);
    struct rect inside = canvas_pane(canvas, pane, false, "training loss", note);
    plot_draw(canvas, inside, &plot);
}

// ---- drawing ------------------------------------------------------------------------------------------------

static struct rect text_room(struct rect pane) {
    return rect_inset(pane, 2, 1);
}

static void draw_lesson(const struct lab_state *state, const struct lesson_view *view, struct canvas *canvas,
                        struct rect area) {
    struct rect text = area, curves;
    char title[128], note[64];
    if (area.width >= BESIDE) {
        text = rect_take_left(&area, area.width / 2 > 90 ? 90 : area.width / 2);
    } else {
        int needs = lab_lesson_tell(state, view, NULL, text_room(area)) + 2, most = area.height - CURVES_LEAST;
        text = rect_take_top(&area, needs < most ? needs : most);
    }
    curves = area;
    snprintf(title, sizeof title, "%s", view->lesson->title);
    const char *keys = view->active          ? "Space stops"
                       : !view->measured     ? "Space begins"
                       : !state->given       ? "Enter answers"
                                             : "n: another · Space again";
    bool more = lab_lesson_tell(state, view, NULL, text_room(text)) > text.height - 2;
    snprintf(note, sizeof note, "%s%s", more ? "PgDn scrolls · " : "", keys);
    canvas_pane(canvas, text, true, title, note);
    lab_lesson_tell(state, view, canvas, text_room(text));
    draw_curves(state, view, canvas, curves);
}

static void draw_titles(const struct lab_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                        struct rect rect) {
    for (size_t i = 0; i < snapshot->lesson_count && (int)i < rect.height; i++) {
        bool chosen = i == state->lesson;
        struct style style = chosen ? style_on(INK_SELECTED_TEXT, INK_SELECTED) : style_ink(INK_TEXT);
        char text[160];
        snprintf(text, sizeof text, "%s%lld  %.140s", chosen ? (canvas->ascii ? "> " : "› ") : "  ",
                 (long long)snapshot->lessons[i].number, snapshot->lessons[i].lesson.title);
        canvas_field(canvas, rect.x, rect.y + (int)i, rect.width, TEXT_LEFT, style, text);
    }
}

static void draw_list(const struct lab_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                      struct rect area) {
    struct rect list = area;
    if (snapshot->lesson_count == 0) {
        struct rect inside = canvas_pane(canvas, area, true, "lessons", NULL);
        canvas_wrap(canvas, rect_inset(inside, 1, 0), 0, style_ink(INK_WARNING),
                    state->shelf_reason[0] ? state->shelf_reason : "There are no lessons.");
        return;
    }
    int rows = (int)snapshot->lesson_count + 2;
    list = area.width >= BESIDE ? rect_take_left(&area, 56) : rect_take_top(&area, rows < area.height / 2 ? rows : area.height / 2);
    struct rect inside = canvas_pane(canvas, list, true, "lessons", "Space begins one");
    draw_titles(state, snapshot, canvas, rect_inset(inside, 1, 0));
    const struct lesson *lesson = &snapshot->lessons[state->lesson < snapshot->lesson_count ? state->lesson : 0].lesson;
    inside = canvas_pane(canvas, area, false, lesson->title, lesson->data);
    lab_lesson_about(lesson, canvas, rect_inset(inside, 1, 0));
}

static void draw(const struct lab_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                 struct rect area) {
    const struct lesson_view *view = shown(state, snapshot);
    if (view)
        draw_lesson(state, view, canvas, area);
    else
        draw_list(state, snapshot, canvas, area);
}

// ---- keys -----------------------------------------------------------------------------------------------------

static void forget_answer(struct lab_state *state) {
    state->given = 0;
    state->answer = 0;
    state->scroll = 0;
}

// The chosen one of the list, or the open one again.
static enum view_result begin(struct lab_state *state, const struct view_context *context) {
    const struct snapshot *snapshot = context->snapshot;
    struct error *error = &context->wish->error;
    char which[24];
    enum status status = STATUS_OK;
    if (!shown(state, snapshot)) {
        if (state->lesson >= snapshot->lesson_count)
            return VIEW_HANDLED;
        snprintf(which, sizeof which, "%lld", (long long)snapshot->lessons[state->lesson].number);
        status = session_lesson_open(context->session, which, error);
    }
    if (!status)
        status = session_lesson_begin(context->session, error);
    if (status)
        return view_acted(context, status);
    forget_answer(state);
    state->lesson_shown = true;
    state->every_step = snapshot->lesson && lesson_asks(snapshot->lesson->lesson, "noise");
    return VIEW_REDRAW;
}

static enum view_result go(struct lab_state *state, const struct view_context *context) {
    if (!context->snapshot->lesson || !context->snapshot->lesson->active)
        return begin(state, context);
    session_lesson_cancel(context->session);
    return VIEW_REDRAW;
}

static enum view_result give_answer(struct lab_state *state, const struct lesson_view *view) {
    if (!view->measured || state->given)
        return VIEW_HANDLED;
    state->given = view->lesson->answers[state->answer < view->lesson->answer_count ? state->answer : 0].letter;
    state->scroll = 0;
    return VIEW_REDRAW;
}

static void turn(size_t *at, size_t count, int by) {
    if (count > 0)
        *at = (*at % count + count + (size_t)(by + (int)count)) % count;
}

static enum view_result scroll(struct lab_state *state, const struct lesson_view *view, int by) {
    int most = lab_lesson_tell(state, view, NULL, (struct rect){0, 0, 72, 1}) - 4;
    state->scroll += by;
    state->scroll = state->scroll > most ? most : state->scroll;
    state->scroll = state->scroll < 0 ? 0 : state->scroll;
    return VIEW_REDRAW;
}

static enum view_result request_lesson(struct lab_state *state, const struct lesson_view *view, enum request wanted) {
    bool asks = view->measured && !state->given;
    switch (wanted) {
    case REQUEST_UP:
    case REQUEST_DOWN:
        if (!asks)
            return scroll(state, view, wanted == REQUEST_UP ? -1 : 1);
        turn(&state->answer, view->lesson->answer_count, wanted == REQUEST_UP ? -1 : 1);
        return VIEW_REDRAW;
    case REQUEST_PAGE_UP:
    case REQUEST_PAGE_DOWN:
        return scroll(state, view, wanted == REQUEST_PAGE_UP ? -5 : 5);
    case REQUEST_LAB_ENTER:
        return give_answer(state, view);
    case REQUEST_BACK:
    case REQUEST_LAB_NEW:
        state->lesson_shown = false;
        return view->active ? VIEW_PASS : VIEW_REDRAW;
    default:
        return VIEW_PASS;
    }
}

static enum view_result request(struct lab_state *state, const struct view_context *context, enum request wanted) {
    const struct lesson_view *view = shown(state, context->snapshot);
    if (wanted == REQUEST_LAB_GO)
        return go(state, context);
    if (wanted == REQUEST_LAB_MEANS) {
        state->every_step = !state->every_step;
        return VIEW_REDRAW;
    }
    if (view)
        return request_lesson(state, view, wanted);
    switch (wanted) {
    case REQUEST_UP:
    case REQUEST_DOWN:
        turn(&state->lesson, context->snapshot->lesson_count, wanted == REQUEST_UP ? -1 : 1);
        return VIEW_REDRAW;
    case REQUEST_LAB_ENTER:
        return begin(state, context);
    case REQUEST_LAB_NEW: // back to the one that is open
        state->lesson_shown = context->snapshot->lesson != NULL;
        return VIEW_REDRAW;
    default:
        return VIEW_PASS;
    }
}

static enum view_result event(struct lab_state *state, const struct view_context *context,
                              const struct input_event *input) {
    int row = input->y - lab_room(context->area).y - 1;
    bool wheel = input->mouse == MOUSE_WHEEL_DOWN || input->mouse == MOUSE_WHEEL_UP;
    if (wheel)
        return request(state, context, input->mouse == MOUSE_WHEEL_DOWN ? REQUEST_DOWN : REQUEST_UP);
    if (input->mouse == MOUSE_PRESS && !shown(state, context->snapshot) && row >= 0 &&
        row < (int)context->snapshot->lesson_count)
        state->lesson = (size_t)row;
    return VIEW_REDRAW;
}

static const char *busy(const struct snapshot *snapshot) {
    return snapshot->lesson && snapshot->lesson->active ? "at work" : NULL;
}

const struct lab_page lab_page_lessons = {
    .name = "lessons",
    .title = "lessons",
    .about = "Guided experiments: a few runs, what to look at, and a question.",
    .refresh = refresh,
    .draw = draw,
    .request = request,
    .event = event,
    .busy = busy,
};
