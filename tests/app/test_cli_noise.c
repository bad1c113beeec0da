// batchlab noise-scale and lr-range, as a script reads them; exact figures redone by hand.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/child.h"
#include "tests/support/json_lines.h"
#include "tests/support/test.h"

#define SAMPLE(name) "datasets/samples/" name

static struct json_lines lines;

// The lines of a command that did as asked.
static void read_lines(struct child *program) {
    child_assert_done(program);
    json_lines_read(&lines, program->out);
    child_free(program);
}

static cJSON *answer(struct child *program) {
    child_assert_done(program);
    cJSON *object = cJSON_Parse(program->out);
    assert_non_null(object);
    assert_ptr_equal(strchr(program->out, '\n'), program->out + program->out_length - 1); // one object, one line
    child_free(program);
    return object;
}

static double number(const cJSON *object, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    assert_true(cJSON_IsNumber(item));
    return item->valuedouble;
}

static void assert_close(double value, double expected) {
    if (!(fabs(value - expected) <= 1e-5 * fabs(expected))) {
        fail_msg("%.9g is not %.9g", value, expected);
    }
}

enum { ROWS = 60, WEIGHTS = 3 };

static void columns_of(int row, double x[2], double *y) {
    x[0] = (row * 7 % 13) / 4.0 - 1;
    x[1] = (row * 5 % 11) / 3.0 - 2;
    *y = 10 + 3 * x[0] - x[1] + (row * 17 % 7) / 2.0;
}

// A linear model at zeros, on a table as it is: the target stands for (y − mean)/sd (ddof 0), the loss is the mean of
// (w·x + b − t)², so that row i's own gradient is −2·t·(x, 1). trace: over rows − 1, as numpy.trace(numpy.cov(g.T)).
static void exact_figures_by_hand(void **state) {
    (void)state;
    char text[ROWS * 80] = "a,b,y\n";
    double mean = 0, variance = 0, gradient[WEIGHTS] = {0}, trace = 0, square = 0;
    for (int i = 0; i < ROWS; i++) {
        double x[2], y;
        columns_of(i, x, &y);
        mean += y / ROWS;
        snprintf(text + strlen(text), 80, "%.17g,%.17g,%.17g\n", x[0], x[1], y);
    }
    for (int i = 0; i < ROWS; i++) {
        double x[2], y;
        columns_of(i, x, &y);
        variance += (y - mean) * (y - mean) / ROWS;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < ROWS; i++) {
            double x[2], y;
            columns_of(i, x, &y);
            for (int k = 0; k < WEIGHTS; k++) {
                double g = -2 * (y - mean) / sqrt(variance) * (k < 2 ? x[k] : 1);
                gradient[k] += pass == 0 ? g / ROWS : 0;
                trace += pass == 1 ? (g - gradient[k]) * (g - gradient[k]) / (ROWS - 1) : 0;
            }
        }
    }
    for (int k = 0; k < WEIGHTS; k++) {
        square += gradient[k] * gradient[k];
    }
    const char *path = child_file("line.csv", text);
    struct child program =
        CHILD_RUN("noise-scale", path, "--model", "linear", "--init", "zeros", "--recipe", "none", "--validation", "0",
                  "--batch", "12", "--micro-batch", "1", "--at-step", "0", "--samples", "200", "--exact", "--json");
    cJSON *object = answer(&program);
    assert_int_equal(number(object, "rows"), ROWS);
    assert_close(number(object, "exact_trace"), trace);
    assert_close(number(object, "exact_gradient_sq"), square);
    assert_close(number(object, "exact_noise_scale"), trace / square);
    assert_true(number(object, "low") < trace / square && trace / square < number(object, "high"));
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(object, "resolved")));
    assert_close(number(object, "noise_scale"), number(object, "trace") / number(object, "gradient_sq"));
    cJSON_Delete(object);
}

static void at_a_step(void **state) {
    (void)state;
    struct child program = CHILD_RUN("noise-scale", SAMPLE("breast_cancer.csv"), "--batch", "64", "--micro-batch", "8",
                                     "--at-step", "1000", "--samples", "40", "--json");
    cJSON *object = answer(&program); // 8 steps an epoch: more epochs than the usual 20
    assert_int_equal(number(object, "step"), 1000);
    assert_int_equal(number(object, "batch"), 64);
    assert_int_equal(number(object, "micro_batch"), 8);
    assert_null(cJSON_GetObjectItem(object, "exact_trace"));
    cJSON_Delete(object);
    program = CHILD_RUN("noise-scale", SAMPLE("breast_cancer.csv"), "--batch-norm", "--batch", "64", "--at-step", "3");
    child_assert_done(&program);
    assert_non_null(strstr(program.out, "noise scale"));
    child_free(&program);
}

static void refusals(void **state) {
    (void)state;
#define NOISE(...) CHILD_RUN("noise-scale", SAMPLE("breast_cancer.csv"), __VA_ARGS__)
    struct child child = NOISE("--batch", "32", "--micro-batch", "5");
    REFUSED(child, 2, "multiple", NULL);
    child_free(&child);
    child = NOISE("--batch", "8", "--micro-batch", "8");
    REFUSED(child, 2, "at least twice", NULL);
    child_free(&child);
    child = NOISE("--samples", "0");
    REFUSED(child, 2, "--samples", NULL);
    child_free(&child);
    child = NOISE("--at-step", "-1");
    REFUSED(child, 2, "--at-step", NULL);
    child_free(&child);
    child = NOISE("--init", "zeros");
    REFUSED(child, 2, "--model linear", NULL);
    child_free(&child);
    child = NOISE("--at-step", "1000", "--epochs", "2");
    REFUSED(child, 1, "raise --epochs", NULL);
    child_free(&child);
    child = NOISE("--batch", "512", "--micro-batch", "64");
    REFUSED(child, 1, "455", NULL);
    child_free(&child);
    child = NOISE("--batch", "32", "--micro-batch", "1", "--batch-norm");
    REFUSED(child, 1, "batch normalization", NULL);
    child_free(&child);
    child = NOISE("--batch", "32", "--batch-norm", "--exact");
    REFUSED(child, 1, "batch normalization", NULL);
    child_free(&child);
    child = NOISE("--lr", "100", "--at-step", "500");
    REFUSED(child, 1, "diverged", NULL);
    child_free(&child);
    child = CHILD_RUN("noise-scale", "nowhere.csv");
    REFUSED(child, 1, "nowhere.csv", NULL);
    child_free(&child);
}

// One line a step, the rates in even factors, and the four suggestions in the last line.
static void range_test(void **state) {
    (void)state;
    struct child program = CHILD_RUN("lr-range", SAMPLE("breast_cancer.csv"), "--batch", "64", "--json");
    read_lines(&program);
    size_t steps = lines.count - 1;
    double losses = 0;
    for (size_t i = 0; i < steps; i++) {
        const cJSON *point = lines.items[i];
        assert_int_equal(number(point, "step"), i + 1);
        assert_close(number(point, "lr"), 1e-7 * pow(1e8, (double)i / 100));
        assert_true(number(point, "smoothed") > 0);
        losses += number(point, "loss");
    }
    assert_true(steps > 50 && steps <= 100 && losses > 0);
    const char *const names[] = {"valley", "steep", "minimum", "slide"};
    for (int i = 0; i < 4; i++) {
        assert_true(number(lines.items[steps], names[i]) >= 1e-7 && number(lines.items[steps], names[i]) < 10);
    }
    json_lines_free(&lines);
    program = CHILD_RUN("lr-range", SAMPLE("breast_cancer.csv"), "--at-step", "30");
    child_assert_done(&program);
    assert_non_null(strstr(program.out, "valley"));
    child_free(&program);
    program = CHILD_RUN("lr-range", SAMPLE("breast_cancer.csv"), "--at-step", "many");
    REFUSED(program, 2, "--at-step", NULL);
    child_free(&program);
}

// Of a run that was just kept: the start is the seed's, and the line to itself is level.
static void probes(void **state) {
    (void)state;
    struct child program = CHILD_RUN("train", SAMPLE("wine.csv"), "--epochs", "8", "--json");
    child_assert_done(&program);
    child_free(&program);
    program = CHILD_RUN("probe", "1", "--json");
    cJSON *object = answer(&program);
    assert_true(number(object, "distance") > 0 && number(object, "distance") < number(object, "weight_norm") * 3);
    assert_true(number(object, "sharpness") > 0);
    assert_close(number(object, "sharpness"),
                 100 * (number(object, "largest_loss") - number(object, "loss")) / (1 + number(object, "loss")));
    cJSON_Delete(object);
    program = CHILD_RUN("probe", "1", "1", "--points", "3", "--json");
    read_lines(&program);
    assert_int_equal(lines.count, 3);
    for (size_t i = 0; i < lines.count; i++) {
        assert_close(number(lines.items[i], "alpha"), (double)i / 2);
        assert_close(number(lines.items[i], "val_loss"), number(lines.items[0], "val_loss"));
    }
    json_lines_free(&lines);
    program = CHILD_RUN("probe", "77");
    REFUSED(program, 1, "77", NULL);
    child_free(&program);
    program = CHILD_RUN("probe", "first");
    REFUSED(program, 2, "first", NULL);
    child_free(&program);
    program = CHILD_RUN("probe", "1", "--points", "9");
    REFUSED(program, 2, "--points", NULL);
    child_free(&program);
}

// The rows of training that measures, one object each.
static void noise_events(void **state) {
    (void)state;
    struct child program =
        CHILD_RUN("train", SAMPLE("wine.csv"), "--epochs", "4", "--noise-scale", "--noise-every", "5", "--json");
    read_lines(&program);
    int rows = 0;
    for (size_t i = 0; i < lines.count; i++) {
        const cJSON *row = lines.items[i];
        if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(row, "event")), "noise") == 0) {
            assert_int_equal(number(row, "step"), 5 * rows++);
            assert_true(number(row, "trace") > 0);
            assert_true(cJSON_IsBool(cJSON_GetObjectItem(row, "resolved")));
        }
    }
    assert_true(rows == 4); // 5 steps an epoch
    json_lines_free(&lines);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_figures_by_hand),
        cmocka_unit_test(at_a_step),
        cmocka_unit_test(refusals),
        cmocka_unit_test(range_test),
        cmocka_unit_test(probes),
        cmocka_unit_test(noise_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
