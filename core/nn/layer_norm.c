// Layer normalization: every sample by the mean and variance of all its elements.
#include <stdio.h>

#include "core/nn/norm.h"

static enum status configure(struct layer *layer, struct error *error) {
    int64_t count = shape_count(layer->in);
    if (layer->in.rank < 1 || count < 1 || count > INT32_MAX) {
        char text[64];
        return error_set(error, STATUS_INVALID, "%s: layer norm reads rows or images, not %s", layer->name,
                         shape_text(layer->in, text));
    }
    layer->out = layer->in;
    layer->weight_count = 2 * (size_t)count;
    return STATUS_OK;
}

static void initialize(const struct layer *layer, struct rng *rng, float *weights, float *state) {
    (void)rng;
    (void)state;
    for (size_t i = 0; i < layer->weight_count; i++) {
        weights[i] = i < layer->weight_count / 2 ? 1 : 0;
    }
}

static struct norm_values values(const struct layer *layer, struct layer_pass *pass, enum slot slot) {
    return (struct norm_values){layer_weights(layer, pass, slot, 0, layer->in),
                                layer_weights(layer, pass, slot, layer->weight_count / 2, layer->in)};
}

static void forward(const struct layer *layer, struct layer_pass *pass) {
    struct norm_values weights = values(layer, pass, SLOT_WEIGHTS);
    struct shape rows = shape_make(1, &pass->program->batch);
    norm_forward(layer, pass, OP_LAYER_NORM, weights, rows)->attr.norm.epsilon = NORM_EPSILON;
}

static void backward(const struct layer *layer, struct layer_pass *pass) {
    struct norm_values weights = values(layer, pass, SLOT_WEIGHTS), gradients = values(layer, pass, SLOT_GRADIENTS);
    norm_backward(layer, pass, OP_LAYER_NORM_GRADIENT, weights.scale, gradients)->attr.norm.epsilon = NORM_EPSILON;
}

static char *describe(const struct layer *layer, char out[96]) {
    char text[64];
    snprintf(out, 96, "over %s", shape_text(layer->in, text));
    return out;
}

const struct layer_kind layer_layer_norm = {
    .name = "layer_norm",
    .configure = configure,
    .initialize = initialize,
    .forward = forward,
    .backward = backward,
    .describe = describe,
};
