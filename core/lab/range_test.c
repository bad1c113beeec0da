#include "core/lab/range_test.h"

#include <math.h>

#define SMOOTHING 0.98
#define EXPLODED 4.0 // times the best loss
enum { SKIPPED_LAST = 5, WINDOW = 15 };
static const double slope_change = 0.005;

double range_rate(const struct range_test *test, int step) {
    return test->low * pow(test->high / test->low, (double)step / RANGE_STEPS);
}

void range_smooth(const struct range_test *test, double out[RANGE_STEPS]) {
    double value = 0, weight = 1;
    for (int i = 0; i < test->count; i++) {
        value = (double)test->loss[i] + SMOOTHING * (value - (double)test->loss[i]);
        weight *= SMOOTHING;
        out[i] = value / (1 - weight);
    }
}

// ---- the four rules, on n points of the curve -------------------------------------------------------

// The middle of the second third of the longest falling subsequence: its place is counted back from its end by its
// length, as fastai does, though its points need not stand side by side.
static int valley(const double *loss, int n) {
    int length[RANGE_STEPS], start = 0, end = 0;
    for (int i = 0; i < n; i++) {
        length[i] = 1;
        for (int j = 0; j < i; j++) {
            if (loss[i] < loss[j] && length[i] < length[j] + 1) {
                length[i] = length[j] + 1;
            }
        }
        if (length[end] < length[i]) {
            end = i;
            start = end - length[end];
        }
    }
    double third = (end - start) / 3.0;
    int index = start + (int)third + (int)(third / 2);
    return index < 0 ? 0 : index;
}

static int lowest(const double *values, int n) {
    int least = 0;
    for (int i = 1; i < n; i++) {
        least = values[i] < values[least] ? i : least;
    }
    return least;
}

// Rates are evenly spaced in their logarithm, so that the differences tell.
static int steep(const double *loss, int n) {
    double falls[RANGE_STEPS];
    for (int i = 0; i + 1 < n; i++) {
        falls[i] = loss[i + 1] - loss[i];
    }
    return lowest(falls, n - 1);
}

// Slope at point i, as numpy.gradient has it.
static double slope(const double *loss, int n, int i) {
    return i == 0 ? loss[1] - loss[0] : i == n - 1 ? loss[n - 1] - loss[n - 2] : (loss[i + 1] - loss[i - 1]) / 2;
}

// A window slides from the right end to the left as long as the slopes at its ends differ.
static int slide(const double *loss, int n) {
    int right = n - 1, left = right - WINDOW, found = left;
    for (; left >= 0 && fabs(slope(loss, n, right) - slope(loss, n, left)) > slope_change; left--, right--) {
        found = left;
    }
    return found;
}

struct range_suggestions range_suggest(const struct range_test *test) {
    struct range_suggestions none = {NAN, NAN, NAN, NAN}, found = none;
    double smooth[RANGE_STEPS];
    int first = RANGE_STEPS / 10, finite = test->count;
    range_smooth(test, smooth);
    // A loss that is not a number stands for all that would have come after it: then the last points are not there.
    bool cut = finite > 0 && isnan(smooth[finite - 1]);
    int end = cut ? (finite - 1 < RANGE_STEPS - SKIPPED_LAST ? finite - 1 : RANGE_STEPS - SKIPPED_LAST)
                  : finite - SKIPPED_LAST;
    int n = end - first;
    const double *loss = smooth + first;
    if (n < 3) {
        return none;
    }
    found.valley = range_rate(test, first + valley(loss, n));
    found.steep = range_rate(test, first + steep(loss, n));
    found.minimum = range_rate(test, first + lowest(loss, n)) / 10;
    found.slide = n > WINDOW ? range_rate(test, first + slide(loss, n)) : (double)NAN;
    return found;
}

// ---- the test ---------------------------------------------------------------------------------------

static enum status run_steps(struct trainer *trainer, struct range_test *test, struct task *task, struct error *error) {
    double smooth[RANGE_STEPS], best = INFINITY;
    enum status status = STATUS_OK;
    bool goes_on = true;
    task_begin(task, "Range test", "steps", RANGE_STEPS);
    while (!status && goes_on && test->count < RANGE_STEPS) {
        struct step_result result;
        status = trainer_step_at(trainer, range_rate(test, test->count), &result, error);
        if (!status) {
            test->loss[test->count++] = (float)result.loss;
            range_smooth(test, smooth);
            double now = smooth[test->count - 1];
            best = now < best ? now : best;
            goes_on = isfinite(now) && now <= EXPLODED * best;
            status = task_step(task, 1, error);
        }
    }
    return status;
}

enum status range_test_run(struct trainer *trainer, struct range_test *test, struct task *task, struct error *error) {
    struct trainer_kept *kept = NULL;
    struct error second;
    enum status status = trainer_keep(trainer, &kept, error);
    if (status) {
        return status;
    }
    test->count = 0;
    status = run_steps(trainer, test, task, error);
    enum status back = trainer_return(trainer, kept, &second);
    trainer_kept_free(kept);
    if (back) {
        *error = second;
    }
    return back ? back : status;
}
