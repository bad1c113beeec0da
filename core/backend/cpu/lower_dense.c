// Dense layers: y = x wᵀ + b and its two gradients. Small products use the kernels, large ones
// oneDNN's sgemm; an activation (or its gradient) right behind is done in the same step.
#include "core/backend/cpu/bf16.h"
#include "core/backend/cpu/threads.h"

// Products of at least this many multiply-adds go to oneDNN.
#define LARGE_PRODUCT 2e6
// With fewer rows than this, copying the weights into the kernel's order costs more than it saves.
#define ROWS_FOR_TRANSPOSE 4

enum { X, W, B, Y, TRANSPOSED };          // places of a dense step; TRANSPOSED: [parts] of them
enum { DY, WEIGHTS, DX, DX_Y };           // of its input gradient
enum { GRAD_X, GRAD_DY, GRAD_W, GRAD_B }; // of its weight gradient
enum { PARTS, SUM };                      // of adding up its parts
enum { BATCH, INPUTS, OUTPUTS };          // sizes
enum { COUNT, PART_COUNT };               // of adding up

// A large product is oneDNN's, which divides it among its own threads.
static struct step *add_product_step(struct builder *b, step_function *large, share_function *share, value_id x,
                                     value_id y) {
    if (large != NULL) {
        builder_products(b);
    }
    struct step *step = large != NULL ? step_add(b, large) : step_add_shared(b, share);
    step->size[BATCH] = builder_value(b, x)->shape.size[0];
    step->size[INPUTS] = builder_value(b, x)->shape.size[1];
    step->size[OUTPUTS] = builder_value(b, y)->shape.size[1];
    return step;
}

static bool large(struct builder *b, value_id x, value_id y) {
    const struct shape *rows = &builder_value(b, x)->shape, *columns = &builder_value(b, y)->shape;
    int64_t turn = b->plan->turn, together = turn > 0 && turn < rows->size[0] ? turn : rows->size[0];
    double products = (double)together * (double)rows->size[1] * (double)columns->size[1];
    return products >= LARGE_PRODUCT * (turn > 0 ? 1 : b->plan->parts);
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

// What is left to do row by row when oneDNN has the product.
struct rest {
    const struct step *step;
    const struct run_state *state;
    void (*work)(const struct step *step, const struct run_state *state, struct rows rows);
};

static void rest_part(void *context, int part, int parts) {
    const struct rest *rest = context;
    int64_t batch = rest->step->size[BATCH];
    rest->work(rest->step, rest->state, (struct rows){batch * part / parts, batch * (part + 1) / parts, part});
}

static void share_rest(struct rest rest, int64_t columns) {
    bool alone = rest.step->size[BATCH] * columns < SHARED_ELEMENTS;
    threads_share(alone ? 1 : rest.state->threads, rest_part, &rest);
}

// ---- forward ----------------------------------------------------------------------------------

static void activate(const struct step *step, const struct run_state *state, struct rows rows) {
    int64_t outputs = step->size[OUTPUTS];
    float *y = (float *)step->at[Y] + rows.from * outputs;
    if (step->activation != ACTIVATION_COUNT) {
        state->kernels->activation(step->activation, (size_t)((rows.to - rows.from) * outputs), y, y);
    }
}

static void add_bias_and_activate(const struct step *step, const struct run_state *state, struct rows rows) {
    int64_t outputs = step->size[OUTPUTS];
    for (int64_t i = rows.from; i < rows.to; i++) {
        float *y = (float *)step->at[Y] + i * outputs;
        if (step->at[B] != NULL) {
            state->kernels->add((size_t)outputs, y, step->at[B], y);
        }
        activate(step, state, (struct rows){i, i + 1, rows.part});
    }
}

static void share_dense(const struct step *step, const struct run_state *state, struct rows rows) {
    const int64_t *size = step->size;
    struct product p = {.rows = rows.to - rows.from,
                        .columns = size[OUTPUTS],
                        .depth = size[INPUTS],
                        .a = (const float *)step->at[X] + rows.from * size[INPUTS],
                        .a_row = size[INPUTS],
                        .a_step = 1,
                        .b = step->at[W],
                        .start = step->at[B],
                        .c = (float *)step->at[Y] + rows.from * size[OUTPUTS],
                        .relu = step->activation == ACTIVATION_RELU};
    if (step->at[TRANSPOSED] != NULL) { // every part has its own: none waits for another
        float *transposed = (float *)step->at[TRANSPOSED] + rows.part * size[INPUTS] * size[OUTPUTS];
        state->kernels->transpose(size[OUTPUTS], size[INPUTS], step->at[W], transposed);
        p.b = transposed;
        state->kernels->product(&p);
    } else {
        state->kernels->product_rows(&p);
    }
    if (!p.relu) {
        activate(step, state, rows);
    }
}

static dnnl_status_t run_dense_large(const struct step *step, const struct run_state *state) {
    int64_t batch = step->size[BATCH], inputs = step->size[INPUTS], outputs = step->size[OUTPUTS];
    dnnl_status_t status = dnnl_sgemm('N', 'T', batch, outputs, inputs, 1, step->at[X], inputs, step->at[W], inputs, 0,
                                      step->at[Y], outputs);
    share_rest((struct rest){step, state, add_bias_and_activate}, outputs);
    return status;
}

size_t lower_dense(struct builder *b, const struct op *op) {
    const struct op *next = following(b, OP_ACTIVATION, op->out[0]);
    bool is_large = large(b, op->in[0], op->out[0]);
    if (is_large && b->cpu->bf16) {
        bf16_dense(b, op);
        return 1;
    }
    bool transpose = !is_large && builder_value(b, op->in[0])->shape.size[0] >= ROWS_FOR_TRANSPOSE;
    int x = value_read(b, op->in[0]), w = value_read(b, op->in[1]), bias = value_read(b, op->in[2]);
    int y = value_write(b, next != NULL ? next->out[0] : op->out[0]);
    size_t weights = (size_t)shape_count(builder_value(b, op->in[1])->shape);
    int transposed = transpose ? place_new(b, weights * (size_t)b->plan->parts * sizeof(float)) : NO_PLACE;
    struct step *step = add_product_step(b, is_large ? run_dense_large : NULL, share_dense, op->in[0], op->out[0]);
    step->place[X] = x;
    step->place[W] = w;
    step->place[B] = bias;
    step->place[Y] = y;
    step->place[TRANSPOSED] = transposed;
    step->activation = next != NULL ? next->attr.activation : ACTIVATION_COUNT;
    return next != NULL ? 2 : 1;
}

// ---- input gradient ---------------------------------------------------------------------------

static void multiply_slope(const struct step *step, const struct run_state *state, struct rows rows) {
    int64_t inputs = step->size[INPUTS];
    float *dx = (float *)step->at[DX] + rows.from * inputs;
    if (step->activation != ACTIVATION_COUNT) {
        state->kernels->activation_gradient(step->activation, (size_t)((rows.to - rows.from) * inputs), dx,
                                            (const float *)step->at[DX_Y] + rows.from * inputs, dx);
    }
}

static void share_input_gradient(const struct step *step, const struct run_state *state, struct rows rows) {
    const int64_t *size = step->size;
    const float *y = step->activation == ACTIVATION_RELU ? step->at[DX_Y] : NULL;
    struct product p = {.rows = rows.to - rows.from,
                        .columns = size[INPUTS],
                        .depth = size[OUTPUTS],
                        .a = (const float *)step->at[DY] + rows.from * size[OUTPUTS],
                        .a_row = size[OUTPUTS],
                        .a_step = 1,
                        .b = step->at[WEIGHTS],
                        .c = (float *)step->at[DX] + rows.from * size[INPUTS],
                        .slope_y = y != NULL ? y + rows.from * size[INPUTS] : NULL};
    state->kernels->product(&p);
    if (y == NULL) {
        multiply_slope(step, state, rows);
    }
}

static dnnl_status_t run_input_gradient_large(const struct step *step, const struct run_state *state) {
    int64_t batch = step->size[BATCH], inputs = step->size[INPUTS], outputs = step->size[OUTPUTS];
    dnnl_status_t status = dnnl_sgemm('N', 'N', batch, inputs, outputs, 1, step->at[DY], outputs, step->at[WEIGHTS],
                                      inputs, 0, step->at[DX], inputs);
    share_rest((struct rest){step, state, multiply_slope}, inputs);
    return status;
}

size_t lower_dense_input_gradient(struct builder *b, const struct op *op) {
    const struct op *next = following(b, OP_ACTIVATION_GRADIENT, op->out[0]);
    bool is_large = large(b, op->out[0], op->in[0]);
    if (is_large && b->cpu->bf16) {
        bf16_dense_input_gradient(b, op);
        return 1;
    }
    int dy = value_read(b, op->in[0]), w = value_read(b, op->in[1]);
    int slope = next != NULL ? value_read(b, next->in[1]) : NO_PLACE;
    int dx = value_write(b, next != NULL ? next->out[0] : op->out[0]);
    struct step *step =
        add_product_step(b, is_large ? run_input_gradient_large : NULL, share_input_gradient, op->out[0], op->in[0]);
    step->place[DY] = dy;
    step->place[WEIGHTS] = w;
    step->place[DX] = dx;
    step->place[DX_Y] = slope;
    step->activation = next != NULL ? next->attr.activation : ACTIVATION_COUNT;
    return next != NULL ? 2 : 1;
}

// ---- weight gradient --------------------------------------------------------------------------

static void sum_bias(const struct step *step, const struct run_state *state, struct rows rows) {
    int64_t outputs = step->size[OUTPUTS];
    if (step->at[GRAD_B] != NULL) {
        state->kernels->column_sums(rows.to - rows.from, outputs,
                                    (const float *)step->at[GRAD_DY] + rows.from * outputs,
                                    (float *)step->at[GRAD_B] + rows.part * outputs);
    }
}

static void share_weight_gradient(const struct step *step, const struct run_state *state, struct rows rows) {
    int64_t inputs = step->size[INPUTS], outputs = step->size[OUTPUTS];
    struct product p = {.rows = outputs,
                        .columns = inputs,
                        .depth = rows.to - rows.from,
                        .a = (const float *)step->at[GRAD_DY] + rows.from * outputs,
                        .a_row = 1,
                        .a_step = outputs,
                        .b = (const float *)step->at[GRAD_X] + rows.from * inputs,
                        .c = (float *)step->at[GRAD_W] + rows.part * inputs * outputs};
    state->kernels->product(&p);
    sum_bias(step, state, rows);
}

// The gradient of the whole batch from those of its parts, in their order.
static dnnl_status_t run_add_parts(const struct step *step, const struct run_state *state) {
    size_t count = (size_t)step->size[COUNT];
    const float *parts = step->at[PARTS];
    float *sum = step->at[SUM];
    state->kernels->add(count, parts, parts + count, sum);
    for (int64_t part = 2; part < step->size[PART_COUNT]; part++) {
        state->kernels->add(count, sum, parts + (size_t)part * count, sum);
    }
    return dnnl_success;
}

int place_of_parts(struct builder *b, int sum, value_id id) {
    int parts = b->plan->parts;
    if (parts == 1 || sum == NO_PLACE) {
        return sum;
    }
    size_t count = (size_t)shape_count(builder_value(b, id)->shape);
    int place = place_new(b, count * (size_t)parts * sizeof(float));
    struct step *step = step_defer(b, run_add_parts);
    step->size[COUNT] = (int64_t)count;
    step->size[PART_COUNT] = parts;
    step->place[PARTS] = place;
    step->place[SUM] = sum;
    return place;
}

static dnnl_status_t run_weight_gradient_large(const struct step *step, const struct run_state *state) {
    int64_t batch = step->size[BATCH], inputs = step->size[INPUTS], outputs = step->size[OUTPUTS];
    sum_bias(step, state, (struct rows){0, batch, 0});
    return dnnl_sgemm('T', 'N', outputs, inputs, batch, 1, step->at[GRAD_DY], outputs, step->at[GRAD_X], inputs, 0,
                      step->at[GRAD_W], inputs);
}

size_t lower_dense_weight_gradient(struct builder *b, const struct op *op) {
    bool is_large = large(b, op->in[0], op->in[1]);
    if (is_large && b->cpu->bf16) {
        bf16_dense_weight_gradient(b, op);
        return 1;
    }
    int x = value_read(b, op->in[0]), dy = value_read(b, op->in[1]);
    int dw = value_write(b, op->out[0]), db = value_write(b, op->out[1]);
    if (!is_large) {
        dw = place_of_parts(b, dw, op->out[0]);
        db = place_of_parts(b, db, op->out[1]);
    }
    struct step *step =
        add_product_step(b, is_large ? run_weight_gradient_large : NULL, share_weight_gradient, op->in[0], op->in[1]);
    step->place[GRAD_X] = x;
    step->place[GRAD_DY] = dy;
    step->place[GRAD_W] = dw;
    step->place[GRAD_B] = db;
    return 1;
}
