// Losses: one row each. A loss adds the operations that compare the logits with the truth; the
// operation sums the loss over the batch into the metrics and gives the gradient of its mean.
#ifndef CORE_TRAIN_LOSS_H
#define CORE_TRAIN_LOSS_H

#include "core/backend/program.h"
#include "core/train/source.h"

struct loss {
    const char *name;
    enum source_task task; // what it can be asked of
    // `truth`: labels I32 [batch] or targets [batch, T]. Returns the gradient of the mean loss with
    // respect to the logits, VALUE_NONE when it is not wanted.
    value_id (*write)(struct program *program, enum dtype real, value_id logits, value_id truth, bool gradient);
};

// "auto" picks by task. Refuses with a sentence what does not fit the task.
enum status loss_choose(const char *name, enum source_task task, const struct loss **loss, struct error *error);

#endif
