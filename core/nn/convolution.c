#include <stdio.h>
#include <string.h>

#include "core/nn/initialize.h"
#include "core/nn/layer.h"
#include "core/nn/window.h"

static struct shape weight_shape(const struct layer *layer) {
    return shape_make(4, (int64_t[]){layer->setting.convolution.filters,
                                     layer->in.size[0] / layer->setting.convolution.groups,
                                     layer->setting.convolution.kernel[0], layer->setting.convolution.kernel[1]});
}

// Weights that are not trained lie in the model's state.
static bool frozen(const struct layer *layer) {
    return layer->setting.convolution.start == START_WHITEN;
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
    layer->weight_count = (size_t)((layer->setting.convolution.bias ? filters : 0) + (frozen(layer) ? 0 : weights));
    layer->state_count = frozen(layer) ? (size_t)weights : 0;
    return status;
}

// Filter i has a 1 in the middle of channel i, as many filters as there are channels.
static void pass_on(const struct layer *layer, float *weights) {
    struct shape shape = weight_shape(layer);
    int64_t area = shape.size[2] * shape.size[3], middle = shape.size[2] / 2 * shape.size[3] + shape.size[3] / 2;
    for (int64_t o = 0; o < shape.size[0] && o < shape.size[1]; o++) {
        float *filter = weights + o * shape.size[1] * area;
        memset(filter, 0, (size_t)(shape.size[1] * area) * sizeof *filter);
        filter[o * area + middle] = 1;
    }
}

static void initialize(const struct layer *layer, struct rng *rng, float *weights, float *state) {
    struct shape shape = weight_shape(layer);
    double fan_in = (double)(shape.size[1] * shape.size[2] * shape.size[3]);
    size_t count = (size_t)shape_count(shape), biases = layer->setting.convolution.bias ? (size_t)shape.size[0] : 0;
    float *filters = frozen(layer) ? state : weights;
    if (layer->setting.convolution.start == START_HE_FAN_OUT) {
        initialize_he(rng, filters, count, (double)(shape.size[0] * shape.size[2] * shape.size[3]));
        memset(weights + count, 0, biases * sizeof *weights);
        return;
    }
    initialize_uniform(rng, filters, count, fan_in);
    initialize_uniform(rng, frozen(layer) ? weights : weights + count, biases, fan_in);
    if (layer->setting.convolution.start == START_DIRAC) {
        pass_on(layer, filters);
    }
}

static value_id weight_value(const struct layer *layer, struct layer_pass *pass, enum slot slot) {
    return layer_weights(layer, pass, frozen(layer) ? SLOT_STATE : slot, 0, weight_shape(layer));
}

static value_id bias_value(const struct layer *layer, struct layer_pass *pass, enum slot slot) {
    if (!layer->setting.convolution.bias) {
        return VALUE_NONE;
    }
    size_t offset = frozen(layer) ? 0 : (size_t)shape_count(weight_shape(layer));
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
