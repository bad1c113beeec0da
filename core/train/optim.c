#include "core/train/optim.h"

#include <string.h>

// The velocity is kept also while momentum is 0, so that it can be raised between any two steps.
static void write_sgd(struct program *program, enum dtype real, size_t weight_count) {
    struct shape shape = shape_make(1, (int64_t[]){(int64_t)weight_count});
    value_id weights = program_value(program, SLOT_WEIGHTS, 0, real, shape);
    value_id gradients = program_value(program, SLOT_GRADIENTS, 0, real, shape);
    value_id velocity = program_value(program, SLOT_MOMENT1, 0, real, shape);
    struct op *op = program_op(program, OP_SGD);
    op->in[0] = weights;
    op->in[1] = gradients;
    op->in[2] = velocity;
    op->attr.optimizer.norms = true;
}

static const struct optimizer optimizers[] = {
    {"sgd", 1, write_sgd},
};

enum status optimizer_choose(const char *name, const struct optimizer **optimizer, struct error *error) {
    for (size_t i = 0; i < sizeof optimizers / sizeof optimizers[0]; i++) {
        if (strcmp(optimizers[i].name, name) == 0) {
            *optimizer = &optimizers[i];
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_INVALID, "optimizer %s: there is none of that name; choose sgd", name);
}
