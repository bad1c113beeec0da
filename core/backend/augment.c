#include "core/backend/augment.h"

#include <math.h>
#include <string.h>

#include "core/base/rng.h"

#define COLUMNS_AT_ONCE 1024 // of a picture; wider ones go in strips

bool augment_any(const struct augment *augment) {
    return augment->crop_padding > 0 || augment->flip || augment->translation > 0 || augment->cutout > 0 ||
           augment->brightness > 0 || augment->contrast > 0;
}

static int64_t draw_shift(struct rng *rng, int most) {
    return (int64_t)rng_below(rng, 2 * (uint64_t)most + 1) - most;
}

static double draw_tone(struct rng *rng, double range) {
    return (2 * rng_uniform(rng) - 1) * range;
}

struct augment_drawn augment_draw(const struct augment *augment, uint64_t seed, uint64_t epoch, uint64_t row,
                                  int64_t height, int64_t width) {
    struct rng rng = rng_make(seed, RNG_AUGMENT, epoch << 32 | row);
    struct augment_drawn drawn = {.cut_size = augment->cutout};
    drawn.crop[0] = draw_shift(&rng, augment->crop_padding);
    drawn.crop[1] = draw_shift(&rng, augment->crop_padding);
    drawn.flip = rng_below(&rng, 2) == 1 && augment->flip;
    drawn.shift[0] = draw_shift(&rng, augment->translation);
    drawn.shift[1] = draw_shift(&rng, augment->translation);
    drawn.cut[0] = (int64_t)rng_below(&rng, (uint64_t)height) - augment->cutout / 2;
    drawn.cut[1] = (int64_t)rng_below(&rng, (uint64_t)width) - augment->cutout / 2;
    drawn.brightness = draw_tone(&rng, augment->brightness);
    drawn.contrast = 1 + draw_tone(&rng, augment->contrast);
    return drawn;
}

int64_t augment_from(int64_t to, int64_t size, int64_t shift, int64_t crop, bool reflect) {
    int64_t from = to - shift;
    if (from < 0 || from >= size)
        return -1;
    from += crop;
    if (from >= 0 && from < size)
        return from;
    if (!reflect)
        return -1;
    int64_t period = size > 1 ? 2 * (size - 1) : 1;
    from = (from % period + period) % period;
    return from < size ? from : period - from;
}

double augment_tone(double pixel, double mean, const struct augment_drawn *drawn) {
    return fmin(fmax(mean + drawn->contrast * (pixel - mean) + drawn->brightness, 0), 1);
}

// ---- pictures -------------------------------------------------------------------------------------------

void picture_kind_ready(struct picture_kind *kind) {
    for (int64_t c = 0; kind->pixels && c < kind->channels; c++)
        for (int v = 0; v < 256; v++)
            kind->table[c][v] = (float)((v / 255.0 - (double)kind->mean[c]) / (double)kind->sd[c]);
}

static void fill_toned(const struct picture_kind *kind, const struct augment_drawn *drawn, float table[][256]) {
    for (int64_t c = 0; c < kind->channels; c++) {
        double mean = (double)kind->mean[c], sd = (double)kind->sd[c];
        for (int v = 0; v < 256; v++)
            table[c][v] = (float)((augment_tone(v / 255.0, mean, drawn) - mean) / sd);
    }
}

struct tone {
    const float *table; // [channels][256] of pixels; NULL: reals
    bool changes;       // reals: contrast and brightness
    double contrast, brightness;
};

static void copy_line(const void *line, const struct tone *tone, int64_t channel, const int32_t *columns, int64_t count,
                      float *y) {
    const uint8_t *pixels = line;
    const float *reals = line;
    if (tone->table) {
        const float *table = tone->table + 256 * channel;
        for (int64_t w = 0; w < count; w++)
            y[w] = columns[w] < 0 ? 0 : table[pixels[columns[w]]];
        return;
    }
    for (int64_t w = 0; w < count; w++)
        y[w] = columns[w] < 0 ? 0 : reals[columns[w]];
    for (int64_t w = 0; tone->changes && w < count; w++)
        y[w] = columns[w] < 0 ? 0 : (float)(tone->contrast * (double)y[w] + tone->brightness);
}

// Columns first … first + count − 1 of the picture.
static void copy_strip(const struct picture_kind *kind, const char *picture, bool reflect,
                       const struct augment_drawn *drawn, const struct tone *tone, int64_t first, int64_t count,
                       float *y) {
    int32_t columns[COLUMNS_AT_ONCE];
    int64_t height = kind->height, width = kind->width, bytes = kind->pixels ? 1 : (int64_t)sizeof(float);
    for (int64_t w = 0; w < count; w++) {
        int64_t to = drawn->flip ? width - 1 - (first + w) : first + w;
        columns[w] = (int32_t)augment_from(to, width, drawn->shift[1], drawn->crop[1], reflect);
    }
    for (int64_t c = 0; c < kind->channels; c++)
        for (int64_t h = 0; h < height; h++) {
            float *line = y + (c * height + h) * width + first;
            int64_t from = augment_from(h, height, drawn->shift[0], drawn->crop[0], reflect);
            if (from < 0)
                memset(line, 0, (size_t)count * sizeof *line);
            else
                copy_line(picture + (c * height + from) * width * bytes, tone, c, columns, count, line);
        }
}

static void cut_out(const struct picture_kind *kind, const struct augment_drawn *drawn, float *y) {
    int64_t top = drawn->cut[0] > 0 ? drawn->cut[0] : 0, left = drawn->cut[1] > 0 ? drawn->cut[1] : 0;
    int64_t bottom = drawn->cut[0] + drawn->cut_size, right = drawn->cut[1] + drawn->cut_size;
    bottom = bottom < kind->height ? bottom : kind->height;
    right = right < kind->width ? right : kind->width;
    for (int64_t c = 0; right > left && c < kind->channels; c++)
        for (int64_t h = top; h < bottom; h++)
            memset(y + (c * kind->height + h) * kind->width + left, 0, (size_t)(right - left) * sizeof *y);
}

static void copy_plain(const struct picture_kind *kind, const void *picture, float *y) {
    int64_t plane = kind->height * kind->width;
    const uint8_t *pixels = picture;
    if (!kind->pixels)
        memcpy(y, picture, (size_t)(kind->channels * plane) * sizeof *y);
    for (int64_t c = 0; kind->pixels && c < kind->channels; c++)
        for (int64_t i = c * plane; i < (c + 1) * plane; i++)
            y[i] = kind->table[c][pixels[i]];
}

void picture_make(const struct picture_kind *kind, const void *picture, const struct augment *augment,
                  const struct augment_drawn *drawn, float *y) {
    float toned[IMAGE_CHANNELS_MOST][256];
    if (!augment) {
        copy_plain(kind, picture, y);
        return;
    }
    struct tone tone = {.changes = augment->brightness > 0 || augment->contrast > 0,
                        .contrast = drawn->contrast,
                        .brightness = drawn->brightness};
    if (kind->pixels && tone.changes)
        fill_toned(kind, drawn, toned);
    if (kind->pixels)
        tone.table = tone.changes ? toned[0] : kind->table[0];
    for (int64_t first = 0; first < kind->width; first += COLUMNS_AT_ONCE) {
        int64_t count = kind->width - first < COLUMNS_AT_ONCE ? kind->width - first : COLUMNS_AT_ONCE;
        copy_strip(kind, picture, augment->crop_reflect, drawn, &tone, first, count, y);
    }
    cut_out(kind, drawn, y);
}
