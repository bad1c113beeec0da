// Architectures for images: a small VGG-like net, residual nets, the fast CIFAR net.
#include <stdio.h>

#include "core/nn/build.h"

static bool fits(struct shape sample, int64_t side) {
    return sample.rank == 3 && sample.size[1] >= side && sample.size[2] >= side;
}

bool fits_images(struct shape sample) {
    return fits(sample, 8);
}

bool fits_imagenet(struct shape sample) {
    return fits(sample, 32);
}

bool fits_fastnet(struct shape sample) {
    return fits(sample, 31);
}

static int64_t first_width(const struct train_params *params, int64_t own) {
    return params->width > 0 ? params->width : own;
}

// Convolution without bias, batch norm, ReLU where `relu`: He et al. 2015, 2016.
static enum status append_unit(struct model *model, int64_t filters, int kernel, int stride, bool relu,
                               struct error *error) {
    enum status status = append_convolution(model, filters, kernel, stride, kernel / 2, START_HE_FAN_OUT, false, error);
    if (!status) {
        status = append_batch_norm(model, error);
    }
    return status || !relu ? status : append_activation(model, ACTIVATION_RELU, error);
}

// ---- VGG ----------------------------------------------------------------------------------------

// Two 3×3 convolutions, then max-pooling; three times, each time with twice the filters; a hidden layer.
enum status build_vgg(struct model *model, const struct train_params *params, struct error *error) {
    int64_t filters = first_width(params, 32);
    enum status status = STATUS_OK;
    for (int stage = 0; !status && stage < 3; stage++, filters *= 2) {
        for (int i = 0; !status && i < 2; i++) {
            status = append_convolution(model, filters, 3, 1, 1, START_HE_FAN_OUT, !params->batch_norm, error);
            if (!status && params->batch_norm) {
                status = append_batch_norm(model, error);
            }
            status = status ? status : append_activation_named(model, params->activation, error);
        }
        status = status ? status : append_pool(model, POOL_MAX, 2, 2, 0, error);
    }
    status = status ? status : append_flatten(model, error);
    status = status ? status : append_hidden(model, filters, params, error);
    return status ? status : append_dense(model, model->outputs, error);
}

// ---- residual nets ------------------------------------------------------------------------------

static enum status append_add(struct model *model, int input, int other, struct error *error) {
    return model_add(model, (struct layer){.kind = &layer_add, .input = input, .other = other}, error);
}

// Two 3×3 convolutions beside a way around them: as it is, or a 1×1 convolution where shapes differ.
static enum status append_block(struct model *model, int64_t filters, int stride, struct error *error) {
    int start = (int)model->count - 1, around = start;
    enum status status = append_unit(model, filters, 3, stride, true, error);
    status = status ? status : append_unit(model, filters, 3, 1, false, error);
    int end = (int)model->count - 1;
    if (!status && (stride != 1 || model->layers[start].out.size[0] != filters)) {
        struct layer shortcut = {.kind = &layer_convolution,
                                 .name = "shortcut",
                                 .input = start,
                                 .other = -2,
                                 .setting.convolution = {.filters = filters,
                                                         .kernel = {1, 1},
                                                         .stride = {stride, stride},
                                                         .groups = 1,
                                                         .start = START_HE_FAN_OUT}};
        status = model_add(model, shortcut, error);
        status = status ? status : append_batch_norm(model, error);
        around = (int)model->count - 1;
    }
    status = status ? status : append_add(model, end, around, error);
    return status ? status : append_activation(model, ACTIVATION_RELU, error);
}

// Stages of `blocks` blocks, each with twice the filters on half the map; mean of each channel; dense.
static enum status append_stages(struct model *model, int64_t filters, int stages, int blocks, struct error *error) {
    enum status status = STATUS_OK;
    for (int stage = 0; !status && stage < stages; stage++, filters *= 2) {
        for (int i = 0; !status && i < blocks; i++) {
            status = append_block(model, filters, stage > 0 && i == 0 ? 2 : 1, error);
        }
    }
    struct layer pool = {.kind = &layer_global_pool, .setting.pool = {.kind = POOL_AVERAGE}};
    status = status ? status : append(model, pool, error);
    return status ? status : append_dense(model, model->outputs, error);
}

enum status build_resnet18(struct model *model, const struct train_params *params, struct error *error) {
    int64_t filters = first_width(params, 64);
    enum status status = append_unit(model, filters, 3, 1, true, error);
    return status ? status : append_stages(model, filters, 4, 2, error);
}

enum status build_resnet18_imagenet(struct model *model, const struct train_params *params, struct error *error) {
    int64_t filters = first_width(params, 64);
    enum status status = append_unit(model, filters, 7, 2, true, error);
    status = status ? status : append_pool(model, POOL_MAX, 3, 2, 1, error);
    return status ? status : append_stages(model, filters, 4, 2, error);
}

enum status build_resnet20(struct model *model, const struct train_params *params, struct error *error) {
    int64_t filters = first_width(params, 16);
    enum status status = append_unit(model, filters, 3, 1, true, error);
    return status ? status : append_stages(model, filters, 3, 3, error);
}

// ---- the fast CIFAR net -------------------------------------------------------------------------

#define FAST_EPSILON 1e-12
#define FAST_MOMENTUM 0.6

static enum status append_fast_norm(struct model *model, struct error *error) {
    struct layer layer = {
        .kind = &layer_batch_norm,
        .setting.batch_norm = {.epsilon = FAST_EPSILON, .momentum = FAST_MOMENTUM, .fixed_scale = true}};
    enum status status = append(model, layer, error);
    return status ? status : append_activation(model, ACTIVATION_GELU, error);
}

static enum status append_fast_group(struct model *model, int64_t filters, struct error *error) {
    enum status status = append_convolution(model, filters, 3, 1, 1, START_DIRAC, false, error);
    status = status ? status : append_pool(model, POOL_MAX, 2, 2, 0, error);
    status = status ? status : append_fast_norm(model, error);
    status = status ? status : append_convolution(model, filters, 3, 1, 1, START_DIRAC, false, error);
    return status ? status : append_fast_norm(model, error);
}

// Keller Jordan's airbench94: a frozen 2×2 convolution that whitens patches, three groups, no residuals.
enum status build_fastnet(struct model *model, const struct train_params *params, struct error *error) {
    (void)params;
    struct layer whiten = {.kind = &layer_convolution,
                           .name = "whiten",
                           .setting.convolution = {.filters = 8 * model->sample.size[0],
                                                   .kernel = {2, 2},
                                                   .stride = {1, 1},
                                                   .groups = 1,
                                                   .bias = true,
                                                   .start = START_WHITEN}};
    enum status status = append(model, whiten, error);
    status = status ? status : append_activation(model, ACTIVATION_GELU, error);
    status = status ? status : append_fast_group(model, 64, error);
    status = status ? status : append_fast_group(model, 256, error);
    status = status ? status : append_fast_group(model, 256, error);
    status = status ? status : append_pool(model, POOL_MAX, 3, 3, 0, error);
    status = status ? status : append_flatten(model, error);
    struct layer head = {.kind = &layer_dense, .setting.dense = {.outputs = model->outputs}};
    struct layer scale = {.kind = &layer_scale, .setting.factor = 1.0 / 9};
    status = status ? status : append(model, head, error);
    return status ? status : append(model, scale, error);
}
