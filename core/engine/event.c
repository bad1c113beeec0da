#include "core/engine/event.h"

#include <math.h>

#include "core/base/str.h"

static const char *const state_names[] = {
    [RUN_NONE] = "none", [RUN_OPENING] = "opening", [RUN_TRAINING] = "training", [RUN_PAUSED] = "paused",
    [RUN_DONE] = "done", [RUN_STOPPED] = "stopped", [RUN_FAILED] = "failed",
};
static const char *const kind_names[] = {
    [EVENT_STATE] = "state",     [EVENT_STARTED] = "started",       [EVENT_EPOCH] = "epoch",
    [EVENT_CHANGE] = "change",   [EVENT_CHECKPOINT] = "checkpoint", [EVENT_MARK] = "mark",
    [EVENT_WARNING] = "warning", [EVENT_ERROR] = "error",
    [EVENT_ROWS] = "rows",       [EVENT_NOISE] = "noise",           [EVENT_RANGE] = "range",
    [EVENT_LAYER] = "layer",
};

const char *run_state_name(enum run_state state) {
    return state_names[state];
}

bool run_state_parse(const char *name, enum run_state *state) {
    for (size_t i = 0; i < sizeof state_names / sizeof *state_names; i++) {
        if (text_equal(name, state_names[i])) {
            *state = (enum run_state)i;
            return true;
        }
    }
    return false;
}

bool run_is_alive(enum run_state state) {
    return state == RUN_OPENING || state == RUN_TRAINING || state == RUN_PAUSED;
}

const char *event_kind_name(enum event_kind kind) {
    return kind_names[kind];
}

bool event_kind_parse(const char *name, enum event_kind *kind) {
    for (size_t i = 0; i < sizeof kind_names / sizeof *kind_names; i++) {
        if (text_equal(name, kind_names[i])) {
            *kind = (enum event_kind)i;
            return true;
        }
    }
    return false;
}

double epoch_figure(const struct epoch_row *row, bool classify) {
    double validated = classify ? row->val_accuracy : row->val_rmse;
    return !isnan(validated) ? validated : classify ? row->train_accuracy : row->train_rmse;
}

double run_times_sum(const struct run_times *times) {
    return times->steps + times->data + times->evaluation + times->keeping + times->rest;
}

void run_times_add(struct run_times *sum, const struct run_times *times) {
    sum->steps += times->steps;
    sum->data += times->data;
    sum->evaluation += times->evaluation;
    sum->keeping += times->keeping;
    sum->rest += times->rest;
    sum->reading += times->reading;
    sum->reader_waits += times->reader_waits;
}

struct run_times run_times_since(const struct run_times *now, const struct run_times *before) {
    return (struct run_times){
        .steps = now->steps - before->steps,
        .data = now->data - before->data,
        .evaluation = now->evaluation - before->evaluation,
        .keeping = now->keeping - before->keeping,
        .rest = now->rest - before->rest,
        .reading = now->reading - before->reading,
        .reader_waits = now->reader_waits - before->reader_waits,
    };
}
