// Cases of normalization: part of op_cases.c.

enum { NORM_RELU = 1, NORM_RESIDUAL = 2, NORM_PLAIN = 4, NORM_EVALUATE = 8 };

// Running figures of one channel each, in temporaries so that every run starts from the same: a mean and, above 0, a
// variance.
struct running {
    value_id mean, variance;
};

static struct running running_figures(struct op_builder *b, struct shape channels) {
    struct running r = {program_temporary(&b->program, b->real, channels),
                        program_temporary(&b->program, b->real, channels)};
    add(b, OP_COPY, input(b, channels), VALUE_NONE, VALUE_NONE, r.mean);
    add(b, OP_ACTIVATION, input(b, channels), VALUE_NONE, VALUE_NONE, r.variance)->attr.activation =
        ACTIVATION_SIGMOID;
    return r;
}

static void running_out(struct op_builder *b, struct running r, struct shape channels) {
    add(b, OP_COPY, r.mean, VALUE_NONE, VALUE_NONE, output(b, channels));
    add(b, OP_COPY, r.variance, VALUE_NONE, VALUE_NONE, output(b, channels));
}

static struct op *norm_settings(struct op *op, int variant) {
    op->attr.norm.epsilon = 1e-5;
    op->attr.norm.momentum = 0.1;
    op->attr.norm.training = (variant & NORM_EVALUATE) == 0;
    op->attr.norm.relu = (variant & NORM_RELU) != 0;
    return op;
}

// batch, channels, height, width (both 0: rows); variant: the bits above
static void build_batch_norm(struct op_builder *b) {
    const int64_t *s = b->op_case->size;
    int variant = b->op_case->variant;
    struct shape all = shape_of(s[0], s[1], s[2], s[3]), channels = shape_of(s[1], 0, 0, 0);
    value_id x = input(b, all), scale = VALUE_NONE, shift = VALUE_NONE, residual = VALUE_NONE;
    struct running running = running_figures(b, channels);
    if (!(variant & NORM_PLAIN)) {
        scale = input(b, channels);
        shift = input(b, channels);
    }
    residual = variant & NORM_RESIDUAL ? input(b, all) : VALUE_NONE;
    value_id y = output(b, all), mean = VALUE_NONE, inverse = VALUE_NONE;
    if (!(variant & NORM_EVALUATE)) {
        mean = output(b, channels);
        inverse = output(b, channels);
    }
    struct op *op = norm_settings(add(b, OP_BATCH_NORM, x, scale, shift, y), variant);
    op->in[3] = running.mean;
    op->in[4] = running.variance;
    op->in[5] = residual;
    op->out[1] = mean;
    op->out[2] = inverse;
    running_out(b, running, channels);
    if (variant & NORM_EVALUATE) {
        return;
    }
    value_id dy = input(b, all), dx = output(b, all), dscale = output(b, channels), dshift = output(b, channels);
    value_id dresidual = variant & NORM_RESIDUAL ? output(b, all) : VALUE_NONE;
    op = norm_settings(add(b, OP_BATCH_NORM_GRADIENT, dy, x, scale, dx), variant);
    op->in[3] = mean;
    op->in[4] = inverse;
    op->in[5] = variant & NORM_RELU ? y : VALUE_NONE;
    op->out[1] = dscale;
    op->out[2] = dshift;
    op->out[3] = dresidual;
}

// batch, then the sample; variant 1: without scale and shift
static void build_layer_norm(struct op_builder *b) {
    const int64_t *s = b->op_case->size;
    struct shape all = shape_of(s[0], s[1], s[2], s[3]), sample = shape_of(s[1], s[2], s[3], 0);
    struct shape rows_shape = shape_of(s[0], 0, 0, 0);
    value_id x = input(b, all), scale = VALUE_NONE, shift = VALUE_NONE, dy = input(b, all);
    if (b->op_case->variant == 0) {
        scale = input(b, sample);
        shift = input(b, sample);
    }
    value_id mean = output(b, rows_shape), inverse = output(b, rows_shape);
    struct op *op = add(b, OP_LAYER_NORM, x, scale, shift, output(b, all));
    op->attr.norm.epsilon = 1e-5;
    op->out[1] = mean;
    op->out[2] = inverse;
    value_id dscale = output(b, sample), dshift = output(b, sample);
    op = add(b, OP_LAYER_NORM_GRADIENT, dy, x, scale, output(b, all));
    op->attr.norm.epsilon = 1e-5;
    op->in[3] = mean;
    op->in[4] = inverse;
    op->out[1] = dscale;
    op->out[2] = dshift;
}

// A residual block, forward and backward, all between in temporaries: the layouts of convolutions have to be carried
// through. Sizes as for the first convolution.
struct block_norm {
    value_id scale, y, mean, inverse;
};

static struct block_norm block_norm(struct op_builder *b, value_id x, struct shape all, value_id residual, bool relu) {
    struct shape channels = shape_of(all.size[1], 0, 0, 0);
    struct running running = running_figures(b, channels);
    struct block_norm n = {.scale = input(b, channels), .y = program_temporary(&b->program, b->real, all)};
    n.mean = program_temporary(&b->program, b->real, channels);
    n.inverse = program_temporary(&b->program, b->real, channels);
    struct op *op = norm_settings(add(b, OP_BATCH_NORM, x, n.scale, input(b, channels), n.y), relu ? NORM_RELU : 0);
    op->in[3] = running.mean;
    op->in[4] = running.variance;
    op->in[5] = residual;
    op->out[1] = n.mean;
    op->out[2] = n.inverse;
    running_out(b, running, channels);
    return n;
}

static value_id block_norm_back(struct op_builder *b, const struct block_norm *n, value_id dy, value_id x,
                                struct shape all, bool relu, value_id dresidual) {
    struct shape channels = shape_of(all.size[1], 0, 0, 0);
    value_id dx = program_temporary(&b->program, b->real, all);
    struct op *op = norm_settings(add(b, OP_BATCH_NORM_GRADIENT, dy, x, n->scale, dx), relu ? NORM_RELU : 0);
    op->in[3] = n->mean;
    op->in[4] = n->inverse;
    op->in[5] = relu ? n->y : VALUE_NONE;
    op->out[1] = output(b, channels);
    op->out[2] = output(b, channels);
    op->out[3] = dresidual;
    return dx;
}

static void build_residual(struct op_builder *b) {
    const int64_t *s = b->op_case->size;
    struct image_shapes first = image_shapes(s);
    int64_t second_size[OP_CASE_SIZES] = {s[0], s[4], first.y.size[2], first.y.size[3], s[4], 3, 3, 1, 1, 1};
    struct image_shapes second = image_shapes(second_size);
    struct program *p = &b->program;
    value_id x = input(b, first.x), w1 = input(b, first.w), w2 = input(b, second.w);
    value_id c1 = program_temporary(p, b->real, first.y), c2 = program_temporary(p, b->real, second.y);
    value_id dy = program_temporary(p, b->real, second.y), skip = program_temporary(p, b->real, second.y);
    value_id da1 = program_temporary(p, b->real, first.y), sum = program_temporary(p, b->real, first.y);
    window(add(b, OP_CONVOLUTION, x, w1, VALUE_NONE, c1), s);
    struct block_norm n1 = block_norm(b, c1, first.y, VALUE_NONE, true);
    window(add(b, OP_CONVOLUTION, n1.y, w2, VALUE_NONE, c2), second_size);
    struct block_norm n2 = block_norm(b, c2, second.y, n1.y, true);
    add(b, OP_COPY, n2.y, VALUE_NONE, VALUE_NONE, output(b, second.y));
    add(b, OP_COPY, input(b, second.y), VALUE_NONE, VALUE_NONE, dy);
    value_id dc2 = block_norm_back(b, &n2, dy, c2, second.y, true, skip);
    window(add(b, OP_CONVOLUTION_WEIGHT_GRADIENT, n1.y, dc2, VALUE_NONE, output(b, second.w)), second_size);
    window(add(b, OP_CONVOLUTION_INPUT_GRADIENT, dc2, w2, VALUE_NONE, da1), second_size);
    add(b, OP_ADD, da1, skip, VALUE_NONE, sum);
    value_id dc1 = block_norm_back(b, &n1, sum, c1, first.y, true, VALUE_NONE);
    window(add(b, OP_CONVOLUTION_WEIGHT_GRADIENT, x, dc1, VALUE_NONE, output(b, first.w)), s);
    window(add(b, OP_CONVOLUTION_INPUT_GRADIENT, dc1, w1, VALUE_NONE, output(b, first.x)), s);
}

// count
static void build_scale(struct op_builder *b) {
    struct shape shape = shape_of(b->op_case->size[0], 0, 0, 0);
    add(b, OP_SCALE, input(b, shape), VALUE_NONE, VALUE_NONE, output(b, shape))->attr.factor = -0.375;
}

// clang-format off
#define BATCH_NORM(...)                                                                                                \
    {"batch norm", build_batch_norm, {__VA_ARGS__}, 0, {0}},                                                           \
        {"batch norm, relu", build_batch_norm, {__VA_ARGS__}, NORM_RELU, {0}},                                         \
        {"batch norm, residual", build_batch_norm, {__VA_ARGS__}, NORM_RESIDUAL, {0}},                                 \
        {"batch norm, residual, relu", build_batch_norm, {__VA_ARGS__}, NORM_RESIDUAL | NORM_RELU, {0}},               \
        {"batch norm, no weights", build_batch_norm, {__VA_ARGS__}, NORM_PLAIN, {0}},                                  \
        {"batch norm, evaluation", build_batch_norm, {__VA_ARGS__}, NORM_EVALUATE | NORM_RESIDUAL | NORM_RELU, {0}}
#define NORMALIZATIONS                                                                                                 \
    BATCH_NORM(33, 13), BATCH_NORM(3, 6, 5, 7), BATCH_NORM(3, 16, 4, 4),                                               \
        {"batch norm of one row", build_batch_norm, {1, 3}, NORM_RELU, {0}},                                           \
        {"batch norm of many rows", build_batch_norm, {2000, 9}, 0, {0}},                                              \
        {"batch norm of one channel", build_batch_norm, {1, 1, 4, 5}, NORM_RESIDUAL | NORM_RELU, {0}},                 \
        {"batch norm of 1×1 maps", build_batch_norm, {6, 21, 1, 1}, NORM_RELU, {0}},                                   \
        {"batch norm by several threads", build_batch_norm, {2, 17, 25, 24}, NORM_RESIDUAL | NORM_RELU, {0}},          \
        {"layer norm", build_layer_norm, {3, 5}, 0, {0}}, {"layer norm", build_layer_norm, {2, 9001}, 0, {0}},         \
        {"layer norm", build_layer_norm, {4, 3, 5, 6}, 0, {0}},                                                        \
        {"layer norm, no weights", build_layer_norm, {2, 257}, 1, {0}},                                                \
        {"residual block", build_residual, {3, 3, 8, 8, 16, 3, 3, 1, 1, 1}, 0, {0}},                                   \
        {"residual block", build_residual, {2, 16, 9, 9, 13, 3, 3, 2, 1, 1}, 0, {0}},                                  \
        {"residual block", build_residual, {5, 32, 4, 4, 32, 1, 1, 2, 0, 1}, 0, {0}},                                  \
        {"scale", build_scale, {1}, 0, {0}}, {"scale", build_scale, {17001}, 0, {0}}
// clang-format on
