// Convolutions with few channels, where oneDNN leaves most of a vector empty: as many images as a vector has lanes lie
// side by side, in the layout that oneDNN calls Abcd16a (8a, 4a), so that other steps can go on in it. Groups of images are
// shared between the parts of the batch; a ReLU and a pooling right behind are done while the rows are in the cache.
#include "core/backend/cpu/narrow.h"

#include <string.h>

#include "core/backend/cpu/onednn.h"
#include "core/backend/cpu/pool.h"

// Beyond these oneDNN's blocks of channels are full.
#define CHANNELS_MOST 15
#define OUTPUTS_MOST 32

enum { X, W, B, Y, POOLED, WHERE, SCRATCH };       // places of a convolution; SCRATCH: [parts] of size[SCRATCH_COUNT]
enum { GRAD_X, GRAD_DY, GRAD_W, GRAD_B, SUMS };    // of its weight gradient; SUMS: [parts, weights + outputs, lanes]
enum { FROM, TO };                                 // of a change of layout
enum { SCRATCH_COUNT, PER_IMAGE, ENTERS, BATCH };  // sizes

// ---- groups of images -----------------------------------------------------------------------------

struct groups {
    int64_t from, to, lanes;
};

static struct groups groups_of(const struct run_state *state, struct rows rows) {
    int64_t lanes = state->kernels->lanes;
    return (struct groups){rows.from / lanes, (rows.to + lanes - 1) / lanes, lanes};
}

static float *group_at(const struct step *step, int place, int64_t group, int64_t per_image, int64_t lanes) {
    return step->at[place] != NULL ? (float *)step->at[place] + group * per_image * lanes : NULL;
}

static int64_t cells_in(const struct windows *s) {
    return s->channels * s->height * s->width;
}

static int64_t cells_out(const struct windows *s) {
    return s->outputs * s->out_height * s->out_width;
}

// ---- the layout -----------------------------------------------------------------------------------

bool narrow_is_layout(const dnnl_memory_desc_t *layout) {
    const dnnl_blocking_desc_t *blocking = &layout->format_desc.blocking;
    return layout->format_kind == dnnl_blocked && blocking->inner_nblks == 1 && blocking->inner_idxs[0] == 0;
}

static dnnl_memory_desc_t layout_of(const struct builder *b, value_id id) {
    const struct value *value = builder_value(b, id);
    int lanes = b->cpu->kernels->lanes;
    dnnl_format_tag_t tag = lanes == 16 ? dnnl_Abcd16a : lanes == 8 ? dnnl_Abcd8a : dnnl_Abcd4a;
    return onednn_tagged(value->shape, value->dtype, tag);
}

static void enter_group(const struct step *step, const struct run_state *state, int64_t group, int64_t images) {
    int64_t lanes = state->kernels->lanes, count = step->size[PER_IMAGE];
    const float *from = (const float *)step->at[FROM] + group * lanes * count;
    float *to = group_at(step, TO, group, count, lanes);
    if (images == lanes) {
        state->kernels->transpose(lanes, count, from, to);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        for (int64_t n = 0; n < lanes; n++) {
            to[i * lanes + n] = n < images ? from[n * count + i] : 0;
        }
    }
}

static void leave_group(const struct step *step, const struct run_state *state, int64_t group, int64_t images) {
    int64_t lanes = state->kernels->lanes, count = step->size[PER_IMAGE];
    const float *from = group_at(step, FROM, group, count, lanes);
    float *to = (float *)step->at[TO] + group * lanes * count;
    if (images == lanes) {
        state->kernels->transpose(count, lanes, from, to);
        return;
    }
    for (int64_t n = 0; n < images; n++) {
        for (int64_t i = 0; i < count; i++) {
            to[n * count + i] = from[i * lanes + n];
        }
    }
}

static void share_change(const struct step *step, const struct run_state *state, struct rows rows) {
    struct groups g = groups_of(state, rows);
    for (int64_t group = g.from; group < g.to; group++) {
        int64_t left = step->size[BATCH] - group * g.lanes, images = left < g.lanes ? left : g.lanes;
        if (step->size[ENTERS]) {
            enter_group(step, state, group, images);
        } else {
            leave_group(step, state, group, images);
        }
    }
}

// oneDNN may want filters in a layout of the same kind.
static bool are_filters(const struct builder *b, value_id id) {
    const struct op *op = &b->program->ops[b->op];
    return (op->kind == OP_CONVOLUTION || op->kind == OP_CONVOLUTION_INPUT_GRADIENT) && op->in[1] == id;
}

bool narrow_change(struct builder *b, value_id id, const dnnl_memory_desc_t *from, int from_place,
                   const dnnl_memory_desc_t *to, int to_place) {
    struct shape shape = builder_value(b, id)->shape;
    dnnl_memory_desc_t plain = onednn_plain(shape, builder_value(b, id)->dtype);
    bool enters = narrow_is_layout(to) && onednn_equal(from, &plain);
    if (are_filters(b, id)) {
        return false;
    }
    if (!enters && !(narrow_is_layout(from) && onednn_equal(to, &plain))) {
        return false;
    }
    struct step *step = step_add_shared(b, share_change);
    step->place[FROM] = from_place;
    step->place[TO] = to_place;
    step->size[PER_IMAGE] = shape_count(shape) / shape.size[0];
    step->size[ENTERS] = enters;
    step->size[BATCH] = shape.size[0];
    return true;
}

// ---- pooling --------------------------------------------------------------------------------------

static void share_pool(const struct step *step, const struct run_state *state, struct rows rows) {
    const struct windows *s = &step->u.own.windows;
    struct groups g = groups_of(state, rows);
    for (int64_t group = g.from; group < g.to; group++) {
        state->kernels->narrow_pool(&(struct narrow_pool){
            .size = *s,
            .x = group_at(step, X, group, cells_in(s), g.lanes),
            .x_plane = s->height * s->width * g.lanes,
            .y = group_at(step, POOLED, group, cells_out(s), g.lanes),
            .where = (int32_t *)(void *)group_at(step, WHERE, group, cells_out(s), g.lanes),
            .out_rows = s->out_height,
            .average = step->u.own.op.attr.pool.kind == POOL_AVERAGE});
    }
}

static void share_pool_slope(const struct step *step, const struct run_state *state, struct rows rows) {
    const struct windows *s = &step->u.own.windows;
    struct groups g = groups_of(state, rows);
    for (int64_t group = g.from; group < g.to; group++) {
        state->kernels->narrow_pool_slope(&(struct narrow_pool_slope){
            .size = *s,
            .dy = group_at(step, POOLED, group, cells_out(s), g.lanes),
            .where = (const int32_t *)(void *)group_at(step, WHERE, group, cells_out(s), g.lanes),
            .dx = group_at(step, X, group, cells_in(s), g.lanes)});
    }
}

static void write_pooled(struct builder *b, const struct op *op, int *pooled, int *where) {
    dnnl_memory_desc_t layout = layout_of(b, op->out[0]);
    *pooled = value_write_as(b, op->out[0], &layout);
    *where = NO_PLACE;
    if (op->out[1] != VALUE_NONE) {
        dnnl_memory_desc_t whole = layout_of(b, op->out[1]);
        *where = value_write_as(b, op->out[1], &whole);
    }
}

bool narrow_pool_forward(struct builder *b, const struct op *op) {
    const dnnl_memory_desc_t *found = value_layout(b, op->in[0]);
    if (found == NULL || !narrow_is_layout(found)) {
        return false;
    }
    dnnl_memory_desc_t layout = *found;
    int pooled, where, x = value_read_as(b, op->in[0], &layout);
    write_pooled(b, op, &pooled, &where);
    struct step *step = step_add_shared(b, share_pool);
    step->u.own.op = *op;
    step->u.own.windows = windows_pool(op, builder_value(b, op->in[0])->shape, builder_value(b, op->out[0])->shape);
    step->place[X] = x;
    step->place[POOLED] = pooled;
    step->place[WHERE] = where;
    return true;
}

bool narrow_pool_gradient(struct builder *b, const struct op *op) {
    value_id decides = op->in[1] != VALUE_NONE ? op->in[1] : op->in[0];
    const dnnl_memory_desc_t *found = value_layout(b, decides);
    if (found == NULL || !narrow_is_layout(found)) {
        return false;
    }
    dnnl_memory_desc_t dy_layout = layout_of(b, op->in[0]), dx_layout = layout_of(b, op->out[0]);
    int dy = value_read_as(b, op->in[0], &dy_layout), where = NO_PLACE;
    if (op->in[1] != VALUE_NONE) {
        dnnl_memory_desc_t whole = layout_of(b, op->in[1]);
        where = value_read_as(b, op->in[1], &whole);
    }
    int dx = value_write_as(b, op->out[0], &dx_layout);
    struct step *step = step_add_shared(b, share_pool_slope);
    step->u.own.windows = windows_pool(op, builder_value(b, op->out[0])->shape, builder_value(b, op->in[0])->shape);
    step->place[X] = dx;
    step->place[POOLED] = dy;
    step->place[WHERE] = where;
    return true;
}

// ---- forward --------------------------------------------------------------------------------------

bool is_narrow(const struct builder *b, const struct op *op, value_id x, value_id w, value_id y) {
    struct windows s = windows_convolution(op, builder_value(b, x)->shape, builder_value(b, w)->shape,
                                           builder_value(b, y)->shape);
    return s.groups == 1 && s.stride[0] == 1 && s.stride[1] == 1 && s.padding[0] < s.window_height &&
           s.padding[1] < s.window_width && s.channels <= CHANNELS_MOST && s.outputs <= OUTPUTS_MOST &&
           2 * s.batch >= b->cpu->kernels->lanes;
}

static void whole_group(const struct step *step, const struct run_state *state, const struct narrow *made,
                        int64_t group) {
    struct narrow all = *made;
    all.y = group_at(step, Y, group, cells_out(&made->size), state->kernels->lanes);
    all.y_plane = made->size.out_height * made->size.out_width * state->kernels->lanes;
    all.rows = made->size.out_height;
    state->kernels->narrow(&all);
}

// A row of windows at a time: what is pooled is never written to memory.
static void pooled_group(const struct step *step, const struct run_state *state, const struct narrow *made,
                         int64_t group, float *scratch) {
    const struct windows *s = &made->size;
    int64_t lanes = state->kernels->lanes;
    struct shape x = {4, {s->batch, s->outputs, s->out_height, s->out_width}};
    const struct op *op = &step->u.own.op;
    int64_t height = (s->out_height - op->attr.pool.window[0]) / op->attr.pool.stride[0] + 1;
    int64_t width = (s->out_width - op->attr.pool.window[1]) / op->attr.pool.stride[1] + 1;
    struct shape y = {4, {s->batch, s->outputs, height, width}};
    struct windows size = windows_pool(op, x, y);
    struct narrow some = *made;
    some.y = scratch;
    some.rows = size.window_height;
    some.y_plane = some.rows * s->out_width * lanes;
    for (int64_t row = 0; row < height; row++) {
        some.row = row * size.stride[0];
        state->kernels->narrow(&some);
        state->kernels->narrow_pool(&(struct narrow_pool){
            .size = size,
            .x = scratch,
            .x_plane = some.y_plane,
            .row = some.row,
            .y = group_at(step, POOLED, group, cells_out(&size), lanes),
            .where = (int32_t *)(void *)group_at(step, WHERE, group, cells_out(&size), lanes),
            .out_row = row,
            .out_rows = 1,
            .average = op->attr.pool.kind == POOL_AVERAGE});
    }
}

static void share_forward(const struct step *step, const struct run_state *state, struct rows rows) {
    struct groups g = groups_of(state, rows);
    struct narrow made = {.size = step->u.own.windows,
                          .w = step->at[W],
                          .start = step->at[B],
                          .relu = step->activation == ACTIVATION_RELU};
    float *scratch = step->at[SCRATCH] != NULL ? (float *)step->at[SCRATCH] + rows.part * step->size[SCRATCH_COUNT] : NULL;
    for (int64_t group = g.from; group < g.to; group++) {
        made.x = group_at(step, X, group, cells_in(&made.size), g.lanes);
        if (scratch != NULL) {
            pooled_group(step, state, &made, group, scratch);
        } else {
            whole_group(step, state, &made, group);
        }
    }
}

// The pooling that takes `y`, written by the operation before it, where nothing else reads that.
static const struct op *pooled_next(struct builder *b, size_t at, value_id y, size_t uses) {
    const struct op *next = at < b->program->op_count ? &b->program->ops[at] : NULL;
    bool fits = next != NULL && next->kind == OP_POOL && next->in[0] == y && value_uses_after(b, y) == uses &&
                builder_value(b, y)->slot == SLOT_TEMPORARY && next->attr.pool.padding[0] == 0 &&
                next->attr.pool.padding[1] == 0 && next->attr.pool.stride[0] >= next->attr.pool.window[0];
    return fits ? next : NULL;
}

size_t narrow_forward(struct builder *b, const struct op *op, bool relu) {
    value_id result = relu ? b->program->ops[b->op + 1].out[0] : op->out[0];
    size_t uses = !relu ? 1 : result == op->out[0] ? 3 : 2;
    const struct op *pool = pooled_next(b, b->op + (relu ? 2 : 1), result, uses);
    dnnl_memory_desc_t x_layout = layout_of(b, op->in[0]), y_layout = layout_of(b, result);
    int x = value_read_as(b, op->in[0], &x_layout), w = value_read(b, op->in[1]), bias = value_read(b, op->in[2]);
    int y = NO_PLACE, pooled = NO_PLACE, where = NO_PLACE, scratch = NO_PLACE;
    struct windows s = windows_convolution(op, builder_value(b, op->in[0])->shape, builder_value(b, op->in[1])->shape,
                                           builder_value(b, op->out[0])->shape);
    int64_t count = 0;
    if (pool != NULL) {
        count = s.outputs * pool->attr.pool.window[0] * s.out_width * b->cpu->kernels->lanes;
        scratch = place_new(b, (size_t)(count * b->plan->parts) * sizeof(float));
        pool_forget_positions(b, pool->out[1]);
        write_pooled(b, pool, &pooled, &where);
    } else {
        y = value_write_as(b, result, &y_layout);
    }
    struct step *step = step_add_shared(b, share_forward);
    int places[] = {x, w, bias, y, pooled, where, scratch};
    memcpy(step->place, places, sizeof places);
    step->u.own.op = pool != NULL ? *pool : *op;
    step->u.own.windows = s;
    step->size[SCRATCH_COUNT] = count;
    step->activation = relu ? ACTIVATION_RELU : ACTIVATION_COUNT;
    return (relu ? 2u : 1u) + (pool != NULL ? 1u : 0u);
}

// ---- input gradient: the convolution of dy with the filters turned around ---------------------------

static void turn_filters(const struct windows *s, const float *w, float *turned) {
    int64_t area = s->window_height * s->window_width;
    for (int64_t o = 0; o < s->outputs; o++) {
        for (int64_t c = 0; c < s->channels; c++) {
            for (int64_t i = 0; i < area; i++) {
                turned[(c * s->outputs + o) * area + area - 1 - i] = w[(o * s->channels + c) * area + i];
            }
        }
    }
}

static void share_input_gradient(const struct step *step, const struct run_state *state, struct rows rows) {
    const struct windows *s = &step->u.own.windows;
    float *turned = (float *)step->at[SCRATCH] + rows.part * step->size[SCRATCH_COUNT];
    struct groups g = groups_of(state, rows);
    turn_filters(s, step->at[W], turned);
    struct narrow back = {.size = *s, .w = turned, .rows = s->height, .y_plane = s->height * s->width * g.lanes};
    back.size.channels = s->outputs;
    back.size.outputs = s->channels;
    back.size.height = s->out_height;
    back.size.width = s->out_width;
    back.size.out_height = s->height;
    back.size.out_width = s->width;
    back.size.padding[0] = s->window_height - 1 - s->padding[0];
    back.size.padding[1] = s->window_width - 1 - s->padding[1];
    for (int64_t group = g.from; group < g.to; group++) {
        back.x = group_at(step, Y, group, cells_out(s), g.lanes);
        back.y = group_at(step, X, group, cells_in(s), g.lanes);
        state->kernels->narrow(&back);
    }
}

void narrow_input_gradient(struct builder *b, const struct op *op) {
    dnnl_memory_desc_t dy_layout = layout_of(b, op->in[0]), dx_layout = layout_of(b, op->out[0]);
    struct shape w_shape = builder_value(b, op->in[1])->shape;
    size_t weights = (size_t)shape_count(w_shape);
    int dy = value_read_as(b, op->in[0], &dy_layout), w = value_read(b, op->in[1]);
    int dx = value_write_as(b, op->out[0], &dx_layout);
    int scratch = place_new(b, weights * (size_t)b->plan->parts * sizeof(float));
    struct step *step = step_add_shared(b, share_input_gradient);
    step->u.own.windows =
        windows_convolution(op, builder_value(b, op->out[0])->shape, w_shape, builder_value(b, op->in[0])->shape);
    step->place[X] = dx;
    step->place[W] = w;
    step->place[Y] = dy;
    step->place[SCRATCH] = scratch;
    step->size[SCRATCH_COUNT] = (int64_t)weights;
}

// ---- weight gradient ------------------------------------------------------------------------------

static void share_weight_gradient(const struct step *step, const struct run_state *state, struct rows rows) {
    const struct windows *s = &step->u.own.windows;
    int64_t weights = s->outputs * s->channels * s->window_height * s->window_width;
    struct groups g = groups_of(state, rows);
    float *sums = (float *)step->at[SUMS] + rows.part * (weights + s->outputs) * g.lanes;
    struct narrow_slope slope = {.size = *s, .sums = sums};
    slope.bias_sums = step->at[GRAD_B] != NULL ? sums + weights * g.lanes : NULL;
    memset(sums, 0, (size_t)((weights + s->outputs) * g.lanes) * sizeof *sums);
    for (int64_t group = g.from; group < g.to; group++) {
        slope.x = group_at(step, GRAD_X, group, cells_in(s), g.lanes);
        slope.dy = group_at(step, GRAD_DY, group, cells_out(s), g.lanes);
        state->kernels->narrow_slope(&slope);
    }
    state->kernels->lane_sums((size_t)weights, sums, (float *)step->at[GRAD_W] + rows.part * weights);
    if (slope.bias_sums != NULL) {
        state->kernels->lane_sums((size_t)s->outputs, slope.bias_sums, (float *)step->at[GRAD_B] + rows.part * s->outputs);
    }
}

void narrow_weight_gradient(struct builder *b, const struct op *op) {
    dnnl_memory_desc_t x_layout = layout_of(b, op->in[0]), dy_layout = layout_of(b, op->in[1]);
    struct shape x_shape = builder_value(b, op->in[0])->shape, w_shape = builder_value(b, op->out[0])->shape;
    int x = value_read_as(b, op->in[0], &x_layout), dy = value_read_as(b, op->in[1], &dy_layout);
    int dw = value_write(b, op->out[0]), db = value_write(b, op->out[1]);
    dw = place_of_parts(b, dw, op->out[0]);
    db = place_of_parts(b, db, op->out[1]);
    struct windows s = windows_convolution(op, x_shape, w_shape, builder_value(b, op->in[1])->shape);
    size_t sums = (size_t)((shape_count(w_shape) + s.outputs) * b->cpu->kernels->lanes * b->plan->parts);
    int sums_place = place_new(b, sums * sizeof(float));
    struct step *step = step_add_shared(b, share_weight_gradient);
    int places[] = {x, dy, dw, db, sums_place};
    memcpy(step->place, places, sizeof places);
    step->u.own.windows = s;
}
