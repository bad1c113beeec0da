// What the Train view derives from one run's curve: its points without what a roll back took away, the
// smoothed lines, and the extremes of blocks of 64, 4096 and 262144 points. Only new points are worked in,
// so a frame costs the same however long the run is. A track owns what it derives and borrows the curve:
// track_refresh must come again after the snapshot changed, and before anything reads the track.
// Zeroed = empty; track_free releases it. Main thread only.
#ifndef VIEWS_TRAIN_TRACK_H
#define VIEWS_TRAIN_TRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/session.h"

enum track_axis { TRACK_EPOCHS, TRACK_STEPS, TRACK_SAMPLES, TRACK_SECONDS, TRACK_AXES };

// Metrics are the accuracy in percent, or the RMSE. Means are exponential moving averages over the whole run.
enum track_line {
    TRACK_LOSS,
    TRACK_METRIC,
    TRACK_GRADIENT,
    TRACK_RATIO,
    TRACK_LOSS_MEAN,
    TRACK_METRIC_MEAN,
    TRACK_LINES,
};

// A track follows every step (training) or the end of every epoch (validation: loss and metric only).
enum track_rows { TRACK_STEP_ROWS, TRACK_EPOCH_ROWS };

struct track_block { // low > high: no finite value
    float low, high;
    bool bad; // a value is not finite
};

#define TRACK_LEVELS 3
#define TRACK_MEANS (TRACK_LINES - TRACK_LOSS_MEAN)

struct track {
    const struct curve *curve; // NULL: no run
    int64_t run;
    enum track_rows rows;
    bool classify, out_of_memory;
    double decay;
    size_t read;     // rows of the curve looked at
    uint32_t *index; // the rows that still count, in order
    size_t count, capacity;
    size_t derived; // of `count` that means and blocks know
    float *means[TRACK_MEANS];
    size_t mean_capacity[TRACK_MEANS];
    double sums[TRACK_MEANS], weights[TRACK_MEANS];
    struct track_block *blocks[TRACK_LINES][TRACK_LEVELS];
    size_t block_capacity[TRACK_LINES][TRACK_LEVELS];
};

// `run` NULL empties the track. When memory runs out the track is empty and out_of_memory is set.
void track_refresh(struct track *track, const struct run_view *run, enum track_rows rows, double decay);
void track_free(struct track *track);

double track_place(const struct track *track, enum track_axis axis, size_t i); // x of row i < count
double track_value(const struct track *track, enum track_line line, size_t i); // may be NaN or infinite
const struct step_metrics *track_step(const struct track *track, size_t i);    // TRACK_STEP_ROWS only
size_t track_find(const struct track *track, enum track_axis axis, double x);  // first row at or after x; count = none
double track_value_at(const struct track *track, enum track_line line, enum track_axis axis,
                      double x); // NaN: none before
struct track_block track_range(const struct track *track, enum track_line line, size_t from, size_t to);

// At most TRACK_POINTS(columns) points that draw the same picture as all points of [low, high] do on so many dot
// columns: first, extremes and last of each column, a NaN where values are not finite, and one point beyond
// either end. Returns how many.
#define TRACK_POINTS(columns) (5 * (size_t)(columns) + 2)
size_t track_reduce(const struct track *track, enum track_line line, enum track_axis axis, double low, double high,
                    int columns, double *x, double *y);

#endif
