// Inverted dropout: what is kept is scaled up while training, so that evaluation needs no operation.
#include <stdio.h>

#include "core/nn/layer.h"

static enum status configure(struct layer *layer, struct error *error) {
    if (!(layer->setting.dropout >= 0 && layer->setting.dropout < 1)) {
        return error_set(error, STATUS_INVALID, "%s: dropout %g; at least 0 and below 1 is needed", layer->name,
                         layer->setting.dropout);
    }
    layer->out = layer->in;
    return STATUS_OK;
}

static struct op *add_op(const struct layer *layer, struct layer_pass *pass, enum op_kind kind) {
    struct op *op = program_op(pass->program, kind);
    op->attr.dropout.probability = layer->setting.dropout;
    op->attr.dropout.layer = layer->index;
    return op;
}

static void forward(const struct layer *layer, struct layer_pass *pass) {
    if (!pass->training || layer->setting.dropout == 0) {
        pass->output = pass->input;
        return;
    }
    pass->output = program_temporary(pass->program, pass->real, shape_batch(pass->program->batch, layer->out));
    struct op *op = add_op(layer, pass, OP_DROPOUT);
    op->in[0] = pass->input;
    op->out[0] = pass->output;
}

static void backward(const struct layer *layer, struct layer_pass *pass) {
    if (!pass->need_input_gradient) {
        return;
    }
    if (pass->output == pass->input) {
        pass->input_gradient = pass->output_gradient;
        return;
    }
    pass->input_gradient = program_temporary(pass->program, pass->real, shape_batch(pass->program->batch, layer->in));
    struct op *op = add_op(layer, pass, OP_DROPOUT_GRADIENT);
    op->in[0] = pass->output_gradient;
    op->out[0] = pass->input_gradient;
}

static char *describe(const struct layer *layer, char out[96]) {
    snprintf(out, 96, "p %g", layer->setting.dropout);
    return out;
}

const struct layer_kind layer_dropout = {
    .name = "dropout",
    .configure = configure,
    .forward = forward,
    .backward = backward,
    .describe = describe,
};
