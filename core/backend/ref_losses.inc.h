// Losses of the `ref` backend, their gradients and figures; part of ref_ops.inc.h.

// log Σ exp(z), shifted by the largest so that nothing overflows.
static double log_sum_exp(const REAL *z, int64_t count, int64_t *largest) {
    double sum = 0;
    *largest = 0;
    for (int64_t i = 1; i < count; i++) {
        *largest = z[i] > z[*largest] ? i : *largest;
    }
    for (int64_t i = 0; i < count; i++) {
        sum += exp((double)z[i] - z[*largest]);
    }
    return z[*largest] + log(sum);
}

// Σ weight of the batch's rows.
static double row_weights(const struct ref_op *op) {
    int64_t batch = op->in_value[0].shape.size[0], classes = op->in_value[0].shape.size[1];
    double sum = 0;
    for (int64_t i = 0; i < batch; i++) {
        int64_t label = ((const int32_t *)op->in[1])[i];
        assert(label >= 0 && label < classes);
        sum += op->in[2] != NULL ? (double)((const REAL *)op->in[2])[label] : 1;
    }
    return sum;
}

// The target of class c, before it is normalized.
static double target_of(const struct ref_op *op, double smoothing, int64_t c, int64_t label) {
    double weight = op->in[2] != NULL ? (double)((const REAL *)op->in[2])[c] : 1;
    return weight * (smoothing / (double)op->in_value[0].shape.size[1] + (c == label ? 1 - smoothing : 0));
}

static void softmax_cross_entropy(const struct ref_op *op, const struct ref_step *step) {
    int64_t batch = op->in_value[0].shape.size[0], classes = op->in_value[0].shape.size[1];
    double smoothing = step->args->label_smoothing, loss = 0, correct = 0, rows = row_weights(op);
    double denominator = step->args->denominator > 0 ? step->args->denominator : rows;
    for (int64_t i = 0; i < batch; i++) {
        const REAL *z = (const REAL *)op->in[0] + i * classes;
        int64_t largest, label = ((const int32_t *)op->in[1])[i];
        double normalizer = log_sum_exp(z, classes, &largest), total = 0;
        for (int64_t c = 0; c < classes; c++) {
            total += target_of(op, smoothing, c, label);
        }
        for (int64_t c = 0; c < classes; c++) {
            double target = target_of(op, smoothing, c, label);
            double probability = exp(z[c] - normalizer);
            loss += target > 0 ? target * (normalizer - z[c]) : 0;
            if (op->out[0] != NULL) {
                ((REAL *)op->out[0])[i * classes + c] = (REAL)((total * probability - target) / denominator);
            }
            if (op->out[1] != NULL) {
                ((REAL *)op->out[1])[i * classes + c] = (REAL)probability;
            }
        }
        correct += largest == label;
    }
    step->metrics[METRIC_LOSS] = loss;
    step->metrics[METRIC_ROWS] = rows;
    step->metrics[METRIC_CORRECT] = correct;
}

// log(1 + e^z), whatever z.
static double softplus(double z) {
    return fmax(z, 0) + log1p(exp(-fabs(z)));
}

static void binary_cross_entropy(const struct ref_op *op, const struct ref_step *step) {
    int64_t batch = op->in_value[0].shape.size[0];
    const REAL *weights = op->in[2];
    double none = weights != NULL ? (double)weights[0] : 1, one = weights != NULL ? (double)weights[1] : 1;
    double smoothing = step->args->label_smoothing, loss = 0, correct = 0, rows = 0;
    for (int64_t i = 0; i < batch; i++) {
        int64_t label = ((const int32_t *)op->in[1])[i];
        assert(label == 0 || label == 1);
        rows += label == 1 ? one : none;
    }
    double denominator = step->args->denominator > 0 ? step->args->denominator : rows;
    for (int64_t i = 0; i < batch; i++) {
        bool label = ((const int32_t *)op->in[1])[i] == 1;
        double z = (double)((const REAL *)op->in[0])[i], even = smoothing / 2;
        double target1 = one * (even + (label ? 1 - smoothing : 0)), target0 = none * (even + (label ? 0 : 1 - smoothing));
        loss += (target1 > 0 ? target1 * softplus(-z) : 0) + (target0 > 0 ? target0 * softplus(z) : 0);
        correct += (z > 0) == label;
        if (op->out[0] != NULL) {
            double slope = (target1 + target0) / (1 + exp(-z)) - target1;
            ((REAL *)op->out[0])[i] = (REAL)(slope / denominator);
        }
    }
    step->metrics[METRIC_LOSS] = loss;
    step->metrics[METRIC_ROWS] = rows;
    step->metrics[METRIC_CORRECT] = correct;
}

static double sign(double x) {
    return x > 0 ? 1 : x < 0 ? -1 : x;
}

// Loss and slope of one difference.
static double error_of(enum op_kind kind, double delta, double d, double *slope) {
    if (kind == OP_ABSOLUTE_ERROR) {
        *slope = sign(d);
        return fabs(d);
    }
    if (kind == OP_HUBER) {
        *slope = fabs(d) > delta ? delta * sign(d) : d;
        return fabs(d) > delta ? delta * (fabs(d) - delta / 2) : d * d / 2;
    }
    *slope = 2 * d;
    return d * d;
}

static void error_loss(const struct ref_op *op, const struct ref_step *step) {
    int64_t batch = op->in_value[0].shape.size[0], width = op->in_value[0].shape.size[1];
    double denominator = step->args->denominator > 0 ? step->args->denominator : (double)batch;
    double loss = 0, squares = 0;
    for (int64_t i = 0; i < batch * width; i++) {
        double miss = (double)((const REAL *)op->in[0])[i] - ((const REAL *)op->in[1])[i], slope;
        loss += error_of(op->op.kind, step->args->huber_delta, miss, &slope);
        squares += miss * miss;
        if (op->out[0] != NULL) {
            ((REAL *)op->out[0])[i] = (REAL)(slope / (denominator * (double)width));
        }
    }
    step->metrics[METRIC_LOSS] = loss / (double)width;
    step->metrics[METRIC_ROWS] = (double)batch;
    step->metrics[METRIC_SQUARED_ERROR] = squares / (double)width;
}
