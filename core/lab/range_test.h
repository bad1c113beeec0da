// The learning-rate range test (Smith 2015), as fastai's lr_find does it: steps with a rate that grows from step to
// step, until the loss explodes; then everything is as it was before, to the bit. Four rules read a rate off the curve.
#ifndef CORE_LAB_RANGE_TEST_H
#define CORE_LAB_RANGE_TEST_H

#include "core/base/task.h"
#include "core/train/keep.h"

enum { RANGE_STEPS = 100 };
#define RANGE_LOW 1e-7
#define RANGE_HIGH 10.0

struct range_test {          // a plain value
    double low, high;        // step i has rate low·(high/low)^(i/RANGE_STEPS); usually RANGE_LOW and RANGE_HIGH
    int count;               // steps done: RANGE_STEPS, or fewer where it was stopped
    float loss[RANGE_STEPS]; // mean over the batch of each; only the last may be not finite
};

// NaN: there are too few points, or the loss never fell.
struct range_suggestions {
    double valley;  // half-way through the second third of the longest falling subsequence
    double steep;   // where the loss falls fastest against the logarithm of the rate
    double minimum; // a tenth of the rate of the lowest loss
    double slide;   // the last rate before the slopes left and right of a window of 15 points differ by more than 0.005
};

double range_rate(const struct range_test *test, int step);
// The curve as it is judged and drawn: mean of the losses so far, each 0.98 times lighter than the next. out[count].
void range_smooth(const struct range_test *test, double out[RANGE_STEPS]);
// Of the smoothed curve without its first tenth and its last 5 points.
struct range_suggestions range_suggest(const struct range_test *test);

// Runs it on `trainer`, from the rows that come next, also past the last epoch; `test` has low and high. It stops where
// the smoothed loss is above 4 times the best one so far, or not finite. Afterwards, also after a failure or when it
// was cancelled, weights, moments, running figures, counters and sampler are what they were.
enum status range_test_run(struct trainer *trainer, struct range_test *test, struct task *task, struct error *error);

#endif
