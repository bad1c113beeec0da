// Checked allocation. Every allocation of the program goes through here, so that tests can make
// any of them fail. All functions may be called from any thread; what they return is freed with
// mem_free. Memory from mem_alloc is zeroed.
#ifndef CORE_BASE_MEM_H
#define CORE_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *mem_alloc(size_t count, size_t size);                     // NULL: no memory or count*size overflows
void *mem_aligned(size_t alignment, size_t count, size_t size); // zeroed; alignment a power of two
void *mem_resize(void *block, size_t count, size_t size);       // like realloc; NULL leaves `block` alone
void *mem_copy(const void *source, size_t bytes);               // NULL when out of memory
char *mem_string(const char *text);                             // NULL when out of memory
void mem_free(void *block);                                     // NULL is allowed; also frees mem_aligned's

bool size_multiply(size_t a, size_t b, size_t *product); // false on overflow
bool size_add(size_t a, size_t b, size_t *sum);          // false on overflow

// Grows `*items` (element size `size`, capacity `*capacity`) to hold at least `needed` elements,
// doubling. False when out of memory; the array is then unchanged.
bool vec_reserve(void *items_pointer, size_t *capacity, size_t needed, size_t size);

// Bytes that the machine, the control group and the limit of the address space leave to this process, the least
// of them; 4 GiB when the system does not say.
uint64_t mem_left(void);
// The same of the limits set on the process alone (RLIMIT_AS, RLIMIT_DATA); UINT64_MAX where there are none, which
// takes no time to see.
uint64_t mem_space_left(void);
// To be called first thing in main: where such a limit is set, threads share one heap. The C library would give each
// heaps of 64 MiB of address space, most of it never used.
void mem_spare_space(void);

// Tests only: the `after`-th allocation from now on (1 = the next) returns NULL, once.
// 0 turns it off. mem_calls counts allocations since the program started (for the test that a
// training step allocates nothing).
void mem_fail_at(unsigned long after);
unsigned long mem_calls(void);

#endif
