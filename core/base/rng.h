// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC'11). A stream is
// named by (seed, purpose, index): nothing depends on how many numbers others drew or when, so a
// run repeats bit for bit whatever the timing. No allocation, no shared state, any thread.
#ifndef CORE_BASE_RNG_H
#define CORE_BASE_RNG_H

#include <stdint.h>

enum rng_purpose { // one number per use, never reused for another
    RNG_SPLIT = 1,
    RNG_INIT,
    RNG_SHUFFLE,
    RNG_DROPOUT,
    RNG_AUGMENT,
    RNG_SAMPLE,
    RNG_TEST,
    RNG_FOREST,
    RNG_FOLD,
    RNG_GROW,
    RNG_NOISE,
    RNG_LAB,  // races and sweeps: draws of the bootstrap, trials of a random sweep
};

struct rng {
    uint32_t key[2], counter[4];
    uint32_t block[4];
    int used; // how many of block[] are spent; 4 = make the next block
};

void philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

// key = seed (low, high word); counter = (running, purpose << 24 | running's upper 24 bits, index low,
// index high): 2^58 numbers a stream.
struct rng rng_make(uint64_t seed, enum rng_purpose purpose, uint64_t index);
uint32_t rng_u32(struct rng *rng);
uint64_t rng_u64(struct rng *rng);
double rng_uniform(struct rng *rng);                 // [0, 1), 53 bits
double rng_normal(struct rng *rng);                  // mean 0, variance 1 (Box–Muller, no state kept)
uint64_t rng_below(struct rng *rng, uint64_t bound); // exactly uniform in [0, bound), bound > 0
void rng_shuffle(struct rng *rng, uint32_t *items, uint64_t count); // Fisher–Yates

#endif
