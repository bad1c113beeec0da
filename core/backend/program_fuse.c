// Joining operations: what is written as batch norm, add, ReLU becomes one operation, and so does the
// way back. Operations that are joined to another are marked and left out at the end, with the
// values nobody uses any more. Where max pooling follows an activation, their gradients change places.
#include "core/backend/program.h"

#include "core/base/mem.h"

#define GONE OP_COUNT // an operation that another does as well

static size_t reads_of(const struct op *op, value_id id) {
    size_t reads = 0;
    for (int k = 0; op->kind != GONE && k < OP_INPUTS; k++) {
        reads += op->in[k] == id;
    }
    return reads;
}

static bool writes(const struct op *op, value_id id) {
    bool found = false;
    for (int k = 0; op->kind != GONE && k < OP_OUTPUTS; k++) {
        found = found || op->out[k] == id;
    }
    return found;
}

static size_t reads_from(const struct program *program, value_id id, size_t first) {
    size_t reads = 0;
    for (size_t i = first; i < program->op_count; i++) {
        reads += reads_of(&program->ops[i], id);
    }
    return reads;
}

static bool temporary(const struct program *program, value_id id) {
    return id != VALUE_NONE && program->values[id].slot == SLOT_TEMPORARY;
}

// The one operation that reads a temporary; NULL when there are several or none.
static struct op *only_reader(struct program *program, value_id id, size_t after) {
    if (!temporary(program, id) || reads_from(program, id, 0) != 1) {
        return NULL;
    }
    for (size_t i = after + 1; i < program->op_count; i++) {
        if (reads_of(&program->ops[i], id) == 1) {
            return &program->ops[i];
        }
    }
    return NULL;
}

// Is it as it will stay, before operation `index`? Bound buffers may change at any time.
static bool settled(const struct program *program, value_id id, size_t index) {
    bool written = false;
    for (size_t i = 0; i < program->op_count; i++) {
        if (writes(&program->ops[i], id)) {
            written = i < index;
            if (!written) {
                return false;
            }
        }
    }
    return written && temporary(program, id);
}

// ---- the way there ------------------------------------------------------------------------------

static bool join_add(struct program *program, size_t index) {
    struct op *norm = &program->ops[index], *add = only_reader(program, norm->out[0], index);
    if (add == NULL || add->kind != OP_ADD || norm->attr.norm.relu || norm->in[5] != VALUE_NONE) {
        return false;
    }
    value_id other = add->in[0] == norm->out[0] ? add->in[1] : add->in[0];
    if (add->out[0] == other || !temporary(program, add->out[0]) || !settled(program, other, index)) {
        return false;
    }
    norm->in[5] = other;
    norm->out[0] = add->out[0];
    add->kind = GONE;
    return true;
}

static bool join_relu(struct program *program, size_t index) {
    struct op *norm = &program->ops[index], *relu = only_reader(program, norm->out[0], index);
    if (relu == NULL || relu->kind != OP_ACTIVATION || relu->attr.activation != ACTIVATION_RELU ||
        norm->attr.norm.relu || relu->out[0] == norm->out[0] || !temporary(program, relu->out[0])) {
        return false;
    }
    norm->out[0] = relu->out[0];
    norm->attr.norm.relu = true;
    relu->kind = GONE;
    return true;
}

// ---- the way back -------------------------------------------------------------------------------

static const struct op *forward_of(const struct program *program, const struct op *gradient) {
    for (size_t i = 0; i < program->op_count; i++) {
        const struct op *op = &program->ops[i];
        if (op->kind == OP_BATCH_NORM && op->out[1] == gradient->in[3]) {
            return op;
        }
    }
    return NULL;
}

static struct op *writer_of(struct program *program, value_id id, size_t before, size_t *index) {
    for (size_t i = before; i-- > 0;) {
        if (writes(&program->ops[i], id)) {
            *index = i;
            return &program->ops[i];
        }
    }
    return NULL;
}

// The gradient behind the ReLU goes to the batch norm and to whoever else was added; the first to
// read it works it out and, where others follow, keeps it.
static bool join_relu_gradient(struct program *program, size_t index) {
    struct op *norm = &program->ops[index];
    value_id slope = norm->in[0];
    size_t at = 0;
    const struct op *forward = forward_of(program, norm);
    struct op *relu = writer_of(program, slope, index, &at);
    if (forward == NULL || relu == NULL || relu->kind != OP_ACTIVATION_GRADIENT || norm->attr.norm.relu ||
        relu->attr.activation != ACTIVATION_RELU || relu->in[1] != forward->out[0] || relu->in[0] == slope ||
        !temporary(program, slope)) {
        return false;
    }
    for (size_t i = at + 1; i < index; i++) {
        if (reads_of(&program->ops[i], slope) > 0 || writes(&program->ops[i], relu->in[0])) {
            return false;
        }
    }
    norm->in[0] = relu->in[0];
    norm->in[5] = relu->in[1];
    norm->attr.norm.relu = true;
    norm->out[3] = reads_from(program, slope, index + 1) > 0 ? slope : VALUE_NONE;
    relu->kind = GONE;
    return true;
}

// ---- max pooling behind an activation -------------------------------------------------------------

static bool written_between(const struct program *program, value_id id, size_t from, size_t to) {
    for (size_t i = from; i < to; i++) {
        if (writes(&program->ops[i], id)) {
            return true;
        }
    }
    return false;
}

static bool pool_before(const struct program *program, size_t index, size_t *pool) {
    value_id where = program->ops[index].in[1];
    for (size_t i = index; where != VALUE_NONE && i-- > 0;) {
        if (writes(&program->ops[i], where)) {
            *pool = i;
            return program->ops[i].kind == OP_POOL && program->ops[i].out[1] == where;
        }
    }
    return false;
}

// The largest value of a window is the pooled one: the activation's slope is known from that, and its gradient comes
// first, on the smaller map. The larger map is then needed no longer on the way back.
static void join_pool_gradient(struct program *program, size_t index) {
    struct op *spread = &program->ops[index], *slope = only_reader(program, spread->out[0], index);
    size_t pool = 0, at = slope != NULL ? (size_t)(slope - program->ops) : 0;
    if (slope == NULL || slope->kind != OP_ACTIVATION_GRADIENT || slope->in[0] != spread->out[0] ||
        activation_from_input(slope->attr.activation) || !pool_before(program, index, &pool)) {
        return;
    }
    const struct op *forward = &program->ops[pool];
    value_id pooled = forward->out[0], full = forward->in[0];
    if (slope->in[1] != full || !temporary(program, pooled) || !temporary(program, spread->in[1]) ||
        written_between(program, full, pool, at) || written_between(program, pooled, pool + 1, index) ||
        written_between(program, spread->in[1], pool + 1, at)) {
        return;
    }
    value_id small = program_temporary(program, program->values[pooled].dtype, program->values[pooled].shape);
    if (small == VALUE_NONE) {
        return;
    }
    struct op first = *slope, second = *spread;
    first.in[0] = spread->in[0];
    first.in[1] = pooled;
    first.out[0] = second.in[0] = small;
    second.out[0] = slope->out[0];
    *spread = first;
    *slope = second;
}

// ---- leaving out --------------------------------------------------------------------------------

static void drop_ops(struct program *program) {
    size_t kept = 0;
    for (size_t i = 0; i < program->op_count; i++) {
        if (program->ops[i].kind != GONE) {
            program->ops[kept++] = program->ops[i];
        }
    }
    program->op_count = kept;
}

// Numbers of values that are left; `to` gets the new one of each.
static void number_values(struct program *program, value_id *to) {
    for (size_t i = 0; i < program->value_count; i++) {
        to[i] = program->values[i].slot == SLOT_TEMPORARY ? VALUE_NONE : 0;
    }
    for (size_t i = 0; i < program->op_count; i++) {
        for (int k = 0; k < OP_INPUTS + OP_OUTPUTS; k++) {
            value_id id = k < OP_INPUTS ? program->ops[i].in[k] : program->ops[i].out[k - OP_INPUTS];
            if (id != VALUE_NONE) {
                to[id] = 0;
            }
        }
    }
    value_id next = 0;
    for (size_t i = 0; i < program->value_count; i++) {
        to[i] = to[i] == VALUE_NONE ? VALUE_NONE : next++;
    }
}

static void drop_values(struct program *program, const value_id *to) {
    for (size_t i = 0; i < program->op_count; i++) {
        struct op *op = &program->ops[i];
        for (int k = 0; k < OP_INPUTS; k++) {
            op->in[k] = op->in[k] == VALUE_NONE ? VALUE_NONE : to[op->in[k]];
        }
        for (int k = 0; k < OP_OUTPUTS; k++) {
            op->out[k] = op->out[k] == VALUE_NONE ? VALUE_NONE : to[op->out[k]];
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < program->value_count; i++) {
        if (to[i] != VALUE_NONE) {
            program->values[kept++] = program->values[i];
        }
    }
    program->value_count = kept;
}

void program_fuse(struct program *program) {
    bool changed = false;
    for (size_t i = 0; !program->failed && i < program->op_count; i++) {
        if (program->ops[i].kind == OP_BATCH_NORM) {
            changed = join_add(program, i) || changed;
            changed = join_relu(program, i) || changed;
        } else if (program->ops[i].kind == OP_BATCH_NORM_GRADIENT) {
            changed = join_relu_gradient(program, i) || changed;
        } else if (program->ops[i].kind == OP_POOL_GRADIENT) {
            join_pool_gradient(program, i);
        }
    }
    value_id *to = changed ? mem_alloc(program->value_count, sizeof *to) : NULL;
    if (changed && to == NULL) {
        program->failed = true;
    }
    if (to != NULL) {
        drop_ops(program);
        number_values(program, to);
        drop_values(program, to);
    }
    mem_free(to);
}
