// What the files of the Train view share: its state, where its panes lie, and how each is drawn. Private to
// views/train*.c. The frame owns the state; the tracks in it belong to the view. Main thread only.
#ifndef VIEWS_TRAIN_VIEW_H
#define VIEWS_TRAIN_VIEW_H

#include "core/session.h"
#include "views/train_track.h"
#include "views/view.h"
#include "views/widgets/plot.h"
#include "views/widgets/prompt.h"

#define TRAIN_RUNS 6 // the run itself and those laid over it

enum train_shown { TRAIN_BOTH, TRAIN_LOSS, TRAIN_METRIC, TRAIN_LAYERS, TRAIN_SHOWN };
enum train_question { TRAIN_ASKS_NOTHING, TRAIN_ASKS_MARK, TRAIN_ASKS_OVERLAY, TRAIN_ASKS_FILE, TRAIN_ASKS_FORK };

struct train_state {
    struct track steps[TRAIN_RUNS], epochs[TRAIN_RUNS];
    size_t runs; // tracks in use; [0] is the run, perhaps empty
    bool growing; // the run is alive
    enum track_axis axis;
    bool log_loss;
    int smoothing; // 0 … TRAIN_SMOOTHINGS - 1
    enum train_shown shown;
    bool zoomed, zooming; // a part is shown; + - and the arrows move that part
    double low, high;     // it, on the x axis
    bool cursor_shown;
    double cursor; // x
    bool dragging;
    int drag_from, drag_to; // columns
    enum train_question question;
    struct prompt prompt;
    bool range_waits, range_shown; // a range test was asked for; its curve stands over the others
    uint64_t range_seen;           // of snapshot.range_count
    int range_choice;              // which suggestion
    size_t layer;                  // that TRAIN_LAYERS shows
};

// ---- layout -----------------------------------------------------------------------------------------------
struct train_places {
    struct rect header;                     // 1 or 2 rows
    struct rect charts;                     // all of the curves
    struct rect loss, metric;               // with their frames; empty = not shown
    struct rect compact;                    // one pane for everything below the curves …
    struct rect controls, gradient, device; // … or three
};
struct train_places train_layout(const struct train_state *state, struct rect area);

// ---- charts -----------------------------------------------------------------------------------------------
#define TRAIN_SMOOTHINGS 5
double train_decay(int smoothing);
// Where the x axis ends when all of it is shown. Ahead of a run that is alive, by an eighth at most: a picture that
// stands still for a while costs a slow line few bytes.
double train_end(const struct train_state *state);
// The part of the x axis that is shown.
void train_window(const struct train_state *state, double *low, double *high);

struct train_chart; // one of the two plots with the points it shows
enum status train_chart_open(struct train_chart **chart, const struct train_state *state,
                             const struct snapshot *snapshot, enum train_shown which, int columns, struct error *error);
void train_chart_close(struct train_chart *chart); // NULL allowed
const struct plot *train_chart_plot(const struct train_chart *chart);
// The charts that are shown, as plot_save writes them: of very long runs first, extremes and last of each of 20 000
// (picture: 1000) slices.
enum status train_charts_save(const struct train_state *state, const struct snapshot *snapshot, const char *path,
                              struct error *error);
void train_chart_draw(const struct train_state *state, const struct snapshot *snapshot, enum train_shown which,
                      struct canvas *canvas, struct rect pane);

// ---- the range test -----------------------------------------------------------------------------------------
void train_refresh_range(struct train_state *state, const struct snapshot *snapshot);
enum view_result train_test_range(struct train_state *state, const struct view_context *context);
// While the curve stands over the others. VIEW_PASS: not for it.
enum view_result train_request_range(struct train_state *state, const struct view_context *context,
                                     enum request wanted);

// ---- layers ---------------------------------------------------------------------------------------------------
bool train_has_layers(const struct snapshot *snapshot);
void train_draw_layers(const struct train_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                       struct rect area);
enum view_result train_request_layers(struct train_state *state, const struct view_context *context); // show them, or the curves
enum view_result train_choose_layer(struct train_state *state, const struct view_context *context, int by);

// ---- the noise scale ------------------------------------------------------------------------------------------
bool train_has_noise(const struct snapshot *snapshot);
void train_draw_noise(const struct snapshot *snapshot, struct canvas *canvas, struct rect rect); // only where it has
void train_noise_short(const struct snapshot *snapshot, char *out, size_t size);

// ---- everything else --------------------------------------------------------------------------------------
bool train_alive(const struct snapshot *snapshot);
void train_draw_header(const struct train_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                       struct rect rect);
void train_draw_panels(const struct train_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                       const struct train_places *at);

#endif
