// The lab in a session: noise rows and range tests in snapshot and store, and rules that undo takes back.
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "tests/support/session_lab.h"

static const char wine[] = "datasets/samples/wine.csv";

static void noise_rows_are_shown_and_kept(void **state) {
    (void)state;
    lab_load(wine);
    lab_set("noise_scale", "yes");
    lab_set("noise_every", "4");
    lab_set("epochs", "12");
    lab_must(session_start(lab.session, &lab.error));
    lab_wait_end();
    const struct curve *curve = &lab.view->run->curve;
    assert_int_equal(curve->noise_count, (curve->point_count + 3) / 4);
    assert_ptr_equal(lab.view->noise, &curve->noise[curve->noise_count - 1]);
    const struct noise_row *row = lab.view->noise;
    if (lab.view->gauge.known) {
        double batch = 32, scale = row->noise_scale;
        assert_true(fabs(lab.view->gauge.ratio - batch / scale) < 1e-12);
        assert_true(fabs(lab.view->gauge.left - scale / (scale + batch)) < 1e-12);
        assert_true(fabs(lab.view->gauge.steps - (1 + scale / 64) / (1 + scale / 32)) < 1e-12);
    } else {
        assert_false(row->gradient_sq > 0);
    }
    int64_t first = lab.view->run->record.id;
    struct noise_row *kept = mem_copy(curve->noise, curve->noise_count * sizeof *kept);
    size_t count = curve->noise_count;
    lab_set("noise_scale", "no");
    lab_must(session_start(lab.session, &lab.error));
    lab_wait_end();
    assert_int_equal(lab.view->run->curve.noise_count, 0);
    assert_null(lab.view->noise);
    lab_must(session_overlay(lab.session, first, &lab.error)); // read from the store
    const struct curve *read = &lab.view->overlays[0]->curve;
    assert_int_equal(read->noise_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(read->noise[i].step, kept[i].step);
        assert_memory_equal(&read->noise[i].trace, &kept[i].trace, sizeof(double));
        assert_true(read->noise[i].rows == kept[i].rows && read->noise[i].high == kept[i].high);
    }
    mem_free(kept);
}

static void layers_are_shown_and_kept(void **state) {
    (void)state;
    lab_load(wine);
    lab_set("histograms", "yes");
    lab_must(session_start(lab.session, &lab.error));
    lab_wait_end();
    const struct curve *curve = &lab.view->run->curve;
    size_t count = curve->layer_count;
    assert_true(count >= 3 && count % 3 == 0); // of an mlp with two hidden layers
    struct layer_row *kept = mem_copy(curve->layers, count * sizeof *kept);
    int64_t first = lab.view->run->record.id;
    lab_set("histograms", "no");
    lab_must(session_start(lab.session, &lab.error));
    lab_wait_end();
    assert_int_equal(lab.view->run->curve.layer_count, 0);
    lab_must(session_overlay(lab.session, first, &lab.error)); // read from the store
    assert_int_equal(lab.view->overlays[0]->curve.layer_count, count);
    assert_memory_equal(lab.view->overlays[0]->curve.layers, kept, count * sizeof *kept);
    mem_free(kept);
}

static void try_rates(uint64_t count) {
    lab_must(session_range_test(lab.session, &lab.error));
    LAB_UNTIL(lab.view->range_count == count);
    assert_non_null(lab.view->range);
    assert_false(lab.view->range_active);
}

static void without_a_run_a_fresh_model_is_tried(void **state) {
    (void)state;
    assert_int_equal(session_range_test(lab.session, &lab.error), STATUS_STATE); // no data
    lab_load(wine);
    lab_set("epochs", "1");
    try_rates(1);
    struct range_curve first = *lab.view->range;
    assert_true(first.count > 30 && !lab.view->range_of_run);
    try_rates(2);
    assert_memory_equal(&first, lab.view->range, sizeof first);
    assert_int_equal(lab.view->run_count, 0);
    lab_must(session_start(lab.session, &lab.error)); // the next run begins where the test did
    assert_null(lab.view->range);
    lab_wait_end();
    assert_memory_equal(&lab.view->run->curve.points[0].loss, &first.loss[0], sizeof(float));
    lab_set("batch", "100000");
    assert_int_equal(session_range_test(lab.session, &lab.error), STATUS_INVALID);
}

static void a_range_test_of_the_living_run(void **state) {
    (void)state;
    lab_load(wine);
    lab_set("epochs", "1000000");
    lab_must(session_start(lab.session, &lab.error));
    lab_must(session_pause(lab.session, &lab.error));
    lab_wait_state(RUN_PAUSED);
    uint64_t steps = lab.view->run->record.steps;
    lab_must(session_range_test(lab.session, &lab.error));
    LAB_UNTIL(lab.view->range_count == 1);
    assert_non_null(lab.view->range);
    assert_true(lab.view->range_of_run);
    assert_int_equal(lab.view->range_step, steps);
    assert_true(lab.view->range->count > 30);
    assert_int_equal(lab.view->state, RUN_PAUSED);
    assert_int_equal(lab.view->run->record.steps, steps);
    lab_must(session_stop(lab.session, &lab.error));
    lab_wait_end();
    struct run_record record = lab.view->run->record;
    lab_must(session_overlay(lab.session, record.id, &lab.error));
}

// A batch that takes the rate along, and undo that takes back both.
static void undo_takes_back_what_a_rule_did(void **state) {
    (void)state;
    lab_load(wine);
    lab_set("epochs", "1000000");
    lab_set("lr_rule", "sqrt");
    lab_set("lr", "0.03");
    lab_must(session_start(lab.session, &lab.error));
    lab_must(session_pause(lab.session, &lab.error));
    lab_wait_state(RUN_PAUSED);
    lab_must(session_nudge(lab.session, "batch", 1, &lab.error));
    LAB_UNTIL(lab.view->run->curve.mark_count == 2);
    assert_int_equal(lab.view->params->batch, 64);
    assert_true(fabs(lab.view->params->lr - 0.03 * sqrt(2)) < 1e-9);
    assert_string_equal(lab.view->run->curve.marks[0].text, "batch 32→64");
    assert_non_null(strstr(lab.view->run->curve.marks[1].text, "lr 0.03→0.0424"));
    lab_must(session_undo(lab.session, &lab.error));
    LAB_UNTIL(lab.view->params->lr == 0.03 && lab.view->run->curve.mark_count >= 4);
    assert_int_equal(lab.view->params->batch, 32);
    assert_true(lab.view->params->lr == 0.03);
    lab_must(session_stop(lab.session, &lab.error));
    lab_wait_end();
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(noise_rows_are_shown_and_kept),
        TEST(layers_are_shown_and_kept),
        TEST(without_a_run_a_fresh_model_is_tried),
        TEST(a_range_test_of_the_living_run),
        TEST(undo_takes_back_what_a_rule_did),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
