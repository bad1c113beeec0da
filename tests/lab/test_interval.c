// Student's quantile against published tables, and the interval of a ratio against a search for the set it stands for.
#include "tests/support/test.h"

#include <math.h>
#include <stdbool.h>

#include "core/base/rng.h"
#include "core/lab/interval.h"

static void assert_close(double value, double expected, double share) {
    if (!(fabs(value - expected) <= share * fabs(expected)))
        fail_msg("%.17g is not within %g of %.17g", value, share, expected);
}

// scipy.stats.t.ppf; those of whole degrees are in every table (Abramowitz & Stegun 26.10).
static void quantiles_are_the_published_ones(void **state) {
    (void)state;
    static const double rows[][3] = {
        {0.5, 4113.964588804174, 164.55767348048818},  {1, 63.656741162871526, 12.706204736174694},
        {2.5, 7.163728138948783, 3.5746548420036817},  {4, 4.604094871349992, 2.7764451051977934},
        {12, 3.0545395893929013, 2.1788128296672284},  {30, 2.7499956535672254, 2.0422724563012378},
        {60, 2.6602830288550368, 2.0002978220142604},  {1000, 2.580754698065951, 1.9623390808264083},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_close(student_quantile(0.995, rows[i][0]), rows[i][1], 1e-9);
        assert_close(student_quantile(0.975, rows[i][0]), rows[i][2], 1e-9);
    }
    assert_close(student_quantile(0.995, 1e7), 2.5758293, 1e-6); // the normal distribution's
    assert_close(student_quantile(0.75, 1), 1, 1e-12);           // tan(pi/4)
    assert_true(student_quantile(0.5, 3) == 0);
}

// ---- a ratio --------------------------------------------------------------------------------------------------

static bool holds(const struct ratio *ratio, double t, double r) {
    double off = ratio->top - r * ratio->bottom;
    return off * off <=
           t * t * (ratio->top_top - 2 * r * ratio->top_bottom + r * r * ratio->bottom_bottom);
}

// Standard deviations so wide that every kind of set comes up: an interval, two rays, everything.
static struct ratio any_ratio(struct rng *rng) {
    double top_sd = exp(rng_normal(rng)), bottom_sd = exp(rng_normal(rng));
    return (struct ratio){.top = 3 * rng_normal(rng),
                          .bottom = 3 * rng_normal(rng),
                          .top_top = top_sd * top_sd,
                          .bottom_bottom = bottom_sd * bottom_sd,
                          .top_bottom = (2 * rng_uniform(rng) - 1) * top_sd * bottom_sd};
}

enum { GRID = 4000 };

static double place(int i) { // 0 and from 1e-6 to 1e6, each 1.007 times the one before
    return i == 0 ? 0 : 1e-6 * pow(1e12, (double)(i - 1) / (GRID - 2));
}

static void ratios_hold_from_the_first_place_to_the_last(void **state) {
    (void)state;
    struct rng rng = rng_make(5, RNG_TEST, 3);
    int bounded = 0, from_zero = 0, endless = 0, apart = 0, empty = 0;
    for (int trial = 0; trial < 400; trial++) {
        struct ratio ratio = any_ratio(&rng);
        double low, high;
        int first = GRID, last = -1, gaps = 0;
        for (int i = 0; i < GRID; i++) {
            if (!holds(&ratio, 2, place(i)))
                continue;
            gaps += last >= 0 && last < i - 1;
            first = first < i ? first : i;
            last = i;
        }
        ratio_interval(&ratio, 2, &low, &high);
        if (ratio.bottom * ratio.bottom > 4 * ratio.bottom_bottom && ratio.bottom < 0) { // which it cannot be
            assert_true(low == 0 && isinf(high));
            continue;
        }
        empty += last < 0;
        if (last < 0) {
            assert_true(low == 0 && high == 0);
            continue;
        }
        bounded += last < GRID - 1 && first > 0;
        from_zero += first == 0;
        endless += last == GRID - 1;
        apart += gaps;
        assert_true(first == 0 ? low == 0 : place(first - 1) < low && low <= place(first));
        assert_true(last == GRID - 1 ? isinf(high) : place(last) <= high && high < place(last + 1));
    }
    assert_true(bounded > 20 && from_zero > 20 && endless > 20 && apart > 5 && empty > 5);
}

// Nothing is uncertain: both ends are the ratio.
static void a_sure_ratio_is_its_own_interval(void **state) {
    (void)state;
    double low, high;
    ratio_interval(&(struct ratio){.top = 6, .bottom = 4}, 2, &low, &high);
    assert_close(low, 1.5, 1e-12);
    assert_close(high, 1.5, 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_the_published_ones),
        cmocka_unit_test(ratios_hold_from_the_first_place_to_the_last),
        cmocka_unit_test(a_sure_ratio_is_its_own_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
