#include <stdio.h>

#include "core/nn/initialize.h"
#include "core/nn/layer.h"

static enum status configure(struct layer *layer, struct error *error) {
    int64_t outputs = layer->setting.dense.outputs, weights, count;
    if (layer->in.rank != 1) {
        char text[64];
        return error_set(error, STATUS_INVALID, "%s: a dense layer reads flat rows, not %s; put a flatten before it",
                         layer->name, shape_text(layer->in, text));
    }
    if (outputs < 1) {
        return error_set(error, STATUS_INVALID, "%s: %lld outputs; at least 1 is needed", layer->name,
                         (long long)outputs);
    }
    if (__builtin_mul_overflow(outputs, layer->in.size[0], &weights) ||
        __builtin_add_overflow(weights, layer->setting.dense.bias ? outputs : 0, &count)) {
        return error_set(error, STATUS_INVALID, "%s: %lld inputs to %lld outputs are more weights than can be counted",
                         layer->name, (long long)layer->in.size[0], (long long)outputs);
    }
    layer->out = shape_make(1, &outputs);
    layer->weight_count = (size_t)count;
    return STATUS_OK;
}

static void initialize(const struct layer *layer, struct rng *rng, float *weights, float *state) {
    (void)state;
    initialize_uniform(rng, weights, layer->weight_count, (double)layer->in.size[0]);
}

static value_id weight_value(const struct layer *layer, struct layer_pass *pass, enum slot slot) {
    struct shape shape = shape_make(2, (int64_t[]){layer->out.size[0], layer->in.size[0]});
    return layer_weights(layer, pass, slot, 0, shape);
}

static value_id bias_value(const struct layer *layer, struct layer_pass *pass, enum slot slot) {
    if (!layer->setting.dense.bias) {
        return VALUE_NONE;
    }
    size_t offset = (size_t)(layer->out.size[0] * layer->in.size[0]);
    return layer_weights(layer, pass, slot, offset, layer->out);
}

static void forward(const struct layer *layer, struct layer_pass *pass) {
    value_id weights = weight_value(layer, pass, SLOT_WEIGHTS), bias = bias_value(layer, pass, SLOT_WEIGHTS);
    pass->output = program_temporary(pass->program, pass->real, shape_batch(pass->program->batch, layer->out));
    struct op *op = program_op(pass->program, OP_DENSE);
    op->in[0] = pass->input;
    op->in[1] = weights;
    op->in[2] = bias;
    op->out[0] = pass->output;
}

static void backward(const struct layer *layer, struct layer_pass *pass) {
    value_id gradient = weight_value(layer, pass, SLOT_GRADIENTS), bias = bias_value(layer, pass, SLOT_GRADIENTS);
    struct op *op = program_op(pass->program, OP_DENSE_WEIGHT_GRADIENT);
    op->in[0] = pass->input;
    op->in[1] = pass->output_gradient;
    op->out[0] = gradient;
    op->out[1] = bias;
    if (!pass->need_input_gradient) {
        return;
    }
    value_id weights = weight_value(layer, pass, SLOT_WEIGHTS);
    pass->input_gradient = program_temporary(pass->program, pass->real, shape_batch(pass->program->batch, layer->in));
    op = program_op(pass->program, OP_DENSE_INPUT_GRADIENT);
    op->in[0] = pass->output_gradient;
    op->in[1] = weights;
    op->out[0] = pass->input_gradient;
}

static char *describe(const struct layer *layer, char out[96]) {
    snprintf(out, 96, "%lld → %lld%s", (long long)layer->in.size[0], (long long)layer->out.size[0],
             layer->setting.dense.bias ? "" : ", no bias");
    return out;
}

const struct layer_kind layer_dense = {
    .name = "dense",
    .configure = configure,
    .initialize = initialize,
    .forward = forward,
    .backward = backward,
    .describe = describe,
};
