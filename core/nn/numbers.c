// Where a mixed table begins: the columns that are numbers pass, and behind them is room for what embeddings make of
// the others.
#include <stdio.h>

#include "core/nn/layer.h"

static enum status configure(struct layer *layer, struct error *error) {
    int64_t columns = layer->setting.numbers.columns, width = layer->setting.numbers.width;
    if (layer->in.rank != 1 || columns < 0 || columns > layer->in.size[0] || width < columns || width < 1) {
        char text[64];
        return error_set(error, STATUS_INVALID, "%s: %lld columns of numbers in rows of %lld cannot be had of %s",
                         layer->name, (long long)columns, (long long)width, shape_text(layer->in, text));
    }
    layer->out = shape_make(1, &width);
    return STATUS_OK;
}

static void forward(const struct layer *layer, struct layer_pass *pass) {
    pass->output = program_temporary(pass->program, pass->real, shape_batch(pass->program->batch, layer->out));
    struct op *op = program_op(pass->program, OP_COLUMNS);
    op->attr.columns = layer->setting.numbers.columns;
    op->in[0] = pass->input;
    op->out[0] = pass->output;
}

static void backward(const struct layer *layer, struct layer_pass *pass) {
    (void)layer, (void)pass; // it reads the data: nothing before it is trained
}

static char *describe(const struct layer *layer, char out[96]) {
    snprintf(out, 96, "%lld of %lld columns", (long long)layer->setting.numbers.columns, (long long)layer->in.size[0]);
    return out;
}

const struct layer_kind layer_numbers = {
    .name = "numbers",
    .configure = configure,
    .forward = forward,
    .backward = backward,
    .describe = describe,
};
