#include "core/nn/build.h"

#include <stdio.h>

enum status append(struct model *model, struct layer layer, struct error *error) {
    layer.input = (int)model->count - 1;
    layer.other = -2;
    return model_add(model, layer, error);
}

enum status append_flatten(struct model *model, struct error *error) {
    struct shape last = model->count > 0 ? model->layers[model->count - 1].out : model->sample;
    return last.rank == 1 ? STATUS_OK : append(model, (struct layer){.kind = &layer_flatten}, error);
}

enum status append_dense(struct model *model, int64_t outputs, struct error *error) {
    struct layer layer = {.kind = &layer_dense, .setting.dense = {.outputs = outputs, .bias = true}};
    return append(model, layer, error);
}

enum status append_activation(struct model *model, enum activation activation, struct error *error) {
    struct layer layer = {.kind = &layer_activation, .setting.activation = activation};
    snprintf(layer.name, sizeof layer.name, "%s", activation_name(activation));
    return append(model, layer, error);
}

enum status append_activation_named(struct model *model, const char *name, struct error *error) {
    enum activation activation;
    if (!activation_parse(name, &activation)) {
        return error_set(error, STATUS_INVALID,
                         "activation %s: there is none of that name; relu, tanh, sigmoid, gelu and silu are known",
                         name);
    }
    return append_activation(model, activation, error);
}

enum status append_convolution(struct model *model, int64_t filters, int kernel, int stride, int padding,
                               enum start start, bool bias, struct error *error) {
    struct layer layer = {.kind = &layer_convolution,
                          .setting.convolution = {.filters = filters,
                                                  .kernel = {kernel, kernel},
                                                  .stride = {stride, stride},
                                                  .padding = {padding, padding},
                                                  .groups = 1,
                                                  .bias = bias,
                                                  .start = start}};
    return append(model, layer, error);
}

enum status append_pool(struct model *model, enum pooling kind, int window, int stride, int padding,
                        struct error *error) {
    struct layer layer = {
        .kind = &layer_pool,
        .setting.pool = {
            .kind = kind, .window = {window, window}, .stride = {stride, stride}, .padding = {padding, padding}}};
    snprintf(layer.name, sizeof layer.name, "%s", kind == POOL_MAX ? "max_pool" : "average_pool");
    return append(model, layer, error);
}

enum status append_batch_norm(struct model *model, struct error *error) {
    struct layer layer = {.kind = &layer_batch_norm,
                          .setting.batch_norm = {.epsilon = NORM_EPSILON, .momentum = NORM_MOMENTUM}};
    return append(model, layer, error);
}

enum status append_hidden(struct model *model, int64_t width, const struct train_params *params, struct error *error) {
    enum status status = append_dense(model, width, error);
    if (!status && params->batch_norm) {
        status = append_batch_norm(model, error);
    }
    if (!status) {
        status = append_activation_named(model, params->activation, error);
    }
    if (!status && params->dropout > 0) {
        status = append(model, (struct layer){.kind = &layer_dropout, .setting.dropout = params->dropout}, error);
    }
    return status;
}
