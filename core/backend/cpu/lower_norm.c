// Batch and layer normalization. A batch norm runs in whatever layout its values have, as long as
// channels lie beside each other: blocked as oneDNN has it, or rows. Groups of channels are shared
// between threads; each is summed by one thread, so that results do not depend on their number.
#include "core/backend/cpu/onednn.h"
#include "core/backend/cpu/threads.h"

#include <math.h>
#include <string.h>

// Places of a forward and of a backward step.
enum { X, SCALE, SHIFT, MEAN, VARIANCE, RESIDUAL, Y, BATCH_MEAN, BATCH_INVERSE, Y_BF16, FORWARD_PLACES };
enum {
    DY, GRADIENT_X, GRADIENT_SCALE, GRADIENT_MEAN, GRADIENT_INVERSE, RESULT, DX, DSCALE, DSHIFT, DRESIDUAL, RESULT_BF16,
    DX_BF16, BACKWARD_PLACES
};

// ---- layouts ----------------------------------------------------------------------------------

// Channels innermost, whole or in one block, and images without gaps: otherwise false.
static bool places_of(const dnnl_memory_desc_t *layout, struct norm_places *places) {
    const dnnl_blocking_desc_t *blocking = &layout->format_desc.blocking;
    int64_t cells = layout->ndims == 4 ? layout->dims[2] * layout->dims[3] : 1;
    bool blocked = blocking->inner_nblks == 1 && blocking->inner_idxs[0] == 1;
    if (layout->format_kind != dnnl_blocked || (blocking->inner_nblks > 0 && !blocked)) {
        return false;
    }
    int64_t width = blocked ? blocking->inner_blks[0] : layout->dims[1];
    int64_t cell = cells > 1 ? blocking->strides[3] : width;
    *places = (struct norm_places){.images = layout->dims[0],
                                   .cells = cells,
                                   .channels = layout->dims[1],
                                   .width = width,
                                   .image = blocking->strides[0],
                                   .block = blocked ? blocking->strides[1] : 0,
                                   .cell = cell};
    bool beside = blocked || (blocking->strides[1] == 1 && cell >= width);
    return beside && (cells == 1 || blocking->strides[2] == cell * layout->dims[3]);
}

// The layout a batch norm works in: that of `id` where it will do.
static dnnl_memory_desc_t norm_layout(const struct builder *b, value_id id, struct norm_places *places) {
    const dnnl_memory_desc_t *found = value_layout(b, id);
    dnnl_memory_desc_t layout = found != NULL ? *found : onednn_plain(builder_value(b, id)->shape, DTYPE_F32);
    if (!places_of(&layout, places)) {
        dnnl_dims_t dims = {0};
        memcpy(dims, builder_value(b, id)->shape.size, sizeof builder_value(b, id)->shape.size);
        dnnl_memory_desc_init_by_tag(&layout, 4, dims, dnnl_f32, dnnl_nChw8c);
        places_of(&layout, places);
    }
    return layout;
}

// ---- bf16 --------------------------------------------------------------------------------------
// What convolutions read in bf16 is written so at once, beside the f32 or, where nobody reads that, in its place.

static dnnl_memory_desc_t in_bf16(const dnnl_memory_desc_t *layout) {
    dnnl_memory_desc_t same = *layout;
    same.data_type = dnnl_bf16;
    return same;
}

static int write_bf16(struct builder *b, value_id id, const dnnl_memory_desc_t *layout) {
    dnnl_memory_desc_t same = in_bf16(layout);
    return operand_type(b) == DTYPE_BF16 && id != VALUE_NONE ? value_write_also(b, id, &same) : NO_PLACE;
}

static int found_bf16(const struct builder *b, value_id id, const dnnl_memory_desc_t *layout) {
    dnnl_memory_desc_t same = in_bf16(layout);
    return id != VALUE_NONE ? value_found_as(b, id, &same) : NO_PLACE;
}

// ---- groups -----------------------------------------------------------------------------------

struct group {
    struct norm_view view;
    int64_t channel, known; // its first channel; how many of the view's are channels, the rest is padding
    int64_t offset;         // of its first value
};

static int64_t group_count(const struct norm_places *p, int lanes) {
    int64_t blocks = (p->channels + p->width - 1) / p->width;
    return blocks * ((p->width + lanes - 1) / lanes);
}

static struct group group_at(const struct norm_places *p, int lanes, int64_t index) {
    int64_t per_block = (p->width + lanes - 1) / lanes, block = index / per_block, first = index % per_block * lanes;
    int64_t left = p->width - first, channel = block * p->width + first;
    struct group g = {.view = {p->images, p->cells, p->image, p->cell, left < lanes ? left : lanes},
                      .channel = channel,
                      .offset = block * p->block + first};
    int64_t known = p->channels - channel;
    g.known = known < 0 ? 0 : known < g.view.width ? known : g.view.width;
    return g;
}

static const float *from(const struct step *step, int place, const struct group *g) {
    return step->at[place] != NULL ? (const float *)step->at[place] + g->offset : NULL;
}

static float *to(const struct step *step, int place, const struct group *g) {
    return step->at[place] != NULL ? (float *)step->at[place] + g->offset : NULL;
}

static uint16_t *half(const struct step *step, int place, const struct group *g) {
    return step->at[place] != NULL ? (uint16_t *)step->at[place] + g->offset : NULL;
}

// The group's share of a [channels] operand; what is padding stays 0.
static void channel_read(const struct step *step, int place, const struct group *g, float fallback,
                         float values[LANES_MOST]) {
    const float *all = step->at[place];
    for (int64_t k = 0; k < g->known; k++) {
        values[k] = all != NULL ? all[g->channel + k] : fallback;
    }
}

static void channel_write(const struct step *step, int place, const struct group *g, const float *values) {
    if (step->at[place] != NULL && g->known > 0) {
        memcpy((float *)step->at[place] + g->channel, values, (size_t)g->known * sizeof *values);
    }
}

struct work {
    const struct step *step;
    const struct run_state *state;
    void (*group)(const struct step *step, const struct kernels *kernels, const struct group *group);
};

static void run_groups(void *context, int part, int parts) {
    struct work *work = context;
    const struct norm_places *layout = &work->step->u.norm.layout;
    int lanes = work->state->kernels->lanes;
    int64_t count = group_count(layout, lanes);
    for (int64_t i = count * part / parts; i < count * (part + 1) / parts; i++) {
        struct group group = group_at(layout, lanes, i);
        work->group(work->step, work->state->kernels, &group);
    }
}

static dnnl_status_t share_groups(const struct step *step, const struct run_state *state,
                                  void (*group)(const struct step *, const struct kernels *, const struct group *)) {
    struct work work = {step, state, group};
    const struct norm_places *p = &step->u.norm.layout;
    int64_t groups = group_count(p, state->kernels->lanes), parts = groups < state->threads ? groups : state->threads;
    threads_share(p->images * p->cells * p->channels < SHARED_ELEMENTS ? 1 : (int)parts, run_groups, &work);
    return dnnl_success;
}

static struct step *add_step(struct builder *b, const struct op *op, step_function *run, struct norm_places layout) {
    struct step *step = step_add(b, run);
    step->u.norm.op = *op;
    step->u.norm.layout = layout;
    return step;
}

// ---- batch norm -------------------------------------------------------------------------------

static void follow(const struct step *step, const struct group *g, double count, const float *mean,
                   const float *variance) {
    float *running_mean = step->at[MEAN], *running_variance = step->at[VARIANCE];
    float momentum = (float)step->u.norm.op.attr.norm.momentum, unbiased = (float)(count / (count - 1));
    for (int64_t k = 0; count > 1 && k < g->known; k++) {
        float *m = &running_mean[g->channel + k], *v = &running_variance[g->channel + k];
        *m += momentum * (mean[k] - *m);
        *v += momentum * (variance[k] * unbiased - *v);
    }
}

static void group_forward(const struct step *step, const struct kernels *kernels, const struct group *g) {
    const struct op *op = &step->u.norm.op;
    float mean[LANES_MOST] = {0}, variance[LANES_MOST] = {0}, factor[LANES_MOST] = {0}, shift[LANES_MOST] = {0};
    float inverse[LANES_MOST] = {0};
    if (op->attr.norm.training) {
        kernels->norm_figures(&g->view, from(step, X, g), mean, variance);
        follow(step, g, (double)(g->view.images * g->view.cells), mean, variance);
    } else {
        channel_read(step, MEAN, g, 0, mean);
        channel_read(step, VARIANCE, g, 1, variance);
    }
    channel_read(step, SCALE, g, 1, factor);
    channel_read(step, SHIFT, g, 0, shift);
    for (int64_t k = 0; k < g->known; k++) {
        inverse[k] = (float)(1 / sqrt((double)variance[k] + op->attr.norm.epsilon));
        factor[k] *= inverse[k];
    }
    if (op->attr.norm.training) {
        channel_write(step, BATCH_MEAN, g, mean);
        channel_write(step, BATCH_INVERSE, g, inverse);
    }
    struct norm_apply apply = {.x = from(step, X, g),
                               .residual = from(step, RESIDUAL, g),
                               .mean = mean,
                               .factor = factor,
                               .shift = shift,
                               .y = to(step, Y, g),
                               .y_bf16 = half(step, Y_BF16, g),
                               .relu = op->attr.norm.relu};
    kernels->norm_apply(&g->view, &apply);
}

static dnnl_status_t run_batch_norm(const struct step *step, const struct run_state *state) {
    return share_groups(step, state, group_forward);
}

static int read_as(struct builder *b, value_id id, const dnnl_memory_desc_t *layout) {
    return id == VALUE_NONE ? NO_PLACE : value_read_as(b, id, layout);
}

static int write_as(struct builder *b, value_id id, const dnnl_memory_desc_t *layout) {
    return id == VALUE_NONE ? NO_PLACE : value_write_as(b, id, layout);
}

size_t lower_batch_norm(struct builder *b, const struct op *op) {
    struct norm_places places;
    dnnl_memory_desc_t layout = norm_layout(b, op->in[0], &places);
    int place[STEP_PLACES];
    place[X] = value_read_as(b, op->in[0], &layout);
    place[SCALE] = value_read(b, op->in[1]);
    place[SHIFT] = value_read(b, op->in[2]);
    place[MEAN] = value_read(b, op->in[3]);
    place[VARIANCE] = value_read(b, op->in[4]);
    place[RESIDUAL] = read_as(b, op->in[5], &layout);
    place[Y] = value_write_as(b, op->out[0], &layout);
    place[Y_BF16] = write_bf16(b, op->out[0], &layout);
    place[BATCH_MEAN] = value_write(b, op->out[1]);
    place[BATCH_INVERSE] = value_write(b, op->out[2]);
    struct step *step = add_step(b, op, run_batch_norm, places);
    memcpy(step->place, place, FORWARD_PLACES * sizeof *place);
    step->optional = place[Y_BF16] != NO_PLACE ? 1u << Y | 1u << Y_BF16 : 0;
    return 1;
}

static void group_backward(const struct step *step, const struct kernels *kernels, const struct group *g) {
    float mean[LANES_MOST] = {0}, inverse[LANES_MOST] = {0}, scale[LANES_MOST] = {0};
    float sum[LANES_MOST] = {0}, product[LANES_MOST] = {0}, of_x[LANES_MOST] = {0}, constant[LANES_MOST] = {0};
    channel_read(step, GRADIENT_MEAN, g, 0, mean);
    channel_read(step, GRADIENT_INVERSE, g, 0, inverse);
    channel_read(step, GRADIENT_SCALE, g, 1, scale);
    struct norm_gradient gradient = {.dy = from(step, DY, g),
                                     .x = from(step, GRADIENT_X, g),
                                     .mean = mean,
                                     .y = from(step, RESULT, g),
                                     .y_bf16 = half(step, RESULT_BF16, g),
                                     .dx = to(step, DX, g),
                                     .dx_bf16 = half(step, DX_BF16, g),
                                     .dresidual = to(step, DRESIDUAL, g)};
    kernels->norm_sums(&g->view, &gradient, sum, product);
    double count = (double)(g->view.images * g->view.cells);
    for (int64_t k = 0; k < g->known; k++) {
        double factor = (double)scale[k] * (double)inverse[k];
        product[k] *= inverse[k];
        of_x[k] = (float)(-factor * (double)inverse[k] * (double)product[k] / count);
        constant[k] = (float)(-factor * (double)sum[k] / count);
        scale[k] = (float)factor;
    }
    channel_write(step, DSCALE, g, product);
    channel_write(step, DSHIFT, g, sum);
    if (gradient.dresidual != NULL) { // already behind the ReLU: one array less to read
        gradient.dy = gradient.dresidual;
        gradient.y = NULL;
        gradient.y_bf16 = NULL;
    }
    if (gradient.dx != NULL || gradient.dx_bf16 != NULL) {
        kernels->norm_input(&g->view, &gradient, scale, of_x, constant);
    }
}

static dnnl_status_t run_batch_norm_gradient(const struct step *step, const struct run_state *state) {
    return share_groups(step, state, group_backward);
}

size_t lower_batch_norm_gradient(struct builder *b, const struct op *op) {
    struct norm_places places;
    dnnl_memory_desc_t layout = norm_layout(b, op->in[1], &places);
    int place[STEP_PLACES];
    place[DY] = value_read_as(b, op->in[0], &layout);
    place[GRADIENT_X] = value_read_as(b, op->in[1], &layout);
    place[GRADIENT_SCALE] = value_read(b, op->in[2]);
    place[GRADIENT_MEAN] = value_read(b, op->in[3]);
    place[GRADIENT_INVERSE] = value_read(b, op->in[4]);
    place[RESULT_BF16] = found_bf16(b, op->in[5], &layout); // only its sign is looked at
    place[RESULT] = place[RESULT_BF16] != NO_PLACE ? NO_PLACE : read_as(b, op->in[5], &layout);
    place[DX] = write_as(b, op->out[0], &layout);
    place[DX_BF16] = write_bf16(b, op->out[0], &layout);
    place[DSCALE] = value_write(b, op->out[1]);
    place[DSHIFT] = value_write(b, op->out[2]);
    place[DRESIDUAL] = write_as(b, op->out[3], &layout);
    struct step *step = add_step(b, op, run_batch_norm_gradient, places);
    memcpy(step->place, place, BACKWARD_PLACES * sizeof *place);
    step->optional = place[DX_BF16] != NO_PLACE ? 1u << DX | 1u << DX_BF16 : 0;
    return 1;
}

// ---- layer norm -------------------------------------------------------------------------------

// images: samples; width: elements of each.
static struct norm_places rows_of(const struct builder *b, value_id id) {
    struct shape shape = builder_value(b, id)->shape;
    return (struct norm_places){.images = shape.size[0], .width = shape_count(shape) / shape.size[0]};
}

static dnnl_status_t run_layer_norm(const struct step *step, const struct run_state *state) {
    int64_t count = step->u.norm.layout.width;
    float unused[2];
    for (int64_t n = 0; n < step->u.norm.layout.images; n++) {
        float *mean = step->at[BATCH_MEAN] != NULL ? (float *)step->at[BATCH_MEAN] + n : &unused[0];
        float *inverse = step->at[BATCH_INVERSE] != NULL ? (float *)step->at[BATCH_INVERSE] + n : &unused[1];
        state->kernels->layer_norm_row(count, (const float *)step->at[X] + n * count, step->at[SCALE], step->at[SHIFT],
                                       step->u.norm.op.attr.norm.epsilon, (float *)step->at[Y] + n * count, mean,
                                       inverse);
    }
    return dnnl_success;
}

size_t lower_layer_norm(struct builder *b, const struct op *op) {
    int x = value_read(b, op->in[0]), scale = value_read(b, op->in[1]), shift = value_read(b, op->in[2]);
    int y = value_write(b, op->out[0]), mean = value_write(b, op->out[1]), inverse = value_write(b, op->out[2]);
    struct step *step = add_step(b, op, run_layer_norm, rows_of(b, op->in[0]));
    step->place[X] = x;
    step->place[SCALE] = scale;
    step->place[SHIFT] = shift;
    step->place[Y] = y;
    step->place[BATCH_MEAN] = mean;
    step->place[BATCH_INVERSE] = inverse;
    return 1;
}

static dnnl_status_t run_layer_norm_gradient(const struct step *step, const struct run_state *state) {
    int64_t count = step->u.norm.layout.width;
    for (int place = DSCALE; place <= DSHIFT; place++) {
        if (step->at[place] != NULL) {
            memset(step->at[place], 0, (size_t)count * sizeof(float));
        }
    }
    for (int64_t n = 0; n < step->u.norm.layout.images; n++) {
        struct norm_gradient g = {.dy = (const float *)step->at[DY] + n * count,
                                  .x = (const float *)step->at[GRADIENT_X] + n * count,
                                  .dx = step->at[DX] != NULL ? (float *)step->at[DX] + n * count : NULL};
        state->kernels->layer_norm_row_gradient(
            count, &g, step->at[GRADIENT_SCALE], ((const float *)step->at[GRADIENT_MEAN])[n],
            ((const float *)step->at[GRADIENT_INVERSE])[n], step->at[DSCALE], step->at[DSHIFT]);
    }
    return dnnl_success;
}

size_t lower_layer_norm_gradient(struct builder *b, const struct op *op) {
    int dy = value_read(b, op->in[0]), x = value_read(b, op->in[1]), scale = value_read(b, op->in[2]);
    int mean = value_read(b, op->in[3]), inverse = value_read(b, op->in[4]);
    int dx = value_write(b, op->out[0]), dscale = value_write(b, op->out[1]), dshift = value_write(b, op->out[2]);
    struct step *step = add_step(b, op, run_layer_norm_gradient, rows_of(b, op->in[0]));
    step->place[DY] = dy;
    step->place[GRADIENT_X] = x;
    step->place[GRADIENT_SCALE] = scale;
    step->place[GRADIENT_MEAN] = mean;
    step->place[GRADIENT_INVERSE] = inverse;
    step->place[DX] = dx;
    step->place[DSCALE] = dscale;
    step->place[DSHIFT] = dshift;
    return 1;
}
