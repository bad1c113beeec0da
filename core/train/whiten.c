#include "core/train/whiten.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"

#define ROWS_MOST 5000
#define ADDED_VARIANCE 5e-4
#define SWEEPS 60

// ---- eigenvectors -------------------------------------------------------------------------------

// Turns rows and columns p and q so that matrix[p][q] becomes 0.
static void rotate(int size, double *matrix, double *vectors, int p, int q) {
    double off = matrix[p * size + q];
    if (off == 0) {
        return;
    }
    double theta = (matrix[q * size + q] - matrix[p * size + p]) / (2 * off);
    double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1)), c = 1 / sqrt(t * t + 1), s = t * c;
    for (int i = 0; i < size; i++) {
        double a = matrix[i * size + p], b = matrix[i * size + q];
        matrix[i * size + p] = c * a - s * b;
        matrix[i * size + q] = s * a + c * b;
    }
    for (int i = 0; i < size; i++) {
        double a = matrix[p * size + i], b = matrix[q * size + i];
        matrix[p * size + i] = c * a - s * b;
        matrix[q * size + i] = s * a + c * b;
        a = vectors[p * size + i], b = vectors[q * size + i];
        vectors[p * size + i] = c * a - s * b;
        vectors[q * size + i] = s * a + c * b;
    }
}

static void swap_rows(int size, double *values, double *vectors, int a, int b) {
    double value = values[a];
    values[a] = values[b];
    values[b] = value;
    for (int i = 0; i < size; i++) {
        value = vectors[a * size + i];
        vectors[a * size + i] = vectors[b * size + i];
        vectors[b * size + i] = value;
    }
}

void eigen_symmetric(int size, double *matrix, double *values, double *vectors) {
    for (int i = 0; i < size * size; i++) {
        vectors[i] = i % (size + 1) == 0 ? 1 : 0;
    }
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        for (int p = 0; p < size; p++) {
            for (int q = p + 1; q < size; q++) {
                rotate(size, matrix, vectors, p, q);
            }
        }
    }
    for (int i = 0; i < size; i++) {
        values[i] = matrix[i * size + i];
    }
    for (int i = 0; i < size; i++) {
        for (int k = i + 1; k < size; k++) {
            if (values[k] > values[i]) {
                swap_rows(size, values, vectors, i, k);
            }
        }
    }
}

// ---- patches ------------------------------------------------------------------------------------

static double feature(const struct source *source, size_t row, int64_t c, int64_t h, int64_t w) {
    const int64_t *size = source->sample.size;
    size_t at = ((row * (size_t)size[0] + (size_t)c) * (size_t)size[1] + (size_t)h) * (size_t)size[2] + (size_t)w;
    if (source->dtype != DTYPE_U8) {
        return (double)((const float *)source->features)[at];
    }
    double mean = (double)source->pixel_mean[c], sd = (double)source->pixel_sd[c];
    return (((const uint8_t *)source->features)[at] / 255.0 - mean) / sd;
}

static void add_patch(int size, const double *patch, double *covariance) {
    for (int i = 0; i < size; i++) {
        for (int k = 0; k < size; k++) {
            covariance[i * size + k] += patch[i] * patch[k];
        }
    }
}

// Σ p pᵀ over every patch of the rows, then their mean.
static void measure(const struct layer *layer, const struct source *source, int size, double *patch,
                    double *covariance) {
    const int *kernel = layer->setting.convolution.kernel;
    const int64_t *in = layer->in.size;
    size_t rows = source->part_count[PART_TRAIN] < ROWS_MOST ? source->part_count[PART_TRAIN] : ROWS_MOST;
    double count = (double)rows * (double)(in[1] - kernel[0] + 1) * (double)(in[2] - kernel[1] + 1);
    for (size_t r = 0; r < rows; r++) {
        size_t row = source->part_rows[PART_TRAIN][r];
        for (int64_t h = 0; h + kernel[0] <= in[1]; h++) {
            for (int64_t w = 0; w + kernel[1] <= in[2]; w++) {
                for (int i = 0; i < size; i++) {
                    int tap = i % (kernel[0] * kernel[1]);
                    patch[i] =
                        feature(source, row, i / (kernel[0] * kernel[1]), h + tap / kernel[1], w + tap % kernel[1]);
                }
                add_patch(size, patch, covariance);
            }
        }
    }
    for (int i = 0; i < size * size; i++) {
        covariance[i] /= count > 0 ? count : 1;
    }
}

static enum status whiten(const struct layer *layer, const struct source *source, float *filters, struct error *error) {
    const int *kernel = layer->setting.convolution.kernel;
    int size = (int)layer->in.size[0] * kernel[0] * kernel[1];
    size_t square = (size_t)size * (size_t)size;
    double *block = mem_alloc(2 * square + 2 * (size_t)size, sizeof *block);
    if (block == NULL) {
        return error_memory(error, "whitening filters", square * sizeof *block);
    }
    double *covariance = block, *vectors = block + square, *values = vectors + square, *patch = values + size;
    measure(layer, source, size, patch, covariance);
    eigen_symmetric(size, covariance, values, vectors);
    memset(filters, 0, layer->state_count * sizeof *filters);
    for (int64_t f = 0; f < layer->setting.convolution.filters && f < 2 * size; f++) {
        int64_t own = f % size;
        double scale = (f < size ? 1 : -1) / sqrt(values[own] + ADDED_VARIANCE);
        for (int i = 0; i < size; i++) {
            filters[f * size + i] = (float)(scale * vectors[own * size + i]);
        }
    }
    mem_free(block);
    return STATUS_OK;
}

enum status whiten_start(const struct model *model, const struct source *source, float *state, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < model->count; i++) {
        const struct layer *layer = &model->layers[i];
        if (layer->kind == &layer_convolution && layer->setting.convolution.start == START_WHITEN) {
            status = whiten(layer, source, state + layer->state_offset, error);
        }
    }
    return status;
}
