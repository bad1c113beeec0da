// A stand-in for NVIDIA's management library, as far as core/backend/telemetry.c uses it. Built as a library of its own;
// a test finds `nvml_standin` in it and sets what it answers.
#ifndef TESTS_SUPPORT_CUDA_NVML_H
#define TESTS_SUPPORT_CUDA_NVML_H

#ifdef __cplusplus
#include <atomic>
typedef std::atomic<int> standin_int;
#else
#include <stdatomic.h>
typedef _Atomic int standin_int;
#endif

struct nvml_standin {
    standin_int init_code, find_code; // what these return
    standin_int code;                 // of every reading: 0 works, 3 not supported, 15 the GPU is lost
    standin_int power_code;           // of power alone
    standin_int busy, milliwatts, celsius, megahertz;
    standin_int begun;                // nvmlInit_v2 less nvmlShutdown
    char bus[32];                     // that was asked for
};

#endif
