// The range test over the curves of Train.
#include <math.h>
#include <stdio.h>

#include "views/range_pane.h"
#include "views/train_view.h"

// ---- keeping up with the snapshot ---------------------------------------------------------------------------

void train_refresh_range(struct train_state *state, const struct snapshot *snapshot) {
    if (state->range_waits && snapshot->range_count != state->range_seen) {
        state->range_waits = false;
        state->range_shown = true;
        state->range_choice = snapshot->range ? range_next_choice(snapshot->range, -1, 1) : 0;
    }
    state->range_seen = snapshot->range_count;
    state->range_shown = state->range_shown && snapshot->range;
}

// ---- requests -----------------------------------------------------------------------------------------------

enum view_result train_test_range(struct train_state *state, const struct view_context *context) {
    enum status status = session_range_test(context->session, &context->wish->error);
    state->range_waits = status == STATUS_OK;
    if (!status)
        snprintf(context->wish->message, sizeof context->wish->message,
                 train_alive(context->snapshot)
                     ? "Trying learning rates from 1e-7 to 10 in 100 steps; then the run goes on as if nothing had been."
                     : "Trying learning rates from 1e-7 to 10 in 100 steps on a fresh model; no run is made.");
    return view_acted(context, status);
}

static enum view_result take_rate(struct train_state *state, const struct view_context *context) {
    if (isnan(range_rate_of(context->snapshot->range, state->range_choice)))
        return VIEW_HANDLED;
    state->range_shown = false;
    return view_acted(context, range_take_rate(context, state->range_choice));
}

enum view_result train_request_range(struct train_state *state, const struct view_context *context,
                                     enum request wanted) {
    switch (wanted) {
    case REQUEST_UP:
    case REQUEST_LEFT:
        state->range_choice = range_next_choice(context->snapshot->range, state->range_choice, -1);
        return VIEW_REDRAW;
    case REQUEST_DOWN:
    case REQUEST_RIGHT:
        state->range_choice = range_next_choice(context->snapshot->range, state->range_choice, 1);
        return VIEW_REDRAW;
    case REQUEST_ACCEPT:
        return take_rate(state, context);
    case REQUEST_BACK:
        state->range_shown = false;
        return VIEW_REDRAW;
    default:
        return VIEW_PASS;
    }
}
