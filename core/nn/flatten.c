#include <stdio.h>

#include "core/nn/layer.h"

static enum status configure(struct layer *layer, struct error *error) {
    int64_t count = shape_count(layer->in);
    if (count < 1) {
        return error_set(error, STATUS_INVALID, "%s: there is nothing to flatten", layer->name);
    }
    layer->out = shape_make(1, &count);
    return STATUS_OK;
}

static value_id add_copy(struct layer_pass *pass, value_id from, struct shape sample) {
    value_id to = program_temporary(pass->program, pass->real, shape_batch(pass->program->batch, sample));
    struct op *op = program_op(pass->program, OP_COPY);
    op->in[0] = from;
    op->out[0] = to;
    return to;
}

static void forward(const struct layer *layer, struct layer_pass *pass) {
    pass->output = add_copy(pass, pass->input, layer->out);
}

static void backward(const struct layer *layer, struct layer_pass *pass) {
    if (pass->need_input_gradient) {
        pass->input_gradient = add_copy(pass, pass->output_gradient, layer->in);
    }
}

static char *describe(const struct layer *layer, char out[96]) {
    char text[64];
    snprintf(out, 96, "%s → %lld", shape_text(layer->in, text), (long long)layer->out.size[0]);
    return out;
}

const struct layer_kind layer_flatten = {
    .name = "flatten",
    .configure = configure,
    .forward = forward,
    .backward = backward,
    .describe = describe,
};
