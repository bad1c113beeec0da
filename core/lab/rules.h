// What a change of the batch size does to the learning rate, and batch sizes that change themselves. Arithmetic only.
#ifndef CORE_LAB_RULES_H
#define CORE_LAB_RULES_H

#include "core/lab/noise_scale.h"
#include "core/params.h"

enum rate_rule {
    RATE_STAYS,
    RATE_SQRT,    // times √k: the noise of a step stays (Krizhevsky 2014)
    RATE_LINEAR,  // times k (Goyal et al. 2017)
    RATE_ADASCALE // times the gain, which follows the gradients (Johnson et al. 2020)
};
extern const char *const rate_rules[RATE_ADASCALE + 1]; // their names: "none", "sqrt", "linear", "adascale"
enum rate_rule rate_rule_of(const struct train_params *params);
// What the rate is multiplied by when the batch becomes k times as large; 1 where the rule is AdaScale, whose gain acts
// on every step instead.
double rate_factor(enum rate_rule rule, double k);
// AdaScale: with batches `scale` times as large as those the rate was chosen for, whose gradients have variance `trace`
// / batch around their mean: gain = (σ² + μ²)/(σ²/S + μ²), 1 … S. gradient_sq below 0 counts as 0.
double adascale_gain(double trace, double gradient_sq, double batch, double scale);

// The batch that `batch` becomes when the noise scale times params->batch_share lies at least a factor of 2 away: twice
// as large or half, from 1 to `most`; else itself. Where the estimate is not resolved its lower end can make it larger.
int64_t batch_towards_noise(const struct train_params *params, const struct noise_estimate *estimate, int64_t batch,
                            int64_t most);
// Smith et al. 2018, "Don't decay the learning rate, increase the batch size": where the schedule has come down to
// `factor`, the batch is to be base/factor, reached by doublings.
int64_t batch_in_place_of_decay(double factor, int64_t base, int64_t batch, int64_t most);
int64_t batch_rule_most(const struct train_params *params, uint64_t train_rows);

#endif
