// Dense layers. Our matrices are row-major, a product's column-major, so that every product is written for the
// transposes: x [B,I], w [O,I], y [B,O] are I×B, I×O and O×B.
#include "core/backend/cuda/cuda.cuh"

static struct product_shape shape_of(const struct prepared_op *op) {
    bool weight = op->op.kind == OP_DENSE_WEIGHT_GRADIENT, input = op->op.kind == OP_DENSE_INPUT_GRADIENT;
    const struct shape *w = weight ? &op->out_shape[0] : &op->in_shape[1];
    long long rows = op->in_shape[0].size[0], outputs = w->size[0], inputs = w->size[1];
    enum dtype type = op->in_form[0].type;
    struct matrix x = {inputs, rows, inputs, 0, type}, weights = {inputs, outputs, inputs, 0, type};
    struct matrix y = {outputs, rows, outputs, 0, type}, *result = weight ? &weights : input ? &x : &y;
    result->type = op->out_form[0].type;
    if (weight) // dwᵀ = xᵀ dy
        return {x, y, weights, false, true, 1, NULL};
    if (input) // dxᵀ = wᵀ dyᵀ
        return {weights, y, x, false, false, 1, NULL};
    return {weights, x, y, true, false, 1, op->in[2]}; // yᵀ = w xᵀ
}

// A and B of the product.
static void operands(const struct prepared_op *op, const void **a, const void **b) {
    bool weight = op->op.kind == OP_DENSE_WEIGHT_GRADIENT;
    *a = weight ? op->in[0] : op->in[1];
    *b = weight ? op->in[1] : op->in[0];
}

enum status prepare_dense(struct cuda_backend *backend, struct prepared_op *op, struct error *error) {
    struct product_shape shape = shape_of(op);
    const void *a, *b;
    operands(op, &a, &b);
    return product_make(backend, &shape, a, b, op->out[0], &op->product[0], error);
}

enum status queue_dense(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    const void *a, *b;
    operands(op, &a, &b);
    float factor = op->op.kind == OP_DENSE_WEIGHT_GRADIENT ? 1.0f / op->scale : 1.0f;
    return product_queue(backend, op->product[0], factor, a, b, op->out[0], 0.0f, error);
}

size_t dense_workspace(const struct prepared_op *op) {
    return op->out[1] ? column_sums_bytes(op->in_shape[1].size[0], op->in_shape[1].size[1]) : 0;
}

enum status queue_dense_weight_gradient(struct cuda_backend *backend, const struct prepared_op *op,
                                        struct error *error) {
    enum status status = queue_dense(backend, op, error);
    if (!status && op->out[1])
        queue_column_sums(backend, op, 1, (float *)op->out[1], op->in_shape[1].size[0], op->in_shape[1].size[1]);
    return status;
}
