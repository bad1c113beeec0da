// Joins two branches: the sum of this layer's two inputs, as in residual blocks.
#include <stdio.h>

#include "core/nn/layer.h"

static enum status configure(struct layer *layer, struct error *error) {
    char a[64], b[64];
    if (!shape_equal(layer->in, layer->other_in)) {
        return error_set(error, STATUS_INVALID, "%s: %s and %s cannot be added: both branches must end with one shape",
                         layer->name, shape_text(layer->in, a), shape_text(layer->other_in, b));
    }
    layer->out = layer->in;
    return STATUS_OK;
}

static void forward(const struct layer *layer, struct layer_pass *pass) {
    pass->output = program_temporary(pass->program, pass->real, shape_batch(pass->program->batch, layer->out));
    struct op *op = program_op(pass->program, OP_ADD);
    op->in[0] = pass->input;
    op->in[1] = pass->other;
    op->out[0] = pass->output;
}

static void backward(const struct layer *layer, struct layer_pass *pass) {
    (void)layer;
    pass->input_gradient = pass->other_gradient = pass->output_gradient;
}

static char *describe(const struct layer *layer, char out[96]) {
    snprintf(out, 96, "of two branches");
    (void)layer;
    return out;
}

const struct layer_kind layer_add = {
    .name = "add",
    .configure = configure,
    .forward = forward,
    .backward = backward,
    .describe = describe,
};
