// Figures of predictions against scikit-learn (tests/fixtures/metrics.json, written by make_metrics.py), and that
// neither the order of rows nor how batches are merged shows in any bit of them.
#include "tests/support/test.h"

#include <cjson/cJSON.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/train/metrics_classes.h"
#include "core/train/metrics_numbers.h"

enum { ROWS_MOST = 1000, CLASSES_MOST = 8 };

// ---- exact sums -------------------------------------------------------------------------------------------

static double sum_of(const double *values, size_t count) {
    struct exact_sum sum = {0};
    for (size_t i = 0; i < count; i++)
        exact_add(&sum, values[i]);
    return exact_value(&sum);
}

static void same_bits(double a, double b) {
    if (memcmp(&a, &b, sizeof a) != 0)
        fail_msg("%a in place of %a", a, b);
}

static void sums_do_not_round(void **state) {
    (void)state;
    same_bits(sum_of(NULL, 0), 0);
    same_bits(sum_of((double[]){1e308, 1, -1e308}, 3), 1);
    same_bits(sum_of((double[]){1e16, 1, 1}, 3), 10000000000000002.0);
    same_bits(sum_of((double[]){1, DBL_EPSILON / 2}, 2), 1);                          // half way: to the even one
    same_bits(sum_of((double[]){1, DBL_EPSILON / 2, 0x1p-1074}, 3), 1 + DBL_EPSILON); // a little more
    same_bits(sum_of((double[]){-1, -DBL_EPSILON / 2, -0x1p-1074}, 3), -1 - DBL_EPSILON);
    same_bits(sum_of((double[]){0x1p-1074, 0x1p-1074}, 2), 0x1p-1073);
    same_bits(sum_of((double[]){DBL_MAX, DBL_MAX, -DBL_MAX}, 3), DBL_MAX);
    assert_true(isinf(sum_of((double[]){DBL_MAX, DBL_MAX}, 2)));
    struct exact_sum sum = {0};
    double high, low;
    exact_add_square(&sum, 1 + 0x1p-40); // 1 + 2^-39 + 2^-80
    exact_value2(&sum, &high, &low);
    same_bits(high, 1 + 0x1p-39);
    same_bits(low, 0x1p-80);
}

static struct { uint64_t state; } seed;
static uint64_t next_random(void) { // splitmix64
    uint64_t x = seed.state += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static double random_double(void) { // of any size
    double value;
    do {
        uint64_t bits = next_random();
        memcpy(&value, &bits, sizeof value);
    } while (!isfinite(value) || fabs(value) > 1e300);
    return value;
}

static void shuffle(double *values, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t other = next_random() % i;
        double kept = values[i - 1];
        values[i - 1] = values[other];
        values[other] = kept;
    }
}

static void sums_do_not_depend_on_order_or_grouping(void **state) {
    (void)state;
    seed.state = 7;
    for (int round = 0; round < 50; round++) {
        double values[200];
        for (size_t i = 0; i < 200; i++)
            values[i] = round % 2 ? random_double() : (double)(int64_t)next_random() * 0x1p-64;
        double before = sum_of(values, 200);
        shuffle(values, 200);
        struct exact_sum parts[3] = {{{0}, 0}};
        for (size_t i = 0; i < 200; i++)
            exact_add(&parts[next_random() % 3], values[i]);
        exact_merge(&parts[2], &parts[0]);
        exact_merge(&parts[1], &parts[2]);
        same_bits(sum_of(values, 200), before);
        same_bits(exact_value(&parts[1]), before);
    }
}

// ---- the fixture --------------------------------------------------------------------------------------------

static cJSON *fixture(void) {
    char *text = NULL;
    size_t size = 0;
    struct error error = {0};
    assert_int_equal(file_read("tests/fixtures/metrics.json", 0, &text, &size, &error), STATUS_OK);
    cJSON *root = cJSON_Parse(text);
    assert_non_null(root);
    mem_free(text);
    return root;
}

static double at(const cJSON *list, int index) {
    const cJSON *item = cJSON_GetArrayItem(list, index);
    return cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
}

static const cJSON *get(const cJSON *object, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!item)
        fail_msg("there is no %s", name);
    return item;
}

static void close_to(const char *name, const char *figure, double have, double want) {
    bool same = isnan(want) ? isnan(have) : fabs(have - want) <= 1e-9 * fabs(want) + 1e-15;
    if (!same)
        fail_msg("%s: %s is %.17g and should be %.17g", name, figure, have, want);
}

static void figure_is(const cJSON *test, const char *figure, double have) {
    const cJSON *want = get(get(test, "expected"), figure);
    close_to(get(test, "name")->valuestring, figure, have, cJSON_IsNumber(want) ? want->valuedouble : (double)NAN);
}

struct rows {
    size_t count, classes;
    int32_t labels[ROWS_MOST];
    float p[ROWS_MOST * CLASSES_MOST];
};

static struct rows *rows_of(const cJSON *test) {
    struct rows *rows = mem_alloc(1, sizeof *rows);
    const cJSON *labels = get(test, "labels"), *item;
    size_t i = 0;
    rows->count = (size_t)cJSON_GetArraySize(labels);
    rows->classes = (size_t)get(test, "classes")->valueint;
    assert_true(rows->count <= ROWS_MOST && rows->classes <= CLASSES_MOST);
    cJSON_ArrayForEach(item, labels) rows->labels[i++] = item->valueint;
    i = 0;
    cJSON_ArrayForEach(item, get(test, "probabilities")) rows->p[i++] = (float)item->valuedouble;
    assert_int_equal(i, rows->count * rows->classes);
    return rows;
}

static void add(struct class_metrics *metrics, const struct rows *rows, size_t first, size_t count) {
    struct error error = {0};
    assert_int_equal(class_metrics_add(metrics, rows->labels + first, rows->p + first * rows->classes, count, &error),
                     STATUS_OK);
}

static void open_metrics(struct class_metrics *metrics, size_t classes) {
    struct error error = {0};
    assert_int_equal(class_metrics_open(metrics, classes, &error), STATUS_OK);
}

static void check_each(const cJSON *test, const struct class_metrics *metrics, const struct class_figures *figures) {
    const cJSON *expected = get(test, "expected");
    const char *name = get(test, "name")->valuestring;
    bool two = metrics->classes == 2;
    for (size_t k = 0; k < metrics->classes; k++) {
        const struct class_figure *each = &figures->each[k];
        close_to(name, "precision", each->precision, at(get(expected, "precision"), (int)k));
        close_to(name, "recall", each->recall, at(get(expected, "recall"), (int)k));
        close_to(name, "f1", each->f1, at(get(expected, "f1"), (int)k));
        if (!two || k == 1)
            close_to(name, "AUC of a class", each->auc, at(get(expected, "each_auc"), two ? 0 : (int)k));
    }
    for (size_t i = 0; i < metrics->classes * metrics->classes; i++)
        assert_int_equal(metrics->confusion[i], (uint64_t)at(get(expected, "confusion"), (int)i));
}

static void classes_as_scikit_learn(void **state) {
    (void)state;
    cJSON *root = fixture();
    const cJSON *test;
    int cases = 0;
    cJSON_ArrayForEach(test, get(root, "classes")) {
        struct rows *rows = rows_of(test);
        struct class_metrics metrics;
        struct class_figures figures;
        struct error error = {0};
        open_metrics(&metrics, rows->classes);
        for (size_t first = 0; first < rows->count; first += 7)
            add(&metrics, rows, first, rows->count - first < 7 ? rows->count - first : 7);
        assert_int_equal(class_metrics_figures(&metrics, &figures, NULL, &error), STATUS_OK);
        assert_int_equal(figures.rows, rows->count);
        figure_is(test, "accuracy", figures.accuracy);
        figure_is(test, "top5", figures.top5);
        figure_is(test, "log_loss", figures.log_loss);
        figure_is(test, "brier", figures.brier);
        figure_is(test, "ece", figures.ece);
        figure_is(test, "auc", figures.auc);
        figure_is(test, "average_precision", figures.average_precision);
        figure_is(test, "macro_precision", figures.macro.precision);
        figure_is(test, "macro_recall", figures.macro.recall);
        figure_is(test, "macro_f1", figures.macro.f1);
        figure_is(test, "weighted_precision", figures.weighted.precision);
        figure_is(test, "weighted_recall", figures.weighted.recall);
        figure_is(test, "weighted_f1", figures.weighted.f1);
        check_each(test, &metrics, &figures);
        class_figures_free(&figures);
        class_metrics_close(&metrics);
        mem_free(rows);
        cases++;
    }
    assert_true(cases >= 8);
    cJSON_Delete(root);
}

static size_t numbers_of(const cJSON *list, double out[ROWS_MOST]) {
    const cJSON *item;
    size_t count = 0;
    cJSON_ArrayForEach(item, list) out[count++] = item->valuedouble;
    return count;
}

static void numbers_as_scikit_learn(void **state) {
    (void)state;
    cJSON *root = fixture();
    const cJSON *test;
    int cases = 0;
    cJSON_ArrayForEach(test, get(root, "numbers")) {
        double truth[ROWS_MOST], predicted[ROWS_MOST];
        size_t count = numbers_of(get(test, "truth"), truth);
        struct number_metrics metrics = {0};
        struct error error = {0};
        assert_int_equal(numbers_of(get(test, "predicted"), predicted), count);
        assert_int_equal(number_metrics_add(&metrics, truth, predicted, count, &error), STATUS_OK);
        struct number_figures figures = number_metrics_figures(&metrics);
        figure_is(test, "rmse", figures.rmse);
        figure_is(test, "mae", figures.mae);
        figure_is(test, "r2", figures.r2);
        figure_is(test, "bias", figures.bias);
        cases++;
    }
    assert_true(cases >= 7);
    cJSON_Delete(root);
}

// ---- merging ---------------------------------------------------------------------------------------------------

static struct rows *random_rows(size_t count, size_t classes) {
    struct rows *rows = mem_alloc(1, sizeof *rows);
    rows->count = count;
    rows->classes = classes;
    for (size_t i = 0; i < count; i++) {
        float sum = 0, *p = rows->p + i * classes;
        for (size_t k = 0; k < classes; k++)
            sum += p[k] = (float)(1 + next_random() % 9); // few values: ties
        for (size_t k = 0; k < classes; k++)
            p[k] = fminf(p[k] / sum, 1);
        rows->labels[i] = (int32_t)(next_random() % (classes + 1)) - 1; // some are not known
    }
    return rows;
}

static void swap_rows(struct rows *rows, size_t a, size_t b) {
    int32_t label = rows->labels[a];
    rows->labels[a] = rows->labels[b];
    rows->labels[b] = label;
    for (size_t k = 0; k < rows->classes; k++) {
        float p = rows->p[a * rows->classes + k];
        rows->p[a * rows->classes + k] = rows->p[b * rows->classes + k];
        rows->p[b * rows->classes + k] = p;
    }
}

static void same_figures(const struct class_metrics *one, const struct class_metrics *two) {
    struct class_figures a, b;
    struct error error = {0};
    assert_int_equal(class_metrics_figures(one, &a, NULL, &error), STATUS_OK);
    assert_int_equal(class_metrics_figures(two, &b, NULL, &error), STATUS_OK);
    assert_memory_equal(a.each, b.each, one->classes * sizeof *a.each);
    assert_memory_equal(one->confusion, two->confusion, one->classes * one->classes * sizeof *one->confusion);
    class_figures_free(&a);
    class_figures_free(&b);
    a.each = b.each = NULL;
    assert_memory_equal(&a, &b, sizeof a);
}

static void merging_in_any_order_gives_the_same_bits(void **state) {
    (void)state;
    seed.state = 11;
    for (int round = 0; round < 60; round++) {
        size_t classes = 2 + next_random() % 7, count = 1 + next_random() % 300;
        struct rows *rows = random_rows(count, classes);
        struct class_metrics whole, parts[4];
        struct error error = {0};
        open_metrics(&whole, classes);
        add(&whole, rows, 0, count);
        for (size_t i = count; i > 1; i--)
            swap_rows(rows, i - 1, next_random() % i);
        for (int i = 0; i < 4; i++)
            open_metrics(&parts[i], classes);
        for (size_t first = 0; first < count;) {
            size_t now = 1 + next_random() % 20;
            now = now < count - first ? now : count - first;
            add(&parts[next_random() % 4], rows, first, now);
            first += now;
        }
        assert_int_equal(class_metrics_merge(&parts[3], &parts[1], &error), STATUS_OK);
        assert_int_equal(class_metrics_merge(&parts[0], &parts[2], &error), STATUS_OK);
        assert_int_equal(class_metrics_merge(&parts[3], &parts[0], &error), STATUS_OK);
        same_figures(&whole, &parts[3]);
        assert_int_equal(whole.unknown + whole.rows, count);
        assert_int_equal(whole.unknown, parts[3].unknown);
        class_metrics_close(&whole);
        for (int i = 0; i < 4; i++)
            class_metrics_close(&parts[i]);
        mem_free(rows);
    }
}

static void numbers_merged_in_any_order_give_the_same_bits(void **state) {
    (void)state;
    seed.state = 13;
    for (int round = 0; round < 60; round++) {
        size_t count = 1 + next_random() % 300;
        struct number_metrics whole = {0}, parts[3] = {{0}};
        struct error error = {0};
        for (size_t i = 0; i < count; i++) {
            double truth = 1e6 + (double)(next_random() % 1000) / 7,
                   predicted = truth + (double)(next_random() % 9) / 3;
            if (next_random() % 10 == 0)
                truth = NAN;
            assert_int_equal(number_metrics_add(&whole, &truth, &predicted, 1, &error), STATUS_OK);
            assert_int_equal(number_metrics_add(&parts[next_random() % 3], &truth, &predicted, 1, &error), STATUS_OK);
        }
        number_metrics_merge(&parts[2], &parts[0]);
        number_metrics_merge(&parts[1], &parts[2]);
        struct number_figures a = number_metrics_figures(&whole), b = number_metrics_figures(&parts[1]);
        assert_memory_equal(&a, &b, sizeof a);
    }
}

// ---- edges -------------------------------------------------------------------------------------------------------

static void what_is_no_probability_is_refused(void **state) {
    (void)state;
    struct class_metrics metrics;
    open_metrics(&metrics, 2);
    const float bad[] = {NAN, INFINITY, -0.1f, 1.5f};
    for (size_t i = 0; i < 4; i++) {
        float p[] = {0.5f, 0.5f, 0.5f, bad[i]};
        struct error error = {0};
        assert_int_equal(class_metrics_add(&metrics, (int32_t[]){0, 1}, p, 2, &error), STATUS_NUMERIC);
        assert_non_null(strstr(error.text, "probability"));
        assert_int_equal(metrics.rows, 0); // the good row of the batch neither
    }
    class_metrics_close(&metrics);
    struct number_metrics numbers = {0};
    for (size_t i = 0; i < 2; i++) {
        struct error error = {0};
        double truth[] = {1, 1}, predicted[] = {1, (double)bad[i]};
        assert_int_equal(number_metrics_add(&numbers, truth, predicted, 2, &error), STATUS_NUMERIC);
        assert_int_equal(numbers.rows, 0);
    }
}

static void no_rows_have_no_figures(void **state) {
    (void)state;
    struct class_metrics metrics;
    struct class_figures figures;
    struct error error = {0};
    open_metrics(&metrics, 7);
    assert_int_equal(class_metrics_figures(&metrics, &figures, NULL, &error), STATUS_OK);
    assert_true(isnan(figures.accuracy) && isnan(figures.top5) && isnan(figures.log_loss) && isnan(figures.brier));
    assert_true(isnan(figures.ece) && isnan(figures.auc) && isnan(figures.average_precision));
    assert_true(isnan(figures.macro.f1) && isnan(figures.weighted.f1) && isnan(figures.bins[3].accuracy));
    class_figures_free(&figures);
    class_metrics_close(&metrics);
    struct number_metrics none = {0};
    struct number_figures numbers = number_metrics_figures(&none);
    assert_true(numbers.rows == 0 && isnan(numbers.rmse) && isnan(numbers.mae) && isnan(numbers.r2));
}

static void failing_allocations_leave_what_was_there(void **state) {
    (void)state;
    seed.state = 3;
    struct rows *rows = random_rows(100, 3);
    for (unsigned long after = 1; after < 12; after++) {
        struct class_metrics metrics = {0}, more = {0};
        struct class_figures figures = {0};
        struct error error = {0};
        mem_fail_at(after);
        enum status status = class_metrics_open(&metrics, 3, &error);
        if (!status)
            status = class_metrics_add(&metrics, rows->labels, rows->p, 100, &error);
        if (!status)
            status = class_metrics_open(&more, 3, &error);
        if (!status)
            status = class_metrics_merge(&more, &metrics, &error);
        if (!status)
            status = class_metrics_figures(&more, &figures, NULL, &error);
        mem_fail_at(0);
        assert_true(status == STATUS_MEMORY || after > 9);
        assert_true(more.rows == 0 || more.rows == metrics.rows);
        class_figures_free(&figures);
        class_metrics_close(&metrics);
        class_metrics_close(&more);
    }
    mem_free(rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_do_not_round),
        cmocka_unit_test(sums_do_not_depend_on_order_or_grouping),
        cmocka_unit_test(classes_as_scikit_learn),
        cmocka_unit_test(numbers_as_scikit_learn),
        cmocka_unit_test(merging_in_any_order_gives_the_same_bits),
        cmocka_unit_test(numbers_merged_in_any_order_give_the_same_bits),
        cmocka_unit_test(what_is_no_probability_is_refused),
        cmocka_unit_test(no_rows_have_no_figures),
        cmocka_unit_test(failing_allocations_leave_what_was_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
