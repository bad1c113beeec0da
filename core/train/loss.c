#include "core/train/loss.h"

#include <string.h>

static value_id write_op(struct program *program, enum op_kind kind, enum dtype real, value_id logits, value_id truth,
                         bool wanted) {
    value_id gradient = VALUE_NONE;
    if (wanted && !program->failed) {
        gradient = program_temporary(program, real, program->values[logits].shape);
    }
    struct op *op = program_op(program, kind);
    op->in[0] = logits;
    op->in[1] = truth;
    op->out[0] = gradient;
    return gradient;
}

static value_id write_cross_entropy(struct program *program, enum dtype real, value_id logits, value_id truth,
                                    bool gradient) {
    return write_op(program, OP_SOFTMAX_CROSS_ENTROPY, real, logits, truth, gradient);
}

static value_id write_squared(struct program *program, enum dtype real, value_id logits, value_id truth,
                              bool gradient) {
    return write_op(program, OP_SQUARED_ERROR, real, logits, truth, gradient);
}

static const struct loss losses[] = {
    {"cross_entropy", SOURCE_CLASSIFY, write_cross_entropy},
    {"squared", SOURCE_REGRESS, write_squared},
};

enum status loss_choose(const char *name, enum source_task task, const struct loss **loss, struct error *error) {
    const char *fitting = "";
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
        bool fits = losses[i].task == task;
        if (fits && (strcmp(name, "auto") == 0 || strcmp(name, losses[i].name) == 0)) {
            *loss = &losses[i];
            return STATUS_OK;
        }
        fitting = fits ? losses[i].name : fitting;
    }
    return error_set(error, STATUS_INVALID, "loss %s does not fit a target of %s; choose %s or auto", name,
                     task == SOURCE_CLASSIFY ? "classes" : "numbers", fitting);
}
