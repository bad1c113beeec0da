#include "core/engine/event.h"

#include "core/base/str.h"

static const char *const state_names[] = {
    [RUN_NONE] = "none", [RUN_OPENING] = "opening", [RUN_TRAINING] = "training", [RUN_PAUSED] = "paused",
    [RUN_DONE] = "done", [RUN_STOPPED] = "stopped", [RUN_FAILED] = "failed",
};
static const char *const kind_names[] = {
    [EVENT_STATE] = "state",     [EVENT_STARTED] = "started",       [EVENT_EPOCH] = "epoch",
    [EVENT_CHANGE] = "change",   [EVENT_CHECKPOINT] = "checkpoint", [EVENT_MARK] = "mark",
    [EVENT_WARNING] = "warning", [EVENT_ERROR] = "error",
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
