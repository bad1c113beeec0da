// Inner loops of the `cpu` backend, once for each instruction set, from one source
// (kernels.inc.h). Pure functions on caller's arrays; any thread. Arrays need no alignment.
#ifndef CORE_BACKEND_CPU_KERNELS_H
#define CORE_BACKEND_CPU_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "core/backend/backend.h"

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

enum sgd_norm { NORM_GRADIENT, NORM_UPDATE, NORM_WEIGHT, NORM_COUNT };

struct kernels {
    const char *name; // for people: "AVX-512"
    void (*product)(const struct product *product);
    // The same with b [columns, depth], both operands running along the depth (a_step is 1): no
    // transposed copy of b is needed, which pays for few rows.
    void (*product_rows)(const struct product *product);
    void (*transpose)(int64_t rows, int64_t columns, const float *x, float *y); // y [columns, rows]
    void (*column_sums)(int64_t rows, int64_t columns, const float *x, float *sums);
    void (*activation)(enum activation kind, size_t count, const float *x, float *y);
    void (*activation_gradient)(enum activation kind, size_t count, const float *dy, const float *y, float *dx);
    void (*add)(size_t count, const float *a, const float *b, float *y);
    void (*exponential)(size_t count, const float *x, float *y);
    // v or norms may be NULL; norms receives the sums of squares.
    void (*sgd)(size_t count, float *w, const float *g, float *v, const struct step_args *args,
                double norms[NORM_COUNT]);
};

extern const struct kernels kernels_portable;
#ifdef __x86_64__
extern const struct kernels kernels_avx2, kernels_avx512;
#endif

// The best this processor has, or the set the variable BATCHLAB_KERNELS names (portable, avx2,
// avx512) where the processor has that.
const struct kernels *kernels_choose(void);

#endif
