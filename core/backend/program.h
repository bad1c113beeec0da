// A program is the work of one step written as data: values (what is computed) and operations (how)
// in the order they run. Layers and the trainer write programs; a backend turns one into a plan of
// its own (chooses layouts, kernels and fusions, allocates the temporaries) and runs that as often
// as asked. One program serves one batch size. The program owns its arrays; program_free releases
// them; a backend copies what it needs, so a program may be freed once it is prepared.
// Not thread-safe; one thread builds, any may read.
#ifndef CORE_BACKEND_PROGRAM_H
#define CORE_BACKEND_PROGRAM_H

#include "core/base/status.h"
#include "core/tensor.h"

typedef int32_t value_id; // index into program.values
#define VALUE_NONE (-1)

// Where the bytes of a value live: in a buffer the caller binds, or in the plan.
enum slot {
    SLOT_TEMPORARY,  // belongs to the plan; its content lasts from its first write to the end of the run
    SLOT_WEIGHTS,    // real [weight_count]: all trained weights of the model, one block
    SLOT_GRADIENTS,  // real [weight_count]: the same layout
    SLOT_MOMENT1,    // real [weight_count]: velocity, first moment
    SLOT_MOMENT2,    // real [weight_count]
    SLOT_STATE,      // real [state_count]: running statistics; saved, not trained
    SLOT_FEATURES,   // the whole data set: real [rows, …sample] or U8 [rows, channels, height, width]
    SLOT_LABELS,     // I32 [rows]
    SLOT_TARGETS,    // real [rows, width]
    SLOT_ROWS,       // I32: row numbers; a step reads batch of them from step_args.first on
    SLOT_METRICS,    // F64 [METRIC_SLOTS][METRIC_COUNT]
    SLOT_OUTPUTS,    // real [batch, outputs]: what evaluation and prediction read
    SLOT_COUNT
};

#define METRIC_SLOTS 64
enum metric { // one step's figures: sums over the rows of the batch, never means
    METRIC_LOSS,          // Σ loss of each row, as the loss defines it (label smoothing included)
    METRIC_CORRECT,       // rows whose largest logit is the label (the lowest index wins ties)
    METRIC_SQUARED_ERROR, // Σ (prediction − target)² over rows, mean over target columns
    METRIC_GRADIENT_SQ,   // |g|² of the gradient of the mean loss
    METRIC_UPDATE_SQ,     // |Δw|² of the step
    METRIC_WEIGHT_SQ,     // |w|² after the step
    METRIC_COUNT
};

struct value {
    struct shape shape; // activations: NCHW in logical order; the backend's own layout may differ
    enum dtype dtype;
    enum slot slot;
    size_t offset; // elements from the start of the slot's buffer; 0 for temporaries
};

// in[] and out[] per operation, "?" = may be VALUE_NONE. B batch, I/O inputs/outputs.
enum op_kind {
    OP_GATHER,  // in: rows I32[B], features [N,…]; out: x real [B,…]. U8 becomes (v/255 − mean[c])/sd[c].
                // attr.gather.training: images (rank 4) are changed at random as step_args.augment says, keyed
                // by rng_make(seed, RNG_AUGMENT, epoch << 32 | row number), always all of these draws, in this
                // order: crop y, x = rng_below(2p+1) − p; flipped = rng_below(2); shift y, x = rng_below(2t+1) − t;
                // center of the cut-out y, x = rng_below(height), rng_below(width); brightness =
                // (2·rng_uniform − 1)·b; contrast = 1 + (2·rng_uniform − 1)·c. Then, with mirrored w where
                // flipped: y[h,w] = x[h − shift + crop, w − shift + crop]; 0 (after normalization) where h − shift
                // lies outside, and where the sum does, unless crop_reflect mirrors it at the borders (which are
                // not repeated). Pixels: v/255 becomes mean + contrast·(v/255 − mean) + brightness within 0 … 1
                // where b or c is set, then normalized; reals: contrast·x + brightness. Last the square from
                // center − ⌊cutout/2⌋ on, `cutout` wide, is 0. Bit for bit the same on every backend.
    OP_GATHER_LABELS,  // in: rows, labels I32[N]; out: I32[B]
    OP_GATHER_TARGETS, // in: rows, targets [N,T]; out: real [B,T]
    OP_DENSE,          // in: x [B,I], w [O,I], b? [O]; out: y [B,O] = x wᵀ + b
    OP_DENSE_INPUT_GRADIENT,  // in: dy [B,O], w; out: dx [B,I] = dy w
    OP_DENSE_WEIGHT_GRADIENT, // in: x, dy; out: dw [O,I] = dyᵀ x, db? [O] = column sums of dy
    OP_CONVOLUTION, // in: x [B,C,H,W], w [O,C/groups,KH,KW], b? [O]; out: y [B,O,OH,OW] (cross-correlation)
    OP_CONVOLUTION_INPUT_GRADIENT,  // in: dy, w; out: dx
    OP_CONVOLUTION_WEIGHT_GRADIENT, // in: x, dy; out: dw, db?
    OP_POOL,          // in: x [B,C,H,W]; out: y, where? (max only: I32 like y, flat index in the plane; first wins ties)
    OP_POOL_GRADIENT, // in: dy, where? (max); out: dx. Average pooling counts padded cells, as PyTorch's default does
    OP_ACTIVATION,          // in: x; out: y (may be the same value as x)
    OP_ACTIVATION_GRADIENT, // in: dy, y; out: dx (may be the same value as dy). From y alone: ReLU, tanh, sigmoid
    OP_DROPOUT,          // in: x; out: y = x/(1−p) where kept (may be the same value as x). Element i (NCHW
                         // order) takes the i-th rng_u32 of rng_make(seed, RNG_DROPOUT, step << 8 |
                         // attr.dropout.layer) and is kept when it is ≥ p·2³²
    OP_DROPOUT_GRADIENT, // in: dy; out: dx (may be dy), the same mask again
    OP_SOFTMAX_CROSS_ENTROPY, // in: logits [B,C], labels I32[B]; out: dlogits? [B,C] = (softmax − smoothed
                              // target)/B, probabilities? [B,C], writes METRIC_LOSS, METRIC_CORRECT
    OP_SQUARED_ERROR, // in: y [B,T], targets [B,T]; out: dy? = 2(y − t)/(B·T), writes METRIC_LOSS (Σ rows of
                      // the mean over T of (y−t)²), METRIC_SQUARED_ERROR (the same)
    OP_ADD,           // in: a, b; out: a + b (may be a)
    OP_COPY,          // in: a; out: a copy, shapes of equal count (flatten, logits to SLOT_OUTPUTS)
    OP_SGD,           // in: w, g, v? ; all real [n]; updates w and v in place; PyTorch's definition:
                      // g' = g + decay·w; v = momentum·v + g' (v = g' at optimiser step 0); step = nesterov ?
                      // g' + momentum·v : v; w −= lr·step. Writes METRIC_GRADIENT_SQ (of g before decay),
                      // METRIC_UPDATE_SQ, METRIC_WEIGHT_SQ when attr.optimizer.norms is set. Buffers are
                      // zero at the start, so the first velocity needs no special case.
    OP_COUNT
};

enum activation { ACTIVATION_RELU, ACTIVATION_TANH, ACTIVATION_SIGMOID, ACTIVATION_COUNT };
enum pooling { POOL_MAX, POOL_AVERAGE };

#define IMAGE_CHANNELS_MOST 4

struct op {
    enum op_kind kind;
    value_id in[4], out[3]; // unused entries are VALUE_NONE
    union {
        struct {
            float mean[IMAGE_CHANNELS_MOST], sd[IMAGE_CHANNELS_MOST]; // U8 sets only
            bool training;
        } gather;
        struct {
            int stride[2], padding[2], groups; // [height, width]
        } convolution;
        struct {
            enum pooling kind;
            int window[2], stride[2], padding[2];
        } pool;
        enum activation activation;
        struct {
            double probability;
            int layer;
        } dropout;
        struct {
            bool norms;
        } optimizer;
    } attr;
};

struct program {
    struct value *values;
    struct op *ops;
    size_t value_count, value_capacity, op_count, op_capacity;
    int64_t batch;
    bool failed; // memory ran out while building: program_check says so
};

// VALUE_NONE when memory ran out (program.failed).
value_id program_value(struct program *program, enum slot slot, size_t offset, enum dtype dtype, struct shape shape);
value_id program_temporary(struct program *program, enum dtype dtype, struct shape shape);
// Appends an operation with all ids VALUE_NONE and returns it to be filled in; the pointer lasts
// until the next append. Never NULL: after a failed allocation it is a scratch operation.
struct op *program_op(struct program *program, enum op_kind kind);
// Ids in range, shapes and types that fit each operation, no read before a write, no overflow.
// A failure is a programmer's mistake or lack of memory; the sentence names the operation.
enum status program_check(const struct program *program, struct error *error);
void program_free(struct program *program); // leaves an empty program
const char *op_name(enum op_kind kind);
// Floating-point operations (multiply and add count as two) of one run of the operation / program.
double op_flops(const struct program *program, const struct op *op);
double program_flops(const struct program *program);

#endif
