#include "core/train/metrics_ranked.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"

// A number that grows as the score falls.
static uint32_t key_of(float score) {
    uint32_t bits;
    score += 0.0f; // −0 is 0
    memcpy(&bits, &score, sizeof bits);
    return bits >> 31 ? bits : ~bits & 0x7fffffffu;
}

static float score_of(uint32_t key) {
    float score;
    uint32_t bits = key >> 31 ? key : ~key & 0x7fffffffu;
    memcpy(&score, &bits, sizeof score);
    return score;
}

static enum status reserve(struct ranking *ranking, size_t count, struct error *error) {
    if (count <= ranking->key_capacity)
        return STATUS_OK;
    mem_free(ranking->keys);
    mem_free(ranking->other);
    ranking->key_capacity = 0;
    ranking->keys = mem_alloc(count, sizeof *ranking->keys);
    ranking->other = mem_alloc(count, sizeof *ranking->other);
    if (!ranking->keys || !ranking->other)
        return error_memory(error, "the scores of rows", (unsigned long long)count * sizeof *ranking->keys * 2);
    ranking->key_capacity = count;
    return STATUS_OK;
}

// Ascending, by the bits from 1 up: the lowest says whether a row is positive.
static void sort_keys(struct ranking *ranking, size_t count) {
    enum { DIGIT = 11 };
    for (int shift = 1; shift < 33; shift += DIGIT) {
        size_t starts[1 << DIGIT] = {0}, sum = 0;
        for (size_t i = 0; i < count; i++)
            starts[ranking->keys[i] >> shift & ((1 << DIGIT) - 1)]++;
        for (size_t digit = 0; digit < 1 << DIGIT; digit++) {
            size_t here = starts[digit];
            starts[digit] = sum;
            sum += here;
        }
        for (size_t i = 0; i < count; i++)
            ranking->other[starts[ranking->keys[i] >> shift & ((1 << DIGIT) - 1)]++] = ranking->keys[i];
        uint64_t *keys = ranking->keys;
        ranking->keys = ranking->other;
        ranking->other = keys;
    }
}

enum status ranking_make(struct ranking *ranking, const float *scores, size_t stride, const int32_t *labels,
                         size_t count, int32_t positive, struct error *error) {
    enum status status = reserve(ranking, count, error);
    if (status)
        return status;
    for (size_t i = 0; i < count; i++)
        ranking->keys[i] = (uint64_t)key_of(scores[i * stride]) << 1 | (labels[i] == positive);
    sort_keys(ranking, count);
    ranking->count = ranking->positives = ranking->negatives = 0;
    for (size_t i = 0; i < count; i++) {
        if (ranking->keys[i] & 1)
            ranking->positives++;
        else
            ranking->negatives++;
        if (i + 1 < count && ranking->keys[i + 1] >> 1 == ranking->keys[i] >> 1)
            continue;
        if (!vec_reserve(&ranking->items, &ranking->capacity, ranking->count + 1, sizeof *ranking->items))
            return error_memory(error, "the thresholds of scores", ranking->count * sizeof *ranking->items);
        ranking->items[ranking->count++] = (struct ranked_score){.score = score_of((uint32_t)(ranking->keys[i] >> 1)),
                                                           .positives = ranking->positives,
                                                           .negatives = ranking->negatives};
    }
    return STATUS_OK;
}

void ranking_free(struct ranking *ranking) {
    mem_free(ranking->items);
    mem_free(ranking->keys);
    mem_free(ranking->other);
    *ranking = (struct ranking){0};
}

// Twice the pairs in the right order: up to 2^64 of them, since rows are fewer than 2^32.
double ranking_auc(const struct ranking *ranking) {
    uint64_t twice = 0, positives = 0, negatives = 0;
    if (ranking->positives == 0 || ranking->negatives == 0)
        return NAN;
    for (size_t i = 0; i < ranking->count; i++) {
        const struct ranked_score *item = &ranking->items[i];
        uint64_t more = item->negatives - negatives; // negatives at this score: all positives above win, those here tie
        twice += more * (positives + item->positives);
        positives = item->positives;
        negatives = item->negatives;
    }
    return (double)twice / 2 / ((double)ranking->positives * (double)ranking->negatives);
}

double ranking_average_precision(const struct ranking *ranking) {
    double sum = 0;
    uint64_t before = 0;
    if (ranking->positives == 0)
        return NAN;
    for (size_t i = 0; i < ranking->count; i++) {
        const struct ranked_score *item = &ranking->items[i];
        double precision = (double)item->positives / (double)(item->positives + item->negatives);
        sum += (double)(item->positives - before) * precision;
        before = item->positives;
    }
    return sum / (double)ranking->positives;
}
