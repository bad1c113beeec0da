// The contract between the engine and whatever computes: the CPU, a GPU, plain loops. One const
// vtable per backend. A backend is used by one thread at a time (the engine's); `probe` may run on
// any. Operations queue: only `sync` and `download` wait. What a backend cannot do is
// STATUS_UNSUPPORTED with a sentence, never a silent copy to another.
// Determinism: the same backend, thread count, program and bytes give the same bits.
#ifndef CORE_BACKEND_BACKEND_H
#define CORE_BACKEND_BACKEND_H

#include "core/backend/program.h"

#define BACKEND_VERSION 8u

enum precision { PRECISION_F32, PRECISION_TF32, PRECISION_BF16, PRECISION_F16, PRECISION_COUNT };

struct device_info {
    char name[128];              // "AMD EPYC 9755", "NVIDIA H200"
    char detail[128];            // "oneDNN 2.6.3, AVX-512" …
    uint64_t memory_total, memory_free; // bytes
    int threads;                 // worker threads in use (CPU) or multiprocessors (GPU)
    unsigned precisions;         // bit i set: enum precision i can be chosen
    bool asynchronous;           // run() returns before the work is done: read metrics a few steps late
    unsigned emulated;           // of precisions, those the device has no instructions for: slower than f32
    char bus[24];                // a GPU's PCI address, for telemetry.h: "00000000:1B:00.0"; "" = none
};

struct backend_options {
    int threads; // 0 = choose (the CPU backend picks per plan: small work runs on one)
    enum precision precision;
    int device; // index of the accelerator
};

struct backend; // begins with `const struct backend_api *api`
struct buffer;  // device memory of `count` elements of one type; made by allocate, ended by release
struct plan;    // a program made ready; ended by discard

struct augment {       // how pictures of training are changed at random; all zeros: not at all
    int crop_padding;  // pixels around the picture before it is cut to its size again
    bool crop_reflect; // they mirror the picture; else they are 0 after normalization
    bool flip;         // left to right, every other time
    int translation;   // pixels; what comes in is 0 after normalization
    int cutout;        // side of a square set to 0 after normalization
    double brightness; // added: −b … b, of 1
    double contrast;   // around the mean color: times 1 − c … 1 + c
};

// What changes from step to step without a new plan.
struct step_args {
    uint64_t seed, step;
    size_t first;    // where this batch begins in SLOT_ROWS
    int metric_slot; // which row of SLOT_METRICS to write
    double lr, momentum, weight_decay, label_smoothing;
    bool nesterov;
    double beta1, beta2, rms_decay, epsilon; // of Adam, of RMSProp; what keeps quotients finite
    bool decoupled;                          // weight decay acts on the weights, not through the gradient
    double clip;                             // longest gradient; 0: any
    double muon_lr;                          // lr of what Muon updates
    double average;                          // how much of the averaged weights stays
    double huber_delta;                      // where the loss of Huber turns from square to straight
    double denominator;                      // of a loss; 0: the batch's own
    uint64_t epoch; // keys the changes of pictures, together with their rows
    struct augment augment;
    double *gathered; // gets the clock when the rows of the batch are there, before anything is computed; NULL: not
                      // asked. Left alone where that is not known: on a device that works through a queue
};

struct binding {
    struct buffer *slots[SLOT_COUNT]; // NULL where the program uses none
};

struct backend_api {
    uint32_t version; // BACKEND_VERSION
    const char *name; // "cpu": the value of --device

    // Is there a device? Cheap: loads nothing big. The reason is one sentence ("libcuda.so.1 not found").
    enum status (*probe)(struct error *error);
    enum status (*open)(const struct backend_options *options, struct backend **backend, struct error *error);
    void (*close)(struct backend *backend); // every buffer and plan is gone before; NULL allowed
    void (*describe)(struct backend *backend, struct device_info *info);

    enum status (*allocate)(struct backend *backend, enum dtype dtype, size_t count, struct buffer **buffer,
                            struct error *error); // zero-filled
    void (*release)(struct backend *backend, struct buffer *buffer); // NULL allowed
    // Elements, not bytes; `data` is of the buffer's type.
    enum status (*upload)(struct backend *backend, struct buffer *buffer, size_t offset, size_t count,
                          const void *data, struct error *error);
    enum status (*download)(struct backend *backend, struct buffer *buffer, size_t offset, size_t count, void *data,
                            struct error *error); // waits for queued work

    // Makes a checked program ready for these buffers. May take a while; never inside a step.
    enum status (*prepare)(struct backend *backend, const struct program *program, const struct binding *binding,
                           struct plan **plan, struct error *error);
    void (*discard)(struct backend *backend, struct plan *plan); // NULL allowed
    size_t (*plan_bytes)(const struct plan *plan);               // device memory the plan holds
    // Queues one step. Allocates nothing.
    enum status (*run)(struct backend *backend, struct plan *plan, const struct step_args *args, struct error *error);
    enum status (*sync)(struct backend *backend, struct error *error);
    // A buffer that is memory of the caller: only read, and there until it is released. NULL where the device has
    // memory of its own.
    enum status (*borrow)(struct backend *backend, enum dtype dtype, size_t count, const void *data,
                          struct buffer **buffer, struct error *error);
    // Queues `count` steps, each with a metric slot of its own: to the bit what `run` of one after the other gives, for
    // less than as many launches. Once the figures of one of them are not finite (loss, gradient, weights; not where
    // METRIC_SKIPPED is 1), those after it change neither weights, moments, averages nor running statistics, and their
    // metrics mean nothing: the caller looks at them in order, and goes on behind the one that went wrong. NULL where a
    // launch costs nothing.
    enum status (*run_many)(struct backend *backend, struct plan *plan, const struct step_args *args, size_t count,
                            struct error *error);
    // As upload, for a step that is not queued yet, while others that touch no element of that place are still at work:
    // what is queued from here on waits for it, what was queued before does not. NULL where the device's memory is the
    // processor's.
    enum status (*upload_ahead)(struct backend *backend, struct buffer *buffer, size_t offset, size_t count,
                                const void *data, struct error *error);
    // Threads of the processor that the plan keeps busy. NULL where steps are another device's work.
    int (*plan_threads)(const struct plan *plan);
};

struct backend {
    const struct backend_api *api;
};

// ---- the registry ---------------------------------------------------------------------------

// Every backend this program knows, in order of preference (cuda, cpu, ref). The CUDA plugin is
// looked for beside the program, in ../lib/batchlab and in $BATCHLAB_PLUGINS, and opened at run time.
struct backend_entry {
    const char *name;
    const struct backend_api *api; // NULL when absent
    char reason[ERROR_TEXT_SIZE];  // why it is absent, or ""
};
size_t backend_count(void);
const struct backend_entry *backend_entry(size_t index); // probes at first use; thread-safe

// Opens the backend called `name`; "auto" takes the first that is there and is not `ref`.
enum status backend_open(const char *name, const struct backend_options *options, struct backend **backend,
                         struct error *error);
void backend_close(struct backend *backend); // NULL allowed

enum status precision_parse(const char *text, enum precision *precision, struct error *error);
const char *precision_name(enum precision precision);

// What a plugin exports under the name "batchlab_backend". NULL when `version` is not its own.
typedef const struct backend_api *backend_plugin(uint32_t version);
#define BACKEND_PLUGIN_SYMBOL "batchlab_backend"

#endif
