// Products with bf16 operands (lower_bf16.c). Internal to core/backend/cpu.
#ifndef CORE_BACKEND_CPU_BF16_H
#define CORE_BACKEND_CPU_BF16_H

#include "core/backend/cpu/plan.h"

// Each lowers one operation.
void bf16_dense(struct builder *builder, const struct op *op);
void bf16_dense_input_gradient(struct builder *builder, const struct op *op);
void bf16_dense_weight_gradient(struct builder *builder, const struct op *op);

#endif
