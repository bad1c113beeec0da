// core/base/rng.c's streams on the device, word for word: the same draws whichever backend runs.
#ifndef CORE_BACKEND_CUDA_PHILOX_CUH
#define CORE_BACKEND_CUDA_PHILOX_CUH

#include "core/backend/cuda/cuda.cuh"

__device__ inline uint4 philox_block(uint4 counter, uint2 key) {
    for (int round = 0; round < 10; round++) {
        uint32_t low0 = 0xd2511f53u * counter.x, high0 = __umulhi(0xd2511f53u, counter.x);
        uint32_t low1 = 0xcd9e8d57u * counter.z, high1 = __umulhi(0xcd9e8d57u, counter.z);
        counter = make_uint4(high1 ^ counter.y ^ key.x, low1, high0 ^ counter.w ^ key.y, low0);
        key.x += 0x9e3779b9u;
        key.y += 0xbb67ae85u;
    }
    return counter;
}

// Block number `block` of the stream rng_make(seed, purpose, index).
__device__ inline uint4 stream_block(unsigned long long seed, unsigned purpose, unsigned long long index,
                                     unsigned block) {
    return philox_block(make_uint4(block, purpose << 24, (uint32_t)index, (uint32_t)(index >> 32)),
                        make_uint2((uint32_t)seed, (uint32_t)(seed >> 32)));
}

// Draws of one stream in rng.c's order, for the few draws of a sample.
struct stream {
    unsigned long long seed, index;
    unsigned purpose, block;
    uint32_t words[4];
    int used;

    __device__ stream(unsigned long long seed_, unsigned purpose_, unsigned long long index_)
        : seed(seed_), index(index_), purpose(purpose_), block(0), used(4) {}
    __device__ uint32_t word() {
        if (used == 4) {
            uint4 next = stream_block(seed, purpose, index, block++);
            words[0] = next.x, words[1] = next.y, words[2] = next.z, words[3] = next.w;
            used = 0;
        }
        return words[used++];
    }
    __device__ unsigned long long wide() {
        unsigned long long low = word();
        return low | (unsigned long long)word() << 32;
    }
    __device__ unsigned long long below(unsigned long long bound) {
        unsigned long long surplus = (0ull - bound) % bound, draw;
        do {
            draw = wide();
        } while (draw < surplus);
        return draw % bound;
    }
    __device__ double uniform() { return (double)(wide() >> 11) * 0x1p-53; }
};

#endif
