#include "core/backend/cpu/cpu.h"

#include <stdio.h>

#include "core/backend/cpu/plan.h"
#include "core/backend/cpu/threads.h"
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

static enum status cpu_open(const struct backend_options *options, struct backend **backend, struct error *error) {
    if (options->precision != PRECISION_F32) {
        return error_set(error, STATUS_UNSUPPORTED, "The cpu backend computes in f32 only, not in %s.",
                         precision_name(options->precision));
    }
    struct cpu_backend *made = mem_alloc(1, sizeof *made);
    if (made == NULL) {
        return error_memory(error, "the cpu backend", sizeof *made);
    }
    made->base.api = &cpu_backend;
    made->kernels = kernels_choose();
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
        .precisions = 1u << PRECISION_F32,
    };
    host_processor_name(info->name, sizeof info->name);
    snprintf(info->detail, sizeof info->detail, "oneDNN %d.%d.%d, %s", version->major, version->minor, version->patch,
             self(backend)->kernels->name);
}

static enum status cpu_prepare(struct backend *backend, const struct program *program, const struct binding *binding,
                               struct plan **plan, struct error *error) {
    enum status status = program_check(program, error);
    for (size_t i = 0; status == STATUS_OK && i < program->value_count; i++) {
        if (program->values[i].dtype == DTYPE_F64) {
            status = error_set(error, STATUS_UNSUPPORTED,
                               "The cpu backend computes in f32 only; value %zu is f64. Use the ref backend.", i);
        }
    }
    status = status ? status : host_check_binding(program, binding, error);
    return status ? status : plan_build(self(backend), program, binding, plan, error);
}

static void cpu_discard(struct backend *backend, struct plan *plan) {
    (void)backend;
    plan_free(plan);
}

static size_t cpu_plan_bytes(const struct plan *plan) {
    return plan->bytes;
}

static enum status cpu_run(struct backend *backend, struct plan *plan, const struct step_args *args,
                           struct error *error) {
    enum status status = host_check_step(&plan->limits, args, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct run_state state = {.kernels = self(backend)->kernels, .stream = self(backend)->stream, .args = args};
    if (plan->limits.metrics != NULL) {
        state.metrics = plan->limits.metrics + (size_t)args->metric_slot * METRIC_COUNT;
    }
    threads_set(plan->threads);
    for (size_t i = 0; i < plan->step_count; i++) {
        dnnl_status_t failed = plan->steps[i].run(&plan->steps[i], &state);
        if (failed != dnnl_success) {
            return error_set(error, STATUS_DEVICE, "oneDNN failed in %s, status %d.", op_name(plan->steps[i].kind),
                             (int)failed);
        }
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
};
