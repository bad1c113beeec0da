// Inner loops of the `cpu` backend, once for each instruction set, from one source
// (kernels.inc.h). Pure functions on caller's arrays; any thread. Arrays need no alignment.
#ifndef CORE_BACKEND_CPU_KERNELS_H
#define CORE_BACKEND_CPU_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "core/backend/host.h"

#define LANES_MOST 16

// c[i,j] = finish(start[j] + Σ_k a[i·a_row + k·a_step] · b[k·columns + j]); c is [rows, columns].
struct product {
    int64_t rows, columns, depth;
    const float *a;
    int64_t a_row, a_step;
    const float *b;
    const float *start; // [columns] or NULL: 0
    float *c;
    bool relu;            // finish: max(0, ·)
    const float *slope_y; // or NULL; finish: 0 where slope_y[i,j] ≤ 0, the gradient of a ReLU
};

enum update_norm { NORM_GRADIENT, NORM_UPDATE, NORM_WEIGHT, NORM_COUNT };

// One step of an optimizer as program.h defines them; what is better worked out in double comes ready.
struct update {
    enum op_kind rule;
    size_t count;
    float *w;
    const float *g;
    float *first, *second; // moments, in the order of the operands; NULL where there is none
    float clip;            // the gradient's factor
    float lr;              // adam: lr/(1 − beta1^t)
    float pull;            // weight decay through the gradient
    float loss;            // what decoupled decay takes of every weight: lr·decay, else 0
    float momentum;
    bool nesterov;
    float keep1, keep2;    // shares of the moments that stay: beta1, beta2; rmsprop: keep2
    float take1, take2;    // 1 − keep
    float correct2;        // adam: 1/√(1 − beta2^t)
    float epsilon;
};

// A group of at most one vector of channels: value (n, i) of channel k is at n·image_step + i·cell_step + k.
struct norm_view {
    int64_t images, cells, image_step, cell_step;
    int64_t width; // channels
};

// y = relu?((x − mean)·factor + shift + residual); per-channel numbers are [width]. Numbers of 16 bits are bf16.
struct norm_apply {
    const float *x, *residual; // residual: or NULL
    const float *mean, *factor, *shift;
    float *y;         // or NULL
    uint16_t *y_bf16; // or NULL: y rounded
    bool relu;
};

struct norm_gradient {
    const float *dy, *x, *mean;
    const float *y;         // or NULL; where it is ≤ 0 the gradient is 0
    const uint16_t *y_bf16; // or NULL: in its place
    float *dx;              // or NULL; written by norm_input
    uint16_t *dx_bf16;      // or NULL: dx rounded
    float *dresidual;       // or NULL; written by norm_sums
};

// For the next ones `lanes` images lie side by side: value (c, h, w) of image n at ((c·height + h)·width + w)·lanes + n.
// Pointers are to the first image's.

struct narrow_taps {
    int64_t top, bottom, left, right; // those of a window that lie inside the image
};

// Rows `row` up to `row + rows` of a convolution with stride 1.
struct narrow {
    struct windows size;
    const float *x, *w; // w: [outputs, channels, window_height, window_width]
    const float *start; // [outputs], the bias; or NULL: 0
    float *y;           // what is made; begins with row `row`
    int64_t y_plane;    // elements from one map of it to the next
    int64_t row, rows;
    bool relu;
};

// Its weight gradient, added to `sums` [outputs, channels, window_height, window_width, lanes], which lane_sums adds up.
struct narrow_slope {
    struct windows size;
    const float *x, *dy;
    float *sums, *bias_sums; // bias_sums: [outputs, lanes], or NULL
};

struct narrow_pool {
    struct windows size;
    const float *x; // begins with row `row`
    int64_t x_plane, row;
    float *y;
    int32_t *where;            // or NULL
    int64_t out_row, out_rows; // of y to be made
    bool average;
};

struct narrow_pool_slope {
    struct windows size;
    const float *dy;
    const int32_t *where; // NULL: of average pooling
    float *dx;
};

struct kernels {
    const char *name; // for people: "AVX-512"
    int lanes;        // channels of a full norm_view
    void (*product)(const struct product *product);
    // The same with b [columns, depth], both operands running along the depth (a_step is 1): no
    // transposed copy of b is needed, which pays for few rows.
    void (*product_rows)(const struct product *product);
    void (*transpose)(int64_t rows, int64_t columns, const float *x, float *y); // y [columns, rows]
    void (*column_sums)(int64_t rows, int64_t columns, const float *x, float *sums);
    void (*activation)(enum activation kind, size_t count, const float *x, float *y);
    // y: or x, where activation_from_input.
    void (*activation_gradient)(enum activation kind, size_t count, const float *dy, const float *y, float *dx);
    void (*norm_figures)(const struct norm_view *view, const float *x, float *mean, float *variance); // over all values
    void (*norm_apply)(const struct norm_view *view, const struct norm_apply *apply);
    // Σ g and Σ g·(x − mean) of the gradient g behind the ReLU.
    void (*norm_sums)(const struct norm_view *view, const struct norm_gradient *gradient, float *sum, float *product);
    // dx = of_slope·g + of_x·(x − mean) + constant
    void (*norm_input)(const struct norm_view *view, const struct norm_gradient *gradient, const float *of_slope,
                       const float *of_x, const float *constant);
    // One sample of a layer norm; scale, shift and their gradients (which are added to) or NULL.
    void (*layer_norm_row)(int64_t count, const float *x, const float *scale, const float *shift, double epsilon,
                           float *y, float *mean, float *inverse);
    void (*layer_norm_row_gradient)(int64_t count, const struct norm_gradient *gradient, const float *scale,
                                    float mean, float inverse, float *dscale, float *dshift);
    void (*scale)(size_t count, float factor, const float *x, float *y);
    void (*add)(size_t count, const float *a, const float *b, float *y);
    void (*exponential)(size_t count, const float *x, float *y);
    void (*update)(const struct update *update, double norms[NORM_COUNT]); // norms: sums of squares
    void (*average)(size_t count, float keep, float take, const float *w, float *a); // a = keep·a + take·w
    double (*square_sum)(size_t count, const float *x);
    void (*narrow)(const struct narrow *narrow);
    void (*narrow_slope)(const struct narrow_slope *slope);
    void (*lane_sums)(size_t count, const float *x, float *sums); // x: [count, lanes]
    void (*narrow_pool)(const struct narrow_pool *pool);
    void (*narrow_pool_slope)(const struct narrow_pool_slope *slope);
};

extern const struct kernels kernels_portable;
#ifdef __x86_64__
extern const struct kernels kernels_avx2, kernels_avx512;
#endif

// The best this processor has, or the set the variable BATCHLAB_KERNELS names (portable, avx2,
// avx512) where the processor has that.
const struct kernels *kernels_choose(void);

#endif
