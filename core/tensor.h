// Element types and shapes. No maths, no memory.
#ifndef CORE_TENSOR_H
#define CORE_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dtype { DTYPE_F32, DTYPE_F64, DTYPE_BF16, DTYPE_F16, DTYPE_U8, DTYPE_I32, DTYPE_COUNT };

#define SHAPE_RANK 4

// Outermost dimension first: rows [batch, features], images [batch, channels, height, width].
struct shape {
    int rank;
    int64_t size[SHAPE_RANK];
};

size_t dtype_size(enum dtype dtype);
const char *dtype_name(enum dtype dtype);
struct shape shape_make(int rank, const int64_t *size);
struct shape shape_batch(int64_t batch, struct shape sample); // [batch, …sample]
int64_t shape_count(struct shape shape);                      // number of elements; -1 on overflow
bool shape_equal(struct shape a, struct shape b);
char *shape_text(struct shape shape, char out[64]); // "3×32×32"; returns out

#endif
