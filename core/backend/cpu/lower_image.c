// Convolution and pooling by oneDNN, in whatever layouts it prefers (few channels: lower_narrow.c).
#include "core/backend/cpu/narrow.h"
#include "core/backend/cpu/onednn.h"
#include "core/backend/cpu/pool.h"

// [O,C/g,KH,KW] as oneDNN wants it: [g,O/g,C/g,KH,KW] where there are groups. The bytes are the same.
static dnnl_memory_desc_t weight_layout(const struct builder *b, value_id id, int groups, enum dtype dtype) {
    dnnl_memory_desc_t plain = onednn_plain(builder_value(b, id)->shape, dtype);
    dnnl_memory_desc_t grouped = {0};
    if (groups == 1) {
        return plain;
    }
    const int64_t *size = builder_value(b, id)->shape.size;
    dnnl_dims_t dims = {groups, size[0] / groups, size[1], size[2], size[3]};
    dnnl_memory_desc_init_by_tag(&grouped, 5, dims, plain.data_type, dnnl_goihw);
    return grouped;
}

// Operands in the type they are read in, the result (x, w or y) in f32.
static struct onednn_convolution convolution_layouts(const struct builder *b, const struct op *op, value_id x,
                                                     value_id w, value_id bias, value_id y, value_id result) {
    enum dtype read = operand_type(b);
    struct shape xs = builder_value(b, x)->shape, ws = builder_value(b, w)->shape, ys = builder_value(b, y)->shape;
    struct windows s = windows_convolution(op, xs, ws, ys);
    struct onednn_convolution c = {
        .x = onednn_any(onednn_plain(xs, x == result ? DTYPE_F32 : read)),
        .w = onednn_any(weight_layout(b, w, op->attr.convolution.groups, w == result ? DTYPE_F32 : read)),
        .y = onednn_any(onednn_plain(ys, y == result ? DTYPE_F32 : read)),
        .strides = {s.stride[0], s.stride[1]},
        .padding = {s.padding[0], s.padding[1]},
    };
    if (bias != VALUE_NONE) {
        c.b = onednn_plain(builder_value(b, bias)->shape, DTYPE_F32);
    }
    return c;
}

// Weights are kept plain in their buffer; what the primitive wants is made from that at each step.
static int weights_read(struct builder *b, value_id id, int groups, const dnnl_memory_desc_t *wanted) {
    dnnl_memory_desc_t plain = weight_layout(b, id, groups, DTYPE_F32);
    if (groups == 1) {
        return value_read_as(b, id, wanted);
    }
    int from = value_read(b, id);
    if (onednn_equal(&plain, wanted)) {
        return from;
    }
    int to = place_new(b, onednn_bytes(wanted));
    onednn_reorder(b, &plain, from, wanted, to);
    return to;
}

static bool rectified_next(struct builder *b, value_id y) {
    const struct op *next = b->op + 1 < b->program->op_count ? &b->program->ops[b->op + 1] : NULL;
    return next != NULL && next->kind == OP_ACTIVATION && next->attr.activation == ACTIVATION_RELU &&
           next->in[0] == y && (next->out[0] == y || value_uses_after(b, y) == 1);
}

size_t lower_convolution(struct builder *b, const struct op *op) {
    if (is_point(b, op, op->in[0], op->out[0])) {
        point_forward(b, op);
        return 1;
    }
    if (is_narrow(b, op, op->in[0], op->in[1], op->out[0])) {
        return narrow_forward(b, op, rectified_next(b, op->out[0]));
    }
    struct onednn_convolution c =
        convolution_layouts(b, op, op->in[0], op->in[1], op->in[2], op->out[0], op->out[0]);
    bool relu = rectified_next(b, op->out[0]);
    value_id result = relu ? b->program->ops[b->op + 1].out[0] : op->out[0];
    dnnl_primitive_desc_t description = onednn_convolution_forward(b, &c, relu);
    if (builder_ok(b)) {
        dnnl_memory_desc_t x = onednn_layout(description, dnnl_query_src_md);
        dnnl_memory_desc_t w = onednn_layout(description, dnnl_query_weights_md);
        dnnl_memory_desc_t y = onednn_layout(description, dnnl_query_dst_md);
        struct onednn_arg args[] = {
            {DNNL_ARG_SRC, value_read_as(b, op->in[0], &x), x},
            {DNNL_ARG_WEIGHTS, weights_read(b, op->in[1], op->attr.convolution.groups, &w), w},
            {DNNL_ARG_BIAS, value_read(b, op->in[2]), c.b},
            {DNNL_ARG_DST, value_write_as(b, result, &y), y},
        };
        onednn_step(b, description, args, 4);
    }
    dnnl_primitive_desc_destroy(description);
    return relu ? 2 : 1;
}

// What oneDNN wants to know of the way there when it describes the way back.
static dnnl_primitive_desc_t forward_hint(struct builder *b, const struct op *op, value_id x, value_id w, value_id y) {
    struct onednn_convolution c = convolution_layouts(b, op, x, w, VALUE_NONE, y, y);
    return onednn_convolution_forward(b, &c, false);
}

size_t lower_convolution_input_gradient(struct builder *b, const struct op *op) {
    if (is_point(b, op, op->out[0], op->in[0])) {
        point_input_gradient(b, op);
        return 1;
    }
    if (is_narrow(b, op, op->out[0], op->in[1], op->in[0])) {
        narrow_input_gradient(b, op);
        return 1;
    }
    struct onednn_convolution c =
        convolution_layouts(b, op, op->out[0], op->in[1], VALUE_NONE, op->in[0], op->out[0]);
    dnnl_primitive_desc_t forward = forward_hint(b, op, op->out[0], op->in[1], op->in[0]);
    dnnl_primitive_desc_t description = builder_ok(b) ? onednn_convolution_input(b, &c, forward) : NULL;
    if (builder_ok(b)) {
        dnnl_memory_desc_t dy = onednn_layout(description, dnnl_query_diff_dst_md);
        dnnl_memory_desc_t w = onednn_layout(description, dnnl_query_weights_md);
        dnnl_memory_desc_t dx = onednn_layout(description, dnnl_query_diff_src_md);
        struct onednn_arg args[] = {
            {DNNL_ARG_DIFF_DST, value_read_as(b, op->in[0], &dy), dy},
            {DNNL_ARG_WEIGHTS, weights_read(b, op->in[1], op->attr.convolution.groups, &w), w},
            {DNNL_ARG_DIFF_SRC, value_write_as(b, op->out[0], &dx), dx},
        };
        onednn_step(b, description, args, 3);
    }
    dnnl_primitive_desc_destroy(description);
    dnnl_primitive_desc_destroy(forward);
    return 1;
}

size_t lower_convolution_weight_gradient(struct builder *b, const struct op *op) {
    if (is_point(b, op, op->in[0], op->in[1])) {
        point_weight_gradient(b, op);
        return 1;
    }
    if (is_narrow(b, op, op->in[0], op->out[0], op->in[1])) {
        narrow_weight_gradient(b, op);
        return 1;
    }
    struct onednn_convolution c =
        convolution_layouts(b, op, op->in[0], op->out[0], op->out[1], op->in[1], op->out[0]);
    dnnl_primitive_desc_t forward = forward_hint(b, op, op->in[0], op->out[0], op->in[1]);
    dnnl_primitive_desc_t description = builder_ok(b) ? onednn_convolution_weights(b, &c, forward) : NULL;
    if (builder_ok(b)) {
        dnnl_memory_desc_t plain = weight_layout(b, op->out[0], op->attr.convolution.groups, DTYPE_F32);
        dnnl_memory_desc_t x = onednn_layout(description, dnnl_query_src_md);
        dnnl_memory_desc_t dy = onednn_layout(description, dnnl_query_diff_dst_md);
        dnnl_memory_desc_t dw = onednn_layout(description, dnnl_query_diff_weights_md);
        int plain_place = value_write(b, op->out[0]);
        int place = onednn_equal(&plain, &dw) ? plain_place : place_new(b, onednn_bytes(&dw));
        struct onednn_arg args[] = {
            {DNNL_ARG_SRC, value_read_as(b, op->in[0], &x), x},
            {DNNL_ARG_DIFF_DST, value_read_as(b, op->in[1], &dy), dy},
            {DNNL_ARG_DIFF_WEIGHTS, place, dw},
            {DNNL_ARG_DIFF_BIAS, value_write(b, op->out[1]), c.b},
        };
        onednn_step(b, description, args, 4);
        if (place != plain_place) {
            onednn_reorder(b, &dw, place, &plain, plain_place);
        }
    }
    dnnl_primitive_desc_destroy(description);
    dnnl_primitive_desc_destroy(forward);
    return 1;
}

// ---- pooling ----------------------------------------------------------------------------------

static struct onednn_pool pool_layouts(const struct op *op, const dnnl_memory_desc_t *x, struct shape xs,
                                       struct shape ys) {
    struct windows s = windows_pool(op, xs, ys);
    return (struct onednn_pool){
        .x = *x,
        .y = onednn_any(onednn_plain(ys, DTYPE_F32)),
        .algorithm = op->attr.pool.kind == POOL_MAX ? dnnl_pooling_max : dnnl_pooling_avg_include_padding,
        .strides = {s.stride[0], s.stride[1]},
        .window = {s.window_height, s.window_width},
        .padding = {s.padding[0], s.padding[1]},
    };
}

// oneDNN keeps positions in a form of its own: good enough where only pool gradients read them.
static bool positions_private(const struct builder *b, value_id where) {
    if (where == VALUE_NONE) {
        return true;
    }
    size_t readers = 0;
    for (size_t i = b->op + 1; i < b->program->op_count; i++) {
        const struct op *op = &b->program->ops[i];
        readers += op->kind == OP_POOL_GRADIENT && op->in[1] == where;
    }
    return builder_value(b, where)->slot == SLOT_TEMPORARY && readers == value_uses_after(b, where);
}

void pool_forget_positions(struct builder *b, value_id where) {
    if (where != VALUE_NONE && b->values[where].pool != NULL) {
        dnnl_primitive_desc_destroy(b->values[where].pool);
        b->values[where].pool = NULL;
        b->values[where].plain = NO_PLACE;
    }
}

size_t lower_pool(struct builder *b, const struct op *op) {
    pool_forget_positions(b, op->out[1]);
    if (narrow_pool_forward(b, op)) {
        return 1;
    }
    const dnnl_memory_desc_t *blocked = value_layout(b, op->in[0]);
    // Where a block is not full of channels, oneDNN 2.6 is many times slower than plain loops.
    bool full = blocked != NULL && blocked->padded_dims[1] == blocked->dims[1];
    if (!full || !positions_private(b, op->out[1])) {
        pool_forward_add(b, op);
        return 1;
    }
    struct onednn_pool p = pool_layouts(op, blocked, builder_value(b, op->in[0])->shape,
                                        builder_value(b, op->out[0])->shape);
    bool training = op->out[1] != VALUE_NONE;
    dnnl_primitive_desc_t description = onednn_pool_forward(b, &p, training);
    if (builder_ok(b)) {
        dnnl_memory_desc_t y = onednn_layout(description, dnnl_query_dst_md);
        dnnl_memory_desc_t where = onednn_layout(description, dnnl_query_workspace_md);
        struct onednn_arg args[] = {
            {DNNL_ARG_SRC, value_read_as(b, op->in[0], &p.x), p.x},
            {DNNL_ARG_DST, value_write_as(b, op->out[0], &y), y},
            {DNNL_ARG_WORKSPACE, NO_PLACE, where},
        };
        if (training) {
            args[2].place = b->values[op->out[1]].plain = place_new(b, onednn_bytes(&where));
        }
        onednn_step(b, description, args, 3);
    }
    if (training && builder_ok(b)) {
        b->values[op->out[1]].pool = description;
    } else {
        dnnl_primitive_desc_destroy(description);
    }
    return 1;
}

// In the layout of the forward pass, whose workspace it reads.
static void max_gradient(struct builder *b, const struct op *op, dnnl_primitive_desc_t forward) {
    dnnl_memory_desc_t x = onednn_layout(forward, dnnl_query_src_md);
    dnnl_memory_desc_t where = onednn_layout(forward, dnnl_query_workspace_md);
    struct onednn_pool p =
        pool_layouts(op, &x, builder_value(b, op->out[0])->shape, builder_value(b, op->in[0])->shape);
    p.y = onednn_layout(forward, dnnl_query_dst_md);
    dnnl_primitive_desc_t description = onednn_pool_backward(b, &p, forward);
    if (builder_ok(b)) {
        struct onednn_arg args[] = {
            {DNNL_ARG_DIFF_DST, value_read_as(b, op->in[0], &p.y), p.y},
            {DNNL_ARG_WORKSPACE, b->values[op->in[1]].plain, where},
            {DNNL_ARG_DIFF_SRC, value_write_as(b, op->out[0], &x), x},
        };
        onednn_step(b, description, args, 3);
    }
    dnnl_primitive_desc_destroy(description);
}

size_t lower_pool_gradient(struct builder *b, const struct op *op) {
    dnnl_primitive_desc_t forward = op->in[1] != VALUE_NONE ? b->values[op->in[1]].pool : NULL;
    if (forward != NULL) {
        max_gradient(b, op, forward);
    } else if (!narrow_pool_gradient(b, op)) {
        pool_gradient_add(b, op);
    }
    return 1;
}
