#include "core/backend/cpu/cpu.h"

#include <stdio.h>

#include "core/backend/cpu/onednn.h"
#include "core/backend/cpu/threads.h"
#include "core/base/clock.h"
#include "core/base/mem.h"

static struct cpu_backend *self(struct backend *backend) {
    return (struct cpu_backend *)backend;
}

static enum status cpu_probe(struct error *error) {
    (void)error;
    return STATUS_OK;
}

static enum status open_onednn(struct cpu_backend *cpu, struct error *error) {
    dnnl_status_t status = dnnl_engine_create(&cpu->engine, dnnl_cpu, 0);
    status = status ? status : dnnl_stream_create(&cpu->stream, cpu->engine, dnnl_stream_default_flags);
    if (status == dnnl_out_of_memory) {
        return error_memory(error, "oneDNN", 0);
    }
    return status ? error_set(error, STATUS_DEVICE, "oneDNN could not start, status %d.", (int)status) : STATUS_OK;
}

static enum status check_precision(enum precision precision, struct error *error) {
    if (precision == PRECISION_BF16 && onednn_bf16() == BF16_ABSENT) {
        return error_set(error, STATUS_UNSUPPORTED,
                         "This processor cannot compute in bf16: that takes AVX-512. Choose the precision f32.");
    }
    if (precision != PRECISION_F32 && precision != PRECISION_BF16) {
        return error_set(error, STATUS_UNSUPPORTED, "The cpu backend computes in f32 and bf16, not in %s.",
                         precision_name(precision));
    }
    return STATUS_OK;
}

static enum status cpu_open(const struct backend_options *options, struct backend **backend, struct error *error) {
    enum status refused = check_precision(options->precision, error);
    if (refused != STATUS_OK) {
        return refused;
    }
    struct cpu_backend *made = mem_alloc(1, sizeof *made);
    if (made == NULL) {
        return error_memory(error, "the cpu backend", sizeof *made);
    }
    made->base.api = &cpu_backend;
    made->kernels = kernels_choose();
    made->bf16 = options->precision == PRECISION_BF16;
    made->threads = options->threads > 0 ? options->threads : 0;
    enum status status = open_onednn(made, error);
    if (status != STATUS_OK) {
        cpu_backend.close(&made->base);
        return status;
    }
    *backend = &made->base;
    return STATUS_OK;
}

static void cpu_close(struct backend *backend) {
    if (backend != NULL) {
        dnnl_stream_destroy(self(backend)->stream);
        dnnl_engine_destroy(self(backend)->engine);
        mem_free(backend);
    }
}

static void cpu_describe(struct backend *backend, struct device_info *info) {
    const dnnl_version_t *version = dnnl_version();
    *info = (struct device_info){
        .memory_total = host_memory_total(),
        .memory_free = host_memory_free(),
        .threads = self(backend)->threads > 0 ? self(backend)->threads : threads_available(),
        .precisions = 1u << PRECISION_F32 | (onednn_bf16() != BF16_ABSENT ? 1u << PRECISION_BF16 : 0),
        .emulated = onednn_bf16() == BF16_EMULATED ? 1u << PRECISION_BF16 : 0,
    };
    host_processor_name(info->name, sizeof info->name);
    snprintf(info->detail, sizeof info->detail, "oneDNN %d.%d.%d, %s", version->major, version->minor, version->patch,
             self(backend)->kernels->name);
}

static enum status cpu_prepare(struct backend *backend, const struct program *program, const struct binding *binding,
                               struct plan **plan, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < program->value_count; i++) {
        if (program->values[i].dtype == DTYPE_F64) {
            status = error_set(error, STATUS_UNSUPPORTED,
                               "The cpu backend does not compute in f64, as value %zu is. Use the ref backend.", i);
        }
    }
    status = status ? status : binding_check(program, binding, error);
    return status ? status : plan_build(self(backend), program, binding, plan, error);
}

static void cpu_discard(struct backend *backend, struct plan *plan) {
    (void)backend;
    plan_free(plan);
}

static size_t cpu_plan_bytes(const struct plan *plan) {
    return plan->bytes;
}

static int cpu_plan_threads(const struct plan *plan) {
    return plan->threads > plan->parts ? plan->threads : plan->parts;
}

struct stretch { // shared steps that follow each other
    const struct plan *plan;
    const struct run_state *state;
    size_t from, to;
};

static int64_t part_begin(const struct plan *plan, int part) {
    int64_t row = plan->batch * part / plan->parts;
    return part == plan->parts ? plan->batch : row - row % ROWS_OF_A_TILE;
}

// When the step's data has been read and its work begins.
static void note_gathered(const struct plan *plan, size_t step, const struct run_state *state) {
    if (step == plan->gathers && state->args->gathered != NULL) {
        *state->args->gathered = clock_now();
    }
}

static void run_part(void *context, int part, int parts) {
    const struct stretch *stretch = context;
    const struct plan *plan = stretch->plan;
    (void)parts;
    int64_t end = part_begin(plan, part + 1);
    for (struct rows rows = {part_begin(plan, part), end, part}; rows.from < end; rows.from = rows.to) {
        rows.to = plan->turn > 0 && rows.from + plan->turn < end ? rows.from + plan->turn : end;
        for (size_t i = stretch->from; i < stretch->to; i++) {
            if (part == 0) {
                note_gathered(plan, i, stretch->state);
            }
            plan->steps[i].share(&plan->steps[i], stretch->state, rows);
        }
    }
}

// The stretch that begins at step `from`; returns where it ends.
static size_t run_stretch(const struct plan *plan, size_t from, const struct run_state *state) {
    struct stretch stretch = {plan, state, from, from};
    while (stretch.to < plan->step_count && plan->steps[stretch.to].share != NULL) {
        stretch.to++;
    }
    threads_share(plan->parts, run_part, &stretch);
    return stretch.to;
}

static enum status cpu_run(struct backend *backend, struct plan *plan, const struct step_args *args,
                           struct error *error) {
    enum status status = step_args_check(&plan->limits, args, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct run_state state = {
        .kernels = self(backend)->kernels, .stream = self(backend)->stream, .args = args, .threads = plan->threads};
    if (plan->limits.metrics != NULL) {
        state.metrics = plan->limits.metrics + (size_t)args->metric_slot * METRIC_COUNT;
    }
    threads_set(plan->threads);
    for (size_t i = 0; i < plan->step_count;) {
        const struct step *step = &plan->steps[i];
        if (step->share != NULL) {
            i = run_stretch(plan, i, &state);
            continue;
        }
        note_gathered(plan, i, &state);
        dnnl_status_t failed = step->run(step, &state);
        if (failed == dnnl_out_of_memory) {
            return error_memory(error, op_name(step->kind), 0);
        }
        if (failed != dnnl_success) {
            return error_set(error, STATUS_DEVICE, "oneDNN failed in %s, status %d.", op_name(step->kind), (int)failed);
        }
        i++;
    }
    return STATUS_OK;
}

const struct backend_api cpu_backend = {
    .version = BACKEND_VERSION,
    .name = "cpu",
    .probe = cpu_probe,
    .open = cpu_open,
    .close = cpu_close,
    .describe = cpu_describe,
    .allocate = host_allocate,
    .release = host_release,
    .upload = host_upload,
    .borrow = host_borrow,
    .download = host_download,
    .prepare = cpu_prepare,
    .discard = cpu_discard,
    .plan_bytes = cpu_plan_bytes,
    .run = cpu_run,
    .sync = host_sync,
    .plan_threads = cpu_plan_threads,
};
