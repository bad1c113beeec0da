// What every operation means, in plain loops: the specification that other backends are tested
// against. Sums are kept in double whatever REAL is, and rounded once when they are stored.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/backend/augment.h"
#include "core/backend/host.h"
#include "core/backend/ref_ops.h"
#include "core/base/rng.h"

// ---- batches ----------------------------------------------------------------------------------

static int64_t row_of(const struct ref_op *op, const struct ref_step *step, int64_t position) {
    int64_t row = ((const int32_t *)op->in[0])[step->args->first + (size_t)position];
    assert(row >= 0 && row < op->in_value[1].shape.size[0]);
    return row;
}

static double feature_at(const struct ref_op *op, int64_t index) {
    if (op->in_value[1].dtype != DTYPE_U8) {
        return (double)((const REAL *)op->in[1])[index];
    }
    return ((const uint8_t *)op->in[1])[index] / 255.0;
}

// Is (h, w) of the finished picture inside the square that is cut out?
static bool is_cut(const struct augment_drawn *drawn, int64_t h, int64_t w) {
    int64_t y = h - drawn->cut[0], x = w - drawn->cut[1];
    return y >= 0 && y < drawn->cut_size && x >= 0 && x < drawn->cut_size;
}

// The number at (h, w) of channel c; `augment` is NULL where nothing is changed.
static REAL pixel_at(const struct ref_op *op, int64_t row, const struct augment *augment,
                     const struct augment_drawn *drawn, int64_t c, int64_t h, int64_t w) {
    const int64_t *size = op->out_value[0].shape.size;
    bool pixels = op->in_value[1].dtype == DTYPE_U8;
    double mean = pixels ? (double)op->op.attr.gather.mean[c] : 0, sd = pixels ? (double)op->op.attr.gather.sd[c] : 1;
    if (augment == NULL) {
        double x = feature_at(op, ((row * size[1] + c) * size[2] + h) * size[3] + w);
        return pixels ? (REAL)((x - mean) / sd) : (REAL)x;
    }
    int64_t from_w = drawn->flip ? size[3] - 1 - w : w;
    int64_t from_h = augment_from(h, size[2], drawn->shift[0], drawn->crop[0], augment->crop_reflect);
    from_w = augment_from(from_w, size[3], drawn->shift[1], drawn->crop[1], augment->crop_reflect);
    if (from_h < 0 || from_w < 0 || is_cut(drawn, h, w)) {
        return 0;
    }
    double x = feature_at(op, ((row * size[1] + c) * size[2] + from_h) * size[3] + from_w);
    bool toned = augment->brightness > 0 || augment->contrast > 0;
    if (!pixels) {
        return (REAL)(toned ? drawn->contrast * x + drawn->brightness : x);
    }
    return (REAL)(((toned ? augment_tone(x, mean, drawn) : x) - mean) / sd);
}

static void gather_image(const struct ref_op *op, int64_t row, const struct ref_step *step, REAL *y) {
    const int64_t *size = op->out_value[0].shape.size;
    const struct augment *augment = op->op.attr.gather.training ? &step->args->augment : NULL;
    struct augment_drawn drawn = {0};
    if (augment != NULL) {
        drawn = augment_draw(augment, step->args->seed, step->args->epoch, (uint64_t)row, size[2], size[3]);
    }
    for (int64_t c = 0; c < size[1]; c++) {
        for (int64_t h = 0; h < size[2]; h++) {
            for (int64_t w = 0; w < size[3]; w++) {
                *y++ = pixel_at(op, row, augment, &drawn, c, h, w);
            }
        }
    }
}

static void gather(const struct ref_op *op, const struct ref_step *step) {
    struct shape shape = op->out_value[0].shape;
    int64_t sample = shape_count(shape) / shape.size[0];
    for (int64_t i = 0; i < shape.size[0]; i++) {
        REAL *y = (REAL *)op->out[0] + i * sample;
        int64_t row = row_of(op, step, i);
        if (shape.rank == 4) {
            gather_image(op, row, step, y);
        } else {
            memcpy(y, (const REAL *)op->in[1] + row * sample, (size_t)sample * sizeof *y);
        }
    }
}

static void gather_labels(const struct ref_op *op, const struct ref_step *step) {
    for (int64_t i = 0; i < op->out_value[0].shape.size[0]; i++) {
        ((int32_t *)op->out[0])[i] = ((const int32_t *)op->in[1])[row_of(op, step, i)];
    }
}

static void gather_targets(const struct ref_op *op, const struct ref_step *step) {
    struct shape shape = op->out_value[0].shape;
    int64_t width = shape_count(shape) / shape.size[0];
    for (int64_t i = 0; i < shape.size[0]; i++) {
        const REAL *from = (const REAL *)op->in[1] + row_of(op, step, i) * width;
        memcpy((REAL *)op->out[0] + i * width, from, (size_t)width * sizeof *from);
    }
}

// ---- dense ------------------------------------------------------------------------------------

// out[i,j] = start[j] + Σ_k a[i·a_row + k·a_step] · b[j·b_row + k·b_step]
static void product(int64_t rows, int64_t columns, int64_t depth, const REAL *a, int64_t a_row, int64_t a_step,
                    const REAL *b, int64_t b_row, int64_t b_step, const REAL *start, REAL *out) {
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < columns; j++) {
            double sum = start != NULL ? start[j] : 0;
            for (int64_t k = 0; k < depth; k++) {
                sum += (double)a[i * a_row + k * a_step] * b[j * b_row + k * b_step];
            }
            out[i * columns + j] = (REAL)sum;
        }
    }
}

static void dense(const struct ref_op *op) {
    int64_t batch = op->in_value[0].shape.size[0], inputs = op->in_value[0].shape.size[1];
    int64_t outputs = op->out_value[0].shape.size[1];
    product(batch, outputs, inputs, op->in[0], inputs, 1, op->in[1], inputs, 1, op->in[2], op->out[0]);
}

static void dense_input_gradient(const struct ref_op *op) {
    int64_t batch = op->in_value[0].shape.size[0], outputs = op->in_value[0].shape.size[1];
    int64_t inputs = op->out_value[0].shape.size[1];
    product(batch, inputs, outputs, op->in[0], outputs, 1, op->in[1], 1, inputs, NULL, op->out[0]);
}

static void dense_weight_gradient(const struct ref_op *op) {
    int64_t batch = op->in_value[0].shape.size[0], inputs = op->in_value[0].shape.size[1];
    int64_t outputs = op->in_value[1].shape.size[1];
    const REAL *dy = op->in[1];
    product(outputs, inputs, batch, dy, 1, outputs, op->in[0], 1, inputs, NULL, op->out[0]);
    for (int64_t o = 0; op->out[1] != NULL && o < outputs; o++) {
        double sum = 0;
        for (int64_t b = 0; b < batch; b++) {
            sum += dy[b * outputs + o];
        }
        ((REAL *)op->out[1])[o] = (REAL)sum;
    }
}

#include "core/backend/ref_image.inc.h"
#include "core/backend/ref_norm.inc.h"

// ---- element by element -----------------------------------------------------------------------

// Φ, the normal distribution function.
static double normal_below(double x) {
    return 0.5 * erfc(-x * sqrt(0.5));
}

static double activate(enum activation kind, double x) {
    switch (kind) {
    case ACTIVATION_RELU:
        return x > 0 || isnan(x) ? x : 0;
    case ACTIVATION_TANH:
        return tanh(x);
    case ACTIVATION_SIGMOID:
        return 1 / (1 + exp(-x));
    case ACTIVATION_GELU:
        return x * normal_below(x);
    case ACTIVATION_SILU:
        return x / (1 + exp(-x));
    case ACTIVATION_COUNT:
        break;
    }
    return NAN;
}

// From the activation's result, or from what went in where activation_from_input.
static double activation_slope(enum activation kind, double y) {
    double x = y, s = 1 / (1 + exp(-x));
    switch (kind) {
    case ACTIVATION_RELU:
        return y > 0 ? 1 : 0;
    case ACTIVATION_TANH:
        return 1 - y * y;
    case ACTIVATION_SIGMOID:
        return y * (1 - y);
    case ACTIVATION_GELU:
        return normal_below(x) + x * exp(-x * x / 2) / sqrt(2 * acos(-1));
    case ACTIVATION_SILU:
        return s * (1 + x * (1 - s));
    case ACTIVATION_COUNT:
        break;
    }
    return NAN;
}

static void activation(const struct ref_op *op) {
    for (int64_t i = 0; i < shape_count(op->out_value[0].shape); i++) {
        ((REAL *)op->out[0])[i] = (REAL)activate(op->op.attr.activation, ((const REAL *)op->in[0])[i]);
    }
}

static void activation_gradient(const struct ref_op *op) {
    for (int64_t i = 0; i < shape_count(op->out_value[0].shape); i++) {
        double slope = activation_slope(op->op.attr.activation, ((const REAL *)op->in[1])[i]);
        ((REAL *)op->out[0])[i] = (REAL)(((const REAL *)op->in[0])[i] * slope);
    }
}

static void dropout(const struct ref_op *op, const struct ref_step *step) {
    double p = op->op.attr.dropout.probability;
    uint64_t stream = step->args->step << 8 | (uint64_t)op->op.attr.dropout.layer;
    struct rng rng = rng_make(step->args->seed, RNG_DROPOUT, stream);
    for (int64_t i = 0; i < shape_count(op->out_value[0].shape); i++) {
        bool kept = rng_u32(&rng) >= p * 0x1p32;
        ((REAL *)op->out[0])[i] = kept ? (REAL)(((const REAL *)op->in[0])[i] / (1 - p)) : 0;
    }
}

static void add(const struct ref_op *op) {
    for (int64_t i = 0; i < shape_count(op->out_value[0].shape); i++) {
        ((REAL *)op->out[0])[i] = ((const REAL *)op->in[0])[i] + ((const REAL *)op->in[1])[i];
    }
}

static void scale(const struct ref_op *op) {
    for (int64_t i = 0; i < shape_count(op->out_value[0].shape); i++) {
        ((REAL *)op->out[0])[i] = (REAL)(op->op.attr.factor * ((const REAL *)op->in[0])[i]);
    }
}

static void copy(const struct ref_op *op) {
    memmove(op->out[0], op->in[0], (size_t)shape_count(op->in_value[0].shape) * sizeof(REAL));
}

// ---- embeddings -------------------------------------------------------------------------------

static void columns(const struct ref_op *op) {
    int64_t batch = op->in_value[0].shape.size[0], inputs = op->in_value[0].shape.size[1];
    int64_t outputs = op->out_value[0].shape.size[1];
    for (int64_t i = 0; i < batch; i++) {
        for (int64_t j = 0; j < outputs; j++) {
            bool given = j < op->op.attr.columns;
            ((REAL *)op->out[0])[i * outputs + j] = given ? ((const REAL *)op->in[0])[i * inputs + j] : 0;
        }
    }
}

// Which of `count` rows of the table row i of the batch asks for.
static int64_t embedding_row(const struct ref_op *op, int64_t i, int64_t count) {
    int64_t inputs = op->in_value[1].shape.size[1];
    REAL index = ((const REAL *)op->in[1])[i * inputs + op->op.attr.embedding.column];
    return index >= 0 && index < (REAL)count ? (int64_t)index : 0;
}

static void embedding(const struct ref_op *op) {
    int64_t batch = op->in_value[0].shape.size[0], outputs = op->in_value[0].shape.size[1];
    int64_t count = op->in_value[2].shape.size[0], width = op->in_value[2].shape.size[1];
    for (int64_t i = 0; i < batch; i++) {
        REAL *y = (REAL *)op->out[0] + i * outputs + op->op.attr.embedding.at;
        memcpy(y, (const REAL *)op->in[2] + embedding_row(op, i, count) * width, (size_t)width * sizeof *y);
    }
}

static void embedding_gradient(const struct ref_op *op) {
    int64_t batch = op->in_value[0].shape.size[0], outputs = op->in_value[0].shape.size[1];
    int64_t count = op->out_value[0].shape.size[0], width = op->out_value[0].shape.size[1];
    for (int64_t k = 0; k < count; k++) {
        for (int64_t j = 0; j < width; j++) {
            double sum = 0;
            for (int64_t i = 0; i < batch; i++) {
                REAL dy = ((const REAL *)op->in[0])[i * outputs + op->op.attr.embedding.at + j];
                sum += embedding_row(op, i, count) == k ? dy : 0;
            }
            ((REAL *)op->out[0])[k * width + j] = (REAL)sum;
        }
    }
}

#include "core/backend/ref_losses.inc.h"
#include "core/backend/ref_optimizer.inc.h"

// ---- the table --------------------------------------------------------------------------------

static void (*const plain[OP_COUNT])(const struct ref_op *op) = {
    [OP_DENSE] = dense,
    [OP_DENSE_INPUT_GRADIENT] = dense_input_gradient,
    [OP_DENSE_WEIGHT_GRADIENT] = dense_weight_gradient,
    [OP_CONVOLUTION] = convolution,
    [OP_CONVOLUTION_INPUT_GRADIENT] = convolution_input_gradient,
    [OP_CONVOLUTION_WEIGHT_GRADIENT] = convolution_weight_gradient,
    [OP_POOL] = pool,
    [OP_POOL_GRADIENT] = pool_gradient,
    [OP_BATCH_NORM] = batch_norm,
    [OP_BATCH_NORM_GRADIENT] = batch_norm_gradient,
    [OP_LAYER_NORM] = layer_norm,
    [OP_LAYER_NORM_GRADIENT] = layer_norm_gradient,
    [OP_ACTIVATION] = activation,
    [OP_ACTIVATION_GRADIENT] = activation_gradient,
    [OP_ADD] = add,
    [OP_SCALE] = scale,
    [OP_COPY] = copy,
    [OP_COLUMNS] = columns,
    [OP_EMBEDDING] = embedding,
    [OP_EMBEDDING_GRADIENT] = embedding_gradient,
};

// These depend on the step's arguments or write its figures.
static void (*const stepped[OP_COUNT])(const struct ref_op *op, const struct ref_step *step) = {
    [OP_GATHER] = gather,
    [OP_GATHER_LABELS] = gather_labels,
    [OP_GATHER_TARGETS] = gather_targets,
    [OP_DROPOUT] = dropout,
    [OP_DROPOUT_GRADIENT] = dropout,
    [OP_SOFTMAX_CROSS_ENTROPY] = softmax_cross_entropy,
    [OP_BINARY_CROSS_ENTROPY] = binary_cross_entropy,
    [OP_SQUARED_ERROR] = error_loss,
    [OP_ABSOLUTE_ERROR] = error_loss,
    [OP_HUBER] = error_loss,
    [OP_SGD] = optimize,
    [OP_ADAGRAD] = optimize,
    [OP_RMSPROP] = optimize,
    [OP_ADAM] = optimize,
    [OP_MUON] = muon,
    [OP_AVERAGE] = average,
    [OP_CLIP] = clip,
};

void REF_RUN(const struct ref_op *op, const struct ref_step *step) {
    if (plain[op->op.kind] != NULL) {
        plain[op->op.kind](op);
    } else {
        stepped[op->op.kind](op, step);
    }
}
