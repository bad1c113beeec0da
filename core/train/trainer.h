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
    double loss;       // mean over the batch's rows, by class weights where there are any
    double weight;     // what that loss weighs in a mean over batches: rows, or the sum of their class weights
    double clip;       // what the gradient was multiplied by: 1, or less where it was clipped
    double accuracy;   // share correct; NaN for regression
    double rmse;       // in the target's own unit; NaN for classification
    double gradient_norm, update_norm, weight_norm; // NaN where the step was skipped
    double scale;      // what gradients were multiplied by, in fp16 (program.h, SLOT_SCALING); 0: nothing
    bool epoch_ended;  // this step completed an epoch
    bool skipped;      // the gradient overflowed at that scale: nothing was changed, and the next step's is half of it
    bool finite;       // loss and gradient are finite; a step that was skipped is no less so
    double begun, gathered; // the clock when a step that trainer_time_step asked for began, and when it had the rows
                            // of its batch; NaN: not measured
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

// Do these parameters go together, and with this data? Names the parameter and what to do. Any thread; nothing is opened.
enum status trainer_check(const struct train_params *params, const struct source *source, struct error *error);
// The backend that params name, with their threads and precision.
enum status trainer_backend(const struct train_params *params, struct backend **backend, struct error *error);
enum status trainer_open(struct trainer **trainer, const struct train_params *params, struct source *source,
                         struct backend *backend, struct error *error);
void trainer_close(struct trainer *trainer); // NULL allowed

enum status trainer_step(struct trainer *trainer, struct step_result *result, struct error *error);
// Up to `most` steps that the device gets at once and is waited for once, so that short ones do not spend their time on
// being launched: to the bit what trainer_step called as often does. *count says how many: fewer where an epoch ends,
// before a batch of another size, and after a step that is not finite, which is then the last; one where the backend
// knows nothing of it, the features lie in a file, or batches go through in parts. results: [most]; `begun` and
// `gathered` are known of the first one alone.
enum { STEPS_MOST = 64 };
enum status trainer_steps(struct trainer *trainer, size_t most, struct step_result *results, size_t *count,
                          struct error *error);
// Where the features of the source lie in a file, a thread reads the rows of the next steps ahead (feed.h). Waits up to
// `seconds` until those of the next step are there; trainer_step waits without end. In memory: always ready.
enum status trainer_wait(struct trainer *trainer, double seconds, bool *ready, struct error *error);
// Seconds that thread has read, and waited because enough was ready. False: there is none.
bool trainer_reads_ahead(const struct trainer *trainer, double *reading, double *waiting);
// The next step looks at the clock: that costs less than 0.1 µs.
void trainer_time_step(struct trainer *trainer);
// Right after a step that was not finite: where it went wrong first, as the end of a sentence ("in the data: row 7,
// column age", "from layer dense2 on", "in the gradient of layer conv1"); "" where that cannot be found out. A loss
// that is not finite changes no weight (program.h), so that the step can be looked at again. True: it was the data.
bool trainer_blame(struct trainer *trainer, char text[ERROR_TEXT_SIZE]);
// What the schedule's rate is multiplied by from the next step on: 1 until it is set. Kept by whoever sets it, not in
// checkpoints.
void trainer_set_rate_factor(struct trainer *trainer, double factor);
// Averaged weights, where params->ema asks for them, are what is evaluated and predicts.
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

// Goes on with other rows of the same encoding (shares the source): weights, moments, schedule and counters stay, the
// epoch that begins visits the new training rows. Only where trainer_between_epochs; after any failure everything is
// as it was. Checkpoints belong to the new source from then on.
enum status trainer_change_source(struct trainer *trainer, struct source *source, struct error *error);
bool trainer_between_epochs(const struct trainer *trainer);

const struct train_params *trainer_params(const struct trainer *trainer);
const struct model *trainer_model(const struct trainer *trainer);
const struct parameter_change *trainer_changes(const struct trainer *trainer, size_t *count);
uint64_t trainer_steps_done(const struct trainer *trainer);
uint64_t trainer_samples_done(const struct trainer *trainer); // rows seen since the start
double trainer_epochs_done(const struct trainer *trainer);
uint64_t trainer_steps_left(const struct trainer *trainer); // to params->epochs at the present batch size
bool trainer_finished(const struct trainer *trainer);
int trainer_threads(const struct trainer *trainer); // of the processor that its steps keep busy; 0: none
size_t trainer_bytes(const struct trainer *trainer); // device memory in use
// The learning rate at a given point of the run (epochs, possibly fractional), for the Model view's plot.
double schedule_rate(const struct train_params *params, double epoch);
// What a model of these parameters is made for. It points into the source.
struct model_data trainer_model_data(const struct train_params *params, const struct source *source);
struct augment trainer_augment(const struct train_params *params); // how pictures are changed
const char *trainer_augments(const struct train_params *params);   // the first parameter that does; NULL: none
// Copies the weights (layout of the model) to the caller's array of model->weight_count floats, or back.
enum status trainer_weights(struct trainer *trainer, float *weights, struct error *error);
enum status trainer_set_weights(struct trainer *trainer, const float *weights, struct error *error);

// A model at one moment, in memory: for another thread to ask while the trainer goes on (copy.c). What is evaluated is
// copied: averaged weights where params->ema asks for them, and the running statistics.
struct model_copy {
    struct train_params params; // device, threads and precision may be set by whoever asks it
    uint64_t step, fingerprint; // of the source
    double epoch, seconds;      // seconds: how long the trainer was kept from its steps
    size_t weight_count, state_count;
    float *values; // [weight_count + state_count]
};
enum status trainer_copy(struct trainer *trainer, struct model_copy **copy, struct error *error);
void model_copy_free(struct model_copy *copy); // NULL allowed
// A trainer for prediction only, as trainer_open_checkpoint gives it.
enum status trainer_open_copy(struct trainer **trainer, const struct model_copy *copy, struct source *source,
                              struct backend *backend, struct error *error);

// Checkpoints (checkpoint.c): versioned, checksummed, atomic. `extra` is the caller's own text
// (recipe, encoding: JSON), kept beside; NULL for none. Loading refuses hostile or truncated files
// and other data or models with a sentence, and leaves the trainer as it was. Loading takes over the
// file's parameters, except those of the device.
enum status trainer_save(struct trainer *trainer, const char *path, const char *extra, struct error *error);
// The same in two parts: what the trainer has now, kept in memory, and the file made of it later. held_free: NULL allowed.
struct held_checkpoint;
enum status trainer_hold(struct trainer *trainer, struct held_checkpoint **held, struct error *error);
enum status held_write(const struct held_checkpoint *held, const char *path, const char *extra, struct error *error);
void held_free(struct held_checkpoint *held);
enum status trainer_load(struct trainer *trainer, const char *path, struct error *error);
// The same, but the trainer keeps the parameters it was opened with. Weights, counters and the place in the epoch are
// the file's; moments too, unless the optimizer is another; a running average begins with the weights where the file
// has none. Another seed shuffles from here on.
enum status trainer_fork(struct trainer *trainer, const char *path, struct error *error);
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
