// What a run does for the lab: measuring changes no bit of it, rules change what they say, a resumed run follows them
// as one that never stopped, and a range test leaves no trace.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "tests/support/engine_rig.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

enum { MOST = 4000 };

// A run to its end; its metrics. `settings` as test_params reads them.
static size_t run_with(struct source *source, const char *settings, struct step_metrics *metrics) {
    struct engine_run run = rig_run(source, 1);
    run.params = test_params(settings);
    rig_forget();
    rig_start(&run);
    rig_wait_end();
    if (rig.state != RUN_DONE)
        fail_msg("%s", rig_find(EVENT_ERROR, 0)->text);
    assert_true(rig.metric_count <= MOST);
    memcpy(metrics, rig.metrics, rig.metric_count * sizeof *metrics);
    return rig.metric_count;
}

static void assert_same_steps(const struct step_metrics *a, const struct step_metrics *b, size_t count) {
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(a[i].step, b[i].step);
        assert_int_equal(a[i].batch, b[i].batch);
        assert_memory_equal(&a[i].lr, &b[i].lr, sizeof(float));
        assert_memory_equal(&a[i].loss, &b[i].loss, sizeof(float));
        assert_memory_equal(&a[i].gradient_norm, &b[i].gradient_norm, sizeof(float));
    }
}

static struct step_metrics *room(void) {
    struct step_metrics *metrics = mem_alloc(MOST, sizeof *metrics);
    assert_non_null(metrics);
    return metrics;
}

#define NET "model=mlp hidden=8 batch_norm=yes dropout=0.1 batch=10 epochs=4 device=ref "

static void measuring_changes_nothing(void **state) {
    (void)state;
    struct source *source = source_blobs(125, 4, 3, 2, 3); // 100 training rows
    struct step_metrics *plain = room(), *measured = room();
    size_t steps = run_with(source, NET, plain);
    assert_int_equal(rig_count(EVENT_NOISE), 0);
    assert_int_equal(run_with(source, NET "noise_scale=yes noise_every=3", measured), steps);
    assert_same_steps(plain, measured, steps);
    assert_int_equal(steps, 40);
    assert_int_equal(rig_count(EVENT_NOISE), 14); // before steps 1, 4 … 40
    for (size_t i = 0; i < 14; i++) {
        const struct event *event = rig_find(EVENT_NOISE, i);
        assert_int_equal(event->step, 3 * i);
        assert_int_equal(event->noise.step, 3 * i);
        assert_int_equal(event->noise.samples_seen, 30 * i);
        assert_int_equal(event->noise.rows, 64);
        assert_int_equal(event->noise.part, 8);
        assert_true(event->noise.trace > 0 && event->noise.cost >= 0 && event->noise.cost <= 1);
    }
    run_with(source, "model=mlp hidden=8 batch_norm=yes dropout=0.1 batch=10 epochs=20 device=ref noise_scale=yes",
             measured);
    assert_same_steps(plain, measured, steps);
    assert_true(rig_count(EVENT_NOISE) >= 1);
    mem_free(plain);
    mem_free(measured);
    source_release(source);
}

// At the start and then so often that a picture has enough columns, or as often as its share of the time allows: how
// often that is, a clock decides. At this pace there is time enough.
static void looking_into_layers_changes_nothing(void **state) {
    (void)state;
    struct source *source = source_blobs(125, 4, 3, 2, 3);
    struct step_metrics *plain = room(), *looked = room();
    size_t steps = run_with(source, NET, plain);
    assert_int_equal(rig_count(EVENT_LAYER), 0);
    assert_int_equal(run_with(source, NET "histograms=yes noise_scale=yes noise_every=3", looked), steps);
    assert_same_steps(plain, looked, steps);
    size_t rows = rig_count(EVENT_LAYER);
    assert_true(rows >= 3 && rows % 3 == 0); // dense1, batch_norm1, dense2, each time
    for (size_t i = 0; i < rows; i++) {
        const struct layer_row *row = &rig_find(EVENT_LAYER, i)->layer;
        assert_true(row->layer == i % 3 && row->layers == 3);
        assert_true(row->cost > 0 && row->cost <= 1 && row->samples_seen == 10 * row->step);
        assert_int_equal(row->weights, row->layer == 0 ? 40 : row->layer == 1 ? 16 : 27);
        assert_true(i >= 3 ? row->distance > 0 && row->step > rig_find(EVENT_LAYER, i - 3)->layer.step
                           : row->distance == 0 && row->step == 0);
    }
    assert_string_equal(rig_find(EVENT_LAYER, 0)->layer.name, "dense1");
    mem_free(plain);
    mem_free(looked);
    source_release(source);
}

static void too_few_rows_are_told_once(void **state) {
    (void)state;
    struct source *source = source_zeros(1, shape_make(1, (int64_t[]){3}), DTYPE_F32, 2);
    struct step_metrics *metrics = room();
    run_with(source, "model=linear batch=1 epochs=50 device=ref noise_scale=yes noise_every=1", metrics);
    assert_int_equal(rig_count(EVENT_WARNING), 1);
    assert_non_null(strstr(rig_find(EVENT_WARNING, 0)->text, "too few"));
    mem_free(metrics);
    source_release(source);
}

// Batch times k: the rate times k, or its root, over the warm-up; both are in the log. Halved again: as it was.
static void rates_follow_the_batch(void **state) {
    (void)state;
    static const struct {
        const char *rule;
        double factor;
    } rules[] = {{"linear", 4}, {"sqrt", 2}, {"none", 1}};
    struct source *source = source_blobs(1000, 4, 3, 2, 3);
    for (int r = 0; r < 3; r++) {
        char settings[160];
        snprintf(settings, sizeof settings, "model=linear batch=8 lr=0.02 epochs=9 device=ref lr_rule=%s%s",
                 rules[r].rule, r < 2 ? " rule_warmup=10" : "");
        struct engine_run run = rig_run(source, 1);
        run.params = test_params(settings);
        rig_forget();
        rig_start_paused(&run);
        size_t before = rig.metric_count, first = 1; // the rig's own change, of the pace
        rig_step();
        rig_send(COMMAND_SET, "batch", "32");
        for (int i = 0; i < 14; i++)
            rig_step();
        rig_send(COMMAND_SET, "batch", "8");
        rig_step();
        const struct step_metrics *steps = rig.metrics + before;
        assert_true(fabs((double)steps[0].lr - 0.02) < 1e-8);
        for (int i = 0; i < 14; i++) {
            double share = i < 10 ? i / 10.0 : 1, from = 1 / rules[r].factor;
            double expected = 0.02 * rules[r].factor * (from + (1 - from) * share);
            assert_int_equal(steps[1 + i].batch, 32);
            assert_true(fabs((double)steps[1 + i].lr - expected) < 1e-7);
        }
        assert_int_equal(steps[15].batch, 8);
        assert_true(fabs((double)steps[15].lr - 0.02) < 1e-8);
        assert_int_equal(rig_count(EVENT_CHANGE) - first, r < 2 ? 4 : 2);
        assert_string_equal(rig_find(EVENT_CHANGE, first)->change.name, "batch");
        if (r < 2) {
            assert_string_equal(rig_find(EVENT_CHANGE, first + 1)->change.name, "lr");
            assert_string_equal(rig_find(EVENT_CHANGE, first + 1)->change.to, r == 0 ? "0.08" : "0.04");
            assert_string_equal(rig_find(EVENT_CHANGE, first + 3)->change.to, "0.02");
        }
        rig_send(COMMAND_STOP, "", "");
        rig_wait_end();
    }
    source_release(source);
}

// The batch grows where the schedule falls, and rate over batch falls as the schedule alone would have it.
static void batches_grow_in_place_of_decay(void **state) {
    (void)state;
    struct source *source = source_blobs(500, 4, 3, 2, 3); // 400 training rows
    struct step_metrics *metrics = room();
    size_t steps = run_with(
        source, "model=linear batch=10 lr=0.05 epochs=8 schedule=cosine batch_rule=increase device=ref", metrics);
    double epoch = 0;
    uint32_t largest = 0;
    for (size_t i = 0; i < steps; i++) {
        double factor = (1 + cos(3.14159265358979 * epoch / 8)) / 2;
        largest = metrics[i].batch > largest ? metrics[i].batch : largest;
        if (metrics[i].batch == largest) // not the short last one of an epoch
            assert_true(fabs((double)metrics[i].lr / largest - 0.05 * factor / 10) < 1e-6 * 0.05);
        epoch = metrics[i].epoch;
    }
    assert_int_equal(largest, 80); // a quarter of the rows are 100
    assert_int_equal(rig_count(EVENT_CHANGE), 3);
    mem_free(metrics);
    source_release(source);
    struct source *other = source_blobs(500, 4, 3, 2, 3);
    struct engine_run run = rig_run(other, 1);
    run.params = test_params("model=linear batch=10 batch_rule=increase device=ref");
    rig_forget();
    rig_start(&run);
    rig_wait_end();
    assert_int_equal(rig.state, RUN_FAILED);
    assert_non_null(strstr(rig_find(EVENT_ERROR, 0)->text, "choose step, cosine or polynomial"));
    source_release(other);
}

// Where the noise scale steers, a run that is stopped and resumed makes the same changes at the same steps.
static void steered_runs_resume_with_the_same_bits(void **state) {
    (void)state;
    static const char *const settings[] = {
        "model=mlp hidden=8 batch=4 lr=0.01 epochs=16 device=ref batch_rule=noise lr_rule=sqrt noise_scale=yes "
        "noise_every=5 rule_warmup=30",
        "model=mlp hidden=8 batch=4 lr=0.01 epochs=8 device=ref schedule=polynomial batch_rule=increase "
        "lr_rule=adascale",
    };
    struct source *source = source_blobs(500, 4, 3, 0.5, 3);
    for (int i = 0; i < 2; i++) {
        struct step_metrics *whole = room();
        size_t steps = run_with(source, settings[i], whole), changes = rig_count(EVENT_CHANGE);
        assert_true(changes > 1);
        struct engine_run run = rig_run(source, 1);
        run.params = test_params(settings[i]);
        rig_forget();
        rig_start_paused(&run);
        size_t first = 1; // the rig's own change, of the pace
        while (rig.metric_count < steps * 9 / 10)
            rig_step();
        assert_true(rig_count(EVENT_CHANGE) > first);
        rig_send(COMMAND_STOP, "", "");
        rig_wait_end();
        snprintf(run.resume, sizeof run.resume, "%s/run/last.ckpt", rig.folder);
        rig_start(&run);
        rig_wait_end();
        assert_int_equal(rig.state, RUN_DONE);
        assert_int_equal(rig.metric_count, steps);
        assert_same_steps(rig.metrics, whole, steps);
        assert_int_equal(rig_count(EVENT_CHANGE) - first, changes);
        mem_free(whole);
    }
    source_release(source);
}

// Paused or training: the curve comes, and the run goes on with the bits of one that was not tested.
static void range_tests_leave_no_trace(void **state) {
    (void)state;
    struct source *source = source_blobs(125, 4, 3, 2, 3);
    struct step_metrics *plain = room();
    size_t steps = run_with(source, NET, plain);
    struct engine_run run = rig_run(source, 1);
    run.params = test_params(NET);
    rig_forget();
    rig_start_paused(&run);
    for (int i = 0; i < 7; i++)
        rig_step();
    rig_send(COMMAND_RANGE_TEST, "", "");
    rig_wait_events(EVENT_RANGE, 1);
    const struct range_curve *range = &rig_find(EVENT_RANGE, 0)->range;
    assert_int_equal(rig_find(EVENT_RANGE, 0)->step, rig.metrics[rig.metric_count - 1].step);
    assert_int_equal(rig.state, RUN_PAUSED);
    assert_true(range->count > 30 && range->count <= RANGE_POINTS && range->valley > 1e-7 && range->valley < 10);
    rig_send(COMMAND_RESUME, "", "");
    rig_send(COMMAND_RANGE_TEST, "", "");
    rig_wait_end();
    assert_int_equal(rig_count(EVENT_RANGE), 2);
    assert_int_equal(rig.metric_count, steps);
    assert_same_steps(rig.metrics, plain, steps);
    mem_free(plain);
    source_release(source);
}

// What the store keeps reads back to the same bits.
static void figures_survive_as_text(void **state) {
    (void)state;
    struct event event = {.kind = EVENT_NOISE, .step = 12}, back = {.kind = EVENT_NOISE, .step = 12};
    event.noise = (struct noise_row){.step = 12,
                                     .samples_seen = 400,
                                     .epoch = 1.0 / 3,
                                     .seconds = 0.1,
                                     .batch = 32,
                                     .rows = 32,
                                     .part = 4,
                                     .trace = 1e-300,
                                     .gradient_sq = -2.0 / 3,
                                     .noise_scale = 1,
                                     .low = 0.1,
                                     .high = INFINITY,
                                     .diversity = 0.7,
                                     .cost = 0.03,
                                     .step_seconds = 1e-5,
                                     .double_seconds = 2e-5,
                                     .double_measured = true};
    char *text = event_figures(&event);
    assert_non_null(text);
    assert_true(event_figures_read(text, &back));
    assert_memory_equal(&back.noise, &event.noise, sizeof event.noise);
    mem_free(text);
    event = (struct event){.kind = EVENT_RANGE};
    event.range = (struct range_curve){.low = 1e-7,
                                       .high = 10,
                                       .count = 3,
                                       .loss = {1, 2.5f, NAN},
                                       .smoothed = {1, 2, NAN},
                                       .valley = 0.1,
                                       .steep = NAN,
                                       .minimum = 1.0 / 7,
                                       .slide = 3};
    back = (struct event){.kind = EVENT_RANGE};
    text = event_figures(&event);
    assert_true(event_figures_read(text, &back));
    assert_true(back.range.count == 3 && back.range.loss[1] == 2.5f && isnan(back.range.loss[2]));
    assert_true(isnan(back.range.steep) && back.range.minimum == 1.0 / 7);
    mem_free(text);
    event = (struct event){.kind = EVENT_LAYER, .step = 9};
    event.layer = (struct layer_row){.step = 9, .samples_seen = 90, .epoch = 0.1, .seconds = 1.0 / 3, .layer = 1, .layers = 2,
                                     .name = "dense2", .weights = 70, .moved = 0.1, .norm = 2.0 / 7, .distance = 1,
                                     .length = 3, .cost = 0.01};
    event.layer.histogram = (struct layer_histogram){.reach = 0.5, .weights = {[3] = 60, [63] = 9}, .gradients = {[0] = 66},
                                                     .zeros = 4, .bad_weights = 1};
    back = (struct event){.kind = EVENT_LAYER, .step = 9};
    text = event_figures(&event);
    assert_true(event_figures_read(text, &back));
    assert_memory_equal(&back.layer, &event.layer, sizeof event.layer);
    mem_free(text);
    assert_false(event_figures_read("{}", &back));
    back.kind = EVENT_NOISE;
    assert_false(event_figures_read("{}", &back));
    assert_false(event_figures_read("[", &back));
    assert_false(event_figures_read(NULL, &back));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(measuring_changes_nothing),
        TEST(looking_into_layers_changes_nothing),
        TEST(too_few_rows_are_told_once),
        TEST(rates_follow_the_batch),
        TEST(batches_grow_in_place_of_decay),
        TEST(steered_runs_resume_with_the_same_bits),
        TEST(range_tests_leave_no_trace),
        cmocka_unit_test(figures_survive_as_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
