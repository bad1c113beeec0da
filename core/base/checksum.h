// CRC-32C (Castagnoli, RFC 3720): checkpoints, TensorBoard records. checksum_crc32c("123456789") = 0xe3069283.
#ifndef CORE_BASE_CHECKSUM_H
#define CORE_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

uint32_t checksum_crc32c(uint32_t crc, const void *bytes, size_t count); // crc 0 to begin
uint64_t checksum_hash64(const void *bytes, size_t count, uint64_t seed); // for hash tables and keys
// The same in pieces, each but the last a multiple of 8 bytes.
struct checksum_hash {
    uint64_t hash, count;
};
struct checksum_hash checksum_hash_begin(uint64_t seed);
void checksum_hash_add(struct checksum_hash *state, const void *bytes, size_t count);
uint64_t checksum_hash_end(const struct checksum_hash *state);

#endif
