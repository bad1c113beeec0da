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
    SLOT_AVERAGE,     // real [weight_count]: weights averaged over the steps
    SLOT_SUM,        // real [weight_count]: gradients added up over the parts of a batch
    SLOT_STATE,      // real [state_count]: running statistics; saved, not trained
    SLOT_FEATURES,   // the whole data set: real [rows, …sample] or U8 [rows, channels, height, width]
    SLOT_LABELS,     // I32 [rows]
    SLOT_TARGETS,    // real [rows, width]
    SLOT_CLASS_WEIGHTS, // real [classes], each above 0
    SLOT_ROWS,       // I32: row numbers; a step reads batch of them from step_args.first on
    SLOT_METRICS,    // F64 [METRIC_SLOTS][METRIC_COUNT]
    SLOT_OUTPUTS,    // real [batch, outputs]: what evaluation and prediction read
    SLOT_SCALING,    // F32 [SCALING_COUNT]: no program's value; bound where a backend may scale gradients (OP_CLIP)
    SLOT_COUNT
};

// Below 6·10⁻⁸ an fp16 number is 0: a backend that computes in it makes the gradient of the loss larger by a factor, and
// OP_CLIP gives the gradient of the weights its own size back. The largest factor that does not overflow is looked for
// while training goes on: a step whose gradient is not finite is skipped and halves the factor, SCALING_PATIENCE good
// ones in a row double it (Micikevicius et al. 2018). It never leaves SCALING_LEAST … SCALING_MOST, and at the least one a
// gradient that is not finite is the step's own.
enum scaling {
    SCALING_FACTOR,  // of the next step: a power of two; begins as SCALING_START
    SCALING_GOOD,    // steps since it last changed, without an overflow
    SCALING_SKIPPED, // steps that were skipped, in all
    SCALING_COUNT
};
#define SCALING_START 65536.0f
#define SCALING_LEAST 1.0f
#define SCALING_MOST 16777216.0f
#define SCALING_PATIENCE 2000.0f

#define METRIC_SLOTS 64
enum metric { // one step's figures: sums over the rows of the batch, never means
    METRIC_LOSS,          // Σ loss of each row, as the loss defines it (label smoothing included)
    METRIC_ROWS,          // Σ weight of each row: their number, unless classes have weights; METRIC_LOSS / this: the mean
    METRIC_CORRECT,       // rows whose largest logit is the label (the lowest index wins ties)
    METRIC_SQUARED_ERROR, // Σ (prediction − target)² over rows, mean over target columns
    METRIC_GRADIENT_SQ,   // |g|² of the gradient of the mean loss
    METRIC_UPDATE_SQ,     // |Δw|² of the step
    METRIC_WEIGHT_SQ,     // |w|² after the step
    METRIC_CLIP,          // what the gradient was multiplied by to keep it short: 1, or less
    METRIC_SCALE,         // what the gradient of the loss was multiplied by, where SLOT_SCALING says; else 0
    METRIC_SKIPPED,       // 1: the step was skipped, since its gradient overflowed at that scale; else 0
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
    OP_BATCH_NORM, // in: x [B,C] or [B,C,H,W], scale? [C], shift? [C], running mean [C], running variance [C],
                   // residual? like x; out: y, mean? [C], inverse? [C]. With N = B·H·W values a channel,
                   // y = relu?(scale·(x − mean)·inverse + shift + residual), inverse = 1/√(variance + epsilon).
                   // attr.norm.training: mean and variance (over N) are the batch's, written to the outputs, and
                   // running ← (1 − momentum)·running + momentum·(mean, variance over N − 1) in place, unless N
                   // is 1. Otherwise they are the running ones, nothing is updated and the outputs are absent.
    OP_BATCH_NORM_GRADIENT, // in: dy, x, scale?, mean, inverse (as written), y? (with attr.norm.relu);
                            // out: dx?, dscale? [C] = Σ g·x̂, dshift? [C] = Σ g, dresidual? = g, where g is dy,
                            // 0 where y ≤ 0 with relu; dx = scale·inverse·(g − Σg/N − x̂·Σ(g·x̂)/N)
    OP_LAYER_NORM, // in: x [B,…], scale? […], shift? […]; out: y, mean? [B], inverse? [B]: every sample by its own
                   // mean and variance (over all of its elements)
    OP_LAYER_NORM_GRADIENT, // in: dy, x, scale?, mean, inverse; out: dx?, dscale? […], dshift? […] (sums over B)
    OP_ACTIVATION,          // in: x; out: y (may be the same value as x)
    OP_ACTIVATION_GRADIENT, // in: dy, y (x where activation_from_input); out: dx (may be the same value as dy)
    OP_DROPOUT,          // in: x; out: y = x/(1−p) where kept (may be the same value as x). Element i (NCHW
                         // order) takes the i-th rng_u32 of rng_make(seed, RNG_DROPOUT, step << 8 |
                         // attr.dropout.layer) and is kept when it is ≥ p·2³²
    OP_DROPOUT_GRADIENT, // in: dy; out: dx (may be dy), the same mask again
    // Losses write METRIC_LOSS and METRIC_ROWS. N is step_args.denominator where that is above 0 (the batch is a part
    // of a larger one), else METRIC_ROWS.
    OP_SOFTMAX_CROSS_ENTROPY, // in: logits [B,C], labels I32[B], weights? [C]; out: dlogits? [B,C], probabilities? [B,C].
                              // Targets t_c = weight_c·(smoothing/C + (c is the label ? 1 − smoothing : 0)), as
                              // torch.nn.CrossEntropyLoss has them; loss Σ −t_c·log p_c, METRIC_ROWS Σ weight of the
                              // label; dlogits = (Σt·p_c − t_c)/N. Writes METRIC_CORRECT too
    OP_BINARY_CROSS_ENTROPY, // in: logits [B,1], labels I32[B] (0 or 1), weights? [2]; out: dlogits? [B,1]: what the one
                             // above makes of the logits 0 and z, p₁ = 1/(1 + e^−z); correct where (z > 0) is the label
    OP_SQUARED_ERROR,  // in: y [B,T], targets [B,T]; out: dy?. d = y − t; loss of a row: mean over T of d²; dy =
                       // slope/(N·T). These three write METRIC_SQUARED_ERROR too, whatever is minimized
    OP_ABSOLUTE_ERROR, // the same of |d|; slope 0 at 0
    OP_HUBER,          // the same of d²/2 where |d| ≤ huber_delta, else huber_delta·(|d| − huber_delta/2)
    OP_ADD,           // in: a, b; out: a + b (may be a)
    OP_SCALE,         // in: a; out: attr.factor · a (may be a)
    OP_COPY,          // in: a; out: a copy, shapes of equal count (flatten, logits to SLOT_OUTPUTS)
    OP_COLUMNS,       // in: x [B,I]; out: y [B,O]: the first attr.columns of x, then zeros
    OP_EMBEDDING,     // in: y [B,O], x [B,I], w [N,D]; out: y itself, its columns from attr.embedding.at on now row k of w,
                      // k = x[:, attr.embedding.column] where that lies within 0 … N − 1, else 0
    OP_EMBEDDING_GRADIENT, // in: dy [B,O], x [B,I]; out: dw [N,D]: row k the sum, in the order of the batch, of what dy
                           // has at those columns; 0 where the batch has no k
    // Optimizers, as PyTorch defines them: in: w, g, moments; all real [n]; w and moments change in place. All
    // begin with g' = METRIC_CLIP·g where attr.optimizer.clips, else g; g' += weight_decay·w unless
    // step_args.decoupled; and end with w −= lr·move + (decoupled ? lr·weight_decay·w : 0). They write
    // METRIC_GRADIENT_SQ (of g), METRIC_UPDATE_SQ and METRIC_WEIGHT_SQ when attr.optimizer.norms is set. Where the
    // step's METRIC_LOSS is not finite, or METRIC_SKIPPED is 1, one with attr.optimizer.guards leaves weights and moments
    // alone: its figures are then NaN. Buffers are zero at the start; step t = step_args.step + 1, less the steps that
    // were skipped.
    OP_SGD,     // in: w, g, v?; v = momentum·v + g'; move = nesterov ? g' + momentum·v : v
    OP_ADAGRAD, // in: w, g, s; s += g'²; move = g'/(√s + epsilon) (Duchi 2011)
    OP_RMSPROP, // in: w, g, s, v; s = rms_decay·s + (1 − rms_decay)·g'²; v = momentum·v + g'/(√s + epsilon); move = v
    OP_ADAM,    // in: w, g, m, s; m = beta1·m + (1 − beta1)·g'; s = beta2·s + (1 − beta2)·g'²;
                // move = m/(1 − beta1^t) / (√(s/(1 − beta2^t)) + epsilon)
    OP_MUON,    // in: w, g, v, all [R,C] (filters as rows); out: work real [muon_work]. v = momentum·v + g'; u as move of
                // OP_SGD; X = u/(|u| + 1e-7), five times X = aX + (bA + cA²)X with A = XXᵀ (of the transposed where
                // R > C), a, b, c = 3.4445, −4.7750, 2.0315: a step of Newton and Schulz towards the nearest matrix
                // with orthogonal rows; move = √max(1, R/C)·X, lr is step_args.muon_lr (Jordan 2024)
    OP_AVERAGE, // in: w, a [n]; a = average·a + (1 − average)·w in place; a = w at step 0. Not where METRIC_SKIPPED is 1
    OP_CLIP,    // in: g [n]; writes METRIC_CLIP = min(1, clip/(|g| + 1e-6)), 1 where step_args.clip is 0. Where SLOT_SCALING
                // is bound and the backend scales gradients, it first divides g by the factor, in place; it then writes
                // METRIC_SCALE and METRIC_SKIPPED (METRIC_CLIP 1) and says what the factor of the next step is. Not where
                // METRIC_LOSS is not finite. Programs without it leave gradients scaled in SLOT_GRADIENTS and SLOT_SUM
    OP_COUNT
};

enum activation {
    ACTIVATION_RELU,
    ACTIVATION_TANH,
    ACTIVATION_SIGMOID,
    ACTIVATION_GELU, // x·Φ(x), by the error function
    ACTIVATION_SILU, // x·sigmoid(x)
    ACTIVATION_COUNT
};
enum pooling { POOL_MAX, POOL_AVERAGE };

#define OP_INPUTS 8 // operands an operation has room for
#define OP_OUTPUTS 4
#define IMAGE_CHANNELS_MOST 4

struct op {
    enum op_kind kind;
    value_id in[OP_INPUTS], out[OP_OUTPUTS]; // unused entries are VALUE_NONE
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
        struct {
            double epsilon, momentum; // momentum: batch norm only
            bool training, relu;      // of batch norm
        } norm;
        enum activation activation;
        double factor; // of OP_SCALE
        int64_t columns; // of OP_COLUMNS
        struct {
            int64_t column, at;
        } embedding;
        struct {
            double probability;
            int layer;
        } dropout;
        struct {
            bool norms, clips, guards;
            bool adds; // to the figures of the optimizer before, of other weights
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
// Joins operations that backends do better as one: batch norm, addition and ReLU, and their gradients; brings the
// gradient of an activation before that of the max pooling behind it.
// What the program computes stays the same; ids of values change.
void program_fuse(struct program *program);
// Ids in range, shapes and types that fit each operation, no read before a write, no overflow.
// A failure is a programmer's mistake or lack of memory; the sentence names the operation.
enum status program_check(const struct program *program, struct error *error);
void program_free(struct program *program); // leaves an empty program
const char *op_name(enum op_kind kind);
bool op_gathers(enum op_kind kind); // brings the rows of a batch
bool op_is_loss(enum op_kind kind);
bool op_is_optimizer(enum op_kind kind);
int64_t muon_work(int64_t rows, int64_t columns); // elements
// What it changes in place: operands 0 and from 2 on of an optimizer, the average.
bool op_updates(const struct op *op, value_id id);
// Does the gradient need what went into the activation? (Otherwise it is worked out from the result.)
bool activation_from_input(enum activation activation);
// Floating-point operations (multiply and add count as two) of one run of the operation / program.
double op_flops(const struct program *program, const struct op *op);
double program_flops(const struct program *program);

#endif
