#include "core/base/ring.h"

#include <string.h>

#include "core/base/mem.h"

bool ring_open(struct ring *ring, size_t record_size, size_t capacity) {
    size_t rounded = 1;
    while (rounded < capacity && rounded <= SIZE_MAX / 4)
        rounded *= 2;
    ring->records = mem_alloc(rounded, record_size);
    ring->record_size = record_size;
    ring->capacity = rounded;
    atomic_init(&ring->head, 0);
    atomic_init(&ring->tail, 0);
    atomic_init(&ring->dropped, 0);
    return ring->records != NULL;
}

void ring_close(struct ring *ring) {
    mem_free(ring->records);
    ring->records = NULL;
}

static unsigned char *record_at(const struct ring *ring, uint64_t index) {
    return ring->records + (index & (ring->capacity - 1)) * ring->record_size;
}

bool ring_push(struct ring *ring, const void *record) {
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    // acquire: the reader has finished with the slot before it gave it back
    if (head - atomic_load_explicit(&ring->tail, memory_order_acquire) == ring->capacity) {
        atomic_fetch_add_explicit(&ring->dropped, 1, memory_order_relaxed);
        return false;
    }
    memcpy(record_at(ring, head), record, ring->record_size);
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
    return true;
}

size_t ring_pop(struct ring *ring, void *records, size_t most) {
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    uint64_t ready = atomic_load_explicit(&ring->head, memory_order_acquire) - tail;
    size_t count = ready < most ? (size_t)ready : most;
    unsigned char *out = records;
    for (size_t i = 0; i < count; i++)
        memcpy(out + i * ring->record_size, record_at(ring, tail + i), ring->record_size);
    atomic_store_explicit(&ring->tail, tail + count, memory_order_release);
    return count;
}

uint64_t ring_dropped(const struct ring *ring) {
    return atomic_load_explicit(&ring->dropped, memory_order_relaxed);
}
