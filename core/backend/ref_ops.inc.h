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

// ---- convolution ------------------------------------------------------------------------------

// Index into x of tap (kh, kw) of window (oh, ow), channel c; -1 in the padding.
static int64_t tap(const struct windows *s, int64_t n, int64_t c, int64_t oh, int64_t ow, int64_t kh, int64_t kw) {
    int64_t h = oh * s->stride[0] - s->padding[0] + kh, w = ow * s->stride[1] - s->padding[1] + kw;
    bool inside = h >= 0 && h < s->height && w >= 0 && w < s->width;
    return inside ? ((n * s->channels + c) * s->height + h) * s->width + w : -1;
}

static double convolution_at(const struct windows *s, const REAL *x, const REAL *w, int64_t n, int64_t o, int64_t oh,
                             int64_t ow) {
    int64_t per_group = s->channels / s->groups, first = o / (s->outputs / s->groups) * per_group;
    double sum = 0;
    for (int64_t c = 0; c < per_group; c++) {
        for (int64_t kh = 0; kh < s->window_height; kh++) {
            for (int64_t kw = 0; kw < s->window_width; kw++) {
                int64_t from = tap(s, n, first + c, oh, ow, kh, kw);
                double weight = w[((o * per_group + c) * s->window_height + kh) * s->window_width + kw];
                sum += from < 0 ? 0 : x[from] * weight;
            }
        }
    }
    return sum;
}

static void convolution(const struct ref_op *op) {
    struct windows s =
        windows_convolution(&op->op, op->in_value[0].shape, op->in_value[1].shape, op->out_value[0].shape);
    const REAL *bias = op->in[2];
    REAL *y = op->out[0];
    for (int64_t n = 0; n < s.batch; n++) {
        for (int64_t o = 0; o < s.outputs; o++) {
            for (int64_t oh = 0; oh < s.out_height; oh++) {
                for (int64_t ow = 0; ow < s.out_width; ow++) {
                    double sum = convolution_at(&s, op->in[0], op->in[1], n, o, oh, ow);
                    *y++ = (REAL)(sum + (bias != NULL ? bias[o] : 0));
                }
            }
        }
    }
}

// The window index whose tap `k` falls on cell `cell`; -1 when there is none.
static int64_t window_over(int64_t cell, int64_t k, int64_t stride, int64_t padding, int64_t count) {
    int64_t start = cell + padding - k;
    return start >= 0 && start % stride == 0 && start / stride < count ? start / stride : -1;
}

static double input_gradient_at(const struct windows *s, const REAL *dy, const REAL *w, int64_t n, int64_t c, int64_t h,
                                int64_t width) {
    int64_t per_group = s->channels / s->groups, out_per_group = s->outputs / s->groups;
    int64_t first = c / per_group * out_per_group;
    double sum = 0;
    for (int64_t o = first; o < first + out_per_group; o++) {
        for (int64_t kh = 0; kh < s->window_height; kh++) {
            int64_t oh = window_over(h, kh, s->stride[0], s->padding[0], s->out_height);
            for (int64_t kw = 0; oh >= 0 && kw < s->window_width; kw++) {
                int64_t ow = window_over(width, kw, s->stride[1], s->padding[1], s->out_width);
                double weight = w[((o * per_group + c % per_group) * s->window_height + kh) * s->window_width + kw];
                sum += ow < 0 ? 0 : dy[((n * s->outputs + o) * s->out_height + oh) * s->out_width + ow] * weight;
            }
        }
    }
    return sum;
}

static void convolution_input_gradient(const struct ref_op *op) {
    struct windows s =
        windows_convolution(&op->op, op->out_value[0].shape, op->in_value[1].shape, op->in_value[0].shape);
    REAL *dx = op->out[0];
    for (int64_t n = 0; n < s.batch; n++) {
        for (int64_t c = 0; c < s.channels; c++) {
            for (int64_t h = 0; h < s.height; h++) {
                for (int64_t w = 0; w < s.width; w++) {
                    *dx++ = (REAL)input_gradient_at(&s, op->in[0], op->in[1], n, c, h, w);
                }
            }
        }
    }
}

// Σ over the batch and all windows of dy · x under one weight; x == NULL: of dy alone (the bias).
static double weight_gradient_at(const struct windows *s, const REAL *x, const REAL *dy, int64_t o, int64_t c,
                                 int64_t kh, int64_t kw) {
    double sum = 0;
    for (int64_t n = 0; n < s->batch; n++) {
        for (int64_t oh = 0; oh < s->out_height; oh++) {
            for (int64_t ow = 0; ow < s->out_width; ow++) {
                double gradient = dy[((n * s->outputs + o) * s->out_height + oh) * s->out_width + ow];
                int64_t from = x != NULL ? tap(s, n, c, oh, ow, kh, kw) : 0;
                sum += from < 0 ? 0 : gradient * (x != NULL ? x[from] : 1);
            }
        }
    }
    return sum;
}

static void convolution_weight_gradient(const struct ref_op *op) {
    struct windows s =
        windows_convolution(&op->op, op->in_value[0].shape, op->out_value[0].shape, op->in_value[1].shape);
    int64_t per_group = s.channels / s.groups;
    REAL *dw = op->out[0], *db = op->out[1];
    for (int64_t o = 0; o < s.outputs; o++) {
        int64_t first = o / (s.outputs / s.groups) * per_group;
        for (int64_t c = 0; c < per_group; c++) {
            for (int64_t kh = 0; kh < s.window_height; kh++) {
                for (int64_t kw = 0; kw < s.window_width; kw++) {
                    *dw++ = (REAL)weight_gradient_at(&s, op->in[0], op->in[1], o, first + c, kh, kw);
                }
            }
        }
        if (db != NULL) {
            db[o] = (REAL)weight_gradient_at(&s, NULL, op->in[1], o, 0, 0, 0);
        }
    }
}

// ---- pooling ----------------------------------------------------------------------------------

static void pool_at(const struct ref_op *op, const struct windows *s, int64_t plane, int64_t oh, int64_t ow) {
    double sum = 0, most = -INFINITY;
    int64_t where = -1, out = (plane * s->out_height + oh) * s->out_width + ow;
    for (int64_t kh = 0; kh < s->window_height; kh++) {
        for (int64_t kw = 0; kw < s->window_width; kw++) {
            int64_t from = tap(s, 0, plane, oh, ow, kh, kw);
            double x = from < 0 ? 0 : ((const REAL *)op->in[0])[from];
            sum += x;
            if (from >= 0 && (where < 0 || x > most)) {
                most = x;
                where = from - plane * s->height * s->width;
            }
        }
    }
    bool max = op->op.attr.pool.kind == POOL_MAX;
    ((REAL *)op->out[0])[out] = (REAL)(max ? most : sum / (double)(s->window_height * s->window_width));
    if (op->out[1] != NULL) {
        ((int32_t *)op->out[1])[out] = (int32_t)where;
    }
}

static void pool(const struct ref_op *op) {
    struct windows s = windows_pool(&op->op, op->in_value[0].shape, op->out_value[0].shape);
    for (int64_t plane = 0; plane < s.batch * s.channels; plane++) {
        for (int64_t oh = 0; oh < s.out_height; oh++) {
            for (int64_t ow = 0; ow < s.out_width; ow++) {
                pool_at(op, &s, plane, oh, ow);
            }
        }
    }
}

static double pool_gradient_at(const struct ref_op *op, const struct windows *s, int64_t plane, int64_t h, int64_t w) {
    const int32_t *where = op->in[1];
    double sum = 0;
    for (int64_t kh = 0; kh < s->window_height; kh++) {
        int64_t oh = window_over(h, kh, s->stride[0], s->padding[0], s->out_height);
        for (int64_t kw = 0; oh >= 0 && kw < s->window_width; kw++) {
            int64_t ow = window_over(w, kw, s->stride[1], s->padding[1], s->out_width);
            int64_t from = (plane * s->out_height + oh) * s->out_width + ow;
            if (ow < 0 || (where != NULL && where[from] != h * s->width + w)) {
                continue;
            }
            double share = where != NULL ? 1 : 1 / (double)(s->window_height * s->window_width);
            sum += ((const REAL *)op->in[0])[from] * share;
        }
    }
    return sum;
}

static void pool_gradient(const struct ref_op *op) {
    struct windows s = windows_pool(&op->op, op->out_value[0].shape, op->in_value[0].shape);
    REAL *dx = op->out[0];
    for (int64_t plane = 0; plane < s.batch * s.channels; plane++) {
        for (int64_t h = 0; h < s.height; h++) {
            for (int64_t w = 0; w < s.width; w++) {
                *dx++ = (REAL)pool_gradient_at(op, &s, plane, h, w);
            }
        }
    }
}

// ---- element by element -----------------------------------------------------------------------

static double activate(enum activation kind, double x) {
    switch (kind) {
    case ACTIVATION_RELU:
        return x > 0 || isnan(x) ? x : 0;
    case ACTIVATION_TANH:
        return tanh(x);
    case ACTIVATION_SIGMOID:
        return 1 / (1 + exp(-x));
    case ACTIVATION_COUNT:
        break;
    }
    return NAN;
}

// From the activation's result.
static double activation_slope(enum activation kind, double y) {
    switch (kind) {
    case ACTIVATION_RELU:
        return y > 0 ? 1 : 0;
    case ACTIVATION_TANH:
        return 1 - y * y;
    case ACTIVATION_SIGMOID:
        return y * (1 - y);
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

static void copy(const struct ref_op *op) {
    memmove(op->out[0], op->in[0], (size_t)shape_count(op->in_value[0].shape) * sizeof(REAL));
}

// ---- losses -----------------------------------------------------------------------------------

// log Σ exp(z), shifted by the largest so that nothing overflows.
static double log_sum_exp(const REAL *z, int64_t count, int64_t *largest) {
    double sum = 0;
    *largest = 0;
    for (int64_t i = 1; i < count; i++) {
        *largest = z[i] > z[*largest] ? i : *largest;
    }
    for (int64_t i = 0; i < count; i++) {
        sum += exp((double)z[i] - z[*largest]);
    }
    return z[*largest] + log(sum);
}

static void softmax_cross_entropy(const struct ref_op *op, const struct ref_step *step) {
    int64_t batch = op->in_value[0].shape.size[0], classes = op->in_value[0].shape.size[1];
    double smoothing = step->args->label_smoothing, loss = 0, correct = 0;
    for (int64_t i = 0; i < batch; i++) {
        const REAL *z = (const REAL *)op->in[0] + i * classes;
        int64_t largest, label = ((const int32_t *)op->in[1])[i];
        assert(label >= 0 && label < classes);
        double normalizer = log_sum_exp(z, classes, &largest);
        for (int64_t c = 0; c < classes; c++) {
            double target = smoothing / (double)classes + (c == label ? 1 - smoothing : 0);
            double probability = exp(z[c] - normalizer);
            loss += target > 0 ? target * (normalizer - z[c]) : 0;
            if (op->out[0] != NULL) {
                ((REAL *)op->out[0])[i * classes + c] = (REAL)((probability - target) / (double)batch);
            }
            if (op->out[1] != NULL) {
                ((REAL *)op->out[1])[i * classes + c] = (REAL)probability;
            }
        }
        correct += largest == label;
    }
    step->metrics[METRIC_LOSS] = loss;
    step->metrics[METRIC_CORRECT] = correct;
}

static void squared_error(const struct ref_op *op, const struct ref_step *step) {
    int64_t batch = op->in_value[0].shape.size[0], width = op->in_value[0].shape.size[1];
    double sum = 0;
    for (int64_t i = 0; i < batch * width; i++) {
        double miss = (double)((const REAL *)op->in[0])[i] - ((const REAL *)op->in[1])[i];
        sum += miss * miss;
        if (op->out[0] != NULL) {
            ((REAL *)op->out[0])[i] = (REAL)(2 * miss / (double)(batch * width));
        }
    }
    step->metrics[METRIC_LOSS] = step->metrics[METRIC_SQUARED_ERROR] = sum / (double)width;
}

// ---- optimizer --------------------------------------------------------------------------------

// torch.optim.SGD with dampening 0.
static void sgd(const struct ref_op *op, const struct ref_step *step) {
    const struct step_args *args = step->args;
    REAL *w = op->in[0], *v = op->in[2];
    double gradient_sq = 0, update_sq = 0, weight_sq = 0;
    for (int64_t i = 0; i < shape_count(op->in_value[0].shape); i++) {
        double g = ((const REAL *)op->in[1])[i];
        double decayed = g + args->weight_decay * w[i], move = decayed;
        if (v != NULL) {
            v[i] = (REAL)(args->momentum * v[i] + decayed);
            move = args->nesterov ? decayed + args->momentum * v[i] : v[i];
        }
        w[i] = (REAL)(w[i] - args->lr * move);
        gradient_sq += g * g;
        update_sq += args->lr * move * args->lr * move;
        weight_sq += (double)w[i] * w[i];
    }
    if (op->op.attr.optimizer.norms) {
        step->metrics[METRIC_GRADIENT_SQ] = gradient_sq;
        step->metrics[METRIC_UPDATE_SQ] = update_sq;
        step->metrics[METRIC_WEIGHT_SQ] = weight_sq;
    }
}

static void (*const plain[OP_COUNT])(const struct ref_op *op) = {
    [OP_DENSE] = dense,
    [OP_DENSE_INPUT_GRADIENT] = dense_input_gradient,
    [OP_DENSE_WEIGHT_GRADIENT] = dense_weight_gradient,
    [OP_CONVOLUTION] = convolution,
    [OP_CONVOLUTION_INPUT_GRADIENT] = convolution_input_gradient,
    [OP_CONVOLUTION_WEIGHT_GRADIENT] = convolution_weight_gradient,
    [OP_POOL] = pool,
    [OP_POOL_GRADIENT] = pool_gradient,
    [OP_ACTIVATION] = activation,
    [OP_ACTIVATION_GRADIENT] = activation_gradient,
    [OP_ADD] = add,
    [OP_COPY] = copy,
};

// These depend on the step's arguments or write its figures.
static void (*const stepped[OP_COUNT])(const struct ref_op *op, const struct ref_step *step) = {
    [OP_GATHER] = gather,
    [OP_GATHER_LABELS] = gather_labels,
    [OP_GATHER_TARGETS] = gather_targets,
    [OP_DROPOUT] = dropout,
    [OP_DROPOUT_GRADIENT] = dropout,
    [OP_SOFTMAX_CROSS_ENTROPY] = softmax_cross_entropy,
    [OP_SQUARED_ERROR] = squared_error,
    [OP_SGD] = sgd,
};

void REF_RUN(const struct ref_op *op, const struct ref_step *step) {
    if (plain[op->op.kind] != NULL) {
        plain[op->op.kind](op);
    } else {
        stepped[op->op.kind](op, step);
    }
}
