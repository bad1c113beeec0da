// Cases of convolution and pooling: part of op_cases.c.

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
    bool kept = activation_from_input(kind); // what goes into the activation is needed afterwards
    value_id c1 = kept ? program_temporary(p, b->real, first.y) : a1;

    window(add(b, OP_CONVOLUTION, x, w1, b1, c1), s);
    add(b, OP_ACTIVATION, c1, VALUE_NONE, VALUE_NONE, a1)->attr.activation = kind;
    pool_window(add(b, OP_POOL, a1, VALUE_NONE, VALUE_NONE, p1), pool_size, POOL_MAX)->out[1] = where;
    window(add(b, OP_CONVOLUTION, p1, w2, VALUE_NONE, c2), second_size);
    add(b, OP_ACTIVATION, c2, VALUE_NONE, VALUE_NONE, a2)->attr.activation = kind;
    add(b, OP_ADD, a2, c2, VALUE_NONE, sum);
    add(b, OP_COPY, sum, VALUE_NONE, VALUE_NONE, f);
    add(b, OP_DENSE, f, w3, VALUE_NONE, output(b, shape_of(s[0], 5, 0, 0)));
    add(b, OP_DENSE_INPUT_GRADIENT, dy, w3, VALUE_NONE, df);
    add(b, OP_COPY, df, VALUE_NONE, VALUE_NONE, da2);
    add(b, OP_ACTIVATION_GRADIENT, da2, kept ? c2 : a2, VALUE_NONE, da2)->attr.activation = kind;
    window(add(b, OP_CONVOLUTION_WEIGHT_GRADIENT, p1, da2, VALUE_NONE, output(b, second.w)), second_size);
    window(add(b, OP_CONVOLUTION_INPUT_GRADIENT, da2, w2, VALUE_NONE, dp1), second_size);
    pool_window(add(b, OP_POOL_GRADIENT, dp1, where, VALUE_NONE, da1), pool_size, POOL_MAX);
    add(b, OP_ACTIVATION_GRADIENT, da1, kept ? c1 : a1, VALUE_NONE, da1)->attr.activation = kind;
    value_id dw1 = output(b, first.w), db1 = output(b, shape_of(s[4], 0, 0, 0)), dx = output(b, first.x);
    window(add(b, OP_CONVOLUTION_WEIGHT_GRADIENT, x, da1, VALUE_NONE, dw1), s)->out[1] = db1;
    window(add(b, OP_CONVOLUTION_INPUT_GRADIENT, da1, w1, VALUE_NONE, dx), s);
}

// Convolution, activation, average pooling of windows that overlap, and back. Sizes as for a convolution; variant:
// activation.
static void build_average_chain(struct op_builder *b) {
    const int64_t *s = b->op_case->size;
    struct program *p = &b->program;
    struct image_shapes first = image_shapes(s);
    int64_t pool_size[OP_CASE_SIZES] = {s[0], s[4], first.y.size[2], first.y.size[3], s[4], 3, 3, 2, 1, 1};
    struct shape pooled = image_shapes(pool_size).y;
    enum activation kind = (enum activation)b->op_case->variant;
    value_id x = input(b, first.x), w = input(b, first.w), dy = input(b, pooled);
    value_id c = program_temporary(p, b->real, first.y), a = program_temporary(p, b->real, first.y);
    value_id da = program_temporary(p, b->real, first.y), dc = program_temporary(p, b->real, first.y);
    window(add(b, OP_CONVOLUTION, x, w, VALUE_NONE, c), s);
    add(b, OP_ACTIVATION, c, VALUE_NONE, VALUE_NONE, a)->attr.activation = kind;
    pool_window(add(b, OP_POOL, a, VALUE_NONE, VALUE_NONE, output(b, pooled)), pool_size, POOL_AVERAGE);
    pool_window(add(b, OP_POOL_GRADIENT, dy, VALUE_NONE, VALUE_NONE, da), pool_size, POOL_AVERAGE);
    add(b, OP_ACTIVATION_GRADIENT, da, activation_from_input(kind) ? c : a, VALUE_NONE, dc)->attr.activation = kind;
    window(add(b, OP_CONVOLUTION_WEIGHT_GRADIENT, x, dc, VALUE_NONE, output(b, first.w)), s);
    window(add(b, OP_CONVOLUTION_INPUT_GRADIENT, dc, w, VALUE_NONE, output(b, first.x)), s);
}
