#include "core/base/mem.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static _Atomic unsigned long calls;
static _Atomic unsigned long fail_countdown; // 0: no failure is planned

static bool may_allocate(void) {
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    unsigned long left = atomic_load_explicit(&fail_countdown, memory_order_relaxed);
    while (left > 0) {
        if (atomic_compare_exchange_weak(&fail_countdown, &left, left - 1))
            return left > 1;
    }
    return true;
}

// Never 0: NULL must mean failure and nothing else.
static bool byte_count(size_t count, size_t size, size_t *bytes) {
    if (!size_multiply(count, size, bytes))
        return false;
    if (*bytes == 0)
        *bytes = 1;
    return *bytes <= PTRDIFF_MAX;
}

void *mem_alloc(size_t count, size_t size) {
    size_t bytes;
    if (!may_allocate() || !byte_count(count, size, &bytes))
        return NULL;
    return calloc(1, bytes);
}

void *mem_aligned(size_t alignment, size_t count, size_t size) {
    size_t bytes;
    void *block = NULL;
    if (!may_allocate() || !byte_count(count, size, &bytes))
        return NULL;
    if (alignment < sizeof(void *))
        alignment = sizeof(void *);
    if (posix_memalign(&block, alignment, bytes) != 0)
        return NULL;
    return memset(block, 0, bytes);
}

void *mem_resize(void *block, size_t count, size_t size) {
    size_t bytes;
    if (!may_allocate() || !byte_count(count, size, &bytes))
        return NULL;
    return realloc(block, bytes);
}

void *mem_copy(const void *source, size_t bytes) {
    void *copy = mem_alloc(bytes, 1);
    if (copy && bytes > 0)
        memcpy(copy, source, bytes);
    return copy;
}

char *mem_string(const char *text) {
    return mem_copy(text, strlen(text) + 1);
}

void mem_free(void *block) {
    free(block);
}

bool size_multiply(size_t a, size_t b, size_t *product) {
    return !__builtin_mul_overflow(a, b, product);
}

bool size_add(size_t a, size_t b, size_t *sum) {
    return !__builtin_add_overflow(a, b, sum);
}

bool vec_reserve(void *items_pointer, size_t *capacity, size_t needed, size_t size) {
    if (needed <= *capacity)
        return true;
    size_t grown = *capacity > SIZE_MAX / 2 ? needed : *capacity * 2;
    if (grown < needed)
        grown = needed;
    if (grown < 8)
        grown = 8;
    void *items; // copied by memcpy: the caller's pointer has a type of its own
    memcpy(&items, items_pointer, sizeof items);
    items = mem_resize(items, grown, size);
    if (!items)
        return false;
    memcpy(items_pointer, &items, sizeof items);
    *capacity = grown;
    return true;
}

void mem_fail_at(unsigned long after) {
    atomic_store(&fail_countdown, after);
}

unsigned long mem_calls(void) {
    return atomic_load_explicit(&calls, memory_order_relaxed);
}
