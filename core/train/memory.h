// The memory that training takes on its device, worked out from programs and figures alone: no device is
// opened and nothing of that size is allocated. Copies of the data come on top of what the program already
// holds in its own memory. Any thread.
#ifndef CORE_TRAIN_MEMORY_H
#define CORE_TRAIN_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/backend/backend.h"
#include "core/params.h"
#include "core/train/source.h"

struct train_memory {    // bytes
    uint64_t data;       // features, labels or targets, row numbers
    uint64_t staged;     // what takes their place where rows come batch by batch, for one region of them (state.h)
    uint64_t weights;    // weights and running state
    uint64_t optimizer;  // gradients, moments, averaged weights
    uint64_t evaluation; // temporaries and outputs of one chunk of an evaluation
    uint64_t step;       // temporaries of a step: the batch, activations, their gradients; the short last batch's too
};

// For batches of `batch` rows (at least 1, also more than there are rows). `reuses`: the backend lets
// temporaries that do not live at the same time share their room (cpu); others give each its own. What a
// library needs beside (workspace, copies in another layout) is not known here.
enum status train_memory_plan(const struct train_params *params, struct source *source, size_t batch, bool reuses,
                              struct train_memory *memory, struct error *error);
uint64_t train_memory_total(const struct train_memory *memory); // without `staged`
// Could the rows come to the device batch by batch? And must they: is there room for all of them beside a step?
bool train_memory_can_stage(const struct source *source, const struct backend *backend);
bool train_memory_has_room(const struct train_params *params, struct source *source, struct backend *backend);
// Refuses what the backend's memory has no room for: training in batches of params->batch, of which `taken` bytes are
// taken already. Data that lie in the program's own memory cost nothing where the backend borrows them.
enum status train_memory_check(const struct train_params *params, struct source *source, struct backend *backend,
                               uint64_t taken, struct error *error);

#endif
