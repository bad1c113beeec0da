// Dense layers: y = x wᵀ + b and its two gradients. Small products use the kernels, large ones
// oneDNN's sgemm; an activation (or its gradient) right behind is done in the same step.
#include "core/backend/cpu/plan.h"

// Products of at least this many multiply-adds go to oneDNN.
#define LARGE_PRODUCT 2e6
// With fewer rows than this, copying the weights into the kernel's order costs more than it saves.
#define ROWS_FOR_TRANSPOSE 4

enum { X, W, B, Y, TRANSPOSED };         // places of a dense step
enum { DY, WEIGHTS, DX, DX_Y };            // of its input gradient
enum { GRAD_X, GRAD_DY, GRAD_W, GRAD_B }; // of its weight gradient
enum { BATCH, INPUTS, OUTPUTS };           // sizes

static struct step *add_product_step(struct builder *b, step_function *run, value_id x, value_id y) {
    struct step *step = step_add(b, run);
    step->size[BATCH] = builder_value(b, x)->shape.size[0];
    step->size[INPUTS] = builder_value(b, x)->shape.size[1];
    step->size[OUTPUTS] = builder_value(b, y)->shape.size[1];
    return step;
}

static bool large(struct builder *b, value_id x, value_id y) {
    const struct shape *rows = &builder_value(b, x)->shape, *columns = &builder_value(b, y)->shape;
    return (double)rows->size[0] * (double)rows->size[1] * (double)columns->size[1] >= LARGE_PRODUCT;
}

// An activation right behind that takes the result and is the only one to: it can be done on the way.
static const struct op *following(struct builder *b, enum op_kind kind, value_id result) {
    if (b->op + 1 >= b->program->op_count) {
        return NULL;
    }
    const struct op *next = &b->program->ops[b->op + 1];
    size_t uses = value_uses_after(b, result);
    bool takes = next->kind == kind && next->in[0] == result && next->in[1] != result;
    return takes && (next->out[0] == result || uses == 1) ? next : NULL;
}

// ---- forward ----------------------------------------------------------------------------------

static void finish_activation(const struct step *step, const struct run_state *state, bool rectified) {
    size_t count = (size_t)(step->size[BATCH] * step->size[OUTPUTS]);
    if (step->activation != ACTIVATION_COUNT && !(rectified && step->activation == ACTIVATION_RELU)) {
        state->kernels->activation(step->activation, count, step->at[Y], step->at[Y]);
    }
}

static dnnl_status_t run_dense(const struct step *step, const struct run_state *state) {
    const int64_t *size = step->size;
    struct product p = {.rows = size[BATCH],
                        .columns = size[OUTPUTS],
                        .depth = size[INPUTS],
                        .a = step->at[X],
                        .a_row = size[INPUTS],
                        .a_step = 1,
                        .b = step->at[W],
                        .start = step->at[B],
                        .c = step->at[Y],
                        .relu = step->activation == ACTIVATION_RELU};
    if (step->at[TRANSPOSED] != NULL) {
        state->kernels->transpose(size[OUTPUTS], size[INPUTS], step->at[W], step->at[TRANSPOSED]);
        p.b = step->at[TRANSPOSED];
        state->kernels->product(&p);
    } else {
        state->kernels->product_rows(&p);
    }
    finish_activation(step, state, true);
    return dnnl_success;
}

static dnnl_status_t run_dense_large(const struct step *step, const struct run_state *state) {
    int64_t batch = step->size[BATCH], inputs = step->size[INPUTS], outputs = step->size[OUTPUTS];
    const float *bias = step->at[B];
    float *y = step->at[Y];
    for (int64_t i = 0; bias != NULL && i < batch; i++) {
        for (int64_t o = 0; o < outputs; o++) {
            y[i * outputs + o] = bias[o];
        }
    }
    dnnl_status_t status = dnnl_sgemm('N', 'T', batch, outputs, inputs, 1, step->at[X], inputs, step->at[W], inputs,
                                      bias != NULL ? 1 : 0, y, outputs);
    finish_activation(step, state, false);
    return status;
}

size_t lower_dense(struct builder *b, const struct op *op) {
    const struct op *next = following(b, OP_ACTIVATION, op->out[0]);
    bool is_large = large(b, op->in[0], op->out[0]);
    bool transpose = !is_large && builder_value(b, op->in[0])->shape.size[0] >= ROWS_FOR_TRANSPOSE;
    int x = value_read(b, op->in[0]), w = value_read(b, op->in[1]), bias = value_read(b, op->in[2]);
    int y = value_write(b, next != NULL ? next->out[0] : op->out[0]);
    size_t weights = (size_t)shape_count(builder_value(b, op->in[1])->shape);
    int transposed = transpose ? place_new(b, weights * sizeof(float)) : NO_PLACE;
    struct step *step = add_product_step(b, is_large ? run_dense_large : run_dense, op->in[0], op->out[0]);
    step->place[X] = x;
    step->place[W] = w;
    step->place[B] = bias;
    step->place[Y] = y;
    step->place[TRANSPOSED] = transposed;
    step->activation = next != NULL ? next->attr.activation : ACTIVATION_COUNT;
    return next != NULL ? 2 : 1;
}

// ---- input gradient ---------------------------------------------------------------------------

static void finish_slope(const struct step *step, const struct run_state *state, bool rectified) {
    size_t count = (size_t)(step->size[BATCH] * step->size[INPUTS]);
    if (step->activation != ACTIVATION_COUNT && !(rectified && step->activation == ACTIVATION_RELU)) {
        state->kernels->activation_gradient(step->activation, count, step->at[DX], step->at[DX_Y], step->at[DX]);
    }
}

static dnnl_status_t run_input_gradient(const struct step *step, const struct run_state *state) {
    const int64_t *size = step->size;
    struct product p = {.rows = size[BATCH],
                        .columns = size[INPUTS],
                        .depth = size[OUTPUTS],
                        .a = step->at[DY],
                        .a_row = size[OUTPUTS],
                        .a_step = 1,
                        .b = step->at[WEIGHTS],
                        .c = step->at[DX],
                        .slope_y = step->activation == ACTIVATION_RELU ? step->at[DX_Y] : NULL};
    state->kernels->product(&p);
    finish_slope(step, state, true);
    return dnnl_success;
}

static dnnl_status_t run_input_gradient_large(const struct step *step, const struct run_state *state) {
    int64_t batch = step->size[BATCH], inputs = step->size[INPUTS], outputs = step->size[OUTPUTS];
    dnnl_status_t status = dnnl_sgemm('N', 'N', batch, inputs, outputs, 1, step->at[DY], outputs, step->at[WEIGHTS],
                                      inputs, 0, step->at[DX], inputs);
    finish_slope(step, state, false);
    return status;
}

size_t lower_dense_input_gradient(struct builder *b, const struct op *op) {
    const struct op *next = following(b, OP_ACTIVATION_GRADIENT, op->out[0]);
    bool is_large = large(b, op->out[0], op->in[0]);
    int dy = value_read(b, op->in[0]), w = value_read(b, op->in[1]);
    int slope = next != NULL ? value_read(b, next->in[1]) : NO_PLACE;
    int dx = value_write(b, next != NULL ? next->out[0] : op->out[0]);
    struct step *step =
        add_product_step(b, is_large ? run_input_gradient_large : run_input_gradient, op->out[0], op->in[0]);
    step->place[DY] = dy;
    step->place[WEIGHTS] = w;
    step->place[DX] = dx;
    step->place[DX_Y] = slope;
    step->activation = next != NULL ? next->attr.activation : ACTIVATION_COUNT;
    return next != NULL ? 2 : 1;
}

// ---- weight gradient --------------------------------------------------------------------------

static void sum_bias(const struct step *step, const struct run_state *state) {
    if (step->at[GRAD_B] != NULL) {
        state->kernels->column_sums(step->size[BATCH], step->size[OUTPUTS], step->at[GRAD_DY], step->at[GRAD_B]);
    }
}

static dnnl_status_t run_weight_gradient(const struct step *step, const struct run_state *state) {
    const int64_t *size = step->size;
    struct product p = {.rows = size[OUTPUTS],
                        .columns = size[INPUTS],
                        .depth = size[BATCH],
                        .a = step->at[GRAD_DY],
                        .a_row = 1,
                        .a_step = size[OUTPUTS],
                        .b = step->at[GRAD_X],
                        .c = step->at[GRAD_W]};
    state->kernels->product(&p);
    sum_bias(step, state);
    return dnnl_success;
}

static dnnl_status_t run_weight_gradient_large(const struct step *step, const struct run_state *state) {
    int64_t batch = step->size[BATCH], inputs = step->size[INPUTS], outputs = step->size[OUTPUTS];
    sum_bias(step, state);
    return dnnl_sgemm('T', 'N', outputs, inputs, batch, 1, step->at[GRAD_DY], outputs, step->at[GRAD_X], inputs, 0,
                      step->at[GRAD_W], inputs);
}

size_t lower_dense_weight_gradient(struct builder *b, const struct op *op) {
    bool is_large = large(b, op->in[0], op->in[1]);
    int x = value_read(b, op->in[0]), dy = value_read(b, op->in[1]);
    int dw = value_write(b, op->out[0]), db = value_write(b, op->out[1]);
    struct step *step =
        add_product_step(b, is_large ? run_weight_gradient_large : run_weight_gradient, op->in[0], op->in[1]);
    step->place[GRAD_X] = x;
    step->place[GRAD_DY] = dy;
    step->place[GRAD_W] = dw;
    step->place[GRAD_B] = db;
    return 1;
}
