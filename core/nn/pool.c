#include <stdio.h>

#include "core/nn/layer.h"
#include "core/nn/window.h"

static enum status configure(struct layer *layer, struct error *error) {
    const int *window = layer->setting.pool.window, *padding = layer->setting.pool.padding;
    if (layer->in.rank != 3) {
        char text[64];
        return error_set(error, STATUS_INVALID, "%s: pooling reads images, not %s", layer->name,
                         shape_text(layer->in, text));
    }
    if (2 * (int64_t)padding[0] > window[0] || 2 * (int64_t)padding[1] > window[1]) {
        return error_set(error, STATUS_INVALID, "%s: padding must be at most half the window", layer->name);
    }
    return window_configure(layer, layer->in.size[0], window, layer->setting.pool.stride, padding, error);
}

static struct op *add_op(const struct layer *layer, struct layer_pass *pass, enum op_kind kind) {
    struct op *op = program_op(pass->program, kind);
    op->attr.pool.kind = layer->setting.pool.kind;
    for (int i = 0; i < 2; i++) {
        op->attr.pool.window[i] = layer->setting.pool.window[i];
        op->attr.pool.stride[i] = layer->setting.pool.stride[i];
        op->attr.pool.padding[i] = layer->setting.pool.padding[i];
    }
    return op;
}

static void forward(const struct layer *layer, struct layer_pass *pass) {
    struct shape shape = shape_batch(pass->program->batch, layer->out);
    bool positions = pass->training && layer->setting.pool.kind == POOL_MAX;
    pass->output = program_temporary(pass->program, pass->real, shape);
    pass->saved[0] = positions ? program_temporary(pass->program, DTYPE_I32, shape) : VALUE_NONE;
    struct op *op = add_op(layer, pass, OP_POOL);
    op->in[0] = pass->input;
    op->out[0] = pass->output;
    op->out[1] = pass->saved[0];
}

static void backward(const struct layer *layer, struct layer_pass *pass) {
    if (!pass->need_input_gradient) {
        return;
    }
    pass->input_gradient = program_temporary(pass->program, pass->real, shape_batch(pass->program->batch, layer->in));
    struct op *op = add_op(layer, pass, OP_POOL_GRADIENT);
    op->in[0] = pass->output_gradient;
    op->in[1] = pass->saved[0];
    op->out[0] = pass->input_gradient;
}

static char *describe(const struct layer *layer, char out[96]) {
    char window[64];
    window_text(layer->setting.pool.window, layer->setting.pool.stride, layer->setting.pool.padding, window);
    snprintf(out, 96, "%s %s", layer->setting.pool.kind == POOL_MAX ? "max" : "average", window);
    return out;
}

const struct layer_kind layer_pool = {
    .name = "pool",
    .configure = configure,
    .forward = forward,
    .backward = backward,
    .describe = describe,
};
