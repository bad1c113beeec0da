// How far a run had come when it first reached a loss or an accuracy. The loss of one step is noise: it is averaged
// over a window of the same number of samples for every batch size, and stands for the mean place of the weights it
// was measured at (a step's loss belongs to the weights before it). Owns what reach_make allocates; reach_free.
#ifndef CORE_LAB_REACH_H
#define CORE_LAB_REACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

struct reach_point { // the averaged loss, where it was lower than ever before
    double loss, steps, samples, seconds;
};

struct reach {
    struct reach_point *points; // losses fall, the rest grows; points closer than 0.2 % of the loss are left out
    size_t count, capacity;
};

struct reach_step { // one step of a run
    uint64_t step, samples; // both with this step
    double seconds;         // when it ended
    float loss;
    uint32_t batch;
};

// Steps in order; losses that are not finite end the run's usefulness: what comes after is not looked at.
enum status reach_make(const struct reach_step *steps, size_t count, uint64_t window, struct reach *reach,
                       struct error *error);
void reach_free(struct reach *reach);

// Interpolated between the two points around it. False: never reached.
struct reach_at {
    double steps, samples, seconds;
};
bool reach_find(const struct reach *reach, double loss, struct reach_at *at);

// The averaged loss itself at `most` places at most, evenly spaced over the steps, for drawing. Returns how many.
size_t reach_curve(const struct reach_step *steps, size_t count, uint64_t window, struct reach_point *out, size_t most);

// A figure that is measured now and then and must rise to `target` (`rises`) or fall to it; interpolated between the
// measurement before (0 at the very start, where nothing is known, counts as the first measurement itself).
bool reach_figure(const double *figure, const struct reach_at *where, size_t count, double target, bool rises,
                  struct reach_at *at);

#endif
