#include "core/session_chosen.h"

#include <string.h>

static size_t place_of(const struct chosen_runs *chosen, int64_t id) {
    size_t i = 0;
    while (i < chosen->count && chosen->ids[i] != id)
        i++;
    return i;
}

bool chosen_runs_has(const struct chosen_runs *chosen, int64_t id) {
    return place_of(chosen, id) < chosen->count;
}

bool chosen_runs_turn(struct chosen_runs *chosen, int64_t id) {
    size_t at = place_of(chosen, id);
    if (at < chosen->count) {
        memmove(chosen->ids + at, chosen->ids + at + 1, (--chosen->count - at) * sizeof *chosen->ids);
        return true;
    }
    if (chosen->count == CHOSEN_RUNS_MOST)
        return false;
    chosen->ids[chosen->count++] = id;
    return true;
}
