// The reference itself: gradients against finite differences in double, crop and flip against a
// padded copy, dropout against its definition.
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/rng.h"
#include "tests/support/op_cases.h"

static struct backend *open_ref(void) {
    struct error error = {0};
    struct backend *backend = NULL;
    assert_int_equal(backend_open("ref", &(struct backend_options){0}, &backend, &error), STATUS_OK);
    return backend;
}

static const struct op_case *find_case(const char *name, size_t nth) {
    for (size_t i = 0; i < op_case_count; i++) {
        if (strcmp(op_cases[i].name, name) == 0 && nth-- == 0) {
            return &op_cases[i];
        }
    }
    fail_msg("no case %s", name);
    return NULL;
}

static void run(struct backend *ref, const struct op_case *c, const double *inputs, struct op_result *result) {
    struct error error = {0};
    if (op_case_run(ref, c, DTYPE_F64, 7, inputs, 1, result, &error)) {
        fail_msg("%s: %s", c->name, error.text);
    }
}

// ---- finite differences -------------------------------------------------------------------------
// f(x) = Σ r·y(x) for a forward case y and random r. Its gradient by ∂/∂x_i ≈ (f(x+h) − f(x−h))/2h,
// and by the gradient case that reads r in the place of dy.

static double weighted(struct backend *ref, const struct op_case *c, const double *x, const double *r) {
    struct op_result result;
    double sum = 0;
    run(ref, c, x, &result);
    for (size_t i = 0; i < result.outputs && r != NULL; i++) {
        sum += r[i] * result.output[i];
    }
    if (r == NULL) { // a loss: the mean over the batch, by the weights of its rows
        sum = result.metrics[METRIC_LOSS] / result.metrics[METRIC_ROWS];
    }
    op_result_free(&result);
    return sum;
}

static double *random_reals(size_t count, uint64_t stream) {
    double *x = mem_alloc(count, sizeof *x);
    struct rng rng = rng_make(11, RNG_TEST, stream);
    for (size_t i = 0; i < count; i++) {
        x[i] = rng_normal(&rng);
    }
    return x;
}

// Differences by the `count` inputs from `first` on; as many as `gradient` has.
static void check_differences(struct backend *ref, const struct op_case *forward, double *x, const double *r,
                              size_t first, size_t count, const double *gradient) {
    double *numeric = mem_alloc(count, sizeof *numeric);
    for (size_t i = 0; i < count; i++) {
        double kept = x[first + i], h = 1e-5;
        x[first + i] = kept + h;
        double above = weighted(ref, forward, x, r);
        x[first + i] = kept - h;
        numeric[i] = (above - weighted(ref, forward, x, r)) / (2 * h);
        x[first + i] = kept;
    }
    double off = normalized_error(gradient, numeric, count);
    if (!(off < 1e-6)) {
        fail_msg("%s %lld×%lld×%lld×%lld: the gradient is off by %g", forward->name, (long long)forward->size[0],
                 (long long)forward->size[1], (long long)forward->size[2], (long long)forward->size[3], off);
    }
    mem_free(numeric);
}

// A layer with weights: x, w, b lie one after the other in the forward case's inputs.
struct layer_sizes {
    size_t x, w, b, y;
};

static void check_layer(struct backend *ref, const struct op_case *forward, const struct op_case *input_gradient,
                        const struct op_case *weight_gradient, struct layer_sizes s) {
    double *all = random_reals(s.x + s.w + s.b, 1), *r = random_reals(s.y, 2);
    double *dy_w = mem_alloc(s.y + s.w, sizeof *dy_w), *x_dy = mem_alloc(s.x + s.y, sizeof *x_dy);
    struct op_result dx, dw;
    memcpy(dy_w, r, s.y * sizeof *r);
    memcpy(dy_w + s.y, all + s.x, s.w * sizeof *r);
    memcpy(x_dy, all, s.x * sizeof *r);
    memcpy(x_dy + s.x, r, s.y * sizeof *r);
    run(ref, input_gradient, dy_w, &dx);
    run(ref, weight_gradient, x_dy, &dw);
    assert_int_equal(dx.outputs, s.x);
    assert_int_equal(dw.outputs, s.w + s.b);
    check_differences(ref, forward, all, r, 0, s.x, dx.output);
    check_differences(ref, forward, all, r, s.x, s.w + s.b, dw.output);
    op_result_free(&dx);
    op_result_free(&dw);
    mem_free(all);
    mem_free(r);
    mem_free(dy_w);
    mem_free(x_dy);
}

static void test_dense(void **state) {
    (void)state;
    struct backend *ref = open_ref();
    for (size_t i = 0; i < 4; i++) {
        const struct op_case *c = find_case("dense", i);
        size_t batch = (size_t)c->size[0], inputs = (size_t)c->size[1], outputs = (size_t)c->size[2];
        check_layer(ref, c, find_case("dense input gradient", i), find_case("dense weight gradient", i),
                    (struct layer_sizes){batch * inputs, outputs * inputs, outputs, batch * outputs});
    }
    backend_close(ref);
}

static void test_convolution(void **state) {
    (void)state;
    struct backend *ref = open_ref();
    for (size_t i = 0; i < 7; i++) { // groups, strides and paddings among them
        const struct op_case *c = find_case("convolution", i);
        const int64_t *s = c->size;
        int64_t height = (s[2] + 2 * s[8] - s[5]) / s[7] + 1, width = (s[3] + 2 * s[8] - s[6]) / s[7] + 1;
        if (s[0] * s[1] * s[2] * s[3] * s[4] > 4000) {
            continue; // small ones say as much
        }
        check_layer(ref, c, find_case("convolution input gradient", i), find_case("convolution weight gradient", i),
                    (struct layer_sizes){(size_t)(s[0] * s[1] * s[2] * s[3]),
                                         (size_t)(s[4] * s[1] / s[9] * s[5] * s[6]), (size_t)s[4],
                                         (size_t)(s[0] * s[4] * height * width)});
    }
    backend_close(ref);
}

// Forward and backward are in one case: outputs y, then dx; inputs x, then dy.
static void check_pool(struct backend *ref, const char *name, size_t nth) {
    const struct op_case *c = find_case(name, nth);
    struct op_result at;
    run(ref, c, NULL, &at);
    size_t count = (size_t)(c->size[0] * c->size[1] * c->size[2] * c->size[3]), results = at.outputs - count;
    double *x = mem_copy(at.input, at.inputs * sizeof *x), *r = mem_alloc(at.outputs, sizeof *r);
    memcpy(r, x + count, results * sizeof *r); // and 0 for dx itself
    check_differences(ref, c, x, r, 0, count, at.output + results);
    op_result_free(&at);
    mem_free(x);
    mem_free(r);
}

static void test_pool(void **state) {
    (void)state;
    struct backend *ref = open_ref();
    for (size_t i = 0; i < 5; i++) {
        check_pool(ref, "max pool", i);
        check_pool(ref, "average pool", i);
    }
    backend_close(ref);
}

static void check_activation(struct backend *ref, const char *name, const char *gradient_name) {
    const struct op_case *forward = find_case(name, 1), *gradient = find_case(gradient_name, 1);
    size_t count = (size_t)gradient->size[0];
    struct op_case resized = *forward;
    resized.size[0] = gradient->size[0];
    struct op_result at;
    run(ref, gradient, NULL, &at);
    double *x = mem_copy(at.input + count, count * sizeof *x);
    check_differences(ref, &resized, x, at.input, 0, count, at.output);
    op_result_free(&at);
    mem_free(x);
}

static void test_activation(void **state) {
    (void)state;
    struct backend *ref = open_ref();
    check_activation(ref, "activation relu", "activation gradient relu");
    check_activation(ref, "activation tanh", "activation gradient tanh");
    check_activation(ref, "activation sigmoid", "activation gradient sigmoid");
    backend_close(ref);
}

static void check_loss(struct backend *ref, const char *name, size_t nth) {
    const struct op_case *c = find_case(name, nth);
    struct op_result at;
    run(ref, c, NULL, &at);
    size_t count = (size_t)(c->size[0] * c->size[1]);
    double *x = mem_copy(at.input, at.inputs * sizeof *x);
    check_differences(ref, c, x, NULL, 0, count, at.output);
    op_result_free(&at);
    mem_free(x);
}

static void test_losses(void **state) {
    (void)state;
    struct backend *ref = open_ref();
    check_loss(ref, "softmax", 1);
    check_loss(ref, "softmax, smoothed", 0);
    check_loss(ref, "softmax, weighted", 0);
    check_loss(ref, "squared error", 1);
    check_loss(ref, "absolute error", 1);
    check_loss(ref, "huber", 1);
    backend_close(ref);
}

// ---- values by hand -----------------------------------------------------------------------------

// logits (0, ln 3): probabilities 1/4, 3/4; the same row for both labels.
static void test_softmax_values(void **state) {
    (void)state;
    struct backend *ref = open_ref();
    struct op_case c = *find_case("softmax", 0);
    c.size[0] = 2;
    struct op_result at;
    run(ref, &c, (double[]){0, log(3), 0, log(3)}, &at);
    for (int i = 0; i < 2; i++) {
        assert_true(fabs(at.output[4 + 2 * i] - 0.25) < 1e-15 && fabs(at.output[5 + 2 * i] - 0.75) < 1e-15);
        bool first = at.output[2 * i] < 0; // the label's gradient is the negative one
        assert_true(fabs(at.output[2 * i] - (first ? -0.375 : 0.125)) < 1e-15);
        assert_true(fabs(at.output[2 * i + 1] - (first ? 0.375 : -0.125)) < 1e-15);
    }
    double correct = at.metrics[METRIC_CORRECT];
    assert_true(fabs(at.metrics[METRIC_LOSS] - ((2 - correct) * log(4) + correct * log(4.0 / 3))) < 1e-14);
    op_result_free(&at);
    backend_close(ref);
}

// Three steps of torch.optim.SGD(lr 0.1, momentum 0.9, weight_decay 0.01, nesterov=True) on one weight
// 1 with gradient 0.5, worked out from PyTorch's published update.
static void test_sgd_values(void **state) {
    (void)state;
    struct backend *ref = open_ref();
    struct op_case c = *find_case("sgd, nesterov", 0);
    struct error error = {0};
    struct op_result at;
    c.size[0] = 1;
    c.args = (struct step_args){.lr = 0.1, .momentum = 0.9, .weight_decay = 0.01, .nesterov = true};
    assert_int_equal(op_case_run(ref, &c, DTYPE_F64, 7, (double[]){1, 0.5}, 0, &at, &error), STATUS_OK);
    double w = 1, v = at.moment[0], change = 0;
    op_result_free(&at);
    assert_int_equal(op_case_run(ref, &c, DTYPE_F64, 7, (double[]){1, 0.5}, 3, &at, &error), STATUS_OK);
    for (int i = 0; i < 3; i++) {
        double g = 0.5 + 0.01 * w;
        v = 0.9 * v + g;
        change = 0.1 * (g + 0.9 * v);
        w -= change;
    }
    assert_true(fabs(at.input[0] - w) < 1e-15 && fabs(at.moment[0] - v) < 1e-15);
    assert_true(at.metrics[METRIC_GRADIENT_SQ] == 0.25);
    assert_true(fabs(at.metrics[METRIC_UPDATE_SQ] - change * change) < 1e-15);
    assert_true(fabs(at.metrics[METRIC_WEIGHT_SQ] - w * w) < 1e-15);
    op_result_free(&at);
    backend_close(ref);
}

// ---- dropout ------------------------------------------------------------------------------------

static void test_dropout(void **state) {
    (void)state;
    struct backend *ref = open_ref();
    struct op_case c = *find_case("dropout 30 %", 0);
    struct op_result at;
    c.size[0] = 100000;
    run(ref, &c, NULL, &at);
    size_t count = 100000, kept = 0;
    struct rng rng = rng_make(c.args.seed, RNG_DROPOUT, c.args.step << 8 | 3);
    for (size_t i = 0; i < count; i++) {
        bool keep = rng_u32(&rng) / 0x1p32 >= 0.3;
        double want = keep ? at.input[i] / 0.7 : 0, want_back = keep ? at.input[count + i] / 0.7 : 0;
        assert_true(fabs(at.output[i] - want) < 1e-12 && fabs(at.output[count + i] - want_back) < 1e-12);
        kept += keep;
    }
    assert_true(fabs((double)kept / (double)count - 0.7) < 5 * sqrt(0.3 * 0.7 / (double)count));
    op_result_free(&at);
    backend_close(ref);
}

// ---- pictures -----------------------------------------------------------------------------------

struct plane {
    double *at;
    int64_t height, width;
};

static struct plane plane_make(int64_t height, int64_t width) {
    return (struct plane){mem_alloc((size_t)(height * width), sizeof(double)), height, width};
}

// A border of `p`: NaN, or mirrored without repeating the edge, one ring after the other.
static struct plane padded(struct plane from, int64_t p, bool reflect) {
    struct plane to = plane_make(from.height + 2 * p, from.width + 2 * p);
    for (int64_t i = 0; i < to.height * to.width; i++) {
        int64_t h = i / to.width - p, w = i % to.width - p;
        while (reflect && (h < 0 || h >= from.height))
            h = from.height == 1 ? 0 : h < 0 ? -h : 2 * (from.height - 1) - h;
        while (reflect && (w < 0 || w >= from.width))
            w = from.width == 1 ? 0 : w < 0 ? -w : 2 * (from.width - 1) - w;
        bool inside = h >= 0 && h < from.height && w >= 0 && w < from.width;
        to.at[i] = inside ? from.at[h * from.width + w] : NAN;
    }
    return to;
}

static struct plane cut_window(struct plane from, int64_t top, int64_t left, int64_t height, int64_t width) {
    struct plane to = plane_make(height, width);
    for (int64_t i = 0; i < height * width; i++)
        to.at[i] = from.at[(top + i / width) * from.width + left + i % width];
    return to;
}

static void replace(struct plane *plane, struct plane next) {
    mem_free(plane->at);
    *plane = next;
}

static void mirror(struct plane plane) {
    for (int64_t i = 0; i < plane.height * plane.width; i++) {
        int64_t w = i % plane.width, other = i - w + plane.width - 1 - w;
        double kept = plane.at[i];
        if (w < plane.width / 2) {
            plane.at[i] = plane.at[other];
            plane.at[other] = kept;
        }
    }
}

struct changes { // drawn as program.h says
    int64_t top, left, down, right, cut_h, cut_w;
    bool flip;
    double brightness, contrast;
};

static struct changes draw_changes(const struct op_case *c, int64_t row) {
    const struct augment *a = &c->args.augment;
    struct rng rng = rng_make(c->args.seed, RNG_AUGMENT, c->args.epoch << 32 | (uint64_t)row);
    struct changes drawn;
    drawn.top = (int64_t)rng_below(&rng, (uint64_t)(2 * a->crop_padding + 1));
    drawn.left = (int64_t)rng_below(&rng, (uint64_t)(2 * a->crop_padding + 1));
    drawn.flip = rng_below(&rng, 2) == 1 && a->flip;
    drawn.down = (int64_t)rng_below(&rng, (uint64_t)(2 * a->translation + 1));
    drawn.right = (int64_t)rng_below(&rng, (uint64_t)(2 * a->translation + 1));
    drawn.cut_h = (int64_t)rng_below(&rng, (uint64_t)c->size[2]);
    drawn.cut_w = (int64_t)rng_below(&rng, (uint64_t)c->size[3]);
    drawn.brightness = a->brightness * (2 * rng_uniform(&rng) - 1);
    drawn.contrast = 1 + a->contrast * (2 * rng_uniform(&rng) - 1);
    return drawn;
}

// Another way to the same: pad, cut a window, pad with nothing and cut again, mirror; NaN is "nothing".
static struct plane changed_plane(const struct op_case *c, const struct changes *drawn, const double *image) {
    const struct augment *a = &c->args.augment;
    int64_t height = c->size[2], width = c->size[3];
    struct plane plane = plane_make(height, width);
    memcpy(plane.at, image, (size_t)(height * width) * sizeof *image);
    replace(&plane, padded(plane, a->crop_padding, a->crop_reflect));
    replace(&plane, cut_window(plane, drawn->top, drawn->left, height, width));
    replace(&plane, padded(plane, a->translation, false));
    replace(&plane, cut_window(plane, 2 * a->translation - drawn->down, 2 * a->translation - drawn->right, height,
                               width));
    if (drawn->flip)
        mirror(plane);
    for (int64_t i = 0; a->cutout && i < height * width; i++)
        if (llabs(2 * (i / width - drawn->cut_h) + (a->cutout % 2 == 0)) <= a->cutout - (a->cutout % 2) &&
            llabs(2 * (i % width - drawn->cut_w) + (a->cutout % 2 == 0)) <= a->cutout - (a->cutout % 2))
            plane.at[i] = NAN;
    return plane;
}

// From the normalized number back to the pixel, changed, and normalized again.
static double toned(const struct op_case *c, const struct changes *drawn, int64_t channel, double x) {
    const struct augment *a = &c->args.augment;
    bool pixels = (c->variant & 1) != 0;
    double mean = (double)(0.4f + 0.05f * (float)channel), sd = (double)(0.2f + 0.01f * (float)channel);
    if (isnan(x) || (a->brightness <= 0 && a->contrast <= 0))
        return isnan(x) ? 0 : x;
    if (!pixels)
        return drawn->contrast * x + drawn->brightness;
    double level = mean + x * sd * drawn->contrast + drawn->brightness;
    return ((level < 0 ? 0 : level > 1 ? 1 : level) - mean) / sd;
}

// Gathering the same rows without changes gives the pictures; `plain` says which those are.
static double check_augmentation(struct backend *ref, const struct op_case *c) {
    struct op_case plain = *c;
    plain.variant &= ~2;
    struct op_result at, images;
    run(ref, c, NULL, &at);
    run(ref, &plain, NULL, &images);
    int64_t size = c->size[2] * c->size[3];
    double changed = 0;
    int32_t rows[64];
    op_case_rows(c, 7, rows);
    for (int64_t i = 0; i < c->size[0]; i++) {
        struct changes drawn = draw_changes(c, rows[i]);
        for (int64_t k = 0; k < c->size[1]; k++) {
            size_t from = (size_t)((i * c->size[1] + k) * size);
            struct plane want = changed_plane(c, &drawn, images.output + from);
            for (int64_t p = 0; p < size; p++) {
                double expected = toned(c, &drawn, k, want.at[p]);
                assert_true(fabs(at.output[from + (size_t)p] - expected) < 1e-12);
                changed += fabs(expected - images.output[from + (size_t)p]) > 1e-9;
            }
            mem_free(want.at);
        }
    }
    changed /= (double)(c->size[0] * c->size[1] * size);
    op_result_free(&at);
    op_result_free(&images);
    return changed;
}

static void test_augmentation(void **state) {
    (void)state;
    struct backend *ref = open_ref();
    size_t tested = 0;
    for (size_t i = 0; i < op_case_count; i++)
        if (op_cases[i].args.augment.crop_padding || op_cases[i].args.augment.flip || op_cases[i].args.epoch) {
            double changed = check_augmentation(ref, &op_cases[i]);
            if (op_cases[i].size[3] > 3 && !(changed > 0.05))
                fail_msg("%s changes %g of the pixels", op_cases[i].name, changed);
            tested++;
        }
    assert_int_equal(tested, 14);
    backend_close(ref);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dense),          cmocka_unit_test(test_convolution),
        cmocka_unit_test(test_pool),           cmocka_unit_test(test_activation),
        cmocka_unit_test(test_losses),         cmocka_unit_test(test_softmax_values),
        cmocka_unit_test(test_sgd_values),     cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_augmentation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
