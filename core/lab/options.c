#include "core/lab/options.h"

#define RACE(field) .name = #field, .offset = offsetof(struct race_options, field), .group = "race"
#define SWEEP(field) .name = #field, .offset = offsetof(struct sweep_options, field), .group = "sweep"

// clang-format off
static const struct param race_rows[] = {
    {RACE(batches), .label = "batch sizes", .type = PARAM_TEXT, .fallback = "",
     .help = "with commas between them; empty: 8 to 1024 in doublings, as far as there are rows"},
    {RACE(rule), .label = "rule", .type = PARAM_CHOICE, .fallback = "none", .choices = "none|sqrt|linear",
     .help = "learning rate of each batch size: as it is, in proportion to the root of the batch size, or to it"},
    {RACE(seeds), .label = "seeds", .type = PARAM_INTEGER, .fallback = "1", .low = 1, .high = 1000, .step = 1,
     .help = "runs of every batch size, with seeds that follow each other; two or more give the spread"},
    {RACE(target_loss), .label = "target loss", .type = PARAM_REAL, .fallback = "0", .low = 0, .high = 1e9, .step = 0.05,
     .help = "training loss that counts as arrived, averaged over a quarter of an epoch; 0: what every batch size reaches"},
    {RACE(target_accuracy), .label = "target accuracy", .type = PARAM_REAL, .fallback = "0", .low = 0, .high = 1,
     .step = 0.01, .help = "validation accuracy that counts as arrived, 0 to 1, between the ends of epochs; 0: the loss decides"},
    {RACE(samples), .label = "samples", .type = PARAM_INTEGER, .fallback = "0", .low = 0, .high = 9007199254740991,
     .step = 1000, .help = "rows that every run may use, rounded up to whole epochs; 0: as many epochs as are set"},
};

static const struct param sweep_rows[] = {
    {SWEEP(over), .label = "over", .type = PARAM_TEXT, .fallback = "",
     .help = "what is varied: lr=1e-4..1e-1:log,batch=16|32|64; :5 behind a range: points of it in a grid"},
    {SWEEP(method), .label = "method", .type = PARAM_CHOICE, .fallback = "random", .choices = "grid|random|halving",
     .help = "every combination, drawn at random, or drawn and only the best trained on (successive halving)"},
    {SWEEP(trials), .label = "trials", .type = PARAM_INTEGER, .fallback = "20", .low = 1, .high = 100000, .step = 5,
     .help = "how many combinations are drawn; a grid has as many as it has"},
    {SWEEP(eta), .label = "eta", .type = PARAM_INTEGER, .fallback = "3", .low = 2, .high = 100, .step = 1,
     .help = "halving: one of so many trials goes on, with so many times the epochs"},
    {SWEEP(first_epochs), .label = "first epochs", .type = PARAM_INTEGER, .fallback = "1", .low = 1, .high = 1000000,
     .step = 1, .help = "halving: epochs of every trial; the last ones to go on get all epochs that are set"},
    {SWEEP(at_once), .label = "at once", .type = PARAM_INTEGER, .fallback = "0", .low = 0, .high = SWEEP_AT_ONCE_MOST, .step = 1,
     .unit = "runs", .help = "runs side by side, where the processor trains; 0: as many as it has cores for, with halving one"},
    {SWEEP(objective), .label = "objective", .type = PARAM_CHOICE, .fallback = "auto",
     .choices = "auto|accuracy|rmse|loss", .help = "what is best: validation accuracy or RMSE of the best epoch, or the lowest validation loss"},
};
// clang-format on

const struct param_table race_table = {race_rows, sizeof race_rows / sizeof *race_rows, sizeof(struct race_options)};
const struct param_table sweep_table = {sweep_rows, sizeof sweep_rows / sizeof *sweep_rows,
                                        sizeof(struct sweep_options)};

enum status experiment_of_race(const struct race_options *options, struct experiment *experiment, struct error *error) {
    enum status status = STATUS_OK;
    if (options->batches[0])
        status = experiment_set_batches(experiment, options->batches, error);
    if (!status)
        status = experiment_set_rule(experiment, options->rule, error);
    if (status)
        return status;
    experiment->seeds = options->seeds;
    experiment->samples = options->samples;
    if (options->target_loss > 0)
        experiment->target_loss = options->target_loss;
    if (options->target_accuracy > 0)
        experiment->target_accuracy = options->target_accuracy;
    return experiment_check(experiment, error);
}

enum status experiment_of_sweep(const struct sweep_options *options, struct experiment *experiment,
                                struct error *error) {
    enum status status = STATUS_OK;
    if (options->over[0])
        status = experiment_add_axes(experiment, options->over, error);
    if (!status)
        status = experiment_set_method(experiment, options->method, error);
    if (!status)
        status = experiment_set_objective(experiment, options->objective, error);
    if (status)
        return status;
    experiment->trials = options->trials;
    experiment->eta = options->eta;
    experiment->first_epochs = options->first_epochs;
    experiment->at_once = options->at_once;
    experiment->seed = experiment->base.seed;
    return experiment_check(experiment, error);
}
