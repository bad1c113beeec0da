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
    value_id saved[2];     // forward may keep more for backward (pooling's positions, a norm's figures)
    value_id output_gradient;              // backward reads
    value_id input_gradient, other_gradient; // backward sets; VALUE_NONE on entry and not wanted if !need_input_gradient
    bool need_input_gradient;
};

#define NORM_EPSILON 1e-5
#define NORM_MOMENTUM 0.1

// How the weights of a convolution start.
enum start {
    START_DEFAULT,    // PyTorch's: uniform in ±1/√fan_in
    START_HE_FAN_OUT, // normal, variance 2/fan_out (He et al. 2015); a bias starts at 0
    START_DIRAC,      // the first filters pass their channel on, the others as by default
    START_WHITEN,     // frozen, in the model's state: whatever the trainer made of the data (default: as by default)
};

struct layer_kind {
    const char *name; // "dense", "conv" …
    // From layer->in (a sample's shape) to layer->out, weight_count and state_count. Refuses with a
    // sentence what cannot be ("conv 5×5 on a 3×3 map").
    enum status (*configure)(struct layer *layer, struct error *error);
    // Starting weights (PyTorch's defaults unless the setting says otherwise) and state. NULL: it has none.
    void (*initialize)(const struct layer *layer, struct rng *rng, float *weights, float *state);
    void (*forward)(const struct layer *layer, struct layer_pass *pass);
    void (*backward)(const struct layer *layer, struct layer_pass *pass); // writes its weights' gradients too
    // "6 filters 5×5, stride 2": its settings for the Model view. Returns out.
    char *(*describe)(const struct layer *layer, char out[96]);
};

struct layer {
    const struct layer_kind *kind;
    char name[32];       // "dense1", "conv2": unique in the model, in error messages and exports
    int index;           // its place in the model, 0…255; set by model_add
    int input, other;    // index of the layer whose output it reads; -1 = the batch itself, -2 = none (other)
    struct shape in, out; // of one sample
    struct shape other_in; // where it joins two
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
            enum start start;
        } convolution;
        struct {
            enum pooling kind;
            int window[2], stride[2], padding[2];
        } pool;
        struct {
            double epsilon, momentum;
            bool fixed_scale; // 1, not trained
        } batch_norm;
        enum activation activation;
        double dropout;
        double factor; // of a scale
        struct {
            int64_t columns, width; // the first columns of a row of data; how wide it becomes
        } numbers;
        struct {
            int64_t column, rows, width, at; // of the data; of the table; where its rows go
            char of[48];                     // the column's name, for people
        } embedding;
    } setting;
};

extern const struct layer_kind layer_dense, layer_convolution, layer_pool, layer_global_pool, layer_activation,
    layer_dropout, layer_flatten, layer_batch_norm, layer_layer_norm, layer_add, layer_scale, layer_numbers,
    layer_embedding;

const char *activation_name(enum activation activation); // "relu"
bool activation_parse(const char *text, enum activation *activation);

size_t layer_kind_count(void);
const struct layer_kind *layer_kind_at(size_t index);
// The value of a layer's weights, gradients or state: a piece of the flat block, in `shape`, `offset`
// elements from the layer's own first. Asking twice for the same piece gives the same value.
value_id layer_weights(const struct layer *layer, struct layer_pass *pass, enum slot slot, size_t offset,
                       struct shape shape);

#endif
