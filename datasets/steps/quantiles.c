// Order of numbers: sorting, and quantiles by selection.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/steps/state.h"

// ---- sorting -----------------------------------------------------------------------------------------

enum { DIGIT = 11, DIGITS = 6, BUCKETS = 1 << DIGIT, RADIX_LEAST = 4096 };

static int compare_numbers(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// The bits of a number as a whole number of the same order: all bits turn over in negative ones, the sign in others.
static uint64_t key_of(uint64_t bits) {
    return bits ^ ((uint64_t)((int64_t)bits >> 63) | (uint64_t)1 << 63);
}

static uint64_t bits_of(uint64_t key) {
    return key ^ ((uint64_t)((int64_t)~key >> 63) | (uint64_t)1 << 63);
}

static size_t digit_of(uint64_t key, unsigned digit) {
    return key >> (digit * DIGIT) & (BUCKETS - 1);
}

// One round: from `from` to `to` by one digit, keeping the order of equals. False: all have the same digit.
static bool move_by_digit(const uint64_t *from, uint64_t *to, size_t count, unsigned digit, size_t *starts) {
    size_t sum = 0;
    if (starts[digit_of(from[0], digit)] == count)
        return false;
    for (size_t i = 0; i < BUCKETS; i++) {
        size_t here = starts[i];
        starts[i] = sum;
        sum += here;
    }
    for (size_t i = 0; i < count; i++)
        to[starts[digit_of(from[i], digit)]++] = from[i];
    return true;
}

// Counting sort by 11 bits at a time, the lowest first. False: there is no memory for it.
static bool radix_sort(double *values, size_t count) {
    uint64_t *keys = mem_alloc(count, sizeof *keys), *other = mem_alloc(count, sizeof *other);
    size_t(*counts)[BUCKETS] = mem_alloc(DIGITS, sizeof *counts);
    bool made = keys != NULL && other != NULL && counts != NULL;
    if (made) {
        memcpy(keys, values, count * sizeof *keys);
        for (size_t i = 0; i < count; i++) {
            keys[i] = key_of(keys[i]);
            for (unsigned digit = 0; digit < DIGITS; digit++)
                counts[digit][digit_of(keys[i], digit)]++;
        }
        for (unsigned digit = 0; digit < DIGITS; digit++) {
            if (!move_by_digit(keys, other, count, digit, counts[digit]))
                continue;
            uint64_t *swap = keys;
            keys = other;
            other = swap;
        }
        for (size_t i = 0; i < count; i++)
            keys[i] = bits_of(keys[i]);
        memcpy(values, keys, count * sizeof *keys);
    }
    mem_free(counts);
    mem_free(other);
    mem_free(keys);
    return made;
}

void numbers_sort(double *values, size_t count) {
    if (count < RADIX_LEAST || !radix_sort(values, count))
        qsort(values, count, sizeof *values, compare_numbers);
}

// ---- quantiles ---------------------------------------------------------------------------------------

// Between the two neighbors of index (count−1)·q.
static double between(double below, double above, double share) {
    return share == 0 ? below : below + share * (above - below); // an infinite neighbor must not make it NaN
}

double numbers_quantile(const double *sorted, size_t count, double q) {
    double at = (double)(count - 1) * q;
    size_t below = (size_t)at;
    if (below + 1 >= count)
        return sorted[count - 1];
    return between(sorted[below], sorted[below + 1], at - (double)below);
}

static double middle_of(double a, double b, double c) {
    double low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

// Brings the wanted number to values[rank], smaller ones before it, greater ones behind it (Hoare's quickselect). Where
// the pivots are bad too often, what is left is sorted.
static void select_rank(double *values, size_t count, size_t rank) {
    size_t low = 0, high = count - 1;
    for (int rounds = 0; low < high; rounds++) {
        if (rounds > 128) {
            numbers_sort(values + low, high - low + 1);
            return;
        }
        double pivot = middle_of(values[low], values[low + (high - low) / 2], values[high]);
        size_t i = low, j = high;
        while (true) {
            while (values[i] < pivot)
                i++;
            while (pivot < values[j])
                j--;
            if (i >= j)
                break;
            double swap = values[i];
            values[i++] = values[j];
            values[j--] = swap;
        }
        // everything before i is at most the pivot, everything behind j at least
        size_t split = i > j ? j : i;
        if (i == j) {
            if (rank == i)
                return;
            if (rank < i)
                high = i - 1;
            else
                low = i + 1;
        } else if (rank <= split) {
            high = split;
        } else {
            low = split + 1;
        }
    }
}

double numbers_select_quantile(double *values, size_t count, double q) {
    double at = (double)(count - 1) * q;
    size_t below = (size_t)at;
    if (below + 1 >= count)
        below = count - 1;
    select_rank(values, count, below);
    double share = at - (double)below, above = values[below];
    if (share <= 0 || below + 1 >= count)
        return values[below];
    above = values[below + 1];
    for (size_t i = below + 2; i < count; i++)
        above = values[i] < above ? values[i] : above;
    return between(values[below], above, share);
}
