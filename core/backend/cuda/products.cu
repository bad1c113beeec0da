// Products through cuBLASLt, which is opened at run time: a machine without it says so, and probing for a
// GPU does not load it.
#include "core/backend/cuda/cuda.cuh"

#include <cublasLt.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#define WORKSPACE_BYTES ((size_t)32 << 20)

// The entry points in use, with cuBLASLt's own types.
#define ENTRY_POINTS(X) \
    X(cublasLtCreate) \
    X(cublasLtDestroy) \
    X(cublasLtMatmul) \
    X(cublasLtMatmulDescCreate) \
    X(cublasLtMatmulDescDestroy) \
    X(cublasLtMatmulDescSetAttribute) \
    X(cublasLtMatrixLayoutCreate) \
    X(cublasLtMatrixLayoutDestroy) \
    X(cublasLtMatrixLayoutSetAttribute) \
    X(cublasLtMatmulPreferenceCreate) \
    X(cublasLtMatmulPreferenceDestroy) \
    X(cublasLtMatmulPreferenceSetAttribute) \
    X(cublasLtMatmulAlgoGetHeuristic)

struct products {
    void *library;
    cublasLtHandle_t handle;
    void *workspace; // device
#define DECLARE(name) decltype(&::name) name;
    ENTRY_POINTS(DECLARE)
#undef DECLARE
};

struct product {
    cublasLtMatmulDesc_t description;
    cublasLtMatrixLayout_t a, b, d;
    cublasLtMatmulAlgo_t algorithm;
};

static enum status check(cublasStatus_t code, const char *what, struct error *error) {
    if (code == CUBLAS_STATUS_SUCCESS)
        return STATUS_OK;
    return error_set(error, STATUS_DEVICE, "cuBLASLt failed (%s, code %d)", what, (int)code);
}

static enum status load_library(struct products *products, struct error *error) {
    char name[64];
    snprintf(name, sizeof name, "libcublasLt.so.%d", CUBLAS_VER_MAJOR);
    products->library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!products->library)
        return error_set(error, STATUS_MISSING, "%s is missing: install the CUDA %d libraries (%s)", name,
                         CUBLAS_VER_MAJOR, dlerror());
#define RESOLVE(entry) \
    products->entry = (decltype(&::entry))dlsym(products->library, #entry); \
    if (!products->entry) \
        return error_set(error, STATUS_MISSING, "%s has no %s: it is another version", name, #entry);
    ENTRY_POINTS(RESOLVE)
#undef RESOLVE
    return STATUS_OK;
}

enum status products_open(struct cuda_backend *backend, struct error *error) {
    struct products *products = (struct products *)calloc(1, sizeof *products);
    if (!products)
        return error_memory(error, "cuBLASLt", sizeof *products);
    backend->products = products; // closed with the backend, whatever fails below
    enum status status = load_library(products, error);
    if (!status)
        status = check(products->cublasLtCreate(&products->handle), "creating a handle", error);
    if (!status)
        status = cuda_check(cudaMalloc(&products->workspace, WORKSPACE_BYTES), "product workspace", error);
    return status;
}

void products_close(struct cuda_backend *backend) {
    struct products *products = backend->products;
    if (!products)
        return;
    if (products->workspace)
        cudaFree(products->workspace);
    if (products->handle)
        products->cublasLtDestroy(products->handle);
    if (products->library)
        dlclose(products->library);
    free(products);
    backend->products = NULL;
}

static cudaDataType_t data_type(enum dtype type) {
    return type == DTYPE_BF16 ? CUDA_R_16BF : type == DTYPE_F16 ? CUDA_R_16F : CUDA_R_32F;
}

static cublasStatus_t describe_operation(struct products *lt, struct product *product,
                                         const struct product_shape *shape, cublasComputeType_t compute) {
    cublasOperation_t op_a = shape->transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N;
    cublasOperation_t op_b = shape->transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N;
    cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_BIAS;
    const struct {
        cublasLtMatmulDescAttributes_t name;
        const void *value;
        size_t size;
        bool wanted;
    } attributes[] = {
        {CUBLASLT_MATMUL_DESC_TRANSA, &op_a, sizeof op_a, true},
        {CUBLASLT_MATMUL_DESC_TRANSB, &op_b, sizeof op_b, true},
        {CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof epilogue, shape->bias != NULL},
        {CUBLASLT_MATMUL_DESC_BIAS_POINTER, &shape->bias, sizeof shape->bias, shape->bias != NULL},
    };
    cublasStatus_t code = lt->cublasLtMatmulDescCreate(&product->description, compute, CUDA_R_32F);
    for (const auto &attribute : attributes)
        if (code == CUBLAS_STATUS_SUCCESS && attribute.wanted)
            code = lt->cublasLtMatmulDescSetAttribute(product->description, attribute.name, attribute.value,
                                                      attribute.size);
    return code;
}

static cublasStatus_t describe_matrix(struct products *lt, cublasLtMatrixLayout_t *layout, const struct matrix *matrix,
                                      int groups) {
    int32_t count = groups;
    int64_t next = matrix->next;
    cublasStatus_t code = lt->cublasLtMatrixLayoutCreate(layout, data_type(matrix->type), (uint64_t)matrix->rows,
                                                         (uint64_t)matrix->columns, matrix->leading);
    if (code == CUBLAS_STATUS_SUCCESS && groups > 1)
        code = lt->cublasLtMatrixLayoutSetAttribute(*layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count);
    if (code == CUBLAS_STATUS_SUCCESS && groups > 1)
        code = lt->cublasLtMatrixLayoutSetAttribute(*layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &next,
                                                    sizeof next);
    return code;
}

static enum status describe_product(struct cuda_backend *backend, struct product *product,
                                    const struct product_shape *shape, struct error *error) {
    struct products *lt = backend->products;
    bool rounds = shape->a.type == DTYPE_F32 && backend->precision != PRECISION_F32;
    cublasStatus_t code =
        describe_operation(lt, product, shape, rounds ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F);
    if (code == CUBLAS_STATUS_SUCCESS)
        code = describe_matrix(lt, &product->a, &shape->a, shape->groups);
    if (code == CUBLAS_STATUS_SUCCESS)
        code = describe_matrix(lt, &product->b, &shape->b, shape->groups);
    if (code == CUBLAS_STATUS_SUCCESS)
        code = describe_matrix(lt, &product->d, &shape->d, shape->groups);
    return check(code, "describing a product", error);
}

// The alignment that really holds, so that no algorithm is picked that needs more.
static uint32_t alignment_of(const void *pointer) {
    uintptr_t address = (uintptr_t)pointer;
    uint32_t alignment = 256;
    while (address % alignment)
        alignment /= 2;
    return alignment;
}

static enum status choose_algorithm(struct cuda_backend *backend, struct product *product, const void *a,
                                    const void *b, const void *d, struct error *error) {
    struct products *lt = backend->products;
    cublasLtMatmulPreference_t preference = NULL;
    size_t workspace = WORKSPACE_BYTES;
    // Split sums go through the workspace in a fixed order; in-place ones may come in any.
    uint32_t schemes = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE | CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE;
    uint32_t align_a = alignment_of(a), align_b = alignment_of(b), align_d = alignment_of(d);
    struct {
        cublasLtMatmulPreferenceAttributes_t name;
        const void *value;
        size_t size;
    } wishes[] = {
        {CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace, sizeof workspace},
        {CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &schemes, sizeof schemes},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, &align_a, sizeof align_a},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, &align_b, sizeof align_b},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, &align_d, sizeof align_d},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, &align_d, sizeof align_d},
    };
    cublasStatus_t code = lt->cublasLtMatmulPreferenceCreate(&preference);
    for (size_t i = 0; code == CUBLAS_STATUS_SUCCESS && i < sizeof wishes / sizeof *wishes; i++)
        code = lt->cublasLtMatmulPreferenceSetAttribute(preference, wishes[i].name, wishes[i].value, wishes[i].size);
    cublasLtMatmulHeuristicResult_t result;
    int found = 0;
    if (code == CUBLAS_STATUS_SUCCESS)
        code = lt->cublasLtMatmulAlgoGetHeuristic(lt->handle, product->description, product->a, product->b, product->d,
                                                  product->d, preference, 1, &result, &found);
    if (preference)
        lt->cublasLtMatmulPreferenceDestroy(preference);
    enum status status = check(code, "choosing an algorithm", error);
    if (status)
        return status;
    if (!found)
        return error_set(error, STATUS_DEVICE, "cuBLASLt knows no algorithm for this layer");
    product->algorithm = result.algo;
    return STATUS_OK;
}

enum status product_make(struct cuda_backend *backend, const struct product_shape *shape, const void *a, const void *b,
                         const void *d, struct product **out, struct error *error) {
    struct product *product = (struct product *)calloc(1, sizeof *product);
    if (!product)
        return error_memory(error, "a product", sizeof *product);
    enum status status = describe_product(backend, product, shape, error);
    if (!status)
        status = choose_algorithm(backend, product, a, b, d, error);
    if (status)
        product_free(backend, product);
    else
        *out = product;
    return status;
}

void product_free(struct cuda_backend *backend, struct product *product) {
    struct products *lt = backend->products;
    if (!product)
        return;
    if (product->a)
        lt->cublasLtMatrixLayoutDestroy(product->a);
    if (product->b)
        lt->cublasLtMatrixLayoutDestroy(product->b);
    if (product->d)
        lt->cublasLtMatrixLayoutDestroy(product->d);
    if (product->description)
        lt->cublasLtMatmulDescDestroy(product->description);
    free(product);
}

enum status product_queue(struct cuda_backend *backend, const struct product *product, float factor, const void *a,
                          const void *b, void *d, float keep, struct error *error) {
    struct products *lt = backend->products;
    return check(lt->cublasLtMatmul(lt->handle, product->description, &factor, a, product->a, b, product->b, &keep, d,
                                    product->d, d, product->d, &product->algorithm, lt->workspace, WORKSPACE_BYTES,
                                    backend->stream),
                 "multiplying", error);
}
