// The page of the report: runs are chosen here or in Runs, and told on one page in a file.
#include <stdio.h>
#include <string.h>

#include "views/lab_parts.h"
#include "views/report/report.h"
#include "views/runs_fields.h"

// ---- the table ----------------------------------------------------------------------------------------------

// Of a run: whether it is chosen, then these, and the group it belongs to.
static const char *const fields[] = {"id", "data", "model", "batch", "lr", "loss", "result", "state"};
enum { FIELDS = sizeof fields / sizeof *fields, COLUMNS = FIELDS + 2 };

static void column(void *data, int64_t index, struct table_view_column *out) {
    struct runs_field field;
    struct error error;
    (void)data;
    out->title = index == 0 ? "" : "group";
    if (index > 0 && index <= FIELDS && !runs_field_find(fields[index - 1], &field, &error)) {
        out->title = field.title ? field.title : field.name;
        out->right = field.right;
    }
}

static void cell(void *data, int64_t row, int64_t index, struct table_view_cell *out) {
    const struct snapshot *snapshot = data;
    const struct run_record *run = &snapshot->runs[row];
    struct runs_field field;
    struct error error;
    if (index == 0) {
        bool chosen = chosen_runs_has(&snapshot->chosen, run->id);
        snprintf(out->text, sizeof out->text, "%s", chosen ? "✓" : " ");
        out->style = style_bold(INK_ACCENT);
    } else if (index == FIELDS + 1) {
        if (run->experiment > 0)
            snprintf(out->text, sizeof out->text, "%lld", (long long)run->experiment);
    } else if (!runs_field_find(fields[index - 1], &field, &error)) {
        runs_field_text(&field, run, out->text);
    }
}

static struct table_view_model table(const struct snapshot *snapshot) {
    return (struct table_view_model){.data = (void *)(uintptr_t)snapshot, // the callbacks only read it
                                     .rows = (int64_t)snapshot->run_count,
                                     .columns = COLUMNS,
                                     .column = column,
                                     .cell = cell};
}

// ---- drawing ------------------------------------------------------------------------------------------------

static const struct run_record *under_cursor(const struct lab_state *state, const struct snapshot *snapshot) {
    size_t row = (size_t)(state->runs.row > 0 ? state->runs.row : 0);
    return row < snapshot->run_count ? &snapshot->runs[row] : NULL;
}

static struct rect table_rect(struct rect area) {
    struct rect inside = rect_inset(area, 1, 1);
    rect_take_bottom(&inside, inside.height > 8 ? 2 : 0);
    return inside;
}

static void draw(const struct lab_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                 struct rect area) {
    struct table_view_model model = table(snapshot);
    char text[160];
    const struct run_record *run = under_cursor(state, snapshot);
    struct rect words = canvas_pane(canvas, area, true, "a report about runs", "Enter names the file");
    if (!run) {
        canvas_wrap(canvas, rect_inset(words, 1, 0), 0, style_ink(INK_DIM),
                    "No run yet: 5 goes to Train, where Space starts one.");
        return;
    }
    struct rect rows = table_rect(area);
    table_view_draw(canvas, rows, &model, &state->runs, true);
    rect_take_top(&words, rows.height);
    if (state->naming) {
        prompt_draw(canvas, rect_take_bottom(&words, 1), " write the report to (.html or .md): ", &state->prompt);
        return;
    }
    if (snapshot->chosen.count > 0)
        snprintf(text, sizeof text, "The report tells of the %zu chosen run%s: curves, figures, parameters, data.",
                 snapshot->chosen.count, snapshot->chosen.count == 1 ? "" : "s");
    else
        snprintf(text, sizeof text, "Space chooses runs, a all of a race or sweep; without a choice the report tells of run %lld.",
                 (long long)run->id);
    canvas_wrap(canvas, rect_inset(words, 1, 0), 0, style_ink(INK_DIM), text);
}

// ---- choosing and writing -------------------------------------------------------------------------------------

static enum view_result choose(struct lab_state *state, const struct view_context *context) {
    const struct run_record *run = under_cursor(state, context->snapshot);
    if (!run)
        return VIEW_HANDLED;
    enum status status = session_choose_run(context->session, run->id, &context->wish->error);
    if (!status && state->runs.row + 1 < (int64_t)context->snapshot->run_count)
        state->runs.row++;
    return view_acted(context, status);
}

static enum view_result choose_group(struct lab_state *state, const struct view_context *context) {
    const struct run_record *run = under_cursor(state, context->snapshot);
    int64_t ids[REPORT_RUNS_MOST];
    enum status status = STATUS_OK;
    if (!run || run->experiment == 0)
        return view_say(context, "This run belongs to no race or sweep: Space chooses it alone.");
    size_t count = report_group(context->snapshot, run->experiment, ids, REPORT_RUNS_MOST);
    for (size_t i = 0; i < count && !status; i++)
        if (!chosen_runs_has(&context->snapshot->chosen, ids[i]))
            status = session_choose_run(context->session, ids[i], &context->wish->error);
    return view_acted(context, status);
}

static enum view_result name_file(struct lab_state *state, const struct view_context *context) {
    const struct run_record *run = under_cursor(state, context->snapshot);
    if (!run)
        return view_say(context, "There is no run to report on yet.");
    state->naming = true;
    prompt_set(&state->prompt, "report.html");
    return VIEW_REDRAW;
}

static enum view_result request(struct lab_state *state, const struct view_context *context, enum request wanted) {
    struct table_view_model model = table(context->snapshot);
    switch (wanted) {
    case REQUEST_LAB_GO:
        return choose(state, context);
    case REQUEST_LAB_GROUP:
        return choose_group(state, context);
    case REQUEST_LAB_ENTER:
        return name_file(state, context);
    default:
        return table_view_request(&state->runs, &model, table_rect(lab_room(context->area)), context->ascii, wanted)
                   ? VIEW_REDRAW
                   : VIEW_PASS;
    }
}

static enum view_result event(struct lab_state *state, const struct view_context *context,
                              const struct input_event *input) {
    struct table_view_model model = table(context->snapshot);
    const struct run_record *run = under_cursor(state, context->snapshot);
    if (!state->naming)
        return table_view_event(&state->runs, &model, table_rect(lab_room(context->area)), context->ascii, input)
                   ? VIEW_REDRAW
                   : VIEW_HANDLED;
    enum prompt_result result = prompt_event(&state->prompt, NULL, input);
    if (result != PROMPT_ACCEPT && result != PROMPT_CANCEL)
        return result == PROMPT_PASS ? VIEW_HANDLED : VIEW_REDRAW;
    state->naming = false;
    return result == PROMPT_ACCEPT && run ? report_write_chosen(context, run->id, state->prompt.text) : VIEW_REDRAW;
}

static bool modal(const struct lab_state *state) {
    return state->naming;
}

const struct lab_page lab_page_report = {
    .name = "report",
    .title = "report",
    .about = "Chosen runs in one file, a page or Markdown: curves, figures, data.",
    .draw = draw,
    .request = request,
    .event = event,
    .modal = modal,
};
