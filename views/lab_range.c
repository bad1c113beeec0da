// The page of the range test: loss against the learning rate, four suggestions, one of which can be taken.
#include <math.h>
#include <stdio.h>

#include "views/lab_parts.h"
#include "views/range_pane.h"

static void refresh(struct lab_state *state, const struct snapshot *snapshot) {
    if (snapshot->range && snapshot->range_count != state->range_seen)
        state->range_choice = range_next_choice(snapshot->range, -1, 1);
    state->range_seen = snapshot->range_count;
}

static void draw(const struct lab_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                 struct rect area) {
    char text[ERROR_TEXT_SIZE + 64];
    if (snapshot->range) {
        range_pane_draw(snapshot, state->range_choice, canvas, area, "Space tries again");
        return;
    }
    struct rect inside = rect_inset(canvas_pane(canvas, area, true, "learning-rate range test", "Space begins"), 1, 1);
    int lines = canvas_wrap(canvas, inside, 0, style_ink(INK_TEXT),
                            "A hundred steps, each with a larger learning rate than the one before, from 1e-7 to 10. "
                            "Where the loss falls, the rate is useful; where it explodes, too large. Four rules read a "
                            "rate off the curve; Enter takes the chosen one.");
    rect_take_top(&inside, lines + 1 < inside.height ? lines + 1 : inside.height);
    enum ink ink = INK_DIM;
    if (snapshot->range_active)
        snprintf(text, sizeof text, "Trying: a moment.");
    else if (run_is_alive(snapshot->state))
        snprintf(text, sizeof text, "Run %lld is tried out, and then is as it was, to the bit.",
                 snapshot->run ? (long long)snapshot->run->record.id : 0LL);
    else if (snapshot->source)
        snprintf(text, sizeof text, "No run lives: a fresh model with the parameters of Model (4) is tried out, and no run is made.");
    else {
        snprintf(text, sizeof text, "%s", snapshot->source_reason[0] ? snapshot->source_reason
                                                                    : "Open a data set first: 1 goes to Data.");
        ink = INK_WARNING;
    }
    canvas_wrap(canvas, inside, 0, style_ink(ink), text);
}

static enum view_result take(const struct lab_state *state, const struct view_context *context) {
    const struct range_curve *range = context->snapshot->range;
    if (!range || isnan(range_rate_of(range, state->range_choice)))
        return view_say(context, range ? "The curve suggests no rate: Space tries again." : "Space begins the test.");
    enum status status = range_take_rate(context, state->range_choice);
    if (!status)
        snprintf(context->wish->message, sizeof context->wish->message, "The learning rate is %.3g now.",
                 range_rate_of(range, state->range_choice));
    return view_acted(context, status);
}

static enum view_result choose(struct lab_state *state, const struct view_context *context, int direction) {
    if (context->snapshot->range)
        state->range_choice = range_next_choice(context->snapshot->range, state->range_choice, direction);
    return VIEW_REDRAW;
}

static enum view_result request(struct lab_state *state, const struct view_context *context, enum request wanted) {
    switch (wanted) {
    case REQUEST_LAB_GO:
        return view_acted(context, session_range_test(context->session, &context->wish->error));
    case REQUEST_UP:
    case REQUEST_LEFT:
    case REQUEST_FIELD_DOWN: // what the arrows mean where there is a form
        return choose(state, context, -1);
    case REQUEST_DOWN:
    case REQUEST_RIGHT:
    case REQUEST_FIELD_UP:
        return choose(state, context, 1);
    case REQUEST_LAB_ENTER:
        return take(state, context);
    default:
        return VIEW_PASS;
    }
}

static enum view_result event(struct lab_state *state, const struct view_context *context,
                              const struct input_event *input) {
    if (input->mouse == MOUSE_WHEEL_DOWN || input->mouse == MOUSE_WHEEL_UP)
        return choose(state, context, input->mouse == MOUSE_WHEEL_DOWN ? 1 : -1);
    return VIEW_HANDLED;
}

static const char *busy(const struct snapshot *snapshot) {
    return snapshot->range_active ? "at work" : NULL;
}

const struct lab_page lab_page_range = {
    .name = "range test",
    .title = "range test of learning rates",
    .about = "A hundred steps with a growing rate: four suggestions, one to take.",
    .refresh = refresh,
    .draw = draw,
    .request = request,
    .event = event,
    .busy = busy,
};
