// The Lab view: a race of batch sizes on one page, a sweep over parameters on the other; each a form until something
// was begun or is shown. Private to views/lab*.c. Its state owns the list of trials and what the curves are drawn from.
#ifndef VIEWS_LAB_PARTS_H
#define VIEWS_LAB_PARTS_H

#include "core/session.h"
#include "views/view.h"
#include "views/widgets/form.h"
#include "views/widgets/plot.h"
#include "views/widgets/table.h"

enum lab_x { LAB_EPOCHS, LAB_STEPS, LAB_SAMPLES, LAB_SECONDS, LAB_X_COUNT };


struct lab_state {
    enum experiment_kind page;
    bool asking; // the form is shown though there is something else to show
    struct form_state form;
    union {
        double aligned;
        char bytes[1024];
    } race, sweep; // struct race_options, struct sweep_options
    struct table_view_state rows[2]; // of each page
    enum lab_x x_axis;
    bool log_y;
    // derived in refresh
    double x[PLOT_SERIES_MOST][TRIAL_CURVE], y[PLOT_SERIES_MOST][TRIAL_CURVE];
    size_t points[PLOT_SERIES_MOST];
    char names[PLOT_SERIES_MOST][24];
    size_t series;
    size_t *trials, trial_count, trial_capacity; // slots of the sweep that were begun, the best first
};

// The experiment that the page shows; NULL: the form.
const struct lab_view *lab_shown(const struct lab_state *state, const struct snapshot *snapshot);
const struct param_table *lab_table(const struct lab_state *state);
void *lab_options(struct lab_state *state);

struct lab_places { // panes with their frames; empty = not there
    struct rect head, left, right, lower_right, table;
};
struct lab_places lab_layout(const struct lab_state *state, const struct lab_view *lab, struct rect area);

void lab_race_refresh(struct lab_state *state, const struct snapshot *snapshot, const struct lab_view *lab);
void lab_race_draw(const struct lab_state *state, const struct snapshot *snapshot, const struct lab_view *lab,
                   struct canvas *canvas, const struct lab_places *at);
struct table_view_model lab_race_table(const struct lab_view *lab);

void lab_sweep_refresh(struct lab_state *state, const struct lab_view *lab);
void lab_sweep_draw(const struct lab_state *state, const struct lab_view *lab, struct canvas *canvas,
                    const struct lab_places *at);
struct lab_sweep_data {
    const struct lab_state *state;
    const struct lab_view *lab;
};
struct table_view_model lab_sweep_table(struct lab_sweep_data *data, const struct lab_state *state,
                                        const struct lab_view *lab);

#endif
