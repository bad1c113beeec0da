// Cases of what changes weights: part of op_cases.c.

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

// count; variant: 1 norms, 2 clipped, 4 guarded. `moments` of what remembers.
static void build_optimizer(struct op_builder *b, enum op_kind kind, int moments) {
    struct shape shape = shape_of(b->op_case->size[0], 0, 0, 0);
    value_id w = input(b, shape), g = input(b, shape), first = input(b, shape), second = VALUE_NONE;
    value_id squares = program_temporary(&b->program, b->real, shape); // not below 0
    add(b, OP_ACTIVATION, first, VALUE_NONE, VALUE_NONE, squares)->attr.activation = ACTIVATION_SIGMOID;
    add(b, OP_COPY, squares, VALUE_NONE, VALUE_NONE, first);
    if (moments > 1) {
        second = program_value(&b->program, SLOT_MOMENT1, 0, b->real, shape);
        b->moments = (size_t)shape.size[0];
        add(b, OP_COPY, squares, VALUE_NONE, VALUE_NONE, second);
    }
    if (b->op_case->variant & 2) {
        add(b, OP_CLIP, g, VALUE_NONE, VALUE_NONE, VALUE_NONE);
    }
    struct op *op = add(b, kind, w, g, first, VALUE_NONE);
    op->in[3] = second;
    op->attr.optimizer.norms = (b->op_case->variant & 1) != 0;
    op->attr.optimizer.clips = (b->op_case->variant & 2) != 0;
    op->attr.optimizer.guards = (b->op_case->variant & 4) != 0;
}

// count
static void build_average(struct op_builder *b) {
    struct shape shape = shape_of(b->op_case->size[0], 0, 0, 0);
    value_id w = input(b, shape), a = input(b, shape);
    add(b, OP_AVERAGE, w, a, VALUE_NONE, VALUE_NONE);
}

// rows, columns; variant: 1 norms, 2 nothing, 4 guarded. Two matrices, the figures of the second added to the first's.
static void build_muon(struct op_builder *b) {
    const int64_t *s = b->op_case->size;
    for (int i = 0; i < 2; i++) {
        struct shape shape = i ? shape_of(s[1], s[0], 0, 0) : shape_of(s[0], s[1], 0, 0);
        value_id w = input(b, shape), g = input(b, shape), v = input(b, shape);
        value_id work = program_temporary(&b->program, b->real, shape_of(muon_work(s[0], s[1]), 0, 0, 0));
        struct op *op = add(b, OP_MUON, w, g, v, work);
        op->attr.optimizer.norms = (b->op_case->variant & 1) != 0;
        op->attr.optimizer.guards = (b->op_case->variant & 4) != 0;
        op->attr.optimizer.adds = i > 0;
    }
}

static void build_momentum(struct op_builder *b) {
    build_optimizer(b, OP_SGD, 1);
}

static void build_adagrad(struct op_builder *b) {
    build_optimizer(b, OP_ADAGRAD, 1);
}

static void build_rmsprop(struct op_builder *b) {
    build_optimizer(b, OP_RMSPROP, 2);
}

static void build_adam(struct op_builder *b) {
    build_optimizer(b, OP_ADAM, 2);
}
