// What moves the weights in the `ref` backend: optimizers, clipping, averaging; part of ref_ops.inc.h.

struct corrections { // of moments that begin at 0
    double first, second;
};

// Where one weight is to move against `g`; its moments move along.
static double direction(enum op_kind kind, const struct step_args *args, const struct corrections *correct, double g,
                        REAL *a, REAL *b) {
    switch (kind) {
    case OP_ADAGRAD:
        *a = (REAL)(*a + g * g);
        return g / (sqrt(*a) + args->epsilon);
    case OP_RMSPROP:
        *a = (REAL)(args->rms_decay * *a + (1 - args->rms_decay) * g * g);
        *b = (REAL)(args->momentum * *b + g / (sqrt(*a) + args->epsilon));
        return *b;
    case OP_ADAM:
        *a = (REAL)(args->beta1 * *a + (1 - args->beta1) * g);
        *b = (REAL)(args->beta2 * *b + (1 - args->beta2) * g * g);
        return *a / correct->first / (sqrt(*b / correct->second) + args->epsilon);
    default: // torch.optim.SGD with dampening 0
        if (a == NULL) {
            return g;
        }
        *a = (REAL)(args->momentum * *a + g);
        return args->nesterov ? g + args->momentum * *a : *a;
    }
}

static void write_norms(const struct ref_op *op, const struct ref_step *step, double gradient_sq, double update_sq,
                        double weight_sq) {
    bool adds = op->op.attr.optimizer.adds;
    double *metrics = step->metrics;
    if (op->op.attr.optimizer.norms) {
        metrics[METRIC_GRADIENT_SQ] = gradient_sq + (adds ? metrics[METRIC_GRADIENT_SQ] : 0);
        metrics[METRIC_UPDATE_SQ] = update_sq + (adds ? metrics[METRIC_UPDATE_SQ] : 0);
        metrics[METRIC_WEIGHT_SQ] = weight_sq + (adds ? metrics[METRIC_WEIGHT_SQ] : 0);
    }
}

static void optimize(const struct ref_op *op, const struct ref_step *step) {
    const struct step_args *args = step->args;
    double t = (double)args->step + 1, clip = op->op.attr.optimizer.clips ? step->metrics[METRIC_CLIP] : 1;
    struct corrections correct = {1 - pow(args->beta1, t), 1 - pow(args->beta2, t)};
    REAL *w = op->in[0], *a = op->in[2], *b = op->in[3];
    double gradient_sq = 0, update_sq = 0, weight_sq = 0;
    if (op->op.attr.optimizer.guards && !isfinite(step->metrics[METRIC_LOSS])) {
        write_norms(op, step, NAN, NAN, NAN);
        return;
    }
    for (int64_t i = 0; i < shape_count(op->in_value[0].shape); i++) {
        double own = ((const REAL *)op->in[1])[i], pull = args->weight_decay * w[i];
        double g = clip * own + (args->decoupled ? 0 : pull);
        double move = direction(op->op.kind, args, &correct, g, a != NULL ? a + i : NULL, b != NULL ? b + i : NULL);
        double change = args->lr * (move + (args->decoupled ? pull : 0));
        w[i] = (REAL)(w[i] - change);
        gradient_sq += own * own;
        update_sq += change * change;
        weight_sq += (double)w[i] * w[i];
    }
    write_norms(op, step, gradient_sq, update_sq, weight_sq);
}

// ---- Muon -------------------------------------------------------------------------------------

// One step of Newton and Schulz on x [rows, columns], rows ≤ columns, into y; a and b are [rows, rows].
static void orthogonalize_step(int64_t rows, int64_t columns, const REAL *x, REAL *y, REAL *a, REAL *b) {
    product(rows, rows, columns, x, columns, 1, x, columns, 1, NULL, a);
    product(rows, rows, rows, a, rows, 1, a, 1, rows, NULL, b);
    for (int64_t i = 0; i < rows * rows; i++) {
        b[i] = (REAL)(-4.7750 * a[i] + 2.0315 * b[i]);
    }
    product(rows, columns, rows, b, rows, 1, x, 1, columns, NULL, y);
    for (int64_t i = 0; i < rows * columns; i++) {
        y[i] = (REAL)(3.4445 * x[i] + y[i]);
    }
}

// Where element i of [rows, columns] lies in x, which is transposed when it is tall.
static int64_t muon_place(int64_t i, int64_t rows, int64_t columns) {
    return rows > columns ? i % columns * rows + i / columns : i;
}

// The direction before it is made orthogonal, in work; the velocity moves along. Returns |g|².
static double muon_direction(const struct ref_op *op, const struct ref_step *step, REAL *x) {
    const struct step_args *args = step->args;
    int64_t rows = op->in_value[0].shape.size[0], columns = op->in_value[0].shape.size[1];
    double clip = op->op.attr.optimizer.clips ? step->metrics[METRIC_CLIP] : 1, gradient_sq = 0, length = 0;
    const REAL *w = op->in[0], *g = op->in[1];
    REAL *v = op->in[2];
    for (int64_t i = 0; i < rows * columns; i++) {
        double own = clip * g[i] + (args->decoupled ? 0 : args->weight_decay * w[i]);
        v[i] = (REAL)(args->momentum * v[i] + own);
        double u = args->nesterov ? own + args->momentum * v[i] : v[i];
        x[muon_place(i, rows, columns)] = (REAL)u;
        gradient_sq += (double)g[i] * g[i];
        length += u * u;
    }
    for (int64_t i = 0; i < rows * columns; i++) {
        x[i] = (REAL)(x[i] / (sqrt(length) + 1e-7));
    }
    return gradient_sq;
}

static void muon(const struct ref_op *op, const struct ref_step *step) {
    const struct step_args *args = step->args;
    int64_t rows = op->in_value[0].shape.size[0], columns = op->in_value[0].shape.size[1], count = rows * columns;
    int64_t less = rows < columns ? rows : columns;
    REAL *w = op->in[0], *x = op->out[0], *y = x + count, *a = y + count, *b = a + less * less;
    double update_sq = 0, weight_sq = 0, scale = sqrt(rows > columns ? (double)rows / (double)columns : 1);
    if (op->op.attr.optimizer.guards && !isfinite(step->metrics[METRIC_LOSS])) {
        write_norms(op, step, NAN, NAN, NAN);
        return;
    }
    double gradient_sq = muon_direction(op, step, x);
    for (int i = 0; i < 5; i++) {
        orthogonalize_step(less, count / less, x, y, a, b);
        memcpy(x, y, (size_t)count * sizeof *x);
    }
    for (int64_t i = 0; i < count; i++) {
        double move = scale * x[muon_place(i, rows, columns)] + (args->decoupled ? args->weight_decay * w[i] : 0);
        double change = args->muon_lr * move;
        w[i] = (REAL)(w[i] - change);
        update_sq += change * change;
        weight_sq += (double)w[i] * w[i];
    }
    write_norms(op, step, gradient_sq, update_sq, weight_sq);
}

// torch.optim.swa_utils.get_ema_multi_avg_fn
static void average(const struct ref_op *op, const struct ref_step *step) {
    double keep = step->args->step == 0 ? 0 : step->args->average;
    REAL *a = op->in[1];
    for (int64_t i = 0; i < shape_count(op->in_value[0].shape); i++) {
        a[i] = (REAL)(keep * a[i] + (1 - keep) * ((const REAL *)op->in[0])[i]);
    }
}

// torch.nn.utils.clip_grad_norm_
static void clip(const struct ref_op *op, const struct ref_step *step) {
    double sum = 0, factor = 1;
    for (int64_t i = 0; step->args->clip > 0 && i < shape_count(op->in_value[0].shape); i++) {
        double g = ((const REAL *)op->in[0])[i];
        sum += g * g;
    }
    if (step->args->clip > 0) {
        factor = step->args->clip / (sqrt(sum) + 1e-6);
    }
    step->metrics[METRIC_CLIP] = factor > 1 ? 1 : factor;
}
