// SHA-256 (FIPS 180-4): whether a download is what was published. Any thread, one state per thread.
#ifndef CORE_BASE_SHA256_H
#define CORE_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
    uint32_t state[8];
    uint64_t length; // bytes so far
    uint8_t block[64];
};

void sha256_begin(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *bytes, size_t count);
void sha256_end(struct sha256 *hash, char out[65]); // 64 lower-case hexadecimal digits and NUL

#endif
