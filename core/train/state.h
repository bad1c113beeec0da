// The inside of a trainer, shared by the files of this room and nobody else: what it owns (model,
// device memory, plans, sampler, change log), what it shares (source) and borrows (backend).
#ifndef CORE_TRAIN_STATE_H
#define CORE_TRAIN_STATE_H

#include "core/train/loss.h"
#include "core/train/optim.h"
#include "core/train/sampler.h"
#include "core/train/trainer.h"

#define PLANS_MOST 32 // plans kept; the one unused for longest makes room

enum plan_use { PLAN_TRAIN, PLAN_EVALUATE, PLAN_PREDICT, PLAN_USES };

struct device { // what the run keeps in the backend's memory
    struct buffer *owned[2 * SLOT_COUNT];
    size_t owned_count, bytes;
    struct binding bindings[PLAN_USES];
    size_t part_first[PART_COUNT]; // where each part begins in the rows of PLAN_EVALUATE
    size_t chunk;                  // most rows of a batch in evaluation and prediction
    bool has_data, has_prediction;
};

struct plan_entry {
    struct plan *plan;
    enum plan_use use;
    size_t batch;
    uint64_t used; // value of plans.clock at the last use
};

struct plans {
    struct plan_entry entries[PLANS_MOST];
    size_t count;
    uint64_t clock;
};

struct trainer {
    struct train_params params;
    struct source *source;
    struct backend *backend;
    struct model *model;
    const struct loss *loss;
    const struct optimizer *optimizer;
    struct device device;
    struct plans plans;
    struct sampler sampler;
    uint64_t steps, samples;
    struct parameter_change *changes;
    size_t change_count, change_capacity;
    bool predicts_only; // opened from a checkpoint without training rows
};

// The trainer without weights: everything allocated, plans of the present batch size made ready.
enum status trainer_create(struct trainer **trainer, const struct train_params *params, struct source *source,
                           struct backend *backend, bool predicts_only, struct error *error);
// Do these parameters go together, and with this data? Names the parameter and what to do.
enum status trainer_check(const struct train_params *params, const struct source *source, struct error *error);
int64_t source_outputs(const struct source *source); // what a model for it must give

// ---- device.c: memory ---------------------------------------------------------------------------

enum status device_open(struct trainer *trainer, struct error *error);            // weights, moments, metrics, outputs
enum status device_open_data(struct trainer *trainer, struct error *error);       // features, truth, rows; once
enum status device_open_prediction(struct trainer *trainer, struct error *error); // one chunk of rows; once
void device_close(struct trainer *trainer);
size_t device_chunk(const struct model *model); // rows of a batch in evaluation and prediction
// Whole buffers of `count` floats to and from the caller's array.
enum status device_write(struct trainer *trainer, enum slot slot, size_t count, const float *data, struct error *error);
enum status device_read(struct trainer *trainer, enum slot slot, size_t count, float *data, struct error *error);

// ---- plans.c: programs and their plans -------------------------------------------------------------

// The program of one step of `program->batch` rows, checked; of the trainer only source, model, loss, optimizer
// and chunk are read. program_free, also after a failure.
enum status plan_program(const struct trainer *trainer, enum plan_use use, struct program *program,
                         struct error *error);
enum status plans_get(struct trainer *trainer, enum plan_use use, size_t batch, struct plan **plan,
                      struct error *error);
// Makes ready what steps of `batch` rows need from here on: the full batch, the short one that ends
// this epoch, the short one that ends later epochs. Steps then allocate nothing.
enum status plans_ready(struct trainer *trainer, const struct sampler *sampler, size_t batch, bool drop_last,
                        struct error *error);
void plans_close(struct trainer *trainer);
size_t plans_bytes(const struct trainer *trainer);

#endif
