// A bounded queue of fixed-size records between exactly one writing and one reading thread, with
// no lock. When it is full a push is refused and counted; nothing blocks.
#ifndef CORE_BASE_RING_H
#define CORE_BASE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
    unsigned char *records;
    size_t record_size, capacity; // capacity is a power of two
    unsigned char apart[64]; // writer and reader do not share a cache line
    _Atomic uint64_t head;   // next to write; only the writer stores it
    _Atomic uint64_t dropped;
    unsigned char apart_too[64];
    _Atomic uint64_t tail; // next to read; only the reader stores it
};

bool ring_open(struct ring *ring, size_t record_size, size_t capacity); // false: out of memory
void ring_close(struct ring *ring);
bool ring_push(struct ring *ring, const void *record); // false: full, counted in `dropped`
size_t ring_pop(struct ring *ring, void *records, size_t most); // how many were read
uint64_t ring_dropped(const struct ring *ring);

#endif
