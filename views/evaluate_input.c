// What keys, typed lines and the mouse do in the Evaluate view.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "views/evaluate_parts.h"

// ---- what is measured ------------------------------------------------------------------------------------------------

// The wish in force, with what was left open put in its place.
static struct evaluate_wish wish_of(const struct view_context *context) {
    return context->snapshot->evaluate.wish;
}

static enum view_result measure(const struct view_context *context, const struct evaluate_wish *wish) {
    return view_acted(context, session_evaluate(context->session, wish, &context->wish->error));
}

static enum view_result again(const struct view_context *context) {
    struct evaluate_wish wish = wish_of(context);
    if (wish.run == 0)
        wish.part = PART_VALIDATION;
    return measure(context, &wish);
}

static enum view_result next_checkpoint(const struct view_context *context) {
    const struct evaluate_view *view = &context->snapshot->evaluate;
    struct evaluate_wish wish = wish_of(context);
    size_t at = 0;
    while (at < view->checkpoint_count && !text_equal(view->checkpoints[at], wish.which))
        at++;
    if (view->checkpoint_count == 0)
        return view_say(context, "The run has no checkpoint.");
    if (view->checkpoint_count == 1 && at == 0)
        return view_say(context, "The run has no other checkpoint: c in Train makes one, patience keeps the best one.");
    at = at + 1 < view->checkpoint_count ? at + 1 : 0;
    snprintf(wish.which, sizeof wish.which, "%s", view->checkpoints[at]);
    return measure(context, &wish);
}

static const struct run_record *record_of(const struct snapshot *snapshot, int64_t run) {
    if (snapshot->run && snapshot->run->record.id == run)
        return &snapshot->run->record;
    for (size_t i = 0; i < snapshot->run_count; i++)
        if (snapshot->runs[i].id == run)
            return &snapshot->runs[i];
    return NULL;
}

// Validation, test, training, all; parts without rows are passed over.
static enum view_result next_part(const struct view_context *context) {
    static const enum part order[] = {PART_VALIDATION, PART_TEST, PART_TRAIN};
    struct evaluate_wish wish = wish_of(context);
    const struct run_record *run = record_of(context->snapshot, wish.run);
    const uint64_t rows[] = {run ? run->train_rows : 1, run ? run->validation_rows : 1, run ? run->test_rows : 1};
    int at = 0;
    if (wish.path[0]) { // back to the run's own rows
        wish.path[0] = '\0';
        return measure(context, &wish);
    }
    while (at < 3 && !wish.all && order[at] != wish.part)
        at++;
    at = wish.all ? -1 : at;
    do
        at++;
    while (at < 3 && rows[order[at]] == 0);
    wish.all = at >= 3;
    if (!wish.all)
        wish.part = order[at];
    return measure(context, &wish);
}

static enum view_result other_run(const struct view_context *context, int by) {
    const struct snapshot *snapshot = context->snapshot;
    struct evaluate_wish wish = wish_of(context);
    size_t at = 0;
    while (at < snapshot->run_count && snapshot->runs[at].id != wish.run)
        at++;
    if (at >= snapshot->run_count || (by > 0 && at == 0) || (by < 0 && at + 1 >= snapshot->run_count))
        return view_say(context, by > 0 ? "There is no later run." : "There is no earlier run.");
    wish.run = snapshot->runs[by > 0 ? at - 1 : at + 1].id; // newest first
    wish.which[0] = wish.path[0] = '\0';
    return measure(context, &wish);
}

static enum view_result other_class(const struct view_context *context, int by) {
    const struct evaluate_view *view = &context->snapshot->evaluate;
    size_t classes = view->made && view->made->figures.classify ? view->made->classes : 0;
    if (classes == 0)
        return view_say(context, "Numbers have no classes.");
    session_evaluate_class(context->session, (view->of_class + (by > 0 ? 1 : classes - 1)) % classes);
    return VIEW_REDRAW;
}

static enum view_result every_epoch(const struct view_context *context) {
    bool on = !context->snapshot->evaluate.every_epoch;
    session_evaluate_every_epoch(context->session, on);
    return view_say(context, on ? "A living run is measured again after every epoch, while this view is seen."
                           : "r measures again; epochs no longer do.");
}

static enum view_result ask(struct evaluate_state *state, enum evaluate_question question, const char *text) {
    state->question = question;
    prompt_set(&state->prompt, text);
    return VIEW_REDRAW;
}

static enum view_result ask_file(struct evaluate_state *state, const struct view_context *context,
                                 enum evaluate_question question, const char *name) {
    char text[64];
    if (!context->snapshot->evaluate.made)
        return view_say(context, "Nothing has been measured yet that could be written.");
    snprintf(text, sizeof text, "run-%lld-%s.csv", (long long)context->snapshot->evaluate.made->wish.run, name);
    return ask(state, question, text);
}

static enum view_result cheapest(struct evaluate_state *state, const struct view_context *context) {
    const struct class_curves *curves = context->snapshot->evaluate.curves;
    double false_positive, false_negative;
    if (!curves)
        return view_say(context, "There is no threshold to choose.");
    evaluate_costs(state->balance, &false_positive, &false_negative);
    state->threshold = ranking_cheapest(&curves->ranking, false_positive, false_negative);
    return VIEW_REDRAW;
}

// ---- pages and rows ----------------------------------------------------------------------------------------------------

static void turn(struct evaluate_state *state, const struct snapshot *snapshot, int by) {
    int page = (int)state->page;
    state->listing = false;
    do
        page = (page + by + EVALUATE_PAGE_COUNT) % EVALUATE_PAGE_COUNT;
    while (!evaluate_has_page(snapshot, (enum evaluate_page)page));
    state->page = (enum evaluate_page)page;
}

static struct evaluate_list *list_of(struct evaluate_state *state) {
    if (state->listing)
        return &state->cell;
    return state->page == EVALUATE_WORST ? &state->worst : NULL;
}

// The row in Data, where the data that is open is the one that was measured.
static enum view_result go_to_row(const struct view_context *context, const struct measurement *made,
                                  const struct evaluated_row *row) {
    const struct snapshot *snapshot = context->snapshot;
    bool own = made->source && snapshot->source && snapshot->source->fingerprint == made->source->fingerprint;
    bool file = made->wish.path[0] && snapshot->dataset && text_equal(snapshot->dataset->path, made->wish.path);
    if (!own && !file)
        return view_say(context, "That data is not open: in 1 Data, o opens it.");
    context->wish->go = VIEW_DATA;
    context->wish->has_row = true;
    context->wish->row = (size_t)row->row;
    return VIEW_REDRAW;
}

static enum view_result open_cell(struct evaluate_state *state, const struct measurement *made, size_t truth,
                                  size_t taken) {
    state->cell.table = (struct table_view_state){0};
    state->cell.picture = 0;
    state->cell.about = false;
    state->cell.scroll = 0;
    evaluate_list_cell(state, made, truth, taken);
    return VIEW_REDRAW;
}

static enum view_result open_rows(struct evaluate_state *state, const struct view_context *context,
                                  const struct measurement *made) {
    struct evaluate_list *list = list_of(state);
    if (list && list->count > 0 && list->about)
        return go_to_row(context, made, evaluate_chosen(list, made));
    if (list) {
        list->about = list->count > 0;
        list->scroll = 0;
        return VIEW_REDRAW;
    }
    if (state->page == EVALUATE_MATRIX)
        return open_cell(state, made, state->row, state->column);
    if (state->page == EVALUATE_CLASSES && state->classes.row < (int64_t)made->classes)
        return open_cell(state, made, (size_t)state->classes.row, SIZE_MAX);
    return VIEW_HANDLED;
}

static enum view_result back(struct evaluate_state *state, const struct view_context *context) {
    struct evaluate_list *list = list_of(state);
    if (list && list->about)
        list->about = false;
    else if (state->listing)
        state->listing = false;
    else if (context->snapshot->evaluate.making)
        session_evaluate_cancel(context->session);
    else
        return VIEW_PASS;
    return VIEW_REDRAW;
}

static bool move(struct evaluate_state *state, const struct view_context *context, const struct measurement *made,
                 enum request wanted) {
    struct rect rect = evaluate_layout(state, context->snapshot, context->area).page;
    struct evaluate_list *list = list_of(state);
    if (list)
        return evaluate_rows_move(list, made, rect, context->ascii, wanted);
    if (state->page == EVALUATE_MATRIX)
        return evaluate_matrix_move(state, made, rect, context->ascii, wanted);
    if (state->page == EVALUATE_CLASSES)
        return evaluate_classes_move(state, made, rect, context->ascii, wanted);
    return state->page == EVALUATE_THRESHOLD || state->page == EVALUATE_CURVES ? evaluate_threshold_move(state, wanted)
                                                                               : false;
}

// ---- requests ----------------------------------------------------------------------------------------------------------

static enum view_result request_made(struct evaluate_state *state, const struct view_context *context,
                                     const struct measurement *made, enum request wanted) {
    switch (wanted) {
    case REQUEST_NEXT_PANE:
    case REQUEST_PREVIOUS_PANE:
        turn(state, context->snapshot, wanted == REQUEST_NEXT_PANE ? 1 : -1);
        return VIEW_REDRAW;
    case REQUEST_EVALUATE_OPEN:
        return open_rows(state, context, made);
    case REQUEST_EVALUATE_COUNTS:
        state->counts = !state->counts;
        return VIEW_REDRAW;
    case REQUEST_EVALUATE_CHEAPEST:
        return cheapest(state, context);
    default:
        return move(state, context, made, wanted) ? VIEW_REDRAW : VIEW_PASS;
    }
}

enum view_result evaluate_request(void *view_state, const struct view_context *context, enum request wanted) {
    struct evaluate_state *state = view_state;
    evaluate_refresh(state, context->snapshot);
    const struct measurement *made = context->snapshot->evaluate.made;
    switch (wanted) {
    case REQUEST_EVALUATE_AGAIN:
        return again(context);
    case REQUEST_EVALUATE_CHECKPOINT:
        return next_checkpoint(context);
    case REQUEST_EVALUATE_PART:
        return next_part(context);
    case REQUEST_EVALUATE_DATA:
        return ask(state, EVALUATE_ASKS_DATA, context->snapshot->evaluate.wish.path);
    case REQUEST_EVALUATE_EPOCHS:
        return every_epoch(context);
    case REQUEST_EVALUATE_PREDICTIONS:
        return ask_file(state, context, EVALUATE_ASKS_PREDICTIONS, "predictions");
    case REQUEST_EVALUATE_POINTS:
        return ask_file(state, context, EVALUATE_ASKS_POINTS, "points");
    case REQUEST_RUN_NEXT:
    case REQUEST_RUN_BEFORE:
        return other_run(context, wanted == REQUEST_RUN_NEXT ? 1 : -1);
    case REQUEST_CLASS_NEXT:
    case REQUEST_CLASS_BEFORE:
        return other_class(context, wanted == REQUEST_CLASS_NEXT ? 1 : -1);
    case REQUEST_BACK:
        return back(state, context);
    default:
        return made ? request_made(state, context, made, wanted) : VIEW_PASS;
    }
}

// ---- typing and the mouse ------------------------------------------------------------------------------------------------

static enum view_result save_picture(struct evaluate_state *state, const struct view_context *context) {
    const char *path = state->prompt.text;
    enum status status = evaluate_save_picture(state, context->snapshot, path, &context->wish->error);
    if (!status)
        snprintf(context->wish->message, sizeof context->wish->message, "the picture is in %.200s", path);
    return view_acted(context, status);
}

static enum view_result answer(struct evaluate_state *state, const struct view_context *context) {
    enum evaluate_question question = state->question;
    struct error *error = &context->wish->error;
    struct evaluate_wish wish = wish_of(context);
    state->question = EVALUATE_ASKS_NOTHING;
    if (state->prompt.text[0])
        prompt_remember(&state->files, state->prompt.text);
    if (question == EVALUATE_ASKS_PREDICTIONS)
        return view_acted(context, session_evaluate_export(context->session, state->prompt.text, error));
    if (question == EVALUATE_ASKS_POINTS && text_ends(state->prompt.text, ".svg"))
        return save_picture(state, context);
    if (question == EVALUATE_ASKS_POINTS)
        return view_acted(context, session_evaluate_points(context->session, state->prompt.text, error));
    snprintf(wish.path, sizeof wish.path, "%s", state->prompt.text);
    return measure(context, &wish);
}

static enum view_result type(struct evaluate_state *state, const struct view_context *context,
                             const struct input_event *input) {
    switch (prompt_event(&state->prompt, &state->files, input)) {
    case PROMPT_ACCEPT:
        return answer(state, context);
    case PROMPT_CANCEL:
        state->question = EVALUATE_ASKS_NOTHING;
        return VIEW_REDRAW;
    case PROMPT_CHANGED:
    case PROMPT_MOVED:
        return VIEW_REDRAW;
    default:
        return VIEW_HANDLED;
    }
}

static enum view_result mouse(struct evaluate_state *state, const struct view_context *context,
                              const struct measurement *made, const struct input_event *input) {
    struct evaluate_places at = evaluate_layout(state, context->snapshot, context->area);
    struct evaluate_list *list = list_of(state);
    bool press = input->mouse == MOUSE_PRESS;
    enum evaluate_page page;
    if (press && rect_contains(at.tabs, input->x, input->y) &&
        evaluate_tab_at(state, context->snapshot, at.tabs, input->x, &page)) {
        state->page = page;
        state->listing = false;
        return VIEW_REDRAW;
    }
    if (list)
        return evaluate_rows_event(list, made, at.page, context->ascii, input) ? VIEW_REDRAW : VIEW_HANDLED;
    if (input->mouse == MOUSE_WHEEL_DOWN || input->mouse == MOUSE_WHEEL_UP)
        return move(state, context, made, input->mouse == MOUSE_WHEEL_DOWN ? REQUEST_DOWN : REQUEST_UP) ? VIEW_REDRAW
                                                                                                          : VIEW_HANDLED;
    if (press && state->page == EVALUATE_MATRIX)
        return evaluate_matrix_click(state, made, at.page, context->ascii, input->x, input->y) ? VIEW_REDRAW
                                                                                              : VIEW_HANDLED;
    if ((press || input->mouse == MOUSE_DRAG) && state->page == EVALUATE_THRESHOLD)
        return evaluate_threshold_click(state, context->snapshot, at.page, input->x, input->y) ? VIEW_REDRAW
                                                                                              : VIEW_HANDLED;
    return VIEW_HANDLED;
}

enum view_result evaluate_event(void *view_state, const struct view_context *context, const struct input_event *input) {
    struct evaluate_state *state = view_state;
    evaluate_refresh(state, context->snapshot);
    const struct measurement *made = context->snapshot->evaluate.made;
    if (state->question != EVALUATE_ASKS_NOTHING)
        return type(state, context, input);
    return input->type == INPUT_MOUSE && made ? mouse(state, context, made, input) : VIEW_PASS;
}
