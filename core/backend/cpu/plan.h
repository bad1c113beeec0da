// How the `cpu` backend turns a program into a flat list of steps. Internal to core/backend/cpu.
// A *place* is a piece of memory: an address in a bound buffer, or a span of the plan's one block
// (assigned last, so that spans whose lives do not meet share memory). A value has a plain place
// (row-major, as the contract says) and may have *forms*: copies in layouts that oneDNN prefers,
// which later steps read as long as nothing has written the value since. The builder owns nothing
// that outlives prepare; the plan owns steps, primitives and the block.
#ifndef CORE_BACKEND_CPU_PLAN_H
#define CORE_BACKEND_CPU_PLAN_H

#include <oneapi/dnnl/dnnl.h>

#include "core/backend/cpu/kernels.h"
#include "core/backend/host.h"

#define STEP_PLACES 8
#define NO_PLACE (-1)

struct step;

struct run_state {
    const struct kernels *kernels;
    dnnl_stream_t stream;
    const struct step_args *args;
    double *metrics; // METRIC_COUNT figures of this step
};

typedef dnnl_status_t step_function(const struct step *step, const struct run_state *state);

struct step {
    step_function *run;
    enum op_kind kind;       // what it belongs to, for messages
    int place[STEP_PLACES];  // NO_PLACE where unused
    void *at[STEP_PLACES];   // their addresses
    int64_t size[4];         // meaning depends on `run`
    union {
        struct {
            struct op op; // attributes of the operation
            struct windows windows;
            struct shape shape; // of what is gathered: [batch, …sample]
        } own;
        struct {
            dnnl_primitive_t primitive;
            dnnl_exec_arg_t args[STEP_PLACES]; // memory objects, one for each place
            int count;
        } dnnl;
    } u;
    enum activation activation; // ACTIVATION_COUNT: none; fused with the product before it
};

struct place {
    void *fixed; // address in a bound buffer, or NULL
    size_t bytes, offset, first, last; // span in the block; steps that use it first and last
    bool used;
};

struct plan {
    struct step *steps;
    size_t step_count, step_capacity;
    struct place *places;
    size_t place_count, place_capacity;
    char *block;
    size_t bytes;
    int threads;
    struct host_limits limits;
};

struct cpu_backend {
    struct backend base; // api first
    const struct kernels *kernels;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    int threads; // 0 = choose per plan
};

#define FORM_COUNT 4

struct form {
    dnnl_memory_desc_t layout;
    int place;
    bool valid;
};

struct value_state {
    int plain;
    bool plain_valid;
    struct form forms[FORM_COUNT];
    int form_count;
    dnnl_primitive_desc_t pool; // of max-pool positions: the oneDNN pooling they are a workspace of
};

struct builder {
    struct cpu_backend *cpu;
    const struct program *program;
    const struct binding *binding;
    struct plan *plan;
    struct value_state *values;
    size_t op; // index of the operation being lowered
    struct step scratch; // what step_add returns once something has failed
    enum status status;  // the first failure; nothing is added after it
    struct error *error;
};

void builder_fail(struct builder *builder, dnnl_status_t status, const char *what);
bool builder_ok(const struct builder *builder);
const struct value *builder_value(const struct builder *builder, value_id id);

int place_new(struct builder *builder, size_t bytes);
// Never NULL. All places start as NO_PLACE.
struct step *step_add(struct builder *builder, step_function *run);

// Where a value's bytes are, in plain order or in `layout`; adds reorder steps where needed. A read
// of VALUE_NONE is NO_PLACE.
int value_read(struct builder *builder, value_id id);
int value_read_as(struct builder *builder, value_id id, const dnnl_memory_desc_t *layout);
// Where the next step is to write it. All else known of the value, and of others in the same bound
// buffer in layouts of their own, is out of date from then on.
int value_write(struct builder *builder, value_id id);
int value_write_as(struct builder *builder, value_id id, const dnnl_memory_desc_t *layout);
// The layout a value has when that is not the plain one; NULL otherwise.
const dnnl_memory_desc_t *value_layout(const struct builder *builder, value_id id);
// How often operations after the current one use a value.
size_t value_uses_after(const struct builder *builder, value_id id);

// Lowering: adds the steps of program->ops[builder->op]; returns how many operations that covered.
typedef size_t lower_function(struct builder *builder, const struct op *op);
lower_function lower_gather, lower_dense, lower_dense_input_gradient, lower_dense_weight_gradient;
lower_function lower_convolution, lower_convolution_input_gradient, lower_convolution_weight_gradient;
lower_function lower_pool, lower_pool_gradient;
lower_function lower_activation, lower_activation_gradient, lower_dropout, lower_add, lower_copy;
lower_function lower_softmax_cross_entropy, lower_squared_error, lower_sgd;

enum status plan_build(struct cpu_backend *cpu, const struct program *program, const struct binding *binding,
                       struct plan **plan, struct error *error);
void plan_free(struct plan *plan); // NULL allowed

#endif
