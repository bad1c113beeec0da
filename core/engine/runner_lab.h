// What a run does beside training for the lab: it measures the noise scale, looks into its layers, ties learning rate and batch size together,
// and tries learning rates out. Private to core/engine, part of a runner.
// A run that only measures gives the bits of one that does not. Where the noise scale steers (AdaScale, the batch rule
// "noise") it is measured every so many steps, never by the clock, so that such runs repeat bit for bit too.
#ifndef CORE_ENGINE_RUNNER_LAB_H
#define CORE_ENGINE_RUNNER_LAB_H

#include "core/lab/layers.h"

struct runner;

enum { TIMED_BATCHES = 24 };

struct lab_state { // kept in checkpoints
    struct noise_average noise;
    int64_t base_batch; // the batch that the rate was chosen for: AdaScale and "increase" count from it; 0: none
    uint64_t ramp_step; // the batch grew after so many steps …
    double ramp_from;   // … and the rate begins at this share of its new value; 0: there is no warm-up
    double adapted;     // samples there were when the batch last changed itself
};

struct runner_lab {
    struct lab_state state;
    struct noise_meter meter;
    double spent, told;  // seconds of measuring; the clock when a row was last told
    double part_seconds; // of one part; 0: none measured
    uint64_t opened;     // the step at which this process took the run up
    bool refused;        // it has been said why nothing can be measured
    struct layer_meter layers;
    double layers_spent;      // seconds of looking into layers
    uint64_t layers_last, layers_next; // the step of the last look; from which on they are looked into again
    bool layers_refused;
    struct {             // step times of the batch sizes there were
        int64_t batch;
        uint64_t steps;
        double seconds; // mean
    } timed[TIMED_BATCHES];
    int timed_count;
};

void runner_lab_open(struct runner *runner); // with a trainer, after a checkpoint has been loaded
void runner_lab_close(struct runner *runner);
bool runner_lab_due(const struct runner *runner); // the noise scale is to be measured before the next step
uint64_t runner_lab_free(const struct runner *runner); // steps until something may be due between two of them: 1 or more
double runner_lab_seconds(const struct runner *runner); // of a step of the present batch; NaN: not known
void runner_lab_measure(struct runner *runner);   // and a batch rule may act on it
bool runner_layers_due(const struct runner *runner); // the layers are to be looked into before the next step
void runner_layers_measure(struct runner *runner);   // EVENT_LAYER, one for each
void runner_lab_prepare(struct runner *runner);   // the next step: its rate, and its batch where a schedule grows it
void runner_lab_stepped(struct runner *runner, int64_t batch, double seconds); // a step took so long
// `name` has been changed, from what `before` has.
void runner_lab_changed(struct runner *runner, const struct train_params *before, const char *name);
void runner_range_test(struct runner *runner); // EVENT_RANGE, or why not

#endif
