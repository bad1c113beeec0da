// CRC-32C (Castagnoli, RFC 3720): checkpoints, TensorBoard records. checksum_crc32c("123456789") = 0xe3069283.
#ifndef CORE_BASE_CHECKSUM_H
#define CORE_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

uint32_t checksum_crc32c(uint32_t crc, const void *bytes, size_t count); // crc 0 to begin
uint64_t checksum_hash64(const void *bytes, size_t count, uint64_t seed); // for hash tables and keys

#endif
