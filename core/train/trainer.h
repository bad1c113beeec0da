// The trainer: exactly one step at a time. It owns model, weights, moments, sampler, schedule and
// the plans of the batch sizes it has met; it knows no threads, files formats or screens. It shares
// the source and borrows the backend, which must outlive it. All calls from one thread.
// Batch size, learning rate and everything the parameter table calls live may change between any
// two steps; an epoch visits every training row exactly once whatever happens to the batch size.
// Same seed, source, backend and threads: same bits. A checkpoint holds everything; a resumed run
// gives the bits of one that never stopped.
#ifndef CORE_TRAIN_TRAINER_H
#define CORE_TRAIN_TRAINER_H

#include "core/backend/backend.h"
#include "core/base/task.h"
#include "core/nn/model.h"
#include "core/train/source.h"

struct trainer;

struct step_result {
    uint64_t step;     // steps done, this one included
    uint64_t samples;  // rows seen since the start
    double epoch;      // epochs done, fractional: samples / training rows (a dropped last batch counts too)
    size_t batch;      // rows in this step (the last batch of an epoch may be short)
    double lr;         // used by this step, after schedule and warm-up
    double loss;       // mean over the batch's rows
    double accuracy;   // share correct; NaN for regression
    double rmse;       // in the target's own unit; NaN for classification
    double gradient_norm, update_norm, weight_norm;
    bool epoch_ended;  // this step completed an epoch
    bool finite;       // loss and gradient are finite
};

struct evaluation {
    size_t rows;
    double loss;       // mean over rows
    double accuracy;   // NaN for regression
    double rmse, mae, r2; // target's own unit; NaN for classification
};

struct parameter_change { // one live change, kept in the run's log and in the checkpoint
    uint64_t step; // took effect before step number `step` + 1
    char name[48];
    char from[PARAM_TEXT_SIZE], to[PARAM_TEXT_SIZE];
};

enum status trainer_open(struct trainer **trainer, const struct train_params *params, struct source *source,
                         struct backend *backend, struct error *error);
void trainer_close(struct trainer *trainer); // NULL allowed

enum status trainer_step(struct trainer *trainer, struct step_result *result, struct error *error);
// All rows of one part, without dropout or augmentation; the loss is the one trained on, label smoothing
// included. An empty part gives rows 0 and NaN figures.
enum status trainer_evaluate(struct trainer *trainer, enum part part, struct evaluation *evaluation,
                             struct task *task, struct error *error);
// Class probabilities [count, classes], or predictions in the target's own unit [count, 1], of rows
// of `source` (may be another one of the same encoding). `out` is the caller's.
enum status trainer_predict(struct trainer *trainer, const struct source *source, const uint32_t *rows, size_t count,
                            float *out, struct task *task, struct error *error);
// Changes a live parameter from the next step on; recorded when it is a change. Others are STATUS_STATE
// with a sentence; after any failure everything is as it was. With drop_last, a rest of the epoch that
// is short only because the batch has grown is still visited.
enum status trainer_set(struct trainer *trainer, const char *name, const char *text, struct error *error);

const struct train_params *trainer_params(const struct trainer *trainer);
const struct model *trainer_model(const struct trainer *trainer);
const struct parameter_change *trainer_changes(const struct trainer *trainer, size_t *count);
uint64_t trainer_steps_done(const struct trainer *trainer);
double trainer_epochs_done(const struct trainer *trainer);
uint64_t trainer_steps_left(const struct trainer *trainer); // to params->epochs at the present batch size
bool trainer_finished(const struct trainer *trainer);
size_t trainer_bytes(const struct trainer *trainer); // device memory in use
// The learning rate at a given point of the run (epochs, possibly fractional), for the Model view's plot.
double schedule_rate(const struct train_params *params, double epoch);
struct augment trainer_augment(const struct train_params *params); // how pictures are changed
const char *trainer_augments(const struct train_params *params);   // the first parameter that does; NULL: none
// Copies the weights (layout of the model) to the caller's array of model->weight_count floats, or back.
enum status trainer_weights(struct trainer *trainer, float *weights, struct error *error);
enum status trainer_set_weights(struct trainer *trainer, const float *weights, struct error *error);

// Checkpoints (checkpoint.c): versioned, checksummed, atomic. `extra` is the caller's own text
// (recipe, encoding: JSON), kept beside; NULL for none. Loading refuses hostile or truncated files
// and other data or models with a sentence, and leaves the trainer as it was. Loading takes over the
// file's parameters, except those of the device.
enum status trainer_save(struct trainer *trainer, const char *path, const char *extra, struct error *error);
enum status trainer_load(struct trainer *trainer, const char *path, struct error *error);
// Reads parameters and extra text without a trainer: how resume, eval and predict find out what to open.
struct checkpoint_header {
    struct train_params params;
    uint64_t step, fingerprint;
    char *extra; // mem_free; NULL when none
    int64_t sample[SHAPE_RANK], sample_rank, outputs;
};
enum status checkpoint_read_header(const char *path, struct checkpoint_header *header, struct error *error);
void checkpoint_header_clear(struct checkpoint_header *header);
// A trainer for prediction only: model and weights of a checkpoint, on `source`'s encoding.
enum status trainer_open_checkpoint(struct trainer **trainer, const char *path, struct source *source,
                                    struct backend *backend, struct error *error);

#endif
