#include "tests/support/sources.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/checksum.h"
#include "core/base/mem.h"
#include "core/base/rng.h"
#include "core/base/spill.h"
#include "core/train/sampler.h"

static void *need(size_t count, size_t size) {
    void *block = mem_alloc(count, size);
    if (block == NULL) {
        abort();
    }
    return block;
}

double fixture_unit(uint32_t salt, uint32_t index) {
    uint32_t x = index * 2654435761u + salt * 40503u + 12345u; // then MurmurHash3's finalizer
    x = (x ^ (x >> 16)) * 0x85ebca6bu;
    x = (x ^ (x >> 13)) * 0xc2b2ae35u;
    return (double)((x ^ (x >> 16)) >> 8) / 16777216.0;
}

static void destroy(struct source *source) {
    mem_free(source->owner); // the features
    if (source->features == NULL) {
        close(source->file);
    }
    mem_free((void *)source->labels);
    mem_free((void *)source->targets);
    for (size_t i = 0; i < source->classes; i++) {
        mem_free(source->class_names[i]);
    }
    mem_free(source->class_names);
    for (int part = 0; part < PART_COUNT; part++) {
        mem_free(source->part_rows[part]);
    }
    mem_free(source->origin);
    mem_free(source->categories);
    mem_free(source->target_name);
    mem_free(source);
}

static void name_classes(struct source *source) {
    source->class_names = need(source->classes, sizeof *source->class_names);
    for (size_t i = 0; i < source->classes; i++) {
        char name[32];
        snprintf(name, sizeof name, "class %zu", i);
        source->class_names[i] = mem_string(name);
    }
}

struct source *source_zeros(size_t rows, struct shape sample, enum dtype dtype, size_t classes) {
    struct source *source = need(1, sizeof *source);
    *source = (struct source){.references = 1,
                              .rows = rows,
                              .sample = sample,
                              .dtype = dtype,
                              .task = classes > 0 ? SOURCE_CLASSIFY : SOURCE_REGRESS,
                              .classes = classes,
                              .target_sd = 1,
                              .pixel_sd = {1, 1, 1, 1},
                              .destroy = destroy};
    source->owner = need(rows * (size_t)shape_count(sample), dtype_size(dtype));
    source->features = source->owner;
    source->labels = classes > 0 ? need(rows, sizeof *source->labels) : NULL;
    source->targets = classes > 0 ? NULL : need(rows, sizeof *source->targets);
    source->target_name = mem_string("target");
    source->origin = need(rows, sizeof *source->origin);
    for (int part = 0; part < PART_COUNT; part++) {
        source->part_rows[part] = need(rows, sizeof *source->part_rows[part]);
    }
    name_classes(source);
    source_split(source, 0, PART_TEST);
    return source;
}

float *source_numbers(struct source *source) {
    return source->dtype == DTYPE_F32 ? source->owner : NULL;
}

uint8_t *source_pixels(struct source *source) {
    return source->dtype == DTYPE_U8 ? source->owner : NULL;
}

int32_t *source_labels(struct source *source) {
    return (int32_t *)source->labels;
}

float *source_targets(struct source *source) {
    return (float *)source->targets;
}

static uint64_t fingerprint(const struct source *source) {
    size_t bytes = source->rows * (size_t)shape_count(source->sample) * dtype_size(source->dtype);
    uint64_t hash = checksum_hash64(source->features, bytes, 1);
    hash = source->labels == NULL ? checksum_hash64(source->targets, source->rows * sizeof(float), hash)
                                  : checksum_hash64(source->labels, source->rows * sizeof(int32_t), hash);
    for (int part = 0; part < PART_COUNT; part++) {
        hash = checksum_hash64(source->part_rows[part], source->part_count[part] * sizeof(uint32_t), hash);
    }
    return hash;
}

void source_split(struct source *source, size_t every, enum part part) {
    for (int i = 0; i < PART_COUNT; i++) {
        source->part_count[i] = 0;
    }
    for (size_t i = 0; i < source->rows; i++) {
        enum part to = every > 0 && i % every == every - 1 ? part : PART_TRAIN;
        source->part_rows[to][source->part_count[to]++] = (uint32_t)i;
        source->origin[i] = i;
    }
    source->fingerprint = fingerprint(source);
}

static struct shape flat(size_t features) {
    return shape_make(1, (int64_t[]){(int64_t)features});
}

void source_store(struct source *source) {
    struct error error;
    if (spill_open(&source->file, &error) ||
        spill_write(source->file, source->features, source->rows * source_row_bytes(source), 0, &error)) {
        fprintf(stderr, "%s\n", error.text);
        abort();
    }
    mem_free(source->owner);
    source->owner = NULL;
    source->features = NULL;
}

void source_index(struct source *source, size_t column, uint32_t count) {
    size_t columns = (size_t)source->sample.size[0];
    source->categories = source->categories != NULL ? source->categories : need(columns, sizeof *source->categories);
    source->categories[column] = count;
    for (size_t i = 0; i < source->rows; i++) {
        float *cell = source_numbers(source) + i * columns + column;
        *cell = (float)((uint64_t)fabsf(1000 * *cell) % count);
    }
}

struct source *source_noise(size_t rows, size_t features, size_t classes, uint64_t seed) {
    struct source *source = source_zeros(rows, flat(features), DTYPE_F32, classes);
    struct rng rng = rng_make(seed, RNG_TEST, 0);
    for (size_t i = 0; i < rows * features; i++) {
        source_numbers(source)[i] = (float)rng_normal(&rng);
    }
    for (size_t i = 0; i < rows && classes > 0; i++) {
        source_labels(source)[i] = (int32_t)rng_below(&rng, classes);
    }
    for (size_t i = 0; i < rows && classes == 0; i++) {
        source_targets(source)[i] = (float)rng_normal(&rng);
    }
    source_split(source, 0, PART_TEST);
    return source;
}

// Class c sits at `distance` / √2 along axis c, so that all centers are `distance` apart.
struct source *source_blobs(size_t rows, size_t features, size_t classes, double distance, uint64_t seed) {
    struct source *source = source_zeros(rows, flat(features), DTYPE_F32, classes);
    struct rng rng = rng_make(seed, RNG_TEST, 1);
    for (size_t i = 0; i < rows; i++) {
        size_t label = (size_t)rng_below(&rng, classes);
        source_labels(source)[i] = (int32_t)label;
        for (size_t j = 0; j < features; j++) {
            double center = j == label % features ? distance / sqrt(2) : 0;
            source_numbers(source)[i * features + j] = (float)(center + rng_normal(&rng));
        }
    }
    source_split(source, 5, PART_VALIDATION);
    return source;
}

static void standardize_targets(struct source *source) {
    double sum = 0, squares = 0;
    float *targets = source_targets(source);
    for (size_t i = 0; i < source->rows; i++) {
        sum += (double)targets[i];
    }
    source->target_mean = sum / (double)source->rows;
    for (size_t i = 0; i < source->rows; i++) {
        squares += ((double)targets[i] - source->target_mean) * ((double)targets[i] - source->target_mean);
    }
    source->target_sd = sqrt(squares / (double)source->rows);
    for (size_t i = 0; i < source->rows; i++) {
        targets[i] = (float)(((double)targets[i] - source->target_mean) / source->target_sd);
    }
}

struct source *source_plane(size_t rows, size_t features, double noise, uint64_t seed) {
    struct source *source = source_zeros(rows, flat(features), DTYPE_F32, 0);
    struct rng rng = rng_make(seed, RNG_TEST, 2);
    for (size_t i = 0; i < rows; i++) {
        double target = 3 + noise * rng_normal(&rng);
        for (size_t j = 0; j < features; j++) {
            double x = rng_normal(&rng);
            source_numbers(source)[i * features + j] = (float)x;
            target += ((double)j - 1.5) * x;
        }
        source_targets(source)[i] = (float)target;
    }
    standardize_targets(source);
    source_split(source, 5, PART_VALIDATION);
    return source;
}

struct source *source_bars(size_t rows, int64_t channels, int64_t side, size_t classes, uint64_t seed) {
    struct source *source = source_zeros(rows, shape_make(3, (int64_t[]){channels, side, side}), DTYPE_U8, classes);
    struct rng rng = rng_make(seed, RNG_TEST, 3);
    size_t plane = (size_t)(side * side), pixels = (size_t)channels * plane;
    for (size_t i = 0; i < rows; i++) {
        size_t label = (size_t)rng_below(&rng, classes);
        size_t bar = label * (size_t)side / classes;
        source_labels(source)[i] = (int32_t)label;
        for (size_t j = 0; j < pixels; j++) {
            bool bright = j % plane / (size_t)side == bar;
            source_pixels(source)[i * pixels + j] = (uint8_t)(rng_below(&rng, 100) + (bright ? 120 : 0));
        }
    }
    for (int c = 0; c < 4; c++) {
        source->pixel_mean[c] = 0.25f;
        source->pixel_sd[c] = 0.25f;
    }
    source_split(source, 5, PART_VALIDATION);
    return source;
}

struct source *fixture_source(size_t rows, struct shape sample, size_t classes, uint64_t seed,
                              void (*fill)(struct source *source, const uint32_t *order)) {
    struct source *source = source_zeros(rows, sample, sample.rank == 3 ? DTYPE_U8 : DTYPE_F32, classes);
    struct sampler sampler;
    struct error error = {0};
    bool fresh;
    if (sampler_open(&sampler, source->part_rows[PART_TRAIN], rows, seed, &error)) {
        abort();
    }
    fill(source, sampler_order(&sampler, &fresh));
    sampler_close(&sampler);
    return source;
}

void fixture_pictures(struct source *source, const uint32_t *order) {
    uint32_t pixels = (uint32_t)shape_count(source->sample);
    for (uint32_t i = 0; i < source->rows; i++) {
        for (uint32_t j = 0; j < pixels; j++) {
            source_pixels(source)[(size_t)order[i] * pixels + j] = (uint8_t)(fixture_unit(1, i * pixels + j) * 256);
        }
        source_labels(source)[order[i]] = (int32_t)(fixture_unit(2, i) * (double)source->classes);
    }
    for (size_t c = 0; c < sizeof source->pixel_mean / sizeof *source->pixel_mean; c++) {
        source->pixel_mean[c] = 0.5f;
        source->pixel_sd[c] = 0.25f;
    }
}
