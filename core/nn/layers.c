// The table of layer kinds. A new one: a file beside this one, a line in layer.h, a row here.
#include <assert.h>

#include "core/nn/layer.h"

static const struct layer_kind *const kinds[] = {
    &layer_dense,   &layer_convolution, &layer_pool,       &layer_global_pool, &layer_activation, &layer_dropout,
    &layer_flatten, &layer_batch_norm,  &layer_layer_norm, &layer_add,         &layer_scale,      &layer_numbers,
    &layer_embedding,
};

size_t layer_kind_count(void) {
    return sizeof kinds / sizeof kinds[0];
}

const struct layer_kind *layer_kind_at(size_t index) {
    assert(index < layer_kind_count());
    return kinds[index];
}

value_id layer_weights(const struct layer *layer, struct layer_pass *pass, enum slot slot, size_t offset,
                       struct shape shape) {
    struct program *program = pass->program;
    size_t place = (slot == SLOT_STATE ? layer->state_offset : layer->weight_offset) + offset;
    for (size_t i = 0; i < program->value_count; i++) {
        const struct value *value = &program->values[i];
        if (value->slot == slot && value->offset == place && shape_equal(value->shape, shape)) {
            return (value_id)i;
        }
    }
    return program_value(program, slot, place, pass->real, shape);
}
