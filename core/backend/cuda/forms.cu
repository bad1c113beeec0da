// In which form a value lies in memory, and which form an operation takes. Activations and their gradients are
// of the precision's type; maps, and the filters that meet them, have their channels innermost, so that a
// convolution is one product. What the caller binds is f32 in logical order. Where the two differ, a copy into
// another form is put in front of the operation or behind it; one copy serves all that read it.
#include "core/backend/cuda/cuda.cuh"

#include <stdlib.h>

#define BIT(i) (1u << (i))
#define ALL_OPERANDS 0xffu

// Which operands of each kind are activations (bit i: operand i), and which are taken in any form.
static const struct roles {
    unsigned in, out, any_in, any_out;
} roles[OP_COUNT] = {
    /* OP_GATHER */ {0, 0, ALL_OPERANDS, BIT(0)},
    /* OP_GATHER_LABELS */ {0, 0, ALL_OPERANDS, BIT(0)},
    /* OP_GATHER_TARGETS */ {0, 0, 0, 0},
    /* OP_DENSE */ {BIT(0) | BIT(1), 0, 0, BIT(0)},
    /* OP_DENSE_INPUT_GRADIENT */ {BIT(0) | BIT(1), 0, 0, BIT(0)},
    /* OP_DENSE_WEIGHT_GRADIENT */ {BIT(0) | BIT(1), 0, 0, 0},
    /* OP_CONVOLUTION */ {BIT(0) | BIT(1) | BIT(2), BIT(0), 0, 0},
    /* OP_CONVOLUTION_INPUT_GRADIENT */ {BIT(0) | BIT(1), BIT(0), 0, 0},
    /* OP_CONVOLUTION_WEIGHT_GRADIENT */ {BIT(0) | BIT(1), 0, 0, 0},
    /* OP_POOL */ {BIT(0), BIT(0), 0, 0},
    /* OP_POOL_GRADIENT */ {BIT(0), BIT(0), 0, 0},
    /* OP_BATCH_NORM */ {BIT(0) | BIT(5), BIT(0), 0, 0},
    /* OP_BATCH_NORM_GRADIENT */ {BIT(0) | BIT(1) | BIT(5), BIT(0) | BIT(3), 0, 0},
    /* OP_LAYER_NORM */ {BIT(0), BIT(0), 0, 0},
    /* OP_LAYER_NORM_GRADIENT */ {BIT(0) | BIT(1), BIT(0), 0, 0},
    /* OP_ACTIVATION */ {BIT(0), BIT(0), 0, 0},
    /* OP_ACTIVATION_GRADIENT */ {BIT(0) | BIT(1), BIT(0), 0, 0},
    /* OP_DROPOUT */ {BIT(0), BIT(0), 0, 0},
    /* OP_DROPOUT_GRADIENT */ {BIT(0), BIT(0), 0, 0},
    /* OP_SOFTMAX_CROSS_ENTROPY */ {0, BIT(0), 0, 0},
    /* OP_BINARY_CROSS_ENTROPY */ {0, BIT(0), 0, 0},
    /* OP_SQUARED_ERROR */ {0, BIT(0), 0, 0},
    /* OP_ABSOLUTE_ERROR */ {0, BIT(0), 0, 0},
    /* OP_HUBER */ {0, BIT(0), 0, 0},
    /* OP_ADD */ {BIT(0) | BIT(1), BIT(0), 0, 0},
    /* OP_SCALE */ {BIT(0), BIT(0), 0, 0},
    /* OP_COPY */ {0, 0, ALL_OPERANDS, BIT(0)},
    /* OP_COLUMNS */ {0, 0, 0, 0},
    /* OP_EMBEDDING */ {0, 0, 0, 0},
    /* OP_EMBEDDING_GRADIENT */ {0, 0, 0, 0},
};

static enum dtype activation_type(const struct cuda_backend *backend) {
    if (backend->precision == PRECISION_BF16)
        return DTYPE_BF16;
    return backend->precision == PRECISION_F16 ? DTYPE_F16 : DTYPE_F32;
}

// Channels innermost, unless that is the same.
static bool turns(const struct shape *shape) {
    return shape->rank == 4 && shape->size[1] > 1 && shape->size[2] * shape->size[3] > 1;
}

static bool same(struct form a, struct form b) {
    return a.type == b.type && a.channels_last == b.channels_last;
}

static struct form activation_form(const struct cuda_backend *backend, const struct value *value) {
    if (value->dtype != DTYPE_F32)
        return {value->dtype, turns(&value->shape)};
    return {value->shape.rank > 1 ? activation_type(backend) : DTYPE_F32, turns(&value->shape)};
}

// What these read stays f32: predictions, targets, class weights; indices of categories, which 16 bits cannot count.
static bool reads_whole(enum op_kind kind) {
    return op_is_loss(kind) || kind == OP_COLUMNS || kind == OP_EMBEDDING || kind == OP_EMBEDDING_GRADIENT;
}

static void home_forms(const struct cuda_backend *backend, const struct program *program,
                       struct formed_program *formed) {
    for (size_t i = 0; i < program->value_count; i++) {
        const struct value *value = &program->values[i];
        formed->values[i].value = *value;
        formed->values[i].form = {value->dtype, false};
        if (value->slot == SLOT_TEMPORARY)
            formed->values[i].form = activation_form(backend, value);
    }
    for (size_t i = 0; i < program->op_count; i++)
        for (int k = 0; reads_whole(program->ops[i].kind) && k < OP_INPUTS; k++)
            if (program->ops[i].in[k] != VALUE_NONE)
                formed->values[program->ops[i].in[k]].form.type = program->values[program->ops[i].in[k]].dtype;
}

static struct form wanted_in(const struct cuda_backend *backend, const struct formed_program *formed,
                             const struct op *op, int k) {
    const struct formed_value *own = &formed->values[op->in[k]];
    if (roles[op->kind].any_in & BIT(k))
        return own->form;
    if (op->kind == OP_DENSE && k == 2) // a bias has the type of what it is added to
        return {formed->values[op->out[0]].form.type, false};
    if (op->kind == OP_CONVOLUTION && k == 2)
        return {activation_type(backend), false};
    if (roles[op->kind].in & BIT(k) || (op->kind == OP_POOL_GRADIENT && k == 1))
        return activation_form(backend, &own->value);
    return {own->value.dtype, false};
}

static struct form wanted_out(const struct cuda_backend *backend, const struct formed_program *formed,
                              const struct op *op, int k) {
    const struct formed_value *own = &formed->values[op->out[k]];
    if (roles[op->kind].any_out & BIT(k))
        return own->form;
    if (op->kind == OP_CONVOLUTION_WEIGHT_GRADIENT && k == 0)
        return {DTYPE_F32, turns(&own->value.shape)};
    if (roles[op->kind].out & BIT(k) || (op->kind == OP_POOL && k == 1))
        return activation_form(backend, &own->value);
    return {own->value.dtype, false};
}

// ---- copies -------------------------------------------------------------------------------------

struct copies {
    const struct cuda_backend *backend;
    struct formed_program *formed;
    value_id *of;  // [value_count of all]: of which value a made one is a copy
    size_t own;    // values of the program itself
};

static value_id make_value(struct copies *copies, value_id of, struct form form) {
    struct formed_program *formed = copies->formed;
    value_id made = (value_id)formed->value_count++;
    formed->values[made] = {formed->values[of].value, form};
    formed->values[made].value.slot = SLOT_TEMPORARY;
    formed->values[made].value.offset = 0;
    copies->of[made] = of;
    return made;
}

static void put_copy(struct formed_program *formed, value_id from, value_id to) {
    struct op *op = &formed->ops[formed->op_count++];
    op->kind = OP_COPY;
    for (int k = 0; k < OP_INPUTS; k++)
        op->in[k] = k == 0 ? from : VALUE_NONE;
    for (int k = 0; k < OP_OUTPUTS; k++)
        op->out[k] = k == 0 ? to : VALUE_NONE;
}

static value_id find_copy(const struct copies *copies, value_id of, struct form form) {
    for (size_t i = copies->own; i < copies->formed->value_count; i++)
        if (copies->of[i] == of && same(copies->formed->values[i].form, form))
            return (value_id)i;
    return VALUE_NONE;
}

// `id` was written: copies of it, and of whatever may overlap it in a bound buffer, are out of date.
static void forget_copies(struct copies *copies, value_id id) {
    enum slot slot = copies->formed->values[id].value.slot;
    for (size_t i = copies->own; i < copies->formed->value_count; i++) {
        value_id of = copies->of[i];
        if (of == id || (of != VALUE_NONE && slot != SLOT_TEMPORARY && copies->formed->values[of].value.slot == slot))
            copies->of[i] = VALUE_NONE;
    }
}

static void form_op(struct copies *copies, const struct op *op) {
    struct formed_program *formed = copies->formed;
    struct op own = *op;
    for (int k = 0; k < OP_INPUTS; k++) {
        if (op->in[k] == VALUE_NONE)
            continue;
        struct form wanted = wanted_in(copies->backend, formed, op, k);
        if (same(wanted, formed->values[op->in[k]].form))
            continue;
        own.in[k] = find_copy(copies, op->in[k], wanted);
        if (own.in[k] == VALUE_NONE) {
            own.in[k] = make_value(copies, op->in[k], wanted);
            put_copy(formed, op->in[k], own.in[k]);
        }
    }
    struct op *placed = &formed->ops[formed->op_count++];
    for (int k = 0; k < OP_OUTPUTS; k++)
        if (op->out[k] != VALUE_NONE)
            forget_copies(copies, op->out[k]);
    for (int k = 0; k < OP_OUTPUTS; k++) {
        if (op->out[k] == VALUE_NONE)
            continue;
        struct form wanted = wanted_out(copies->backend, formed, op, k);
        if (same(wanted, formed->values[op->out[k]].form))
            continue;
        own.out[k] = make_value(copies, op->out[k], wanted);
        put_copy(formed, own.out[k], op->out[k]);
    }
    *placed = own;
    for (int k = 0; k < OP_INPUTS; k++)
        if (op->in[k] != VALUE_NONE && op_updates(op, op->in[k]))
            forget_copies(copies, op->in[k]);
}

enum status program_form(const struct cuda_backend *backend, const struct program *program,
                         struct formed_program *formed, struct error *error) {
    size_t operands = OP_INPUTS + OP_OUTPUTS, most = program->value_count + program->op_count * operands + 1;
    struct copies copies = {backend, formed, (value_id *)calloc(most, sizeof *copies.of), program->value_count};
    formed->values = (struct formed_value *)calloc(most, sizeof *formed->values);
    formed->ops = (struct op *)calloc(program->op_count * (1 + operands) + 1, sizeof *formed->ops);
    formed->value_count = program->value_count;
    formed->op_count = 0;
    enum status status = STATUS_OK;
    if (!copies.of || !formed->values || !formed->ops)
        status = error_memory(error, "a plan", most * sizeof *formed->values);
    if (!status)
        home_forms(backend, program, formed);
    for (size_t i = 0; !status && i < program->op_count; i++)
        form_op(&copies, &program->ops[i]);
    free(copies.of);
    if (status)
        formed_free(formed);
    return status;
}

void formed_free(struct formed_program *formed) {
    free(formed->values);
    free(formed->ops);
    *formed = {};
}

size_t form_bytes(const struct formed_value *value) {
    return (size_t)shape_count(value->value.shape) * dtype_size(value->form.type);
}
