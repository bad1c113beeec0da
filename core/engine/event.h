// What the engine tells. Two lanes: events are never lost (state, epochs, changes, errors, files);
// per-step metrics travel in a bounded ring that counts what it had to drop.
#ifndef CORE_ENGINE_EVENT_H
#define CORE_ENGINE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

enum run_state { RUN_NONE, RUN_OPENING, RUN_TRAINING, RUN_PAUSED, RUN_DONE, RUN_STOPPED, RUN_FAILED };
const char *run_state_name(enum run_state state); // "training"
bool run_state_parse(const char *name, enum run_state *state); // false: no such name

struct step_metrics { // one step; a record is 56 bytes, so that even steps of 10 µs are all kept
    uint64_t step, samples;
    double epoch, seconds; // since the run's start, pauses left out
    float lr, loss, accuracy_or_rmse;
    float gradient_norm, update_ratio; // |g|; |Δw|/|w|
    uint32_t batch;
};

struct epoch_row {
    uint64_t epoch, step, samples;
    double seconds, lr;
    int64_t batch;
    double train_loss, train_accuracy, train_rmse; // means over the epoch's rows; NaN where not meant
    double val_loss, val_accuracy, val_rmse;
    double samples_per_s; // of training alone, this epoch
};

enum { EVENT_TEXT_SIZE = 1024 };
enum event_kind { EVENT_STATE, EVENT_STARTED, EVENT_EPOCH, EVENT_CHANGE, EVENT_CHECKPOINT, EVENT_MARK, EVENT_WARNING,
                  EVENT_ERROR };
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
        struct { // STARTED: what it runs on
            char backend[32], device[128], detail[128], precision[8];
            int threads;
            uint64_t bytes, train_rows, validation_rows, test_rows, steps_total;
        } started;
        char text[EVENT_TEXT_SIZE]; // path of a checkpoint, a mark's text, a sentence
    };
};

#endif
