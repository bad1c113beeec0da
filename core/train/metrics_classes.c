#include "core/train/metrics_classes.h"

#include <float.h>
#include <math.h>

#include "core/base/mem.h"

enum { TOP = 5 };

enum status class_metrics_open(struct class_metrics *metrics, size_t classes, struct error *error) {
    size_t cells = 0;
    *metrics = (struct class_metrics){.classes = classes, .width = classes == 2 ? 1 : classes};
    metrics->confusion = size_multiply(classes, classes, &cells) ? mem_alloc(cells, sizeof(uint64_t)) : NULL;
    return metrics->confusion ? STATUS_OK : error_memory(error, "the confusion matrix", cells * sizeof(uint64_t));
}

void class_metrics_close(struct class_metrics *metrics) {
    mem_free(metrics->confusion);
    mem_free(metrics->labels);
    mem_free(metrics->scores);
    *metrics = (struct class_metrics){0};
}

// ---- adding ---------------------------------------------------------------------------------------------

static enum status check(const struct class_metrics *metrics, const float *probabilities, size_t count,
                         struct error *error) {
    for (size_t i = 0; i < count * metrics->classes; i++)
        if (!(probabilities[i] >= 0 && probabilities[i] <= 1))
            return error_set(error, STATUS_NUMERIC,
                             "the model gives %g as the probability of a class: its weights or the data are not finite",
                             (double)probabilities[i]);
    return STATUS_OK;
}

static enum status reserve(struct class_metrics *metrics, size_t more, struct error *error) {
    size_t rows = metrics->rows + more, scores = 0;
    bool fits = size_multiply(rows, metrics->width, &scores) &&
                vec_reserve(&metrics->labels, &metrics->label_capacity, rows, sizeof *metrics->labels) &&
                vec_reserve(&metrics->scores, &metrics->score_capacity, scores, sizeof *metrics->scores);
    return fits ? STATUS_OK
                : error_memory(error, "the scores of rows", (unsigned long long)scores * sizeof *metrics->scores);
}

static void keep_scores(struct class_metrics *metrics, int32_t label, const float *p) {
    float *scores = metrics->scores + metrics->rows * metrics->width;
    metrics->labels[metrics->rows] = label;
    for (size_t k = 0; k < metrics->width; k++)
        scores[k] = metrics->width == 1 ? p[1] : p[k];
}

static double brier_of(const float *p, size_t classes, size_t truth) {
    double sum = 0;
    if (classes == 2) {
        double wrong = (double)p[1] - (double)truth;
        return wrong * wrong;
    }
    for (size_t k = 0; k < classes; k++) {
        double wrong = (double)p[k] - (double)(k == truth);
        sum += wrong * wrong;
    }
    return sum;
}

static void add_calibration(struct class_metrics *metrics, double confidence, bool correct) {
    int bin = (int)ceil(confidence * CALIBRATION_BINS) - 1;
    struct calibration_sum *sum = &metrics->bins[bin < 0 ? 0 : bin];
    sum->rows++;
    sum->correct += correct;
    exact_add(&sum->confidence, confidence);
}

static void add_row(struct class_metrics *metrics, int32_t label, const float *p) {
    size_t truth = (size_t)label, best = 0, before = 0;
    for (size_t k = 0; k < metrics->classes; k++) {
        best = p[k] > p[best] ? k : best;
        before += p[k] > p[truth] || (p[k] >= p[truth] && k > truth);
    }
    double chance = fmin(fmax((double)p[truth], DBL_EPSILON), 1 - DBL_EPSILON);
    metrics->confusion[truth * metrics->classes + best]++;
    metrics->top5 += before < TOP;
    exact_add(&metrics->log_loss, -log(chance));
    exact_add(&metrics->brier, brier_of(p, metrics->classes, truth));
    add_calibration(metrics, (double)p[best], best == truth);
    keep_scores(metrics, label, p);
    metrics->rows++;
}

enum status class_metrics_add(struct class_metrics *metrics, const int32_t *labels, const float *probabilities,
                              size_t count, struct error *error) {
    enum status status = check(metrics, probabilities, count, error);
    if (!status)
        status = reserve(metrics, count, error);
    for (size_t i = 0; i < count && !status; i++) {
        if (labels[i] < 0)
            metrics->unknown++;
        else
            add_row(metrics, labels[i], probabilities + i * metrics->classes);
    }
    return status;
}

enum status class_metrics_merge(struct class_metrics *metrics, const struct class_metrics *other, struct error *error) {
    enum status status = reserve(metrics, other->rows, error);
    if (status)
        return status;
    for (size_t i = 0; i < other->rows; i++)
        metrics->labels[metrics->rows + i] = other->labels[i];
    for (size_t i = 0; i < other->rows * other->width; i++)
        metrics->scores[metrics->rows * metrics->width + i] = other->scores[i];
    for (size_t i = 0; i < metrics->classes * metrics->classes; i++)
        metrics->confusion[i] += other->confusion[i];
    metrics->rows += other->rows;
    metrics->unknown += other->unknown;
    metrics->top5 += other->top5;
    exact_merge(&metrics->log_loss, &other->log_loss);
    exact_merge(&metrics->brier, &other->brier);
    for (int i = 0; i < CALIBRATION_BINS; i++) {
        metrics->bins[i].rows += other->bins[i].rows;
        metrics->bins[i].correct += other->bins[i].correct;
        exact_merge(&metrics->bins[i].confidence, &other->bins[i].confidence);
    }
    return STATUS_OK;
}

// ---- figures --------------------------------------------------------------------------------------------

static double ratio(uint64_t part, uint64_t whole) {
    return whole == 0 ? 0 : (double)part / (double)whole;
}

static void count_classes(const struct class_metrics *metrics, struct class_figures *figures) {
    size_t classes = metrics->classes;
    for (size_t truth = 0; truth < classes; truth++)
        for (size_t taken = 0; taken < classes; taken++) {
            uint64_t count = metrics->confusion[truth * classes + taken];
            figures->each[truth].rows += count;
            figures->each[taken].taken += count;
        }
    for (size_t k = 0; k < classes; k++) {
        struct class_figure *each = &figures->each[k];
        uint64_t both = metrics->confusion[k * classes + k];
        each->precision = ratio(both, each->taken);
        each->recall = ratio(both, each->rows);
        each->f1 = ratio(2 * both, each->taken + each->rows);
    }
}

static void average(struct class_figures *figures, size_t classes, double rows) {
    size_t there = 0, known = 0;
    for (size_t k = 0; k < classes; k++) {
        const struct class_figure *each = &figures->each[k];
        double weight = (double)each->rows / rows;
        there += each->rows > 0 || each->taken > 0;
        known += each->rows > 0;
        figures->balanced += each->recall; // 0 without rows
        figures->macro.precision += each->precision; // 0 where a class is not there
        figures->macro.recall += each->recall;
        figures->macro.f1 += each->f1;
        figures->weighted.precision += weight * each->precision;
        figures->weighted.recall += weight * each->recall;
        figures->weighted.f1 += weight * each->f1;
    }
    figures->balanced /= (double)known;
    figures->macro.precision /= (double)there;
    figures->macro.recall /= (double)there;
    figures->macro.f1 /= (double)there;
}

static void calibrate(const struct class_metrics *metrics, struct class_figures *figures) {
    figures->ece = 0;
    for (int i = 0; i < CALIBRATION_BINS; i++) {
        const struct calibration_sum *sum = &metrics->bins[i];
        double rows = (double)sum->rows, confidence = exact_value(&sum->confidence);
        figures->bins[i] = (struct calibration_bin){sum->rows, NAN, NAN};
        if (sum->rows == 0)
            continue;
        figures->bins[i].confidence = confidence / rows;
        figures->bins[i].accuracy = (double)sum->correct / rows;
        figures->ece += fabs((double)sum->correct - confidence) / (double)metrics->rows;
    }
}

// The mean of what is defined; NaN when nothing is.
static double mean_defined(const struct class_figure *each, size_t classes, bool auc) {
    double sum = 0;
    size_t count = 0;
    for (size_t k = 0; k < classes; k++) {
        double figure = auc ? each[k].auc : each[k].average_precision;
        sum += isnan(figure) ? 0 : figure;
        count += isnan(figure) ? 0 : 1;
    }
    return count == 0 ? NAN : sum / (double)count;
}

static enum status rank(const struct class_metrics *metrics, struct class_figures *figures, struct task *task,
                        struct error *error) {
    struct ranking ranking = {0};
    enum status status = STATUS_OK;
    bool two = metrics->classes == 2;
    for (size_t k = 0; k < metrics->classes && !status; k++) {
        struct class_figure *each = &figures->each[k];
        each->auc = each->average_precision = NAN;
        if (two && k == 0) // scores are those of the second class alone
            continue;
        status = ranking_make(&ranking, metrics->scores + (two ? 0 : k), metrics->width, metrics->labels, metrics->rows,
                              (int32_t)k, error);
        if (!status) {
            each->auc = ranking_auc(&ranking);
            each->average_precision = ranking_average_precision(&ranking);
            status = task_step(task, 1, error);
        }
    }
    ranking_free(&ranking);
    figures->auc = mean_defined(figures->each, metrics->classes, true);
    figures->average_precision = mean_defined(figures->each, metrics->classes, false);
    return status;
}

enum status class_metrics_figures(const struct class_metrics *metrics, struct class_figures *figures, struct task *task,
                                  struct error *error) {
    double rows = (double)metrics->rows;
    uint64_t correct = 0;
    *figures = (struct class_figures){.rows = metrics->rows, .unknown = metrics->unknown, .top5 = NAN};
    figures->each = mem_alloc(metrics->classes, sizeof *figures->each);
    if (!figures->each)
        return error_memory(error, "the figures of classes", metrics->classes * sizeof *figures->each);
    for (size_t k = 0; k < metrics->classes; k++)
        correct += metrics->confusion[k * metrics->classes + k];
    figures->accuracy = (double)correct / rows;
    if (metrics->classes > TOP)
        figures->top5 = (double)metrics->top5 / rows;
    figures->log_loss = exact_value(&metrics->log_loss) / rows;
    figures->brier = exact_value(&metrics->brier) / rows;
    count_classes(metrics, figures);
    average(figures, metrics->classes, rows);
    calibrate(metrics, figures);
    if (metrics->rows == 0)
        figures->ece = figures->weighted.precision = figures->weighted.recall = figures->weighted.f1 = NAN;
    if (task)
        task_begin(task, "Ranking", "classes", metrics->classes);
    enum status status = rank(metrics, figures, task, error);
    if (status)
        class_figures_free(figures);
    return status;
}

void class_figures_free(struct class_figures *figures) {
    mem_free(figures->each);
    figures->each = NULL;
}
