#include "core/base/processor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static enum processor_set built_in(void) {
#ifdef __x86_64__
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return PROCESSOR_PORTABLE;
    bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512cd");
    return wide ? PROCESSOR_AVX512 : PROCESSOR_AVX2;
#else
    return PROCESSOR_PORTABLE;
#endif
}

enum processor_set processor_set(void) {
    static const char *const names[] = {"portable", "avx2", "avx512"};
    const char *asked = getenv("BATCHLAB_KERNELS");
    enum processor_set has = built_in();
    for (size_t i = 0; asked != NULL && i < sizeof names / sizeof *names; i++)
        if (strcmp(asked, names[i]) == 0)
            return (enum processor_set)i < has ? (enum processor_set)i : has;
    return has;
}
