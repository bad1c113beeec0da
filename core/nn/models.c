// The table of architectures. A new one: a build function and a row; its name joins the choices of
// the parameter "model".
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/nn/build.h"
#include "core/nn/model_file.h"

#define HIDDEN_MOST 64
#define LENET_SMALLEST 28

// ---- linear and mlp ---------------------------------------------------------------------------

static bool fits_all(struct shape sample) {
    return sample.rank >= 1;
}

static bool fits_rows(struct shape sample) {
    return sample.rank == 1;
}

static enum status build_linear(struct model *model, const struct train_params *params, struct error *error) {
    (void)params;
    enum status status = append_flatten(model, error);
    return status ? status : append_dense(model, model->outputs, error);
}

enum status append_mlp(struct model *model, const struct train_params *params, struct error *error) {
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
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < count; i++) {
        status = append_hidden(model, widths[i], params, error);
    }
    return status ? status : append_dense(model, model->outputs, error);
}

static enum status build_mlp(struct model *model, const struct train_params *params, struct error *error) {
    enum status status = append_flatten(model, error);
    return status ? status : append_mlp(model, params, error);
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
                                                        .bias = !params->batch_norm}};
    enum status status = append(model, convolution, error);
    if (!status && params->batch_norm) {
        status = append_batch_norm(model, error);
    }
    status = status ? status : append_activation_named(model, params->activation, error);
    return status ? status : append_pool(model, POOL_MAX, 2, 2, 0, error);
}

static enum status build_lenet5(struct model *model, const struct train_params *params, struct error *error) {
    int padding[2] = {model->sample.size[1] < 32 ? 2 : 0, model->sample.size[2] < 32 ? 2 : 0};
    enum status status = append_stage(model, 6, padding, params, error);
    if (!status) {
        status = append_stage(model, 16, (int[]){0, 0}, params, error);
    }
    if (!status) {
        status = append_flatten(model, error);
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
    {"linear", "softmax regression for classes, linear regression for numbers", fits_all, build_linear, false},
    {"mlp", "multilayer perceptron: dense layers with an activation after each hidden one", fits_all, build_mlp, false},
    {"mlp_embedding", "mlp for tables with categories of many values, each column of which has a table of its own",
     fits_rows, build_mlp_embedding, true},
    {"lenet5", "LeNet-5 (LeCun 1998) for images of at least 28×28", fits_lenet5, build_lenet5, false},
    {"vgg", "three stages of two 3×3 convolutions and a pooling, a hidden layer, for images of at least 8×8", fits_images,
     build_vgg, false},
    {"resnet18", "ResNet-18 with a 3×3 stem, for small images of at least 8×8", fits_images, build_resnet18, false},
    {"resnet18_imagenet", "ResNet-18 as for ImageNet, with a 7×7 stem and a pooling, for images of at least 32×32",
     fits_imagenet, build_resnet18_imagenet, false},
    {"resnet20", "ResNet-20 (He 2016), 16 to 64 filters, for images of at least 8×8", fits_images, build_resnet20, false},
    {"fastnet", "the fast CIFAR net (Jordan 2024), whitened, without residuals, for images of at least 31×31",
     fits_fastnet, build_fastnet, false},
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

const char *model_meant(const struct train_params *params, struct shape sample) {
    bool automatic = strcmp(params->model, "auto") == 0;
    return !automatic ? params->model : fits_lenet5(sample) ? "lenet5" : "mlp";
}

static enum status choose(const char *name, struct shape sample, const struct architecture **architecture,
                          struct error *error) {
    *architecture = find(name);
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

bool model_embeds(const struct train_params *params) {
    const struct architecture *architecture = find(params->model);
    return params->model_file[0] != '\0' ? model_file_embeds(params->model_file)
                                         : architecture != NULL && architecture->embeds;
}

// An index is no quantity: a model without embeddings would take it for one.
static enum status check_indices(const struct model *model, struct error *error) {
    const struct model_data *data = model->data;
    int64_t last = data->sample.rank == 1 ? data->sample.size[0] - 1 : -1; // indices come last
    bool indexed = data->categories != NULL && last >= 0 && data->categories[last] > 0;
    for (size_t i = 0; indexed && i < model->count; i++) {
        indexed = model->layers[i].kind != &layer_embedding;
    }
    return !indexed ? STATUS_OK
                    : error_set(error, STATUS_INVALID,
                                "model %s reads numbers, and column \"%.80s\" comes as an index of categories; choose "
                                "mlp_embedding, or take the step \"index\" out of the recipe",
                                model->name, data->names != NULL ? data->names[last] : "");
}

enum status model_make(const struct train_params *params, struct model_data data, struct model **model,
                       struct error *error) {
    const struct architecture *architecture = NULL;
    struct shape sample = data.sample;
    int64_t outputs = data.outputs;
    if (sample.rank < 1 || sample.rank >= SHAPE_RANK || shape_count(sample) < 1 || outputs < 1) {
        char text[64];
        return error_set(error, STATUS_INVALID, "no model can read samples of shape %s and give %lld outputs",
                         shape_text(sample, text), (long long)outputs);
    }
    bool own = params->model_file[0] != '\0';
    enum status status = own ? STATUS_OK : choose(model_meant(params, sample), sample, &architecture, error);
    if (status) {
        return status;
    }
    struct model *made = mem_alloc(1, sizeof *made);
    if (made == NULL) {
        return error_memory(error, "a model", sizeof *made);
    }
    snprintf(made->name, sizeof made->name, "%.63s", own ? path_base(params->model_file) : architecture->name);
    made->sample = sample;
    made->outputs = outputs;
    made->data = &data;
    status = own ? model_read(made, params->model_file, error) : architecture->build(made, params, error);
    if (!status) {
        status = check_indices(made, error);
    }
    made->data = NULL;
    if (status) {
        model_free(made);
        return status;
    }
    *model = made;
    return STATUS_OK;
}
