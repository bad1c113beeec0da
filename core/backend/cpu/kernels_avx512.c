// Vectors of sixteen floats. Compiled for any x86-64 machine, called only where the processor can.
#ifdef __x86_64__
#include <immintrin.h>
#include <stdint.h>

#define LANES 16
#define TARGET __attribute__((target("avx512f,avx2,fma")))
#define TILE_ROWS 8
#define NARROW_CELLS 4
#define NARROW_FILTERS 4
#define KERNELS kernels_avx512
#define KERNELS_NAME "AVX-512"

typedef __m512 vec;
typedef int32_t ivec __attribute__((vector_size(64)));

static inline TARGET vec multiply_add(vec a, vec b, vec c) {
    return _mm512_fmadd_ps(a, b, c);
}

static inline TARGET vec square_root(vec a) {
    return _mm512_sqrt_ps(a);
}

static inline TARGET __mmask16 first_lanes(int64_t count) {
    return (__mmask16)((1u << count) - 1);
}

static inline TARGET vec load_part(const float *p, int64_t count) {
    return _mm512_maskz_loadu_ps(first_lanes(count), p);
}

static inline TARGET void store_part(float *p, vec v, int64_t count) {
    _mm512_mask_storeu_ps(p, first_lanes(count), v);
}

static inline TARGET float sum_lanes(vec v) {
    return _mm512_reduce_add_ps(v);
}

#include "core/backend/cpu/kernels.inc.h"
#else
typedef int kernels_avx512_absent;
#endif
