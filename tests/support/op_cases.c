#include "tests/support/op_cases.h"

#include <math.h>
#include <string.h>

// ---- operands ---------------------------------------------------------------------------------

static struct shape shape_of(int64_t a, int64_t b, int64_t c, int64_t d) {
    return (struct shape){.rank = d ? 4 : c ? 3 : b ? 2 : 1, .size = {a, b, c, d}};
}

static value_id input(struct op_builder *b, struct shape shape) {
    value_id id = program_value(&b->program, SLOT_WEIGHTS, b->inputs, b->real, shape);
    b->inputs += (size_t)shape_count(shape);
    return id;
}

static value_id output(struct op_builder *b, struct shape shape) {
    value_id id = program_value(&b->program, SLOT_OUTPUTS, b->outputs, b->real, shape);
    b->outputs += (size_t)shape_count(shape);
    return id;
}

static value_id labels(struct op_builder *b, int64_t count, int64_t classes) {
    b->labels = count;
    b->classes = classes;
    return program_value(&b->program, SLOT_LABELS, 0, DTYPE_I32, shape_of(count, 0, 0, 0));
}

static value_id rows(struct op_builder *b, int64_t count) {
    b->batch = count;
    return program_value(&b->program, SLOT_ROWS, 0, DTYPE_I32, shape_of(count, 0, 0, 0));
}

static struct op *add(struct op_builder *b, enum op_kind kind, value_id in0, value_id in1, value_id in2, value_id out) {
    struct op *op = program_op(&b->program, kind);
    op->in[0] = in0;
    op->in[1] = in1;
    op->in[2] = in2;
    op->out[0] = out;
    return op;
}

// ---- one operation each; sizes as noted --------------------------------------------------------

// batch, inputs, outputs; variant: bias
static void build_dense(struct op_builder *b) {
    const int64_t *s = b->op_case->size;
    value_id x = input(b, shape_of(s[0], s[1], 0, 0)), w = input(b, shape_of(s[2], s[1], 0, 0));
    value_id bias = b->op_case->variant ? input(b, shape_of(s[2], 0, 0, 0)) : VALUE_NONE;
    add(b, OP_DENSE, x, w, bias, output(b, shape_of(s[0], s[2], 0, 0)));
}

static void build_dense_input(struct op_builder *b) {
    const int64_t *s = b->op_case->size;
    value_id dy = input(b, shape_of(s[0], s[2], 0, 0)), w = input(b, shape_of(s[2], s[1], 0, 0));
    add(b, OP_DENSE_INPUT_GRADIENT, dy, w, VALUE_NONE, output(b, shape_of(s[0], s[1], 0, 0)));
}

static void build_dense_weight(struct op_builder *b) {
    const int64_t *s = b->op_case->size;
    value_id x = input(b, shape_of(s[0], s[1], 0, 0)), dy = input(b, shape_of(s[0], s[2], 0, 0));
    value_id dw = output(b, shape_of(s[2], s[1], 0, 0));
    value_id db = b->op_case->variant ? output(b, shape_of(s[2], 0, 0, 0)) : VALUE_NONE;
    add(b, OP_DENSE_WEIGHT_GRADIENT, x, dy, VALUE_NONE, dw)->out[1] = db;
}

// batch, inputs, hidden, outputs; variant: activation. Two layers with what lies between, forward and
// backward: backends may do an activation together with the product before it.
static void build_dense_chain(struct op_builder *b) {
    const int64_t *s = b->op_case->size;
    struct shape hidden = shape_of(s[0], s[2], 0, 0), out = shape_of(s[0], s[3], 0, 0);
    value_id x = input(b, shape_of(s[0], s[1], 0, 0)), w1 = input(b, shape_of(s[2], s[1], 0, 0));
    value_id b1 = input(b, shape_of(s[2], 0, 0, 0)), w2 = input(b, shape_of(s[3], s[2], 0, 0));
    value_id dy = input(b, out), z = program_temporary(&b->program, b->real, hidden);
    value_id h = program_temporary(&b->program, b->real, hidden);
    value_id dh = program_temporary(&b->program, b->real, hidden);
    value_id dw1 = output(b, shape_of(s[2], s[1], 0, 0)), dw2 = output(b, shape_of(s[3], s[2], 0, 0));
    enum activation kind = (enum activation)b->op_case->variant;
    add(b, OP_DENSE, x, w1, b1, z);
    add(b, OP_ACTIVATION, z, VALUE_NONE, VALUE_NONE, h)->attr.activation = kind;
    add(b, OP_DENSE, h, w2, VALUE_NONE, output(b, out));
    add(b, OP_DENSE_WEIGHT_GRADIENT, h, dy, VALUE_NONE, dw2);
    add(b, OP_DENSE_INPUT_GRADIENT, dy, w2, VALUE_NONE, dh);
    value_id of = activation_from_input(kind) ? z : h;
    add(b, OP_ACTIVATION_GRADIENT, dh, of, VALUE_NONE, dh)->attr.activation = kind;
    add(b, OP_DENSE_WEIGHT_GRADIENT, x, dh, VALUE_NONE, dw1)->out[1] = output(b, shape_of(s[2], 0, 0, 0));
}

// batch, inputs, outputs. What an activation, or its gradient, is made of is needed afterwards too.
static void build_dense_kept(struct op_builder *b) {
    const int64_t *s = b->op_case->size;
    struct shape out = shape_of(s[0], s[2], 0, 0), in = shape_of(s[0], s[1], 0, 0);
    value_id x = input(b, in), w = input(b, shape_of(s[2], s[1], 0, 0)), dy = input(b, out);
    value_id z = program_temporary(&b->program, b->real, out), dx = program_temporary(&b->program, b->real, in);
    add(b, OP_DENSE, x, w, VALUE_NONE, z);
    add(b, OP_ACTIVATION, z, VALUE_NONE, VALUE_NONE, output(b, out))->attr.activation = ACTIVATION_RELU;
    add(b, OP_DENSE_INPUT_GRADIENT, dy, w, VALUE_NONE, dx);
    add(b, OP_ACTIVATION_GRADIENT, dx, x, VALUE_NONE, output(b, in))->attr.activation = ACTIVATION_TANH;
    add(b, OP_COPY, z, VALUE_NONE, VALUE_NONE, output(b, out));
    add(b, OP_COPY, dx, VALUE_NONE, VALUE_NONE, output(b, in));
}

// count; variant: activation
static void build_activation(struct op_builder *b) {
    struct shape shape = shape_of(b->op_case->size[0], 0, 0, 0);
    value_id x = input(b, shape);
    add(b, OP_ACTIVATION, x, VALUE_NONE, VALUE_NONE, output(b, shape))->attr.activation =
        (enum activation)b->op_case->variant;
}

static void build_activation_gradient(struct op_builder *b) {
    struct shape shape = shape_of(b->op_case->size[0], 0, 0, 0);
    enum activation kind = (enum activation)b->op_case->variant;
    value_id dy = input(b, shape), x = input(b, shape), y = program_temporary(&b->program, b->real, shape);
    add(b, OP_ACTIVATION, x, VALUE_NONE, VALUE_NONE, y)->attr.activation = kind;
    value_id of = activation_from_input(kind) ? x : y;
    add(b, OP_ACTIVATION_GRADIENT, dy, of, VALUE_NONE, output(b, shape))->attr.activation = kind;
}

// count; variant: percent dropped
static void build_dropout(struct op_builder *b) {
    struct shape shape = shape_of(b->op_case->size[0], 0, 0, 0);
    value_id x = input(b, shape), dy = input(b, shape);
    for (int i = 0; i < 2; i++) {
        value_id out = output(b, shape);
        struct op *op = add(b, i ? OP_DROPOUT_GRADIENT : OP_DROPOUT, i ? dy : x, VALUE_NONE, VALUE_NONE, out);
        op->attr.dropout.probability = b->op_case->variant / 100.0;
        op->attr.dropout.layer = 3;
    }
}

// count
static void build_add(struct op_builder *b) {
    struct shape shape = shape_of(b->op_case->size[0], 0, 0, 0);
    value_id x = input(b, shape), y = input(b, shape), sum = output(b, shape), kept = output(b, shape);
    add(b, OP_ADD, x, y, VALUE_NONE, sum);
    add(b, OP_COPY, sum, VALUE_NONE, VALUE_NONE, kept);
    add(b, OP_ADD, sum, x, VALUE_NONE, sum); // in place, after it was copied
}

// count. Copies between temporaries, one of which changes afterwards (variant 0: the source, 1: the copy).
static void build_copies(struct op_builder *b) {
    struct shape shape = shape_of(b->op_case->size[0], 0, 0, 0);
    value_id x = input(b, shape), y = input(b, shape);
    value_id from = program_temporary(&b->program, b->real, shape), to = program_temporary(&b->program, b->real, shape);
    value_id changed = b->op_case->variant ? to : from;
    add(b, OP_ADD, x, y, VALUE_NONE, from);
    add(b, OP_COPY, from, VALUE_NONE, VALUE_NONE, to);
    add(b, OP_ADD, changed, x, VALUE_NONE, changed);
    add(b, OP_COPY, from, VALUE_NONE, VALUE_NONE, output(b, shape));
    add(b, OP_COPY, to, VALUE_NONE, VALUE_NONE, output(b, shape));
}

// batch, columns of x, rows of the table, its width. The first two columns of x pass, two others choose rows: of one
// table, and of one twice as wide.
static void build_embedding(struct op_builder *b) {
    const int64_t *s = b->op_case->size;
    struct shape wide = shape_of(s[0], 2 + 3 * s[3], 0, 0), narrow = shape_of(s[0], s[1], 0, 0);
    struct shape tables[] = {shape_of(s[2], s[3], 0, 0), shape_of(s[2], 2 * s[3], 0, 0)};
    value_id x = input(b, narrow), dy = input(b, wide);
    value_id indices = program_temporary(&b->program, b->real, narrow);
    value_id y = program_temporary(&b->program, b->real, wide);
    // Some lie outside the table. By a power of two, so that an index is the same in every precision.
    add(b, OP_SCALE, x, VALUE_NONE, VALUE_NONE, indices)->attr.factor = exp2(floor(log2((double)s[2] / 2)));
    add(b, OP_COLUMNS, x, VALUE_NONE, VALUE_NONE, y)->attr.columns = 2;
    for (int i = 0; i < 2; i++) {
        struct op *op = add(b, OP_EMBEDDING, y, indices, input(b, tables[i]), y);
        op->attr.embedding.column = s[1] - 1 - i;
        op->attr.embedding.at = 2 + i * s[3];
    }
    add(b, OP_COPY, y, VALUE_NONE, VALUE_NONE, output(b, wide));
    for (int i = 0; i < 2; i++) {
        struct op *op = add(b, OP_EMBEDDING_GRADIENT, dy, indices, VALUE_NONE, output(b, tables[i]));
        op->attr.embedding.column = s[1] - 1 - i;
        op->attr.embedding.at = 2 + i * s[3];
    }
}

// batch, then the sample (features, or channels, height, width); variant: 1 pixels, 2 training
static void build_gather(struct op_builder *b) {
    const int64_t *s = b->op_case->size;
    struct shape features = shape_of(s[0] + 7, s[1], s[2], s[3]), batch = shape_of(s[0], s[1], s[2], s[3]);
    b->pixels = (b->op_case->variant & 1) != 0;
    b->feature_rows = features.size[0];
    b->feature_count = shape_count(features);
    value_id row = rows(b, s[0]);
    value_id from = program_value(&b->program, SLOT_FEATURES, 0, b->pixels ? DTYPE_U8 : b->real, features);
    struct op *op = add(b, OP_GATHER, row, from, VALUE_NONE, output(b, batch));
    op->attr.gather.training = (b->op_case->variant & 2) != 0;
    for (int c = 0; c < IMAGE_CHANNELS_MOST; c++) {
        op->attr.gather.mean[c] = 0.4f + 0.05f * (float)c;
        op->attr.gather.sd[c] = 0.2f + 0.01f * (float)c;
    }
}

// batch, width of the targets. Labels are gathered too.
static void build_gather_targets(struct op_builder *b) {
    const int64_t *s = b->op_case->size;
    value_id row = rows(b, s[0]), label = labels(b, s[0] + 7, 1000);
    b->feature_rows = s[0] + 7;
    b->target_count = (s[0] + 7) * s[1];
    value_id target = program_value(&b->program, SLOT_TARGETS, 0, b->real, shape_of(s[0] + 7, s[1], 0, 0));
    add(b, OP_GATHER_TARGETS, row, target, VALUE_NONE, output(b, shape_of(s[0], s[1], 0, 0)));
    b->whole = (size_t)s[0];
    add(b, OP_GATHER_LABELS, row, label, VALUE_NONE,
        program_value(&b->program, SLOT_STATE, 0, DTYPE_I32, shape_of(s[0], 0, 0, 0)));
}

#include "tests/support/op_cases_image.inc.h"
#include "tests/support/op_cases_losses.inc.h"
#include "tests/support/op_cases_norm.inc.h"
#include "tests/support/op_cases_optimizer.inc.h"

// ---- the table --------------------------------------------------------------------------------

#define DENSE(batch, inputs, outputs)                                                                                  \
    {"dense", build_dense, {batch, inputs, outputs}, 1, {0}}, {"dense, no bias", build_dense, {batch, inputs, outputs}, 0, {0}}, \
        {"dense input gradient", build_dense_input, {batch, inputs, outputs}, 0, {0}},                                 \
        {"dense weight gradient", build_dense_weight, {batch, inputs, outputs}, 1, {0}},                               \
        {"dense weight gradient, no bias", build_dense_weight, {batch, inputs, outputs}, 0, {0}}
#define CONVOLUTION(...)                                                                                               \
    {"convolution", build_convolution, {__VA_ARGS__}, 1, {0}}, {"convolution, no bias", build_convolution, {__VA_ARGS__}, 0, {0}}, \
        {"convolution input gradient", build_convolution_input, {__VA_ARGS__}, 0, {0}},                                \
        {"convolution weight gradient", build_convolution_weight, {__VA_ARGS__}, 1, {0}},                              \
        {"convolution weight gradient, no bias", build_convolution_weight, {__VA_ARGS__}, 0, {0}}
#define PICTURES(s, e, ...) {.seed = (s), .epoch = (e), .augment = {__VA_ARGS__}}
#define ALL_CHANGES(s, e)                                                                                              \
    PICTURES(s, e, .crop_padding = 3, .crop_reflect = true, .flip = true, .translation = 2, .cutout = 4,               \
             .brightness = 0.3, .contrast = 0.5)
#define POOL(...)                                                                                                      \
    {"max pool", build_pool, {__VA_ARGS__}, 0, {0}}, {"average pool", build_pool, {__VA_ARGS__}, 1, {0}},              \
        {"max pool, positions inside", build_pool, {__VA_ARGS__}, 2, {0}}
#define ACTIVATIONS(name, build, ...)                                                                                  \
    {name " relu", build, {__VA_ARGS__}, ACTIVATION_RELU, {0}}, {name " tanh", build, {__VA_ARGS__}, ACTIVATION_TANH, {0}}, \
        {name " sigmoid", build, {__VA_ARGS__}, ACTIVATION_SIGMOID, {0}},                                              \
        {name " gelu", build, {__VA_ARGS__}, ACTIVATION_GELU, {0}},                                                    \
        {name " silu", build, {__VA_ARGS__}, ACTIVATION_SILU, {0}}

// clang-format off
const struct op_case op_cases[] = {
    DENSE(1, 1, 1), DENSE(1, 30, 64), DENSE(2, 3, 5), DENSE(3, 17, 33), DENSE(7, 30, 64), DENSE(31, 64, 2),
    DENSE(32, 30, 64), DENSE(33, 64, 64), DENSE(257, 13, 49), DENSE(5, 100, 15), DENSE(64, 400, 300),
    ACTIVATIONS("dense chain", build_dense_chain, 1, 30, 64, 2),
    ACTIVATIONS("dense chain", build_dense_chain, 33, 9, 37, 3),
    {"dense, kept", build_dense_kept, {6, 11, 21}, 0, {0}},
    ACTIVATIONS("large dense chain", build_dense_chain, 65, 250, 260, 130),
    CONVOLUTION(1, 1, 5, 5, 1, 3, 3, 1, 0, 1), CONVOLUTION(3, 1, 12, 11, 6, 5, 5, 1, 2, 1),
    CONVOLUTION(2, 6, 9, 10, 16, 5, 5, 1, 0, 1), CONVOLUTION(5, 3, 13, 13, 17, 3, 3, 2, 1, 1),
    CONVOLUTION(2, 4, 8, 8, 6, 3, 3, 1, 1, 2), CONVOLUTION(3, 16, 7, 7, 32, 1, 1, 1, 0, 1),
    CONVOLUTION(2, 5, 11, 8, 5, 2, 3, 3, 1, 5), CONVOLUTION(4, 32, 10, 10, 32, 3, 3, 1, 1, 1),
    CONVOLUTION(9, 48, 5, 7, 64, 3, 3, 1, 1, 1), CONVOLUTION(6, 64, 13, 9, 32, 3, 3, 1, 0, 1),
    CONVOLUTION(33, 32, 4, 4, 48, 3, 3, 1, 1, 1),
    CONVOLUTION(2, 3, 17, 17, 8, 7, 7, 2, 3, 1),
    CONVOLUTION(6, 5, 1, 1, 7, 3, 3, 1, 1, 1), CONVOLUTION(9, 8, 1, 1, 16, 1, 1, 2, 0, 1),
    CONVOLUTION(3, 140, 1, 1, 130, 3, 3, 2, 1, 1),
    CONVOLUTION(16, 3, 12, 11, 6, 5, 5, 1, 0, 1), CONVOLUTION(19, 1, 6, 9, 7, 3, 3, 1, 1, 1),
    CONVOLUTION(37, 6, 8, 7, 17, 5, 4, 1, 2, 1), CONVOLUTION(9, 15, 4, 5, 1, 2, 7, 1, 1, 1),
    CONVOLUTION(8, 2, 3, 3, 5, 3, 3, 1, 2, 1), CONVOLUTION(33, 4, 5, 6, 16, 1, 1, 1, 0, 1),
    POOL(1, 1, 2, 2, 0, 2, 2, 2, 0), POOL(3, 6, 9, 12, 0, 2, 2, 2, 0), POOL(2, 5, 11, 11, 0, 3, 3, 2, 1),
    POOL(2, 16, 8, 8, 0, 3, 2, 1, 1), POOL(1, 3, 7, 10, 0, 3, 3, 3, 0),
    ACTIVATIONS("image chain", build_image_chain, 2, 3, 12, 12, 6, 5, 5, 1, 2, 1),
    ACTIVATIONS("image chain", build_image_chain, 5, 16, 8, 8, 32, 3, 3, 1, 1, 1),
    ACTIVATIONS("image chain", build_image_chain, 1, 1, 11, 13, 4, 3, 3, 1, 0, 1),
    ACTIVATIONS("image chain", build_image_chain, 17, 3, 12, 12, 6, 5, 5, 1, 2, 1),
    {"image chain", build_image_chain, {16, 2, 9, 11, 12, 3, 4, 1, 1, 1}, ACTIVATION_RELU, {0}},
    {"large image chain", build_image_chain, {37, 3, 14, 13, 7, 5, 5, 1, 1, 1}, ACTIVATION_RELU, {0}}, // in two parts
    {"large image chain", build_image_chain, {37, 3, 14, 13, 7, 5, 5, 1, 1, 1}, ACTIVATION_SILU, {0}},
    {"average chain", build_average_chain, {21, 3, 12, 12, 6, 5, 5, 1, 2, 1}, ACTIVATION_RELU, {0}},
    {"average chain", build_average_chain, {21, 3, 12, 12, 6, 5, 5, 1, 2, 1}, ACTIVATION_SIGMOID, {0}},
    ACTIVATIONS("activation", build_activation, 1), ACTIVATIONS("activation", build_activation, 1003),
    ACTIVATIONS("activation gradient", build_activation_gradient, 3),
    ACTIVATIONS("activation gradient", build_activation_gradient, 257),
    ACTIVATIONS("activation gradient", build_activation_gradient, 16411),
    NORMALIZATIONS,
    {"dropout 0 %", build_dropout, {37}, 0, {.seed = 5, .step = 9}},
    {"dropout 50 %", build_dropout, {1}, 50, {.seed = 5, .step = 9}},
    {"dropout 30 %", build_dropout, {1001}, 30, {.seed = 0xfeedbeefcafeull, .step = 1234567}},
    {"softmax", build_softmax, {1, 2}, 3, {0}}, {"softmax", build_softmax, {33, 10}, 1, {0}},
    {"softmax", build_softmax, {5, 257}, 2, {0}}, {"softmax", build_softmax, {257, 3}, 0, {0}},
    {"softmax, smoothed", build_softmax, {31, 10}, 3, {.label_smoothing = 0.2}},
    {"softmax, other slot", build_softmax, {9, 4}, 3, {.metric_slot = METRIC_SLOTS - 1}},
    {"softmax, weighted", build_weighted_softmax, {31, 10}, 3, {.label_smoothing = 0.2}},
    {"softmax, weighted", build_weighted_softmax, {257, 3}, 1, {0}},
    {"softmax, part of a batch", build_softmax, {7, 5}, 1, {.denominator = 19}},
    {"softmax, weighted part", build_weighted_softmax, {7, 5}, 1, {.denominator = 11.5, .label_smoothing = 0.1}},
    {"binary", build_binary, {1}, 1, {0}}, {"binary", build_binary, {257}, 1, {0}},
    {"binary, no gradient", build_binary, {33}, 0, {0}},
    {"binary, weighted and smoothed", build_binary, {1025}, 3, {.label_smoothing = 0.2}},
    {"binary, part of a batch", build_binary, {7}, 3, {.denominator = 5.5}},
    {"embedding", build_embedding, {1, 4, 1, 1}, 0, {0}}, {"embedding", build_embedding, {33, 5, 12, 7}, 0, {0}},
    {"embedding", build_embedding, {1030, 4, 70, 33}, 0, {0}},
    {"absolute error", build_absolute, {1, 1}, 1, {0}}, {"absolute error", build_absolute, {257, 3}, 1, {0}},
    {"huber", build_huber, {9, 2}, 1, {.huber_delta = 0.7, .denominator = 21}},
    {"huber", build_huber, {257, 1}, 1, {.huber_delta = 1.5}},
    {"squared error", build_squared, {1, 1}, 1, {0}}, {"squared error", build_squared, {33, 3}, 1, {0}},
    {"squared error, no gradient", build_squared, {257, 2}, 0, {0}},
    {"add and copy", build_add, {1}, 0, {0}}, {"add and copy", build_add, {515}, 0, {0}},
    {"copies, source changed", build_copies, {77}, 0, {0}}, {"copies, copy changed", build_copies, {77}, 1, {0}},
    {"sgd between convolutions", build_convolution_update, {2, 16, 7, 7, 32, 3, 3, 1, 0, 1}, 0, {.lr = 0.5}},
    {"sgd", build_sgd, {1}, 2, {.lr = 0.1}}, {"sgd, decay", build_sgd, {1003}, 2, {.lr = 0.1, .weight_decay = 0.01}},
    {"sgd, momentum", build_sgd, {6274}, 3, {.lr = 0.05, .momentum = 0.9, .weight_decay = 0.001}},
    {"sgd, nesterov", build_sgd, {20011}, 3, {.lr = 0.05, .momentum = 0.9, .weight_decay = 0.001, .nesterov = true}},
    {"sgd, no norms", build_sgd, {130}, 1, {.lr = 0.05, .momentum = 0.5}},
    {"update, clipped", build_momentum, {1003}, 7, {.lr = 0.05, .momentum = 0.9, .weight_decay = 0.01, .clip = 3}},
    {"update, not clipped", build_momentum, {5}, 3, {.lr = 0.05, .clip = 1000}},
    {"update, clipping off", build_momentum, {77}, 3, {.lr = 0.05, .decoupled = true, .weight_decay = 0.3}},
    {"update, adagrad", build_adagrad, {1}, 1, {.lr = 0.05, .epsilon = 1e-10}},
    {"update, adagrad", build_adagrad, {1003}, 5, {.lr = 0.05, .epsilon = 1e-8, .weight_decay = 0.01}},
    {"update, rmsprop", build_rmsprop, {6274}, 1, {.lr = 0.01, .rms_decay = 0.9, .epsilon = 1e-8, .momentum = 0.5}},
    {"update, rmsprop", build_rmsprop, {20011}, 7,
     {.lr = 0.01, .rms_decay = 0.99, .epsilon = 1e-6, .weight_decay = 0.1, .decoupled = true, .clip = 1}},
    {"update, adam", build_adam, {1}, 1, {.lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8}},
    {"update, adam", build_adam, {1003}, 0,
     {.lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .step = 41, .weight_decay = 0.01}},
    {"update, adam", build_adam, {20011}, 7,
     {.lr = 0.01, .beta1 = 0.8, .beta2 = 0.99, .epsilon = 1e-6, .step = 3, .weight_decay = 0.1, .decoupled = true,
      .clip = 0.5}},
    {"update, muon", build_muon, {1, 1}, 1, {.muon_lr = 0.02, .momentum = 0.9}},
    {"update, muon", build_muon, {5, 37}, 5, {.muon_lr = 0.02, .momentum = 0.9, .nesterov = true, .weight_decay = 0.1}},
    {"update, muon", build_muon, {64, 30}, 1,
     {.muon_lr = 0.1, .momentum = 0.95, .nesterov = true, .weight_decay = 0.1, .decoupled = true}},
    {"update, average", build_average, {1003}, 0, {.average = 0.9, .step = 7}},
    {"update, first average", build_average, {37}, 0, {.average = 0.9}},
    {"gather rows", build_gather, {1, 30}, 0, {0}}, {"gather rows", build_gather, {33, 7}, 2, {.first = 11}},
    {"gather images", build_gather, {5, 3, 6, 7}, 0, {.first = 3}},
    {"gather pixels", build_gather, {5, 3, 6, 7}, 1, {.first = 3}},
    {"crop and flip", build_gather, {9, 3, 8, 9}, 3, PICTURES(3, 77, .crop_padding = 2, .flip = true)},
    {"crop", build_gather, {9, 1, 8, 9}, 3, PICTURES(3, 77, .crop_padding = 4)},
    {"crop more than there is", build_gather, {9, 1, 3, 2}, 3, PICTURES(1, 2, .crop_padding = 5, .flip = true)},
    {"flip reals", build_gather, {17, 2, 5, 6}, 2, PICTURES(4, 1, .flip = true)},
    {"crop, reflect", build_gather, {19, 3, 8, 9}, 3, PICTURES(5, 3, .crop_padding = 4, .crop_reflect = true)},
    {"crop, reflect reals", build_gather, {9, 2, 1, 3}, 2, PICTURES(6, 4, .crop_padding = 7, .crop_reflect = true)},
    {"translation", build_gather, {19, 3, 8, 9}, 3, PICTURES(7, 5, .translation = 3, .flip = true)},
    {"cut-out", build_gather, {19, 3, 8, 9}, 3, PICTURES(8, 6, .cutout = 3)},
    {"cut-out of all", build_gather, {5, 1, 4, 5}, 2, PICTURES(8, 6, .cutout = 20)},
    {"brightness", build_gather, {19, 3, 8, 9}, 3, PICTURES(9, 7, .brightness = 0.6)},
    {"contrast", build_gather, {19, 4, 8, 9}, 3, PICTURES(10, 8, .contrast = 0.9)},
    {"all changes", build_gather, {33, 3, 12, 10}, 3, ALL_CHANGES(11, 9)},
    {"all changes of reals", build_gather, {33, 6, 7, 10}, 2, ALL_CHANGES(12, 1048575)},
    {"all changes of wide pictures", build_gather, {2, 1, 2, 2100}, 3, ALL_CHANGES(13, 10)},
    {"gather targets", build_gather_targets, {1, 1}, 0, {0}},
    {"gather targets", build_gather_targets, {257, 3}, 0, {.first = 800}},
};
// clang-format on
const size_t op_case_count = sizeof op_cases / sizeof *op_cases;
