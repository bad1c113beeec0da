// What a person says of a race or a sweep, as parameter tables: flags of the commands and fields of the forms.
#ifndef CORE_LAB_OPTIONS_H
#define CORE_LAB_OPTIONS_H

#include "core/lab/experiment.h"

struct race_options {
    char batches[PARAM_TEXT_SIZE]; // "8,16,32"; "" = the usual ones
    int64_t seeds, samples;
    char rule[PARAM_TEXT_SIZE];
    double target_loss, target_accuracy; // 0 = not given
};
struct sweep_options {
    char over[PARAM_TEXT_SIZE]; // "lr=1e-4..1e-1:log,batch=16|32"
    char method[PARAM_TEXT_SIZE];
    int64_t trials, eta, first_epochs, at_once;
    char objective[PARAM_TEXT_SIZE];
};
extern const struct param_table race_table, sweep_table;

enum status experiment_of_race(const struct race_options *options, struct experiment *experiment, struct error *error);
// Adds to what `experiment` has: a plan read from a file, say.
enum status experiment_of_sweep(const struct sweep_options *options, struct experiment *experiment,
                                struct error *error);

#endif
