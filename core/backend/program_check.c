// What every backend may take for granted about a program: ids in range, shapes and types that fit,
// nothing read before it is written. One row of `rules` and one shape function per operation: as long as there are
// operations.
#include "core/backend/program.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"

struct checker {
    const struct program *program;
    const struct op *op;
    size_t index;
    bool *written; // [value_count]: temporaries that have been written so far
    struct error *error;
};

// "operation 3 (dense): …"
static enum status __attribute__((format(printf, 2, 3))) refuse(struct checker *c, const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return error_set(c->error, STATUS_INVALID, "operation %zu (%s): %s.", c->index, op_name(c->op->kind), text);
}

static struct shape shape_of(const struct checker *c, value_id id) {
    return id == VALUE_NONE ? (struct shape){0} : c->program->values[id].shape;
}

static int64_t size_of(const struct checker *c, value_id id, int dimension) {
    return shape_of(c, id).size[dimension];
}

static struct shape shape1(int64_t a) {
    return (struct shape){.rank = 1, .size = {a}};
}

static struct shape shape2(int64_t a, int64_t b) {
    return (struct shape){.rank = 2, .size = {a, b}};
}

static struct shape shape4(int64_t a, int64_t b, int64_t h, int64_t w) {
    return (struct shape){.rank = 4, .size = {a, b, h, w}};
}

// An absent optional operand (VALUE_NONE) fits any shape.
static enum status expect(struct checker *c, const char *what, value_id id, struct shape want) {
    char have_text[64], want_text[64];
    if (id == VALUE_NONE || shape_equal(shape_of(c, id), want)) {
        return STATUS_OK;
    }
    return refuse(c, "%s is %s where %s is needed", what, shape_text(shape_of(c, id), have_text),
                  shape_text(want, want_text));
}

static enum status expect_rank(struct checker *c, const char *what, value_id id, int rank) {
    if (id == VALUE_NONE || shape_of(c, id).rank == rank) {
        return STATUS_OK;
    }
    return refuse(c, "%s has %d dimensions where %d are needed", what, shape_of(c, id).rank, rank);
}

// ---- shapes, one function per family of operations ---------------------------------------------

static enum status check_gather(struct checker *c) {
    const struct op *op = c->op;
    const struct value *features = &c->program->values[op->in[1]];
    struct shape want = features->shape;
    if (want.rank < 1) {
        return refuse(c, "the features have no dimension of rows");
    }
    want.size[0] = size_of(c, op->in[0], 0);
    if (c->program->values[op->in[0]].slot != SLOT_ROWS) {
        return refuse(c, "row numbers must come from the rows slot");
    }
    if (op->kind == OP_GATHER && features->dtype == DTYPE_U8) {
        if (want.rank != 4 || want.size[1] > IMAGE_CHANNELS_MOST) {
            return refuse(c, "8-bit features must be images of at most %d channels", IMAGE_CHANNELS_MOST);
        }
        for (int64_t i = 0; i < want.size[1]; i++) {
            if (!(op->attr.gather.sd[i] > 0)) {
                return refuse(c, "the standard deviation of channel %d must be above 0", (int)i);
            }
        }
    }
    return expect(c, "the batch", op->out[0], want);
}

// x [B,I], w [O,I], b [O], y [B,O] wherever they stand.
static enum status check_product(struct checker *c, value_id x, value_id w, value_id b, value_id y) {
    if (expect_rank(c, "x", x, 2) || expect_rank(c, "w", w, 2)) {
        return c->error->status;
    }
    int64_t outputs = size_of(c, w, 0);
    enum status status = expect(c, "w", w, shape2(outputs, size_of(c, x, 1)));
    status = status ? status : expect(c, "the bias", b, shape1(outputs));
    return status ? status : expect(c, "y", y, shape2(size_of(c, x, 0), outputs));
}

static enum status check_dense(struct checker *c) {
    const struct op *op = c->op;
    if (op->kind == OP_DENSE) {
        return check_product(c, op->in[0], op->in[1], op->in[2], op->out[0]);
    }
    if (op->kind == OP_DENSE_INPUT_GRADIENT) {
        return check_product(c, op->out[0], op->in[1], VALUE_NONE, op->in[0]);
    }
    return check_product(c, op->in[0], op->out[0], op->out[1], op->in[1]);
}

static int64_t window_steps(int64_t size, int64_t window, int stride, int padding) {
    int64_t room = size + 2 * (int64_t)padding - window;
    return room < 0 ? 0 : room / stride + 1;
}

static enum status check_windows(struct checker *c, value_id x, value_id w, value_id b, value_id y) {
    if (expect_rank(c, "x", x, 4) || expect_rank(c, "w", w, 4)) {
        return c->error->status;
    }
    const int *stride = c->op->attr.convolution.stride, *padding = c->op->attr.convolution.padding;
    int groups = c->op->attr.convolution.groups;
    struct shape xs = shape_of(c, x), ws = shape_of(c, w);
    if (groups < 1 || xs.size[1] % groups != 0 || ws.size[0] % groups != 0) {
        return refuse(c, "%d groups do not divide the channels", groups);
    }
    if (stride[0] < 1 || stride[1] < 1 || padding[0] < 0 || padding[1] < 0) {
        return refuse(c, "strides must be above 0 and paddings not negative");
    }
    int64_t height = window_steps(xs.size[2], ws.size[2], stride[0], padding[0]);
    int64_t width = window_steps(xs.size[3], ws.size[3], stride[1], padding[1]);
    if (height < 1 || width < 1) {
        return refuse(c, "the filter is larger than the padded image");
    }
    enum status status = expect(c, "w", w, shape4(ws.size[0], xs.size[1] / groups, ws.size[2], ws.size[3]));
    status = status ? status : expect(c, "the bias", b, shape1(ws.size[0]));
    return status ? status : expect(c, "y", y, shape4(xs.size[0], ws.size[0], height, width));
}

static enum status check_convolution(struct checker *c) {
    const struct op *op = c->op;
    if (op->kind == OP_CONVOLUTION) {
        return check_windows(c, op->in[0], op->in[1], op->in[2], op->out[0]);
    }
    if (op->kind == OP_CONVOLUTION_INPUT_GRADIENT) {
        return check_windows(c, op->out[0], op->in[1], VALUE_NONE, op->in[0]);
    }
    return check_windows(c, op->in[0], op->out[0], op->out[1], op->in[1]);
}

static enum status check_pool(struct checker *c) {
    const struct op *op = c->op;
    bool forward = op->kind == OP_POOL, max = op->attr.pool.kind == POOL_MAX;
    value_id x = forward ? op->in[0] : op->out[0], y = forward ? op->out[0] : op->in[0];
    value_id where = forward ? op->out[1] : op->in[1];
    if (expect_rank(c, "x", x, 4)) {
        return c->error->status;
    }
    if ((!max && where != VALUE_NONE) || (max && !forward && where == VALUE_NONE)) {
        return refuse(c, "positions belong to max pooling, whose gradient needs them");
    }
    struct shape want = shape_of(c, x);
    for (int i = 0; i < 2; i++) {
        int window = op->attr.pool.window[i], stride = op->attr.pool.stride[i], padding = op->attr.pool.padding[i];
        if (window < 1 || stride < 1 || padding < 0 || 2 * (int64_t)padding > window) {
            return refuse(c, "window %d, stride %d, padding %d do not fit each other", window, stride, padding);
        }
        want.size[2 + i] = window_steps(want.size[2 + i], window, stride, padding);
        if (want.size[2 + i] < 1) {
            return refuse(c, "the window is larger than the padded image");
        }
    }
    enum status status = expect(c, "y", y, want);
    return status ? status : expect(c, "the positions", where, want);
}

static struct shape without_batch(struct shape shape) {
    struct shape sample = {.rank = shape.rank - 1};
    for (int i = 1; i < shape.rank; i++) {
        sample.size[i - 1] = shape.size[i];
    }
    return sample;
}

// What is sized like x, and what has one number per group of values with a mean of their own.
static enum status expect_all(struct checker *c, const value_id *ids, size_t count, struct shape want,
                              const char *what) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = expect(c, what, ids[i], want);
    }
    return status;
}

static enum status check_batch_norm(struct checker *c) {
    const struct op *op = c->op;
    bool forward = op->kind == OP_BATCH_NORM, training = op->attr.norm.training || !forward;
    struct shape x = shape_of(c, op->in[0]), channels = shape1(x.rank > 1 ? x.size[1] : 0);
    if (x.rank != 2 && x.rank != 4) {
        return refuse(c, "x has %d dimensions where 2 or 4 are needed", x.rank);
    }
    if (!(op->attr.norm.epsilon >= 0) || !(op->attr.norm.momentum >= 0 && op->attr.norm.momentum <= 1)) {
        return refuse(c, "epsilon %g must not be negative, momentum %g must be 0 to 1", op->attr.norm.epsilon,
                      op->attr.norm.momentum);
    }
    if (forward) {
        if (training != (op->out[1] != VALUE_NONE) || training != (op->out[2] != VALUE_NONE)) {
            return refuse(c, "mean and inverse are written in training, and only then");
        }
        value_id per_channel[] = {op->in[1], op->in[2], op->in[3], op->in[4], op->out[1], op->out[2]};
        enum status status = expect_all(c, per_channel, 6, channels, "an operand of the channels");
        return status ? status : expect_all(c, (value_id[]){op->in[5], op->out[0]}, 2, x, "an operand like x");
    }
    if (op->attr.norm.relu != (op->in[5] != VALUE_NONE)) {
        return refuse(c, "the result is needed for the gradient of a ReLU, and only then");
    }
    value_id per_channel[] = {op->in[2], op->in[3], op->in[4], op->out[1], op->out[2]};
    enum status status = expect_all(c, per_channel, 5, channels, "an operand of the channels");
    value_id like_x[] = {op->in[1], op->in[5], op->out[0], op->out[3]};
    return status ? status : expect_all(c, like_x, 4, x, "an operand like x");
}

static enum status check_layer_norm(struct checker *c) {
    const struct op *op = c->op;
    struct shape x = shape_of(c, op->in[0]);
    if (x.rank < 2) {
        return refuse(c, "x has %d dimensions where at least 2 are needed", x.rank);
    }
    if (!(op->attr.norm.epsilon >= 0)) {
        return refuse(c, "epsilon %g must not be negative", op->attr.norm.epsilon);
    }
    bool forward = op->kind == OP_LAYER_NORM;
    struct shape sample = without_batch(x), rows = shape1(x.size[0]);
    value_id figures[] = {forward ? op->out[1] : op->in[3], forward ? op->out[2] : op->in[4]};
    value_id like_sample[] = {forward ? op->in[1] : op->in[2], forward ? op->in[2] : op->out[1],
                              forward ? VALUE_NONE : op->out[2]};
    value_id like_x[] = {forward ? VALUE_NONE : op->in[1], op->out[0]};
    enum status status = expect_all(c, figures, 2, rows, "an operand of the rows");
    status = status ? status : expect_all(c, like_sample, 3, sample, "an operand like a sample");
    return status ? status : expect_all(c, like_x, 2, x, "an operand like x");
}

// All operands have one shape.
static enum status check_same(struct checker *c) {
    struct shape want = shape_of(c, c->op->in[0]);
    enum status status = expect(c, "the second operand", c->op->in[1], want);
    status = status ? status : expect(c, "the third operand", c->op->in[2], want);
    status = status ? status : expect(c, "the fourth operand", c->op->in[3], want);
    status = status ? status : expect(c, "the result", c->op->out[0], want);
    bool activation = c->op->kind == OP_ACTIVATION || c->op->kind == OP_ACTIVATION_GRADIENT;
    if (status == STATUS_OK && activation && c->op->attr.activation >= ACTIVATION_COUNT) {
        status = refuse(c, "there is no activation %d", (int)c->op->attr.activation);
    }
    return status;
}

static enum status check_muon(struct checker *c) {
    struct shape w = shape_of(c, c->op->in[0]);
    enum status status = expect_rank(c, "w", c->op->in[0], 2);
    status = status ? status : expect(c, "the gradient", c->op->in[1], w);
    status = status ? status : expect(c, "the velocity", c->op->in[2], w);
    return status ? status : expect(c, "the work", c->op->out[0], shape1(muon_work(w.size[0], w.size[1])));
}

static enum status check_dropout(struct checker *c) {
    double p = c->op->attr.dropout.probability;
    if (!(p >= 0 && p < 1) || c->op->attr.dropout.layer < 0 || c->op->attr.dropout.layer > 255) {
        return refuse(c, "probability %g must be at least 0 and below 1, layer %d in 0…255", p,
                      c->op->attr.dropout.layer);
    }
    return check_same(c);
}

static enum status check_softmax(struct checker *c) {
    const struct op *op = c->op;
    struct shape logits = shape_of(c, op->in[0]);
    enum status status = expect_rank(c, "the logits", op->in[0], 2);
    status = status ? status : expect(c, "the labels", op->in[1], shape1(logits.size[0]));
    status = status ? status : expect(c, "the class weights", op->in[2], shape1(logits.size[1]));
    status = status ? status : expect(c, "the gradient", op->out[0], logits);
    return status ? status : expect(c, "the probabilities", op->out[1], logits);
}

static enum status check_binary(struct checker *c) {
    const struct op *op = c->op;
    int64_t batch = size_of(c, op->in[0], 0);
    enum status status = expect(c, "the logits", op->in[0], shape2(batch, 1));
    status = status ? status : expect(c, "the labels", op->in[1], shape1(batch));
    status = status ? status : expect(c, "the class weights", op->in[2], shape1(2));
    return status ? status : expect(c, "the gradient", op->out[0], shape2(batch, 1));
}

static enum status check_squared(struct checker *c) {
    enum status status = expect_rank(c, "y", c->op->in[0], 2);
    return status ? status : check_same(c);
}

static enum status check_copy(struct checker *c) {
    struct shape from = shape_of(c, c->op->in[0]), to = shape_of(c, c->op->out[0]);
    char from_text[64], to_text[64];
    if (shape_count(from) != shape_count(to)) {
        return refuse(c, "%s cannot be copied to %s", shape_text(from, from_text), shape_text(to, to_text));
    }
    return STATUS_OK;
}

static enum status check_columns(struct checker *c) {
    value_id x = c->op->in[0], y = c->op->out[0];
    if (expect_rank(c, "x", x, 2) || expect_rank(c, "y", y, 2)) {
        return c->error->status;
    }
    int64_t columns = c->op->attr.columns;
    if (columns < 0 || columns > size_of(c, x, 1) || columns > size_of(c, y, 1)) {
        return refuse(c, "x or y has fewer than %lld columns", (long long)columns);
    }
    return expect(c, "y", y, shape2(size_of(c, x, 0), size_of(c, y, 1)));
}

static enum status check_embedding(struct checker *c) {
    const struct op *op = c->op;
    bool forward = op->kind == OP_EMBEDDING;
    value_id y = op->in[0], x = op->in[1], w = forward ? op->in[2] : op->out[0];
    if (expect_rank(c, "y", y, 2) || expect_rank(c, "x", x, 2) || expect_rank(c, "w", w, 2)) {
        return c->error->status;
    }
    if (forward && op->out[0] != y) {
        return refuse(c, "the result is to be written where y is");
    }
    int64_t column = op->attr.embedding.column, at = op->attr.embedding.at, room = size_of(c, y, 1) - size_of(c, w, 1);
    if (column < 0 || column >= size_of(c, x, 1) || at < 0 || at > room) {
        return refuse(c, "column %lld of x or columns from %lld on of y are not there", (long long)column,
                      (long long)at);
    }
    return expect(c, "x", x, shape2(size_of(c, y, 0), size_of(c, x, 1)));
}

// ---- types and order ----------------------------------------------------------------------------

// One letter per operand: R real, I I32, F real or U8; a small letter may be VALUE_NONE.
static const struct rule {
    const char *in, *out;
    enum status (*shapes)(struct checker *c);
    bool in_place; // out[0] may be in[0]
} rules[OP_COUNT] = {
    [OP_GATHER] = {"IF", "R", check_gather, false},
    [OP_GATHER_LABELS] = {"II", "I", check_gather, false},
    [OP_GATHER_TARGETS] = {"IR", "R", check_gather, false},
    [OP_DENSE] = {"RRr", "R", check_dense, false},
    [OP_DENSE_INPUT_GRADIENT] = {"RR", "R", check_dense, false},
    [OP_DENSE_WEIGHT_GRADIENT] = {"RR", "Rr", check_dense, false},
    [OP_CONVOLUTION] = {"RRr", "R", check_convolution, false},
    [OP_CONVOLUTION_INPUT_GRADIENT] = {"RR", "R", check_convolution, false},
    [OP_CONVOLUTION_WEIGHT_GRADIENT] = {"RR", "Rr", check_convolution, false},
    [OP_POOL] = {"R", "Ri", check_pool, false},
    [OP_POOL_GRADIENT] = {"Ri", "R", check_pool, false},
    [OP_BATCH_NORM] = {"RrrRRr", "Rrr", check_batch_norm, false},
    [OP_BATCH_NORM_GRADIENT] = {"RRrRRr", "rrrr", check_batch_norm, false},
    [OP_LAYER_NORM] = {"Rrr", "Rrr", check_layer_norm, false},
    [OP_LAYER_NORM_GRADIENT] = {"RRrRR", "rrr", check_layer_norm, false},
    [OP_ACTIVATION] = {"R", "R", check_same, true},
    [OP_ACTIVATION_GRADIENT] = {"RR", "R", check_same, true},
    [OP_DROPOUT] = {"R", "R", check_dropout, true},
    [OP_DROPOUT_GRADIENT] = {"R", "R", check_dropout, true},
    [OP_SOFTMAX_CROSS_ENTROPY] = {"RIr", "rr", check_softmax, false},
    [OP_BINARY_CROSS_ENTROPY] = {"RIr", "r", check_binary, false},
    [OP_SQUARED_ERROR] = {"RR", "r", check_squared, false},
    [OP_ABSOLUTE_ERROR] = {"RR", "r", check_squared, false},
    [OP_HUBER] = {"RR", "r", check_squared, false},
    [OP_ADD] = {"RR", "R", check_same, true},
    [OP_SCALE] = {"R", "R", check_same, true},
    [OP_COPY] = {"R", "R", check_copy, false},
    [OP_COLUMNS] = {"R", "R", check_columns, false},
    [OP_EMBEDDING] = {"RRR", "R", check_embedding, true},
    [OP_EMBEDDING_GRADIENT] = {"RR", "R", check_embedding, false},
    [OP_SGD] = {"RRr", "", check_same, false},
    [OP_ADAGRAD] = {"RRR", "", check_same, false},
    [OP_RMSPROP] = {"RRRR", "", check_same, false},
    [OP_ADAM] = {"RRRR", "", check_same, false},
    [OP_MUON] = {"RRR", "R", check_muon, false},
    [OP_AVERAGE] = {"RR", "", check_same, false},
    [OP_CLIP] = {"R", "", check_same, false},
};

static bool dtype_fits(char letter, enum dtype dtype) {
    bool real = dtype == DTYPE_F32 || dtype == DTYPE_F64;
    return letter == 'I' ? dtype == DTYPE_I32 : real || (letter == 'F' && dtype == DTYPE_U8);
}

static enum status check_operand(struct checker *c, char letter, value_id id, const char *side) {
    bool optional = letter == '\0' || letter == 'r' || letter == 'i';
    if (id == VALUE_NONE && optional) {
        return STATUS_OK;
    }
    if (letter == '\0' || id < 0 || (size_t)id >= c->program->value_count) {
        return refuse(c, "an %s names value %d, which is not there or not its own", side, (int)id);
    }
    enum dtype dtype = c->program->values[id].dtype;
    if (!dtype_fits(letter == 'r' ? 'R' : letter == 'i' ? 'I' : letter, dtype)) {
        return refuse(c, "an %s has the type %s", side, dtype_name(dtype));
    }
    return STATUS_OK;
}

static enum status check_inputs(struct checker *c, enum dtype *real) {
    const char *letters = rules[c->op->kind].in;
    size_t count = strlen(letters);
    for (size_t i = 0; i < OP_INPUTS; i++) {
        value_id id = c->op->in[i];
        if (check_operand(c, i < count ? letters[i] : '\0', id, "input")) {
            return c->error->status;
        }
        if (id == VALUE_NONE) {
            continue;
        }
        if (!c->written[id]) {
            return refuse(c, "input %zu is read before anything has written it", i);
        }
        enum dtype dtype = c->program->values[id].dtype;
        if (dtype == DTYPE_F32 || dtype == DTYPE_F64) {
            if (*real != DTYPE_COUNT && *real != dtype) {
                return refuse(c, "f32 and f64 are mixed");
            }
            *real = dtype;
        }
    }
    return STATUS_OK;
}

static bool slot_constant(enum slot slot) {
    return slot == SLOT_FEATURES || slot == SLOT_LABELS || slot == SLOT_TARGETS || slot == SLOT_CLASS_WEIGHTS || slot == SLOT_ROWS ||
           slot == SLOT_METRICS;
}

static enum status check_output(struct checker *c, size_t index, char letter, enum dtype real) {
    value_id id = c->op->out[index];
    if (check_operand(c, letter, id, "output")) {
        return c->error->status;
    }
    if (id == VALUE_NONE) {
        return STATUS_OK;
    }
    const struct value *value = &c->program->values[id];
    if (slot_constant(value->slot)) {
        return refuse(c, "output %zu lies in a slot that is only read", index);
    }
    if (real != DTYPE_COUNT && value->dtype != real && value->dtype != DTYPE_I32) {
        return refuse(c, "f32 and f64 are mixed");
    }
    for (size_t i = 0; i < OP_INPUTS; i++) {
        bool allowed = rules[c->op->kind].in_place && index == 0 && i == 0;
        if (id == c->op->in[i] && !allowed) {
            return refuse(c, "output %zu overwrites input %zu", index, i);
        }
    }
    for (size_t i = 0; i < index; i++) {
        if (id == c->op->out[i]) {
            return refuse(c, "output %zu is output %zu too", index, i);
        }
    }
    return STATUS_OK;
}

static enum status check_op(struct checker *c) {
    if (c->op->kind >= OP_COUNT) {
        return refuse(c, "there is no operation %d", (int)c->op->kind);
    }
    enum dtype real = DTYPE_COUNT;
    const char *letters = rules[c->op->kind].out;
    size_t count = strlen(letters);
    if (check_inputs(c, &real)) {
        return c->error->status;
    }
    for (size_t i = 0; i < OP_OUTPUTS; i++) {
        if (check_output(c, i, i < count ? letters[i] : '\0', real)) {
            return c->error->status;
        }
    }
    if (rules[c->op->kind].shapes(c)) {
        return c->error->status;
    }
    for (size_t i = 0; i < OP_OUTPUTS; i++) {
        if (c->op->out[i] != VALUE_NONE) {
            c->written[c->op->out[i]] = true;
        }
    }
    return STATUS_OK;
}

static enum status check_values(const struct program *program, bool *written, struct error *error) {
    for (size_t i = 0; i < program->value_count; i++) {
        const struct value *value = &program->values[i];
        bool known = value->dtype < DTYPE_COUNT && value->slot < SLOT_COUNT && value->shape.rank >= 1 &&
                     value->shape.rank <= SHAPE_RANK;
        int64_t count = known ? shape_count(value->shape) : -1;
        size_t end, bytes;
        if (count < 1 || !size_add(value->offset, (size_t)count, &end) ||
            !size_multiply(end, dtype_size(value->dtype), &bytes) || bytes > PTRDIFF_MAX) {
            return error_set(error, STATUS_INVALID, "value %zu of the program has an impossible shape, type or place.",
                             i);
        }
        written[i] = value->slot != SLOT_TEMPORARY;
    }
    return STATUS_OK;
}

enum status program_check(const struct program *program, struct error *error) {
    if (program->failed) {
        return error_memory(error, "a program", 0);
    }
    bool *written = mem_alloc(program->value_count + 1, sizeof *written);
    if (written == NULL) {
        return error_memory(error, "the check of a program", program->value_count);
    }
    enum status status = check_values(program, written, error);
    for (size_t i = 0; status == STATUS_OK && i < program->op_count; i++) {
        struct checker checker = {program, &program->ops[i], i, written, error};
        status = check_op(&checker);
    }
    mem_free(written);
    return status;
}
