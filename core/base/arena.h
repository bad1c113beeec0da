// A bump allocator: many small pieces, freed together. `struct arena a = {0}` is an empty one.
// One thread at a time. Pieces are 16-byte aligned and zeroed.
#ifndef CORE_BASE_ARENA_H
#define CORE_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *block; // newest
    size_t total;              // bytes handed out
};

void *arena_alloc(struct arena *arena, size_t count, size_t size); // NULL: out of memory
char *arena_text(struct arena *arena, const char *text, size_t length); // NUL-terminated copy
void arena_free(struct arena *arena); // everything at once; the arena is empty again

#endif
