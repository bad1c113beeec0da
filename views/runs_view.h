// What the files of the Runs view share. Private to views/runs*.c. The frame owns the state; the view owns the
// order in it and the tracks. Main thread only.
#ifndef VIEWS_RUNS_VIEW_H
#define VIEWS_RUNS_VIEW_H

#include "core/session.h"
#include "views/runs_fields.h"
#include "views/runs_filter.h"
#include "views/runs_tree.h"
#include "views/train_track.h"
#include "views/view.h"
#include "views/widgets/prompt.h"
#include "views/widgets/table.h"

#define RUNS_COMPARED_MOST 8

enum runs_pane { RUNS_PANE_NONE, RUNS_PANE_DETAIL, RUNS_PANE_DIFFERENCE };
enum runs_question { RUNS_ASKS_NOTHING, RUNS_ASKS_FILTER, RUNS_ASKS_FIND, RUNS_ASKS_NOTE, RUNS_ASKS_FORK,
                     RUNS_ASKS_REPORT, RUNS_ASKS_DELETE };

struct runs_state {
    struct table_view_state table;
    size_t *order; // shown rows: indices into snapshot->runs
    size_t count, capacity;
    bool out_of_memory;
    size_t sort; // column
    bool descending;
    struct runs_tree tree;
    struct runs_filter filter;
    char filter_text[PROMPT_SIZE];
    char find[PROMPT_SIZE];
    enum runs_pane pane;
    bool pane_focused;
    int scroll;    // of the pane
    int64_t shown; // the run under the selection; tracks are its curves where the snapshot has them
    struct track steps, epochs;
    enum runs_question question;
    int64_t subject; // of a note or a deletion
    struct prompt prompt;
    char refusal[ERROR_TEXT_SIZE]; // of the filter being typed
    struct prompt_history filters, finds;
};

struct runs_places {
    struct rect head, table, pane, question; // table and pane with their frames; empty = not there
};
struct runs_places runs_layout(const struct runs_state *state, struct rect area);

struct runs_table_data {
    const struct runs_state *state;
    const struct snapshot *snapshot;
    char title[48];
};
struct table_view_model runs_table(struct runs_table_data *data, const struct runs_state *state,
                                   const struct snapshot *snapshot);

void runs_refresh(void *state, const struct snapshot *snapshot);              // the view's refresh
void runs_reorder(struct runs_state *state, const struct snapshot *snapshot); // keeps the selection on its run
enum view_result runs_request(void *state, const struct view_context *context, enum request wanted);
enum view_result runs_event(void *state, const struct view_context *context, const struct input_event *input);

// NULL: none is selected.
const struct run_record *runs_selected(const struct runs_state *state, const struct snapshot *snapshot);
bool runs_is_overlaid(const struct snapshot *snapshot, int64_t id);
// The curves the snapshot has of a run; NULL: none.
const struct run_view *runs_curves(const struct snapshot *snapshot, int64_t id);
// The runs to compare: the first of those that are chosen, or the selected and the one chosen. Returns how many.
size_t runs_compared(const struct runs_state *state, const struct snapshot *snapshot,
                     const struct run_record *out[RUNS_COMPARED_MOST]);

void runs_draw_pane(const struct runs_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                    struct rect rect);

#endif
