// What keys, typed lines and the mouse do in the Runs view.
#include <stdio.h>

#include "views/report/report.h"
#include "views/runs_view.h"

// ---- requests ---------------------------------------------------------------------------------------------

static enum view_result sort(struct runs_state *state, const struct view_context *context) {
    size_t column = state->table.column > 0 ? (size_t)state->table.column - 1 : 0;
    if (column == state->sort) {
        state->descending = !state->descending;
    } else {
        state->sort = column;
        state->descending = runs_field_at(column)->descending;
    }
    runs_reorder(state, context->snapshot);
    return VIEW_REDRAW;
}

static enum view_result ask(struct runs_state *state, enum runs_question question, const char *text) {
    state->question = question;
    state->subject = state->shown;
    state->refusal[0] = '\0';
    prompt_set(&state->prompt, text);
    return VIEW_REDRAW;
}

static bool row_matches(const struct runs_state *state, const struct snapshot *snapshot, size_t row) {
    char text[RUNS_TEXT_SIZE];
    for (size_t i = 0; i < runs_field_count(); i++)
        if (runs_contains(runs_field_text(runs_field_at(i), &snapshot->runs[state->order[row]], text), state->find))
            return true;
    return false;
}

// From the row after the selected one, round and round.
static enum view_result find_next(struct runs_state *state, const struct view_context *context) {
    for (size_t i = 1; i <= state->count && state->find[0]; i++) {
        size_t row = ((size_t)state->table.row + i) % state->count;
        if (row_matches(state, context->snapshot, row)) {
            state->table.row = (int64_t)row;
            return VIEW_REDRAW;
        }
    }
    if (!state->find[0])
        return view_say(context, "Nothing to find yet: / asks for a text.");
    snprintf(context->wish->message, sizeof context->wish->message, "No run holds \"%.60s\".", state->find);
    return VIEW_REDRAW;
}

static enum view_result toggle_pane(struct runs_state *state, enum runs_pane pane) {
    state->pane = state->pane == pane ? RUNS_PANE_NONE : pane;
    state->pane_focused = false;
    state->scroll = 0;
    return VIEW_REDRAW;
}

static enum view_result lay_over(const struct view_context *context, int64_t id) {
    if (session_overlay(context->session, id, &context->wish->error))
        return view_acted(context, STATUS_STATE);
    bool on = runs_is_overlaid(context->snapshot, id);
    snprintf(context->wish->message, sizeof context->wish->message,
             on ? "Run %lld lies over the curves of Train (5)." : "Run %lld no longer lies over the curves.",
             (long long)id);
    return VIEW_REDRAW;
}

static enum view_result resume(const struct view_context *context, int64_t id) {
    enum status status = session_resume(context->session, id, &context->wish->error);
    if (status == STATUS_OK)
        context->wish->go = VIEW_TRAIN;
    return view_acted(context, status);
}

static enum view_result evaluate(const struct view_context *context, int64_t id) {
    struct evaluate_wish wish = {.run = id, .part = PART_VALIDATION};
    enum status status = session_evaluate(context->session, &wish, &context->wish->error);
    if (status == STATUS_OK)
        context->wish->go = VIEW_EVALUATE;
    return view_acted(context, status);
}

static enum view_result back(struct runs_state *state, const struct view_context *context) {
    if (state->pane_focused) {
        state->pane_focused = false;
    } else if (state->pane != RUNS_PANE_NONE) {
        state->pane = RUNS_PANE_NONE;
    } else if (state->filter.count > 0) {
        state->filter = (struct runs_filter){.count = 0};
        state->filter_text[0] = '\0';
        runs_reorder(state, context->snapshot);
    } else {
        return VIEW_PASS;
    }
    return VIEW_REDRAW;
}

// The pane forgets its place when another run comes into it.
static enum view_result move(struct runs_state *state, const struct view_context *context, enum request wanted) {
    struct runs_places at = runs_layout(state, context->area);
    struct runs_table_data data;
    struct table_view_model model = runs_table(&data, state, context->snapshot);
    int page = at.pane.height > 4 ? at.pane.height - 3 : 1;
    if (!state->pane_focused) {
        bool moved = table_view_request(&state->table, &model, rect_inset(at.table, 1, 1), context->ascii, wanted);
        state->scroll = moved ? 0 : state->scroll;
        return moved ? VIEW_REDRAW : VIEW_PASS;
    }
    int by = wanted == REQUEST_UP          ? -1
             : wanted == REQUEST_DOWN      ? 1
             : wanted == REQUEST_PAGE_UP   ? -page
             : wanted == REQUEST_PAGE_DOWN ? page
             : wanted == REQUEST_TOP       ? -state->scroll
                                           : 0;
    int most = 24 + (int)train_table.count - page;
    state->scroll += by;
    state->scroll = state->scroll > most ? most : state->scroll;
    state->scroll = state->scroll < 0 ? 0 : state->scroll;
    return by ? VIEW_REDRAW : VIEW_PASS;
}

static enum view_result fold(struct runs_state *state, const struct view_context *context,
                             const struct run_record *run) {
    if (!state->tree.shown)
        return view_say(context, "Runs stand in a list: t shows them as a tree, whose branches fold.");
    runs_tree_fold(&state->tree, run->id);
    runs_reorder(state, context->snapshot);
    return VIEW_REDRAW;
}

static enum view_result request_run(struct runs_state *state, const struct view_context *context, enum request wanted,
                                    const struct run_record *run) {
    switch (wanted) {
    case REQUEST_RUN_SELECT:
        return view_acted(context, session_choose_run(context->session, run->id, &context->wish->error));
    case REQUEST_RUN_OPEN:
        return toggle_pane(state, RUNS_PANE_DETAIL);
    case REQUEST_RUN_NOTE:
        return ask(state, RUNS_ASKS_NOTE, run->note);
    case REQUEST_RUN_DELETE:
        return ask(state, RUNS_ASKS_DELETE, "");
    case REQUEST_FORK:
        return ask(state, RUNS_ASKS_FORK, "");
    case REQUEST_RUN_REPORT:
        return ask(state, RUNS_ASKS_REPORT, "report.html");
    case REQUEST_RUN_RESUME:
        return resume(context, run->id);
    case REQUEST_RUN_EVALUATE:
        return evaluate(context, run->id);
    case REQUEST_RUN_FOLD:
        return fold(state, context, run);
    case REQUEST_OVERLAY:
    case REQUEST_PIN:
        return lay_over(context, run->id);
    default:
        return move(state, context, wanted);
    }
}

enum view_result runs_request(void *view_state, const struct view_context *context, enum request wanted) {
    struct runs_state *state = view_state;
    runs_refresh(state, context->snapshot);
    const struct run_record *run = runs_selected(state, context->snapshot);
    switch (wanted) {
    case REQUEST_SORT:
        return sort(state, context);
    case REQUEST_FILTER:
        return ask(state, RUNS_ASKS_FILTER, state->filter_text);
    case REQUEST_FIND:
        return ask(state, RUNS_ASKS_FIND, "");
    case REQUEST_FIND_NEXT:
        return find_next(state, context);
    case REQUEST_RUN_TREE:
        state->tree.shown = !state->tree.shown;
        runs_reorder(state, context->snapshot);
        return VIEW_REDRAW;
    case REQUEST_RUN_DIFFERENCE:
        return toggle_pane(state, RUNS_PANE_DIFFERENCE);
    case REQUEST_NEXT_PANE:
    case REQUEST_PREVIOUS_PANE:
        state->pane_focused = state->pane != RUNS_PANE_NONE && !state->pane_focused;
        return VIEW_REDRAW;
    case REQUEST_BACK:
        return back(state, context);
    default:
        return run ? request_run(state, context, wanted, run) : VIEW_PASS;
    }
}

// ---- typing and the mouse -----------------------------------------------------------------------------------

static enum view_result take_filter(struct runs_state *state, const struct view_context *context) {
    struct error error;
    if (runs_filter_parse(&state->filter, state->prompt.text, &error)) {
        snprintf(state->refusal, sizeof state->refusal, "%s", error.text);
        return VIEW_REDRAW;
    }
    snprintf(state->filter_text, sizeof state->filter_text, "%s", state->prompt.text);
    prompt_remember(&state->filters, state->prompt.text);
    state->question = RUNS_ASKS_NOTHING;
    runs_reorder(state, context->snapshot);
    return VIEW_REDRAW;
}

static enum view_result answer(struct runs_state *state, const struct view_context *context) {
    enum runs_question question = state->question;
    if (question == RUNS_ASKS_FILTER)
        return take_filter(state, context);
    state->question = RUNS_ASKS_NOTHING;
    if (question == RUNS_ASKS_NOTE)
        return view_acted(context,
                     session_run_note(context->session, state->subject, state->prompt.text, &context->wish->error));
    if (question == RUNS_ASKS_REPORT)
        return report_write_chosen(context, state->subject, state->prompt.text);
    if (question == RUNS_ASKS_FORK) {
        enum status status =
            session_fork(context->session, state->subject, "last", state->prompt.text, &context->wish->error);
        if (!status)
            context->wish->go = VIEW_TRAIN;
        return view_acted(context, status);
    }
    snprintf(state->find, sizeof state->find, "%s", state->prompt.text);
    prompt_remember(&state->finds, state->prompt.text);
    return find_next(state, context);
}

static void judge_filter(struct runs_state *state) {
    struct runs_filter trial = {.count = 0};
    struct error error = {0};
    runs_filter_parse(&trial, state->prompt.text, &error);
    snprintf(state->refusal, sizeof state->refusal, "%s", error.text);
}

static enum view_result delete_or_keep(struct runs_state *state, const struct view_context *context,
                                       const struct input_event *input) {
    if (input->type != INPUT_KEY)
        return VIEW_HANDLED;
    state->question = RUNS_ASKS_NOTHING;
    if (input->code != 'y')
        return view_say(context, "Nothing was deleted.");
    return view_acted(context, session_run_delete(context->session, state->subject, &context->wish->error));
}

static enum view_result type(struct runs_state *state, const struct view_context *context,
                             const struct input_event *input) {
    if (state->question == RUNS_ASKS_DELETE)
        return delete_or_keep(state, context, input);
    const struct prompt_history *history = state->question == RUNS_ASKS_FILTER ? &state->filters
                                           : state->question == RUNS_ASKS_FIND ? &state->finds
                                                                               : NULL;
    switch (prompt_event(&state->prompt, history, input)) {
    case PROMPT_ACCEPT:
        return answer(state, context);
    case PROMPT_CANCEL:
        state->question = RUNS_ASKS_NOTHING;
        return VIEW_REDRAW;
    case PROMPT_CHANGED:
        if (state->question == RUNS_ASKS_FILTER)
            judge_filter(state);
        return VIEW_REDRAW;
    case PROMPT_MOVED:
        return VIEW_REDRAW;
    default:
        return VIEW_HANDLED;
    }
}

static enum view_result mouse(struct runs_state *state, const struct view_context *context,
                              const struct input_event *input) {
    struct runs_places at = runs_layout(state, context->area);
    struct runs_table_data data;
    struct table_view_model model = runs_table(&data, state, context->snapshot);
    bool wheel = input->mouse == MOUSE_WHEEL_UP || input->mouse == MOUSE_WHEEL_DOWN;
    bool in_pane = rect_contains(at.pane, input->x, input->y);
    if (input->mouse == MOUSE_PRESS)
        state->pane_focused = in_pane;
    if (!in_pane)
        return table_view_event(&state->table, &model, rect_inset(at.table, 1, 1), context->ascii, input)
                   ? VIEW_REDRAW
                   : VIEW_HANDLED;
    if (!wheel)
        return VIEW_REDRAW;
    state->pane_focused = true;
    return move(state, context, input->mouse == MOUSE_WHEEL_UP ? REQUEST_UP : REQUEST_DOWN);
}

enum view_result runs_event(void *view_state, const struct view_context *context, const struct input_event *input) {
    struct runs_state *state = view_state;
    runs_refresh(state, context->snapshot);
    if (state->question != RUNS_ASKS_NOTHING)
        return type(state, context, input);
    return input->type == INPUT_MOUSE ? mouse(state, context, input) : VIEW_PASS;
}
