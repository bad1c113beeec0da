// All that depends on oneDNN's version: descriptions of layouts, creation of primitives. Internal to
// core/backend/cpu.
#ifndef CORE_BACKEND_CPU_ONEDNN_H
#define CORE_BACKEND_CPU_ONEDNN_H

#include "core/backend/cpu/plan.h"

#if DNNL_VERSION_MAJOR != 2
#error "core/backend/cpu is written for oneDNN 2.x (Debian 12 has 2.6.3): install libdnnl-dev of that series."
#endif

// Convolution and pooling in oneDNN's terms; `x`, `w`, `b`, `y` are layouts to be used, ANY where
// oneDNN chooses. `b` has ndims 0 where there is none.
struct onednn_convolution {
    dnnl_memory_desc_t x, w, b, y;
    dnnl_dims_t strides, padding; // the same padding on both sides
};

struct onednn_pool {
    dnnl_memory_desc_t x, y;
    dnnl_alg_kind_t algorithm;
    dnnl_dims_t strides, window, padding;
};

// An operand of a primitive: DNNL_ARG_…, its place and layout.
struct onednn_arg {
    int arg, place;
    dnnl_memory_desc_t layout;
};

dnnl_memory_desc_t onednn_plain(struct shape shape, enum dtype dtype);
dnnl_memory_desc_t onednn_tagged(struct shape shape, enum dtype dtype, dnnl_format_tag_t tag);
dnnl_memory_desc_t onednn_any(dnnl_memory_desc_t plain); // the same, layout left to oneDNN
bool onednn_equal(const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *b);
size_t onednn_bytes(const dnnl_memory_desc_t *layout);

// Descriptions of primitives, to be destroyed by the caller; NULL after a failure (builder_fail).
// `relu`: the result is rectified.
dnnl_primitive_desc_t onednn_convolution_forward(struct builder *b, const struct onednn_convolution *c, bool relu);
dnnl_primitive_desc_t onednn_convolution_input(struct builder *b, const struct onednn_convolution *c,
                                               dnnl_primitive_desc_t forward);
dnnl_primitive_desc_t onednn_convolution_weights(struct builder *b, const struct onednn_convolution *c,
                                                 dnnl_primitive_desc_t forward);
// Of dense layers only x, w, b and y count.
dnnl_primitive_desc_t onednn_dense_forward(struct builder *b, const struct onednn_convolution *c);
dnnl_primitive_desc_t onednn_dense_input(struct builder *b, const struct onednn_convolution *c,
                                         dnnl_primitive_desc_t forward);
dnnl_primitive_desc_t onednn_dense_weights(struct builder *b, const struct onednn_convolution *c,
                                           dnnl_primitive_desc_t forward);
dnnl_primitive_desc_t onednn_pool_forward(struct builder *b, const struct onednn_pool *p, bool training);
dnnl_primitive_desc_t onednn_pool_backward(struct builder *b, const struct onednn_pool *p,
                                           dnnl_primitive_desc_t forward);

// Does oneDNN compute in bf16 here? Where the processor has no instructions for it they are imitated, which is slower.
enum onednn_bf16 { BF16_ABSENT, BF16_EMULATED, BF16_NATIVE } onednn_bf16(void);

// The layout a primitive wants for an operand: dnnl_query_src_md, dnnl_query_weights_md …
dnnl_memory_desc_t onednn_layout(dnnl_primitive_desc_t description, dnnl_query_t what);

// Adds the step that runs the primitive, scratch memory included.
void onednn_step(struct builder *b, dnnl_primitive_desc_t description, const struct onednn_arg *args, int count);
void onednn_reorder(struct builder *b, const dnnl_memory_desc_t *from, int from_place, const dnnl_memory_desc_t *to,
                    int to_place);
void onednn_step_resolve(struct step *step); // after `at` is filled in
void onednn_step_free(struct step *step);

#endif
