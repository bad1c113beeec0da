// The Runs view: every run ever made, sorted, filtered, searched and compared.
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "views/runs_view.h"
#include "views/views.h"

#define BESIDE_WIDTH 110 // from here on the pane stands beside the table
#define STEP_WIDTH 6     // of where a run was forked, in the tree

struct runs_places runs_layout(const struct runs_state *state, struct rect area) {
    struct runs_places at = {.head = rect_take_top(&area, 1)};
    if (state->question != RUNS_ASKS_NOTHING)
        at.question = rect_take_bottom(&area, 1);
    if (state->pane != RUNS_PANE_NONE)
        at.pane = area.width >= BESIDE_WIDTH ? rect_take_right(&area, area.width * 2 / 5)
                                             : rect_take_bottom(&area, area.height * 3 / 5);
    at.table = area;
    return at;
}

// ---- which runs, in which order ---------------------------------------------------------------------------

const struct run_record *runs_selected(const struct runs_state *state, const struct snapshot *snapshot) {
    size_t row = (size_t)(state->table.row > 0 ? state->table.row : 0);
    return row < state->count && state->order[row] < snapshot->run_count ? &snapshot->runs[state->order[row]] : NULL;
}

bool runs_is_overlaid(const struct snapshot *snapshot, int64_t id) {
    for (size_t i = 0; i < snapshot->overlay_count; i++)
        if (snapshot->overlays[i]->record.id == id)
            return true;
    return false;
}

const struct run_view *runs_curves(const struct snapshot *snapshot, int64_t id) {
    if (snapshot->run && snapshot->run->record.id == id)
        return snapshot->run;
    for (size_t i = 0; i < snapshot->overlay_count; i++)
        if (snapshot->overlays[i]->record.id == id)
            return snapshot->overlays[i];
    return NULL;
}

size_t runs_compared(const struct runs_state *state, const struct snapshot *snapshot,
                     const struct run_record *out[RUNS_COMPARED_MOST]) {
    size_t count = 0;
    const struct run_record *selected = runs_selected(state, snapshot);
    for (size_t i = 0; i < snapshot->run_count && count < RUNS_COMPARED_MOST; i++)
        if (chosen_runs_has(&snapshot->chosen, snapshot->runs[i].id))
            out[count++] = &snapshot->runs[i];
    if (count == 1 && selected && selected != out[0])
        out[count++] = selected;
    return count;
}

// Stable, so that runs that are equal in the sorted column stay newest first.
static void sort_rows(const struct runs_state *state, const struct snapshot *snapshot, size_t *rows, size_t *spare,
                      size_t count) {
    if (count < 2)
        return;
    const struct runs_field *field = runs_field_at(state->sort);
    size_t half = count / 2, left = 0, right = half;
    sort_rows(state, snapshot, rows, spare, half);
    sort_rows(state, snapshot, rows + half, spare, count - half);
    for (size_t i = 0; i < count; i++) {
        bool take_right =
            left == half || (right < count && runs_field_compare(field, state->descending, &snapshot->runs[rows[right]],
                                                                 &snapshot->runs[rows[left]]) < 0);
        spare[i] = rows[take_right ? right++ : left++];
    }
    memcpy(rows, spare, count * sizeof *rows);
}

void runs_refresh(void *view_state, const struct snapshot *snapshot) {
    struct runs_state *state = view_state;
    const struct run_record *run = NULL;
    state->count = 0;
    state->out_of_memory =
        !vec_reserve(&state->order, &state->capacity, 2 * snapshot->run_count + 1, sizeof *state->order);
    for (size_t i = 0; i < snapshot->run_count && !state->out_of_memory; i++)
        if (runs_filter_match(&state->filter, &snapshot->runs[i]))
            state->order[state->count++] = i;
    if (!state->out_of_memory)
        sort_rows(state, snapshot, state->order, state->order + state->count, state->count);
    if (state->tree.shown && !state->out_of_memory)
        state->out_of_memory =
            !runs_tree_order(&state->tree, snapshot->runs, snapshot->run_count, state->order, &state->count);
    if (state->table.row >= (int64_t)state->count)
        state->table.row = state->count > 0 ? (int64_t)state->count - 1 : 0;
    run = runs_selected(state, snapshot);
    state->shown = run ? run->id : 0;
    const struct run_view *curves = run && state->pane == RUNS_PANE_DETAIL ? runs_curves(snapshot, run->id) : NULL;
    track_refresh(&state->steps, curves, TRACK_STEP_ROWS, 0.9);
    track_refresh(&state->epochs, curves, TRACK_EPOCH_ROWS, 0);
}

void runs_reorder(struct runs_state *state, const struct snapshot *snapshot) {
    int64_t id = state->shown;
    runs_refresh(state, snapshot);
    for (size_t i = 0; i < state->count; i++)
        if (snapshot->runs[state->order[i]].id == id)
            state->table.row = (int64_t)i;
    runs_refresh(state, snapshot);
}

static enum status open_view(void *view_state, struct session *session, struct error *error) {
    struct runs_state *state = view_state;
    state->descending = true;
    return session_refresh_runs(session, error);
}

static void close_view(void *view_state) {
    struct runs_state *state = view_state;
    mem_free(state->order);
    runs_tree_free(&state->tree);
    track_free(&state->steps);
    track_free(&state->epochs);
}

// ---- the table --------------------------------------------------------------------------------------------

// The first column holds the signs: chosen, laid over, what state it is in.
static void table_column(void *data, int64_t column, struct table_view_column *out) {
    struct runs_table_data *table = data;
    if (column == 0) {
        out->title = "";
        out->width = 3;
        return;
    }
    const struct runs_field *field = runs_field_at((size_t)column - 1);
    bool sorted = (size_t)column - 1 == table->state->sort;
    const char *arrow = sorted ? table->state->descending ? "▼" : "▲" : "";
    snprintf(table->title, sizeof table->title, "%s%s", field->title, arrow);
    out->title = table->title;
    out->right = field->right;
    out->ink = sorted ? INK_ACCENT : INK_DEFAULT;
    if (text_equal(field->name, "data"))
        out->width = 18;
    if (table->state->tree.shown && text_equal(field->name, "id")) {
        out->right = false;
        int deep = (int)(table->state->tree.deepest < 8 ? table->state->tree.deepest : 8);
        out->width = 8 + 2 * deep + (deep > 0 ? STEP_WIDTH : 0);
    }
}

static enum ink state_ink(enum run_state state) {
    switch (state) {
    case RUN_TRAINING:
    case RUN_OPENING:
        return INK_GOOD;
    case RUN_PAUSED:
        return INK_WARNING;
    case RUN_FAILED:
        return INK_ERROR;
    default:
        return INK_DIM;
    }
}

static const char *state_sign(enum run_state state) {
    switch (state) {
    case RUN_TRAINING:
    case RUN_OPENING:
        return "●";
    case RUN_PAUSED:
        return "‖";
    case RUN_FAILED:
        return "✗";
    default:
        return " ";
    }
}

static void table_cell(void *data, int64_t row, int64_t column, struct table_view_cell *out) {
    struct runs_table_data *table = data;
    const struct run_record *run = &table->snapshot->runs[table->state->order[row]];
    if (column == 0) {
        snprintf(out->text, sizeof out->text, "%s%s%s", chosen_runs_has(&table->snapshot->chosen, run->id) ? "✓" : " ",
                 runs_is_overlaid(table->snapshot, run->id) ? "~" : " ", state_sign(run->state));
        out->style = style_bold(run->state == RUN_FAILED ? INK_ERROR : INK_ACCENT);
        return;
    }
    const struct runs_field *field = runs_field_at((size_t)column - 1);
    runs_field_text(field, run, out->text);
    if (!out->text[0])
        snprintf(out->text, sizeof out->text, "-");
    if (text_equal(field->name, "state"))
        out->style = style_ink(state_ink(run->state));
    else if (text_equal(field->name, "id"))
        out->style = style_bold(INK_NUMBER);
    if (table->state->tree.shown && text_equal(field->name, "id"))
        runs_tree_label(&table->state->tree, table->snapshot->runs, table->state->order[row], out->text,
                        sizeof out->text);
}

struct table_view_model runs_table(struct runs_table_data *data, const struct runs_state *state,
                                   const struct snapshot *snapshot) {
    *data = (struct runs_table_data){.state = state, .snapshot = snapshot};
    return (struct table_view_model){.data = data,
                                     .rows = (int64_t)state->count,
                                     .columns = (int64_t)runs_column_count() + 1,
                                     .cell_cursor = true,
                                     .column = table_column,
                                     .cell = table_cell};
}

// ---- drawing ----------------------------------------------------------------------------------------------

static void draw_head(const struct runs_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                      struct rect row) {
    char shown[TEXT_NUMBER_SIZE], all[TEXT_NUMBER_SIZE];
    int x = row.x + 1;
    text_integer((int64_t)state->count, NUMBER_SCREEN, shown);
    text_integer((int64_t)snapshot->run_count, NUMBER_SCREEN, all);
    if (state->filter.count > 0)
        x += canvas_print(canvas, x, row.y, style_bold(INK_TITLE), "%s of %s runs", shown, all);
    else
        x += canvas_print(canvas, x, row.y, style_bold(INK_TITLE), "%s %s", all,
                          snapshot->run_count == 1 ? "run" : "runs");
    if (state->filter.count > 0) {
        x += canvas_text(canvas, x, row.y, style_ink(INK_DIM), "   where ");
        x += canvas_text(canvas, x, row.y, style_ink(INK_ACCENT), state->filter_text);
    }
    if (snapshot->chosen.count > 0)
        canvas_print(canvas, x + 3, row.y, style_ink(INK_DIM), "%zu chosen", snapshot->chosen.count);
}

static void draw_question(const struct runs_state *state, struct canvas *canvas, struct rect row) {
    static const char *const labels[] = {"", " show runs where: ", " find: ", " note: ",
                                         " fork with (lr=0.01,batch=64): ", " write a report to (.html or .md): ", ""};
    char text[160];
    canvas_fill(canvas, row, (struct style){0}, ' ');
    if (state->question == RUNS_ASKS_DELETE) {
        snprintf(text, sizeof text, " Delete run %lld and its checkpoints? y deletes it, any other key keeps it.",
                 (long long)state->subject);
        canvas_field(canvas, row.x, row.y, row.width, TEXT_LEFT, style_bold(INK_WARNING), text);
        return;
    }
    int half = state->refusal[0] && row.width > 60 ? row.width / 2 : row.width;
    prompt_draw(canvas, (struct rect){row.x, row.y, half, 1}, labels[state->question], &state->prompt);
    if (half < row.width)
        canvas_field(canvas, row.x + half, row.y, row.width - half, TEXT_LEFT, style_ink(INK_WARNING), state->refusal);
}

static void draw_none(const struct runs_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                      struct rect rect) {
    const char *text = "No run yet: 5 goes to Train, where Space starts one.";
    if (state->out_of_memory)
        text = "Not enough memory to list the runs.";
    else if (snapshot->run_count > 0)
        text = "No run matches the filter: & changes it, Esc takes it away.";
    canvas_wrap(canvas, rect_inset(rect, 1, 0), 0, style_ink(INK_DIM), text);
}

static void draw(const void *view_state, const struct snapshot *snapshot, struct canvas *canvas, struct rect area) {
    const struct runs_state *state = view_state;
    struct runs_places at = runs_layout(state, area);
    struct runs_table_data data;
    struct table_view_model model = runs_table(&data, state, snapshot);
    draw_head(state, snapshot, canvas, at.head);
    struct rect inside = canvas_pane(canvas, at.table, !state->pane_focused, NULL, NULL);
    if (state->count == 0)
        draw_none(state, snapshot, canvas, inside);
    else
        table_view_draw(canvas, inside, &model, &state->table, !state->pane_focused);
    if (!rect_empty(at.pane))
        runs_draw_pane(state, snapshot, canvas, at.pane);
    if (!rect_empty(at.question))
        draw_question(state, canvas, at.question);
}

static bool modal(const void *view_state) {
    return ((const struct runs_state *)view_state)->question != RUNS_ASKS_NOTHING;
}

const struct view view_runs = {
    .id = VIEW_RUNS,
    .name = "runs",
    .title = "Runs",
    .min_width = 60,
    .min_height = 16,
    .state_size = sizeof(struct runs_state),
    .open = open_view,
    .close = close_view,
    .refresh = runs_refresh,
    .event = runs_event,
    .request = runs_request,
    .modal = modal,
    .draw = draw,
};
