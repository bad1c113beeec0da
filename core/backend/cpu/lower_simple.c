// Operations that go over their elements once: gather, activation, dropout, add, copy.
#include "core/backend/cpu/plan.h"

#include <assert.h>
#include <string.h>

#include "core/backend/augment.h"
#include "core/backend/cpu/threads.h"
#include "core/base/rng.h"

static size_t value_count(const struct builder *b, value_id id) {
    return (size_t)shape_count(builder_value(b, id)->shape);
}

// ---- gather -----------------------------------------------------------------------------------

enum { ROWS, FEATURES, BATCH };           // places
enum { ELEMENT_SIZE, SAMPLE, ROW_COUNT }; // bytes of an element, elements of a row, rows there are

static size_t source_row(const struct step *step, const struct step_args *args, int64_t position) {
    int64_t row = ((const int32_t *)step->at[ROWS])[args->first + (size_t)position];
    assert(row >= 0 && row < step->size[ROW_COUNT]);
    return (size_t)row;
}

static void share_gather(const struct step *step, const struct run_state *state, struct rows rows) {
    size_t bytes = (size_t)(step->size[ELEMENT_SIZE] * step->size[SAMPLE]);
    char *to = (char *)step->at[BATCH] + (size_t)rows.from * bytes;
    for (int64_t i = rows.from; i < rows.to; i++, to += bytes) {
        memcpy(to, (const char *)step->at[FEATURES] + source_row(step, state->args, i) * bytes, bytes);
    }
}

static void share_gather_images(const struct step *step, const struct run_state *state, struct rows rows) {
    const struct op *op = &step->u.own.op;
    const struct step_args *args = state->args;
    const int64_t *size = step->u.own.shape.size;
    struct picture_kind kind = {.channels = size[1], .height = size[2], .width = size[3]};
    kind.pixels = step->size[ELEMENT_SIZE] == 1;
    memcpy(kind.mean, op->attr.gather.mean, sizeof kind.mean);
    memcpy(kind.sd, op->attr.gather.sd, sizeof kind.sd);
    picture_kind_ready(&kind);
    const struct augment *augment = op->attr.gather.training && augment_any(&args->augment) ? &args->augment : NULL;
    size_t bytes = (size_t)(step->size[ELEMENT_SIZE] * step->size[SAMPLE]);
    float *to = (float *)step->at[BATCH] + rows.from * step->size[SAMPLE];
    for (int64_t i = rows.from; i < rows.to; i++, to += step->size[SAMPLE]) {
        size_t row = source_row(step, args, i);
        struct augment_drawn drawn = {0};
        if (augment) {
            drawn = augment_draw(augment, args->seed, args->epoch, row, size[2], size[3]);
        }
        picture_make(&kind, (const char *)step->at[FEATURES] + row * bytes, augment, &drawn, to);
    }
}

size_t lower_gather(struct builder *b, const struct op *op) {
    struct shape shape = builder_value(b, op->out[0])->shape;
    enum dtype dtype = builder_value(b, op->in[1])->dtype;
    bool images = op->kind == OP_GATHER && shape.rank == 4 && (dtype == DTYPE_U8 || op->attr.gather.training);
    int rows = value_read(b, op->in[0]), features = value_read(b, op->in[1]), batch = value_write(b, op->out[0]);
    struct step *step = step_add_shared(b, images ? share_gather_images : share_gather);
    step->place[ROWS] = rows;
    step->place[FEATURES] = features;
    step->place[BATCH] = batch;
    step->size[ELEMENT_SIZE] = (int64_t)dtype_size(dtype);
    step->size[SAMPLE] = shape_count(shape) / shape.size[0];
    step->size[ROW_COUNT] = builder_value(b, op->in[1])->shape.size[0];
    step->u.own.op = *op;
    step->u.own.shape = shape;
    return 1;
}

// ---- activation and sums ----------------------------------------------------------------------

enum { LEFT, RIGHT, RESULT }; // places
enum { COUNT };               // sizes

static struct step *add_element_step(struct builder *b, const struct op *op, step_function *run, size_t count, int left,
                                     int right, int result) {
    struct step *step = step_add(b, run);
    step->u.own.op = *op;
    step->size[COUNT] = (int64_t)count;
    step->place[LEFT] = left;
    step->place[RIGHT] = right;
    step->place[RESULT] = result;
    return step;
}

// Element by element in the layout that is there: no need to change it. Blocks are padded with
// zeros, which must stay zeros: true of everything but the sigmoid.
static void add_in_layout(struct builder *b, const struct op *op, step_function *run, bool keeps_zero) {
    const dnnl_memory_desc_t *found = value_layout(b, op->in[0]);
    if (found == NULL && op->in[1] != VALUE_NONE) {
        found = value_layout(b, op->in[1]);
    }
    if (found == NULL || !keeps_zero) {
        int left = value_read(b, op->in[0]), right = value_read(b, op->in[1]);
        add_element_step(b, op, run, value_count(b, op->in[0]), left, right, value_write(b, op->out[0]));
        return;
    }
    dnnl_memory_desc_t layout = *found;
    int left = value_read_as(b, op->in[0], &layout);
    int right = op->in[1] != VALUE_NONE ? value_read_as(b, op->in[1], &layout) : NO_PLACE;
    size_t count = dnnl_memory_desc_get_size(&layout) / sizeof(float);
    add_element_step(b, op, run, count, left, right, value_write_as(b, op->out[0], &layout));
}

// One of these loops over many elements, in pieces that are whole vectors.
struct loop {
    const struct step *step;
    const struct run_state *state;
    void (*run)(const struct step *step, const struct run_state *state, size_t first, size_t count);
};

static void run_part(void *context, int part, int parts) {
    struct loop *loop = context;
    size_t count = (size_t)loop->step->size[COUNT], each = (count / (size_t)parts + 63) / 64 * 64;
    size_t first = each * (size_t)part, left = first < count ? count - first : 0;
    if (left > 0) {
        loop->run(loop->step, loop->state, first, left < each || part == parts - 1 ? left : each);
    }
}

static dnnl_status_t run_loop(const struct step *step, const struct run_state *state,
                              void (*run)(const struct step *step, const struct run_state *state, size_t first,
                                          size_t count)) {
    struct loop loop = {step, state, run};
    threads_share(step->size[COUNT] < SHARED_ELEMENTS ? 1 : state->threads, run_part, &loop);
    return dnnl_success;
}

static float *at(const struct step *step, int place, size_t first) {
    return (float *)step->at[place] + first;
}

static void activation_part(const struct step *step, const struct run_state *state, size_t first, size_t count) {
    state->kernels->activation(step->u.own.op.attr.activation, count, at(step, LEFT, first), at(step, RESULT, first));
}

static dnnl_status_t run_activation(const struct step *step, const struct run_state *state) {
    return run_loop(step, state, activation_part);
}

static void gradient_part(const struct step *step, const struct run_state *state, size_t first, size_t count) {
    state->kernels->activation_gradient(step->u.own.op.attr.activation, count, at(step, LEFT, first),
                                        at(step, RIGHT, first), at(step, RESULT, first));
}

static dnnl_status_t run_activation_gradient(const struct step *step, const struct run_state *state) {
    return run_loop(step, state, gradient_part);
}

static void add_part(const struct step *step, const struct run_state *state, size_t first, size_t count) {
    state->kernels->add(count, at(step, LEFT, first), at(step, RIGHT, first), at(step, RESULT, first));
}

static dnnl_status_t run_add(const struct step *step, const struct run_state *state) {
    return run_loop(step, state, add_part);
}

static void scale_part(const struct step *step, const struct run_state *state, size_t first, size_t count) {
    float factor = (float)step->u.own.op.attr.factor;
    state->kernels->scale(count, factor, at(step, LEFT, first), at(step, RESULT, first));
}

static dnnl_status_t run_scale(const struct step *step, const struct run_state *state) {
    return run_loop(step, state, scale_part);
}

size_t lower_activation(struct builder *b, const struct op *op) {
    add_in_layout(b, op, run_activation, op->attr.activation != ACTIVATION_SIGMOID);
    return 1;
}

size_t lower_activation_gradient(struct builder *b, const struct op *op) {
    add_in_layout(b, op, run_activation_gradient, true);
    return 1;
}

size_t lower_add(struct builder *b, const struct op *op) {
    add_in_layout(b, op, run_add, true);
    return 1;
}

size_t lower_scale(struct builder *b, const struct op *op) {
    add_in_layout(b, op, run_scale, true);
    return 1;
}

// ---- dropout ----------------------------------------------------------------------------------

static dnnl_status_t run_dropout(const struct step *step, const struct run_state *state) {
    double p = step->u.own.op.attr.dropout.probability;
    uint64_t stream = state->args->step << 8 | (uint64_t)step->u.own.op.attr.dropout.layer;
    struct rng rng = rng_make(state->args->seed, RNG_DROPOUT, stream);
    const float *x = step->at[LEFT];
    float *y = step->at[RESULT], scale = (float)(1 / (1 - p));
    double threshold = p * 0x1p32;
    uint32_t first_above = (uint32_t)threshold + ((double)(uint32_t)threshold < threshold);
    for (int64_t i = 0; i < step->size[COUNT]; i += 4) {
        uint32_t drawn[4];
        int64_t left = step->size[COUNT] - i < 4 ? step->size[COUNT] - i : 4;
        philox(rng.counter, rng.key, drawn);
        rng.counter[1] += ++rng.counter[0] == 0;
        for (int64_t k = 0; k < left; k++) {
            y[i + k] = drawn[k] >= first_above ? x[i + k] * scale : 0;
        }
    }
    return dnnl_success;
}

// The mask is numbered in plain order, so the values have to be too.
size_t lower_dropout(struct builder *b, const struct op *op) {
    int x = value_read(b, op->in[0]), y = value_write(b, op->out[0]);
    add_element_step(b, op, run_dropout, value_count(b, op->in[0]), x, NO_PLACE, y);
    return 1;
}

// ---- copy -------------------------------------------------------------------------------------

static dnnl_status_t run_copy(const struct step *step, const struct run_state *state) {
    (void)state;
    memmove(step->at[RESULT], step->at[LEFT], (size_t)step->size[COUNT] * sizeof(float));
    return dnnl_success;
}

static bool written_after(const struct builder *b, value_id id) {
    for (size_t i = b->op + 1; i < b->program->op_count; i++) {
        const struct op *op = &b->program->ops[i];
        bool updated = op_updates(op, id);
        for (int k = 0; k < OP_OUTPUTS; k++) {
            updated = updated || op->out[k] == id;
        }
        if (updated) {
            return true;
        }
    }
    return false;
}

// Two temporaries that nothing writes any more can be the same memory.
size_t lower_copy(struct builder *b, const struct op *op) {
    value_id from = op->in[0], to = op->out[0];
    bool temporaries = builder_value(b, from)->slot == SLOT_TEMPORARY && builder_value(b, to)->slot == SLOT_TEMPORARY;
    int source = value_read(b, from);
    if (temporaries && !written_after(b, from) && !written_after(b, to)) {
        b->values[to].plain = source;
        value_write(b, to);
    } else {
        add_element_step(b, op, run_copy, value_count(b, from), source, NO_PLACE, value_write(b, to));
    }
    return 1;
}
