// Multiplies by a number that is not trained.
#include <math.h>
#include <stdio.h>

#include "core/nn/layer.h"

static enum status configure(struct layer *layer, struct error *error) {
    if (!isfinite(layer->setting.factor) || layer->setting.factor == 0) {
        return error_set(error, STATUS_INVALID, "%s: factor %g; a finite number other than 0 is needed", layer->name,
                         layer->setting.factor);
    }
    layer->out = layer->in;
    return STATUS_OK;
}

static value_id add_op(const struct layer *layer, struct layer_pass *pass, value_id from) {
    value_id to = program_temporary(pass->program, pass->real, shape_batch(pass->program->batch, layer->in));
    struct op *op = program_op(pass->program, OP_SCALE);
    op->attr.factor = layer->setting.factor;
    op->in[0] = from;
    op->out[0] = to;
    return to;
}

static void forward(const struct layer *layer, struct layer_pass *pass) {
    pass->output = add_op(layer, pass, pass->input);
}

static void backward(const struct layer *layer, struct layer_pass *pass) {
    if (pass->need_input_gradient) {
        pass->input_gradient = add_op(layer, pass, pass->output_gradient);
    }
}

static char *describe(const struct layer *layer, char out[96]) {
    snprintf(out, 96, "times %g", layer->setting.factor);
    return out;
}

const struct layer_kind layer_scale = {
    .name = "scale",
    .configure = configure,
    .forward = forward,
    .backward = backward,
    .describe = describe,
};
