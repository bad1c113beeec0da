// Dense layers through cuBLASLt, which is opened at run time: a machine without it says so, and
// probing for a GPU does not load it. Matrices here are row-major; cuBLASLt's are column-major, so
// every product is written for the transposes: D = op(A) op(B) computes the transpose of ours.
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

// Column-major shapes of one product: stored rows × columns of A, B and D, and which are transposed.
struct product_shape {
    bool transpose_a, transpose_b;
    long long a[2], b[2], d[2];
    const void *bias; // length d[0], or NULL
};

// x [B,I], w [O,I], y [B,O] as column-major transposes: x is I×B, w is I×O, y is O×B.
static struct product_shape shape_of(const struct prepared_op *op) {
    struct product_shape shape = {};
    if (op->op.kind == OP_DENSE) { // yᵀ = w xᵀ: A = w (transposed), B = x
        long long rows = op->in_shape[0].size[0], inputs = op->in_shape[0].size[1], outputs = op->in_shape[1].size[0];
        shape = {true, false, {inputs, outputs}, {inputs, rows}, {outputs, rows}, op->in[2]};
    } else if (op->op.kind == OP_DENSE_INPUT_GRADIENT) { // dxᵀ = wᵀ dyᵀ: A = w, B = dy
        long long rows = op->in_shape[0].size[0], outputs = op->in_shape[0].size[1], inputs = op->in_shape[1].size[1];
        shape = {false, false, {inputs, outputs}, {outputs, rows}, {inputs, rows}, NULL};
    } else { // dwᵀ = xᵀ dy: A = x, B = dy (transposed)
        long long rows = op->in_shape[0].size[0], inputs = op->in_shape[0].size[1], outputs = op->in_shape[1].size[1];
        shape = {false, true, {inputs, rows}, {outputs, rows}, {inputs, outputs}, NULL};
    }
    return shape;
}

static enum status describe_product(struct cuda_backend *backend, struct product *product,
                                    const struct product_shape *shape, struct error *error) {
    struct products *lt = backend->products;
    cublasComputeType_t compute =
        backend->precision == PRECISION_TF32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    cublasOperation_t op_a = shape->transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N;
    cublasOperation_t op_b = shape->transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N;
    cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_BIAS;
    enum status status = check(lt->cublasLtMatmulDescCreate(&product->description, compute, CUDA_R_32F),
                               "describing a product", error);
    if (status)
        return status;
    cublasStatus_t code = lt->cublasLtMatmulDescSetAttribute(product->description, CUBLASLT_MATMUL_DESC_TRANSA, &op_a,
                                                             sizeof op_a);
    if (code == CUBLAS_STATUS_SUCCESS)
        code = lt->cublasLtMatmulDescSetAttribute(product->description, CUBLASLT_MATMUL_DESC_TRANSB, &op_b,
                                                  sizeof op_b);
    if (code == CUBLAS_STATUS_SUCCESS && shape->bias)
        code = lt->cublasLtMatmulDescSetAttribute(product->description, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue,
                                                  sizeof epilogue);
    if (code == CUBLAS_STATUS_SUCCESS && shape->bias)
        code = lt->cublasLtMatmulDescSetAttribute(product->description, CUBLASLT_MATMUL_DESC_BIAS_POINTER,
                                                  &shape->bias, sizeof shape->bias);
    if (code == CUBLAS_STATUS_SUCCESS)
        code = lt->cublasLtMatrixLayoutCreate(&product->a, CUDA_R_32F, (uint64_t)shape->a[0], (uint64_t)shape->a[1],
                                              shape->a[0]);
    if (code == CUBLAS_STATUS_SUCCESS)
        code = lt->cublasLtMatrixLayoutCreate(&product->b, CUDA_R_32F, (uint64_t)shape->b[0], (uint64_t)shape->b[1],
                                              shape->b[0]);
    if (code == CUBLAS_STATUS_SUCCESS)
        code = lt->cublasLtMatrixLayoutCreate(&product->d, CUDA_R_32F, (uint64_t)shape->d[0], (uint64_t)shape->d[1],
                                              shape->d[0]);
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

// Which addresses are A, B and D of the column-major product.
static void operands(const struct prepared_op *op, const void **a, const void **b, void **d) {
    bool weight_gradient = op->op.kind == OP_DENSE_WEIGHT_GRADIENT;
    *a = weight_gradient ? op->in[0] : op->in[1]; // x, or w
    *b = weight_gradient ? op->in[1] : op->in[0]; // dy, or x / dy
    *d = op->out[0];
}

enum status product_prepare(struct cuda_backend *backend, struct prepared_op *op, struct error *error) {
    if (op->op.kind != OP_DENSE && op->op.kind != OP_DENSE_INPUT_GRADIENT && op->op.kind != OP_DENSE_WEIGHT_GRADIENT)
        return STATUS_OK;
    op->product = (struct product *)calloc(1, sizeof *op->product);
    if (!op->product)
        return error_memory(error, "a product", sizeof *op->product);
    struct product_shape shape = shape_of(op);
    const void *a, *b;
    void *d;
    operands(op, &a, &b, &d);
    enum status status = describe_product(backend, op->product, &shape, error);
    return status ? status : choose_algorithm(backend, op->product, a, b, d, error);
}

void product_discard(struct cuda_backend *backend, struct prepared_op *op) {
    struct products *lt = backend->products;
    struct product *product = op->product;
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
    op->product = NULL;
}

static enum status multiply(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    struct products *lt = backend->products;
    const float one = 1.0f, zero = 0.0f;
    const void *a, *b;
    void *d;
    operands(op, &a, &b, &d);
    return check(lt->cublasLtMatmul(lt->handle, op->product->description, &one, a, op->product->a, b, op->product->b,
                                    &zero, d, op->product->d, d, op->product->d, &op->product->algorithm,
                                    lt->workspace, WORKSPACE_BYTES, backend->stream),
                 "multiplying", error);
}

enum status queue_dense(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    return multiply(backend, op, error);
}

enum status queue_dense_input_gradient(struct cuda_backend *backend, const struct prepared_op *op,
                                       struct error *error) {
    return multiply(backend, op, error);
}

// dy [rows, columns] -> sums [columns]; one block per 32 columns, rows summed in a fixed order.
__global__ static void column_sums(const float *dy, float *sums, long long rows, long long columns) {
    __shared__ float parts[BLOCK / 32][32];
    unsigned lane = threadIdx.x % 32, group = threadIdx.x / 32;
    long long column = blockIdx.x * 32ll + lane;
    float sum = 0.0f;
    if (column < columns)
        for (long long row = group; row < rows; row += BLOCK / 32)
            sum += dy[row * columns + column];
    parts[group][lane] = sum;
    __syncthreads();
    if (group == 0 && column < columns) {
        for (unsigned other = 1; other < BLOCK / 32; other++)
            sum += parts[other][lane];
        sums[column] = sum;
    }
}

enum status queue_dense_weight_gradient(struct cuda_backend *backend, const struct prepared_op *op,
                                        struct error *error) {
    enum status status = multiply(backend, op, error);
    if (status || !op->out[1])
        return status;
    long long rows = op->in_shape[1].size[0], columns = op->in_shape[1].size[1];
    LAUNCH(column_sums, (unsigned)((columns + 31) / 32), BLOCK, backend->stream, (const float *)op->in[1],
           (float *)op->out[1], rows, columns);
    return STATUS_OK;
}
