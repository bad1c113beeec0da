// The kernels of one instruction set. The including file defines LANES, TARGET, TILE_ROWS (rows of a
// register tile), KERNELS, KERNELS_NAME, the types vec and ivec of LANES floats and integers, and
// multiply_add, load_part, store_part, sum_lanes.
#include <math.h>

#include "core/backend/cpu/kernels.h"

#define INLINE static inline __attribute__((always_inline)) TARGET

typedef float loose_vec __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

INLINE vec load(const float *p) {
    return (vec)(*(const loose_vec *)p);
}

INLINE void store(float *p, vec v) {
    *(loose_vec *)p = (loose_vec)v;
}

INLINE vec spread(float x) {
    return x - (vec){0}; // x in every lane; subtracting keeps -0
}

INLINE vec choose(ivec mask, vec yes, vec no) {
    return (vec)(((ivec)yes & mask) | ((ivec)no & ~mask));
}

// NaN stays NaN: a diverged net must not look healthy.
INLINE vec rectify(vec x) {
    return choose((ivec)(x <= spread(0)), spread(0), x);
}

// ---- functions --------------------------------------------------------------------------------

// 2^n · e^r with n = round(x/ln 2), |r| ≤ ln 2/2; Taylor to r⁷ (error below 1 ulp there).
INLINE vec exp_lanes(vec x) {
    x = choose((ivec)(x < spread(-87.3f)), spread(-87.3f), x);
    x = choose((ivec)(x > spread(88.3f)), spread(88.3f), x);
    const float magic = 12582912.0f; // 1.5·2^23: adding it leaves round(·) in the low bits
    vec shifted = multiply_add(x, spread(1.44269504f), spread(magic));
    vec n = shifted - spread(magic);
    vec r = multiply_add(n, spread(-0.693359375f), x); // ln 2 in two pieces, the first exact in 10 bits
    r = multiply_add(n, spread(2.12194440e-4f), r);
    vec p = spread(1.0f / 5040);
    p = multiply_add(p, r, spread(1.0f / 720));
    p = multiply_add(p, r, spread(1.0f / 120));
    p = multiply_add(p, r, spread(1.0f / 24));
    p = multiply_add(p, r, spread(1.0f / 6));
    p = multiply_add(p, r, spread(0.5f));
    p = multiply_add(p, r, spread(1));
    p = multiply_add(p, r, spread(1));
    ivec power = ((ivec)shifted - (ivec)spread(magic) + 127) << 23;
    return p * (vec)power;
}

INLINE vec sigmoid_lanes(vec x) {
    return spread(1) / (spread(1) + exp_lanes(-x));
}

// Far from 0 by the exponential; near 0, where that cancels, by the continued fraction of tanh.
INLINE vec tanh_lanes(vec x) {
    vec s = x * x;
    vec far = spread(1) - spread(2) / (exp_lanes(x + x) + spread(1));
    vec top = multiply_add(s, s + spread(105), spread(945));
    vec bottom = multiply_add(s, multiply_add(s, spread(15), spread(420)), spread(945));
    return choose((ivec)(s < spread(0.36f)), x * top / bottom, far);
}

// ---- products ---------------------------------------------------------------------------------

struct tile {
    int64_t row, column;
    int64_t last; // lanes of the last vector that are inside
};

INLINE vec tile_load(const float *p, bool part, int64_t count) {
    return part ? load_part(p, count) : load(p);
}

INLINE vec tile_finish(const struct product *p, vec sum, int64_t at, bool part, int64_t count) {
    if (p->relu) {
        sum = rectify(sum);
    }
    if (p->slope_y != NULL) {
        vec y = tile_load(p->slope_y + at, part, count);
        sum = choose((ivec)(y > spread(0)), sum, spread(0));
    }
    return sum;
}

// `rows` × `vectors` sums live in registers; both are constants where this is inlined.
INLINE void product_tile(const struct product *p, struct tile t, int rows, int vectors, bool part) {
    vec sum[8][2];
    for (int v = 0; v < vectors; v++) {
        bool cut = part && v == vectors - 1;
        vec start = p->start != NULL ? tile_load(p->start + t.column + v * LANES, cut, t.last) : spread(0);
        for (int r = 0; r < rows; r++) {
            sum[r][v] = start;
        }
    }
    const float *a = p->a + t.row * p->a_row, *b = p->b + t.column;
    for (int64_t k = 0; k < p->depth; k++) {
        vec right[2];
        for (int v = 0; v < vectors; v++) {
            right[v] = tile_load(b + v * LANES, part && v == vectors - 1, t.last);
        }
        for (int r = 0; r < rows; r++) {
            vec left = spread(a[r * p->a_row]);
            for (int v = 0; v < vectors; v++) {
                sum[r][v] = multiply_add(left, right[v], sum[r][v]);
            }
        }
        a += p->a_step;
        b += p->columns;
    }
    for (int r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++) {
            bool cut = part && v == vectors - 1;
            int64_t at = (t.row + r) * p->columns + t.column + v * LANES;
            vec out = tile_finish(p, sum[r][v], at, cut, t.last);
            if (cut) {
                store_part(p->c + at, out, t.last);
            } else {
                store(p->c + at, out);
            }
        }
    }
}

INLINE void product_panel(const struct product *p, int64_t column, int64_t last, int vectors, bool part) {
    struct tile t = {.column = column, .last = last};
    for (; t.row + TILE_ROWS <= p->rows; t.row += TILE_ROWS) {
        product_tile(p, t, TILE_ROWS, vectors, part);
    }
    if (TILE_ROWS > 4 && p->rows - t.row >= 4) {
        product_tile(p, t, 4, vectors, part);
        t.row += 4;
    }
    if (p->rows - t.row >= 2) {
        product_tile(p, t, 2, vectors, part);
        t.row += 2;
    }
    if (p->rows - t.row >= 1) {
        product_tile(p, t, 1, vectors, part);
    }
}

static TARGET void product(const struct product *p) {
    int64_t column = 0, last = (p->columns - 1) % LANES + 1;
    for (; column + 2 * LANES <= p->columns; column += 2 * LANES) {
        product_panel(p, column, LANES, 2, false);
    }
    int64_t left = p->columns - column;
    if (left > LANES) {
        product_panel(p, column, last, 2, true);
    } else if (left == LANES) {
        product_panel(p, column, LANES, 1, false);
    } else if (left > 0) {
        product_panel(p, column, last, 1, true);
    }
}

INLINE float dot(const float *a, const float *b, int64_t depth) {
    vec sum = spread(0), other = spread(0);
    int64_t k = 0;
    for (; k + 2 * LANES <= depth; k += 2 * LANES) {
        sum = multiply_add(load(a + k), load(b + k), sum);
        other = multiply_add(load(a + k + LANES), load(b + k + LANES), other);
    }
    for (; k + LANES <= depth; k += LANES) {
        sum = multiply_add(load(a + k), load(b + k), sum);
    }
    if (k < depth) {
        other = multiply_add(load_part(a + k, depth - k), load_part(b + k, depth - k), other);
    }
    return sum_lanes(sum + other);
}

static TARGET void product_rows(const struct product *p) {
    for (int64_t i = 0; i < p->rows; i++) {
        for (int64_t j = 0; j < p->columns; j++) {
            float sum = dot(p->a + i * p->a_row, p->b + j * p->depth, p->depth);
            sum += p->start != NULL ? p->start[j] : 0;
            p->c[i * p->columns + j] = p->relu && sum <= 0 ? 0 : sum;
        }
    }
}

typedef float quad __attribute__((vector_size(16)));
typedef float loose_quad __attribute__((vector_size(16), aligned(4), may_alias));

INLINE void transpose_quad(const float *x, int64_t x_row, float *y, int64_t y_row) {
    quad a = (quad) * (const loose_quad *)x, b = (quad) * (const loose_quad *)(x + x_row);
    quad c = (quad) * (const loose_quad *)(x + 2 * x_row), d = (quad) * (const loose_quad *)(x + 3 * x_row);
    quad ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    quad ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(loose_quad *)y = (loose_quad)__builtin_shufflevector(ab, cd, 0, 1, 4, 5);
    *(loose_quad *)(y + y_row) = (loose_quad)__builtin_shufflevector(ab, cd, 2, 3, 6, 7);
    *(loose_quad *)(y + 2 * y_row) = (loose_quad)__builtin_shufflevector(ab2, cd2, 0, 1, 4, 5);
    *(loose_quad *)(y + 3 * y_row) = (loose_quad)__builtin_shufflevector(ab2, cd2, 2, 3, 6, 7);
}

static TARGET void transpose(int64_t rows, int64_t columns, const float *x, float *y) {
    int64_t whole_rows = rows / 4 * 4, whole_columns = columns / 4 * 4;
    for (int64_t c = 0; c < whole_columns; c += 4) {
        for (int64_t r = 0; r < whole_rows; r += 4) {
            transpose_quad(x + r * columns + c, columns, y + c * rows + r, rows);
        }
    }
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t c = r < whole_rows ? whole_columns : 0; c < columns; c++) {
            y[c * rows + r] = x[r * columns + c];
        }
    }
}

static TARGET void column_sums(int64_t rows, int64_t columns, const float *x, float *sums) {
    for (int64_t c = 0; c < columns; c += LANES) {
        int64_t count = columns - c < LANES ? columns - c : LANES;
        vec sum = spread(0);
        for (int64_t r = 0; r < rows; r++) {
            sum += tile_load(x + r * columns + c, count < LANES, count);
        }
        store_part(sums + c, sum, count);
    }
}

// ---- element by element -----------------------------------------------------------------------

INLINE vec activation_lanes(enum activation kind, vec x) {
    return kind == ACTIVATION_RELU ? rectify(x) : kind == ACTIVATION_TANH ? tanh_lanes(x) : sigmoid_lanes(x);
}

INLINE void activation_all(enum activation kind, size_t count, const float *x, float *y) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        store(y + i, activation_lanes(kind, load(x + i)));
    }
    if (i < count) {
        int64_t left = (int64_t)(count - i);
        store_part(y + i, activation_lanes(kind, load_part(x + i, left)), left);
    }
}

static TARGET void activation(enum activation kind, size_t count, const float *x, float *y) {
    if (kind == ACTIVATION_RELU) {
        activation_all(ACTIVATION_RELU, count, x, y);
    } else if (kind == ACTIVATION_TANH) {
        activation_all(ACTIVATION_TANH, count, x, y);
    } else {
        activation_all(ACTIVATION_SIGMOID, count, x, y);
    }
}

INLINE vec gradient_lanes(enum activation kind, vec dy, vec y) {
    if (kind == ACTIVATION_RELU) {
        return choose((ivec)(y > spread(0)), dy, spread(0));
    }
    return dy * (kind == ACTIVATION_TANH ? spread(1) - y * y : y * (spread(1) - y));
}

static TARGET void activation_gradient(enum activation kind, size_t count, const float *dy, const float *y,
                                       float *dx) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        store(dx + i, gradient_lanes(kind, load(dy + i), load(y + i)));
    }
    if (i < count) {
        int64_t left = (int64_t)(count - i);
        store_part(dx + i, gradient_lanes(kind, load_part(dy + i, left), load_part(y + i, left)), left);
    }
}

static TARGET void add(size_t count, const float *a, const float *b, float *y) {
    for (size_t i = 0; i < count; i++) {
        y[i] = a[i] + b[i];
    }
}

static TARGET void exponential(size_t count, const float *x, float *y) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        store(y + i, exp_lanes(load(x + i)));
    }
    if (i < count) {
        int64_t left = (int64_t)(count - i);
        store_part(y + i, exp_lanes(load_part(x + i, left)), left);
    }
}

// ---- optimizer --------------------------------------------------------------------------------

struct sgd_lanes {
    vec lr, momentum, decay;
    bool velocity, nesterov;
    vec sum[NORM_COUNT];
};

INLINE void sgd_vector(struct sgd_lanes *s, vec *w, vec g, vec *v) {
    vec decayed = multiply_add(s->decay, *w, g), move = decayed;
    if (s->velocity) {
        *v = multiply_add(s->momentum, *v, decayed);
        move = s->nesterov ? multiply_add(s->momentum, *v, decayed) : *v;
    }
    vec change = s->lr * move;
    *w -= change;
    s->sum[NORM_GRADIENT] = multiply_add(g, g, s->sum[NORM_GRADIENT]);
    s->sum[NORM_UPDATE] = multiply_add(change, change, s->sum[NORM_UPDATE]);
    s->sum[NORM_WEIGHT] = multiply_add(*w, *w, s->sum[NORM_WEIGHT]);
}

INLINE void sgd_block(struct sgd_lanes *s, size_t count, float *w, const float *g, float *v) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        vec weight = load(w + i), velocity = s->velocity ? load(v + i) : spread(0);
        sgd_vector(s, &weight, load(g + i), &velocity);
        store(w + i, weight);
        if (s->velocity) {
            store(v + i, velocity);
        }
    }
    int64_t left = (int64_t)(count - i);
    if (left > 0) {
        vec weight = load_part(w + i, left), velocity = s->velocity ? load_part(v + i, left) : spread(0);
        sgd_vector(s, &weight, load_part(g + i, left), &velocity);
        store_part(w + i, weight, left);
        if (s->velocity) {
            store_part(v + i, velocity, left);
        }
    }
}

// Squares are summed in float within a block and in double between blocks.
static TARGET void sgd(size_t count, float *w, const float *g, float *v, const struct step_args *args,
                       double norms[NORM_COUNT]) {
    const size_t block = 8192;
    struct sgd_lanes s = {.lr = spread((float)args->lr),
                          .momentum = spread((float)args->momentum),
                          .decay = spread((float)args->weight_decay),
                          .velocity = v != NULL,
                          .nesterov = args->nesterov};
    double total[NORM_COUNT] = {0};
    for (size_t i = 0; i < count; i += block) {
        for (int k = 0; k < NORM_COUNT; k++) {
            s.sum[k] = spread(0);
        }
        sgd_block(&s, count - i < block ? count - i : block, w + i, g + i, v != NULL ? v + i : NULL);
        for (int k = 0; k < NORM_COUNT; k++) {
            total[k] += (double)sum_lanes(s.sum[k]);
        }
    }
    for (int k = 0; norms != NULL && k < NORM_COUNT; k++) {
        norms[k] = total[k];
    }
}

const struct kernels KERNELS = {
    .name = KERNELS_NAME,
    .product = product,
    .product_rows = product_rows,
    .transpose = transpose,
    .column_sums = column_sums,
    .activation = activation,
    .activation_gradient = activation_gradient,
    .add = add,
    .exponential = exponential,
    .sgd = sgd,
};
