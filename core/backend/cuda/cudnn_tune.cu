// Which of cuDNN's engines is fastest for a shape: tried once on scratch buffers, then kept on disk.
#include "core/backend/cuda/cudnn.cuh"

#if !defined(CUDA_STANDIN) && __has_include(<cudnn_graph.h>)
#include "core/backend/cuda/real.cuh"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define RUNS 5
#define KEY_SIZE 512

// ---- on disk ------------------------------------------------------------------------------------

// A line for every shape: what it is, a tab, the number of the engine in cuDNN's own order.
static bool open_kept(FILE **file) {
    char path[1024];
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    bool own = cache && cache[0] == '/';
    int length = snprintf(path, sizeof path, "%s%s", own ? cache : home ? home : "", own ? "" : "/.cache");
    if ((!own && !home) || length < 0 || (size_t)length > sizeof path - 32)
        return false;
    mkdir(path, 0700);
    strcat(path, "/batchlab");
    mkdir(path, 0700);
    strcat(path, "/cudnn.tsv");
    *file = fopen(path, "a+"); // a line is written at once, and at the end
    return *file != NULL;
}

static int read_kept(FILE *file, const char *key) {
    char line[KEY_SIZE + 32];
    int number = -1;
    rewind(file);
    while (fgets(line, sizeof line, file)) {
        char *tab = strchr(line, '\t');
        if (!tab)
            continue;
        *tab = '\0';
        if (strcmp(line, key) == 0)
            number = atoi(tab + 1);
    }
    return number;
}

static void describe_shape(char key[KEY_SIZE], const struct cuda_backend *backend, const struct cudnn_shape *s,
                           size_t version) {
    snprintf(key, KEY_SIZE,
             "%.200s, cuDNN %zu, %s %s%s, %lldx%lldx%lldx%lld by %lldx%lldx%lldx%lld, stride %lld %lld, padding %lld %lld",
             backend->properties.name, version, op_name(s->kind), dtype_name(s->type), s->exact ? " exact" : "",
             s->x[0], s->x[1], s->x[2], s->x[3], s->w[0], s->w[1], s->w[2], s->w[3], s->stride[0], s->stride[1],
             s->padding[0], s->padding[1]);
}

// ---- trying -------------------------------------------------------------------------------------

// Small numbers of both signs: zeros would run faster.
template <typename T> __global__ static void fill(T *out, long long count) {
    FOR_EACH(i, count)
        store(&out[i], (float)((unsigned)i * 2654435761u >> 8) * 0x1p-23f - 1.0f);
}

static long long count_of(const long long size[4]) {
    return size[0] * size[1] * size[2] * size[3];
}

struct scratch {
    void *operands[3], *workspace;
    cudaEvent_t begin, end;
};

static void free_scratch(struct scratch *scratch) {
    for (void *operand : scratch->operands)
        cudaFree(operand);
    cudaFree(scratch->workspace);
    if (scratch->begin)
        cudaEventDestroy(scratch->begin);
    if (scratch->end)
        cudaEventDestroy(scratch->end);
    cudaGetLastError(); // what failed here concerns nobody else
}

static bool make_scratch(struct cuda_backend *backend, struct scratch *scratch, const struct cudnn_shape *shape,
                         size_t workspace) {
    const long long counts[3] = {count_of(shape->x), count_of(shape->w), count_of(shape->y)};
    bool made = cudaMalloc(&scratch->workspace, workspace ? workspace : 1) == cudaSuccess &&
                cudaEventCreate(&scratch->begin) == cudaSuccess && cudaEventCreate(&scratch->end) == cudaSuccess;
    for (int i = 0; i < 3 && made; i++) {
        made = cudaMalloc(&scratch->operands[i], (size_t)counts[i] * dtype_size(shape->type)) == cudaSuccess;
        if (made)
            WITH_REAL(shape->type, Real,
                      LAUNCH(fill<Real>, cuda_blocks(counts[i]), BLOCK, backend->stream, (Real *)scratch->operands[i],
                             counts[i]));
    }
    return made;
}

// Milliseconds of RUNS; below 0 where it fails.
static float time_one(struct cuda_backend *backend, const struct scratch *s, const struct cudnn_convolution *c) {
    struct error error;
    float milliseconds = -1.0f;
    for (int i = -1; i < RUNS; i++) { // one before the clock starts
        if (i == 0 && cudaEventRecord(s->begin, backend->stream) != cudaSuccess)
            return -1.0f;
        if (cudnn_convolution_queue(backend, c, s->operands[0], s->operands[1], s->operands[2], s->workspace, &error))
            return -1.0f;
    }
    if (cudaEventRecord(s->end, backend->stream) != cudaSuccess || cudaEventSynchronize(s->end) != cudaSuccess ||
        cudaEventElapsedTime(&milliseconds, s->begin, s->end) != cudaSuccess)
        return -1.0f;
    return milliseconds;
}

static int try_all(struct cuda_backend *backend, const struct cudnn_shape *shape,
                   const struct cudnn_candidate *candidates, int count) {
    struct scratch scratch = {};
    size_t workspace = 0;
    int fastest = -1;
    float least = 0.0f;
    for (int i = 0; i < count; i++) {
        size_t wanted = cudnn_convolution_workspace(candidates[i].convolution);
        workspace = wanted > workspace ? wanted : workspace;
    }
    if (make_scratch(backend, &scratch, shape, workspace))
        for (int i = 0; i < count; i++) {
            float took = time_one(backend, &scratch, candidates[i].convolution);
            if (took >= 0.0f && (fastest < 0 || took < least)) {
                fastest = i;
                least = took;
            }
        }
    free_scratch(&scratch);
    return fastest;
}

int cudnn_fastest(struct cuda_backend *backend, const struct cudnn_shape *shape, size_t version,
                  const struct cudnn_candidate *candidates, int count) {
    char key[KEY_SIZE];
    FILE *file = NULL;
    if (count == 1 || !open_kept(&file))
        return 0;
    describe_shape(key, backend, shape, version);
    int kept = read_kept(file, key), chosen = -1;
    for (int i = 0; i < count; i++)
        if (candidates[i].number == kept)
            chosen = i;
    if (chosen < 0) {
        chosen = try_all(backend, shape, candidates, count);
        if (chosen >= 0)
            fprintf(file, "%s\t%d\n", key, candidates[chosen].number);
    }
    fclose(file);
    return chosen < 0 ? 0 : chosen;
}

#endif
