#include "core/nn/norm.h"

struct op *norm_forward(const struct layer *layer, struct layer_pass *pass, enum op_kind kind,
                        struct norm_values weights, struct shape figures) {
    pass->output = program_temporary(pass->program, pass->real, shape_batch(pass->program->batch, layer->out));
    if (pass->training) {
        pass->saved[0] = program_temporary(pass->program, pass->real, figures);
        pass->saved[1] = program_temporary(pass->program, pass->real, figures);
    }
    struct op *op = program_op(pass->program, kind);
    op->in[0] = pass->input;
    op->in[1] = weights.scale;
    op->in[2] = weights.shift;
    op->out[0] = pass->output;
    op->out[1] = pass->saved[0];
    op->out[2] = pass->saved[1];
    return op;
}

struct op *norm_backward(const struct layer *layer, struct layer_pass *pass, enum op_kind kind, value_id scale,
                         struct norm_values gradients) {
    if (pass->need_input_gradient) {
        pass->input_gradient =
            program_temporary(pass->program, pass->real, shape_batch(pass->program->batch, layer->in));
    }
    struct op *op = program_op(pass->program, kind);
    op->in[0] = pass->output_gradient;
    op->in[1] = pass->input;
    op->in[2] = scale;
    op->in[3] = pass->saved[0];
    op->in[4] = pass->saved[1];
    op->out[0] = pass->input_gradient;
    op->out[1] = gradients.scale;
    op->out[2] = gradients.shift;
    return op;
}
