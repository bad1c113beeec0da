// Normalization: part of kernels.inc.h. Values of a group of channels lie `width` lanes beside each
// other, at most one vector of them. Sums are kept in floats over a chunk of cells that stays in the
// first cache and in doubles between chunks; mean and variance of chunks are joined as Chan et al. do.

#define NORM_CHUNK 1024 // cells

INLINE int64_t norm_chunk_images(const struct norm_view *v) {
    return v->cells >= NORM_CHUNK ? 1 : NORM_CHUNK / v->cells;
}

INLINE vec norm_load(const struct norm_view *v, const float *x, bool part) {
    return tile_load(x, part, v->width);
}

INLINE void norm_store(const struct norm_view *v, float *x, vec value, bool part) {
    if (part) {
        store_part(x, value, v->width);
    } else {
        store(x, value);
    }
}

// ---- bf16: the upper half of a float, rounded to even; NaN stays NaN ----------------------------

typedef uint32_t norm_uvec __attribute__((vector_size(LANES * 4)));
typedef uint16_t norm_half __attribute__((vector_size(LANES * 2)));
typedef uint16_t norm_loose_half __attribute__((vector_size(LANES * 2), aligned(2), may_alias));

INLINE norm_half narrow_lanes(vec x) {
    norm_uvec bits = (norm_uvec)x, upper = bits >> 16;
    norm_uvec rounded = (bits + 0x7fff + (upper & 1)) >> 16;
    norm_uvec nan = (norm_uvec)(x != x);
    return __builtin_convertvector((rounded & ~nan) | ((upper | 0x40) & nan), norm_half);
}

INLINE void narrow_store(const struct norm_view *v, uint16_t *x, vec value, bool part) {
    norm_half half = narrow_lanes(value);
    if (part) {
        memcpy(x, &half, (size_t)v->width * sizeof *x);
    } else {
        *(norm_loose_half *)x = (norm_loose_half)half;
    }
}

INLINE vec narrow_load(const struct norm_view *v, const uint16_t *x, bool part) {
    norm_half half = {0};
    if (part) {
        memcpy(&half, x, (size_t)v->width * sizeof *x);
    } else {
        half = (norm_half)*(const norm_loose_half *)x;
    }
    return (vec)(__builtin_convertvector(half, norm_uvec) << 16);
}

// ---- batch norm ---------------------------------------------------------------------------------

INLINE vec add_power(vec sum, vec off, bool squared) {
    if (squared) {
        return multiply_add(off, off, sum);
    }
    return sum + off;
}

// Σ (x − mean)^power over the images first … last − 1, in four sums at a time.
INLINE vec chunk_sum(const struct norm_view *v, const float *x, int64_t first, int64_t last, vec mean, bool squared,
                     bool part) {
    vec sum[4] = {spread(0), spread(0), spread(0), spread(0)};
    for (int64_t n = first; n < last; n++) {
        const float *p = x + n * v->image_step;
        int64_t i = 0;
        for (; i + 4 <= v->cells; i += 4, p += 4 * v->cell_step) {
            for (int k = 0; k < 4; k++) {
                sum[k] = add_power(sum[k], norm_load(v, p + k * v->cell_step, part) - mean, squared);
            }
        }
        for (; i < v->cells; i++, p += v->cell_step) {
            sum[0] = add_power(sum[0], norm_load(v, p, part) - mean, squared);
        }
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

INLINE void figures_all(const struct norm_view *v, const float *x, float *mean, float *variance, bool part) {
    double total[LANES] = {0}, squares[LANES] = {0}, seen = 0;
    int64_t step = norm_chunk_images(v);
    for (int64_t first = 0; first < v->images; first += step) {
        int64_t last = first + step < v->images ? first + step : v->images;
        double count = (double)((last - first) * v->cells);
        vec near = norm_load(v, x + first * v->image_step, part); // sums of small differences lose little
        vec off = chunk_sum(v, x, first, last, near, false, part);
        vec middle = multiply_add(off, spread((float)(1 / count)), near);
        vec around = chunk_sum(v, x, first, last, middle, true, part);
        for (int k = 0; k < LANES; k++) {
            double apart = (double)middle[k] - total[k];
            total[k] += apart * count / (seen + count);
            squares[k] += (double)around[k] + apart * apart * seen * count / (seen + count);
        }
        seen += count;
    }
    for (int64_t k = 0; k < v->width; k++) {
        mean[k] = (float)total[k];
        variance[k] = (float)(squares[k] / seen);
    }
}

static TARGET void norm_figures(const struct norm_view *v, const float *x, float *mean, float *variance) {
    if (v->width == LANES) {
        figures_all(v, x, mean, variance, false);
    } else {
        figures_all(v, x, mean, variance, true);
    }
}

INLINE void apply_all(const struct norm_view *v, const struct norm_apply *a, bool part, bool residual, bool relu) {
    vec mean = norm_load(v, a->mean, part), factor = norm_load(v, a->factor, part),
        shift = norm_load(v, a->shift, part);
    for (int64_t n = 0; n < v->images; n++) {
        int64_t at = n * v->image_step;
        for (int64_t i = 0; i < v->cells; i++, at += v->cell_step) {
            vec y = multiply_add(norm_load(v, a->x + at, part) - mean, factor, shift);
            if (residual) {
                y += norm_load(v, a->residual + at, part);
            }
            y = relu ? rectify(y) : y;
            if (a->y != NULL) {
                norm_store(v, a->y + at, y, part);
            }
            if (a->y_bf16 != NULL) {
                narrow_store(v, a->y_bf16 + at, y, part);
            }
        }
    }
}

static TARGET void norm_apply(const struct norm_view *v, const struct norm_apply *a) {
    if (v->width < LANES) {
        apply_all(v, a, true, a->residual != NULL, a->relu);
    } else if (a->residual != NULL && a->relu) {
        apply_all(v, a, false, true, true);
    } else if (a->residual != NULL) {
        apply_all(v, a, false, true, false);
    } else if (a->relu) {
        apply_all(v, a, false, false, true);
    } else {
        apply_all(v, a, false, false, false);
    }
}

INLINE vec norm_slope(const struct norm_view *v, const struct norm_gradient *g, int64_t at, bool part, bool relu) {
    vec dy = norm_load(v, g->dy + at, part);
    if (!relu) {
        return dy;
    }
    vec y = g->y_bf16 != NULL ? narrow_load(v, g->y_bf16 + at, part) : norm_load(v, g->y + at, part);
    return choose((ivec)(y > spread(0)), dy, spread(0));
}

INLINE bool norm_rectified(const struct norm_gradient *g) {
    return g->y != NULL || g->y_bf16 != NULL;
}

struct norm_sum {
    vec slope, product;
};

INLINE void add_cell(const struct norm_view *v, const struct norm_gradient *g, int64_t at, vec mean, bool part,
                     bool relu, bool keep, struct norm_sum *sum) {
    vec slope = norm_slope(v, g, at, part, relu);
    sum->slope += slope;
    sum->product = multiply_add(slope, norm_load(v, g->x + at, part) - mean, sum->product);
    if (keep) {
        norm_store(v, g->dresidual + at, slope, part);
    }
}

INLINE struct norm_sum chunk_slopes(const struct norm_view *v, const struct norm_gradient *g, int64_t first,
                                    int64_t last, vec mean, bool part, bool relu, bool keep) {
    struct norm_sum even = {spread(0), spread(0)}, odd = even;
    for (int64_t n = first; n < last; n++) {
        int64_t at = n * v->image_step, i = 0;
        for (; i + 2 <= v->cells; i += 2, at += 2 * v->cell_step) {
            add_cell(v, g, at, mean, part, relu, keep, &even);
            add_cell(v, g, at + v->cell_step, mean, part, relu, keep, &odd);
        }
        if (i < v->cells) {
            add_cell(v, g, at, mean, part, relu, keep, &even);
        }
    }
    return (struct norm_sum){even.slope + odd.slope, even.product + odd.product};
}

INLINE void sums_all(const struct norm_view *v, const struct norm_gradient *g, float *sum, float *product, bool part,
                     bool relu, bool keep) {
    double total[LANES] = {0}, products[LANES] = {0};
    vec mean = norm_load(v, g->mean, part);
    int64_t step = norm_chunk_images(v);
    for (int64_t first = 0; first < v->images; first += step) {
        int64_t last = first + step < v->images ? first + step : v->images;
        struct norm_sum found = chunk_slopes(v, g, first, last, mean, part, relu, keep);
        for (int k = 0; k < LANES; k++) {
            total[k] += (double)found.slope[k];
            products[k] += (double)found.product[k];
        }
    }
    for (int64_t k = 0; k < v->width; k++) {
        sum[k] = (float)total[k];
        product[k] = (float)products[k];
    }
}

static TARGET void norm_sums(const struct norm_view *v, const struct norm_gradient *g, float *sum, float *product) {
    bool relu = norm_rectified(g), keep = g->dresidual != NULL;
    if (v->width < LANES) {
        sums_all(v, g, sum, product, true, relu, keep);
    } else if (relu && keep) {
        sums_all(v, g, sum, product, false, true, true);
    } else if (relu) {
        sums_all(v, g, sum, product, false, true, false);
    } else {
        sums_all(v, g, sum, product, false, false, keep);
    }
}

INLINE void input_all(const struct norm_view *v, const struct norm_gradient *g, const float *of_slope,
                      const float *of_x, const float *constant, bool part, bool relu) {
    vec mean = norm_load(v, g->mean, part), a = norm_load(v, of_slope, part), b = norm_load(v, of_x, part);
    vec c = norm_load(v, constant, part);
    for (int64_t n = 0; n < v->images; n++) {
        int64_t at = n * v->image_step;
        for (int64_t i = 0; i < v->cells; i++, at += v->cell_step) {
            vec off = norm_load(v, g->x + at, part) - mean;
            vec dx = multiply_add(off, b, multiply_add(norm_slope(v, g, at, part, relu), a, c));
            if (g->dx != NULL) {
                norm_store(v, g->dx + at, dx, part);
            }
            if (g->dx_bf16 != NULL) {
                narrow_store(v, g->dx_bf16 + at, dx, part);
            }
        }
    }
}

static TARGET void norm_input(const struct norm_view *v, const struct norm_gradient *g, const float *of_slope,
                              const float *of_x, const float *constant) {
    if (v->width < LANES) {
        input_all(v, g, of_slope, of_x, constant, true, norm_rectified(g));
    } else if (norm_rectified(g)) {
        input_all(v, g, of_slope, of_x, constant, false, true);
    } else {
        input_all(v, g, of_slope, of_x, constant, false, false);
    }
}

// ---- layer norm -------------------------------------------------------------------------------

// Σ (x − mean)^power of a row of `count` numbers.
INLINE double row_sum(int64_t count, const float *x, float mean, bool squared) {
    double total = 0;
    for (int64_t first = 0; first < count; first += NORM_CHUNK * LANES) {
        int64_t last = first + NORM_CHUNK * LANES < count ? first + NORM_CHUNK * LANES : count;
        vec sum = spread(0);
        for (int64_t i = first; i < last; i += LANES) {
            int64_t left = last - i;
            vec off = tile_load(x + i, left < LANES, left) - spread(mean);
            for (int64_t k = left; k < LANES; k++) {
                off[k] = 0;
            }
            sum = add_power(sum, off, squared);
        }
        total += (double)sum_lanes(sum);
    }
    return total;
}

static TARGET void layer_norm_row(int64_t count, const float *x, const float *scale, const float *shift, double epsilon,
                                  float *y, float *mean, float *inverse) {
    float near = (float)(row_sum(count, x, 0, false) / (double)count);
    *mean = near + (float)(row_sum(count, x, near, false) / (double)count);
    *inverse = (float)(1 / sqrt(row_sum(count, x, *mean, true) / (double)count + epsilon));
    for (int64_t i = 0; i < count; i++) {
        float normal = (x[i] - *mean) * *inverse;
        y[i] = normal * (scale != NULL ? scale[i] : 1) + (shift != NULL ? shift[i] : 0);
    }
}

// dscale and dshift (or NULL) are added to.
static TARGET void layer_norm_row_gradient(int64_t count, const struct norm_gradient *g, const float *scale, float mean,
                                           float inverse, float *dscale, float *dshift) {
    double sum = 0, product = 0;
    for (int64_t i = 0; i < count; i++) {
        float normal = (g->x[i] - mean) * inverse, h = g->dy[i] * (scale != NULL ? scale[i] : 1);
        sum += (double)h;
        product += (double)(h * normal);
        if (dscale != NULL) {
            dscale[i] += g->dy[i] * normal;
        }
        if (dshift != NULL) {
            dshift[i] += g->dy[i];
        }
    }
    float share = (float)(sum / (double)count), slope = (float)(product / (double)count);
    for (int64_t i = 0; g->dx != NULL && i < count; i++) {
        float normal = (g->x[i] - mean) * inverse, h = g->dy[i] * (scale != NULL ? scale[i] : 1);
        g->dx[i] = inverse * (h - share - normal * slope);
    }
}
