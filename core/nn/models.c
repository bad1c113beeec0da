// The table of architectures. A new one: a build function and a row; its name joins the choices of
// the parameter "model".
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/nn/model.h"

#define HIDDEN_MOST 64
#define LENET_SMALLEST 28

// Layers mostly read the one before them.
static enum status append(struct model *model, struct layer layer, struct error *error) {
    layer.input = (int)model->count - 1;
    layer.other = -2;
    return model_add(model, layer, error);
}

static enum status append_flatten(struct model *model, struct shape in, struct error *error) {
    return in.rank == 1 ? STATUS_OK : append(model, (struct layer){.kind = &layer_flatten}, error);
}

static enum status append_dense(struct model *model, int64_t outputs, struct error *error) {
    struct layer layer = {.kind = &layer_dense, .setting.dense = {.outputs = outputs, .bias = true}};
    return append(model, layer, error);
}

static enum status append_activation(struct model *model, const struct train_params *params, struct error *error) {
    struct layer layer = {.kind = &layer_activation};
    if (!activation_parse(params->activation, &layer.setting.activation)) {
        return error_set(error, STATUS_INVALID,
                         "activation %s: there is none of that name; relu, tanh and sigmoid are known",
                         params->activation);
    }
    snprintf(layer.name, sizeof layer.name, "%s", activation_name(layer.setting.activation));
    return append(model, layer, error);
}

// A hidden dense layer: product, activation, dropout where asked for.
static enum status append_hidden(struct model *model, int64_t width, const struct train_params *params,
                                 struct error *error) {
    enum status status = append_dense(model, width, error);
    if (!status) {
        status = append_activation(model, params, error);
    }
    if (!status && params->dropout > 0) {
        status = append(model, (struct layer){.kind = &layer_dropout, .setting.dropout = params->dropout}, error);
    }
    return status;
}

// ---- linear and mlp ---------------------------------------------------------------------------

static bool fits_all(struct shape sample) {
    return sample.rank >= 1;
}

static enum status build_linear(struct model *model, const struct train_params *params, struct error *error) {
    (void)params;
    enum status status = append_flatten(model, model->sample, error);
    return status ? status : append_dense(model, model->outputs, error);
}

static enum status build_mlp(struct model *model, const struct train_params *params, struct error *error) {
    int64_t widths[HIDDEN_MOST + 1];
    size_t count = params_widths(params->hidden, widths, HIDDEN_MOST + 1);
    if (count == 0) {
        return error_set(
            error, STATUS_INVALID,
            "hidden widths are empty; give one number per hidden layer, such as 64,64, or choose the model "
            "linear");
    }
    if (count > HIDDEN_MOST) {
        return error_set(error, STATUS_INVALID, "hidden widths %s: at most %d hidden layers are possible",
                         params->hidden, HIDDEN_MOST);
    }
    enum status status = append_flatten(model, model->sample, error);
    for (size_t i = 0; !status && i < count; i++) {
        status = append_hidden(model, widths[i], params, error);
    }
    return status ? status : append_dense(model, model->outputs, error);
}

// ---- LeNet-5 ----------------------------------------------------------------------------------

static bool fits_lenet5(struct shape sample) {
    return sample.rank == 3 && sample.size[1] >= LENET_SMALLEST && sample.size[2] >= LENET_SMALLEST;
}

// Convolution 5×5, activation, max-pooling 2×2. Images below 32 are padded so that the map of the
// original paper (28×28 after the first convolution of a 32×32 image) comes out.
static enum status append_stage(struct model *model, int64_t filters, const int padding[2],
                                const struct train_params *params, struct error *error) {
    struct layer convolution = {.kind = &layer_convolution,
                                .setting.convolution = {.filters = filters,
                                                        .kernel = {5, 5},
                                                        .stride = {1, 1},
                                                        .padding = {padding[0], padding[1]},
                                                        .groups = 1,
                                                        .bias = true}};
    struct layer pool = {.kind = &layer_pool,
                         .name = "max_pool",
                         .setting.pool = {.kind = POOL_MAX, .window = {2, 2}, .stride = {2, 2}}};
    enum status status = append(model, convolution, error);
    if (!status) {
        status = append_activation(model, params, error);
    }
    return status ? status : append(model, pool, error);
}

static enum status build_lenet5(struct model *model, const struct train_params *params, struct error *error) {
    int padding[2] = {model->sample.size[1] < 32 ? 2 : 0, model->sample.size[2] < 32 ? 2 : 0};
    enum status status = append_stage(model, 6, padding, params, error);
    if (!status) {
        status = append_stage(model, 16, (int[]){0, 0}, params, error);
    }
    if (!status) {
        status = append(model, (struct layer){.kind = &layer_flatten}, error);
    }
    if (!status) {
        status = append_hidden(model, 120, params, error);
    }
    if (!status) {
        status = append_hidden(model, 84, params, error);
    }
    return status ? status : append_dense(model, model->outputs, error);
}

// ---- the table --------------------------------------------------------------------------------

static const struct architecture architectures[] = {
    {"linear", "softmax regression for classes, linear regression for numbers", fits_all, build_linear},
    {"mlp", "multilayer perceptron: dense layers with an activation after each hidden one", fits_all, build_mlp},
    {"lenet5", "LeNet-5 (LeCun 1998) for images of at least 28×28", fits_lenet5, build_lenet5},
};

size_t architecture_count(void) {
    return sizeof architectures / sizeof architectures[0];
}

const struct architecture *architecture_at(size_t index) {
    assert(index < architecture_count());
    return &architectures[index];
}

static const struct architecture *find(const char *name) {
    for (size_t i = 0; i < architecture_count(); i++) {
        if (strcmp(architectures[i].name, name) == 0) {
            return &architectures[i];
        }
    }
    return NULL;
}

static enum status choose(const char *name, struct shape sample, const struct architecture **architecture,
                          struct error *error) {
    bool automatic = strcmp(name, "auto") == 0;
    *architecture = find(!automatic ? name : fits_lenet5(sample) ? "lenet5" : "mlp");
    if (*architecture == NULL) {
        return error_set(error, STATUS_INVALID, "model %s: there is none of that name", name);
    }
    if (!(*architecture)->fits(sample)) {
        char text[64];
        return error_set(error, STATUS_INVALID,
                         "model %s does not fit samples of shape %s: it is %s; choose mlp or linear", name,
                         shape_text(sample, text), (*architecture)->help);
    }
    return STATUS_OK;
}

enum status model_make(const struct train_params *params, struct shape sample, int64_t outputs, struct model **model,
                       struct error *error) {
    const struct architecture *architecture = NULL;
    if (sample.rank < 1 || sample.rank >= SHAPE_RANK || shape_count(sample) < 1 || outputs < 1) {
        char text[64];
        return error_set(error, STATUS_INVALID, "no model can read samples of shape %s and give %lld outputs",
                         shape_text(sample, text), (long long)outputs);
    }
    enum status status = choose(params->model, sample, &architecture, error);
    if (status) {
        return status;
    }
    struct model *made = mem_alloc(1, sizeof *made);
    if (made == NULL) {
        return error_memory(error, "a model", sizeof *made);
    }
    snprintf(made->name, sizeof made->name, "%s", architecture->name);
    made->sample = sample;
    made->outputs = outputs;
    status = architecture->build(made, params, error);
    if (status) {
        model_free(made);
        return status;
    }
    *model = made;
    return STATUS_OK;
}
