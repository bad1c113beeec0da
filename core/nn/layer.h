// A layer: how shapes change, which weights it has, how they start, and which operations it adds to
// a program. One file per kind, one row of the table in layers.c. Layers know operations, never a
// backend. A layer holds no memory of its own; everything is in struct layer, owned by the model.
#ifndef CORE_NN_LAYER_H
#define CORE_NN_LAYER_H

#include "core/backend/program.h"
#include "core/base/rng.h"

struct layer;

struct layer_pass { // what one layer sees while a program is written
    struct program *program;
    enum dtype real;     // DTYPE_F32, or DTYPE_F64 for the oracle
    bool training;
    value_id input, other; // activations of the layer's inputs (other: VALUE_NONE unless it joins two)
    value_id output;       // set by forward
    value_id saved;        // forward may keep one more value for backward (pooling's positions)
    value_id output_gradient;              // backward reads
    value_id input_gradient, other_gradient; // backward sets; VALUE_NONE on entry and not wanted if !need_input_gradient
    bool need_input_gradient;
};

struct layer_kind {
    const char *name; // "dense", "conv", "pool", "activation", "dropout", "flatten"
    // From layer->in (a sample's shape) to layer->out, weight_count and state_count. Refuses with a
    // sentence what cannot be ("conv 5×5 on a 3×3 map").
    enum status (*configure)(struct layer *layer, struct error *error);
    // Starting weights (PyTorch's defaults) and state. NULL: it has none.
    void (*initialize)(const struct layer *layer, struct rng *rng, float *weights, float *state);
    void (*forward)(const struct layer *layer, struct layer_pass *pass);
    void (*backward)(const struct layer *layer, struct layer_pass *pass); // writes its weights' gradients too
    // "5×5, 6 filters, stride 1": its settings for the Model view. Returns out.
    char *(*describe)(const struct layer *layer, char out[96]);
};

struct layer {
    const struct layer_kind *kind;
    char name[32];       // "dense1", "conv2": unique in the model, in error messages and exports
    int index;           // its place in the model, 0…255; set by model_add
    int input, other;    // index of the layer whose output it reads; -1 = the batch itself, -2 = none (other)
    struct shape in, out; // of one sample
    size_t weight_offset, weight_count; // in the flat blocks, elements
    size_t state_offset, state_count;
    union {
        struct {
            int64_t outputs;
            bool bias;
        } dense;
        struct {
            int64_t filters;
            int kernel[2], stride[2], padding[2], groups;
            bool bias;
        } convolution;
        struct {
            enum pooling kind;
            int window[2], stride[2], padding[2];
        } pool;
        enum activation activation;
        double dropout;
    } setting;
};

extern const struct layer_kind layer_dense, layer_convolution, layer_pool, layer_activation, layer_dropout,
    layer_flatten;

const char *activation_name(enum activation activation); // "relu"
bool activation_parse(const char *text, enum activation *activation);

size_t layer_kind_count(void);
const struct layer_kind *layer_kind_at(size_t index);
// The value of a layer's weights (or gradients): a piece of the flat block, in `shape`, `offset`
// elements from the layer's own first. Asking twice for the same piece gives the same value.
value_id layer_weights(const struct layer *layer, struct layer_pass *pass, enum slot slot, size_t offset,
                       struct shape shape);

#endif
