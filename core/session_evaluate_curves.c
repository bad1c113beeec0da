// Curves of one class against the rest, and what a threshold gives.
#include <float.h>
#include <math.h>

#include "core/base/mem.h"
#include "core/session_evaluated.h"

double evaluated_loss(const struct evaluated_row *row, bool classify) {
    if (!classify)
        return fabs(row->predicted - row->truth);
    return -log(fmin(fmax((double)row->chance, DBL_EPSILON), 1 - DBL_EPSILON));
}

// ---- points ------------------------------------------------------------------------------------------------------

static void points_free(struct curve_points *points) {
    mem_free(points->x);
    mem_free(points->y);
}

static enum status points_make(struct curve_points *points, size_t count, struct error *error) {
    points->x = mem_alloc(count + 1, sizeof *points->x);
    points->y = mem_alloc(count + 1, sizeof *points->y);
    points->count = count;
    return points->x && points->y ? STATUS_OK : error_memory(error, "the points of a curve", count * sizeof(double));
}

// Of points that share a slice of x, the first, the last, the lowest and the highest stay, in their order.
static void keep_slice(struct curve_points *points, size_t first, size_t end, size_t *kept) {
    size_t low = first, high = first;
    for (size_t i = first; i < end; i++) {
        low = points->y[i] < points->y[low] ? i : low;
        high = points->y[i] > points->y[high] ? i : high;
    }
    for (size_t i = first; i < end; i++) {
        if (i != first && i != end - 1 && i != low && i != high)
            continue;
        points->x[*kept] = points->x[i];
        points->y[(*kept)++] = points->y[i];
    }
}

static void thin(struct curve_points *points) {
    enum { SLICES = CURVE_POINTS_MOST / 4 };
    size_t kept = 0, first = 0;
    if (points->count <= CURVE_POINTS_MOST)
        return;
    for (size_t i = 1; i <= points->count; i++) {
        if (i < points->count && (int)(points->x[i] * (SLICES - 1)) == (int)(points->x[first] * (SLICES - 1)))
            continue;
        keep_slice(points, first, i, &kept);
        first = i;
    }
    points->count = kept;
}

static double share(uint64_t part, uint64_t whole) {
    return whole > 0 ? (double)part / (double)whole : 0;
}

static void fill(struct class_curves *curves) {
    const struct ranking *ranking = &curves->ranking;
    struct curve_points *roc = &curves->roc, *pairs = &curves->precision_recall;
    for (size_t i = 0; i < ranking->count; i++) {
        const struct ranked_score *item = &ranking->items[i];
        roc->x[i + 1] = share(item->negatives, ranking->negatives);
        roc->y[i + 1] = share(item->positives, ranking->positives);
        pairs->x[i] = share(item->positives, ranking->positives);
        pairs->y[i] = share(item->positives, item->positives + item->negatives);
    }
    thin(roc);
    thin(pairs);
}

// Of two classes only the scores of the second are kept.
static enum status rank_class(const struct class_metrics *metrics, size_t of_class, struct ranking *ranking,
                              struct error *error) {
    if (metrics->width > 1 || of_class == 1)
        return ranking_make(ranking, metrics->scores + (metrics->width > 1 ? of_class : 0), metrics->width,
                            metrics->labels, metrics->rows, (int32_t)of_class, error);
    float *scores = mem_alloc(metrics->rows + 1, sizeof *scores);
    if (!scores)
        return error_memory(error, "the scores of rows", metrics->rows * sizeof *scores);
    for (size_t i = 0; i < metrics->rows; i++)
        scores[i] = 1 - metrics->scores[i];
    enum status status = ranking_make(ranking, scores, 1, metrics->labels, metrics->rows, 0, error);
    mem_free(scores);
    return status;
}

enum status class_curves_make(const struct run_evaluation *figures, size_t of_class, struct class_curves **out,
                              struct error *error) {
    struct class_curves *curves = mem_alloc(1, sizeof *curves);
    if (!curves)
        return error_memory(error, "the curves of a class", sizeof *curves);
    curves->of_class = of_class;
    enum status status = rank_class(&figures->classes, of_class, &curves->ranking, error);
    if (!status)
        status = points_make(&curves->roc, curves->ranking.count + 1, error);
    if (!status)
        status = points_make(&curves->precision_recall, curves->ranking.count, error);
    if (status) {
        class_curves_free(curves);
        return status;
    }
    fill(curves);
    curves->auc = ranking_auc(&curves->ranking);
    curves->average_precision = ranking_average_precision(&curves->ranking);
    *out = curves;
    return STATUS_OK;
}

void class_curves_free(struct class_curves *curves) {
    if (!curves)
        return;
    ranking_free(&curves->ranking);
    points_free(&curves->roc);
    points_free(&curves->precision_recall);
    mem_free(curves);
}

// ---- thresholds ----------------------------------------------------------------------------------------------------

// How many of the ranking's items have at least that score.
static size_t items_above(const struct ranking *ranking, double threshold) {
    size_t low = 0, high = ranking->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((double)ranking->items[middle].score >= threshold)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct threshold_figures ranking_at(const struct ranking *ranking, double threshold, double false_positive_cost,
                                    double false_negative_cost) {
    size_t count = items_above(ranking, threshold);
    struct threshold_figures at = {.threshold = threshold};
    at.true_positive = count > 0 ? ranking->items[count - 1].positives : 0;
    at.false_positive = count > 0 ? ranking->items[count - 1].negatives : 0;
    at.false_negative = ranking->positives - at.true_positive;
    at.true_negative = ranking->negatives - at.false_positive;
    at.precision = share(at.true_positive, at.true_positive + at.false_positive);
    at.recall = share(at.true_positive, ranking->positives);
    at.specificity = share(at.true_negative, ranking->negatives);
    at.f1 = share(2 * at.true_positive, 2 * at.true_positive + at.false_positive + at.false_negative);
    at.accuracy = share(at.true_positive + at.true_negative, ranking->positives + ranking->negatives);
    at.cost = false_positive_cost * (double)at.false_positive + false_negative_cost * (double)at.false_negative;
    return at;
}

// Below item `count` - 1 and above the one after it.
static double threshold_after(const struct ranking *ranking, size_t count) {
    double above = count > 0 ? (double)ranking->items[count - 1].score : 1;
    double below = count < ranking->count ? (double)ranking->items[count].score : 0;
    return count == 0 && below >= 1 ? nextafter(1, 2) : (above + below) / 2;
}

double ranking_cheapest(const struct ranking *ranking, double false_positive_cost, double false_negative_cost) {
    double least = false_negative_cost * (double)ranking->positives;
    size_t best = 0;
    for (size_t i = 0; i < ranking->count; i++) {
        const struct ranked_score *item = &ranking->items[i];
        double cost = false_positive_cost * (double)item->negatives +
                      false_negative_cost * (double)(ranking->positives - item->positives);
        if (cost < least) {
            least = cost;
            best = i + 1;
        }
    }
    return threshold_after(ranking, best);
}
