#include "core/lab/tradeoff.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/rng.h"
#include "core/lab/interval.h"

enum { DRAWS = 2000 };

bool tradeoff_line_fit(const struct tradeoff_point *points, size_t count, struct tradeoff_line *line) {
    double w = 0, wx = 0, wy = 0;
    for (size_t i = 0; i < count; i++) {
        double weight = 1 / (points[i].samples * points[i].samples);
        w += weight;
        wx += weight * points[i].batch;
        wy += weight * points[i].samples;
    }
    double x = wx / w, y = wy / w, sxx = 0, sxy = 0, residual = 0; // about the means: no cancellation
    for (size_t i = 0; i < count; i++) {
        double weight = 1 / (points[i].samples * points[i].samples);
        sxx += weight * (points[i].batch - x) * (points[i].batch - x);
        sxy += weight * (points[i].batch - x) * (points[i].samples - y);
    }
    if (!(sxx > 1e-12 * w * x * x))
        return false;
    line->s_min = sxy / sxx;
    line->e_min = y - line->s_min * x;
    for (size_t i = 0; i < count; i++) {
        double off = (points[i].samples - line->e_min - line->s_min * points[i].batch) / points[i].samples;
        residual += off * off;
    }
    double variance = count > 2 ? residual / (double)(count - 2) : (double)NAN;
    line->s_variance = variance / sxx;
    line->e_variance = variance * (1 / w + x * x / sxx);
    line->covariance = -variance * x / sxx;
    return true;
}

// ---- intervals -------------------------------------------------------------------------------------------------

static void fieller(const struct tradeoff_line *line, size_t count, struct tradeoff *fit) {
    struct ratio ratio = {.top = line->e_min,
                          .bottom = line->s_min,
                          .top_top = line->e_variance,
                          .top_bottom = line->covariance,
                          .bottom_bottom = line->s_variance};
    ratio_interval(&ratio, student_quantile(0.975, (double)(count - 2)), &fit->low, &fit->high);
    fit->method = "fieller";
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t count, double q) {
    double at = q * (double)(count - 1);
    size_t below = (size_t)at;
    double share = at - (double)below;
    return share > 0 ? sorted[below] + share * (sorted[below + 1] - sorted[below]) : sorted[below];
}

static double critical_of(const struct tradeoff_line *line) {
    return line->s_min > 0 && line->e_min >= 0 ? line->e_min / line->s_min
           : line->s_min > 0                   ? 0 // no sample is ever wasted by a larger batch below 0
                                               : (double)INFINITY;
}

static int by_batch(const void *a, const void *b) {
    return by_value(&((const struct tradeoff_point *)a)->batch, &((const struct tradeoff_point *)b)->batch);
}

static void draw_again(const struct tradeoff_point *sorted, size_t count, struct rng *rng,
                       struct tradeoff_point *drawn) {
    for (size_t first = 0, next; first < count; first = next) {
        for (next = first; next < count && sorted[next].batch == sorted[first].batch;)
            next++;
        for (size_t i = first; i < next; i++)
            drawn[i] = sorted[first + rng_below(rng, next - first)];
    }
}

static enum status bootstrap(struct tradeoff_point *sorted, size_t count, uint64_t seed, struct tradeoff *fit,
                             struct error *error) {
    struct tradeoff_point *drawn = mem_alloc(count, sizeof *drawn);
    double *ratios = mem_alloc(DRAWS, sizeof *ratios);
    if (!drawn || !ratios) {
        mem_free(drawn);
        mem_free(ratios);
        return error_memory(error, "the interval of the critical batch size", DRAWS * sizeof *ratios);
    }
    struct rng rng = rng_make(seed, RNG_LAB, 0);
    for (size_t i = 0; i < DRAWS; i++) {
        struct tradeoff_line line;
        draw_again(sorted, count, &rng, drawn);
        ratios[i] = tradeoff_line_fit(drawn, count, &line) ? critical_of(&line) : (double)INFINITY;
    }
    qsort(ratios, DRAWS, sizeof *ratios, by_value);
    fit->low = quantile(ratios, DRAWS, 0.025);
    fit->high = isinf(ratios[DRAWS - 1]) && isinf(ratios[(size_t)(0.975 * DRAWS)]) ? INFINITY
                                                                                 : quantile(ratios, DRAWS, 0.975);
    fit->method = "bootstrap";
    mem_free(drawn);
    mem_free(ratios);
    return STATUS_OK;
}

static bool all_repeated(const struct tradeoff_point *sorted, size_t count) {
    for (size_t i = 0; i < count; i++) {
        bool before = i > 0 && sorted[i - 1].batch == sorted[i].batch;
        bool after = i + 1 < count && sorted[i + 1].batch == sorted[i].batch;
        if (!before && !after)
            return false;
    }
    return true;
}

enum status tradeoff_fit(const struct tradeoff_point *points, size_t count, uint64_t seed, struct tradeoff *fit,
                         struct error *error) {
    struct tradeoff_line line;
    *fit = (struct tradeoff){.low = NAN, .high = NAN, .critical_batch = NAN, .method = "none"};
    if (count < 2 || !tradeoff_line_fit(points, count, &line))
        return error_set(error, STATUS_INVALID,
                         "the trade-off line needs two batch sizes whose runs reached the target; train longer or "
                         "choose an easier target");
    fit->e_min = line.e_min;
    fit->s_min = line.s_min;
    fit->resolved = line.s_min > 0 && line.e_min >= 0;
    fit->critical_batch = fit->resolved ? line.e_min / line.s_min : (double)NAN;
    struct tradeoff_point *sorted = mem_alloc(count, sizeof *sorted);
    if (!sorted)
        return error_memory(error, "the points of the trade-off line", count * sizeof *sorted);
    memcpy(sorted, points, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_batch);
    enum status status = STATUS_OK;
    if (all_repeated(sorted, count))
        status = bootstrap(sorted, count, seed, fit, error);
    else if (count > 2)
        fieller(&line, count, fit);
    mem_free(sorted);
    return status;
}

double tradeoff_seconds(const struct tradeoff *fit, double batch, double step) {
    return (fit->s_min + fit->e_min / batch) * step;
}
