#include "tests/support/cifar_maker.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "core/base/rng.h"

const char *const shape_names[SHAPE_CLASSES] = {"circle",     "square",   "triangle", "cross",   "ring",
                                                "horizontal", "vertical", "diagonal", "checker", "dots"};

struct figure {
    unsigned label;
    double x, y, radius, period, phase; // in pixels
    double ink[3], paper[3];            // 0 … 255
};

unsigned shape_label(uint64_t seed, uint64_t index) {
    struct rng rng = rng_make(seed, RNG_TEST, index);
    return (unsigned)rng_below(&rng, SHAPE_CLASSES);
}

static double between(struct rng *rng, double low, double high) {
    return low + (high - low) * rng_uniform(rng);
}

static struct figure choose_figure(struct rng *rng, double side) {
    struct figure figure = {.label = (unsigned)rng_below(rng, SHAPE_CLASSES)};
    figure.radius = side * between(rng, 0.24, 0.4);
    figure.x = between(rng, figure.radius, side - figure.radius);
    figure.y = between(rng, figure.radius, side - figure.radius);
    figure.period = side * between(rng, 0.15, 0.22);
    figure.phase = between(rng, 0, figure.period);
    double contrast = 0;
    while (contrast < 130) { // colors so near that nobody could tell are drawn again
        contrast = 0;
        for (int c = 0; c < 3; c++) {
            figure.ink[c] = between(rng, 0, 255);
            figure.paper[c] = between(rng, 0, 255);
            contrast += fabs(figure.ink[c] - figure.paper[c]);
        }
    }
    return figure;
}

// Whether half a period begins at `at`: bands of equal width.
static bool band(const struct figure *figure, double at) {
    double turns = (at + figure->phase) / figure->period;
    return turns - floor(turns) < 0.5;
}

static bool dot(const struct figure *figure, double x, double y) {
    double u = fmod(x + figure->phase + 8 * figure->period, figure->period) / figure->period - 0.5;
    double v = fmod(y + figure->phase + 8 * figure->period, figure->period) / figure->period - 0.5;
    return u * u + v * v < 0.1;
}

// (x, y) relative to the center, y downwards.
static bool inked(const struct figure *figure, double x, double y) {
    double r = figure->radius, distance = hypot(x, y);
    bool box = fabs(x) <= r && fabs(y) <= r;
    switch (figure->label) {
    case 0:
        return distance <= r;
    case 1:
        return fmax(fabs(x), fabs(y)) <= 0.85 * r;
    case 2:
        return y <= 0.8 * r && y >= -r && fabs(x) <= 0.55 * (y + r);
    case 3:
        return box && (fabs(x) <= 0.28 * r || fabs(y) <= 0.28 * r);
    case 4:
        return distance <= r && distance >= 0.6 * r;
    case 5:
        return box && band(figure, y);
    case 6:
        return box && band(figure, x);
    case 7:
        return box && band(figure, (x + y) * 0.70710678118654752);
    case 8:
        return box && band(figure, x) != band(figure, y);
    default:
        return box && dot(figure, x, y);
    }
}

static uint8_t to_byte(double value) {
    return (uint8_t)fmin(255, fmax(0, floor(value + 0.5)));
}

void shape_draw(uint64_t seed, uint64_t index, size_t side, uint8_t *pixels) {
    struct rng rng = rng_make(seed, RNG_TEST, index);
    struct figure figure = choose_figure(&rng, (double)side);
    for (size_t row = 0; row < side; row++)
        for (size_t column = 0; column < side; column++) {
            bool ink = inked(&figure, (double)column + 0.5 - figure.x, (double)row + 0.5 - figure.y);
            for (size_t c = 0; c < 3; c++) {
                double color = ink ? figure.ink[c] : figure.paper[c];
                pixels[(c * side + row) * side + column] = to_byte(color + 22 * rng_normal(&rng));
            }
        }
}

bool cifar_write_file(const char *path, uint64_t seed, uint64_t first, size_t count) {
    uint8_t record[1 + SHAPE_PIXELS];
    FILE *file = fopen(path, "wb");
    bool good = file != NULL;
    for (size_t i = 0; i < count && good; i++) {
        record[0] = (uint8_t)shape_label(seed, first + i);
        shape_draw(seed, first + i, SHAPE_SIDE, record + 1);
        good = fwrite(record, sizeof record, 1, file) == 1;
    }
    return file && fclose(file) == 0 && good;
}

static bool write_names(const char *path) {
    FILE *file = fopen(path, "w");
    for (size_t i = 0; i < SHAPE_CLASSES && file; i++)
        fprintf(file, "%s\n", shape_names[i]);
    return file && fclose(file) == 0;
}

bool cifar_write_folder(const char *folder, uint64_t seed, size_t files, size_t per_file, size_t test) {
    char path[4096];
    bool good = true;
    for (size_t i = 0; i < files && good; i++) {
        snprintf(path, sizeof path, "%s/data_batch_%zu.bin", folder, i + 1);
        good = cifar_write_file(path, seed, i * per_file, per_file);
    }
    snprintf(path, sizeof path, "%s/test_batch.bin", folder);
    good = good && (test == 0 || cifar_write_file(path, seed, files * per_file, test));
    snprintf(path, sizeof path, "%s/batches.meta.txt", folder);
    return good && write_names(path);
}

static void put_big_endian(uint8_t *to, size_t value) {
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

// "wbT" writes through zlib's stream without packing, so that both kinds take the same way.
static gzFile begin_idx(const char *folder, const char *part, const char *kind, size_t count, size_t dimensions,
                        bool packed) {
    uint8_t head[16] = {0, 0, 8, (uint8_t)dimensions};
    char path[4096];
    snprintf(path, sizeof path, "%s/%s-%s-idx%zu-ubyte%s", folder, part, kind, dimensions, packed ? ".gz" : "");
    put_big_endian(head + 4, count);
    put_big_endian(head + 8, SHAPE_IDX_SIDE);
    put_big_endian(head + 12, SHAPE_IDX_SIDE);
    gzFile file = gzopen(path, packed ? "wb" : "wbT");
    unsigned bytes = (unsigned)(4 + 4 * dimensions);
    if (file && gzwrite(file, head, bytes) != (int)bytes) {
        gzclose(file);
        return NULL;
    }
    return file;
}

bool idx_write_pair(const char *folder, const char *part, uint64_t seed, uint64_t first, size_t count, bool packed) {
    enum { PLANE = SHAPE_IDX_SIDE * SHAPE_IDX_SIDE };
    uint8_t pixels[3 * PLANE], label;
    gzFile images = begin_idx(folder, part, "images", count, 3, packed);
    gzFile labels = begin_idx(folder, part, "labels", count, 1, packed);
    bool good = images && labels;
    for (size_t i = 0; i < count && good; i++) {
        shape_draw(seed, first + i, SHAPE_IDX_SIDE, pixels);
        label = (uint8_t)shape_label(seed, first + i);
        good = gzwrite(images, pixels, PLANE) == PLANE && gzwrite(labels, &label, 1) == 1;
    }
    bool closed = images && gzclose(images) == Z_OK;
    return labels && gzclose(labels) == Z_OK && closed && good;
}
