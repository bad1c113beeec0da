// The scale of gradients in fp16: what a plain loop says becomes of it, steps that overflow change nothing, and a resumed
// run goes on to the bit. BATCHLAB_TEST_BACKEND=cuda and BATCHLAB_TEST_PRECISION=fp16 test the kernels; everything else
// computes in ranges where nothing is scaled, and says so.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/train/gradient.h"
#include "core/train/keep.h"
#include "core/train/sections.h"
#include "core/train/state.h"
#include "tests/support/engine_rig.h"
#include "tests/support/op_cases.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

#define HALF_MOST 65520.0 // from here on a number is infinite in fp16

static const char *backend_name(void) {
    const char *asked = getenv("BATCHLAB_TEST_BACKEND");
    return asked != NULL && asked[0] != '\0' ? asked : "ref";
}

static bool scales(void) {
    return strcmp(backend_name(), "cuda") == 0 && op_case_precision() == PRECISION_F16;
}

// Targets around 0, and one row in `every` whose target is `far` off.
static struct source *outliers(size_t rows, size_t every, float far) {
    struct source *source = source_zeros(rows, shape_make(1, (int64_t[]){3}), DTYPE_F32, 0);
    for (size_t i = 0; i < rows; i++) {
        for (size_t k = 0; k < 3; k++) {
            source_numbers(source)[3 * i + k] = (float)fixture_unit(1, (uint32_t)(3 * i + k)) - 0.5f;
        }
        source_targets(source)[i] = i % every == every / 2 ? far : (float)fixture_unit(2, (uint32_t)i) / 64;
    }
    source_split(source, 0, PART_TEST);
    return source;
}

struct scaling_state {
    float value[SCALING_COUNT];
};

static struct scaling_state scaling_of(struct trainer *trainer) {
    struct scaling_state scaling;
    struct error error = {0};
    assert_int_equal(device_read(trainer, SLOT_SCALING, SCALING_COUNT, scaling.value, &error), STATUS_OK);
    return scaling;
}

// As if so many good steps had been since the scale last changed.
static void set_good(struct trainer *trainer, size_t good) {
    struct scaling_state scaling = scaling_of(trainer);
    struct error error = {0};
    scaling.value[SCALING_GOOD] = (float)good;
    assert_int_equal(device_write(trainer, SLOT_SCALING, SCALING_COUNT, scaling.value, &error), STATUS_OK);
}

// With batches of one row the gradient of the loss is 2d, known from the loss d²; weights and inputs are small, so that it
// alone overflows. Outliers bring the scale down to 128 in the first epoch; in the next ones 2000 good steps, most of them
// given, double it, until an outlier comes.
static void the_scale_moves_as_a_plain_loop_says(void **state) {
    (void)state;
    struct source *source = outliers(300, 30, 200);
    struct backend *backend = test_backend(backend_name());
    struct trainer *trainer = test_trainer(
        scales() ? "model=linear batch=1 lr=1e-5 epochs=4" : "model=linear batch=1 lr=1e-5 epochs=1", source, backend);
    struct step_result results[STEPS_MOST];
    struct error error = {0};
    double factor = 65536;
    size_t good = 0, skipped = 0, doubled = 0, close = 0;
    while (!trainer_finished(trainer)) {
        size_t count;
        assert_int_equal(trainer_steps(trainer, STEPS_MOST, results, &count, &error), STATUS_OK);
        for (size_t i = 0; i < count; i++) {
            double slope = 2 * sqrt(results[i].loss) * factor;
            bool overflows = scales() && slope >= HALF_MOST;
            assert_true(results[i].finite);
            assert_true(results[i].scale == (scales() ? factor : 0));
            assert_int_equal(results[i].skipped, overflows);
            assert_int_equal(isnan(results[i].gradient_norm), overflows);
            close += scales() && fabs(slope / HALF_MOST - 1) < 1e-3;
            skipped += overflows;
            if (overflows) {
                factor /= 2;
                good = 0;
            } else if (scales() && ++good == 2000) {
                factor *= 2;
                good = 0;
                doubled++;
            }
        }
        if (scales() && results[count - 1].epoch_ended) {
            set_good(trainer, good = 1950);
        }
    }
    struct scaling_state end = scaling_of(trainer);
    assert_int_equal(close, 0); // the loop cannot be wrong by rounding
    assert_true(scales() ? skipped > 9 && doubled >= 3 : skipped == 0);
    assert_true((double)end.value[SCALING_FACTOR] == factor);
    assert_int_equal((size_t)end.value[SCALING_GOOD], good);
    assert_int_equal((size_t)end.value[SCALING_SKIPPED], skipped);
    test_close(trainer, backend, source);
}

static const enum slot blocks[] = {SLOT_WEIGHTS, SLOT_MOMENT1, SLOT_MOMENT2, SLOT_AVERAGE};
enum { BLOCKS = sizeof blocks / sizeof blocks[0], WEIGHTS_MOST = 64 };

static void read_blocks(struct trainer *trainer, float out[BLOCKS][WEIGHTS_MOST]) {
    struct error error = {0};
    size_t count = trainer->model->weight_count;
    assert_true(count <= WEIGHTS_MOST);
    for (int i = 0; i < BLOCKS; i++) {
        assert_int_equal(device_read(trainer, blocks[i], count, out[i], &error), STATUS_OK);
    }
}

// Steps of which about every second one overflows at first.
static void check_skipped_steps(const char *settings, size_t wanted) {
    struct source *source = outliers(64, 4, 300);
    struct backend *backend = test_backend(backend_name());
    struct trainer *trainer = test_trainer(settings, source, backend);
    static float before[BLOCKS][WEIGHTS_MOST], after[BLOCKS][WEIGHTS_MOST];
    size_t skipped = 0, good = 0, bytes = trainer->model->weight_count * sizeof(float);
    double first = 0;
    while (skipped + good < 40) {
        read_blocks(trainer, before);
        struct step_result result = test_step(trainer);
        read_blocks(trainer, after);
        assert_true(result.finite);
        first = good == 0 && !result.skipped ? result.update_norm : first;
        good += !result.skipped;
        skipped += result.skipped;
        for (int i = 0; i < BLOCKS; i++) {
            assert_int_equal(memcmp(before[i], after[i], bytes) == 0, result.skipped);
        }
    }
    // Adam's first move is the rate for each weight, however many steps were skipped before.
    assert_true(fabs(first / (1e-3 * sqrt((double)trainer->model->weight_count)) - 1) < 2e-3);
    assert_true(scales() ? skipped > wanted && good > wanted : skipped == 0);
    test_close(trainer, backend, source);
}

static void a_skipped_step_changes_nothing(void **state) {
    (void)state;
    check_skipped_steps("model=linear batch=4 optimizer=adam lr=1e-3 epochs=9 ema=0.9", 6);
    check_skipped_steps("model=linear batch=4 optimizer=adam lr=1e-3 epochs=9 ema=0.9 clip=0.5", 6);
    check_skipped_steps("model=linear batch=6 micro_batch=2 optimizer=adam lr=1e-3 epochs=9 ema=0.9", 6);
}

// A gradient that is too large for fp16 as it is, at a scale of 1: that is no question of the scale.
static void at_a_scale_of_one_it_is_the_step_that_is_wrong(void **state) {
    (void)state;
    struct source *source = outliers(64, 1, 1e6f);
    struct backend *backend = test_backend(backend_name());
    struct trainer *trainer = test_trainer("model=linear batch=1 lr=1e-9", source, backend);
    for (size_t i = 0; i < 16; i++) {
        struct step_result result = test_step(trainer);
        assert_true(result.finite && result.skipped == scales());
    }
    struct step_result result = test_step(trainer);
    assert_true(!result.skipped && result.finite == !scales());
    assert_true(result.scale == (scales() ? 1 : 0));
    test_close(trainer, backend, source);
}

static char *checkpoint_bytes(struct trainer *trainer, size_t *size) {
    struct error error = {0};
    char *bytes = NULL;
    assert_int_equal(trainer_save(trainer, test_checkpoint, NULL, &error), STATUS_OK);
    assert_int_equal(file_read(test_checkpoint, SIZE_MAX, &bytes, size, &error), STATUS_OK);
    return bytes;
}

static void assert_same_end(struct trainer *a, struct trainer *b) {
    size_t size_a, size_b;
    char *of_a = checkpoint_bytes(a, &size_a), *of_b = checkpoint_bytes(b, &size_b);
    assert_int_equal(size_a, size_b);
    assert_memory_equal(of_a, of_b, size_a);
    mem_free(of_a);
    mem_free(of_b);
}

static void a_resumed_run_goes_on_to_the_bit(void **state) {
    (void)state;
    const char *const settings = "model=mlp hidden=5 batch=2 optimizer=adam lr=1e-3 epochs=40";
    struct source *source = outliers(64, 64, 300);
    struct backend *backend = test_backend(backend_name()), *other = test_backend(backend_name());
    struct trainer *trainer = test_trainer(settings, source, backend), *resumed = test_trainer(settings, source, other);
    struct error error = {0};
    struct scaling_state scaling = {.value = {SCALING_START / 4, 1990, 7}};
    test_steps(trainer, 75, NULL);
    // Ten good steps later the scale would double.
    assert_int_equal(device_write(trainer, SLOT_SCALING, SCALING_COUNT, scaling.value, &error), STATUS_OK);
    assert_int_equal(trainer_save(trainer, test_checkpoint, NULL, &error), STATUS_OK);
    assert_int_equal(trainer_load(resumed, test_checkpoint, &error), STATUS_OK);
    struct scaling_state have = scaling_of(resumed);
    assert_memory_equal(have.value, scaling.value, sizeof scaling.value);
    for (size_t i = 0; i < 150; i++) {
        struct step_result a = test_step(trainer), b = test_step(resumed);
        assert_true(a.loss == b.loss && a.scale == b.scale && a.skipped == b.skipped);
    }
    have = scaling_of(trainer);
    assert_int_equal(have.value[SCALING_SKIPPED] > 7, scales());
    assert_same_end(trainer, resumed);
    trainer_close(resumed);
    backend_close(other);
    test_close(trainer, backend, source);
}

// The file with another scale at the end of its counters: `count` numbers, of three.
static void rewrite(const uint64_t *numbers, size_t count) {
    static const char *const tags[] = {"PARM", "MODL", "PROG", "XTRA", "CHNG", "WGHT", "STAT", "MOM1", "MOM2"};
    enum { SECTIONS = sizeof tags / sizeof tags[0], COUNTERS = 2 };
    struct section sections[SECTIONS];
    struct section_reader reader = {0};
    struct error error = {0};
    char *data[SECTIONS];
    assert_int_equal(sections_open(&reader, test_checkpoint, &error), STATUS_OK);
    for (size_t i = 0; i < SECTIONS; i++) {
        assert_int_equal(sections_read(&reader, tags[i], 1 << 20, &data[i], &sections[i].length, &error), STATUS_OK);
        strcpy(sections[i].tag, tags[i]);
        sections[i].data = data[i];
    }
    sections_close(&reader);
    sections[COUNTERS].length -= SCALING_COUNT * sizeof *numbers;
    if (count > 0) {
        memcpy(data[COUNTERS] + sections[COUNTERS].length, numbers, count * sizeof *numbers);
    }
    sections[COUNTERS].length += count * sizeof *numbers;
    assert_int_equal(sections_write(test_checkpoint, sections, SECTIONS, &error), STATUS_OK);
    for (size_t i = 0; i < SECTIONS; i++) {
        mem_free(data[i]);
    }
}

// Checkpoints of before there was a scale begin it anew; one that makes no sense is refused.
static void the_scale_of_a_file_is_checked(void **state) {
    (void)state;
    struct source *source = outliers(64, 64, 1);
    struct backend *backend = test_backend(backend_name());
    struct trainer *trainer = test_trainer("model=linear batch=4", source, backend);
    struct error error = {0};
    test_scale(trainer, 32);
    assert_int_equal(trainer_save(trainer, test_checkpoint, NULL, &error), STATUS_OK);
    const uint64_t bad[][3] = {{0, 0, 0}, {3, 0, 0}, {1 << 25, 0, 0}, {32, 2001, 0}, {32, 0, 1 << 25}, {32, 0, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) { // the last is too short
        rewrite(bad[i], i < 5 ? 3 : 2);
        assert_int_equal(trainer_load(trainer, test_checkpoint, &error), STATUS_INVALID);
        assert_non_null(strstr(error.text, "counters"));
        assert_true(scaling_of(trainer).value[SCALING_FACTOR] == 32);
        assert_int_equal(trainer_save(trainer, test_checkpoint, NULL, &error), STATUS_OK);
    }
    rewrite(NULL, 0);
    assert_int_equal(trainer_load(trainer, test_checkpoint, &error), STATUS_OK);
    assert_true(scaling_of(trainer).value[SCALING_FACTOR] == SCALING_START);
    test_close(trainer, backend, source);
}

// Trying something out leaves the scale where it was, and so does looking at gradients.
static void what_is_tried_out_leaves_no_trace(void **state) {
    (void)state;
    struct source *source = outliers(64, 4, 300);
    struct backend *backend = test_backend(backend_name());
    struct trainer *trainer = test_trainer("model=linear batch=4 lr=1e-3", source, backend);
    struct trainer_kept *kept = NULL;
    struct gradient_figures figures;
    struct error error = {0};
    const uint32_t rows[] = {0, 1, 3};
    test_steps(trainer, 2, NULL);
    struct scaling_state before = scaling_of(trainer);
    assert_int_equal(trainer_keep(trainer, &kept, &error), STATUS_OK);
    test_steps(trainer, 9, NULL);
    assert_int_equal(scaling_of(trainer).value[SCALING_SKIPPED] > before.value[SCALING_SKIPPED], scales());
    assert_int_equal(trainer_return(trainer, kept, &error), STATUS_OK);
    assert_int_equal(trainer_gradient(trainer, rows, 3, NULL, &figures, &error), STATUS_OK);
    assert_true(isfinite(figures.square) && figures.square > 0);
    struct scaling_state after = scaling_of(trainer);
    assert_memory_equal(before.value, after.value, sizeof before.value);
    trainer_kept_free(kept);
    test_close(trainer, backend, source);
}

// The run's log says it once, its epochs how often, and a step that was skipped is no divergence.
static void a_run_tells_of_it(void **state) {
    (void)state;
    struct source *source = outliers(64, 4, 300);
    struct engine_run run = rig_run(source, 3);
    uint64_t skipped = 0;
    size_t told = 0;
    snprintf(run.params.device, sizeof run.params.device, "%s", backend_name());
    snprintf(run.params.model, sizeof run.params.model, "linear");
    snprintf(run.params.precision, sizeof run.params.precision, "%s", scales() ? "fp16" : "f32");
    run.params.batch = 4;
    run.params.lr = 1e-4;
    rig_start(&run);
    rig_wait_end();
    assert_int_equal(rig.state, RUN_DONE);
    for (size_t e = 0; e < 3; e++) {
        const struct epoch_row *row = &rig_find(EVENT_EPOCH, e)->epoch;
        skipped += row->skipped;
        assert_true(scales() ? row->scale >= 128 && row->scale <= 512 : row->scale == 0);
    }
    for (size_t i = 0; i < rig_count(EVENT_WARNING); i++) {
        told += strstr(rig_find(EVENT_WARNING, i)->text, "overflowed; the step was skipped") != NULL;
    }
    assert_int_equal(told, scales());
    assert_true(scales() ? skipped > 6 : skipped == 0);
    source_release(source);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scale_moves_as_a_plain_loop_says),
        cmocka_unit_test(a_skipped_step_changes_nothing),
        cmocka_unit_test(at_a_scale_of_one_it_is_the_step_that_is_wrong),
        cmocka_unit_test(a_resumed_run_goes_on_to_the_bit),
        cmocka_unit_test(the_scale_of_a_file_is_checked),
        cmocka_unit_test(what_is_tried_out_leaves_no_trace),
        cmocka_unit_test_setup_teardown(a_run_tells_of_it, rig_set_up, rig_tear_down),
    };
    return cmocka_run_group_tests(tests, test_folder_make, test_folder_remove);
}
