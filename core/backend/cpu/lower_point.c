// Convolutions whose maps are one cell before and behind: whatever the window, only one tap of every
// filter lies inside, so they are dense products with those taps, and the other taps get a gradient of 0.
#include <string.h>

#include "core/backend/cpu/plan.h"
#include "core/backend/cpu/threads.h"

enum { X, W, B, Y };             // places of the product; taps instead of W
enum { BATCH, INPUTS, OUTPUTS }; // sizes
enum { FROM, TO };               // places of a gathering or spreading of taps
enum { COUNT, STRIDE, FIRST };   // sizes

bool is_point(const struct builder *b, const struct op *op, value_id x, value_id y) {
    const int64_t *in = builder_value(b, x)->shape.size, *out = builder_value(b, y)->shape.size;
    return op->attr.convolution.groups == 1 && in[2] * in[3] == 1 && out[2] * out[3] == 1;
}

// ---- taps ---------------------------------------------------------------------------------------

static void gather_part(void *context, int part, int parts) {
    const struct step *step = context;
    const float *w = (const float *)step->at[FROM] + step->size[FIRST];
    float *taps = step->at[TO];
    int64_t count = step->size[COUNT], stride = step->size[STRIDE];
    for (int64_t i = count * part / parts; i < count * (part + 1) / parts; i++) {
        taps[i] = w[i * stride];
    }
}

static dnnl_status_t run_gather_taps(const struct step *step, const struct run_state *state) {
    threads_share(step->size[COUNT] < SHARED_ELEMENTS ? 1 : state->threads, gather_part, (void *)(uintptr_t)step);
    return dnnl_success;
}

static void spread_part(void *context, int part, int parts) {
    const struct step *step = context;
    int64_t count = step->size[COUNT], stride = step->size[STRIDE];
    int64_t begin = count * part / parts, end = count * (part + 1) / parts;
    float *dw = step->at[TO];
    const float *taps = step->at[FROM];
    memset(dw + begin * stride, 0, (size_t)((end - begin) * stride) * sizeof *dw);
    for (int64_t i = begin; i < end; i++) {
        dw[i * stride + step->size[FIRST]] = taps[i];
    }
}

static dnnl_status_t run_spread_taps(const struct step *step, const struct run_state *state) {
    threads_share(step->size[COUNT] < SHARED_ELEMENTS ? 1 : state->threads, spread_part, (void *)(uintptr_t)step);
    return dnnl_success;
}

static struct step *tap_step(struct builder *b, const struct op *op, step_function *run, value_id w, int from, int to) {
    const int64_t *size = builder_value(b, w)->shape.size;
    struct step *step = step_add(b, run);
    step->place[FROM] = from;
    step->place[TO] = to;
    step->size[COUNT] = size[0] * size[1];
    step->size[STRIDE] = size[2] * size[3];
    step->size[FIRST] = op->attr.convolution.padding[0] * size[3] + op->attr.convolution.padding[1];
    return step;
}

static size_t tap_bytes(const struct builder *b, value_id w) {
    const int64_t *size = builder_value(b, w)->shape.size;
    return (size_t)(size[0] * size[1]) * sizeof(float);
}

static bool only_tap(const struct builder *b, value_id w) {
    const int64_t *size = builder_value(b, w)->shape.size;
    return size[2] * size[3] == 1;
}

// The taps that matter, [O,C]; gathered once as long as nothing writes the weights.
static int taps_read(struct builder *b, const struct op *op, value_id w) {
    int weights = value_read(b, w);
    struct value_state *state = &b->values[w];
    if (only_tap(b, w)) {
        return weights;
    }
    if (!state->taps_valid) {
        state->taps = place_new(b, tap_bytes(b, w));
        tap_step(b, op, run_gather_taps, w, weights, state->taps);
        state->taps_valid = true;
    }
    return state->taps;
}

// ---- products -----------------------------------------------------------------------------------

static dnnl_status_t run_forward(const struct step *step, const struct run_state *state) {
    int64_t batch = step->size[BATCH], inputs = step->size[INPUTS], outputs = step->size[OUTPUTS];
    float *y = step->at[Y];
    (void)state;
    for (int64_t i = 0; step->at[B] != NULL && i < batch; i++) {
        memcpy(y + i * outputs, step->at[B], (size_t)outputs * sizeof *y);
    }
    return dnnl_sgemm('N', 'T', batch, outputs, inputs, 1, step->at[X], inputs, step->at[W], inputs,
                      step->at[B] != NULL ? 1 : 0, y, outputs);
}

static dnnl_status_t run_input(const struct step *step, const struct run_state *state) {
    int64_t batch = step->size[BATCH], inputs = step->size[INPUTS], outputs = step->size[OUTPUTS];
    (void)state;
    return dnnl_sgemm('N', 'N', batch, inputs, outputs, 1, step->at[Y], outputs, step->at[W], inputs, 0, step->at[X],
                      inputs);
}

static dnnl_status_t run_weights(const struct step *step, const struct run_state *state) {
    int64_t batch = step->size[BATCH], inputs = step->size[INPUTS], outputs = step->size[OUTPUTS];
    if (step->at[B] != NULL) {
        state->kernels->column_sums(batch, outputs, step->at[Y], step->at[B]);
    }
    return dnnl_sgemm('T', 'N', outputs, inputs, batch, 1, step->at[Y], outputs, step->at[X], inputs, 0, step->at[W],
                      inputs);
}

static void product_step(struct builder *b, step_function *run, value_id sized_x, value_id sized_y,
                         const int place[4]) {
    builder_products(b);
    struct step *step = step_add(b, run);
    memcpy(step->place, place, 4 * sizeof *place);
    step->size[BATCH] = builder_value(b, sized_x)->shape.size[0];
    step->size[INPUTS] = builder_value(b, sized_x)->shape.size[1];
    step->size[OUTPUTS] = builder_value(b, sized_y)->shape.size[1];
}

void point_forward(struct builder *b, const struct op *op) {
    int place[] = {value_read(b, op->in[0]), taps_read(b, op, op->in[1]), value_read(b, op->in[2]), NO_PLACE};
    place[Y] = value_write(b, op->out[0]);
    product_step(b, run_forward, op->in[0], op->out[0], place);
}

void point_input_gradient(struct builder *b, const struct op *op) {
    int place[] = {NO_PLACE, taps_read(b, op, op->in[1]), NO_PLACE, value_read(b, op->in[0])};
    place[X] = value_write(b, op->out[0]);
    product_step(b, run_input, op->out[0], op->in[0], place);
}

void point_weight_gradient(struct builder *b, const struct op *op) {
    int place[] = {value_read(b, op->in[0]), NO_PLACE, NO_PLACE, value_read(b, op->in[1])};
    int dw = value_write(b, op->out[0]);
    place[B] = value_write(b, op->out[1]);
    place[W] = only_tap(b, op->out[0]) ? dw : place_new(b, tap_bytes(b, op->out[0]));
    product_step(b, run_weights, op->in[0], op->in[1], place);
    if (place[W] != dw) {
        tap_step(b, op, run_spread_taps, op->out[0], place[W], dw);
    }
}
