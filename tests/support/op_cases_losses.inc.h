// Cases of losses: part of op_cases.c.

// batch, classes; variant: 1 gradient, 2 probabilities, 3 both
static void build_softmax(struct op_builder *b) {
    struct shape shape = shape_of(b->op_case->size[0], b->op_case->size[1], 0, 0);
    value_id z = input(b, shape), label = labels(b, shape.size[0], shape.size[1]);
    value_id gradient = b->op_case->variant & 1 ? output(b, shape) : VALUE_NONE;
    value_id probabilities = b->op_case->variant & 2 ? output(b, shape) : VALUE_NONE;
    add(b, OP_SOFTMAX_CROSS_ENTROPY, z, label, VALUE_NONE, gradient)->out[1] = probabilities;
}

// The same with weights for the classes.
static void build_weighted_softmax(struct op_builder *b) {
    build_softmax(b);
    struct op *op = &b->program.ops[b->program.op_count - 1], loss = *op;
    struct shape shape = shape_of(b->op_case->size[1], 0, 0, 0);
    value_id any = input(b, shape), weights = program_temporary(&b->program, b->real, shape); // above 0
    op->kind = OP_ACTIVATION;
    op->attr.activation = ACTIVATION_SIGMOID;
    op->in[0] = any;
    op->in[1] = op->out[1] = VALUE_NONE;
    op->out[0] = weights;
    loss.in[2] = weights;
    *program_op(&b->program, OP_SOFTMAX_CROSS_ENTROPY) = loss;
}

// batch, width; variant: gradient
static void build_error(struct op_builder *b, enum op_kind kind) {
    struct shape shape = shape_of(b->op_case->size[0], b->op_case->size[1], 0, 0);
    value_id y = input(b, shape), t = input(b, shape);
    add(b, kind, y, t, VALUE_NONE, b->op_case->variant ? output(b, shape) : VALUE_NONE);
}

static void build_squared(struct op_builder *b) {
    build_error(b, OP_SQUARED_ERROR);
}

static void build_absolute(struct op_builder *b) {
    build_error(b, OP_ABSOLUTE_ERROR);
}

static void build_huber(struct op_builder *b) {
    build_error(b, OP_HUBER);
}

// batch; variant: 1 gradient, 2 weights of the classes
static void build_binary(struct op_builder *b) {
    struct shape shape = shape_of(b->op_case->size[0], 1, 0, 0), classes = shape_of(2, 0, 0, 0);
    value_id z = input(b, shape), weights = VALUE_NONE, label = labels(b, shape.size[0], 2);
    if (b->op_case->variant & 2) {
        value_id raw = input(b, classes);
        weights = program_temporary(&b->program, b->real, classes); // above 0
        add(b, OP_ACTIVATION, raw, VALUE_NONE, VALUE_NONE, weights)->attr.activation = ACTIVATION_SIGMOID;
    }
    add(b, OP_BINARY_CROSS_ENTROPY, z, label, weights, b->op_case->variant & 1 ? output(b, shape) : VALUE_NONE);
}
