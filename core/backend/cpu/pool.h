// Pooling in plain layout, for what oneDNN's blocked layouts do not pay for. Internal to
// core/backend/cpu.
#ifndef CORE_BACKEND_CPU_POOL_H
#define CORE_BACKEND_CPU_POOL_H

#include "core/backend/cpu/plan.h"

void pool_forward_add(struct builder *builder, const struct op *op);
void pool_gradient_add(struct builder *builder, const struct op *op);
// Positions that oneDNN wrote are written anew.
void pool_forget_positions(struct builder *builder, value_id where);

#endif
