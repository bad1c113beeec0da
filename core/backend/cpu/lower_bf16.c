// Large products of dense layers with bf16 operands, by oneDNN. Results are f32; an activation behind them is a step of
// its own.
#include "core/backend/cpu/bf16.h"

#include "core/backend/cpu/onednn.h"

static dnnl_memory_desc_t read_layout(const struct builder *b, value_id id) {
    return onednn_any(onednn_plain(builder_value(b, id)->shape, DTYPE_BF16));
}

static dnnl_memory_desc_t made_layout(const struct builder *b, value_id id) {
    return id != VALUE_NONE ? onednn_plain(builder_value(b, id)->shape, DTYPE_F32) : (dnnl_memory_desc_t){0};
}

void bf16_dense(struct builder *b, const struct op *op) {
    struct onednn_convolution c = {.x = read_layout(b, op->in[0]),
                                   .w = read_layout(b, op->in[1]),
                                   .b = made_layout(b, op->in[2]),
                                   .y = made_layout(b, op->out[0])};
    dnnl_primitive_desc_t description = onednn_dense_forward(b, &c);
    if (builder_ok(b)) {
        dnnl_memory_desc_t x = onednn_layout(description, dnnl_query_src_md);
        dnnl_memory_desc_t w = onednn_layout(description, dnnl_query_weights_md);
        struct onednn_arg args[] = {
            {DNNL_ARG_SRC, value_read_as(b, op->in[0], &x), x},
            {DNNL_ARG_WEIGHTS, value_read_as(b, op->in[1], &w), w},
            {DNNL_ARG_BIAS, value_read(b, op->in[2]), c.b},
            {DNNL_ARG_DST, value_write(b, op->out[0]), c.y},
        };
        onednn_step(b, description, args, 4);
    }
    dnnl_primitive_desc_destroy(description);
}

// What oneDNN wants to know of the way there when it describes the way back.
static dnnl_primitive_desc_t forward_hint(struct builder *b, value_id x, value_id w, value_id y) {
    struct onednn_convolution c = {.x = read_layout(b, x), .w = read_layout(b, w), .y = made_layout(b, y)};
    return onednn_dense_forward(b, &c);
}

void bf16_dense_input_gradient(struct builder *b, const struct op *op) {
    struct onednn_convolution c = {
        .x = made_layout(b, op->out[0]), .w = read_layout(b, op->in[1]), .y = read_layout(b, op->in[0])};
    dnnl_primitive_desc_t forward = forward_hint(b, op->out[0], op->in[1], op->in[0]);
    dnnl_primitive_desc_t description = builder_ok(b) ? onednn_dense_input(b, &c, forward) : NULL;
    if (builder_ok(b)) {
        dnnl_memory_desc_t dy = onednn_layout(description, dnnl_query_diff_dst_md);
        dnnl_memory_desc_t w = onednn_layout(description, dnnl_query_weights_md);
        struct onednn_arg args[] = {
            {DNNL_ARG_DIFF_DST, value_read_as(b, op->in[0], &dy), dy},
            {DNNL_ARG_WEIGHTS, value_read_as(b, op->in[1], &w), w},
            {DNNL_ARG_DIFF_SRC, value_write(b, op->out[0]), c.x},
        };
        onednn_step(b, description, args, 3);
    }
    dnnl_primitive_desc_destroy(description);
    dnnl_primitive_desc_destroy(forward);
}

void bf16_dense_weight_gradient(struct builder *b, const struct op *op) {
    struct onednn_convolution c = {.x = read_layout(b, op->in[0]),
                                   .w = made_layout(b, op->out[0]),
                                   .b = made_layout(b, op->out[1]),
                                   .y = read_layout(b, op->in[1])};
    dnnl_primitive_desc_t forward = forward_hint(b, op->in[0], op->out[0], op->in[1]);
    dnnl_primitive_desc_t description = builder_ok(b) ? onednn_dense_weights(b, &c, forward) : NULL;
    if (builder_ok(b)) {
        dnnl_memory_desc_t x = onednn_layout(description, dnnl_query_src_md);
        dnnl_memory_desc_t dy = onednn_layout(description, dnnl_query_diff_dst_md);
        struct onednn_arg args[] = {
            {DNNL_ARG_SRC, value_read_as(b, op->in[0], &x), x},
            {DNNL_ARG_DIFF_DST, value_read_as(b, op->in[1], &dy), dy},
            {DNNL_ARG_DIFF_WEIGHTS, value_write(b, op->out[0]), c.w},
            {DNNL_ARG_DIFF_BIAS, value_write(b, op->out[1]), c.b},
        };
        onednn_step(b, description, args, 4);
    }
    dnnl_primitive_desc_destroy(description);
    dnnl_primitive_desc_destroy(forward);
}
