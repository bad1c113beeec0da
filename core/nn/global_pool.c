// Global pooling: the mean, or the largest, of each channel's whole map, as a flat row.
#include <stdio.h>

#include "core/nn/layer.h"

static enum status configure(struct layer *layer, struct error *error) {
    if (layer->in.rank != 3 || layer->in.size[1] > INT32_MAX || layer->in.size[2] > INT32_MAX) {
        char text[64];
        return error_set(error, STATUS_INVALID, "%s: pooling reads images, not %s", layer->name,
                         shape_text(layer->in, text));
    }
    layer->out = shape_make(1, &layer->in.size[0]);
    return STATUS_OK;
}

static struct shape pooled(const struct layer *layer, int64_t batch) {
    return shape_make(4, (int64_t[]){batch, layer->in.size[0], 1, 1});
}

static struct op *add_op(const struct layer *layer, struct layer_pass *pass, enum op_kind kind) {
    struct op *op = program_op(pass->program, kind);
    op->attr.pool.kind = layer->setting.pool.kind;
    for (int i = 0; i < 2; i++) {
        op->attr.pool.window[i] = (int)layer->in.size[1 + i];
        op->attr.pool.stride[i] = 1;
        op->attr.pool.padding[i] = 0;
    }
    return op;
}

static value_id add_copy(struct layer_pass *pass, value_id from, struct shape shape) {
    value_id to = program_temporary(pass->program, pass->real, shape);
    struct op *op = program_op(pass->program, OP_COPY);
    op->in[0] = from;
    op->out[0] = to;
    return to;
}

static void forward(const struct layer *layer, struct layer_pass *pass) {
    int64_t batch = pass->program->batch;
    bool positions = pass->training && layer->setting.pool.kind == POOL_MAX;
    value_id map = program_temporary(pass->program, pass->real, pooled(layer, batch));
    pass->saved[0] = positions ? program_temporary(pass->program, DTYPE_I32, pooled(layer, batch)) : VALUE_NONE;
    struct op *op = add_op(layer, pass, OP_POOL);
    op->in[0] = pass->input;
    op->out[0] = map;
    op->out[1] = pass->saved[0];
    pass->output = add_copy(pass, map, shape_batch(batch, layer->out));
}

static void backward(const struct layer *layer, struct layer_pass *pass) {
    int64_t batch = pass->program->batch;
    if (!pass->need_input_gradient) {
        return;
    }
    value_id map = add_copy(pass, pass->output_gradient, pooled(layer, batch));
    pass->input_gradient = program_temporary(pass->program, pass->real, shape_batch(batch, layer->in));
    struct op *op = add_op(layer, pass, OP_POOL_GRADIENT);
    op->in[0] = map;
    op->in[1] = pass->saved[0];
    op->out[0] = pass->input_gradient;
}

static char *describe(const struct layer *layer, char out[96]) {
    snprintf(out, 96, "%s of %lld×%lld", layer->setting.pool.kind == POOL_MAX ? "max" : "average",
             (long long)layer->in.size[1], (long long)layer->in.size[2]);
    return out;
}

const struct layer_kind layer_global_pool = {
    .name = "global_pool",
    .configure = configure,
    .forward = forward,
    .backward = backward,
    .describe = describe,
};
