// Batch plans against plain loops over the sampler's order, and how the session keeps them.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/rng.h"
#include "core/train/sampler.h"
#include "core/train/trainer.h"
#include "tests/support/session_lab.h"
#include "tests/support/sources.h"

static struct batch_plan *plan_of(const struct source *source, uint64_t seed, uint64_t epoch, size_t extra) {
    struct batch_plan *plan = NULL;
    if (batch_plan_make(source, seed, epoch, extra, &plan, NULL, &lab.error))
        fail_msg("%s", lab.error.text);
    return plan;
}

// ---- the plan ------------------------------------------------------------------------------------------------

static void the_order_is_the_samplers(void **state) {
    struct source *source = source_blobs(5000, 3, 4, 2, 9);
    size_t rows = source->part_count[PART_TRAIN];
    (void)state;
    for (uint64_t epoch = 0; epoch < 3; epoch++) {
        struct sampler sampler;
        bool fresh;
        assert_int_equal(sampler_open(&sampler, source->part_rows[PART_TRAIN], rows, 7, &lab.error), STATUS_OK);
        sampler_seek(&sampler, epoch, 0);
        const uint32_t *order = sampler_order(&sampler, &fresh);
        struct batch_plan *plan = plan_of(source, 7, epoch, 0);
        assert_int_equal(plan->rows, rows);
        assert_memory_equal(plan->order, order, rows * sizeof *order);
        batch_plan_free(plan);
        sampler_close(&sampler);
    }
    source_release(source);
}

static void counts_are_those_of_a_plain_loop(void **state) {
    struct source *source = source_blobs(40000, 2, 5, 2, 3); // several strides
    struct batch_plan *plan = plan_of(source, 1, 2, 0);
    struct rng rng = rng_make(4, RNG_TEST, 0);
    (void)state;
    assert_int_equal(plan->slot_count, 5);
    for (int i = 0; i < 400; i++) {
        size_t from = (size_t)rng_below(&rng, plan->rows + 1),
               to = from + (size_t)rng_below(&rng, plan->rows + 1 - from);
        size_t counts[BATCH_SLOTS], plain[BATCH_SLOTS] = {0};
        if (i == 0)
            from = 0, to = plan->rows;
        for (size_t k = from; k < to; k++)
            plain[source->labels[plan->order[k]]]++;
        batch_plan_counts(plan, from, to, counts);
        assert_memory_equal(counts, plain, sizeof counts);
    }
    for (int part = 0; part < PART_COUNT; part++) {
        size_t plain[5] = {0};
        for (size_t k = 0; k < source->part_count[part]; k++)
            plain[source->labels[source->part_rows[part][k]]]++;
        for (size_t c = 0; c < 5; c++)
            assert_int_equal(plan->slots[c].counts[part], plain[c]);
    }
    batch_plan_free(plan);
    source_release(source);
}

// √ of the mean over classes and full batches of (share − p)², straight from its definition.
static double plain_error(const struct source *source, const struct batch_plan *plan, size_t batch) {
    size_t batches = plan->rows / batch;
    double sum = 0;
    for (size_t c = 0; c < source->classes; c++) {
        double p = 0;
        for (size_t i = 0; i < plan->rows; i++)
            p += source->labels[plan->order[i]] == (int32_t)c;
        p /= (double)plan->rows;
        for (size_t b = 0; b < batches; b++) {
            double share = 0;
            for (size_t i = b * batch; i < (b + 1) * batch; i++)
                share += source->labels[plan->order[i]] == (int32_t)c;
            sum += pow(share / (double)batch - p, 2);
        }
    }
    return sqrt(sum / (double)(batches * source->classes));
}

static void noise_is_measured_and_follows_the_theory(void **state) {
    struct source *source = source_noise(30000, 2, 3, 5);
    for (size_t i = 0; i < source->rows; i++) // uneven: 50, 30 and 20 %
        source_labels(source)[i] = i % 10 < 5 ? 0 : i % 10 < 8 ? 1 : 2;
    struct batch_plan *plan = plan_of(source, 3, 0, 100);
    double rows = (double)plan->rows, spread = 0;
    (void)state;
    for (int c = 0; c < 3; c++) {
        double p = 0;
        for (size_t i = 0; i < plan->rows; i++)
            p += source->labels[source->part_rows[PART_TRAIN][i]] == c;
        p /= rows;
        spread += p * (1 - p) / 3;
    }
    assert_true(fabs(plan->spread - sqrt(spread)) < 1e-12);
    for (size_t batch = 1; batch <= 16384; batch *= 2) {
        double measured = batch_plan_measured(plan, batch), theory = batch_plan_error(plan, batch);
        assert_true(fabs(measured - plain_error(source, plan, batch)) < 1e-9);
        assert_true(fabs(theory - sqrt(spread / (double)batch * (rows - (double)batch) / (rows - 1))) < 1e-12);
        if (batch <= 1024) // enough batches for the mean of squares to settle
            assert_true(fabs(measured / theory - 1) < 4 / sqrt(rows / (double)batch));
    }
    assert_true(fabs(batch_plan_measured(plan, 100) - plain_error(source, plan, 100)) < 1e-9);
    assert_true(isnan(batch_plan_measured(plan, 99)));
    assert_true(isnan(batch_plan_measured(plan, 32768)));
    assert_true(batch_plan_error(plan, plan->rows) == 0); // every row: no noise
    batch_plan_free(plan);
    source_release(source);
}

static void many_classes_share_slots(void **state) {
    struct source *source = source_noise(10000, 2, 100, 5);
    struct batch_plan *plan = plan_of(source, 3, 0, 0);
    size_t total = 0;
    (void)state;
    assert_int_equal(plan->slot_count, BATCH_SLOTS);
    assert_true(plan->folded);
    assert_int_equal(plan->kinds, 100);
    for (size_t i = 0; i < BATCH_SLOTS; i++) {
        double share = (double)plan->slots[i].counts[PART_TRAIN] / (double)plan->rows;
        assert_true(share > 0.06 && share < 0.11); // about a twelfth
        assert_true(plan->slots[i].label[0] != '\0');
        total += plan->slots[i].counts[PART_TRAIN];
    }
    assert_int_equal(total, plan->rows);
    for (size_t i = 1; i < plan->rows; i++) { // neighbors share a slot
        int32_t a = source->labels[plan->order[i - 1]], b = source->labels[plan->order[i]];
        assert_true(a > b ? plan->slot_of[i - 1] >= plan->slot_of[i] : plan->slot_of[i - 1] <= plan->slot_of[i]);
    }
    // noise is that of the hundred classes, not of the twelve slots
    assert_true(fabs(batch_plan_measured(plan, 64) - plain_error(source, plan, 64)) < 1e-9);
    batch_plan_free(plan);
    source_release(source);
}

// One class with most rows keeps a slot of its own.
static void a_large_class_stays_alone(void **state) {
    struct source *source = source_noise(10000, 2, 40, 5);
    for (size_t i = 0; i < source->rows; i++)
        source_labels(source)[i] = i % 10 ? 17 : (int32_t)(i / 10 % 40);
    struct batch_plan *plan = plan_of(source, 3, 0, 0);
    (void)state;
    assert_int_equal(plan->slot_count, BATCH_SLOTS);
    for (size_t i = 0; i < BATCH_SLOTS; i++)
        assert_true(plan->slots[i].label[0] != '\0');
    batch_plan_free(plan);
    source_release(source);
}

static void numbers_fall_into_octiles(void **state) {
    struct source *source = source_plane(8000, 4, 1, 5);
    struct batch_plan *plan = plan_of(source, 3, 0, 0);
    (void)state;
    assert_true(plan->ranges);
    assert_int_equal(plan->slot_count, 8);
    float highest[8], lowest[8];
    for (size_t i = 0; i < 8; i++) {
        assert_true(fabs((double)plan->slots[i].counts[PART_TRAIN] - (double)plan->rows / 8) <= 1);
        highest[i] = -INFINITY;
        lowest[i] = INFINITY;
    }
    for (size_t i = 0; i < plan->rows; i++) {
        float y = source->targets[plan->order[i]];
        uint8_t slot = plan->slot_of[i];
        highest[slot] = y > highest[slot] ? y : highest[slot];
        lowest[slot] = y < lowest[slot] ? y : lowest[slot];
    }
    for (size_t i = 1; i < 8; i++)
        assert_true(highest[i - 1] < lowest[i]);
    batch_plan_free(plan);
    for (size_t i = 0; i < source->rows; i++)
        source_targets(source)[i] = i % 2 ? 1.0F : -1.0F;
    plan = plan_of(source, 3, 0, 0);
    assert_int_equal(plan->slot_count, 2); // two values are no eight ranges
    batch_plan_free(plan);
    for (size_t i = 0; i < source->rows; i++)
        source_targets(source)[i] = 0;
    plan = plan_of(source, 3, 0, 0);
    assert_int_equal(plan->slot_count, 1);
    assert_true(plan->spread == 0);
    batch_plan_free(plan);
    source_release(source);
}

// A program of one operation, as a backend runs it in a step of epoch `epoch`: out [batch, …sample].
static void gather(const struct source *source, const struct train_params *params, uint64_t epoch, const uint32_t *rows,
                   size_t batch, float *out) {
    struct backend *ref = NULL;
    struct backend_options options = {0};
    struct buffer *buffers[3];
    struct plan *plan = NULL;
    struct program program = {.batch = (int64_t)batch};
    size_t sample = (size_t)shape_count(source->sample), count = source->rows * sample;
    value_id in = program_value(&program, SLOT_ROWS, 0, DTYPE_I32, shape_make(1, &program.batch));
    value_id all =
        program_value(&program, SLOT_FEATURES, 0, DTYPE_U8, shape_batch((int64_t)source->rows, source->sample));
    value_id made = program_value(&program, SLOT_OUTPUTS, 0, DTYPE_F32, shape_batch((int64_t)batch, source->sample));
    struct op *op = program_op(&program, OP_GATHER);
    op->in[0] = in;
    op->in[1] = all;
    op->out[0] = made;
    op->attr.gather.training = true;
    for (int i = 0; i < 4; i++) {
        op->attr.gather.mean[i] = source->pixel_mean[i];
        op->attr.gather.sd[i] = source->pixel_sd[i];
    }
    struct step_args args = {.seed = (uint64_t)params->seed, .epoch = epoch, .augment = trainer_augment(params)};
    assert_int_equal(backend_open("ref", &options, &ref, &lab.error), STATUS_OK);
    const struct backend_api *api = ref->api;
    assert_int_equal(api->allocate(ref, DTYPE_I32, batch, &buffers[0], &lab.error), STATUS_OK);
    assert_int_equal(api->allocate(ref, DTYPE_U8, count, &buffers[1], &lab.error), STATUS_OK);
    assert_int_equal(api->allocate(ref, DTYPE_F32, batch * sample, &buffers[2], &lab.error), STATUS_OK);
    assert_int_equal(api->upload(ref, buffers[0], 0, batch, rows, &lab.error), STATUS_OK);
    assert_int_equal(api->upload(ref, buffers[1], 0, count, source->features, &lab.error), STATUS_OK);
    struct binding binding = {0};
    binding.slots[SLOT_ROWS] = buffers[0];
    binding.slots[SLOT_FEATURES] = buffers[1];
    binding.slots[SLOT_OUTPUTS] = buffers[2];
    assert_int_equal(api->prepare(ref, &program, &binding, &plan, &lab.error), STATUS_OK);
    assert_int_equal(api->run(ref, plan, &args, &lab.error), STATUS_OK);
    assert_int_equal(api->download(ref, buffers[2], 0, batch * sample, out, &lab.error), STATUS_OK);
    api->discard(ref, plan);
    for (int i = 0; i < 3; i++)
        api->release(ref, buffers[i]);
    backend_close(ref);
    program_free(&program);
}

// Every picture of a batch against what the reference gathers in the step that trains on it.
static void pictures_are_those_that_training_sees(void **state) {
    enum { SIDE = 12, CHANNELS = 3, BATCH = 16, PIXELS = CHANNELS * SIDE * SIDE };
    struct source *source = source_bars(90, CHANNELS, SIDE, 4, 3);
    struct train_params params;
    static float gathered[BATCH * PIXELS];
    (void)state;
    params_defaults(&train_table, &params);
    params.batch = BATCH;
    params.crop_padding = 3;
    params.flip = true;
    params.translation = 2;
    params.cutout = 4;
    params.brightness = 0.4;
    params.contrast = 0.3;
    snprintf(params.crop_fill, sizeof params.crop_fill, "reflect");
    for (int c = 0; c < CHANNELS; c++) {
        source->pixel_mean[c] = 0.25F * (float)(c + 1);
        source->pixel_sd[c] = 0.5F;
    }
    struct batch_plan *plan = plan_of(source, (uint64_t)params.seed, 2, 0); // the third epoch
    size_t moved = 0;
    for (size_t batch = 0; batch < plan->rows / BATCH; batch++) {
        gather(source, &params, 2, plan->order + batch * BATCH, BATCH, gathered);
        for (size_t i = 0; i < BATCH; i++) {
            uint8_t pixels[PIXELS];
            const uint8_t *stored = (const uint8_t *)source->features + (size_t)plan->order[batch * BATCH + i] * PIXELS;
            batch_plan_pixels(plan, &params, batch * BATCH + i, pixels);
            for (size_t p = 0; p < PIXELS; p++) {
                size_t c = p / (SIDE * SIDE);
                double seen = (pixels[p] / 255.0 - (double)source->pixel_mean[c]) / (double)source->pixel_sd[c];
                assert_true(fabs(seen - (double)gathered[i * PIXELS + p]) < 0.5 / 255 / 0.5 + 1e-6); // rounded mean
                moved += pixels[p] != stored[p];
            }
        }
    }
    assert_true(moved > 1000);
    batch_plan_free(plan);
    source_release(source);
}

static void a_plan_can_be_stopped_and_memory_can_fail(void **state) {
    struct source *source = source_blobs(3000, 3, 4, 2, 9);
    struct batch_plan *plan = NULL;
    struct task task = {0};
    (void)state;
    task_cancel(&task);
    assert_int_equal(batch_plan_make(source, 1, 0, 0, &plan, &task, &lab.error), STATUS_CANCELLED);
    for (unsigned long at = 1; at < 40; at++) {
        mem_fail_at(at);
        enum status status = batch_plan_make(source, 1, 0, 0, &plan, NULL, &lab.error);
        mem_fail_at(0);
        if (status == STATUS_OK) {
            batch_plan_free(plan);
            source_release(source);
            assert_true(at > 5);
            return;
        }
        assert_int_equal(status, STATUS_MEMORY);
    }
    fail_msg("it never succeeded");
}

// ---- the session ----------------------------------------------------------------------------------------------

static void a_plan_is_made_when_it_is_wanted(void **state) {
    (void)state;
    lab_load("datasets/samples/iris.csv");
    assert_null(lab.view->batches.plan);
    lab_must(session_plan_batches(lab.session, 0, &lab.error));
    lab_wait_job();
    const struct batch_plan *plan = lab.view->batches.plan;
    assert_non_null(plan);
    assert_false(lab.view->batches.making);
    assert_ptr_equal(plan->source, lab.view->source);
    assert_int_equal(plan->seed, 1);
    assert_int_equal(plan->slot_count, 3);
    assert_string_equal(plan->slots[0].label, lab.view->source->class_names[0]);
    assert_int_equal(plan->rows, lab.view->source->part_count[PART_TRAIN]);
    // 1, 2, 4 … 64: the next is beyond the 119 training rows
    assert_int_equal(lab.view->batches.size_count, 7);
    assert_int_equal(lab.view->batches.sizes[6].size, 64);
    assert_true(lab.view->batches.sizes[6].bytes > lab.view->batches.sizes[0].bytes);
    assert_true(lab.view->batches.sizes[0].bytes > lab.view->batches.bytes_fixed);
    assert_string_equal(lab.view->batches.device, "ref");
    assert_true(lab.view->batches.memory_free > lab.view->batches.sizes[6].bytes);

    lab_must(session_plan_batches(lab.session, 3, &lab.error));
    lab_wait_job();
    assert_int_equal(lab.view->batches.plan->epoch, 3);
    lab_set("seed", "5"); // other rows are for training: another source
    lab_wait_job();
    assert_int_equal(lab.view->batches.plan->seed, 5);
    assert_int_equal(lab.view->batches.plan->epoch, 3);
    assert_ptr_equal(lab.view->batches.plan->source, lab.view->source);
    lab_set("batch", "48"); // no power of two: measured beside
    lab_wait_job();
    assert_int_equal(lab.view->batches.size_count, 8);
    assert_int_equal(lab.view->batches.sizes[6].size, 48);
    assert_true(batch_plan_measured(lab.view->batches.plan, 48) > 0);
    uint64_t small = lab.view->batches.sizes[6].bytes;
    lab_set("hidden", "512,512"); // a larger model needs more
    lab_wait_job();
    assert_true(lab.view->batches.sizes[6].bytes > 2 * small);
}

static void other_data_gets_another_plan(void **state) {
    (void)state;
    lab_must(session_plan_batches(lab.session, 2, &lab.error)); // before anything is open
    lab_wait_job();
    assert_null(lab.view->batches.plan);
    lab_load("datasets/samples/iris.csv");
    assert_int_equal(lab.view->batches.plan->slot_count, 3);
    lab_load("datasets/samples/diabetes.csv");
    assert_true(lab.view->batches.plan->ranges);
    assert_ptr_equal(lab.view->batches.plan->source, lab.view->source);
    assert_int_equal(lab.view->batches.epoch, 0); // other data begins at the beginning
}

static void the_run_takes_the_rows_of_the_plan(void **state) {
    (void)state;
    lab_load("datasets/samples/iris.csv");
    lab_set("epochs", "2");
    lab_wait_job();
    lab_must(session_plan_batches(lab.session, 1, &lab.error));
    lab_must(session_start(lab.session, &lab.error));
    lab_wait_end();
    lab_wait_job();
    const struct curve *curve = &lab.view->run->curve;
    size_t batch = (size_t)lab.view->params->batch, rows = lab.view->batches.plan->rows,
           steps = (rows + batch - 1) / batch;
    assert_int_equal(curve->point_count, 2 * steps); // updates in all, as the view counts them
    assert_int_equal(curve->points[2 * steps - 1].batch, rows - (steps - 1) * batch);
}

// What a closing session makes nobody would take over: the leak sanitizer sees it.
static void closing_with_a_living_run_makes_no_plan(void **state) {
    (void)state;
    lab_load("datasets/samples/iris.csv");
    lab_set("pace", "20");
    lab_wait_job();
    lab_must(session_plan_batches(lab.session, 0, &lab.error));
    lab_wait_job();
    lab_must(session_start(lab.session, &lab.error));
    lab_wait_state(RUN_TRAINING);
    lab_open((struct session_options){0});
    assert_false(session_run_alive(lab.session));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_is_the_samplers),
        cmocka_unit_test(counts_are_those_of_a_plain_loop),
        cmocka_unit_test(noise_is_measured_and_follows_the_theory),
        cmocka_unit_test(many_classes_share_slots),
        cmocka_unit_test(a_large_class_stays_alone),
        cmocka_unit_test(numbers_fall_into_octiles),
        cmocka_unit_test(pictures_are_those_that_training_sees),
        cmocka_unit_test(a_plan_can_be_stopped_and_memory_can_fail),
        TEST(a_plan_is_made_when_it_is_wanted),
        TEST(other_data_gets_another_plan),
        TEST(the_run_takes_the_rows_of_the_plan),
        TEST(closing_with_a_living_run_makes_no_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
