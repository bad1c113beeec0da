// Losses: what writes the figures of a batch.
#include "core/backend/cpu/plan.h"

#include <assert.h>
#include <math.h>

struct sums { // over a part of the batch
    double loss, weight, correct;
};

enum { LOGITS, LABELS, GRADIENT, PROBABILITIES, EXPONENTIALS, SUMS, WEIGHTS }; // places of softmax cross-entropy
enum { PREDICTION, TARGET, PREDICTION_GRADIENT };                              // of errors
enum { ROWS, COLUMNS };                                                        // sizes

// ---- softmax cross-entropy --------------------------------------------------------------------

// z − max of each row into `shifted`, max into `most`; how many rows have their maximum first at the label.
static double shift_rows(const struct step *step, struct rows rows, float *shifted, float *most) {
    int64_t classes = step->size[COLUMNS];
    const float *z = (const float *)step->at[LOGITS] + rows.from * classes;
    const int32_t *labels = step->at[LABELS];
    double correct = 0;
    for (int64_t i = rows.from; i < rows.to; i++, z += classes, shifted += classes) {
        int64_t largest = 0;
        for (int64_t c = 1; c < classes; c++) {
            largest = z[c] > z[largest] ? c : largest;
        }
        *most++ = z[largest];
        for (int64_t c = 0; c < classes; c++) {
            shifted[c] = z[c] - z[largest];
        }
        assert(labels[i] >= 0 && labels[i] < classes);
        correct += largest == labels[i];
    }
    return correct;
}

// log Σ exp(z) − Σ target·z of one row, `most` its largest logit and `sum` = Σ exp(z − most).
static double row_loss(const float *z, int64_t classes, int32_t label, float most, float sum, double smoothing) {
    double matched = (1 - smoothing) * (double)(z[label] - most);
    for (int64_t c = 0; smoothing > 0 && c < classes; c++) {
        matched += smoothing / (double)classes * (double)(z[c] - most);
    }
    return log((double)sum) - matched;
}

struct row_outputs {
    float *gradient, *probabilities; // NULL where not asked for
    float share, even, peak;         // 1/N; target of every class; what the label's has on top
    const float *weights;            // of classes, or NULL: all 1
};

static void write_row(const struct row_outputs *o, const float *e, int64_t classes, float sum, int32_t label) {
    float scale = 1 / sum;
    for (int64_t c = 0; o->probabilities != NULL && c < classes; c++) {
        o->probabilities[c] = e[c] * scale;
    }
    for (int64_t c = 0; o->gradient != NULL && c < classes; c++) {
        float target = c == label ? o->even + o->peak : o->even;
        o->gradient[c] = (e[c] * scale - target) * o->share;
    }
}

// The same where classes have weights; returns the row's loss.
static double weighted_row(const struct row_outputs *o, const float *z, const float *e, int64_t classes, float most,
                           float sum, int32_t label) {
    double total = 0, matched = 0;
    for (int64_t c = 0; c < classes; c++) {
        double target = (double)o->weights[c] * (double)(c == label ? o->even + o->peak : o->even);
        total += target;
        matched += target > 0 ? target * (double)(z[c] - most) : 0;
    }
    for (int64_t c = 0; c < classes; c++) {
        float probability = e[c] / sum;
        float target = o->weights[c] * (c == label ? o->even + o->peak : o->even);
        if (o->probabilities != NULL) {
            o->probabilities[c] = probability;
        }
        if (o->gradient != NULL) {
            o->gradient[c] = ((float)total * probability - target) * o->share;
        }
    }
    return total * log((double)sum) - matched;
}

static double row_weights(const struct step *step, int64_t from, int64_t to) {
    const int32_t *labels = step->at[LABELS];
    const float *weights = step->at[WEIGHTS];
    double sum = weights == NULL ? (double)(to - from) : 0;
    for (int64_t i = from; weights != NULL && i < to; i++) {
        sum += (double)weights[labels[i]];
    }
    return sum;
}

static double denominator_of(const struct run_state *state, double rows) {
    return state->args->denominator > 0 ? state->args->denominator : rows;
}

static void share_softmax(const struct step *step, const struct run_state *state, struct rows rows) {
    int64_t classes = step->size[COLUMNS], first = rows.from * classes;
    const float *z = step->at[LOGITS];
    float *e = step->at[EXPONENTIALS], *most = e + step->size[ROWS] * classes;
    float *gradient = step->at[GRADIENT], *probabilities = step->at[PROBABILITIES];
    const int32_t *labels = step->at[LABELS];
    struct sums *sums = (struct sums *)step->at[SUMS] + rows.part;
    double smoothing = state->args->label_smoothing;
    struct row_outputs out = {.gradient = gradient != NULL ? gradient + first : NULL,
                              .probabilities = probabilities != NULL ? probabilities + first : NULL,
                              .share = (float)(1 / denominator_of(state, row_weights(step, 0, step->size[ROWS]))),
                              .weights = step->at[WEIGHTS],
                              .even = (float)(smoothing / (double)classes),
                              .peak = (float)(1 - smoothing)};
    sums->loss = 0;
    sums->weight = row_weights(step, rows.from, rows.to);
    sums->correct = shift_rows(step, rows, e + first, most + rows.from);
    state->kernels->exponential((size_t)((rows.to - rows.from) * classes), e + first, e + first);
    for (int64_t i = rows.from; i < rows.to; i++) {
        float sum = 0;
        for (int64_t c = 0; c < classes; c++) {
            sum += e[i * classes + c];
        }
        if (out.weights != NULL) {
            sums->loss += weighted_row(&out, z + i * classes, e + i * classes, classes, most[i], sum, labels[i]);
        } else {
            sums->loss += row_loss(z + i * classes, classes, labels[i], most[i], sum, smoothing);
            write_row(&out, e + i * classes, classes, sum, labels[i]);
        }
        out.gradient = out.gradient != NULL ? out.gradient + classes : NULL;
        out.probabilities = out.probabilities != NULL ? out.probabilities + classes : NULL;
    }
}

static dnnl_status_t run_add_sums(const struct step *step, const struct run_state *state) {
    const struct sums *sums = step->at[SUMS];
    struct sums total = sums[0];
    for (int64_t part = 1; part < step->size[ROWS]; part++) {
        total.loss += sums[part].loss;
        total.weight += sums[part].weight;
        total.correct += sums[part].correct;
    }
    state->metrics[METRIC_LOSS] = total.loss;
    state->metrics[METRIC_ROWS] = total.weight;
    state->metrics[METRIC_CORRECT] = total.correct;
    return dnnl_success;
}

// The place of the parts' sums, which a later step adds up.
static int place_of_sums(struct builder *b) {
    int place = place_new(b, (size_t)b->plan->parts * sizeof(struct sums));
    struct step *step = step_defer(b, run_add_sums);
    step->place[SUMS] = place;
    step->size[ROWS] = b->plan->parts;
    return place;
}

// The step of a loss of classes, `classes` numbers a row.
static struct step *add_class_loss(struct builder *b, const struct op *op, share_function *share, int64_t classes) {
    int logits = value_read(b, op->in[0]), labels = value_read(b, op->in[1]), weights = value_read(b, op->in[2]);
    int gradient = value_write(b, op->out[0]), probabilities = value_write(b, op->out[1]);
    int sums = place_of_sums(b);
    struct step *step = step_add_shared(b, share);
    step->place[SUMS] = sums;
    step->place[LOGITS] = logits;
    step->place[LABELS] = labels;
    step->place[GRADIENT] = gradient;
    step->place[PROBABILITIES] = probabilities;
    step->place[WEIGHTS] = weights;
    step->size[ROWS] = builder_value(b, op->in[0])->shape.size[0];
    step->size[COLUMNS] = classes;
    return step;
}

size_t lower_softmax_cross_entropy(struct builder *b, const struct op *op) {
    struct shape shape = builder_value(b, op->in[0])->shape;
    struct step *step = add_class_loss(b, op, share_softmax, shape.size[1]);
    step->place[EXPONENTIALS] = place_new(b, (size_t)(shape_count(shape) + shape.size[0]) * sizeof(float));
    return 1;
}

// ---- binary cross-entropy -----------------------------------------------------------------------

static double softplus(double z) { // log(1 + e^z), whatever z
    return fmax(z, 0) + log1p(exp(-fabs(z)));
}

static void share_binary(const struct step *step, const struct run_state *state, struct rows rows) {
    const float *z = step->at[LOGITS], *weights = step->at[WEIGHTS];
    float *gradient = step->at[GRADIENT];
    const int32_t *labels = step->at[LABELS];
    struct sums *sums = (struct sums *)step->at[SUMS] + rows.part;
    double none = weights != NULL ? (double)weights[0] : 1, one = weights != NULL ? (double)weights[1] : 1;
    double even = state->args->label_smoothing / 2, peak = 1 - state->args->label_smoothing;
    double share = 1 / denominator_of(state, row_weights(step, 0, step->size[ROWS]));
    *sums = (struct sums){.weight = row_weights(step, rows.from, rows.to)};
    for (int64_t i = rows.from; i < rows.to; i++) {
        assert(labels[i] == 0 || labels[i] == 1);
        bool label = labels[i] == 1;
        double target1 = one * (label ? even + peak : even), target0 = none * (label ? even : even + peak);
        double cost = softplus((double)z[i]); // softplus(−z) is z less
        sums->loss += (target0 > 0 ? target0 * cost : 0) + (target1 > 0 ? target1 * (cost - (double)z[i]) : 0);
        sums->correct += (z[i] > 0) == label;
        if (gradient != NULL) {
            gradient[i] = (float)(((target1 + target0) / (1 + exp(-(double)z[i])) - target1) * share);
        }
    }
}

size_t lower_binary_cross_entropy(struct builder *b, const struct op *op) {
    add_class_loss(b, op, share_binary, 1);
    return 1;
}

// ---- errors of numbers ------------------------------------------------------------------------

static double error_of(enum op_kind kind, float delta, float d, float *slope) {
    float size = fabsf(d), sign = d > 0 ? 1 : d < 0 ? -1 : d;
    if (kind == OP_ABSOLUTE_ERROR) {
        *slope = sign;
        return (double)size;
    }
    if (kind == OP_HUBER) {
        *slope = size > delta ? delta * sign : d;
        return size > delta ? (double)delta * ((double)size - (double)delta / 2) : (double)d * (double)d / 2;
    }
    *slope = 2 * d;
    return (double)d * (double)d;
}

static dnnl_status_t run_error(const struct step *step, const struct run_state *state) {
    int64_t rows = step->size[ROWS], width = step->size[COLUMNS];
    const float *y = step->at[PREDICTION], *t = step->at[TARGET];
    float *dy = step->at[PREDICTION_GRADIENT], delta = (float)state->args->huber_delta;
    float share = (float)(1 / (denominator_of(state, (double)rows) * (double)width));
    double loss = 0, squares = 0;
    for (int64_t i = 0; i < rows * width; i++) {
        float miss = y[i] - t[i], slope;
        loss += error_of(step->u.own.op.kind, delta, miss, &slope);
        squares += (double)miss * (double)miss;
        if (dy != NULL) {
            dy[i] = share * slope;
        }
    }
    state->metrics[METRIC_LOSS] = loss / (double)width;
    state->metrics[METRIC_ROWS] = (double)rows;
    state->metrics[METRIC_SQUARED_ERROR] = squares / (double)width;
    return dnnl_success;
}

size_t lower_error(struct builder *b, const struct op *op) {
    struct shape shape = builder_value(b, op->in[0])->shape;
    int y = value_read(b, op->in[0]), t = value_read(b, op->in[1]), dy = value_write(b, op->out[0]);
    struct step *step = step_add(b, run_error);
    step->u.own.op = *op;
    step->place[PREDICTION] = y;
    step->place[TARGET] = t;
    step->place[PREDICTION_GRADIENT] = dy;
    step->size[ROWS] = shape.size[0];
    step->size[COLUMNS] = shape.size[1];
    return 1;
}
