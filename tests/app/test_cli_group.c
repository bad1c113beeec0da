// batchlab race and sweep as a person runs them: every run is one of the store, figures follow from their curves, and
// whatever kills the program, the group goes on where it was.
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "core/store/store.h"
#include "tests/app/kept_support.h"
#include "tests/support/json_lines.h"

#define CANCER SAMPLE("breast_cancer.csv")

static int set_up(void **state) {
    (void)state;
    return setenv("XDG_DATA_HOME", child_path("data"), 1);
}

static struct json_lines lines, others;

static bool is_event(const cJSON *line, const char *name) {
    return strcmp(json_get(line, "event")->valuestring, name) == 0;
}

static size_t count_events(const struct json_lines *all, const char *name) {
    size_t found = 0;
    for (size_t i = 0; i < all->count; i++)
        found += is_event(all->items[i], name);
    return found;
}

static void a_race_prints_a_row_for_every_batch_size_and_the_line(void **state) {
    (void)state;
    struct child program = CHILD_RUN("race", CANCER, "--batches", "8,32,128", "--seeds", "2", "--epochs", "15", "--json");
    child_assert_done(&program);
    json_lines_read(&lines, program.out);
    assert_int_equal(count_events(&lines, "run"), 6);
    assert_int_equal(count_events(&lines, "batch"), 3);
    const cJSON *fit = lines.items[lines.count - 1];
    assert_true(is_event(fit, "fit"));
    double e_min = json_figure(fit, "e_min"), s_min = json_figure(fit, "s_min"), critical = json_figure(fit, "critical_batch");
    assert_true(s_min > 0 && e_min >= 0 ? fabs(critical - e_min / s_min) <= 1e-9 * critical : isnan(critical));
    assert_string_equal(json_get(fit, "method")->valuestring, "bootstrap");
    double target = json_figure(fit, "target_loss");
    for (size_t i = 1; i < lines.count; i++) {
        if (is_event(lines.items[i], "run")) { // an epoch has 455 rows: steps follow from the batch size
            double batch = json_figure(lines.items[i], "batch");
            assert_true(json_figure(lines.items[i], "steps") == 15 * ceil(455 / batch));
            assert_true(json_figure(lines.items[i], "ms_per_step") > 0);
        } else if (is_event(lines.items[i], "batch")) {
            const cJSON *samples = json_get(lines.items[i], "samples_to_target"), *steps = json_get(lines.items[i], "steps_to_target");
            double batch = json_figure(lines.items[i], "batch");
            assert_int_equal(json_figure(lines.items[i], "reached"), 2);
            // Short last batches: a step is a little less than a batch.
            assert_true(json_figure(samples, "mean") <= batch * json_figure(steps, "mean") * 1.0000001);
            assert_true(json_figure(samples, "mean") >= 0.8 * batch * json_figure(steps, "mean"));
        }
    }
    assert_true(target > 0);
    json_lines_free(&lines);
    child_free(&program);
}

static void a_target_that_is_given_is_used(void **state) {
    (void)state;
    struct child program = CHILD_RUN("race", CANCER, "--batches", "16,64", "--epochs", "8", "--target-accuracy", "0.95",
                                     "--rule", "linear", "--json");
    child_assert_done(&program);
    json_lines_read(&lines, program.out);
    assert_true(json_figure(lines.items[lines.count - 1], "target_accuracy") == 0.95);
    assert_true(json_figure(lines.items[1], "lr") == 0.025 && json_figure(lines.items[2], "lr") == 0.1); // of 0.05 at batch 32
    json_lines_free(&lines);
    child_free(&program);
    program = CHILD_RUN("race", CANCER, "--batches", "16,64", "--epochs", "2", "--target-loss", "1e-9");
    child_assert_done(&program);
    assert_non_null(strstr(program.out, "no trade-off line: the trade-off line needs two batch sizes"));
    child_free(&program);
}

static void mistakes_are_sentences(void **state) {
    (void)state;
    struct child program = CHILD_RUN("race");
    REFUSED(program, 2, "needs a FILE");
    child_free(&program);
    program = CHILD_RUN("race", CANCER, "--batches", "8,x");
    REFUSED(program, 2, "batch sizes \"8,x\"");
    child_free(&program);
    program = CHILD_RUN("race", CANCER, "--batches", "8,100000", "--epochs", "1");
    REFUSED(program, 1, "100000 is larger than the");
    child_free(&program);
    program = CHILD_RUN("race", "--resume", "9999");
    REFUSED(program, 1, "no group 9999");
    child_free(&program);
    program = CHILD_RUN("race", CANCER, "--resume", "1");
    REFUSED(program, 2, "give no others");
    child_free(&program);
    program = CHILD_RUN("race", SAMPLE("diabetes.csv"), "--target-accuracy", "0.9");
    REFUSED(program, 1, "diabetes.csv has a number to predict", "choose a target loss");
    child_free(&program);
    program = CHILD_RUN("sweep", SAMPLE("diabetes.csv"), "--over", "lr=0.1|0.2", "--objective", "accuracy");
    REFUSED(program, 1, "choose the objective rmse or loss");
    child_free(&program);
    program = CHILD_RUN("sweep", CANCER, "--over", "lr=0.1|0.2", "--objective", "rmse");
    REFUSED(program, 1, "breast_cancer.csv has classes to predict", "choose the objective accuracy or loss");
    child_free(&program);
    program = CHILD_RUN("sweep", CANCER);
    REFUSED(program, 2, "varies nothing");
    child_free(&program);
    program = CHILD_RUN("sweep", CANCER, "--over", "lr=1..2:cubic");
    REFUSED(program, 2, "cubic");
    child_free(&program);
    program = CHILD_RUN("sweep", CANCER, "--sweep", child_file("bad.json", "{\"over\":{\"lr\":5}}"));
    REFUSED(program, 2, "bad.json", "\"lr\" must be");
    child_free(&program);
}

// Lines come in the order in which trials ended.
static const cJSON *line_of_trial(const struct json_lines *all, size_t trial) {
    for (size_t i = 0; i < all->count; i++)
        if (is_event(all->items[i], "trial") && json_figure(all->items[i], "trial") == (double)trial)
            return all->items[i];
    fail_msg("trial %zu is missing", trial);
    return NULL;
}

static void a_file_gives_the_same_sweep_as_flags(void **state) {
    (void)state;
    const char *path = child_file("sweep.json", "{\"method\":\"grid\",\"over\":{\"lr\":{\"from\":0.01,\"to\":0.1,\"points\":2},"
                                                "\"batch\":[16,32]},\"params\":{\"epochs\":2}}");
    struct child program = CHILD_RUN("sweep", CANCER, "--sweep", path, "--json");
    child_assert_done(&program);
    json_lines_read(&lines, program.out);
    child_free(&program);
    program = CHILD_RUN("sweep", CANCER, "--over", "lr=0.01..0.1:2,batch=16|32", "--method", "grid", "--epochs", "2", "--json");
    child_assert_done(&program);
    json_lines_read(&others, program.out);
    assert_int_equal(others.count, lines.count);
    assert_int_equal(lines.count, 1 + 4 + 1);
    for (size_t i = 0; i < 4; i++) {
        const cJSON *one = line_of_trial(&lines, i), *other = line_of_trial(&others, i);
        assert_true(cJSON_Compare(json_get(one, "values"), json_get(other, "values"), true));
        assert_true(json_figure(one, "val_accuracy") == json_figure(other, "val_accuracy"));
    }
    json_lines_free(&lines);
    json_lines_free(&others);
    child_free(&program);
}

// A trial that goes on from its checkpoint ends where one would that had all epochs at once.
static void halving_goes_on_from_checkpoints(void **state) {
    (void)state;
    struct child program = CHILD_RUN("sweep", CANCER, "--over", "lr=1e-3..1e-1", "--method", "halving", "--trials", "9",
                                     "--epochs", "9", "--objective", "loss", "--json");
    child_assert_done(&program);
    size_t last = 0;
    json_lines_read(&lines, program.out);
    for (size_t i = 1; i + 1 < lines.count; i++)
        if (json_figure(lines.items[i], "rung") == 2)
            last = i;
    assert_true(last > 0);
    assert_true(json_figure(lines.items[last], "epochs") == 9);
    char rate[32], run[32];
    snprintf(rate, sizeof rate, "%.17g", json_figure(json_get(lines.items[last], "values"), "lr"));
    struct trained whole = TRAIN(CANCER, "--epochs", "9", "--lr", rate);
    snprintf(run, sizeof run, "%.0f", json_figure(lines.items[last], "run"));
    cJSON *one = EVAL(run), *other = EVAL(whole.run);
    assert_true(json_figure(one, "log_loss") == json_figure(other, "log_loss"));
    cJSON_Delete(one);
    cJSON_Delete(other);
    cJSON_Delete(whole.done);
    json_lines_free(&lines);
    child_free(&program);
}

// It is a trial that failed, with its reason, and the others are run.
static void a_trial_that_cannot_be_begun_says_why(void **state) {
    (void)state;
    struct child program = CHILD_RUN("sweep", CANCER, "--over", "batch=100000|16", "--method", "grid", "--epochs", "2", "--json");
    assert_int_equal(program.status, 0);
    assert_non_null(strstr(program.err, "batchlab: batch size 100000 is larger than"));
    json_lines_read(&lines, program.out);
    assert_int_equal(count_events(&lines, "trial"), 2);
    assert_string_equal(json_get(lines.items[1], "state")->valuestring, "failed");
    assert_non_null(strstr(json_get(lines.items[1], "reason")->valuestring, "100000"));
    assert_true(isnan(json_figure(lines.items[1], "val_accuracy")));
    assert_string_equal(json_get(lines.items[2], "state")->valuestring, "done");
    assert_int_equal(json_figure(lines.items[3], "failed"), 1);
    json_lines_free(&lines);
    child_free(&program);
    program = CHILD_RUN("sweep", CANCER, "--over", "batch=100000", "--method", "grid", "--epochs", "2");
    assert_int_equal(program.status, 1);
    assert_non_null(strstr(program.err, "batchlab: batch size 100000 is larger than"));
    child_free(&program);
}

// Each figure is to the bit that of one after the other; what cannot be begun and what diverges fail alone.
static void side_by_side_trials_are_the_same(void **state) {
    (void)state;
    static const char over[] = "lr=0.001|0.05|100,batch=16|100000|32";
    const char *const counts[] = {"1", "4"};
    struct json_lines *both[] = {&lines, &others};
    for (size_t i = 0; i < 2; i++) {
        struct child program = CHILD_RUN("sweep", CANCER, "--over", over, "--method", "grid", "--epochs", "4", "--at-once",
                                         counts[i], "--json");
        assert_int_equal(program.status, 0);
        json_lines_read(both[i], program.out);
        assert_int_equal(count_events(both[i], "trial"), 9);
        const cJSON *done = both[i]->items[both[i]->count - 1];
        assert_int_equal(json_figure(done, "failed"), 5);
        assert_true(i == 0 ? json_figure(done, "at_once") == 1 : json_figure(done, "at_once") > 1);
        child_free(&program);
    }
    for (size_t i = 0; i < 9; i++) {
        const cJSON *one = line_of_trial(&lines, i), *other = line_of_trial(&others, i);
        double a = json_figure(one, "val_accuracy"), b = json_figure(other, "val_accuracy");
        assert_true(cJSON_Compare(json_get(one, "values"), json_get(other, "values"), true));
        assert_true(cJSON_Compare(json_get(one, "state"), json_get(other, "state"), true));
        assert_true(a == b || (isnan(a) && isnan(b)));
    }
    json_lines_free(&lines);
    json_lines_free(&others);
}

static void halving_side_by_side_promotes_the_best_of_those_that_have_ended(void **state) {
    (void)state;
    struct child program = CHILD_RUN("sweep", CANCER, "--over", "lr=1e-3..1e-1", "--method", "halving", "--trials", "9",
                                     "--epochs", "9", "--at-once", "3", "--json");
    size_t rungs[3] = {0};
    child_assert_done(&program);
    json_lines_read(&lines, program.out);
    for (size_t i = 0; i < lines.count; i++)
        if (is_event(lines.items[i], "trial"))
            rungs[(size_t)json_figure(lines.items[i], "rung")]++;
    assert_int_equal(rungs[0], 9);
    assert_true(rungs[1] >= 3 && rungs[2] >= 1 && rungs[2] <= rungs[1] && rungs[1] <= 9);
    json_lines_free(&lines);
    child_free(&program);
}

// ---- killed -------------------------------------------------------------------------------------------------

static struct store *open_runs(void) {
    struct store *store = NULL;
    struct error error;
    if (store_open(&store, NULL, &error))
        fail_msg("%s", error.text);
    return store;
}

// How many slots of the newest group hold a run that is done; no run is in two of them.
static size_t slots_done(int64_t *group) {
    struct store *store = open_runs();
    struct experiment_record *groups = NULL;
    struct experiment_slot *slots = NULL;
    struct error error;
    size_t count = 0, done = 0;
    assert_int_equal(store_experiments(store, &groups, &count, &error), STATUS_OK);
    *group = count > 0 ? groups[0].id : 0;
    free(groups);
    count = 0;
    if (*group)
        assert_int_equal(store_experiment_slots(store, *group, &slots, &count, &error), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        struct run_record run;
        assert_int_equal(store_run(store, slots[i].run, &run, &error), STATUS_OK);
        assert_true(run.experiment == *group && run.slot == slots[i].slot);
        done += run.state == RUN_DONE;
        for (size_t j = 0; j < i; j++)
            assert_true(slots[j].run != slots[i].run && slots[j].slot != slots[i].slot);
    }
    free(slots);
    store_close(store);
    return done;
}

static void killed_twenty_times_no_run_is_lost_or_counted_twice(void **state) {
    (void)state;
    char group[24];
    int64_t id = 0, first = 0;
    size_t before = 0, kills = 0, repeated = 0, idle = 0;
    setenv("XDG_DATA_HOME", child_path("killed"), 1);
    struct child program =
        child_start(NULL, (const char *const[]){"sweep", CANCER, "--over", "lr=1e-3..1e-1,batch=16|32|64", "--trials",
                                                "60", "--epochs", "20", "--at-once", "3", "--json", NULL});
    for (; kills < 20; kills++) {
        // After other times, so that it is killed at every stage: between 20 and 120 ms.
        // Longer when nothing was done so far: the machine is busy.
        long milliseconds = (long)(20 + kills * 37 % 100) * (1 + (long)idle);
        nanosleep(&(struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000}, NULL);
        kill(program.pid, SIGKILL);
        child_wait(&program);
        child_free(&program);
        size_t done = slots_done(&id);
        assert_true(done >= before); // nothing is lost
        idle = done > before ? 0 : idle + 1;
        assert_true(first == 0 || id == first);
        first = id;
        before = done;
        snprintf(group, sizeof group, "%lld", (long long)id);
        program = id == 0 ? child_start(NULL, (const char *const[]){"sweep", CANCER, "--over", "lr=1e-3..1e-1,batch=16|32|64",
                                                                   "--trials", "60", "--epochs", "20", "--at-once", "3", "--json", NULL})
                          : child_start(NULL, (const char *const[]){"sweep", "--resume", group, "--json", NULL});
    }
    child_wait(&program);
    child_assert_done(&program);
    json_lines_read(&lines, program.out);
    assert_true(is_event(lines.items[lines.count - 1], "done"));
    assert_int_equal(json_figure(lines.items[lines.count - 1], "runs"), 60);
    for (size_t i = 0; i + 1 < lines.count; i++)
        repeated += is_event(lines.items[i], "trial");
    assert_true(repeated <= 60 - before); // what was done before is not done again
    assert_int_equal(slots_done(&id), 60);
    snprintf(group, sizeof group, "%lld", (long long)id);
    json_lines_free(&lines);
    child_free(&program);
    program = CHILD_RUN("sweep", "--resume", group, "--json");
    child_assert_done(&program);
    assert_null(strstr(program.out, "\"trial\",\"group\"")); // nothing is left to do
    child_free(&program);
}

static void a_race_that_is_stopped_goes_on(void **state) {
    (void)state;
    int64_t id = 0;
    char group[24];
    struct child program = child_start(NULL, (const char *const[]){"race", CANCER, "--batches", "8,16,32,64", "--epochs",
                                                                   "400", "--json", NULL});
    size_t done = 0;
    for (int i = 0; i < 3000 && done == 0; i++) { // a minute: sanitizers are slow
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        child_output(&program);
        done = strstr(program.out, "\"event\":\"run\"") != NULL;
    }
    kill(program.pid, SIGINT);
    child_wait(&program);
    assert_int_equal(program.status, 1);
    assert_non_null(strstr(program.err, "--resume"));
    child_free(&program);
    done = slots_done(&id);
    assert_in_range(done, 1, 3);
    snprintf(group, sizeof group, "%lld", (long long)id);
    program = CHILD_RUN("sweep", "--resume", group, "--json");
    REFUSED(program, 1, "is a race; batchlab race --resume");
    child_free(&program);
    program = CHILD_RUN("race", "--resume", group, "--json");
    child_assert_done(&program);
    json_lines_read(&lines, program.out);
    assert_int_equal(count_events(&lines, "run"), 4 - done);
    for (size_t i = 0; i < lines.count; i++)
        if (is_event(lines.items[i], "batch"))
            assert_int_equal(json_figure(lines.items[i], "runs"), 1);
    json_lines_free(&lines);
    child_free(&program);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_race_prints_a_row_for_every_batch_size_and_the_line),
        cmocka_unit_test(a_target_that_is_given_is_used),
        cmocka_unit_test(mistakes_are_sentences),
        cmocka_unit_test(a_file_gives_the_same_sweep_as_flags),
        cmocka_unit_test(halving_goes_on_from_checkpoints),
        cmocka_unit_test(a_trial_that_cannot_be_begun_says_why),
        cmocka_unit_test(side_by_side_trials_are_the_same),
        cmocka_unit_test(halving_side_by_side_promotes_the_best_of_those_that_have_ended),
        cmocka_unit_test(killed_twenty_times_no_run_is_lost_or_counted_twice),
        cmocka_unit_test(a_race_that_is_stopped_goes_on),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
