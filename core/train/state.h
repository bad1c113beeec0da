// The inside of a trainer, shared by the files of this room and nobody else: what it owns (model,
// device memory, plans, sampler, change log), what it shares (source) and borrows (backend).
#ifndef CORE_TRAIN_STATE_H
#define CORE_TRAIN_STATE_H

#include "core/train/feed.h"
#include "core/train/loss.h"
#include "core/train/optim.h"
#include "core/train/sampler.h"
#include "core/train/trainer.h"

#define PLANS_MOST 32 // plans kept; the one unused for longest makes room

enum plan_use {
    PLAN_TRAIN, // a whole step
    PLAN_EVALUATE,
    PLAN_PREDICT,
    PLAN_FIRST_PART, // of a batch that goes through the model in parts: its gradient begins the sum in SLOT_SUM
    PLAN_PART,       // … is added to it
    PLAN_UPDATE,     // the step that the sum gives
    PLAN_GRADIENT,   // of given rows, and no step (gradient.h)
    PLAN_USES
};

// Features that lie in a file, or have no room on the device, come there batch by batch: to regions of `capacity` rows
// one after the other in one buffer, where the rows of region r have the numbers r·capacity, r·capacity + 1 …. Where the
// device can take rows while it works there are two for training, taken in turn, and a third for all else; elsewhere
// one. Where the rows of a training step stand in SLOT_ROWS (step_args.first) is the same as for a set in memory.
#define STAGE_REGIONS_MOST 3
struct stage {
    struct feed *feed; // brings the training rows; NULL where the trainer only predicts
    size_t capacity, bytes, train_count; // bytes: of the buffers of `capacity` rows
    int regions, region;                 // how many; that of the last training step
    struct buffer *features, *truth, *rows; // rows: the numbers of the last region
    struct buffer *train_rows;              // [training rows]: those of the present step are numbered, at their place
    int32_t *numbers;                       // [regions][capacity] 0, 1, 2 …
    struct {                 // rows of the step that comes next, there already; count 0: none
        uint64_t epoch;
        size_t position, count;
        int region;
    } ahead;
};

struct device { // what the run keeps in the backend's memory
    struct buffer *owned[2 * SLOT_COUNT];
    size_t owned_count, bytes;
    struct binding bindings[PLAN_USES]; // those of parts and updates are PLAN_TRAIN's
    size_t part_first[PART_COUNT]; // where each part begins in the rows of PLAN_EVALUATE
    size_t data_first, data_count; // which of the owned are the data's, one after the other
    size_t data_bytes;
    size_t chunk;                  // most rows of a batch in evaluation and prediction
    bool has_data, has_prediction;
    bool staged; // the features come batch by batch
    struct stage stage;
};

// What gradients of given rows are computed with (gradient.c); made at the first use.
struct gradient_room {
    struct buffer *rows, *state; // [capacity] row numbers; [state_count] the running figures of layers, to be spoiled
    size_t capacity, bytes;
    int32_t *numbers; // [capacity]
    float *part, *piece; // [weight_count] the gradient so far; that of one piece, back from the device
    float *kept_state;   // [state_count]
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
    float *class_weights; // [classes], NULL: none
    struct device device;
    struct plans plans;
    struct gradient_room gradient;
    struct sampler sampler;
    uint64_t steps, samples;
    size_t last_first, last_batch; // rows of the last step, in sampler.order
    bool last_loss_finite;
    bool timed; // the next step looks at the clock
    double rate_factor; // of the schedule's rate
    struct parameter_change *changes;
    size_t change_count, change_capacity;
    bool predicts_only; // opened from a checkpoint without training rows
};

// Arguments of the step that comes next.
struct step_args trainer_arguments(const struct trainer *trainer);
// The trainer without weights: everything allocated, plans of the present batch size made ready.
enum status trainer_create(struct trainer **trainer, const struct train_params *params, struct source *source,
                           struct backend *backend, bool predicts_only, struct error *error);
// ---- device.c: memory ---------------------------------------------------------------------------

enum status device_open(struct trainer *trainer, struct error *error);            // weights, moments, metrics, outputs
enum status device_open_data(struct trainer *trainer, struct error *error);       // features, truth, rows; once
enum status device_open_prediction(struct trainer *trainer, struct error *error); // one chunk of rows; once
// The data of trainer->source in place of what there is; after a failure that is as it was.
enum status device_change_data(struct trainer *trainer, struct error *error);
// What only some parameters ask for, there already or made; where it fails, nothing is changed.
enum status device_make_sum(struct trainer *trainer, struct error *error);           // SLOT_SUM
enum status device_make_class_weights(struct trainer *trainer, struct error *error); // holds trainer->class_weights
enum status device_start_average(struct trainer *trainer, struct error *error);      // SLOT_AVERAGE: the weights now
void device_use_average(struct trainer *trainer, bool average); // in evaluation and prediction, by plans made from now on
// Those four as in `old`, a copy of trainer->device of before; what was made since is released.
void device_back_to(struct trainer *trainer, const struct device *old);
void device_close(struct trainer *trainer);
size_t device_chunk(const struct model *model); // rows of a batch in evaluation and prediction
// Whole buffers of `count` floats to and from the caller's array.
enum status device_write(struct trainer *trainer, enum slot slot, size_t count, const float *data, struct error *error);
enum status device_read(struct trainer *trainer, enum slot slot, size_t count, float *data, struct error *error);

// ---- stage.c: features that lie in a file --------------------------------------------------------

enum status stage_open(struct trainer *trainer, struct error *error); // buffers, and the thread that reads ahead
void stage_close(struct trainer *trainer, struct stage *stage);
// Buffers of at least `rows` rows, before there are plans for so many. Where they grow, all plans are closed.
enum status stage_reserve(struct trainer *trainer, size_t rows, struct error *error);
int stage_regions(const struct backend *backend); // how many there are to be
enum status stage_step(struct trainer *trainer, size_t batch, struct error *error); // the next rows: waits for them
bool stage_has(const struct trainer *trainer, size_t batch); // they are there already
// While the step of `batch` rows that was queued last is at work: the rows of the one after it, if they have been read
// and the device takes them meanwhile.
enum status stage_ahead(struct trainer *trainer, size_t batch, struct error *error);
// The number of the first row that stage_rows brings.
int32_t stage_first(const struct trainer *trainer);
// Rows of a training step, brought again by stage_rows, at the place of that step.
enum status stage_again(struct trainer *trainer, size_t first, size_t count, struct error *error);
// Rows of the source, by number.
enum status stage_rows(struct trainer *trainer, const uint32_t *rows, size_t count, struct error *error);
struct feed_place stage_place(const struct trainer *trainer); // of the next step

void gradient_close(struct trainer *trainer); // gradient.c

// live.c: the trainer is one of these parameters, where only live ones differ from its own, and has plans for what
// comes at `next`. After a failure everything is as it was.
enum status live_take_over(struct trainer *trainer, const struct train_params *params, const struct sampler *next,
                           struct error *error);

// ---- plans.c: programs and their plans -------------------------------------------------------------

// The program of one step of `program->batch` rows, checked; of the trainer only source, model, loss, optimizer
// and chunk are read. program_free, also after a failure.
enum status plan_program(const struct trainer *trainer, enum plan_use use, struct program *program,
                         struct error *error);
// The forward pass of a training step, and every layer's output copied to SLOT_OUTPUTS, one after the other. *count:
// how many elements those are.
enum status plan_inspection(const struct trainer *trainer, struct program *program, size_t *count, struct error *error);
enum status plans_get(struct trainer *trainer, enum plan_use use, size_t batch, struct plan **plan,
                      struct error *error);
// Makes ready what steps of `batch` rows need from here on: the full batch, the short one that ends
// this epoch, the short one that ends later epochs. Steps then allocate nothing.
enum status plans_ready(struct trainer *trainer, const struct sampler *sampler, size_t batch, bool drop_last,
                        struct error *error);
// The steps of one batch of that size: plans made ready, or run. parts.c: whole, or micro_batch rows at a time; `sums`
// are those of the whole batch.
enum status parts_ready(struct trainer *trainer, size_t batch, struct error *error);
enum status parts_run(struct trainer *trainer, size_t batch, const struct step_args *args, double sums[METRIC_COUNT],
                      struct error *error);
// Several steps at once, of batches that go through whole; their metric slots follow each other.
bool parts_whole(const struct trainer *trainer, size_t batch);
enum status parts_run_many(struct trainer *trainer, size_t batch, const struct step_args *args, size_t count,
                           double (*sums)[METRIC_COUNT], struct error *error);
void plans_close(struct trainer *trainer);
size_t plans_bytes(const struct trainer *trainer);

#endif
