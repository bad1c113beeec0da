#include "core/train/schedule.h"

#include <math.h>
#include <string.h>

#include "core/train/trainer.h"

#define PI 3.141592653589793238463

// Half a cosine from `from` to `to` while t goes from 0 to 1.
static double cosine_between(double from, double to, double t) {
    return from + (to - from) * (1 - cos(PI * t)) / 2;
}

static double constant(double progress) {
    (void)progress;
    return 1;
}

// A tenth after one half and again after three quarters of the run (He et al. 2016, CIFAR).
static double step(double progress) {
    return progress < 0.5 ? 1 : progress < 0.75 ? 0.1 : 0.01;
}

// Loshchilov & Hutter 2017, without restarts.
static double cosine(double progress) {
    return cosine_between(1, 0, progress);
}

// Smith 2018 in fastai's form: cosine lr/25 → lr over a quarter of the run, then → lr/1e5.
static double one_cycle(double progress) {
    const double rise = 0.25;
    return progress < rise ? cosine_between(1 / 25.0, 1, progress / rise)
                           : cosine_between(1, 1e-5, (progress - rise) / (1 - rise));
}

static double triangle(double progress) {
    return 1 - fabs(2 * progress - 1);
}

// Degree 1, PyTorch's default: linear to 0.
static double polynomial(double progress) {
    return 1 - progress;
}

static const struct schedule schedules[] = {
    {"constant", constant},   {"step", step},         {"cosine", cosine},
    {"one_cycle", one_cycle}, {"triangle", triangle}, {"polynomial", polynomial},
};

const struct schedule *schedule_find(const char *name) {
    for (size_t i = 0; i < sizeof schedules / sizeof schedules[0]; i++) {
        if (strcmp(schedules[i].name, name) == 0) {
            return &schedules[i];
        }
    }
    return NULL;
}

double schedule_rate(const struct train_params *params, double epoch) {
    const struct schedule *schedule = schedule_find(params->schedule);
    double progress = epoch / (double)params->epochs;
    double factor = schedule == NULL ? 1 : schedule->factor(progress < 0 ? 0 : progress > 1 ? 1 : progress);
    double warm = params->warmup > 0 && epoch < params->warmup ? epoch / params->warmup : 1;
    return params->lr * factor * warm;
}
