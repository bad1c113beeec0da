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

uint64_t checksum_hash64(const void *bytes, size_t count, uint64_t seed) {
    const unsigned char *next = bytes;
    uint64_t hash = mix(seed + 0x9e3779b97f4a7c15u), word;
    size_t left = count;
    for (; left >= sizeof word; left -= sizeof word, next += sizeof word) {
        memcpy(&word, next, sizeof word);
        hash = mix(hash ^ word) + 0x9e3779b97f4a7c15u;
    }
    word = 0;
    if (left > 0)
        memcpy(&word, next, left);
    return mix(mix(hash ^ word) ^ count); // the length tells trailing zero bytes apart
}
