// Losses: one row each. A loss adds the operations that compare the logits with the truth; the
// operation sums the loss over the batch into the metrics and gives the gradient of its mean.
#ifndef CORE_TRAIN_LOSS_H
#define CORE_TRAIN_LOSS_H

#include "core/backend/program.h"
#include "core/params.h"
#include "core/train/source.h"

struct loss {
    const char *name;
    enum source_task task; // what it can be asked of
    enum op_kind op;
};

// "auto" picks by task. Refuses with a sentence what does not fit the task.
enum status loss_choose(const char *name, enum source_task task, const struct loss **loss, struct error *error);
// Has the target as many classes as the loss compares?
enum status loss_fits(const struct loss *loss, const struct source *source, struct error *error);
// "classify" or "regress": what a target must be for the loss of that name; "auto": any.
const char *loss_task_name(const char *name);
// What a model has to give for it: a logit for each class; one where the loss is binary, or the target is numbers.
int64_t loss_outputs(const char *name, const struct source *source);
// `truth`: labels I32 [batch] or targets [batch, T]. `weighted`: classes have weights, in SLOT_CLASS_WEIGHTS. Returns
// the gradient of the mean loss with respect to the logits, VALUE_NONE when it is not wanted.
value_id loss_write(const struct loss *loss, struct program *program, enum dtype real, value_id logits, value_id truth,
                    bool weighted, bool gradient);

bool loss_weighted(const struct train_params *params, const struct source *source);
// params->class_weights as numbers, [classes]: "balanced" n/(k·n_c) over the k classes that have some of the n
// training rows, 1 for the others; numbers in the order of the classes; NAME=NUMBER, 1 for those not named. The
// sentence says what does not fit. `weights` NULL: only judges.
enum status loss_class_weights(const struct train_params *params, const struct source *source, float *weights,
                               struct error *error);

#endif
