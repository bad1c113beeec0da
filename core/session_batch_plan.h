// How one epoch falls into batches: the sampler's own order of the training rows for (seed, epoch), and to
// which slot (a color: a class, or a range of a number) each belongs. The order does not depend on the batch
// size, so one plan serves them all; the counts of any stretch of it cost the same however long it is.
// A plan is made in one piece, on any thread, and then only read. It holds a reference of its source.
#ifndef CORE_SESSION_BATCH_PLAN_H
#define CORE_SESSION_BATCH_PLAN_H

#include "core/base/task.h"
#include "core/params.h"
#include "core/train/source.h"

#define BATCH_SLOTS 12  // as many as there are class colors
#define BATCH_POWERS 17 // batch sizes 1, 2, 4 … 65 536
#define BATCH_STRIDE ((size_t)4096)

struct batch_slot {
    char label[64];            // "setosa", "apple … bear (9)", "≤ 87"
    size_t counts[PART_COUNT]; // rows of each part
};

struct batch_plan {
    struct source *source;
    uint64_t seed, epoch;          // epoch: 0 is the first
    size_t rows;                   // for training
    uint32_t *order;               // [rows] rows of the source
    uint8_t *slot_of;              // [rows] slot of order[i]
    uint32_t (*sums)[BATCH_SLOTS]; // [rows / BATCH_STRIDE + 1]: rows of each slot before position i·BATCH_STRIDE
    struct batch_slot slots[BATCH_SLOTS];
    size_t slot_count;
    bool ranges;  // slots are ranges of a number, ascending; else classes
    bool folded;  // a slot is more than one class
    size_t kinds; // classes, or ranges: what `spread` and `measured` are about
    // Root mean square over all kinds of the standard deviation of one row's share, √(p(1−p)).
    double spread;
    // Root mean square over all kinds and over the epoch's full batches of 2^k rows of share − p; NaN where
    // there are no 2^k rows. `measured_extra`: of `extra` rows, the size that was asked for beside.
    double measured[BATCH_POWERS], measured_extra;
    size_t extra;
};

// `extra`: a further batch size to measure; 0 = none. Training rows there must be at least one.
enum status batch_plan_make(const struct source *source, uint64_t seed, uint64_t epoch, size_t extra,
                            struct batch_plan **plan, struct task *task, struct error *error);
void batch_plan_free(struct batch_plan *plan); // NULL allowed
// Rows of each slot at positions from … to − 1 of the order; to ≤ rows.
void batch_plan_counts(const struct batch_plan *plan, size_t from, size_t to, size_t counts[BATCH_SLOTS]);
// Standard error of a share in a batch, drawn without replacement: √(p(1−p)/B · (N−B)/(N−1)), root mean
// square over all kinds. B ≤ N.
double batch_plan_error(const struct batch_plan *plan, size_t batch);
double batch_plan_measured(const struct batch_plan *plan, size_t batch); // NaN: not measured

bool batch_plan_augments(const struct train_params *params); // pictures are changed on their way into a batch
// Pixels [channels][height][width] of the picture at that position of the order as training sees it in this epoch,
// whatever the batch size (OP_GATHER, core/backend/program.h), in 8 bits. What comes from outside the picture or is
// cut out has the mean color of the training pictures, which is 0 to the model.
void batch_plan_pixels(const struct batch_plan *plan, const struct train_params *params, size_t position,
                       uint8_t *pixels);

#endif
