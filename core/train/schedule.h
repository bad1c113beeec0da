// The learning rate over a run. A schedule is a factor on the present learning rate, a function of
// how much of the run is done, so that a live change of the rate or of the number of epochs simply
// moves the curve. schedule_rate (trainer.h) puts rate, schedule and warm-up together.
#ifndef CORE_TRAIN_SCHEDULE_H
#define CORE_TRAIN_SCHEDULE_H

#include "core/base/status.h"

struct schedule {
    const char *name;
    double (*factor)(double progress); // progress 0 … 1
};

// NULL when there is none of that name.
const struct schedule *schedule_find(const char *name);

#endif
