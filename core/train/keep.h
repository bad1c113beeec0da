// Trying something out on a trainer and going back: everything that steps change, kept in memory. Beside it only plans
// may have been added. From the trainer's thread, between two steps.
#ifndef CORE_TRAIN_KEEP_H
#define CORE_TRAIN_KEEP_H

#include "core/train/trainer.h"

struct trainer_kept;

// A copy of weights, moments, averages, running figures, the scale of gradients, sampler and counters. trainer_kept_free ends it.
enum status trainer_keep(struct trainer *trainer, struct trainer_kept **kept, struct error *error);
// To the bit. Parameters and source must be those of then. STATUS_STATE is refused; another failure is the device's.
enum status trainer_return(struct trainer *trainer, const struct trainer_kept *kept, struct error *error);
void trainer_kept_free(struct trainer_kept *kept); // NULL allowed

// What evaluates and predicts — averaged weights, where there are any — and the running figures, in the layout of the
// model: [weight_count], [state_count]. Written, they are the weights too.
enum status trainer_read_model(struct trainer *trainer, float *weights, float *state, struct error *error);
enum status trainer_write_model(struct trainer *trainer, const float *weights, const float *state,
                                struct error *error);

// One step with this learning rate in place of the schedule's, also after the last epoch.
enum status trainer_step_at(struct trainer *trainer, double rate, struct step_result *result, struct error *error);

#endif
