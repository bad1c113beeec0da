// The kernels of one instruction set. The including file defines LANES, TARGET, TILE_ROWS (rows of a
// register tile), NARROW_CELLS and NARROW_FILTERS (of the tiles in kernels_narrow.inc.h), KERNELS,
// KERNELS_NAME, the types vec and ivec of LANES floats and integers, and multiply_add, square_root, load_part, store_part, sum_lanes.
#include <math.h>
#include <string.h>

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

// φ(x), the density of the normal distribution.
INLINE vec density_lanes(vec x) {
    return spread(0.39894228f) * exp_lanes(x * x * spread(-0.5f));
}

// Φ(x), the normal distribution function, from φ(x); Abramowitz and Stegun 7.1.26 (error below 1e-7).
INLINE vec normal_lanes(vec x, vec density) {
    vec z = choose((ivec)(x < spread(0)), -x, x) * spread(0.70710678f);
    vec t = spread(1) / multiply_add(z, spread(0.3275911f), spread(1));
    vec p = multiply_add(t, spread(1.061405429f), spread(-1.453152027f));
    p = multiply_add(p, t, spread(1.421413741f));
    p = multiply_add(p, t, spread(-0.284496736f));
    p = multiply_add(p, t, spread(0.254829592f));
    vec beyond = p * t * density * spread(1.25331414f); // half of erfc z; √(π/2) turns φ into e^(−z²)/2
    return choose((ivec)(x < spread(0)), beyond, spread(1) - beyond);
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
    switch (kind) {
    case ACTIVATION_RELU:
        return rectify(x);
    case ACTIVATION_TANH:
        return tanh_lanes(x);
    case ACTIVATION_SIGMOID:
        return sigmoid_lanes(x);
    case ACTIVATION_GELU:
        return x * normal_lanes(x, density_lanes(x));
    default: // SiLU
        return x * sigmoid_lanes(x);
    }
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

// One loop for each kind, without a choice inside.
#define FOR_ACTIVATION(kind, call) \
    switch (kind) { \
    case ACTIVATION_RELU: \
        call(ACTIVATION_RELU); \
        break; \
    case ACTIVATION_TANH: \
        call(ACTIVATION_TANH); \
        break; \
    case ACTIVATION_SIGMOID: \
        call(ACTIVATION_SIGMOID); \
        break; \
    case ACTIVATION_GELU: \
        call(ACTIVATION_GELU); \
        break; \
    default: \
        call(ACTIVATION_SILU); \
    }

static TARGET void activation(enum activation kind, size_t count, const float *x, float *y) {
#define CALL(each) activation_all(each, count, x, y)
    FOR_ACTIVATION(kind, CALL)
#undef CALL
}

// `y` is what went in where activation_from_input.
INLINE vec gradient_lanes(enum activation kind, vec dy, vec y) {
    switch (kind) {
    case ACTIVATION_RELU:
        return choose((ivec)(y > spread(0)), dy, spread(0));
    case ACTIVATION_TANH:
        return dy * (spread(1) - y * y);
    case ACTIVATION_SIGMOID:
        return dy * (y * (spread(1) - y));
    case ACTIVATION_GELU: {
        vec density = density_lanes(y);
        return dy * multiply_add(y, density, normal_lanes(y, density));
    }
    default: { // SiLU
        vec s = sigmoid_lanes(y);
        return dy * (s * multiply_add(y, spread(1) - s, spread(1)));
    }
    }
}

INLINE void gradient_all(enum activation kind, size_t count, const float *dy, const float *y, float *dx) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        store(dx + i, gradient_lanes(kind, load(dy + i), load(y + i)));
    }
    if (i < count) {
        int64_t left = (int64_t)(count - i);
        store_part(dx + i, gradient_lanes(kind, load_part(dy + i, left), load_part(y + i, left)), left);
    }
}

static TARGET void activation_gradient(enum activation kind, size_t count, const float *dy, const float *y,
                                       float *dx) {
#define CALL(each) gradient_all(each, count, dy, y, dx)
    FOR_ACTIVATION(kind, CALL)
#undef CALL
}

static TARGET void scale(size_t count, float factor, const float *x, float *y) {
    for (size_t i = 0; i < count; i++) {
        y[i] = factor * x[i];
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

#include "core/backend/cpu/kernels_optimizer.inc.h"

#include "core/backend/cpu/kernels_norm.inc.h"

#include "core/backend/cpu/kernels_narrow.inc.h"

const struct kernels KERNELS = {
    .name = KERNELS_NAME,
    .lanes = LANES,
    .product = product,
    .product_rows = product_rows,
    .transpose = transpose,
    .column_sums = column_sums,
    .activation = activation,
    .activation_gradient = activation_gradient,
    .norm_figures = norm_figures,
    .norm_apply = norm_apply,
    .norm_sums = norm_sums,
    .norm_input = norm_input,
    .layer_norm_row = layer_norm_row,
    .layer_norm_row_gradient = layer_norm_row_gradient,
    .scale = scale,
    .add = add,
    .exponential = exponential,
    .update = update,
    .average = average,
    .square_sum = square_sum,
    .narrow = narrow,
    .narrow_slope = narrow_slope,
    .lane_sums = lane_sums,
    .narrow_pool = narrow_pool,
    .narrow_pool_slope = narrow_pool_slope,
};
