// Snapshots with made-up runs, for views that are tested without a session. One call makes everything;
// snapshots_free releases it. The same call makes the same bytes every time.
#ifndef TESTS_SUPPORT_SNAPSHOTS_H
#define TESTS_SUPPORT_SNAPSHOTS_H

#include "core/session.h"

#define SNAPSHOTS_OVERLAYS 3

struct snapshots { // zeroed, then one of the makers
    struct snapshot snapshot;
    struct train_params params;
    struct source source;
    struct run_view run, overlay[SNAPSHOTS_OVERLAYS];
    const struct run_view *overlays[SNAPSHOTS_OVERLAYS];
    struct run_record *runs;
};

void snapshots_nothing(struct snapshots *made);        // nothing open
void snapshots_classification(struct snapshots *made); // epoch 6.5 of 15, batch and learning rate changed, one overlay
void snapshots_regression(struct snapshots *made);     // done after 8 epochs of 5 steps
void snapshots_failed(struct snapshots *made);         // NaN at step 41, paused before the first epoch's end
void snapshots_long(struct snapshots *made, size_t points); // so many points, 100 a epoch
void snapshots_runs(struct snapshots *made);                // twelve runs of several kinds
void snapshots_free(struct snapshots *made);

// Appends to the run's curve; what it does not get is taken from the last point.
void snapshots_point(struct run_view *run, struct step_metrics point);
void snapshots_epoch(struct run_view *run, struct epoch_row row);
void snapshots_mark(struct run_view *run, enum event_kind kind, const char *text); // at the last point

#endif
