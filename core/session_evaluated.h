// What an evaluation gives, and what the Evaluate view reads of it. Everything behind a pointer here is made by a job
// and never changed once it is shown; the session owns it and lets it go when a newer one is there.
#ifndef CORE_SESSION_EVALUATED_H
#define CORE_SESSION_EVALUATED_H

#include "core/store/store.h"
#include "core/train/metrics_classes.h"
#include "core/train/metrics_numbers.h"
#include "core/train/source.h"
#include "datasets/dataset.h"

struct kept_run;
struct model_copy;

struct evaluated_row {
    uint64_t row, line;      // of the data, from 0; line in the file, 0: images
    int32_t label, taken;    // classify: true class and class taken for
    float chance;            // classify: probability of the true class
    double truth, predicted; // regress
};

struct run_evaluation {
    bool classify;
    size_t rows, unusable;           // rows of the data; of them that the model could not be asked about
    struct class_metrics classes;    // classify: confusion, and the scores for curves, in the order of `each`
    struct class_figures of_classes; // classify
    struct number_metrics numbers;   // regress
    struct number_figures of_numbers;
    struct evaluated_row *each; // [each_count] rows whose truth is known; NULL unless asked for
    size_t each_count, each_capacity;
};

// −ln of the chance of the true class as in log loss; |ŷ − y|.
double evaluated_loss(const struct evaluated_row *row, bool classify);

// ---- what is measured ------------------------------------------------------------------------------------------
#define EVALUATE_WHICH_SIZE 24
#define EVALUATE_CHECKPOINTS_MOST 64

struct evaluate_wish {
    int64_t run;                     // 0: the living or last run of the session, else the newest of the store
    char which[EVALUATE_WHICH_SIZE]; // "now": the weights as they are; "last", "best", or the number of a step;
                                     // "": now while the run lives, else last
    char path[1024];                 // other data; "": the run's own rows
    enum part part;                  // of the run's own rows
    bool all;                        // all of them
};

struct measurement {
    uint64_t number;           // of the session: tells a newer one from this
    struct evaluate_wish wish; // as it was measured: nothing is left open
    struct run_record record;
    uint64_t step;
    double epoch;   // of a copy; NaN: of a checkpoint
    double seconds; // that measuring took
    double copied;  // seconds that training waited while its weights were copied; NaN: it was a checkpoint
    struct run_evaluation figures;
    const char *const *class_names; // [classes]
    const char *target_name;
    size_t classes;
    struct dataset *data;  // that `row` counts in, as read; NULL: it is not at hand
    struct source *source; // the run's own rows, prepared; NULL: other data
    uint32_t *source_row;  // [rows of data] own rows: their number in `source`, UINT32_MAX where they are none of it
    uint32_t *order;       // [figures.each_count] rows of figures.each, the largest loss first; equal ones in their order
    struct kept_run *kept;
    struct model_copy *copy;
};

// ---- curves of one class against the rest -------------------------------------------------------------------------
#define CURVE_POINTS_MOST 4096

struct curve_points { // thinned where there are more than CURVE_POINTS_MOST: what is left out lies on the curve
    double *x, *y;
    size_t count;
};

struct class_curves {
    size_t of_class;
    struct ranking ranking;
    struct curve_points roc; // false positive rate, recall: from (0, 0), by falling threshold
    struct curve_points precision_recall; // recall, precision: by falling threshold; starts with the highest one
    double auc, average_precision;
};

enum status class_curves_make(const struct run_evaluation *figures, size_t of_class, struct class_curves **curves,
                              struct error *error);
void class_curves_free(struct class_curves *curves); // NULL allowed

struct threshold_figures { // rows with a score of at least the threshold are taken for the class
    double threshold;
    uint64_t true_positive, false_positive, false_negative, true_negative;
    double precision, recall, specificity, f1, accuracy, cost; // 0/0 = 0; cost: that of all rows
};
struct threshold_figures ranking_at(const struct ranking *ranking, double threshold, double false_positive_cost,
                                    double false_negative_cost);
// The threshold of the least cost, the highest of equals: halfway between scores that follow each other; above 1 where
// it costs least to take no row for the class.
double ranking_cheapest(const struct ranking *ranking, double false_positive_cost, double false_negative_cost);

// ---- the plane of two features --------------------------------------------------------------------------------------
#define BOUNDARY_WIDTH 128
#define BOUNDARY_HEIGHT 96
#define BOUNDARY_ROWS_MOST 4000

struct boundary { // what the model says all over the plane, in the columns' own units
    const char *names[2]; // of the columns across and up; the measurement's
    double low[2], high[2];
    uint64_t step;
    double epoch;
    double seconds, copied;                        // that asking took; that training waited for the copy
    int32_t taken[BOUNDARY_HEIGHT][BOUNDARY_WIDTH]; // classify; row 0 is the lowest
    float value[BOUNDARY_HEIGHT][BOUNDARY_WIDTH];   // classify: probability of `taken`; regress: the prediction
    float least, most;                              // regress
    struct boundary_row {
        double x, y, truth;
        int32_t label, taken;
        enum part part;
    } *rows; // [row_count] of the run's own data, evenly chosen where there are more
    size_t row_count, all_rows;
};
void boundary_free(struct boundary *boundary); // NULL allowed

// ---- in the snapshot --------------------------------------------------------------------------------------------------
struct evaluate_view {
    struct evaluate_wish wish; // run resolved; 0: there is none
    const struct measurement *made; // NULL: none yet
    bool making;                    // a newer one is on its way
    const char *stage;              // of it, "Predicting"; NULL: not begun
    double share;
    char reason[ERROR_TEXT_SIZE]; // why the last one asked for is not there; "" = it is
    bool every_epoch;             // measured again after every epoch of the living run
    size_t of_class;
    const struct class_curves *curves;            // of `made` and that class; NULL: in the making, or not defined
    const struct boundary *boundary;              // NULL: not asked for, or not yet
    char boundary_reason[ERROR_TEXT_SIZE];        // why there is none for this data; "" = there is
    char checkpoints[EVALUATE_CHECKPOINTS_MOST][EVALUATE_WHICH_SIZE]; // that `wish.run` has: "now", "best", "last", …
    size_t checkpoint_count;
};

#endif
