#include "core/tensor.h"

#include <assert.h>
#include <stdio.h>

static const struct {
    size_t size;
    const char *name;
} dtypes[DTYPE_COUNT] = {
    [DTYPE_F32] = {4, "f32"}, [DTYPE_F64] = {8, "f64"}, [DTYPE_BF16] = {2, "bf16"},
    [DTYPE_F16] = {2, "f16"}, [DTYPE_U8] = {1, "u8"},   [DTYPE_I32] = {4, "i32"},
};

size_t dtype_size(enum dtype dtype) {
    assert(dtype < DTYPE_COUNT);
    return dtypes[dtype].size;
}

const char *dtype_name(enum dtype dtype) {
    return dtype < DTYPE_COUNT ? dtypes[dtype].name : "unknown";
}

struct shape shape_make(int rank, const int64_t *size) {
    assert(rank >= 0 && rank <= SHAPE_RANK);
    struct shape shape = {.rank = rank};
    for (int i = 0; i < rank; i++) {
        shape.size[i] = size[i];
    }
    return shape;
}

struct shape shape_batch(int64_t batch, struct shape sample) {
    assert(sample.rank < SHAPE_RANK);
    struct shape shape = {.rank = sample.rank + 1, .size = {batch}};
    for (int i = 0; i < sample.rank; i++) {
        shape.size[i + 1] = sample.size[i];
    }
    return shape;
}

int64_t shape_count(struct shape shape) {
    int64_t count = 1;
    for (int i = 0; i < shape.rank; i++) {
        if (shape.size[i] < 0 || __builtin_mul_overflow(count, shape.size[i], &count)) {
            return -1;
        }
    }
    return count;
}

bool shape_equal(struct shape a, struct shape b) {
    bool equal = a.rank == b.rank;
    for (int i = 0; equal && i < a.rank; i++) {
        equal = a.size[i] == b.size[i];
    }
    return equal;
}

char *shape_text(struct shape shape, char out[64]) {
    size_t length = 0;
    out[0] = '\0';
    for (int i = 0; i < shape.rank && length < 64; i++) {
        int added = snprintf(out + length, 64 - length, i > 0 ? "×%lld" : "%lld", (long long)shape.size[i]);
        length += added > 0 ? (size_t)added : 0;
    }
    return out;
}
