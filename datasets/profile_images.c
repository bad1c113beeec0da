// Figures of an image set: classes, channels, the mean picture of each class, equal pictures, darkest and brightest.
// Everything is a sum of whole numbers, so the same for any number of threads.
#include <math.h>
#include <string.h>

#include "core/base/checksum.h"
#include "core/base/mem.h"
#include "datasets/duplicates.h"
#include "datasets/profile_parts.h"

enum { CHANNELS_MOST = 4, MEANS_MOST = 1 << 24, PAIRS_MOST = 1000 };

static size_t image_bytes(const struct image_set *images) {
    return images->channels * images->height * images->width;
}

static bool images_equal(const void *context, size_t a, size_t b) {
    const struct image_set *images = context;
    size_t bytes = image_bytes(images);
    return memcmp(images->pixels + a * bytes, images->pixels + b * bytes, bytes) == 0;
}

// ---- one pass over the pixels -----------------------------------------------------------------------------

struct lane {
    uint64_t histogram[CHANNELS_MOST][256];
    uint64_t *class_counts; // [classes]
    uint32_t *sums;         // [classes][bytes]; NULL: not kept
};

struct pixels {
    const struct image_set *images;
    struct lane lanes[PROFILE_LANES];
    uint64_t *hash;  // [count]
    uint64_t *light; // [count] sum of all pixels
    uint8_t *blank;  // [count] one value everywhere
    struct task *task;
};

static void count_pixels(const struct image_set *images, const uint8_t *pixels, struct lane *lane) {
    size_t plane = images->height * images->width;
    for (size_t channel = 0; channel < images->channels && channel < CHANNELS_MOST; channel++)
        for (size_t i = 0; i < plane; i++)
            lane->histogram[channel][pixels[channel * plane + i]]++;
}

static void see_image(struct pixels *pixels, struct lane *lane, size_t index) {
    const struct image_set *images = pixels->images;
    size_t bytes = image_bytes(images), classes = images->classes;
    const uint8_t *at = images->pixels + index * bytes;
    uint64_t light = 0;
    int32_t label = images->labels[index];
    count_pixels(images, at, lane);
    for (size_t i = 0; i < bytes; i++)
        light += at[i];
    pixels->light[index] = light;
    pixels->blank[index] = bytes > 1 && memcmp(at, at + 1, bytes - 1) == 0;
    pixels->hash[index] = checksum_hash64(at, bytes, 0);
    if (label < 0 || (size_t)label >= classes)
        return;
    lane->class_counts[label]++;
    uint32_t *sums = lane->sums == NULL ? NULL : lane->sums + (size_t)label * bytes;
    for (size_t i = 0; sums != NULL && i < bytes; i++)
        sums[i] += at[i];
}

static enum status read_lane(void *context, size_t number, struct error *error) {
    struct pixels *pixels = context;
    size_t count = pixels->images->count, unreported = 0;
    size_t first = count * number / PROFILE_LANES, end = count * (number + 1) / PROFILE_LANES;
    enum status status = STATUS_OK;
    for (size_t i = first; i < end && status == STATUS_OK; i++) {
        see_image(pixels, &pixels->lanes[number], i);
        if (++unreported * image_bytes(pixels->images) > 1 << 20) { // every few milliseconds
            status = task_step(pixels->task, unreported, error);
            unreported = 0;
        }
    }
    return status;
}

static void pixels_free(struct pixels *pixels) {
    for (size_t i = 0; i < PROFILE_LANES; i++) {
        mem_free(pixels->lanes[i].class_counts);
        mem_free(pixels->lanes[i].sums);
    }
    mem_free(pixels->hash);
    mem_free(pixels->light);
    mem_free(pixels->blank);
    mem_free(pixels);
}

static enum status pixels_make(const struct image_set *images, struct task *task, struct pixels **made,
                               struct error *error) {
    size_t count = images->count, bytes = image_bytes(images);
    bool means = images->classes > 0 && bytes <= MEANS_MOST / images->classes && count < UINT32_MAX / 255;
    struct pixels *pixels = *made = mem_alloc(1, sizeof *pixels);
    if (pixels == NULL)
        return error_memory(error, "a profile", sizeof *pixels);
    pixels->images = images;
    pixels->task = task;
    pixels->hash = mem_alloc(count, sizeof *pixels->hash);
    pixels->light = mem_alloc(count, sizeof *pixels->light);
    pixels->blank = mem_alloc(count, 1);
    bool fits = pixels->hash != NULL && pixels->light != NULL && pixels->blank != NULL;
    for (size_t i = 0; i < PROFILE_LANES && fits; i++) {
        struct lane *lane = &pixels->lanes[i];
        lane->class_counts = mem_alloc(images->classes + 1, sizeof *lane->class_counts);
        lane->sums = means ? mem_alloc(images->classes * bytes, sizeof *lane->sums) : NULL;
        fits = lane->class_counts != NULL && (lane->sums != NULL || !means);
    }
    return fits ? STATUS_OK : error_memory(error, "a profile", count * 2 * sizeof *pixels->hash);
}

// ---- what follows from it ---------------------------------------------------------------------------------

static void add_lanes(const struct pixels *pixels, struct image_profile *out) {
    for (size_t lane = 0; lane < PROFILE_LANES; lane++) {
        for (size_t i = 0; i < pixels->images->classes; i++)
            out->class_counts[i] += pixels->lanes[lane].class_counts[i];
        for (size_t channel = 0; channel < CHANNELS_MOST; channel++)
            for (size_t level = 0; level < 256; level++)
                out->histogram[channel][level] += pixels->lanes[lane].histogram[channel][level];
    }
}

static enum status mean_images(const struct pixels *pixels, struct image_profile *out, struct error *error) {
    const struct image_set *images = pixels->images;
    size_t bytes = image_bytes(images), all = images->classes * bytes;
    if (pixels->lanes[0].sums == NULL)
        return STATUS_OK;
    out->class_means = mem_alloc(all, sizeof *out->class_means);
    out->class_pictures = mem_alloc(all, 1);
    if (out->class_means == NULL || out->class_pictures == NULL)
        return error_memory(error, "mean images", all * sizeof *out->class_means);
    for (size_t i = 0; i < all; i++) {
        uint64_t sum = 0, count = out->class_counts[i / bytes];
        for (size_t lane = 0; lane < PROFILE_LANES; lane++)
            sum += pixels->lanes[lane].sums[i];
        out->class_means[i] = count > 0 ? (float)((double)sum / (double)count) : 0;
        out->class_pictures[i] = (uint8_t)lrintf(out->class_means[i]);
    }
    return STATUS_OK;
}

// Exact: the 256 levels and how often each occurs are all there is to know.
static void channel_moments(const uint64_t histogram[256], double *mean, double *sd) {
    double count = 0, sum = 0, squares = 0;
    for (int level = 0; level < 256; level++) {
        count += (double)histogram[level];
        sum += (double)histogram[level] * level;
    }
    *mean = sum / count / 255.0;
    for (int level = 0; level < 256; level++) {
        double away = level / 255.0 - *mean;
        squares += (double)histogram[level] * away * away;
    }
    *sd = sqrt(squares / count);
}

static void keep_end(struct image_light *ends, size_t count, size_t image, double mean, bool bright) {
    size_t at = count < IMAGE_ENDS ? count : IMAGE_ENDS - 1;
    if (count >= IMAGE_ENDS && (bright ? mean <= ends[at].mean : mean >= ends[at].mean))
        return;
    for (; at > 0 && (bright ? mean > ends[at - 1].mean : mean < ends[at - 1].mean); at--)
        ends[at] = ends[at - 1];
    ends[at] = (struct image_light){(uint32_t)image, mean};
}

static void find_ends(const struct pixels *pixels, struct image_profile *out) {
    double scale = 255.0 * (double)image_bytes(pixels->images);
    for (size_t i = 0; i < pixels->images->count; i++) {
        double mean = (double)pixels->light[i] / scale;
        keep_end(out->darkest, i, i, mean, false);
        keep_end(out->brightest, i, i, mean, true);
    }
    out->end_count = pixels->images->count < IMAGE_ENDS ? pixels->images->count : IMAGE_ENDS;
}

// ---- equal pictures ---------------------------------------------------------------------------------------

struct twins {
    uint32_t *earlier; // [count] that picture + 1
};

static bool any_twin(const struct image_set *images, const struct twins *twins, size_t i) {
    (void)images;
    return twins->earlier[i] != 0;
}

static bool other_class(const struct image_set *images, const struct twins *twins, size_t i) {
    return twins->earlier[i] != 0 && images->labels[i] != images->labels[twins->earlier[i] - 1];
}

static bool other_part(const struct image_set *images, const struct twins *twins, size_t i) {
    return twins->earlier[i] != 0 && i >= images->test_from && twins->earlier[i] - 1 < images->test_from;
}

static enum status warn_twins(const struct image_set *images, const struct twins *twins, struct profile *profile,
                              const char *kind, bool (*picks)(const struct image_set *, const struct twins *, size_t),
                              const char *one, const char *many, struct error *error) {
    size_t found = 0;
    for (size_t i = 0; i < images->count; i++)
        found += picks(images, twins, i);
    if (found == 0)
        return STATUS_OK;
    enum status status = profile_warn(profile, NULL, kind, error, "%zu %s", found, found == 1 ? one : many);
    for (size_t i = 0; i < images->count && status == STATUS_OK; i++)
        if (picks(images, twins, i))
            status = profile_warn_row(profile, (uint32_t)i, error);
    return status;
}

static enum status keep_pairs(const struct image_set *images, const struct twins *twins, struct image_profile *out,
                              struct error *error) {
    size_t most = out->duplicates < PAIRS_MOST ? out->duplicates : PAIRS_MOST;
    if (most == 0)
        return STATUS_OK;
    out->pairs = mem_alloc(most, sizeof *out->pairs);
    if (out->pairs == NULL)
        return error_memory(error, "equal images", most * sizeof *out->pairs);
    for (size_t i = 0; i < images->count && out->pair_count < most; i++)
        if (twins->earlier[i] != 0)
            out->pairs[out->pair_count++] = (struct image_pair){(uint32_t)i, twins->earlier[i] - 1};
    return STATUS_OK;
}

static enum status tell_twins(const struct image_set *images, const struct twins *twins, struct profile *profile,
                              struct error *error) {
    size_t found = 0;
    for (size_t i = 0; i < images->count; i++)
        found += twins->earlier[i] != 0;
    profile->images->duplicates = profile->duplicates = found;
    enum status status = keep_pairs(images, twins, profile->images, error);
    if (status == STATUS_OK)
        status = warn_twins(images, twins, profile, "duplicates", any_twin, "image is equal to an earlier one",
                            "images are equal to an earlier one", error);
    if (status == STATUS_OK)
        status = warn_twins(images, twins, profile, "conflict", other_class,
                            "image is equal to an earlier one of another class",
                            "images are equal to an earlier one of another class", error);
    if (status == STATUS_OK)
        status =
            warn_twins(images, twins, profile, "leak", other_part, "image of the test part is in the training part too",
                       "images of the test part are in the training part too", error);
    return status;
}

static enum status find_twins(const struct image_set *images, const uint64_t *hash, struct profile *profile,
                              struct task *task, struct error *error) {
    struct twins twins = {mem_alloc(images->count, sizeof *twins.earlier)};
    enum status status = STATUS_OK;
    if (twins.earlier == NULL)
        status = error_memory(error, "finding duplicates", images->count * sizeof *twins.earlier);
    if (status == STATUS_OK)
        status = duplicates_of_items(hash, images->count, NULL, images_equal, images, twins.earlier, task, error);
    if (status == STATUS_OK)
        status = tell_twins(images, &twins, profile, error);
    mem_free(twins.earlier);
    return status;
}

// ---- further warnings -----------------------------------------------------------------------------------------

static enum status warn_classes(const struct image_set *images, struct profile *profile, struct error *error) {
    const uint64_t *counts = profile->images->class_counts;
    size_t most = 0, least = 0;
    for (size_t i = 1; i < images->classes; i++) {
        most = counts[i] > counts[most] ? i : most;
        least = counts[i] < counts[least] ? i : least;
    }
    if (images->classes < 2 || counts[most] <= 2 * counts[least])
        return STATUS_OK;
    enum status status =
        profile_warn(profile, NULL, "imbalance", error, "class '%s' has %llu images, class '%s' only %llu",
                     images->class_names[most], (unsigned long long)counts[most], images->class_names[least],
                     (unsigned long long)counts[least]);
    for (size_t i = 0; i < images->count && status == STATUS_OK; i++)
        if (images->labels[i] == (int32_t)least)
            status = profile_warn_row(profile, (uint32_t)i, error);
    return status;
}

static enum status warn_blank(const struct pixels *pixels, struct profile *profile, struct error *error) {
    size_t found = 0;
    for (size_t i = 0; i < pixels->images->count; i++)
        found += pixels->blank[i];
    if (found == 0)
        return STATUS_OK;
    enum status status = profile_warn(profile, NULL, "blank", error, "%zu %s one color all over", found,
                                      found == 1 ? "image is" : "images are");
    for (size_t i = 0; i < pixels->images->count && status == STATUS_OK; i++)
        if (pixels->blank[i])
            status = profile_warn_row(profile, (uint32_t)i, error);
    return status;
}

static enum status profile_pixels(struct pixels *pixels, struct profile *profile, struct error *error) {
    const struct image_set *images = pixels->images;
    enum status status = profile_parallel(PROFILE_LANES, images->count * image_bytes(images), read_lane, pixels, error);
    if (status != STATUS_OK)
        return status;
    add_lanes(pixels, profile->images);
    for (size_t channel = 0; channel < images->channels && channel < CHANNELS_MOST; channel++)
        channel_moments(profile->images->histogram[channel], &profile->images->mean[channel],
                        &profile->images->sd[channel]);
    find_ends(pixels, profile->images);
    status = mean_images(pixels, profile->images, error);
    if (status == STATUS_OK)
        status = find_twins(images, pixels->hash, profile, pixels->task, error);
    if (status == STATUS_OK)
        status = warn_blank(pixels, profile, error);
    return status != STATUS_OK ? status : warn_classes(images, profile, error);
}

enum status profile_images(const struct image_set *images, struct profile *profile, struct task *task,
                           struct error *error) {
    struct pixels *pixels = NULL;
    task_begin(task, "Profiling", "images", 2 * images->count);
    profile->rows = images->count;
    profile->images = mem_alloc(1, sizeof *profile->images);
    if (profile->images == NULL)
        return error_memory(error, "a profile", sizeof *profile->images);
    profile->images->class_counts = mem_alloc(images->classes + 1, sizeof(uint64_t));
    if (profile->images->class_counts == NULL)
        return error_memory(error, "a profile", images->classes * sizeof(uint64_t));
    enum status status = pixels_make(images, task, &pixels, error);
    if (status == STATUS_OK)
        status = profile_pixels(pixels, profile, error);
    if (pixels != NULL)
        pixels_free(pixels);
    return status;
}
