// Vectors of eight floats. Compiled for any x86-64 machine, called only where the processor can.
#ifdef __x86_64__
#include <immintrin.h>
#include <stdint.h>

#define LANES 8
#define TARGET __attribute__((target("avx2,fma")))
#define TILE_ROWS 4
#define NARROW_CELLS 2
#define NARROW_FILTERS 2
#define KERNELS kernels_avx2
#define KERNELS_NAME "AVX2"

typedef __m256 vec;
typedef int32_t ivec __attribute__((vector_size(32)));

static inline TARGET vec multiply_add(vec a, vec b, vec c) {
    return _mm256_fmadd_ps(a, b, c);
}

static inline TARGET vec square_root(vec a) {
    return _mm256_sqrt_ps(a);
}

static inline TARGET __m256i first_lanes(int64_t count) {
    const ivec lane = {0, 1, 2, 3, 4, 5, 6, 7};
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), (__m256i)lane);
}

static inline TARGET vec load_part(const float *p, int64_t count) {
    return _mm256_maskload_ps(p, first_lanes(count));
}

static inline TARGET void store_part(float *p, vec v, int64_t count) {
    _mm256_maskstore_ps(p, first_lanes(count), v);
}

static inline TARGET float sum_lanes(vec v) {
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

#include "core/backend/cpu/kernels.inc.h"
#else
typedef int kernels_avx2_absent;
#endif
