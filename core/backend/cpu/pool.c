#include "core/backend/cpu/pool.h"

#include <string.h>

#include "core/backend/cpu/threads.h"

enum { X, Y, WHERE }; // places: x or dx, y or dy, positions or none

struct span {
    int64_t begin, end; // cells of one window along one side, inside the image
};

static struct span window_span(int64_t index, int64_t stride, int64_t padding, int64_t window, int64_t size) {
    int64_t begin = index * stride - padding, end = begin + window;
    return (struct span){begin > 0 ? begin : 0, end < size ? end : size};
}

static void max_at(const struct windows *s, const float *x, struct span rows, struct span columns, float *y,
                   int32_t *where) {
    int64_t best = rows.begin * s->width + columns.begin;
    if (rows.end - rows.begin == 2 && columns.end - columns.begin == 2) { // the usual one, without branches
        const float *top = x + best, *low = top + s->width;
        int64_t upper = top[1] > top[0], lower = low[1] > low[0];
        bool below = low[lower] > top[upper];
        best += below ? s->width + lower : upper;
        *y = x[best];
        *where = (int32_t)best;
        return;
    }
    for (int64_t h = rows.begin; h < rows.end; h++) {
        for (int64_t w = columns.begin; w < columns.end; w++) {
            best = x[h * s->width + w] > x[best] ? h * s->width + w : best;
        }
    }
    *y = x[best];
    *where = (int32_t)best;
}

static float average_at(const struct windows *s, const float *x, struct span rows, struct span columns) {
    float sum = 0;
    for (int64_t h = rows.begin; h < rows.end; h++) {
        for (int64_t w = columns.begin; w < columns.end; w++) {
            sum += x[h * s->width + w];
        }
    }
    return sum / (float)(s->window_height * s->window_width);
}

// Planes of every image and channel are shared between threads.
static int64_t plane_at(const struct windows *s, int part, int parts) {
    return s->batch * s->channels * part / parts;
}

static dnnl_status_t share_planes(const struct step *step, const struct run_state *state,
                                  void (*work)(void *context, int part, int parts)) {
    const struct windows *s = &step->u.own.windows;
    bool alone = s->batch * s->channels * s->height * s->width < SHARED_ELEMENTS;
    threads_share(alone ? 1 : state->threads, work, (void *)(uintptr_t)step);
    return dnnl_success;
}

static void forward_part(void *context, int part, int parts) {
    const struct step *step = context;
    const struct windows *s = &step->u.own.windows;
    bool max = step->u.own.op.attr.pool.kind == POOL_MAX;
    int64_t first = plane_at(s, part, parts), out = first * s->out_height * s->out_width;
    const float *x = (const float *)step->at[X] + first * s->height * s->width;
    float *y = (float *)step->at[Y] + out;
    int32_t *where = step->at[WHERE] != NULL ? (int32_t *)step->at[WHERE] + out : NULL, unused;
    for (int64_t plane = first; plane < plane_at(s, part + 1, parts); plane++, x += s->height * s->width) {
        for (int64_t oh = 0; oh < s->out_height; oh++) {
            struct span rows = window_span(oh, s->stride[0], s->padding[0], s->window_height, s->height);
            for (int64_t ow = 0; ow < s->out_width; ow++, y++) {
                struct span columns = window_span(ow, s->stride[1], s->padding[1], s->window_width, s->width);
                if (max) {
                    max_at(s, x, rows, columns, y, where != NULL ? where++ : &unused);
                } else {
                    *y = average_at(s, x, rows, columns);
                }
            }
        }
    }
}

static dnnl_status_t run_forward(const struct step *step, const struct run_state *state) {
    return share_planes(step, state, forward_part);
}

static void spread_average(const struct windows *s, struct span rows, struct span columns, float dy, float *dx) {
    float share = dy / (float)(s->window_height * s->window_width);
    for (int64_t h = rows.begin; h < rows.end; h++) {
        for (int64_t w = columns.begin; w < columns.end; w++) {
            dx[h * s->width + w] += share;
        }
    }
}

static void gradient_part(void *context, int part, int parts) {
    const struct step *step = context;
    const struct windows *s = &step->u.own.windows;
    int64_t first = plane_at(s, part, parts), last = plane_at(s, part + 1, parts);
    int64_t out = first * s->out_height * s->out_width;
    const float *dy = (const float *)step->at[Y] + out;
    const int32_t *where = step->at[WHERE] != NULL ? (const int32_t *)step->at[WHERE] + out : NULL;
    float *dx = (float *)step->at[X] + first * s->height * s->width;
    memset(dx, 0, (size_t)((last - first) * s->height * s->width) * sizeof *dx);
    for (int64_t plane = first; plane < last; plane++, dx += s->height * s->width) {
        for (int64_t i = 0; where != NULL && i < s->out_height * s->out_width; i++) {
            dx[*where++] += *dy++;
        }
        for (int64_t oh = 0; where == NULL && oh < s->out_height; oh++) {
            struct span rows = window_span(oh, s->stride[0], s->padding[0], s->window_height, s->height);
            for (int64_t ow = 0; ow < s->out_width; ow++) {
                struct span columns = window_span(ow, s->stride[1], s->padding[1], s->window_width, s->width);
                spread_average(s, rows, columns, *dy++, dx);
            }
        }
    }
}

static dnnl_status_t run_gradient(const struct step *step, const struct run_state *state) {
    return share_planes(step, state, gradient_part);
}

static void add_step(struct builder *b, const struct op *op, step_function *run, int x, int y, int where,
                     struct windows windows) {
    struct step *step = step_add(b, run);
    step->u.own.op = *op;
    step->u.own.windows = windows;
    step->place[X] = x;
    step->place[Y] = y;
    step->place[WHERE] = where;
}

void pool_forward_add(struct builder *b, const struct op *op) {
    struct shape x = builder_value(b, op->in[0])->shape, y = builder_value(b, op->out[0])->shape;
    int from = value_read(b, op->in[0]), to = value_write(b, op->out[0]), where = value_write(b, op->out[1]);
    add_step(b, op, run_forward, from, to, where, windows_pool(op, x, y));
}

void pool_gradient_add(struct builder *b, const struct op *op) {
    struct shape x = builder_value(b, op->out[0])->shape, y = builder_value(b, op->in[0])->shape;
    int dy = value_read(b, op->in[0]), where = value_read(b, op->in[1]), dx = value_write(b, op->out[0]);
    add_step(b, op, run_gradient, dx, dy, where, windows_pool(op, x, y));
}
