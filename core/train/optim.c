#include "core/train/optim.h"

#include <string.h>

// The velocity is kept also while momentum is 0, so that it can be raised between any two steps.
static const struct optimizer optimizers[] = {
    {"sgd", OP_SGD, 1, false, false},         {"adagrad", OP_ADAGRAD, 1, false, false},
    {"rmsprop", OP_RMSPROP, 2, false, false}, {"adam", OP_ADAM, 2, false, false},
    {"adamw", OP_ADAM, 2, false, true},       {"muon", OP_SGD, 1, true, false},
};
enum { OPTIMIZERS = sizeof optimizers / sizeof optimizers[0] };

static const struct optimizer *find(const char *name) {
    for (size_t i = 0; i < OPTIMIZERS; i++) {
        if (strcmp(optimizers[i].name, name) == 0) {
            return &optimizers[i];
        }
    }
    return NULL;
}

enum status optimizer_choose(const char *name, const struct optimizer **optimizer, struct error *error) {
    *optimizer = find(name);
    return *optimizer != NULL
               ? STATUS_OK
               : error_set(error, STATUS_INVALID, "optimizer %s: there is none of that name; choose sgd", name);
}

static value_id block(struct program *program, enum slot slot, enum dtype real, size_t first, size_t count) {
    return program_value(program, slot, first, real, shape_make(1, (int64_t[]){(int64_t)count}));
}

// The rule for weights [first, first + count). `adds`: other weights came before.
static void write_piece(const struct optimizer *optimizer, struct program *program, enum dtype real, size_t first,
                        size_t count, enum slot gradients, bool adds) {
    value_id operands[2 + MOMENTS_MOST] = {block(program, SLOT_WEIGHTS, real, first, count),
                                           block(program, gradients, real, first, count)};
    for (int i = 0; i < optimizer->moments; i++) {
        operands[2 + i] = block(program, SLOT_MOMENT1 + (enum slot)i, real, first, count);
    }
    struct op *op = program_op(program, optimizer->rule);
    for (int i = 0; i < 2 + optimizer->moments; i++) {
        op->in[i] = operands[i];
    }
    op->attr.optimizer.norms = op->attr.optimizer.clips = op->attr.optimizer.guards = true;
    op->attr.optimizer.adds = adds;
}

// ---- Muon --------------------------------------------------------------------------------------------

// Rows of the matrix that a layer's weights begin with: filters, or outputs. 0: it has none, or is the last such layer,
// whose rows are classes: Muon is for hidden layers.
static int64_t matrix_rows(const struct model *model, size_t index, size_t last) {
    const struct layer *layer = &model->layers[index];
    return index == last                       ? 0
           : layer->kind == &layer_convolution ? layer->setting.convolution.filters
           : layer->kind == &layer_dense       ? layer->setting.dense.outputs
                                               : 0;
}

static size_t matrix_count(const struct layer *layer, int64_t rows) {
    bool bias = layer->kind == &layer_dense ? layer->setting.dense.bias : layer->setting.convolution.bias;
    return layer->weight_count - (bias ? (size_t)rows : 0);
}

static void write_matrix(struct program *program, enum dtype real, size_t first, int64_t rows, int64_t columns,
                         enum slot gradients, bool adds) {
    struct shape shape = shape_make(2, (int64_t[]){rows, columns});
    value_id weights = program_value(program, SLOT_WEIGHTS, first, real, shape);
    value_id gradient = program_value(program, gradients, first, real, shape);
    value_id velocity = program_value(program, SLOT_MOMENT1, first, real, shape);
    value_id work = program_temporary(program, real, shape_make(1, (int64_t[]){muon_work(rows, columns)}));
    struct op *op = program_op(program, OP_MUON);
    op->in[0] = weights;
    op->in[1] = gradient;
    op->in[2] = velocity;
    op->out[0] = work;
    op->attr.optimizer.norms = op->attr.optimizer.clips = op->attr.optimizer.guards = true;
    op->attr.optimizer.adds = adds;
}

static size_t last_matrix(const struct model *model) {
    size_t last = SIZE_MAX;
    for (size_t i = 0; i < model->count; i++) {
        last = model->layers[i].kind == &layer_dense || model->layers[i].kind == &layer_convolution ? i : last;
    }
    return last;
}

// Matrices one by one, and the pieces between them by the rule of the rest.
static void write_orthogonal(const struct optimizer *optimizer, struct program *program, enum dtype real,
                             const struct model *model, enum slot gradients) {
    size_t done = 0, last = last_matrix(model);
    for (size_t i = 0; i < model->count; i++) {
        const struct layer *layer = &model->layers[i];
        int64_t rows = matrix_rows(model, i, last);
        size_t count = rows > 0 ? matrix_count(layer, rows) : 0;
        if (count == 0) {
            continue;
        }
        if (layer->weight_offset > done) {
            write_piece(optimizer, program, real, done, layer->weight_offset - done, gradients, done > 0);
        }
        write_matrix(program, real, layer->weight_offset, rows, (int64_t)count / rows, gradients,
                     layer->weight_offset > 0);
        done = layer->weight_offset + count;
    }
    if (done < model->weight_count) {
        write_piece(optimizer, program, real, done, model->weight_count - done, gradients, done > 0);
    }
}

void optimizer_write(const struct optimizer *optimizer, struct program *program, enum dtype real,
                     const struct model *model, enum slot gradients) {
    value_id whole = block(program, gradients, real, 0, model->weight_count);
    program_op(program, OP_CLIP)->in[0] = whole;
    if (optimizer->orthogonal) {
        write_orthogonal(optimizer, program, real, model, gradients);
    } else {
        write_piece(optimizer, program, real, 0, model->weight_count, gradients, false);
    }
}

void average_write(struct program *program, enum dtype real, size_t weight_count) {
    value_id weights = block(program, SLOT_WEIGHTS, real, 0, weight_count);
    value_id average = block(program, SLOT_AVERAGE, real, 0, weight_count);
    struct op *op = program_op(program, OP_AVERAGE);
    op->in[0] = weights;
    op->in[1] = average;
}
