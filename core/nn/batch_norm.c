// Batch normalization: a channel's values by their mean and variance over the batch; in evaluation
// by running figures, which live in the model's state.
#include <stdio.h>

#include "core/nn/norm.h"

static int64_t channels(const struct layer *layer) {
    return layer->in.size[0];
}

static enum status configure(struct layer *layer, struct error *error) {
    double epsilon = layer->setting.batch_norm.epsilon, momentum = layer->setting.batch_norm.momentum;
    if (layer->in.rank != 1 && layer->in.rank != 3) {
        char text[64];
        return error_set(error, STATUS_INVALID, "%s: batch norm reads rows or images, not %s", layer->name,
                         shape_text(layer->in, text));
    }
    if (!(epsilon >= 0 && epsilon <= 1) || !(momentum > 0 && momentum <= 1)) {
        return error_set(error, STATUS_INVALID,
                         "%s: epsilon %g, momentum %g; epsilon from 0 to 1, momentum above 0 and at most 1",
                         layer->name, epsilon, momentum);
    }
    layer->out = layer->in;
    layer->weight_count = (size_t)channels(layer) * (layer->setting.batch_norm.fixed_scale ? 1 : 2);
    layer->state_count = 2 * (size_t)channels(layer);
    return STATUS_OK;
}

static void initialize(const struct layer *layer, struct rng *rng, float *weights, float *state) {
    (void)rng;
    size_t count = (size_t)channels(layer), scales = layer->weight_count - count;
    for (size_t i = 0; i < layer->weight_count; i++) {
        weights[i] = i < scales ? 1 : 0;
    }
    for (size_t i = 0; i < count; i++) {
        state[i] = 0;
        state[count + i] = 1;
    }
}

// Scale (or none), then shift.
static struct norm_values values(const struct layer *layer, struct layer_pass *pass, enum slot slot) {
    struct shape each = shape_make(1, &layer->in.size[0]);
    size_t shift = layer->weight_count - (size_t)channels(layer);
    return (struct norm_values){layer->setting.batch_norm.fixed_scale ? VALUE_NONE
                                                                      : layer_weights(layer, pass, slot, 0, each),
                                layer_weights(layer, pass, slot, shift, each)};
}

static void set_attributes(const struct layer *layer, const struct layer_pass *pass, struct op *op) {
    op->attr.norm.epsilon = layer->setting.batch_norm.epsilon;
    op->attr.norm.momentum = layer->setting.batch_norm.momentum;
    op->attr.norm.training = pass->training;
}

static void forward(const struct layer *layer, struct layer_pass *pass) {
    struct shape each = shape_make(1, &layer->in.size[0]);
    struct norm_values weights = values(layer, pass, SLOT_WEIGHTS);
    value_id mean = layer_weights(layer, pass, SLOT_STATE, 0, each);
    value_id variance = layer_weights(layer, pass, SLOT_STATE, (size_t)channels(layer), each);
    struct op *op = norm_forward(layer, pass, OP_BATCH_NORM, weights, each);
    op->in[3] = mean;
    op->in[4] = variance;
    set_attributes(layer, pass, op);
}

static void backward(const struct layer *layer, struct layer_pass *pass) {
    struct norm_values weights = values(layer, pass, SLOT_WEIGHTS), gradients = values(layer, pass, SLOT_GRADIENTS);
    set_attributes(layer, pass, norm_backward(layer, pass, OP_BATCH_NORM_GRADIENT, weights.scale, gradients));
}

static char *describe(const struct layer *layer, char out[96]) {
    bool usual =
        layer->setting.batch_norm.epsilon == NORM_EPSILON && layer->setting.batch_norm.momentum == NORM_MOMENTUM;
    int length = snprintf(out, 96, "%lld channels", (long long)channels(layer));
    if (!usual) {
        length += snprintf(out + length, 96 - (size_t)length, ", epsilon %g, momentum %g",
                           layer->setting.batch_norm.epsilon, layer->setting.batch_norm.momentum);
    }
    snprintf(out + length, 96 - (size_t)length, "%s", layer->setting.batch_norm.fixed_scale ? ", scale fixed" : "");
    return out;
}

const struct layer_kind layer_batch_norm = {
    .name = "batch_norm",
    .configure = configure,
    .initialize = initialize,
    .forward = forward,
    .backward = backward,
    .describe = describe,
};
