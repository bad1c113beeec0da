// Noise rows, range curves and layer rows as JSON, for the store. Numbers read back to the same bits; what JSON has no number for
// is null, and comes back as what it was: an upper end that is not there is infinite, everything else not a number.
#include <cjson/cJSON.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/engine/event.h"
#include "core/lab/range_test.h"

struct field {
    const char *name;
    size_t offset; // of a double in its struct
};
#define NOISE(name)                                                                                                    \
    { #name, offsetof(struct noise_row, name) }
#define RANGE(name)                                                                                                    \
    { #name, offsetof(struct range_curve, name) }
static const struct field noise_fields[] = {
    NOISE(epoch), NOISE(seconds), NOISE(trace),     NOISE(gradient_sq),  NOISE(noise_scale),    NOISE(low),
    NOISE(high),  NOISE(cost),    NOISE(diversity), NOISE(step_seconds), NOISE(double_seconds),
};
static const struct field range_fields[] = {
    RANGE(low), RANGE(high), RANGE(valley), RANGE(steep), RANGE(minimum), RANGE(slide),
};
#define LAYER(name)                                                                                                    \
    { #name, offsetof(struct layer_row, name) }
static const struct field layer_fields[] = {
    LAYER(epoch), LAYER(seconds), LAYER(moved), LAYER(norm), LAYER(distance), LAYER(length), LAYER(cost),
    {"reach", offsetof(struct layer_row, histogram.reach)},
};
#define COUNT(fields) (sizeof(fields) / sizeof *(fields))

// ---- writing ------------------------------------------------------------------------------------------

static bool add(cJSON *object, const char *name, double value) {
    char text[40];
    snprintf(text, sizeof text, "%.17g", value);
    return (isfinite(value) ? cJSON_AddRawToObject(object, name, text) : cJSON_AddNullToObject(object, name)) != NULL;
}

static bool add_fields(cJSON *object, const void *from, const struct field *fields, size_t count) {
    bool added = true;
    for (size_t i = 0; i < count; i++)
        added = added &&
                add(object, fields[i].name, *(const double *)(const void *)((const char *)from + fields[i].offset));
    return added;
}

static bool add_noise(cJSON *object, const struct noise_row *row) {
    return add_fields(object, row, noise_fields, COUNT(noise_fields)) &&
           cJSON_AddNumberToObject(object, "samples_seen", (double)row->samples_seen) &&
           cJSON_AddNumberToObject(object, "batch", (double)row->batch) &&
           cJSON_AddNumberToObject(object, "rows", row->rows) && cJSON_AddNumberToObject(object, "part", row->part) &&
           cJSON_AddBoolToObject(object, "resolved", row->resolved) &&
           cJSON_AddBoolToObject(object, "double_measured", row->double_measured);
}

static bool add_range(cJSON *object, const struct range_curve *range) {
    bool added = add_fields(object, range, range_fields, COUNT(range_fields));
    cJSON *loss = cJSON_AddArrayToObject(object, "loss"), *smoothed = cJSON_AddArrayToObject(object, "smoothed");
    for (int i = 0; added && i < range->count; i++)
        added = cJSON_AddItemToArray(loss, cJSON_CreateNumber((double)range->loss[i])) &&
                cJSON_AddItemToArray(smoothed, cJSON_CreateNumber((double)range->smoothed[i]));
    return added;
}

// "[0,0,12,3]"
static bool add_counts(cJSON *object, const char *name, const uint32_t *counts, size_t count) {
    struct str text = {0};
    for (size_t i = 0; i < count; i++)
        str_format(&text, "%c%u", i == 0 ? '[' : ',', (unsigned)counts[i]);
    str_add(&text, "]");
    bool added = !text.failed && cJSON_AddRawToObject(object, name, str_text(&text));
    str_free(&text);
    return added;
}

static bool add_layer(cJSON *object, const struct layer_row *row) {
    const struct layer_histogram *histogram = &row->histogram;
    const uint32_t apart[] = {histogram->zeros, histogram->bad_weights, histogram->bad_gradients};
    return add_fields(object, row, layer_fields, COUNT(layer_fields)) &&
           cJSON_AddStringToObject(object, "name", row->name) && cJSON_AddNumberToObject(object, "layer", row->layer) &&
           cJSON_AddNumberToObject(object, "layers", row->layers) &&
           cJSON_AddNumberToObject(object, "weights", (double)row->weights) &&
           cJSON_AddNumberToObject(object, "samples_seen", (double)row->samples_seen) &&
           add_counts(object, "weight_counts", histogram->weights, WEIGHT_BINS) &&
           add_counts(object, "gradient_counts", histogram->gradients, GRADIENT_BINS) &&
           add_counts(object, "apart", apart, COUNT(apart));
}

static bool add_figures(cJSON *object, const struct event *event) {
    switch (event->kind) {
    case EVENT_NOISE:
        return add_noise(object, &event->noise);
    case EVENT_RANGE:
        return add_range(object, &event->range);
    default:
        return add_layer(object, &event->layer);
    }
}

struct range_curve range_curve_of(const struct range_test *test) {
    struct range_suggestions found = range_suggest(test);
    double smooth[RANGE_STEPS];
    _Static_assert((int)RANGE_STEPS == (int)RANGE_POINTS, "a curve has room for every step");
    range_smooth(test, smooth);
    struct range_curve curve = {.low = test->low,
                                .high = test->high,
                                .count = test->count,
                                .valley = found.valley,
                                .steep = found.steep,
                                .minimum = found.minimum,
                                .slide = found.slide};
    for (int i = 0; i < test->count; i++) {
        curve.loss[i] = test->loss[i];
        curve.smoothed[i] = (float)smooth[i];
    }
    return curve;
}

char *event_figures(const struct event *event) {
    cJSON *object = cJSON_CreateObject();
    bool made = object && add_figures(object, event);
    char *printed = made ? cJSON_PrintUnformatted(object) : NULL;
    char *text = printed ? mem_string(printed) : NULL;
    cJSON_free(printed);
    cJSON_Delete(object);
    return text;
}

// ---- reading ------------------------------------------------------------------------------------------

static double number(const cJSON *object, const char *name) {
    return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(object, name)); // NaN: none
}

static void read_fields(const cJSON *object, void *to, const struct field *fields, size_t count) {
    for (size_t i = 0; i < count; i++)
        *(double *)(void *)((char *)to + fields[i].offset) = number(object, fields[i].name);
}

static uint32_t whole(const cJSON *object, const char *name) {
    double value = number(object, name);
    return value >= 0 && value <= UINT32_MAX ? (uint32_t)value : 0;
}

static bool read_noise(const cJSON *object, uint64_t step, struct noise_row *row) {
    read_fields(object, row, noise_fields, COUNT(noise_fields));
    double samples = number(object, "samples_seen"), batch = number(object, "batch");
    if (!(samples >= 0 && samples < 9e15 && batch >= 1 && batch < 9e15))
        return false;
    row->step = step;
    row->samples_seen = (uint64_t)samples;
    row->batch = (int64_t)batch;
    row->rows = whole(object, "rows");
    row->part = whole(object, "part");
    row->resolved = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "resolved"));
    row->double_measured = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "double_measured"));
    row->high = isnan(row->high) ? (double)INFINITY : row->high;
    return true;
}

static int read_points(const cJSON *array, float out[RANGE_POINTS]) {
    int count = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, array) {
        if (count < RANGE_POINTS)
            out[count++] = (float)cJSON_GetNumberValue(item);
    }
    return count;
}

static bool read_range(const cJSON *object, struct range_curve *range) {
    read_fields(object, range, range_fields, COUNT(range_fields));
    range->count = read_points(cJSON_GetObjectItemCaseSensitive(object, "loss"), range->loss);
    int smoothed = read_points(cJSON_GetObjectItemCaseSensitive(object, "smoothed"), range->smoothed);
    return smoothed == range->count && range->low > 0 && range->high > range->low;
}

static bool read_counts(const cJSON *object, const char *name, uint32_t *counts, size_t count) {
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(object, name), *item;
    size_t filled = 0;
    cJSON_ArrayForEach(item, array) {
        double value = cJSON_GetNumberValue(item);
        if (filled < count && value >= 0 && value <= UINT32_MAX)
            counts[filled++] = (uint32_t)value;
    }
    return filled == count && cJSON_GetArraySize(array) == (int)count;
}

static bool read_layer(const cJSON *object, uint64_t step, struct layer_row *row) {
    uint32_t apart[3];
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "name"));
    double samples = number(object, "samples_seen"), weights = number(object, "weights");
    *row = (struct layer_row){.step = step, .layer = whole(object, "layer"), .layers = whole(object, "layers")};
    read_fields(object, row, layer_fields, COUNT(layer_fields));
    struct layer_histogram *histogram = &row->histogram;
    bool sound = name && samples >= 0 && samples < 9e15 && weights >= 0 && weights < 9e15 &&
                 row->layer < row->layers && histogram->reach > 0 && isfinite(histogram->reach) &&
                 read_counts(object, "weight_counts", histogram->weights, WEIGHT_BINS) &&
                 read_counts(object, "gradient_counts", histogram->gradients, GRADIENT_BINS) &&
                 read_counts(object, "apart", apart, COUNT(apart));
    if (!sound)
        return false;
    snprintf(row->name, sizeof row->name, "%s", name);
    row->samples_seen = (uint64_t)samples;
    row->weights = (uint64_t)weights;
    histogram->zeros = apart[0];
    histogram->bad_weights = apart[1];
    histogram->bad_gradients = apart[2];
    return true;
}

static bool read_figures(const cJSON *object, struct event *event) {
    switch (event->kind) {
    case EVENT_NOISE:
        return read_noise(object, event->step, &event->noise);
    case EVENT_RANGE:
        return read_range(object, &event->range);
    default:
        return read_layer(object, event->step, &event->layer);
    }
}

bool event_figures_read(const char *text, struct event *event) {
    cJSON *object = text ? cJSON_Parse(text) : NULL;
    bool read = cJSON_IsObject(object) && read_figures(object, event);
    cJSON_Delete(object);
    return read;
}
