// Figures of a classification over many rows. Rows come in batches and groups of batches are merged; figures do not
// depend on the order to the last bit, because counts are whole numbers and sums are exact (metrics_sum.h).
// With n rows, p_ik the probability of class k, y_i the true class, ŷ_i the class of the highest probability (the
// first of equals), 0/0 = 0 in precision, recall and F1:
//   accuracy   share of ŷ_i = y_i               top-5      share of rows where fewer than 5 classes come before y_i
//                                               (higher, or equal and a later class, as scikit-learn); NaN below 6
//                                               classes
//   log loss   −mean of ln p_iy, p between ε and 1 − ε, ε = 2^-52 (scikit-learn's log_loss, no renormalizing)
//   Brier      two classes: mean (p_i1 − [y_i = 1])²; more: mean of Σ_k (p_ik − [y_i = k])²
//   ECE        Σ_b n_b/n |accuracy_b − confidence_b| over CALIBRATION_BINS bins of the confidence max_k p_ik, bin b
//              from b/15 (left out) to (b+1)/15 (Guo et al. 2017)
//   precision  of class k: [ŷ=k and y=k]/[ŷ=k]  recall     [ŷ=k and y=k]/[y=k]     F1 = 2·both/([ŷ=k] + [y=k])
//   balanced   mean of recall over classes that some row has (scikit-learn's balanced_accuracy_score)
//   macro      mean over classes that some row has or is taken for; weighted: mean weighted by [y=k]
//   ROC-AUC and average precision: metrics_ranked.h; two classes: of the second; more: each against the rest, and the
//              mean over the classes where it is defined
// Owns its arrays; class_metrics_close. One thread at a time; groups may be filled on different threads.
#ifndef CORE_TRAIN_METRICS_CLASSES_H
#define CORE_TRAIN_METRICS_CLASSES_H

#include "core/base/task.h"
#include "core/train/metrics_sum.h"
#include "core/train/metrics_ranked.h"

#define CALIBRATION_BINS 15

struct class_metrics {
    size_t classes, rows;
    uint64_t unknown;    // rows without a true class: in no figure
    uint64_t *confusion; // [classes][classes]: true class, class taken for
    uint64_t top5;
    struct exact_sum log_loss, brier;
    struct calibration_sum {
        uint64_t rows, correct;
        struct exact_sum confidence;
    } bins[CALIBRATION_BINS];
    // Of every row, for the ranked figures: its class and scores[width], width 1 for two classes.
    int32_t *labels;
    float *scores;
    size_t width, label_capacity, score_capacity;
};

struct class_figure {
    uint64_t rows, taken; // whose true class it is; that were taken for it
    double precision, recall, f1, auc, average_precision;
};

struct class_figures {
    size_t rows;
    uint64_t unknown;
    double accuracy, balanced, top5, log_loss, brier, ece, auc, average_precision;
    struct {
        double precision, recall, f1;
    } macro, weighted;
    struct class_figure *each; // [classes]
    struct calibration_bin {
        uint64_t rows;
        double confidence, accuracy; // means; NaN without rows
    } bins[CALIBRATION_BINS];
};

enum status class_metrics_open(struct class_metrics *metrics, size_t classes, struct error *error); // classes >= 2
void class_metrics_close(struct class_metrics *metrics);                                            // safe on {0}
// probabilities[count][classes]; labels[count], below 0 where the class is not known. A probability that is not
// between 0 and 1 is STATUS_NUMERIC, and nothing of the batch counts.
enum status class_metrics_add(struct class_metrics *metrics, const int32_t *labels, const float *probabilities,
                              size_t count, struct error *error);
// Adds the rows of `other`, of as many classes. After a failure nothing was added.
enum status class_metrics_merge(struct class_metrics *metrics, const struct class_metrics *other, struct error *error);
// Without rows all figures are NaN (those of classes 0). class_figures_free. `task`: many classes of many rows take
// seconds to rank; NULL allowed.
enum status class_metrics_figures(const struct class_metrics *metrics, struct class_figures *figures, struct task *task,
                                  struct error *error);
void class_figures_free(struct class_figures *figures);

#endif
