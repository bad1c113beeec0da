// Building a plan: values, places and the order of steps. What each operation becomes is in
// lower_*.c.
#include "core/backend/cpu/plan.h"

#include "core/backend/cpu/onednn.h"
#include "core/backend/cpu/threads.h"
#include "core/base/mem.h"

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

const struct value *builder_value(const struct builder *b, value_id id) {
    return &b->program->values[id];
}

// ---- places and steps -------------------------------------------------------------------------

static int add_place(struct builder *b, void *fixed, size_t bytes) {
    struct plan *plan = b->plan;
    if (builder_ok(b) && !vec_reserve(&plan->places, &plan->place_capacity, plan->place_count + 1, sizeof *plan->places)) {
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

struct step *step_add(struct builder *b, step_function *run) {
    struct plan *plan = b->plan;
    struct step *step = &b->scratch;
    if (builder_ok(b) && !vec_reserve(&plan->steps, &plan->step_capacity, plan->step_count + 1, sizeof *plan->steps)) {
        builder_fail(b, dnnl_out_of_memory, "a plan");
    }
    if (builder_ok(b)) {
        step = &plan->steps[plan->step_count++];
    }
    *step = (struct step){.run = run, .kind = b->program->ops[b->op].kind, .activation = ACTIVATION_COUNT};
    for (int i = 0; i < STEP_PLACES; i++) {
        step->place[i] = NO_PLACE;
    }
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
        state->plain = add_place(b, host_address(value, b->binding), bytes);
    }
    return state->plain;
}

static struct form *valid_form(struct value_state *state) {
    for (int i = 0; i < state->form_count; i++) {
        if (state->forms[i].valid) {
            return &state->forms[i];
        }
    }
    return NULL;
}

int value_read(struct builder *b, value_id id) {
    if (id == VALUE_NONE) {
        return NO_PLACE;
    }
    struct value_state *state = &b->values[id];
    int place = plain_place(b, id);
    struct form *form = state->plain_valid ? NULL : valid_form(state);
    if (form != NULL) {
        dnnl_memory_desc_t plain = plain_layout(b, id);
        onednn_reorder(b, &form->layout, form->place, &plain, place);
        state->plain_valid = true;
    }
    return place;
}

// The form of that layout, or a new one (the oldest gives way where there is no room).
static struct form *form_for(struct builder *b, value_id id, const dnnl_memory_desc_t *layout) {
    struct value_state *state = &b->values[id];
    for (int i = 0; i < state->form_count; i++) {
        if (onednn_equal(&state->forms[i].layout, layout)) {
            return &state->forms[i];
        }
    }
    if (state->form_count == FORM_COUNT) {
        for (int i = 1; i < FORM_COUNT; i++) {
            state->forms[i - 1] = state->forms[i];
        }
        state->form_count--;
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
    struct form *source = state->plain_valid ? NULL : valid_form(state);
    struct form from = source != NULL ? *source : (struct form){.layout = plain, .place = plain_place(b, id)};
    struct form *form = form_for(b, id, layout);
    if (!form->valid) {
        onednn_reorder(b, &from.layout, from.place, layout, form->place);
        form->valid = true;
    }
    return form->place;
}

static void outdate(struct builder *b, value_id id) {
    enum slot slot = builder_value(b, id)->slot;
    for (size_t i = 0; i < b->program->value_count; i++) {
        bool same = (value_id)i == id;
        bool neighbor = slot != SLOT_TEMPORARY && b->program->values[i].slot == slot;
        for (int k = 0; (same || neighbor) && k < b->values[i].form_count; k++) {
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

const dnnl_memory_desc_t *value_layout(const struct builder *b, value_id id) {
    struct form *form = b->values[id].plain_valid ? NULL : valid_form(&b->values[id]);
    return form != NULL ? &form->layout : NULL;
}

size_t value_uses_after(const struct builder *b, value_id id) {
    size_t uses = 0;
    for (size_t i = b->op + 1; i < b->program->op_count; i++) {
        const struct op *op = &b->program->ops[i];
        for (int k = 0; k < 4; k++) {
            uses += op->in[k] == id;
        }
        for (int k = 0; k < 3; k++) {
            uses += op->out[k] == id;
        }
    }
    return uses;
}

// ---- memory -----------------------------------------------------------------------------------

static void note_lives(struct plan *plan) {
    for (size_t s = 0; s < plan->step_count; s++) {
        for (int k = 0; k < STEP_PLACES; k++) {
            if (plan->steps[s].place[k] == NO_PLACE) {
                continue;
            }
            struct place *place = &plan->places[plan->steps[s].place[k]];
            place->first = place->used ? place->first : s;
            place->last = s;
            place->used = true;
        }
    }
}

static size_t place_end(const struct place *place) {
    return place->offset + (place->bytes + HOST_ALIGNMENT - 1) / HOST_ALIGNMENT * HOST_ALIGNMENT;
}

// The lowest offset at which no earlier place lives at the same time.
static void assign_offset(struct plan *plan, size_t index) {
    struct place *place = &plan->places[index];
    bool moved = true;
    place->offset = 0;
    while (moved) {
        moved = false;
        for (size_t i = 0; i < index; i++) {
            const struct place *other = &plan->places[i];
            bool meets = other->used && other->fixed == NULL && other->first <= place->last &&
                         place->first <= other->last && other->offset < place_end(place) &&
                         place->offset < place_end(other);
            if (meets) {
                place->offset = place_end(other);
                moved = true;
            }
        }
    }
}

static bool lay_out(struct plan *plan) {
    note_lives(plan);
    for (size_t i = 0; i < plan->place_count; i++) {
        struct place *place = &plan->places[i];
        if (place->used && place->fixed == NULL) {
            assign_offset(plan, i);
            plan->bytes = place_end(place) > plan->bytes ? place_end(place) : plan->bytes;
        }
    }
    plan->block = mem_aligned(HOST_ALIGNMENT, plan->bytes, 1);
    if (plan->block == NULL) {
        return false;
    }
    for (size_t s = 0; s < plan->step_count; s++) {
        struct step *step = &plan->steps[s];
        for (int k = 0; k < STEP_PLACES; k++) {
            if (step->place[k] != NO_PLACE) {
                const struct place *place = &plan->places[step->place[k]];
                step->at[k] = place->fixed != NULL ? place->fixed : plan->block + place->offset;
            }
        }
        onednn_step_resolve(step);
    }
    return true;
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
    [OP_ACTIVATION] = lower_activation,
    [OP_ACTIVATION_GRADIENT] = lower_activation_gradient,
    [OP_DROPOUT] = lower_dropout,
    [OP_DROPOUT_GRADIENT] = lower_dropout,
    [OP_SOFTMAX_CROSS_ENTROPY] = lower_softmax_cross_entropy,
    [OP_SQUARED_ERROR] = lower_squared_error,
    [OP_ADD] = lower_add,
    [OP_COPY] = lower_copy,
    [OP_SGD] = lower_sgd,
};

// What others read from a bound buffer has to be in plain order when the operation is over.
static void settle(struct builder *b, const struct op *op) {
    for (int k = 0; k < 3; k++) {
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
    b.plan->limits = host_limits(program, binding);
    threads_set(b.plan->threads); // oneDNN divides the work when a primitive is made
    lower_all(&b);
    if (builder_ok(&b) && !lay_out(b.plan)) {
        b.status = error_memory(error, "the temporaries of a plan", b.plan->bytes);
    }
end:
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
