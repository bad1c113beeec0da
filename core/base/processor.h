// Which vector instructions own loops are chosen for, at run time. Any thread.
#ifndef CORE_BASE_PROCESSOR_H
#define CORE_BASE_PROCESSOR_H

enum processor_set { // each has those before it
    PROCESSOR_PORTABLE,
    PROCESSOR_AVX2,   // and FMA
    PROCESSOR_AVX512, // F, BW, DQ, CD
};

// The most that the processor has and the variable BATCHLAB_KERNELS (portable, avx2, avx512) allows. Looks at both
// anew: not for every cell.
enum processor_set processor_set(void);

#endif
