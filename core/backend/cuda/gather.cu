// A batch straight from the set that stays on the card: gather, turn bytes into numbers, normalize and
// change pictures at random in one pass. Arithmetic is in double, each operation rounded by itself: the
// reference's bits. For 8-bit pixels it is done once per value and block, not once per pixel.
#include "core/backend/cuda/philox.cuh"
#include "core/backend/cuda/real.cuh"

struct image_norm {
    float mean[IMAGE_CHANNELS_MOST], sd[IMAGE_CHANNELS_MOST];
};

// One block per sample (blockIdx.x = position in the batch); sample elements [count].
template <typename T>
__global__ static void gather_rows(T *out, const float *features, const int *rows, long long count,
                                   const struct device_args *args) {
    long long row = rows[args->first + blockIdx.x];
    for (long long i = threadIdx.x; i < count; i += BLOCK)
        store(&out[blockIdx.x * count + i], features[row * count + i]);
}

struct drawn { // for one picture: core/backend/augment.h
    int crop_y, crop_x, shift_y, shift_x, flip, reflect, cut_y, cut_x, cut_size, toned;
    double brightness, contrast;
};

__device__ static double draw_tone(struct stream &draws, double range) {
    return __dmul_rn(__dadd_rn(__dmul_rn(2.0, draws.uniform()), -1.0), range);
}

// Always all draws, in program.h's order.
__device__ static void draw(struct drawn &drawn, const struct device_args *args, int row, int height, int width) {
    const struct augment &augment = args->augment;
    struct stream draws(args->seed, RNG_AUGMENT, args->epoch << 32 | (unsigned)row);
    unsigned long long crops = 2ull * (unsigned)augment.crop_padding + 1;
    unsigned long long shifts = 2ull * (unsigned)augment.translation + 1;
    drawn.crop_y = (int)draws.below(crops) - augment.crop_padding;
    drawn.crop_x = (int)draws.below(crops) - augment.crop_padding;
    drawn.flip = draws.below(2) == 1 && augment.flip;
    drawn.shift_y = (int)draws.below(shifts) - augment.translation;
    drawn.shift_x = (int)draws.below(shifts) - augment.translation;
    drawn.cut_y = (int)draws.below((unsigned)height) - augment.cutout / 2;
    drawn.cut_x = (int)draws.below((unsigned)width) - augment.cutout / 2;
    drawn.brightness = draw_tone(draws, augment.brightness);
    drawn.contrast = __dadd_rn(1.0, draw_tone(draws, augment.contrast));
    drawn.cut_size = augment.cutout;
    drawn.reflect = augment.crop_reflect;
    drawn.toned = augment.brightness > 0 || augment.contrast > 0;
}

// −1: from nowhere
__device__ static inline int come_from(int to, int size, int shift, int crop, int reflect) {
    int from = to - shift;
    if (from < 0 || from >= size)
        return -1;
    from += crop;
    if (from >= 0 && from < size)
        return from;
    if (!reflect)
        return -1;
    int period = size > 1 ? 2 * (size - 1) : 1;
    from = (from % period + period) % period;
    return from < size ? from : period - from;
}

__device__ static float pixel_becomes(int value, double mean, double sd, const struct drawn &drawn) {
    double x = __ddiv_rn((double)value, 255.0);
    if (drawn.toned) {
        x = __dadd_rn(mean, __dmul_rn(drawn.contrast, __dadd_rn(x, -mean)));
        x = fmin(fmax(__dadd_rn(x, drawn.brightness), 0.0), 1.0);
    }
    return (float)__ddiv_rn(__dadd_rn(x, -mean), sd);
}

// What every pixel value becomes in this picture; all threads of the block.
__device__ static void fill_table(float *table, const struct image_norm &norm, int channels,
                                  const struct drawn &drawn) {
    for (int i = threadIdx.x; i < 256 * channels; i += BLOCK)
        table[i] = pixel_becomes(i % 256, norm.mean[i / 256], norm.sd[i / 256], drawn);
}

__device__ static inline float pixel_of(unsigned char byte, int channel, const float *table, const struct drawn &) {
    return table[256 * channel + byte];
}

__device__ static inline float pixel_of(float value, int, const float *, const struct drawn &drawn) {
    return drawn.toned ? (float)__dadd_rn(__dmul_rn(drawn.contrast, (double)value), drawn.brightness) : value;
}

// features [rows][channels][height][width], bytes or f32 -> out [batch] pictures in the order of `order`
template <typename To, typename T>
__global__ static void gather_images(To *out, const T *features, const int *rows, struct order order, int channels,
                                     int height, int width, struct image_norm norm, int training,
                                     const struct device_args *args) {
    __shared__ struct drawn drawn;
    __shared__ float table[256 * IMAGE_CHANNELS_MOST];
    int row = rows[args->first + blockIdx.x];
    if (threadIdx.x == 0) {
        drawn.crop_y = drawn.crop_x = drawn.shift_y = drawn.shift_x = drawn.flip = drawn.reflect = 0;
        drawn.cut_y = drawn.cut_x = drawn.cut_size = drawn.toned = 0;
        drawn.brightness = 0.0, drawn.contrast = 1.0;
        if (training)
            draw(drawn, args, row, height, width);
    }
    __syncthreads();
    if (sizeof(T) == 1)
        fill_table(table, norm, channels, drawn);
    __syncthreads();
    long long plane = (long long)height * width, count = channels * plane;
    const T *image = features + row * count;
    for (long long at = threadIdx.x; at < count; at += BLOCK) {
        long long i = logical_of(order, at);
        int channel = (int)(i / plane), y = (int)(i % plane / width), x = (int)(i % width);
        int from_y = come_from(y, height, drawn.shift_y, drawn.crop_y, drawn.reflect);
        int from_x = come_from(drawn.flip ? width - 1 - x : x, width, drawn.shift_x, drawn.crop_x, drawn.reflect);
        bool cut = y >= drawn.cut_y && y < drawn.cut_y + drawn.cut_size && x >= drawn.cut_x &&
                   x < drawn.cut_x + drawn.cut_size;
        long long from = channel * plane + (long long)from_y * width + from_x;
        bool inside = from_y >= 0 && from_x >= 0 && !cut;
        store(&out[blockIdx.x * count + at], inside ? pixel_of(image[from], channel, table, drawn) : 0.0f);
    }
}

template <typename T> static void launch_images(struct cuda_backend *backend, const struct prepared_op *op) {
    struct shape shape = op->out_shape[0];
    struct image_norm norm;
    for (int i = 0; i < IMAGE_CHANNELS_MOST; i++)
        norm.mean[i] = op->op.attr.gather.mean[i], norm.sd[i] = op->op.attr.gather.sd[i];
    struct order order = order_of(&shape, op->out_form[0]);
    WITH_REAL(op->out_form[0].type, To,
              LAUNCH((gather_images<To, T>), (unsigned)shape.size[0], BLOCK, backend->stream, (To *)op->out[0],
                     (const T *)op->in[1], (const int *)op->in[0], order, (int)shape.size[1], (int)shape.size[2],
                     (int)shape.size[3], norm, (int)op->op.attr.gather.training, op->args));
}

enum status queue_gather(struct cuda_backend *backend, const struct prepared_op *op, struct error *error) {
    struct shape shape = op->out_shape[0];
    if (op->in_form[1].type == DTYPE_U8)
        launch_images<unsigned char>(backend, op);
    else if (op->in_form[1].type != DTYPE_F32)
        return error_set(error, STATUS_UNSUPPORTED, "the cuda backend gathers f32 or u8 features, not %s",
                         dtype_name(op->in_form[1].type));
    else if (shape.rank == 4)
        launch_images<float>(backend, op);
    else
        WITH_REAL(op->out_form[0].type, To,
                  LAUNCH(gather_rows<To>, (unsigned)shape.size[0], BLOCK, backend->stream, (To *)op->out[0],
                         (const float *)op->in[1], (const int *)op->in[0],
                         (long long)(shape_count(shape) / shape.size[0]), op->args));
    return STATUS_OK;
}

__global__ static void gather_labels(int *out, const int *labels, const int *rows, long long batch,
                                     const struct device_args *args) {
    FOR_EACH(i, batch)
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
    LAUNCH(gather_rows<float>, (unsigned)op->out_shape[0].size[0], BLOCK, backend->stream, (float *)op->out[0],
           (const float *)op->in[1], (const int *)op->in[0], (long long)op->out_shape[0].size[1], op->args);
    return STATUS_OK;
}
