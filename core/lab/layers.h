// Looks into the layers of a trainer: how weights and gradients of each spread, and how far they are from where they
// began. The run itself is not touched (gradient.h). Owns its arrays; borrows the trainer for the length of a call. The
// trainer's thread.
#ifndef CORE_LAB_LAYERS_H
#define CORE_LAB_LAYERS_H

#include "core/lab/histogram.h"
#include "core/lab/noise_meter.h"

struct layer_meter { // {0} is ready
    float *now, *start; // [weights] as they are; as the run's seed begins with
    size_t weights;
    uint64_t seed; // of `start`
    double distance, length; // |w − w₀| (Hoffer et al. 2017) and |w|, of all layers
};

void layer_meter_close(struct layer_meter *meter);
// Rows of the gradient: those of a batch of the run, at most 1024.
size_t layers_rows(const struct trainer *trainer);
// Takes weights, and the gradient of `layers_rows` rows that `draws` draws by `index`: before clipping and decay.
enum status layers_measure(struct layer_meter *meter, struct noise_meter *draws, struct trainer *trainer,
                           uint64_t index, struct error *error);

struct layer_look {
    struct layer_histogram histogram;
    double moved, norm; // |w − w₀|, |w| of this layer
};
// Of one layer of the trainer's model, as it was measured. `draws` must not have drawn since.
struct layer_look layers_look(const struct layer_meter *meter, const struct noise_meter *draws,
                              const struct layer *layer);

#endif
