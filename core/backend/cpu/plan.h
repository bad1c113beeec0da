// How the `cpu` backend turns a program into a flat list of steps. Internal to core/backend/cpu.
// A *place* is a piece of memory: an address in a bound buffer, or a span of the plan's one block
// (assigned last, so that spans whose lives do not meet share memory). A value has a plain place
// (row-major, as the contract says) and may have *forms*: copies in layouts that oneDNN prefers,
// or in bf16, which later steps read as long as nothing has written the value since. The builder owns nothing
// that outlives prepare; the plan owns steps, primitives and the block.
#ifndef CORE_BACKEND_CPU_PLAN_H
#define CORE_BACKEND_CPU_PLAN_H

#include <oneapi/dnnl/dnnl.h>

#include "core/backend/cpu/kernels.h"
#include "core/backend/host.h"

#define STEP_PLACES 12
#define ROWS_OF_A_TILE LANES_MOST // parts of a batch begin at multiples of it
#define NO_PLACE (-1)

struct step;

struct run_state {
    const struct kernels *kernels;
    dnnl_stream_t stream;
    const struct step_args *args;
    double *metrics; // METRIC_COUNT figures of this step
    int threads;     // of this plan
};

typedef dnnl_status_t step_function(const struct step *step, const struct run_state *state);
// Rows `from` up to `to` of the batch: the plan's part number `part`.
struct rows {
    int64_t from, to;
    int part;
};
// The work of a step on some rows of the batch: what it writes of them the share of no other rows reads or writes.
typedef void share_function(const struct step *step, const struct run_state *state, struct rows rows);

// How the channels of a value lie: in blocks of `width`, at (n, i) of block k from n·image + k·block + i·cell on.
struct norm_places {
    int64_t images, cells, channels;
    int64_t width, image, block, cell; // elements
};

struct step {
    step_function *run;     // all of it, or
    share_function *share;  // some rows of it
    enum op_kind kind;      // what it belongs to, for messages
    unsigned optional;      // bits of places that it need not write: NULL where no other step uses them
    int place[STEP_PLACES]; // NO_PLACE where unused
    void *at[STEP_PLACES];  // their addresses
    int64_t size[4];        // meaning depends on `run`
    union {
        struct {
            struct op op; // attributes of the operation
            struct windows windows;
            struct shape shape; // of what is gathered: [batch, …sample]
        } own;
        struct {
            struct op op;
            struct norm_places layout;
        } norm;
        struct {
            dnnl_primitive_t primitive;
            dnnl_exec_arg_t args[STEP_PLACES]; // memory objects, one for each place
            int count;
        } dnnl;
    } u;
    enum activation activation; // ACTIVATION_COUNT: none; fused with the product before it
};

struct place {
    void *fixed;                       // address in a bound buffer, or NULL
    size_t bytes, offset, first, last; // span in the block; steps that use it first and last
    size_t uses;                       // by steps
    bool used;
};

struct plan {
    struct step *steps;
    size_t step_count, step_capacity;
    size_t gathers; // steps at the beginning that only gather
    struct place *places;
    size_t place_count, place_capacity;
    char *block;
    size_t bytes;
    int threads; // that oneDNN computes with
    int64_t batch;
    int64_t turn;      // rows that go through a stretch together, so that they stay in the cache; 0: all of the part's
    int parts;         // of the batch, each of which a thread takes through a stretch of shared steps without waiting
    struct step_limits limits;
};

struct cpu_backend {
    struct backend base; // api first
    const struct kernels *kernels;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    int threads;       // 0 = choose per plan
    bool bf16;         // convolutions and large products read bf16 operands; what they make, and all else, is f32
};

#define FORM_COUNT 6

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
    int taps; // of a filter that a convolution of single cells needs (lower_point.c)
    bool taps_valid;
    dnnl_primitive_desc_t pool; // of max-pool positions: the oneDNN pooling they are a workspace of
};

struct builder {
    struct cpu_backend *cpu;
    const struct program *program;
    const struct binding *binding;
    struct plan *plan;
    struct value_state *values;
    struct step *deferred;
    size_t deferred_count, deferred_capacity;
    size_t op;           // index of the operation being lowered
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
// A step that works on the rows of the batch. Shared steps that follow each other are one stretch: a part of the batch
// goes through all of it before another part may have begun. Sums over the batch are made of one sum of each part, in
// the order of parts, by a step deferred to the end of the stretch: the same bits for the same number of parts.
struct step *step_add_shared(struct builder *builder, share_function *share);
struct step *step_defer(struct builder *builder, step_function *run);

// Where a value's bytes are, in plain order or in `layout`; adds reorder steps where needed. A read
// of VALUE_NONE is NO_PLACE.
int value_read(struct builder *builder, value_id id);
int value_read_as(struct builder *builder, value_id id, const dnnl_memory_desc_t *layout);
// Where the next step is to write it. All else known of the value, and of others that share bytes of
// a bound buffer with it, is out of date from then on.
int value_write(struct builder *builder, value_id id);
int value_write_as(struct builder *builder, value_id id, const dnnl_memory_desc_t *layout);
// That step writes it in another layout as well, or type.
int value_write_also(struct builder *builder, value_id id, const dnnl_memory_desc_t *layout);
// Where it lies in `layout` already; NO_PLACE: nowhere.
int value_found_as(const struct builder *builder, value_id id, const dnnl_memory_desc_t *layout);
// The layout a value has, in its own type, when that is not the plain one; NULL otherwise.
const dnnl_memory_desc_t *value_layout(const struct builder *builder, value_id id);
// Elements from which on a loop of our own is shared between the plan's threads.
#define SHARED_ELEMENTS 16384
// Where the parts' sums over their rows go (each like the value, one after the other) that a deferred step adds up at
// `sum`; with one part that is `sum` itself.
int place_of_parts(struct builder *builder, int sum, value_id id);
// Says before the first step with dnnl_sgemm that there is one.
void builder_products(struct builder *builder);
// The type of what convolutions and large products read.
enum dtype operand_type(const struct builder *builder);
// How often operations after the current one use a value.
size_t value_uses_after(const struct builder *builder, value_id id);

// Lowering: adds the steps of program->ops[builder->op]; returns how many operations that covered.
typedef size_t lower_function(struct builder *builder, const struct op *op);
lower_function lower_gather, lower_dense, lower_dense_input_gradient, lower_dense_weight_gradient;
lower_function lower_convolution, lower_convolution_input_gradient, lower_convolution_weight_gradient;
lower_function lower_pool, lower_pool_gradient;
lower_function lower_batch_norm, lower_batch_norm_gradient, lower_layer_norm, lower_layer_norm_gradient, lower_scale;
lower_function lower_activation, lower_activation_gradient, lower_dropout, lower_add, lower_copy;
lower_function lower_columns, lower_embedding, lower_embedding_gradient;
lower_function lower_softmax_cross_entropy, lower_binary_cross_entropy, lower_error, lower_optimizer, lower_muon, lower_average,
    lower_clip;

// Convolutions between maps of one cell (lower_point.c); the value of x and of y, whichever way.
bool is_point(const struct builder *builder, const struct op *op, value_id x, value_id y);
void point_forward(struct builder *builder, const struct op *op);
void point_input_gradient(struct builder *builder, const struct op *op);
void point_weight_gradient(struct builder *builder, const struct op *op);

enum status plan_build(struct cpu_backend *cpu, const struct program *program, const struct binding *binding,
                       struct plan **plan, struct error *error);
bool plan_lay_out(struct plan *plan); // allocates the block, gives every step its addresses; false: no memory
void plan_free(struct plan *plan); // NULL allowed

#endif
