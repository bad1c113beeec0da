// Building a plan: values, places and the order of steps. What each operation becomes is in
// lower_*.c, where places lie in plan_memory.c.
#include "core/backend/cpu/plan.h"

#include "core/backend/cpu/narrow.h"
#include "core/backend/cpu/onednn.h"
#include "core/backend/cpu/room.h"
#include "core/backend/cpu/threads.h"
#include "core/base/mem.h"

// A thread that takes rows has to fetch the weights, which another changed, and give its gradients back: so much work
// pays for that.
#define FLOPS_OF_A_PART 4e6

void builder_fail(struct builder *b, dnnl_status_t status, const char *what) {
    if (status == dnnl_success || b->status != STATUS_OK) {
        return;
    }
    const char *name = op_name(b->program->ops[b->op].kind);
    if (status == dnnl_out_of_memory) {
        b->status = error_memory(b->error, what, 0);
    } else if (status == dnnl_unimplemented) {
        b->status = error_set(b->error, STATUS_UNSUPPORTED, "oneDNN has no way to do operation %zu (%s).", b->op, name);
    } else {
        b->status = error_set(b->error, STATUS_DEVICE, "oneDNN refused %s for operation %zu (%s), status %d.", what,
                              b->op, name, (int)status);
    }
}

bool builder_ok(const struct builder *b) {
    return b->status == STATUS_OK;
}

void builder_products(struct builder *b) {
    if (builder_ok(b)) {
        b->status = room_for_products(b->error);
    }
}

const struct value *builder_value(const struct builder *b, value_id id) {
    return &b->program->values[id];
}

// ---- places and steps -------------------------------------------------------------------------

static int add_place(struct builder *b, void *fixed, size_t bytes) {
    struct plan *plan = b->plan;
    if (builder_ok(b) &&
        !vec_reserve(&plan->places, &plan->place_capacity, plan->place_count + 1, sizeof *plan->places)) {
        builder_fail(b, dnnl_out_of_memory, "a plan");
    }
    if (!builder_ok(b)) {
        return NO_PLACE;
    }
    plan->places[plan->place_count] = (struct place){.fixed = fixed, .bytes = bytes};
    return (int)plan->place_count++;
}

int place_new(struct builder *b, size_t bytes) {
    return add_place(b, NULL, bytes);
}

static struct step *append(struct builder *b, const struct step *made) {
    struct plan *plan = b->plan;
    if (builder_ok(b) && !vec_reserve(&plan->steps, &plan->step_capacity, plan->step_count + 1, sizeof *plan->steps)) {
        builder_fail(b, dnnl_out_of_memory, "a plan");
    }
    struct step *step = builder_ok(b) ? &plan->steps[plan->step_count++] : &b->scratch;
    *step = *made;
    return step;
}

static struct step blank_step(const struct builder *b) {
    size_t last = b->program->op_count - 1; // deferred steps may come behind it
    struct step step = {.kind = b->program->ops[b->op < last ? b->op : last].kind, .activation = ACTIVATION_COUNT};
    for (int i = 0; i < STEP_PLACES; i++) {
        step.place[i] = NO_PLACE;
    }
    return step;
}

static void add_deferred(struct builder *b) {
    for (size_t i = 0; i < b->deferred_count; i++) {
        append(b, &b->deferred[i]);
    }
    b->deferred_count = 0;
}

struct step *step_add(struct builder *b, step_function *run) {
    struct step step = blank_step(b);
    step.run = run;
    add_deferred(b);
    return append(b, &step);
}

struct step *step_add_shared(struct builder *b, share_function *share) {
    struct step step = blank_step(b);
    step.share = share;
    return append(b, &step);
}

struct step *step_defer(struct builder *b, step_function *run) {
    if (builder_ok(b) &&
        !vec_reserve(&b->deferred, &b->deferred_capacity, b->deferred_count + 1, sizeof *b->deferred)) {
        builder_fail(b, dnnl_out_of_memory, "a plan");
    }
    struct step *step = builder_ok(b) ? &b->deferred[b->deferred_count++] : &b->scratch;
    *step = blank_step(b);
    step->run = run;
    return step;
}

// ---- values -----------------------------------------------------------------------------------

static dnnl_memory_desc_t plain_layout(const struct builder *b, value_id id) {
    const struct value *value = builder_value(b, id);
    return onednn_plain(value->shape, value->dtype);
}

static int plain_place(struct builder *b, value_id id) {
    struct value_state *state = &b->values[id];
    if (state->plain == NO_PLACE) {
        const struct value *value = builder_value(b, id);
        size_t bytes = (size_t)shape_count(value->shape) * dtype_size(value->dtype);
        state->plain = add_place(b, binding_address(b->binding, value), bytes);
    }
    return state->plain;
}

// As exact as the value: bf16 is made of it, it is never made of bf16.
static bool exact(const struct builder *b, value_id id, const struct form *form) {
    return form->layout.data_type == plain_layout(b, id).data_type;
}

static struct form *valid_form(const struct builder *b, value_id id) {
    struct value_state *state = &b->values[id];
    for (int i = 0; i < state->form_count; i++) {
        if (state->forms[i].valid && exact(b, id, &state->forms[i])) {
            return &state->forms[i];
        }
    }
    return NULL;
}

static void change_layout(struct builder *b, value_id id, const dnnl_memory_desc_t *from, int from_place,
                          const dnnl_memory_desc_t *to, int to_place) {
    if (!narrow_change(b, id, from, from_place, to, to_place)) {
        onednn_reorder(b, from, from_place, to, to_place);
    }
}

int value_read(struct builder *b, value_id id) {
    if (id == VALUE_NONE) {
        return NO_PLACE;
    }
    struct value_state *state = &b->values[id];
    int place = plain_place(b, id);
    struct form *form = state->plain_valid ? NULL : valid_form(b, id);
    if (form != NULL) {
        dnnl_memory_desc_t plain = plain_layout(b, id);
        change_layout(b, id, &form->layout, form->place, &plain, place);
        state->plain_valid = true;
    }
    return place;
}

// The oldest form gives way where there is no room, one that something else can be made of last.
static void drop_form(const struct builder *b, value_id id) {
    struct value_state *state = &b->values[id];
    int drop = 0;
    while (drop + 1 < FORM_COUNT && state->forms[drop].valid && exact(b, id, &state->forms[drop])) {
        drop++;
    }
    for (int i = drop + 1; i < FORM_COUNT; i++) {
        state->forms[i - 1] = state->forms[i];
    }
    state->form_count--;
}

// The form of that layout, or a new one.
static struct form *form_for(struct builder *b, value_id id, const dnnl_memory_desc_t *layout) {
    struct value_state *state = &b->values[id];
    for (int i = 0; i < state->form_count; i++) {
        if (onednn_equal(&state->forms[i].layout, layout)) {
            return &state->forms[i];
        }
    }
    if (state->form_count == FORM_COUNT) {
        drop_form(b, id);
    }
    struct form *form = &state->forms[state->form_count++];
    *form = (struct form){.layout = *layout, .place = place_new(b, onednn_bytes(layout))};
    return form;
}

int value_read_as(struct builder *b, value_id id, const dnnl_memory_desc_t *layout) {
    dnnl_memory_desc_t plain = plain_layout(b, id);
    if (onednn_equal(&plain, layout)) {
        return value_read(b, id);
    }
    struct value_state *state = &b->values[id];
    struct form *source = state->plain_valid ? NULL : valid_form(b, id);
    struct form from = source != NULL ? *source : (struct form){.layout = plain, .place = plain_place(b, id)};
    struct form *form = form_for(b, id, layout);
    if (!form->valid) {
        change_layout(b, id, &from.layout, from.place, layout, form->place);
        form->valid = true;
    }
    return form->place;
}

static bool overlap(const struct value *a, const struct value *b) {
    return a->slot != SLOT_TEMPORARY && a->slot == b->slot && a->offset < b->offset + (size_t)shape_count(b->shape) &&
           b->offset < a->offset + (size_t)shape_count(a->shape);
}

static void outdate(struct builder *b, value_id id) {
    for (size_t i = 0; i < b->program->value_count; i++) {
        bool stale = (value_id)i == id || overlap(builder_value(b, id), builder_value(b, (value_id)i));
        b->values[i].taps_valid = b->values[i].taps_valid && !stale;
        for (int k = 0; stale && k < b->values[i].form_count; k++) {
            b->values[i].forms[k].valid = false;
        }
    }
}

int value_write(struct builder *b, value_id id) {
    if (id == VALUE_NONE) {
        return NO_PLACE;
    }
    outdate(b, id);
    b->values[id].plain_valid = true;
    return plain_place(b, id);
}

int value_write_as(struct builder *b, value_id id, const dnnl_memory_desc_t *layout) {
    dnnl_memory_desc_t plain = plain_layout(b, id);
    if (onednn_equal(&plain, layout)) {
        return value_write(b, id);
    }
    outdate(b, id);
    b->values[id].plain_valid = false;
    struct form *form = form_for(b, id, layout);
    form->valid = true;
    return form->place;
}

int value_write_also(struct builder *b, value_id id, const dnnl_memory_desc_t *layout) {
    struct form *form = form_for(b, id, layout);
    form->valid = true;
    return form->place;
}

int value_found_as(const struct builder *b, value_id id, const dnnl_memory_desc_t *layout) {
    const struct value_state *state = &b->values[id];
    for (int i = 0; i < state->form_count; i++) {
        if (state->forms[i].valid && onednn_equal(&state->forms[i].layout, layout)) {
            return state->forms[i].place;
        }
    }
    return NO_PLACE;
}

const dnnl_memory_desc_t *value_layout(const struct builder *b, value_id id) {
    struct form *form = b->values[id].plain_valid ? NULL : valid_form(b, id);
    return form != NULL ? &form->layout : NULL;
}

enum dtype operand_type(const struct builder *b) {
    return b->cpu->bf16 ? DTYPE_BF16 : DTYPE_F32;
}

size_t value_uses_after(const struct builder *b, value_id id) {
    size_t uses = 0;
    for (size_t i = b->op + 1; i < b->program->op_count; i++) {
        const struct op *op = &b->program->ops[i];
        for (int k = 0; k < OP_INPUTS; k++) {
            uses += op->in[k] == id;
        }
        for (int k = 0; k < OP_OUTPUTS; k++) {
            uses += op->out[k] == id;
        }
    }
    return uses;
}

// ---- building ---------------------------------------------------------------------------------

static lower_function *const lower[OP_COUNT] = {
    [OP_GATHER] = lower_gather,
    [OP_GATHER_LABELS] = lower_gather,
    [OP_GATHER_TARGETS] = lower_gather,
    [OP_DENSE] = lower_dense,
    [OP_DENSE_INPUT_GRADIENT] = lower_dense_input_gradient,
    [OP_DENSE_WEIGHT_GRADIENT] = lower_dense_weight_gradient,
    [OP_CONVOLUTION] = lower_convolution,
    [OP_CONVOLUTION_INPUT_GRADIENT] = lower_convolution_input_gradient,
    [OP_CONVOLUTION_WEIGHT_GRADIENT] = lower_convolution_weight_gradient,
    [OP_POOL] = lower_pool,
    [OP_POOL_GRADIENT] = lower_pool_gradient,
    [OP_BATCH_NORM] = lower_batch_norm,
    [OP_BATCH_NORM_GRADIENT] = lower_batch_norm_gradient,
    [OP_LAYER_NORM] = lower_layer_norm,
    [OP_LAYER_NORM_GRADIENT] = lower_layer_norm_gradient,
    [OP_ACTIVATION] = lower_activation,
    [OP_ACTIVATION_GRADIENT] = lower_activation_gradient,
    [OP_DROPOUT] = lower_dropout,
    [OP_DROPOUT_GRADIENT] = lower_dropout,
    [OP_SOFTMAX_CROSS_ENTROPY] = lower_softmax_cross_entropy,
    [OP_BINARY_CROSS_ENTROPY] = lower_binary_cross_entropy,
    [OP_SQUARED_ERROR] = lower_error,
    [OP_ABSOLUTE_ERROR] = lower_error,
    [OP_HUBER] = lower_error,
    [OP_ADD] = lower_add,
    [OP_SCALE] = lower_scale,
    [OP_COPY] = lower_copy,
    [OP_COLUMNS] = lower_columns,
    [OP_EMBEDDING] = lower_embedding,
    [OP_EMBEDDING_GRADIENT] = lower_embedding_gradient,
    [OP_SGD] = lower_optimizer,
    [OP_ADAGRAD] = lower_optimizer,
    [OP_RMSPROP] = lower_optimizer,
    [OP_ADAM] = lower_optimizer,
    [OP_MUON] = lower_muon,
    [OP_AVERAGE] = lower_average,
    [OP_CLIP] = lower_clip,
};

// What others read from a bound buffer has to be in plain order when the operation is over.
static void settle(struct builder *b, const struct op *op) {
    for (int k = 0; k < OP_OUTPUTS; k++) {
        if (op->out[k] != VALUE_NONE && builder_value(b, op->out[k])->slot != SLOT_TEMPORARY) {
            value_read(b, op->out[k]);
        }
    }
}

static void lower_all(struct builder *b) {
    const struct program *program = b->program;
    while (builder_ok(b) && b->op < program->op_count) {
        size_t covered = lower[program->ops[b->op].kind](b, &program->ops[b->op]);
        for (size_t i = 0; i < covered; i++) {
            settle(b, &program->ops[b->op + i]);
        }
        b->op += covered;
    }
    add_deferred(b);
}

static struct value_state *states_new(const struct program *program) {
    struct value_state *states = mem_alloc(program->value_count + 1, sizeof *states);
    for (size_t i = 0; states != NULL && i < program->value_count; i++) {
        states[i].plain = NO_PLACE;
        states[i].plain_valid = true;
    }
    return states;
}

static void states_free(struct value_state *states, size_t count) {
    for (size_t i = 0; states != NULL && i < count; i++) {
        if (states[i].pool != NULL) {
            dnnl_primitive_desc_destroy(states[i].pool);
        }
    }
    mem_free(states);
}

// What lies between two layers of a hundred numbers stays in the second cache.
#define ROWS_OF_A_TURN 256

// Where nothing is summed over rows, those of a part can take turns.
static int64_t turn_of(const struct program *program) {
    static const bool row_by_row[OP_COUNT] = {
        [OP_GATHER] = true,     [OP_DENSE] = true,      [OP_CONVOLUTION] = true, [OP_POOL] = true,
        [OP_ACTIVATION] = true, [OP_LAYER_NORM] = true, [OP_ADD] = true,         [OP_SCALE] = true,
        [OP_COPY] = true,
    };
    for (size_t i = 0; i < program->op_count; i++) {
        if (!row_by_row[program->ops[i].kind]) {
            return 0;
        }
    }
    return ROWS_OF_A_TURN;
}

static int parts_of(const struct program *program, int asked) {
    double flops = program_flops(program), worth = flops / FLOPS_OF_A_PART;
    int threads = threads_for_parts(flops, asked);
    int64_t tiles = program->batch / ROWS_OF_A_TILE, most = worth < (double)tiles ? (int64_t)worth : tiles;
    return most < 2 ? 1 : threads < most ? threads : (int)most;
}

enum status plan_build(struct cpu_backend *cpu, const struct program *program, const struct binding *binding,
                       struct plan **plan, struct error *error) {
    struct builder b = {.cpu = cpu, .program = program, .binding = binding, .error = error};
    b.plan = mem_alloc(1, sizeof *b.plan);
    b.values = states_new(program);
    if (b.plan == NULL || b.values == NULL) {
        b.status = error_memory(error, "a plan", program->value_count * sizeof *b.values);
        goto end;
    }
    b.plan->threads = threads_for(program_flops(program), cpu->threads);
    b.plan->batch = program->batch;
    b.plan->turn = turn_of(program);
    b.plan->parts = parts_of(program, cpu->threads);
    b.plan->limits = binding_limits(binding, program);
    threads_set(b.plan->threads); // oneDNN divides the work when a primitive is made
    lower_all(&b);
    if (builder_ok(&b) && !plan_lay_out(b.plan)) {
        b.status = error_memory(error, "the temporaries of a plan", b.plan->bytes);
    }
    if (builder_ok(&b)) {
        b.status = room_for_threads(b.plan->parts > b.plan->threads ? b.plan->parts : b.plan->threads, error);
    }
    while (b.plan->gathers < b.plan->step_count && op_gathers(b.plan->steps[b.plan->gathers].kind)) {
        b.plan->gathers++;
    }
end:
    mem_free(b.deferred);
    states_free(b.values, program->value_count);
    if (b.status == STATUS_OK) {
        *plan = b.plan;
    } else {
        plan_free(b.plan);
    }
    return b.status;
}

void plan_free(struct plan *plan) {
    if (plan == NULL) {
        return;
    }
    for (size_t i = 0; i < plan->step_count; i++) {
        onednn_step_free(&plan->steps[i]);
    }
    mem_free(plan->steps);
    mem_free(plan->places);
    mem_free(plan->block);
    mem_free(plan);
}
