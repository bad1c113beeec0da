#include "tests/support/op_cases.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/rng.h"

#define ROW_NUMBERS 1100 // numbers in SLOT_ROWS, more than any case reads

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
    add(b, OP_ACTIVATION_GRADIENT, dh, h, VALUE_NONE, dh)->attr.activation = kind;
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

// batch, channels, height, width, filters, window height and width, stride, padding, groups; variant: bias
struct image_shapes {
    struct shape x, w, y;
};

static struct image_shapes image_shapes(const int64_t *s) {
    int64_t height = (s[2] + 2 * s[8] - s[5]) / s[7] + 1, width = (s[3] + 2 * s[8] - s[6]) / s[7] + 1;
    return (struct image_shapes){shape_of(s[0], s[1], s[2], s[3]), shape_of(s[4], s[1] / s[9], s[5], s[6]),
                                 shape_of(s[0], s[4], height, width)};
}

static struct op *window(struct op *op, const int64_t *s) {
    for (int i = 0; i < 2; i++) {
        op->attr.convolution.stride[i] = (int)s[7];
        op->attr.convolution.padding[i] = (int)s[8];
    }
    op->attr.convolution.groups = (int)s[9];
    return op;
}

static void build_convolution(struct op_builder *b) {
    struct image_shapes s = image_shapes(b->op_case->size);
    value_id x = input(b, s.x), w = input(b, s.w);
    value_id bias = b->op_case->variant ? input(b, shape_of(s.w.size[0], 0, 0, 0)) : VALUE_NONE;
    window(add(b, OP_CONVOLUTION, x, w, bias, output(b, s.y)), b->op_case->size);
}

static void build_convolution_input(struct op_builder *b) {
    struct image_shapes s = image_shapes(b->op_case->size);
    value_id dy = input(b, s.y), w = input(b, s.w);
    window(add(b, OP_CONVOLUTION_INPUT_GRADIENT, dy, w, VALUE_NONE, output(b, s.x)), b->op_case->size);
}

static void build_convolution_weight(struct op_builder *b) {
    struct image_shapes s = image_shapes(b->op_case->size);
    value_id x = input(b, s.x), dy = input(b, s.y), dw = output(b, s.w);
    value_id db = b->op_case->variant ? output(b, shape_of(s.w.size[0], 0, 0, 0)) : VALUE_NONE;
    window(add(b, OP_CONVOLUTION_WEIGHT_GRADIENT, x, dy, VALUE_NONE, dw), b->op_case->size)->out[1] = db;
}

static struct op *pool_window(struct op *op, const int64_t *s, enum pooling kind) {
    op->attr.pool.kind = kind;
    for (int i = 0; i < 2; i++) {
        op->attr.pool.window[i] = (int)s[5 + i];
        op->attr.pool.stride[i] = (int)s[7];
        op->attr.pool.padding[i] = (int)s[8];
    }
    return op;
}

// sizes as for a convolution, filters and groups unused; variant: 0 max with positions written out,
// 1 average, 2 max forward and backward with the positions kept inside
static void build_pool(struct op_builder *b) {
    int64_t s[OP_CASE_SIZES];
    memcpy(s, b->op_case->size, sizeof s);
    s[4] = s[1];
    s[9] = 1;
    struct image_shapes shapes = image_shapes(s);
    enum pooling kind = b->op_case->variant == 1 ? POOL_AVERAGE : POOL_MAX;
    value_id x = input(b, shapes.x), dy = input(b, shapes.y), where = VALUE_NONE;
    if (b->op_case->variant == 0) {
        where = program_value(&b->program, SLOT_STATE, 0, DTYPE_I32, shapes.y);
        b->whole = (size_t)shape_count(shapes.y);
    } else if (b->op_case->variant == 2) {
        where = program_temporary(&b->program, DTYPE_I32, shapes.y);
    }
    pool_window(add(b, OP_POOL, x, VALUE_NONE, VALUE_NONE, output(b, shapes.y)), s, kind)->out[1] = where;
    pool_window(add(b, OP_POOL_GRADIENT, dy, where, VALUE_NONE, output(b, shapes.x)), s, kind);
}

// A whole small net of images, forward and backward, all between in temporaries: a backend's own
// layouts have to be carried from layer to layer, and the right ones at the ends. Sizes as for the
// first convolution; variant: activation.
static void build_image_chain(struct op_builder *b) {
    const int64_t *s = b->op_case->size;
    struct program *p = &b->program;
    struct image_shapes first = image_shapes(s);
    int64_t second_size[OP_CASE_SIZES] = {s[0], s[4], first.y.size[2] / 2, first.y.size[3] / 2, 7, 3, 3, 1, 1, 1};
    struct image_shapes second = image_shapes(second_size);
    int64_t pool_size[OP_CASE_SIZES] = {0, 0, 0, 0, 0, 2, 2, 2, 0, 1};
    enum activation kind = (enum activation)b->op_case->variant;
    int64_t flat = shape_count(second.y) / s[0];
    value_id x = input(b, first.x), w1 = input(b, first.w), b1 = input(b, shape_of(s[4], 0, 0, 0));
    value_id w2 = input(b, second.w), w3 = input(b, shape_of(5, flat, 0, 0)), dy = input(b, shape_of(s[0], 5, 0, 0));
    value_id a1 = program_temporary(p, b->real, first.y), p1 = program_temporary(p, b->real, second.x);
    value_id where = program_temporary(p, DTYPE_I32, second.x), c2 = program_temporary(p, b->real, second.y);
    value_id a2 = program_temporary(p, b->real, second.y), sum = program_temporary(p, b->real, second.y);
    value_id f = program_temporary(p, b->real, shape_of(s[0], flat, 0, 0));
    value_id df = program_temporary(p, b->real, shape_of(s[0], flat, 0, 0));
    value_id da2 = program_temporary(p, b->real, second.y), dp1 = program_temporary(p, b->real, second.x);
    value_id da1 = program_temporary(p, b->real, first.y);

    window(add(b, OP_CONVOLUTION, x, w1, b1, a1), s);
    add(b, OP_ACTIVATION, a1, VALUE_NONE, VALUE_NONE, a1)->attr.activation = kind;
    pool_window(add(b, OP_POOL, a1, VALUE_NONE, VALUE_NONE, p1), pool_size, POOL_MAX)->out[1] = where;
    window(add(b, OP_CONVOLUTION, p1, w2, VALUE_NONE, c2), second_size);
    add(b, OP_ACTIVATION, c2, VALUE_NONE, VALUE_NONE, a2)->attr.activation = kind;
    add(b, OP_ADD, a2, c2, VALUE_NONE, sum);
    add(b, OP_COPY, sum, VALUE_NONE, VALUE_NONE, f);
    add(b, OP_DENSE, f, w3, VALUE_NONE, output(b, shape_of(s[0], 5, 0, 0)));
    add(b, OP_DENSE_INPUT_GRADIENT, dy, w3, VALUE_NONE, df);
    add(b, OP_COPY, df, VALUE_NONE, VALUE_NONE, da2);
    add(b, OP_ACTIVATION_GRADIENT, da2, a2, VALUE_NONE, da2)->attr.activation = kind;
    window(add(b, OP_CONVOLUTION_WEIGHT_GRADIENT, p1, da2, VALUE_NONE, output(b, second.w)), second_size);
    window(add(b, OP_CONVOLUTION_INPUT_GRADIENT, da2, w2, VALUE_NONE, dp1), second_size);
    pool_window(add(b, OP_POOL_GRADIENT, dp1, where, VALUE_NONE, da1), pool_size, POOL_MAX);
    add(b, OP_ACTIVATION_GRADIENT, da1, a1, VALUE_NONE, da1)->attr.activation = kind;
    value_id dw1 = output(b, first.w), db1 = output(b, shape_of(s[4], 0, 0, 0)), dx = output(b, first.x);
    window(add(b, OP_CONVOLUTION_WEIGHT_GRADIENT, x, da1, VALUE_NONE, dw1), s)->out[1] = db1;
    window(add(b, OP_CONVOLUTION_INPUT_GRADIENT, da1, w1, VALUE_NONE, dx), s);
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
    add(b, OP_ACTIVATION_GRADIENT, dy, y, VALUE_NONE, output(b, shape))->attr.activation = kind;
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

// batch, classes; variant: 1 gradient, 2 probabilities, 3 both
static void build_softmax(struct op_builder *b) {
    struct shape shape = shape_of(b->op_case->size[0], b->op_case->size[1], 0, 0);
    value_id z = input(b, shape), label = labels(b, shape.size[0], shape.size[1]);
    value_id gradient = b->op_case->variant & 1 ? output(b, shape) : VALUE_NONE;
    value_id probabilities = b->op_case->variant & 2 ? output(b, shape) : VALUE_NONE;
    add(b, OP_SOFTMAX_CROSS_ENTROPY, z, label, VALUE_NONE, gradient)->out[1] = probabilities;
}

// batch, width; variant: gradient
static void build_squared(struct op_builder *b) {
    struct shape shape = shape_of(b->op_case->size[0], b->op_case->size[1], 0, 0);
    value_id y = input(b, shape), t = input(b, shape);
    add(b, OP_SQUARED_ERROR, y, t, VALUE_NONE, b->op_case->variant ? output(b, shape) : VALUE_NONE);
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

// Sizes as for a convolution: the weights change between two uses, by a step over a value that
// overlaps theirs.
static void build_convolution_update(struct op_builder *b) {
    struct image_shapes s = image_shapes(b->op_case->size);
    int64_t count = shape_count(s.w);
    value_id w = input(b, s.w), g = input(b, shape_of(count, 0, 0, 0)), x = input(b, s.x);
    value_id flat = program_value(&b->program, SLOT_WEIGHTS, 0, b->real, shape_of(count, 0, 0, 0));
    window(add(b, OP_CONVOLUTION, x, w, VALUE_NONE, output(b, s.y)), b->op_case->size);
    add(b, OP_SGD, flat, g, VALUE_NONE, VALUE_NONE);
    window(add(b, OP_CONVOLUTION, x, w, VALUE_NONE, output(b, s.y)), b->op_case->size);
}

// count; variant: 1 velocity, 2 norms
static void build_sgd(struct op_builder *b) {
    struct shape shape = shape_of(b->op_case->size[0], 0, 0, 0);
    value_id w = input(b, shape), g = input(b, shape), v = VALUE_NONE;
    if (b->op_case->variant & 1) {
        v = program_value(&b->program, SLOT_MOMENT1, 0, b->real, shape);
        b->moments = (size_t)shape.size[0];
    }
    add(b, OP_SGD, w, g, v, VALUE_NONE)->attr.optimizer.norms = (b->op_case->variant & 2) != 0;
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
        {name " sigmoid", build, {__VA_ARGS__}, ACTIVATION_SIGMOID, {0}}

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
    CONVOLUTION(2, 3, 17, 17, 8, 7, 7, 2, 3, 1),
    POOL(1, 1, 2, 2, 0, 2, 2, 2, 0), POOL(3, 6, 9, 12, 0, 2, 2, 2, 0), POOL(2, 5, 11, 11, 0, 3, 3, 2, 1),
    POOL(2, 16, 8, 8, 0, 3, 2, 1, 1), POOL(1, 3, 7, 10, 0, 3, 3, 3, 0),
    ACTIVATIONS("image chain", build_image_chain, 2, 3, 12, 12, 6, 5, 5, 1, 2, 1),
    ACTIVATIONS("image chain", build_image_chain, 5, 16, 8, 8, 32, 3, 3, 1, 1, 1),
    ACTIVATIONS("image chain", build_image_chain, 1, 1, 11, 13, 4, 3, 3, 1, 0, 1),
    ACTIVATIONS("activation", build_activation, 1), ACTIVATIONS("activation", build_activation, 1003),
    ACTIVATIONS("activation gradient", build_activation_gradient, 3),
    ACTIVATIONS("activation gradient", build_activation_gradient, 257),
    {"dropout 0 %", build_dropout, {37}, 0, {.seed = 5, .step = 9}},
    {"dropout 50 %", build_dropout, {1}, 50, {.seed = 5, .step = 9}},
    {"dropout 30 %", build_dropout, {1001}, 30, {.seed = 0xfeedbeefcafeull, .step = 1234567}},
    {"softmax", build_softmax, {1, 2}, 3, {0}}, {"softmax", build_softmax, {33, 10}, 1, {0}},
    {"softmax", build_softmax, {5, 257}, 2, {0}}, {"softmax", build_softmax, {257, 3}, 0, {0}},
    {"softmax, smoothed", build_softmax, {31, 10}, 3, {.label_smoothing = 0.2}},
    {"softmax, other slot", build_softmax, {9, 4}, 3, {.metric_slot = METRIC_SLOTS - 1}},
    {"squared error", build_squared, {1, 1}, 1, {0}}, {"squared error", build_squared, {33, 3}, 1, {0}},
    {"squared error, no gradient", build_squared, {257, 2}, 0, {0}},
    {"add and copy", build_add, {1}, 0, {0}}, {"add and copy", build_add, {515}, 0, {0}},
    {"copies, source changed", build_copies, {77}, 0, {0}}, {"copies, copy changed", build_copies, {77}, 1, {0}},
    {"sgd between convolutions", build_convolution_update, {2, 16, 7, 7, 32, 3, 3, 1, 0, 1}, 0, {.lr = 0.5}},
    {"sgd", build_sgd, {1}, 2, {.lr = 0.1}}, {"sgd, decay", build_sgd, {1003}, 2, {.lr = 0.1, .weight_decay = 0.01}},
    {"sgd, momentum", build_sgd, {6274}, 3, {.lr = 0.05, .momentum = 0.9, .weight_decay = 0.001}},
    {"sgd, nesterov", build_sgd, {20011}, 3, {.lr = 0.05, .momentum = 0.9, .weight_decay = 0.001, .nesterov = true}},
    {"sgd, no norms", build_sgd, {130}, 1, {.lr = 0.05, .momentum = 0.5}},
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

// ---- running ----------------------------------------------------------------------------------

struct run {
    struct backend *backend;
    const struct backend_api *api;
    struct op_builder builder;
    struct binding binding;
    struct plan *plan;
    struct error *error;
    enum status status;
};

static void keep(struct run *run, enum status status) {
    run->status = run->status ? run->status : status;
}

static void make_slot(struct run *run, enum slot slot, enum dtype dtype, size_t count, const void *data) {
    if (run->status == STATUS_OK && count > 0) {
        keep(run, run->api->allocate(run->backend, dtype, count, &run->binding.slots[slot], run->error));
    }
    if (run->status == STATUS_OK && count > 0) {
        keep(run, run->api->upload(run->backend, run->binding.slots[slot], 0, count, data, run->error));
    }
}

// Uploads doubles as the real type of the run.
static void make_real_slot(struct run *run, enum slot slot, size_t count, const double *data) {
    float *narrow = mem_alloc(count, sizeof *narrow);
    for (size_t i = 0; narrow != NULL && i < count; i++) {
        narrow[i] = (float)data[i];
    }
    if (narrow == NULL) {
        keep(run, error_memory(run->error, "a test", 0));
    } else {
        make_slot(run, slot, run->builder.real, count, run->builder.real == DTYPE_F64 ? (const void *)data : narrow);
    }
    mem_free(narrow);
}

static void make_random_slot(struct run *run, enum slot slot, size_t count, uint64_t seed, const double *given) {
    double *data = mem_alloc(count, sizeof *data);
    struct rng rng = rng_make(seed, RNG_TEST, slot);
    for (size_t i = 0; data != NULL && i < count; i++) {
        data[i] = given != NULL ? given[i] : (double)(float)rng_normal(&rng);
    }
    if (data != NULL) {
        make_real_slot(run, slot, count, data);
    }
    mem_free(data);
}

static void make_integer_slot(struct run *run, enum slot slot, size_t count, uint64_t seed, int64_t below) {
    int32_t *data = mem_alloc(count, sizeof *data);
    struct rng rng = rng_make(seed, RNG_TEST, 100 + slot);
    for (size_t i = 0; data != NULL && i < count; i++) {
        data[i] = (int32_t)rng_below(&rng, (uint64_t)(below > 0 ? below : 1));
    }
    if (data != NULL) {
        make_slot(run, slot, DTYPE_I32, count, data);
    }
    mem_free(data);
}

void op_case_rows(const struct op_case *op_case, uint64_t seed, int32_t *rows) {
    struct rng rng = rng_make(seed, RNG_TEST, 100 + SLOT_ROWS); // as above
    for (size_t i = 0; i < op_case->args.first + (size_t)op_case->size[0]; i++) {
        int32_t row = (int32_t)rng_below(&rng, (uint64_t)op_case->size[0] + 7);
        if (i >= op_case->args.first) {
            rows[i - op_case->args.first] = row;
        }
    }
}

static void make_pixel_slot(struct run *run, size_t count, uint64_t seed) {
    uint8_t *data = mem_alloc(count, 1);
    struct rng rng = rng_make(seed, RNG_TEST, 200);
    for (size_t i = 0; data != NULL && i < count; i++) {
        data[i] = (uint8_t)rng_u32(&rng);
    }
    if (data != NULL) {
        make_slot(run, SLOT_FEATURES, DTYPE_U8, count, data);
    }
    mem_free(data);
}

// A backend that leaves an element unwritten is found out: nothing it computes is this large.
static void make_rubbish_slot(struct run *run, size_t count) {
    double *data = mem_alloc(count, sizeof *data);
    for (size_t i = 0; data != NULL && i < count; i++) {
        data[i] = 1e30;
    }
    if (data != NULL) {
        make_real_slot(run, SLOT_OUTPUTS, count, data);
    }
    mem_free(data);
}

static void make_slots(struct run *run, uint64_t seed, const double *inputs) {
    struct op_builder *b = &run->builder;
    double metrics[METRIC_SLOTS * METRIC_COUNT] = {0};
    make_random_slot(run, SLOT_WEIGHTS, b->inputs, seed, inputs);
    make_random_slot(run, SLOT_MOMENT1, b->moments, seed, NULL);
    make_random_slot(run, SLOT_TARGETS, (size_t)b->target_count, seed, NULL);
    make_rubbish_slot(run, b->outputs);
    make_integer_slot(run, SLOT_LABELS, (size_t)b->labels, seed, b->classes);
    make_integer_slot(run, SLOT_STATE, b->whole, seed, 1000000);
    make_integer_slot(run, SLOT_ROWS, b->batch > 0 ? ROW_NUMBERS : 0, seed, b->feature_rows);
    make_slot(run, SLOT_METRICS, DTYPE_F64, METRIC_SLOTS * METRIC_COUNT, metrics);
    if (b->pixels) {
        make_pixel_slot(run, (size_t)b->feature_count, seed);
    } else {
        make_random_slot(run, SLOT_FEATURES, (size_t)b->feature_count, seed, NULL);
    }
}

static double *fetch_reals(struct run *run, enum slot slot, size_t count) {
    double *data = mem_alloc(count, sizeof *data);
    float *narrow = mem_alloc(count, sizeof *narrow);
    bool wide = run->builder.real == DTYPE_F64;
    if (run->status == STATUS_OK && count > 0 && data != NULL && narrow != NULL) {
        keep(run, run->api->download(run->backend, run->binding.slots[slot], 0, count, wide ? (void *)data : narrow,
                                     run->error));
        for (size_t i = 0; !wide && i < count; i++) {
            data[i] = (double)narrow[i];
        }
    }
    mem_free(narrow);
    return data;
}

static void fetch(struct run *run, struct op_result *result) {
    const struct op_builder *b = &run->builder;
    *result = (struct op_result){b->outputs, b->inputs, b->moments, b->whole, NULL, NULL, NULL, NULL, {0}};
    result->output = fetch_reals(run, SLOT_OUTPUTS, b->outputs);
    result->input = fetch_reals(run, SLOT_WEIGHTS, b->inputs);
    result->moment = fetch_reals(run, SLOT_MOMENT1, b->moments);
    result->integer = mem_alloc(b->whole, sizeof *result->integer);
    if (run->status == STATUS_OK && b->whole > 0) {
        keep(run, run->api->download(run->backend, run->binding.slots[SLOT_STATE], 0, b->whole, result->integer,
                                     run->error));
    }
    if (run->status == STATUS_OK) {
        size_t from = (size_t)b->op_case->args.metric_slot * METRIC_COUNT;
        keep(run, run->api->download(run->backend, run->binding.slots[SLOT_METRICS], from, METRIC_COUNT,
                                     result->metrics, run->error));
    }
}

enum status op_case_run(struct backend *backend, const struct op_case *op_case, enum dtype real, uint64_t seed,
                        const double *inputs, int repeat, struct op_result *result, struct error *error) {
    struct run run = {.backend = backend, .api = backend->api, .error = error};
    run.builder.op_case = op_case;
    run.builder.real = real;
    run.builder.program.batch = op_case->size[0];
    op_case->build(&run.builder);
    keep(&run, program_check(&run.builder.program, error));
    make_slots(&run, seed, inputs);
    if (run.status == STATUS_OK) {
        keep(&run, run.api->prepare(backend, &run.builder.program, &run.binding, &run.plan, error));
    }
    for (int i = 0; i < repeat && run.status == STATUS_OK; i++) {
        keep(&run, run.api->run(backend, run.plan, &op_case->args, error));
    }
    fetch(&run, result);
    run.api->discard(backend, run.plan);
    for (int i = 0; i < SLOT_COUNT; i++) {
        run.api->release(backend, run.binding.slots[i]);
    }
    program_free(&run.builder.program);
    return run.status;
}

void op_result_free(struct op_result *result) {
    mem_free(result->output);
    mem_free(result->input);
    mem_free(result->moment);
    mem_free(result->integer);
    *result = (struct op_result){0};
}

double normalized_error(const double *a, const double *b, size_t count) {
    double difference = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(a[i]) || !isfinite(b[i])) {
            return INFINITY;
        }
        difference += (a[i] - b[i]) * (a[i] - b[i]);
        size += b[i] * b[i];
    }
    return sqrt(size > 0 ? difference / size : difference);
}
