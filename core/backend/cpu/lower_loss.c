// Losses and the optimizer: what writes the figures of a step.
#include "core/backend/cpu/plan.h"

#include <assert.h>
#include <math.h>

enum { LOGITS, LABELS, GRADIENT, PROBABILITIES, EXPONENTIALS }; // places of softmax cross-entropy
enum { PREDICTION, TARGET, PREDICTION_GRADIENT };               // of squared error
enum { WEIGHT, WEIGHT_GRADIENT, VELOCITY };                     // of SGD
enum { ROWS, COLUMNS };                                         // sizes; of SGD: elements

// ---- softmax cross-entropy --------------------------------------------------------------------

// z − max of each row into `shifted`, max into `most`; how many rows have their maximum first at the label.
static double shift_rows(const struct step *step, float *shifted, float *most) {
    int64_t classes = step->size[COLUMNS];
    const float *z = step->at[LOGITS];
    const int32_t *labels = step->at[LABELS];
    double correct = 0;
    for (int64_t i = 0; i < step->size[ROWS]; i++, z += classes, shifted += classes) {
        int64_t largest = 0;
        for (int64_t c = 1; c < classes; c++) {
            largest = z[c] > z[largest] ? c : largest;
        }
        most[i] = z[largest];
        for (int64_t c = 0; c < classes; c++) {
            shifted[c] = z[c] - most[i];
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
    float share, even, peak;         // 1/B; target of every class; what the label's has on top
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

static dnnl_status_t run_softmax(const struct step *step, const struct run_state *state) {
    int64_t rows = step->size[ROWS], classes = step->size[COLUMNS];
    const float *z = step->at[LOGITS];
    float *e = step->at[EXPONENTIALS], *most = e + rows * classes;
    const int32_t *labels = step->at[LABELS];
    double smoothing = state->args->label_smoothing, loss = 0;
    struct row_outputs out = {.gradient = step->at[GRADIENT],
                              .probabilities = step->at[PROBABILITIES],
                              .share = 1 / (float)rows,
                              .even = (float)(smoothing / (double)classes),
                              .peak = (float)(1 - smoothing)};
    state->metrics[METRIC_CORRECT] = shift_rows(step, e, most);
    state->kernels->exponential((size_t)(rows * classes), e, e);
    for (int64_t i = 0; i < rows; i++) {
        float sum = 0;
        for (int64_t c = 0; c < classes; c++) {
            sum += e[i * classes + c];
        }
        loss += row_loss(z + i * classes, classes, labels[i], most[i], sum, smoothing);
        write_row(&out, e + i * classes, classes, sum, labels[i]);
        out.gradient = out.gradient != NULL ? out.gradient + classes : NULL;
        out.probabilities = out.probabilities != NULL ? out.probabilities + classes : NULL;
    }
    state->metrics[METRIC_LOSS] = loss;
    return dnnl_success;
}

size_t lower_softmax_cross_entropy(struct builder *b, const struct op *op) {
    struct shape shape = builder_value(b, op->in[0])->shape;
    int logits = value_read(b, op->in[0]), labels = value_read(b, op->in[1]);
    int gradient = value_write(b, op->out[0]), probabilities = value_write(b, op->out[1]);
    int exponentials = place_new(b, (size_t)(shape_count(shape) + shape.size[0]) * sizeof(float));
    struct step *step = step_add(b, run_softmax);
    step->place[LOGITS] = logits;
    step->place[LABELS] = labels;
    step->place[GRADIENT] = gradient;
    step->place[PROBABILITIES] = probabilities;
    step->place[EXPONENTIALS] = exponentials;
    step->size[ROWS] = shape.size[0];
    step->size[COLUMNS] = shape.size[1];
    return 1;
}

// ---- squared error ----------------------------------------------------------------------------

static dnnl_status_t run_squared_error(const struct step *step, const struct run_state *state) {
    int64_t count = step->size[ROWS] * step->size[COLUMNS];
    const float *y = step->at[PREDICTION], *t = step->at[TARGET];
    float *dy = step->at[PREDICTION_GRADIENT], share = 2 / (float)count;
    double sum = 0;
    for (int64_t i = 0; i < count; i++) {
        float miss = y[i] - t[i];
        sum += (double)miss * (double)miss;
        if (dy != NULL) {
            dy[i] = share * miss;
        }
    }
    state->metrics[METRIC_LOSS] = state->metrics[METRIC_SQUARED_ERROR] = sum / (double)step->size[COLUMNS];
    return dnnl_success;
}

size_t lower_squared_error(struct builder *b, const struct op *op) {
    struct shape shape = builder_value(b, op->in[0])->shape;
    int y = value_read(b, op->in[0]), t = value_read(b, op->in[1]), dy = value_write(b, op->out[0]);
    struct step *step = step_add(b, run_squared_error);
    step->place[PREDICTION] = y;
    step->place[TARGET] = t;
    step->place[PREDICTION_GRADIENT] = dy;
    step->size[ROWS] = shape.size[0];
    step->size[COLUMNS] = shape.size[1];
    return 1;
}

// ---- SGD --------------------------------------------------------------------------------------

static dnnl_status_t run_sgd(const struct step *step, const struct run_state *state) {
    double norms[NORM_COUNT];
    state->kernels->sgd((size_t)step->size[ROWS], step->at[WEIGHT], step->at[WEIGHT_GRADIENT], step->at[VELOCITY],
                        state->args, norms);
    if (step->u.own.op.attr.optimizer.norms) {
        state->metrics[METRIC_GRADIENT_SQ] = norms[NORM_GRADIENT];
        state->metrics[METRIC_UPDATE_SQ] = norms[NORM_UPDATE];
        state->metrics[METRIC_WEIGHT_SQ] = norms[NORM_WEIGHT];
    }
    return dnnl_success;
}

size_t lower_sgd(struct builder *b, const struct op *op) {
    int g = value_read(b, op->in[1]);
    value_read(b, op->in[0]);
    value_read(b, op->in[2]);
    int w = value_write(b, op->in[0]), v = value_write(b, op->in[2]);
    struct step *step = step_add(b, run_sgd);
    step->u.own.op = *op;
    step->place[WEIGHT] = w;
    step->place[WEIGHT_GRADIENT] = g;
    step->place[VELOCITY] = v;
    step->size[ROWS] = shape_count(builder_value(b, op->in[0])->shape);
    return 1;
}
