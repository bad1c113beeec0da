// How many different numbers there are, and which are the most frequent, in bounded memory. Exact while they fit a
// table; then the rarest are forgotten (Misra and Gries 1982, pruned by the median count as in Anderson et al. 2017:
// what is not in the table occurs at most `lost` times) and their number comes from HyperLogLog registers (Flajolet
// et al. 2007; 2^14 of them: standard error 0.8 %) with the estimator of Ertl 2017.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/profile_parts.h"

enum { REGISTER_BITS = 14, REGISTERS = 1 << REGISTER_BITS, RANKS = 64 - REGISTER_BITS, SAMPLE = 1024 };

static uint64_t mix(uint64_t value) { // splitmix64
    value += 0x9e3779b97f4a7c15u;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

enum status tally_make(struct tally *tally, size_t slots, struct error *error) {
    *tally = (struct tally){.slots = slots};
    tally->entries = mem_alloc(slots, sizeof *tally->entries);
    tally->registers = mem_alloc(REGISTERS, 1);
    if (tally->entries != NULL && tally->registers != NULL)
        return STATUS_OK;
    tally_free(tally);
    return error_memory(error, "counting different values", slots * sizeof *tally->entries);
}

void tally_free(struct tally *tally) {
    mem_free(tally->entries);
    mem_free(tally->registers);
    *tally = (struct tally){0};
}

static struct tally_entry *find(const struct tally *tally, uint64_t key, uint64_t hash) {
    size_t at = hash & (tally->slots - 1);
    while (tally->entries[at].count != 0 && tally->entries[at].key != key)
        at = (at + 1) & (tally->slots - 1);
    return &tally->entries[at];
}

static int by_count(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

// The median of a sample of the counts, spread evenly over the table.
static uint64_t usual_count(const struct tally *tally) {
    uint64_t counts[SAMPLE];
    size_t found = 0, step = tally->slots / (2 * SAMPLE) > 0 ? tally->slots / (2 * SAMPLE) : 1;
    for (size_t at = 0; at < tally->slots && found < SAMPLE; at += step)
        if (tally->entries[at].count > 0)
            counts[found++] = tally->entries[at].count;
    if (found == 0)
        return 1;
    qsort(counts, found, sizeof *counts, by_count);
    return counts[found / 2];
}

// Takes the usual count from every entry; those that had no more are gone.
static enum status prune(struct tally *tally, struct error *error) {
    uint64_t less = usual_count(tally);
    struct tally_entry *old = tally->entries, *made = mem_alloc(tally->slots, sizeof *made);
    if (made == NULL)
        return error_memory(error, "counting different values", tally->slots * sizeof *made);
    tally->entries = made;
    tally->used = 0;
    tally->lost += less;
    for (size_t at = 0; at < tally->slots; at++) {
        if (old[at].count <= less)
            continue;
        *find(tally, old[at].key, mix(old[at].key)) = (struct tally_entry){old[at].key, old[at].count - less};
        tally->used++;
    }
    mem_free(old);
    return STATUS_OK;
}

enum status tally_add(struct tally *tally, double value, struct error *error) {
    uint64_t key = sort_key(value), hash = mix(key);
    struct tally_entry *entry = find(tally, key, hash);
    if (entry->count++ > 0)
        return STATUS_OK;
    entry->key = key;
    size_t which = hash >> (64 - REGISTER_BITS);
    uint64_t rest = hash << REGISTER_BITS | (uint64_t)1 << (REGISTER_BITS - 1);
    uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1);
    if (rank > tally->registers[which])
        tally->registers[which] = rank;
    return ++tally->used > tally->slots / 2 ? prune(tally, error) : STATUS_OK;
}

static double sigma(double x) {
    double y = 1, z = x, before;
    if (x == 1)
        return (double)INFINITY;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z != before);
    return z;
}

static double tau(double x) {
    double y = 1, z = 1 - x, before;
    if (x == 0 || x == 1)
        return 0;
    do {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    } while (z != before);
    return z / 3;
}

size_t tally_distinct(const struct tally *tally) {
    if (tally->lost == 0)
        return tally->used;
    double counts[RANKS + 2] = {0}, m = REGISTERS;
    for (size_t i = 0; i < REGISTERS; i++)
        counts[tally->registers[i]]++;
    double z = m * tau(1 - counts[RANKS + 1] / m);
    for (int k = RANKS; k >= 1; k--)
        z = 0.5 * (z + counts[k]);
    z += m * sigma(counts[0] / m);
    return (size_t)llround(m * m / (2 * log(2.0)) / z);
}

static bool better(const struct tally_entry *a, const struct tally_entry *b) {
    return a->count > b->count || (a->count == b->count && a->key < b->key);
}

size_t tally_best(const struct tally *tally, struct tally_entry *best, size_t most) {
    size_t found = 0;
    for (size_t at = 0; at < tally->slots; at++) {
        const struct tally_entry *entry = &tally->entries[at];
        if (entry->count == 0 || (found == most && !better(entry, &best[most - 1])))
            continue;
        size_t place = found < most ? found++ : most - 1;
        for (; place > 0 && better(entry, &best[place - 1]); place--)
            best[place] = best[place - 1];
        best[place] = *entry;
    }
    return found;
}
