// Optimizers: one row each. An optimizer adds the operations that turn gradients into a step over
// the flat block of weights, and says how many moment blocks it keeps there.
#ifndef CORE_TRAIN_OPTIM_H
#define CORE_TRAIN_OPTIM_H

#include "core/backend/program.h"

#define MOMENTS_MOST 2

struct optimizer {
    const char *name;
    int moments; // 0 … MOMENTS_MOST: SLOT_MOMENT1, SLOT_MOMENT2
    void (*write)(struct program *program, enum dtype real, size_t weight_count);
};

enum status optimizer_choose(const char *name, const struct optimizer **optimizer, struct error *error);

#endif
