// Whole nets on every backend against plain loops: the losses and norms of the first steps from the same weights.
// BATCHLAB_TEST_BACKEND=NAME tests that one alone, and fails where it is absent; BATCHLAB_TEST_PRECISION=NAME has the GPU
// compute in that precision.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/op_cases.h"
#include "tests/support/scratch.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

#define STEPS 3
#define ROWS 29 // the last batch of the epoch is short

// Groups, strides, every pooling, dropout between maps and layer norm of maps.
static const char mixed_net[] = "conv 6 3 padding 1 groups 3\ngelu\nmax_pool 3 stride 2 padding 1\ndropout 0.3\n"
                                "conv 8 2x3 stride 2 padding 1 no-bias\nlayer_norm\nsilu\n"
                                "residual\nconv 8 3 padding 1 groups 2\nbatch_norm\nend\nrelu\n"
                                "average_pool 3 stride 2 padding 1\nscale 0.5\nglobal_average_pool\ndense outputs\n";

static const struct net_case {
    const char *settings;
    const char *net; // a model file
    int64_t sample[3];
    size_t classes;
    bool steep; // batch norm over 5 or 6 values at the end: rounding is magnified, so that only losses say something
} cases[] = {
    {"model=lenet5 batch=11 lr=0.02", NULL, {1, 28, 28}, 10, false},
    {"model=lenet5 batch=8 batch_norm=yes crop_padding=2 flip=yes cutout=4 lr=0.0005", NULL, {3, 32, 32}, 7, false},
    {"model=resnet20 width=4 batch=10 lr=2e-5", NULL, {3, 12, 12}, 10, false},
    {"model=resnet18_imagenet width=4 batch=6 lr=2e-5", NULL, {3, 32, 32}, 10, true},
    {"model=vgg width=2 batch=5 batch_norm=yes dropout=0.2 lr=0.0005", NULL, {3, 32, 32}, 10, true},
    {"model=auto batch=9 lr=0.02", mixed_net, {3, 13, 11}, 5, false},
    {"model=lenet5 batch=11 optimizer=muon muon_lr=0.0005 lr=0.002", NULL, {1, 28, 28}, 10, false},
    {"model=mlp hidden=24,16 batch=16 dropout=0.4 optimizer=adam lr=0.002", NULL, {1, 6, 5}, 4, false},
};
#define CASES (sizeof cases / sizeof *cases)

struct curve {
    struct step_result steps[STEPS + 1]; // the last is of an epoch's end
    struct evaluation evaluation;
};

static struct curve run(const struct net_case *c, struct backend *backend) {
    char settings[512];
    struct curve curve;
    struct error error = {0};
    const char *file = c->net != NULL ? scratch_file("net.txt", c->net, strlen(c->net)) : "";
    snprintf(settings, sizeof settings, "%s momentum=0.9 weight_decay=0.0005%s%s", c->settings,
             c->net != NULL ? " model_file=" : "", file);
    struct source *source = fixture_source(ROWS, shape_make(3, c->sample), c->classes,
                                           (uint64_t)test_params(settings).seed, fixture_pictures);
    struct trainer *trainer = test_trainer(settings, source, backend);
    fixture_weights(trainer);
    test_scale(trainer, 1024);
    for (size_t i = 0; i < STEPS; i++) {
        curve.steps[i] = test_step(trainer);
    }
    do {
        curve.steps[STEPS] = test_step(trainer);
    } while (!curve.steps[STEPS].epoch_ended);
    assert_int_equal(trainer_evaluate(trainer, PART_TRAIN, &curve.evaluation, NULL, &error), STATUS_OK);
    trainer_close(trainer);
    source_release(source);
    return curve;
}

// A slope that rounding takes away or brings (test_ops.c) changes a norm by the root of the precision's unit.
static double compare(const struct net_case *c, const char *what, size_t step, double have, double want) {
    double off = fabs(have / want - 1), unit = precision_unit(op_case_precision());
    if (!(off < (op_case_precision() == PRECISION_F32 ? 1e-4 : sqrt(unit)))) {
        fail_msg("%s, step %zu: %s is %.9g, by plain loops %.9g", c->settings, step, what, have, want);
    }
    return off;
}

static void against_ref(const char *name, const struct curve *want) {
    struct backend *backend = test_backend(name);
    for (size_t i = 0; i < CASES; i++) {
        struct curve have = run(&cases[i], backend);
        double worst = compare(&cases[i], "the evaluated loss", STEPS, have.evaluation.loss, want[i].evaluation.loss);
        for (size_t k = 0; k <= STEPS; k++) {
            const struct step_result *a = &have.steps[k], *b = &want[i].steps[k];
            worst = fmax(worst, compare(&cases[i], "loss", k, a->loss, b->loss));
            if (op_case_precision() == PRECISION_F32 || !cases[i].steep) {
                worst = fmax(worst, compare(&cases[i], "|g|", k, a->gradient_norm, b->gradient_norm));
            }
            worst = fmax(worst, compare(&cases[i], "|w|", k, a->weight_norm, b->weight_norm));
        }
        print_message("%s %s: %.1e\n", name, cases[i].settings, worst);
    }
    backend_close(backend);
}

static void test_all(void **state) {
    (void)state;
    const char *asked = getenv("BATCHLAB_TEST_BACKEND");
    struct curve want[CASES];
    struct backend *ref = test_backend("ref");
    for (size_t i = 0; i < CASES; i++) {
        want[i] = run(&cases[i], ref);
    }
    backend_close(ref);
    if (asked != NULL && *asked != '\0') {
        against_ref(asked, want);
        return;
    }
    for (size_t i = 0; i < backend_count(); i++) {
        const struct backend_entry *entry = backend_entry(i);
        if (entry->api != NULL && strcmp(entry->name, "ref") != 0) {
            against_ref(entry->name, want);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
