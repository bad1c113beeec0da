// Optimizers against PyTorch's, 100 steps each on the same gradients (tests/fixtures/make_train.py).
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

#include "core/train/optim.h"
#include "tests/support/fixture.h"
#include "tests/support/op_cases.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

#define WEIGHTS 19
#define STEPS 100

static const struct update_case {
    const char *name, *settings;
} cases[] = {
    {"sgd", "optimizer=sgd lr=0.01 momentum=0 weight_decay=0.01"},
    {"momentum", "optimizer=sgd lr=0.01 momentum=0.9 weight_decay=0.01"},
    {"nesterov", "optimizer=sgd lr=0.01 momentum=0.9 nesterov=yes"},
    {"sgd_decoupled", "optimizer=sgd lr=0.01 momentum=0.9 weight_decay=0.1 decoupled=yes"},
    {"adagrad", "optimizer=adagrad lr=0.1 epsilon=1e-10"},
    {"adagrad_decay", "optimizer=adagrad lr=0.1 weight_decay=0.02 epsilon=1e-6"},
    {"rmsprop", "optimizer=rmsprop lr=0.01 momentum=0"},
    {"rmsprop_momentum", "optimizer=rmsprop lr=0.01 rms_decay=0.9 momentum=0.8 epsilon=1e-6 weight_decay=0.01"},
    {"rmsprop_decoupled", "optimizer=rmsprop lr=0.01 momentum=0 weight_decay=0.05 decoupled=yes"},
    {"adam", "optimizer=adam lr=0.01"},
    {"adam_decay", "optimizer=adam lr=0.02 beta1=0.8 beta2=0.99 epsilon=1e-6 weight_decay=0.05"},
    {"adamw", "optimizer=adamw lr=0.01 weight_decay=0.1"},
};
enum { CASES = sizeof cases / sizeof cases[0] };

struct bench { // weights, gradients and moments on a backend, and the plan of one update
    struct backend *backend;
    enum dtype real;
    const struct optimizer *optimizer;
    struct binding binding;
    struct plan *plan;
};

static void put(struct bench *bench, enum slot slot, const double *values) {
    float narrow[WEIGHTS];
    struct error error = {0};
    for (size_t i = 0; i < WEIGHTS; i++) {
        narrow[i] = (float)values[i];
    }
    assert_int_equal(bench->backend->api->upload(bench->backend, bench->binding.slots[slot], 0, WEIGHTS,
                                                 bench->real == DTYPE_F64 ? (const void *)values : narrow, &error),
                     STATUS_OK);
}

static void get(struct bench *bench, double *values) {
    float narrow[WEIGHTS];
    struct error error = {0};
    bool wide = bench->real == DTYPE_F64;
    assert_int_equal(bench->backend->api->download(bench->backend, bench->binding.slots[SLOT_WEIGHTS], 0, WEIGHTS,
                                                   wide ? (void *)values : narrow, &error),
                     STATUS_OK);
    for (size_t i = 0; !wide && i < WEIGHTS; i++) {
        values[i] = (double)narrow[i];
    }
}

static struct bench bench_open(const char *backend, enum dtype real, const char *optimizer) {
    struct bench bench = {.backend = test_backend(backend), .real = real};
    struct program program = {.batch = 1};
    struct error error = {0};
    double start[WEIGHTS];
    const enum slot slots[] = {SLOT_WEIGHTS, SLOT_GRADIENTS, SLOT_MOMENT1, SLOT_MOMENT2};
    assert_int_equal(optimizer_choose(optimizer, &bench.optimizer, &error), STATUS_OK);
    for (int i = 0; i < 2 + bench.optimizer->moments; i++) {
        assert_int_equal(
            bench.backend->api->allocate(bench.backend, real, WEIGHTS, &bench.binding.slots[slots[i]], &error),
            STATUS_OK);
    }
    assert_int_equal(bench.backend->api->allocate(bench.backend, DTYPE_F64, METRIC_SLOTS * METRIC_COUNT,
                                                  &bench.binding.slots[SLOT_METRICS], &error),
                     STATUS_OK);
    optimizer_write(bench.optimizer, &program, real, &(struct model){.weight_count = WEIGHTS}, SLOT_GRADIENTS);
    assert_int_equal(bench.backend->api->prepare(bench.backend, &program, &bench.binding, &bench.plan, &error),
                     STATUS_OK);
    program_free(&program);
    for (uint32_t i = 0; i < WEIGHTS; i++) {
        start[i] = (double)(float)(2 * fixture_unit(5, i) - 1);
    }
    put(&bench, SLOT_WEIGHTS, start);
    return bench;
}

static void bench_close(struct bench *bench) {
    bench->backend->api->discard(bench->backend, bench->plan);
    for (int i = 0; i < SLOT_COUNT; i++) {
        bench->backend->api->release(bench->backend, bench->binding.slots[i]);
    }
    backend_close(bench->backend);
}

static void bench_step(struct bench *bench, const struct train_params *params, uint32_t t) {
    struct step_args args = {
        .step = t,
        .lr = params->lr,
        .momentum = params->momentum,
        .nesterov = params->nesterov,
        .weight_decay = params->weight_decay,
        .decoupled = params->decoupled || bench->optimizer->decoupled,
        .beta1 = params->beta1,
        .beta2 = params->beta2,
        .rms_decay = params->rms_decay,
        .epsilon = params->epsilon,
    };
    struct error error = {0};
    double g[WEIGHTS];
    for (uint32_t i = 0; i < WEIGHTS; i++) {
        g[i] = (double)(float)((2 * fixture_unit(6, t * WEIGHTS + i) - 0.75) * pow(0.5, i % 7));
    }
    put(bench, SLOT_GRADIENTS, g);
    assert_int_equal(bench->backend->api->run(bench->backend, bench->plan, &args, &error), STATUS_OK);
}

static void check_case(const struct update_case *c, const char *backend, enum dtype real, double tolerance) {
    struct train_params params = test_params(c->settings);
    struct bench bench = bench_open(backend, real, params.optimizer);
    double want[3 * WEIGHTS], have[WEIGHTS], worst = 0;
    size_t at = 0;
    assert_int_equal(fixture_read("update", c->name, want, 3 * WEIGHTS), 3 * WEIGHTS);
    for (uint32_t t = 0; t < STEPS; t++) {
        bench_step(&bench, &params, t);
        if (t == 0 || t == 9 || t == STEPS - 1) {
            get(&bench, have);
            worst = fmax(worst, normalized_error(have, want + at, WEIGHTS));
            at += WEIGHTS;
        }
    }
    print_message("%-18s %-4s %s: off by %.1e\n", c->name, backend, dtype_name(real), worst);
    assert_true(worst < tolerance);
    bench_close(&bench);
}

static void in_double(void **state) {
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        check_case(&cases[i], "ref", DTYPE_F64, 1e-11); // the fixture has 13 digits
    }
}

static void in_single(void **state) {
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        check_case(&cases[i], "ref", DTYPE_F32, 1e-6);
        check_case(&cases[i], "cpu", DTYPE_F32, 1e-6);
    }
}

static bool used(const struct train_params *params, const char *name) {
    return params_used(&train_table, params_find(&train_table, name), params, NULL);
}

// What an optimizer does not use is known as such.
static void own_parameters(void **state) {
    (void)state;
    static const char *const owners[][2] = {
        {"momentum", "sgd rmsprop muon"},
        {"nesterov", "sgd"},
        {"beta1", "adam adamw"},
        {"beta2", "adam adamw"},
        {"rms_decay", "rmsprop"},
        {"epsilon", "adagrad rmsprop adam adamw"},
        {"decoupled", "sgd adagrad rmsprop adam"},
    };
    for (size_t i = 0; i < CASES; i++) {
        struct train_params params = test_params(cases[i].settings);
        for (size_t k = 0; k < sizeof owners / sizeof owners[0]; k++) {
            char list[64], *rest = list;
            bool owned = false;
            strcpy(list, owners[k][1]);
            for (char *word = strtok_r(list, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
                owned = owned || strcmp(word, params.optimizer) == 0;
            }
            assert_int_equal(used(&params, owners[k][0]), owned);
        }
        assert_true(used(&params, "lr") && used(&params, "weight_decay"));
    }
}

// A change that would do nothing is refused, and says why.
static void foreign_changes_are_refused(void **state) {
    (void)state;
    struct source *source = source_noise(40, 3, 2, 1);
    struct backend *backend = test_backend("ref");
    struct trainer *trainer = test_trainer("model=linear batch=8 optimizer=adamw lr=0.01", source, backend);
    struct error error = {0};
    size_t count;
    test_step(trainer);
    assert_int_equal(trainer_set(trainer, "momentum", "0.5", &error), STATUS_STATE);
    assert_string_equal(error.text, "momentum is used with optimizer sgd, rmsprop, muon; it is adamw");
    assert_int_equal(trainer_set(trainer, "decoupled", "yes", &error), STATUS_STATE);
    assert_int_equal(trainer_set(trainer, "optimizer", "sgd", &error), STATUS_STATE);
    test_set(trainer, "beta1", "0.8");
    test_set(trainer, "epsilon", "1e-6");
    trainer_changes(trainer, &count);
    assert_int_equal(count, 2);
    test_close(trainer, backend, source);
}

// Two hidden layers' matrices by Muon, biases and the last layer by Nesterov: against the formulas, by hand.
static void muon_case(const char *name, const char *backend_name, int64_t rows, int64_t columns,
                      const struct step_args *base) {
    enum { MOST = 32 };
    struct backend *backend = test_backend(backend_name);
    struct binding binding = {{0}};
    struct program program = {.batch = 1};
    struct plan *plan = NULL;
    struct error error = {0};
    struct shape shape = shape_make(2, (int64_t[]){rows, columns});
    size_t n = (size_t)(rows * columns), at = 0;
    double want[2 * MOST], have[MOST];
    float w[MOST], g[MOST];
    const enum slot slots[] = {SLOT_WEIGHTS, SLOT_GRADIENTS, SLOT_MOMENT1};
    assert_int_equal(fixture_read("muon", name, want, 2 * MOST), 2 * n);
    value_id operands[3];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(backend->api->allocate(backend, DTYPE_F32, n, &binding.slots[slots[i]], &error), STATUS_OK);
        operands[i] = program_value(&program, slots[i], 0, DTYPE_F32, shape);
    }
    value_id work = program_temporary(&program, DTYPE_F32, shape_make(1, (int64_t[]){muon_work(rows, columns)}));
    struct op *op = program_op(&program, OP_MUON);
    memcpy(op->in, operands, sizeof operands);
    op->out[0] = work;
    assert_int_equal(backend->api->prepare(backend, &program, &binding, &plan, &error), STATUS_OK);
    for (uint32_t i = 0; i < n; i++) {
        w[i] = (float)(2 * fixture_unit(5, i) - 1);
    }
    assert_int_equal(backend->api->upload(backend, binding.slots[SLOT_WEIGHTS], 0, n, w, &error), STATUS_OK);
    for (uint32_t t = 0; t < 20; t++) {
        for (uint32_t i = 0; i < n; i++) {
            g[i] = (float)(2 * fixture_unit(6, t * (uint32_t)n + i) - 0.75);
        }
        assert_int_equal(backend->api->upload(backend, binding.slots[SLOT_GRADIENTS], 0, n, g, &error), STATUS_OK);
        assert_int_equal(backend->api->run(backend, plan, base, &error), STATUS_OK);
        if (t == 0 || t == 19) {
            assert_int_equal(backend->api->download(backend, binding.slots[SLOT_WEIGHTS], 0, n, w, &error), STATUS_OK);
            for (size_t i = 0; i < n; i++) {
                have[i] = (double)w[i];
            }
            print_message("muon %s %s: off by %.1e\n", name, backend_name, normalized_error(have, want + at, n));
            assert_true(normalized_error(have, want + at, n) < 2e-6);
            at += n;
        }
    }
    backend->api->discard(backend, plan);
    for (int i = 0; i < SLOT_COUNT; i++) {
        backend->api->release(backend, binding.slots[i]);
    }
    program_free(&program);
    backend_close(backend);
}

static void muon_as_published(void **state) {
    (void)state;
    static const char *const backends[] = {"ref", "cpu"};
    struct step_args wide = {
        .muon_lr = 0.02, .momentum = 0.9, .nesterov = true, .weight_decay = 0.1, .decoupled = true};
    struct step_args tall = {.muon_lr = 0.02, .momentum = 0.95};
    for (size_t i = 0; i < 2; i++) {
        muon_case("wide", backends[i], 3, 7, &wide);
        muon_case("tall", backends[i], 7, 3, &tall);
    }
}

// Every weight belongs to one operation: convolutions' and hidden layers' matrices to Muon, the rest to the other rule.
static void muon_parts_the_weights(void **state) {
    (void)state;
    struct train_params params = test_params("model=lenet5");
    struct model *model = NULL;
    struct error error = {0};
    const struct optimizer *optimizer;
    struct program program = {.batch = 1};
    struct model_data data = {.sample = shape_make(3, (int64_t[]){3, 32, 32}), .outputs = 10};
    assert_int_equal(model_make(&params, data, &model, &error), STATUS_OK);
    assert_int_equal(optimizer_choose("muon", &optimizer, &error), STATUS_OK);
    optimizer_write(optimizer, &program, DTYPE_F32, model, SLOT_GRADIENTS);
    size_t at = 0, matrices = 0;
    for (size_t i = 1; i < program.op_count; i++) { // the first is the clip
        const struct op *op = &program.ops[i];
        const struct value *w = &program.values[op->in[0]];
        assert_int_equal(w->offset, at);
        assert_int_equal(op->attr.optimizer.adds, at > 0);
        at += (size_t)shape_count(w->shape);
        matrices += op->kind == OP_MUON;
    }
    assert_int_equal(at, model->weight_count);
    assert_int_equal(matrices, 4); // two convolutions, two hidden layers
    assert_int_equal(program.values[program.ops[1].in[0]].shape.size[0], 6);
    assert_int_equal(program.values[program.ops[1].in[0]].shape.size[1], 75);
    program_free(&program);
    model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_double),         cmocka_unit_test(in_single),
        cmocka_unit_test(own_parameters),    cmocka_unit_test(foreign_changes_are_refused),
        cmocka_unit_test(muon_as_published), cmocka_unit_test(muon_parts_the_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
