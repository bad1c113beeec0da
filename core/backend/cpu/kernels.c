#include "core/backend/cpu/kernels.h"

#include "core/base/processor.h"

const struct kernels *kernels_choose(void) {
#ifdef __x86_64__
    switch (processor_set()) {
    case PROCESSOR_AVX512:
        return &kernels_avx512;
    case PROCESSOR_AVX2:
        return &kernels_avx2;
    case PROCESSOR_PORTABLE:
        break;
    }
#endif
    return &kernels_portable;
}
