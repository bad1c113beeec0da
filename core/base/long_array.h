// An array that grows for as long as a program runs. What is beyond LONG_ARRAY_MEMORY lies in a file without a name in
// the cache folder, mapped: the system keeps of it in memory what is looked at, and nobody needs to know. Where the file
// cannot be made or the disk is full the array stays ordinary memory. One thread.
#ifndef CORE_BASE_LONG_ARRAY_H
#define CORE_BASE_LONG_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

#define LONG_ARRAY_MEMORY ((size_t)64 << 20) // bytes

struct long_array { // zeroed: nothing yet
    size_t mapped;  // bytes of the file; 0: the items are memory of mem.h
    int fd;         // of the file
    bool refused;   // there is to be no file
};

// As vec_reserve (mem.h): room for `needed` items of `size` bytes at *items_pointer, which may move.
bool long_array_reserve(struct long_array *array, void *items_pointer, size_t *capacity, size_t needed, size_t size);
void long_array_free(struct long_array *array, void *items); // items NULL allowed; mem_free where nothing was reserved

#endif
