#include <stdio.h>

#include "core/nn/initialize.h"
#include "core/nn/layer.h"
#include "core/nn/window.h"

static struct shape weight_shape(const struct layer *layer) {
    return shape_make(4, (int64_t[]){layer->setting.convolution.filters,
                                     layer->in.size[0] / layer->setting.convolution.groups,
                                     layer->setting.convolution.kernel[0], layer->setting.convolution.kernel[1]});
}

static enum status configure(struct layer *layer, struct error *error) {
    int64_t filters = layer->setting.convolution.filters;
    int groups = layer->setting.convolution.groups;
    if (layer->in.rank != 3) {
        char text[64];
        return error_set(error, STATUS_INVALID, "%s: a convolution reads images, not %s", layer->name,
                         shape_text(layer->in, text));
    }
    if (filters < 1 || groups < 1 || filters % groups != 0 || layer->in.size[0] % groups != 0) {
        return error_set(error, STATUS_INVALID,
                         "%s: %d groups must divide both the %lld input channels and the %lld filters", layer->name,
                         groups, (long long)layer->in.size[0], (long long)filters);
    }
    enum status status = window_configure(layer, filters, layer->setting.convolution.kernel,
                                          layer->setting.convolution.stride, layer->setting.convolution.padding, error);
    int64_t weights = status ? 0 : shape_count(weight_shape(layer));
    if (!status && (weights < 0 || weights > INT64_MAX - filters)) {
        return error_set(error, STATUS_INVALID, "%s: more weights than can be counted", layer->name);
    }
    layer->weight_count = (size_t)(weights + (layer->setting.convolution.bias ? filters : 0));
    return status;
}

static void initialize(const struct layer *layer, struct rng *rng, float *weights, float *state) {
    (void)state;
    struct shape shape = weight_shape(layer);
    initialize_uniform(rng, weights, layer->weight_count, (double)(shape.size[1] * shape.size[2] * shape.size[3]));
}

static value_id weight_value(const struct layer *layer, struct layer_pass *pass, enum slot slot) {
    return layer_weights(layer, pass, slot, 0, weight_shape(layer));
}

static value_id bias_value(const struct layer *layer, struct layer_pass *pass, enum slot slot) {
    if (!layer->setting.convolution.bias) {
        return VALUE_NONE;
    }
    size_t offset = (size_t)shape_count(weight_shape(layer));
    return layer_weights(layer, pass, slot, offset, shape_make(1, &layer->setting.convolution.filters));
}

static struct op *add_op(const struct layer *layer, struct layer_pass *pass, enum op_kind kind) {
    struct op *op = program_op(pass->program, kind);
    for (int i = 0; i < 2; i++) {
        op->attr.convolution.stride[i] = layer->setting.convolution.stride[i];
        op->attr.convolution.padding[i] = layer->setting.convolution.padding[i];
    }
    op->attr.convolution.groups = layer->setting.convolution.groups;
    return op;
}

static void forward(const struct layer *layer, struct layer_pass *pass) {
    value_id weights = weight_value(layer, pass, SLOT_WEIGHTS), bias = bias_value(layer, pass, SLOT_WEIGHTS);
    pass->output = program_temporary(pass->program, pass->real, shape_batch(pass->program->batch, layer->out));
    struct op *op = add_op(layer, pass, OP_CONVOLUTION);
    op->in[0] = pass->input;
    op->in[1] = weights;
    op->in[2] = bias;
    op->out[0] = pass->output;
}

static void backward(const struct layer *layer, struct layer_pass *pass) {
    value_id gradient = weight_value(layer, pass, SLOT_GRADIENTS), bias = bias_value(layer, pass, SLOT_GRADIENTS);
    struct op *op = add_op(layer, pass, OP_CONVOLUTION_WEIGHT_GRADIENT);
    op->in[0] = pass->input;
    op->in[1] = pass->output_gradient;
    op->out[0] = gradient;
    op->out[1] = bias;
    if (!pass->need_input_gradient) {
        return;
    }
    value_id weights = weight_value(layer, pass, SLOT_WEIGHTS);
    pass->input_gradient = program_temporary(pass->program, pass->real, shape_batch(pass->program->batch, layer->in));
    op = add_op(layer, pass, OP_CONVOLUTION_INPUT_GRADIENT);
    op->in[0] = pass->output_gradient;
    op->in[1] = weights;
    op->out[0] = pass->input_gradient;
}

static char *describe(const struct layer *layer, char out[96]) {
    char window[64];
    window_text(layer->setting.convolution.kernel, layer->setting.convolution.stride,
                layer->setting.convolution.padding, window);
    snprintf(out, 96, "%lld filters %s%s", (long long)layer->setting.convolution.filters, window,
             layer->setting.convolution.bias ? "" : ", no bias");
    return out;
}

const struct layer_kind layer_convolution = {
    .name = "conv",
    .configure = configure,
    .initialize = initialize,
    .forward = forward,
    .backward = backward,
    .describe = describe,
};
