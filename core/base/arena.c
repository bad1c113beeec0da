#include "core/base/arena.h"

#include <string.h>

#include "core/base/mem.h"

enum { ALIGNMENT = 16, BLOCK_SIZE = 64 * 1024 };

struct arena_block {
    struct arena_block *older;
    size_t used, size; // bytes of data[]
    _Alignas(ALIGNMENT) unsigned char data[];
};

static struct arena_block *add_block(struct arena *arena, size_t bytes) {
    size_t size = bytes > BLOCK_SIZE ? bytes : BLOCK_SIZE, whole;
    if (!size_add(size, sizeof(struct arena_block), &whole))
        return NULL;
    struct arena_block *block = mem_alloc(whole, 1);
    if (!block)
        return NULL;
    block->size = size;
    block->older = arena->block;
    arena->block = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size) {
    size_t bytes;
    if (!size_multiply(count, size, &bytes) || !size_add(bytes, ALIGNMENT - 1, &bytes))
        return NULL;
    bytes &= ~(size_t)(ALIGNMENT - 1);
    struct arena_block *block = arena->block;
    if (!block || block->size - block->used < bytes)
        block = add_block(arena, bytes);
    if (!block)
        return NULL;
    void *piece = block->data + block->used;
    block->used += bytes;
    arena->total += bytes;
    return piece;
}

char *arena_text(struct arena *arena, const char *text, size_t length) {
    size_t bytes;
    if (!size_add(length, 1, &bytes))
        return NULL;
    char *copy = arena_alloc(arena, bytes, 1);
    if (copy && length > 0)
        memcpy(copy, text, length);
    return copy;
}

void arena_free(struct arena *arena) {
    while (arena->block) {
        struct arena_block *older = arena->block->older;
        mem_free(arena->block);
        arena->block = older;
    }
    arena->total = 0;
}
