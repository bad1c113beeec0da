// A batch straight from the set that stays on the card: gather, turn bytes into numbers, normalize,
// crop and flip in one pass.
#include "core/backend/cuda/philox.cuh"

struct image_norm {
    float mean[IMAGE_CHANNELS_MOST], sd[IMAGE_CHANNELS_MOST];
};

// One block per sample (blockIdx.x = position in the batch); sample elements [count].
__global__ static void gather_rows(float *out, const float *features, const int *rows, long long count,
                                   const struct device_args *args) {
    long long row = rows[args->first + blockIdx.x];
    for (long long i = threadIdx.x; i < count; i += BLOCK)
        out[blockIdx.x * count + i] = features[row * count + i];
}

__device__ static inline float real_of(unsigned char byte, float mean, float sd) {
    return ((float)byte / 255.0f - mean) / sd;
}

__device__ static inline float real_of(float value, float, float) {
    return value;
}

// features [rows][channels][height][width], bytes or f32 -> out [batch][channels][height][width]
template <typename T>
__global__ static void gather_images(float *out, const T *features, const int *rows, int channels, int height,
                                     int width, struct image_norm norm, int training,
                                     const struct device_args *args) {
    __shared__ int shift_y, shift_x, flipped;
    if (threadIdx.x == 0) {
        shift_y = shift_x = flipped = 0;
        if (training) { // always all three draws, as program.h says
            struct stream draws(args->seed, RNG_AUGMENT, args->step << 24 | blockIdx.x);
            unsigned long long span = 2ull * (unsigned)args->crop_padding + 1;
            shift_y = (int)draws.below(span) - args->crop_padding;
            shift_x = (int)draws.below(span) - args->crop_padding;
            flipped = draws.below(2) == 1 && args->flip;
        }
    }
    __syncthreads();
    long long plane = (long long)height * width, count = channels * plane;
    const T *image = features + rows[args->first + blockIdx.x] * count;
    for (long long i = threadIdx.x; i < count; i += BLOCK) {
        int channel = (int)(i / plane), y = (int)(i % plane / width), x = (int)(i % width);
        int from_x = (flipped ? width - 1 - x : x) + shift_x, from_y = y + shift_y;
        bool inside = from_y >= 0 && from_y < height && from_x >= 0 && from_x < width;
        long long from = channel * plane + (long long)from_y * width + from_x;
        int constants = channel < IMAGE_CHANNELS_MOST ? channel : 0; // f32 images may have more, and use none
        out[blockIdx.x * count + i] = inside ? real_of(image[from], norm.mean[constants], norm.sd[constants]) : 0.0f;
    }
}

template <typename T> static void launch_images(struct cuda_backend *backend, const struct prepared_op *op) {
    struct shape shape = op->out_shape[0];
    struct image_norm norm;
    for (int i = 0; i < IMAGE_CHANNELS_MOST; i++)
        norm.mean[i] = op->op.attr.gather.mean[i], norm.sd[i] = op->op.attr.gather.sd[i];
    LAUNCH(gather_images<T>, (unsigned)shape.size[0], BLOCK, backend->stream, (float *)op->out[0],
           (const T *)op->in[1], (const int *)op->in[0], (int)shape.size[1], (int)shape.size[2], (int)shape.size[3],
           norm, (int)op->op.attr.gather.training, op->args);
}

enum status queue_gather(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    struct shape shape = op->out_shape[0];
    if (op->in_type[1] == DTYPE_U8)
        launch_images<unsigned char>(backend, op);
    else if (op->in_type[1] != DTYPE_F32)
        return error_set(error, STATUS_UNSUPPORTED, "the cuda backend gathers f32 or u8 features, not %s",
                         dtype_name(op->in_type[1]));
    else if (shape.rank == 4)
        launch_images<float>(backend, op);
    else
        LAUNCH(gather_rows, (unsigned)shape.size[0], BLOCK, backend->stream, (float *)op->out[0],
               (const float *)op->in[1], (const int *)op->in[0], (long long)shape.size[1], op->args);
    return STATUS_OK;
}

__global__ static void gather_labels(int *out, const int *labels, const int *rows, long long batch,
                                     const struct device_args *args) {
    for (long long i = blockIdx.x * (long long)BLOCK + threadIdx.x; i < batch; i += (long long)gridDim.x * BLOCK)
        out[i] = labels[rows[args->first + i]];
}

enum status queue_gather_labels(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    long long batch = op->out_shape[0].size[0];
    LAUNCH(gather_labels, cuda_blocks(batch), BLOCK, backend->stream, (int *)op->out[0], (const int *)op->in[1],
           (const int *)op->in[0], batch, op->args);
    return STATUS_OK;
}

enum status queue_gather_targets(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    (void)error;
    LAUNCH(gather_rows, (unsigned)op->out_shape[0].size[0], BLOCK, backend->stream, (float *)op->out[0],
           (const float *)op->in[1], (const int *)op->in[0], (long long)op->out_shape[0].size[1], op->args);
    return STATUS_OK;
}
