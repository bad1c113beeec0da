// The table of one column of categories: the index that the data hold there becomes a row of numbers that is trained.
// It reads the row that the layers before it have begun (layer_numbers) and writes into its own place there.
#include <stdio.h>
#include <string.h>

#include "core/nn/layer.h"

static enum status configure(struct layer *layer, struct error *error) {
    int64_t rows = layer->setting.embedding.rows, width = layer->setting.embedding.width, count;
    bool reads = layer->in.rank == 1 && layer->other == -1 && layer->other_in.rank == 1;
    if (!reads || rows < 1 || width < 1 || layer->setting.embedding.at < 0 ||
        layer->setting.embedding.at > layer->in.size[0] - width || layer->setting.embedding.column < 0 ||
        layer->setting.embedding.column >= layer->other_in.size[0]) {
        char text[64];
        return error_set(error, STATUS_INVALID, "%s: a table of %lld rows of %lld has no place in %s", layer->name,
                         (long long)rows, (long long)width, shape_text(layer->in, text));
    }
    if (__builtin_mul_overflow(rows, width, &count)) {
        return error_set(error, STATUS_INVALID, "%s: %lld rows of %lld are more weights than can be counted",
                         layer->name, (long long)rows, (long long)width);
    }
    layer->out = layer->in;
    layer->weight_count = (size_t)count;
    return STATUS_OK;
}

// N(0, 1), as PyTorch's Embedding has it, but row 0 is 0: it stands for what is missing or was never seen, and where no
// training row has that it stays as it began.
static void initialize(const struct layer *layer, struct rng *rng, float *weights, float *state) {
    size_t width = (size_t)layer->setting.embedding.width;
    (void)state;
    memset(weights, 0, width * sizeof *weights);
    for (size_t i = width; i < layer->weight_count; i++) {
        weights[i] = (float)rng_normal(rng);
    }
}

static value_id table(const struct layer *layer, struct layer_pass *pass, enum slot slot) {
    struct shape shape =
        shape_make(2, (int64_t[]){layer->setting.embedding.rows, layer->setting.embedding.width});
    return layer_weights(layer, pass, slot, 0, shape);
}

static struct op *add_op(const struct layer *layer, struct layer_pass *pass, enum op_kind kind) {
    struct op *op = program_op(pass->program, kind);
    op->attr.embedding.column = layer->setting.embedding.column;
    op->attr.embedding.at = layer->setting.embedding.at;
    op->in[1] = pass->other;
    return op;
}

static void forward(const struct layer *layer, struct layer_pass *pass) {
    value_id weights = table(layer, pass, SLOT_WEIGHTS);
    struct op *op = add_op(layer, pass, OP_EMBEDDING);
    op->in[0] = pass->input;
    op->in[2] = weights;
    op->out[0] = pass->output = pass->input;
}

// What comes before it has other places of the row: the gradient goes on as it is.
static void backward(const struct layer *layer, struct layer_pass *pass) {
    value_id gradient = table(layer, pass, SLOT_GRADIENTS);
    struct op *op = add_op(layer, pass, OP_EMBEDDING_GRADIENT);
    op->in[0] = pass->output_gradient;
    op->out[0] = gradient;
    pass->input_gradient = pass->need_input_gradient ? pass->output_gradient : VALUE_NONE;
}

static char *describe(const struct layer *layer, char out[96]) {
    snprintf(out, 96, "%s: %lld × %lld", layer->setting.embedding.of, (long long)layer->setting.embedding.rows,
             (long long)layer->setting.embedding.width);
    return out;
}

const struct layer_kind layer_embedding = {
    .name = "embedding",
    .configure = configure,
    .initialize = initialize,
    .forward = forward,
    .backward = backward,
    .describe = describe,
};
