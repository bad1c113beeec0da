// Vectors of four floats: what every 64-bit processor has.
#include <math.h>
#include <string.h>
#include <stdint.h>

#define LANES 4
#define TARGET
#define TILE_ROWS 4
#define NARROW_CELLS 2
#define NARROW_FILTERS 2
#define KERNELS kernels_portable
#define KERNELS_NAME "portable kernels"

typedef float vec __attribute__((vector_size(16)));
typedef int32_t ivec __attribute__((vector_size(16)));

static inline vec multiply_add(vec a, vec b, vec c) {
    return a * b + c;
}

static inline vec square_root(vec a) {
    return (vec){sqrtf(a[0]), sqrtf(a[1]), sqrtf(a[2]), sqrtf(a[3])};
}

static inline vec load_part(const float *p, int64_t count) {
    vec v = {0};
    memcpy(&v, p, (size_t)count * sizeof *p);
    return v;
}

static inline void store_part(float *p, vec v, int64_t count) {
    memcpy(p, &v, (size_t)count * sizeof *p);
}

static inline float sum_lanes(vec v) {
    return (v[0] + v[1]) + (v[2] + v[3]);
}

#include "core/backend/cpu/kernels.inc.h"
