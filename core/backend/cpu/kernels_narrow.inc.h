// Convolutions and pooling of LANES images that lie side by side: part of kernels.inc.h. A cell is one vector, so
// nothing is wasted at the ends of rows, whatever the window, and images with few channels fill the lanes all the same.

// ---- convolution --------------------------------------------------------------------------------

// A register tile: `outputs` × `cells` sums, both constants where this is inlined; taps that lie inside the image.
INLINE void narrow_tile(const struct narrow *p, int64_t o, int64_t row, int64_t column, struct narrow_taps taps,
                        int outputs, int cells) {
    const struct windows *s = &p->size;
    int64_t filter = s->channels * s->window_height * s->window_width, plane = s->height * s->width;
    const float *x = p->x + ((row - s->padding[0]) * s->width + column - s->padding[1]) * LANES;
    const float *w = p->w + o * filter;
    vec sum[6][4];
    for (int r = 0; r < outputs; r++) {
        for (int k = 0; k < cells; k++) {
            sum[r][k] = spread(p->start != NULL ? p->start[o + r] : 0);
        }
    }
    for (int64_t c = 0; c < s->channels; c++, x += plane * LANES, w += s->window_height * s->window_width) {
        for (int64_t kh = taps.top; kh < taps.bottom; kh++) {
            const float *from = x + kh * s->width * LANES, *tap = w + kh * s->window_width;
            for (int64_t kw = taps.left; kw < taps.right; kw++) {
                vec right[4];
                for (int k = 0; k < cells; k++) {
                    right[k] = load(from + (kw + k) * LANES);
                }
                for (int r = 0; r < outputs; r++) {
                    vec left = spread(tap[r * filter + kw]);
                    for (int k = 0; k < cells; k++) {
                        sum[r][k] = multiply_add(left, right[k], sum[r][k]);
                    }
                }
            }
        }
    }
    for (int r = 0; r < outputs; r++) {
        float *y = p->y + (o + r) * p->y_plane + ((row - p->row) * s->out_width + column) * LANES;
        for (int k = 0; k < cells; k++) {
            store(y + k * LANES, p->relu ? rectify(sum[r][k]) : sum[r][k]);
        }
    }
}

INLINE int64_t tap_from(int64_t at, int64_t padding) {
    return at < padding ? padding - at : 0;
}

INLINE int64_t tap_to(int64_t at, int64_t padding, int64_t window, int64_t size) {
    return at - padding + window > size ? size + padding - at : window;
}

INLINE void narrow_row(const struct narrow *p, int64_t o, int64_t row, int outputs) {
    const struct windows *s = &p->size;
    struct narrow_taps taps = {.top = tap_from(row, s->padding[0]),
                               .bottom = tap_to(row, s->padding[0], s->window_height, s->height),
                               .left = 0,
                               .right = s->window_width};
    int64_t first = s->padding[1], last = s->width - s->window_width + s->padding[1] + 1; // every tap is inside
    for (int64_t column = 0; column < s->out_width;) {
        if (column >= first && column + NARROW_CELLS <= last) {
            narrow_tile(p, o, row, column, taps, outputs, NARROW_CELLS);
            column += NARROW_CELLS;
        } else if (NARROW_CELLS > 2 && column >= first && column + 2 <= last) {
            narrow_tile(p, o, row, column, taps, outputs, 2);
            column += 2;
        } else {
            struct narrow_taps some = taps;
            some.left = tap_from(column, s->padding[1]);
            some.right = tap_to(column, s->padding[1], s->window_width, s->width);
            narrow_tile(p, o, row, column, some, outputs, 1);
            column++;
        }
    }
}

INLINE void narrow_rows(const struct narrow *p, int64_t o, int outputs) {
    for (int64_t row = p->row; row < p->row + p->rows; row++) {
        narrow_row(p, o, row, outputs);
    }
}

static TARGET void narrow(const struct narrow *p) {
    int64_t o = 0, outputs = p->size.outputs;
    for (; o + 6 <= outputs; o += 6) {
        narrow_rows(p, o, 6);
    }
    if (outputs - o >= 4) {
        narrow_rows(p, o, 4);
        o += 4;
    }
    if (outputs - o >= 2) {
        narrow_rows(p, o, 2);
        o += 2;
    }
    if (outputs - o >= 1) {
        narrow_rows(p, o, 1);
    }
}

// ---- its weight gradient ------------------------------------------------------------------------

// Sums of `outputs` filters × `taps` neighbouring taps of one row of the window over the columns first … last − 1.
INLINE void slope_tile(const struct narrow_slope *p, int64_t o, int64_t c, int64_t kh, int64_t kw, int64_t first,
                       int64_t last, int outputs, int taps) {
    const struct windows *s = &p->size;
    int64_t area = s->window_height * s->window_width, filter = s->channels * area;
    float *at = p->sums + (o * filter + c * area + kh * s->window_width + kw) * LANES;
    vec sum[4][5];
    for (int r = 0; r < outputs; r++) {
        for (int k = 0; k < taps; k++) {
            sum[r][k] = load(at + (r * filter + k) * LANES);
        }
    }
    int64_t top = tap_from(kh, s->padding[0]), plane = s->out_height * s->out_width; // rows of dy: tap kh is inside
    for (int64_t row = top; row < s->out_height && row + kh - s->padding[0] < s->height; row++) {
        const float *dy = p->dy + (o * plane + row * s->out_width) * LANES;
        const float *x = p->x + ((c * s->height + row + kh - s->padding[0]) * s->width + kw - s->padding[1]) * LANES;
        for (int64_t column = first; column < last; column++) {
            vec left[4];
            for (int r = 0; r < outputs; r++) {
                left[r] = load(dy + (r * plane + column) * LANES);
            }
            for (int k = 0; k < taps; k++) {
                vec right = load(x + (column + k) * LANES);
                for (int r = 0; r < outputs; r++) {
                    sum[r][k] = multiply_add(left[r], right, sum[r][k]);
                }
            }
        }
    }
    for (int r = 0; r < outputs; r++) {
        for (int k = 0; k < taps; k++) {
            store(at + (r * filter + k) * LANES, sum[r][k]);
        }
    }
}

// Columns where every one of the taps is inside are done together, the others tap by tap.
INLINE void slope_taps(const struct narrow_slope *p, int64_t o, int64_t c, int64_t kh, int64_t kw, int outputs,
                       int taps) {
    const struct windows *s = &p->size;
    int64_t first = tap_from(kw, s->padding[1]), end = s->width + s->padding[1] - kw; // of the first tap
    int64_t last = end - taps + 1 < s->out_width ? end - taps + 1 : s->out_width;     // of the last tap
    if (first < last) {
        slope_tile(p, o, c, kh, kw, first, last, outputs, taps);
    }
    for (int k = 0; k < taps; k++) {
        int64_t begin = tap_from(kw + k, s->padding[1]), stop = end - k < s->out_width ? end - k : s->out_width;
        int64_t before = first < last ? first : stop, behind = first < last ? last : stop;
        if (begin < before) {
            slope_tile(p, o, c, kh, kw + k, begin, before < stop ? before : stop, outputs, 1);
        }
        if (behind < stop) {
            slope_tile(p, o, c, kh, kw + k, behind, stop, outputs, 1);
        }
    }
}

INLINE void slope_filters(const struct narrow_slope *p, int64_t o, int outputs) {
    int64_t window = p->size.window_width;
    for (int64_t c = 0; c < p->size.channels; c++) {
        for (int64_t kh = 0; kh < p->size.window_height; kh++) {
            int64_t kw = 0;
            for (; kw + 5 <= window; kw += 5) {
                slope_taps(p, o, c, kh, kw, outputs, 5);
            }
            for (; kw + 3 <= window; kw += 3) {
                slope_taps(p, o, c, kh, kw, outputs, 3);
            }
            for (; kw < window; kw++) {
                slope_taps(p, o, c, kh, kw, outputs, 1);
            }
        }
    }
}

static TARGET void narrow_slope(const struct narrow_slope *p) {
    int64_t o = 0, outputs = p->size.outputs, plane = p->size.out_height * p->size.out_width;
    for (; NARROW_FILTERS == 4 && o + 4 <= outputs; o += 4) {
        slope_filters(p, o, 4);
    }
    for (; o + 2 <= outputs; o += 2) {
        slope_filters(p, o, 2);
    }
    if (o < outputs) {
        slope_filters(p, o, 1);
    }
    for (o = 0; p->bias_sums != NULL && o < outputs; o++) {
        vec sum = load(p->bias_sums + o * LANES), other = spread(0);
        const float *dy = p->dy + o * plane * LANES;
        for (int64_t i = 0; i + 2 <= plane; i += 2) {
            sum += load(dy + i * LANES);
            other += load(dy + (i + 1) * LANES);
        }
        sum += plane % 2 == 1 ? load(dy + (plane - 1) * LANES) : spread(0);
        store(p->bias_sums + o * LANES, sum + other);
    }
}

static TARGET void lane_sums(size_t count, const float *x, float *sums) {
    for (size_t i = 0; i < count; i++) {
        sums[i] = sum_lanes(load(x + i * LANES));
    }
}

// ---- pooling ------------------------------------------------------------------------------------

INLINE ivec spread_whole(int32_t i) {
    return i - (ivec){0};
}

INLINE void pool_cell(const struct narrow_pool *p, const float *x, int64_t row, int64_t column, float *y,
                      int32_t *where) {
    const struct windows *s = &p->size;
    int64_t top = row * s->stride[0] - s->padding[0], left = column * s->stride[1] - s->padding[1];
    int64_t bottom = top + s->window_height < s->height ? top + s->window_height : s->height;
    int64_t right = left + s->window_width < s->width ? left + s->window_width : s->width;
    top = top > 0 ? top : 0;
    left = left > 0 ? left : 0;
    vec best = load(x + ((top - p->row) * s->width + left) * LANES), sum = spread(0);
    ivec at = spread_whole((int32_t)(top * s->width + left));
    for (int64_t h = top; h < bottom; h++) {
        for (int64_t w = left; w < right; w++) {
            vec value = load(x + ((h - p->row) * s->width + w) * LANES);
            ivec larger = (ivec)(value > best);
            best = choose(larger, value, best);
            at = (at & ~larger) | (spread_whole((int32_t)(h * s->width + w)) & larger);
            sum += value;
        }
    }
    if (p->average) {
        best = sum * spread(1 / (float)(s->window_height * s->window_width));
    }
    store(y, best);
    if (where != NULL) {
        store((float *)where, (vec)at);
    }
}

static TARGET void narrow_pool(const struct narrow_pool *p) {
    const struct windows *s = &p->size;
    for (int64_t c = 0; c < s->channels; c++) {
        int64_t out = (c * s->out_height + p->out_row) * s->out_width * LANES;
        float *y = p->y + out;
        int32_t *where = p->where != NULL ? p->where + out : NULL;
        for (int64_t row = p->out_row; row < p->out_row + p->out_rows; row++) {
            for (int64_t column = 0; column < s->out_width; column++, y += LANES) {
                pool_cell(p, p->x + c * p->x_plane, row, column, y, where);
                where = where != NULL ? where + LANES : NULL;
            }
        }
    }
}

static TARGET void narrow_pool_slope(const struct narrow_pool_slope *p) {
    const struct windows *s = &p->size;
    const float *dy = p->dy, *where = (const float *)p->where;
    float *dx = p->dx;
    vec share = spread(1 / (float)(s->window_height * s->window_width));
    bool alone = s->stride[0] >= s->window_height && s->stride[1] >= s->window_width;
    bool all = alone && s->out_height * s->window_height == s->height && s->out_width * s->window_width == s->width;
    for (int64_t i = 0; !all && i < s->channels * s->height * s->width; i++) {
        store(dx + i * LANES, spread(0));
    }
    for (int64_t c = 0; c < s->channels; c++, dx += s->height * s->width * LANES) {
        for (int64_t i = 0; i < s->out_height * s->out_width; i++, dy += LANES) {
            int64_t top = i / s->out_width * s->stride[0] - s->padding[0];
            int64_t left = i % s->out_width * s->stride[1] - s->padding[1];
            vec slope = load(dy);
            ivec at = {0};
            if (where != NULL) {
                at = (ivec)load(where);
                where += LANES;
            } else {
                slope *= share;
            }
            for (int64_t h = top > 0 ? top : 0; h < top + s->window_height && h < s->height; h++) {
                for (int64_t w = left > 0 ? left : 0; w < left + s->window_width && w < s->width; w++) {
                    float *to = dx + (h * s->width + w) * LANES;
                    vec value = alone ? spread(0) : load(to);
                    ivec chosen = at == spread_whole((int32_t)(h * s->width + w));
                    value += where == NULL ? slope : choose(chosen, slope, spread(0));
                    store(to, value);
                }
            }
        }
    }
}
