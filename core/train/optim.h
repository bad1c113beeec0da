// Optimizers: one row each. An optimizer adds the operations that turn gradients into a step over
// the flat block of weights, and says how many moment blocks it keeps there.
#ifndef CORE_TRAIN_OPTIM_H
#define CORE_TRAIN_OPTIM_H

#include "core/backend/program.h"
#include "core/nn/model.h"

#define MOMENTS_MOST 2

struct optimizer {
    const char *name;
    enum op_kind rule;
    int moments;     // 0 … MOMENTS_MOST: SLOT_MOMENT1, SLOT_MOMENT2
    bool orthogonal; // OP_MUON for the matrices of hidden layers, `rule` for the rest
    bool decoupled;  // weight decay never goes through the gradient
};

enum status optimizer_choose(const char *name, const struct optimizer **optimizer, struct error *error);
// `gradients`: SLOT_GRADIENTS, or SLOT_SUM where they have been added up there.
void optimizer_write(const struct optimizer *optimizer, struct program *program, enum dtype real,
                     const struct model *model, enum slot gradients);
// Keeps SLOT_AVERAGE up to date.
void average_write(struct program *program, enum dtype real, size_t weight_count);

#endif
