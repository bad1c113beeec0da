#include "core/base/checksum.h"

#include <pthread.h>
#include <string.h>

static uint32_t table[256]; // the remainder of every byte under the reflected polynomial
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void table_fill(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t remainder = byte;
        for (int bit = 0; bit < 8; bit++)
            remainder = (remainder >> 1) ^ (remainder & 1 ? 0x82f63b78u : 0);
        table[byte] = remainder;
    }
}

uint32_t checksum_crc32c(uint32_t crc, const void *bytes, size_t count) {
    pthread_once(&table_once, table_fill);
    const unsigned char *next = bytes;
    crc = ~crc;
    for (size_t i = 0; i < count; i++)
        crc = (crc >> 8) ^ table[(crc ^ next[i]) & 0xff];
    return ~crc;
}

// The finalizer of SplitMix64 (Steele, Lea, Flood 2014; constants of Stafford's variant 13).
static uint64_t mix(uint64_t word) {
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
    word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
    return word ^ (word >> 31);
}

struct checksum_hash checksum_hash_begin(uint64_t seed) {
    return (struct checksum_hash){.hash = mix(seed + 0x9e3779b97f4a7c15u)};
}

static uint64_t add_words(uint64_t hash, const unsigned char *next, size_t words) {
    for (uint64_t word; words > 0; words--, next += sizeof word) {
        memcpy(&word, next, sizeof word);
        hash = mix(hash ^ word) + 0x9e3779b97f4a7c15u;
    }
    return hash;
}

// A last piece that is no whole number of words is mixed as checksum_hash_end would a missing one.
void checksum_hash_add(struct checksum_hash *state, const void *bytes, size_t count) {
    size_t words = count / sizeof(uint64_t), left = count % sizeof(uint64_t);
    uint64_t word = 0;
    state->hash = add_words(state->hash, bytes, words);
    state->count += count;
    if (left > 0) {
        memcpy(&word, (const unsigned char *)bytes + words * sizeof word, left);
        state->hash ^= word;
    }
}

uint64_t checksum_hash_end(const struct checksum_hash *state) {
    return mix(mix(state->hash) ^ state->count); // the length tells trailing zero bytes apart
}

uint64_t checksum_hash64(const void *bytes, size_t count, uint64_t seed) {
    struct checksum_hash state = checksum_hash_begin(seed);
    checksum_hash_add(&state, bytes, count);
    return checksum_hash_end(&state);
}
