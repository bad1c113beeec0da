#include "core/backend/cpu/kernels.h"

#include <stdlib.h>
#include <string.h>

static bool allowed(const char *name) {
    const char *asked = getenv("BATCHLAB_KERNELS");
    return asked == NULL || *asked == '\0' || strcmp(asked, name) == 0;
}

const struct kernels *kernels_choose(void) {
#ifdef __x86_64__
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (allowed("avx512") && avx2 && __builtin_cpu_supports("avx512f")) {
        return &kernels_avx512;
    }
    if (allowed("avx2") && avx2) {
        return &kernels_avx2;
    }
#else
    (void)allowed;
#endif
    return &kernels_portable;
}
