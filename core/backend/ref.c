#include "core/backend/ref.h"

#include <math.h>
#include <stdio.h>

#include "core/backend/host.h"
#include "core/backend/ref_ops.h"
#include "core/base/clock.h"
#include "core/base/mem.h"

struct plan {
    struct ref_op *ops;
    size_t op_count;
    size_t gathers; // operations at the beginning that only gather
    char *temporaries; // all of them, one after the other
    size_t bytes;
    struct step_limits limits;
};

static enum status ref_probe(struct error *error) {
    (void)error;
    return STATUS_OK;
}

static enum status ref_open(const struct backend_options *options, struct backend **backend, struct error *error) {
    if (options->precision != PRECISION_F32) {
        return error_set(error, STATUS_UNSUPPORTED, "The ref backend computes in f32 only, not in %s.",
                         precision_name(options->precision));
    }
    struct backend *made = mem_alloc(1, sizeof *made);
    if (made == NULL) {
        return error_memory(error, "the ref backend", sizeof *made);
    }
    made->api = &ref_backend;
    *backend = made;
    return STATUS_OK;
}

static void ref_close(struct backend *backend) {
    mem_free(backend);
}

static void ref_describe(struct backend *backend, struct device_info *info) {
    (void)backend;
    *info = (struct device_info){
        .memory_total = host_memory_total(),
        .memory_free = host_memory_free(),
        .threads = 1,
        .precisions = 1u << PRECISION_F32,
    };
    host_processor_name(info->name, sizeof info->name);
    snprintf(info->detail, sizeof info->detail, "plain loops");
}

// Where temporaries begin in the plan's block; false when they would overflow size_t.
static bool place_temporaries(const struct program *program, size_t *offset, size_t *total) {
    *total = 0;
    for (size_t i = 0; i < program->value_count; i++) {
        const struct value *value = &program->values[i];
        offset[i] = *total;
        if (value->slot == SLOT_TEMPORARY) {
            size_t bytes = (size_t)shape_count(value->shape) * dtype_size(value->dtype);
            if (!size_add(*total, (bytes + HOST_ALIGNMENT - 1) / HOST_ALIGNMENT * HOST_ALIGNMENT, total)) {
                return false;
            }
        }
    }
    return true;
}

static void resolve(const struct program *program, const struct binding *binding, const struct plan *plan,
                    const size_t *offset, value_id id, struct value *value, void **address) {
    if (id == VALUE_NONE) {
        return;
    }
    *value = program->values[id];
    *address = value->slot == SLOT_TEMPORARY ? plan->temporaries + offset[id] : binding_address(binding, value);
}

static enum status ref_prepare(struct backend *backend, const struct program *program, const struct binding *binding,
                               struct plan **plan, struct error *error) {
    (void)backend;
    enum status status = binding_check(program, binding, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct plan *made = mem_alloc(1, sizeof *made);
    size_t *offset = mem_alloc(program->value_count + 1, sizeof *offset);
    if (made == NULL || offset == NULL || !place_temporaries(program, offset, &made->bytes)) {
        goto no_memory;
    }
    made->ops = mem_alloc(program->op_count + 1, sizeof *made->ops);
    made->temporaries = mem_aligned(HOST_ALIGNMENT, made->bytes, 1);
    if (made->ops == NULL || made->temporaries == NULL) {
        goto no_memory;
    }
    made->op_count = program->op_count;
    made->limits = binding_limits(binding, program);
    for (size_t i = 0; i < program->op_count; i++) {
        struct ref_op *op = &made->ops[i];
        op->op = program->ops[i];
        for (int k = 0; k < OP_INPUTS; k++) {
            resolve(program, binding, made, offset, op->op.in[k], &op->in_value[k], &op->in[k]);
        }
        for (int k = 0; k < OP_OUTPUTS; k++) {
            resolve(program, binding, made, offset, op->op.out[k], &op->out_value[k], &op->out[k]);
        }
    }
    while (made->gathers < made->op_count && op_gathers(made->ops[made->gathers].op.kind)) {
        made->gathers++;
    }
    mem_free(offset);
    *plan = made;
    return STATUS_OK;

no_memory:
    mem_free(offset);
    status = error_memory(error, "a plan", made != NULL ? made->bytes : sizeof *made);
    ref_backend.discard(backend, made);
    return status;
}

static void ref_discard(struct backend *backend, struct plan *plan) {
    (void)backend;
    if (plan != NULL) {
        mem_free(plan->ops);
        mem_free(plan->temporaries);
        mem_free(plan);
    }
}

static int ref_plan_threads(const struct plan *plan) {
    (void)plan;
    return 1;
}

static size_t ref_plan_bytes(const struct plan *plan) {
    return plan->bytes;
}

// One type per operation: program_check refuses mixtures.
static bool computes_in_double(const struct ref_op *op) {
    bool f64 = false;
    for (int k = 0; k < OP_INPUTS; k++) {
        f64 = f64 || (op->in[k] != NULL && op->in_value[k].dtype == DTYPE_F64);
    }
    for (int k = 0; k < OP_OUTPUTS; k++) {
        f64 = f64 || (op->out[k] != NULL && op->out_value[k].dtype == DTYPE_F64);
    }
    return f64;
}

static enum status ref_run(struct backend *backend, struct plan *plan, const struct step_args *args,
                           struct error *error) {
    (void)backend;
    enum status status = step_args_check(&plan->limits, args, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct ref_step step = {.args = args};
    if (plan->limits.metrics != NULL) {
        step.metrics = plan->limits.metrics + (size_t)args->metric_slot * METRIC_COUNT;
    }
    for (size_t i = 0; i < plan->op_count; i++) {
        if (args->gathered != NULL && i == plan->gathers) {
            *args->gathered = clock_now();
        }
        (computes_in_double(&plan->ops[i]) ? ref_run_f64 : ref_run_f32)(&plan->ops[i], &step);
    }
    return STATUS_OK;
}

static bool went_wrong(const struct plan *plan, const struct step_args *args) {
    const double *figures = plan->limits.metrics;
    if (figures == NULL) {
        return false;
    }
    figures += (size_t)args->metric_slot * METRIC_COUNT;
    return !(isfinite(figures[METRIC_LOSS]) && isfinite(figures[METRIC_GRADIENT_SQ]) &&
             isfinite(figures[METRIC_WEIGHT_SQ]));
}

// What the others are measured by: steps behind one that went wrong are not even begun.
static enum status ref_run_many(struct backend *backend, struct plan *plan, const struct step_args *args, size_t count,
                                struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = ref_run(backend, plan, &args[i], error);
        if (status == STATUS_OK && went_wrong(plan, &args[i])) {
            break;
        }
    }
    return status;
}

const struct backend_api ref_backend = {
    .version = BACKEND_VERSION,
    .name = "ref",
    .probe = ref_probe,
    .open = ref_open,
    .close = ref_close,
    .describe = ref_describe,
    .allocate = host_allocate,
    .release = host_release,
    .upload = host_upload,
    .borrow = host_borrow,
    .download = host_download,
    .prepare = ref_prepare,
    .discard = ref_discard,
    .plan_bytes = ref_plan_bytes,
    .plan_threads = ref_plan_threads,
    .run = ref_run,
    .sync = host_sync,
    .run_many = ref_run_many,
};
