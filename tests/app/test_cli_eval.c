// `batchlab eval`: figures of kept runs, against what training itself said and against predictions counted here.
#include "tests/app/kept_support.h"
#include "tests/support/scratch.h"

static void close_to(double have, double want, double distance) {
    if (!(fabs(have - want) <= distance * fmax(1, fabs(want))))
        fail_msg("%.17g in place of %.17g", have, want);
}

static void the_last_checkpoint_measures_as_the_last_epoch_did(void **state) {
    (void)state;
    struct trained run = TRAIN(SAMPLE("wine.csv"), "--epochs", "3", "--seed", "2", "--test", "0.2");
    const cJSON *last = json_get(run.done, "final");
    cJSON *plain = EVAL(run.run), *train = EVAL(run.run, "--part", "train"), *test = EVAL(run.run, "--part", "test");
    cJSON *all = EVAL(run.run, "--part", "all");
    assert_string_equal(json_get(plain, "part")->valuestring, "validation");
    close_to(json_figure(plain, "accuracy"), json_figure(last, "val_accuracy"), 1e-12);
    close_to(json_figure(plain, "log_loss"), json_figure(last, "val_loss"), 1e-5);
    assert_true(json_figure(plain, "rows") > 20 && json_figure(test, "rows") > 20 && json_figure(train, "rows") > 60);
    close_to(json_figure(all, "rows"), 178, 0);
    double right = json_figure(plain, "rows") * json_figure(plain, "accuracy") +
                   json_figure(train, "rows") * json_figure(train, "accuracy") +
                   json_figure(test, "rows") * json_figure(test, "accuracy");
    close_to(json_figure(all, "accuracy") * 178, right, 1e-9);
    assert_int_equal(cJSON_GetArraySize(json_get(plain, "confusion")), 3);
    assert_int_equal(cJSON_GetArraySize(json_get(plain, "calibration")), 15);
    assert_string_equal(json_get(cJSON_GetArrayItem(json_get(plain, "classes"), 1), "name")->valuestring, "class_1");
    cJSON_Delete(all);
    cJSON_Delete(test);
    cJSON_Delete(train);
    cJSON_Delete(plain);
    cJSON_Delete(run.done);
}

// A run keeps its model, whatever becomes of the file that it was written in.
static void a_model_file_may_be_gone(void **state) {
    (void)state;
    const char *text = "dense 16\nrelu\ndense outputs\n";
    char path[256];
    snprintf(path, sizeof path, "%s", scratch_file("own.txt", text, strlen(text)));
    struct trained run = TRAIN(SAMPLE("iris.csv"), "--model-file", path, "--epochs", "4", "--seed", "1");
    struct child refused = CHILD_RUN("train", SAMPLE("iris.csv"), "--model-file", path, "--hidden", "7");
    REFUSED(refused, 1, "hidden widths is not used with a model file");
    child_free(&refused);
    cJSON *before = EVAL(run.run);
    assert_int_equal(remove(path), 0);
    cJSON *after = EVAL(run.run);
    close_to(json_figure(after, "log_loss"), json_figure(before, "log_loss"), 0);
    struct child resumed = CHILD_RUN("resume", run.run, "--json");
    REFUSED(resumed, 1, "all of its 4 epochs", "--epochs 8");
    child_free(&resumed);
    resumed = CHILD_RUN("fork", run.run, "--epochs", "8", "--json");
    child_assert_done(&resumed);
    assert_non_null(strstr(resumed.out, "\"state\":\"done\""));
    child_free(&resumed);
    cJSON_Delete(after);
    cJSON_Delete(before);
    cJSON_Delete(run.done);
}

// With early stopping the best epoch's weights are kept beside, and may be older than the last ones.
static void the_best_checkpoint_can_be_measured(void **state) {
    (void)state;
    struct trained run = TRAIN(SAMPLE("iris.csv"), "--epochs", "300", "--patience", "3", "--seed", "1");
    cJSON *best = EVAL(run.run, "--checkpoint", "best");
    assert_true(json_figure(best, "step") > 0 && json_figure(best, "step") < json_figure(run.done, "steps"));
    assert_true(json_figure(best, "log_loss") < 0.5);
    cJSON_Delete(best);
    cJSON_Delete(run.done);
}

static void numbers_are_measured_in_their_own_unit(void **state) {
    (void)state;
    struct trained run = TRAIN(SAMPLE("diabetes.csv"), "--epochs", "10", "--seed", "2");
    cJSON *object = EVAL(run.run), *file = EVAL(run.run, SAMPLE("diabetes.csv"));
    close_to(json_figure(object, "rmse"), json_figure(json_get(run.done, "final"), "val_rmse"), 1e-5);
    assert_true(json_figure(object, "r2") > 0.2 && json_figure(object, "mae") < json_figure(object, "rmse"));
    close_to(json_figure(file, "rows"), 442, 0);
    cJSON_Delete(file);
    cJSON_Delete(object);
    cJSON_Delete(run.done);
}

static double cell(const cJSON *confusion, int truth, int taken) {
    return cJSON_GetArrayItem(cJSON_GetArrayItem(confusion, truth), taken)->valuedouble;
}

// New data is matched by name, rows without a known class count in no figure, and files are taken together.
static void new_files_are_measured(void **state) {
    (void)state;
    struct trained run = TRAIN(SAMPLE("iris.csv"), "--epochs", "20", "--seed", "2");
    const char *header = "petal_width,petal_length,species,sepal_length,sepal_width\n";
    char text[512];
    snprintf(text, sizeof text, "%s0.2,1.4,setosa,5.1,3.5\n0.2,1.4,,5.1,3.5\n0.2,1.4,virginica,5.1,3.5\n", header);
    const char *one = child_file("one.csv", text);
    snprintf(text, sizeof text, "%s0.2,1.4,orchid,5.1,3.5\n,1.4,setosa,5.1,3.5\n2.5,6,virginica,6.3,3.3\n", header);
    const char *two = child_file("two.csv", text);
    cJSON *object = EVAL(run.run, one, two);
    close_to(json_figure(object, "rows"), 6, 0);
    close_to(json_figure(object, "measured"), 3, 0); // one is missing, one unknown, one cannot be used
    close_to(json_figure(object, "unusable"), 1, 0);
    close_to(json_figure(object, "accuracy"), 2.0 / 3, 1e-12);
    const cJSON *confusion = json_get(object, "confusion");
    close_to(cell(confusion, 0, 0), 1, 0);
    close_to(cell(confusion, 2, 0), 1, 0);
    close_to(cell(confusion, 2, 2), 1, 0);
    cJSON_Delete(object);
    struct child words = CHILD_RUN("eval", run.run, one);
    child_assert_done(&words);
    assert_non_null(strstr(words.out, "2 rows, 1 more without a known species"));
    assert_non_null(strstr(words.out, "confusion"));
    assert_non_null(strstr(words.out, "virginica                 1          .          ."));
    child_free(&words);
    snprintf(text, sizeof text, "petal_width,petal_length,sepal_length,sepal_width\n1,2,3,4\n");
    words = CHILD_RUN("eval", run.run, child_file("none.csv", text));
    REFUSED(words, 1, "none has a known \"species\"");
    child_free(&words);
    cJSON_Delete(run.done);
}

static void pictures_are_measured(void **state) {
    (void)state;
    struct trained run = TRAIN(SAMPLE("fashion-mnist"), "--epochs", "1", "--model", "linear", "--seed", "1");
    cJSON *part = EVAL(run.run), *file = EVAL(run.run, SAMPLE("fashion-mnist"));
    close_to(json_figure(part, "accuracy"), json_figure(json_get(run.done, "final"), "val_accuracy"), 1e-12);
    assert_true(json_figure(file, "rows") > json_figure(part, "rows") && json_figure(file, "top5") > 0.5);
    cJSON_Delete(file);
    cJSON_Delete(part);
    cJSON_Delete(run.done);
}

static void what_is_not_there_is_said(void **state) {
    (void)state;
    struct trained run = TRAIN(SAMPLE("iris.csv"), "--epochs", "1");
    struct child program = CHILD_RUN("eval", "4711");
    REFUSED(program, 1, "there is no run 4711");
    child_free(&program);
    program = CHILD_RUN("eval", "iris");
    REFUSED(program, 2, "run \"iris\"");
    child_free(&program);
    program = CHILD_RUN("eval", run.run, "--part", "half");
    REFUSED(program, 2, "--part \"half\"");
    child_free(&program);
    program = CHILD_RUN("eval", run.run, "--part", "test");
    REFUSED(program, 1, "has no rows in its part \"test\"", "120 train");
    child_free(&program);
    program = CHILD_RUN("eval", run.run, SAMPLE("iris.csv"), "--part", "train");
    REFUSED(program, 2, "new data");
    child_free(&program);
    program = CHILD_RUN("eval", run.run, "--checkpoint", "7");
    REFUSED(program, 1, "no checkpoint \"7\"");
    child_free(&program);
    program = CHILD_RUN("eval", run.run, "--checkpoint", "first");
    REFUSED(program, 1, "\"first\": must be last, best or the number of a step");
    child_free(&program);
    program = CHILD_RUN("eval", run.run, SAMPLE("wine.csv"));
    REFUSED(program, 1, "there is no column \"sepal_length\" in wine.csv");
    child_free(&program);
    program = CHILD_RUN("eval", run.run, SAMPLE("fashion-mnist"));
    REFUSED(program, 1, "holds images and the model was trained on a table");
    child_free(&program);
    cJSON_Delete(run.done);
}

static void changed_data_and_lost_weights_are_said(void **state) {
    (void)state;
    char made[8192] = "a,b,y\n";
    for (int i = 0; i < 200; i++)
        snprintf(made + strlen(made), 32, "%d,%d,%s\n", i, i * 7 % 11, i % 2 ? "odd" : "even");
    const char *path = child_file("changes.csv", made);
    struct trained run = TRAIN(path, "--epochs", "2");
    cJSON_Delete(EVAL(run.run));
    snprintf(made + strlen(made), 32, "1,1,odd\n");
    child_write(path, made, strlen(made));
    struct child program = CHILD_RUN("eval", run.run);
    REFUSED(program, 1, "has changed since run", "as new data");
    child_free(&program);
    cJSON_Delete(EVAL(run.run, path)); // which can still be asked about
    char checkpoint[1100];
    snprintf(checkpoint, sizeof checkpoint, "%s/batchlab/runs/%s/last.ckpt", getenv("XDG_DATA_HOME"), run.run);
    size_t size = 0;
    char *bytes = child_read(checkpoint, &size);
    bytes[size / 2] = (char)(bytes[size / 2] ^ 4);
    child_write(checkpoint, bytes, size);
    program = CHILD_RUN("eval", run.run, path);
    REFUSED(program, 1, "last.ckpt");
    child_free(&program);
    child_write(checkpoint, bytes, size / 3);
    program = CHILD_RUN("eval", run.run, path);
    REFUSED(program, 1, "last.ckpt");
    child_free(&program);
    free(bytes);
    assert_int_equal(remove(checkpoint), 0);
    program = CHILD_RUN("eval", run.run, path);
    REFUSED(program, 1, "is gone");
    child_free(&program);
    cJSON_Delete(run.done);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_checkpoint_measures_as_the_last_epoch_did),
        cmocka_unit_test(a_model_file_may_be_gone),
        cmocka_unit_test(the_best_checkpoint_can_be_measured),
        cmocka_unit_test(numbers_are_measured_in_their_own_unit),
        cmocka_unit_test(new_files_are_measured),
        cmocka_unit_test(pictures_are_measured),
        cmocka_unit_test(what_is_not_there_is_said),
        cmocka_unit_test(changed_data_and_lost_weights_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
