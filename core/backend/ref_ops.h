// The operations of the `ref` backend, compiled once for float and once for double from
// ref_ops.inc.h. Internal to ref.
#ifndef CORE_BACKEND_REF_OPS_H
#define CORE_BACKEND_REF_OPS_H

#include "core/backend/backend.h"

// An operation with its operands' addresses and shapes; owns nothing.
struct ref_op {
    struct op op;
    struct value in_value[OP_INPUTS], out_value[OP_OUTPUTS];
    void *in[OP_INPUTS], *out[OP_OUTPUTS]; // NULL where absent
};

// What one step brings: `metrics` is the row of METRIC_COUNT figures to write, or NULL.
struct ref_step {
    const struct step_args *args;
    double *metrics;
};

void ref_run_f32(const struct ref_op *op, const struct ref_step *step);
void ref_run_f64(const struct ref_op *op, const struct ref_step *step);

#endif
