#include "core/base/rng.h"

#include <math.h>

static uint32_t multiply(uint32_t a, uint32_t b, uint32_t *high) {
    uint64_t product = (uint64_t)a * b;
    *high = (uint32_t)(product >> 32);
    return (uint32_t)product;
}

// Constants and rounds: Salmon et al. 2011, table 2 and section 3.3.
void philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint32_t high0, high1;
        uint32_t low0 = multiply(0xd2511f53u, c0, &high0);
        uint32_t low1 = multiply(0xcd9e8d57u, c2, &high1);
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

struct rng rng_make(uint64_t seed, enum rng_purpose purpose, uint64_t index) {
    return (struct rng){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, (uint32_t)purpose << 24, (uint32_t)index, (uint32_t)(index >> 32)},
        .used = 4,
    };
}

uint32_t rng_u32(struct rng *rng) {
    if (rng->used == 4) {
        philox(rng->counter, rng->key, rng->block);
        rng->used = 0;
        if (++rng->counter[0] == 0)
            rng->counter[1]++;
    }
    return rng->block[rng->used++];
}

uint64_t rng_u64(struct rng *rng) {
    uint64_t low = rng_u32(rng);
    return low | (uint64_t)rng_u32(rng) << 32;
}

double rng_uniform(struct rng *rng) {
    return (double)(rng_u64(rng) >> 11) * 0x1p-53;
}

double rng_normal(struct rng *rng) {
    double radius = sqrt(-2.0 * log(1.0 - rng_uniform(rng))); // 1 - u is never 0
    return radius * cos(6.283185307179586476925 * rng_uniform(rng));
}

uint64_t rng_below(struct rng *rng, uint64_t bound) {
    uint64_t surplus = -bound % bound; // 2^64 mod bound: draws below it would favour small results
    uint64_t draw;
    do {
        draw = rng_u64(rng);
    } while (draw < surplus);
    return draw % bound;
}

// The picks do not depend on the items, so that many are drawn and asked from memory before the first is used:
// a large array is not waited for item by item.
void rng_shuffle(struct rng *rng, uint32_t *items, uint64_t count) {
    enum { AHEAD = 64 };
    uint64_t picks[AHEAD];
    for (uint64_t left = count; left > 1;) {
        uint64_t drawn = left - 1 < AHEAD ? left - 1 : AHEAD;
        for (uint64_t i = 0; i < drawn; i++) {
            picks[i] = rng_below(rng, left - i);
            __builtin_prefetch(items + picks[i], 1);
        }
        for (uint64_t i = 0; i < drawn; i++, left--) {
            uint32_t last = items[left - 1];
            items[left - 1] = items[picks[i]];
            items[picks[i]] = last;
        }
    }
}
