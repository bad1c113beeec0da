#include "core/backend/cpu/onednn.h"

#include "core/backend/cpu/room.h"

static const dnnl_data_type_t types[DTYPE_COUNT] = {
    [DTYPE_F32] = dnnl_f32, [DTYPE_BF16] = dnnl_bf16, [DTYPE_F16] = dnnl_f16, [DTYPE_U8] = dnnl_u8, [DTYPE_I32] = dnnl_s32,
};

dnnl_memory_desc_t onednn_plain(struct shape shape, enum dtype dtype) {
    dnnl_memory_desc_t layout = {0};
    dnnl_dims_t dims = {0}, strides = {0};
    int64_t stride = 1;
    for (int i = shape.rank - 1; i >= 0; i--) {
        dims[i] = shape.size[i];
        strides[i] = stride;
        stride *= shape.size[i];
    }
    dnnl_memory_desc_init_by_strides(&layout, shape.rank, dims, types[dtype], strides);
    return layout;
}

dnnl_memory_desc_t onednn_tagged(struct shape shape, enum dtype dtype, dnnl_format_tag_t tag) {
    dnnl_memory_desc_t layout = {0};
    dnnl_dims_t dims = {0};
    for (int i = 0; i < shape.rank; i++) {
        dims[i] = shape.size[i];
    }
    dnnl_memory_desc_init_by_tag(&layout, shape.rank, dims, types[dtype], tag);
    return layout;
}

dnnl_memory_desc_t onednn_any(dnnl_memory_desc_t plain) {
    dnnl_memory_desc_t layout = {0};
    dnnl_memory_desc_init_by_tag(&layout, plain.ndims, plain.dims, plain.data_type, dnnl_format_tag_any);
    return layout;
}

bool onednn_equal(const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *b) {
    return dnnl_memory_desc_equal(a, b) != 0;
}

size_t onednn_bytes(const dnnl_memory_desc_t *layout) {
    return dnnl_memory_desc_get_size(layout);
}

// ---- descriptions -----------------------------------------------------------------------------

// Scratch memory comes from the plan, so that running allocates nothing.
static dnnl_primitive_attr_t attributes(struct builder *b, bool relu) {
    dnnl_primitive_attr_t made = NULL;
    dnnl_post_ops_t after = NULL;
    if (builder_ok(b)) {
        b->status = room_for_primitive(b->error);
    }
    dnnl_status_t status = dnnl_primitive_attr_create(&made);
    status = status ? status : dnnl_primitive_attr_set_scratchpad_mode(made, dnnl_scratchpad_mode_user);
    if (relu) {
        status = status ? status : dnnl_post_ops_create(&after);
        status = status ? status : dnnl_post_ops_append_eltwise(after, 1, dnnl_eltwise_relu, 0, 0);
        status = status ? status : dnnl_primitive_attr_set_post_ops(made, after);
        dnnl_post_ops_destroy(after);
    }
    builder_fail(b, status, "attributes");
    return made;
}

static dnnl_primitive_desc_t describe(struct builder *b, dnnl_status_t status, const_dnnl_op_desc_t operation,
                                      bool relu, dnnl_primitive_desc_t forward, const char *what) {
    dnnl_primitive_desc_t made = NULL;
    dnnl_primitive_attr_t attribute = attributes(b, relu);
    if (builder_ok(b)) {
        status = status ? status
                        : dnnl_primitive_desc_create(&made, operation, attribute, b->cpu->engine, forward);
        builder_fail(b, status, what);
    }
    dnnl_primitive_attr_destroy(attribute);
    return made;
}

// Winograd's way with tiles of 4×4 takes a quarter of the multiplications of a 3×3 window; with few channels, too few
// tiles to pay for turning the filters, or tiles that lie half outside, it is slower. Results are off by one or two
// millionths of their size.
#define TILES_FOR_WINOGRAD 32
#define CHANNELS_FOR_WINOGRAD 32
static bool few_multiplications(const struct onednn_convolution *c) {
    int64_t height = c->y.dims[2], width = c->y.dims[3], tiles = (height + 3) / 4 * ((width + 3) / 4);
    bool filled = height >= 4 && width >= 4 && 2 * height * width > 16 * tiles;
    return c->w.ndims == 4 && c->w.dims[2] == 3 && c->w.dims[3] == 3 && c->strides[0] == 1 && c->strides[1] == 1 &&
           filled && c->y.dims[0] * tiles >= TILES_FOR_WINOGRAD && c->x.dims[1] >= CHANNELS_FOR_WINOGRAD &&
           c->y.dims[1] >= CHANNELS_FOR_WINOGRAD && c->x.data_type == dnnl_f32 && c->w.data_type == dnnl_f32;
}

typedef dnnl_status_t init_function(dnnl_convolution_desc_t *d, dnnl_alg_kind_t algorithm,
                                    const struct onednn_convolution *c);

// The operation by Winograd's way where oneDNN has it for this processor, else directly.
static dnnl_primitive_desc_t describe_convolution(struct builder *b, init_function *init,
                                                  const struct onednn_convolution *c, bool relu,
                                                  dnnl_primitive_desc_t forward, const char *what) {
    dnnl_convolution_desc_t d;
    dnnl_primitive_desc_t made = NULL;
    if (few_multiplications(c) && init(&d, dnnl_convolution_winograd, c) == dnnl_success) {
        dnnl_primitive_attr_t attribute = attributes(b, relu);
        dnnl_status_t status = builder_ok(b) ? dnnl_primitive_desc_create(&made, &d, attribute, b->cpu->engine, forward)
                                             : dnnl_runtime_error;
        dnnl_primitive_attr_destroy(attribute);
        if (status == dnnl_success) {
            return made;
        }
    }
    return describe(b, init(&d, dnnl_convolution_direct, c), &d, relu, forward, what);
}

static dnnl_status_t init_forward(dnnl_convolution_desc_t *d, dnnl_alg_kind_t algorithm,
                                  const struct onednn_convolution *c) {
    return dnnl_convolution_forward_desc_init(d, dnnl_forward_training, algorithm, &c->x, &c->w,
                                              c->b.ndims > 0 ? &c->b : NULL, &c->y, c->strides, c->padding, c->padding);
}

dnnl_primitive_desc_t onednn_convolution_forward(struct builder *b, const struct onednn_convolution *c, bool relu) {
    return describe_convolution(b, init_forward, c, relu, NULL, "a convolution");
}

static dnnl_status_t init_input(dnnl_convolution_desc_t *d, dnnl_alg_kind_t algorithm,
                                const struct onednn_convolution *c) {
    return dnnl_convolution_backward_data_desc_init(d, algorithm, &c->x, &c->w, &c->y, c->strides, c->padding,
                                                    c->padding);
}

dnnl_primitive_desc_t onednn_convolution_input(struct builder *b, const struct onednn_convolution *c,
                                               dnnl_primitive_desc_t forward) {
    return describe_convolution(b, init_input, c, false, forward, "the input gradient of a convolution");
}

static dnnl_status_t init_weights(dnnl_convolution_desc_t *d, dnnl_alg_kind_t algorithm,
                                  const struct onednn_convolution *c) {
    return dnnl_convolution_backward_weights_desc_init(d, algorithm, &c->x, &c->w, c->b.ndims > 0 ? &c->b : NULL, &c->y,
                                                       c->strides, c->padding, c->padding);
}

dnnl_primitive_desc_t onednn_convolution_weights(struct builder *b, const struct onednn_convolution *c,
                                                 dnnl_primitive_desc_t forward) {
    return describe_convolution(b, init_weights, c, false, forward, "the weight gradient of a convolution");
}

dnnl_primitive_desc_t onednn_dense_forward(struct builder *b, const struct onednn_convolution *c) {
    dnnl_inner_product_desc_t d;
    dnnl_status_t status = dnnl_inner_product_forward_desc_init(&d, dnnl_forward_training, &c->x, &c->w,
                                                                c->b.ndims > 0 ? &c->b : NULL, &c->y);
    return describe(b, status, &d, false, NULL, "a dense layer");
}

dnnl_primitive_desc_t onednn_dense_input(struct builder *b, const struct onednn_convolution *c,
                                         dnnl_primitive_desc_t forward) {
    dnnl_inner_product_desc_t d;
    dnnl_status_t status = dnnl_inner_product_backward_data_desc_init(&d, &c->x, &c->w, &c->y);
    return describe(b, status, &d, false, forward, "the input gradient of a dense layer");
}

dnnl_primitive_desc_t onednn_dense_weights(struct builder *b, const struct onednn_convolution *c,
                                           dnnl_primitive_desc_t forward) {
    dnnl_inner_product_desc_t d;
    dnnl_status_t status = dnnl_inner_product_backward_weights_desc_init(
        &d, &c->x, &c->w, c->b.ndims > 0 ? &c->b : NULL, &c->y);
    return describe(b, status, &d, false, forward, "the weight gradient of a dense layer");
}

enum onednn_bf16 onednn_bf16(void) {
    unsigned isa = (unsigned)dnnl_get_effective_cpu_isa(); // each contains the bits of those it goes beyond
    bool native = (isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
    bool emulated = (isa & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core;
    return native ? BF16_NATIVE : emulated ? BF16_EMULATED : BF16_ABSENT;
}

dnnl_primitive_desc_t onednn_pool_forward(struct builder *b, const struct onednn_pool *p, bool training) {
    dnnl_pooling_desc_t d;
    dnnl_status_t status = dnnl_pooling_forward_desc_init(
        &d, training ? dnnl_forward_training : dnnl_forward_inference, p->algorithm, &p->x, &p->y, p->strides,
        p->window, p->padding, p->padding);
    return describe(b, status, &d, false, NULL, "a pooling");
}

dnnl_primitive_desc_t onednn_pool_backward(struct builder *b, const struct onednn_pool *p,
                                           dnnl_primitive_desc_t forward) {
    dnnl_pooling_desc_t d;
    dnnl_status_t status = dnnl_pooling_backward_desc_init(&d, p->algorithm, &p->x, &p->y, p->strides, p->window,
                                                           p->padding, p->padding);
    return describe(b, status, &d, false, forward, "the gradient of a pooling");
}

dnnl_memory_desc_t onednn_layout(dnnl_primitive_desc_t description, dnnl_query_t what) {
    const dnnl_memory_desc_t *layout = description != NULL ? dnnl_primitive_desc_query_md(description, what, 0) : NULL;
    return layout != NULL ? *layout : (dnnl_memory_desc_t){0};
}

// ---- steps ------------------------------------------------------------------------------------

static dnnl_status_t run_primitive(const struct step *step, const struct run_state *state) {
    return dnnl_primitive_execute(step->u.dnnl.primitive, state->stream, step->u.dnnl.count, step->u.dnnl.args);
}

static void add_arg(struct builder *b, struct step *step, const struct onednn_arg *arg) {
    dnnl_memory_t memory = NULL;
    dnnl_status_t status = dnnl_memory_create(&memory, &arg->layout, b->cpu->engine, DNNL_MEMORY_NONE);
    builder_fail(b, status, "a memory object");
    if (status == dnnl_success) {
        int i = step->u.dnnl.count++;
        step->u.dnnl.args[i] = (dnnl_exec_arg_t){.arg = arg->arg, .memory = memory};
        step->place[i] = arg->place;
    }
}

void onednn_step(struct builder *b, dnnl_primitive_desc_t description, const struct onednn_arg *args, int count) {
    dnnl_memory_desc_t scratch = onednn_layout(description, dnnl_query_scratchpad_md);
    size_t scratch_bytes = onednn_bytes(&scratch);
    int scratch_place = scratch_bytes > 0 ? place_new(b, scratch_bytes) : NO_PLACE;
    struct step *step = step_add(b, run_primitive);
    if (!builder_ok(b)) {
        return;
    }
    builder_fail(b, dnnl_primitive_create(&step->u.dnnl.primitive, description), "a primitive");
    for (int i = 0; builder_ok(b) && i < count; i++) {
        if (args[i].place != NO_PLACE) {
            add_arg(b, step, &args[i]);
        }
    }
    if (builder_ok(b) && scratch_place != NO_PLACE) {
        add_arg(b, step, &(struct onednn_arg){DNNL_ARG_SCRATCHPAD, scratch_place, scratch});
    }
}

void onednn_reorder(struct builder *b, const dnnl_memory_desc_t *from, int from_place, const dnnl_memory_desc_t *to,
                    int to_place) {
    dnnl_primitive_desc_t description = NULL;
    dnnl_primitive_attr_t attribute = attributes(b, false);
    if (builder_ok(b)) {
        builder_fail(b,
                     dnnl_reorder_primitive_desc_create(&description, from, b->cpu->engine, to, b->cpu->engine,
                                                        attribute),
                     "a change of layout");
    }
    struct onednn_arg args[] = {{DNNL_ARG_FROM, from_place, *from}, {DNNL_ARG_TO, to_place, *to}};
    if (builder_ok(b)) {
        onednn_step(b, description, args, 2);
    }
    dnnl_primitive_attr_destroy(attribute);
    dnnl_primitive_desc_destroy(description);
}

void onednn_step_resolve(struct step *step) {
    for (int i = 0; step->run == run_primitive && i < step->u.dnnl.count; i++) {
        dnnl_memory_set_data_handle(step->u.dnnl.args[i].memory, step->at[i]);
    }
}

void onednn_step_free(struct step *step) {
    for (int i = 0; step->run == run_primitive && i < step->u.dnnl.count; i++) {
        dnnl_memory_destroy(step->u.dnnl.args[i].memory);
    }
    if (step->run == run_primitive) {
        dnnl_primitive_destroy(step->u.dnnl.primitive);
    }
}
