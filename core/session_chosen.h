// Runs that the person has chosen, to be compared or reported: the same in every view. Plain values.
#ifndef CORE_SESSION_CHOSEN_H
#define CORE_SESSION_CHOSEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHOSEN_RUNS_MOST = 200 };

struct chosen_runs {
    int64_t ids[CHOSEN_RUNS_MOST]; // in the order in which they were chosen
    size_t count;
};

bool chosen_runs_has(const struct chosen_runs *chosen, int64_t id);
// Chosen, or no longer. False: there are CHOSEN_RUNS_MOST already, and nothing has changed.
bool chosen_runs_turn(struct chosen_runs *chosen, int64_t id);

#endif
