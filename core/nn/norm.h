// What batch and layer normalization have in common: operands in the same places of their operations (program.h).
#ifndef CORE_NN_NORM_H
#define CORE_NN_NORM_H

#include "core/nn/layer.h"

struct norm_values { // pieces of the weights or of their gradients; scale may be VALUE_NONE
    value_id scale, shift;
};

// Appends the operation, with input, scale and shift, and a new output; in training also the `figures` (means, then
// 1/sd), which the pass keeps for its gradient.
struct op *norm_forward(const struct layer *layer, struct layer_pass *pass, enum op_kind kind,
                        struct norm_values weights, struct shape figures);
// Appends its gradient, whole.
struct op *norm_backward(const struct layer *layer, struct layer_pass *pass, enum op_kind kind, value_id scale,
                         struct norm_values gradients);

#endif
