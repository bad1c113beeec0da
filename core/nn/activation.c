#include <stdio.h>
#include <string.h>

#include "core/nn/layer.h"

static const char *const names[ACTIVATION_COUNT] = {
    [ACTIVATION_RELU] = "relu", [ACTIVATION_TANH] = "tanh", [ACTIVATION_SIGMOID] = "sigmoid",
    [ACTIVATION_GELU] = "gelu", [ACTIVATION_SILU] = "silu",
};

const char *activation_name(enum activation activation) {
    return activation < ACTIVATION_COUNT ? names[activation] : "unknown";
}

bool activation_parse(const char *text, enum activation *activation) {
    for (int i = 0; i < ACTIVATION_COUNT; i++) {
        if (strcmp(text, names[i]) == 0) {
            *activation = (enum activation)i;
            return true;
        }
    }
    return false;
}

static enum status configure(struct layer *layer, struct error *error) {
    if (layer->setting.activation >= ACTIVATION_COUNT) {
        return error_set(error, STATUS_INVALID, "%s: there is no such activation", layer->name);
    }
    layer->out = layer->in;
    return STATUS_OK;
}

static void forward(const struct layer *layer, struct layer_pass *pass) {
    pass->output = program_temporary(pass->program, pass->real, shape_batch(pass->program->batch, layer->out));
    struct op *op = program_op(pass->program, OP_ACTIVATION);
    op->in[0] = pass->input;
    op->out[0] = pass->output;
    op->attr.activation = layer->setting.activation;
}

static void backward(const struct layer *layer, struct layer_pass *pass) {
    if (!pass->need_input_gradient) {
        return;
    }
    pass->input_gradient = program_temporary(pass->program, pass->real, shape_batch(pass->program->batch, layer->in));
    struct op *op = program_op(pass->program, OP_ACTIVATION_GRADIENT);
    op->in[0] = pass->output_gradient;
    op->in[1] = activation_from_input(layer->setting.activation) ? pass->input : pass->output;
    op->out[0] = pass->input_gradient;
    op->attr.activation = layer->setting.activation;
}

static char *describe(const struct layer *layer, char out[96]) {
    snprintf(out, 96, "%s", activation_name(layer->setting.activation));
    return out;
}

const struct layer_kind layer_activation = {
    .name = "activation",
    .configure = configure,
    .forward = forward,
    .backward = backward,
    .describe = describe,
};
