// Normalization of the `ref` backend: part of ref_ops.inc.h. A value is seen as [batch, channels,
// inner]; the values of a group share mean and variance: a channel's, or a sample's.

struct norm_sizes {
    int64_t batch, channels, inner;
};

static struct norm_sizes norm_sizes(struct shape shape) {
    int64_t batch = shape.size[0], channels = shape.size[1];
    return (struct norm_sizes){batch, channels, shape_count(shape) / (batch * channels)};
}

static int64_t norm_at(struct norm_sizes s, int64_t n, int64_t c, int64_t i) {
    return (n * s.channels + c) * s.inner + i;
}

static REAL optional(const REAL *values, int64_t i, REAL fallback) {
    return values != NULL ? values[i] : fallback;
}

// ---- batch norm -------------------------------------------------------------------------------

struct figures {
    double mean, variance; // over all values, not one fewer
};

static struct figures channel_figures(const REAL *x, struct norm_sizes s, int64_t c) {
    struct figures f = {0, 0};
    double count = (double)(s.batch * s.inner);
    for (int64_t n = 0; n < s.batch; n++) {
        for (int64_t i = 0; i < s.inner; i++) {
            f.mean += x[norm_at(s, n, c, i)] / count;
        }
    }
    for (int64_t n = 0; n < s.batch; n++) {
        for (int64_t i = 0; i < s.inner; i++) {
            double off = x[norm_at(s, n, c, i)] - f.mean;
            f.variance += off * off / count;
        }
    }
    return f;
}

static void follow_figures(const struct ref_op *op, struct figures f, int64_t c, double count) {
    double momentum = op->op.attr.norm.momentum;
    REAL *mean = op->in[3], *variance = op->in[4];
    if (count > 1) {
        mean[c] = (REAL)((1 - momentum) * mean[c] + momentum * f.mean);
        variance[c] = (REAL)((1 - momentum) * variance[c] + momentum * f.variance * count / (count - 1));
    }
}

static void batch_norm(const struct ref_op *op) {
    struct norm_sizes s = norm_sizes(op->in_value[0].shape);
    const REAL *x = op->in[0], *residual = op->in[5];
    bool training = op->op.attr.norm.training;
    for (int64_t c = 0; c < s.channels; c++) {
        struct figures f = {((const REAL *)op->in[3])[c], ((const REAL *)op->in[4])[c]};
        f = training ? channel_figures(x, s, c) : f;
        double inverse = 1 / sqrt(f.variance + op->op.attr.norm.epsilon);
        for (int64_t n = 0; n < s.batch; n++) {
            for (int64_t i = 0; i < s.inner; i++) {
                int64_t at = norm_at(s, n, c, i);
                double y = optional(op->in[1], c, 1) * (x[at] - f.mean) * inverse + optional(op->in[2], c, 0);
                y += optional(residual, at, 0);
                ((REAL *)op->out[0])[at] = (REAL)(op->op.attr.norm.relu && y <= 0 ? 0 : y);
            }
        }
        if (training) {
            ((REAL *)op->out[1])[c] = (REAL)f.mean;
            ((REAL *)op->out[2])[c] = (REAL)inverse;
            follow_figures(op, f, c, (double)(s.batch * s.inner));
        }
    }
}

static double norm_gradient(const struct ref_op *op, int64_t at) {
    bool silent = op->op.kind == OP_BATCH_NORM_GRADIENT && op->op.attr.norm.relu && ((const REAL *)op->in[5])[at] <= 0;
    return silent ? 0 : ((const REAL *)op->in[0])[at];
}

static void batch_norm_gradient(const struct ref_op *op) {
    struct norm_sizes s = norm_sizes(op->in_value[0].shape);
    const REAL *x = op->in[1];
    REAL *dx = op->out[0], *dscale = op->out[1], *dshift = op->out[2], *dresidual = op->out[3];
    for (int64_t c = 0; c < s.channels; c++) {
        double mean = ((const REAL *)op->in[3])[c], inverse = ((const REAL *)op->in[4])[c];
        double sum = 0, product = 0, count = (double)(s.batch * s.inner);
        for (int64_t k = 0; k < s.batch * s.inner; k++) {
            int64_t at = norm_at(s, k / s.inner, c, k % s.inner);
            sum += norm_gradient(op, at);
            product += norm_gradient(op, at) * (x[at] - mean) * inverse;
        }
        for (int64_t k = 0; k < s.batch * s.inner; k++) {
            int64_t at = norm_at(s, k / s.inner, c, k % s.inner);
            double g = norm_gradient(op, at), normal = (x[at] - mean) * inverse;
            if (dx != NULL) {
                dx[at] = (REAL)(optional(op->in[2], c, 1) * inverse * (g - sum / count - normal * product / count));
            }
            if (dresidual != NULL) {
                dresidual[at] = (REAL)g;
            }
        }
        if (dscale != NULL) {
            dscale[c] = (REAL)product;
        }
        if (dshift != NULL) {
            dshift[c] = (REAL)sum;
        }
    }
}

// ---- layer norm -------------------------------------------------------------------------------

static void layer_norm(const struct ref_op *op) {
    int64_t batch = op->in_value[0].shape.size[0], count = shape_count(op->in_value[0].shape) / batch;
    for (int64_t n = 0; n < batch; n++) {
        const REAL *x = (const REAL *)op->in[0] + n * count;
        struct figures f = channel_figures(x, (struct norm_sizes){1, 1, count}, 0);
        double inverse = 1 / sqrt(f.variance + op->op.attr.norm.epsilon);
        for (int64_t i = 0; i < count; i++) {
            double y = optional(op->in[1], i, 1) * (x[i] - f.mean) * inverse + optional(op->in[2], i, 0);
            ((REAL *)op->out[0])[n * count + i] = (REAL)y;
        }
        if (op->out[1] != NULL) {
            ((REAL *)op->out[1])[n] = (REAL)f.mean;
        }
        if (op->out[2] != NULL) {
            ((REAL *)op->out[2])[n] = (REAL)inverse;
        }
    }
}

// One sample's dx = inverse·(h − Σh/N − x̂·Σ(h·x̂)/N) with h = scale·dy.
static void layer_norm_input(const struct ref_op *op, int64_t n, int64_t count) {
    const REAL *x = (const REAL *)op->in[1] + n * count, *dy = (const REAL *)op->in[0] + n * count;
    double mean = ((const REAL *)op->in[3])[n], inverse = ((const REAL *)op->in[4])[n], sum = 0, product = 0;
    for (int64_t i = 0; i < count; i++) {
        double h = (double)dy[i] * optional(op->in[2], i, 1);
        sum += h;
        product += h * (x[i] - mean) * inverse;
    }
    for (int64_t i = 0; i < count; i++) {
        double h = (double)dy[i] * optional(op->in[2], i, 1), normal = (x[i] - mean) * inverse;
        double dx = inverse * (h - sum / (double)count - normal * product / (double)count);
        ((REAL *)op->out[0])[n * count + i] = (REAL)dx;
    }
}

static void layer_norm_gradient(const struct ref_op *op) {
    int64_t batch = op->in_value[0].shape.size[0], count = shape_count(op->in_value[0].shape) / batch;
    const REAL *mean = op->in[3], *inverse = op->in[4];
    for (int64_t n = 0; op->out[0] != NULL && n < batch; n++) {
        layer_norm_input(op, n, count);
    }
    for (int64_t i = 0; i < count; i++) {
        double sum = 0, product = 0;
        for (int64_t n = 0; n < batch; n++) {
            double dy = ((const REAL *)op->in[0])[n * count + i], x = ((const REAL *)op->in[1])[n * count + i];
            sum += dy;
            product += dy * (x - mean[n]) * inverse[n];
        }
        if (op->out[1] != NULL) {
            ((REAL *)op->out[1])[i] = (REAL)product;
        }
        if (op->out[2] != NULL) {
            ((REAL *)op->out[2])[i] = (REAL)sum;
        }
    }
}
