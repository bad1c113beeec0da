// For mremap and fallocate.
#define _GNU_SOURCE
#include "core/base/long_array.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/spill.h"

#define PIECE LONG_ARRAY_MEMORY // the file grows by

// A mapped file must have its blocks: where the disk is full, writing to memory would end the program.
static bool reserve_file(int fd, size_t bytes) {
    return fallocate(fd, 0, 0, (off_t)bytes) == 0;
}

static bool in_pieces(size_t needed, size_t size, size_t *bytes) {
    return size_multiply(needed, size, bytes) && size_add(*bytes, PIECE - 1, bytes) && (*bytes -= *bytes % PIECE) > 0;
}

// The items so far, of `used` bytes, move to a new file.
static bool move_to_file(struct long_array *array, void **items, size_t used, size_t bytes) {
    struct error error;
    void *mapped = MAP_FAILED;
    if (spill_open(&array->fd, &error))
        return false;
    if (reserve_file(array->fd, bytes))
        mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, array->fd, 0);
    if (mapped == MAP_FAILED) {
        close(array->fd);
        return false;
    }
    if (used > 0)
        memcpy(mapped, *items, used);
    mem_free(*items);
    *items = mapped;
    array->mapped = bytes;
    return true;
}

// The older part need not stay in memory: it comes back when it is looked at.
static void let_go(void *items, size_t bytes) {
    size_t kept = PIECE / 4;
    if (bytes > kept)
        madvise(items, bytes - kept, MADV_DONTNEED);
}

static bool grow_file(struct long_array *array, void **items, size_t bytes) {
    if (!reserve_file(array->fd, bytes))
        return false;
    let_go(*items, array->mapped);
    void *moved = mremap(*items, array->mapped, bytes, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED)
        return false;
    *items = moved;
    array->mapped = bytes;
    return true;
}

// The disk is full: what is mapped goes on in ordinary memory.
static bool move_to_memory(struct long_array *array, void **items, size_t bytes) {
    void *moved = mem_alloc(bytes, 1);
    if (!moved)
        return false;
    memcpy(moved, *items, array->mapped);
    munmap(*items, array->mapped);
    close(array->fd);
    *items = moved;
    *array = (struct long_array){.refused = true};
    return true;
}

// A file where there was none yet, or a longer one; failing that, memory. False: none of them.
static bool make_room(struct long_array *array, void **items, size_t used, size_t bytes) {
    if (array->mapped > 0)
        return grow_file(array, items, bytes) || move_to_memory(array, items, bytes);
    array->refused = !move_to_file(array, items, used, bytes);
    return !array->refused;
}

bool long_array_reserve(struct long_array *array, void *items_pointer, size_t *capacity, size_t needed, size_t size) {
    void *items; // copied by memcpy: the caller's pointer has a type of its own
    size_t bytes = 0;
    if (needed <= *capacity)
        return true;
    bool far = !array->refused && in_pieces(needed, size, &bytes) && bytes > LONG_ARRAY_MEMORY;
    memcpy(&items, items_pointer, sizeof items);
    bool made = far && make_room(array, &items, *capacity * size, bytes);
    if (!made)
        return array->mapped == 0 && vec_reserve(items_pointer, capacity, needed, size);
    memcpy(items_pointer, &items, sizeof items);
    *capacity = bytes / size;
    return true;
}

void long_array_free(struct long_array *array, void *items) {
    if (array->mapped > 0) {
        munmap(items, array->mapped);
        close(array->fd);
    } else {
        mem_free(items);
    }
    *array = (struct long_array){0};
}
