// Radix sort, least significant digit first, 11 bits a pass; a pass in which all keys agree is left out.
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/profile_parts.h"

enum { BITS = 11, BUCKETS = 1 << BITS, PASSES = 6 };

static size_t digit(uint64_t key, int pass) {
    return key >> (pass * BITS) & (BUCKETS - 1);
}

// Counts become the place where each bucket begins. False: one bucket has them all.
static bool places(size_t counts[BUCKETS], size_t first_digit, size_t count) {
    if (counts[first_digit] == count)
        return false;
    for (size_t bucket = 0, sum = 0; bucket < BUCKETS; bucket++) {
        size_t here = counts[bucket];
        counts[bucket] = sum;
        sum += here;
    }
    return true;
}

static size_t (*counts_make(struct error *error))[BUCKETS] {
    size_t(*counts)[BUCKETS] = mem_alloc(PASSES, sizeof *counts);
    if (counts == NULL)
        error_memory(error, "sorting", PASSES * sizeof *counts);
    return counts;
}

enum status sort_values(double *values, double *scratch, size_t count, struct task *task, struct error *error) {
    double *from = values, *to = scratch;
    size_t(*counts)[BUCKETS] = counts_make(error);
    enum status status = counts == NULL ? STATUS_MEMORY : task_step(task, 0, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        uint64_t key = sort_key(values[i]);
        for (int pass = 0; pass < PASSES; pass++)
            counts[pass][digit(key, pass)]++;
    }
    for (int pass = 0; pass < PASSES && count > 0 && status == STATUS_OK; pass++) {
        status = task_step(task, 0, error);
        if (status != STATUS_OK || !places(counts[pass], digit(sort_key(from[0]), pass), count))
            continue;
        for (size_t i = 0; i < count; i++)
            to[counts[pass][digit(sort_key(from[i]), pass)]++] = from[i];
        double *swap = from;
        from = to;
        to = swap;
    }
    if (status == STATUS_OK && from != values && count > 0)
        memcpy(values, from, count * sizeof *values);
    mem_free(counts);
    return status;
}

enum status sort_items(struct sort_item *items, struct sort_item *scratch, size_t count, struct task *task,
                       struct error *error) {
    struct sort_item *from = items, *to = scratch;
    size_t(*counts)[BUCKETS] = counts_make(error);
    enum status status = counts == NULL ? STATUS_MEMORY : task_step(task, 0, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        for (int pass = 0; pass < PASSES; pass++)
            counts[pass][digit(items[i].key, pass)]++;
    for (int pass = 0; pass < PASSES && count > 0 && status == STATUS_OK; pass++) {
        status = task_step(task, 0, error);
        if (status != STATUS_OK || !places(counts[pass], digit(from[0].key, pass), count))
            continue;
        for (size_t i = 0; i < count; i++)
            to[counts[pass][digit(from[i].key, pass)]++] = from[i];
        struct sort_item *swap = from;
        from = to;
        to = swap;
    }
    if (status == STATUS_OK && from != items && count > 0)
        memcpy(items, from, count * sizeof *items);
    mem_free(counts);
    return status;
}

double between(double low, double high, double part) {
    return part <= 0 || high == low ? low : low + (high - low) * part;
}

double sorted_quantile(const double *sorted, size_t count, double share) {
    if (count == 0)
        return (double)NAN;
    double position = (double)(count - 1) * share;
    size_t below = (size_t)position;
    return below + 1 >= count ? sorted[below] : between(sorted[below], sorted[below + 1], position - (double)below);
}

// The k-th smallest (from 0) of |value − center|: below and above the center both grow away from it.
static double deviation_at(const double *sorted, size_t count, size_t middle, double center, size_t k) {
    size_t low = k + 1 > count - middle ? k + 1 - (count - middle) : 0, high = k + 1 < middle ? k + 1 : middle;
    while (low < high) { // how many of the k + 1 smallest lie below the center
        size_t below = low + (high - low) / 2, above = k + 1 - below;
        if (above > 0 && center - sorted[middle - 1 - below] < sorted[middle + above - 1] - center)
            low = below + 1;
        else
            high = below;
    }
    size_t above = k + 1 - low;
    double a = low > 0 ? fabs(sorted[middle - low] - center) : 0;
    double b = above > 0 ? fabs(sorted[middle + above - 1] - center) : 0;
    return a > b ? a : b;
}

double sorted_deviation(const double *sorted, size_t count, double center) {
    size_t middle = 0, end = count;
    if (count == 0 || !isfinite(center))
        return (double)NAN;
    while (middle < end) { // the first value that is not below the center
        size_t half = middle + (end - middle) / 2;
        if (sorted[half] < center)
            middle = half + 1;
        else
            end = half;
    }
    double low = deviation_at(sorted, count, middle, center, (count - 1) / 2);
    double high = count % 2 ? low : deviation_at(sorted, count, middle, center, count / 2);
    return between(low, high, 0.5);
}
