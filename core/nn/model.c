#include "core/nn/model.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"

#define LAYERS_MOST 256 // dropout's random stream has 8 bits for the layer's index
#define NAME_ROOM 24    // what a layer's own name may use of name[32]; the number follows

static bool name_taken(const struct model *model, const char *name) {
    for (size_t i = 0; i < model->count; i++) {
        if (strcmp(model->layers[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void name_layer(const struct model *model, struct layer *layer) {
    char stem[NAME_ROOM];
    snprintf(stem, sizeof stem, "%.*s", NAME_ROOM - 1, layer->name[0] != '\0' ? layer->name : layer->kind->name);
    for (int number = 1; number <= LAYERS_MOST; number++) {
        snprintf(layer->name, sizeof layer->name, "%s%d", stem, number);
        if (!name_taken(model, layer->name)) {
            return;
        }
    }
}

static enum status count_weights(const struct model *model, const struct layer *layer, size_t *weights, size_t *state,
                                 struct error *error) {
    // Byte counts and the libraries' 32-bit sizes must hold whatever is built on this number.
    if (!size_add(model->weight_count, layer->weight_count, weights) || *weights > INT32_MAX ||
        !size_add(model->state_count, layer->state_count, state) || *state > INT32_MAX) {
        return error_set(error, STATUS_INVALID, "%s: the model would have more than %d weights; make it smaller",
                         layer->name, INT32_MAX);
    }
    return STATUS_OK;
}

enum status model_add(struct model *model, struct layer layer, struct error *error) {
    assert(layer.input >= -1 && layer.input < (int)model->count && layer.other < (int)model->count);
    size_t weights = 0, state = 0;
    if (model->count >= LAYERS_MOST) {
        return error_set(error, STATUS_INVALID, "the model has more than %d layers; make it smaller", LAYERS_MOST);
    }
    name_layer(model, &layer);
    layer.index = (int)model->count;
    layer.in = layer.input < 0 ? model->sample : model->layers[layer.input].out;
    layer.other_in = layer.other >= 0 ? model->layers[layer.other].out : model->sample;
    enum status status = layer.kind->configure(&layer, error);
    if (!status) {
        status = count_weights(model, &layer, &weights, &state, error);
    }
    if (!status && !vec_reserve(&model->layers, &model->capacity, model->count + 1, sizeof *model->layers)) {
        status = error_memory(error, "layers of a model", (model->count + 1) * sizeof *model->layers);
    }
    if (status) {
        return status;
    }
    layer.weight_offset = model->weight_count;
    layer.state_offset = model->state_count;
    model->layers[model->count++] = layer;
    model->weight_count = weights;
    model->state_count = state;
    return STATUS_OK;
}

void model_free(struct model *model) {
    if (model != NULL) {
        mem_free(model->layers);
        mem_free(model);
    }
}

void model_initialize(const struct model *model, uint64_t seed, float *weights, float *state) {
    uint64_t stream = 0; // dropout, which may come and go while a run lives, takes none
    for (size_t i = 0; i < model->count; i++) {
        const struct layer *layer = &model->layers[i];
        struct rng rng = rng_make(seed, RNG_INIT, stream);
        stream += layer->kind != &layer_dropout;
        if (layer->kind->initialize != NULL) {
            layer->kind->initialize(layer, &rng, weights + layer->weight_offset, state + layer->state_offset);
        }
    }
}

value_id model_forward(const struct model *model, struct program *program, enum dtype real, bool training, value_id x,
                       struct layer_pass *passes) {
    passes[0] = (struct layer_pass){.program = program, .real = real, .training = training, .output = x};
    for (size_t i = 0; i < model->count; i++) {
        const struct layer *layer = &model->layers[i];
        passes[i + 1] = (struct layer_pass){
            .program = program,
            .real = real,
            .training = training,
            .input = passes[layer->input + 1].output,
            .other = layer->other < -1 ? VALUE_NONE : passes[layer->other + 1].output,
            .output = VALUE_NONE,
            .saved = {VALUE_NONE, VALUE_NONE},
            .output_gradient = VALUE_NONE,
            .input_gradient = VALUE_NONE,
            .other_gradient = VALUE_NONE,
        };
        layer->kind->forward(layer, &passes[i + 1]);
    }
    return passes[model->count].output;
}

// A gradient is wanted where there are weights to train, in the layer itself or before it.
static bool gradient_wanted(const struct model *model, const struct layer_pass *passes, int index) {
    return index >= 0 && (model->layers[index].weight_count > 0 || passes[index + 1].need_input_gradient);
}

// Where an output feeds several layers, their gradients add up.
static void add_gradient(struct layer_pass *producer, value_id gradient) {
    if (gradient == VALUE_NONE || producer->output_gradient == VALUE_NONE) {
        producer->output_gradient = gradient == VALUE_NONE ? producer->output_gradient : gradient;
        return;
    }
    struct program *program = producer->program;
    value_id sum =
        program->failed ? VALUE_NONE : program_temporary(program, producer->real, program->values[gradient].shape);
    struct op *op = program_op(program, OP_ADD);
    op->in[0] = producer->output_gradient;
    op->in[1] = gradient;
    op->out[0] = sum;
    producer->output_gradient = sum;
}

void model_backward(const struct model *model, struct program *program, value_id logits_gradient,
                    struct layer_pass *passes) {
    (void)program;
    for (size_t i = 0; i < model->count; i++) {
        const struct layer *layer = &model->layers[i];
        passes[i + 1].need_input_gradient =
            gradient_wanted(model, passes, layer->input) || gradient_wanted(model, passes, layer->other);
    }
    passes[model->count].output_gradient = logits_gradient;
    for (size_t i = model->count; i > 0; i--) {
        const struct layer *layer = &model->layers[i - 1];
        struct layer_pass *pass = &passes[i];
        if (pass->output_gradient == VALUE_NONE || (layer->weight_count == 0 && !pass->need_input_gradient)) {
            continue;
        }
        layer->kind->backward(layer, pass);
        add_gradient(&passes[layer->input + 1], pass->input_gradient);
        if (layer->other >= -1) {
            add_gradient(&passes[layer->other + 1], pass->other_gradient);
        }
    }
}

struct layer_figures model_figures(const struct model *model, size_t index) {
    assert(index < model->count);
    const struct layer *layer = &model->layers[index];
    struct program program = {.batch = 1};
    struct layer_pass pass = {.program = &program,
                              .real = DTYPE_F32,
                              .other = VALUE_NONE,
                              .saved = {VALUE_NONE, VALUE_NONE}};
    pass.input = program_temporary(&program, DTYPE_F32, shape_batch(1, layer->in));
    if (layer->other >= -1) {
        pass.other = program_temporary(&program, DTYPE_F32, shape_batch(1, layer->other_in));
    }
    layer->kind->forward(layer, &pass);
    struct layer_figures figures = {
        .out = layer->out,
        .weights = layer->weight_count,
        .flops = program.failed ? NAN : program_flops(&program),
        .activation_bytes = (size_t)shape_count(layer->out) * sizeof(float),
    };
    program_free(&program);
    return figures;
}
