// Convolution and pooling of the `ref` backend; part of ref_ops.inc.h.

// ---- convolution ------------------------------------------------------------------------------

// Index into x of tap (kh, kw) of window (oh, ow), channel c; -1 in the padding.
static int64_t tap(const struct windows *s, int64_t n, int64_t c, int64_t oh, int64_t ow, int64_t kh, int64_t kw) {
    int64_t h = oh * s->stride[0] - s->padding[0] + kh, w = ow * s->stride[1] - s->padding[1] + kw;
    bool inside = h >= 0 && h < s->height && w >= 0 && w < s->width;
    return inside ? ((n * s->channels + c) * s->height + h) * s->width + w : -1;
}

static double convolution_at(const struct windows *s, const REAL *x, const REAL *w, int64_t n, int64_t o, int64_t oh,
                             int64_t ow) {
    int64_t per_group = s->channels / s->groups, first = o / (s->outputs / s->groups) * per_group;
    double sum = 0;
    for (int64_t c = 0; c < per_group; c++) {
        for (int64_t kh = 0; kh < s->window_height; kh++) {
            for (int64_t kw = 0; kw < s->window_width; kw++) {
                int64_t from = tap(s, n, first + c, oh, ow, kh, kw);
                double weight = w[((o * per_group + c) * s->window_height + kh) * s->window_width + kw];
                sum += from < 0 ? 0 : x[from] * weight;
            }
        }
    }
    return sum;
}

static void convolution(const struct ref_op *op) {
    struct windows s =
        windows_convolution(&op->op, op->in_value[0].shape, op->in_value[1].shape, op->out_value[0].shape);
    const REAL *bias = op->in[2];
    REAL *y = op->out[0];
    for (int64_t n = 0; n < s.batch; n++) {
        for (int64_t o = 0; o < s.outputs; o++) {
            for (int64_t oh = 0; oh < s.out_height; oh++) {
                for (int64_t ow = 0; ow < s.out_width; ow++) {
                    double sum = convolution_at(&s, op->in[0], op->in[1], n, o, oh, ow);
                    *y++ = (REAL)(sum + (bias != NULL ? bias[o] : 0));
                }
            }
        }
    }
}

// The window index whose tap `k` falls on cell `cell`; -1 when there is none.
static int64_t window_over(int64_t cell, int64_t k, int64_t stride, int64_t padding, int64_t count) {
    int64_t start = cell + padding - k;
    return start >= 0 && start % stride == 0 && start / stride < count ? start / stride : -1;
}

static double input_gradient_at(const struct windows *s, const REAL *dy, const REAL *w, int64_t n, int64_t c, int64_t h,
                                int64_t width) {
    int64_t per_group = s->channels / s->groups, out_per_group = s->outputs / s->groups;
    int64_t first = c / per_group * out_per_group;
    double sum = 0;
    for (int64_t o = first; o < first + out_per_group; o++) {
        for (int64_t kh = 0; kh < s->window_height; kh++) {
            int64_t oh = window_over(h, kh, s->stride[0], s->padding[0], s->out_height);
            for (int64_t kw = 0; oh >= 0 && kw < s->window_width; kw++) {
                int64_t ow = window_over(width, kw, s->stride[1], s->padding[1], s->out_width);
                double weight = w[((o * per_group + c % per_group) * s->window_height + kh) * s->window_width + kw];
                sum += ow < 0 ? 0 : dy[((n * s->outputs + o) * s->out_height + oh) * s->out_width + ow] * weight;
            }
        }
    }
    return sum;
}

static void convolution_input_gradient(const struct ref_op *op) {
    struct windows s =
        windows_convolution(&op->op, op->out_value[0].shape, op->in_value[1].shape, op->in_value[0].shape);
    REAL *dx = op->out[0];
    for (int64_t n = 0; n < s.batch; n++) {
        for (int64_t c = 0; c < s.channels; c++) {
            for (int64_t h = 0; h < s.height; h++) {
                for (int64_t w = 0; w < s.width; w++) {
                    *dx++ = (REAL)input_gradient_at(&s, op->in[0], op->in[1], n, c, h, w);
                }
            }
        }
    }
}

// Σ over the batch and all windows of dy · x under one weight; x == NULL: of dy alone (the bias).
static double weight_gradient_at(const struct windows *s, const REAL *x, const REAL *dy, int64_t o, int64_t c,
                                 int64_t kh, int64_t kw) {
    double sum = 0;
    for (int64_t n = 0; n < s->batch; n++) {
        for (int64_t oh = 0; oh < s->out_height; oh++) {
            for (int64_t ow = 0; ow < s->out_width; ow++) {
                double gradient = dy[((n * s->outputs + o) * s->out_height + oh) * s->out_width + ow];
                int64_t from = x != NULL ? tap(s, n, c, oh, ow, kh, kw) : 0;
                sum += from < 0 ? 0 : gradient * (x != NULL ? x[from] : 1);
            }
        }
    }
    return sum;
}

static void convolution_weight_gradient(const struct ref_op *op) {
    struct windows s =
        windows_convolution(&op->op, op->in_value[0].shape, op->out_value[0].shape, op->in_value[1].shape);
    int64_t per_group = s.channels / s.groups;
    REAL *dw = op->out[0], *db = op->out[1];
    for (int64_t o = 0; o < s.outputs; o++) {
        int64_t first = o / (s.outputs / s.groups) * per_group;
        for (int64_t c = 0; c < per_group; c++) {
            for (int64_t kh = 0; kh < s.window_height; kh++) {
                for (int64_t kw = 0; kw < s.window_width; kw++) {
                    *dw++ = (REAL)weight_gradient_at(&s, op->in[0], op->in[1], o, first + c, kh, kw);
                }
            }
        }
        if (db != NULL) {
            db[o] = (REAL)weight_gradient_at(&s, NULL, op->in[1], o, 0, 0, 0);
        }
    }
}

// ---- pooling ----------------------------------------------------------------------------------

static void pool_at(const struct ref_op *op, const struct windows *s, int64_t plane, int64_t oh, int64_t ow) {
    double sum = 0, most = -INFINITY;
    int64_t where = -1, out = (plane * s->out_height + oh) * s->out_width + ow;
    for (int64_t kh = 0; kh < s->window_height; kh++) {
        for (int64_t kw = 0; kw < s->window_width; kw++) {
            int64_t from = tap(s, 0, plane, oh, ow, kh, kw);
            double x = from < 0 ? 0 : ((const REAL *)op->in[0])[from];
            sum += x;
            if (from >= 0 && (where < 0 || x > most)) {
                most = x;
                where = from - plane * s->height * s->width;
            }
        }
    }
    bool max = op->op.attr.pool.kind == POOL_MAX;
    ((REAL *)op->out[0])[out] = (REAL)(max ? most : sum / (double)(s->window_height * s->window_width));
    if (op->out[1] != NULL) {
        ((int32_t *)op->out[1])[out] = (int32_t)where;
    }
}

static void pool(const struct ref_op *op) {
    struct windows s = windows_pool(&op->op, op->in_value[0].shape, op->out_value[0].shape);
    for (int64_t plane = 0; plane < s.batch * s.channels; plane++) {
        for (int64_t oh = 0; oh < s.out_height; oh++) {
            for (int64_t ow = 0; ow < s.out_width; ow++) {
                pool_at(op, &s, plane, oh, ow);
            }
        }
    }
}

static double pool_gradient_at(const struct ref_op *op, const struct windows *s, int64_t plane, int64_t h, int64_t w) {
    const int32_t *where = op->in[1];
    double sum = 0;
    for (int64_t kh = 0; kh < s->window_height; kh++) {
        int64_t oh = window_over(h, kh, s->stride[0], s->padding[0], s->out_height);
        for (int64_t kw = 0; oh >= 0 && kw < s->window_width; kw++) {
            int64_t ow = window_over(w, kw, s->stride[1], s->padding[1], s->out_width);
            int64_t from = (plane * s->out_height + oh) * s->out_width + ow;
            if (ow < 0 || (where != NULL && where[from] != h * s->width + w)) {
                continue;
            }
            double share = where != NULL ? 1 : 1 / (double)(s->window_height * s->window_width);
            sum += ((const REAL *)op->in[0])[from] * share;
        }
    }
    return sum;
}

static void pool_gradient(const struct ref_op *op) {
    struct windows s = windows_pool(&op->op, op->out_value[0].shape, op->in_value[0].shape);
    REAL *dx = op->out[0];
    for (int64_t plane = 0; plane < s.batch * s.channels; plane++) {
        for (int64_t h = 0; h < s.height; h++) {
            for (int64_t w = 0; w < s.width; w++) {
                *dx++ = (REAL)pool_gradient_at(op, &s, plane, h, w);
            }
        }
    }
}
