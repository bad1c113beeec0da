// The backend "cpu": oneDNN for convolution, pooling and large products, own kernels for small dense
// nets and everything element-wise. Computes in f32; chooses AVX2 or AVX-512 at run time.
#ifndef CORE_BACKEND_CPU_CPU_H
#define CORE_BACKEND_CPU_CPU_H

#include "core/backend/backend.h"

extern const struct backend_api cpu_backend;

#endif
