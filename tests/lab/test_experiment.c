// Plans: what they read, what they refuse, which run comes next. Successive halving is compared with the rule of its
// paper worked out here anew, and with what an interrupted sweep finds when it goes on.
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/lab/experiment.h"

static struct error error;

static struct experiment sweep_over(const char *text) {
    struct experiment plan = experiment_usual(EXPERIMENT_SWEEP);
    if (experiment_add_axes(&plan, text, &error))
        fail_msg("%s", error.text);
    return plan;
}

static const char *value(const struct experiment *plan, size_t trial, size_t axis) {
    static char text[PARAM_TEXT_SIZE];
    experiment_value(plan, trial, axis, text);
    return text;
}

static void a_grid_is_every_combination(void **state) {
    (void)state;
    struct experiment plan = sweep_over("lr=1e-4..1e-1:4,batch=16|32,hidden=64,64|128,optimizer=sgd|adam");
    plan.method = SWEEP_GRID;
    assert_int_equal(plan.axis_count, 4);
    assert_string_equal(plan.axes[2].values, "64,64|128");
    assert_int_equal(experiment_slots(&plan), 4 * 2 * 2 * 2);
    static const char *const rates[] = {"0.0001", "0.001", "0.01", "0.1"}; // the table says: in factors
    for (size_t i = 0; i < 32; i++) {
        assert_string_equal(value(&plan, i, 0), rates[i / 8]);
        assert_string_equal(value(&plan, i, 1), i / 4 % 2 ? "32" : "16");
        assert_string_equal(value(&plan, i, 2), i / 2 % 2 ? "128" : "64,64");
        assert_string_equal(value(&plan, i, 3), i % 2 ? "adam" : "sgd");
    }
    struct train_params params;
    plan.axes[0] = plan.axes[3]; // without a rate of its own, an optimizer brings its usual one
    plan.axis_count = 2;
    assert_int_equal(experiment_params(&plan, 3, &params, &error), STATUS_OK);
    assert_string_equal(params.optimizer, "adam");
    assert_true(params.lr == 0.001 && params.batch == 32);
}

static void draws_lie_in_their_range_evenly(void **state) {
    (void)state;
    struct experiment plan = sweep_over("lr=1e-4..1e-1:log,momentum=0.5..0.9:linear,batch=10..19:linear");
    size_t low = 0, half = 0, batches[10] = {0};
    plan.method = SWEEP_RANDOM;
    enum { DRAWS = 2000 };
    for (size_t i = 0; i < DRAWS; i++) {
        double rate = 0, momentum = 0, batch = 0;
        assert_true(number_parse(value(&plan, i, 0), &rate) && rate >= 1e-4 && rate <= 0.1);
        assert_true(number_parse(value(&plan, i, 1), &momentum) && momentum >= 0.5 && momentum <= 0.9);
        assert_true(number_parse(value(&plan, i, 2), &batch) && batch >= 10 && batch <= 19);
        low += rate < 1e-3;
        half += momentum < 0.7;
        batches[(int)batch - 10]++;
    }
    assert_in_range(low, DRAWS / 3 - 90, DRAWS / 3 + 90); // a third of the decades; 4 sd
    assert_in_range(half, DRAWS / 2 - 90, DRAWS / 2 + 90);
    for (size_t i = 0; i < 10; i++)
        assert_in_range(batches[i], DRAWS / 10 - 54, DRAWS / 10 + 54);
}

static void what_makes_no_sense_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"lr", "a parameter and its values"},   {"rate=1..2", "rate"},           {"lr=1e-1..1e-4", "smaller one first"},
        {"lr=0..1:log", "begin above 0"},       {"lr=0.1..1:cubic", "cubic"},    {"batch=16,batch=32", "varied twice"},
        {"lr=1e-3..200", "at most 100"},        {"batch=", "name its values"},   {"optimizer=sgd|adm", "adm"},
        {"batch=16|0", "whole number from 1"},           {"epochs=1|2", "halving"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct experiment plan = experiment_usual(EXPERIMENT_SWEEP);
        plan.method = SWEEP_HALVING;
        error = (struct error){0};
        enum status status = experiment_add_axes(&plan, cases[i].text, &error);
        if (!status)
            status = experiment_check(&plan, &error);
        if (status != STATUS_INVALID || !strstr(error.text, cases[i].says))
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].text, error.text, cases[i].says);
    }
}

static cJSON *again_as_text(cJSON *object) {
    char *text = cJSON_PrintUnformatted(object);
    cJSON_Delete(object);
    object = cJSON_Parse(text);
    cJSON_free(text);
    assert_non_null(object);
    return object;
}

static void plans_come_back_from_their_json(void **state) {
    (void)state;
    struct experiment plan = sweep_over("lr=1e-4..1e-1:7,batch=16|32,flip=yes|no"), back;
    plan.method = SWEEP_HALVING;
    plan.trials = 81;
    plan.base.epochs = 27;
    cJSON *object = again_as_text(experiment_json(&plan, true));
    back = experiment_usual(EXPERIMENT_SWEEP);
    assert_int_equal(experiment_parse(object, &back, &error), STATUS_OK);
    assert_int_equal(experiment_slots(&back), 81 * 4);
    for (size_t i = 0; i < 3; i++)
        for (size_t trial = 0; trial < 81; trial++) {
            char text[PARAM_TEXT_SIZE];
            experiment_value(&plan, trial, i, text);
            assert_string_equal(value(&back, trial, i), text);
        }
    cJSON_Delete(object);
    struct experiment race = experiment_usual(EXPERIMENT_RACE), again = race;
    assert_int_equal(experiment_set_batches(&race, "64,8,1024", &error), STATUS_OK);
    race.target_loss = 0.3;
    object = again_as_text(experiment_json(&race, false));
    assert_int_equal(experiment_parse(object, &again, &error), STATUS_OK);
    assert_int_equal(again.batch_count, 3);
    assert_true(again.batches[0] == 8 && again.batches[2] == 1024 && again.target_loss == 0.3 &&
                isnan(again.target_accuracy));
    cJSON_Delete(object);
    object = cJSON_Parse("{\"over\":{\"lr\":{\"from\":1e-4,\"to\":0.1}},\"trails\":5}");
    back = experiment_usual(EXPERIMENT_SWEEP);
    assert_int_equal(experiment_parse(object, &back, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "trails"));
    cJSON_Delete(object);
}

static void a_race_varies_batch_rate_and_seed(void **state) {
    (void)state;
    struct experiment plan = experiment_usual(EXPERIMENT_RACE);
    struct train_params params;
    plan.base.batch = 32;
    plan.base.lr = 0.1;
    plan.base.seed = 5;
    plan.seeds = 2;
    plan.rule = RATE_SQRT;
    assert_int_equal(experiment_slots(&plan), 16);
    assert_int_equal(experiment_params(&plan, 8 + 4, &params, &error), STATUS_OK);
    assert_true(params.batch == 128 && params.seed == 6);
    assert_true(fabs(params.lr - 0.2) < 1e-15);
    plan.rule = RATE_LINEAR;
    experiment_params(&plan, 0, &params, &error);
    assert_true(params.batch == 8 && fabs(params.lr - 0.025) < 1e-15 && params.seed == 5);
}

// ---- successive halving ---------------------------------------------------------------------------------------

enum { TRIALS = 27, RUNGS = 4 };

static struct experiment halving(void) {
    struct experiment plan = sweep_over("lr=1e-4..1e-1");
    plan.method = SWEEP_HALVING;
    plan.trials = TRIALS;
    plan.base.epochs = 27;
    return plan;
}

static double quality(size_t slot) { // the same trial is the better the longer it trains; trials in no order
    return (double)((slot / RUNGS * 17 + 5) % TRIALS) - 0.1 * (double)(slot % RUNGS);
}

// The promotions of Li et al. 2020, algorithm 2, with one worker, written down in their words.
static bool by_the_paper(const struct slot_result *results, struct trial *next) {
    for (int rung = RUNGS - 2; rung >= 0; rung--) {
        size_t candidates[TRIALS], count = 0;
        for (size_t t = 0; t < TRIALS; t++)
            if (results[t * RUNGS + (size_t)rung].done)
                candidates[count++] = t;
        for (size_t i = 0; i < count; i++) // sort by score
            for (size_t j = i + 1; j < count; j++)
                if (results[candidates[j] * RUNGS + (size_t)rung].score <
                    results[candidates[i] * RUNGS + (size_t)rung].score) {
                    size_t t = candidates[i];
                    candidates[i] = candidates[j];
                    candidates[j] = t;
                }
        for (size_t i = 0; i < count / 3; i++)
            if (!results[candidates[i] * RUNGS + (size_t)rung + 1].done) {
                next->from = candidates[i] * RUNGS + (size_t)rung;
                next->slot = next->from + 1;
                return true;
            }
    }
    for (size_t t = 0; t < TRIALS; t++)
        if (!results[t * RUNGS].done) {
            *next = (struct trial){t * RUNGS, SIZE_MAX};
            return true;
        }
    return false;
}

static void halving_promotes_as_its_paper_does(void **state) {
    (void)state;
    struct experiment plan = halving();
    struct slot_result results[TRIALS * RUNGS] = {{0}};
    struct trial next, expected;
    size_t runs = 0, on_rung[RUNGS] = {0};
    assert_int_equal(experiment_rungs(&plan), RUNGS);
    for (size_t rung = 0, epochs = 1; rung < RUNGS; rung++, epochs *= 3)
        assert_int_equal(experiment_rung_epochs(&plan, rung), epochs);
    while (experiment_next(&plan, results, &next)) {
        assert_true(by_the_paper(results, &expected));
        assert_int_equal(next.slot, expected.slot);
        assert_int_equal(next.from, expected.from);
        assert_false(results[next.slot].done);
        results[next.slot] = (struct slot_result){.done = true, .score = quality(next.slot)};
        on_rung[next.slot % RUNGS]++;
        assert_true(++runs <= TRIALS * RUNGS);
    }
    assert_false(by_the_paper(results, &expected));
    assert_int_equal(on_rung[0], 27);
    assert_in_range(on_rung[1], 9, 14); // a few too many: the price of not waiting
    for (size_t t = 0; t < TRIALS; t++)
        if (quality(t * RUNGS) == 0) // the best of all
            assert_true(results[t * RUNGS + RUNGS - 1].done);
}

static void failed_trials_go_no_further(void **state) {
    (void)state;
    struct experiment plan = halving();
    struct slot_result results[TRIALS * RUNGS] = {{0}};
    struct trial next;
    while (experiment_next(&plan, results, &next)) {
        bool failed = next.slot / RUNGS % 2 == 0;
        results[next.slot] = (struct slot_result){.done = true, .failed = failed, .score = failed ? NAN : quality(next.slot)};
        assert_false(failed && next.from != SIZE_MAX);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grid_is_every_combination),
        cmocka_unit_test(draws_lie_in_their_range_evenly),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(plans_come_back_from_their_json),
        cmocka_unit_test(a_race_varies_batch_rate_and_seed),
        cmocka_unit_test(halving_promotes_as_its_paper_does),
        cmocka_unit_test(failed_trials_go_no_further),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
