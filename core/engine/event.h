// What the engine tells. Two lanes: events are never lost (state, epochs, changes, errors, files);
// per-step metrics travel in a bounded ring that counts what it had to drop.
#ifndef CORE_ENGINE_EVENT_H
#define CORE_ENGINE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/lab/histogram.h"

enum run_state { RUN_NONE, RUN_OPENING, RUN_TRAINING, RUN_PAUSED, RUN_DONE, RUN_STOPPED, RUN_FAILED };
const char *run_state_name(enum run_state state); // "training"
bool run_state_parse(const char *name, enum run_state *state); // false: no such name
bool run_is_alive(enum run_state state); // opening, training or paused

struct step_metrics { // one step; a record is 56 bytes, so that even steps of 10 µs are all kept
    uint64_t step, samples;
    double epoch, seconds; // since the run's start, pauses left out
    float lr, loss, accuracy_or_rmse;
    float gradient_norm, update_ratio; // |g|; |Δw|/|w|
    uint32_t batch;
};

// Where a run's time went, in seconds. Evaluations, checkpoints and rests are measured each; of steps, all where they
// are longer than 20 µs, else every 16th, whose data and keeping then stand for those of the steps up to the next.
struct run_times {
    double steps;      // computing them
    double data;       // waiting for the rows of a batch: until they have been read and gathered. On a device that
                       // works through a queue gathering is part of the steps
    double evaluation;
    double keeping;    // figures, events, commands, checkpoints
    double rest;       // what `pace` asks for
    // Beside these, of the thread that reads ahead where features do not fit in memory; both 0 where there is none.
    double reading, reader_waits; // at work; with enough rows ready
};

struct epoch_row {
    uint64_t epoch, step, samples;
    double seconds, lr;
    int64_t batch;
    double train_loss, train_accuracy, train_rmse; // means over the epoch's rows; NaN where not meant
    double val_loss, val_accuracy, val_rmse;
    double clipped; // share of the epoch's steps whose gradient was clipped; NaN: clipping is off, or not kept
    uint64_t skipped; // steps of the epoch that overflowed in fp16 and were left out …
    double scale;     // … and what gradients were multiplied by in its last step (core/backend/program.h, SLOT_SCALING);
                      // 0: they are not, or it is not kept
    double samples_per_s; // of training alone, this epoch
    struct run_times times; // of this epoch; not kept in the store
};

struct noise_row { // the gradient noise scale as the last samples have it (core/lab/noise_scale.h)
    uint64_t step, samples_seen; // before step `step` + 1 (that of the event); rows trained on until then
    double epoch, seconds;
    int64_t batch;           // of the run, at that time
    uint32_t rows, part;     // measured: a batch of so many, in parts of so many
    double trace, gradient_sq, noise_scale, low, high, diversity; // NaN, infinite: as there
    bool resolved;
    double cost; // share of the run's time that measuring has taken
    // Seconds of a step of this batch and of one twice as large, means; NaN: not known. The latter is measured where the
    // run had such batches, else drawn on from this one and the parts.
    double step_seconds, double_seconds;
    bool double_measured;
};

struct layer_row { // how a layer's weights and gradients spread, and how far it is from its start (core/lab/layers.h)
    uint64_t step, samples_seen; // before step `step` + 1 (that of the event); rows trained on until then
    double epoch, seconds;
    uint32_t layer, layers; // its number among the layers that have weights, from 0; how many there are
    char name[32];
    uint64_t weights; // that it has
    struct layer_histogram histogram;
    double moved, norm;      // |w − w₀|, |w| of the layer
    double distance, length; // of all layers
    double cost;             // share of the run's time that looking into layers has taken
};

enum { RANGE_POINTS = 100 };
struct range_curve { // a range test (core/lab/range_test.h)
    double low, high; // point i is at rate low·(high/low)^(i/RANGE_POINTS)
    int count;
    float loss[RANGE_POINTS], smoothed[RANGE_POINTS];
    double valley, steep, minimum, slide; // what it suggests; NaN: nothing
};

struct range_test; // core/lab/range_test.h
struct range_curve range_curve_of(const struct range_test *test); // that has been run

// Accuracy or RMSE of the rows that validate, where none do of those that train.
double epoch_figure(const struct epoch_row *row, bool classify);
double run_times_sum(const struct run_times *times); // of the run itself
void run_times_add(struct run_times *sum, const struct run_times *times);
struct run_times run_times_since(const struct run_times *now, const struct run_times *before);

enum { EVENT_TEXT_SIZE = 1024 };
#define ROLLED_BACK_TEXT "rolled back to step %llu" // of the mark that going back to a checkpoint leaves
enum event_kind { EVENT_STATE, EVENT_STARTED, EVENT_EPOCH, EVENT_CHANGE, EVENT_CHECKPOINT, EVENT_MARK, EVENT_WARNING,
                  EVENT_ERROR, EVENT_ROWS, EVENT_NOISE, EVENT_RANGE, EVENT_LAYER };
const char *event_kind_name(enum event_kind kind); // "change"
bool event_kind_parse(const char *name, enum event_kind *kind);

struct event {
    enum event_kind kind;
    double wall;
    uint64_t step;
    union {
        enum run_state state;
        struct epoch_row epoch;
        struct {
            char name[48], from[64], to[64];
        } change;
        struct { // STARTED: what it runs on; ROWS: the same, now that others have joined its rows
            char backend[32], device[128], detail[128], precision[8], bus[24];
            int threads, busy; // busy: those of them that a step works with, not kept; 0: the device does it all
            uint64_t bytes, train_rows, validation_rows, test_rows, steps_total;
            int64_t added_rows; // ROWS: how many more than before
        } started;
        struct noise_row noise;
        struct range_curve range;
        struct layer_row layer;
        char text[EVENT_TEXT_SIZE]; // path of a checkpoint, a mark's text, a sentence
    };
};

// What a noise row, a range curve or a layer row is kept as: a JSON object. NULL: no memory; mem_free.
char *event_figures(const struct event *event);
bool event_figures_read(const char *text, struct event *event); // of event->kind and step; false: makes no sense

#endif
