// Optimizers over a flat block, one pass; part of kernels.inc.h. `rule` and `moments` are constants where the
// functions are inlined. Squares are summed in float within a block and in double between blocks.

#define UPDATE_BLOCK 8192

struct update_lanes {
    vec clip, lr, pull, loss, momentum, keep1, keep2, take1, take2, correct2, epsilon;
    bool nesterov;
    vec sum[NORM_COUNT];
};

static TARGET struct update_lanes update_lanes(const struct update *u) {
    return (struct update_lanes){.clip = spread(u->clip),
                                 .lr = spread(u->lr),
                                 .pull = spread(u->pull),
                                 .loss = spread(u->loss),
                                 .momentum = spread(u->momentum),
                                 .keep1 = spread(u->keep1),
                                 .keep2 = spread(u->keep2),
                                 .take1 = spread(u->take1),
                                 .take2 = spread(u->take2),
                                 .correct2 = spread(u->correct2),
                                 .epsilon = spread(u->epsilon),
                                 .nesterov = u->nesterov};
}

INLINE vec update_move(enum op_kind rule, int moments, const struct update_lanes *u, vec g, vec *a, vec *b) {
    if (rule == OP_ADAGRAD) {
        *a = multiply_add(g, g, *a);
        return g / (square_root(*a) + u->epsilon);
    }
    if (rule == OP_RMSPROP) {
        *a = multiply_add(u->keep2, *a, u->take2 * g * g);
        *b = multiply_add(u->momentum, *b, g / (square_root(*a) + u->epsilon));
        return *b;
    }
    if (rule == OP_ADAM) {
        *a = multiply_add(u->keep1, *a, u->take1 * g);
        *b = multiply_add(u->keep2, *b, u->take2 * g * g);
        return *a / multiply_add(square_root(*b), u->correct2, u->epsilon);
    }
    if (moments == 0) {
        return g;
    }
    *a = multiply_add(u->momentum, *a, g);
    return u->nesterov ? multiply_add(u->momentum, *a, g) : *a;
}

INLINE vec update_vector(enum op_kind rule, int moments, struct update_lanes *u, vec w, vec own, vec *a, vec *b) {
    vec g = multiply_add(u->pull, w, u->clip * own);
    vec change = multiply_add(u->loss, w, u->lr * update_move(rule, moments, u, g, a, b));
    w -= change;
    u->sum[NORM_GRADIENT] = multiply_add(own, own, u->sum[NORM_GRADIENT]);
    u->sum[NORM_UPDATE] = multiply_add(change, change, u->sum[NORM_UPDATE]);
    u->sum[NORM_WEIGHT] = multiply_add(w, w, u->sum[NORM_WEIGHT]);
    return w;
}

INLINE void update_block(enum op_kind rule, int moments, struct update_lanes *u, const struct update *at, size_t from,
                         size_t count) {
    float *w = at->w + from, *first = moments > 0 ? at->first + from : NULL;
    float *second = moments > 1 ? at->second + from : NULL;
    const float *g = at->g + from;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        vec a = moments > 0 ? load(first + i) : spread(0), b = moments > 1 ? load(second + i) : spread(0);
        store(w + i, update_vector(rule, moments, u, load(w + i), load(g + i), &a, &b));
        if (moments > 0) {
            store(first + i, a);
        }
        if (moments > 1) {
            store(second + i, b);
        }
    }
    int64_t left = (int64_t)(count - i);
    if (left > 0) {
        vec a = moments > 0 ? load_part(first + i, left) : spread(0);
        vec b = moments > 1 ? load_part(second + i, left) : spread(0);
        vec next = update_vector(rule, moments, u, load_part(w + i, left), load_part(g + i, left), &a, &b);
        store_part(w + i, next, left);
        if (moments > 0) {
            store_part(first + i, a, left);
        }
        if (moments > 1) {
            store_part(second + i, b, left);
        }
    }
}

// Lanes past the end are all zeros, and stay out of the sums: 0/(0 + epsilon) moves nothing.
INLINE void update_all(enum op_kind rule, int moments, const struct update *at, double norms[NORM_COUNT]) {
    struct update_lanes u = update_lanes(at);
    for (int k = 0; k < NORM_COUNT; k++) {
        norms[k] = 0;
    }
    for (size_t i = 0; i < at->count; i += UPDATE_BLOCK) {
        for (int k = 0; k < NORM_COUNT; k++) {
            u.sum[k] = spread(0);
        }
        update_block(rule, moments, &u, at, i, at->count - i < UPDATE_BLOCK ? at->count - i : UPDATE_BLOCK);
        for (int k = 0; k < NORM_COUNT; k++) {
            norms[k] += (double)sum_lanes(u.sum[k]);
        }
    }
}

static TARGET void update(const struct update *at, double norms[NORM_COUNT]) {
    if (at->rule == OP_ADAGRAD) {
        update_all(OP_ADAGRAD, 1, at, norms);
    } else if (at->rule == OP_RMSPROP) {
        update_all(OP_RMSPROP, 2, at, norms);
    } else if (at->rule == OP_ADAM) {
        update_all(OP_ADAM, 2, at, norms);
    } else if (at->first != NULL) {
        update_all(OP_SGD, 1, at, norms);
    } else {
        update_all(OP_SGD, 0, at, norms);
    }
}

static TARGET double square_sum(size_t count, const float *x) {
    double total = 0;
    for (size_t from = 0; from < count; from += UPDATE_BLOCK) {
        size_t end = count - from < UPDATE_BLOCK ? count : from + UPDATE_BLOCK, i = from;
        vec sum = spread(0);
        for (; i + LANES <= end; i += LANES) {
            sum = multiply_add(load(x + i), load(x + i), sum);
        }
        if (i < end) {
            vec rest = load_part(x + i, (int64_t)(end - i));
            sum = multiply_add(rest, rest, sum);
        }
        total += (double)sum_lanes(sum);
    }
    return total;
}

static TARGET void average(size_t count, float keep, float take, const float *w, float *a) {
    for (size_t i = 0; i < count; i++) {
        a[i] = keep * a[i] + take * w[i];
    }
}
