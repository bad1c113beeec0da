// Convolutions with few channels, by kernels of our own (lower_narrow.c). Internal to core/backend/cpu.
#ifndef CORE_BACKEND_CPU_NARROW_H
#define CORE_BACKEND_CPU_NARROW_H

#include "core/backend/cpu/plan.h"

// Is the convolution one of them? x, w and y as of the forward operation.
bool is_narrow(const struct builder *builder, const struct op *op, value_id x, value_id w, value_id y);
// Returns how many operations that covered; `relu`: one follows that can be done on the way.
size_t narrow_forward(struct builder *builder, const struct op *op, bool relu);
void narrow_input_gradient(struct builder *builder, const struct op *op);
void narrow_weight_gradient(struct builder *builder, const struct op *op);

bool narrow_is_layout(const dnnl_memory_desc_t *layout); // images side by side
// False where the operand (of a gradient of max pooling: the positions) is not in that layout.
bool narrow_pool_forward(struct builder *builder, const struct op *op);
bool narrow_pool_gradient(struct builder *builder, const struct op *op);
// Adds the step from or to the plain layout; false where neither is asked for.
bool narrow_change(struct builder *builder, value_id id, const dnnl_memory_desc_t *from, int from_place,
                   const dnnl_memory_desc_t *to, int to_place);

#endif
