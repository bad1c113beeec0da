// The first 20 losses of nets with normalization against PyTorch's, from the same weights over the same
// pictures (tests/fixtures/make_nets.py); then weights, running figures and the loss in evaluation mode.
// BATCHLAB_TEST_BACKEND=NAME tests that one alone, and fails where it is absent; BATCHLAB_TEST_PRECISION=NAME has the GPU
// compute in that precision; BATCHLAB_TEST_SMALL leaves out large convolutions there.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fixture.h"
#include "tests/support/op_cases.h"
#include "tests/support/scratch.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

#define FIXTURE "tests/fixtures/nets.txt"
#define STEPS 20
#define CLASSES 10
#define SIDE 32
#define TOLERANCE 1e-4

static const struct net_case {
    const char *name, *settings;
    size_t batch;
} cases[] = {
    {"resnet18", "model=resnet18 width=8 lr=2e-5", 8},
    {"resnet18_imagenet", "model=resnet18_imagenet width=8 lr=1e-5", 16},
    {"resnet20", "model=resnet20 width=8 lr=2e-5", 6},
    {"vgg", "model=vgg width=4 batch_norm=yes activation=silu lr=0.0005", 10},
    {"mlp", "model=mlp hidden=24,16 batch_norm=yes activation=gelu lr=0.02", 16},
    {"layer_norm", "model=auto lr=0.02", 8}, // a file of its own
};

static const char layer_norm_net[] =
    "conv 8 4 stride 4\nlayer_norm\ngelu\nglobal_max_pool\nlayer_norm\ndense outputs\n";

// PyTorch's figures are f32; narrower precisions may differ by the root of their unit, as in test_models.c.
static double compare(const struct net_case *c, const char *what, double have, double want) {
    enum precision precision = op_case_precision();
    double off = want != 0 ? fabs(have / want - 1) : fabs(have);
    if (!(off <= (precision == PRECISION_F32 ? TOLERANCE : sqrt(precision_unit(precision))))) {
        fail_msg("%s, %s: %.9g, PyTorch %.9g", c->name, what, have, want);
    }
    return off;
}

static double compare_fixture(const struct net_case *c, const char *what, double have) {
    double want;
    fixture_read_from(FIXTURE, what, c->name, &want, 1);
    return compare(c, what, have, want);
}

static double compare_end(const struct net_case *c, struct trainer *trainer) {
    const struct model *model = trainer_model(trainer);
    struct evaluation evaluation;
    struct error error = {0};
    double count;
    fixture_read_from(FIXTURE, "count", c->name, &count, 1);
    assert_int_equal(model->weight_count, (size_t)count);
    double worst = compare_fixture(c, "norm", test_norm(trainer, SLOT_WEIGHTS, model->weight_count));
    worst = fmax(worst, compare_fixture(c, "state", test_norm(trainer, SLOT_STATE, model->state_count)));
    assert_int_equal(trainer_evaluate(trainer, PART_TRAIN, &evaluation, NULL, &error), STATUS_OK);
    return fmax(worst, compare_fixture(c, "evaluated", evaluation.loss));
}

static void check_case(const struct net_case *c, const char *backend_name) {
    char settings[512];
    double want[STEPS], worst = 0;
    const char *file = strcmp(c->name, "layer_norm") == 0
                           ? scratch_file("layer_norm.txt", layer_norm_net, strlen(layer_norm_net))
                           : "";
    snprintf(settings, sizeof settings, "%s batch=%zu momentum=0.9 weight_decay=0.0005%s%s", c->settings, c->batch,
             file[0] != '\0' ? " model_file=" : "", file);
    struct train_params params = test_params(settings);
    struct shape sample = shape_make(3, (int64_t[]){3, SIDE, SIDE});
    struct source *source = fixture_source(STEPS * c->batch, sample, CLASSES, (uint64_t)params.seed, fixture_pictures);
    struct backend *backend = test_backend(backend_name);
    struct trainer *trainer = test_trainer(settings, source, backend);
    assert_int_equal(fixture_read_from(FIXTURE, "curve", c->name, want, STEPS), STEPS);
    fixture_weights(trainer);
    test_scale(trainer, 1024);
    for (size_t i = 0; i < STEPS; i++) {
        char step[32];
        snprintf(step, sizeof step, "step %zu", i + 1);
        worst = fmax(worst, compare(c, step, test_step(trainer).loss, want[i]));
    }
    worst = fmax(worst, compare_end(c, trainer));
    print_message("%-18s %-4s worst relative difference %.1e\n", c->name, backend_name, worst);
    test_close(trainer, backend, source);
}

static void check_small(const char *backend_name) { // the nets without large convolutions
    check_case(&cases[4], backend_name);
    check_case(&cases[5], backend_name);
}

static void check_all(const char *backend_name) {
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check_case(&cases[i], backend_name);
    }
}

static void on_the_reference(void **state) {
    (void)state;
    check_small("ref"); // plain loops are slow
}

static void on_the_cpu(void **state) {
    (void)state;
    check_all("cpu");
}

static void on_the_backend_asked_for(void **state) {
    (void)state;
    const char *name = getenv("BATCHLAB_TEST_BACKEND");
    if (getenv("BATCHLAB_TEST_SMALL") != NULL) {
        check_small(name);
    } else {
        check_all(name);
    }
}

int main(void) {
    const struct CMUnitTest asked[] = {cmocka_unit_test(on_the_backend_asked_for)};
    const struct CMUnitTest tests[] = {cmocka_unit_test(on_the_reference), cmocka_unit_test(on_the_cpu)};
    const char *name = getenv("BATCHLAB_TEST_BACKEND");
    if (name != NULL && name[0] != '\0') {
        return cmocka_run_group_tests(asked, NULL, NULL);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
