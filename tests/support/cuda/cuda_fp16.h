// Half precision of the stand-in, rounded to the nearest, ties to even.
#ifndef TESTS_SUPPORT_CUDA_FP16_H
#define TESTS_SUPPORT_CUDA_FP16_H

#include <cmath>
#include <cstdint>

struct __half {
    uint16_t bits;
};

static inline float __half2float(__half x) {
    int exponent = x.bits >> 10 & 31, fraction = x.bits & 1023;
    float size = exponent == 31 ? (fraction ? NAN : INFINITY)
                 : exponent == 0 ? std::ldexp((float)fraction, -24)
                                 : std::ldexp((float)(fraction + 1024), exponent - 25);
    return x.bits & 0x8000 ? -size : size;
}

static inline __half __float2half_rn(float x) {
    uint16_t sign = std::signbit(x) ? 0x8000 : 0;
    float size = std::fabs(x);
    if (std::isnan(x))
        return {0x7fff};
    if (size == 0.0f)
        return {sign};
    if (size >= 65520.0f) // rounds beyond the largest, 65504
        return {(uint16_t)(sign | 0x7c00)};
    int exponent;
    std::frexp(size, &exponent); // size = m · 2^exponent, m in 0.5 … 1
    int unit = exponent < -13 ? -24 : exponent - 11; // of the last bit
    float steps = std::nearbyint(std::ldexp(size, -unit)); // at most 2048
    if (unit == -24)
        return {(uint16_t)(sign | (uint16_t)steps)};
    return {(uint16_t)(sign | (((unsigned)(unit + 25) << 10) + (unsigned)steps - 1024))};
}

#endif
