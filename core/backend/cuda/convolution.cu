// Convolutions as products. Maps have channels innermost, filters are [outputs, height, width, channels]. The cells
// under every window are written out as a row of `columns` [batch·out_height·out_width, groups, taps, channels of a
// group]; then y = columns · wᵀ, dw = dyᵀ · columns, and dx is gathered from dy · w. A 1×1 convolution needs no
// columns: they are x; the others go to cuDNN where that is there. Large batches go in chunks of pictures, so that
// columns stay below COLUMNS_BYTES (or are those of one picture).
#include "core/backend/cuda/cudnn.cuh"
#include "core/backend/cuda/windows.cuh"

#ifndef COLUMNS_BYTES
#define COLUMNS_BYTES ((long long)256 << 20)
#endif

struct convolution {
    struct windows windows;
    long long groups, channels, outputs; // channels and outputs of a group
    long long depth;                     // taps · channels of a group
    long long positions;                 // windows of a picture
    long long chunk;                     // pictures at a time
    bool direct;                         // columns are x
};

static struct convolution convolution_of(const struct prepared_op *op) {
    bool weight = op->op.kind == OP_CONVOLUTION_WEIGHT_GRADIENT, input = op->op.kind == OP_CONVOLUTION_INPUT_GRADIENT;
    const struct shape *x = input ? &op->out_shape[0] : &op->in_shape[0];
    const struct shape *w = weight ? &op->out_shape[0] : &op->in_shape[1];
    const struct shape *y = weight ? &op->in_shape[1] : input ? &op->in_shape[0] : &op->out_shape[0];
    const int window[2] = {(int)w->size[2], (int)w->size[3]};
    const int *stride = op->op.attr.convolution.stride, *padding = op->op.attr.convolution.padding;
    struct convolution c = {};
    c.windows = windows_of(x, y, window, stride, padding);
    c.groups = op->op.attr.convolution.groups;
    c.channels = w->size[1];
    c.outputs = w->size[0] / c.groups;
    c.depth = c.channels * window[0] * window[1];
    c.positions = y->size[2] * y->size[3];
    c.direct = window[0] * window[1] == 1 && stride[0] == 1 && stride[1] == 1 && padding[0] == 0 && padding[1] == 0;
    long long picture = c.positions * c.groups * c.depth * (long long)dtype_size(op->in_form[0].type);
    c.chunk = c.direct || picture * c.windows.batch <= COLUMNS_BYTES ? c.windows.batch : COLUMNS_BYTES / picture;
    c.chunk = c.chunk < 1 ? 1 : c.chunk;
    return c;
}

static size_t columns_bytes(const struct prepared_op *op, const struct convolution *c) {
    return c->direct ? 0 : (size_t)(c->chunk * c->positions * c->groups * c->depth) * dtype_size(op->in_form[0].type);
}

// What cuDNN writes a weight gradient to where that is not f32: at the beginning of the workspace.
static size_t narrow_bytes(const struct prepared_op *op) {
    bool narrow = op->op.kind == OP_CONVOLUTION_WEIGHT_GRADIENT && op->in_form[0].type != DTYPE_F32;
    return narrow ? ((size_t)shape_count(op->out_shape[0]) * dtype_size(op->in_form[0].type) + 255) / 256 * 256 : 0;
}

size_t convolution_workspace(const struct prepared_op *op) {
    struct convolution c = convolution_of(op);
    size_t columns = op->cudnn ? narrow_bytes(op) + cudnn_convolution_workspace(op->cudnn) : columns_bytes(op, &c);
    size_t sums = op->out[1] ? column_sums_bytes(c.windows.batch * c.positions, c.groups * c.outputs) : 0;
    return columns > sums ? columns : sums;
}

static struct product_shape shape_of(const struct prepared_op *op, const struct convolution *c, long long pictures) {
    long long rows = pictures * c->positions;
    enum dtype type = op->in_form[0].type;
    struct matrix columns = {c->depth, rows, c->groups * c->depth, c->depth, type};
    struct matrix w = {c->depth, c->outputs, c->depth, c->depth * c->outputs, type};
    struct matrix y = {c->outputs, rows, c->groups * c->outputs, c->outputs, type};
    int groups = (int)c->groups;
    if (op->op.kind == OP_CONVOLUTION) // yᵀ = w columnsᵀ
        return {w, columns, y, true, false, groups, groups == 1 ? op->in[2] : NULL};
    if (op->op.kind == OP_CONVOLUTION_INPUT_GRADIENT) // columnsᵀ = wᵀ dyᵀ
        return {w, y, columns, false, false, groups, NULL};
    w.type = op->out_form[0].type;
    return {columns, y, w, false, true, groups, NULL}; // dwᵀ = columnsᵀ dy
}

// Addresses from picture `first` on: of the maps x, or of columns, and of y.
static char *map_at(const struct prepared_op *op, const struct convolution *c, void *maps, long long first) {
    const struct windows *w = &c->windows;
    long long sample = (long long)w->channels * w->height * w->width;
    return (char *)maps + first * sample * (long long)dtype_size(op->in_form[0].type);
}
static char *result_at(const struct prepared_op *op, const struct convolution *c, void *maps, long long first) {
    long long sample = c->positions * c->groups * c->outputs;
    return (char *)maps + first * sample * (long long)dtype_size(op->in_form[0].type);
}

// One operand of the product for pictures from `first` on. In order: A, B, D.
static void operands(const struct prepared_op *op, const struct convolution *c, long long first, const void **a,
                     const void **b, void **d) {
    if (op->op.kind == OP_CONVOLUTION) {
        *a = op->in[1];
        *b = c->direct ? map_at(op, c, op->in[0], first) : op->workspace;
        *d = result_at(op, c, op->out[0], first);
    } else if (op->op.kind == OP_CONVOLUTION_INPUT_GRADIENT) {
        *a = op->in[1];
        *b = result_at(op, c, op->in[0], first);
        *d = c->direct ? map_at(op, c, op->out[0], first) : op->workspace;
    } else {
        *a = c->direct ? map_at(op, c, op->in[0], first) : op->workspace;
        *b = result_at(op, c, op->in[1], first);
        *d = op->out[0];
    }
}

// An address as little aligned as the operands of all chunks are.
static const void *least_aligned(const void *first, const void *second) {
    return (const void *)((uintptr_t)first | (uintptr_t)second);
}

// x, w and y, or their gradients.
struct maps {
    const struct shape *shape[3];
    void *at[3];
};

static struct maps maps_of(const struct prepared_op *op) {
    if (op->op.kind == OP_CONVOLUTION_WEIGHT_GRADIENT)
        return {{&op->in_shape[0], &op->out_shape[0], &op->in_shape[1]}, {op->in[0], op->out[0], op->in[1]}};
    if (op->op.kind == OP_CONVOLUTION_INPUT_GRADIENT)
        return {{&op->out_shape[0], &op->in_shape[1], &op->in_shape[0]}, {op->out[0], op->in[1], op->in[0]}};
    return {{&op->in_shape[0], &op->in_shape[1], &op->out_shape[0]}, {op->in[0], op->in[1], op->out[0]}};
}

static struct cudnn_convolution *ask_cudnn(struct cuda_backend *backend, const struct prepared_op *op) {
    struct maps maps = maps_of(op);
    struct cudnn_shape shape = {};
    shape.kind = op->op.kind;
    for (int i = 0; i < 4; i++) {
        shape.x[i] = maps.shape[0]->size[i];
        shape.w[i] = maps.shape[1]->size[i];
        shape.y[i] = maps.shape[2]->size[i];
    }
    for (int i = 0; i < 2; i++) {
        shape.stride[i] = op->op.attr.convolution.stride[i];
        shape.padding[i] = op->op.attr.convolution.padding[i];
    }
    for (int i = 0; i < 3; i++)
        shape.at[i] = i == 1 && narrow_bytes(op) ? NULL : maps.at[i]; // the workspace is aligned well
    shape.type = op->in_form[0].type;
    shape.exact = backend->precision == PRECISION_F32;
    return cudnn_convolution_make(backend, &shape);
}

enum status prepare_convolution(struct cuda_backend *backend, struct prepared_op *op, struct error *error) {
    struct convolution c = convolution_of(op);
    const void *a[2], *b[2];
    void *d[2];
    if (!c.direct && (op->cudnn = ask_cudnn(backend, op)))
        return STATUS_OK;
    operands(op, &c, 0, &a[0], &b[0], &d[0]);
    operands(op, &c, c.chunk, &a[1], &b[1], &d[1]);
    for (int part = 0; part < 2; part++) {
        long long pictures = part ? c.windows.batch % c.chunk : c.chunk;
        struct product_shape shape = shape_of(op, &c, pictures);
        if (pictures == 0)
            continue;
        enum status status =
            product_make(backend, &shape, least_aligned(a[0], a[1]), least_aligned(b[0], b[1]),
                         least_aligned(d[0], d[1]), &op->product[part], error);
        if (status)
            return status;
    }
    return STATUS_OK;
}

// ---- kernels ------------------------------------------------------------------------------------

struct taps { // of one group
    long long groups, channels;
};

// x [pictures, height, width, channels] -> columns [pictures·positions, groups, taps, channels of a group]
template <typename T>
__global__ static void write_columns(T *columns, const T *x, struct windows w, struct taps t, long long count) {
    long long depth = t.channels * w.window_height * w.window_width, row_size = t.groups * depth;
    FOR_EACH(i, count) {
        long long row = i / row_size;
        int place = (int)(i % row_size), group = place / (int)depth, rest = place % (int)depth;
        int channel = group * (int)t.channels + rest % (int)t.channels, tap = rest / (int)t.channels;
        int out_x = (int)(row % w.out_width), out_y = (int)(row / w.out_width % w.out_height);
        int from_y = out_y * w.stride_height - w.padding_height + tap / w.window_width;
        int from_x = out_x * w.stride_width - w.padding_width + tap % w.window_width;
        long long picture = row / w.out_width / w.out_height;
        bool inside = from_y >= 0 && from_y < w.height && from_x >= 0 && from_x < w.width;
        T value;
        store(&value, 0.0f);
        if (inside)
            value = x[((picture * w.height + from_y) * w.width + from_x) * w.channels + channel];
        columns[i] = value;
    }
}

// The sum of everything in columns that came from a cell, for every cell of x.
template <typename T>
__global__ static void gather_columns(T *x, const T *columns, struct windows w, struct taps t, long long count) {
    long long depth = t.channels * w.window_height * w.window_width;
    FOR_EACH(i, count) {
        int channel = (int)(i % w.channels), at_x = (int)(i / w.channels % w.width);
        int at_y = (int)(i / w.channels / w.width % w.height);
        long long picture = i / w.channels / w.width / w.height;
        long long column = channel / t.channels * depth + channel % t.channels;
        float sum = 0.0f;
        for (int tap_y = 0; tap_y < w.window_height; tap_y++) {
            int out_y = window_over(at_y, tap_y, w.stride_height, w.padding_height, w.out_height);
            for (int tap_x = 0; out_y >= 0 && tap_x < w.window_width; tap_x++) {
                int out_x = window_over(at_x, tap_x, w.stride_width, w.padding_width, w.out_width);
                long long row = (picture * w.out_height + out_y) * w.out_width + out_x;
                long long tap = (long long)tap_y * w.window_width + tap_x;
                if (out_x >= 0)
                    sum += real_of(columns[row * t.groups * depth + column + tap * t.channels]);
            }
        }
        store(&x[i], sum);
    }
}

template <typename T> __global__ static void add_bias(T *y, const T *bias, long long outputs, long long count) {
    FOR_EACH(i, count)
        store(&y[i], real_of(y[i]) + real_of(bias[i % outputs]));
}

static void queue_write_columns(struct cuda_backend *backend, const struct prepared_op *op,
                                const struct convolution *c, long long first, long long pictures) {
    long long count = pictures * c->positions * c->groups * c->depth;
    struct taps taps = {c->groups, c->channels};
    WITH_REAL(op->in_form[0].type, Real,
              LAUNCH(write_columns<Real>, cuda_blocks(count), BLOCK, backend->stream, (Real *)op->workspace,
                     (const Real *)map_at(op, c, op->in[0], first), c->windows, taps, count));
}

static void queue_gather_columns(struct cuda_backend *backend, const struct prepared_op *op,
                                 const struct convolution *c, long long first, long long pictures) {
    const struct windows *w = &c->windows;
    long long count = pictures * w->channels * w->height * w->width;
    struct taps taps = {c->groups, c->channels};
    WITH_REAL(op->in_form[0].type, Real,
              LAUNCH(gather_columns<Real>, cuda_blocks(count), BLOCK, backend->stream,
                     (Real *)map_at(op, c, op->out[0], first), (const Real *)op->workspace, c->windows, taps, count));
}

// ---- the operations -----------------------------------------------------------------------------

static enum status queue_chunks(struct cuda_backend *backend, const struct prepared_op *op,
                                const struct convolution *c, struct error *error) {
    bool input = op->op.kind == OP_CONVOLUTION_INPUT_GRADIENT, weight = op->op.kind == OP_CONVOLUTION_WEIGHT_GRADIENT;
    enum status status = STATUS_OK;
    for (long long first = 0; !status && first < c->windows.batch; first += c->chunk) {
        long long left = c->windows.batch - first, pictures = left < c->chunk ? left : c->chunk;
        const void *a, *b;
        void *d;
        operands(op, c, first, &a, &b, &d);
        if (!input && !c->direct)
            queue_write_columns(backend, op, c, first, pictures);
        status = product_queue(backend, op->product[pictures < c->chunk], weight ? 1.0f / op->scale : 1.0f, a, b, d,
                               weight && first > 0 ? 1.0f : 0.0f, error);
        if (!status && input && !c->direct)
            queue_gather_columns(backend, op, c, first, pictures);
    }
    return status;
}

// What cuDNN wrote of a weight gradient, as f32 and of its own size.
template <typename T> __global__ static void widen(float *out, const T *in, float factor, long long count) {
    FOR_EACH(i, count)
        out[i] = factor * real_of(in[i]);
}

static enum status queue_cudnn(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    struct maps maps = maps_of(op);
    size_t narrow = narrow_bytes(op);
    void *w = narrow ? op->workspace : maps.at[1];
    long long count = shape_count(op->out_shape[0]);
    enum status status = cudnn_convolution_queue(backend, op->cudnn, maps.at[0], w, maps.at[2],
                                                 (char *)op->workspace + narrow, error);
    if (!status && narrow)
        WITH_REAL(op->in_form[0].type, Real,
                  LAUNCH(widen<Real>, cuda_blocks(count), BLOCK, backend->stream, (float *)op->out[0],
                         (const Real *)op->workspace, 1.0f / op->scale, count));
    return status;
}

static void queue_bias(struct cuda_backend *backend, const struct prepared_op *op, long long outputs) {
    long long count = shape_count(op->out_shape[0]);
    WITH_REAL(op->in_form[0].type, Real,
              LAUNCH(add_bias<Real>, cuda_blocks(count), BLOCK, backend->stream, (Real *)op->out[0],
                     (const Real *)op->in[2], outputs, count));
}

enum status queue_convolution(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    struct convolution c = convolution_of(op);
    long long outputs = c.groups * c.outputs;
    enum status status = op->cudnn ? queue_cudnn(backend, op, error) : queue_chunks(backend, op, &c, error);
    if (!status && op->op.kind == OP_CONVOLUTION && op->in[2] && (c.groups > 1 || op->cudnn))
        queue_bias(backend, op, outputs);
    if (!status && op->op.kind == OP_CONVOLUTION_WEIGHT_GRADIENT && op->out[1])
        queue_column_sums(backend, op, 1, (float *)op->out[1], c.windows.batch * c.positions, outputs);
    return status;
}
