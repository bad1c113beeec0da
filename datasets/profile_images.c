#include <math.h>
#include <string.h>

#include "core/base/checksum.h"
#include "core/base/mem.h"
#include "datasets/profile_parts.h"

enum { CHANNELS_MOST = 4 };

static size_t image_bytes(const struct image_set *images) {
    return images->channels * images->height * images->width;
}

static bool images_equal(const void *context, size_t a, size_t b) {
    const struct image_set *images = context;
    size_t bytes = image_bytes(images);
    return memcmp(images->pixels + a * bytes, images->pixels + b * bytes, bytes) == 0;
}

static void count_pixels(const struct image_set *images, size_t index, struct image_profile *out) {
    size_t plane = images->height * images->width;
    const uint8_t *pixels = images->pixels + index * image_bytes(images);
    for (size_t channel = 0; channel < images->channels && channel < CHANNELS_MOST; channel++)
        for (size_t i = 0; i < plane; i++)
            out->histogram[channel][pixels[channel * plane + i]]++;
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

static enum status image_duplicates(const struct image_set *images, const uint64_t *hash, struct profile *profile,
                                    struct task *task, struct error *error) {
    uint8_t *duplicate = mem_alloc(images->count, 1);
    if (duplicate == NULL)
        return error_memory(error, "finding duplicates", images->count);
    enum status status = find_duplicates(hash, images->count, images_equal, images, duplicate, NULL, task, error);
    size_t found = 0;
    for (size_t i = 0; i < images->count && status == STATUS_OK; i++)
        found += duplicate[i];
    profile->images->duplicates = profile->duplicates = found;
    if (status == STATUS_OK && found > 0)
        status = profile_warn(profile, NULL, "duplicates", error, "%zu %s equal to an earlier one", found,
                              found == 1 ? "image is" : "images are");
    for (size_t i = 0; i < images->count && found > 0 && status == STATUS_OK; i++)
        if (duplicate[i])
            status = profile_warn_row(profile, (uint32_t)i, error);
    mem_free(duplicate);
    return status;
}

static enum status warn_classes(const struct image_set *images, struct profile *profile, struct error *error) {
    const uint64_t *counts = profile->images->class_counts;
    size_t most = 0, least = 0;
    for (size_t i = 1; i < images->classes; i++) {
        most = counts[i] > counts[most] ? i : most;
        least = counts[i] < counts[least] ? i : least;
    }
    if (images->classes < 2 || counts[most] <= 2 * counts[least])
        return STATUS_OK;
    return profile_warn(profile, NULL, "imbalance", error, "class '%s' has %llu images, class '%s' only %llu",
                        images->class_names[most], (unsigned long long)counts[most], images->class_names[least],
                        (unsigned long long)counts[least]);
}

static enum status read_images(const struct image_set *images, struct profile *profile, uint64_t *hash,
                               struct task *task, struct error *error) {
    size_t bytes = image_bytes(images), unreported = 0;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < images->count && status == STATUS_OK; i++) {
        count_pixels(images, i, profile->images);
        hash[i] = checksum_hash64(images->pixels + i * bytes, bytes, 0);
        if (images->labels[i] >= 0 && (size_t)images->labels[i] < images->classes)
            profile->images->class_counts[images->labels[i]]++;
        unreported++;
        if (unreported * bytes > 1 << 20) { // every few milliseconds
            status = task_step(task, unreported, error);
            unreported = 0;
        }
    }
    return status;
}

enum status profile_images(const struct image_set *images, struct profile *profile, struct task *task,
                           struct error *error) {
    task_begin(task, "Profiling", "images", 2 * images->count);
    profile->rows = images->count;
    uint64_t *hash = mem_alloc(images->count, sizeof *hash);
    profile->images = mem_alloc(1, sizeof *profile->images);
    if (profile->images != NULL)
        profile->images->class_counts = mem_alloc(images->classes + 1, sizeof(uint64_t));
    enum status status = STATUS_OK;
    if (hash == NULL || profile->images == NULL || profile->images->class_counts == NULL)
        status = error_memory(error, "a profile", images->count * sizeof *hash);
    if (status == STATUS_OK)
        status = read_images(images, profile, hash, task, error);
    for (size_t channel = 0; channel < images->channels && channel < CHANNELS_MOST && status == STATUS_OK; channel++)
        channel_moments(profile->images->histogram[channel], &profile->images->mean[channel],
                        &profile->images->sd[channel]);
    if (status == STATUS_OK)
        status = image_duplicates(images, hash, profile, task, error);
    if (status == STATUS_OK)
        status = warn_classes(images, profile, error);
    mem_free(hash);
    return status;
}
