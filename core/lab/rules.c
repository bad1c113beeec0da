#include "core/lab/rules.h"

#include <math.h>
#include <string.h>

const char *const rate_rules[] = {
    [RATE_STAYS] = "none", [RATE_SQRT] = "sqrt", [RATE_LINEAR] = "linear", [RATE_ADASCALE] = "adascale"};

enum rate_rule rate_rule_of(const struct train_params *params) {
    for (int i = 0; i <= RATE_ADASCALE; i++) {
        if (strcmp(params->lr_rule, rate_rules[i]) == 0) {
            return (enum rate_rule)i;
        }
    }
    return RATE_STAYS;
}

double rate_factor(enum rate_rule rule, double k) {
    return rule == RATE_SQRT ? sqrt(k) : rule == RATE_LINEAR ? k : 1;
}

double adascale_gain(double trace, double gradient_sq, double batch, double scale) {
    double variance = fmax(0, trace) / batch, mean = fmax(0, gradient_sq);
    double whole = variance + mean;
    return whole > 0 ? whole / (variance / scale + mean) : 1;
}

int64_t batch_towards_noise(const struct train_params *params, const struct noise_estimate *estimate, int64_t batch,
                            int64_t most) {
    double target = params->batch_share * (estimate->resolved ? estimate->noise_scale : estimate->low);
    if (target >= 2 * (double)batch && 2 * batch <= most) {
        return 2 * batch;
    }
    return estimate->resolved && batch > 1 && target <= (double)batch / 2 ? batch / 2 : batch;
}

int64_t batch_in_place_of_decay(double factor, int64_t base, int64_t batch, int64_t most) {
    while (2 * batch <= most && factor * 2 * (double)batch <= (double)base) {
        batch *= 2;
    }
    return batch;
}

int64_t batch_rule_most(const struct train_params *params, uint64_t train_rows) {
    int64_t rows = train_rows > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)train_rows;
    int64_t most = params->batch_most > 0 ? params->batch_most : rows / 4;
    return most < 1 ? 1 : most > rows ? rows : most;
}
