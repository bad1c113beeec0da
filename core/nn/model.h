// A model: layers in order, all weights in one flat block. models.c holds the table of
// architectures; each row builds its layers for a sample's shape and a number of outputs.
// model_free releases it. Built on one thread, then only read.
#ifndef CORE_NN_MODEL_H
#define CORE_NN_MODEL_H

#include "core/nn/layer.h"
#include "core/params.h"

struct model_data { // what a model is made for
    struct shape sample;
    int64_t outputs;            // classes, or target columns; 1 where the loss compares one logit with two classes
    const uint32_t *categories; // [columns of a sample]: 0 a number, else it is an index below that; numbers come
                                // first. NULL: all are numbers
    char *const *names;         // of the columns; NULL: they have none
};

struct model {
    char name[64];
    struct layer *layers;
    size_t count, capacity;
    struct shape sample;    // input of one sample
    int64_t outputs;        // classes, or target columns
    size_t weight_count, state_count;
    const struct model_data *data; // while it is being built
};

struct architecture {
    const char *name, *help; // "lenet5", "LeNet-5 (LeCun 1998) for small images"
    bool (*fits)(struct shape sample); // does it make sense for such samples?
    enum status (*build)(struct model *model, const struct train_params *params, struct error *error);
    bool embeds; // reads columns of indices
};
size_t architecture_count(void);
const struct architecture *architecture_at(size_t index);

// params->model_file names a text file of layers (model_file.h); empty: params->model names the row;
// "auto": lenet5 for images of at least 28×28, mlp otherwise.
enum status model_make(const struct train_params *params, struct model_data data, struct model **model,
                       struct error *error);
// The name of the row that params->model means for such samples, where no file is given: what "auto" chooses, or itself.
const char *model_meant(const struct train_params *params, struct shape sample);
// Does the model that params ask for read columns of indices, so that the data have to be prepared in that way?
bool model_embeds(const struct train_params *params);
void model_free(struct model *model);
// Adds a layer that reads layer `layer.input` (-1: the batch) and works out shapes and offsets. Its
// name gets a number; an empty one is called after its kind ("dense1"). `layer.other` is -2 for none.
enum status model_add(struct model *model, struct layer layer, struct error *error);
// The same weights with dropout and without.
void model_initialize(const struct model *model, uint64_t seed, float *weights, float *state);

// Writes the forward pass for `batch` samples starting from value x; returns the logits
// [batch, outputs]. `passes` (count + 1 entries: [0] is the batch, [i + 1] layer i) keeps what
// model_backward needs. program->batch is `batch`.
value_id model_forward(const struct model *model, struct program *program, enum dtype real, bool training, value_id x,
                       struct layer_pass *passes);
void model_backward(const struct model *model, struct program *program, value_id logits_gradient,
                    struct layer_pass *passes);

struct layer_figures { // for the Model view
    struct shape out;
    size_t weights;
    double flops;          // forward, one sample
    size_t activation_bytes; // one sample, f32
};
struct layer_figures model_figures(const struct model *model, size_t layer);

#endif
